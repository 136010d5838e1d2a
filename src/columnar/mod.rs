//! Files of typed columns: Parquet, as any program with a Parquet library writes and reads it.
//!
//! [`Writer`] writes flat columns, [`Rows`] reads the rows of any file, nested ones too, and
//! [`Columns`] reads flat columns whole. Nothing here knows what the columns mean. A file that is
//! damaged is an error that says where; sizes that it claims are not believed.

mod columns;
mod guard;
mod leaf;
mod rows;
mod write;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader as _, SerializedFileReader};

pub use columns::Columns;
pub use rows::Rows;
pub use write::{Column, Kind, Writer};

/// What a Parquet file begins and ends with.
pub const MAGIC: &[u8; 4] = b"PAR1";

/// Why a Parquet file was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is another kind of file.
    #[error("is not a Parquet file: it does not begin with PAR1")]
    NotParquet,
    /// It begins as a Parquet file does, and is none.
    #[error("the Parquet data are damaged or truncated: {0}")]
    Damaged(String),
    /// A column is stored in a way that is not read.
    #[error("column `{column}` {message}")]
    Column {
        /// Path of the column, with dots between the names.
        column: String,
        /// What is wrong with it.
        message: String,
    },
}

impl From<ParquetError> for FileError {
    fn from(error: ParquetError) -> Self {
        match error {
            ParquetError::External(source) => match source.downcast::<io::Error>() {
                Ok(io) => Self::Io(*io),
                Err(other) => Self::Damaged(other.to_string()),
            },
            ParquetError::General(message) | ParquetError::EOF(message) => Self::Damaged(message),
            other => Self::Damaged(other.to_string()),
        }
    }
}

/// The directory of a Parquet file, read from its end.
fn open(path: &Path) -> Result<SerializedFileReader<File>, FileError> {
    let mut file = File::open(path)?;
    let mut start = [0; 4];
    match file.read_exact(&mut start) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Err(FileError::NotParquet),
        other => other?,
    }
    if &start != MAGIC {
        return Err(FileError::NotParquet);
    }
    guard::guarded(|| Ok(SerializedFileReader::new(file)?))
}

/// The text about a file that stands under `key`.
fn metadata<'f>(file: &'f SerializedFileReader<File>, key: &str) -> Option<&'f str> {
    let pairs = file.metadata().file_metadata().key_value_metadata()?;
    let pair = pairs.iter().find(|pair| pair.key == key)?;
    pair.value.as_deref()
}
