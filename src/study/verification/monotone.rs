//! Adding a checkpoint never rejects later and never saves fewer tokens (gross), generation by
//! generation on common random numbers.

use crate::outcome::{NEVER, OutcomeBatch};
use crate::stats::{CrossProducts, Scale};

/// Differences in gross savings between two policies on the same generations.
#[derive(Debug, Clone)]
pub(super) struct Paired {
    gain: CrossProducts,
}

impl Paired {
    pub(super) fn new(typical_tokens: f64) -> Self {
        Self {
            gain: CrossProducts::new(vec![Scale::for_values_near(typical_tokens)]),
        }
    }

    /// Adds gross(`one`) − gross(`other`) of every generation.
    pub(super) fn add(&mut self, one: &OutcomeBatch, other: &OutcomeBatch) {
        for i in 0..one.len() {
            let unit = self.gain.scale(0).round(gross(one, i) - gross(other, i));
            self.gain.add(&[(0, unit)]);
        }
    }

    pub(super) fn merge(&mut self, later: &Self) {
        self.gain.merge(&later.gain);
    }

    /// Mean difference in gross tokens per attempt, with its standard error.
    pub(super) fn mean(&self) -> (f64, f64) {
        let mean = self.gain.mean(0);
        (mean.value, self.gain.stderr(&mean))
    }
}

/// Gross tokens saved on generation `i`.
fn gross(batch: &OutcomeBatch, i: usize) -> f64 {
    let checkpoints = batch.remaining.len() / batch.len();
    match batch.rejected_at[i] {
        NEVER => 0.0,
        c => batch.remaining[i * checkpoints + c as usize],
    }
}

/// A policy against the same without its first checkpoint.
#[derive(Debug, Clone)]
pub(super) struct Monotone {
    /// Generations that the longer policy rejects later, or with fewer tokens saved.
    pub(super) violations: u64,
    pub(super) gain: Paired,
}

impl Monotone {
    pub(super) fn new(typical_tokens: f64) -> Self {
        Self {
            violations: 0,
            gain: Paired::new(typical_tokens),
        }
    }

    pub(super) fn compare(&mut self, longer: &OutcomeBatch, shorter: &OutcomeBatch) {
        for i in 0..longer.len() {
            // Checkpoint c of the shorter policy is checkpoint c + 1 of the longer.
            let later = match (longer.rejected_at[i], shorter.rejected_at[i]) {
                (_, NEVER) => false,
                (NEVER, _) => true,
                (a, b) => a > b + 1,
            };
            let fewer = gross(longer, i) < gross(shorter, i);
            self.violations += u64::from(later || fewer);
        }
        self.gain.add(longer, shorter);
    }

    pub(super) fn merge(&mut self, later: &Self) {
        self.violations += later.violations;
        self.gain.merge(&later.gain);
    }
}
