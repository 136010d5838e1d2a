//! Paths of predicted utility as people read them: the means after each stage and at the end; for programs
//! every path that is drawn.

use super::number::{number, optional};
use super::{Section, Sheet};
use crate::study::martingale_paths::PathsFindings;

/// Steps that are told apart: about a standard error of a mean over 100,000 generations.
const RESOLUTION: f64 = 1e-3;

/// The sheet of paths.
pub fn sheet(findings: &PathsFindings) -> Sheet {
    let mut section = Section::new(
        "Mean of the predicted utility",
        &["after", "all generations", "survivors"],
    );
    let after = std::iter::once("start").chain(findings.stages.iter().map(String::as_str));
    let means = findings.of_all.iter().zip(&findings.of_surviving);
    section
        .rows
        .extend(after.zip(means).map(|(name, (all, surviving))| {
            vec![
                name.to_owned(),
                number(*all, RESOLUTION),
                optional(*surviving, RESOLUTION),
            ]
        }));
    Sheet {
        title: format!(
            "Predicted utility of {} along its generations",
            findings.scenario
        ),
        summary: vec![
            format!(
                "{} generations, seed {}; the first {} are written one by one.",
                findings.generations,
                findings.seed,
                findings.paths.len()
            ),
            format!(
                "Mean utility of the retained {}; of what the filter would accept without rejection {}.",
                optional(findings.retained, RESOLUTION),
                optional(findings.accepted, RESOLUTION)
            ),
        ],
        sections: vec![section],
        ..Sheet::default()
    }
}
