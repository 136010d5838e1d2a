//! A log read line by line: text in, records or mistakes out. Rows of Parquet count as lines.
//!
//! Lines end with LF or CR LF; a byte-order mark at the start and blank lines at the end are
//! passed over. What is compressed is told by the file's name; several gzip members or zstd frames
//! in one file are read as one. A [`Reader`] hands out one record after the other, or has whole
//! blocks of lines read in parallel; either way the records and mistakes are the same.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _};
use std::path::Path;

use super::blocks::{Block, Blocks};
use super::ledger::Ledger;
use super::line::{Line, understand};
use super::parquet::{ParquetLog, is_parquet};
use super::read_error::{array, broken, mistake};
use super::scan::Scratch;
use super::source::{Source, open_source};
use super::{Compression, ReadError, Record};
use crate::columnar::MAGIC;
use crate::input::{InputError, Mistakes};

/// Largest number of bytes of a line, without its end, unless another is asked for.
pub const LONGEST_LINE: usize = 64 << 20;

/// The records of a log, in their order.
///
/// Yields what is wrong with a line in its place; the lines after it are still read.
pub struct Reader {
    /// Empty where `rows` are read.
    pub(super) blocks: Blocks,
    /// Of a log in Parquet.
    pub(super) rows: Option<ParquetLog>,
    pub(super) compression: Compression,
    pub(super) longest_line: usize,
    pub(super) ended: bool,
    pub(super) ledger: Ledger,
    /// What is being handed out line by line, and the place and number of the next line.
    block: Block,
    next: (usize, usize),
    scratch: Scratch,
}

impl Reader {
    /// Opens a log; `.gz` and `.zst` files are decompressed, `.parquet` files are Parquet. `-` is
    /// stdin, compressed or not.
    pub fn open(path: &Path) -> Result<Self, InputError> {
        if is_parquet(path) && path.is_file() {
            let rows = ParquetLog::open(path)
                .map_err(|e| InputError::whole_file(&path.display().to_string(), e))?;
            return Ok(Self {
                rows: Some(rows),
                ledger: Ledger::new("row"),
                ..Self::over(Box::new(io::empty()), Compression::Plain)
            });
        }
        let (mut source, compression) = open_source(path)?;
        let start = match compression {
            Compression::Plain => source.fill_buf().unwrap_or_default(),
            _ => &[],
        };
        if start.starts_with(MAGIC) {
            let message = if path == Path::new("-") {
                "is Parquet, which cannot be read from a stream; name the file"
            } else {
                "is a Parquet file; let its name end in .parquet"
            };
            let name = path.display().to_string();
            return Err(InputError::whole_file(&name, message));
        }
        Ok(Self::over(source, compression))
    }

    pub(super) fn over(source: Source, compression: Compression) -> Self {
        Self {
            blocks: Blocks::new(source, LONGEST_LINE),
            rows: None,
            compression,
            longest_line: LONGEST_LINE,
            ended: false,
            ledger: Ledger::new("line"),
            block: Block::default(),
            next: (0, 0),
            scratch: Scratch::default(),
        }
    }

    /// Allows lines of at most so many bytes. Rows of Parquet may be of any length.
    pub fn longest_line(mut self, bytes: usize) -> Self {
        self.longest_line = bytes;
        self.blocks.longest(bytes);
        self
    }

    /// Reads this log as the continuation of `before`, the log called `name`: ids must differ from
    /// those in it, too.
    pub fn after(mut self, before: Self, name: &str) -> Self {
        let what = std::mem::replace(&mut self.ledger, before.ledger).what;
        self.ledger.blank = None;
        let before = std::mem::replace(&mut self.ledger.what, what);
        self.ledger.earlier.push((name.to_owned(), before));
        self
    }

    /// Fields so far that are not of the format, with the number of records that have them.
    pub fn unknown_fields(&self) -> &BTreeMap<String, usize> {
        &self.ledger.unknown_fields
    }

    /// The record of the next row, or what is wrong with it.
    fn next_row(rows: &mut ParquetLog, ledger: &mut Ledger) -> Option<Result<Record, ReadError>> {
        let fields = match rows.next() {
            Ok(fields) => fields?,
            Err(error) => {
                return Some(Err(broken(Compression::Plain, rows.number(), &error)));
            }
        };
        for column in rows.unknown() {
            ledger.unknown(column, 1);
        }
        let (number, place) = (rows.number(), rows.place());
        let mut mistakes = Mistakes::default();
        let record = fields.into_record(&mut mistakes);
        let record = ledger.settle(record, mistakes, number);
        Some(record.map_err(|mut mistakes| {
            for mistake in &mut mistakes {
                mistake.message = format!("{} ({place})", mistake.message);
            }
            ReadError::Line(mistakes)
        }))
    }

    /// The record of the next line, or what is wrong with it or with the lines before.
    fn next_record(&mut self) -> Option<Result<Record, ReadError>> {
        if let Some(rows) = &mut self.rows {
            return Self::next_row(rows, &mut self.ledger);
        }
        loop {
            let (at, number) = self.next;
            let Some(line) = self.block.line(at, number) else {
                match self.blocks.next() {
                    Ok(Some(block)) => {
                        self.next = (block.start(), block.first());
                        self.block = block;
                    }
                    Ok(None) => return None,
                    Err(error) => {
                        let number = self.blocks.number();
                        return Some(Err(broken(self.compression, number, &error)));
                    }
                }
                continue;
            };
            let understood = understand(line.text, number, self.longest_line, &mut self.scratch);
            if matches!(understood, Line::Blank) {
                self.next = (line.next, number + 1);
                self.ledger.blank(number);
                continue;
            }
            // The line itself comes the next time.
            if let Some(error) = self.ledger.goes_on() {
                return Some(Err(error));
            }
            self.next = (line.next, number + 1);
            let mut mistakes = Mistakes::default();
            let (record, unknown) = match understood {
                Line::Blank => continue,
                Line::Array => return Some(Err(broken(self.compression, number, &array()))),
                Line::Faulty(message) => {
                    return Some(Err(ReadError::Line(vec![mistake(number, &message)])));
                }
                Line::Plain(scanned) => {
                    let unknown = scanned
                        .unknown
                        .iter()
                        .map(|&name| name.to_owned())
                        .collect();
                    (scanned.view.to_record(), unknown)
                }
                Line::Fields(mut fields) => {
                    let unknown: Vec<String> = std::mem::take(&mut fields.unknown);
                    (fields.into_record(&mut mistakes), unknown)
                }
            };
            for name in unknown {
                self.ledger.unknown(&name, 1);
            }
            let record = self.ledger.settle(record, mistakes, number);
            return Some(record.map_err(ReadError::Line));
        }
    }
}

impl Iterator for Reader {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.next_record();
        self.ended = matches!(next, None | Some(Err(ReadError::Rest(_))));
        next
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::decompressed;
    use super::*;
    use crate::input::Mistake;
    use std::io::{BufRead, BufReader, Cursor, Read, Write as _};

    fn reader(source: impl BufRead + Send + 'static, compression: Compression) -> Reader {
        Reader::over(
            decompressed(source, compression).expect("a source"),
            compression,
        )
    }

    /// Ids of records and `line: key: message` of mistakes, in order.
    fn read(bytes: Vec<u8>, compression: Compression) -> Vec<String> {
        let reader = reader(Cursor::new(bytes), compression);
        lines(reader)
    }

    fn lines(reader: Reader) -> Vec<String> {
        let one = |m: Mistake| format!("{}: {}: {}", m.line.unwrap_or(0), m.key, m.message);
        // Bounded, so that a reader which never ends fails a test and does not hang it.
        reader
            .take(100)
            .flat_map(|record| match record {
                Ok(record) => vec![record.id],
                Err(error) => error.into_mistakes().into_iter().map(one).collect(),
            })
            .collect()
    }

    fn line(id: &str) -> String {
        format!("{{\"id\":\"{id}\",\"solution\":\"x\"}}")
    }

    #[test]
    fn line_ends_byte_order_mark_and_blank_end_are_tolerated() {
        let (a, b) = (line("a"), line("b"));
        for text in [
            format!("{a}\n{b}"),
            format!("{a}\n{b}\n"),
            format!("\u{feff}{a}\r\n{b}\r\n"),
            format!("{a}\n{b}\n\n \r\n\t"),
        ] {
            assert_eq!(
                read(text.clone().into(), Compression::Plain),
                ["a", "b"],
                "{text:?}"
            );
        }
    }

    #[test]
    fn each_malformed_line_is_reported_and_the_next_is_read() {
        let mut log = Vec::new();
        for bad in [
            &b""[..],
            b"\n ",
            b"[1]",
            b"{\"id\": NaN}",
            b"{\"id\":\"x\",\"solution\":\"cut",
            b"{\"id\":\"z\",\"solution\":\"\xff\"}",
            b"{\"id\":\"y\",\"solution\":\"\"} {}",
            b"{\"id\":\"a1\",\"solution\":\"x\",\"utility\":2}",
        ] {
            log.extend_from_slice(bad);
            let n = log.split(|b| *b == b'\n').count() - 1;
            log.extend_from_slice(format!("\n{}\n", line(&format!("a{n}"))).as_bytes());
        }
        let found = read(log, Compression::Plain);
        let expected = [
            "1: : is blank",
            "a0",
            "3: : is blank",
            "a3",
            "6: : is not a JSON object: invalid type: sequence, expected a JSON object; every",
            "a5",
            "8: : is not a JSON object: expected value at column 8",
            "a7",
            "10: : is not a JSON object: EOF while parsing a string at column",
            "a9",
            "12: : is not UTF-8 text from byte 23",
            "a11",
            "14: : is not a JSON object: trailing characters",
            "a13",
            "16: utility: is 2",
            "a15",
        ];
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found}");
        }
    }

    #[test]
    fn an_id_is_taken_once_even_by_a_faulty_record_and_across_types() {
        let log = "{\"id\":1}\n{\"id\":\"1\",\"solution\":\"x\"}\n{\"solution\":\"x\"}\n\
                   {\"solution\":\"x\"}\n";
        assert_eq!(
            read(log.into(), Compression::Plain),
            [
                "1: solution: is missing; every record needs it",
                "2: id: is \"1\", the id of line 1 already; ids must differ",
                "3: id: is missing; every record needs it",
                "4: id: is missing; every record needs it",
            ]
        );
    }

    #[test]
    fn the_longest_line_is_read_and_a_longer_one_is_not() {
        let fixed = line("a").len() - 1;
        for (extra, end, first) in [(0, "\r\n", "a"), (1, "\r\n", "1: "), (2, "\n", "1: ")] {
            let filling = io::repeat(b'y').take((LONGEST_LINE - fixed + extra) as u64);
            let start = Cursor::new(b"{\"id\":\"a\",\"solution\":\"".to_vec());
            let rest = Cursor::new(format!("\"}}{end}{}\n", line("b")).into_bytes());
            let source = BufReader::new(start.chain(filling).chain(rest));
            let found = lines(reader(source, Compression::Plain));
            assert!(found[0].starts_with(first), "{extra}: {}", found[0]);
            assert_eq!(found[1..], ["b"], "{extra}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_on_ends_the_log() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the disk is gone"))
            }
        }
        let start = Cursor::new(format!("{}\n{{", line("a")).into_bytes());
        let source = BufReader::new(start.chain(Failing));
        let found = lines(reader(source, Compression::Plain));
        assert_eq!(found, ["a", "2: : cannot be read: the disk is gone"]);
    }

    #[test]
    fn compressed_logs_are_read_whole_or_reported_as_truncated() {
        let gzip = |text: String| {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
            encoder.write_all(text.as_bytes()).expect("compressed");
            encoder.finish().expect("compressed")
        };
        let zstd = |text: String| zstd::encode_all(text.as_bytes(), 3).expect("compressed");
        for (compression, pack, kind) in [
            (
                Compression::Gzip,
                &gzip as &dyn Fn(String) -> Vec<u8>,
                "gzip",
            ),
            (Compression::Zstandard, &zstd, "zstd"),
        ] {
            let first = pack(format!("{}\n", line("a")));
            let all = [first.clone(), pack(format!("{}\n", line("b")))].concat();
            assert_eq!(read(all.clone(), compression), ["a", "b"], "{kind}");
            for length in 1..all.len() {
                let found = read(all[..length].to_vec(), compression);
                let last = found.last().expect("something");
                if length == first.len() {
                    assert_eq!(found, ["a"], "{kind}");
                } else {
                    assert!(last.contains("truncated"), "{kind} {length}: {last}");
                    assert!(last.contains(kind), "{last}");
                }
            }
            let found = read(line("a").into(), compression);
            assert_eq!(found.len(), 1, "{kind}: the reader stops");
            assert!(
                found[0].contains(&format!("the {kind} data are damaged")),
                "{}",
                found[0]
            );
        }
    }
}
