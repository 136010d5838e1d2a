//! What a reader remembers of the lines before: which ids are taken, by their fingerprints; fields
//! that are not of the format; and a blank line that may be the last.

use std::collections::BTreeMap;

use super::read_error::{at_line, mistake};
use super::{Fingerprint, Numbers, ReadError, Record};
use crate::input::{Mistake, Mistakes};

/// What is remembered of the lines before: ids, unknown fields, and a blank line that is a mistake
/// unless nothing follows it.
#[derive(Debug)]
pub(super) struct Ledger {
    ids: Numbers,
    /// What a record is in this log.
    pub(super) what: &'static str,
    /// The logs read before this one, and what their records are.
    pub(super) earlier: Vec<(String, &'static str)>,
    pub(super) unknown_fields: BTreeMap<String, usize>,
    pub(super) blank: Option<usize>,
}

/// Bits of a place among the ids that hold the number of the line; the others hold that of the log.
const LINE_BITS: u32 = 44;

impl Ledger {
    /// Nothing yet, of a log whose records are called `what`.
    pub(super) fn new(what: &'static str) -> Self {
        Self {
            ids: Numbers::default(),
            what,
            earlier: Vec::new(),
            unknown_fields: BTreeMap::new(),
            blank: None,
        }
    }

    /// Takes the id of line or row `line`; where it stands already, if it does.
    pub(super) fn take(&mut self, id: Fingerprint, line: usize) -> Option<String> {
        let here = ((self.earlier.len() as u64) << LINE_BITS) + line as u64;
        let (place, known) = self.ids.get_or_insert(id, here);
        if !known {
            return None;
        }
        let first = place & ((1 << LINE_BITS) - 1);
        let log = usize::try_from(place >> LINE_BITS).unwrap_or(usize::MAX);
        Some(match self.earlier.get(log) {
            Some((earlier, what)) => format!("{what} {first} of {earlier}"),
            None => format!("{} {first}", self.what),
        })
    }

    /// The record of line or row `number`, unless something is wrong with it or its id is taken.
    pub(super) fn settle(
        &mut self,
        record: Record,
        mut mistakes: Mistakes,
        number: usize,
    ) -> Result<Record, Vec<Mistake>> {
        if let Some(id) = fingerprint(&record.id)
            && let Some(first) = self.take(id, number)
        {
            let (key, message) = taken(&record.id, &first);
            mistakes.push(key, message);
        }
        if mistakes.is_empty() {
            Ok(record)
        } else {
            Err(at_line(number, mistakes))
        }
    }

    /// Counts a field that is not of the format.
    pub(super) fn unknown(&mut self, name: &str, records: usize) {
        if let Some(count) = self.unknown_fields.get_mut(name) {
            *count += records;
        } else {
            self.unknown_fields.insert(name.to_owned(), records);
        }
    }

    /// Notes a blank line.
    pub(super) fn blank(&mut self, number: usize) {
        self.blank.get_or_insert(number);
    }

    /// Told that a line follows that is not blank: what is wrong with those before it.
    pub(super) fn goes_on(&mut self) -> Option<ReadError> {
        let message = "is blank; every line must hold one JSON object";
        let number = self.blank.take()?;
        Some(ReadError::Line(vec![mistake(number, message)]))
    }
}

/// The fingerprint of an id; an empty one, which is a mistake of its own, has none.
pub(super) fn fingerprint(id: &str) -> Option<Fingerprint> {
    (!id.is_empty()).then(|| Fingerprint::of(&[Some(id)]))
}

/// The mistake of an id that stands in `first` already.
pub(super) fn taken(id: &str, first: &str) -> (String, String) {
    let message = format!("is \"{id}\", the id of {first} already; ids must differ");
    ("id".to_owned(), message)
}
