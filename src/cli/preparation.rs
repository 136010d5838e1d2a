//! What is added to records before they are used: labels from `gold`, token ends from a tokenizer.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::error::CliError;
use crate::input::InputError;
use crate::log::Record;
use crate::log::grade::Grader;
use crate::log::tokenizer::{Tokenizer, TokenizerError};

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

/// Adds what was asked for.
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

    /// Whether anything is added at all.
    pub(super) fn is_asked_for(&self) -> bool {
        self.grader.is_some() || self.tokenizer.is_some()
    }

    pub(super) fn prepare(&mut self, record: &mut Record) {
        if let Some(grader) = &mut self.grader {
            grader.grade(record);
        }
        if let Some(tokenizer) = &mut self.tokenizer {
            tokenizer.mark(record);
        }
    }

    /// What was done, one sentence each.
    pub(super) fn remarks(&self) -> Vec<String> {
        let grader = self.grader.iter().flat_map(Grader::remarks);
        let tokenizer = self.tokenizer.iter().flat_map(Tokenizer::remarks);
        grader.chain(tokenizer).collect()
    }
}
