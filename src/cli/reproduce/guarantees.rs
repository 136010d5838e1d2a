//! Experiments on guarantees: how often certified policies break their limit.

use std::path::{Path, PathBuf};

use super::writer::Writer;
use super::{files, is_toml};
use crate::cli::error::CliError;
use crate::cli::{Context, progress};
use crate::input::Document;
use crate::report::{self, Provenance};
use crate::study::guarantee::{GuaranteeFindings, Spec, run};

/// Logs of each experiment, unless all are asked for.
const SOME: u64 = 200;

/// The experiments of a project.
pub(super) struct Inputs(Vec<(PathBuf, String, Spec)>);

impl Inputs {
    /// Reads the experiments in alphabetical order; a project may have none.
    pub(super) fn read(directory: &Path) -> Result<Self, CliError> {
        let folder = directory.join("experiments/guarantees");
        let mut inputs = Vec::new();
        for path in files(&folder, is_toml).unwrap_or_default() {
            let text = Document::read(&path)?;
            let spec = Spec::parse(&path.display().to_string(), &text, &folder)?;
            inputs.push((path, text, spec));
        }
        Ok(Self(inputs))
    }

    /// Runs all experiments on some logs, or on as many as they say where `full`, and writes what was
    /// found.
    pub(super) fn evaluate(
        &self,
        full: bool,
        writer: &mut Writer<'_>,
        context: &Context,
    ) -> Result<Vec<GuaranteeFindings>, CliError> {
        // The results of the full run stand beside those of the short one.
        let kind = if full {
            "violations-full"
        } else {
            "violations"
        };
        let logs = |spec: &Spec| if full { spec.replications } else { SOME };
        let total = self.0.iter().map(|(.., spec)| logs(spec)).sum();
        let bar = progress::logs(context, total, "guarantees");
        let mut all = Vec::new();
        for (path, text, spec) in &self.0 {
            let before = bar.position();
            let step = |done| bar.set_position(before + done);
            let findings = run(spec, logs(spec), &step, &context.interrupt)
                .map_err(|e| CliError::Internal(e.to_string()))?;
            if findings.partial {
                bar.finish_and_clear();
                return Err(CliError::Interrupted);
            }
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let name = format!("guarantee-{stem}");
            let relative = format!("experiments/guarantees/{stem}.toml");
            let input = format!("experiments/guarantees/{}", spec.scenario_file());
            let scenario = spec.scenario_text().as_bytes();
            let provenance =
                Provenance::of_spec(&relative, text.as_bytes(), Some((&input, scenario)));
            writer.provenance(&name, &provenance)?;
            let sheet = report::guarantee::sheet(&findings);
            writer.findings(&name, kind, &findings, &sheet)?;
            all.push(findings);
        }
        bar.finish_and_clear();
        Ok(all)
    }
}
