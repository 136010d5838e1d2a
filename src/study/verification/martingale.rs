//! Is a predicted utility a martingale, and does stopping keep its mean?
//!
//! On full generations: increments `m_{k+1} − m_k` (with `m_{K+1}` = U) must average 0 in every
//! bin of `m_k`, and `E[m_{τ∧K}]` must equal `E[U]`. Both are necessary, neither is sufficient.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use serde::{Deserialize, Serialize};

use crate::outcome::{NEVER, OutcomeBatch};
use crate::policy::ALARM;
use crate::scenario::{Response, Scenario};
use crate::stats::{CrossProducts, Linear, Scale, bernstein_half_width};
use crate::theory::BayesFilter;

/// Half-width up to which an interval tells something of a bin.
pub const SHARP: f64 = 0.1;
/// Paths that are remembered.
const MOST_KNOWN: usize = 100_000;
/// Bins of `m_k` per stage.
pub const STAGE_BINS: usize = 10;
/// Width of the interval that increments of a prediction in [0, 1] lie in.
const RANGE: f64 = 2.0;

/// Columns of the stopped process.
const STOPPED: usize = 0;
const UTILITY: usize = 1;
const REJECTED: usize = 2;
const STOPPED_REJECTED: usize = 3;
const UTILITY_SURVIVING: usize = 4;

/// The true posterior's expected utility along generations, remembered by what was seen.
#[derive(Debug)]
pub(in crate::study) struct Posterior<'s> {
    scenario: &'s Scenario,
    filter: &'s BayesFilter<'s>,
    /// By the alarms seen; only where nothing but alarms is seen.
    known: Option<RwLock<PathByAlarms>>,
}

/// `m_1, …, m_K` by the alarms seen.
type PathByAlarms = BTreeMap<Vec<bool>, Arc<[f64]>>;

impl<'s> Posterior<'s> {
    pub(in crate::study) fn new(scenario: &'s Scenario, filter: &'s BayesFilter<'s>) -> Self {
        let scored = |&v: &usize| matches!(scenario.validators()[v].response, Response::Score(_));
        let mut consulted = scenario.checkpoints().iter().flat_map(|c| &c.validators);
        let only_alarms = !consulted.any(scored);
        Self {
            scenario,
            filter,
            known: only_alarms.then(RwLock::default),
        }
    }

    /// `m_1, …, m_K` for the scores seen on a full generation.
    pub(in crate::study) fn path(&self, scores: &[f64]) -> Arc<[f64]> {
        let Some(known) = &self.known else {
            return self.compute(scores);
        };
        let key: Vec<bool> = scores.iter().map(|&s| s <= ALARM).collect();
        // The value is a pure function of the key, so a poisoned lock holds nothing wrong.
        let found = known
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .get(&key)
            .cloned();
        found.unwrap_or_else(|| {
            let path = self.compute(scores);
            let mut known = known
                .write()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            if known.len() < MOST_KNOWN {
                known.insert(key, Arc::clone(&path));
            }
            path
        })
    }

    fn compute(&self, mut scores: &[f64]) -> Arc<[f64]> {
        let mut belief = self.filter.start();
        (0..self.scenario.stages().len())
            .map(|k| {
                self.filter.advance(&mut belief, k);
                if let Some(c) = self.scenario.checkpoints().iter().find(|c| c.at == k) {
                    let (here, later) = scores.split_at(c.validators.len());
                    self.filter.observe(&mut belief, c, here);
                    scores = later;
                }
                self.filter.expected_utility(&belief, k)
            })
            .collect()
    }
}

/// Increments of one bin.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Bin {
    n: u64,
    level: f64,
    sum: f64,
    /// Prompts, the squares of their sums, and most increments of one.
    prompts: u64,
    squares: f64,
    most: u64,
}

impl Bin {
    /// Adds the `n` increments of a prompt, which add up to `sum`, from predictions that add up to `level`.
    fn add(&mut self, n: u64, level: f64, sum: f64) {
        self.n += n;
        self.level += level;
        self.sum += sum;
        self.prompts += 1;
        self.squares += sum * sum;
        self.most = self.most.max(n);
    }
}

/// The bin of a prediction.
fn bin_of(m: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of the bins, clamped to the last"
    )]
    let bin = ((m.max(0.0) * STAGE_BINS as f64) as usize).min(STAGE_BINS - 1);
    bin
}

/// The mean increment of one bin.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Increment {
    /// Stage k, from 1; the increment leads to stage k + 1, or to U after the last.
    pub stage: usize,
    /// Mean of `m_k` in the bin.
    pub predicted: f64,
    /// Generations in the bin.
    pub generations: u64,
    /// Mean increment; 0 for a martingale.
    pub mean: f64,
    /// Simultaneous interval.
    pub ci: [f64; 2],
    /// Whether the interval is narrow enough to tell: at most [`SHARP`] on each side.
    pub sharp: bool,
}

/// Sums over paths of a predicted utility.
#[derive(Debug, Clone)]
pub(in crate::study) struct Martingale {
    stages: usize,
    bins: Vec<Bin>,
    stopped: CrossProducts,
}

impl Martingale {
    pub(in crate::study) fn new(stages: usize) -> Self {
        let value = Scale::for_values_near(1.0);
        Self {
            stages,
            bins: vec![Bin::default(); stages * STAGE_BINS],
            stopped: CrossProducts::new(vec![value, value, Scale::COUNT, value, value]),
        }
    }

    /// Adds one path: predictions `m_1..m_K`, the utility, and the stage (from 0) that rejects.
    pub(super) fn add(&mut self, path: &[f64], utility: f64, rejected: Option<usize>) {
        for (k, &m) in path.iter().enumerate() {
            let next = path.get(k + 1).copied().unwrap_or(utility);
            self.bins[k * STAGE_BINS + bin_of(m)].add(1, m, next - m);
        }
        let at = rejected.unwrap_or(self.stages - 1);
        let unit = |column: usize, value: f64| (column, self.stopped.scale(column).round(value));
        let row = if rejected.is_some() {
            [
                unit(STOPPED, path[at]),
                unit(UTILITY, utility),
                unit(REJECTED, 1.0),
                unit(STOPPED_REJECTED, path[at]),
                unit(UTILITY_SURVIVING, 0.0),
            ]
        } else {
            [
                unit(STOPPED, path[at]),
                unit(UTILITY, utility),
                unit(REJECTED, 0.0),
                unit(STOPPED_REJECTED, 0.0),
                unit(UTILITY_SURVIVING, utility),
            ]
        };
        self.stopped.add(&row);
    }

    /// Adds the increments of the paths of one prompt, each with its utility; they may depend on each
    /// other. Paths may have fewer predictions than there are stages.
    pub(in crate::study) fn add_prompt(&mut self, paths: &[(&[f64], f64)]) {
        let mut sums: BTreeMap<usize, (u64, f64, f64)> = BTreeMap::new();
        for &(path, utility) in paths {
            for (k, &m) in path.iter().enumerate() {
                let next = path.get(k + 1).copied().unwrap_or(utility);
                let (n, level, sum) = sums.entry(k * STAGE_BINS + bin_of(m)).or_default();
                *n += 1;
                *level += m;
                *sum += next - m;
            }
        }
        for (bin, (n, level, sum)) in sums {
            self.bins[bin].add(n, level, sum);
        }
    }

    /// Bins with increments of two prompts or more, of which alone there is something to say.
    pub(in crate::study) fn filled(&self) -> usize {
        self.bins.iter().filter(|bin| bin.prompts > 1).count()
    }

    /// Follows the posterior along every generation of a traced batch.
    pub(super) fn follow(&mut self, posterior: &Posterior<'_>, batch: &OutcomeBatch) {
        let Some(trace) = &batch.trace else {
            return;
        };
        let checkpoints = posterior.scenario.checkpoints();
        let width: usize = checkpoints.iter().map(|c| c.validators.len()).sum();
        for i in 0..batch.len() {
            let path = posterior.path(&trace.scores[i * width..(i + 1) * width]);
            let rejected = (batch.rejected_at[i] != NEVER)
                .then(|| checkpoints[batch.rejected_at[i] as usize].at);
            self.add(&path, batch.utility[i], rejected);
        }
    }

    pub(in crate::study) fn merge(&mut self, later: &Self) {
        for (bin, other) in self.bins.iter_mut().zip(&later.bins) {
            bin.n += other.n;
            bin.level += other.level;
            bin.sum += other.sum;
            bin.prompts += other.prompts;
            bin.squares += other.squares;
            bin.most = bin.most.max(other.most);
        }
        self.stopped.merge(&later.stopped);
    }

    /// Mean increments of all bins with two prompts or more; each interval misses with probability at
    /// most `delta`, where prompts are independent of each other. They are intervals of a prompt's sum.
    pub(in crate::study) fn increments(&self, delta: f64) -> Vec<Increment> {
        let filled = self
            .bins
            .iter()
            .enumerate()
            .filter(|(_, bin)| bin.prompts > 1);
        filled
            .map(|(i, bin)| {
                let (n, prompts) = (bin.n as f64, bin.prompts as f64);
                let mean = bin.sum / n;
                let of_prompt = bin.sum / prompts;
                let variance = (bin.squares / prompts - of_prompt * of_prompt).max(0.0);
                let stderr = (variance / (prompts - 1.0)).sqrt();
                let range = RANGE * bin.most as f64;
                let half = bernstein_half_width(stderr, bin.prompts, range, delta) / (n / prompts);
                Increment {
                    stage: i / STAGE_BINS + 1,
                    predicted: bin.level / n,
                    generations: bin.n,
                    mean,
                    ci: [mean - half, mean + half],
                    sharp: half <= SHARP,
                }
            })
            .collect()
    }

    /// Half-width of the intervals of the bins, averaged over generations.
    pub(super) fn typical_half_width(&self, delta: f64) -> f64 {
        let increments = self.increments(delta);
        let all: f64 = increments.iter().map(|i| i.generations as f64).sum();
        let half = |i: &Increment| 0.5 * (i.ci[1] - i.ci[0]) * i.generations as f64;
        increments.iter().map(half).sum::<f64>() / all
    }

    /// The bin whose interval is furthest from 0, in half-widths, and whether it misses 0.
    pub(super) fn worst(&self, delta: f64) -> Option<(Increment, bool)> {
        let distance = |i: &Increment| i.mean.abs() / (0.5 * (i.ci[1] - i.ci[0]));
        let increments = self.increments(delta).into_iter();
        let worst = increments.max_by(|a, b| distance(a).total_cmp(&distance(b)))?;
        Some((worst, distance(&worst) > 1.0))
    }

    /// `E[m_{τ∧K}]` − `E[U]`, with its standard error.
    pub(super) fn stopping_gap(&self) -> (f64, f64) {
        let gap = self.stopped.mean(STOPPED) - self.stopped.mean(UTILITY);
        (gap.value, self.stopped.stderr(&gap))
    }

    /// (`E[U|S]` − `E[U]`) − q/(1−q) · (`E[U]` − `E[m_τ | τ<∞]`), with its standard error.
    pub(super) fn survivors_gap(&self) -> (f64, f64) {
        let mean = |column: usize| self.stopped.mean(column);
        let q = mean(REJECTED);
        let surviving = 1.0 - &q;
        let all = mean(UTILITY);
        let left = mean(UTILITY_SURVIVING) / &surviving - &all;
        // q (E[U] − E[m_τ|τ<∞]) = q E[U] − E[m_τ 1{τ<∞}]
        let right: Linear = (&q * &all - mean(STOPPED_REJECTED)) / surviving;
        let gap = left - right;
        (gap.value, self.stopped.stderr(&gap))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bins of pure rounding must not hide one that is violated.
    #[test]
    fn a_violated_bin_is_the_worst_whatever_rounding_does_elsewhere() {
        let mut martingale = Martingale::new(2);
        for i in 0..10_000 {
            let wobble = if i % 2 == 0 { 0.2 } else { -0.2 };
            // Rounding from 0.3, a mean increment of 0.1 from 0.7.
            martingale.add(&[0.3, 0.3 + 1e-17 * f64::from(i % 3)], 0.3, None);
            martingale.add(&[0.7, 0.8 + wobble], 0.8 + wobble, None);
        }
        let (worst, missed) = martingale.worst(1e-3).expect("bins are full");
        assert!(missed && (worst.predicted - 0.7).abs() < 1e-9, "{worst:?}");
    }
}
