//! Columns of numbers about generations, summed by prompt: for estimates whose columns are not those
//! of a tally.

use super::estimates::Estimate;
use super::proportion::Proportion;
use crate::stats::{CrossProducts, Linear, Scale};

/// Sums of columns over the generations of a prompt, and shares of which the prompts are counted.
pub(super) struct Sums {
    pub(super) moments: CrossProducts,
    /// Columns of events and of trials.
    pub(super) shares: Vec<(usize, usize, Proportion)>,
    row: Vec<i64>,
    /// Those of `row` that are not 0, while a prompt is closed.
    nonzero: Vec<(usize, i64)>,
    prompt: Option<u64>,
}

impl Sums {
    pub(super) fn new(scales: Vec<Scale>, shares: &[(usize, usize)]) -> Self {
        Self {
            row: vec![0; scales.len()],
            nonzero: Vec::new(),
            moments: CrossProducts::new(scales),
            shares: shares
                .iter()
                .map(|&(events, trials)| (events, trials, Proportion::default()))
                .collect(),
            prompt: None,
        }
    }

    /// Columns that follow are of a generation of `prompt`.
    pub(super) fn of_prompt(&mut self, prompt: u64) {
        if self.prompt.is_some_and(|open| open != prompt) {
            self.close();
        }
        self.prompt = Some(prompt);
    }

    pub(super) fn add(&mut self, column: usize, value: f64) {
        self.row[column] += self.moments.scale(column).round(value);
    }

    pub(super) fn close(&mut self) {
        if self.prompt.take().is_none() {
            return;
        }
        for (events, trials, prompts) in &mut self.shares {
            prompts.add_alike(1, self.row[*events], self.row[*trials]);
        }
        let columns = self.row.iter().copied().enumerate();
        self.nonzero.clear();
        self.nonzero.extend(columns.filter(|(_, x)| *x != 0));
        self.moments.add(&self.nonzero);
        self.row.fill(0);
    }

    /// Adds what was gathered of other prompts; both are closed.
    pub(super) fn merge(&mut self, other: &Self) {
        self.moments.merge(&other.moments);
        for ((_, _, prompts), (_, _, more)) in self.shares.iter_mut().zip(&other.shares) {
            prompts.merge(*more);
        }
    }

    pub(super) fn estimate(&self, function: &Linear) -> Estimate {
        let stderr = self.moments.stderr(function);
        Estimate::around(function.value, stderr, self.moments.clusters())
    }

    /// The share number `share`.
    pub(super) fn share(&self, share: usize) -> Estimate {
        let (events, trials, prompts) = self.shares[share];
        let ratio = self.moments.mean(events) / self.moments.mean(trials);
        let stderr = self.moments.stderr(&ratio);
        Estimate::proportion(prompts, stderr, self.moments.clusters())
    }
}
