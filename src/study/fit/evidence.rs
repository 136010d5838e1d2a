//! What a log says of the parameters of a scenario: sums over the generations of each prompt.
//!
//! The estimates are functions of these sums alone (`solve.rs`), so a prompt is one row of numbers and the
//! bootstrap adds up rows. Numbers are counts, tokens, squares of tokens, and the same of their logarithms; sums of
//! logarithms, and of fractions that checkpoints charge, are rounded, in an order that no thread changes.

use std::ops::Range;

use super::stages::{Generation, Layout, Onset};

/// Where each sum stands in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Columns {
    stages: usize,
    validators: usize,
}

/// Generations.
pub(super) const COUNT: usize = 0;
/// Accepted ones.
pub(super) const ACCEPTED: usize = 1;
/// Those that go wrong: by labels of steps, else those that the final filter refuses.
pub(super) const WRONG: usize = 2;
/// Accepted ones that do not go wrong.
pub(super) const CLEAN_ACCEPTED: usize = 3;
/// Accepted ones that are not rejected.
pub(super) const RETAINED: usize = 4;
/// Tokens saved.
pub(super) const SAVED: usize = 5;
/// Tokens charged.
pub(super) const CHARGED: usize = 6;
/// Of prompts with several generations: m, m², the number X that goes wrong, X², X(X − 1)/(m − 1).
pub(super) const PAIR_M: usize = 7;
pub(super) const PAIR_MM: usize = 8;
pub(super) const PAIR_X: usize = 9;
pub(super) const PAIR_XX: usize = 10;
pub(super) const PAIR_BOTH: usize = 11;
/// Where steps are labelled: faults that a checkpoint could see, those that the first one sees, later
/// looks at faults that were not seen, and what those see.
pub(super) const FIRST_LOOKS: usize = 12;
pub(super) const FIRST_SEEN: usize = 13;
pub(super) const LATER_LOOKS: usize = 14;
pub(super) const LATER_SEEN: usize = 15;
/// Of what goes wrong without any alarm: how many, and their tokens.
pub(super) const MISSED: usize = 16;
pub(super) const MISSED_TOKENS: usize = 17;
/// Sums that there is one of.
const SINGLE: usize = 18;

impl Columns {
    pub(super) fn new(layout: &Layout) -> Self {
        Self {
            stages: layout.stages(),
            validators: layout.validators.len(),
        }
    }

    fn block(self, number: usize) -> Range<usize> {
        let (k, v) = (self.stages, self.validators);
        let blocks = [k, k, k, k, k, v, v, v, k, k, k];
        let start = SINGLE + blocks[..number].iter().sum::<usize>();
        start..start + blocks[number]
    }

    /// By stage: those that first go wrong there, where steps are labelled.
    pub(super) fn onsets(self) -> Range<usize> {
        self.block(0)
    }

    /// By stage: tokens.
    pub(super) fn tokens(self) -> Range<usize> {
        self.block(1)
    }

    /// By stage: squares of tokens.
    pub(super) fn squares(self) -> Range<usize> {
        self.block(2)
    }

    /// By stage, the last left at 0: tokens charged by its checkpoint.
    pub(super) fn charges(self) -> Range<usize> {
        self.block(3)
    }

    /// By stage, the last left at 0: generations that no checkpoint before rejects.
    pub(super) fn alive(self) -> Range<usize> {
        self.block(4)
    }

    /// By validator: rejections of what goes never wrong.
    pub(super) fn false_alarms(self) -> Range<usize> {
        self.block(5)
    }

    /// By validator: checkpoints at which it looks at what goes never wrong, where steps are labelled.
    pub(super) fn clean_looks(self) -> Range<usize> {
        self.block(6)
    }

    /// By validator: tokens saved.
    pub(super) fn saved(self) -> Range<usize> {
        self.block(7)
    }

    /// By stage: generations with tokens there.
    pub(super) fn with_tokens(self) -> Range<usize> {
        self.block(8)
    }

    /// By stage: logarithms of the tokens of those.
    pub(super) fn logs(self) -> Range<usize> {
        self.block(9)
    }

    /// By stage: squares of these logarithms.
    pub(super) fn log_squares(self) -> Range<usize> {
        self.block(10)
    }

    /// By stage: generations that go wrong and on which this validator alarms first, there.
    pub(super) fn alarms(self, validator: usize) -> Range<usize> {
        let start = self.log_squares().end + validator * self.stages;
        start..start + self.stages
    }

    /// Length of a row.
    pub(super) fn width(self) -> usize {
        self.alarms(self.validators).start
    }
}

/// A row of sums for each prompt.
#[derive(Debug, Clone)]
pub(super) struct Evidence {
    pub(super) columns: Columns,
    /// Whether onsets are labelled.
    pub(super) by_steps: bool,
    prompts: Vec<Vec<f64>>,
}

impl Evidence {
    /// Sums of generations, each with the number of its prompt, in the order of prompts. Onsets count where all
    /// that are refused have them; what is accepted without a label is right throughout.
    pub(super) fn new(layout: &Layout, generations: &[(usize, Generation)]) -> Self {
        let columns = Columns::new(layout);
        let labelled = |(_, g): &(usize, Generation)| g.accepted || g.onset != Onset::Unlabelled;
        let by_steps = generations.iter().all(labelled);
        let prompts = generations.chunk_by(|a, b| a.0 == b.0);
        let prompts = prompts.map(|of_prompt| {
            let mut row = vec![0.0; columns.width()];
            for (_, generation) in of_prompt {
                add(&mut row, columns, layout, generation, by_steps);
            }
            let (m, x) = (row[COUNT], row[WRONG]);
            if m > 1.0 {
                row[PAIR_M] = m;
                row[PAIR_MM] = m * m;
                row[PAIR_X] = x;
                row[PAIR_XX] = x * x;
                row[PAIR_BOTH] = x * (x - 1.0) / (m - 1.0);
            }
            row
        });
        Self {
            columns,
            by_steps,
            prompts: prompts.collect(),
        }
    }

    /// Number of prompts.
    pub(super) fn prompts(&self) -> usize {
        self.prompts.len()
    }

    /// Prompts in which the sum number `column` is not 0.
    pub(super) fn prompts_with(&self, column: usize) -> u64 {
        self.prompts.iter().filter(|row| row[column] > 0.0).count() as u64
    }

    /// The sums over all prompts.
    pub(super) fn total(&self) -> Vec<f64> {
        self.sum(0..self.prompts.len())
    }

    /// The sums over some prompts, each as often as it is named.
    pub(super) fn sum(&self, prompts: impl Iterator<Item = usize>) -> Vec<f64> {
        let mut total = vec![0.0; self.columns.width()];
        for prompt in prompts {
            for (total, x) in total.iter_mut().zip(&self.prompts[prompt]) {
                *total += x;
            }
        }
        total
    }
}

fn add(
    row: &mut [f64],
    columns: Columns,
    layout: &Layout,
    generation: &Generation,
    by_steps: bool,
) {
    let last = layout.stages() - 1;
    let seen = generation.alarm.and_then(|alarm| alarm.seen);
    // The stage of the onset; one past the last where nothing goes wrong.
    let onset = match (by_steps, generation.onset) {
        (true, Onset::In(stage)) => Some(stage),
        (true, _) => None,
        (false, _) if generation.accepted => None,
        (false, _) => Some(0),
    };
    let wrong = onset.is_some();
    row[COUNT] += 1.0;
    row[ACCEPTED] += f64::from(u8::from(generation.accepted));
    row[WRONG] += f64::from(u8::from(wrong));
    row[CLEAN_ACCEPTED] += f64::from(u8::from(generation.accepted && !wrong));
    row[RETAINED] += f64::from(u8::from(generation.accepted && seen.is_none()));
    for (k, tokens) in generation.tokens.iter().enumerate() {
        row[columns.tokens().start + k] += tokens;
        row[columns.squares().start + k] += tokens * tokens;
        if *tokens > 0.0 {
            let log = libm::log(*tokens);
            row[columns.with_tokens().start + k] += 1.0;
            row[columns.logs().start + k] += log;
            row[columns.log_squares().start + k] += log * log;
        }
    }
    for (s, charged) in generation.charges.iter().enumerate() {
        row[CHARGED] += charged;
        row[columns.charges().start + s] += charged;
        row[columns.alive().start + s] += f64::from(u8::from(seen.is_none_or(|seen| seen >= s)));
    }
    // An alarm before the labelled onset is a false one, or sees what the label says too late: it tells nothing
    // of either rate.
    let too_soon = by_steps && seen.is_some_and(|seen| onset.is_some_and(|onset| seen < onset));
    if let Some(alarm) = generation.alarm {
        row[SAVED] += alarm.saved;
        row[columns.saved().start + alarm.validator] += alarm.saved;
        if wrong && !too_soon {
            row[columns.alarms(alarm.validator).start + alarm.stage] += 1.0;
        } else if alarm.seen.is_some() && !wrong {
            row[columns.false_alarms().start + alarm.validator] += 1.0;
        }
    }
    if wrong && generation.alarm.is_none() {
        row[MISSED] += 1.0;
        row[MISSED_TOKENS] += generation.tokens.iter().sum::<f64>();
    }
    if !by_steps {
        return;
    }
    if let Some(onset) = onset {
        row[columns.onsets().start + onset] += 1.0;
    }
    let clean = 0..if wrong { 0 } else { last };
    let clean = clean.filter(|&s| seen.is_none_or(|seen| s <= seen));
    for v in clean.flat_map(|s| &layout.consulted[s]) {
        row[columns.clean_looks().start + v] += 1.0;
    }
    if let Some(onset) = onset.filter(|_| !too_soon) {
        let mut looks = (onset..last).filter(|&s| !layout.consulted[s].is_empty());
        if let Some(first) = looks.next() {
            row[FIRST_LOOKS] += 1.0;
            row[FIRST_SEEN] += f64::from(u8::from(seen == Some(first)));
            let later = looks.filter(|&s| seen.is_none_or(|seen| first < seen && s <= seen));
            row[LATER_LOOKS] += later.count() as f64;
            row[LATER_SEEN] += f64::from(u8::from(seen.is_some_and(|seen| seen > first)));
        }
    }
}
