//! Calibrations: whether the predictions of logs that carry some are right on average.

use std::path::{Path, PathBuf};

use super::writer::Writer;
use super::{files, is_log};
use crate::cli::Context;
use crate::cli::calibrate::predicted;
use crate::cli::error::CliError;
use crate::cli::replay::IntakeArgs;
use crate::input::InputError;
use crate::report::{self, Provenance};
use crate::study::calibration::{Failure, of_log};

/// Bins of equal width.
const BINS: u32 = 10;

/// The logs of a project whose records carry predictions, with their bytes.
pub(super) struct Inputs(Vec<(PathBuf, Vec<u8>)>);

impl Inputs {
    /// Reads the logs as they are, in alphabetical order; a project may have none.
    pub(super) fn read(directory: &Path) -> Result<Self, CliError> {
        let folder = directory.join("experiments/calibration");
        let logs = files(&folder, is_log).unwrap_or_default();
        let read = |path: PathBuf| Ok((path.clone(), super::bytes(&path)?));
        let inputs: Result<_, CliError> = logs.into_iter().map(read).collect();
        Ok(Self(inputs?))
    }

    /// Holds the predictions against what came and writes what was found.
    pub(super) fn evaluate(
        &self,
        writer: &mut Writer<'_>,
        context: &Context,
    ) -> Result<(), CliError> {
        for (path, bytes) in &self.0 {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            let stem = file.split(".jsonl").next().unwrap_or_default();
            let relative = format!("experiments/calibration/{file}");
            let one = std::slice::from_ref(path);
            let (mut log, _) = predicted(one, IntakeArgs::default(), context)?;
            log.name.clone_from(&relative);
            let findings = of_log(&log, BINS, &[]).map_err(|failure| match failure {
                Failure::Interrupted => CliError::Interrupted,
                Failure::Nothing(why) => {
                    InputError::whole_file(&path.display().to_string(), why).into()
                }
            })?;
            let name = format!("calibrate-{stem}");
            writer.provenance(&name, &Provenance::of_spec(&relative, bytes, None))?;
            let sheet = report::calibration::sheet(&findings, None);
            writer.findings(&name, "calibration", &findings, &sheet)?;
        }
        Ok(())
    }
}
