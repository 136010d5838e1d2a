//! `foldem figures`: what of the paper can be had, and whether what stands for it is current.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;

use super::Context;
use super::error::{CliError, exit};
use crate::digest;
use crate::report;
use crate::study::figures::{FiguresFindings, ResultState, Spec, figures};

/// The list of a project, relative to its folder.
const LIST: &str = "experiments/paper/figures.toml";

/// List the paper's figures, tables and claims, and whether what stands for them is current
///
/// Reads DIR/experiments/paper/figures.toml. For each entry: its status (reproduced by a model, predicted,
/// infeasible as stated, not obtainable), the figures and the results that stand for it, and whether
/// the files that these were computed from are still the same, by their hashes. `foldem reproduce`
/// computes and draws everything; exit code 4 says that it has to be run again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    foldem reproduce\n  \
    foldem figures\n  \
    foldem figures . --format markdown")]
pub(super) struct FiguresArgs {
    /// Project folder: the one that holds experiments/
    #[arg(default_value = ".", value_name = "DIR")]
    directory: PathBuf,
}

pub(super) fn run(args: &FiguresArgs, context: &Context) -> Result<u8, CliError> {
    let path = args.directory.join(LIST);
    if !path.exists() {
        return Err(CliError::Usage(format!(
            "{}: there is no such file; give the project folder, the one that holds experiments/",
            path.display()
        )));
    }
    context.output.keeps(&[&path])?;
    let findings = held_against_files(&Spec::load(&path)?, &args.directory);
    let sheet = report::figures::sheet(&findings);
    context.output.emit(&findings, &sheet)?;
    Ok(if findings.ok {
        exit::FINE
    } else {
        exit::CLAIM_FAILS
    })
}

/// The list of a project, if it has one.
pub(super) fn list(directory: &Path) -> Result<Option<Spec>, CliError> {
    let path = directory.join(LIST);
    if path.exists() {
        Ok(Some(Spec::load(&path)?))
    } else {
        Ok(None)
    }
}

/// Holds the list against the results and figures of a project.
pub(super) fn held_against_files(spec: &Spec, directory: &Path) -> FiguresFindings {
    let state = |name: &str| {
        let path = directory.join("results").join(name).join("provenance.json");
        let text = fs::read_to_string(path).ok();
        let provenance = text.and_then(|text| serde_json::from_str::<Value>(&text).ok());
        match provenance {
            None => ResultState::Missing,
            Some(provenance) if is_current(&provenance, directory) => ResultState::Current,
            Some(_) => ResultState::Changed,
        }
    };
    let alt = |name: &str| {
        let file = directory.join("paper-figures").join(format!("{name}.svg"));
        Some(title_of(&fs::read_to_string(file).ok()?))
    };
    figures(spec, state, alt)
}

/// What a picture shows: the title of its SVG.
fn title_of(svg: &str) -> String {
    let (_, after) = svg.split_once("<title>").unwrap_or_default();
    let (title, _) = after.split_once("</title>").unwrap_or_default();
    title.replace("&lt;", "<").replace("&amp;", "&")
}

/// Whether every file that a result was computed from has the hash that it had.
fn is_current(provenance: &Value, directory: &Path) -> bool {
    let same = |file: &Value, hash: &Value| {
        let (Some(file), Some(hash)) = (file.as_str(), hash.as_str()) else {
            return false;
        };
        fs::read(directory.join(file)).is_ok_and(|bytes| digest::of_bytes(&bytes) == hash)
    };
    let others = ["logs", "inputs"].map(|key| provenance[key].as_array());
    let mut others = others.into_iter().flatten().flatten();
    same(&provenance["spec"], &provenance["spec_sha256"])
        && others.all(|other| same(&other["file"], &other["sha256"]))
}
