//! Flat typed columns written as Parquet, a row group at a time.
//!
//! The same columns give the same bytes: neither time nor machine is written. Every column may
//! hold nulls. Pages are compressed by zstd.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};

use super::FileError;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// Floating point of 64 bits.
    Number,
    /// Signed integers of 64 bits.
    Integer,
    /// True or false.
    Truth,
    /// Lists of signed integers.
    Integers,
}

/// The values of a column in a row group, one per row.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// UTF-8 text.
    Text(Vec<Option<String>>),
    /// Floating point of 64 bits.
    Number(Vec<Option<f64>>),
    /// Signed integers of 64 bits.
    Integer(Vec<Option<i64>>),
    /// True or false.
    Truth(Vec<Option<bool>>),
    /// Lists of signed integers.
    Integers(Vec<Option<Vec<i64>>>),
}

impl Column {
    /// A column without rows.
    pub fn new(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text(Vec::new()),
            Kind::Number => Self::Number(Vec::new()),
            Kind::Integer => Self::Integer(Vec::new()),
            Kind::Truth => Self::Truth(Vec::new()),
            Kind::Integers => Self::Integers(Vec::new()),
        }
    }

    /// What it holds.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Number(_) => Kind::Number,
            Self::Integer(_) => Kind::Integer,
            Self::Truth(_) => Kind::Truth,
            Self::Integers(_) => Kind::Integers,
        }
    }
}

/// Writes a Parquet file to a sink.
pub struct Writer<W: Write + Send> {
    file: SerializedFileWriter<W>,
    kinds: Vec<Kind>,
}

impl<W: Write + Send> Writer<W> {
    /// Starts a file with these columns by name, and with texts about it by key.
    pub fn new(
        sink: W,
        columns: &[(String, Kind)],
        metadata: &[(&str, String)],
    ) -> Result<Self, FileError> {
        let fields = columns.iter().map(|(name, kind)| field(name, *kind));
        let schema = Type::group_type_builder("schema")
            .with_fields(fields.collect::<Result<_, _>>()?)
            .build()?;
        let metadata = metadata
            .iter()
            .map(|(key, text)| KeyValue::new((*key).to_owned(), text.clone()));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(parquet::basic::ZstdLevel::default()))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .set_max_row_group_row_count(None)
            .set_key_value_metadata(Some(metadata.collect()))
            .build();
        Ok(Self {
            file: SerializedFileWriter::new(sink, Arc::new(schema), Arc::new(properties))?,
            kinds: columns.iter().map(|(_, kind)| *kind).collect(),
        })
    }

    /// Adds a row group: columns of the kinds and in the order of the file, equally long.
    ///
    /// # Panics
    ///
    /// If a column is of another kind or missing.
    pub fn write(&mut self, columns: &[Column]) -> Result<(), FileError> {
        let kinds: Vec<Kind> = columns.iter().map(Column::kind).collect();
        assert_eq!(kinds, self.kinds, "the columns of the file");
        let mut group = self.file.next_row_group()?;
        for column in columns {
            write_column(&mut group, column)?;
        }
        group.close()?;
        Ok(())
    }

    /// Ends the file; the sink comes back.
    pub fn finish(self) -> Result<W, FileError> {
        Ok(self.file.into_inner()?)
    }
}

fn field(name: &str, kind: Kind) -> Result<TypePtr, FileError> {
    let of = |physical| Type::primitive_type_builder(name, physical);
    let primitive = match kind {
        Kind::Text => of(Physical::BYTE_ARRAY)
            .with_converted_type(ConvertedType::UTF8)
            .with_logical_type(Some(LogicalType::String)),
        Kind::Number => of(Physical::DOUBLE),
        Kind::Integer => of(Physical::INT64),
        Kind::Truth => of(Physical::BOOLEAN),
        Kind::Integers => return list(name),
    };
    let primitive = primitive.with_repetition(Repetition::OPTIONAL).build()?;
    Ok(Arc::new(primitive))
}

/// A list as the format describes it: three levels.
fn list(name: &str) -> Result<TypePtr, FileError> {
    let element = Type::primitive_type_builder("element", Physical::INT64)
        .with_repetition(Repetition::REQUIRED)
        .build()?;
    let repeated = Type::group_type_builder("list")
        .with_repetition(Repetition::REPEATED)
        .with_fields(vec![Arc::new(element)])
        .build()?;
    let list = Type::group_type_builder(name)
        .with_repetition(Repetition::OPTIONAL)
        .with_converted_type(ConvertedType::LIST)
        .with_logical_type(Some(LogicalType::List))
        .with_fields(vec![Arc::new(repeated)])
        .build()?;
    Ok(Arc::new(list))
}

fn write_column<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    column: &Column,
) -> Result<(), FileError> {
    match column {
        Column::Text(cells) => {
            let bytes = |text: &String| ByteArray::from(text.as_str());
            write_cells::<ByteArrayType, _, _>(group, cells, bytes)
        }
        Column::Number(cells) => write_cells::<DoubleType, _, _>(group, cells, |x| *x),
        Column::Integer(cells) => write_cells::<Int64Type, _, _>(group, cells, |n| *n),
        Column::Truth(cells) => write_cells::<BoolType, _, _>(group, cells, |b| *b),
        Column::Integers(cells) => write_lists(group, cells),
    }
}

fn write_cells<T: DataType, C, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    cells: &[Option<C>],
    stored: impl Fn(&C) -> T::T,
) -> Result<(), FileError> {
    let values: Vec<T::T> = cells.iter().flatten().map(stored).collect();
    let defined: Vec<i16> = cells.iter().map(|c| i16::from(c.is_some())).collect();
    write_levels::<T, W>(group, &values, &defined, None)
}

/// By definition level: 0 is a null, 1 an empty list, 2 an element.
fn write_lists<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    cells: &[Option<Vec<i64>>],
) -> Result<(), FileError> {
    let (mut values, mut defined, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
    for cell in cells {
        let list = cell.as_deref().unwrap_or_default();
        if list.is_empty() {
            defined.push(i16::from(cell.is_some()));
            repeated.push(0);
        }
        for (i, value) in list.iter().enumerate() {
            values.push(*value);
            defined.push(2);
            repeated.push(i16::from(i > 0));
        }
    }
    write_levels::<Int64Type, W>(group, &values, &defined, Some(&repeated))
}

fn write_levels<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
    defined: &[i16],
    repeated: Option<&[i16]>,
) -> Result<(), FileError> {
    let mut column = group.next_column()?.expect("as many columns as kinds");
    let writer = column.typed::<T>();
    writer.write_batch(values, Some(defined), repeated)?;
    column.close()?;
    Ok(())
}
