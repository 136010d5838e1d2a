//! Many policies on one table: what a validator cannot change is tallied once.
//!
//! Prompts are parted by the validators that alarm on any of their generations. On a part on which
//! a validator is silent, a policy that consults it alone rejects nothing, and one that leaves it
//! out does what the whole policy does. Tallies are exact sums: those of such a part are computed
//! once and merged with those of the parts on which the policies differ, to the same bits.
//!
//! Assumes that checkpoints charge nothing and stand at one place of each generation: else what they
//! do to one generation depends on others.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{by_prompt, known, tally_of};
use crate::estimate::{Estimates, Tally};
use crate::outcome::{Fold, Frame, Knowledge, MOST_VALIDATORS, OutcomeBatch, Validators};
use crate::policy::{Checkpoint, Position};
use crate::replay::{FirstAlarm, Replay, Table};

/// Parts that are kept apart. Prompts of others, the smallest, make up one on which nobody is
/// taken to be silent.
const MOST_PARTS: usize = 64;

/// The prompts of a table, parted.
pub(super) struct Parts {
    /// All generations, those of one prompt next to each other.
    rows: Vec<usize>,
    parts: Vec<Part>,
}

/// Generations on which the same validators alarm.
struct Part {
    alarming: Validators,
    rows: Vec<usize>,
}

/// What a policy does, by part.
pub(super) struct Tallies(Vec<Tally>);

impl Parts {
    /// The parts of `table`; `None` where not everything is known of all its generations, or there
    /// are too many validators.
    pub(super) fn new(table: &Table) -> Option<Self> {
        let rows = by_prompt(table);
        let complete = rows.iter().all(|&i| known(table, i) == Knowledge::FULL);
        if !complete || table.validators().len() > MOST_VALIDATORS {
            return None;
        }
        let prompt = |i: usize| table.rows()[i].prompt;
        let mut parts: BTreeMap<Validators, Vec<usize>> = BTreeMap::new();
        for generations in rows.chunk_by(|&i, &j| prompt(i) == prompt(j)) {
            let alarming = generations
                .iter()
                .fold(0, |set, &i| set | alarming(table, i));
            parts.entry(alarming).or_default().extend(generations);
        }
        let mut parts: Vec<Part> = parts
            .into_iter()
            .map(|(alarming, rows)| Part { alarming, rows })
            .collect();
        if parts.len() > MOST_PARTS {
            parts.sort_by_key(|part| std::cmp::Reverse(part.rows.len()));
            let rest = parts.split_off(MOST_PARTS - 1);
            parts.push(Part {
                alarming: Validators::MAX,
                rows: rest.into_iter().flat_map(|part| part.rows).collect(),
            });
        }
        Some(Self { rows, parts })
    }

    /// Whether policies with these checkpoints can be compared part by part.
    pub(super) fn suit(checkpoints: &[Checkpoint<Position>]) -> bool {
        checkpoints.iter().all(|checkpoint| {
            checkpoint.cost_tokens <= 0.0 && !matches!(checkpoint.at, Position::EveryTokens(_))
        })
    }

    fn frame(&self, replay: &Replay<'_>) -> Frame {
        replay.frame(&self.rows, Knowledge::FULL, false)
    }

    /// What `replay` does on each part.
    pub(super) fn tallies(&self, replay: &Replay<'_>) -> Tallies {
        let frame = self.frame(replay);
        let parts = self.parts.par_iter();
        let tally = |part: &Part| tally_of(&replay.prepared(part.rows.clone(), frame.clone()));
        Tallies(parts.map(tally).collect())
    }

    /// Estimates of what `replay` does, which is what is `known` where validator number
    /// `validator` is silent.
    pub(super) fn estimates(
        &self,
        replay: &Replay<'_>,
        validator: usize,
        known: &Tallies,
    ) -> Estimates {
        let silent = |part: &Part| part.alarming >> validator & 1 == 0;
        let alarmed = self.parts.iter().filter(|part| !silent(part));
        let rows = alarmed.flat_map(|part| &part.rows).copied().collect();
        let mut tally = tally_of(&replay.prepared(rows, self.frame(replay)));
        for (part, known) in self.parts.iter().zip(&known.0) {
            if silent(part) {
                <Tally as Fold<OutcomeBatch>>::merge(&mut tally, known.clone());
            }
        }
        Estimates::new(&tally)
    }
}

/// The validators that alarm on generation number `row`.
fn alarming(table: &Table, row: usize) -> Validators {
    let alarms = table.alarms(row).iter().enumerate();
    let alarms = alarms.filter(|(_, alarm)| **alarm != FirstAlarm::Never);
    alarms.fold(0, |set, (v, _)| set | 1 << v)
}
