//! The costliest scenario within a sup-norm ball: every alarm probability of the moved validators, at
//! clean and at each fault kind, may be off by up to ε in log-odds, the same at every difficulty.
//!
//! The cost ratio is greatest at a corner of the ball, which is found from the obvious one – false
//! alarms up, detections of what the filter likes less than clean down – by flipping one probability
//! at a time as long as that raises the cost. Where each validator is consulted at one checkpoint and
//! prompts are alike that is the greatest of the whole ball: whoever fixes alarm probabilities to raise
//! E[T] − c P(R) solves a Markov decision problem whose states are (checkpoint, state), and in those a
//! policy that no single change improves is the best (policy improvement; theory.md §7 with the sign
//! turned round). Otherwise it is the best that single flips reach; so it is where correlated validators
//! always read a common number, as one of two equal alarm probabilities then moves nothing by itself.

use super::subject::Subject;
use crate::scenario::{CLEAN, Scenario};
use crate::theory::Exact;

/// A flip counts if it raises the cost ratio by more than rounding does.
const ROUNDING: f64 = 1e-13;

/// A corner of the ball.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corner {
    /// The probabilities, as (validator, state) and whether its log-odds are raised.
    pub raised: Vec<((usize, usize), bool)>,
}

impl Corner {
    /// False alarms up, detections of what the filter likes less than clean down.
    fn obvious(subject: &Subject<'_>) -> Self {
        let accepts = subject.scenario().accepts();
        let up = |x: usize| x == CLEAN || accepts[x] >= accepts[CLEAN];
        let raised = subject.movable().into_iter();
        Self {
            raised: raised.map(|(v, x)| ((v, x), up(x))).collect(),
        }
    }

    /// The scenario in this corner of the ball of radius `epsilon`.
    pub fn scenario(&self, subject: &Subject<'_>, epsilon: f64) -> Result<Scenario, String> {
        let shift = |&(at, up): &((usize, usize), bool)| (at, if up { epsilon } else { -epsilon });
        subject.shifted(&self.raised.iter().map(shift).collect::<Vec<_>>())
    }
}

/// The scenario of the greatest cost ratio within `epsilon` > 0, and its corner.
pub fn worst_case(subject: &Subject<'_>, epsilon: f64) -> Result<(Scenario, Corner), String> {
    let mut corner = Corner::obvious(subject);
    let mut worst = corner.scenario(subject, epsilon)?;
    let mut highest = cost(&worst);
    let count = corner.raised.len();
    let (mut at, mut unchanged) = (0, 0);
    // Every flip raises the cost, so that no corner comes back and this ends.
    while unchanged < count {
        corner.raised[at].1 ^= true;
        let other = corner.scenario(subject, epsilon)?;
        let of_other = cost(&other);
        if of_other > highest * (1.0 + ROUNDING) {
            (worst, highest, unchanged) = (other, of_other, 0);
        } else {
            corner.raised[at].1 ^= true;
            unchanged += 1;
        }
        at = (at + 1) % count;
    }
    Ok((worst, corner))
}

/// The cost ratio; infinite where nothing is retained.
fn cost(scenario: &Scenario) -> f64 {
    Exact::new(scenario).cost_ratio().unwrap_or(f64::INFINITY)
}
