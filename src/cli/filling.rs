//! Logs on their way into a table: records are read, prepared and audited side by side, those of
//! other tools one by one; what is wrong ends the command or, where that is asked for, is counted.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;

use super::error::CliError;
use super::import::no_record;
use super::preparation::{Preparation, Prepared, Preparer};
use super::replay::IntakeArgs;
use super::{Context, progress};
use crate::input::{InputError, Mistake};
use crate::log::import::{Format, Import};
use crate::log::{Gather, Gathered, ReadError, Reader, Record, View};
use crate::replay::{Auditor, Part, Table, TableBuilder};
use crate::study::replay::Intake;

/// Reads logs into one table.
pub(super) fn table(
    logs: &[PathBuf],
    auditor: &Auditor,
    args: IntakeArgs,
    context: &Context,
) -> Result<(Table, Intake), CliError> {
    Filling::new(auditor, args, &mut Preparation::default(), context).logs(logs)
}

/// Rows of consecutive records that are prepared before they are taken in.
struct PreparedPart<'a> {
    part: Part<'a>,
    preparer: Option<Preparer>,
    /// What was done to each of them; empty where nothing is to be done.
    prepared: Vec<Prepared>,
}

impl Gather for PreparedPart<'_> {
    fn gather(&mut self, record: View<'_>) {
        let Some(preparer) = &self.preparer else {
            return self.part.gather(record);
        };
        let mut record = record.to_record();
        self.prepared.push(preparer.prepare(&mut record));
        self.part.gather(record.view());
    }
}

/// A table that is being filled.
pub(super) struct Filling<'a> {
    auditor: &'a Auditor,
    builder: TableBuilder<'a>,
    preparation: &'a mut Preparation,
    args: IntakeArgs,
    context: &'a Context,
    intake: Intake,
    records: u64,
    first_skipped: Option<ReadError>,
    bar: ProgressBar,
}

impl<'a> Filling<'a> {
    pub(super) fn new(
        auditor: &'a Auditor,
        args: IntakeArgs,
        preparation: &'a mut Preparation,
        context: &'a Context,
    ) -> Self {
        Self {
            auditor,
            builder: TableBuilder::new(auditor),
            preparation,
            args,
            context,
            intake: Intake::default(),
            records: 0,
            first_skipped: None,
            bar: progress::records(context, "replay"),
        }
    }

    /// Takes what was read next; whether to read on. What ends the command is given back.
    fn take(&mut self, record: Result<Record, ReadError>) -> Result<bool, ReadError> {
        if self.context.interrupt.raised() {
            self.intake.partial = true;
            return Ok(false);
        }
        match record {
            Ok(mut record) => {
                self.records += 1;
                self.preparation.prepare(&mut record);
                self.builder.push(record);
                self.bar.inc(1);
            }
            Err(error) if self.args.skip_malformed => {
                self.note_missing(&error);
                self.intake.skipped += 1;
                self.first_skipped.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
        Ok(true)
    }

    /// Says where a file breaks off: what follows is not among what is counted.
    fn note_missing(&mut self, error: &ReadError) {
        if let ReadError::Rest(mistake) = error {
            let line = mistake.line.unwrap_or(0);
            self.intake.remarks.push(format!(
                "a file cannot be read to its end: line {line} {}; the records from there on, nobody \
                 knows how many, are missing",
                mistake.message
            ));
        }
    }

    /// Reads logs of other tools.
    pub(super) fn import(
        mut self,
        mut import: Import,
        files: &[PathBuf],
    ) -> Result<(Table, Intake), CliError> {
        let format = Some(import.format());
        while let Some(record) = import.next() {
            match self.take(record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return Err(malformed(import.file(), error, format).into()),
            }
        }
        if let Some(error) = import.complaint().filter(|_| !self.intake.partial) {
            return Err(error.into());
        }
        self.intake.remarks.extend(import.remarks());
        if self.records == 0 && !self.intake.partial {
            return Err(no_record(files, &self.intake.remarks, self.first_skipped).into());
        }
        Ok(self.finish())
    }

    /// Reads one log. What ends the command is given back.
    fn log(&mut self, reader: &mut Reader) -> Result<(), ReadError> {
        let (auditor, preparer) = (self.auditor, self.preparation.preparer());
        let mut ends = Ok(());
        reader.gather(
            || PreparedPart {
                part: Part::new(auditor),
                preparer: preparer.clone(),
                prepared: Vec::new(),
            },
            |gathered| match self.take_all(gathered) {
                Ok(true) => ControlFlow::Continue(()),
                Ok(false) => ControlFlow::Break(()),
                Err(error) => {
                    ends = Err(error);
                    ControlFlow::Break(())
                }
            },
        );
        ends
    }

    /// Takes what was read side by side; whether to read on. What ends the command is given back.
    fn take_all(&mut self, gathered: Gathered<PreparedPart<'a>>) -> Result<bool, ReadError> {
        if self.context.interrupt.raised() {
            self.intake.partial = true;
            return Ok(false);
        }
        let good = (gathered.records - gathered.repeated.len()) as u64;
        self.records += good;
        self.bar.inc(good);
        if let Some(error) = gathered.errors.first() {
            if !self.args.skip_malformed {
                return Err(error.clone());
            }
            gathered.errors.iter().for_each(|e| self.note_missing(e));
            self.intake.skipped += gathered.errors.len() as u64;
            self.first_skipped.get_or_insert_with(|| error.clone());
        }
        let PreparedPart { part, prepared, .. } = gathered.part;
        for (i, prepared) in prepared.iter().enumerate() {
            // A repeated record does not count.
            if gathered.repeated.binary_search(&i).is_err() {
                self.preparation.count(prepared);
            }
        }
        self.builder.add(Gathered {
            part,
            records: gathered.records,
            repeated: gathered.repeated,
            errors: gathered.errors,
        });
        Ok(true)
    }

    /// Reads logs of generations.
    pub(super) fn logs(mut self, logs: &[PathBuf]) -> Result<(Table, Intake), CliError> {
        let mut before: Option<(Reader, String)> = None;
        for path in logs {
            let name = path.display().to_string();
            let mut reader = Reader::open(path)?.longest_line(self.args.max_line);
            if let Some((earlier, earlier_name)) = before.take() {
                reader = reader.after(earlier, &earlier_name);
            }
            self.log(&mut reader)
                .map_err(|error| malformed(&name, error, None))?;
            before = Some((reader, name));
        }
        if self.records == 0 && !self.intake.partial {
            return Err(self.no_valid_line(logs).into());
        }
        let unknown = before
            .iter()
            .flat_map(|(reader, _)| reader.unknown_fields());
        let unknown: Vec<String> = unknown.map(|(field, n)| format!("{field} ({n})")).collect();
        if !unknown.is_empty() {
            self.context.output.tell(&format!(
                "note: ignored fields that are not of the log format (in how many records): {}",
                unknown.join(", ")
            ));
        }
        Ok(self.finish())
    }

    fn no_valid_line(self, logs: &[PathBuf]) -> InputError {
        let names: Vec<String> = logs.iter().map(|path| path.display().to_string()).collect();
        let message = match self.intake.skipped {
            0 => "holds no record; a log has one JSON object per line".to_owned(),
            n => format!("holds no valid record: all {n} lines are malformed, the first like this"),
        };
        let mut error = InputError::whole_file(&names.join(", "), message);
        let mistakes = self.first_skipped.into_iter();
        error
            .mistakes
            .extend(mistakes.flat_map(ReadError::into_mistakes));
        error
    }

    fn finish(mut self) -> (Table, Intake) {
        self.bar.finish_and_clear();
        self.intake.remarks.extend(self.preparation.remarks());
        (self.builder.finish(), self.intake)
    }
}

/// What is wrong with a line of a log, or of a file in another `format`, and what to do about it.
pub(super) fn malformed(name: &str, error: ReadError, format: Option<Format>) -> InputError {
    let mut mistakes = error.into_mistakes();
    let foreign = |m: &Mistake| m.key == "solution" && m.message.starts_with("is missing");
    let hint = if format.is_none() && mistakes.iter().any(foreign) {
        "; if another tool wrote this, say which by --input-format (`foldem import --help`)"
    } else {
        ""
    };
    let message = match format {
        None if Path::new(name).extension().is_some_and(|e| e == "toml") => {
            "this looks like a scenario or a policy; a log is JSON Lines".to_owned()
        }
        None => format!(
            "reading stopped here; `foldem check {name}` lists all mistakes, --skip-malformed \
             leaves such lines out and counts them{hint}"
        ),
        Some(format) => format!(
            "reading stopped here; `foldem check {name} --input-format {format}` lists all \
             mistakes, --skip-malformed leaves such rows out and counts them"
        ),
    };
    mistakes.push(Mistake {
        line: None,
        key: String::new(),
        message,
    });
    InputError {
        path: name.to_owned(),
        mistakes,
    }
}
