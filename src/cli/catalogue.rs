//! The rules that exist, in the form in which a policy file is checked against them.

use crate::policy::{Parameter, ParameterKind, Rule};
use crate::rules::{Kind, RULES};

/// The catalogue of rules as data for policy files.
pub(super) fn rules() -> Vec<Rule> {
    let kind = |kind: Kind| match kind {
        Kind::NotNegative => ParameterKind::Number {
            min: 0.0,
            max: f64::INFINITY,
        },
        Kind::Positive => ParameterKind::Positive,
        Kind::Count => ParameterKind::Count,
        Kind::Texts => ParameterKind::Texts,
        Kind::Regexes => ParameterKind::Regexes,
        Kind::OneOf(names) => ParameterKind::OneOf(names),
    };
    RULES
        .iter()
        .map(|rule| Rule {
            name: rule.name,
            parameters: rule
                .parameters
                .iter()
                .map(|p| Parameter {
                    name: p.name,
                    kind: kind(p.kind),
                    required: p.required,
                })
                .collect(),
        })
        .collect()
}
