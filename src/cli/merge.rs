//! `foldem merge`: the parts of a run make up the run.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Context;
use super::error::{CliError, exit};
use crate::input::{Document, InputError};
use crate::report;
use crate::scenario::Scenario;
use crate::study::part::{MergeError, Part};
use crate::study::part_file::PartFile;
use crate::study::simulation;

/// Merge the parts of a run: the same bytes as the one run
///
/// Parts are written by `simulate -o`, shard by shard, on any machine, and may be given in any
/// order. Every batch of the run must be in exactly one of them.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    foldem simulate experiments/five-stage.toml --shard 1/2 -o one.part\n  \
    foldem simulate experiments/five-stage.toml --shard 2/2 -o two.part\n  \
    foldem merge one.part two.part")]
pub(super) struct MergeArgs {
    /// Parts (foldem.part/1)
    #[arg(required = true, value_name = "PART")]
    parts: Vec<PathBuf>,
}

pub(super) fn run(args: &MergeArgs, context: &Context) -> Result<u8, CliError> {
    let inputs: Vec<&Path> = args.parts.iter().map(PathBuf::as_path).collect();
    context.output.keeps(&inputs)?;
    let mut scenario: Option<Scenario> = None;
    let mut parts = Vec::new();
    for path in &args.parts {
        let (its_scenario, part) = read_part(path)?;
        let first = scenario.get_or_insert_with(|| its_scenario.clone());
        if first.spec() != its_scenario.spec() {
            let error = MergeError::AnotherRun(1, parts.len() + 1, "scenario");
            return Err(whole(&args.parts, &error).into());
        }
        parts.push(part);
    }
    let merged = Part::merged(&parts).map_err(|e| whole(&args.parts, &e))?;
    if let Some(scenario) = scenario {
        let findings = simulation::evaluate(&scenario, &merged);
        let sheet = report::simulation::sheet(&findings);
        context.output.emit(&findings, &sheet)?;
    }
    Ok(exit::FINE)
}

/// An error of several files, which it knows by their numbers.
fn whole(parts: &[PathBuf], error: &MergeError) -> InputError {
    let names = (1..)
        .zip(parts)
        .map(|(i, path)| format!("{i}: {}", path.display()));
    let names: Vec<String> = names.collect();
    InputError::whole_file(&names.join(", "), error.to_string())
}

/// Reads a part and the scenario of its run.
pub(super) fn read_part(path: &Path) -> Result<(Scenario, Part), InputError> {
    let text = Document::read(path)?;
    let faulty = |e| InputError::whole_file(&path.display().to_string(), format!("{e}"));
    let file = PartFile::parse(&text).map_err(faulty)?;
    let scenario = file.scenario().map_err(faulty)?;
    let part = file.part(&scenario).map_err(faulty)?;
    Ok((scenario, part))
}
