//! `foldem calibrate`: whether predictions are right on average, and whether stopping by them keeps their
//! mean.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::error::{CliError, exit};
use super::filling::{self, malformed};
use super::replay::{IntakeArgs, PAPER, auditor, once_stdin, policy};
use super::{Context, output, progress, replay_page};
use crate::input::InputError;
use crate::log::Reader;
use crate::plot::{self, PlotError};
use crate::replay::Replay;
use crate::report;
use crate::scenario::Scenario;
use crate::study::calibration::{
    Failure, Predicted, PredictedLog, Predictions, Request, Stops, of_log, of_scenario, predictions,
};

/// Find out whether predicted utilities are right on average: reliability, calibration error, Brier score
///
/// Of a log: the predictions that its records carry (attributes.predicted_utility, one number in [0, 1] or a
/// list of them, and attributes.predicted_at, the solution tokens after which each was made) are held
/// against `utility`, else `correct`. Besides, whether they are a martingale, which rejecting by them at any
/// time needs: steps from one prediction to the next must average 0, and stopping must keep the mean.
/// Of a scenario: its posterior after each stage, and the scores of its validators.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    foldem calibrate experiments/calibration/predicted.jsonl.zst\n  \
    foldem calibrate experiments/calibration/predicted.jsonl.zst --policy experiments/policies/every-8-tokens.toml --bins 20 --figure reliability.svg\n  \
    foldem calibrate experiments/calibrated.toml --attempts 100000\n  \
    foldem calibrate experiments/gsm8k-like.toml --format json --report calibration.html\n\n\
    Passing the martingale test proves nothing; failing it means that bias is to be expected.\n\n\
    Exit codes: 0 fine (also: the test fails), 2 usage, 3 bad input (also: no predictions, no utilities, \
    or all of them alike), 130 interrupted.")]
pub(super) struct CalibrateArgs {
    /// Logs of generations (JSON Lines; .gz and .zst are decompressed; or .parquet), or one scenario
    /// (.toml)
    #[arg(required = true, value_name = "LOG|SCENARIO")]
    inputs: Vec<PathBuf>,
    /// Of a log: also examine the stops of this policy (foldem.policy/1, or `paper`); needs
    /// attributes.predicted_at; may be repeated
    #[arg(long = "policy", value_name = "FILE")]
    policies: Vec<PathBuf>,
    /// Bins of equal width
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    bins: u32,
    /// Of a scenario: generations to draw [default: 200000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    attempts: Option<u64>,
    /// Of a scenario: generations of a prompt [default: 1]
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u64).range(1..=1000))]
    per_prompt: Option<u64>,
    /// Of a scenario: root seed [default: 42]
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Also draw the reliability diagrams (.svg .png)
    #[arg(long, value_name = "FILE")]
    figure: Option<PathBuf>,
    #[command(flatten)]
    intake: IntakeArgs,
}

/// Generations that are drawn where nothing is said.
const ATTEMPTS: u64 = 200_000;
/// Their root seed where nothing is said.
const SEED: u64 = 42;

pub(super) fn run(args: &CalibrateArgs, context: &Context) -> Result<u8, CliError> {
    let inputs = args.inputs.iter().chain(&args.policies);
    let mut others: Vec<&Path> = inputs.map(PathBuf::as_path).collect();
    once_stdin(&others)?;
    let figure = output::picture(args.figure.as_deref(), &others)?;
    others.extend(figure.iter().map(|(path, _)| *path));
    context.output.keeps(&others)?;
    let findings = match args.inputs.as_slice() {
        [input] if input.extension().is_some_and(|ending| ending == "toml") => {
            if !args.policies.is_empty() || args.intake.skip_malformed {
                let message = "a scenario has its own policy and no lines to leave out; --policy and \
                               --skip-malformed go with a log";
                return Err(CliError::Usage(message.to_owned()));
            }
            let scenario = Scenario::load(input)?;
            let request = Request {
                bins: args.bins,
                attempts: args.attempts.unwrap_or(ATTEMPTS),
                per_prompt: args.per_prompt.unwrap_or(1),
                seed: args.seed.unwrap_or(SEED),
            };
            of_scenario(&scenario, request, &context.interrupt)
        }
        logs => {
            let drawing = [
                ("--attempts", args.attempts),
                ("--per-prompt", args.per_prompt),
                ("--seed", args.seed),
            ];
            if let Some((option, _)) = drawing.iter().find(|(_, value)| value.is_some()) {
                return Err(CliError::Usage(format!(
                    "{option}: nothing is drawn from a log; it goes with a scenario"
                )));
            }
            let (log, skipped) = predicted(logs, args.intake, context)?;
            let stops = stops(args, &log, context)?;
            of_log(&log, args.bins, &stops).map(|mut findings| {
                if skipped > 0 {
                    let message = format!("{skipped} malformed lines were left out");
                    findings.warnings.push(message);
                }
                findings
            })
        }
    };
    let findings = findings.map_err(|failure| match failure {
        Failure::Interrupted => CliError::Interrupted,
        Failure::Nothing(why) => InputError::whole_file(&names(&args.inputs), why).into(),
    })?;
    let drawn = match plot::reliability(&findings) {
        Ok(drawn) => Some(drawn),
        Err(PlotError::Nothing(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let mut sheet = report::calibration::sheet(&findings, drawn.clone());
    if context.output.has_page() {
        sheet.provenance = replay_page::provenance(args.inputs.iter(), &args.policies, PAPER)?;
    }
    let shown = context.output.emit(&findings, &sheet);
    if let Some(((path, form), drawn)) = figure.zip(drawn) {
        output::write_file(path, form.bytes(&drawn))?;
    }
    shown?;
    Ok(exit::FINE)
}

fn names(paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    names.join(", ")
}

/// The predictions of logs, and how many malformed lines were left out.
pub(super) fn predicted(
    logs: &[PathBuf],
    intake: IntakeArgs,
    context: &Context,
) -> Result<(PredictedLog, u64), CliError> {
    let mut log = PredictedLog {
        name: names(logs),
        ..PredictedLog::default()
    };
    let mut prompts: BTreeMap<(Option<String>, String), usize> = BTreeMap::new();
    let (mut records, mut skipped) = (0, 0);
    let bar = progress::records(context, "calibrate");
    let mut before: Option<(Reader, String)> = None;
    for path in logs {
        let name = path.display().to_string();
        let mut reader = Reader::open(path)?.longest_line(intake.max_line);
        if let Some((earlier, earlier_name)) = before.take() {
            reader = reader.after(earlier, &earlier_name);
        }
        for record in &mut reader {
            if context.interrupt.raised() {
                return Err(CliError::Interrupted);
            }
            let record = match record {
                Ok(record) => record,
                Err(_) if intake.skip_malformed => {
                    skipped += 1;
                    continue;
                }
                Err(error) => return Err(malformed(&name, error, None).into()),
            };
            bar.inc(1);
            let number = records;
            records += 1;
            let found = predictions(&record);
            match found.map_err(|why| InputError::whole_file(&name, why))? {
                None => log.without_prediction += 1,
                Some(Predictions { path, at }) => {
                    let Some(utility) = record.value() else {
                        log.without_utility += 1;
                        continue;
                    };
                    let next = prompts.len();
                    let prompt = (record.benchmark.clone(), record.prompt().to_owned());
                    log.generations.push(Predicted {
                        prompt: *prompts.entry(prompt).or_insert(next),
                        record: number,
                        path,
                        at,
                        utility,
                    });
                }
            }
        }
        before = Some((reader, name));
    }
    bar.finish_and_clear();
    log.sort();
    Ok((log, skipped))
}

/// Where policies stop the generations: at the last prediction that was made before.
fn stops(
    args: &CalibrateArgs,
    log: &PredictedLog,
    context: &Context,
) -> Result<Vec<Stops>, CliError> {
    let mut found = Vec::new();
    for path in &args.policies {
        let bad = |why: String| InputError::whole_file(&path.display().to_string(), why);
        if log.generations.iter().any(|g| g.at.is_none()) {
            return Err(CliError::Usage(format!(
                "--policy {}: where predictions were made is not told; give each record \
                 attributes.predicted_at, the solution tokens after which each was made",
                path.display()
            )));
        }
        let policy = policy(path)?;
        let auditor = auditor(&policy, path)?;
        let (table, intake) = filling::table(&args.inputs, &auditor, args.intake, context)?;
        if intake.partial {
            return Err(CliError::Interrupted);
        }
        let replay = Replay::new(&table, &policy, policy.checkpoints(), false);
        let replay = replay.map_err(|error| bad(error.to_string()))?;
        let mut before_any = 0;
        let mut at = Vec::with_capacity(log.generations.len());
        for g in &log.generations {
            let made = g.at.as_deref().unwrap_or_default();
            at.push(replay.judgement(g.record).stop.map(|stop| {
                let earlier = made.partition_point(|&tokens| tokens <= stop.tokens);
                before_any += u64::from(earlier == 0);
                earlier.saturating_sub(1)
            }));
        }
        if before_any > 0 {
            return Err(CliError::Usage(format!(
                "--policy {}: it stops {before_any} generations before anything was predicted of them, so \
                 what was predicted at the stop is not known; predict earlier, or leave the policy out",
                path.display()
            )));
        }
        found.push(Stops {
            policy: policy.name().to_owned(),
            at,
        });
    }
    Ok(found)
}
