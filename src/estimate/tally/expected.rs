//! The tally of prompts of which expectations are known instead of generations.
//!
//! The columns and all formulas over their means are those of outcomes. Probabilities stand where
//! outcomes have events, so they need a finer unit, and there are no events to count: shares have
//! the interval of the delta method.

use super::{Column, Tally, single};
use crate::outcome::{ExpectedBatch, Fold, Frame};
use crate::stats::{CrossProducts, Scale};

/// Probabilities of one generation are counted in units of 2^-43: fine enough for rare events, and the
/// squares of 10^12 of them still add up within 128 bits. Those of several take larger units.
const PROBABILITY: f64 = 1.0 / 1024.0;

impl Tally {
    /// An empty tally for expectations of prompts of `frame` with at most so many `generations`.
    pub fn of_prompts(frame: &Frame, generations: u64) -> Self {
        let mut tally = Self::new(frame);
        let probability = Scale::for_values_near(PROBABILITY * generations.max(1) as f64);
        let value = Scale::for_values_near(1.0);
        let scales = (0..tally.moments.width()).map(|j| match tally.moments.scale(j) {
            scale if j == single(Column::Count) => scale,
            scale if scale == Scale::COUNT || scale == value => probability,
            scale => scale,
        });
        tally.moments = CrossProducts::new(scales.collect());
        tally.shares.clear();
        tally
    }

    /// Adds prompt `i` of `batch` to `row`, which holds the columns in order.
    fn set_prompt(&self, batch: &ExpectedBatch, i: usize, row: &mut [i64]) {
        let mut set = |column: Column, value: f64| {
            let j = self.index(column);
            row[j] = self.moments.scale(j).round(value);
        };
        set(Column::Count, batch.generations[i] as f64);
        set(Column::Full, batch.tokens_full[i]);
        set(Column::Generated, batch.tokens_generated[i]);
        set(Column::Cost, batch.checkpoint_cost[i]);
        set(Column::Accepted, batch.accepted[i]);
        set(Column::Surviving, batch.surviving[i]);
        set(Column::Retained, batch.retained[i]);
        let [all, surviving, accepted, retained] = batch.utility[i];
        set(Column::Utility, all);
        set(Column::UtilitySurviving, surviving);
        set(Column::UtilityAccepted, accepted);
        set(Column::UtilityRetained, retained);
        let checkpoints = self.frame.checkpoints;
        let here = &batch.at_checkpoint[i * checkpoints..][..checkpoints];
        for (c, &[rejected, remaining, avoided]) in here.iter().enumerate() {
            set(Column::Rejected(c), rejected);
            set(Column::Remaining(c), remaining);
            set(Column::Avoided(c), avoided);
        }
        let levels = batch.at_level.len() / batch.len();
        let mut here = batch.at_level[i * levels..][..levels].iter();
        for (v, covariate) in self.frame.covariates.iter().enumerate() {
            for (level, &[accepted, retained]) in (0..covariate.levels.len()).zip(&mut here) {
                set(Column::AcceptedAt(v, level), accepted);
                set(Column::RetainedAt(v, level), retained);
            }
        }
    }
}

impl Fold<ExpectedBatch> for Tally {
    fn fold(&mut self, batch: &ExpectedBatch) {
        let mut row = vec![0_i64; self.moments.width()];
        let mut nonzero = Vec::with_capacity(row.len());
        let tokens = self.moments.scale(self.index(Column::Full));
        for i in 0..batch.len() {
            self.cut += u64::from(!tokens.holds(batch.tokens_full[i]));
            self.set_prompt(batch, i, &mut row);
            nonzero.clear();
            nonzero.extend(row.iter().copied().enumerate().filter(|(_, x)| *x != 0));
            self.moments.add(&nonzero);
        }
    }

    fn merge(&mut self, later: Self) {
        self.take_in(later);
    }
}
