//! Are the curves right? Monte Carlo at three strengths of each mode against the exact figures.
//!
//! Figures are compared where the events that they rest on are many, so that normal tails hold. The
//! negative control is a planted wrong curve, that of a strength a tenth of the range away: it must be
//! found wherever it differs enough for these draws to tell.

use serde::Serialize;

use super::curve::Curve;
use super::findings::Figures;
use crate::estimate::Estimate;
use crate::stats::normal_quantile;
use crate::study::simulation;

/// Probability, roughly, that any comparison fails although all figures are right.
const FALSE_ALARM: f64 = 1e-6;
/// Share of the range by which the planted curve is wrong.
const DISPLACED: f64 = 0.1;
/// Fewer events make tails too heavy for a comparison.
const MANY: f64 = 200.0;
/// What rounding leaves of a figure.
const ROUNDING: f64 = 1e-9;

/// What drawing said of the curves.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Confirmation {
    /// Attempts, or tables, drawn at each of three strengths of each mode.
    pub draws_per_strength: u64,
    /// Their root seed.
    pub seed: u64,
    /// Figures or totals that were compared.
    pub comparisons: u64,
    /// Probability that any comparison would fail by chance.
    pub false_alarm_rate: f64,
    /// Comparisons that failed, in words.
    pub disagreements: Vec<String>,
    /// The negative control.
    pub control: Control,
}

/// Planted wrong curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Control {
    /// Strengths at which the draws can tell the planted curve from the right one.
    pub planted: u64,
    /// Those at which they did.
    pub found: u64,
}

impl Confirmation {
    /// Whether nothing disagrees and all that was planted was found.
    pub fn holds(&self) -> bool {
        self.disagreements.is_empty() && self.control.found == self.control.planted
    }
}

/// The strengths at which a curve over `strengths` is drawn: its ends and one between, 0 left out.
pub(in crate::study) fn chosen(strengths: &[f64]) -> Vec<f64> {
    let moved = strengths.iter().copied().filter(|s| s.abs() > 0.0);
    let moved: Vec<f64> = moved.collect();
    let last = moved.len().saturating_sub(1);
    let mut chosen: Vec<f64> = [0, last / 3, last].map(|i| moved[i]).into();
    chosen.dedup();
    chosen
}

/// The strength of the planted curve at `strength`, within the range.
pub(in crate::study) fn beside(strength: f64, (from, to): (f64, f64)) -> f64 {
    let displaced = DISPLACED * (to - from);
    if strength + displaced <= to {
        strength + displaced
    } else {
        strength - displaced
    }
}

/// The figures that are compared, and whether they rest on many false rejections or on many rejections.
fn compared(figures: &Figures) -> [(&'static str, Option<f64>, bool); 4] {
    [
        ("savings", figures.savings, false),
        ("false_rejection_rate", figures.false_rejection_rate, true),
        ("cost_ratio", figures.cost_ratio, true),
        ("null_cost_ratio", figures.null_cost_ratio, false),
    ]
}

/// A comparison: its name, the estimate with its standard error, the exact value and the planted one.
struct Compared {
    what: String,
    drawn: (f64, f64),
    exact: f64,
    planted: f64,
    point: usize,
}

/// Draws `attempts` generations at three of the `strengths` of each of `curves`; nothing once interrupted.
pub(super) fn confirm(
    curves: &[(Curve<'_>, Vec<f64>)],
    attempts: u64,
    seed: u64,
) -> Option<Confirmation> {
    let mut all = Vec::new();
    let mut point = 0;
    for (curve, strengths) in curves {
        let range = strengths.first().zip(strengths.last());
        let (from, to) = range.map_or((0.0, 0.0), |(a, b)| (*a, *b));
        for strength in chosen(strengths) {
            point += 1;
            let planted = curve.at(beside(strength, (from, to)))?.point.figures;
            let exact = curve.at(strength)?.point.figures;
            let scenario = curve.scenario(strength).0;
            let request = simulation::Request {
                attempts,
                seed: seed.wrapping_add(point as u64),
                per_prompt: 1,
            };
            let drawn = simulation::simulate(&scenario, request, &|_| (), curve.interrupt);
            if curve.interrupt.raised() {
                return None;
            }
            let of = |name: &str| {
                let found = drawn.estimates.iter().find(|e| e.name == name);
                found.map_or_else(Estimate::default, |e| e.value.estimate)
            };
            let n = attempts as f64;
            let rejected = n * of("rejection_rate").mean.unwrap_or(0.0);
            let accepted = n * of("accepted_rate").mean.unwrap_or(0.0);
            let falsely = accepted * of("false_rejection_rate").mean.unwrap_or(0.0);
            let left = n * of("retained_rate").mean.unwrap_or(0.0);
            let pairs = compared(&exact).into_iter().zip(compared(&planted));
            for ((name, exact, by_false), (_, planted, _)) in pairs {
                let events = if by_false {
                    falsely.min(left)
                } else {
                    rejected.min(n - rejected)
                };
                let estimate = of(name);
                let drawn = estimate.mean.zip(estimate.stderr);
                if let (Some(drawn), Some(exact), true) = (drawn, exact, events >= MANY) {
                    all.push(Compared {
                        what: format!("{} at {strength}: {name}", curve.mode.name()),
                        drawn,
                        exact,
                        planted: planted.unwrap_or(exact),
                        point,
                    });
                }
            }
        }
    }
    let z = -normal_quantile(FALSE_ALARM / (2.0 * all.len().max(1) as f64));
    let off = |c: &Compared, value: f64| (c.drawn.0 - value).abs() > z * c.drawn.1 + ROUNDING;
    let told = |c: &Compared| format!("{} is {} drawn, {} exactly", c.what, c.drawn.0, c.exact);
    let mut control = Control {
        planted: 0,
        found: 0,
    };
    for p in 1..=point {
        let of_point = || all.iter().filter(|c| c.point == p);
        let tells = |c: &Compared| (c.exact - c.planted).abs() > 2.0 * (z * c.drawn.1 + ROUNDING);
        if of_point().any(tells) {
            control.planted += 1;
            control.found += u64::from(of_point().any(|c| off(c, c.planted)));
        }
    }
    Some(Confirmation {
        draws_per_strength: attempts,
        seed,
        comparisons: all.len() as u64,
        false_alarm_rate: FALSE_ALARM,
        disagreements: all.iter().filter(|c| off(c, c.exact)).map(told).collect(),
        control,
    })
}
