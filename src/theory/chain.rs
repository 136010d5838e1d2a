//! What of a scenario does not depend on difficulty: how likely each checkpoint passes a faulty
//! generation, given where its fault began.

use crate::policy::Checkpoint;
use crate::scenario::{CLEAN, Response, Scenario};
use crate::stats::product_tails;

/// Probabilities of passing each checkpoint, prepared once for all difficulties.
#[derive(Debug)]
pub(super) struct Chain<'s> {
    pub(super) scenario: &'s Scenario,
    /// Checkpoint after each stage, if there is one.
    pub(super) checkpoints: Vec<Option<Gate<'s>>>,
}

/// One checkpoint as the recursion needs it.
#[derive(Debug)]
pub(super) struct Gate<'s> {
    pub(super) checkpoint: &'s Checkpoint<usize>,
    /// P(product of the scores above λ), by state; alarms left aside.
    scores_pass: Vec<f64>,
    /// `[fault][onset]`: P(passes | this fault began in stage `onset`, alive until here).
    faulty_passes: Vec<Vec<f64>>,
}

impl<'s> Chain<'s> {
    pub(super) fn new(scenario: &'s Scenario) -> Self {
        let stages = scenario.stages().len();
        let mut checkpoints: Vec<Option<Gate<'s>>> = (0..stages).map(|_| None).collect();
        for checkpoint in scenario.checkpoints() {
            checkpoints[checkpoint.at] = Some(Gate::new(scenario, checkpoint));
        }
        Self {
            scenario,
            checkpoints,
        }
    }
}

impl<'s> Gate<'s> {
    fn new(scenario: &Scenario, checkpoint: &'s Checkpoint<usize>) -> Self {
        let scores_pass: Vec<f64> = (CLEAN..scenario.states().len())
            .map(|state| {
                let shapes: Vec<(f64, f64)> = checkpoint
                    .validators
                    .iter()
                    .filter_map(|&v| match &scenario.validators()[v].response {
                        Response::Score(laws) => Some((laws[state].a, laws[state].b)),
                        Response::Alarm { .. } => None,
                    })
                    .collect();
                product_tails(&shapes, checkpoint.threshold).1
            })
            .collect();
        let faulty_passes = (0..scenario.states().len() - 1)
            .map(|fault| {
                (0..=checkpoint.at)
                    .map(|onset| {
                        scores_pass[fault + 1] * silence(scenario, checkpoint, fault, onset)
                    })
                    .collect()
            })
            .collect();
        Self {
            checkpoint,
            scores_pass,
            faulty_passes,
        }
    }

    /// P(passes | `fault` began in stage `onset` and lasts, alive until here).
    pub(super) fn passes_faulty(&self, fault: usize, onset: usize) -> f64 {
        self.faulty_passes[fault][onset]
    }

    /// P(passes | clean), with the false-alarm probabilities of the prompt.
    pub(super) fn passes_clean(&self, false_alarm: &[f64]) -> f64 {
        let silent: f64 = self
            .checkpoint
            .validators
            .iter()
            .map(|&v| 1.0 - false_alarm[v])
            .product();
        silent * self.scores_pass[CLEAN]
    }
}

/// P(no alarm at `checkpoint` | `fault` began in stage `onset`, alive until here): a sticky
/// validator that an earlier checkpoint has consulted since the onset is known to be silent.
fn silence(
    scenario: &Scenario,
    checkpoint: &Checkpoint<usize>,
    fault: usize,
    onset: usize,
) -> f64 {
    let heard_before = |v: usize| {
        scenario
            .checkpoints()
            .iter()
            .any(|c| (onset..checkpoint.at).contains(&c.at) && c.validators.contains(&v))
    };
    checkpoint
        .validators
        .iter()
        .map(|&v| match &scenario.validators()[v].response {
            Response::Alarm { sticky: true, .. } if heard_before(v) => 1.0,
            Response::Alarm { detects, .. } => 1.0 - detects[fault],
            Response::Score(_) => 1.0,
        })
        .product()
}
