//! The rows of a file: JSON Lines, the elements of one JSON array, or the rows of a Parquet file.
//!
//! Which it is, the first characters tell. Lines end with LF or CR LF; a byte-order mark
//! at the start and blank lines are passed over. An array may be laid out in any way; its elements
//! are found by their brackets and read one at a time.

use std::io::{self, BufRead as _, ErrorKind, Read as _};
use std::path::Path;

use serde_json::Value;

use super::repair::{self, Repairs};
use crate::columnar::{self, MAGIC};
use crate::input::InputError;
use crate::log::read_error::{broken, in_words, mistake};
use crate::log::source::{Source, open_source};
use crate::log::{Compression, ReadError};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One row and where it begins.
pub(super) struct Row {
    /// Line from 1; of an array's element, the line it begins in; in Parquet, number of the row.
    pub(super) line: usize,
    pub(super) value: Value,
    pub(super) repaired: Repairs,
}

/// The rows of a file, in their order.
pub(super) enum Rows {
    Json(JsonRows),
    Parquet(ParquetRows),
}

impl Rows {
    /// Opens a file, whose rows may have `longest` bytes. Of Parquet, columns that are not `wanted`
    /// are not read.
    pub(super) fn open(
        path: &Path,
        longest: usize,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Self, InputError> {
        let failed = |message: String| InputError::whole_file(&path.display().to_string(), message);
        let named = path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("parquet"));
        if !named || !path.exists() {
            let (rows, start) = JsonRows::open(path, longest)?;
            if start != MAGIC {
                return Ok(Self::Json(rows));
            }
            if path == Path::new("-") {
                let message = "is Parquet, which cannot be read from a stream; name the file";
                return Err(failed(message.to_owned()));
            }
        }
        let rows = columnar::Rows::open(path).map_err(|e| failed(e.to_string()))?;
        Ok(Self::Parquet(ParquetRows {
            rows: rows.select(wanted),
            number: 0,
        }))
    }

    /// The next row or what is wrong with it; nothing follows [`ReadError::Rest`].
    pub(super) fn next(&mut self) -> Option<Result<Row, ReadError>> {
        match self {
            Self::Json(rows) => rows.next(),
            Self::Parquet(rows) => rows.next(),
        }
    }
}

/// Rows of a Parquet file.
pub(super) struct ParquetRows {
    rows: columnar::Rows,
    /// Of the row read last, from 1.
    number: usize,
}

impl ParquetRows {
    fn next(&mut self) -> Option<Result<Row, ReadError>> {
        let row = self.rows.next()?;
        self.number += 1;
        Some(match row {
            Ok(row) => Ok(Row {
                line: self.number,
                value: Value::Object(row),
                repaired: Repairs::default(),
            }),
            Err(error) => Err(ReadError::Rest(mistake(self.number, &error.to_string()))),
        })
    }
}

/// Rows of a text.
pub(super) struct JsonRows {
    source: Source,
    compression: Compression,
    longest: usize,
    /// Line ends read so far.
    lines: usize,
    array: bool,
    ended: bool,
    buffer: Vec<u8>,
}

impl JsonRows {
    /// Opens a file; also its first bytes.
    fn open(path: &Path, longest: usize) -> Result<(Self, Vec<u8>), InputError> {
        let (source, compression) = open_source(path)?;
        let mut rows = Self {
            source,
            compression,
            longest,
            lines: 0,
            array: false,
            ended: false,
            buffer: Vec::new(),
        };
        let start = rows.start().map_err(|error| InputError {
            path: path.display().to_string(),
            mistakes: broken(compression, 1, &error).into_mistakes(),
        })?;
        Ok((rows, start))
    }

    /// Passes over a byte-order mark and white space; the bytes that follow, as far as buffered.
    fn start(&mut self) -> io::Result<Vec<u8>> {
        let buffered = self.source.fill_buf()?;
        if buffered.starts_with(BYTE_ORDER_MARK) {
            self.source.consume(BYTE_ORDER_MARK.len());
        }
        self.skip_blanks()?;
        self.array = self.source.fill_buf()?.first() == Some(&b'[');
        if self.array {
            self.source.consume(1);
        }
        let buffered = self.source.fill_buf()?;
        Ok(buffered[..buffered.len().min(MAGIC.len())].to_vec())
    }

    /// The next byte, if there is one.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.source.fill_buf() {
                Ok(buffered) => return Ok(buffered.first().copied()),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    fn skip_blanks(&mut self) -> io::Result<()> {
        while let Some(byte) = self.peek()?.filter(u8::is_ascii_whitespace) {
            self.lines += usize::from(byte == b'\n');
            self.source.consume(1);
        }
        Ok(())
    }

    fn next(&mut self) -> Option<Result<Row, ReadError>> {
        if self.ended {
            return None;
        }
        let next = if self.array {
            self.next_element()
        } else {
            self.next_line()
        };
        match next {
            Ok(next) => {
                self.ended |= next.is_none();
                next
            }
            Err(error) => {
                self.ended = true;
                Some(Err(broken(self.compression, self.lines + 1, &error)))
            }
        }
    }

    fn next_line(&mut self) -> io::Result<Option<Result<Row, ReadError>>> {
        self.skip_blanks()?;
        self.buffer.clear();
        let mut limited = self.source.by_ref().take(self.longest as u64 + 2);
        if limited.read_until(b'\n', &mut self.buffer)? == 0 {
            return Ok(None);
        }
        self.lines += 1;
        let line = self.lines;
        let whole = self.buffer.pop_if(|b| *b == b'\n').is_some();
        self.buffer.pop_if(|b| *b == b'\r');
        if self.buffer.len() > self.longest {
            if !whole {
                self.source.skip_until(b'\n')?;
            }
            return Ok(Some(Err(self.too_long(line))));
        }
        Ok(Some(self.parse(line)))
    }

    fn next_element(&mut self) -> io::Result<Option<Result<Row, ReadError>>> {
        self.skip_blanks()?;
        let line = self.lines + 1;
        match self.peek()? {
            Some(b']') => {
                self.source.consume(1);
                self.skip_blanks()?;
                return match self.peek()? {
                    None => Ok(None),
                    Some(_) => Err(invalid("something follows the end of the JSON array")),
                };
            }
            Some(_) => {}
            None => return Err(truncated()),
        }
        let fits = self.read_element()?;
        Ok(Some(if fits {
            self.parse(line)
        } else {
            Err(self.too_long(line))
        }))
    }

    /// Reads up to the comma after an element, which is taken, or to the array's end, which is not;
    /// whether the element fits.
    fn read_element(&mut self) -> io::Result<bool> {
        self.buffer.clear();
        let (mut depth, mut inside, mut escaped) = (0_usize, false, false);
        let mut length = 0_usize;
        loop {
            let Some(byte) = self.peek()? else {
                return Err(truncated());
            };
            if !inside && depth == 0 && (byte == b',' || byte == b']') {
                if byte == b',' {
                    self.source.consume(1);
                    self.skip_blanks()?;
                    if self.peek()? == Some(b']') {
                        return Err(invalid("a comma stands before the end of the JSON array"));
                    }
                }
                return Ok(length <= self.longest);
            }
            self.source.consume(1);
            self.lines += usize::from(byte == b'\n');
            length += 1;
            if length <= self.longest {
                self.buffer.push(byte);
            }
            if inside {
                inside = escaped || byte != b'"';
                escaped = !escaped && byte == b'\\';
            } else {
                match byte {
                    b'"' => inside = true,
                    b'[' | b'{' => depth += 1,
                    b']' | b'}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
        }
    }

    fn too_long(&self, line: usize) -> ReadError {
        let message = format!(
            "is longer than {}, the limit for one row (--max-line)",
            in_words(self.longest)
        );
        ReadError::Line(vec![mistake(line, &message)])
    }

    fn parse(&self, line: usize) -> Result<Row, ReadError> {
        let wrong = |message: String| Err(ReadError::Line(vec![mistake(line, &message)]));
        let text = match std::str::from_utf8(&self.buffer) {
            Ok(text) => text,
            Err(e) => {
                return wrong(format!(
                    "is not UTF-8 text from byte {} of the row on",
                    e.valid_up_to() + 1
                ));
            }
        };
        match repair::parse(text) {
            Ok((value, repaired)) => Ok(Row {
                line,
                value,
                repaired,
            }),
            Err(error) if error.is_eof() => wrong(
                "stops before its end: the file is truncated or still being written".to_owned(),
            ),
            Err(error) => {
                let text = error.to_string();
                let what = text
                    .rsplit_once(" at line ")
                    .map_or(&*text, |(what, _)| what);
                wrong(format!("is not JSON: {what} at column {}", error.column()))
            }
        }
    }
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, message)
}

fn truncated() -> io::Error {
    invalid("the JSON array stops before its end, so the file is truncated or still being written")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `line value` of rows and the messages of mistakes, in order.
    fn read(bytes: &[u8], longest: usize) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rows.json");
        std::fs::write(&path, bytes).expect("written");
        let mut rows = match Rows::open(&path, longest, |_| true) {
            Ok(rows) => rows,
            Err(error) => return vec![error.mistakes[0].message.clone()],
        };
        let mut found = Vec::new();
        // Bounded, so that rows which never end fail a test and do not hang it.
        while let Some(row) = rows.next().filter(|_| found.len() < 20) {
            found.push(match row {
                Ok(row) => format!("{} {}", row.line, row.value),
                Err(error) => {
                    let mistake = error.into_mistakes().remove(0);
                    format!("{} {}", mistake.line.unwrap_or(0), mistake.message)
                }
            });
        }
        found
    }

    #[test]
    fn lines_and_arrays_give_the_same_rows() {
        let cases: [(&[u8], &[&str]); 6] = [
            (b"{\"a\":1}\n{\"a\":2}\n", &["1 {\"a\":1}", "2 {\"a\":2}"]),
            (
                b"\xef\xbb\xbf{\"a\":1}\r\n\r\n \n{\"a\":2}",
                &["1 {\"a\":1}", "4 {\"a\":2}"],
            ),
            (b"[{\"a\":1},{\"a\":2}]", &["1 {\"a\":1}", "1 {\"a\":2}"]),
            (
                b"\n[\n {\"a\":\n 1},\n\n{\"b\":\"],}\\\"\"}\n]\n",
                &["3 {\"a\":1}", "6 {\"b\":\"],}\\\"\"}"],
            ),
            (b"[]", &[]),
            (b"  \n", &[]),
        ];
        for (bytes, expected) in cases {
            assert_eq!(read(bytes, 100), expected);
        }
    }

    #[test]
    fn what_is_broken_is_told_in_its_place() {
        let cases: [(&[u8], &[&str]); 6] = [
            (
                b"{\"a\":1}\n{\"a\"",
                &["1 {\"a\":1}", "2 stops before its end"],
            ),
            (
                b"[{\"a\":1},\n{\"a\"",
                &["1 {\"a\":1}", "2 cannot be read: the JSON array stops"],
            ),
            (b"[1] x", &["1 1", "1 cannot be read: something follows"]),
            (b"[1,]", &["1 cannot be read: a comma stands"]),
            (
                b"{a}\n\"\xff\"\n7\n",
                &[
                    "1 is not JSON: key must be a string",
                    "2 is not UTF-8",
                    "3 7",
                ],
            ),
            (b"PAR1\x15\x04", &["the Parquet data are damaged"]),
        ];
        for (bytes, expected) in cases {
            let found = read(bytes, 100);
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.starts_with(expected), "{found} {expected}");
            }
        }
    }

    #[test]
    fn a_huge_row_is_passed_over_in_bounded_memory() {
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(100));
        for text in [format!("{long}\n{{}}\n"), format!("[{long}, {{}}]")] {
            let found = read(text.as_bytes(), 50);
            assert!(found[0].contains("longer than 50 bytes"), "{found:?}");
            assert!(found[1].ends_with("{}"), "{found:?}");
        }
        assert_eq!(read(long.as_bytes(), 108).len(), 1);
        assert!(read(long.as_bytes(), 107)[0].contains("longer than"));
    }
}
