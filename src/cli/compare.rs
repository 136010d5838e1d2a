//! `foldem compare`: policies against the first of them, on the same logged generations.

use std::path::{Path, PathBuf};

use clap::Args;

use super::error::{CliError, exit};
use super::replay::{
    IntakeArgs, PAPER, ProblemArg, auditor, once_stdin, options_stand_before, policy,
};
use super::table_file::saved;
use super::{Context, filling, replay_page};
use crate::input::InputError;
use crate::plot;
use crate::replay::{Auditor, Table};
use crate::report;
use crate::study::comparison::{Request, compare};
use crate::study::replay::Intake;

/// Compare policies on the same logged generations: differences with intervals, by prompt
///
/// The log is read once for all policies, and each is held against the first: what it saves more,
/// loses more, detects more, and what a retained sample costs more or less. Differences are paired
/// by generation, so they are far surer than the figures of two replays side by side. With more than
/// two policies verdicts are from intervals that hold for all of them together.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    foldem compare paper my-policy.toml -- log.jsonl\n  \
    foldem compare old-policy.toml new-policy.toml my-policy.toml --report compare.html -- a.jsonl.gz b.jsonl.zst\n  \
    foldem replay log.jsonl --policy all-rules.toml --save-table alarms.parquet\n  \
    foldem compare paper my-policy.toml --table alarms.parquet --format json\n\n\
    Logs stand behind --, policies and options before it. A policy is a file (foldem.policy/1) or `paper`.")]
pub(super) struct CompareArgs {
    /// Policy files (foldem.policy/1), at least two; the others are held against the first; - is
    /// stdin; `paper` is the paper's policy
    #[arg(required = true, num_args = 2.., value_name = "POLICY")]
    policies: Vec<PathBuf>,
    /// Logs of generations (JSON Lines; .gz and .zst are decompressed; or .parquet); - is stdin
    #[arg(last = true, required_unless_present = "table", value_name = "LOG")]
    logs: Vec<PathBuf>,
    /// Take the generations of a first-alarm table instead of reading logs; it must have columns
    /// for the validators of all policies
    #[arg(long, value_name = "FILE", conflicts_with = "logs")]
    table: Option<PathBuf>,
    /// Whether problems were generated, too: their tokens then count, and checkpoints at the
    /// problem apply
    #[arg(long, value_enum, default_value_t = ProblemArg::Given)]
    problem: ProblemArg,
    /// Compare policies that expect different lengths, each with its own `expected_tokens`
    #[arg(long)]
    own_expected_tokens: bool,
    #[command(flatten)]
    intake: IntakeArgs,
}

pub(super) fn run(args: &CompareArgs, context: &Context) -> Result<u8, CliError> {
    let inputs = args.policies.iter().chain(&args.logs).chain(&args.table);
    let inputs: Vec<&Path> = inputs.map(PathBuf::as_path).collect();
    once_stdin(&inputs)?;
    options_stand_before(&args.logs)?;
    context.output.keeps(&inputs)?;
    if args.table.is_some() && args.intake.skip_malformed {
        let message = "--skip-malformed: with --table no log is read; leave it out";
        return Err(CliError::Usage(message.to_owned()));
    }
    let policies = args.policies.iter().map(|path| policy(path));
    let policies: Vec<_> = policies.collect::<Result<_, _>>()?;
    let auditors = policies.iter().zip(&args.policies);
    let auditors = auditors.map(|(policy, path)| auditor(policy, path));
    let auditor = Auditor::joined(auditors.collect::<Result<Vec<_>, _>>()?);
    let (table, intake) = table(args, &auditor, context)?;
    let partial = intake.partial;
    if partial && table.rows().is_empty() {
        context.output.tell("interrupted before the first record");
        return Ok(exit::INTERRUPTED);
    }
    let request = Request {
        problem_generated: args.problem == ProblemArg::Generated,
        own_expected_tokens: args.own_expected_tokens,
    };
    let findings = compare(&policies, &table, request, &intake).map_err(|e| {
        let path = args.policies[e.policy()].display().to_string();
        InputError::whole_file(&path, e.to_string())
    })?;
    let mut sheet = report::comparison::sheet(&findings);
    if context.output.has_page() {
        // Too many policies for a figure; the tables say it all.
        sheet.figures = plot::differences_from_first(&findings)
            .into_iter()
            .collect();
        let read = args.logs.iter().chain(&args.table);
        sheet.provenance = replay_page::provenance(read, &args.policies, PAPER)?;
    }
    context.output.emit(&findings, &sheet)?;
    Ok(if partial {
        exit::INTERRUPTED
    } else {
        exit::FINE
    })
}

fn table(
    args: &CompareArgs,
    auditor: &Auditor,
    context: &Context,
) -> Result<(Table, Intake), CliError> {
    match &args.table {
        Some(file) => Ok(saved(file, context)?),
        None => filling::table(&args.logs, auditor, args.intake, context),
    }
}
