//! `foldem surface`: what one would get, by model and benchmark, beside scenarios.

use std::path::{Path, PathBuf};

use clap::Args;

use super::error::{CliError, exit};
use super::evaluation::evaluated;
use super::output::{self, Picture};
use super::replay::{IntakeArgs, PAPER, ProblemArg, auditor, once_stdin, policy};
use super::table_file::saved;
use super::{Context, filling, replay_page};
use crate::input::InputError;
use crate::plot::{self, Figure, PlotError, Row};
use crate::replay::Auditor;
use crate::report;
use crate::scenario::Scenario;
use crate::study::surface::{SurfaceFindings, surface};

/// Show what one would get: savings, errors and costs by model and benchmark, for logs and scenarios
///
/// Each model on each benchmark is replayed alone under each policy, as `replay` would a log of these
/// generations only: savings, false rejections, detection and cost per retained sample, beside a coin that
/// rejects as often and, where steps are labelled, what stopping at the first wrong step would give.
/// Scenarios among the inputs (.toml) are rows of their own, with exact values under their own policies.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    foldem surface log.jsonl --policy paper\n  \
    foldem surface a.jsonl.gz b.jsonl.zst --policy paper --policy my-policy.toml --format csv\n  \
    foldem surface log.jsonl experiments/gsm8k-like.toml --policy paper --report surface.html\n  \
    foldem surface log.jsonl --policy paper --figure surface.svg --error-figure errors.png\n  \
    foldem replay log.jsonl --policy all-rules.toml --save-table alarms.parquet\n  \
    foldem surface --table alarms.parquet --policy old-policy.toml --format json\n\n\
    The best of many rows looks better than it is: intervals are of each row alone.\n\n\
    Exit codes: 0 fine, 2 usage, 3 bad input (also: a policy that has no place in any group), 130 \
    interrupted.")]
pub(super) struct SurfaceArgs {
    /// Logs of generations (JSON Lines; .gz and .zst are decompressed; or .parquet; - is stdin), and scenarios
    /// (foldem.scenario/1, by their ending .toml)
    #[arg(required_unless_present = "table", value_name = "LOG|SCENARIO")]
    inputs: Vec<PathBuf>,
    /// Take the generations of a first-alarm table (`replay --save-table`) instead of reading logs
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// Policy file (foldem.policy/1); may be repeated; `paper` is the paper's policy
    #[arg(long = "policy", required = true, value_name = "FILE")]
    policies: Vec<PathBuf>,
    /// Whether problems were generated, too: their tokens then count, and checkpoints at the
    /// problem apply
    #[arg(long, value_enum, default_value_t = ProblemArg::Given)]
    problem: ProblemArg,
    /// Also draw savings and cost ratio of each row (.svg .png)
    #[arg(long, value_name = "FILE")]
    figure: Option<PathBuf>,
    /// Also draw false positives and false negatives of each row (.svg .png)
    #[arg(long, value_name = "FILE")]
    error_figure: Option<PathBuf>,
    #[command(flatten)]
    intake: IntakeArgs,
}

pub(super) fn run(args: &SurfaceArgs, context: &Context) -> Result<u8, CliError> {
    let (scenarios, logs): (Vec<PathBuf>, Vec<PathBuf>) = args
        .inputs
        .iter()
        .cloned()
        .partition(|path| is_scenario(path));
    let [savings, errors] = check_files(args, &logs, context)?;
    let load = |path: &PathBuf| Scenario::load_without_early_exit(path, "`foldem surface`");
    let scenarios: Vec<Scenario> = scenarios.iter().map(load).collect::<Result<_, _>>()?;
    let policies = args.policies.iter().map(|path| policy(path));
    let policies: Vec<_> = policies.collect::<Result<_, _>>()?;
    let auditors = policies.iter().zip(&args.policies);
    let auditors = auditors.map(|(policy, path)| auditor(policy, path));
    let auditor = Auditor::joined(auditors.collect::<Result<Vec<_>, _>>()?);
    let (table, intake) = match &args.table {
        Some(file) => saved(file, context)?,
        None => filling::table(&logs, &auditor, args.intake, context)?,
    };
    // Part of a log would stand there as if it were the whole.
    if intake.partial {
        return Err(CliError::Interrupted);
    }
    let generated = args.problem == ProblemArg::Generated;
    let findings = evaluated(&context.interrupt, move || {
        surface(&policies, &table, generated, &intake, &scenarios)
    })?
    .map_err(|e| {
        let path = args.policies[e.policy].display().to_string();
        InputError::whole_file(&path, e.message)
    })?;
    let rows = rows(&findings);
    let [drawn_savings, drawn_errors] =
        [plot::savings_and_cost(&rows), plot::errors_by_group(&rows)];
    let mut sheet = report::surface::sheet(&findings);
    if context.output.has_page() {
        // A figure that has nothing to show, or too much, is left out; the table says it all.
        let drawn = [&drawn_savings, &drawn_errors].into_iter().flatten();
        sheet.figures = drawn.cloned().collect();
        let read = args.inputs.iter().chain(&args.table);
        sheet.provenance = replay_page::provenance(read, &args.policies, PAPER)?;
    }
    // The figures are written even where nobody reads stdout to its end.
    let shown = context.output.emit(&findings, &sheet);
    write_figure(savings, drawn_savings, context)?;
    write_figure(errors, drawn_errors, context)?;
    shown?;
    Ok(exit::FINE)
}

fn is_scenario(path: &Path) -> bool {
    path.extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("toml"))
}

/// What cannot be read or written is told before the work, not after. The files of the figures.
fn check_files<'a>(
    args: &'a SurfaceArgs,
    logs: &[PathBuf],
    context: &Context,
) -> Result<[Option<(&'a Path, Picture)>; 2], CliError> {
    let inputs = args.inputs.iter().chain(&args.table).chain(&args.policies);
    let mut others: Vec<&Path> = inputs.map(PathBuf::as_path).collect();
    once_stdin(&others)?;
    match (&args.table, logs) {
        (None, []) => {
            let message = "the inputs are scenarios only; name a log, too, or ask `foldem simulate` for the \
                           exact figures of a scenario";
            return Err(CliError::Usage(message.to_owned()));
        }
        (Some(_), [log, ..]) => {
            return Err(CliError::Usage(format!(
                "{}: with --table no log is read; leave one of the two out",
                log.display()
            )));
        }
        (Some(_), []) if args.intake.skip_malformed => {
            let message = "--skip-malformed: with --table no log is read; leave it out";
            return Err(CliError::Usage(message.to_owned()));
        }
        _ => {}
    }
    let figure = output::picture(args.figure.as_deref(), &others)?;
    others.extend(figure.iter().map(|(path, _)| *path));
    let errors = output::picture_of("--error-figure", args.error_figure.as_deref(), &others)?;
    others.extend(errors.iter().map(|(path, _)| *path));
    context.output.keeps(&others)?;
    Ok([figure, errors])
}

/// What figures show of findings.
pub(super) fn rows(findings: &SurfaceFindings) -> Vec<Row> {
    findings.rows.iter().map(Row::of_surface).collect()
}

fn write_figure(
    file: Option<(&Path, Picture)>,
    drawn: Result<Figure, PlotError>,
    context: &Context,
) -> Result<(), CliError> {
    let Some((path, form)) = file else {
        return Ok(());
    };
    match drawn {
        Ok(drawn) => output::write_file(path, form.bytes(&drawn)),
        Err(why @ (PlotError::Nothing(_) | PlotError::TooMany { .. })) => {
            context
                .output
                .tell(&format!("{}: not drawn: {why}", path.display()));
            Ok(())
        }
        Err(why) => Err(why.into()),
    }
}
