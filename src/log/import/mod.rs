//! Other tools' logs as records: an importer a format, one row after the other.
//!
//! A *row* is a JSON value: a line of JSON Lines or an element of a JSON array. An importer makes
//! any number of records of it, leaves it out for a reason that is counted, or says what is wrong
//! with it. Nothing is held but what tells repeated rows and ids apart, so a file may be larger
//! than memory. What cannot be known stays unknown: labels and token numbers are never guessed.

mod columns;
mod distilabel;
mod ids;
mod lm_eval;
mod mapped;
mod node;
mod openai_batch;
mod path;
mod prompt;
mod repair;
mod rl_rollouts;
mod rows;
mod vllm_offline;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

pub use columns::{ColumnMap, PRESETS};

use super::fields::shown;
use super::source::open_source;
use super::{LONGEST_LINE, ReadError, Record};
use crate::input::{InputError, Mistake, Mistakes};
use ids::Ids;
use node::Node;
use rows::{Row, Rows};

/// Whose log it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Output files of OpenAI's Batch API and of `vllm run-batch`.
    OpenAiBatch,
    /// `RequestOutput` objects of vLLM's offline interface.
    VllmOffline,
    /// `samples_*.jsonl` of lm-evaluation-harness.
    LmEval,
    /// Rows with lists of generations, read by a [`ColumnMap`].
    ParquetGenerations,
    /// Rows of a distilabel pipeline.
    Distilabel,
    /// Rollouts of verl (JSON Lines) and of TRL's GRPO trainer.
    RlRollouts,
    /// Anything else, read by a [`ColumnMap`].
    Map,
}

impl Format {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 7] = [
        Self::OpenAiBatch,
        Self::VllmOffline,
        Self::LmEval,
        Self::ParquetGenerations,
        Self::Distilabel,
        Self::RlRollouts,
        Self::Map,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenAiBatch => "openai-batch",
            Self::VllmOffline => "vllm-offline",
            Self::LmEval => "lm-eval",
            Self::ParquetGenerations => "parquet-generations",
            Self::Distilabel => "distilabel",
            Self::RlRollouts => "rl-rollouts",
            Self::Map => "map",
        }
    }

    /// Whether a row has the keys by which this format is told.
    fn knows(self, row: &Value) -> bool {
        let has = |keys: &[&str]| keys.iter().all(|key| row.get(key).is_some());
        match self {
            Self::OpenAiBatch => openai_batch::knows(row),
            Self::VllmOffline => has(&["outputs"]) && row["outputs"].is_array(),
            Self::LmEval => has(&["doc_id"]) && (has(&["resps"]) || has(&["filtered_resps"])),
            Self::Distilabel => distilabel::knows(row),
            Self::RlRollouts => {
                has(&["input", "output"]) || (has(&["prompt", "completion"]) && has(&["step"]))
            }
            Self::ParquetGenerations | Self::Map => row.is_object(),
        }
    }

    /// The format that a foreign row looks like, in words.
    fn guess(row: &Value) -> Option<String> {
        let told = [
            Self::OpenAiBatch,
            Self::VllmOffline,
            Self::LmEval,
            Self::Distilabel,
            Self::RlRollouts,
        ];
        if let Some(format) = told.into_iter().find(|format| format.knows(row)) {
            return Some(format!("`{format}`"));
        }
        if row.get("id").is_some() && row.get("solution").is_some() {
            return Some("foldem's own log, which needs no import".to_owned());
        }
        row.get("custom_id")?;
        Some("the input of a batch, which belongs to --prompts".to_owned())
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What to know beside the files.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Files with the requests that a batch answered.
    pub prompts: Vec<PathBuf>,
    /// The key from which `correct` is taken: a metric, a reward, a score.
    pub label: Option<String>,
    /// Of lm-eval's filters, the one whose verdicts are taken; the first of each document if
    /// none is named.
    pub filter: Option<String>,
    /// Where the fields of a record stand.
    pub columns: Option<ColumnMap>,
    /// Largest number of bytes of a row; [`LONGEST_LINE`] if none is given.
    pub longest_line: Option<usize>,
}

/// What an importer makes of a row.
#[derive(Default)]
struct Out {
    records: Vec<Record>,
    /// Why something was left out, and how often.
    left_out: BTreeMap<String, u64>,
}

impl Out {
    fn leave_out(&mut self, why: impl Into<String>) {
        *self.left_out.entry(why.into()).or_default() += 1;
    }
}

/// Reads the rows of one format.
trait Importer: Send {
    /// Called before the first row of each file.
    fn start(&mut self, _file: &Path) {}

    /// Whether a column of a Parquet file matters.
    fn wants(&self, _column: &str) -> bool {
        true
    }

    /// The records of a row, whose ids may be empty. A row with mistakes yields nothing.
    fn read(&mut self, row: &Node<'_>, out: &mut Out, mistakes: &mut Mistakes);

    /// What shows at the end of all files to be a mistake of whoever asked.
    fn complaint(&self) -> Option<String> {
        None
    }

    /// What was noticed, one sentence each.
    fn remarks(&self) -> Vec<String>;
}

/// Records of files of one format, in their order.
///
/// Yields what is wrong with a row in its place; the rows after it are still read.
pub struct Import {
    format: Format,
    importer: Box<dyn Importer>,
    files: VecDeque<PathBuf>,
    /// The file that is being read, as the user named it.
    file: String,
    /// Its number, from 1.
    number: usize,
    rows: Option<Rows>,
    ready: VecDeque<Record>,
    ids: Ids,
    longest_line: usize,
    read: u64,
    left_out: BTreeMap<String, u64>,
    rows_left_out: u64,
    repaired: repair::Repairs,
}

impl Import {
    /// Files of a format, to be read one after the other.
    pub fn new(format: Format, files: &[PathBuf], options: Options) -> Result<Self, InputError> {
        // A file that is not there is told before anything is read.
        for path in files.iter().filter(|path| *path != Path::new("-")) {
            open_source(path)?;
        }
        let longest_line = options.longest_line.unwrap_or(LONGEST_LINE);
        let importer: Box<dyn Importer> = match format {
            Format::OpenAiBatch => Box::new(openai_batch::OpenAiBatch::new(
                &options.prompts,
                longest_line,
            )?),
            Format::VllmOffline => Box::new(vllm_offline::VllmOffline::default()),
            Format::LmEval => Box::new(lm_eval::LmEval::new(options.label, options.filter)),
            Format::Distilabel => Box::new(distilabel::Distilabel::default()),
            Format::RlRollouts => Box::new(rl_rollouts::RlRollouts::new(options.label)),
            Format::ParquetGenerations | Format::Map => {
                Box::new(mapped::Mapped::new(options.columns.unwrap_or_default()))
            }
        };
        Ok(Self {
            format,
            importer,
            files: files.iter().cloned().collect(),
            file: String::new(),
            number: 0,
            rows: None,
            ready: VecDeque::new(),
            ids: Ids::default(),
            longest_line,
            read: 0,
            left_out: BTreeMap::new(),
            rows_left_out: 0,
            repaired: repair::Repairs::default(),
        })
    }

    /// Whose logs they are.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The file that is being read, as the user named it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Rows read so far, the malformed ones included.
    pub fn read(&self) -> u64 {
        self.read
    }

    /// Rows that were read and gave no record, other than the malformed ones.
    pub fn left_out(&self) -> u64 {
        self.rows_left_out
    }

    /// What was left out, repaired or noticed so far, one sentence each.
    pub fn remarks(&self) -> Vec<String> {
        let left_out = self.left_out.iter();
        let mut remarks: Vec<String> = left_out
            .map(|(why, count)| format!("left out: {why} ({count})"))
            .collect();
        remarks.extend(self.importer.remarks());
        remarks.extend(self.repaired.remarks());
        remarks.extend(self.ids.remark());
        remarks
    }

    /// What shows after the last row to be a mistake of whoever asked, such as a label that no row
    /// has.
    pub fn complaint(&self) -> Option<InputError> {
        let message = self.importer.complaint()?;
        Some(InputError::whole_file(&self.file, message))
    }

    /// Opens the next file, if there is one.
    fn open_next(&mut self) -> Option<Result<(), ReadError>> {
        let path = self.files.pop_front()?;
        self.file = path.display().to_string();
        self.number += 1;
        self.importer.start(&path);
        Some(
            match Rows::open(&path, self.longest_line, |column| {
                self.importer.wants(column)
            }) {
                Ok(rows) => {
                    self.rows = Some(rows);
                    Ok(())
                }
                Err(error) => Err(ReadError::Line(error.mistakes)),
            },
        )
    }

    fn take(&mut self, row: &Row) -> Result<(), ReadError> {
        self.repaired.add(row.repaired);
        let line = row.line;
        let at_line = |key: String, message: String| Mistake {
            line: Some(line),
            key,
            message,
        };
        if !self.format.knows(&row.value) {
            let message = self.foreign(&row.value);
            return Err(ReadError::Line(vec![at_line(String::new(), message)]));
        }
        let mut out = Out::default();
        let mut mistakes = Mistakes::default();
        let root = Node::root(&row.value);
        self.importer.read(&root, &mut out, &mut mistakes);
        if mistakes.is_empty() {
            for record in &mut out.records {
                // An id is made below where there is none.
                if record.id.is_empty() {
                    record.id.push('?');
                    record.check(&mut mistakes);
                    record.id.clear();
                } else {
                    record.check(&mut mistakes);
                }
            }
        }
        if !mistakes.is_empty() {
            let list = mistakes.into_list().into_iter();
            let list = list.map(|(key, message)| at_line(key, message));
            return Err(ReadError::Line(list.collect()));
        }
        self.rows_left_out += u64::from(out.records.is_empty());
        for (why, count) in out.left_out {
            *self.left_out.entry(why).or_default() += count;
        }
        let several = out.records.len() > 1;
        for (k, mut record) in out.records.into_iter().enumerate() {
            if record.id.is_empty() {
                record.id = if several {
                    format!("{}:{line}#{k}", self.number)
                } else {
                    format!("{}:{line}", self.number)
                };
            }
            self.ids.make_unique(&mut record.id);
            self.ready.push_back(record);
        }
        Ok(())
    }

    /// What to say of a row that is not of the format.
    fn foreign(&self, row: &Value) -> String {
        let Some(object) = row.as_object() else {
            return format!(
                "is {}; a row of `{}` is a JSON object",
                shown(row),
                self.format
            );
        };
        let guess = Format::guess(row).map_or_else(
            || {
                let keys: Vec<&str> = object.keys().take(8).map(String::as_str).collect();
                format!(
                    "it has the keys {}; `map` with --map reads anything",
                    crate::input::quoted_list(keys)
                )
            },
            |guess| format!("it looks like {guess}"),
        );
        format!("is not a row of `{}`; {guess}", self.format)
    }
}

impl Iterator for Import {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(record) = self.ready.pop_front() {
                return Some(Ok(record));
            }
            let Some(rows) = &mut self.rows else {
                match self.open_next()? {
                    Ok(()) => continue,
                    Err(error) => return Some(Err(error)),
                }
            };
            match rows.next() {
                None => self.rows = None,
                Some(Err(error)) => {
                    self.read += u64::from(matches!(error, ReadError::Line(_)));
                    return Some(Err(error));
                }
                Some(Ok(row)) => {
                    self.read += 1;
                    if let Err(error) = self.take(&row) {
                        return Some(Err(error));
                    }
                }
            }
        }
    }
}
