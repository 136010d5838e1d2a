//! `foldem optimal`: the best policy that a scenario's own validators allow.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::error::{CliError, exit};
use super::evaluation::evaluated;
use super::{Context, output};
use crate::input::InputError;
use crate::plot;
use crate::report;
use crate::scenario::Scenario;
use crate::study::optimal::{Failure, OptimalError, Per, Request, optimal};

/// Find the best policy on a scenario's own validators, and what nobody can beat
///
/// The optimum sees what the scenario's validators say at its checkpoints, remembers all of it and
/// chooses where to look; it is found by dynamic programming over what can be believed. Beside it stand
/// never rejecting, the scenario's own policy, the best fixed thresholds, and full information: so
/// one sees whether a better policy or better validators are worth the work.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    foldem optimal experiments/gsm8k-like.toml\n  \
    foldem optimal experiments/five-stage.toml --per sample\n  \
    foldem optimal experiments/runaway-undetected.toml --tokens-seen --figure costs.svg\n  \
    foldem optimal experiments/calibrated.toml --format json\n\n\
    Exit codes: 0 fine, 2 usage (also: token counts that are not computed), 3 bad input (also: too \
    much to enumerate, or nothing is worth anything), 130 interrupted.")]
pub(super) struct OptimalArgs {
    /// Scenario file (foldem.scenario/1); - is stdin
    scenario: PathBuf,
    /// What the cost is per: a unit of retained utility, or a retained sample
    #[arg(long, value_enum, default_value_t = PerArg::Utility)]
    per: PerArg,
    /// Also find the best policy that sees how long each stage was
    #[arg(long)]
    tokens_seen: bool,
    /// Also draw the costs (.svg .png)
    #[arg(long, value_name = "FILE")]
    figure: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PerArg {
    Utility,
    Sample,
}

pub(super) fn run(args: &OptimalArgs, context: &Context) -> Result<u8, CliError> {
    let scenario = Scenario::load_without_early_exit(&args.scenario, "`foldem optimal`")?;
    // What cannot be written is told before the work, not after.
    let mut others = vec![args.scenario.as_path()];
    let figure = output::picture(args.figure.as_deref(), &others)?;
    others.extend(figure.iter().map(|(path, _)| *path));
    context.output.keeps(&others)?;
    let request = Request {
        per: match args.per {
            PerArg::Utility => Per::Utility,
            PerArg::Sample => Per::Sample,
        },
        tokens_seen: args.tokens_seen,
    };
    // Building the tree of beliefs does not look whether it is interrupted.
    let interrupt = Arc::clone(&context.interrupt);
    let search = move || optimal(&scenario, request, &interrupt);
    let findings = evaluated(&context.interrupt, search)?.map_err(|failure| {
        let path = args.scenario.display().to_string();
        match failure {
            Failure::Interrupted => CliError::Interrupted,
            Failure::Theory(error @ OptimalError::Lengths(_)) => {
                CliError::Usage(format!("--tokens-seen: {error}"))
            }
            Failure::Theory(error) => InputError::whole_file(&path, error.to_string()).into(),
        }
    })?;
    let drawn = plot::policy_costs(&findings)?;
    let sheet = report::optimal::sheet(&findings, drawn.clone());
    // The figure is written even where nobody reads stdout to its end.
    let shown = context.output.emit(&findings, &sheet);
    if let Some((path, form)) = figure {
        output::write_file(path, form.bytes(&drawn))?;
    }
    shown?;
    Ok(exit::FINE)
}
