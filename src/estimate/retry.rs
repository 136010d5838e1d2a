//! The account in which every prompt is retried until it yields.

use crate::outcome::{Fold, RetryBatch};
use crate::stats::{CrossProducts, Linear, Scale, Stored};

/// Sums over prompts of what they cost until they yield: column 0 under the policy, column 1 by
/// full generation.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryTally {
    moments: CrossProducts,
}

impl RetryTally {
    /// An empty tally for prompts whose full generation has about `typical_tokens`, > 0.
    pub fn new(typical_tokens: f64) -> Self {
        let scale = Self::scale(typical_tokens);
        Self {
            moments: CrossProducts::new(vec![scale, scale]),
        }
    }

    fn scale(typical_tokens: f64) -> Scale {
        // A prompt may take thousands of attempts.
        Scale::for_values_near(typical_tokens * 1024.0)
    }

    /// Whether a tally for prompts of about `typical_tokens` counts `cost` as it is.
    pub fn holds(typical_tokens: f64, cost: f64) -> bool {
        Self::scale(typical_tokens).holds(cost)
    }

    /// The sums without their units, to be stored.
    pub fn stored(&self) -> Stored {
        self.moments.stored()
    }

    /// The tally for prompts of about `typical_tokens` that was stored; `None` if it does not fit.
    pub fn restored(typical_tokens: f64, stored: Stored) -> Option<Self> {
        let mut tally = Self::new(typical_tokens);
        tally.moments.restore(stored).then_some(tally)
    }

    /// Prompts that have yielded.
    pub fn prompts(&self) -> u64 {
        self.moments.clusters()
    }

    /// Share of the spread of costs that the dearest prompt brings, see
    /// [`CrossProducts::dominance`].
    pub fn dominance(&self) -> f64 {
        self.moments.dominance(0)
    }

    /// Largest cost of a prompt under the policy, in tokens.
    pub fn largest(&self) -> f64 {
        self.moments.largest(0)
    }

    /// Mean cost of a prompt by full generation, in tokens.
    pub fn mean_full(&self) -> f64 {
        self.moments.mean(1).value
    }

    /// Cost per retained sample relative to full generation, with its standard error.
    pub fn cost_ratio(&self) -> (f64, f64) {
        let ratio: Linear = self.moments.mean(0) / self.moments.mean(1);
        (ratio.value, self.moments.stderr(&ratio))
    }
}

impl Fold<RetryBatch> for RetryTally {
    fn fold(&mut self, batch: &RetryBatch) {
        let (paid, full) = (self.moments.scale(0), self.moments.scale(1));
        for (&p, &f) in batch
            .paid_until_retained
            .iter()
            .zip(&batch.full_until_accepted)
        {
            self.moments.add(&[(0, paid.round(p)), (1, full.round(f))]);
        }
    }

    fn merge(&mut self, later: Self) {
        self.moments.merge(&later.moments);
    }
}
