//! What every importer promises on any file: the same file gives the same records; each is valid and
//! has an id of its own; a row is read, left out or wrong; what is wrong has a line; lines and the
//! elements of an array are the same rows.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use foldem::log::grade::Grader;
use foldem::log::import::{ColumnMap, Format, Import, Options};
use foldem::log::{ReadError, Record};
use serde_json::Value;

/// Parts the rows of a text from what is told beside them.
const PART: u8 = 0x1e;
/// lm-eval tells task and model by it.
const TEXT: &str = "samples_made_up_2026-01-31T12-00-00.000001.jsonl";
const PARQUET: &str = "rows.parquet";

/// Formats and names of files; a first byte chooses.
pub(super) const CASES: [(Format, &str); 10] = [
    (Format::OpenAiBatch, TEXT),
    (Format::VllmOffline, TEXT),
    (Format::LmEval, TEXT),
    (Format::ParquetGenerations, TEXT),
    (Format::Distilabel, TEXT),
    (Format::RlRollouts, TEXT),
    (Format::Map, TEXT),
    (Format::ParquetGenerations, PARQUET),
    (Format::Distilabel, PARQUET),
    (Format::RlRollouts, PARQUET),
];

/// Checks it on a file: a byte for the format, then rows in JSON and what is told beside them –
/// requests, a map, a label – or Parquet.
pub(super) fn check(data: &[u8]) {
    if let Some((&how, bytes)) = data.split_first() {
        records(how, bytes);
    }
}

/// The records that come of it, after all checks.
pub(super) fn records(how: u8, bytes: &[u8]) -> Vec<Record> {
    let (format, name) = CASES[usize::from(how) % CASES.len()];
    let parts = bytes.iter().position(|b| *b == PART && name == TEXT);
    let (rows, beside) = parts.map_or((bytes, None), |at| (&bytes[..at], Some(&bytes[at + 1..])));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    fs::write(&path, rows).expect("written");
    let Some(options) = options(
        format,
        usize::from(how) / CASES.len(),
        beside,
        folder.path(),
    ) else {
        return Vec::new();
    };

    let read = import(format, &path, &options);
    assert_eq!(import(format, &path, &options), read, "read again");
    let Ok(read) = read else {
        return Vec::new();
    };
    read.check();
    if let Some(array) = array(rows).filter(|_| name == TEXT) {
        fs::write(&path, array).expect("written");
        let elements = import(format, &path, &options);
        assert_eq!(elements, Ok(read.clone()), "as an array");
    }
    for record in &read.records {
        let (mut once, mut twice) = (record.clone(), record.clone());
        Grader::default().grade(&mut once);
        Grader::default().grade(&mut twice);
        assert_eq!(once, twice);
        assert!(record.correct.is_none() || record.correct == once.correct);
    }
    read.records
}

/// What an importer is told; `None` where that is itself not valid.
fn options(format: Format, preset: usize, beside: Option<&[u8]>, folder: &Path) -> Option<Options> {
    let mut options = Options::default();
    let presets = foldem::log::import::PRESETS;
    let (preset, _) = presets[preset % presets.len()];
    let text = beside.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    match (format, text) {
        (Format::OpenAiBatch, Some(text)) => {
            let path = folder.join("requests.jsonl");
            fs::write(&path, text).expect("written");
            options.prompts.push(path);
        }
        (Format::LmEval, Some(text)) => {
            let (label, filter) = text.split_once(',').unwrap_or((&text, ""));
            options.label = Some(label.to_owned());
            options.filter = (!filter.is_empty()).then(|| filter.to_owned());
        }
        (Format::RlRollouts, label) => options.label = label,
        (Format::ParquetGenerations, Some(text)) => {
            options.columns = Some(ColumnMap::parse("columns.toml", &text).ok()?);
        }
        (Format::ParquetGenerations, None) => {
            let map = ColumnMap::load(Path::new(preset));
            options.columns = Some(map.expect("a preset"));
        }
        (Format::Map, text) => {
            let text = text.unwrap_or_else(|| "solution=solution".to_owned());
            options.columns = Some(ColumnMap::of_pairs(text.split(',')).ok()?);
        }
        (Format::OpenAiBatch | Format::VllmOffline | Format::LmEval | Format::Distilabel, _) => {}
    }
    Some(options)
}

/// What comes of a file.
#[derive(Debug, Clone, PartialEq, Default)]
struct Read {
    records: Vec<Record>,
    errors: Vec<ReadError>,
    remarks: Vec<String>,
    /// Rows that were read, and those that gave nothing and were not wrong.
    rows: (u64, u64),
}

/// Imports a file, or says why nothing can be read.
fn import(format: Format, path: &Path, options: &Options) -> Result<Read, String> {
    let mut import = Import::new(format, &[path.to_owned()], options.clone())
        .map_err(|error| error.to_string())?;
    let mut read = Read::default();
    for record in &mut import {
        match record {
            Ok(record) => read.records.push(record),
            Err(error) => read.errors.push(error),
        }
    }
    read.remarks = import.remarks();
    read.rows = (import.read(), import.left_out());
    Ok(read)
}

impl Read {
    fn check(&self) {
        let mut ids = BTreeSet::new();
        for record in &self.records {
            assert!(ids.insert(&record.id), "{} stands twice", record.id);
            let line = serde_json::to_string(record).expect("a line");
            let again: Record = serde_json::from_str(&line).expect("valid in a log");
            assert_eq!(again, *record);
        }
        let wrong = |error: &&ReadError| matches!(error, ReadError::Line(_));
        let wrong = self.errors.iter().filter(wrong).count() as u64;
        let (rows, left_out) = self.rows;
        for error in &self.errors {
            let mistakes = error.clone().into_mistakes();
            assert!(!mistakes.is_empty());
            let told = mistakes.iter().all(|m| m.line.is_some_and(|line| line > 0));
            // A file that cannot be opened has no lines.
            let unopened = rows == 0 && self.records.is_empty() && self.errors.len() == 1;
            assert!(told || unopened, "{mistakes:?}");
        }
        if rows > 0 {
            let given = rows
                .checked_sub(left_out + wrong)
                .expect("each row counts once");
            assert_eq!(
                given == 0,
                self.records.is_empty(),
                "{given} rows gave records"
            );
            assert!(given <= self.records.len() as u64);
        }
    }
}

/// Lines of JSON as an array whose elements stand in the same lines.
fn array(rows: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(rows).ok()?;
    let lines: Vec<&str> = text.lines().collect();
    let valid = |line: &&str| serde_json::from_str::<Value>(line).is_ok();
    if lines.is_empty() || lines[0].trim_start().starts_with('[') || !lines.iter().all(valid) {
        return None;
    }
    Some(format!("[{}\n]", lines.join(",\n")).into_bytes())
}
