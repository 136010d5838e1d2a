//! Which of a scenario's numbers decide what it saves? Sobol indices over ranges of them.
//!
//! The numbers are drawn independently, each from its range; figures are exact at every point. The first-order index
//! of a number is the share of the figure's variance that is gone, on average, once it is known; the
//! total index the share that is left once all others are (Sobol 1993, Homma & Saltelli 1996). What the
//! indices say holds for these ranges and laws: a wider range makes its number more important.

mod ranges;
mod read;

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Estimate, Interrupt};
use crate::rng::{Purpose, stream};
use crate::stats::{PickFreeze, REPLICATES, Replicated, jackknifed, sobol_indices};
use crate::theory::Exact;
pub use ranges::{Law, Ranges};
pub use read::SPEC_SCHEMA;

/// Version of the JSON form.
pub const SCHEMA: &str = "foldem.sensitivity/1";

/// The figures that are explained.
const NAMES: [&str; 3] = ["savings", "cost_ratio", "false_rejection_rate"];
/// Share of the box at either end of a range of which the mean is told.
const QUARTER: f64 = 0.25;

/// A range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RangeFindings {
    /// Its name.
    pub name: String,
    /// The numbers of the scenario that it moves together.
    pub keys: Vec<String>,
    /// How it is met.
    pub law: Law,
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
}

/// What a range does to a figure.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct IndexFindings {
    /// Share of the variance that the range explains alone.
    pub first: Estimate,
    /// Share of the variance that it takes part in.
    pub total: Estimate,
    /// Mean of the figure over the lowest quarter of the range.
    pub lowest_quarter: Estimate,
    /// The same over the highest quarter.
    pub highest_quarter: Estimate,
}

/// An extreme value and where it was met.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Extreme {
    /// The figure.
    pub value: f64,
    /// The value of each range.
    pub at: Vec<f64>,
}

/// A figure over the box.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FigureFindings {
    /// `savings`, `cost_ratio` or `false_rejection_rate`.
    pub name: String,
    /// Points at which it is undefined; if there are any, nothing else is told.
    pub undefined: u64,
    /// The first of them.
    pub undefined_at: Option<Vec<f64>>,
    /// Mean over the box.
    pub mean: Estimate,
    /// Standard deviation over the box.
    pub sd: Estimate,
    /// The least value of all corners and all points drawn.
    pub least: Option<Extreme>,
    /// The greatest.
    pub greatest: Option<Extreme>,
    /// From the 5 % to the 95 % quantile of the points drawn.
    pub central_90: Option<[f64; 2]>,
    /// By range; undefined where the figure does not vary.
    pub indices: Vec<IndexFindings>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SensitivityFindings {
    /// [`SCHEMA`].
    pub schema: String,
    /// Name of the ranges.
    pub name: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Root seed of the points drawn.
    pub seed: u64,
    /// Rows of the design, in 32 replicates.
    pub rows: u64,
    /// Points that were evaluated.
    pub points: u64,
    /// The ranges.
    pub ranges: Vec<RangeFindings>,
    /// Figure by figure.
    pub figures: Vec<FigureFindings>,
}

/// Why there are no findings.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SensitivityError {
    /// A combination of values makes no valid scenario.
    #[error(
        "the ranges span a combination that is no valid scenario: with {0}; make the ranges narrower"
    )]
    Invalid(String),
    /// Ended by the user.
    #[error("interrupted")]
    Interrupted,
}

/// The figures at one point.
type Figures = [Option<f64>; NAMES.len()];

/// A point of the unit cube with its figures.
type Evaluated = (Vec<f64>, Figures);

/// Evaluates the corners of the box and the points of the design; `progress` hears of finished ones, in
/// any order.
pub fn evaluate(
    ranges: &Ranges,
    progress: &(dyn Fn(u64) + Sync),
    interrupt: &Interrupt,
) -> Result<SensitivityFindings, SensitivityError> {
    let design = PickFreeze {
        inputs: ranges.sides.len(),
        rows: ranges.rows / REPLICATES,
    };
    let corners: Vec<Vec<f64>> = (0..ranges.corners()).map(|n| ranges.corner(n)).collect();
    let replicates = (0..REPLICATES as u64)
        .map(|replicate| design.design(&mut stream(ranges.seed, Purpose::Sensitivity, replicate)));
    let done = AtomicU64::new(0);
    let evaluated: Result<Vec<Vec<Evaluated>>, SensitivityError> = std::iter::once(corners)
        .chain(replicates)
        .map(|points| all_figures(ranges, points, &done, progress, interrupt))
        .collect();
    let evaluated = evaluated?;
    let figures = NAMES
        .iter()
        .enumerate()
        .map(|(f, name)| figure(name, f, &evaluated, ranges, design));
    Ok(SensitivityFindings {
        schema: SCHEMA.to_owned(),
        name: ranges.name.clone(),
        scenario: ranges.spec.name.clone(),
        seed: ranges.seed,
        rows: ranges.rows as u64,
        points: ranges.points(),
        ranges: ranges
            .sides
            .iter()
            .map(|range| RangeFindings {
                name: range.name.clone(),
                keys: range
                    .parameters
                    .iter()
                    .map(|p| p.key().to_owned())
                    .collect(),
                law: range.law,
                from: range.from,
                to: range.to,
            })
            .collect(),
        figures: figures.collect(),
    })
}

/// The figures at some points, in their order; the first combination that makes no scenario is told.
fn all_figures(
    ranges: &Ranges,
    points: Vec<Vec<f64>>,
    done: &AtomicU64,
    progress: &(dyn Fn(u64) + Sync),
    interrupt: &Interrupt,
) -> Result<Vec<Evaluated>, SensitivityError> {
    let evaluated: Vec<Result<Evaluated, SensitivityError>> = points
        .into_par_iter()
        .map(|point| {
            if interrupt.raised() {
                return Err(SensitivityError::Interrupted);
            }
            let scenario = ranges.scenario(&point).map_err(SensitivityError::Invalid)?;
            let exact = Exact::new(&scenario);
            let figures = [
                exact.savings(),
                exact.cost_ratio(),
                exact.false_rejection_rate(),
            ];
            progress(1 + done.fetch_add(1, Ordering::Relaxed));
            Ok((point, figures))
        })
        .collect();
    if interrupt.raised() {
        return Err(SensitivityError::Interrupted);
    }
    evaluated.into_iter().collect()
}

/// Figure number `f`. The first of `evaluated` are the corners, the others the replicates.
fn figure(
    name: &str,
    f: usize,
    evaluated: &[Vec<Evaluated>],
    ranges: &Ranges,
    design: PickFreeze,
) -> FigureFindings {
    let mut undefined = evaluated.iter().flatten().filter(|(_, x)| x[f].is_none());
    let first = undefined.next();
    let mut found = FigureFindings {
        name: name.to_owned(),
        undefined: first.map_or(0, |_| 1 + undefined.count() as u64),
        undefined_at: first.map(|(point, _)| ranges.values(point)),
        mean: Estimate::default(),
        sd: Estimate::default(),
        least: None,
        greatest: None,
        central_90: None,
        indices: vec![IndexFindings::default(); design.inputs],
    };
    if first.is_some() {
        return found;
    }
    let value = |(_, figures): &Evaluated| figures[f].unwrap_or(f64::NAN);
    let replicates = &evaluated[1..];
    let values: Vec<Vec<f64>> = replicates
        .iter()
        .map(|points| points.iter().map(value).collect())
        .collect();
    let indices = sobol_indices(&values, design);
    found.mean = estimate(indices.mean);
    found.sd = estimate(indices.sd);
    let extreme = |point: Option<&Evaluated>| {
        point.map(|point| Extreme {
            value: value(point),
            at: ranges.values(&point.0),
        })
    };
    let all = || evaluated.iter().flatten();
    let by_value = |x: &&Evaluated, y: &&Evaluated| value(x).total_cmp(&value(y));
    found.least = extreme(all().min_by(by_value));
    found.greatest = extreme(all().max_by(by_value));
    // Rows A and B are points of the box each by itself; the mixed ones repeat their coordinates.
    let drawn = || {
        let rows = replicates.iter();
        let rows = rows.map(|points| points.chunks_exact(design.points_of_row()));
        rows.map(|rows| rows.flat_map(|row| &row[..2]))
    };
    let mut sorted: Vec<f64> = drawn().flatten().map(value).collect();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len() - 1;
    found.central_90 = Some([sorted[last / 20], sorted[last - last / 20]]);
    for (i, index) in found.indices.iter_mut().enumerate() {
        let ends = [false, true].map(|high| {
            let means: Vec<f64> = drawn()
                .map(|points| {
                    let inside = points.filter(|(point, _)| {
                        if high {
                            point[i] > 1.0 - QUARTER
                        } else {
                            point[i] < QUARTER
                        }
                    });
                    // A Latin hypercube has as many points in each quarter of every replicate.
                    let (sum, count) = inside.fold((0.0, 0.0), |(s, n), p| (s + value(p), n + 1.0));
                    sum / count
                })
                .collect();
            estimate(mean_of_replicates(&means))
        });
        *index = IndexFindings {
            first: indices
                .first
                .get(i)
                .copied()
                .map(estimate)
                .unwrap_or_default(),
            total: indices
                .total
                .get(i)
                .copied()
                .map(estimate)
                .unwrap_or_default(),
            lowest_quarter: ends[0],
            highest_quarter: ends[1],
        };
    }
    found
}

fn mean_of_replicates(means: &[f64]) -> Replicated {
    let (sum, count) = (means.iter().sum::<f64>(), means.len() as f64);
    let without: Vec<Vec<f64>> = means
        .iter()
        .map(|mean| vec![(sum - mean) / (count - 1.0)])
        .collect();
    jackknifed(&[sum / count], &without)[0]
}

fn estimate(found: Replicated) -> Estimate {
    Estimate {
        mean: Some(found.value),
        stderr: Some(found.stderr),
        ci: Some(found.ci),
    }
}
