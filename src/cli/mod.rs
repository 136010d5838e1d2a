//! The command line: what was typed becomes a request, a study answers it, a report is written.
//!
//! One file per subcommand. Only this module turns errors into text and exit codes.

mod audit;
mod calibrate;
mod catalogue;
mod check;
mod compare;
mod completions;
mod error;
mod evaluation;
mod explain;
mod figures;
mod filling;
mod fit;
mod foreign;
mod guarantee;
mod import;
mod man;
mod merge;
mod monitor;
mod new;
mod optimal;
mod output;
mod plan;
mod preparation;
mod progress;
mod recovery;
mod replay;
mod replay_page;
mod reproduce;
mod rule_times;
mod simulate;
mod stress;
mod surface;
mod sweep;
mod table_file;
mod tune;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::report;
use crate::study::Interrupt;
use error::CliError;
pub use error::exit;
use output::Output;

/// Know what rejecting LLM generations in flight saves, costs and does to your data – before you
/// deploy it.
#[derive(Debug, Parser)]
#[command(name = "foldem", version, arg_required_else_help = true)]
#[command(after_help = "Start here:\n  \
    foldem new scenario > my.toml   a commented scenario to edit\n  \
    foldem check my.toml            what it says, or every mistake in it\n  \
    foldem simulate my.toml         exact figures beside Monte Carlo\n  \
    foldem verify my.toml           the claims, each with its assumption and verdict\n  \
    foldem sweep experiments/sweeps/five-stage-alarms.toml   the figures over a grid of parameters and policies\n  \
    foldem optimal my.toml          the best policy that the validators allow\n  \
    foldem stress my.toml           what it does once validators are not what you think\n  \
    foldem replay log.jsonl --policy paper   what the paper's policy would have done to your log\n  \
    foldem surface log.jsonl --policy paper   what you would get, by model and benchmark\n  \
    foldem tune log.jsonl --max-frr 0.05 -o policy.toml   the cheapest policy that can be certified\n  \
    foldem compare paper my-policy.toml -- log.jsonl   which of two policies does better on it\n  \
    foldem import lm-eval samples_gsm8k.jsonl -o imported.jsonl   a log from another tool's\n  \
    foldem plan --max-frr 0.05 --frr 0.01 --accepted 0.6   how much data a certificate takes\n  \
    foldem audit experiments/audits/paper.toml   what published numbers imply, and whether they can hold together\n  \
    foldem explain experiments/runaway.toml experiments/runaway-undetected.toml   why two scenarios, or two logs, save differently\n  \
    foldem calibrate experiments/calibration/predicted.jsonl.zst   whether predicted utilities are right on average\n  \
    foldem fit log.jsonl --policy paper -o fitted.toml   the scenario that a log looks like\n  \
    foldem monitor deployed.jsonl --max-frr 0.05 --pass-through 0.1   watch a policy that runs\n\n\
    Exit codes: 0 fine, 1 internal, 2 usage, 3 bad input, 4 a checked claim fails, \
    5 an alarm of a monitor, 130 interrupted.")]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
struct Global {
    /// Worker threads; results do not depend on it [default: all cores]
    #[arg(long, global = true, value_name = "T", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Form of what is printed to stdout
    #[arg(long, global = true, value_enum, default_value_t = FormatArg::Table)]
    format: FormatArg,
    /// Also write the report to FILE; its ending decides the form (.json .csv .md .html .txt)
    #[arg(long, global = true, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Print nothing but results and errors
    #[arg(long, global = true)]
    quiet: bool,
    /// Show no progress bar (there is none anyway when stderr is not a terminal)
    #[arg(long, global = true)]
    no_progress: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatArg {
    Table,
    Json,
    Csv,
    Markdown,
    Html,
}

impl From<FormatArg> for report::Format {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Table => Self::Table,
            FormatArg::Json => Self::Json,
            FormatArg::Csv => Self::Csv,
            FormatArg::Markdown => Self::Markdown,
            FormatArg::Html => Self::Html,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    New(new::NewArgs),
    Check(check::CheckArgs),
    Simulate(simulate::SimulateArgs),
    Merge(merge::MergeArgs),
    Verify(verify::VerifyArgs),
    Sweep(sweep::SweepArgs),
    Optimal(optimal::OptimalArgs),
    Stress(stress::StressArgs),
    Replay(replay::ReplayArgs),
    Tune(Box<tune::TuneArgs>),
    Surface(surface::SurfaceArgs),
    Compare(compare::CompareArgs),
    Import(import::ImportArgs),
    Plan(plan::PlanArgs),
    Audit(audit::AuditArgs),
    Explain(explain::ExplainArgs),
    Calibrate(calibrate::CalibrateArgs),
    Fit(fit::FitArgs),
    Guarantee(guarantee::GuaranteeArgs),
    Recovery(recovery::RecoveryArgs),
    Monitor(monitor::MonitorArgs),
    Reproduce(reproduce::ReproduceArgs),
    Figures(figures::FiguresArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// What every command is given besides its own arguments.
struct Context {
    output: Output,
    interrupt: Arc<Interrupt>,
}

/// Parses the command line, runs the command and says how it ended.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => error.report(),
    }
}

fn run(cli: Cli) -> Result<u8, CliError> {
    if let Some(threads) = cli.global.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads.into())
            .build_global()
            .map_err(|e| CliError::Internal(format!("cannot start the worker threads: {e}")))?;
    }
    let interrupt = Arc::new(Interrupt::default());
    let raised = Arc::clone(&interrupt);
    ctrlc::set_handler(move || {
        // Asked twice, the process ends at once.
        if raised.raised() {
            end_now();
        }
        raised.raise();
    })
    .map_err(|e| CliError::Internal(format!("cannot listen for Ctrl-C: {e}")))?;
    let context = Context {
        output: Output::new(&cli.global)?,
        interrupt,
    };
    match cli.command {
        Command::New(args) => new::run(&args),
        Command::Check(args) => check::run(&args, &context),
        Command::Simulate(args) => simulate::run(&args, &context),
        Command::Merge(args) => merge::run(&args, &context),
        Command::Verify(args) => verify::run(&args, &context),
        Command::Sweep(args) => sweep::run(&args, &context),
        Command::Optimal(args) => optimal::run(&args, &context),
        Command::Stress(args) => stress::run(&args, &context),
        Command::Replay(args) => replay::run(&args, &context),
        Command::Tune(args) => tune::run(&args, &context),
        Command::Surface(args) => surface::run(&args, &context),
        Command::Compare(args) => compare::run(&args, &context),
        Command::Import(args) => import::run(&args, &context),
        Command::Plan(args) => plan::run(&args, &context),
        Command::Audit(args) => audit::run(&args, &context),
        Command::Explain(args) => explain::run(&args, &context),
        Command::Calibrate(args) => calibrate::run(&args, &context),
        Command::Fit(args) => fit::run(&args, &context),
        Command::Guarantee(args) => guarantee::run(&args, &context),
        Command::Recovery(args) => recovery::run(&args, &context),
        Command::Monitor(args) => monitor::run(&args, &context),
        Command::Reproduce(args) => reproduce::run(&args, &context),
        Command::Figures(args) => figures::run(&args, &context),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args, &context),
    }
}

#[expect(
    clippy::exit,
    reason = "a second Ctrl-C must end a run that does not listen"
)]
fn end_now() {
    std::process::exit(exit::INTERRUPTED.into());
}
