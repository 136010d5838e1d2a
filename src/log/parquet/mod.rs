//! Logs of generations in Parquet: one column per field of the format, one row per record.

mod read;
mod write;

use std::io;
use std::path::Path;

use crate::columnar::FileError;

pub(super) use read::ParquetLog;
pub(super) use write::ParquetSink;

/// Whether a log is in Parquet, told by the end of its name.
pub(super) fn is_parquet(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    extension.eq_ignore_ascii_case("parquet")
}

fn io_error(error: FileError) -> io::Error {
    match error {
        FileError::Io(error) => error,
        other => io::Error::other(other),
    }
}
