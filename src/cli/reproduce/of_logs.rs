//! What else is asked of the shipped logs under a policy: how far alarms and labels may be off, and why the
//! logs differ.

use std::path::PathBuf;

use super::writer::Writer;
use crate::cli::error::CliError;
use crate::cli::filling;
use crate::cli::replay::IntakeArgs;
use crate::cli::{Context, progress};
use crate::input::InputError;
use crate::policy::PolicyFile;
use crate::replay::{Auditor, Table};
use crate::report;
use crate::study::explanation::logs::{LogExplanationError, LogRequest, explain_logs};
use crate::study::log_stress::{self, LogStressFindings};
use crate::study::replay::Intake;

const SEED: u64 = 42;
/// Steps of each curve, level for bias and total variation, and tables drawn at each of three strengths.
const STEPS: u32 = 10;
const TOLERANCE: f64 = 0.01;
const DRAWS: u32 = 20;
/// Times that the prompts of both logs are drawn anew.
const RESAMPLES: u64 = 2000;

/// A policy that is replayed, with the name of its results.
pub(super) struct Replayed<'r> {
    pub(super) name: &'r str,
    pub(super) path: &'r std::path::Path,
    pub(super) policy: &'r PolicyFile,
    pub(super) auditor: &'r Auditor,
}

impl Replayed<'_> {
    /// Stress of the logs; nothing where their labels say nothing of it.
    pub(super) fn stress(
        &self,
        table: &Table,
        intake: &Intake,
        writer: &mut Writer<'_>,
        context: &Context,
    ) -> Result<Option<LogStressFindings>, CliError> {
        let request = log_stress::Request {
            modes: Vec::new(),
            steps: STEPS,
            tolerance: TOLERANCE,
            problem_generated: false,
            draws: Some(DRAWS),
            seed: SEED,
        };
        let bar = progress::points(context, 0, "stress");
        let moved = |done, total| {
            bar.set_length(total);
            bar.set_position(done);
        };
        let interrupt = &context.interrupt;
        let found = log_stress::stress(self.policy, table, &request, intake, &moved, interrupt);
        bar.finish_and_clear();
        match found {
            Ok(findings) => {
                let sheet = report::log_stress::sheet(&findings, None);
                writer.findings(self.name, "stress", &findings, &sheet)?;
                Ok(Some(findings))
            }
            Err(log_stress::Failure::Log(_)) => Ok(None),
            Err(log_stress::Failure::Interrupted) => Err(CliError::Interrupted),
            Err(error) => Err(self.unusable(&error)),
        }
    }

    /// Why each further log differs from the first, where there are several and their labels tell.
    pub(super) fn explain(
        &self,
        logs: &[PathBuf],
        writer: &mut Writer<'_>,
        context: &Context,
    ) -> Result<(), CliError> {
        let [first, others @ ..] = logs else {
            return Ok(());
        };
        let name = |log: &PathBuf| {
            let name = log.file_name().unwrap_or_default();
            name.to_string_lossy().into_owned()
        };
        let read = |log: &PathBuf| {
            let one = std::slice::from_ref(log);
            let (table, intake) =
                filling::table(one, self.auditor, IntakeArgs::default(), context)?;
            if intake.partial {
                return Err(CliError::Interrupted);
            }
            Ok((name(log), table, intake))
        };
        if others.is_empty() {
            return Ok(());
        }
        let first = read(first)?;
        for other in others {
            let other = read(other)?;
            let sides =
                [&first, &other].map(|(name, table, intake)| (name.as_str(), table, intake));
            let request = LogRequest {
                problem_generated: false,
                resamples: RESAMPLES,
                seed: SEED,
            };
            let findings = match explain_logs(self.policy, sides, request, &context.interrupt) {
                Ok(findings) => findings,
                Err(LogExplanationError::Interrupted) => return Err(CliError::Interrupted),
                Err(LogExplanationError::NoVerdict(_) | LogExplanationError::OneVerdict { .. }) => {
                    continue;
                }
                Err(error) => return Err(self.unusable(&error)),
            };
            let stem = other.0.split(".jsonl").next().unwrap_or_default();
            let sheet = report::log_explanation::sheet(&findings);
            writer.findings(self.name, &format!("explanation-{stem}"), &findings, &sheet)?;
        }
        Ok(())
    }

    fn unusable(&self, error: &dyn std::error::Error) -> CliError {
        InputError::whole_file(&self.path.display().to_string(), error.to_string()).into()
    }
}
