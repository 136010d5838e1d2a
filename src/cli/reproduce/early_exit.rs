//! Scenarios with early exit: the four arms, exact and simulated. Their claims are not verified.

use std::path::{Path, PathBuf};

use super::scenarios::parsed;
use super::writer::Writer;
use super::{files, is_toml};
use crate::cli::error::CliError;
use crate::cli::{Context, progress};
use crate::report::{self, Provenance};
use crate::scenario::Scenario;
use crate::study::simulation::{Request, SimulationFindings, simulate};

/// Root of all randomness, and how much is drawn.
const SEED: u64 = 42;
const SIMULATED: u64 = 200_000;

/// The scenarios of a project.
pub(super) struct Inputs(Vec<(PathBuf, String, Scenario)>);

impl Inputs {
    /// Reads the scenarios in alphabetical order; a project may have none.
    pub(super) fn read(directory: &Path) -> Result<Self, CliError> {
        let folder = directory.join("experiments/early-exit");
        let specs = files(&folder, is_toml).unwrap_or_default();
        let parse = |path: &str, text: &str| Scenario::parse(path, text, &folder);
        Ok(Self(parsed(specs, parse)?))
    }

    /// Evaluates all scenarios and writes what was found.
    pub(super) fn evaluate(
        &self,
        writer: &mut Writer<'_>,
        context: &Context,
    ) -> Result<Vec<SimulationFindings>, CliError> {
        let total = SIMULATED * self.0.len() as u64;
        let bar = progress::attempts(context, total, "early exit");
        let mut all = Vec::new();
        for (path, text, scenario) in &self.0 {
            let request = Request {
                attempts: SIMULATED,
                seed: SEED,
                per_prompt: 1,
            };
            let told = progress::follow(&bar, bar.position());
            let findings = simulate(scenario, request, &told, &context.interrupt);
            if findings.partial {
                bar.finish_and_clear();
                return Err(CliError::Interrupted);
            }
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let name = format!("early-exit-{stem}");
            let relative = format!("experiments/early-exit/{stem}.toml");
            let drawn = [SIMULATED, 0];
            let provenance = Provenance::of_scenario(&relative, text.as_bytes(), SEED, drawn);
            writer.provenance(&name, &provenance)?;
            let sheet = report::simulation::sheet(&findings);
            writer.findings(&name, "simulation", &findings, &sheet)?;
            all.push(findings);
        }
        bar.finish_and_clear();
        Ok(all)
    }
}
