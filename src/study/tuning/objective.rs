//! What a policy is chosen for, and what it must not do.

use serde::Serialize;

use crate::estimate::JudgeQuality;
use crate::replay::{CandidateFigures, Worth};

/// What is made as small as possible.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// Cost of a retained sample, relative to full generation.
    CostRatio,
    /// Tokens paid per attempt, relative to full generation.
    Savings,
    /// Cost of a unit of retained utility, relative to full generation.
    UtilityCost,
    /// Loss per attempt at given prices, relative to what full generation earns or loses.
    Value(Prices),
}

/// What tokens cost and samples bring, in any one currency.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Prices {
    /// Price of a token, > 0.
    pub token: f64,
    /// Value of a retained sample, > 0.
    pub sample: f64,
}

/// What is known of full generation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Full {
    /// Mean tokens of the generations with a verdict.
    pub(super) tokens: f64,
    /// Share of them that is accepted.
    pub(super) accepted: f64,
    /// The same with right labels.
    pub(super) good: f64,
}

impl Objective {
    /// The objective of a policy, smaller is better; `None` where undefined.
    pub(super) fn of(self, figures: &CandidateFigures, full: Full) -> Option<f64> {
        match self {
            Self::CostRatio => figures.cost_ratio,
            Self::Savings => figures.savings.map(|savings| 1.0 - savings),
            Self::UtilityCost => {
                let kept = 1.0 - figures.worth?.utility_lost?;
                (kept > 0.0).then_some(figures.paid? / kept)
            }
            Self::Value(prices) => {
                let retained = full.good * (1.0 - figures.false_rejection_rate?);
                Some(prices.token * full.tokens * figures.paid? - prices.sample * retained)
            }
        }
    }

    /// The objective of full generation.
    pub(super) fn of_full_generation(self, full: Full) -> f64 {
        match self {
            Self::CostRatio | Self::Savings | Self::UtilityCost => 1.0,
            Self::Value(prices) => prices.token * full.tokens - prices.sample * full.good,
        }
    }

    /// What it is called in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::CostRatio => "cost ratio",
            Self::Savings => "tokens paid per attempt, relative",
            Self::UtilityCost => "cost of retained utility, relative",
            Self::Value(_) => "loss per attempt",
        }
    }
}

/// What a policy must keep beside its false rejection rate. All are looked at on the tuning part.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Limits {
    /// Largest false rejection rate of every level of this covariate, in (0, 1).
    pub stratum: Option<(String, f64)>,
    /// Largest total variation of this covariate between the retained and the accepted, in (0, 1).
    pub shift: Option<(String, f64)>,
    /// Largest |retained bias|, in (0, 1).
    pub bias: Option<f64>,
}

/// The figures with right labels, if errors of the judge do not depend on rejection given the truth
/// (see `estimate::label_noise`). What no truth gives is cut to what one can.
pub(super) fn corrected(
    figures: CandidateFigures,
    full: Full,
    judge: Option<JudgeQuality>,
) -> CandidateFigures {
    let Some(judge) = judge else {
        return figures;
    };
    // A rate that is not defined is one of no generation.
    let f = figures.false_rejection_rate.unwrap_or(0.0);
    let d = figures.detection_rate.unwrap_or(0.0);
    let false_accepts = 1.0 - judge.specificity();
    let informedness = judge.sensitivity() + judge.specificity() - 1.0;
    let called_good = full.accepted;
    let rejected = f * called_good + d * (1.0 - called_good);
    let good = full.good;
    let lost = ((f * called_good - false_accepts * rejected) / informedness).clamp(0.0, good);
    let f = (good > 0.0).then(|| lost / good);
    CandidateFigures {
        false_rejection_rate: f,
        cost_ratio: f
            .filter(|f| *f < 1.0)
            .zip(figures.paid)
            .map(|(f, paid)| paid / (1.0 - f)),
        ..figures
    }
}

/// Whether what is watched keeps within its limits.
pub(super) fn keeps(limits: &Limits, worth: Option<Worth>) -> bool {
    let within = |limit: Option<f64>, value: Option<f64>| match (limit, value) {
        (None, _) => true,
        (Some(limit), Some(value)) => value.abs() <= limit,
        (Some(_), None) => false,
    };
    let get = |of: fn(Worth) -> Option<f64>| worth.and_then(of);
    within(
        limits.stratum.as_ref().map(|s| s.1),
        get(|w| w.largest_stratum_rate),
    ) && within(limits.shift.as_ref().map(|s| s.1), get(|w| w.shift))
        && within(limits.bias, get(|w| w.retained_bias))
}
