//! `foldem explain`: why two scenarios or two logs save differently, and which ranges decide what one saves.

use std::path::{Path, PathBuf};

use clap::Args;

use super::error::{CliError, exit};
use super::output::{self, Picture};
use super::replay::{
    IntakeArgs, PAPER, ProblemArg, auditor, once_stdin, options_stand_before, policy,
};
use super::{Context, filling, progress, replay_page};
use crate::input::InputError;
use crate::plot::{self, Figure, PlotError};
use crate::report::{self, Sheet};
use crate::scenario::Scenario;
use crate::study::explanation::logs::{LogExplanationError, LogRequest, explain_logs};
use crate::study::explanation::{ExplanationError, explain};
use crate::study::sensitivity::{Ranges, SensitivityError, evaluate};

/// Say what a difference in savings, or their range, is due to
///
/// Of two scenarios, or of a policy on two logs: how much of the difference in savings and in cost ratio is due to how
/// often things go wrong, how early, how well it is detected, false alarms and lengths. Each part's share is its Shapley
/// value: the mean change when it is exchanged, over all orders of exchanging parts, evaluated exactly. Of a
/// scenario whose numbers lie in ranges (--over): which of them decide, by Sobol indices.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    foldem explain experiments/runaway.toml experiments/runaway-undetected.toml\n  \
    foldem explain --over experiments/explain/published-savings.toml --figure indices.svg\n  \
    foldem explain --policy paper a.jsonl.gz -- b.jsonl.zst\n  \
    foldem explain --policy my-policy.toml --report explain.html a.jsonl.gz -- b.jsonl.zst\n\n\
    Two scenarios need the same stages, fault kinds and as many validators. Two logs are parted by --: those before \
    it are one, those behind it the other. Ranges name their scenario:\n  \
    schema = \"foldem.ranges/1\"\n  \
    name = \"ranges\"\n  \
    scenario = \"my.toml\"\n  \
    [[range]]\n  \
    name = \"detection\"\n  \
    keys = [\"validator.check.detects.wrong\"]\n  \
    from = 0.1\n  \
    to = 0.9\n\n\
    Exit codes: 0 fine, 2 usage, 3 bad input (also: scenarios whose parts cannot be exchanged, ranges that span an \
    invalid scenario, a log without verdicts or with one only), 130 interrupted.")]
pub(super) struct ExplainArgs {
    /// Two scenarios (foldem.scenario/1), from the first to the second; with --policy the logs to start from; - is
    /// stdin
    #[arg(value_name = "FILE", required_unless_present = "over")]
    files: Vec<PathBuf>,
    /// With --policy: the logs to arrive at
    #[arg(last = true, value_name = "LOG", requires = "policy")]
    others: Vec<PathBuf>,
    /// Ranges of a scenario's numbers (foldem.ranges/1): which of them decide; - is stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["files", "others", "policy", "problem", "resamples", "seed"])]
    over: Option<PathBuf>,
    /// Policy file (foldem.policy/1) for two logs; `paper` is the paper's policy
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// With --policy: whether problems were generated, too
    #[arg(long, value_enum, default_value_t = ProblemArg::Given, requires = "policy")]
    problem: ProblemArg,
    /// With --policy: how often prompts are drawn anew for the intervals
    #[arg(long, value_name = "N", default_value_t = 2000, requires = "policy", value_parser = clap::value_parser!(u64).range(40..=1_000_000))]
    resamples: u64,
    /// With --policy: root of these draws
    #[arg(long, value_name = "SEED", default_value_t = 42, requires = "policy")]
    seed: u64,
    /// Also draw the shares, or the indices (.svg .png)
    #[arg(long, value_name = "FILE")]
    figure: Option<PathBuf>,
    #[command(flatten)]
    intake: IntakeArgs,
}

/// The file of the figure, if there is to be one, and its form.
type Wanted<'p> = Option<(&'p Path, Picture)>;

pub(super) fn run(args: &ExplainArgs, context: &Context) -> Result<u8, CliError> {
    let inputs = args.files.iter().chain(&args.others).chain(&args.over);
    let inputs: Vec<&Path> = inputs.chain(&args.policy).map(PathBuf::as_path).collect();
    once_stdin(&inputs)?;
    if args.policy.is_none() && args.intake.skip_malformed {
        let message =
            "--skip-malformed: there are no lines to leave out; it goes with logs and --policy";
        return Err(CliError::Usage(message.to_owned()));
    }
    options_stand_before(&args.others)?;
    // What cannot be written is told before the work, not after.
    let figure = output::picture(args.figure.as_deref(), &inputs)?;
    let outputs = figure.iter().map(|(path, _)| *path);
    context
        .output
        .keeps(&inputs.iter().copied().chain(outputs).collect::<Vec<_>>())?;
    match (&args.over, &args.policy, args.files.as_slice()) {
        (Some(over), ..) => of_ranges(over, figure, context),
        (None, Some(policy), files) if !args.others.is_empty() => {
            of_logs(args, policy, [files, &args.others], figure, context)
        }
        (None, Some(_), _) => Err(CliError::Usage(
            "explain --policy: two logs are held against each other; write the second behind --, as in \
             `foldem explain --policy paper a.jsonl -- b.jsonl`"
                .to_owned(),
        )),
        (None, None, [first, second]) => of_scenarios([first, second], figure, context),
        (None, None, files) => Err(CliError::Usage(format!(
            "explain: two scenarios are held against each other, not {}; of logs say --policy, of ranges --over",
            files.len()
        ))),
    }
}

fn of_scenarios(
    [first, second]: [&PathBuf; 2],
    figure: Wanted<'_>,
    context: &Context,
) -> Result<u8, CliError> {
    let study = "`foldem explain`";
    let scenarios = [
        Scenario::load_without_early_exit(first, study)?,
        Scenario::load_without_early_exit(second, study)?,
    ];
    let findings =
        explain(&scenarios[0], &scenarios[1], &context.interrupt).map_err(|error| match error {
            ExplanationError::Interrupted => CliError::Interrupted,
            error => refused(second, &error),
        })?;
    let sheet = report::explanation::sheet(&findings);
    let drawn = plot::waterfall_of_scenarios(&findings);
    finish(&findings, sheet, drawn, figure, context)?;
    Ok(exit::FINE)
}

fn of_ranges(path: &Path, figure: Wanted<'_>, context: &Context) -> Result<u8, CliError> {
    let ranges = Ranges::load(path)?;
    let bar = progress::points(context, ranges.points(), "explain");
    let findings = evaluate(&ranges, &|done| bar.set_position(done), &context.interrupt);
    bar.finish_and_clear();
    let findings = findings.map_err(|error| match error {
        SensitivityError::Interrupted => CliError::Interrupted,
        error @ SensitivityError::Invalid(_) => refused(path, &error),
    })?;
    let sheet = report::sensitivity::sheet(&findings);
    let drawn = plot::sensitivity_bars(&findings);
    finish(&findings, sheet, drawn, figure, context)?;
    Ok(exit::FINE)
}

fn of_logs(
    args: &ExplainArgs,
    policy_file: &PathBuf,
    logs: [&[PathBuf]; 2],
    figure: Wanted<'_>,
    context: &Context,
) -> Result<u8, CliError> {
    let policy = policy(policy_file)?;
    let auditor = auditor(&policy, policy_file)?;
    let mut read = Vec::new();
    for log in logs {
        let (table, intake) = filling::table(log, &auditor, args.intake, context)?;
        if intake.partial {
            return Err(CliError::Interrupted);
        }
        read.push((table, intake));
    }
    let names = names(logs);
    let request = LogRequest {
        problem_generated: args.problem == ProblemArg::Generated,
        resamples: args.resamples,
        seed: args.seed,
    };
    let sides = [0, 1].map(|side: usize| (names[side].as_str(), &read[side].0, &read[side].1));
    let findings =
        explain_logs(&policy, sides, request, &context.interrupt).map_err(|error| match error {
            LogExplanationError::Interrupted => CliError::Interrupted,
            error @ (LogExplanationError::Missing(_) | LogExplanationError::Schedule(_)) => {
                refused(policy_file, &error)
            }
            error => refused(Path::new(&names.join(" -- ")), &error),
        })?;
    let mut sheet = report::log_explanation::sheet(&findings);
    if context.output.has_page() {
        let files = logs.into_iter().flatten();
        sheet.provenance =
            replay_page::provenance(files, std::slice::from_ref(policy_file), PAPER)?;
    }
    let drawn = plot::waterfall_of_logs(&findings);
    finish(&findings, sheet, drawn, figure, context)?;
    Ok(exit::FINE)
}

/// Names of two logs: their files, with folders only where they are needed to tell them apart.
fn names(logs: [&[PathBuf]; 2]) -> [String; 2] {
    let short = |path: &PathBuf| path.file_name().map(|n| n.to_string_lossy().into_owned());
    let joined = |name: &dyn Fn(&PathBuf) -> String| {
        logs.map(|log| log.iter().map(name).collect::<Vec<_>>().join(" + "))
    };
    let long = |path: &PathBuf| path.display().to_string();
    let names = joined(&|path| short(path).unwrap_or_else(|| long(path)));
    if names[0] == names[1] {
        joined(&long)
    } else {
        names
    }
}

/// Input that is in order by itself and yet has no answer.
fn refused(path: &Path, error: &dyn std::error::Error) -> CliError {
    InputError::whole_file(&path.display().to_string(), error.to_string()).into()
}

/// Shows and writes what was found; the figure is written even where nobody reads stdout to its end.
fn finish(
    findings: &impl serde::Serialize,
    mut sheet: Sheet,
    drawn: Result<Figure, PlotError>,
    figure: Wanted<'_>,
    context: &Context,
) -> Result<(), CliError> {
    // Where there is nothing to draw, the tables say so.
    let drawn = match drawn {
        Ok(drawn) => Some(drawn),
        Err(PlotError::Nothing(_)) => None,
        Err(error) => return Err(error.into()),
    };
    sheet.figures.extend(drawn.clone());
    let shown = context.output.emit(findings, &sheet);
    match (figure, drawn) {
        (Some((path, form)), Some(drawn)) => output::write_file(path, form.bytes(&drawn))?,
        (Some(_), None) => context
            .output
            .tell("the two do not differ: no figure was drawn"),
        (None, _) => {}
    }
    shown
}
