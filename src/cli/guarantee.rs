//! `foldem guarantee`: how often certified policies break their limit, on logs whose truth is known.

use std::path::PathBuf;

use clap::Args;

use super::error::{CliError, exit};
use super::{Context, progress};
use crate::report;
use crate::study::guarantee::{self, Spec};

/// Check that certificates keep their promise, on drawn logs whose truth is known
///
/// Draws many logs from a scenario, tunes each as `foldem tune` does and counts how often the certified
/// policy breaks the limit in truth: at most in a share 1 − confidence of the logs. Beside it, on the same
/// logs, the ways in which people choose without a certificate. Exit code 4 when a certified method breaks
/// its promise.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    foldem guarantee experiments/guarantees/clustered.toml --replications 200\n  \
    foldem guarantee experiments/guarantees/independent.toml --format json")]
pub(super) struct GuaranteeArgs {
    /// Experiment (foldem.guarantee/1); - is stdin
    experiment: PathBuf,
    /// Logs to draw, instead of as many as the experiment says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    replications: Option<u64>,
}

pub(super) fn run(args: &GuaranteeArgs, context: &Context) -> Result<u8, CliError> {
    let spec = Spec::load(&args.experiment)?;
    context.output.keeps(&[&args.experiment])?;
    let replications = args.replications.unwrap_or(spec.replications);
    let bar = progress::logs(context, replications, "guarantee");
    let step = |done| bar.set_position(done);
    let findings = guarantee::run(&spec, replications, &step, &context.interrupt)
        .map_err(|e| CliError::Internal(e.to_string()))?;
    bar.finish_and_clear();
    if findings.replications == 0 {
        return Err(CliError::Interrupted);
    }
    let mut sheet = report::guarantee::sheet(&findings);
    if context.output.has_page() {
        sheet
            .figures
            .extend(crate::plot::violations(std::slice::from_ref(&findings)).ok());
    }
    context.output.emit(&findings, &sheet)?;
    Ok(if findings.partial {
        exit::INTERRUPTED
    } else if findings.ok {
        exit::FINE
    } else {
        exit::CLAIM_FAILS
    })
}
