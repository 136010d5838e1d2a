//! `foldem simulate`: exact figures beside Monte Carlo.

use std::path::{Path, PathBuf};

use clap::Args;

use super::error::{CliError, exit};
use super::merge::read_part;
use super::{Context, output, progress};
use crate::input::InputError;
use crate::log::Writer;
use crate::report::{self, RenderError};
use crate::scenario::Scenario;
use crate::study::conditional::Conditional;
use crate::study::drawn_log;
use crate::study::money::{self, Prices, WithMoney};
use crate::study::part::Part;
use crate::study::part_file::PartFile;
use crate::study::precision::{self, Pilot, PrecisionError};
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
    foldem simulate experiments/gsm8k-like.toml --attempts 200000 --per-prompt 4 --format json\n  \
    foldem simulate experiments/hard-prompts.toml --conditional --attempts 200000\n  \
    foldem simulate experiments/gsm8k-like.toml --prices experiments/prices/hosted.toml\n  \
    foldem simulate experiments/five-stage.toml --shard 1/2 -o one.part")]
pub(super) struct SimulateArgs {
    /// Scenario file (foldem.scenario/1); - is stdin
    scenario: PathBuf,
    #[command(flatten)]
    sample: SampleArgs,
    /// Generations per prompt; they share its difficulty, and the intervals respect it
    #[arg(long, default_value_t = 1, value_name = "M", allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    per_prompt: u64,
    /// Draw as many attempts as make the 95 % intervals of savings, false rejection rate and cost
    /// ratio about this narrow: H is half their width. A pilot tells how many; the run never sees it
    #[arg(long, value_name = "H", value_parser = half_width, conflicts_with_all = ["attempts", "shard", "resume"])]
    precision: Option<f64>,
    /// Draw prompts instead of generations: --attempts difficulties, and of each prompt what the
    /// exact recursion expects of a generation. Leaves only the variance between prompts, and checks
    /// only the integral over difficulty. Nothing is generated, so there is neither a log nor a part
    #[arg(long, conflicts_with_all = ["per_prompt", "shard", "output", "resume", "write_log"])]
    conditional: bool,
    /// Draw only part I of N, written I/N; needs -o
    #[arg(long, value_name = "I/N", value_parser = shard, requires = "output")]
    shard: Option<[u64; 2]>,
    /// Write what was drawn as a part of the run (foldem.part/1), to be merged or resumed
    #[arg(short, long = "output", value_name = "PART")]
    output: Option<PathBuf>,
    /// Go on with the run of this part, which was interrupted
    #[arg(long, value_name = "PART", conflicts_with = "shard")]
    resume: Option<PathBuf>,
    /// Also show what is saved in money, at these prices (foldem.prices/1)
    #[arg(long, value_name = "FILE", conflicts_with = "conditional")]
    prices: Option<PathBuf>,
    /// Also write the generations as a log (JSON Lines; .gz and .zst compress; or .parquet)
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

fn half_width(text: &str) -> Result<f64, String> {
    let number = text
        .parse::<f64>()
        .ok()
        .filter(|h| (1e-9..=1.0).contains(h));
    number.ok_or_else(|| "it must lie in [1e-9, 1], such as 0.001".to_owned())
}

/// The index, from 0, and the number of shards.
fn shard(text: &str) -> Result<[u64; 2], String> {
    let numbers = text.split_once('/').and_then(|(i, n)| {
        let (i, n): (u64, u64) = (i.parse().ok()?, n.parse().ok()?);
        (1 <= i && i <= n && n <= 1_000_000).then(|| [i - 1, n])
    });
    numbers.ok_or_else(|| "write I/N, such as 2/8: part 2 of 8; I from 1 to N".to_owned())
}

pub(super) fn run(args: &SimulateArgs, context: &Context) -> Result<u8, CliError> {
    if args.conditional {
        let study = "`foldem simulate --conditional`";
        let scenario = Scenario::load_without_early_exit(&args.scenario, study)?;
        return draw_prompts(args, &scenario, context);
    }
    let scenario = Scenario::load(&args.scenario)?;
    // What cannot be written is told before the work, not after.
    let mut others = vec![args.scenario.as_path()];
    if let Some(output) = &args.output {
        output::writable("-o", output)?;
        if output::same_file(output, &args.scenario) {
            let message = format!("-o {}: the file is the scenario", output.display());
            return Err(CliError::Usage(message));
        }
        others.push(output);
    }
    others.extend(args.resume.as_deref());
    if let Some(log) = &args.write_log {
        check_log_path(log, &args.scenario)?;
        others.push(log);
    }
    others.extend(args.prices.as_deref());
    context.output.keeps(&others)?;
    let prices = args.prices.as_deref().map(read_prices).transpose()?;
    let writer = args.write_log.as_deref().map(Writer::create).transpose()?;
    let plan = |h, seed, progress: Told<'_>| {
        let interrupt = &context.interrupt;
        precision::attempts_for(&scenario, h, seed, args.per_prompt, progress, interrupt)
    };
    let request = Request {
        attempts: attempts(args, "attempts", &plan, context)?,
        seed: args.sample.seed,
        per_prompt: args.per_prompt,
    };
    let mut part = match &args.resume {
        Some(path) => resumed(path, &scenario, request)?,
        None => Part::planned(&scenario, request, args.shard.unwrap_or([0, 1])),
    };
    let bar = progress::attempts(context, request.attempts, "simulate");
    part.draw(&scenario, &progress::follow(&bar, 0), &context.interrupt);
    bar.finish_and_clear();
    let written = args.output.as_ref().map(|output| {
        let file = PartFile::new(&scenario, &part);
        let json = serde_json::to_string(&file).map_err(RenderError::from)?;
        output::write_file(output, (json + "\n").as_bytes())
    });
    // What was drawn is shown even where the part cannot be written.
    let findings = simulation::evaluate(&scenario, &part);
    let mut sheet = report::simulation::sheet(&findings);
    match &prices {
        None => context.output.emit(&findings, &sheet)?,
        Some((path, prices)) => {
            let money = money::of_scenario(&scenario, prices, &part.tally);
            let money = &money.map_err(|why| InputError::whole_file(path, why))?;
            report::add_money(&mut sheet, money);
            let findings = &findings;
            context
                .output
                .emit(&WithMoney { findings, money }, &sheet)?;
        }
    }
    written.transpose()?;
    if let Some(writer) = writer {
        write_log(writer, &scenario, request, context)?;
    }
    Ok(exit_code(context))
}

/// The prices in a file, with its name.
pub(super) fn read_prices(path: &Path) -> Result<(String, Prices), InputError> {
    Ok((path.display().to_string(), Prices::load(path)?))
}

fn exit_code(context: &Context) -> u8 {
    if context.interrupt.raised() {
        exit::INTERRUPTED
    } else {
        exit::FINE
    }
}

/// The run of `--conditional`.
fn draw_prompts(
    args: &SimulateArgs,
    scenario: &Scenario,
    context: &Context,
) -> Result<u8, CliError> {
    context.output.keeps(&[args.scenario.as_path()])?;
    let refused = |error| CliError::Usage(format!("--conditional: {error}"));
    let conditional = Conditional::new(scenario).map_err(refused)?;
    let plan = |h, seed, progress: Told<'_>| {
        precision::prompts_for(&conditional, h, seed, progress, &context.interrupt)
    };
    let prompts = attempts(args, "prompts", &plan, context)?;
    let bar = progress::attempts(context, prompts, "simulate");
    let findings = conditional.simulate(
        prompts,
        args.sample.seed,
        &|done| bar.set_position(done),
        &context.interrupt,
    );
    bar.finish_and_clear();
    context
        .output
        .emit(&findings, &report::simulation::sheet(&findings))?;
    Ok(exit_code(context))
}

/// What is told of a pilot.
type Told<'p> = &'p (dyn Fn(Pilot) + Sync);

/// How many attempts are asked for; `plan` tells how many a half-width takes under a seed.
fn attempts(
    args: &SimulateArgs,
    what: &str,
    plan: &dyn Fn(f64, u64, Told<'_>) -> Result<u64, PrecisionError>,
    context: &Context,
) -> Result<u64, CliError> {
    let Some(half_width) = args.precision else {
        return Ok(args.sample.attempts);
    };
    context.output.tell(&format!(
        "--precision {half_width}: a pilot tells how many {what} that takes"
    ));
    let bar = progress::attempts(context, 0, "pilot");
    let told = |pilot: Pilot| {
        bar.set_length(pilot.of);
        bar.set_position(pilot.done);
    };
    let planned = plan(half_width, args.sample.seed, &told);
    bar.finish_and_clear();
    match planned {
        Ok(attempts) => {
            let message = format!("--precision {half_width} takes {attempts} {what}");
            context.output.tell(&message);
            Ok(attempts)
        }
        Err(PrecisionError::Interrupted) => Err(CliError::Interrupted),
        Err(error) => Err(CliError::Usage(format!(
            "--precision {half_width}: {error}"
        ))),
    }
}

/// The part of an interrupted run, which must be the run that was asked for.
fn resumed(path: &Path, scenario: &Scenario, request: Request) -> Result<Part, CliError> {
    let (its_scenario, part) = read_part(path)?;
    let differs = [
        (its_scenario.spec() != scenario.spec(), "scenario"),
        (part.request.seed != request.seed, "--seed"),
        (part.request.attempts != request.attempts, "--attempts"),
        (
            part.request.per_prompt != request.per_prompt,
            "--per-prompt",
        ),
    ];
    match differs.into_iter().find(|(differs, _)| *differs) {
        Some((_, what)) => Err(CliError::Usage(format!(
            "--resume {}: the part is of another run, its {what} differs; ask for {} attempts, \
             {} per prompt, seed {} of its scenario",
            path.display(),
            part.request.attempts,
            part.request.per_prompt,
            part.request.seed
        ))),
        None => Ok(part),
    }
}

/// A log must have the ending of one and must not replace the scenario.
fn check_log_path(log: &Path, scenario: &Path) -> Result<(), CliError> {
    output::writable("--write-log", log)?;
    let name = log.to_string_lossy().to_lowercase();
    let mut endings = name.rsplit('.').skip_while(|e| ["gz", "zst"].contains(e));
    let is_log = endings
        .next()
        .is_some_and(|e| ["jsonl", "ndjson"].contains(&e));
    let is_log = is_log || name.ends_with(".parquet");
    if output::same_file(log, scenario) || !is_log {
        return Err(CliError::Usage(format!(
            "--write-log {}: a log ends in .jsonl, .jsonl.gz, .jsonl.zst or .parquet",
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
