//! `foldem reproduce`: every shipped experiment, evaluated into `results/` and `paper-figures/`.

mod audits;
mod early_exit;
mod guarantees;
mod recoveries;
mod replays;
mod scenarios;
mod sensitivities;
mod surface;
mod sweeps;
mod writer;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::Context;
use super::error::{CliError, exit};
use crate::plot::{self, Row};
use crate::report::{self, reproduction, simulation::arms};
use writer::Writer;

/// Evaluate every experiment of a project: figures, claims, replays, plots
///
/// Reads DIR/experiments/*.toml (scenarios) and, where there are any, replays
/// DIR/experiments/logs/* under each policy of DIR/experiments/policies/*.toml, puts models, benchmarks and
/// two scenarios into one surface, evaluates the sweeps, audits and ranges of DIR/experiments/sweeps,
/// audits and explain, simulates the scenarios with early exit of DIR/experiments/early-exit, and draws
/// logs for the experiments on guarantees and on recovery of DIR/experiments/guarantees and recoveries. Writes DIR/results/<name>/ (tables, JSON,
/// provenance) and DIR/paper-figures/ (SVG and PNG). The same inputs give the same bytes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    foldem reproduce                everything in the folder you are in\n  \
    foldem reproduce . --full       as many drawn logs as the experiments on guarantees say")]
pub(super) struct ReproduceArgs {
    /// Project folder: the one that holds experiments/
    #[arg(default_value = ".", value_name = "DIR")]
    directory: PathBuf,
    /// Draw as many logs for the experiments on guarantees and on recovery as they say, instead of 200 and
    /// 40 each
    #[arg(long)]
    full: bool,
}

/// What was written, and how it went.
#[derive(Debug, Serialize)]
struct ReproduceFindings {
    experiments: Vec<Summary>,
    written: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Summary {
    name: String,
    ok: bool,
}

pub(super) fn run(args: &ReproduceArgs, context: &Context) -> Result<u8, CliError> {
    // All inputs are read before the first result is written.
    let scenarios = scenarios::Inputs::read(&args.directory)?;
    let replays = replays::Inputs::read(&args.directory)?;
    let guarantees = guarantees::Inputs::read(&args.directory)?;
    let sweeps = sweeps::Inputs::read(&args.directory)?;
    let audits = audits::Inputs::read(&args.directory)?;
    let list = super::figures::list(&args.directory)?;
    let early_exits = early_exit::Inputs::read(&args.directory)?;
    let sensitivities = sensitivities::Inputs::read(&args.directory)?;
    let recoveries = recoveries::Inputs::read(&args.directory)?;
    let mut writer = Writer::new(&args.directory);
    let interrupted = || {
        let message = "interrupted: the results of this experiment were not written";
        context.output.tell(message);
        Ok(exit::INTERRUPTED)
    };
    let Some(experiments) = scenarios.evaluate(&mut writer, context)? else {
        return interrupted();
    };
    if !surface::evaluate(&replays, &scenarios, &mut writer, context)? {
        return interrupted();
    }
    let Some(replays) = replays.evaluate(&mut writer, context)? else {
        return interrupted();
    };
    if !sweeps.evaluate(&mut writer, context)? {
        return interrupted();
    }
    audits.evaluate(&mut writer)?;
    let Some(guarantees) = guarantees.evaluate(args.full, &mut writer, context)? else {
        return interrupted();
    };
    let simulated: Vec<Row> = experiments
        .iter()
        .map(|e| Row::simulated(&e.simulation))
        .collect();
    if let Ok(figure) = plot::bound_and_truth(&simulated) {
        writer.figure(&figure.name, &figure)?;
    }
    let Some(early_exits) = early_exits.evaluate(&mut writer, context)? else {
        return interrupted();
    };
    let Some(sensitivities) = sensitivities.evaluate(&mut writer, context)? else {
        return interrupted();
    };
    let Some(recoveries) = recoveries.evaluate(args.full, &mut writer, context)? else {
        return interrupted();
    };
    let replayed = replays.iter().map(|r| Row::replayed(&r.policy, r));
    let figure = plot::savings_and_cost(&replayed.chain(simulated).collect::<Vec<_>>())?;
    writer.figure(&figure.name, &figure)?;

    if let Some(list) = &list {
        let listed = super::figures::held_against_files(list, &args.directory);
        writer.page(&report::figures::page(&listed))?;
    }

    let findings = ReproduceFindings {
        experiments: experiments
            .iter()
            .map(|e| Summary {
                name: e.simulation.scenario.clone(),
                ok: e.verification.ok,
            })
            .chain(guarantees.iter().map(|g| Summary {
                name: format!("guarantee {}", g.name),
                ok: g.ok,
            }))
            .chain(recoveries.iter().map(|r| Summary {
                name: format!("recovery {}", r.name),
                ok: r.ok,
            }))
            .collect(),
        written: writer.written,
    };
    let mut sheet = reproduction::sheet(
        &experiments,
        &replays,
        &guarantees,
        &sensitivities,
        &recoveries,
        &findings.written,
    );
    sheet.sections.extend(early_exits.iter().filter_map(arms));
    context.output.emit(&findings, &sheet)?;
    Ok(if findings.experiments.iter().all(|e| e.ok) {
        exit::FINE
    } else {
        exit::CLAIM_FAILS
    })
}

/// Files in a folder whose names `wanted` accepts, in alphabetical order.
fn files(folder: &Path, wanted: impl Fn(&Path) -> bool) -> std::io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|path| wanted(path))
        .collect();
    files.sort();
    Ok(files)
}

fn is_toml(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "toml")
}
