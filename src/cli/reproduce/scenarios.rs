//! Scenarios: exact and simulated figures, claims and their controls.

use std::path::{Path, PathBuf};

use super::writer::Writer;
use super::{files, is_toml};
use crate::cli::error::CliError;
use crate::cli::{Context, progress};
use crate::input::{Document, InputError};
use crate::report::reproduction::Experiment;
use crate::report::{self, Provenance};
use crate::scenario::Scenario;
use crate::study::martingale_paths::martingale_paths;
use crate::study::simulation::{Request, simulate};
use crate::study::stress::{self, StressFindings};
use crate::study::verification::verify;

/// Root of all randomness, and how much is drawn for each experiment.
const SEED: u64 = 42;
const SIMULATED: u64 = 1_000_000;
const VERIFIED: u64 = 1_000_000;
/// Generations whose predictions are followed for the figure.
const FOLLOWED: u64 = 100_000;
/// Steps of each curve of a stress test, level for bias and total variation, and attempts drawn at each of
/// three strengths.
const STEPS: u32 = 20;
const TOLERANCE: f64 = 0.01;
const CONFIRMED: u64 = 20_000;

/// The scenarios of a project.
pub(super) struct Inputs(Vec<(PathBuf, String, Scenario)>);

impl Inputs {
    /// Reads the scenarios in alphabetical order.
    pub(super) fn read(directory: &Path) -> Result<Self, CliError> {
        let folder = directory.join("experiments");
        let unusable = |why: String| {
            CliError::Usage(format!(
                "{}: {why}; give the project folder, the one that holds experiments/*.toml",
                folder.display()
            ))
        };
        let specs =
            files(&folder, is_toml).map_err(|e| unusable(format!("cannot be read: {e}")))?;
        if specs.is_empty() {
            return Err(unusable("holds no .toml file".to_owned()));
        }
        let study = "`foldem verify`, which `reproduce` runs on every scenario of this folder";
        let parse =
            |path: &str, text: &str| Scenario::parse_without_early_exit(path, text, &folder, study);
        Ok(Self(parsed(specs, parse)?))
    }

    /// The scenarios with their texts, by the names of their files.
    pub(super) fn by_stem(&self) -> impl Iterator<Item = (String, &str, &Scenario)> {
        self.0.iter().map(|(path, text, scenario)| {
            let stem = path.file_stem().unwrap_or_default();
            (stem.to_string_lossy().into_owned(), text.as_str(), scenario)
        })
    }

    /// The scenario of the file `stem`.toml: this name, its text, and what it says.
    pub(super) fn scenario<'i>(
        &'i self,
        stem: &'i str,
    ) -> Option<(&'i str, &'i str, &'i Scenario)> {
        let found = self
            .0
            .iter()
            .find(|(path, ..)| path.file_stem().is_some_and(|s| s == stem));
        found.map(|(_, text, scenario)| (stem, text.as_str(), scenario))
    }

    /// Evaluates all scenarios and writes what was found.
    pub(super) fn evaluate(
        &self,
        writer: &mut Writer<'_>,
        context: &Context,
    ) -> Result<Vec<Experiment>, CliError> {
        let total = (SIMULATED + VERIFIED) * self.0.len() as u64;
        let bar = progress::attempts(context, total, "reproduce");
        let mut experiments = Vec::new();
        for (path, text, scenario) in &self.0 {
            let before = bar.position();
            let request = Request {
                attempts: SIMULATED,
                seed: SEED,
                per_prompt: 1,
            };
            let simulation = simulate(
                scenario,
                request,
                &progress::follow(&bar, before),
                &context.interrupt,
            );
            let verification = verify(
                scenario,
                VERIFIED,
                SEED,
                &progress::follow(&bar, before + SIMULATED),
                &context.interrupt,
            );
            let paths = martingale_paths(scenario, FOLLOWED, SEED, &context.interrupt);
            if simulation.partial || verification.partial || paths.partial {
                bar.finish_and_clear();
                return Err(CliError::Interrupted);
            }
            let experiment = Experiment {
                simulation,
                verification,
                stress: stressed(scenario, context)?,
            };
            write(writer, path, text, &experiment)?;
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let sheet = report::paths::sheet(&paths);
            writer.findings(&stem, "paths", &paths, &sheet)?;
            experiments.push(experiment);
        }
        bar.finish_and_clear();
        Ok(experiments)
    }
}

/// All modes of stress, each over its own range.
fn stressed(scenario: &Scenario, context: &Context) -> Result<StressFindings, CliError> {
    let request = stress::Request {
        modes: Vec::new(),
        validators: Vec::new(),
        steps: STEPS,
        tolerance: TOLERANCE,
        attempts: CONFIRMED,
        seed: SEED,
    };
    let found = stress::stress(scenario, &request, &|_, _| (), &context.interrupt);
    found.map_err(|failure| match failure {
        stress::Failure::Interrupted => CliError::Interrupted,
        other => CliError::Internal(other.to_string()),
    })
}

/// What `parse` makes of the path and the text of each file, with both.
pub(super) fn parsed(
    files: Vec<PathBuf>,
    parse: impl Fn(&str, &str) -> Result<Scenario, InputError>,
) -> Result<Vec<(PathBuf, String, Scenario)>, CliError> {
    let read = |path: PathBuf| {
        let text = Document::read(&path)?;
        let scenario = parse(&path.display().to_string(), &text)?;
        Ok((path, text, scenario))
    };
    files.into_iter().map(read).collect()
}

fn write(
    writer: &mut Writer<'_>,
    spec: &Path,
    text: &str,
    experiment: &Experiment,
) -> Result<(), CliError> {
    let name = spec.file_stem().unwrap_or_default().to_string_lossy();
    let relative = format!("experiments/{name}.toml");
    let provenance =
        Provenance::of_scenario(&relative, text.as_bytes(), SEED, [SIMULATED, VERIFIED]);
    writer.provenance(&name, &provenance)?;
    let simulation = &experiment.simulation;
    let sheet = report::simulation::sheet(simulation);
    writer.findings(&name, "simulation", simulation, &sheet)?;
    let verification = &experiment.verification;
    let sheet = report::verification::sheet(verification);
    writer.findings(&name, "verification", verification, &sheet)?;
    let stress = &experiment.stress;
    let sheet = report::stress::sheet(stress, None);
    writer.findings(&name, "stress", stress, &sheet)
}
