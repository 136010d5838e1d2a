//! What does a policy silently do once its validators are not what the scenario says? The figures of
//! a scenario by the exact theory over the strength of one way of being miscalibrated at a time, and
//! where they tip: cost ratio 1, and bias or total variation beyond a tolerance (theory.md §9).

mod confirmation;
mod curve;
mod findings;
mod mode;
mod subject;
mod verdict;
mod worst;

use std::sync::atomic::AtomicU64;

use rayon::prelude::*;

use super::simulation::warnings_of_exact;
use super::sweep::rounded;
use crate::engine::Interrupt;
use crate::scenario::Scenario;
use crate::theory::Exact;
pub use confirmation::{Confirmation, Control};
pub(super) use confirmation::{beside, chosen};
use curve::{Curve, Evaluated};
pub use findings::{
    CornerInWords, Crossing, Figures, LeftOut, ModeFindings, Point, Quantity, SCHEMA,
    StressFindings,
};
pub use mode::{Choice, Mode};
pub use subject::Subject;
pub(super) use verdict::{cost_in_words, short};
pub use worst::{Corner, worst_case};

/// Figures that differ by no more are the same.
pub(super) const SAME: f64 = 1e-12;

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Modes with their ranges; none for all.
    pub modes: Vec<Choice>,
    /// Names of the validators to move; none for all that are consulted.
    pub validators: Vec<String>,
    /// Equal steps from the first strength to the last, at least 1.
    pub steps: u32,
    /// Level for bias and total variation, in (0, 1).
    pub tolerance: f64,
    /// Attempts drawn at each of three strengths of each mode; 0 for none.
    pub attempts: u64,
    /// Their root seed.
    pub seed: u64,
}

/// Why there are no findings.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A mode or its range does not fit the scenario.
    #[error("{0}")]
    Mode(String),
    /// A validator cannot be moved.
    #[error("{0}")]
    Validator(String),
    /// Ended before it was done.
    #[error("interrupted")]
    Interrupted,
}

/// Strengths of a range in equal steps, to 12 digits, and 0 where the range holds it.
pub(super) fn strengths((from, to): (f64, f64), steps: u32) -> Vec<f64> {
    let share = |i: u32| f64::from(i) / f64::from(steps);
    let mut strengths: Vec<f64> = (0..=steps)
        .map(|i| rounded(from * (1.0 - share(i)) + to * share(i)))
        .collect();
    // What is 0 but for rounding is 0.
    for strength in &mut strengths {
        if strength.abs() < 1e-12 * (to - from) {
            *strength = 0.0;
        }
    }
    if from < 0.0 && 0.0 < to && strengths.iter().all(|s| s.abs() > 0.0) {
        strengths.push(0.0);
        strengths.sort_by(f64::total_cmp);
    }
    strengths
}

/// Puts the validators of `scenario` under stress. `progress` hears how many of how many strengths are
/// done, in any order.
pub fn stress(
    scenario: &Scenario,
    request: &Request,
    progress: &(dyn Fn(u64, u64) + Sync),
    interrupt: &Interrupt,
) -> Result<StressFindings, Failure> {
    let subject = Subject::new(scenario, &request.validators).map_err(Failure::Validator)?;
    let chosen = Mode::chosen(scenario, &request.modes).map_err(Failure::Mode)?;
    let mut left_out = Vec::new();
    let mut modes = Vec::new();
    for (mode, range) in chosen {
        if let Some(reason) = subject.inexpressible(&mode) {
            let mode = mode.name();
            left_out.push(LeftOut { mode, reason });
            continue;
        }
        for end in [range.0, range.1] {
            let told = |why| Failure::Mode(format!("{}: at strength {end} {why}", mode.name()));
            subject.under(&mode, end).map_err(told)?;
        }
        modes.push((mode, strengths(range, request.steps)));
    }
    let exact = Exact::new(scenario);
    let today = Figures::of(&exact);
    let total: usize = modes.iter().map(|(_, strengths)| strengths.len()).sum();
    let done = AtomicU64::new(0);
    let curves: Vec<(Curve<'_>, Vec<f64>)> = modes
        .iter()
        .map(|(mode, strengths)| {
            let curve = Curve {
                subject: &subject,
                mode,
                interrupt,
            };
            (curve, strengths.clone())
        })
        .collect();
    let found: Option<Vec<(ModeFindings, usize)>> = curves
        .par_iter()
        .map(|(curve, strengths)| {
            let points = curve.over(strengths, &done, &|done| progress(done, total as u64))?;
            of_mode(curve, &points, &today, request.tolerance)
        })
        .collect();
    let found = found.ok_or(Failure::Interrupted)?;
    let confirmation = if request.attempts > 0 && !curves.is_empty() {
        let drawn = confirmation::confirm(&curves, request.attempts, request.seed);
        Some(drawn.ok_or(Failure::Interrupted)?)
    } else {
        None
    };
    let loose: usize = found.iter().map(|(_, loose)| loose).sum();
    let mut warnings = warnings_of_exact(scenario, &exact);
    if loose > 0 {
        warnings.push(format!(
            "at {loose} of {total} strengths the integral over difficulty is not as exact as promised"
        ));
    }
    warnings.extend(remarks(&subject));
    Ok(StressFindings {
        schema: SCHEMA,
        scenario: scenario.name().to_owned(),
        validators: subject.names(),
        tolerance: request.tolerance,
        today,
        modes: found.into_iter().map(|(findings, _)| findings).collect(),
        confirmation,
        left_out,
        warnings,
    })
}

/// The findings of one mode, and at how many strengths the quadrature did not keep its promise.
fn of_mode(
    curve: &Curve<'_>,
    evaluated: &[Evaluated],
    today: &Figures,
    tolerance: f64,
) -> Option<(ModeFindings, usize)> {
    let meaning = |strength| verdict::meaning(curve.subject, curve.mode, strength);
    let brackets = curve.crossings(evaluated, tolerance)?;
    let crossings: Vec<Crossing> = brackets
        .into_iter()
        .map(|bracket| {
            let strength = 0.5 * (bracket.lo + bracket.hi);
            Crossing {
                quantity: bracket.quantity,
                level: bracket.quantity.level(tolerance),
                strength,
                interval: [bracket.lo, bracket.hi],
                rises: bracket.rises,
                meaning: meaning(strength),
            }
        })
        .collect();
    let points: Vec<Point> = evaluated.iter().map(|e| e.point.clone()).collect();
    let moves = points.iter().any(|point| differ(&point.figures, today));
    let gaps = points.windows(2).map(|p| p[1].strength - p[0].strength);
    let findings = ModeFindings {
        mode: curve.mode.name(),
        unit: curve.mode.unit(),
        verdict: verdict::verdict(today, &points, &crossings, moves, tolerance),
        moves,
        resolution: gaps.fold(0.0, f64::max),
        crossings,
        corners: corners(curve.subject, evaluated),
        points,
    };
    let loose = evaluated.iter().filter(|e| !e.as_promised).count();
    Some((findings, loose))
}

fn differ(a: &Figures, b: &Figures) -> bool {
    let pairs = a.named().into_iter().zip(b.named());
    pairs.map(|((_, a), (_, b))| (a, b)).any(|pair| match pair {
        (Some(a), Some(b)) => (a - b).abs() > SAME,
        (a, b) => a.is_some() != b.is_some(),
    })
}

/// The corners of a worst case, each with the first strength of its run.
fn corners(subject: &Subject<'_>, evaluated: &[Evaluated]) -> Vec<CornerInWords> {
    let mut corners: Vec<(f64, &Corner)> = Vec::new();
    for e in evaluated {
        if let Some(corner) = &e.corner
            && corners.last().is_none_or(|(_, last)| *last != corner)
        {
            corners.push((e.point.strength, corner));
        }
    }
    let name = |&((v, x), _): &((usize, usize), bool)| {
        let scenario = subject.scenario();
        format!(
            "{} at {}",
            scenario.validators()[v].name,
            scenario.states()[x]
        )
    };
    let side = |corner: &Corner, up: bool| {
        let of_side = corner.raised.iter().filter(|(_, raised)| *raised == up);
        of_side.map(name).collect()
    };
    corners
        .into_iter()
        .map(|(from, corner)| CornerInWords {
            from,
            raised: side(corner, true),
            lowered: side(corner, false),
        })
        .collect()
}

/// What of the scenario no mode moves.
fn remarks(subject: &Subject<'_>) -> Vec<String> {
    let mut remarks = Vec::new();
    let scored = subject.scored();
    if !scored.is_empty() {
        remarks.push(format!(
            "validators with scores stay as they are: {}",
            scored.join(", ")
        ));
    }
    let scenario = subject.scenario();
    let fixed: Vec<String> = subject
        .names()
        .into_iter()
        .filter(|name| {
            let validator = scenario.validators().iter().position(|v| v.name == *name);
            let movable = subject.movable();
            validator.is_none_or(|v| movable.iter().all(|&(other, _)| other != v))
        })
        .collect();
    if !fixed.is_empty() {
        remarks.push(format!(
            "alarm probabilities of 0 and 1 do not move, and {} has no others",
            fixed.join(", ")
        ));
    }
    remarks
}
