//! `foldem reproduce`: every shipped experiment, evaluated into `results/` and `paper-figures/`.

mod audits;
mod calibrations;
mod early_exit;
mod guarantees;
mod of_logs;
mod recoveries;
mod replays;
mod scenarios;
mod sensitivities;
mod surface;
mod sweeps;
mod variants;
mod writer;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::Context;
use super::error::{CliError, exit};
use crate::input::InputError;
use crate::report::reproduction::{self, Stressed};
use crate::report::{self, simulation::arms};
use writer::Writer;

/// Evaluate every experiment of a project: figures, claims, replays, plots
///
/// Reads DIR/experiments/*.toml (scenarios) and, where there are any, replays
/// DIR/experiments/logs/* under each policy of DIR/experiments/policies/*.toml. Puts both under stress and
/// explains how NAME-VARIANT.toml differs from NAME.toml and each further log from the first. Puts models,
/// benchmarks and two scenarios into one surface, examines the predictions of DIR/experiments/calibration/*,
/// evaluates the sweeps, audits and ranges of DIR/experiments/sweeps, audits and explain, simulates the
/// scenarios with early exit of DIR/experiments/early-exit, and draws logs for the experiments on guarantees
/// and on recovery of DIR/experiments/guarantees and recoveries. Writes DIR/results/<name>/ (tables, JSON,
/// provenance), and draws from these DIR/paper-figures/ (SVG and PNG), as `figures` does. The same inputs give the same bytes.
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
    match reproduce(args, context) {
        Err(CliError::Interrupted) => {
            let message = "interrupted: the results of this experiment were not written";
            context.output.tell(message);
            Ok(exit::INTERRUPTED)
        }
        other => other,
    }
}

fn reproduce(args: &ReproduceArgs, context: &Context) -> Result<u8, CliError> {
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
    let calibrations = calibrations::Inputs::read(&args.directory)?;
    let mut writer = Writer::new(&args.directory);
    let experiments = scenarios.evaluate(&mut writer, context)?;
    variants::evaluate(&scenarios, &mut writer, context)?;
    surface::evaluate(&replays, &scenarios, &mut writer, context)?;
    let (replays, stressed) = replays.evaluate(&mut writer, context)?;
    sweeps.evaluate(&mut writer, context)?;
    audits.evaluate(&mut writer, context)?;
    calibrations.evaluate(&mut writer, context)?;
    let guarantees = guarantees.evaluate(args.full, &mut writer, context)?;
    let early_exits = early_exits.evaluate(&mut writer, context)?;
    let sensitivities = sensitivities.evaluate(&mut writer, context)?;
    let recoveries = recoveries.evaluate(args.full, &mut writer, context)?;
    for file in writer.left_over() {
        context.output.tell(&format!(
            "{file} is left over from an earlier run; delete it, and run `foldem figures` to draw without it"
        ));
    }
    // From what is written now.
    let drawn = match super::figures::drawn(&args.directory, list.as_ref(), false, context) {
        Err(CliError::Interrupted) => {
            let message =
                "interrupted: all results were written, and no figure; `foldem figures` draws them";
            context.output.tell(message);
            return Ok(exit::INTERRUPTED);
        }
        drawn => drawn?,
    };
    for problem in report::figures::problems(&drawn.findings) {
        context.output.tell(&problem);
    }
    let written = [writer.written, drawn.written].concat();

    let of_scenarios = experiments.iter().map(|e| Stressed::of_scenario(&e.stress));
    let of_logs = stressed.iter().map(Stressed::of_log);
    let stresses: Vec<Stressed<'_>> = of_scenarios.chain(of_logs).collect();
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
            .chain(stresses.iter().map(|s| Summary {
                name: format!("stress {}", s.of),
                ok: s.ok(),
            }))
            .collect(),
        written,
    };
    let mut sheet = reproduction::sheet(
        &experiments,
        &replays,
        &guarantees,
        &sensitivities,
        &recoveries,
        &findings.written,
    );
    sheet.sections.push(reproduction::stresses(&stresses));
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

fn is_log(path: &Path) -> bool {
    let name = path.to_string_lossy();
    [".jsonl", ".jsonl.gz", ".jsonl.zst"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// The content of a file.
fn bytes(path: &Path) -> Result<Vec<u8>, InputError> {
    let failed =
        |e| InputError::whole_file(&path.display().to_string(), format!("cannot be read: {e}"));
    fs::read(path).map_err(failed)
}
