//! `foldem monitor`: a deployed policy's growing log, under watch.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::error::{CliError, exit};
use super::{Context, output, progress};
use crate::input::InputError;
use crate::log::Tail;
use crate::report;
use crate::study::monitor::{Monitor, MonitorError, Settings, Verdict};

/// How long to wait for further lines.
const PAUSE: Duration = Duration::from_millis(500);
/// The state is written at least once in so many records.
const RECORDS_PER_STATE: u64 = 10_000;

/// Watch the log of a deployed policy and raise an alarm when it rejects too many good generations
///
/// Reads the log (JSON Lines) of a policy that runs: `rejected_at` where it rejected, the verdict of the
/// generations that it let pass and of the rejected ones that were completed all the same, with
/// probability `pass_through`. Keeps intervals for the false rejection rate and the savings that hold at
/// all times together, so looking often costs nothing. Exit code 5 once the false rejection rate is known
/// to be above the bound.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    foldem monitor deployed.jsonl --max-frr 0.05 --pass-through 0.1\n  \
    foldem monitor deployed.jsonl --max-frr 0.05 --pass-through 0.1 --state watch.json\n  \
    foldem monitor deployed.jsonl --max-frr 0.05 --pass-through 0.1 --state watch.json --follow\n  \
    foldem monitor deployed.jsonl --max-frr 0.05 --pass-through 0.1 --max-tokens 2048 --format json\n\n\
    With --state a later run goes on where the earlier one ended, with the same result as one run.")]
pub(super) struct MonitorArgs {
    /// Log of the deployed policy (plain JSON Lines), to which lines are added
    log: PathBuf,
    /// The bound on the false rejection rate, in (0, 1)
    #[arg(long, value_name = "A")]
    max_frr: f64,
    /// Confidence of each interval, in (0, 1), for all times together
    #[arg(long, value_name = "C", default_value_t = 0.95)]
    confidence: f64,
    /// The least probability, in (0, 1], with which a rejected generation is completed
    #[arg(long, value_name = "P", default_value_t = 1.0)]
    pass_through: f64,
    /// The most generations that a prompt has; it counts as a whole
    #[arg(long, value_name = "M", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=4096))]
    per_prompt: u32,
    /// The most tokens that a generation has: savings then have an interval, too
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    max_tokens: Option<u64>,
    /// How many prompts may be incomplete at a time; the oldest of more counts as it is
    #[arg(long, value_name = "N", default_value_t = 1000,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    open: u32,
    /// Go on from FILE if it exists, and keep the state of the watch in it (foldem.monitor-state/1)
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Keep reading as the log grows, until an alarm or Ctrl-C
    #[arg(long)]
    follow: bool,
}

pub(super) fn run(args: &MonitorArgs, context: &Context) -> Result<u8, CliError> {
    let settings = settings(args)?;
    let mut others = vec![args.log.as_path()];
    if let Some(state) = &args.state {
        output::product("--state", state, &others)?;
        others.push(state);
    }
    context.output.keeps(&others)?;
    let mut monitor = begin(args.state.as_deref(), settings)?;
    let mut tail = Tail::open(&args.log, &monitor.position)?;
    let bar = progress::records(context, "monitor");
    let ended = watch(args, context, &mut monitor, &mut tail, &bar);
    bar.finish_and_clear();
    // What was read before a mistake has been read.
    keep(args.state.as_deref(), &monitor)?;
    let interrupted = ended?;
    let findings = monitor.findings();
    context
        .output
        .emit(&findings, &report::monitor::sheet(&findings))?;
    Ok(match findings.verdict {
        Verdict::Exceeded => exit::ALARM,
        _ if interrupted => exit::INTERRUPTED,
        _ => exit::FINE,
    })
}

/// Reads what there is, and with --follow what comes; whether it was interrupted.
fn watch(
    args: &MonitorArgs,
    context: &Context,
    monitor: &mut Monitor,
    tail: &mut Tail,
    bar: &indicatif::ProgressBar,
) -> Result<bool, CliError> {
    let mut unsaved = 0;
    loop {
        while let Some(record) = tail.next_record()? {
            monitor
                .add(&record)
                .map_err(|error| refused(tail, &error))?;
            monitor.position = tail.position().clone();
            bar.inc(1);
            unsaved += 1;
            let alarm = args.follow && monitor.verdict() == Verdict::Exceeded;
            if alarm || context.interrupt.raised() {
                return Ok(!alarm);
            }
            if unsaved >= RECORDS_PER_STATE {
                keep(args.state.as_deref(), monitor)?;
                unsaved = 0;
            }
        }
        // Blank lines at the end have been read, too.
        monitor.position = tail.position().clone();
        let alarm = monitor.verdict() == Verdict::Exceeded;
        if !args.follow || alarm || context.interrupt.raised() {
            return Ok(context.interrupt.raised());
        }
        if unsaved > 0 {
            keep(args.state.as_deref(), monitor)?;
            unsaved = 0;
        }
        std::thread::sleep(PAUSE);
    }
}

fn refused(tail: &Tail, error: &MonitorError) -> CliError {
    let (key, message) = match error {
        MonitorError::Record { key, message } => (*key, message.clone()),
        other => ("", other.to_string()),
    };
    tail.refuse(key, message).into()
}

/// The watch of a state file, or a new one.
fn begin(state: Option<&Path>, settings: Settings) -> Result<Monitor, CliError> {
    let Some(path) = state.filter(|path| path.exists()) else {
        return Ok(Monitor::new(settings));
    };
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|e| InputError::whole_file(&name, format!("cannot be read: {e}")))?;
    let monitor = Monitor::resume(&text, settings);
    Ok(monitor.map_err(|e| InputError::whole_file(&name, e.to_string()))?)
}

fn keep(state: Option<&Path>, monitor: &Monitor) -> Result<(), CliError> {
    let Some(path) = state else {
        return Ok(());
    };
    let text = serde_json::to_string(monitor)
        .map_err(|e| CliError::Internal(format!("the state cannot be written: {e}")))?;
    output::write_file(path, (text + "\n").as_bytes())
}

fn settings(args: &MonitorArgs) -> Result<Settings, CliError> {
    let inside = |x: f64| x > 0.0 && x < 1.0;
    let mut wrong = Vec::new();
    for (option, value) in [
        ("--max-frr", args.max_frr),
        ("--confidence", args.confidence),
    ] {
        if !inside(value) {
            wrong.push(format!(
                "{option} {value}: must lie between 0 and 1, and be neither"
            ));
        }
    }
    if !(args.pass_through > 0.0 && args.pass_through <= 1.0) {
        wrong.push(format!(
            "--pass-through {}: must lie in (0, 1]; where no rejected generation is ever completed, \
             nothing is known of false rejections",
            args.pass_through
        ));
    }
    if !wrong.is_empty() {
        return Err(CliError::Usage(wrong.join("\n")));
    }
    Ok(Settings {
        max_frr: args.max_frr,
        confidence: args.confidence,
        per_prompt: args.per_prompt,
        pass_through: args.pass_through,
        max_tokens: args.max_tokens,
        open: args.open,
    })
}
