//! `foldem explain`: why two scenarios save differently.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use super::error::{CliError, exit};
use crate::input::InputError;
use crate::report;
use crate::scenario::Scenario;
use crate::study::explanation::{ExplanationError, explain};

/// As a scenario with early exit is told.
const STUDY: &str = "`foldem explain`";

/// Decompose the difference between two scenarios in savings and in cost ratio
///
/// Into how often things go wrong, how early, how well it is detected, false alarms, lengths of stages
/// and of faulty stages, checkpoints, and the population. Each part's share is its Shapley value: the mean
/// change when it is exchanged, over all orders of exchanging parts, by the exact theory. Both
/// scenarios need the same stages, fault kinds and validators.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    foldem explain experiments/runaway.toml experiments/runaway-undetected.toml\n  \
    foldem explain experiments/runaway.toml experiments/runaway-undetected.toml --format json\n\n\
    Exit codes: 0 fine, 2 usage, 3 bad input (also: scenarios whose parts cannot be exchanged), \
    130 interrupted.")]
pub(super) struct ExplainArgs {
    /// Scenario file (foldem.scenario/1) to start from; - is stdin
    first: PathBuf,
    /// Scenario file to arrive at
    second: PathBuf,
}

pub(super) fn run(args: &ExplainArgs, context: &Context) -> Result<u8, CliError> {
    let first = Scenario::load_without_early_exit(&args.first, STUDY)?;
    let second = Scenario::load_without_early_exit(&args.second, STUDY)?;
    context.output.keeps(&[&args.first, &args.second])?;
    let findings = explain(&first, &second, &context.interrupt).map_err(|error| match error {
        ExplanationError::Interrupted => CliError::Interrupted,
        error => {
            let path = args.second.display().to_string();
            InputError::whole_file(&path, error.to_string()).into()
        }
    })?;
    context
        .output
        .emit(&findings, &report::explanation::sheet(&findings))?;
    Ok(exit::FINE)
}
