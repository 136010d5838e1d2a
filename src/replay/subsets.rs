//! A generation of a table under any subset of the policy's validators.
//!
//! Leaving out a validator takes it out of every checkpoint that consults it. A checkpoint of which
//! none is left is not there: it neither rejects nor charges. Where some are left it charges in
//! full.

use smallvec::SmallVec;

use super::judge::{Due, due, visits};
use super::{FirstAlarm, Replay};
use crate::outcome::{SubsetOutcome, Terms, Validators};

impl Replay<'_> {
    /// Generation number `row` under any subset of the validators, of which there are at most
    /// [`MOST_VALIDATORS`](crate::outcome::MOST_VALIDATORS).
    pub fn under_subsets(&self, row: usize) -> SubsetOutcome {
        if self.is_spared(row) {
            return self.spared_by_all(row);
        }
        let alarms = self.table().alarms(row);
        let place = |c: usize| self.schedule().place(c, row);
        let generation = &self.table().rows()[row];
        let tokens = generation.tokens;
        let checkpoints = self.checkpoints();
        let rejects = |(v, alarm): (usize, FirstAlarm)| -> Option<(Due, usize)> {
            let consulting = self.consulting(v).iter();
            let dues = consulting.filter_map(|&c| due(place(c), c, alarm, tokens));
            dues.min().map(|due| (due, v))
        };
        // Of most generations there are few, and all are asked several times.
        let mut stops: SmallVec<[(Due, usize); 4]> = alarms.raised().filter_map(rejects).collect();
        stops.sort_unstable();
        let charging: Vec<(usize, Validators)> = checkpoints
            .iter()
            .enumerate()
            .filter(|(_, checkpoint)| checkpoint.cost_tokens > 0.0)
            .map(|(c, checkpoint)| (c, set(&checkpoint.validators)))
            .collect();
        // Beyond each stop the generation goes only if all validators up to there are absent.
        let mut paid = Terms::new();
        paid.push((0, (self.tokens_full(row) - tokens) as f64));
        let (mut absent, mut generated) = (0, 0);
        let mut visited = vec![0; charging.len()];
        let all = stops.iter().map(|(due, v)| (Some(*due), Some(*v)));
        for (stop, v) in all.chain([(None, None)]) {
            let until = stop.map_or(tokens, |(_, tokens, _)| tokens);
            add(&mut paid, absent, (until - generated) as f64);
            generated = until;
            for ((c, consulted), visited) in charging.iter().zip(&mut visited) {
                let now = visits(place(*c), *c, stop, tokens);
                let charged = (now - *visited) as f64 * checkpoints[*c].cost_tokens;
                add(&mut paid, absent, charged);
                add(&mut paid, absent | consulted, -charged);
                *visited = now;
            }
            absent |= v.map_or(0, |v| 1 << v);
        }
        SubsetOutcome {
            prompt: generation.prompt as u64,
            tokens_full: self.tokens_full(row) as f64,
            paid,
            rejecting: absent,
            accepted: generation.accepted,
        }
    }
}

impl Replay<'_> {
    /// A generation to which no subset of the validators does anything.
    fn spared_by_all(&self, row: usize) -> SubsetOutcome {
        let generation = &self.table().rows()[row];
        let tokens_full = self.tokens_full(row) as f64;
        SubsetOutcome {
            prompt: generation.prompt as u64,
            tokens_full,
            paid: [(0, tokens_full)].into_iter().collect(),
            rejecting: 0,
            accepted: generation.accepted,
        }
    }
}

fn set(validators: &[usize]) -> Validators {
    validators.iter().fold(0, |set, &v| set | 1 << v)
}

fn add(paid: &mut Terms, absent: Validators, tokens: f64) {
    if tokens != 0.0 {
        match paid.last_mut() {
            Some((last, sum)) if *last == absent => *sum += tokens,
            _ => paid.push((absent, tokens)),
        }
    }
}
