//! Figures of a policy from generations that carry weights.
//!
//! Where a generation is known with probability π alone, it stands for 1/π (Horvitz and Thompson,
//! 1952, Journal of the American Statistical Association 47, 663–685). Weighted sums have the
//! expectation of the sums over all generations, so numerators and denominators are unbiased and
//! their ratios consistent. Weights must not depend on what is not known, given what they were
//! decided on.

use super::estimates::Estimate;
use super::figures::{
    Means, cost_ratio, detection_rate, false_rejection_rate, purity_after, rejection_rate, savings,
};
use super::proportion::Proportion;
use super::tally::{Column, single};
use crate::outcome::{Frame, Knowledge, NEVER, OutcomeBatch};
use crate::stats::{CrossProducts, Linear, Scale};

/// Shares with their events counted as they are, without weights.
const SHARES: [&str; 4] = [
    "rejection_rate",
    "false_rejection_rate",
    "detection_rate",
    "purity_after",
];
/// The first columns of a tally.
const COLUMNS: usize = 7;

/// Sums over weighted outcomes of one policy.
#[derive(Debug, Clone)]
pub struct WeightedTally {
    knowledge: Knowledge,
    /// The largest weight; the least is 1.
    largest: f64,
    moments: CrossProducts,
    shares: [Proportion; SHARES.len()],
}

impl WeightedTally {
    /// No generations yet; weights will lie between 1 and `largest`.
    pub fn new(frame: &Frame, largest: f64) -> Self {
        let number = Scale::for_values_near(largest);
        let tokens = Scale::for_values_near(largest * frame.typical_tokens);
        let cost = Scale::for_values_near(largest * frame.typical_cost.max(1.0));
        Self {
            knowledge: frame.knowledge,
            largest,
            moments: CrossProducts::new(vec![number, tokens, tokens, cost, number, number, number]),
            shares: [Proportion::default(); SHARES.len()],
        }
    }

    /// Takes in the generations of some prompts, each with its weight.
    pub fn add(&mut self, batch: &OutcomeBatch, weights: &[f64]) {
        let mut row = [0_i64; COLUMNS];
        let mut events = [(0_i64, 0_i64); SHARES.len()];
        for (i, &weight) in weights.iter().enumerate() {
            let accepted = self.knowledge.verdict && batch.accepted[i];
            let survives = batch.rejected_at[i] == NEVER;
            let one = |is: bool| if is { weight } else { 0.0 };
            let generated = batch.tokens_paid[i] - batch.checkpoint_cost[i];
            for (column, value) in [
                (Column::Count, weight),
                (Column::Full, weight * batch.tokens_full[i]),
                (Column::Generated, weight * generated),
                (Column::Cost, weight * batch.checkpoint_cost[i]),
                (Column::Accepted, one(accepted)),
                (Column::Surviving, one(survives)),
                (Column::Retained, one(survives && accepted)),
            ] {
                row[single(column)] += self.moments.scale(single(column)).round(value);
            }
            let trials = [true, accepted, !accepted, survives];
            let happens = [!survives, !survives, !survives, accepted];
            for ((events, trial), happens) in events.iter_mut().zip(trials).zip(happens) {
                events.0 += i64::from(trial && happens);
                events.1 += i64::from(trial);
            }
            if batch.prompt.get(i + 1) != Some(&batch.prompt[i]) {
                for (share, (events, trials)) in self.shares.iter_mut().zip(events) {
                    share.add_alike(1, events, trials);
                }
                let nonzero = row.iter().copied().enumerate().filter(|(_, x)| *x != 0);
                self.moments.add(&nonzero.collect::<Vec<_>>());
                row = [0; COLUMNS];
                events = [(0, 0); SHARES.len()];
            }
        }
    }

    /// Takes in what was gathered from other prompts.
    pub fn merge(&mut self, other: &Self) {
        self.moments.merge(&other.moments);
        for (share, other) in self.shares.iter_mut().zip(other.shares) {
            share.merge(other);
        }
    }

    /// The figure called `name`: `savings`, `rejection_rate`, `false_rejection_rate`,
    /// `detection_rate`, `cost_ratio` or `purity_after`; undefined where it needs verdicts that are
    /// not known.
    ///
    /// From few events a share has the exact interval of the share among the generations that are
    /// known, with its odds moved by the largest weight on either side: whatever the weights, the
    /// share among all lies no further away.
    pub fn estimate(&self, name: &str) -> Estimate {
        let figure = match name {
            "savings" => savings(self),
            "rejection_rate" => rejection_rate(self),
            _ if !self.knowledge.verdict => return Estimate::default(),
            "false_rejection_rate" => false_rejection_rate(self),
            "detection_rate" => detection_rate(self),
            "cost_ratio" => cost_ratio(self),
            "purity_after" => purity_after(self),
            _ => return Estimate::default(),
        };
        let stderr = self.moments.stderr(&figure);
        let estimate = Estimate::around(figure.value, stderr, self.moments.clusters());
        let share = SHARES.iter().position(|share| *share == name);
        let Some(share) = share.map(|share| self.shares[share]) else {
            return estimate;
        };
        estimate.with_odds_of(share, [1.0 / self.largest, self.largest])
    }
}

impl Means for WeightedTally {
    fn mean(&self, column: Column) -> Linear {
        self.moments.mean(single(column))
    }
}
