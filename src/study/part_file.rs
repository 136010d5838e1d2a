//! A part of a run as a file: `foldem.part/1`.
//!
//! The file carries the scenario, so that parts can be merged and evaluated where it is not at hand,
//! and its hash, by which parts of different scenarios are told apart.

use serde::{Deserialize, Serialize};

use super::part::{Part, Span};
use super::simulation::Request;
use crate::digest;
use crate::estimate::{ArmsTally, Column, RetryTally, StoredArms, StoredTally, Tally};
use crate::scenario::Scenario;
use crate::scenario::spec::ScenarioSpec;
use crate::stats::Stored;

/// Version of the form.
pub const SCHEMA: &str = "foldem.part/1";

/// What a part file holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartFile {
    schema: String,
    /// Version of foldem that drew it: another may draw other generations.
    foldem: String,
    /// SHA-256 of the scenario as JSON, in hexadecimal.
    scenario_sha256: String,
    scenario: ScenarioSpec,
    seed: u64,
    attempts: u64,
    per_prompt: u64,
    batches: Span,
    tally: StoredTally,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arms: Option<StoredArms>,
    retries: Span,
    retried: Stored,
    hopeless: bool,
}

/// Why a file is no part that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartFileError {
    /// It is not of the form.
    #[error("is not a part of a run ({SCHEMA}): {0}")]
    Form(String),
    /// Another version drew it.
    #[error(
        "was drawn by foldem {0}, this is {this}: only parts of one version can be merged",
        this = env!("CARGO_PKG_VERSION")
    )]
    Version(String),
    /// Its content does not fit together.
    #[error("is damaged: {0}")]
    Damaged(&'static str),
}

impl PartFile {
    /// The file of a part of a run of `scenario`.
    pub fn new(scenario: &Scenario, part: &Part) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            foldem: env!("CARGO_PKG_VERSION").to_owned(),
            scenario_sha256: hash(scenario.spec()),
            scenario: scenario.spec().clone(),
            seed: part.request.seed,
            attempts: part.request.attempts,
            per_prompt: part.request.per_prompt,
            batches: part.batches.clone(),
            tally: part.tally.stored(),
            arms: part.arms.as_ref().map(ArmsTally::stored),
            retries: part.retries.clone(),
            retried: part.retried.stored(),
            hopeless: part.hopeless,
        }
    }

    /// Reads a file's text.
    pub fn parse(text: &str) -> Result<Self, PartFileError> {
        let form = |e: serde_json::Error| PartFileError::Form(e.to_string());
        let file: Self = serde_json::from_str(text).map_err(form)?;
        if file.schema != SCHEMA {
            let message = format!("its schema is \"{}\"", file.schema);
            return Err(PartFileError::Form(message));
        }
        if file.foldem != env!("CARGO_PKG_VERSION") {
            return Err(PartFileError::Version(file.foldem));
        }
        if file.scenario_sha256 != hash(&file.scenario) {
            return Err(PartFileError::Damaged(
                "its scenario does not have the hash",
            ));
        }
        Ok(file)
    }

    /// The scenario that it is a part of a run of.
    pub fn scenario(&self) -> Result<Scenario, PartFileError> {
        Scenario::new(self.scenario.clone())
            .map_err(|_| PartFileError::Damaged("its scenario is not valid"))
    }

    /// The part, of a run of `scenario`, which is [`PartFile::scenario`].
    pub fn part(self, scenario: &Scenario) -> Result<Part, PartFileError> {
        let request = Request {
            attempts: self.attempts,
            seed: self.seed,
            per_prompt: self.per_prompt,
        };
        let planned = Part::planned(scenario, request, [0, 1]);
        let fits = |span: &Span, whole: &Span| {
            span.of == whole.of
                && span.from <= span.done
                && span.done <= span.to
                && span.to <= span.of
        };
        if !fits(&self.batches, &planned.batches) || !fits(&self.retries, &planned.retries) {
            return Err(PartFileError::Damaged(
                "its batches are not those of the run",
            ));
        }
        let frame = planned.tally.frame();
        let sums = PartFileError::Damaged("its sums do not fit the scenario");
        let tally = Tally::restored(frame, self.tally).ok_or_else(|| sums.clone())?;
        let arms = match (&planned.arms, self.arms) {
            (None, None) => None,
            (Some(empty), Some(stored)) => {
                Some(empty.restored(stored).ok_or_else(|| sums.clone())?)
            }
            _ => return Err(sums),
        };
        let retried = RetryTally::restored(frame.typical_tokens, self.retried).ok_or(sums)?;
        let attempts = tally.count(Column::Count);
        let others = arms.as_ref().map_or(attempts, ArmsTally::generations);
        if others != attempts {
            let message = "its sums in four arms are not those of its batches";
            return Err(PartFileError::Damaged(message));
        }
        if attempts != super::part::attempts_in(scenario, request, &self.batches) {
            return Err(PartFileError::Damaged(
                "its sums are not those of its batches",
            ));
        }
        Ok(Part {
            batches: self.batches,
            attempts,
            tally,
            arms,
            retries: self.retries,
            retried,
            hopeless: self.hopeless,
            ..planned
        })
    }
}

fn hash(spec: &ScenarioSpec) -> String {
    let text = serde_json::to_vec(spec).unwrap_or_default();
    digest::of_bytes(&text)
}
