//! From a `foldem.recovery/1` file to a [`Spec`].

use std::path::Path;

use super::super::form::ONE_KIND;
use super::super::scenario::{Role, parameters};
use super::super::stages::Layout;
use super::Spec;
use crate::input::{Document, InputError, Mistakes};
use crate::scenario::Referred;
use crate::scenario::spec::ResponseSpec;
use crate::scenario::{Scenario, TokenLaw};

/// Schema identifier of the file.
pub const SPEC_SCHEMA: &str = "foldem.recovery/1";
/// Most generations of all logs together.
const MOST: u64 = 1_000_000_000_000;

impl Spec {
    /// Reads the file and the scenario that it names.
    pub fn load(path: &Path) -> Result<Self, InputError> {
        let text = Document::read(path)?;
        let directory = path.parent().unwrap_or(Path::new("."));
        Self::parse(&path.display().to_string(), &text, directory)
    }

    /// Reads it from TOML text. `path` names it in messages; the scenario is looked for in
    /// `directory`.
    pub fn parse(path: &str, text: &str, directory: &Path) -> Result<Self, InputError> {
        let document = Document::parse(path, text)?;
        let mut mistakes = Mistakes::default();
        let spec = read(&document, directory, &mut mistakes);
        match spec {
            Some(spec) if mistakes.is_empty() => Ok(spec),
            _ => Err(document.error(mistakes)),
        }
    }
}

fn read(document: &Document<'_>, directory: &Path, mistakes: &mut Mistakes) -> Option<Spec> {
    let mut root = document.root();
    let schema = root.required_string("schema", mistakes);
    if schema != SPEC_SCHEMA && !mistakes.covers("schema") {
        let message = format!("is \"{schema}\"; an experiment on recovery has \"{SPEC_SCHEMA}\"");
        mistakes.push("schema", message);
    }
    let name = root.required_string("name", mistakes);
    let source = root.required("scenario");
    let mut count = |key: &str, (least, most): (u64, u64)| {
        let value = root.required(key).and_then(|item| item.count(mistakes));
        let value = value.unwrap_or(least);
        if !(least..=most).contains(&value) {
            mistakes.push(key, format!("is {value}; it must lie in [{least}, {most}]"));
        }
        value
    };
    let prompts = count("prompts", (2, 10_000_000));
    let per_prompt = count("per_prompt", (1, 10_000));
    let replications = count("replications", (1, 10_000_000));
    let resamples = count("resamples", (40, 1_000_000));
    let drawn = prompts
        .saturating_mul(per_prompt)
        .saturating_mul(replications);
    if drawn > MOST {
        let message = format!("makes {drawn} generations of all logs; the most is {MOST}");
        mistakes.push("replications", message);
    }
    let seed = root.optional("seed");
    let seed = seed.and_then(|item| item.count(mistakes)).unwrap_or(42);
    let source = source.and_then(|item| {
        Referred::accepted(
            &item,
            (directory, "an experiment on recovery"),
            mistakes,
            |scenario| {
                is_of_a_form_that_is_fitted(&scenario, per_prompt)?;
                Ok(scenario)
            },
        )
    });
    root.finish(mistakes);
    let (scenario_file, scenario_text, scenario) = source?;
    Some(Spec {
        layout: layout(&scenario),
        name,
        scenario_file,
        scenario_text,
        scenario,
        prompts,
        per_prompt,
        resamples,
        replications,
        seed,
    })
}

/// Whether a fit of a drawn log without labels of steps assumes the parameter of this role; `last` is the
/// number of the last stage.
pub(super) fn is_assumed(role: Role, last: usize) -> bool {
    match role {
        Role::Hazard { stage, .. } => stage == last,
        Role::LengthEffect
        | Role::Recovery
        | Role::DifficultyEffect
        | Role::Sticky
        | Role::FalseAlarmEffect
        | Role::AcceptsClean
        | Role::AcceptsWrong => true,
        Role::Spread
        | Role::LengthFactor { .. }
        | Role::MeanTokens
        | Role::Variation { .. }
        | Role::Detects { .. }
        | Role::FalseAlarm { .. } => false,
    }
}

/// What is assumed must hold, or something else would be recovered.
fn is_of_a_form_that_is_fitted(scenario: &Scenario, per_prompt: u64) -> Result<(), String> {
    let spec = scenario.spec();
    let last = spec.stages.len() - 1;
    if scenario.difficulty_sd() > 0.0 && per_prompt == 1 {
        return Err(
            "with one generation per prompt difficulty is not identified; leave it out".to_owned(),
        );
    }
    if (per_prompt > 1) != spec.difficulty.is_some() {
        return Err(
            "with several generations per prompt a fit has [difficulty]; give it one".to_owned(),
        );
    }
    let random = |law: &TokenLaw| matches!(law, TokenLaw::LogNormal { .. });
    if !scenario.stages().iter().all(random) {
        return Err("a fit gives every stage a log-normal law; give it one".to_owned());
    }
    for (name, role, value) in parameters(spec) {
        let assumed = match role {
            Role::DifficultyEffect | Role::Sticky | Role::AcceptsClean => 1.0,
            _ => 0.0,
        };
        if is_assumed(role, last) && (value - assumed).abs() > 0.0 {
            return Err(format!(
                "its {name} is {value}, and a fit assumes {assumed}; so nothing would be recovered"
            ));
        }
    }
    let looks = scenario.checkpoints().iter().map(|c| c.at);
    if !looks.eq(0..last) {
        return Err(
            "a fit has a checkpoint after every stage but the last; give it these".to_owned(),
        );
    }
    for validator in &spec.validators {
        let ResponseSpec::Alarm { detects, .. } = &validator.response else {
            return Err(format!("its validator `{}` gives a score", validator.name));
        };
        let kind = if spec.faults.len() == 1 {
            ONE_KIND
        } else {
            &validator.name
        };
        if detects.len() != 1 || !detects.contains_key(kind) {
            return Err(format!(
                "its validator `{}` must detect one kind, `{kind}`: by the name of its validator a fit calls a kind, or \
                 `{ONE_KIND}` where there is one",
                validator.name
            ));
        }
    }
    Ok(())
}

fn layout(scenario: &Scenario) -> Layout {
    let spec = scenario.spec();
    let checkpoints = scenario.checkpoints().iter();
    Layout {
        names: spec.stages.iter().map(|s| s.name.clone()).collect(),
        ends: spec.stages.iter().map(|s| s.name.clone()).collect(),
        consulted: checkpoints.map(|c| c.validators.clone()).collect(),
        validators: spec.validators.iter().map(|v| v.name.clone()).collect(),
    }
}
