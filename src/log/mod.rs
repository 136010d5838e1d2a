//! Logs of generations: JSON Lines, plain or compressed, one generation a line; or Parquet, one a
//! row.
//!
//! Assumes nothing about where a log comes from: every record is checked on its own, and what is
//! wrong is reported with its line and key. A log may be larger than memory; of its records only the
//! fingerprints of their ids are held while it is read.

mod blocks;
mod bulk;
mod cursor;
mod fields;
mod fingerprint;
pub mod grade;
pub mod import;
mod ledger;
mod line;
mod live;
mod parquet;
mod read;
mod read_error;
mod record;
mod scan;
mod shape;
mod source;
mod tail;
pub mod tokenizer;
mod view;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead};
use std::path::Path;

pub use bulk::{Gather, Gathered};
pub use fingerprint::{Fingerprint, Numbers};
pub use live::LiveRejection;
pub use read::{LONGEST_LINE, Reader};
pub use read_error::ReadError;
pub use record::Record;
pub use shape::Shape;
pub use tail::{Position, Tail};
pub use view::View;
pub use write::{WriteError, Writer};

use crate::input::{InputError, Mistake};

/// How many mistakes of one log are reported; the others are counted.
const MOST_MISTAKES: usize = 100;
/// How many names are listed in one line of a description.
const MOST_NAMES: usize = 20;

/// How a log is compressed, told by the end of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compression {
    Plain,
    Gzip,
    Zstandard,
}

impl Compression {
    fn of(path: &Path) -> Self {
        let extension = path.extension().unwrap_or_default();
        if extension.eq_ignore_ascii_case("gz") {
            Self::Gzip
        } else if extension.eq_ignore_ascii_case("zst") {
            Self::Zstandard
        } else {
            Self::Plain
        }
    }

    /// How what `source` begins with says that it is compressed; nothing is taken from it.
    fn of_stream(source: &mut impl BufRead) -> io::Result<Self> {
        let start = source.fill_buf()?;
        Ok(if start.starts_with(&[0x1f, 0x8b]) {
            Self::Gzip
        } else if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Self::Zstandard
        } else {
            Self::Plain
        })
    }
}

/// What a log holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogSummary {
    /// Number of records, ≥ 1.
    pub records: usize,
    /// Number of different pairs of benchmark and prompt.
    pub prompts: usize,
    /// Records whose verdict is known: `accepted` or else `correct` is given.
    pub labelled: usize,
    /// Records whose `correct` is given.
    pub graded: usize,
    /// Records whose `correct` is true.
    pub correct: usize,
    /// Number of records by model; those that name none are left out.
    pub models: BTreeMap<String, usize>,
    /// Number of records by benchmark; those that name none are left out.
    pub benchmarks: BTreeMap<String, usize>,
    /// Number of records by field that is not of the format and was ignored.
    pub unknown_fields: BTreeMap<String, usize>,
}

/// Reads a whole log and tells what it holds, or everything that is wrong with it.
pub fn check(path: &Path) -> Result<LogSummary, InputError> {
    let name = path.display().to_string();
    let mut reader = Reader::open(path)?;
    let mut summary = summarize(&name, &mut reader)?;
    summary.unknown_fields = reader.unknown_fields().clone();
    Ok(summary)
}

/// Tells what records from a file called `name` hold, or everything that is wrong with them.
pub fn summarize(
    name: &str,
    records: impl Iterator<Item = Result<Record, ReadError>>,
) -> Result<LogSummary, InputError> {
    let mut summary = LogSummary::default();
    let mut prompts = BTreeSet::new();
    let mut mistakes = Vec::new();
    let mut more: usize = 0;
    for record in records {
        match record {
            Ok(record) => {
                summary.add(&record);
                prompts.insert((record.benchmark.clone(), record.prompt().to_owned()));
            }
            Err(error) => {
                for mistake in error.into_mistakes() {
                    if mistakes.len() < MOST_MISTAKES {
                        mistakes.push(mistake);
                    } else {
                        more += 1;
                    }
                }
            }
        }
    }
    if more > 0 {
        mistakes.push(Mistake {
            line: None,
            key: String::new(),
            message: format!("and {more} more"),
        });
    }
    if !mistakes.is_empty() {
        return Err(InputError {
            path: name.to_owned(),
            mistakes,
        });
    }
    if summary.records == 0 {
        let message = "holds no record; a log has one JSON object per line, or one row each";
        return Err(InputError::whole_file(name, message));
    }
    summary.prompts = prompts.len();
    Ok(summary)
}

impl LogSummary {
    fn add(&mut self, record: &Record) {
        self.records += 1;
        self.labelled += usize::from(record.verdict().is_some());
        self.graded += usize::from(record.correct.is_some());
        self.correct += usize::from(record.correct == Some(true));
        for (names, name) in [
            (&mut self.models, &record.model),
            (&mut self.benchmarks, &record.benchmark),
        ] {
            if let Some(name) = name {
                *names.entry(name.clone()).or_default() += 1;
            }
        }
    }

    /// Correct records as a share of the graded ones, in [0, 1]; `None` when none is graded.
    pub fn correct_share(&self) -> Option<f64> {
        (self.graded > 0).then(|| self.correct as f64 / self.graded as f64)
    }

    /// What the log holds, one statement a line.
    pub fn describe(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "{} records of {} prompts; {} have a verdict.",
            self.records, self.prompts, self.labelled
        )];
        lines.push(match self.correct_share() {
            Some(share) => format!(
                "Correct: {} of the {} records that say so, {:.2} %.",
                self.correct,
                self.graded,
                100.0 * share
            ),
            None => "Correct: no record says whether it is.".to_owned(),
        });
        for (what, counts) in [("Models", &self.models), ("Benchmarks", &self.benchmarks)] {
            lines.push(if counts.is_empty() {
                format!("{what}: none is named.")
            } else {
                format!("{what}: {}.", counts_in_words(counts))
            });
        }
        if !self.unknown_fields.is_empty() {
            lines.push(format!(
                "Note: ignored fields that are not of the format (in how many records): {}.",
                counts_in_words(&self.unknown_fields)
            ));
        }
        lines
    }
}

fn counts_in_words(counts: &BTreeMap<String, usize>) -> String {
    let mut words: Vec<String> = counts
        .iter()
        .take(MOST_NAMES)
        .map(|(name, count)| format!("{name} ({count})"))
        .collect();
    if counts.len() > MOST_NAMES {
        words.push(format!("and {} more", counts.len() - MOST_NAMES));
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(text: &str) -> Result<LogSummary, InputError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log.jsonl");
        std::fs::write(&path, text).expect("written");
        check(&path)
    }

    #[test]
    fn a_log_is_counted_and_described() {
        let summary = check_text(
            "{\"id\":1,\"prompt_id\":\"p\",\"model\":\"m\",\"benchmark\":\"b\",\
             \"solution\":\"\",\"correct\":true,\"seed\":7}\n\
             {\"id\":2,\"prompt_id\":\"p\",\"model\":\"m\",\"benchmark\":\"c\",\
             \"solution\":\"\",\"correct\":false,\"seed\":8}\n\
             {\"id\":3,\"prompt_id\":\"p\",\"benchmark\":\"c\",\"solution\":\"\",\
             \"accepted\":true}\n\
             {\"id\":4,\"solution\":\"\",\"correct\":null}\n",
        )
        .expect("a valid log");
        assert_eq!(
            summary.describe(),
            [
                "4 records of 3 prompts; 3 have a verdict.",
                "Correct: 1 of the 2 records that say so, 50.00 %.",
                "Models: m (2).",
                "Benchmarks: b (1), c (2).",
                "Note: ignored fields that are not of the format (in how many records): seed (2).",
            ]
        );
    }

    #[test]
    fn a_log_without_records_is_a_mistake() {
        for text in ["", "\n", "\u{feff}\r\n \n"] {
            let error = check_text(text).expect_err("no record");
            assert!(error.to_string().contains("holds no record"), "{error}");
        }
    }

    #[test]
    fn at_most_a_hundred_mistakes_are_listed_and_the_others_counted() {
        let error = check_text(&"{\"id\":\"a\"}\n".repeat(52)).expect_err("mistakes");
        // 52 solutions are missing and 51 ids are repeated.
        assert_eq!(error.mistakes.len(), 101);
        assert_eq!(error.mistakes[100].message, "and 3 more");
    }
}
