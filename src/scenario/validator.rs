//! Operating characteristics: how a validator's verdict depends on the latent state.

use std::collections::BTreeMap;

use super::spec::{BetaSpec, ResponseSpec, ValidatorSpec};

/// A validator, known only by its operating characteristic.
#[derive(Debug, Clone, PartialEq)]
pub struct Validator {
    /// Name that checkpoints refer to.
    pub name: String,
    /// How it responds to the state.
    pub response: Response,
}

/// How a validator responds to the state.
#[derive(Debug, Clone, PartialEq)]
pub enum Response {
    /// Raises an alarm (score 0) or stays silent (score 1).
    Alarm {
        /// P(alarm | fault kind), by fault index.
        detects: Vec<f64>,
        /// P(alarm | clean) at δ = 0; a fresh draw at each checkpoint, sticky or not.
        false_alarm: f64,
        /// One draw per fault, repeated at every checkpoint while that fault lasts.
        sticky: bool,
        /// Log-odds of the false alarm per unit of δ.
        difficulty_effect: f64,
    },
    /// Gives a beta-distributed score by state index, a fresh draw at each checkpoint.
    Score(Vec<Beta>),
}

/// A beta distribution with shapes `a` and `b`, both > 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beta {
    /// First shape parameter.
    pub a: f64,
    /// Second shape parameter.
    pub b: f64,
}

impl Validator {
    /// The validator for a checked specification; `kinds` are the fault kinds in order.
    pub(super) fn new(spec: &ValidatorSpec, kinds: &[String]) -> Self {
        let response = match &spec.response {
            ResponseSpec::Alarm {
                detects,
                false_alarm,
                sticky,
                difficulty_effect,
            } => Response::Alarm {
                detects: kinds
                    .iter()
                    .map(|kind| detects.get(kind).copied().unwrap_or(0.0))
                    .collect(),
                false_alarm: *false_alarm,
                sticky: *sticky,
                difficulty_effect: *difficulty_effect,
            },
            ResponseSpec::Score {
                clean,
                faulty,
                kinds: by_kind,
            } => Response::Score(score_laws(*clean, *faulty, by_kind, kinds)),
        };
        Self {
            name: spec.name.clone(),
            response,
        }
    }

    /// (P(alarm | clean), P(no alarm | clean)) for prompts of difficulty `delta`; (0, 1) for a
    /// score validator.
    pub fn false_alarm_at(&self, delta: f64) -> (f64, f64) {
        match self.response {
            Response::Alarm {
                false_alarm,
                difficulty_effect,
                ..
            } => shift_log_odds(false_alarm, difficulty_effect * delta),
            Response::Score(_) => (0.0, 1.0),
        }
    }
}

/// Laws of a checked score by state; `kinds` are the fault kinds in order.
pub(super) fn score_laws(
    clean: BetaSpec,
    faulty: Option<BetaSpec>,
    by_kind: &BTreeMap<String, BetaSpec>,
    kinds: &[String],
) -> Vec<Beta> {
    let law = |kind| by_kind.get(kind).copied().or(faulty);
    let faults = kinds
        .iter()
        .map(|kind| law(kind).expect("every kind has a law: checked before"));
    let laws = std::iter::once(clean).chain(faults);
    laws.map(|BetaSpec { a, b }| Beta { a, b }).collect()
}

/// The probability whose log-odds are `shift` above those of `p`, and its complement, neither by
/// subtraction; 0 and 1 do not move.
pub fn shift_log_odds(p: f64, shift: f64) -> (f64, f64) {
    if p <= 0.0 || p >= 1.0 {
        return (p, 1.0 - p);
    }
    // The larger of the two odds is scaled to stay finite.
    let (up, down) = if shift <= 0.0 {
        (p * libm::exp(shift), 1.0 - p)
    } else {
        (p, (1.0 - p) * libm::exp(-shift))
    };
    (up / (up + down), down / (up + down))
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn log_odds_shift_and_the_ends_stay() {
        let odds = |p: f64| p / (1.0 - p);
        for shift in [-3.0, -0.2, 0.0, 1.1, 4.0] {
            let (p, q) = shift_log_odds(0.012, shift);
            assert_relative_eq!(p + q, 1.0, max_relative = 1e-15);
            assert_relative_eq!(odds(p), odds(0.012) * shift.exp(), max_relative = 1e-13);
        }
        // What is left to silence keeps its digits where alarms are all but certain.
        let (_, q) = shift_log_odds(0.5, 60.0);
        assert_relative_eq!(q, (-60.0f64).exp(), max_relative = 1e-13);
        for shift in [-800.0, 800.0] {
            assert!(shift_log_odds(0.0, shift).0 <= 0.0);
            assert!(shift_log_odds(1.0, shift).0 >= 1.0);
        }
    }
}
