//! What the log reader promises on any file: record by record and block by block it says the same;
//! the fast scanner says what the careful parser says; where blocks are cut does not matter; records
//! are valid and their ids differ; what is wrong has a line.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use foldem::log::{Gather, ReadError, Reader, Record, View};

/// Names by which a log says how it is packed.
const NAMES: [&str; 4] = ["log.jsonl", "log.jsonl.gz", "log.jsonl.zst", "log.parquet"];
/// Bytes of a block of lines.
const BLOCK: usize = 1 << 18;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Checks it on a file; the first byte says its name, and where text is cut into blocks.
pub(super) fn check(data: &[u8]) {
    let Some((&how, bytes)) = data.split_first() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(NAMES[usize::from(how % 4)]);
    let read = both_ways(&path, bytes);
    // What begins as Parquet does is refused as a whole.
    let Some(read) = read.filter(|_| how % 4 == 0) else {
        return;
    };
    let both_ways = |bytes: &[u8]| both_ways(&path, bytes).expect("no Parquet");

    // A line with a tab is none that the scanner takes.
    let careful = both_ways(&indented(bytes));
    assert_eq!(careful.records, read.records, "scanned");
    assert_eq!(careful.unknown, read.unknown, "scanned");
    assert_eq!(without_columns(&careful), without_columns(&read), "scanned");

    if how & 4 > 0 {
        let before = bytes.len() * usize::from(how >> 3) / 31;
        let near = both_ways(&behind(80, bytes));
        let cut = both_ways(&behind(BLOCK.saturating_sub(before), bytes));
        assert_eq!(cut.records[1..], near.records[1..], "cut after {before}");
        assert_eq!(cut.errors, near.errors, "cut after {before}");
        assert_eq!(cut.unknown, near.unknown, "cut after {before}");
    }
}

/// What a log turns out to be.
#[derive(Debug, Default, PartialEq)]
struct Read {
    records: Vec<Record>,
    errors: Vec<ReadError>,
    unknown: BTreeMap<String, usize>,
}

/// What a file of these bytes is, read one by one and in blocks; `None` if it cannot be opened.
fn both_ways(path: &Path, bytes: &[u8]) -> Option<Read> {
    fs::write(path, bytes).expect("written");
    let one_by_one = one_by_one(path);
    assert_eq!(in_blocks(path), one_by_one, "in blocks");
    let one_by_one = one_by_one?;

    let mut ids = BTreeSet::new();
    for record in &one_by_one.records {
        assert!(ids.insert(&record.id), "{} stands twice", record.id);
        let line = serde_json::to_string(record).expect("a line");
        let again: Record = serde_json::from_str(&line).expect("valid");
        assert_eq!(again, *record);
    }
    for error in &one_by_one.errors {
        let mistakes = error.clone().into_mistakes();
        assert!(!mistakes.is_empty());
        let told = |line: Option<usize>| line.is_some_and(|line| line > 0);
        assert!(mistakes.iter().all(|m| told(m.line)), "{mistakes:?}");
    }
    Some(one_by_one)
}

fn one_by_one(path: &Path) -> Option<Read> {
    let mut reader = Reader::open(path).ok()?;
    let mut read = Read::default();
    for record in &mut reader {
        match record {
            Ok(record) => read.records.push(record),
            Err(error) => read.errors.push(error),
        }
    }
    read.unknown = reader.unknown_fields().clone();
    Some(read)
}

/// The records of a block.
struct Records(Vec<Record>);

impl Gather for Records {
    fn gather(&mut self, record: View<'_>) {
        self.0.push(record.to_record());
    }
}

fn in_blocks(path: &Path) -> Option<Read> {
    let mut reader = Reader::open(path).ok()?;
    let mut read = Read::default();
    reader.gather(
        || Records(Vec::new()),
        |block| {
            assert_eq!(block.records, block.part.0.len());
            let records = block.part.0.into_iter().enumerate();
            let counted = records.filter(|(k, _)| !block.repeated.contains(k));
            read.records.extend(counted.map(|(_, record)| record));
            read.errors.extend(block.errors);
            ControlFlow::Continue(())
        },
    );
    read.unknown = reader.unknown_fields().clone();
    Some(read)
}

/// A tab before every line.
fn indented(text: &[u8]) -> Vec<u8> {
    let rest = text.strip_prefix(BYTE_ORDER_MARK);
    let mut indented = rest.map_or_else(Vec::new, |_| BYTE_ORDER_MARK.to_vec());
    for line in rest.unwrap_or(text).split_inclusive(|b| *b == b'\n') {
        indented.push(b'\t');
        indented.extend(line);
    }
    indented
}

/// A text behind a line of so many bytes.
fn behind(bytes: usize, text: &[u8]) -> Vec<u8> {
    let (start, end) = (b"{\"id\":\"before the text\",\"solution\":\"", b"\"}\n");
    let mut all = start.to_vec();
    all.resize(bytes - end.len(), b'x');
    all.extend(end);
    all.extend(text);
    all
}

/// Errors as text without their numbers of columns, and with those of lines.
fn without_columns(read: &Read) -> Vec<(Option<usize>, String, String)> {
    let mistakes = read.errors.iter().flat_map(|e| e.clone().into_mistakes());
    let told = mistakes.map(|mistake| {
        let mut message = mistake.message;
        if mistake.key.is_empty() {
            message.retain(|c| !c.is_ascii_digit());
        }
        (mistake.line, mistake.key, message)
    });
    told.collect()
}
