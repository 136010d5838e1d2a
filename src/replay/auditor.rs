//! The validators of a policy, made ready to read.

use std::fmt;
use std::sync::Mutex;

use crate::policy::{ParameterValue, PolicyFile, TextValidator};
use crate::rules::{Alarm, Detector, RULES, Reading, Rule, Setting, Settings};

use super::{Definition, FirstAlarm, Tokens};

/// A validator whose rule cannot work with its parameters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("validator `{validator}` (rule {rule}): {message}")]
pub struct PolicyError {
    /// Name of the validator.
    pub validator: String,
    /// Name of its rule.
    pub rule: String,
    /// What is wrong.
    pub message: String,
}

/// The rules and settings of a policy's validators, known to work.
pub struct Auditor {
    validators: Vec<(&'static Rule, Settings)>,
    definitions: Vec<Definition>,
    /// Detectors that nobody uses, one for each validator: making them takes longer than a few
    /// texts.
    idle: Mutex<Vec<Detectors>>,
    /// Alarms of every validator and verdict that are kept to be shown.
    pub(super) shown: usize,
}

/// A detector for each validator, in their order.
pub(super) type Detectors = Vec<Box<dyn Detector>>;

impl fmt::Debug for Auditor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auditor")
            .field("validators", &self.validators)
            .finish_non_exhaustive()
    }
}

impl Auditor {
    /// Makes the validators of `policy` ready.
    pub fn new(policy: &PolicyFile) -> Result<Self, PolicyError> {
        let validators = policy.validators().iter();
        Ok(Self {
            validators: validators.clone().map(prepared).collect::<Result<_, _>>()?,
            definitions: validators.map(Definition::of).collect(),
            idle: Mutex::default(),
            shown: 0,
        })
    }

    /// The validators of several policies, each rule with its parameters once: one reading of a log
    /// serves all of them, see [`Table::checkpoints_of`](super::Table::checkpoints_of).
    pub fn joined(auditors: impl IntoIterator<Item = Self>) -> Self {
        let mut joined = Self {
            validators: Vec::new(),
            definitions: Vec::new(),
            idle: Mutex::default(),
            shown: 0,
        };
        for auditor in auditors {
            let validators = auditor.validators.into_iter();
            for (validator, definition) in validators.zip(auditor.definitions) {
                if !joined.definitions.iter().any(|d| d.same_rule(&definition)) {
                    joined.validators.push(validator);
                    joined.definitions.push(definition);
                }
            }
        }
        joined
    }

    /// Keeps at most `each` alarms of every validator and verdict of the final filter to be shown.
    pub fn showing(mut self, each: usize) -> Self {
        self.shown = each;
        self
    }

    /// What the validators are, in their order.
    pub fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    /// A detector for each validator, in their order.
    fn detectors(&self) -> Detectors {
        let build = |(rule, settings): &(&Rule, Settings)| {
            (rule.build)(settings).expect("settings that worked work again")
        };
        self.validators.iter().map(build).collect()
    }

    /// The same, used ones where there are any.
    pub(super) fn borrow_detectors(&self) -> Detectors {
        let idle = self.idle.lock().ok().and_then(|mut idle| idle.pop());
        idle.unwrap_or_else(|| self.detectors())
    }

    /// Takes them back.
    pub(super) fn return_detectors(&self, detectors: Detectors) {
        if let Ok(mut idle) = self.idle.lock() {
            idle.push(detectors);
        }
    }
}

fn prepared(validator: &TextValidator) -> Result<(&'static Rule, Settings), PolicyError> {
    let failed = |message| PolicyError {
        validator: validator.name.clone(),
        rule: validator.rule.to_owned(),
        message,
    };
    let rule = RULES.into_iter().find(|rule| rule.name == validator.rule);
    let rule = rule.ok_or_else(|| failed("there is no such rule".to_owned()))?;
    let settings = rule.parameters.iter().filter_map(|parameter| {
        let value = validator.parameters.get(parameter.name)?;
        Some((parameter.name, setting(value)))
    });
    let settings: Settings = settings.collect();
    (rule.build)(&settings).map_err(failed)?;
    Ok((rule, settings))
}

fn setting(value: &ParameterValue) -> Setting {
    match value {
        ParameterValue::Number(x) => Setting::Number(*x),
        ParameterValue::Count(n) => Setting::Number(*n as f64),
        ParameterValue::Texts(texts) => Setting::Texts(texts.clone()),
        ParameterValue::Name(name) => Setting::Name(name),
    }
}

/// When a detector first alarms on a solution.
pub(super) fn first_alarm(
    detector: &mut dyn Detector,
    problem: Option<&str>,
    solution: &str,
    tokens: Tokens<'_>,
) -> FirstAlarm {
    match Reading::whole(detector, problem, solution) {
        // A text of no tokens is complete before anybody could look.
        Some(Alarm::After(bytes)) if bytes == 0 || tokens.count() > 0 => {
            FirstAlarm::Tokens(tokens.holding(bytes))
        }
        Some(_) => FirstAlarm::AtEnd,
        None => FirstAlarm::Never,
    }
}
