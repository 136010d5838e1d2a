//! What does a predicted utility look like along single generations, and what becomes of its mean among
//! those that survive?
//!
//! M₀ = `E[U]`, and after each stage `M_k` = `E[U | F_k]`, given what the validators have said so far, of the true
//! posterior (theory, section 3). Over all generations each `M_k` has the mean M₀, whether or not they
//! are stopped. Over those that are still running it has not, as who is stopped depends on `M_k`: so a
//! martingale does not make retained samples unbiased.

use std::iter::once;

use rand_xoshiro::rand_core::Rng;
use serde::{Deserialize, Serialize};

use crate::engine::{Interrupt, Simulation};
use crate::outcome::{Fold, NEVER, OutcomeBatch};
use crate::rng::{Purpose, stream};
use crate::scenario::Scenario;
use crate::study::verification::Posterior;
use crate::theory::BayesFilter;

/// Paths that are kept one by one: the first ones drawn.
pub const PATHS: usize = 60;

/// Version of what is written of paths.
pub const SCHEMA: &str = "foldem.paths-result/1";

/// How a generation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// Rejected after this stage, from 1.
    Rejected(usize),
    /// Refused by the final filter.
    Refused,
    /// Accepted by the final filter.
    Retained,
}

/// The prediction along one generation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Path {
    /// M₀ and `M_k` after each stage of the full generation, as if nothing had been rejected.
    pub predicted: Vec<f64>,
    /// How it ends.
    pub fate: Fate,
}

/// Some paths of the prediction, and its means over many.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PathsFindings {
    /// Version of this form.
    pub schema: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Names of the stages.
    pub stages: Vec<String>,
    /// Generations that the means are taken over.
    pub generations: u64,
    /// Seed that was asked for.
    pub seed: u64,
    /// Whether the run was interrupted.
    pub partial: bool,
    /// The first [`PATHS`] generations.
    pub paths: Vec<Path>,
    /// Mean of M₀, `M_1`, … over all generations, the rejected included.
    pub of_all: Vec<f64>,
    /// The same over those that no checkpoint up to there has rejected; `None` where there are none.
    pub of_surviving: Vec<Option<f64>>,
    /// Mean utility of what is retained.
    pub retained: Option<f64>,
    /// Mean utility of what the final filter would accept without rejection.
    pub accepted: Option<f64>,
}

/// Follows `generations` generations of `scenario`.
pub fn martingale_paths(
    scenario: &Scenario,
    generations: u64,
    seed: u64,
    interrupt: &Interrupt,
) -> PathsFindings {
    let filter = BayesFilter::new(scenario);
    let posterior = Posterior::new(scenario, &filter);
    let before = prior(&filter);
    // Its own generations: not those of the other figures.
    let own = stream(seed, Purpose::Paths, 0).next_u64();
    let simulation = Simulation::new(scenario, generations, own).traced();
    let stages = scenario.stages().len();
    let empty = || Paths {
        posterior: &posterior,
        before,
        scenario,
        first: Vec::new(),
        all: vec![Mean::default(); stages + 1],
        surviving: vec![Mean::default(); stages + 1],
        ends: [Mean::default(); 2],
    };
    let run = simulation.run(empty, &|_| (), interrupt);
    let means = |means: &[Mean]| means.iter().map(|m| m.value()).collect::<Vec<_>>();
    let [retained, accepted] = run.fold.ends.map(Mean::value);
    PathsFindings {
        schema: SCHEMA.to_owned(),
        scenario: scenario.name().to_owned(),
        stages: (0..stages)
            .map(|k| scenario.stage_name(k).to_owned())
            .collect(),
        generations: run.attempts,
        seed,
        partial: run.partial,
        of_all: means(&run.fold.all).into_iter().flatten().collect(),
        of_surviving: means(&run.fold.surviving),
        paths: run.fold.first,
        retained,
        accepted,
    }
}

/// E[U] before anything is seen: what is expected after the first stage, before its checkpoint.
fn prior(filter: &BayesFilter<'_>) -> f64 {
    let mut belief = filter.start();
    filter.advance(&mut belief, 0);
    filter.expected_utility(&belief, 0)
}

/// A mean in the making. Batches have a fixed size and merge in their order, so sums are the same on any
/// number of threads.
#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    count: u64,
    sum: f64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
    }

    fn merge(&mut self, later: Self) {
        self.count += later.count;
        self.sum += later.sum;
    }

    fn value(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

/// What one pass over the generations gathers.
struct Paths<'p> {
    scenario: &'p Scenario,
    posterior: &'p Posterior<'p>,
    before: f64,
    first: Vec<Path>,
    all: Vec<Mean>,
    surviving: Vec<Mean>,
    /// Utility of what is retained, and of what the filter accepts.
    ends: [Mean; 2],
}

impl Fold<[OutcomeBatch]> for Paths<'_> {
    fn fold(&mut self, under_each_policy: &[OutcomeBatch]) {
        let batch = &under_each_policy[0];
        let Some(trace) = &batch.trace else {
            return;
        };
        let checkpoints = self.scenario.checkpoints();
        let width: usize = checkpoints.iter().map(|c| c.validators.len()).sum();
        for i in 0..batch.len() {
            let after = self
                .posterior
                .path(&trace.scores[i * width..(i + 1) * width]);
            let rejected = batch.rejected_at[i];
            let rejected = (rejected != NEVER).then(|| checkpoints[rejected as usize].at + 1);
            for (k, m) in once(self.before).chain(after.iter().copied()).enumerate() {
                self.all[k].add(m);
                if rejected.is_none_or(|at| k < at) {
                    self.surviving[k].add(m);
                }
            }
            let accepted = batch.accepted[i];
            if accepted {
                self.ends[1].add(batch.utility[i]);
            }
            let fate = match rejected {
                Some(stage) => Fate::Rejected(stage),
                None if accepted => Fate::Retained,
                None => Fate::Refused,
            };
            if fate == Fate::Retained {
                self.ends[0].add(batch.utility[i]);
            }
            if self.first.len() < PATHS {
                let predicted = once(self.before).chain(after.iter().copied()).collect();
                self.first.push(Path { predicted, fate });
            }
        }
    }

    fn merge(&mut self, later: Self) {
        let room = PATHS.saturating_sub(self.first.len());
        self.first.extend(later.first.into_iter().take(room));
        let means = self.all.iter_mut().chain(&mut self.surviving);
        let means = means.chain(&mut self.ends);
        let others = later.all.into_iter().chain(later.surviving);
        for (mean, other) in means.zip(others.chain(later.ends)) {
            mean.merge(other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::Exact;
    use approx::assert_abs_diff_eq;

    fn found(name: &str) -> (Scenario, PathsFindings) {
        let path = format!("{}/experiments/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let scenario = Scenario::load(std::path::Path::new(&path)).unwrap();
        let findings = martingale_paths(&scenario, 20_000, 42, &Interrupt::default());
        (scenario, findings)
    }

    /// By hand: half of the generations are worth 0.5, half 1, of which a fifth is rejected after the first
    /// stage; a silent generation is worth (0.5·0.5 + 0.4·1)/0.9, one that alarms 1. Means miss by more
    /// than 0.01, five standard errors of 0.002, with a probability below 1e-6.
    #[test]
    fn the_counterexample_has_the_paths_that_it_has_by_hand() {
        let (_, findings) = found("biased");
        let silent = 0.65 / 0.9;
        for path in &findings.paths {
            let (after, at) = match path.fate {
                Fate::Rejected(at) => (1.0, at),
                _ => (silent, 1),
            };
            assert_eq!(at, 1);
            assert_abs_diff_eq!(path.predicted[0], 0.75, epsilon = 1e-12);
            for &m in &path.predicted[1..] {
                assert_abs_diff_eq!(m, after, epsilon = 1e-12);
            }
        }
        for &mean in &findings.of_all {
            assert_abs_diff_eq!(mean, 0.75, epsilon = 0.01);
        }
        assert_abs_diff_eq!(findings.of_surviving[1].unwrap(), silent, epsilon = 1e-9);
        assert_abs_diff_eq!(findings.retained.unwrap(), silent, epsilon = 0.01);
        assert_abs_diff_eq!(findings.accepted.unwrap(), 0.75, epsilon = 0.01);
    }

    /// The second route: exact theory knows no paths. Five standard errors of a mean of values in [0, 1]
    /// over 20,000 generations, of which at least half survive, are at most 0.025: a miss has a
    /// probability below 1e-5.
    #[test]
    fn means_agree_with_the_exact_theory() {
        for name in ["calibrated", "gsm8k-like"] {
            let (scenario, findings) = found(name);
            let exact = Exact::new(&scenario);
            let all = exact.utility_mean();
            assert_abs_diff_eq!(findings.paths[0].predicted[0], all, epsilon = 1e-9);
            for &mean in &findings.of_all {
                assert_abs_diff_eq!(mean, all, epsilon = 0.025);
            }
            // Those who survive are better: the negative of what the flat line says.
            let last = findings.of_surviving.last().unwrap().unwrap();
            assert!(last > all + 0.025, "{name}: {last} against {all}");
            let retained = exact.utility_retained().unwrap();
            assert_abs_diff_eq!(findings.retained.unwrap(), retained, epsilon = 0.025);
        }
    }
}
