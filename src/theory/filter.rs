//! Bayes filter over (state, sticky verdicts, difficulty) given the scores seen: the true
//! posterior, whose expected utility is a martingale (theory §3).
//!
//! A sticky validator repeats its verdict while a fault lasts, so the hidden verdicts of a fault
//! follow from the stage of its onset and from what has been seen since; the belief is therefore
//! kept over (difficulty node, fault, stage of onset) and needs no explicit bits.

use ndarray::{Array2, s};

use super::joint::{self, Look};
use crate::policy::{ALARM, Checkpoint, SILENCE};
use crate::scenario::{CLEAN, Conditions, Response, Scenario};

/// Largest step of the trapezoid rule over difficulty, in standard deviations.
const STEP: f64 = 0.25;
/// The same where figures have kinks between the nodes: the rule is then off by some step²/12 of how
/// much slopes change there.
const STEP_AT_KINKS: f64 = 0.02;
/// Smallest step: effects steeper than any that can be told from a threshold are not resolved.
const FINEST: f64 = 1e-3;
/// Where the normal law is cut, in standard deviations.
const SIDE: f64 = 8.0;

/// The posterior of a scenario's hidden state under its own checkpoints.
#[derive(Debug)]
pub struct BayesFilter<'s> {
    scenario: &'s Scenario,
    /// Prior weight and rates of each difficulty node.
    nodes: Vec<(f64, Conditions)>,
    /// `[stage][node][state]`: `E[U | state at the end of the stage, node]`.
    utility: Vec<Vec<Vec<f64>>>,
}

/// What is believed after some stages.
#[derive(Debug, Clone)]
pub struct Belief {
    /// `[node, cell]`: cell 0 is clean, cell 1 + fault · K + onset a fault.
    mass: Array2<f64>,
    /// Alarms of sticky validators so far: (validator, stage, alarmed).
    heard: Vec<(usize, usize, bool)>,
}

impl<'s> BayesFilter<'s> {
    /// Prepares the filter.
    pub fn new(scenario: &'s Scenario) -> Self {
        let sd = scenario.difficulty_sd();
        let nodes: Vec<(f64, Conditions)> = if sd > 0.0 {
            // A logistic of steepness b has its poles at distance π/b, so the error of the rule is
            // of the order exp(−2π²/(b·step)): below 1e-12 for this step.
            let largest = if joint::kinks(scenario).is_empty() {
                STEP
            } else {
                STEP_AT_KINKS
            };
            let step = (0.65 / steepness(scenario)).clamp(FINEST, largest);
            let points: Vec<f64> = std::iter::successors(Some(-SIDE), |z| Some(z + step))
                .take_while(|z| *z <= SIDE)
                .collect();
            let density = |z: f64| libm::exp(-0.5 * z * z);
            let total: f64 = points.iter().map(|&z| density(z)).sum();
            points
                .iter()
                .map(|&z| (density(z) / total, scenario.conditions(sd * z)))
                .collect()
        } else {
            vec![(1.0, scenario.conditions(0.0))]
        };
        let utility = expected_utilities(scenario, &nodes);
        Self {
            scenario,
            nodes,
            utility,
        }
    }

    fn cells(&self) -> usize {
        1 + (self.scenario.states().len() - 1) * self.scenario.stages().len()
    }

    fn cell(&self, fault: usize, onset: usize) -> usize {
        1 + fault * self.scenario.stages().len() + onset
    }

    /// The belief before the first stage.
    pub fn start(&self) -> Belief {
        let mut mass = Array2::zeros((self.nodes.len(), self.cells()));
        for (node, (weight, _)) in self.nodes.iter().enumerate() {
            mass[[node, 0]] = *weight;
        }
        Belief {
            mass,
            heard: Vec::new(),
        }
    }

    /// Moves the belief through the state change of stage `k`, from 0, in order.
    pub fn advance(&self, belief: &mut Belief, k: usize) {
        let faults = self.scenario.states().len() - 1;
        for ((_, conditions), mut mass) in self.nodes.iter().zip(belief.mass.outer_iter_mut()) {
            let clean = mass[0];
            let mut recovered = 0.0;
            for fault in 0..faults {
                let recovery = self.scenario.recovery(k, fault);
                for onset in 0..k {
                    let cell = self.cell(fault, onset);
                    recovered += mass[cell] * recovery;
                    mass[cell] *= 1.0 - recovery;
                }
                let hazard = conditions.hazard[k][fault];
                mass[self.cell(fault, k)] = clean * hazard;
            }
            mass[0] = clean * conditions.stays_clean[k] + recovered;
        }
    }

    /// Conditions the belief on the scores seen at `checkpoint`, one per validator consulted.
    ///
    /// Scores that the scenario makes impossible leave the belief as it was.
    pub fn observe(&self, belief: &mut Belief, checkpoint: &Checkpoint<usize>, scores: &[f64]) {
        let k = checkpoint.at;
        let cells = self.cells();
        let faults = self.scenario.states().len() - 1;
        let mut faulty = vec![1.0; cells];
        let mut clean_scores = 1.0;
        let asked = || {
            checkpoint
                .validators
                .iter()
                .copied()
                .zip(scores.iter().copied())
        };
        let score_of = |v: usize| asked().find(|a| a.0 == v).map_or(SILENCE, |a| a.1);
        let alarms = |v: usize| score_of(v) <= ALARM;
        let looks = joint::looks(self.scenario, &checkpoint.validators);
        for look in &looks {
            let &Look::Alone(v) = look else {
                for fault in 0..faults {
                    let factor = look.says(alarms, |v| joint::detection(self.scenario, fault, v));
                    for onset in 0..=k {
                        faulty[self.cell(fault, onset)] *= factor;
                    }
                }
                continue;
            };
            let score = score_of(v);
            match &self.scenario.validators()[v].response {
                Response::Score(laws) => {
                    // Only ratios between the states matter, so the largest density is 1.
                    let logs: Vec<f64> =
                        laws.iter().map(|l| log_density(l.a, l.b, score)).collect();
                    let top = logs.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
                    clean_scores *= libm::exp(logs[CLEAN] - top);
                    for fault in 0..faults {
                        let factor = libm::exp(logs[fault + 1] - top);
                        for onset in 0..=k {
                            faulty[self.cell(fault, onset)] *= factor;
                        }
                    }
                }
                Response::Alarm {
                    detects, sticky, ..
                } => {
                    let alarmed = score <= ALARM;
                    let before = belief.heard.iter().rev().find(|h| h.0 == v).copied();
                    for (fault, &d) in detects.iter().enumerate() {
                        let fresh = if alarmed { d } else { 1.0 - d };
                        for onset in 0..=k {
                            faulty[self.cell(fault, onset)] *= match before {
                                Some((_, stage, verdict)) if *sticky && stage >= onset => {
                                    if verdict == alarmed { 1.0 } else { 0.0 }
                                }
                                _ => fresh,
                            };
                        }
                    }
                    if *sticky {
                        belief.heard.push((v, k, alarmed));
                    }
                }
            }
        }
        let mut posterior = belief.mass.clone();
        for ((_, conditions), mut mass) in self.nodes.iter().zip(posterior.outer_iter_mut()) {
            let mut clean = clean_scores;
            let rates = |v: usize| (conditions.false_alarm[v], conditions.silence[v]);
            for look in &looks {
                let scored = |v: usize| {
                    let response = &self.scenario.validators()[v].response;
                    matches!(response, Response::Score(_))
                };
                if !matches!(look, &Look::Alone(v) if scored(v)) {
                    clean *= look.says(alarms, rates);
                }
            }
            mass[0] *= clean;
            for (m, f) in mass.iter_mut().zip(&faulty).skip(1) {
                *m *= f;
            }
        }
        let total = posterior.sum();
        if total > 0.0 {
            posterior /= total;
            belief.mass = posterior;
        }
    }

    /// `E[U | what has been seen]` once stage `k` and its checkpoint have passed.
    pub fn expected_utility(&self, belief: &Belief, k: usize) -> f64 {
        let faults = self.scenario.states().len() - 1;
        let mut expected = 0.0;
        for (node, mass) in belief.mass.outer_iter().enumerate() {
            let value = &self.utility[k][node];
            expected += mass[0] * value[CLEAN];
            for fault in 0..faults {
                let cell = self.cell(fault, 0);
                expected += mass.slice(s![cell..=cell + k]).sum() * value[fault + 1];
            }
        }
        expected
    }
}

/// Largest change of any log-odds per standard deviation of difficulty.
pub(super) fn steepness(scenario: &Scenario) -> f64 {
    let faults = scenario.spec().faults.iter().map(|f| f.difficulty_effect);
    let (lowest, highest) =
        faults.fold((0.0, 0.0), |(lo, hi): (f64, f64), e| (lo.min(e), hi.max(e)));
    let alarms = scenario.validators().iter().map(|v| match v.response {
        Response::Alarm {
            difficulty_effect, ..
        } => difficulty_effect.abs(),
        Response::Score(_) => 0.0,
    });
    alarms.fold(highest - lowest, f64::max) * scenario.difficulty_sd()
}

/// ln of the beta density at `score`. Scores that double precision rounds to 1, or cuts to the
/// smallest number, stand for all beyond: there it is the probability of that tail.
fn log_density(a: f64, b: f64, score: f64) -> f64 {
    let normalisation = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b);
    if score >= 1.0 {
        return normalisation + b * libm::log(f64::EPSILON / 4.0) - libm::log(b);
    }
    if score <= f64::MIN_POSITIVE {
        return normalisation + a * libm::log(f64::MIN_POSITIVE) - libm::log(a);
    }
    normalisation + (a - 1.0) * libm::log(score) + (b - 1.0) * libm::log1p(-score)
}

/// Backward recursion for `E[U | state at the end of stage k, node]`.
fn expected_utilities(scenario: &Scenario, nodes: &[(f64, Conditions)]) -> Vec<Vec<Vec<f64>>> {
    let stages = scenario.stages().len();
    let faults = scenario.states().len() - 1;
    let mut table = vec![vec![scenario.utility().to_vec(); nodes.len()]; stages];
    for k in (1..stages).rev() {
        for (node, (_, conditions)) in nodes.iter().enumerate() {
            let after = table[k][node].clone();
            let hazard = &conditions.hazard[k];
            let before = &mut table[k - 1][node];
            let onset: f64 = hazard.iter().zip(&after[1..]).map(|(h, u)| h * u).sum();
            before[CLEAN] = conditions.stays_clean[k] * after[CLEAN] + onset;
            for fault in 0..faults {
                let recovery = scenario.recovery(k, fault);
                before[fault + 1] = recovery * after[CLEAN] + (1.0 - recovery) * after[fault + 1];
            }
        }
    }
    table
}
