//! Do policies expect the same lengths?
//!
//! E is part of a policy: a checkpoint at a fraction of it moves with it. Two policies that differ
//! in E by oversight – one has it from its file, the other from the log – would seem to differ in
//! what they check.

use super::ComparisonError;
use crate::policy::{PolicyFile, Position};
use crate::replay::{Group, Table};
use crate::study::Named;

/// E by model and benchmark, `None` where it is left to the log; empty if no checkpoint of the policy
/// refers to it.
pub(super) fn of(policy: &PolicyFile, table: &Table) -> Vec<Named<Option<f64>>> {
    let mut positions = policy.checkpoints().iter().map(|c| c.at);
    if !positions.any(|at| matches!(at, Position::ExpectedFraction(_))) {
        return Vec::new();
    }
    let expected = |group: &Group| {
        let name = |name: &Option<String>| name.clone().unwrap_or_default();
        let given = policy.expected_tokens()?;
        given.of(&name(&group.model), &name(&group.benchmark))
    };
    let named = |group: &Group| Named {
        name: group.to_string(),
        value: expected(group),
    };
    table.groups().iter().map(named).collect()
}

/// All policies that refer to E expect the same.
pub(super) fn agree(policies: &[PolicyFile], table: &Table) -> Result<(), ComparisonError> {
    let mut seen: Option<(&PolicyFile, Vec<Named<Option<f64>>>)> = None;
    for (n, policy) in policies.iter().enumerate() {
        let own = of(policy, table);
        if own.is_empty() {
            continue;
        }
        let Some((other, expected)) = &seen else {
            seen = Some((policy, own));
            continue;
        };
        if let Some((own, others)) = own.iter().zip(expected).find(|(a, b)| a != b) {
            let words = |tokens: Option<f64>| {
                tokens.map_or_else(|| "the log's mean".to_owned(), |t| t.to_string())
            };
            return Err(ComparisonError::Expectation {
                policy: n,
                own: words(own.value),
                group: own.name.clone(),
                other: other.name().to_owned(),
                others: words(others.value),
            });
        }
    }
    Ok(())
}
