//! `foldem reproduce`: every shipped experiment, evaluated into `results/` and `paper-figures/`.

mod guarantees;
mod recoveries;
mod replays;
mod scenarios;
mod writer;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::Context;
use super::error::{CliError, exit};
use crate::plot::{self, Row};
use crate::report::reproduction;
use writer::Writer;

/// Evaluate every experiment of a project: figures, claims, replays, plots
///
/// Reads DIR/experiments/*.toml (scenarios), and replays DIR/experiments/logs/* under each policy of
/// DIR/experiments/policies/*.toml, where there are any, and draws logs for the experiments on
/// guarantees of DIR/experiments/guarantees/*.toml and on recovery of DIR/experiments/recoveries/*.toml. Writes DIR/results/<name>/ (tables, JSON,
/// provenance) and DIR/paper-figures/ (SVG and PNG). The same inputs give the same bytes.
#[derive(Debug, Args)]
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
    let Some(replays) = replays.evaluate(&mut writer, context)? else {
        return interrupted();
    };
    let Some(guarantees) = guarantees.evaluate(args.full, &mut writer, context)? else {
        return interrupted();
    };
    let Some(recoveries) = recoveries.evaluate(args.full, &mut writer, context)? else {
        return interrupted();
    };
    let simulated = experiments.iter().map(|e| Row::simulated(&e.simulation));
    let replayed = replays.iter().map(|r| Row::replayed(&r.policy, r));
    let figure = plot::savings_and_cost(&replayed.chain(simulated).collect::<Vec<_>>())?;
    writer.figure(&figure.name, &figure)?;

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
    let sheet = reproduction::sheet(
        &experiments,
        &replays,
        &guarantees,
        &recoveries,
        &findings.written,
    );
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
