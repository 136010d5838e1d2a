//! Does the fitted scenario tell what replay tells?
//!
//! On the same generations the equations make it so, up to what is constant in a scenario and not in a log (false
//! alarms per checkpoint, charges); the difference is shown, with an interval from the resamples.
//!
//! The round trip is a test: the scenario is fitted on half of the prompts, and its exact figures are held against the
//! policy's on the other half. The halves share no prompt, so a difference has the variance of the fit (over
//! resamples of its half) plus that of the replay (over the prompts of the other). The three differences have
//! normal intervals that hold together with 95 % (Bonferroni: 98.3 % each), and all must contain 0. If the
//! scenario's form is right this fails on one log in twenty at most, up to normality.
//! Where the policy freezes no `expected_tokens`, places are computed from the whole log, which is taken as given.

use rand::seq::SliceRandom as _;
use serde::Serialize;

use super::FitError;
use super::bootstrap::{Fitted, Resample, percentiles, replayed, spread};
use super::evidence::Evidence;
use super::parameters::ALPHA;
use super::scenario::FIGURES;
use crate::estimate::{Estimate, Estimates};
use crate::replay::Table;
use crate::rng::{Purpose, stream};
use crate::stats::normal_quantile;

/// A figure of the scenario and of replay, on the generations that it was fitted on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FigureAgreement {
    /// Its name.
    pub name: &'static str,
    /// Of the scenario, exactly.
    pub fitted: f64,
    /// 95 % interval over resamples.
    pub ci: Option<[f64; 2]>,
    /// Of the policy on the log.
    pub replayed: Estimate,
    /// The scenario's less the log's.
    pub difference: f64,
    /// 95 % interval of the difference, over resamples.
    pub difference_ci: Option<[f64; 2]>,
    /// Whether the scenario's lies in the log's interval.
    pub within: bool,
}

/// A figure of a scenario fitted on one half, and of the policy on the other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HalfAgreement {
    /// Its name.
    pub name: &'static str,
    /// Of the scenario, exactly, with its standard error over resamples.
    pub fitted: f64,
    /// Likewise.
    pub fitted_stderr: f64,
    /// Of the policy on the other half.
    pub replayed: f64,
    /// Its standard error over prompts.
    pub replayed_stderr: f64,
    /// The scenario's less the other half's.
    pub difference: f64,
    /// Its interval: the three hold together with 95 %.
    pub ci: [f64; 2],
    /// Whether that contains 0.
    pub within: bool,
}

/// A scenario fitted on half of the prompts, held against the other half.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RoundTrip {
    /// Prompts that it was fitted on.
    pub fitted_on: u64,
    /// Prompts that it is held against.
    pub held_against: u64,
    /// Why a half does not determine what is to be compared; the figures are then empty.
    pub reason: Option<String>,
    /// The three figures.
    pub figures: Vec<HalfAgreement>,
    /// Whether all agree; `None` where they could not be compared.
    pub agrees: Option<bool>,
}

fn of_replay(estimates: &Estimates) -> [Estimate; 3] {
    FIGURES.map(|name| estimates.by_name.get(name).copied().unwrap_or_default())
}

/// The figures on the generations that the scenario was fitted on.
pub(super) fn on_the_same(
    fitted: &Fitted,
    evidence: &Evidence,
    resamples: &[Resample],
    estimates: &Estimates,
) -> Vec<FigureAgreement> {
    let on_log = replayed(evidence.columns, &evidence.total());
    let estimates = of_replay(estimates);
    let figures = (0..FIGURES.len()).map(|i| {
        let (value, replayed) = (fitted.figures[i], estimates[i]);
        let differences = resamples.iter().map(|r| r.figures[i] - r.replayed[i]);
        FigureAgreement {
            name: FIGURES[i],
            fitted: value,
            ci: percentiles(resamples.iter().map(|r| r.figures[i]), ALPHA),
            replayed,
            difference: value - on_log[i],
            difference_ci: percentiles(differences, ALPHA),
            within: replayed.ci.is_some_and(|[lo, hi]| {
                // A share of no events has an interval that begins at it.
                (lo - 1e-9..=hi + 1e-9).contains(&value)
            }),
        }
    });
    figures.collect()
}

/// The generations number `rows`, parted by prompts that are drawn: half of them, and the others.
pub(super) fn halves(table: &Table, rows: &[usize], seed: u64) -> [Vec<usize>; 2] {
    let mut prompts: Vec<usize> = rows.iter().map(|&i| table.rows()[i].prompt).collect();
    prompts.dedup();
    prompts.shuffle(&mut stream(seed, Purpose::Split, 0));
    prompts.truncate(prompts.len().div_ceil(2));
    prompts.sort_unstable();
    let first = |&i: &usize| prompts.binary_search(&table.rows()[i].prompt).is_ok();
    let (one, other) = rows.iter().copied().partition::<Vec<usize>, _>(first);
    [one, other]
}

fn prompts(table: &Table, rows: &[usize]) -> u64 {
    let mut prompts: Vec<usize> = rows.iter().map(|&i| table.rows()[i].prompt).collect();
    prompts.dedup();
    prompts.len() as u64
}

/// The round trip between two halves. Only an interrupt is an error.
pub(super) fn round_trip(
    [one, other]: &[Vec<usize>; 2],
    table: &Table,
    fit: impl FnOnce(&[usize]) -> Result<(Fitted, Vec<Resample>), FitError>,
    replay: impl FnOnce(&[usize]) -> Estimates,
) -> Result<RoundTrip, FitError> {
    let trip = |reason, figures, agrees| RoundTrip {
        fitted_on: prompts(table, one),
        held_against: prompts(table, other),
        reason,
        figures,
        agrees,
    };
    let (fitted, resamples) = match fit(one) {
        Ok(fit) => fit,
        Err(FitError::Interrupted) => return Err(FitError::Interrupted),
        Err(error) => {
            let reason = format!("half of the prompts determine no scenario: the policy {error}");
            return Ok(trip(Some(reason), Vec::new(), None));
        }
    };
    let estimates = of_replay(&replay(other));
    let quantile = -normal_quantile(ALPHA / FIGURES.len() as f64 / 2.0);
    let mut figures = Vec::new();
    for (i, estimate) in estimates.iter().enumerate() {
        let (Some(replayed), Some(replayed_stderr)) = (estimate.mean, estimate.stderr) else {
            let reason = format!("`{}` is not defined on the other half", FIGURES[i]);
            return Ok(trip(Some(reason), Vec::new(), None));
        };
        let fitted_stderr = spread(resamples.iter().map(|r| r.figures[i]));
        let difference = fitted.figures[i] - replayed;
        let half = quantile * fitted_stderr.hypot(replayed_stderr);
        figures.push(HalfAgreement {
            name: FIGURES[i],
            fitted: fitted.figures[i],
            fitted_stderr,
            replayed,
            replayed_stderr,
            difference,
            ci: [difference - half, difference + half],
            within: difference.abs() <= half + 1e-12,
        });
    }
    let agrees = figures.iter().all(|figure| figure.within);
    Ok(trip(None, figures, Some(agrees)))
}
