//! A log read in parallel: blocks of lines side by side, their results in the order of the log.
//!
//! While some blocks are read, the next ones are fetched and the results of the last ones are put
//! together. What is reported does not depend on the number of threads or the size of blocks: a
//! block says what its lines are, and whether an id was taken before is decided in their order.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rayon::prelude::*;

use super::blocks::{Block, Blocks};
use super::fields::Fields;
use super::ledger::{Ledger, fingerprint, taken};
use super::line::{Line, understand};
use super::read_error::{array as not_lines, at_line, broken, mistake};
use super::scan::Scratch;
use super::{Compression, Fingerprint, ReadError, Reader, Record, View};
use crate::input::{Mistake, Mistakes};

/// Blocks that are read at a time, per thread: enough that threads seldom wait for each other.
const BLOCKS_PER_THREAD: usize = 8;
/// Rows of Parquet that are held at a time, and those of them that one thread takes in.
const ROWS: usize = 8192;
const ROWS_TOGETHER: usize = 64;

/// Takes in the records of one block, while others take in those of other blocks.
pub trait Gather: Send {
    /// Takes in the next record.
    fn gather(&mut self, record: View<'_>);
}

/// What was read from consecutive lines.
#[derive(Debug)]
pub struct Gathered<G> {
    /// What has taken in their records.
    pub part: G,
    /// Number of records that it has taken in.
    pub records: usize,
    /// Which of them, in ascending order, have an id that was taken before; they do not count.
    pub repeated: Vec<usize>,
    /// What is wrong with the lines, in their order.
    pub errors: Vec<ReadError>,
}

impl<G> Gathered<G> {
    fn empty(part: G) -> Self {
        Self {
            part,
            records: 0,
            repeated: Vec::new(),
            errors: Vec::new(),
        }
    }
}

/// The lines of one block.
struct Lines<G> {
    part: G,
    records: usize,
    seen: Vec<Seen>,
    unknown: BTreeMap<String, usize>,
}

/// One line.
struct Seen {
    number: usize,
    id: Option<Fingerprint>,
    what: What,
}

enum What {
    Blank,
    Array,
    Record,
    Faulty(Vec<Mistake>),
}

impl Reader {
    /// Reads the log to its end, or until `take` breaks off. `start` makes what takes in the records
    /// of a block; `take` is handed the blocks in the order of the log.
    ///
    /// For a reader whose records have not been asked for one by one.
    pub fn gather<G: Gather>(
        &mut self,
        start: impl Fn() -> G + Sync,
        mut take: impl FnMut(Gathered<G>) -> ControlFlow<()> + Send,
    ) {
        if self.rows.is_some() {
            return self.gather_rows(&start, &mut take);
        }
        let Self {
            blocks,
            ledger,
            compression,
            ..
        } = self;
        let (longest, compression) = (self.longest_line, *compression);
        self.ended = true;
        let mut failure = None;
        let mut fetched = fetch(blocks, compression, &mut failure);
        let mut read: Vec<(Block, Lines<G>)> = Vec::new();
        while !(fetched.is_empty() && read.is_empty()) {
            let (now, before) = (fetched, read);
            let mut spent = Vec::with_capacity(before.len());
            let hand_out = || {
                before.into_iter().try_for_each(|(block, lines)| {
                    let (gathered, array) = settle(ledger, &block, lines, compression);
                    spent.push(block);
                    take(gathered)?;
                    if array {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                })
            };
            let understand = |block: Block| {
                let lines = read_block(&block, longest, start());
                (block, lines)
            };
            let goes_on;
            (fetched, (read, goes_on)) = rayon::join(
                || fetch(blocks, compression, &mut failure),
                || {
                    let lines = || now.into_par_iter().map(understand).collect();
                    rayon::join(lines, hand_out)
                },
            );
            if goes_on.is_break() {
                return;
            }
            blocks.take_back(spent);
        }
        if let Some(error) = failure {
            let mut nothing = Gathered::empty(start());
            nothing.errors.push(error);
            let _ = take(nothing);
        }
    }
}

impl Reader {
    /// The same of a log in Parquet: its rows are read one by one, and taken in side by side.
    fn gather_rows<G: Gather>(
        &mut self,
        start: &(impl Fn() -> G + Sync),
        take: &mut impl FnMut(Gathered<G>) -> ControlFlow<()>,
    ) {
        loop {
            let rows: Vec<Result<Record, ReadError>> = self.take(ROWS).collect();
            if rows.is_empty() {
                return;
            }
            let gathered: Vec<Gathered<G>> = rows
                .par_chunks(ROWS_TOGETHER)
                .map(|rows| {
                    let mut gathered = Gathered::empty(start());
                    for row in rows {
                        match row {
                            Ok(record) => {
                                gathered.part.gather(record.view());
                                gathered.records += 1;
                            }
                            Err(error) => gathered.errors.push(error.clone()),
                        }
                    }
                    gathered
                })
                .collect();
            if gathered.into_iter().try_for_each(&mut *take).is_break() {
                return;
            }
        }
    }
}

/// The next blocks; none at the end or where the source has failed.
fn fetch(
    blocks: &mut Blocks,
    compression: Compression,
    failure: &mut Option<ReadError>,
) -> Vec<Block> {
    let wanted = BLOCKS_PER_THREAD * rayon::current_num_threads();
    let mut fetched = Vec::with_capacity(wanted);
    while fetched.len() < wanted && failure.is_none() {
        match blocks.next() {
            Ok(Some(block)) => fetched.push(block),
            Ok(None) => break,
            Err(error) => *failure = Some(broken(compression, blocks.number(), &error)),
        }
    }
    fetched
}

/// What the lines of a block are, whatever stands before them.
fn read_block<G: Gather>(block: &Block, longest: usize, mut part: G) -> Lines<G> {
    let mut scratch = Scratch::default();
    let mut seen = Vec::new();
    let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = |name: &str| match unknown.get_mut(name) {
        Some(count) => *count += 1,
        None => drop(unknown.insert(name.to_owned(), 1)),
    };
    let mut records = 0;
    for line in block.lines() {
        let number = line.number;
        let (id, what) = match understand(line.text, number, longest, &mut scratch) {
            Line::Blank => (None, What::Blank),
            Line::Array => (None, What::Array),
            Line::Faulty(message) => (None, What::Faulty(vec![mistake(number, &message)])),
            Line::Plain(scanned) => {
                scanned.unknown.iter().for_each(|name| count(name));
                let id = fingerprint(scanned.view.id);
                part.gather(scanned.view);
                (id, What::Record)
            }
            Line::Fields(fields) => {
                fields.unknown.iter().for_each(|name| count(name));
                let mut mistakes = Mistakes::default();
                let record = fields.into_record(&mut mistakes);
                let what = if mistakes.is_empty() {
                    part.gather(record.view());
                    What::Record
                } else {
                    What::Faulty(at_line(number, mistakes))
                };
                (fingerprint(&record.id), what)
            }
        };
        records += usize::from(matches!(what, What::Record));
        let array = matches!(what, What::Array);
        seen.push(Seen { number, id, what });
        if array {
            break;
        }
    }
    Lines {
        part,
        records,
        seen,
        unknown,
    }
}

/// What the lines of a block are after those before it; and whether nothing may follow them.
fn settle<G>(
    ledger: &mut Ledger,
    block: &Block,
    lines: Lines<G>,
    compression: Compression,
) -> (Gathered<G>, bool) {
    let (mut record, mut repeated, mut errors) = (0, Vec::new(), Vec::new());
    let mut array = false;
    for Seen { number, id, what } in lines.seen {
        if !matches!(what, What::Blank) {
            errors.extend(ledger.goes_on());
        }
        let first = id.and_then(|id| ledger.take(id, number));
        let taken = first.map(|first| {
            let (key, message) = taken(&id_of(block, number), &first);
            let line = Some(number);
            Mistake { line, key, message }
        });
        match what {
            What::Blank => ledger.blank(number),
            What::Array => {
                errors.push(broken(compression, number, &not_lines()));
                array = true;
            }
            What::Record => {
                if let Some(taken) = taken {
                    repeated.push(record);
                    errors.push(ReadError::Line(vec![taken]));
                }
                record += 1;
            }
            What::Faulty(mut mistakes) => {
                // An id that is a mistake already is not named twice.
                let named = mistakes.iter().any(|mistake| mistake.key == "id");
                mistakes.extend(taken.filter(|_| !named));
                errors.push(ReadError::Line(mistakes));
            }
        }
    }
    for (name, count) in lines.unknown {
        ledger.unknown(&name, count);
    }
    let gathered = Gathered {
        part: lines.part,
        records: lines.records,
        repeated,
        errors,
    };
    (gathered, array)
}

/// The id in this line of the block, whose fingerprint alone was kept.
fn id_of(block: &Block, number: usize) -> String {
    let line = block.lines().nth(number - block.first());
    let fields = line.and_then(|line| serde_json::from_slice::<Fields>(line.text).ok());
    fields.map_or_else(String::new, |fields| {
        fields.into_record(&mut Mistakes::default()).id
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    /// The ids of records.
    #[derive(Debug, Default)]
    struct Names(Vec<String>);

    impl Gather for Names {
        fn gather(&mut self, record: View<'_>) {
            self.0.push(record.id.to_owned());
        }
    }

    fn words(error: ReadError) -> Vec<String> {
        let one = |m: Mistake| format!("{}: {}: {}", m.line.unwrap_or(0), m.key, m.message);
        error.into_mistakes().into_iter().map(one).collect()
    }

    /// The ids of valid records and all mistakes.
    type Read = (Vec<String>, Vec<String>);

    fn one_by_one(reader: &mut Reader) -> Read {
        let (mut ids, mut mistakes) = (Vec::new(), Vec::new());
        for record in reader {
            match record {
                Ok(record) => ids.push(record.id),
                Err(error) => mistakes.extend(words(error)),
            }
        }
        (ids, mistakes)
    }

    fn in_blocks(reader: &mut Reader) -> Read {
        let (mut ids, mut mistakes) = (Vec::new(), Vec::new());
        reader.gather(Names::default, |gathered| {
            assert_eq!(gathered.part.0.len(), gathered.records);
            let names = gathered.part.0.into_iter().enumerate();
            let valid = names.filter(|(i, _)| !gathered.repeated.contains(i));
            ids.extend(valid.map(|(_, id)| id));
            mistakes.extend(gathered.errors.into_iter().flat_map(words));
            ControlFlow::Continue(())
        });
        (ids, mistakes)
    }

    fn reader(text: &str, block: Option<usize>) -> Reader {
        let source = || Box::new(Cursor::new(text.as_bytes().to_vec()));
        let mut reader = Reader::over(source(), Compression::Plain).longest_line(60);
        if let Some(bytes) = block {
            reader.blocks = Blocks::new(source(), 60).of_bytes(bytes);
        }
        reader
    }

    #[test]
    fn wherever_blocks_end_records_and_mistakes_are_the_same() {
        let line = |id: &str| format!("{{\"id\":\"{id}\",\"solution\":\"x\"}}");
        let (a, b, c) = (line("a"), line("b"), line("c"));
        let long = line(&"long".repeat(30));
        let logs = [
            format!("\u{feff}{a}\r\n{b}\n{a}\n{{\"id\":\"b\"}}\n\n \n{c}\n[1]\n{long}\n{c}\n\n"),
            format!("{a}\n{{\"id\":\"a\",\"id\":\"a\",\"solution\":\"\"}}\n{{\"x\":1}}\n{b}\n{b}"),
            format!("[\n{a},\n{b}]\n"),
            format!("\n\n{a}\n{{\"id\":\"b\",\"solution\":\"\",\"seed\":1,\"utility\":2}}\n\t\n"),
            String::new(),
        ];
        for log in &logs {
            let mut whole = reader(log, None);
            let expected = one_by_one(&mut whole);
            for block in 1..=log.len() + 1 {
                let mut cut = reader(log, Some(block));
                assert_eq!(in_blocks(&mut cut), expected, "{block} {log}");
                assert_eq!(
                    cut.unknown_fields(),
                    whole.unknown_fields(),
                    "{block} {log}"
                );
                assert_eq!(
                    one_by_one(&mut reader(log, Some(block))),
                    expected,
                    "{block} {log}"
                );
            }
        }
        // One of each kind was there.
        let (ids, mistakes) = one_by_one(&mut reader(&logs[0], None));
        assert_eq!(ids, ["a", "b", "c"]);
        let starts = [
            "3: id: is \"a\", the id of line 1",
            "4: solution: is missing",
            "4: id: is \"b\", the id of line 2",
            "5: : is blank",
            "8: : is not a JSON object",
            "9: : is longer than 60 bytes",
            "10: id: is \"c\", the id of line 7",
        ];
        assert_eq!(mistakes.len(), starts.len(), "{mistakes:#?}");
        for (mistake, start) in mistakes.iter().zip(starts) {
            assert!(mistake.starts_with(start), "{mistake}");
        }
    }

    #[test]
    fn reading_ends_where_it_is_broken_off() {
        let line = |i: usize| format!("{{\"id\":{i},\"solution\":\"\"}}");
        let log = (0..100).map(line).collect::<Vec<_>>().join("\n");
        let mut taken = 0;
        reader(&log, Some(30)).gather(Names::default, |gathered| {
            taken += gathered.records;
            if taken < 10 {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        assert!((10..20).contains(&taken), "{taken}");
    }
}
