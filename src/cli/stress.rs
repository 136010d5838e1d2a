//! `foldem stress`: what a policy does once its validators are not what the scenario says, or its alarms
//! not what they are in a log.

use std::path::{Path, PathBuf};

use clap::Args;

use super::error::{CliError, exit};
use super::replay::{IntakeArgs, PAPER, ProblemArg, auditor, once_stdin, policy};
use super::table_file::saved_table;
use super::{Context, filling, output, progress, replay_page};
use crate::input::InputError;
use crate::plot::{self, Figure, PlotError};
use crate::report;
use crate::scenario::Scenario;
use crate::study::log_stress;
use crate::study::stress::{Choice, Failure, Request, stress};

/// Find out what a policy does once its validators are not what the scenario or the log says
///
/// One thing at a time goes wrong, ever more. Of a scenario: alarms are missed or raised too often, grow
/// overconfident, drift from stage to stage, are blind to a kind of fault, rise with difficulty; the
/// final filter errs; or everything is off at once, as badly as can be. Of a log (with --policy): alarms
/// are added, lost, late, more frequent for one model or for hard prompts; labels are wrong; or a few
/// more accepted generations are rejected, those that hurt most. Told is where the policy ceases to pay
/// and where bias and total variation of what is retained pass a tolerance.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Modes of a scenario and their strengths (at 0 all is as the scenario says):\n  \
    sensitivity-shift   log-odds added to P(alarm | fault), -6:6\n  \
    false-alarm-shift   log-odds added to P(alarm | clean), -6:6\n  \
    temperature         ln of what divides all log-odds of alarms, -2:2\n  \
    drift               log-odds added per stage after the first checkpoint, -2:2\n  \
    blindness.KIND      share of faults of a kind that look clean, 0:1 (blindness: every kind)\n  \
    difficulty-effect   log-odds of false alarms per standard deviation of difficulty, -3:3\n  \
    correlation         share of looks at which fresh validators read one number, 0:1\n  \
    label-noise         share of the final filter's verdicts that are turned round, 0:0.5\n  \
    worst-case          how far every alarm probability may be off in log-odds, 0:3\n\n\
    Modes of a log (at 0 all is as in the log):\n  \
    false-alarm-shift   log-odds added to the rate at which looks reject accepted generations, -6:6\n  \
    sensitivity-shift   the same of refused ones, -6:6\n  \
    added-alarms        alarms out of nothing per look at anything, 0:0.2\n  \
    drop                share of all alarms that is lost, 0:1 (drop.VALIDATOR: of one)\n  \
    delay               tokens by which alarms come later, 0:250\n  \
    late-looks          places by which alarms are heard later, 0:5\n  \
    attribute.NAME=LEVEL  false-alarm-shift for one value of an attribute, 0:6\n  \
    label-noise         share of labels that are turned round, 0:0.5\n  \
    worst-case          share of the accepted rejected besides, where it costs most, 0:0.2\n  \
    worst-case.NAME     the same, where it shifts an attribute most\n\n\
    Examples:\n  \
    foldem stress experiments/five-stage.toml\n  \
    foldem stress experiments/gsm8k-like.toml --mode false-alarm-shift=0:4 --mode blindness\n  \
    foldem stress experiments/gsm8k-like.toml --validator trace --tolerance 0.02 --figure stress.svg\n  \
    foldem stress experiments/five-stage.toml --steps 200 --format csv\n  \
    foldem stress log.jsonl --policy paper\n  \
    foldem stress log.jsonl --policy my-policy.toml --mode delay=0:64 --mode attribute.model=qwen2.5-coder-0.5b\n  \
    foldem replay log.jsonl --policy my-policy.toml --save-table alarms.parquet\n  \
    foldem stress --table alarms.parquet --policy my-policy.toml --report stress.html\n\n\
    Exit codes: 0 fine, 2 usage (also: a mode or a validator that is not there), 3 bad input (also: a \
    log without labels or without an accepted generation), 130 interrupted."
)]
pub(super) struct StressArgs {
    /// Scenario file (foldem.scenario/1), or, with --policy, logs of generations (JSON Lines; .gz and
    /// .zst are decompressed; or .parquet); - is stdin
    #[arg(required_unless_present = "table", value_name = "SCENARIO|LOG")]
    inputs: Vec<PathBuf>,
    /// Policy of a log (foldem.policy/1); `paper` is the paper's policy
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Take the generations of a first-alarm table (`replay --save-table`) instead of reading logs
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "inputs",
        requires = "policy"
    )]
    table: Option<PathBuf>,
    /// A mode, and the strengths to examine; may be repeated [default: all modes]
    #[arg(long = "mode", value_name = "MODE[=FROM:TO]", value_parser = choice)]
    modes: Vec<Choice>,
    /// Of a scenario: move the alarms of this validator alone; may be repeated [default: all that are
    /// consulted]
    #[arg(long = "validator", value_name = "NAME", conflicts_with = "policy")]
    validators: Vec<String>,
    /// Equal steps from the first strength to the last: what tips twice within a step is missed
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    steps: u32,
    /// How much bias and total variation is too much, in (0, 1)
    #[arg(long, default_value_t = 0.01, value_name = "D", value_parser = tolerance)]
    tolerance: f64,
    /// Check curves by so many draws at three strengths of each mode, 0 for none [default: 100000
    /// attempts of a scenario; tables of a log with 200000 generations together, 1 to 1000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1_000_000_000))]
    draws: Option<u32>,
    /// Root seed of the draws
    #[arg(long, default_value_t = 42, value_name = "S")]
    seed: u64,
    /// Of a log: whether problems were generated, too
    #[arg(long, value_enum, requires = "policy")]
    problem: Option<ProblemArg>,
    /// Also draw the cost ratio over the strength of each mode (.svg .png)
    #[arg(long, value_name = "FILE")]
    figure: Option<PathBuf>,
    #[command(flatten)]
    intake: IntakeArgs,
}

/// Attempts of a scenario that are drawn where nothing is said.
const ATTEMPTS: u32 = 100_000;

/// A mode with its range, as typed.
fn choice(text: &str) -> Result<Choice, String> {
    let whole = || Choice {
        name: text.to_owned(),
        range: None,
    };
    // A value of an attribute stands behind a sign of its own.
    let group = text.starts_with("attribute.");
    let split = if group {
        text.rsplit_once('=')
    } else {
        text.split_once('=')
    };
    let Some((name, range)) = split else {
        return Ok(whole());
    };
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|x| x.is_finite());
    let ends = range.split_once(':');
    let ends = ends.and_then(|(from, to)| number(from).zip(number(to)));
    match ends {
        Some(range) => Ok(Choice {
            name: name.to_owned(),
            range: Some(range),
        }),
        None if group => Ok(whole()),
        None => Err(format!(
            "\"{range}\" is no range of strengths; write {name}=FROM:TO, such as {name}=0:1"
        )),
    }
}

fn tolerance(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|x| 0.0 < *x && *x < 1.0);
    value.ok_or_else(|| "must be a number above 0 and below 1, such as 0.01".to_owned())
}

pub(super) fn run(args: &StressArgs, context: &Context) -> Result<u8, CliError> {
    match (&args.policy, args.inputs.as_slice()) {
        (Some(policy), _) => of_log(args, policy, context),
        (None, [input]) if !is_log(input) => of_scenario(args, input, context),
        (None, inputs) => {
            let names: Vec<String> = inputs.iter().map(|p| p.display().to_string()).collect();
            Err(CliError::Usage(format!(
                "{}: a log is put under stress with a policy; give one by --policy (`paper` is built in), \
                 or name one scenario",
                names.join(" ")
            )))
        }
    }
}

/// Whether a file is a log by its name.
fn is_log(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    ["jsonl", "gz", "zst", "parquet"]
        .iter()
        .any(|log| ending == *log)
}

fn of_scenario(args: &StressArgs, input: &Path, context: &Context) -> Result<u8, CliError> {
    if args.intake.skip_malformed {
        let message = "--skip-malformed: a scenario has no lines to leave out; it goes with a log";
        return Err(CliError::Usage(message.to_owned()));
    }
    let scenario = Scenario::load_without_early_exit(input, "`foldem stress`")?;
    // What cannot be written is told before the work, not after.
    let mut others = vec![input];
    let figure = output::picture(args.figure.as_deref(), &others)?;
    others.extend(figure.iter().map(|(path, _)| *path));
    context.output.keeps(&others)?;
    let request = Request {
        modes: args.modes.clone(),
        validators: args.validators.clone(),
        steps: args.steps,
        tolerance: args.tolerance,
        attempts: args.draws.unwrap_or(ATTEMPTS).into(),
        seed: args.seed,
    };
    let bar = progress::points(context, 0, "stress");
    let moved = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let findings = stress(&scenario, &request, &moved, &context.interrupt);
    bar.finish_and_clear();
    let findings = findings.map_err(|failure| match failure {
        Failure::Interrupted => CliError::Interrupted,
        Failure::Mode(why) => CliError::Usage(format!("--mode {why}")),
        Failure::Validator(why) => CliError::Usage(format!("--validator {why}")),
    })?;
    let drawn = drawing(plot::stress_curves(&findings))?;
    let sheet = report::stress::sheet(&findings, drawn.clone());
    // The figure is written even where nobody reads stdout to its end.
    let shown = context.output.emit(&findings, &sheet);
    write_figure(figure, drawn, context)?;
    shown?;
    Ok(exit::FINE)
}

fn of_log(args: &StressArgs, policy_path: &Path, context: &Context) -> Result<u8, CliError> {
    let read = || args.inputs.iter().chain(&args.table);
    let mut others: Vec<&Path> = read().map(PathBuf::as_path).chain([policy_path]).collect();
    once_stdin(&others)?;
    if args.table.is_some() && args.intake.skip_malformed {
        let message = "--skip-malformed: with --table no log is read; leave it out";
        return Err(CliError::Usage(message.to_owned()));
    }
    let figure = output::picture(args.figure.as_deref(), &others)?;
    others.extend(figure.iter().map(|(path, _)| *path));
    context.output.keeps(&others)?;
    let policy = policy(policy_path)?;
    let (table, intake) = if let Some(file) = &args.table {
        saved_table(file, &policy, policy_path, context)?
    } else {
        let auditor = auditor(&policy, policy_path)?;
        filling::table(&args.inputs, &auditor, args.intake, context)?
    };
    // Part of a log would be put under stress as if it were the whole.
    if intake.partial {
        return Err(CliError::Interrupted);
    }
    let request = log_stress::Request {
        modes: args.modes.clone(),
        steps: args.steps,
        tolerance: args.tolerance,
        problem_generated: args.problem == Some(ProblemArg::Generated),
        draws: args.draws,
        seed: args.seed,
    };
    let bar = progress::points(context, 0, "stress");
    let moved = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let interrupt = &context.interrupt;
    let findings = log_stress::stress(&policy, &table, &request, &intake, &moved, interrupt);
    bar.finish_and_clear();
    let names: Vec<String> = read().map(|path| path.display().to_string()).collect();
    let bad = |file: String, message: String| InputError::whole_file(&file, message).into();
    let findings = findings.map_err(|failure| match failure {
        log_stress::Failure::Interrupted => CliError::Interrupted,
        log_stress::Failure::Mode(why) => CliError::Usage(format!("--mode {why}")),
        log_stress::Failure::Log(why) => bad(names.join(", "), why.to_owned()),
        log_stress::Failure::Schedule(why) => {
            bad(policy_path.display().to_string(), why.to_string())
        }
    })?;
    let drawn = drawing(plot::log_stress_curves(&findings))?;
    let mut sheet = report::log_stress::sheet(&findings, drawn.clone());
    if context.output.has_page() {
        let policies = [policy_path.to_owned()];
        sheet.provenance = replay_page::provenance(read(), &policies, PAPER)?;
    }
    let shown = context.output.emit(&findings, &sheet);
    write_figure(figure, drawn, context)?;
    shown?;
    Ok(exit::FINE)
}

/// The figure, if there is anything to draw.
fn drawing(drawn: Result<Figure, PlotError>) -> Result<Option<Figure>, CliError> {
    match drawn {
        Ok(drawn) => Ok(Some(drawn)),
        Err(PlotError::Nothing(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn write_figure(
    figure: Option<(&Path, output::Picture)>,
    drawn: Option<Figure>,
    context: &Context,
) -> Result<(), CliError> {
    match (figure, drawn) {
        (Some((path, form)), Some(drawn)) => output::write_file(path, form.bytes(&drawn))?,
        (Some(_), None) => context
            .output
            .tell("no mode was examined: no figure was drawn"),
        (None, _) => {}
    }
    Ok(())
}
