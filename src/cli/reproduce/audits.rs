//! Audits: what published numbers imply.

use std::path::{Path, PathBuf};

use super::writer::Writer;
use super::{files, is_toml};
use crate::cli::Context;
use crate::cli::error::CliError;
use crate::input::Document;
use crate::report::{self, Provenance};
use crate::study::audit::{Spec, audit};

/// The audits of a project.
pub(super) struct Inputs(Vec<(PathBuf, String, Spec)>);

impl Inputs {
    /// Reads the audits in alphabetical order; a project may have none.
    pub(super) fn read(directory: &Path) -> Result<Self, CliError> {
        let folder = directory.join("experiments/audits");
        let mut inputs = Vec::new();
        for path in files(&folder, is_toml).unwrap_or_default() {
            let text = Document::read(&path)?;
            let spec = Spec::parse(&path.display().to_string(), &text)?;
            inputs.push((path, text, spec));
        }
        Ok(Self(inputs))
    }

    /// Writes what follows from the numbers.
    pub(super) fn evaluate(
        &self,
        writer: &mut Writer<'_>,
        context: &Context,
    ) -> Result<(), CliError> {
        for (path, text, spec) in &self.0 {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let name = format!("audit-{stem}");
            let relative = format!("experiments/audits/{stem}.toml");
            let provenance = Provenance::of_spec(&relative, text.as_bytes(), None);
            writer.provenance(&name, &provenance)?;
            let findings = audit(spec, &context.interrupt).ok_or(CliError::Interrupted)?;
            let sheet = report::audit::sheet(&findings);
            writer.findings(&name, "audit", &findings, &sheet)?;
        }
        Ok(())
    }
}
