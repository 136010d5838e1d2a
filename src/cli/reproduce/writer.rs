//! Files of results: findings, for people and for programs, and their provenance.

use std::collections::BTreeSet;
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

    /// Findings that stand beside what was written and were not written: of an earlier run, whose experiment
    /// had what it has no more. Those of short and of full runs stand beside each other.
    pub(super) fn left_over(&self) -> Vec<String> {
        let folders: BTreeSet<&Path> = self
            .written
            .iter()
            .filter_map(|file| Path::new(file).parent())
            .collect();
        let mut left_over = Vec::new();
        for folder in folders {
            let entries = fs::read_dir(self.root.join(folder)).into_iter().flatten();
            let files = entries.filter_map(|entry| Some(folder.join(entry.ok()?.file_name())));
            let json = files.filter(|file| file.extension().is_some_and(|e| e == "json"));
            left_over.extend(json.map(|file| file.display().to_string()));
        }
        left_over.sort();
        let short = |file: &str| file.replace("-full.json", ".json");
        let written: BTreeSet<String> = self.written.iter().map(|file| short(file)).collect();
        left_over.retain(|file| !written.contains(&short(file)));
        left_over
    }
}
