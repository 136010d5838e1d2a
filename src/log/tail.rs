//! Reading a log that is still being written: whole lines as they come, and where to go on.
//!
//! Assumes plain JSON Lines to which lines are only ever appended. A line without its end is left until
//! it has one. Unlike [`Reader`](super::Reader) it does not remember ids: a record that is written twice
//! is read twice.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{LONGEST_LINE, Record};
use crate::digest;
use crate::input::{InputError, Mistake};

/// How far a log has been read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Bytes of whole lines.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
    /// Bytes of the last line with its end, and their SHA-256 in hexadecimal: by these another log is
    /// told apart.
    pub last_line_bytes: u64,
    /// See `last_line_bytes`; empty before the first line.
    pub last_line_sha256: String,
}

/// The lines of a growing log.
#[derive(Debug)]
pub struct Tail {
    path: PathBuf,
    source: BufReader<File>,
    position: Position,
    /// The beginning of a line that has no end yet.
    rest: Vec<u8>,
}

impl Tail {
    /// Opens a log and goes on at `position`, which must be one of this very log.
    pub fn open(path: &Path, position: &Position) -> Result<Self, InputError> {
        let failed = |message: String| InputError::whole_file(&path.display().to_string(), message);
        let packed = path.extension().is_some_and(|e| {
            ["gz", "zst", "parquet"]
                .iter()
                .any(|p| e.eq_ignore_ascii_case(p))
        });
        if packed || path == Path::new("-") {
            let message = "cannot be read as it grows; name a file of plain JSON Lines";
            return Err(failed(message.to_owned()));
        }
        let cannot = |e: io::Error| failed(format!("cannot be read: {e}"));
        let mut file = File::open(path).map_err(cannot)?;
        if file.metadata().map_err(cannot)?.is_dir() {
            return Err(failed("is a directory; a file is needed".to_owned()));
        }
        let start = position.bytes.saturating_sub(position.last_line_bytes);
        file.seek(SeekFrom::Start(start)).map_err(cannot)?;
        let mut source = BufReader::new(file);
        let mut last = Vec::new();
        (&mut source)
            .take(position.last_line_bytes)
            .read_to_end(&mut last)
            .map_err(cannot)?;
        if position.lines > 0 && digest::of_bytes(&last) != position.last_line_sha256 {
            return Err(failed(format!(
                "is not the log that was read before: line {} differs or is gone. Go on with the log \
                 itself, or begin anew with another state file",
                position.lines
            )));
        }
        Ok(Self {
            path: path.to_owned(),
            source,
            position: position.clone(),
            rest: Vec::new(),
        })
    }

    /// How far it has been read.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// The record of the next whole line; `None` where there is none yet. Blank lines are passed over.
    pub fn next_record(&mut self) -> Result<Option<Record>, InputError> {
        loop {
            let allowed = (LONGEST_LINE + 1).saturating_sub(self.rest.len()) as u64;
            (&mut self.source)
                .take(allowed)
                .read_until(b'\n', &mut self.rest)
                .map_err(|e| self.mistake("", format!("cannot be read: {e}")))?;
            if self.rest.last() != Some(&b'\n') {
                if self.rest.len() > LONGEST_LINE {
                    let message = format!("is longer than {LONGEST_LINE} bytes");
                    return Err(self.mistake("", message));
                }
                return self.grown().map(|()| None);
            }
            let line = std::mem::take(&mut self.rest);
            let blank = line.trim_ascii().is_empty();
            let record = if blank {
                None
            } else {
                let read = serde_json::from_slice(&line);
                Some(read.map_err(|e| self.mistake("", format!("is no record: {e}")))?)
            };
            self.position = Position {
                bytes: self.position.bytes + line.len() as u64,
                lines: self.position.lines + 1,
                last_line_bytes: line.len() as u64,
                last_line_sha256: digest::of_bytes(&line),
            };
            if record.is_some() {
                return Ok(record);
            }
        }
    }

    /// An error of the record read last.
    pub fn refuse(&self, key: &str, message: String) -> InputError {
        self.at(self.position.lines, key, message)
    }

    /// An error of the line that is being read.
    fn mistake(&self, key: &str, message: String) -> InputError {
        self.at(self.position.lines + 1, key, message)
    }

    fn at(&self, line: u64, key: &str, message: String) -> InputError {
        InputError {
            path: self.path.display().to_string(),
            mistakes: vec![Mistake {
                line: usize::try_from(line).ok(),
                key: key.to_owned(),
                message,
            }],
        }
    }

    /// The log has not become shorter than what was read of it.
    fn grown(&self) -> Result<(), InputError> {
        let length = self.source.get_ref().metadata().map(|m| m.len());
        let length = length.map_err(|e| self.mistake("", format!("cannot be read: {e}")))?;
        if length < self.position.bytes + self.rest.len() as u64 {
            let message =
                "has become shorter than what was read of it; a log is only ever added to";
            return Err(self.mistake("", message.to_owned()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn line(id: &str) -> String {
        format!("{{\"id\":\"{id}\",\"solution\":\"\"}}\n")
    }

    #[test]
    fn lines_come_when_they_are_whole_and_reading_goes_on_where_it_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log.jsonl");
        let mut file = File::create(&path).expect("created");
        let mut write = |text: &str| file.write_all(text.as_bytes()).expect("written");
        write(&line("a"));
        write("\n{\"id\":\"b\",");
        let mut tail = Tail::open(&path, &Position::default()).expect("opened");
        let next = |tail: &mut Tail| tail.next_record().expect("fine").map(|r| r.id);
        assert_eq!(next(&mut tail).as_deref(), Some("a"));
        assert_eq!(next(&mut tail), None);
        write("\"solution\":\"\"}");
        assert_eq!(next(&mut tail), None);
        write("\n");
        assert_eq!(next(&mut tail).as_deref(), Some("b"));
        write(&line("c"));
        let mut again = Tail::open(&path, tail.position()).expect("the same log");
        assert_eq!(next(&mut again).as_deref(), Some("c"));
        assert_eq!(again.position().lines, 4);
    }

    #[test]
    fn another_log_is_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log.jsonl");
        std::fs::write(&path, line("a") + &line("b")).expect("written");
        let mut tail = Tail::open(&path, &Position::default()).expect("opened");
        while tail.next_record().expect("fine").is_some() {}
        for other in [line("a") + &line("c"), line("a"), String::new()] {
            std::fs::write(&path, other).expect("written");
            let error = Tail::open(&path, tail.position()).expect_err("another log");
            assert!(error.to_string().contains("line 2 differs"), "{error}");
        }
        let error = tail.next_record().expect_err("emptied meanwhile");
        assert!(error.to_string().contains("shorter"), "{error}");
    }

    #[test]
    fn what_is_no_record_is_told_with_its_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log.jsonl");
        std::fs::write(&path, line("a") + "{\"id\":7}\n").expect("written");
        let mut tail = Tail::open(&path, &Position::default()).expect("opened");
        tail.next_record().expect("fine");
        let error = tail.next_record().expect_err("no solution").to_string();
        assert!(error.contains("log.jsonl:2: is no record"), "{error}");
        assert!(Tail::open(Path::new("x.jsonl.gz"), &Position::default()).is_err());
    }
}
