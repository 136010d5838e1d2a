//! Policies whose validators look for single characters, and tables of logs under them.

use foldem::log::Record;
use foldem::policy::PolicyFile;
use foldem::replay::{Auditor, Table, TableBuilder};

use super::literal_policy::literal_policy;

/// A policy with `validators`, each a name and what it looks for, and what else its file says.
pub(super) fn policy(validators: &[(&str, &str)], rest: &str) -> PolicyFile {
    literal_policy("expected_tokens = 40\n", validators, rest)
}

/// The table of `records` under `policy`.
pub(super) fn table(policy: &PolicyFile, records: Vec<Record>) -> Table {
    let auditor = Auditor::new(policy).unwrap();
    let mut builder = TableBuilder::new(&auditor);
    for record in records {
        builder.push(record);
    }
    builder.finish()
}

/// A record in which a character is a token.
pub(super) fn record(prompt: usize, number: usize, solution: &str, accepted: bool) -> Record {
    Record {
        id: format!("{prompt}/{number}"),
        prompt_id: Some(prompt.to_string()),
        solution: solution.to_owned(),
        token_ends: Some((1..=solution.len()).collect()),
        accepted: Some(accepted),
        utility: Some(f64::from(u8::from(accepted))),
        ..Record::default()
    }
}
