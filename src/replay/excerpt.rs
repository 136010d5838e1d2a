//! A few alarms of each validator as a person would read them: the text, and where it shows.
//!
//! Which ones are kept depends on the ids of the records alone, not on their order: those with the
//! least hash, as many for each validator and verdict of the final filter. What is marked is the
//! shortest end of the text up to the alarm, in whole words, on which the validator raises the
//! same alarm by itself; where none of the last [`WORDS`] words begins one, the last word.

use std::collections::BTreeMap;

use super::{Auditor, FirstAlarm, Group, RowAlarms, Tokens};
use crate::log::{Record, View};
use crate::rules::{Alarm, Detector, Reading};

/// How many words before an alarm may belong to what raised it.
const WORDS: usize = 40;
/// Characters shown before and after the mark, and of a problem.
const BEFORE: usize = 600;
const AFTER: usize = 200;
/// Characters of the mark: texts without white space are one word.
const MARKED: usize = 400;
const PROBLEM: usize = 800;

/// An alarm on a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// Number of the validator in the policy.
    pub validator: usize,
    /// What the final filter says of the full generation, where that is known.
    pub accepted: Option<bool>,
    /// Id of the record.
    pub id: String,
    /// Its model and benchmark.
    pub group: Group,
    /// n, tokens of the solution.
    pub tokens: u64,
    /// When the alarm came.
    pub alarm: FirstAlarm,
    /// The problem, where it is known, cut to a readable length.
    pub problem: Option<String>,
    /// Text before the mark, the marked text, text after it; cut to a readable length.
    pub text: [String; 3],
}

/// Records that were chosen so far, by validator and verdict.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    each: usize,
    kept: BTreeMap<(usize, Verdict), Ranked>,
}

/// Records by the hash of their id and the id, each with its number in its part.
type Ranked = BTreeMap<(u64, String), (usize, Record)>;

/// What the final filter says, in the order in which excerpts are shown: what it accepts was
/// alarmed at wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Accepted,
    Refused,
    Unknown,
}

impl Verdict {
    fn of(record: &View<'_>) -> Self {
        match record.verdict() {
            Some(true) => Self::Accepted,
            Some(false) => Self::Refused,
            None => Self::Unknown,
        }
    }
}

impl Chosen {
    /// At most `each` for every validator and verdict.
    pub(super) fn new(each: usize) -> Self {
        Self {
            each,
            kept: BTreeMap::new(),
        }
    }

    /// Keeps record number `row` for those validators whose alarms on it are to be shown.
    pub(super) fn offer(&mut self, row: usize, record: &View<'_>, alarms: RowAlarms<'_>) {
        if self.each == 0 {
            return;
        }
        let verdict = Verdict::of(record);
        for (validator, _) in alarms.raised() {
            let rank = (hash(record.id), record.id.to_owned());
            let kept = self.kept.entry((validator, verdict)).or_default();
            add(kept, self.each, rank, || (row, record.to_record()));
        }
    }

    /// Takes in what was chosen from later records; those with the numbers `left_out`, in ascending
    /// order, do not count.
    pub(super) fn merge(&mut self, later: Self, left_out: &[usize]) {
        for (of, records) in later.kept {
            let kept = self.kept.entry(of).or_default();
            for (rank, (row, record)) in records {
                if left_out.binary_search(&row).is_err() {
                    add(kept, self.each, rank, || (row, record));
                }
            }
        }
    }

    /// The excerpts, by validator, verdict and hash.
    pub(super) fn finish(self, auditor: &Auditor) -> Vec<Excerpt> {
        let mut detectors = auditor.borrow_detectors();
        let mut excerpts = Vec::new();
        for ((validator, _), records) in self.kept {
            let detector = &mut *detectors[validator];
            excerpts.extend(
                records
                    .into_values()
                    .map(|(_, r)| excerpt(validator, detector, r)),
            );
        }
        excerpts
    }
}

/// Adds a record if it is among the `each` first by rank.
fn add(
    kept: &mut Ranked,
    each: usize,
    rank: (u64, String),
    record: impl FnOnce() -> (usize, Record),
) {
    let last = kept.last_key_value().map(|(rank, _)| rank);
    if kept.len() < each || last.is_some_and(|last| rank < *last) {
        kept.entry(rank).or_insert_with(record);
        if kept.len() > each {
            kept.pop_last();
        }
    }
}

fn excerpt(validator: usize, detector: &mut dyn Detector, record: Record) -> Excerpt {
    let view = record.view();
    let tokens = Tokens::of(&view);
    let alarm = super::auditor::first_alarm(
        detector,
        record.problem.as_deref(),
        &record.solution,
        tokens,
    );
    let (count, text) = (tokens.count(), marked(detector, &record));
    Excerpt {
        validator,
        accepted: record.verdict(),
        group: Group {
            model: record.model,
            benchmark: record.benchmark,
        },
        tokens: count,
        alarm,
        problem: record.problem.map(|problem| head(&problem, PROBLEM)),
        text,
        id: record.id,
    }
}

/// The solution with what raises the alarm marked.
fn marked(detector: &mut dyn Detector, record: &Record) -> [String; 3] {
    let (problem, solution) = (record.problem.as_deref(), record.solution.as_str());
    let end = match read(detector, problem, solution) {
        Some(Alarm::After(end)) => end,
        Some(Alarm::AtEnd) | None => solution.len(),
    };
    let mut raises = |piece: &str| match read(detector, problem, piece) {
        Some(Alarm::After(at)) => at == piece.len(),
        Some(Alarm::AtEnd) => end == solution.len(),
        None => false,
    };
    let begins = word_starts(&solution[..end]);
    let mut begins_now = begins.iter().copied();
    let found = begins_now.find(|&start| raises(&solution[start..end]));
    let start = found.or(begins.first().copied()).unwrap_or(end);
    [
        tail(&solution[..start], BEFORE),
        tail(&solution[start..end], MARKED),
        head(&solution[end..], AFTER),
    ]
}

fn read(detector: &mut dyn Detector, problem: Option<&str>, text: &str) -> Option<Alarm> {
    let mut reading = Reading::start(detector, problem);
    reading.push(text.as_bytes());
    reading.finish()
}

/// Where the last words of a text begin, the last one first.
fn word_starts(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut later: Option<(usize, char)> = None;
    for (at, c) in text.char_indices().rev() {
        if let Some((start, first)) = later
            && c.is_whitespace()
            && !first.is_whitespace()
        {
            starts.push(start);
        }
        if starts.len() == WORDS {
            return starts;
        }
        later = Some((at, c));
    }
    starts.extend(later.filter(|(_, c)| !c.is_whitespace()).map(|(at, _)| at));
    starts
}

fn head(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn tail(text: &str, characters: usize) -> String {
    match text.char_indices().rev().nth(characters) {
        Some((at, c)) => format!("…{}", &text[at + c.len_utf8()..]),
        None => text.to_owned(),
    }
}

/// FNV-1a, 64 bits.
fn hash(id: &str) -> u64 {
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::super::alarms::Alarms;
    use super::*;

    /// Tables 1 and 2 of the authors' reference vectors (Fowler, Noll, Vo; IETF draft).
    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash("foobar"), 0x8594_4171_f739_67e8);
    }

    /// Alarms after "so 2+2=5" has been read, wherever it begins, or at the end of a text with "late".
    struct Sum(String);

    impl Detector for Sum {
        fn start(&mut self, problem: Option<&str>) -> bool {
            self.0.clear();
            problem == Some("bad")
        }

        fn read(&mut self, c: char) -> bool {
            self.0.push(c);
            self.0.ends_with("2+2=5")
        }

        fn finish(&mut self) -> bool {
            self.0.contains("late")
        }
    }

    fn parts(problem: Option<&str>, solution: &str) -> [String; 3] {
        let record = Record {
            problem: problem.map(str::to_owned),
            solution: solution.to_owned(),
            ..Record::default()
        };
        marked(&mut Sum(String::new()), &record)
    }

    #[test]
    fn what_is_marked_raises_the_alarm_by_itself() {
        let mark = |problem, solution| parts(problem, solution).map(|part| part.trim().to_owned());
        let found = mark(None, "First, 1+1=2. So 2+2=5 and we go on");
        assert_eq!(found, ["First, 1+1=2. So", "2+2=5", "and we go on"]);
        // Known at the end alone: from the word that tells, to the end.
        let found = mark(None, "it is late already");
        assert_eq!(found, ["it is", "late already", ""]);
        // The problem alone raises it: nothing of the solution is marked.
        assert_eq!(mark(Some("bad"), "fine"), ["", "", "fine"]);
        // One word without white space is cut to a readable length, the end of it kept.
        let [before, middle, after] = parts(None, &("x".repeat(1000) + "2+2=5!"));
        assert_eq!((before.as_str(), after.as_str()), ("", "!"));
        assert_eq!(middle.chars().count(), MARKED + 1);
        assert!(middle.starts_with('…') && middle.ends_with("2+2=5"));
    }

    /// The same records are kept in any order and any split, those with the least hashes; what was
    /// repeated does not count.
    #[test]
    fn which_ones_are_kept_depends_on_ids_alone() {
        let records: Vec<Record> = (0..60)
            .map(|i| Record {
                id: format!("r{i}"),
                solution: "2+2=5".to_owned(),
                accepted: [Some(true), Some(false), None][i % 3],
                ..Record::default()
            })
            .collect();
        let offered = |order: &[usize], left_out: &[usize]| {
            let mut alarms = Alarms::new(2);
            alarms.push([FirstAlarm::Tokens(1), FirstAlarm::Never]);
            let (first, second) = order.split_at(order.len() / 3);
            let [mut all, later] = [first, second].map(|rows| {
                let mut chosen = Chosen::new(2);
                for &i in rows {
                    chosen.offer(i, &records[i].view(), alarms.row(0));
                }
                chosen
            });
            all.merge(later, left_out);
            let ids = all.kept.into_iter().map(|((validator, _), kept)| {
                assert_eq!(validator, 0, "the other never alarms");
                kept.into_keys().map(|(_, id)| id).collect::<Vec<_>>()
            });
            ids.collect::<Vec<_>>()
        };
        let forwards: Vec<usize> = (0..60).collect();
        let backwards: Vec<usize> = (0..60).rev().collect();
        let kept = offered(&forwards, &[]);
        assert_eq!(kept, offered(&backwards, &[]));
        for (verdict, ids) in kept.iter().enumerate() {
            let mut by_hash: Vec<&Record> = records.iter().skip(verdict).step_by(3).collect();
            by_hash.sort_by_key(|r| hash(&r.id));
            let least: Vec<&str> = by_hash[..2].iter().map(|r| r.id.as_str()).collect();
            assert_eq!(*ids, least);
        }
        // One of them was in the second part and is a repeated id: another takes its place.
        let number = |id: &str| id[1..].parse::<usize>().expect("a number");
        let late = kept.iter().flatten().map(|id| number(id)).find(|i| *i < 40);
        let late = late.expect("some in the second part");
        let without = offered(&backwards, &[late]);
        assert!(!without.concat().contains(&format!("r{late}")));
        assert_eq!(without.concat().len(), 6);
    }

    #[test]
    fn words_begin_where_white_space_ends() {
        assert_eq!(word_starts("ab  c\ndé"), [6, 4, 0]);
        assert_eq!(word_starts(" a "), [1]);
        assert_eq!(word_starts(""), [] as [usize; 0]);
        assert_eq!(word_starts(&"x ".repeat(100)).len(), WORDS);
    }

    #[test]
    fn long_texts_are_cut_at_characters() {
        assert_eq!(
            (head("äöü", 2), tail("äöü", 2)),
            ("äö…".into(), "…öü".into())
        );
        assert_eq!((head("äö", 2), tail("äö", 2)), ("äö".into(), "äö".into()));
    }
}
