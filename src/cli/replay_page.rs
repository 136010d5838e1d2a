//! What the page of a replay shows beside its tables: figures, examples of alarms, and where it
//! all comes from.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use crate::digest;
use crate::input::InputError;
use crate::plot::{self, Row};
use crate::policy::{PolicyFile, Position};
use crate::replay::{ScheduleError, Table};
use crate::report::{self, Sheet};
use crate::study::replay::{ReplayFindings, positions};

/// Alarms shown of each validator and verdict.
pub(super) const EXAMPLES: usize = 3;

/// Adds to `sheet` what a page shows of the replay of `policy`.
pub(super) fn complete(
    sheet: &mut Sheet,
    policy: &PolicyFile,
    table: &Table,
    findings: &ReplayFindings,
) -> Result<(), ScheduleError> {
    let rows = Row::with_validators(policy.name(), findings);
    let mut figures = vec![
        plot::rejection_funnel(findings),
        plot::savings_against_false_rejections(&rows),
    ];
    let moves = policy
        .checkpoints()
        .iter()
        .any(|c| matches!(c.at, Position::ExpectedFraction(_)));
    if moves {
        let sweep = positions::sweep(policy, table, &positions::FRACTIONS)?;
        figures.push(plot::savings_by_checkpoint_position(&sweep));
    }
    // A figure that has nothing to show, or too much, is left out; the tables say it all.
    sheet.figures = figures.into_iter().filter_map(Result::ok).collect();
    sheet.examples = report::replay::examples(findings, table.excerpts());
    Ok(())
}

/// Where findings come from: what was `read`, with SHA-256, the policies, and the version. A policy of
/// the name `built_in` has no file.
pub(super) fn provenance<'p>(
    read: impl Iterator<Item = &'p PathBuf>,
    policies: &[PathBuf],
    built_in: &str,
) -> Result<Vec<(String, String)>, InputError> {
    let mut found = vec![(
        "foldem".to_owned(),
        format!("version {}", env!("CARGO_PKG_VERSION")),
    )];
    for policy in policies {
        let policy_hash = if policy == Path::new(built_in) {
            "built in".to_owned()
        } else {
            hash(policy)?
        };
        found.push((format!("policy {}", policy.display()), policy_hash));
    }
    for path in read {
        found.push((format!("read from {}", path.display()), hash(path)?));
    }
    Ok(found)
}

fn hash(path: &Path) -> Result<String, InputError> {
    if path == Path::new("-") {
        return Ok("read from stdin".to_owned());
    }
    let hash = File::open(path).and_then(|file| digest::of_source(BufReader::new(file)));
    let hash = hash.map_err(|e| {
        let name = path.display().to_string();
        InputError::whole_file(&name, format!("cannot be read again for its hash: {e}"))
    })?;
    Ok(format!("SHA-256 {hash}"))
}
