//! First-alarm tables as files: what `replay` saves and many commands read in place of logs.

use std::path::{Path, PathBuf};

use super::error::CliError;
use super::evaluation::evaluated;
use super::{Context, output};
use crate::input::InputError;
use crate::policy::PolicyFile;
use crate::replay::{SavedTable, SourceLog, Table};
use crate::study::replay::Intake;

pub(super) fn has_parquet_ending(file: &Path) -> bool {
    file.extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"))
}

/// The table of a file.
pub(super) fn saved(file: &Path, context: &Context) -> Result<(Table, Intake), InputError> {
    let saved = SavedTable::load(file)?;
    let version = env!("CARGO_PKG_VERSION");
    if saved.foldem != version {
        context.output.tell(&format!(
            "note: {} was saved by foldem {}, this is {version}: rules may have changed in between",
            file.display(),
            saved.foldem
        ));
    }
    let intake = Intake {
        skipped: saved.skipped,
        partial: false,
        remarks: saved.remarks,
    };
    Ok((saved.table, intake))
}

/// The same, with the columns that `policy` asks for.
pub(super) fn saved_table(
    file: &Path,
    policy: &PolicyFile,
    policy_path: &Path,
    context: &Context,
) -> Result<(Table, Intake), CliError> {
    let (table, intake) = saved(file, context)?;
    let table = table.for_policy(policy).map_err(|e| {
        let message = format!("{e} (table {})", file.display());
        InputError::whole_file(&policy_path.display().to_string(), message)
    })?;
    Ok((table, intake))
}

/// Saves the table of `logs`, unless reading them was interrupted.
pub(super) fn save_table(
    file: &Path,
    table: Table,
    intake: Intake,
    logs: &[PathBuf],
    context: &Context,
) -> Result<(), CliError> {
    if intake.partial {
        context.output.tell("interrupted: no table was saved");
        return Ok(());
    }
    if table.exits().0 > 0 {
        let message = "--save-table: a table does not keep early exits; replay the log for these";
        context.output.tell(message);
    }
    let logs = logs.iter().map(|log| {
        SourceLog::of(log).map_err(|e| {
            InputError::whole_file(&log.display().to_string(), format!("cannot be read: {e}"))
        })
    });
    let logs = logs.collect::<Result<_, _>>()?;
    let saved = SavedTable::new(table, intake.skipped, intake.remarks, logs);
    let bytes = evaluated(&context.interrupt, move || saved.to_parquet())?
        .map_err(|e| CliError::Internal(format!("the table cannot be saved: {e}")))?;
    output::write_file(file, &bytes)
}
