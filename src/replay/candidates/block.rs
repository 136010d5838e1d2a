//! One policy applied to a block of rows, in passes of comparisons over columns.

use super::Candidates;
use super::places::{Places, Stand, due_after, due_at_end, due_every, visits};
use super::sums::{Sums, Total};
use crate::policy::{Checkpoint, Position};

/// Rows that are judged under all policies before the next ones.
pub(super) const BLOCK: usize = 2048;
/// What stands for no alarm, and for no rejection.
pub(super) const NEVER: i32 = i32::MAX;
/// What stands for an alarm, and for a rejection, at the complete solution.
pub(super) const AT_END: i32 = NEVER - 1;

/// Columns of one block while a policy is applied to it.
pub(super) struct Scratch {
    first: [i32; BLOCK],
    stop: [i32; BLOCK],
    /// The checkpoint that rejects.
    by: [i32; BLOCK],
}

impl Scratch {
    pub(super) fn new() -> Self {
        Self {
            first: [NEVER; BLOCK],
            stop: [NEVER; BLOCK],
            by: [NEVER; BLOCK],
        }
    }

    /// Whether each of the first `rows` rows is rejected.
    pub(super) fn rejected(&self, rows: usize) -> Vec<bool> {
        self.stop[..rows].iter().map(|&stop| stop < NEVER).collect()
    }
}

/// A policy on a block of rows.
pub(super) struct Block<'c> {
    pub(super) columns: &'c Candidates<'c>,
    pub(super) places: &'c Places,
    pub(super) range: std::ops::Range<usize>,
    pub(super) checkpoints: &'c [Checkpoint<Position>],
    pub(super) stands: &'c [Stand],
}

impl Block<'_> {
    /// Finds where each generation is rejected, and by which checkpoint.
    pub(super) fn judge(&self, scratch: &mut Scratch) {
        let rows = self.range.len();
        let tokens = &self.columns.tokens[self.range.clone()];
        let Scratch { first, stop, by } = scratch;
        let (first, stop, by) = (&mut first[..rows], &mut stop[..rows], &mut by[..rows]);
        stop.fill(NEVER);
        by.fill(NEVER);
        for ((c, checkpoint), stand) in (0_i32..).zip(self.checkpoints).zip(self.stands) {
            first.fill(NEVER);
            for &v in &checkpoint.validators {
                let alarms = &self.columns.alarms[v][self.range.clone()];
                for (first, alarm) in first.iter_mut().zip(alarms) {
                    *first = (*first).min(*alarm);
                }
            }
            // Of checkpoints at one place the first rejects.
            let rejected = stop.iter_mut().zip(by.iter_mut());
            let each = rejected.zip(first.iter().zip(tokens));
            match *stand {
                Stand::Nowhere => {}
                Stand::After(p) => {
                    for ((stop, by), (&first, &n)) in each {
                        reject(stop, by, due_after(p, first, n), c);
                    }
                }
                Stand::Own(k) => {
                    let places = &self.places.columns[k][self.range.clone()];
                    for (((stop, by), (&first, &n)), &p) in each.zip(places) {
                        reject(stop, by, due_after(p, first, n), c);
                    }
                }
                Stand::Every(step) => {
                    for ((stop, by), (&first, &n)) in each {
                        reject(stop, by, due_every(step, first, n), c);
                    }
                }
                Stand::End => {
                    for ((stop, by), (&first, _)) in each {
                        reject(stop, by, due_at_end(first), c);
                    }
                }
            }
        }
    }

    /// Adds what happened to the sums.
    pub(super) fn count(&self, scratch: &Scratch, sums: &mut Sums) {
        let rows = self.range.len();
        let columns = self.columns;
        let tokens = &columns.tokens[self.range.clone()];
        let accepted = &columns.accepted[self.range.clone()];
        let refused = &columns.refused[self.range.clone()];
        let (mut rejected, mut of_accepted, mut of_refused) = (0_i32, 0_i32, 0_i32);
        let (mut all, mut known) = (0_u64, 0_u64);
        for r in 0..rows {
            let stop = scratch.stop[r];
            let is_rejected = i32::from(stop < NEVER);
            rejected += is_rejected;
            of_accepted += is_rejected & accepted[r];
            of_refused += is_rejected & refused[r];
            let generated = u64::from(stop.min(tokens[r]).unsigned_abs());
            all += generated;
            known += generated * u64::from((accepted[r] | refused[r]).unsigned_abs());
        }
        sums.rejected += u64::from(rejected.unsigned_abs());
        sums.rejected_accepted += u64::from(of_accepted.unsigned_abs());
        sums.rejected_refused += u64::from(of_refused.unsigned_abs());
        sums.generated.add(Total { all, known });
        if columns.is_watching() {
            self.count_lost(scratch, sums);
        }
        for (c, checkpoint) in self.checkpoints.iter().enumerate() {
            if checkpoint.cost_tokens > 0.0 {
                sums.visits[c].add(self.visits(c, scratch));
            }
        }
    }

    /// Adds what is lost of the accepted.
    fn count_lost(&self, scratch: &Scratch, sums: &mut Sums) {
        for (r, row) in self.range.clone().enumerate() {
            if scratch.stop[r] < NEVER && self.columns.accepted[row] == 1 {
                self.columns.add_lost(row, sums);
            }
        }
    }

    /// How often checkpoint number `c` is reached: where it is due before the rejection, or is it.
    fn visits(&self, c: usize, scratch: &Scratch) -> Total {
        let columns = self.columns;
        let mut total = Total::default();
        let number = i32::try_from(c).unwrap_or(NEVER);
        for (r, row) in self.range.clone().enumerate() {
            let place = self.places.own(self.stands[c], row);
            let stop = (scratch.stop[r], scratch.by[r]);
            let visits = visits(self.stands[c], place, number, stop, columns.tokens[row]);
            total.all += visits;
            let known = columns.accepted[row] | columns.refused[row];
            total.known += visits * u64::from(known.unsigned_abs());
        }
        total
    }
}

/// Notes a rejection by checkpoint number `c` that is due, if it comes before those known.
fn reject(stop: &mut i32, by: &mut i32, due: i32, c: i32) {
    let earlier = due < *stop;
    *stop = if earlier { due } else { *stop };
    *by = if earlier { c } else { *by };
}
