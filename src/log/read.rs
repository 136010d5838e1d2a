//! A log read line by line: text in, records or mistakes out. Rows of Parquet count as lines.
//!
//! Lines end with LF or CR LF; a byte-order mark at the start and blank lines at the end are
//! passed over. What is compressed is told by the file's name; several gzip members or zstd frames
//! in one file are read as one.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::fields::Fields;
use super::parquet::{ParquetLog, is_parquet};
use super::{Compression, Record};
use crate::columnar::MAGIC;
use crate::input::{InputError, Mistake, Mistakes};

/// Largest number of bytes of a line, without its end, unless another is asked for.
pub const LONGEST_LINE: usize = 64 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The records of a log, in their order.
///
/// Yields what is wrong with a line in its place; the lines after it are still read.
pub struct Reader {
    /// Empty where `rows` are read.
    source: Box<dyn BufRead + Send>,
    /// Of a log in Parquet.
    rows: Option<ParquetLog>,
    compression: Compression,
    line: Vec<u8>,
    /// Of the line or row read last, from 1.
    number: usize,
    longest_line: usize,
    ended: bool,
    ids: Ids,
    unknown_fields: BTreeMap<String, usize>,
}

/// The ids of records, with the line of each; of several logs that are read as one.
#[derive(Debug, Default)]
struct Ids {
    lines: BTreeMap<String, (usize, usize)>,
    /// The logs read before this one, and what their records are.
    earlier: Vec<(String, &'static str)>,
}

impl Ids {
    /// Takes an id that stands in `line`, which may be a row; where it stands already, if it does.
    fn take(&mut self, id: &str, what: &str, line: usize) -> Option<String> {
        match self.lines.get(id) {
            Some(&(log, first)) => Some(match self.earlier.get(log) {
                Some((earlier, what)) => format!("{what} {first} of {earlier}"),
                None => format!("{what} {first}"),
            }),
            None if id.is_empty() => None,
            None => {
                let here = (self.earlier.len(), line);
                self.lines.insert(id.to_owned(), here);
                None
            }
        }
    }
}

/// Why there is no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadError {
    /// A line is malformed; the lines after it can still be read.
    Line(Vec<Mistake>),
    /// The rest of the file cannot be read; nothing follows.
    Rest(Mistake),
}

impl ReadError {
    /// The mistakes, all of one line.
    pub fn into_mistakes(self) -> Vec<Mistake> {
        match self {
            Self::Line(mistakes) => mistakes,
            Self::Rest(mistake) => vec![mistake],
        }
    }
}

/// What the next line of the source is.
enum Next {
    End,
    Line,
    TooLong,
}

impl Reader {
    /// Opens a log; `.gz` and `.zst` files are decompressed, `.parquet` files are Parquet. `-` is
    /// stdin, compressed or not.
    pub fn open(path: &Path) -> Result<Self, InputError> {
        let failed = |message: String| InputError::whole_file(&path.display().to_string(), message);
        if path == Path::new("-") {
            let mut source = BufReader::new(std::io::stdin());
            if source
                .fill_buf()
                .is_ok_and(|start| start.starts_with(MAGIC))
            {
                let message = "is Parquet, which cannot be read from a stream; name the file";
                return Err(failed(message.to_owned()));
            }
            return Compression::of_stream(&mut source)
                .and_then(|compression| Self::new(source, compression))
                .map_err(|e| failed(format!("cannot be read: {e}")));
        }
        if path.is_dir() {
            return Err(failed("is a directory; a file is needed".to_owned()));
        }
        if is_parquet(path) {
            let rows = Some(ParquetLog::open(path).map_err(failed)?);
            let empty = Self::new(io::empty(), Compression::Plain);
            return empty
                .map(|reader| Self { rows, ..reader })
                .map_err(|e| failed(e.to_string()));
        }
        let file = File::open(path).map_err(|e| failed(format!("cannot be read: {e}")))?;
        let mut source = BufReader::new(file);
        if source
            .fill_buf()
            .is_ok_and(|start| start.starts_with(MAGIC))
        {
            let message = "is a Parquet file; let its name end in .parquet";
            return Err(failed(message.to_owned()));
        }
        Self::new(source, Compression::of(path))
            .map_err(|e| failed(format!("cannot be decompressed: {e}")))
    }

    fn new(source: impl BufRead + Send + 'static, compression: Compression) -> io::Result<Self> {
        let source: Box<dyn BufRead + Send> = match compression {
            Compression::Plain => Box::new(source),
            Compression::Gzip => Box::new(BufReader::new(MultiGzDecoder::new(source))),
            Compression::Zstandard => {
                let decoder = zstd::stream::read::Decoder::with_buffer(source)?;
                Box::new(BufReader::new(decoder))
            }
        };
        Ok(Self {
            source,
            rows: None,
            compression,
            line: Vec::new(),
            number: 0,
            longest_line: LONGEST_LINE,
            ended: false,
            ids: Ids::default(),
            unknown_fields: BTreeMap::new(),
        })
    }

    /// Allows lines of at most so many bytes. Rows of Parquet may be of any length.
    pub fn longest_line(mut self, bytes: usize) -> Self {
        self.longest_line = bytes;
        self
    }

    /// Reads this log as the continuation of `before`, the log called `name`: ids must differ from
    /// those in it, too.
    pub fn after(mut self, before: Self, name: &str) -> Self {
        let what = before.what();
        self.ids = before.ids;
        self.ids.earlier.push((name.to_owned(), what));
        for (field, count) in before.unknown_fields {
            *self.unknown_fields.entry(field).or_default() += count;
        }
        self
    }

    /// Fields so far that are not of the format, with the number of records that have them.
    pub fn unknown_fields(&self) -> &BTreeMap<String, usize> {
        &self.unknown_fields
    }

    /// What a record is in this log.
    fn what(&self) -> &'static str {
        if self.rows.is_some() { "row" } else { "line" }
    }

    fn next_row(&mut self) -> io::Result<Option<Result<Record, Vec<Mistake>>>> {
        let Some(rows) = &mut self.rows else {
            return Ok(None);
        };
        let Some(fields) = rows.next()? else {
            return Ok(None);
        };
        self.number += 1;
        for column in rows.unknown() {
            match self.unknown_fields.get_mut(column) {
                Some(count) => *count += 1,
                None => drop(self.unknown_fields.insert(column.clone(), 1)),
            }
        }
        let place = rows.place();
        Ok(Some(self.checked(fields).map_err(|mut mistakes| {
            for mistake in &mut mistakes {
                mistake.message = format!("{} ({place})", mistake.message);
            }
            mistakes
        })))
    }

    /// Reads the next line into `self.line`, without its end.
    fn read_line(&mut self) -> io::Result<Next> {
        self.line.clear();
        self.number += 1;
        // Room for the longest line and its end.
        let mut limited = self.source.by_ref().take(self.longest_line as u64 + 2);
        if limited.read_until(b'\n', &mut self.line)? == 0 {
            return Ok(Next::End);
        }
        let whole = self.line.pop_if(|b| *b == b'\n').is_some();
        self.line.pop_if(|b| *b == b'\r');
        if self.number == 1 && self.line.starts_with(BYTE_ORDER_MARK) {
            self.line.drain(..BYTE_ORDER_MARK.len());
        }
        if self.line.len() <= self.longest_line {
            return Ok(Next::Line);
        }
        if !whole {
            self.source.skip_until(b'\n')?;
        }
        Ok(Next::TooLong)
    }

    /// Passes over white space; whether that was all.
    fn only_blanks_follow(&mut self) -> io::Result<bool> {
        loop {
            let chunk = match self.source.fill_buf() {
                Ok(chunk) => chunk,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            if chunk.is_empty() {
                return Ok(true);
            }
            let text = chunk.iter().position(|b| !b.is_ascii_whitespace());
            let blanks = &chunk[..text.unwrap_or(chunk.len())];
            let length = blanks.len();
            self.number += blanks.split(|b| *b == b'\n').count() - 1;
            self.source.consume(length);
            if text.is_some() {
                return Ok(false);
            }
        }
    }

    fn next_record(&mut self) -> io::Result<Option<Result<Record, Vec<Mistake>>>> {
        if self.rows.is_some() {
            return self.next_row();
        }
        let next = self.read_line()?;
        let number = self.number;
        let faulty = |message: &str| Ok(Some(Err(vec![mistake(number, message)])));
        match next {
            Next::End => return Ok(None),
            Next::TooLong => {
                return faulty(&format!(
                    "is longer than {}, the limit for one record",
                    in_words(self.longest_line)
                ));
            }
            Next::Line => {}
        }
        if self.line.trim_ascii().is_empty() {
            if self.only_blanks_follow()? {
                return Ok(None);
            }
            return faulty("is blank; every line must hold one JSON object");
        }
        match std::str::from_utf8(&self.line) {
            Err(e) => faulty(&format!(
                "is not UTF-8 text from byte {} of the line on",
                e.valid_up_to() + 1
            )),
            Ok(text) => match serde_json::from_str::<Fields>(text) {
                Err(_) if number == 1 && text.trim_start().starts_with('[') => {
                    // Its lines are no records, even where one looks like one.
                    Err(io::Error::new(
                        ErrorKind::InvalidData,
                        "the file is a JSON array; write one object per line, for example with \
                         `jq -c '.[]'`",
                    ))
                }
                Err(e) => faulty(&not_an_object(&e)),
                Ok(fields) => Ok(Some(self.checked(fields))),
            },
        }
    }

    fn checked(&mut self, mut fields: Fields) -> Result<Record, Vec<Mistake>> {
        for name in std::mem::take(&mut fields.unknown) {
            *self.unknown_fields.entry(name).or_default() += 1;
        }
        let mut mistakes = Mistakes::default();
        let record = fields.into_record(&mut mistakes);
        if let Some(first) = self.ids.take(&record.id, self.what(), self.number) {
            let message = format!(
                "is \"{}\", the id of {first} already; ids must differ",
                record.id
            );
            mistakes.push("id", message);
        }
        if mistakes.is_empty() {
            return Ok(record);
        }
        let at_line = |(key, message)| Mistake {
            line: Some(self.number),
            key,
            message,
        };
        Err(mistakes.into_list().into_iter().map(at_line).collect())
    }

    fn broken(&self, error: &io::Error) -> ReadError {
        let packed = match self.compression {
            Compression::Plain => None,
            Compression::Gzip => Some("gzip"),
            Compression::Zstandard => Some("zstd"),
        };
        let message = match (packed, error.kind()) {
            (Some(packed), ErrorKind::UnexpectedEof) => format!(
                "cannot be read: the {packed} data stop before their end, so the file is \
                 truncated or still being written"
            ),
            (Some(packed), _) => format!("cannot be read: the {packed} data are damaged: {error}"),
            (None, _) => format!("cannot be read: {error}"),
        };
        ReadError::Rest(mistake(self.number, &message))
    }
}

/// A number of bytes, in MiB where that is a whole number.
fn in_words(bytes: usize) -> String {
    const MEBIBYTE: usize = 1 << 20;
    if bytes >= MEBIBYTE && bytes.is_multiple_of(MEBIBYTE) {
        format!("{} MiB", bytes / MEBIBYTE)
    } else {
        format!("{bytes} bytes")
    }
}

fn mistake(line: usize, message: &str) -> Mistake {
    Mistake {
        line: Some(line),
        key: String::new(),
        message: message.to_owned(),
    }
}

/// The parser's message with the column alone: to it, every line is line 1.
fn not_an_object(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(what, _)| what);
    let place = if error.is_data() {
        String::new()
    } else {
        format!(" at column {}", error.column())
    };
    format!("is not a JSON object: {what}{place}; every line must hold one whole record")
}

impl Iterator for Reader {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = match self.next_record() {
            Ok(next) => next.map(|record| record.map_err(ReadError::Line)),
            Err(error) => {
                self.ended = true;
                Some(Err(self.broken(&error)))
            }
        };
        self.ended |= next.is_none();
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write as _};

    /// Ids of records and `line: key: message` of mistakes, in order.
    fn read(bytes: Vec<u8>, compression: Compression) -> Vec<String> {
        let reader = Reader::new(Cursor::new(bytes), compression).expect("a reader");
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
            let found = lines(Reader::new(source, Compression::Plain).expect("a reader"));
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
        let found = lines(Reader::new(source, Compression::Plain).expect("a reader"));
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
