//! What a column of a first-alarm table was read with: a rule and its parameters.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::policy::{ParameterValue, PolicyFile, TextValidator};

/// A rule with its parameters, under the name that a policy gave it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Definition {
    /// Name of the validator.
    pub name: String,
    /// Name of its rule.
    pub rule: String,
    /// The parameters given, by name, in the alphabet's order.
    pub parameters: Map<String, Value>,
}

/// A policy asks for a validator that a table has no column of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "validator `{wanted}` is not in the table, which holds {}; give it the rule and the parameters \
     of one of these, or replay the logs with this policy and --save-table", held.join(", ")
)]
pub struct MissingValidator {
    /// The validator, its rule and its parameters.
    pub wanted: String,
    /// Those of the table.
    pub held: Vec<String>,
}

impl Definition {
    /// The definition of a policy's validator.
    pub fn of(validator: &TextValidator) -> Self {
        let value = |value: &ParameterValue| match value {
            ParameterValue::Number(x) => Value::from(*x),
            ParameterValue::Count(n) => Value::from(*n),
            ParameterValue::Texts(texts) => Value::from(texts.clone()),
            ParameterValue::Name(name) => Value::from(*name),
        };
        let parameters = validator.parameters.iter();
        Self {
            name: validator.name.clone(),
            rule: validator.rule.to_owned(),
            parameters: parameters
                .map(|(name, v)| (name.clone(), value(v)))
                .collect(),
        }
    }

    /// Whether it sees the same alarms, under whatever name.
    pub(super) fn same_rule(&self, other: &Self) -> bool {
        self.rule == other.rule && self.parameters == other.parameters
    }

    /// As shown to people.
    pub fn in_words(&self) -> String {
        let Self { name, rule, .. } = self;
        if self.parameters.is_empty() {
            return format!("{name} (rule {rule})");
        }
        let parameters = Value::Object(self.parameters.clone());
        format!("{name} (rule {rule}, {parameters})")
    }
}

/// The column of `held` for each validator of `policy`.
pub(super) fn columns(
    held: &[Definition],
    policy: &PolicyFile,
) -> Result<Vec<usize>, MissingValidator> {
    let column = |validator: &TextValidator| {
        let wanted = Definition::of(validator);
        let found = held.iter().position(|h| h.same_rule(&wanted));
        found.ok_or_else(|| MissingValidator {
            wanted: wanted.in_words(),
            held: held.iter().map(Definition::in_words).collect(),
        })
    };
    policy.validators().iter().map(column).collect()
}
