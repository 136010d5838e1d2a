//! Sweeps: figures of a scenario over its parameters and policies.

use std::path::{Path, PathBuf};

use super::writer::Writer;
use super::{files, is_toml};
use crate::cli::error::CliError;
use crate::cli::{Context, progress};
use crate::input::Document;
use crate::report::{self, Provenance};
use crate::study::sweep::{Sweep, evaluate};

/// The sweeps of a project.
pub(super) struct Inputs(Vec<(PathBuf, String, Sweep)>);

impl Inputs {
    /// Reads the sweeps in alphabetical order; a project may have none.
    pub(super) fn read(directory: &Path) -> Result<Self, CliError> {
        let folder = directory.join("experiments/sweeps");
        let mut inputs = Vec::new();
        for path in files(&folder, is_toml).unwrap_or_default() {
            let text = Document::read(&path)?;
            let sweep = Sweep::parse(&path.display().to_string(), &text, &folder)?;
            inputs.push((path, text, sweep));
        }
        Ok(Self(inputs))
    }

    /// Evaluates all sweeps and writes what was found.
    pub(super) fn evaluate(
        &self,
        writer: &mut Writer<'_>,
        context: &Context,
    ) -> Result<(), CliError> {
        let total = self.0.iter().map(|(.., sweep)| sweep.points() as u64).sum();
        let bar = progress::points(context, total, "sweeps");
        for (path, text, sweep) in &self.0 {
            let before = bar.position();
            let step = |done| bar.set_position(before + done);
            let findings = evaluate(sweep, &step, &context.interrupt);
            if findings.partial {
                bar.finish_and_clear();
                return Err(CliError::Interrupted);
            }
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let name = format!("sweep-{stem}");
            let relative = format!("experiments/sweeps/{stem}.toml");
            let input = format!("experiments/sweeps/{}", sweep.scenario_file());
            let scenario = sweep.scenario_text().as_bytes();
            let provenance =
                Provenance::of_spec(&relative, text.as_bytes(), Some((&input, scenario)));
            writer.provenance(&name, &provenance)?;
            let sheet = report::sweep::sheet(&findings);
            writer.findings(&name, "sweep", &findings, &sheet)?;
        }
        bar.finish_and_clear();
        Ok(())
    }
}
