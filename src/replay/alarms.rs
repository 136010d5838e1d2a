//! The first alarms on all generations of a table. Most validators are silent on most generations:
//! what is kept of each is who alarms, and their alarms.

use super::FirstAlarm;
use crate::outcome::{Validators, members};

/// Validators that one word of a set has room for.
const WORD: usize = Validators::BITS as usize;
/// What stands for [`FirstAlarm::AtEnd`].
const AT_END: u64 = u64::MAX;

/// First alarms by generation: a bit for each validator and 8 bytes for each alarm.
#[derive(Debug, Clone)]
pub(super) struct Alarms {
    validators: usize,
    /// Who alarms; [`Alarms::words`] for each generation.
    raising: Vec<Validators>,
    /// Behind the last alarm of each generation.
    ends: Vec<usize>,
    /// Tokens, or [`AT_END`]; in the order of the validators.
    raised: Vec<u64>,
}

impl Alarms {
    /// Of so many validators; no generation yet.
    pub(super) fn new(validators: usize) -> Self {
        Self {
            validators,
            raising: Vec::new(),
            ends: Vec::new(),
            raised: Vec::new(),
        }
    }

    fn words(&self) -> usize {
        self.validators.div_ceil(WORD)
    }

    /// Adds a generation with the alarms of all validators in their order.
    pub(super) fn push(&mut self, alarms: impl IntoIterator<Item = FirstAlarm>) {
        let start = self.raising.len();
        self.raising.resize(start + self.words(), 0);
        let mut count = 0;
        for (v, alarm) in alarms.into_iter().enumerate() {
            count += 1;
            self.raised.push(match alarm {
                FirstAlarm::Tokens(tokens) => tokens.min(AT_END - 1),
                FirstAlarm::AtEnd => AT_END,
                FirstAlarm::Never => continue,
            });
            self.raising[start + v / WORD] |= 1 << (v % WORD);
        }
        assert_eq!(count, self.validators, "one alarm per validator and row");
        self.ends.push(self.raised.len());
    }

    /// Adds a generation that has these alarms of as many validators.
    pub(super) fn push_row(&mut self, row: RowAlarms<'_>) {
        self.raising.extend_from_slice(row.raising);
        self.raised.extend_from_slice(row.raised);
        self.ends.push(self.raised.len());
    }

    /// Those on generation number `row`.
    pub(super) fn row(&self, row: usize) -> RowAlarms<'_> {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        RowAlarms {
            validators: self.validators,
            raising: self.raising(row),
            raised: &self.raised[start..self.ends[row]],
        }
    }

    fn raising(&self, row: usize) -> &[Validators] {
        let words = self.words();
        &self.raising[row * words..(row + 1) * words]
    }

    /// Whether none of these validators alarms on generation number `row`.
    pub(super) fn are_silent(&self, row: usize, validators: &Set) -> bool {
        let mut both = self.raising(row).iter().zip(&validators.0);
        both.all(|(raising, asked)| raising & asked == 0)
    }
}

/// Validators of a table, however many it has.
#[derive(Debug, Clone)]
pub(super) struct Set(Vec<Validators>);

impl Set {
    /// Some of so many validators.
    pub(super) fn of(members: impl IntoIterator<Item = usize>, validators: usize) -> Self {
        let mut words = vec![0; validators.div_ceil(WORD)];
        for v in members {
            words[v / WORD] |= 1 << (v % WORD);
        }
        Self(words)
    }
}

/// The first alarms of all validators on one generation.
#[derive(Debug, Clone, Copy)]
pub struct RowAlarms<'t> {
    validators: usize,
    raising: &'t [Validators],
    raised: &'t [u64],
}

impl<'t> RowAlarms<'t> {
    /// Whether validator number `validator` alarms.
    pub fn raises(self, validator: usize) -> bool {
        assert!(validator < self.validators, "a validator of the table");
        self.raising[validator / WORD] >> (validator % WORD) & 1 == 1
    }

    /// The first alarm of validator number `validator`.
    pub fn of(self, validator: usize) -> FirstAlarm {
        if !self.raises(validator) {
            return FirstAlarm::Never;
        }
        let (word, bit) = (validator / WORD, validator % WORD);
        let before = self.raising[..word].iter().map(|set| set.count_ones());
        let within = (self.raising[word] & ((1 << bit) - 1)).count_ones();
        alarm(self.raised[(before.sum::<u32>() + within) as usize])
    }

    /// By validator.
    pub fn iter(self) -> impl Iterator<Item = FirstAlarm> {
        (0..self.validators).map(move |v| self.of(v))
    }

    /// Numbers and alarms of the validators that alarm, in their order.
    pub fn raised(self) -> impl Iterator<Item = (usize, FirstAlarm)> + 't {
        let words = self.raising.iter().enumerate();
        let members = words.flat_map(|(word, &set)| members(set).map(move |v| word * WORD + v));
        members.zip(self.raised.iter().map(|&raised| alarm(raised)))
    }

    /// Whether no validator alarms.
    pub fn are_silent(self) -> bool {
        self.raised.is_empty()
    }

    /// Those of the first [`MOST_VALIDATORS`](crate::outcome::MOST_VALIDATORS) validators that alarm.
    pub fn raising(self) -> Validators {
        self.raising.first().copied().unwrap_or(0)
    }
}

fn alarm(raised: u64) -> FirstAlarm {
    match raised {
        AT_END => FirstAlarm::AtEnd,
        tokens => FirstAlarm::Tokens(tokens),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn alarm() -> impl Strategy<Value = FirstAlarm> {
        prop_oneof![
            4 => Just(FirstAlarm::Never),
            1 => Just(FirstAlarm::AtEnd),
            1 => (0..5_u64).prop_map(FirstAlarm::Tokens),
        ]
    }

    /// Generations with the alarms of up to 150 validators.
    fn rows() -> impl Strategy<Value = Vec<Vec<FirstAlarm>>> {
        let row = |validators: usize| prop::collection::vec(alarm(), validators);
        (0..150_usize).prop_flat_map(move |n| prop::collection::vec(row(n), 1..5))
    }

    proptest! {
        #[test]
        fn what_is_kept_is_what_was_added(rows in rows(), asked in any::<[u64; 3]>()) {
            let validators = rows[0].len();
            let mut alarms = Alarms::new(validators);
            for row in &rows {
                alarms.push(row.iter().copied());
            }
            let mut again = Alarms::new(validators);
            for i in 0..rows.len() {
                again.push_row(alarms.row(i));
            }
            let asked = |v: &usize| asked[v / 64] >> (v % 64) & 1 == 1;
            let set = Set::of((0..validators).filter(asked), validators);
            for (i, row) in rows.iter().enumerate() {
                for kept in [alarms.row(i), again.row(i)] {
                    prop_assert_eq!(&kept.iter().collect::<Vec<_>>(), row);
                    for (v, alarm) in row.iter().enumerate() {
                        prop_assert_eq!(kept.raises(v), *alarm != FirstAlarm::Never);
                    }
                    let raised = row.iter().copied().enumerate();
                    let raised: Vec<_> = raised.filter(|(_, a)| *a != FirstAlarm::Never).collect();
                    prop_assert_eq!(kept.are_silent(), raised.is_empty());
                    let first = raised.iter().filter(|(v, _)| *v < 64);
                    prop_assert_eq!(kept.raising(), first.fold(0, |set, (v, _)| set | 1 << v));
                    prop_assert_eq!(kept.raised().collect::<Vec<_>>(), raised);
                }
                let silent = (0..validators).filter(asked).all(|v| row[v] == FirstAlarm::Never);
                prop_assert_eq!(alarms.are_silent(i, &set), silent);
            }
        }
    }
}
