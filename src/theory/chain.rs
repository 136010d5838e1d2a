//! What of a scenario does not depend on difficulty: how likely each checkpoint passes a faulty
//! generation, given where its fault began.

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
    pub(super) checkpoints: Vec<Option<Gate<'s>>>,
}

/// One checkpoint as the recursion needs it.
#[derive(Debug)]
pub(super) struct Gate<'s> {
    pub(super) checkpoint: &'s Checkpoint<usize>,
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
    /// Validators with these probabilities (alarm, silence), independent of scores with these
    /// (below λ, above λ).
    fn new(alarms: impl Iterator<Item = (f64, f64)>, (below, above): (f64, f64)) -> Self {
        let (mut silence, mut log_silence) = (1.0, 0.0);
        for (alarm, silent) in alarms {
            silence *= silent;
            log_silence += if alarm < 0.5 {
                libm::log1p(-alarm)
            } else {
                libm::log(silent)
            };
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
        let mut checkpoints: Vec<Option<Gate<'s>>> = (0..stages).map(|_| None).collect();
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

impl<'s> Gate<'s> {
    fn new(scenario: &Scenario, checkpoint: &'s Checkpoint<usize>) -> Self {
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
        let faulty = (0..scenario.states().len() - 1)
            .map(|fault| {
                (0..=checkpoint.at)
                    .map(|onset| {
                        let alarms = alarms(scenario, checkpoint, fault, onset);
                        Fate::new(alarms.map(|p| (p, 1.0 - p)), scores[fault + 1])
                    })
                    .collect()
            })
            .collect();
        Self {
            checkpoint,
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
        let alarms = self.checkpoint.validators.iter();
        let alarms = alarms.map(|&v| (conditions.false_alarm[v], conditions.silence[v]));
        Fate::new(alarms, self.scores[CLEAN])
    }
}

/// P(alarm at `checkpoint`), by validator, of a generation whose `fault` began in stage `onset`
/// and that is alive: a sticky validator that an earlier checkpoint has consulted since the onset
/// is known to be silent.
fn alarms(
    scenario: &Scenario,
    checkpoint: &Checkpoint<usize>,
    fault: usize,
    onset: usize,
) -> impl Iterator<Item = f64> {
    let heard_before = move |v: usize| {
        scenario
            .checkpoints()
            .iter()
            .any(|c| (onset..checkpoint.at).contains(&c.at) && c.validators.contains(&v))
    };
    checkpoint
        .validators
        .iter()
        .map(move |&v| match &scenario.validators()[v].response {
            Response::Alarm { sticky: true, .. } if heard_before(v) => 0.0,
            Response::Alarm { detects, .. } => detects[fault],
            Response::Score(_) => 0.0,
        })
}
