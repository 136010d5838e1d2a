//! `foldem fit`: the scenario that a log looks like.

use std::path::{Path, PathBuf};

use clap::Args;

use super::error::{CliError, exit};
use super::filling::Filling;
use super::preparation::{Preparation, PreparationArgs};
use super::replay::{IntakeArgs, PAPER, ProblemArg, auditor, once_stdin, policy};
use super::table_file::saved_table;
use super::{Context, output, progress, replay_page};
use crate::input::InputError;
use crate::replay::Replay;
use crate::report;
use crate::study::fit::{FitError, Request, fit};

/// Estimate a scenario from a labelled log: what goes wrong, when, and how well it is seen
///
/// Reads logged generations under a policy, as `replay` does, and finds the scenario whose savings, false
/// rejection rate and cost ratio are the log's: stages between the policy's checkpoints, hazards, fault kinds
/// by the validator that alarms, spread of difficulty, lengths, sensitivity and false alarms, with intervals
/// from prompts drawn again. Says of each parameter whether it is estimated or assumed, and checks the
/// scenario against replay: on the log, and fitted on half of the prompts against the other half.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    foldem fit log.jsonl --policy paper -o fitted.toml\n  \
    foldem replay log.jsonl --policy paper --save-table alarms.parquet\n  \
    foldem fit --table alarms.parquet --policy paper --resamples 400 --format json\n\n\
    What is fitted goes on as any scenario does:\n  \
    foldem check fitted.toml\n  \
    foldem stress fitted.toml\n  \
    foldem optimal fitted.toml\n\n\
    Exit codes: 0 fine (also where the scenario and replay do not agree: that is a finding), 2 usage, 3 bad input \
    (also a log that does not determine a scenario: no labels, one class, one prompt, no alarms, no checkpoint), \
    130 interrupted.")]
pub(super) struct FitArgs {
    /// Logs of generations (JSON Lines; .gz and .zst are decompressed; or .parquet); - is stdin
    #[arg(required_unless_present = "table", value_name = "LOG")]
    logs: Vec<PathBuf>,
    /// Take the generations of a first-alarm table instead of reading logs
    #[arg(long, value_name = "FILE", conflicts_with_all = ["logs", "grade", "tokenizer"])]
    table: Option<PathBuf>,
    /// Policy file (foldem.policy/1); - is stdin; `paper` is the paper's policy
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// Write the scenario (foldem.scenario/1), with where it comes from and what is assumed
    #[arg(short, long, value_name = "SCENARIO")]
    output: Option<PathBuf>,
    /// Whether problems were generated, too: their tokens then count, and checkpoints at the
    /// problem apply
    #[arg(long, value_enum, default_value_t = ProblemArg::Given)]
    problem: ProblemArg,
    /// Resamples of prompts for the intervals
    #[arg(long, default_value_t = 400, value_name = "B", value_parser = clap::value_parser!(u64).range(40..=1_000_000))]
    resamples: u64,
    /// Root of all randomness
    #[arg(long, default_value_t = 42, value_name = "SEED")]
    seed: u64,
    /// Leave out the fit on half of the prompts
    #[arg(long)]
    no_round_trip: bool,
    #[command(flatten)]
    preparation: PreparationArgs,
    #[command(flatten)]
    intake: IntakeArgs,
}

impl FitArgs {
    fn check_files(&self, context: &Context) -> Result<(), CliError> {
        let read = self.logs.iter().chain(&self.table).chain([&self.policy]);
        let mut files: Vec<&Path> = read.map(PathBuf::as_path).collect();
        once_stdin(&files)?;
        if self.table.is_some() && self.intake.skip_malformed {
            let message = "--skip-malformed: with --table no log is read; leave it out";
            return Err(CliError::Usage(message.to_owned()));
        }
        if let Some(file) = &self.output {
            output::product("-o", file, &files)?;
            files.push(file);
        }
        context.output.keeps(&files)
    }
}

pub(super) fn run(args: &FitArgs, context: &Context) -> Result<u8, CliError> {
    args.check_files(context)?;
    let mut preparation = Preparation::new(&args.preparation)?;
    let policy = policy(&args.policy)?;
    let auditor = auditor(&policy, &args.policy)?;
    let (table, intake) = match &args.table {
        Some(file) => saved_table(file, &policy, &args.policy, context)?,
        None => Filling::new(&auditor, args.intake, &mut preparation, context).logs(&args.logs)?,
    };
    if intake.partial {
        // Half of a log is another log: nothing is fitted to it.
        return Err(CliError::Interrupted);
    }
    let name = args.policy.display().to_string();
    let generated = args.problem == ProblemArg::Generated;
    let replay = Replay::new(&table, &policy, policy.checkpoints(), generated)
        .map_err(|e| InputError::whole_file(&name, e.to_string()))?;
    let request = Request {
        resamples: args.resamples,
        seed: args.seed,
        round_trip: !args.no_round_trip,
    };
    let fits = args.resamples * if request.round_trip { 2 } else { 1 };
    let bar = progress::resamples(context, fits, "fit");
    let moved = |done| bar.set_position(done);
    let findings = fit(
        &policy,
        &table,
        &replay,
        (&request, &intake),
        &moved,
        &context.interrupt,
    );
    bar.finish_and_clear();
    let findings = findings.map_err(|e| match e {
        FitError::Interrupted => CliError::Interrupted,
        _ => InputError::whole_file(&name, e.to_string()).into(),
    })?;
    let read = args.logs.iter().chain(&args.table);
    let sources = replay_page::provenance(read, std::slice::from_ref(&args.policy), PAPER)?;
    let mut sheet = report::fit::sheet(&findings);
    sheet.provenance.clone_from(&sources);
    let shown = context.output.emit(&findings, &sheet);
    // The scenario is written even where nobody reads stdout to its end.
    if let Some(file) = &args.output {
        let comment = report::fit::comment(&findings, &sources);
        output::write_file(file, findings.scenario.to_toml(&comment).as_bytes())?;
    }
    shown?;
    Ok(exit::FINE)
}
