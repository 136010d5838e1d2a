//! What is added to records before they are used: labels from `gold`, token ends from a tokenizer.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::error::CliError;
use crate::input::InputError;
use crate::log::Record;
use crate::log::grade::{Graded, Grader, grade};
use crate::log::tokenizer::{Marked, Marker, Tokenizer, TokenizerError};

/// What is asked for.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct PreparationArgs {
    /// Label records that have no `correct` by comparing their answer with `gold`
    #[arg(long, value_enum, value_name = "HOW")]
    grade: Option<GradeArg>,
    /// HuggingFace tokenizer.json: exact token ends for records without them (needs a build with
    /// --features tokenizers)
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum GradeArg {
    /// Exactly, as numbers; what is not one number gets no label
    Numeric,
}

/// Adds what was asked for, on any thread.
#[derive(Clone)]
pub(super) struct Preparer {
    grades: bool,
    marker: Option<Marker>,
}

/// What was done to a record.
pub(super) struct Prepared {
    graded: Option<Graded>,
    marked: Option<Marked>,
}

impl Preparer {
    pub(super) fn prepare(&self, record: &mut Record) -> Prepared {
        Prepared {
            graded: self.grades.then(|| grade(record)),
            marked: self.marker.as_ref().map(|marker| marker.mark(record)),
        }
    }
}

/// What was asked for, and what came of it.
#[derive(Default)]
pub(super) struct Preparation {
    grader: Option<Grader>,
    tokenizer: Option<Tokenizer>,
}

impl Preparation {
    pub(super) fn new(args: &PreparationArgs) -> Result<Self, CliError> {
        let tokenizer = match &args.tokenizer {
            None => None,
            Some(path) => Some(Tokenizer::load(path).map_err(|error| match error {
                TokenizerError::NotBuiltIn => CliError::Usage(format!("--tokenizer: {error}")),
                TokenizerError::File(_) => {
                    InputError::whole_file(&path.display().to_string(), error.to_string()).into()
                }
            })?),
        };
        Ok(Self {
            grader: args.grade.map(|GradeArg::Numeric| Grader::default()),
            tokenizer,
        })
    }

    /// What prepares records side by side; `None` where nothing is added at all.
    pub(super) fn preparer(&self) -> Option<Preparer> {
        let asked_for = self.grader.is_some() || self.tokenizer.is_some();
        asked_for.then(|| Preparer {
            grades: self.grader.is_some(),
            marker: self.tokenizer.as_ref().map(Tokenizer::marker),
        })
    }

    /// Counts a record that was prepared.
    pub(super) fn count(&mut self, prepared: &Prepared) {
        if let (Some(grader), Some(graded)) = (&mut self.grader, prepared.graded) {
            grader.count(graded);
        }
        if let (Some(tokenizer), Some(marked)) = (&mut self.tokenizer, prepared.marked) {
            tokenizer.count(marked);
        }
    }

    pub(super) fn prepare(&mut self, record: &mut Record) {
        if let Some(preparer) = self.preparer() {
            let prepared = preparer.prepare(record);
            self.count(&prepared);
        }
    }

    /// What was done, one sentence each.
    pub(super) fn remarks(&self) -> Vec<String> {
        let grader = self.grader.iter().flat_map(Grader::remarks);
        let tokenizer = self.tokenizer.iter().flat_map(Tokenizer::remarks);
        grader.chain(tokenizer).collect()
    }
}
