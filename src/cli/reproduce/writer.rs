//! Files of results: findings, for people and for programs, and their provenance.

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::output::write_file;
use crate::report::{self, Format, Provenance, Sheet};

/// Writes files and remembers which.
pub(super) struct Writer<'d> {
    root: &'d Path,
    pub(super) written: Vec<String>,
}

impl<'d> Writer<'d> {
    /// Writes below `root`.
    pub(super) fn new(root: &'d Path) -> Self {
        Self {
            root,
            written: Vec::new(),
        }
    }

    fn file(&mut self, relative: &Path, bytes: &[u8]) -> Result<(), CliError> {
        let path = self.root.join(relative);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(CliError::write(folder))?;
        }
        write_file(&path, bytes)?;
        self.written.push(relative.display().to_string());
        Ok(())
    }

    /// Where the results called `name` come from.
    pub(super) fn provenance(
        &mut self,
        name: &str,
        provenance: &Provenance,
    ) -> Result<(), CliError> {
        let json = serde_json::to_string_pretty(provenance).map_err(report::RenderError::from)?;
        let folder = Path::new("results").join(name);
        self.file(&folder.join("provenance.json"), (json + "\n").as_bytes())
    }

    /// Findings of one kind among the results called `name`, for people and for programs.
    pub(super) fn findings(
        &mut self,
        name: &str,
        kind: &str,
        findings: &impl Serialize,
        sheet: &Sheet,
    ) -> Result<(), CliError> {
        let folder = Path::new("results").join(name);
        for (ending, format) in [("txt", Format::Table), ("json", Format::Json)] {
            let text = report::render(format, findings, sheet)?;
            self.file(&folder.join(format!("{kind}.{ending}")), text.as_bytes())?;
        }
        Ok(())
    }
}
