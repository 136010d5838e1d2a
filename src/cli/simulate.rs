//! `foldem simulate`: exact figures beside Monte Carlo.

use std::path::{Path, PathBuf};

use clap::Args;

use super::error::{CliError, exit};
use super::{Context, output, progress};
use crate::log::Writer;
use crate::report;
use crate::scenario::Scenario;
use crate::study::drawn_log;
use crate::study::simulation::{self, Request};

/// Evaluate a scenario exactly and by Monte Carlo
///
/// Prints every estimate with its exact value, standard error and 95 % interval. Policy and full
/// generation are compared on the same generations. "null" is a coin that rejects as often as the
/// policy at each checkpoint: savings like the coin's show nothing, only a lower cost ratio than the
/// coin's shows that the validators know something.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    foldem simulate experiments/five-stage.toml\n  \
    foldem simulate experiments/gsm8k-like.toml --attempts 200000 --per-prompt 4 --format json")]
pub(super) struct SimulateArgs {
    /// Scenario file (foldem.scenario/1); - is stdin
    scenario: PathBuf,
    #[command(flatten)]
    sample: SampleArgs,
    /// Generations per prompt; they share its difficulty, and the intervals respect it
    #[arg(long, default_value_t = 1, value_name = "M", allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    per_prompt: u64,
    /// Also write the generations as a log (JSON Lines; .gz and .zst compress)
    #[arg(long, value_name = "LOG")]
    write_log: Option<PathBuf>,
}

/// How much to draw.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct SampleArgs {
    /// Generations to draw
    #[arg(long, default_value_t = 1_000_000, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000_000))]
    pub(super) attempts: u64,
    /// Root of all randomness: the same seed gives the same bytes on any number of threads
    #[arg(
        long,
        default_value_t = 42,
        value_name = "S",
        allow_negative_numbers = true
    )]
    pub(super) seed: u64,
}

pub(super) fn run(args: &SimulateArgs, context: &Context) -> Result<u8, CliError> {
    let scenario = Scenario::load(&args.scenario)?;
    // What cannot be written is told before the work, not after.
    let mut others = vec![args.scenario.as_path()];
    if let Some(log) = &args.write_log {
        check_log_path(log, &args.scenario)?;
        others.push(log);
    }
    context.output.keeps(&others)?;
    let writer = args.write_log.as_deref().map(Writer::create).transpose()?;
    let request = Request {
        attempts: args.sample.attempts,
        seed: args.sample.seed,
        per_prompt: args.per_prompt,
    };
    let bar = progress::attempts(context, request.attempts, "simulate");
    let findings = simulation::simulate(
        &scenario,
        request,
        &|done| bar.set_position(done),
        &context.interrupt,
    );
    bar.finish_and_clear();
    context
        .output
        .emit(&findings, &report::simulation::sheet(&findings))?;
    if let Some(writer) = writer {
        write_log(writer, &scenario, request, context)?;
    }
    Ok(if context.interrupt.raised() {
        exit::INTERRUPTED
    } else {
        exit::FINE
    })
}

/// A log must have the ending of one and must not replace the scenario.
fn check_log_path(log: &Path, scenario: &Path) -> Result<(), CliError> {
    output::writable("--write-log", log)?;
    let name = log.to_string_lossy().to_lowercase();
    let mut endings = name.rsplit('.').skip_while(|e| ["gz", "zst"].contains(e));
    let is_log = endings
        .next()
        .is_some_and(|e| ["jsonl", "ndjson"].contains(&e));
    if output::same_file(log, scenario) || !is_log {
        return Err(CliError::Usage(format!(
            "--write-log {}: a log ends in .jsonl, .jsonl.gz or .jsonl.zst",
            log.display()
        )));
    }
    Ok(())
}

/// Draws the generations of the run once more, with their traces, and writes them down.
fn write_log(
    mut writer: Writer,
    scenario: &Scenario,
    request: Request,
    context: &Context,
) -> Result<(), CliError> {
    let bar = progress::attempts(context, request.attempts, "write log");
    for batch in drawn_log::batches(scenario, request) {
        if context.interrupt.raised() {
            // Dropping the writer leaves nothing behind.
            bar.finish_and_clear();
            context.output.tell("interrupted: no log was written");
            return Ok(());
        }
        for record in &batch {
            writer.write(record)?;
        }
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
    writer.finish()?;
    Ok(())
}
