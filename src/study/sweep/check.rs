//! Whether a sweep makes sense for its scenario: keys that exist, policies that fit, and a valid
//! scenario at every point of the grid.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::grid::{Policy, Sweep};
use crate::input::Mistakes;
use crate::scenario::spec::ScenarioSpec;
use crate::scenario::{Parameter, Scenario};

/// An axis before its key is known to exist.
pub(super) struct Written {
    /// Path of its table, such as `axis[1]`.
    pub(super) path: String,
    pub(super) key: String,
    /// Key path of the `values` or of the `range`, and whether its elements have their own.
    pub(super) at: (String, bool),
    pub(super) values: Vec<f64>,
}

impl Written {
    /// Where value number `i` stands.
    pub(super) fn at(&self, i: usize) -> String {
        match &self.at {
            (path, true) => format!("{path}[{i}]"),
            (path, false) => path.clone(),
        }
    }
}

/// Keys of axes and names of policies must not repeat.
pub(super) fn repeated(axes: &[Written], policies: &[Policy], mistakes: &mut Mistakes) {
    for (i, axis) in axes.iter().enumerate() {
        if let Some(first) = axes[..i].iter().position(|other| other.key == axis.key) {
            let message = format!(
                "is \"{}\", the key of axis {} already; merge the two",
                axis.key,
                first + 1
            );
            mistakes.push(format!("{}.key", axis.path), message);
        }
    }
    for (i, policy) in policies.iter().enumerate() {
        let key = format!("policy[{i}].name");
        if policy.name.trim().is_empty() {
            mistakes.push(key, "is empty; every policy needs a name");
        } else if let Some(first) = policies[..i].iter().position(|p| p.name == policy.name) {
            let message = format!(
                "is \"{}\", the name of policy {} already; names must differ",
                policy.name,
                first + 1
            );
            mistakes.push(key, message);
        }
    }
}

/// The scenario under each policy, or under its own.
pub(super) fn under_policies(
    base: &ScenarioSpec,
    policies: &[Policy],
    mistakes: &mut Mistakes,
) -> Vec<ScenarioSpec> {
    let mut specs = Vec::new();
    for (i, policy) in policies.iter().enumerate() {
        let spec = ScenarioSpec {
            checkpoints: policy.checkpoints.clone(),
            ..base.clone()
        };
        // A scenario that was valid can only be wrong in what was put into it.
        if let Err(wrong) = Scenario::new(spec.clone()) {
            for (key, message) in wrong {
                let rest = key.strip_prefix("policy").unwrap_or(&key);
                mistakes.push(format!("policy[{i}]{rest}"), message);
            }
        }
        specs.push(spec);
    }
    if specs.is_empty() {
        specs.push(base.clone());
    }
    specs
}

/// The number that an axis varies: it must be there under each policy.
pub(super) fn parameter(
    axis: &Written,
    specs: &[ScenarioSpec],
    policies: &[Policy],
    mistakes: &mut Mistakes,
) -> Option<Parameter> {
    if axis.key.is_empty() {
        return None;
    }
    let mut found = None;
    for (i, spec) in specs.iter().enumerate() {
        match Parameter::find(&axis.key, spec) {
            Ok(parameter) => found = Some(parameter),
            Err(message) => {
                let under = policies
                    .get(i)
                    .map(|policy| format!(" (under the policy `{}`)", policy.name));
                let message = message + &under.unwrap_or_default();
                mistakes.push(format!("{}.key", axis.path), message);
                return None;
            }
        }
    }
    found
}

/// Every point of the grid must be a valid scenario. A value that alone makes the scenario
/// invalid is reported where it stands; values that only together do, at the grid.
pub(super) fn points_are_valid(sweep: &Sweep, written: &[Written], mistakes: &mut Mistakes) {
    let valid: Vec<bool> = (0..sweep.points())
        .into_par_iter()
        .map(|n| sweep.scenario(n).is_ok())
        .collect();
    if valid.iter().all(|&valid| valid) {
        return;
    }
    let mut somewhere: Vec<Vec<bool>> = Vec::new();
    somewhere.extend(sweep.axes.iter().map(|a| vec![false; a.values.len()]));
    for n in (0..valid.len()).filter(|&n| valid[n]) {
        for (a, i) in sweep.at(n).values.into_iter().enumerate() {
            somewhere[a][i] = true;
        }
    }
    let mut blamed: BTreeSet<(usize, usize)> = BTreeSet::new();
    for (a, axis) in sweep.axes.iter().enumerate() {
        for (i, &value) in axis.values.iter().enumerate() {
            // Another axis may mend what this value does to the scenario as it is written.
            if somewhere[a][i] {
                continue;
            }
            let mut spec = sweep.specs[0].clone();
            axis.parameter.set(&mut spec, value);
            if let Err(wrong) = Scenario::new(spec) {
                blamed.insert((a, i));
                let message = format!(
                    "makes the scenario invalid with `{}` = {value}: {}",
                    axis.parameter.key(),
                    in_words(&wrong)
                );
                mistakes.push(written[a].at(i), message);
            }
        }
    }
    let explained = |n: usize| {
        let mut at = sweep.at(n).values.into_iter().enumerate();
        at.any(|place| blamed.contains(&place))
    };
    let wrong = (0..valid.len()).filter(|&n| !valid[n] && !explained(n));
    let wrong: Vec<usize> = wrong.collect();
    if let Some(&first) = wrong.first()
        && let Err(why) = sweep.scenario(first)
    {
        let others = match wrong.len() - 1 {
            0 => String::new(),
            n => format!(" (and {n} more such points)"),
        };
        let at = sweep.at(first).values;
        let values = sweep.axes.iter().zip(at);
        let values: Vec<String> = values
            .map(|(axis, i)| format!("`{}` = {}", axis.parameter.key(), axis.values[i]))
            .collect();
        let message = format!(
            "spans a point that is no valid scenario{others}: with {}: {}",
            values.join(", "),
            in_words(&why)
        );
        mistakes.push("axis", message);
    }
}

fn in_words(wrong: &[(String, String)]) -> String {
    let wrong: Vec<String> = wrong.iter().map(|(k, m)| format!("{k}: {m}")).collect();
    wrong.join("; ")
}
