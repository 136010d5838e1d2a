//! `foldem recovery`: whether fits find known parameters again, and their intervals keep what they promise.

use std::path::PathBuf;

use clap::Args;

use super::error::{CliError, exit};
use super::{Context, progress};
use crate::report;
use crate::study::fit::recovery::{self, Spec};

/// Check that fits keep their promise, on drawn logs whose parameters are known
///
/// Draws many logs from a scenario, fits each as `foldem fit` does and counts how often the 95 % interval of
/// each parameter contains the truth. Beside it, as a negative control, intervals from generations drawn
/// again instead of prompts. Exit code 4 when an interval is too short, or the control is not seen to be.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    foldem recovery experiments/recoveries/one-kind.toml --replications 40\n  \
    foldem recovery experiments/recoveries/two-kinds.toml --format json")]
pub(super) struct RecoveryArgs {
    /// Experiment (foldem.recovery/1); - is stdin
    experiment: PathBuf,
    /// Logs to draw, instead of as many as the experiment says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    replications: Option<u64>,
}

pub(super) fn run(args: &RecoveryArgs, context: &Context) -> Result<u8, CliError> {
    let spec = Spec::load(&args.experiment)?;
    context.output.keeps(&[&args.experiment])?;
    let replications = args.replications.unwrap_or(spec.replications);
    let bar = progress::logs(context, replications, "recovery");
    let step = |done| bar.set_position(done);
    let findings = recovery::run(&spec, replications, &step, &context.interrupt);
    bar.finish_and_clear();
    if findings.replications == 0 {
        return Err(CliError::Interrupted);
    }
    let sheet = report::recovery::sheet(&findings);
    context.output.emit(&findings, &sheet)?;
    Ok(if findings.partial {
        exit::INTERRUPTED
    } else if findings.ok {
        exit::FINE
    } else {
        exit::CLAIM_FAILS
    })
}
