//! The bootstrap: prompts of a log drawn again, and the fit of each resample.
//!
//! Generations of a prompt are not independent, so prompts are drawn, with replacement, and the
//! form of the scenario is kept. A fit starts from the sums of the evidence, so a resample costs as many
//! additions as there are prompts and a few root searches. Resample b has stream b of its own: threads do not
//! show. Intervals are between percentiles.

use std::sync::atomic::{AtomicU64, Ordering};

use rand_xoshiro::rand_core::Rng as _;
use rayon::prelude::*;

use super::difficulty::Nodes;
use super::evidence::{
    ACCEPTED, CHARGED, COUNT, Columns, Evidence, MISSED, PAIR_M, RETAINED, SAVED,
};
use super::form::{Form, PLAUSIBLE, SAME_VARIATION, TELLING};
use super::scenario::{exact, figures, parameters, spec};
use super::solve::{Solution, solve};
use crate::rng::{Purpose, stream};
use crate::scenario::spec::ScenarioSpec;
use crate::study::Interrupt;

/// Groups of prompts that a jackknife leaves out one by one; a prime, so that what returns every few prompts is in
/// all of them.
const GROUPS: usize = 23;

/// A fit: of a log, or of a resample of it.
#[derive(Debug, Clone)]
pub(super) struct Fitted {
    pub(super) form: Form,
    pub(super) solution: Solution,
    pub(super) spec: ScenarioSpec,
    /// Of the scenario, with difficulty.
    pub(super) figures: [f64; 3],
}

/// What a resample says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Resample {
    /// In the order of [`parameters`].
    pub(super) values: Vec<f64>,
    /// Of the scenario.
    pub(super) figures: [f64; 3],
    /// Of the policy on the generations of the resample.
    pub(super) replayed: [f64; 3],
}

impl Fitted {
    /// The scenario of all the evidence; `None` where it does not determine one.
    pub(super) fn new(mut form: Form, evidence: &Evidence, name: &str) -> Option<Self> {
        let total = evidence.total();
        let mut solution = solve(&form, evidence.columns, &total)?;
        let far = |phi: &f64| !(PLAUSIBLE[0]..=PLAUSIBLE[1]).contains(phi);
        let furthest = |solution: &Solution| {
            let logs = solution
                .length_factor
                .iter()
                .map(|phi| libm::log(*phi).abs());
            logs.fold(0.0, f64::max)
        };
        if solution.length_factor.iter().any(far) && total[MISSED] > 0.0 {
            let apart = form.clone().with_missed();
            let other = solve(&apart, evidence.columns, &total);
            if let Some(other) = other.filter(|other| furthest(other) < furthest(&solution)) {
                (form, solution) = (apart, other);
            }
        }
        let (form, solution) = with_variations((form, solution), evidence, &total)?;
        let spec = spec(&form, &solution, &Nodes::new(), name);
        Some(Self {
            figures: exact(spec.clone())?,
            form,
            solution,
            spec,
        })
    }

    /// The fits of `count` resamples of `evidence`, drawn from streams of `seed` from number `first` on; those
    /// that determine no scenario are left out. `None` when interrupted.
    pub(super) fn resamples(
        &self,
        evidence: &Evidence,
        (seed, first, count): (u64, u64, u64),
        progress: &(dyn Fn(u64) + Sync),
        interrupt: &Interrupt,
    ) -> Option<Vec<Resample>> {
        let nodes = Nodes::new();
        let done = AtomicU64::new(0);
        let prompts = evidence.prompts();
        let all: Vec<Option<Resample>> = (0..count)
            .into_par_iter()
            .map(|number| {
                if interrupt.raised() {
                    return None;
                }
                let mut draws = stream(seed, Purpose::Bootstrap, first + number);
                let drawn = (0..prompts).map(|_| below(prompts, draws.next_u64()));
                let sums = evidence.sum(drawn);
                progress(done.fetch_add(1, Ordering::Relaxed) + 1);
                self.resample(evidence.columns, &sums, &nodes)
            })
            .collect();
        (!interrupt.raised()).then(|| all.into_iter().flatten().collect())
    }

    fn resample(&self, columns: Columns, sums: &[f64], nodes: &Nodes) -> Option<Resample> {
        let mut solution = solve(&self.form, columns, sums)?;
        if sums[PAIR_M] <= 0.0 {
            // A resample without two generations of a prompt says nothing of difficulty.
            solution.covariance = self.solution.covariance;
        }
        let figures = figures(&self.form, &solution)?;
        let spec = spec(&self.form, &solution, nodes, "");
        Some(Resample {
            values: parameters(&spec).into_iter().map(|p| p.2).collect(),
            figures,
            replayed: replayed(columns, sums),
        })
    }
}

/// A form and its solution, by second moments, with the stages whose lengths are believed to be log-normal.
fn with_variations(
    (form, solution): (Form, Solution),
    evidence: &Evidence,
    total: &[f64],
) -> Option<(Form, Solution)> {
    let columns = evidence.columns;
    let all = total[columns.with_tokens()].iter();
    let all: Vec<bool> = all.map(|n| *n >= total[COUNT]).collect();
    let by_logs = form.clone().with_log_normal(all.clone());
    // By stage: what logarithms say of the variation, less what the second moment says.
    let differences = |sums: &[f64]| -> Option<Vec<f64>> {
        let (moments, logs) = (
            solve(&form, columns, sums)?,
            solve(&by_logs, columns, sums)?,
        );
        let each = moments.tokens.iter().zip(&logs.tokens);
        Some(each.map(|((_, cv), (_, by_logs))| by_logs - cv).collect())
    };
    let found = differences(total)?;
    let errors = jackknife(evidence, differences);
    let near = all.iter().enumerate().map(|(k, all)| {
        let error = errors.get(k).copied().unwrap_or(0.0);
        let allowed = (SAME_VARIATION * solution.tokens[k].1).max(TELLING * error);
        *all && found[k].abs() <= allowed
    });
    let form = form.clone().with_log_normal(near.collect());
    let solution = solve(&form, columns, total)?;
    Some((form, solution))
}

/// Standard errors of what `estimate` says of sums over prompts, by leaving out one group of prompts at a time;
/// empty where less than two of the rests determine anything.
fn jackknife(evidence: &Evidence, estimate: impl Fn(&[f64]) -> Option<Vec<f64>>) -> Vec<f64> {
    let groups = evidence.prompts().min(GROUPS);
    let rest = |group: usize| {
        let others = (0..evidence.prompts()).filter(|prompt| prompt % groups != group);
        estimate(&evidence.sum(others))
    };
    let rests: Vec<Vec<f64>> = (0..groups).filter_map(rest).collect();
    let n = rests.len() as f64;
    let of = |k: usize| spread(rests.iter().map(|rest| rest[k])) * (n - 1.0) / n.sqrt();
    let width = rests
        .first()
        .filter(|_| rests.len() > 1)
        .map_or(0, Vec::len);
    (0..width).map(of).collect()
}

/// Savings, f and cost ratio of the policy on the generations of some sums.
pub(super) fn replayed(columns: Columns, sums: &[f64]) -> [f64; 3] {
    let full: f64 = sums[columns.tokens()].iter().sum();
    let savings = (sums[SAVED] - sums[CHARGED]) / full;
    let kept = sums[RETAINED] / sums[ACCEPTED];
    [savings, 1.0 - kept, (1.0 - savings) / kept]
}

/// A number below `n` from a random word.
fn below(n: usize, word: u64) -> usize {
    let product = u128::from(word) * n as u128;
    usize::try_from(product >> 64).unwrap_or(0)
}

/// The percentiles at `alpha`/2 and 1 − `alpha`/2 of some values; `None` without any.
pub(super) fn percentiles(values: impl Iterator<Item = f64>, alpha: f64) -> Option<[f64; 2]> {
    let mut sorted: Vec<f64> = values.filter(|x| x.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the number of values"
    )]
    let below = ((alpha / 2.0) * (last + 2) as f64).floor().max(1.0) as usize - 1;
    Some([
        sorted[below.min(last / 2)],
        sorted[last - below.min(last / 2)],
    ])
}

/// The standard deviation of some values.
pub(super) fn spread(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    let squares: f64 = values.map(|x| (x - mean).powi(2)).sum();
    (squares / (n - 1.0).max(1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_leave_as_many_out_on_either_side() {
        let values = || (1..=199).rev().map(f64::from);
        // 2.5 % of 200 is the fifth from either end.
        assert_eq!(percentiles(values(), 0.05), Some([5.0, 195.0]));
        assert_eq!(
            percentiles([3.0, f64::NAN].into_iter(), 0.05),
            Some([3.0, 3.0])
        );
        assert_eq!(percentiles(std::iter::empty(), 0.05), None);
        assert!((spread([1.0, 3.0].into_iter()) - 2.0_f64.sqrt()).abs() < 1e-15);
    }

    /// The standard error of a mean, of which 23 groups tell a seventh of itself.
    #[test]
    fn a_jackknife_tells_the_error_of_a_mean() {
        use super::super::stages::{Generation, Layout, Onset};
        let layout = Layout {
            names: vec!["all".to_owned()],
            ends: vec!["end".to_owned()],
            consulted: Vec::new(),
            validators: Vec::new(),
        };
        let mut draws = stream(1, Purpose::Bootstrap, 0);
        let generation = |prompt| {
            // Uniform below 1000.
            let tokens = below(1000, draws.next_u64()) as f64;
            let generation = Generation {
                tokens: vec![tokens],
                accepted: true,
                onset: Onset::Unlabelled,
                alarm: None,
                charges: Vec::new(),
            };
            (prompt, generation)
        };
        let generations: Vec<(usize, Generation)> = (0..2300).map(generation).collect();
        let evidence = Evidence::new(&layout, &generations);
        let tokens = evidence.columns.tokens().start;
        let errors = jackknife(&evidence, |sums| Some(vec![sums[tokens] / sums[COUNT]]));
        let expected = 1000.0 / 12.0_f64.sqrt() / 2300.0_f64.sqrt();
        // Four times a seventh.
        assert!((errors[0] / expected - 1.0).abs() < 4.0 / 7.0, "{errors:?}");
        assert!(jackknife(&evidence, |_| None).is_empty());
    }

    #[test]
    fn numbers_below_are_all_of_them() {
        assert_eq!(below(3, 0), 0);
        assert_eq!(below(3, u64::MAX / 2), 1);
        assert_eq!(below(3, u64::MAX), 2);
    }
}
