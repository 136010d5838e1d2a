//! Ranges of scenarios: which of their numbers decide what they save.

use std::path::{Path, PathBuf};

use super::writer::Writer;
use super::{files, is_toml};
use crate::cli::error::CliError;
use crate::cli::{Context, progress};
use crate::input::{Document, InputError};
use crate::report::{self, Provenance};
use crate::study::sensitivity::{Ranges, SensitivityError, SensitivityFindings, evaluate};

/// The ranges of a project.
pub(super) struct Inputs(Vec<(PathBuf, String, Ranges)>);

impl Inputs {
    /// Reads the ranges in alphabetical order; a project may have none.
    pub(super) fn read(directory: &Path) -> Result<Self, CliError> {
        let folder = directory.join("experiments/explain");
        let mut inputs = Vec::new();
        for path in files(&folder, is_toml).unwrap_or_default() {
            let text = Document::read(&path)?;
            let ranges = Ranges::parse(&path.display().to_string(), &text, &folder)?;
            inputs.push((path, text, ranges));
        }
        Ok(Self(inputs))
    }

    /// Evaluates all ranges and writes what was found.
    pub(super) fn evaluate(
        &self,
        writer: &mut Writer<'_>,
        context: &Context,
    ) -> Result<Vec<SensitivityFindings>, CliError> {
        let mut all = Vec::new();
        for (path, text, ranges) in &self.0 {
            let bar = progress::points(context, ranges.points(), "sensitivity");
            let found = evaluate(ranges, &|done| bar.set_position(done), &context.interrupt);
            bar.finish_and_clear();
            let findings = match found {
                Ok(findings) => findings,
                Err(SensitivityError::Interrupted) => return Err(CliError::Interrupted),
                Err(error @ SensitivityError::Invalid(_)) => {
                    let path = path.display().to_string();
                    return Err(InputError::whole_file(&path, error.to_string()).into());
                }
            };
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let name = format!("explain-{stem}");
            let relative = format!("experiments/explain/{stem}.toml");
            let input = format!("experiments/explain/{}", ranges.scenario_file());
            let scenario = ranges.scenario_text().as_bytes();
            let provenance =
                Provenance::of_spec(&relative, text.as_bytes(), Some((&input, scenario)));
            writer.provenance(&name, &provenance)?;
            let sheet = report::sensitivity::sheet(&findings);
            writer.findings(&name, "sensitivity", &findings, &sheet)?;
            all.push(findings);
        }
        Ok(all)
    }
}
