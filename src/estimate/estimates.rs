//! Every estimate by its name, from a tally.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::figures::{
    Means, cost_ratio, detection_rate, false_rejection_rate, paid, purity_after, rejection_rate,
    savings,
};
use super::proportion::Proportion;
use super::tally::{Column, Share, Tally};
use crate::outcome::Knowledge;
use crate::stats::{Linear, student_quantile};

/// Names of all estimates, in the order in which they are shown.
pub const NAMES: [&str; 20] = [
    "tokens_full",
    "tokens_paid",
    "savings",
    "savings_bound",
    "rejection_rate",
    "false_rejection_rate",
    "detection_rate",
    "accepted_rate",
    "retained_rate",
    "cost_ratio",
    "cost_ratio_retry",
    "utility_mean",
    "utility_surviving",
    "utility_accepted",
    "utility_retained",
    "retained_bias",
    "purity_before",
    "purity_after",
    "null_savings",
    "null_cost_ratio",
];

/// 1 − confidence of the intervals.
pub(super) const ALPHA: f64 = 0.05;

/// An estimate; `None` where it is undefined (a share of nothing) or infinite.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Estimate {
    /// The value.
    pub mean: Option<f64>,
    /// Its standard error.
    pub stderr: Option<f64>,
    /// 95 % interval.
    pub ci: Option<[f64; 2]>,
}

impl Estimate {
    /// An estimate with the interval of Student's law around `mean`, from so many prompts.
    pub fn around(mean: f64, stderr: f64, prompts: u64) -> Self {
        let finite = |x: f64| x.is_finite().then_some(x);
        Self {
            mean: finite(mean),
            stderr: finite(mean).and(finite(stderr)),
            ci: student_interval(mean, stderr, prompts, ALPHA),
        }
    }

    fn of(tally: &Tally, function: &Linear) -> Self {
        Self::around(function.value, tally.stderr(function), tally.prompts())
    }

    fn share(tally: &Tally, function: &Linear, prompts: Option<Proportion>) -> Self {
        let Some(prompts) = prompts else {
            return Self::of(tally, function);
        };
        // The counts are exact; the function only brings the gradient.
        Self::proportion(prompts, tally.stderr(function), tally.prompts())
    }

    /// A share of generations with a standard error from so many `clusters`.
    pub(super) fn proportion(prompts: Proportion, stderr: f64, clusters: u64) -> Self {
        let mean = prompts.share().unwrap_or(f64::NAN);
        let normal = Self::around(mean, stderr, clusters);
        Self {
            ci: normal.mean.and_then(|_| prompts.interval(normal.ci, ALPHA)),
            ..normal
        }
    }
}

impl Estimate {
    /// The same with an interval that few events allow: that of a share whose odds differ from those
    /// of `counted` by a factor within `factors`.
    pub(super) fn with_odds_of(self, counted: Proportion, factors: [f64; 2]) -> Self {
        let ci = self
            .mean
            .and_then(|_| counted.interval_of_odds(self.ci, factors, ALPHA));
        Self { ci, ..self }
    }
}

/// The interval of confidence 1 − `alpha` of Student's law around `mean`, from so many prompts.
pub(super) fn student_interval(
    mean: f64,
    stderr: f64,
    prompts: u64,
    alpha: f64,
) -> Option<[f64; 2]> {
    let half = -student_quantile(alpha / 2.0, prompts.saturating_sub(1).max(1)) * stderr;
    let ends = [mean - half, mean + half];
    ends.iter().all(|x| x.is_finite()).then_some(ends)
}

/// One level of a covariate: how rejection treats it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Name of the covariate.
    pub covariate: String,
    /// Name of the level.
    pub level: String,
    /// f within the level.
    pub false_rejection_rate: Estimate,
    /// P(level | retained) / P(level | accepted) = (1 − `f_x`)/(1 − f).
    pub factor: Estimate,
}

/// All estimates of a tally.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimates {
    /// By name, see [`NAMES`]; `cost_ratio_retry` is not among them, a tally cannot tell it.
    pub by_name: BTreeMap<&'static str, Estimate>,
    /// Gross savings less the coin's, as a share of the full tokens.
    pub covariance_slack: Estimate,
    /// `cost_ratio` − `null_cost_ratio` on the same generations: below 0 the validators know
    /// something. Undefined where verdicts are not known.
    pub cost_beyond_coin: Estimate,
    /// What checkpoints charge, in tokens per attempt.
    pub charged: Estimate,
    /// `q_k` by checkpoint.
    pub rejections: Vec<Estimate>,
    /// TV between retained and accepted, by covariate.
    pub shifts: Vec<(String, Estimate)>,
    /// TV as a share of f, which bounds it, by covariate: the TV between what is retained and what
    /// is wrongly rejected. Undefined where nothing is.
    pub shift_shares: Vec<(String, Estimate)>,
    /// f by group.
    pub groups: Vec<Group>,
    /// Whether verdicts are known.
    verdict: bool,
}

/// What a generation must be known by to take part in the estimate called `name`.
fn needs(name: &str) -> Knowledge {
    let (verdict, utility) = match name {
        "false_rejection_rate"
        | "detection_rate"
        | "accepted_rate"
        | "retained_rate"
        | "cost_ratio"
        | "purity_before"
        | "purity_after" => (true, false),
        "utility_mean" | "utility_surviving" => (false, true),
        "utility_accepted" | "utility_retained" | "retained_bias" => (true, true),
        _ => (false, false),
    };
    Knowledge { verdict, utility }
}

impl Estimates {
    /// Evaluates everything that `tally` can tell; what needs more knowledge of the generations
    /// than its frame has is undefined.
    pub fn new(tally: &Tally) -> Self {
        let known = tally.frame().knowledge;
        let mut by_name = by_name(tally);
        by_name.retain(|name, _| {
            let needs = needs(name);
            (known.verdict || !needs.verdict) && (known.utility || !needs.utility)
        });
        // Whom the data lose is a question about what would be accepted.
        let covariates = if known.verdict {
            0..tally.frame().covariates.len()
        } else {
            0..0
        };
        Self {
            by_name,
            covariance_slack: Estimate::of(tally, &covariance_slack(tally)),
            cost_beyond_coin: if known.verdict {
                Estimate::of(tally, &(cost_ratio(tally) - null_cost_ratio(tally)))
            } else {
                Estimate::default()
            },
            charged: Estimate::of(
                tally,
                &(tally.mean(Column::Cost) / tally.mean(Column::Count)),
            ),
            rejections: (0..tally.frame().checkpoints)
                .map(|c| {
                    let rate = tally.mean(Column::Rejected(c)) / tally.mean(Column::Count);
                    Estimate::share(tally, &rate, tally.share(Share::RejectedAt(c)))
                })
                .collect(),
            shifts: by_covariate(tally, covariates.clone(), |v| {
                let most = false_rejections(tally).ci.map_or(1.0, |ci| ci[1]);
                shift(tally, &total_variation(tally, v), most)
            }),
            shift_shares: by_covariate(tally, covariates.clone(), |v| {
                let share = total_variation(tally, v) / false_rejection_rate(tally);
                shift(tally, &share, 1.0)
            }),
            groups: groups(tally, covariates),
            verdict: known.verdict,
        }
    }

    /// Fills in what generations that more is known of tell: an estimate is taken from the first
    /// of `more` that has it. They are fewer, so those of `self` come first.
    pub fn or(mut self, more: Self) -> Self {
        for (name, estimate) in more.by_name {
            self.by_name.entry(name).or_insert(estimate);
        }
        if more.verdict && !self.verdict {
            (self.shifts, self.groups) = (more.shifts, more.groups);
            self.shift_shares = more.shift_shares;
            self.cost_beyond_coin = more.cost_beyond_coin;
            self.verdict = true;
        }
        self
    }
}

fn by_covariate(
    tally: &Tally,
    covariates: Range<usize>,
    figure: impl Fn(usize) -> Estimate,
) -> Vec<(String, Estimate)> {
    let name = |v: usize| tally.frame().covariates[v].name.clone();
    covariates.map(|v| (name(v), figure(v))).collect()
}

/// The estimate of f.
fn false_rejections(tally: &Tally) -> Estimate {
    let share = tally.share(Share::FalselyRejected);
    Estimate::share(tally, &false_rejection_rate(tally), share)
}

/// A measure of shift that lies between 0 and `most`. Who is lost is not known from few false
/// rejections: then its interval is all of that.
fn shift(tally: &Tally, function: &Linear, most: f64) -> Estimate {
    let estimate = Estimate::of(tally, function);
    if tally.is_rare(Share::FalselyRejected) {
        let ci = estimate.mean.map(|_| [0.0, most]);
        return Estimate { ci, ..estimate };
    }
    estimate
}

/// Tokens per attempt that the coin at the policy's checkpoint-wise rates saves.
pub(crate) fn null_tokens(tally: &Tally) -> Linear {
    saved_by_coin(tally, tally.frame().checkpoints)
}

/// The same of whatever has the columns of so many checkpoints.
pub(super) fn saved_by_coin(means: &impl Means, checkpoints: usize) -> Linear {
    let count = means.mean(Column::Count);
    (0..checkpoints)
        .map(|c| {
            let rate = means.mean(Column::Rejected(c)) / &count;
            rate * (means.mean(Column::Remaining(c)) / &count)
        })
        .fold(means.mean(Column::PlaceExcess) / &count, |sum, term| {
            sum + term
        })
}

/// Gross savings less the coin's, as a share of the full tokens.
pub(crate) fn covariance_slack(tally: &Tally) -> Linear {
    let full = tally.mean(Column::Full);
    let cost = tally.mean(Column::Cost) / &full;
    savings(tally) + cost - null_tokens(tally) / (full / tally.mean(Column::Count))
}

/// (1 − `null_savings`)/(1 − q).
pub(crate) fn null_cost_ratio(tally: &Tally) -> Linear {
    let count = tally.mean(Column::Count);
    let full = tally.mean(Column::Full) / &count;
    (1.0 - null_tokens(tally) / full) / (tally.mean(Column::Surviving) / count)
}

/// Δ = `E[U | R]` − `E[U | A]`.
pub(crate) fn retained_bias(tally: &Tally) -> Linear {
    tally.mean(Column::UtilityRetained) / tally.mean(Column::Retained)
        - tally.mean(Column::UtilityAccepted) / tally.mean(Column::Accepted)
}

/// TV between the laws of covariate `v` among the retained and among the accepted.
pub(crate) fn total_variation(tally: &Tally, v: usize) -> Linear {
    let retained = tally.mean(Column::Retained);
    let accepted = tally.mean(Column::Accepted);
    let gaps = (0..tally.frame().covariates[v].levels.len()).map(|level| {
        let kept = tally.mean(Column::RetainedAt(v, level)) / &retained;
        (kept - tally.mean(Column::AcceptedAt(v, level)) / &accepted).abs()
    });
    &gaps.fold(tally.constant(0.0), |sum, gap| sum + gap) * 0.5
}

fn by_name(tally: &Tally) -> BTreeMap<&'static str, Estimate> {
    let mean = |column| tally.mean(column);
    let count = mean(Column::Count);
    let full = mean(Column::Full) / &count;
    let bound = (null_tokens(tally) - mean(Column::Cost) / &count) / &full;
    let accepted_rate = mean(Column::Accepted) / &count;

    let shares = [
        ("rejection_rate", rejection_rate(tally), Share::Rejected),
        (
            "false_rejection_rate",
            false_rejection_rate(tally),
            Share::FalselyRejected,
        ),
        ("detection_rate", detection_rate(tally), Share::Detected),
        ("accepted_rate", accepted_rate.clone(), Share::Accepted),
        (
            "retained_rate",
            mean(Column::Retained) / &count,
            Share::Retained,
        ),
        ("purity_before", accepted_rate, Share::Accepted),
        (
            "purity_after",
            purity_after(tally),
            Share::RetainedAmongSurviving,
        ),
    ];
    let smooth = [
        ("tokens_full", full.clone()),
        ("tokens_paid", paid(tally) / &count),
        ("savings", savings(tally)),
        ("savings_bound", bound),
        ("cost_ratio", cost_ratio(tally)),
        ("utility_mean", mean(Column::Utility) / &count),
        (
            "utility_surviving",
            mean(Column::UtilitySurviving) / mean(Column::Surviving),
        ),
        (
            "utility_accepted",
            mean(Column::UtilityAccepted) / mean(Column::Accepted),
        ),
        (
            "utility_retained",
            mean(Column::UtilityRetained) / mean(Column::Retained),
        ),
        ("retained_bias", retained_bias(tally)),
        ("null_savings", null_tokens(tally) / full),
        ("null_cost_ratio", null_cost_ratio(tally)),
    ];
    let shares = shares.iter().map(|(name, function, share)| {
        (*name, Estimate::share(tally, function, tally.share(*share)))
    });
    let smooth = smooth.iter().map(|(name, function)| {
        let mut estimate = Estimate::of(tally, function);
        // With two prompts half a normal interval may be longer than all that there is.
        if name.starts_with("tokens_") {
            estimate.ci = estimate.ci.map(|[lo, hi]| [lo.max(0.0), hi]);
        }
        (*name, estimate)
    });
    shares.chain(smooth).collect()
}

fn groups(tally: &Tally, covariates: Range<usize>) -> Vec<Group> {
    let overall = tally.mean(Column::Retained) / tally.mean(Column::Accepted);
    let of_all = false_rejections(tally);
    let all_rare = tally.is_rare(Share::FalselyRejected);
    let mut groups = Vec::new();
    for v in covariates {
        let covariate = &tally.frame().covariates[v];
        for (level, name) in covariate.levels.iter().enumerate() {
            let kept =
                tally.mean(Column::RetainedAt(v, level)) / tally.mean(Column::AcceptedAt(v, level));
            let share = Share::FalselyRejectedAt(v, level);
            let false_rejection_rate = Estimate::share(tally, &(1.0 - &kept), tally.share(share));
            let mut factor = Estimate::of(tally, &(kept / &overall));
            if tally.is_rare(share) || all_rare {
                factor.ci = wide_factor(factor, false_rejection_rate, of_all);
            }
            groups.push(Group {
                covariate: covariate.name.clone(),
                level: name.clone(),
                false_rejection_rate,
                factor,
            });
        }
    }
    groups
}

/// The interval of a `factor` (1 − f_x)/(1 − f) of which one part rests on few events: what the
/// intervals of f_x and f allow together, and no less than its own.
fn wide_factor(factor: Estimate, within: Estimate, of_all: Estimate) -> Option<[f64; 2]> {
    let ([low, high], within, of_all) = (factor.ci?, within.ci?, of_all.ci?);
    let most = (1.0 - within[0]) / (1.0 - of_all[1]);
    let least = (1.0 - within[1]) / (1.0 - of_all[0]);
    most.is_finite().then(|| [low.min(least), high.max(most)])
}
