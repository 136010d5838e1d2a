//! Flat columns of a Parquet file, each read whole.

use std::fs::File;
use std::path::Path;

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::file::reader::{FileReader as _, SerializedFileReader};

use super::guard::guarded;
use super::{FileError, metadata, open};

/// Values read at a time.
const BATCH: usize = 1 << 16;

/// A Parquet file whose columns are read by name.
pub struct Columns {
    file: SerializedFileReader<File>,
}

impl Columns {
    /// Opens a file.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        Ok(Self { file: open(path)? })
    }

    /// The text about the file that stands under `key`.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        metadata(&self.file, key)
    }

    /// A column of UTF-8 text.
    pub fn texts(&self, name: &str) -> Result<Vec<Option<String>>, FileError> {
        let mut foreign = false;
        let cells = self.cells(name, "text", |reader, into| {
            let ColumnReader::ByteArrayColumnReader(reader) = reader else {
                return Ok(false);
            };
            read(reader, into, |bytes: ByteArray| {
                let text = str::from_utf8(bytes.data());
                foreign |= text.is_err();
                text.unwrap_or_default().to_owned()
            })
        })?;
        if foreign {
            return Err(wrong(name, "holds bytes that are not UTF-8 text"));
        }
        Ok(cells)
    }

    /// A column of floating point of 64 bits.
    pub fn numbers(&self, name: &str) -> Result<Vec<Option<f64>>, FileError> {
        self.cells(
            name,
            "floating point of 64 bits",
            |reader, into| match reader {
                ColumnReader::DoubleColumnReader(reader) => read(reader, into, |x| x),
                _ => Ok(false),
            },
        )
    }

    /// A column of integers of 64 bits.
    pub fn integers(&self, name: &str) -> Result<Vec<Option<i64>>, FileError> {
        self.cells(name, "integers of 64 bits", |reader, into| match reader {
            ColumnReader::Int64ColumnReader(reader) => read(reader, into, |n| n),
            _ => Ok(false),
        })
    }

    /// A column of truths.
    pub fn truths(&self, name: &str) -> Result<Vec<Option<bool>>, FileError> {
        self.cells(name, "true and false", |reader, into| match reader {
            ColumnReader::BoolColumnReader(reader) => read(reader, into, |b| b),
            _ => Ok(false),
        })
    }

    /// All cells of a flat column; `read` tells whether a chunk is of its type.
    fn cells<C>(
        &self,
        name: &str,
        wanted: &str,
        mut read: impl FnMut(ColumnReader, &mut Vec<Option<C>>) -> Result<bool, FileError>,
    ) -> Result<Vec<Option<C>>, FileError> {
        let columns = self.file.metadata().file_metadata().schema_descr();
        let mut columns = columns.columns().iter();
        let index = columns.position(|c| c.path().parts() == [name]);
        let index = index.ok_or_else(|| wrong(name, "is missing"))?;
        let mut cells = Vec::new();
        guarded(|| {
            for g in 0..self.file.num_row_groups() {
                let group = self.file.get_row_group(g)?;
                if !read(group.get_column_reader(index)?, &mut cells)? {
                    return Err(wrong(name, &format!("does not hold {wanted}")));
                }
            }
            Ok(())
        })?;
        Ok(cells)
    }
}

fn read<T: DataType, C>(
    mut reader: ColumnReaderImpl<T>,
    into: &mut Vec<Option<C>>,
    mut cell: impl FnMut(T::T) -> C,
) -> Result<bool, FileError> {
    let (mut values, mut defined) = (Vec::new(), Vec::new());
    loop {
        values.clear();
        defined.clear();
        let (rows, ..) = reader.read_records(BATCH, Some(&mut defined), None, &mut values)?;
        if rows == 0 {
            return Ok(true);
        }
        let mut values = values.drain(..);
        if defined.is_empty() {
            into.extend(values.map(|v| Some(cell(v))));
            continue;
        }
        into.extend(
            defined
                .iter()
                .map(|level| (*level > 0).then(|| values.next().map(&mut cell)).flatten()),
        );
    }
}

fn wrong(column: &str, message: &str) -> FileError {
    FileError::Column {
        column: column.to_owned(),
        message: message.to_owned(),
    }
}
