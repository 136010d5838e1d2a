//! Records on their way into a Parquet file, gathered until they are worth a row group.

use std::io::{self, Write};

use super::super::Record;
use super::io_error;
use crate::columnar::{Column, Kind, Writer};

/// Records in a row group at most.
const MOST_RECORDS: usize = 1 << 16;
/// Bytes of text and of token ends after which a row group is written.
const ENOUGH_BYTES: usize = 32 << 20;

/// The columns in the order of the format's table.
const COLUMNS: [(&str, Kind); 17] = [
    ("id", Kind::Text),
    ("prompt_id", Kind::Text),
    ("model", Kind::Text),
    ("benchmark", Kind::Text),
    ("problem", Kind::Text),
    ("solution", Kind::Text),
    ("problem_tokens", Kind::Integer),
    ("solution_tokens", Kind::Integer),
    ("token_ends", Kind::Integers),
    ("correct", Kind::Truth),
    ("accepted", Kind::Truth),
    ("utility", Kind::Number),
    ("rejected_at", Kind::Integer),
    ("pass_through", Kind::Number),
    ("gold", Kind::Text),
    ("finish_reason", Kind::Text),
    ("attributes", Kind::Text),
];

/// Writes records to a Parquet file.
pub(in crate::log) struct ParquetSink<W: Write + Send> {
    writer: Writer<W>,
    waiting: Vec<Record>,
    waiting_bytes: usize,
}

impl<W: Write + Send> ParquetSink<W> {
    pub(in crate::log) fn new(sink: W) -> io::Result<Self> {
        let columns = COLUMNS.map(|(name, kind)| (name.to_owned(), kind));
        Ok(Self {
            writer: Writer::new(sink, &columns, &[]).map_err(io_error)?,
            waiting: Vec::new(),
            waiting_bytes: 0,
        })
    }

    pub(in crate::log) fn write(&mut self, record: &Record) -> io::Result<()> {
        let ends = record.token_ends.as_ref().map_or(0, Vec::len);
        let problem = record.problem.as_ref().map_or(0, String::len);
        self.waiting_bytes += record.solution.len() + problem + 8 * ends;
        self.waiting.push(record.clone());
        if self.waiting.len() == MOST_RECORDS || self.waiting_bytes >= ENOUGH_BYTES {
            self.write_waiting()?;
        }
        Ok(())
    }

    /// Ends the file; the sink comes back.
    pub(in crate::log) fn finish(mut self) -> io::Result<W> {
        if !self.waiting.is_empty() {
            self.write_waiting()?;
        }
        self.writer.finish().map_err(io_error)
    }

    fn write_waiting(&mut self) -> io::Result<()> {
        let records = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        let columns = COLUMNS.map(|(name, _)| column(&records, name));
        self.writer.write(&columns).map_err(io_error)
    }
}

/// The column of the field `name`.
fn column(records: &[Record], name: &str) -> Column {
    let texts = |of: fn(&Record) -> Option<&String>| {
        Column::Text(records.iter().map(|r| of(r).cloned()).collect())
    };
    let integers = |of: fn(&Record) -> Option<u64>| {
        Column::Integer(records.iter().map(|r| of(r).map(integer)).collect())
    };
    let truths = |of: fn(&Record) -> Option<bool>| Column::Truth(records.iter().map(of).collect());
    let numbers = |of: fn(&Record) -> Option<f64>| Column::Number(records.iter().map(of).collect());
    match name {
        "id" => texts(|r| Some(&r.id)),
        "prompt_id" => texts(|r| r.prompt_id.as_ref()),
        "model" => texts(|r| r.model.as_ref()),
        "benchmark" => texts(|r| r.benchmark.as_ref()),
        "problem" => texts(|r| r.problem.as_ref()),
        "solution" => texts(|r| Some(&r.solution)),
        "problem_tokens" => integers(|r| r.problem_tokens),
        "solution_tokens" => integers(|r| r.solution_tokens),
        "token_ends" => Column::Integers(records.iter().map(ends).collect()),
        "correct" => truths(|r| r.correct),
        "accepted" => truths(|r| r.accepted),
        "utility" => numbers(|r| r.utility),
        "rejected_at" => integers(|r| r.rejected_at),
        "pass_through" => numbers(|r| r.pass_through),
        "gold" => texts(|r| r.gold.as_ref()),
        "finish_reason" => texts(|r| r.finish_reason.as_ref()),
        "attributes" => Column::Text(records.iter().map(attributes).collect()),
        other => unreachable!("{other} is a column"),
    }
}

fn ends(record: &Record) -> Option<Vec<i64>> {
    let ends = record.token_ends.as_ref()?;
    Some(ends.iter().map(|end| integer(*end as u64)).collect())
}

/// Counts of tokens and bytes are checked to be far below the largest integer.
fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn attributes(record: &Record) -> Option<String> {
    let attributes = record.attributes.as_ref()?;
    Some(serde_json::Value::Object(attributes.clone()).to_string())
}
