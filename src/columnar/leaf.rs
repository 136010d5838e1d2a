//! A leaf of a Parquet schema: the values of one stored column with their levels.

use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::schema::types::ColumnDescPtr;
use serde_json::Value;

use super::FileError;

/// A stored column, read a batch of rows at a time.
pub(super) struct Leaf {
    descriptor: ColumnDescPtr,
    reader: Option<ColumnReader>,
    defined: Vec<i16>,
    repeated: Vec<i16>,
    values: std::vec::IntoIter<Value>,
    /// Index of the level that is next.
    at: usize,
}

impl Leaf {
    pub(super) fn new(descriptor: ColumnDescPtr) -> Self {
        Self {
            descriptor,
            reader: None,
            defined: Vec::new(),
            repeated: Vec::new(),
            values: Vec::new().into_iter(),
            at: 0,
        }
    }

    /// Begins a row group.
    pub(super) fn begin(&mut self, reader: ColumnReader) {
        self.reader = Some(reader);
    }

    /// Reads the next `rows` rows.
    pub(super) fn read(&mut self, rows: usize) -> Result<(), FileError> {
        self.defined.clear();
        self.repeated.clear();
        self.at = 0;
        let Some(mut reader) = self.reader.take() else {
            return Err(self.wrong("was not opened"));
        };
        let values = self.read_values(&mut reader, rows)?;
        self.values = values.into_iter();
        self.reader = Some(reader);
        Ok(())
    }

    /// Definition level of what is next.
    pub(super) fn level(&self) -> Result<i16, FileError> {
        let level = self.defined.get(self.at);
        level.copied().ok_or_else(|| self.ends())
    }

    /// Repetition level of what is next in the batch, if anything is.
    pub(super) fn repetition(&self) -> Option<i16> {
        self.repeated.get(self.at).copied()
    }

    /// Passes over what is next and is no value.
    pub(super) fn skip(&mut self) -> Result<(), FileError> {
        if self.level()? >= self.descriptor.max_def_level() {
            return Err(self.wrong("does not agree with its neighbours about what is null"));
        }
        self.at += 1;
        Ok(())
    }

    /// The value that is next.
    pub(super) fn value(&mut self) -> Result<Value, FileError> {
        if self.level()? != self.descriptor.max_def_level() {
            return Err(self.wrong("does not agree with its neighbours about what is null"));
        }
        self.at += 1;
        self.values.next().ok_or_else(|| self.ends())
    }

    fn ends(&self) -> FileError {
        FileError::Damaged(format!(
            "column `{}` ends before the others",
            self.descriptor.path().string()
        ))
    }

    fn wrong(&self, message: impl Into<String>) -> FileError {
        FileError::Column {
            column: self.descriptor.path().string(),
            message: message.into(),
        }
    }

    fn read_values(
        &mut self,
        reader: &mut ColumnReader,
        rows: usize,
    ) -> Result<Vec<Value>, FileError> {
        let unsigned = matches!(
            self.descriptor.converted_type(),
            ConvertedType::UINT_8
                | ConvertedType::UINT_16
                | ConvertedType::UINT_32
                | ConvertedType::UINT_64
        );
        match reader {
            ColumnReader::BoolColumnReader(r) => self.batch(r, rows, Value::from),
            ColumnReader::Int32ColumnReader(r) if unsigned => {
                self.batch(r, rows, |n| n.cast_unsigned().into())
            }
            ColumnReader::Int64ColumnReader(r) if unsigned => {
                self.batch(r, rows, |n| n.cast_unsigned().into())
            }
            ColumnReader::Int32ColumnReader(r) => {
                self.not_decimal()?;
                self.batch(r, rows, Value::from)
            }
            ColumnReader::Int64ColumnReader(r) => {
                self.not_decimal()?;
                self.batch(r, rows, Value::from)
            }
            // The shortest decimal number that a single is: 0.1 is not 0.10000000149.
            ColumnReader::FloatColumnReader(r) => {
                self.batch(r, rows, |x| x.to_string().parse::<f64>().ok().into())
            }
            ColumnReader::DoubleColumnReader(r) => self.batch(r, rows, Value::from),
            ColumnReader::ByteArrayColumnReader(r) => {
                self.not_decimal()?;
                let mut foreign = false;
                let values = self.batch(r, rows, |bytes| {
                    let text = str::from_utf8(bytes.data());
                    foreign |= text.is_err();
                    text.ok().into()
                })?;
                if foreign {
                    return Err(self.wrong("holds bytes that are not UTF-8 text"));
                }
                Ok(values)
            }
            ColumnReader::Int96ColumnReader(_) | ColumnReader::FixedLenByteArrayColumnReader(_) => {
                Err(self.not_read())
            }
        }
    }

    /// Decimals are stored as integers or bytes that mean something else.
    fn not_decimal(&self) -> Result<(), FileError> {
        let decimal = self.descriptor.converted_type() == ConvertedType::DECIMAL
            || matches!(
                self.descriptor.logical_type_ref(),
                Some(LogicalType::Decimal { .. })
            );
        if decimal {
            return Err(self.not_read());
        }
        Ok(())
    }

    fn not_read(&self) -> FileError {
        let stored = match self.descriptor.physical_type() {
            Physical::INT96 => "INT96",
            Physical::FIXED_LEN_BYTE_ARRAY => "byte strings of fixed length",
            _ => "decimals",
        };
        self.wrong(format!(
            "is stored as {stored}, which is not read; cast it to text, integers or floating point"
        ))
    }

    fn batch<T: DataType>(
        &mut self,
        reader: &mut ColumnReaderImpl<T>,
        rows: usize,
        value: impl FnMut(T::T) -> Value,
    ) -> Result<Vec<Value>, FileError> {
        let mut values: Vec<T::T> = Vec::new();
        let mut read = 0;
        while read < rows {
            let (now, ..) = reader.read_records(
                rows - read,
                Some(&mut self.defined),
                Some(&mut self.repeated),
                &mut values,
            )?;
            if now == 0 {
                return Err(self.ends());
            }
            read += now;
        }
        // Levels that cannot differ are not stored.
        if self.descriptor.max_def_level() == 0 {
            self.defined = vec![0; values.len()];
        }
        if self.descriptor.max_rep_level() == 0 {
            self.repeated = vec![0; self.defined.len()];
        }
        Ok(values.into_iter().map(value).collect())
    }
}
