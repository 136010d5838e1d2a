//! The verdicts of one checkpoint together: validators one by one, and groups of those that may read
//! a common number (`[[correlated]]`).
//!
//! With probability c a group reads one uniform number U and i alarms iff U < p_i, otherwise each
//! reads its own. So given the alarm probabilities p_i of those that the checkpoint consults
//!
//! ```text
//! P(exactly the set A alarms) = c max(0, min_{i in A} p_i − max_{j not in A} p_j)
//!                               + (1 − c) Π_{i in A} p_i Π_{j not in A} (1 − p_j)
//! ```
//!
//! with 1 for the least of nobody and 0 for the greatest. Draws of different checkpoints are
//! independent, so a checkpoint needs to know nothing of others.

use crate::scenario::{Response, Scenario};

/// P(alarm) and P(no alarm) of a validator, neither by subtraction.
pub(super) type Rates = (f64, f64);

/// Validators of a checkpoint whose verdicts are independent of all others there.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Look {
    /// One by itself.
    Alone(usize),
    /// At least two of a group.
    Together { validators: Vec<usize>, common: f64 },
}

/// `validators` of one checkpoint, a group of them where the first of it stands.
pub(super) fn looks(scenario: &Scenario, validators: &[usize]) -> Vec<Look> {
    let mut looks: Vec<Look> = Vec::new();
    for &v in validators {
        let mut groups = scenario.correlated().iter();
        let Some(group) = groups.find(|group| group.validators.contains(&v)) else {
            looks.push(Look::Alone(v));
            continue;
        };
        let here = validators.iter().filter(|v| group.validators.contains(v));
        let here: Vec<usize> = here.copied().collect();
        if here.len() == 1 {
            looks.push(Look::Alone(v));
        } else if here[0] == v {
            looks.push(Look::Together {
                validators: here,
                common: group.common,
            });
        }
    }
    looks
}

/// Rates of a validator that draws afresh, on `fault`.
pub(super) fn detection(scenario: &Scenario, fault: usize, v: usize) -> Rates {
    match &scenario.validators()[v].response {
        Response::Alarm { detects, .. } => (detects[fault], 1.0 - detects[fault]),
        Response::Score(_) => (0.0, 1.0),
    }
}

/// ln P(no alarm), without cancellation.
pub(super) fn log_silence((alarm, silent): Rates) -> f64 {
    if alarm < 0.5 {
        libm::log1p(-alarm)
    } else {
        libm::log(silent)
    }
}

impl Look {
    /// Those it asks.
    pub(super) fn validators(&self) -> &[usize] {
        match self {
            Self::Alone(v) => std::slice::from_ref(v),
            Self::Together { validators, .. } => validators,
        }
    }

    /// P(any of them alarms) and P(none does).
    pub(super) fn any(&self, rates: impl Fn(usize) -> Rates) -> Rates {
        match self {
            Self::Alone(v) => rates(*v),
            Self::Together { validators, common } => {
                let (mut most, mut least) = (0.0_f64, 1.0_f64);
                let (mut silence, mut log) = (1.0, 0.0);
                for &v in validators {
                    let (alarm, silent) = rates(v);
                    (most, least) = (most.max(alarm), least.min(silent));
                    silence *= silent;
                    log += log_silence((alarm, silent));
                }
                (
                    common * most - (1.0 - common) * libm::expm1(log),
                    common * least + (1.0 - common) * silence,
                )
            }
        }
    }

    /// P(each says what `alarms` tells of it).
    pub(super) fn says(
        &self,
        alarms: impl Fn(usize) -> bool,
        rates: impl Fn(usize) -> Rates,
    ) -> f64 {
        let one = |v: usize| {
            let (alarm, silent) = rates(v);
            if alarms(v) { alarm } else { silent }
        };
        match self {
            Self::Alone(v) => one(*v),
            Self::Together { validators, common } => {
                let apart: f64 = validators.iter().map(|&v| one(v)).product();
                // U lies below every p of those that alarm and not below that of the others.
                let (mut below, mut from, mut least) = (1.0_f64, 0.0_f64, 1.0_f64);
                for &v in validators {
                    let (alarm, silent) = rates(v);
                    if alarms(v) {
                        below = below.min(alarm);
                    } else {
                        (from, least) = (from.max(alarm), least.min(silent));
                    }
                }
                let nobody = validators.iter().all(|&v| !alarms(v));
                let together = if nobody {
                    least
                } else {
                    (below - from).max(0.0)
                };
                common * together + (1.0 - common) * apart
            }
        }
    }
}

/// Difficulties at which two of a group are equally likely to alarm at clean text: between them one is
/// the greater throughout, and figures are smooth.
pub(super) fn kinks(scenario: &Scenario) -> Vec<f64> {
    let mut kinks = Vec::new();
    for group in scenario.correlated() {
        let lines: Vec<(f64, f64)> = group
            .validators
            .iter()
            .filter_map(|&v| log_odds(scenario, v))
            .collect();
        for (i, &(a, slope_a)) in lines.iter().enumerate() {
            for &(b, slope_b) in &lines[..i] {
                let at = (a - b) / (slope_b - slope_a);
                if at.is_finite() {
                    kinks.push(at);
                }
            }
        }
    }
    kinks.sort_by(f64::total_cmp);
    kinks.dedup();
    kinks
}

/// Log-odds of the false alarm at δ = 0 and per unit of δ; nothing where δ does not move them.
fn log_odds(scenario: &Scenario, v: usize) -> Option<(f64, f64)> {
    match scenario.validators()[v].response {
        Response::Alarm {
            false_alarm,
            difficulty_effect,
            ..
        } if 0.0 < false_alarm && false_alarm < 1.0 => {
            let log_odds = libm::log(false_alarm) - libm::log1p(-false_alarm);
            Some((log_odds, difficulty_effect))
        }
        _ => None,
    }
}
