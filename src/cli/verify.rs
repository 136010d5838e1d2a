//! `foldem verify`: each claim of the theory with its verdict.

use std::path::PathBuf;

use clap::Args;

use super::error::{CliError, exit};
use super::simulate::SampleArgs;
use super::{Context, progress};
use crate::report;
use crate::scenario::Scenario;
use crate::study::verification;

/// Check every claim of the theory on a scenario
///
/// Each claim is a row: statement, assumption, estimate, exact value or bound, simultaneous
/// interval, verdict. Negative controls with a planted violation run beside them; a control holds
/// when its violation is found. Exit code 4 when anything fails.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    foldem verify experiments/five-stage.toml\n  \
    foldem verify experiments/biased.toml --attempts 200000 --format json")]
pub(super) struct VerifyArgs {
    /// Scenario file (foldem.scenario/1); - is stdin
    scenario: PathBuf,
    #[command(flatten)]
    sample: SampleArgs,
}

pub(super) fn run(args: &VerifyArgs, context: &Context) -> Result<u8, CliError> {
    let scenario = Scenario::load_without_early_exit(&args.scenario, "`foldem verify`")?;
    context.output.keeps(&[&args.scenario])?;
    let bar = progress::attempts(context, args.sample.attempts, "verify");
    let findings = verification::verify(
        &scenario,
        args.sample.attempts,
        args.sample.seed,
        &progress::follow(&bar, 0),
        &context.interrupt,
    );
    bar.finish_and_clear();
    context
        .output
        .emit(&findings, &report::verification::sheet(&findings))?;
    Ok(if findings.partial {
        exit::INTERRUPTED
    } else if findings.ok {
        exit::FINE
    } else {
        exit::CLAIM_FAILS
    })
}
