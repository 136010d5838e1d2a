//! Replays: every shipped log under every shipped policy.

use std::path::{Path, PathBuf};

use super::of_logs::Replayed;
use super::writer::Writer;
use super::{bytes, files, is_log, is_toml};
use crate::cli::error::CliError;
use crate::cli::filling::table;
use crate::cli::replay::{IntakeArgs, auditor};
use crate::cli::{Context, catalogue};
use crate::input::{Document, InputError};
use crate::policy::{Checkpoint, PolicyFile, Position};
use crate::replay::{Auditor, Replay, ScheduleError};
use crate::report::{self, Provenance};
use crate::study::log_stress::LogStressFindings;
use crate::study::replay::{self, ReplayFindings, positions};

/// The policies and the logs of a project.
pub(super) struct Inputs {
    policies: Vec<(PathBuf, String, PolicyFile, Auditor)>,
    logs: Vec<PathBuf>,
    /// Bytes of each log.
    bytes: Vec<Vec<u8>>,
}

impl Inputs {
    /// Reads the policies, and the logs as they are.
    pub(super) fn read(directory: &Path) -> Result<Self, CliError> {
        let folder = directory.join("experiments");
        // A project may have none.
        let policies = files(&folder.join("policies"), is_toml).unwrap_or_default();
        let logs = files(&folder.join("logs"), is_log).unwrap_or_default();
        let mut inputs = Vec::new();
        for path in policies {
            let text = Document::read(&path)?;
            let name = path.display().to_string();
            let policy = PolicyFile::parse(&name, &text, &catalogue::rules())?;
            let auditor = auditor(&policy, &path)?;
            inputs.push((path, text, policy, auditor));
        }
        let bytes = logs
            .iter()
            .map(|path| bytes(path))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            policies: inputs,
            logs,
            bytes,
        })
    }

    /// Replays all logs as one under each policy, puts them under stress, explains how they differ, and
    /// writes what was found.
    pub(super) fn evaluate(
        &self,
        writer: &mut Writer<'_>,
        context: &Context,
    ) -> Result<(Vec<ReplayFindings>, Vec<LogStressFindings>), CliError> {
        let (mut all, mut stressed) = (Vec::new(), Vec::new());
        if self.logs.is_empty() {
            return Ok((all, stressed));
        }
        for (path, text, policy, auditor) in &self.policies {
            let (table, intake) = table(&self.logs, auditor, IntakeArgs::default(), context)?;
            if intake.partial {
                return Err(CliError::Interrupted);
            }
            let unusable = |e: ScheduleError| {
                InputError::whole_file(&path.display().to_string(), e.to_string())
            };
            let replay =
                Replay::new(&table, policy, policy.checkpoints(), false).map_err(unusable)?;
            let findings = replay::findings(policy, &table, &replay, &intake).map_err(unusable)?;
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let name = format!("replay-{stem}");
            writer.provenance(&name, &self.provenance(&stem, text))?;
            let sheet = report::replay::sheet(&findings);
            writer.findings(&name, "replay", &findings, &sheet)?;
            let moves = |c: &Checkpoint<Position>| matches!(c.at, Position::ExpectedFraction(_));
            if policy.checkpoints().iter().any(moves) {
                let sweep =
                    positions::sweep(policy, &table, &positions::FRACTIONS).map_err(unusable)?;
                let sheet = report::positions::sheet(&sweep);
                writer.findings(&name, "positions", &sweep, &sheet)?;
            }
            let replayed = Replayed {
                name: &name,
                path,
                policy,
                auditor,
            };
            stressed.extend(replayed.stress(&table, &intake, writer, context)?);
            replayed.explain(&self.logs, writer, context)?;
            all.push(findings);
        }
        Ok((all, stressed))
    }

    /// The policy of the file `stem`.toml: this name, path, text, and what it says.
    pub(super) fn policy<'i>(
        &'i self,
        stem: &'i str,
    ) -> Option<(&'i str, &'i Path, &'i str, &'i PolicyFile)> {
        let found = self
            .policies
            .iter()
            .find(|(path, ..)| path.file_stem().is_some_and(|s| s == stem));
        found.map(|(path, text, policy, _)| (stem, path.as_path(), text.as_str(), policy))
    }

    /// The logs, in alphabetical order.
    pub(super) fn logs(&self) -> &[PathBuf] {
        &self.logs
    }

    /// Where results of all logs come from under the policy `stem`, of which `policy` is the text.
    pub(super) fn provenance(&self, stem: &str, policy: &str) -> Provenance {
        let spec = format!("experiments/policies/{stem}.toml");
        let logs = self.logs.iter().zip(&self.bytes).map(|(path, bytes)| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            (format!("experiments/logs/{name}"), bytes.as_slice())
        });
        Provenance::of_replay(&spec, policy.as_bytes(), logs)
    }
}
