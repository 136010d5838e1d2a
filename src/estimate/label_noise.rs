//! What the figures would be if the labels were right, given how often they are.
//!
//! A label calls a good generation accepted with probability η, the judge's sensitivity, and a bad
//! one refused with probability θ, its specificity. With a' the share that the labels accept, of all
//! generations, and r' the share that they accept and the policy retains:
//!
//! a = (a' − (1−θ))/(η + θ − 1), whatever errors depend on (Rogan & Gladen 1978).
//!
//! **Corrected**, if errors do not depend on rejection given the truth (they are non-differential):
//! among survivors, a share 1 − q, labels accept r' = η r + (1−θ)(1 − q − r), so
//! r = (r' − (1−θ)(1−q))/(η + θ − 1), and with it f = 1 − r/a, d = 1 − (1−q−r)/(1−a), purity r/(1−q)
//! and cost ratio (paid/full) · a/r.
//!
//! **Bounds**, without that assumption: of all generations P = (1−θ)(1−a) are bad and called
//! accepted, N = (1−η)a good and called refused. Of the survivors called accepted, r', at least
//! P − (a'−r') and at most P are bad; of those called refused, u' = 1−q−r', at least
//! N − (1−a'−u') and at most N are good (all between 0 and what there is). So
//! r ∈ [r' − min(P, r') + max(0, N − (1−a'−u')), r' − max(0, P − (a'−r')) + min(N, u')], both ends
//! attained (Fréchet), and f, d, purity and cost ratio are monotone in r.
//!
//! η and θ are taken as known; intervals are about the sampling of prompts alone. Values that no
//! truth gives are not cut but explained.

use super::estimates::{Estimate, Estimates};
use super::figures::paid;
use super::tally::{Column, Tally};
use crate::stats::Linear;

/// How good the judge is that labelled the generations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JudgeQuality {
    sensitivity: f64,
    specificity: f64,
}

impl JudgeQuality {
    /// A judge that accepts a good generation with probability `sensitivity` and refuses a bad one
    /// with probability `specificity`, both in [0, 1]; `None` unless they add up to more than 1,
    /// since otherwise its labels say nothing, or the opposite.
    pub fn new(sensitivity: f64, specificity: f64) -> Option<Self> {
        let probability = |p: f64| (0.0..=1.0).contains(&p);
        let valid =
            probability(sensitivity) && probability(specificity) && sensitivity + specificity > 1.0;
        valid.then_some(Self {
            sensitivity,
            specificity,
        })
    }

    /// η.
    pub fn sensitivity(self) -> f64 {
        self.sensitivity
    }

    /// θ.
    pub fn specificity(self) -> f64 {
        self.specificity
    }
}

/// A figure with right labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Corrected {
    /// Its name among the estimates.
    pub name: &'static str,
    /// With the labels as they are.
    pub reported: Estimate,
    /// If errors do not depend on rejection given the truth. Not cut to what is possible.
    pub corrected: Estimate,
    /// The smallest and the largest value that errors of any kind allow; the largest is undefined
    /// where they allow infinity.
    pub bounds: [Estimate; 2],
}

/// The figures of a tally with right labels.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelNoise {
    /// Each figure that labels enter.
    pub figures: Vec<Corrected>,
    /// What no truth gives, and why; empty where all is possible.
    pub infeasible: Vec<String>,
}

impl LabelNoise {
    /// Corrects the figures of `tally`, which knows verdicts, for a judge.
    pub fn new(tally: &Tally, judge: JudgeQuality) -> Self {
        let labels = Labels::new(tally, judge);
        let (eta, theta) = (judge.sensitivity, judge.specificity);
        let a = labels.accepted_rate();
        let mut infeasible = Vec::new();
        let called = labels.accepted.value;
        if a.value <= 0.0 {
            infeasible.push(format!(
                "the labels accept {:.2} % of the generations, but a judge of specificity {theta} \
                 accepts {:.2} % where nothing is good: it must be more specific than that, and \
                 nothing can be corrected",
                100.0 * called,
                100.0 * (1.0 - theta)
            ));
        } else if a.value > 1.0 {
            infeasible.push(format!(
                "the labels accept {:.2} % of the generations, but a judge of sensitivity {eta} \
                 accepts only {:.2} % where everything is good: it must be more sensitive than \
                 that, and nothing can be corrected",
                100.0 * called,
                100.0 * eta
            ));
        }
        let possible = infeasible.is_empty() && a.value.is_finite();
        let r = labels.retained_rate();
        let (low, high) = labels.retained_bounds(&a);
        let reported = Estimates::new(tally);
        let figures = FIGURES.iter().map(|figure| {
            let at = |a: &Linear, r: &Linear| {
                let value = (figure.of)(&labels, a, r);
                Estimate::around(value.value, tally.stderr(&value), tally.prompts())
            };
            let reported = reported.by_name.get(figure.name).copied();
            let reported = reported.unwrap_or_default();
            let mut bounds = [at(&a, &low), at(&a, &high)]
                .map(|bound| labels.widened(figure.name, bound, reported));
            if figure.falls {
                bounds.reverse();
            }
            let defined = |e: Estimate| if possible { e } else { Estimate::default() };
            let corrected = labels.widened(figure.name, at(&a, &r), reported);
            Corrected {
                name: figure.name,
                reported,
                corrected: match figure.name {
                    ACCEPTED_RATE => corrected,
                    _ => defined(corrected),
                },
                bounds: bounds.map(defined),
            }
        });
        let figures: Vec<Corrected> = figures.collect();
        for figure in figures.iter().filter(|_| possible) {
            infeasible.extend(impossible(figure));
        }
        Self {
            figures,
            infeasible,
        }
    }
}

/// What is wrong with a corrected value that no truth gives.
fn impossible(figure: &Corrected) -> Option<String> {
    let value = figure.corrected.mean?;
    let most = if figure.name == COST_RATIO {
        f64::INFINITY
    } else {
        1.0
    };
    if (0.0..=most).contains(&value) {
        return None;
    }
    let reaches = |[low, high]: [f64; 2]| low <= most && high >= 0.0;
    let why = if figure.corrected.ci.is_some_and(reaches) {
        "its interval reaches what is possible, so chance may do that"
    } else {
        "beyond chance: the judge is not as said, or its errors depend on what the policy rejects"
    };
    Some(format!(
        "corrected {} is {value:.4}, which no truth gives; {why}",
        figure.name
    ))
}

const ACCEPTED_RATE: &str = "accepted_rate";
const COST_RATIO: &str = "cost_ratio";

/// A figure as a function of a and r.
struct Figure {
    name: &'static str,
    /// Whether it falls when r grows.
    falls: bool,
    of: fn(&Labels, &Linear, &Linear) -> Linear,
}

const FIGURES: [Figure; 6] = [
    Figure {
        name: ACCEPTED_RATE,
        falls: false,
        of: |_, a, _| a.clone(),
    },
    Figure {
        name: "retained_rate",
        falls: false,
        of: |_, _, r| r.clone(),
    },
    Figure {
        name: "false_rejection_rate",
        falls: true,
        of: |_, a, r| 1.0 - &(r / a),
    },
    Figure {
        name: "detection_rate",
        falls: false,
        of: |labels, a, r| 1.0 - &((&labels.surviving - r) / (1.0 - a)),
    },
    Figure {
        name: "purity_after",
        falls: false,
        of: |labels, _, r| r / &labels.surviving,
    },
    Figure {
        name: COST_RATIO,
        falls: true,
        of: |labels, a, r| &labels.paid * &(a / r),
    },
];

/// What labels say, as shares of the generations.
struct Labels {
    judge: JudgeQuality,
    /// a'.
    accepted: Linear,
    /// 1 − q.
    surviving: Linear,
    /// r'.
    retained: Linear,
    /// Tokens paid by those of full generations.
    paid: Linear,
}

impl Labels {
    fn new(tally: &Tally, judge: JudgeQuality) -> Self {
        let count = tally.mean(Column::Count);
        let share = |column| tally.mean(column) / &count;
        Self {
            judge,
            accepted: share(Column::Accepted),
            surviving: share(Column::Surviving),
            retained: share(Column::Retained),
            paid: paid(tally) / tally.mean(Column::Full),
        }
    }

    /// η + θ − 1.
    fn informedness(&self) -> f64 {
        self.judge.sensitivity + self.judge.specificity - 1.0
    }

    /// a.
    fn accepted_rate(&self) -> Linear {
        &(&self.accepted - (1.0 - self.judge.specificity)) / self.informedness()
    }

    /// r, if errors do not depend on rejection given the truth.
    fn retained_rate(&self) -> Linear {
        let called = &self.surviving * (1.0 - self.judge.specificity);
        &(&self.retained - called) / self.informedness()
    }

    /// A corrected f or d is a multiple of the reported one, less a constant, given the other
    /// shares: f = (f' a' − (1−θ) q)/(a' − (1−θ)), d likewise of the refused; a, r and the purity are
    /// multiples 1/(η + θ − 1). So its interval is no
    /// narrower than that of the reported one, which is exact where events are few, so stretched.
    fn widened(&self, name: &str, corrected: Estimate, reported: Estimate) -> Estimate {
        let called = self.accepted.value;
        let stretch = match name {
            "false_rejection_rate" => called / (called - (1.0 - self.judge.specificity)),
            "detection_rate" => (1.0 - called) / (1.0 - called - (1.0 - self.judge.sensitivity)),
            ACCEPTED_RATE | "retained_rate" | "purity_after" => 1.0 / self.informedness(),
            _ => return corrected,
        };
        let parts = (corrected.mean, corrected.ci, reported.mean, reported.ci);
        let (Some(mean), Some(ci), Some(middle), Some(reported)) = parts else {
            return corrected;
        };
        let [low, high] = reported.map(|end| mean + stretch * (end - middle));
        Estimate {
            ci: Some([ci[0].min(low), ci[1].max(high)]),
            ..corrected
        }
    }

    /// The smallest and the largest r, given a.
    fn retained_bounds(&self, a: &Linear) -> (Linear, Linear) {
        // Bad and called accepted; good and called refused.
        let bad = &(1.0 - a) * (1.0 - self.judge.specificity);
        let good = a * (1.0 - self.judge.sensitivity);
        let refused = &self.surviving - &self.retained;
        let accepted_rejected = &self.accepted - &self.retained;
        let refused_rejected = (1.0 - &self.accepted) - &refused;
        let low =
            &self.retained - least(&bad, &self.retained) + positive(&(&good - refused_rejected));
        let high = &self.retained - positive(&(&bad - accepted_rejected)) + least(&good, &refused);
        (low, high)
    }
}

fn least(a: &Linear, b: &Linear) -> Linear {
    if a.value <= b.value { a } else { b }.clone()
}

fn positive(a: &Linear) -> Linear {
    if a.value > 0.0 { a.clone() } else { a * 0.0 }
}
