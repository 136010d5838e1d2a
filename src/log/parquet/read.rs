//! Rows of a Parquet file on their way to records.
//!
//! Fields are read from the columns of their names, of whatever width and encoding; other columns
//! are not decoded. Data frames keep whole numbers as floating point where some are missing, so
//! 3.0 is read as 3 where a field is a count. `attributes` may be a struct or a map of scalars, or
//! JSON in a text.

use std::io;
use std::path::Path;

use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::super::fields::{FIELDS, Fields};
use super::io_error;
use crate::columnar::{FileError, Rows};

/// The key of what says that a Parquet file is a first-alarm table.
const TABLE: &str = "foldem.table/1";
/// The fields that are counts.
const COUNTS: [&str; 3] = ["problem_tokens", "solution_tokens", "rejected_at"];

/// A log in Parquet.
pub(in crate::log) struct ParquetLog {
    rows: Rows,
    /// Of the row read last, from 1.
    number: usize,
    /// Columns that are not of the format.
    unknown: Vec<String>,
}

impl ParquetLog {
    /// Opens a log; what is wrong with it in words.
    pub(in crate::log) fn open(path: &Path) -> Result<Self, String> {
        let rows = Rows::open(path).map_err(|e| match e {
            FileError::NotParquet => {
                format!("{e}; if it is JSON Lines, let its name end in .jsonl")
            }
            other => format!("cannot be read: {other}"),
        })?;
        if rows.metadata(TABLE).is_some() {
            return Err("is a first-alarm table, not a log; replay it with --table".to_owned());
        }
        let known = |name: &str| FIELDS.contains(&name);
        let unknown = rows.columns().filter(|name| !known(name));
        Ok(Self {
            unknown: unknown.map(ToOwned::to_owned).collect(),
            rows: rows.select(known),
            number: 0,
        })
    }

    /// Columns that are not of the format.
    pub(in crate::log) fn unknown(&self) -> &[String] {
        &self.unknown
    }

    /// The fields of the next record.
    pub(in crate::log) fn next(&mut self) -> io::Result<Option<Fields>> {
        self.number += 1;
        let Some(row) = self.rows.next().transpose().map_err(io_error)? else {
            return Ok(None);
        };
        fields(row).map(Some)
    }

    /// Number of the row read last, from 1; that could not be read, if there was an error.
    pub(in crate::log) fn number(&self) -> usize {
        self.number
    }

    /// Where the row read last stands.
    pub(in crate::log) fn place(&self) -> String {
        let (group, row) = self.rows.place();
        format!("row {row} of row group {group}")
    }
}

fn fields(mut row: Map<String, Value>) -> io::Result<Fields> {
    for name in COUNTS {
        if let Some(value) = row.get_mut(name)
            && let Some(count) = whole(value)
        {
            *value = count.into();
        }
    }
    if let Some(attributes) = row.get_mut("attributes") {
        if let Value::String(json) = attributes
            && let Ok(parsed) = serde_json::from_str::<Map<String, Value>>(json)
        {
            *attributes = parsed.into();
        } else if let Value::Object(columns) = attributes {
            // A struct has all its fields in every row.
            columns.retain(|_, value| !value.is_null());
        }
    }
    Fields::deserialize(Value::Object(row)).map_err(io::Error::other)
}

/// The count that a floating-point number is, if it is one.
fn whole(value: &Value) -> Option<u64> {
    /// Above, not every whole number is a floating-point number.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let x = value.as_f64().filter(|_| value.is_f64())?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number in the range was asked for"
    )]
    let count = (x.fract() == 0.0 && (0.0..=EXACT).contains(&x)).then_some(x as u64);
    count
}
