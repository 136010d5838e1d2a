//! Validators whose verdicts at one checkpoint go together: with a probability they all read one
//! common uniform number, each alarming if it lies below its own probability, otherwise each its
//! own. Every validator alarms as often as before; only how often they do so together changes.
//!
//! Draws of different checkpoints stay independent. Given state and difficulty, with p_i the alarm
//! probabilities of those that a checkpoint consults and c the probability of the common number,
//! P(any alarms) = c max p_i + (1 − c)(1 − Π(1 − p_i)): a mixture of the comonotone law (the upper
//! Fréchet bound; Nelsen 2006, An Introduction to Copulas, §2.5) and independence.

use super::spec::{CorrelatedSpec, ResponseSpec, ScenarioSpec};
use super::{Scenario, check};
use crate::input::{Mistakes, Table, key_part};

/// Validators that may read a common number.
#[derive(Debug, Clone, PartialEq)]
pub struct Correlated {
    /// By index, at least two; none of them sticky, none with scores.
    pub validators: Vec<usize>,
    /// Probability at each checkpoint that they do, in (0, 1].
    pub common: f64,
}

impl Correlated {
    /// The groups of a checked specification. One that never reads a common number is none.
    pub(super) fn all(spec: &ScenarioSpec) -> Vec<Self> {
        let index = |name: &String| {
            let found = spec.validators.iter().position(|v| v.name == *name);
            found.expect("names were checked before")
        };
        let groups = spec.correlated.iter().filter(|group| group.common > 0.0);
        groups
            .map(|group| Self {
                validators: group.validators.iter().map(index).collect(),
                common: group.common,
            })
            .collect()
    }

    /// In words, as `foldem check` prints it.
    pub(super) fn in_words(&self, scenario: &Scenario) -> String {
        let name = |&v: &usize| scenario.validators()[v].name.as_str();
        let names: Vec<&str> = self.validators.iter().map(name).collect();
        format!(
            "Correlated: {} read one common number with probability {} at each checkpoint.",
            names.join(", "),
            self.common
        )
    }
}

/// A table `[[correlated]]`.
pub(super) fn read(mut table: Table<'_, '_>, mistakes: &mut Mistakes) -> CorrelatedSpec {
    let item = table.required("validators");
    let validators = item.and_then(|item| {
        let names = item.strings(mistakes);
        if names.is_none() {
            mistakes.spoil(item.path());
        }
        names
    });
    let spec = CorrelatedSpec {
        validators: validators.unwrap_or_default(),
        common: table.required_number("common", mistakes),
    };
    table.finish(mistakes);
    spec
}

/// Path of the number `common` of a group in studies that vary it: groups have no names, so the
/// first validator stands for its group.
pub(super) fn key(group: &CorrelatedSpec) -> Option<String> {
    let first = group.validators.first()?;
    Some(format!("correlated.{}.common", key_part(first)))
}

/// Notes what is wrong with the groups of `spec`.
pub(super) fn check(spec: &ScenarioSpec, mistakes: &mut Mistakes) {
    let mut taken: Vec<(&str, usize)> = Vec::new();
    for (i, group) in spec.correlated.iter().enumerate() {
        let key = format!("correlated[{i}]");
        check::probability(format!("{key}.common"), group.common, mistakes);
        let path = format!("{key}.validators");
        if group.validators.len() < 2 && !mistakes.covers(&path) {
            let message = "names fewer than two; validators are correlated with one another";
            mistakes.push(path.clone(), message);
        }
        for (n, name) in group.validators.iter().enumerate() {
            let item = format!("{path}[{n}]");
            if let Some((_, first)) = taken.iter().find(|(other, _)| other == name) {
                let message = if *first == i {
                    format!("repeats `{name}`; name each validator once")
                } else {
                    format!(
                        "is `{name}`, which group {} has already; a validator belongs to one \
                         group at most: merge the two, or take it out of one",
                        first + 1
                    )
                };
                mistakes.push(item, message);
                continue;
            }
            taken.push((name, i));
            if let Some(message) = unfit(spec, name, mistakes) {
                mistakes.push(item, message);
            }
        }
    }
}

/// Why the validator `name` cannot be in a group.
fn unfit(spec: &ScenarioSpec, name: &str, mistakes: &Mistakes) -> Option<String> {
    let names = || spec.validators.iter().map(|v| v.name.as_str());
    let Some(validator) = spec.validators.iter().find(|v| v.name == name) else {
        let trusted = check::trusted("validator", "name", spec.validators.len(), mistakes);
        return trusted.then(|| check::unknown(name, "validator", names()));
    };
    match validator.response {
        ResponseSpec::Alarm { sticky: false, .. } => None,
        ResponseSpec::Alarm { sticky: true, .. } => Some(format!(
            "is `{name}`, which is sticky: its verdict on a fault is drawn when the fault starts, \
             before any checkpoint has a common number; set `sticky = false` or leave it out"
        )),
        ResponseSpec::Score { .. } => Some(format!(
            "is `{name}`, which gives a score: a common number is compared with alarm \
             probabilities, and a score has none; give it `detects` and `false_alarm`, or leave it \
             out"
        )),
    }
}
