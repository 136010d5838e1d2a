//! Files below the project folder: results, their provenance, figures.

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::output::write_file;
use crate::plot::Figure;
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

    /// The page beside the figures.
    pub(super) fn page(&mut self, text: &str) -> Result<(), CliError> {
        self.file(
            &Path::new("paper-figures").join("README.md"),
            text.as_bytes(),
        )
    }

    /// A figure under `name`.
    pub(super) fn figure(&mut self, name: &str, figure: &Figure) -> Result<(), CliError> {
        let folder = Path::new("paper-figures");
        self.file(&folder.join(format!("{name}.svg")), figure.svg.as_bytes())?;
        self.file(&folder.join(format!("{name}.png")), &figure.png)
    }
}
