//! What of a scenario does not depend on difficulty: how likely each checkpoint passes a faulty
//! generation, given where its fault began.

use super::joint::{self, Look, Rates};
use crate::policy::Checkpoint;
use crate::scenario::{CLEAN, Conditions, Response, Scenario, TokenLaw};
use crate::stats::product_tails;

/// Probabilities of passing each checkpoint, prepared once for all difficulties.
#[derive(Debug)]
pub(super) struct Chain<'s> {
    pub(super) scenario: &'s Scenario,
    /// Mean tokens of each stage in the clean state at δ = 0.
    pub(super) mean_tokens: Vec<f64>,
    /// Checkpoint after each stage, if there is one.
    pub(super) checkpoints: Vec<Option<Gate>>,
}

/// One checkpoint as the recursion needs it.
#[derive(Debug)]
pub(super) struct Gate {
    /// Its validators, as parts that are independent of each other.
    looks: Vec<Look>,
    /// Paid by every generation that reaches it.
    pub(super) cost_tokens: f64,
    /// P(product of the scores at most λ) and above it, by state; alarms left aside.
    scores: Vec<(f64, f64)>,
    /// `[fault][onset]`: fate of a generation whose fault began in stage `onset`.
    faulty: Vec<Vec<Fate>>,
}

/// What a checkpoint does to those who reach it; both numbers without cancellation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fate {
    pub(super) passes: f64,
    pub(super) stops: f64,
}

impl Fate {
    /// `looks` at these rates, independent of scores with these (below λ, above λ).
    fn new(looks: &[Look], rates: impl Fn(usize) -> Rates, (below, above): (f64, f64)) -> Self {
        let (mut silence, mut log_silence) = (1.0, 0.0);
        for look in looks {
            let any = look.any(&rates);
            silence *= any.1;
            log_silence += joint::log_silence(any);
        }
        Self {
            passes: above * silence,
            stops: below - above * libm::expm1(log_silence),
        }
    }
}

impl<'s> Chain<'s> {
    pub(super) fn new(scenario: &'s Scenario) -> Self {
        let stages = scenario.stages().len();
        let mut checkpoints: Vec<Option<Gate>> = (0..stages).map(|_| None).collect();
        for checkpoint in scenario.checkpoints() {
            checkpoints[checkpoint.at] = Some(Gate::new(scenario, checkpoint));
        }
        Self {
            scenario,
            mean_tokens: scenario.stages().iter().map(TokenLaw::mean).collect(),
            checkpoints,
        }
    }
}

impl Gate {
    fn new(scenario: &Scenario, checkpoint: &Checkpoint<usize>) -> Self {
        let scores: Vec<(f64, f64)> = (CLEAN..scenario.states().len())
            .map(|state| {
                let shapes: Vec<(f64, f64)> = checkpoint
                    .validators
                    .iter()
                    .filter_map(|&v| match &scenario.validators()[v].response {
                        Response::Score(laws) => Some((laws[state].a, laws[state].b)),
                        Response::Alarm { .. } => None,
                    })
                    .collect();
                product_tails(&shapes, checkpoint.threshold)
            })
            .collect();
        let looks = joint::looks(scenario, &checkpoint.validators);
        let faulty = (0..scenario.states().len() - 1)
            .map(|fault| {
                (0..=checkpoint.at)
                    .map(|onset| {
                        let rates = |v| {
                            let alarm = alarm(scenario, checkpoint, (fault, onset), v);
                            (alarm, 1.0 - alarm)
                        };
                        Fate::new(&looks, rates, scores[fault + 1])
                    })
                    .collect()
            })
            .collect();
        Self {
            looks,
            cost_tokens: checkpoint.cost_tokens,
            scores,
            faulty,
        }
    }

    /// Fate of a generation in which `fault` began in stage `onset` and lasts.
    pub(super) fn faulty(&self, fault: usize, onset: usize) -> Fate {
        self.faulty[fault][onset]
    }

    /// Fate of a clean generation of a prompt under `conditions`.
    pub(super) fn clean(&self, conditions: &Conditions) -> Fate {
        let rates = |v: usize| (conditions.false_alarm[v], conditions.silence[v]);
        Fate::new(&self.looks, rates, self.scores[CLEAN])
    }
}

/// P(alarm of validator `v` at `checkpoint`) in a generation whose fault, given with the stage of its
/// onset, lasts and that is alive: a sticky validator that an earlier checkpoint has consulted since
/// the onset is known to be silent.
fn alarm(
    scenario: &Scenario,
    checkpoint: &Checkpoint<usize>,
    (fault, onset): (usize, usize),
    v: usize,
) -> f64 {
    let heard_before = || {
        scenario
            .checkpoints()
            .iter()
            .any(|c| (onset..checkpoint.at).contains(&c.at) && c.validators.contains(&v))
    };
    match &scenario.validators()[v].response {
        Response::Alarm { sticky: true, .. } if heard_before() => 0.0,
        Response::Alarm { detects, .. } => detects[fault],
        Response::Score(_) => 0.0,
    }
}
