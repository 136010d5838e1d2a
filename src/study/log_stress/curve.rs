//! The figures of a log over the strengths of one mode, and where they cross their levels, with intervals.
//!
//! A crossing is the root of a figure less its level; its interval is where the figure's 95 % interval
//! holds the level, around the root (the test of "it crosses here" is turned round, as Fieller's interval
//! of a ratio is), so it is by prompt as that one is. Two crossings between neighbours on the grid cancel and
//! are missed.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::findings::{LogFigures, Point, Quantity};
use super::mode::Mode;
use super::subject::Subject;
use crate::engine::Interrupt;
use crate::estimate::Estimate;

/// Width of the interval in which a crossing is told, as a share of the range.
const PRECISION: f64 = 1e-7;
/// A figure is beyond a level if it exceeds it by more than the rounding of sums does.
const ROUNDING: f64 = 1e-9;
/// Most steps of a search; halving alone would need fewer than this.
const MOST_STEPS: usize = 100;

/// Ended before it was done.
struct Interrupted;

/// A mode of a log, with what listens.
pub(super) struct Curve<'a, 'r> {
    pub(super) subject: &'a Subject<'r>,
    pub(super) mode: Mode,
    pub(super) range: (f64, f64),
    pub(super) tolerance: f64,
    pub(super) interrupt: &'a Interrupt,
}

/// A strength at which a figure crosses its level.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) quantity: Quantity,
    pub(super) strength: f64,
    pub(super) ci: [Option<f64>; 2],
    pub(super) rises: bool,
}

impl Curve<'_, '_> {
    /// The figures at `strength`; nothing once interrupted.
    pub(super) fn at(&self, strength: f64) -> Option<LogFigures> {
        if self.interrupt.raised() {
            return None;
        }
        let perturbation = self.subject.under(self.mode, strength);
        Some(self.subject.figures(&perturbation))
    }

    /// The figures at all of `strengths`.
    pub(super) fn over(
        &self,
        strengths: &[f64],
        done: &AtomicU64,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Option<Vec<Point>> {
        let points = strengths.par_iter().map(|&strength| {
            let figures = self.at(strength)?;
            progress(1 + done.fetch_add(1, Ordering::Relaxed));
            Some(Point { strength, figures })
        });
        points.collect()
    }

    /// All crossings between neighbours of `points`, by quantity and strength.
    pub(super) fn crossings(&self, points: &[Point], today: &LogFigures) -> Option<Vec<Found>> {
        let mut sought = Vec::new();
        for quantity in Quantity::all(today.shifts.len()) {
            let beyond = |point: &Point| {
                let value = quantity.of(&point.figures).mean?;
                Some(value > quantity.level(self.tolerance) + ROUNDING)
            };
            for (i, pair) in points.windows(2).enumerate() {
                let sides = beyond(&pair[0]).zip(beyond(&pair[1]));
                if let Some((was, is)) = sides
                    && was != is
                {
                    sought.push((quantity, i, is));
                }
            }
        }
        let found = sought.into_par_iter().map(|(quantity, i, rises)| {
            let level = quantity.level(self.tolerance);
            let over = |e: Estimate| e.mean.map(|x| x - level - ROUNDING);
            let strength = self.root(quantity, [&points[i], &points[i + 1]], over)?;
            // The least and the most that the figure can be.
            let (least, most) = (0, 1);
            let ends = if rises { (most, least) } else { (least, most) };
            let before = self
                .end(quantity, points[..=i].iter().rev(), strength, ends.0)
                .ok()?;
            let behind = self
                .end(quantity, points[i + 1..].iter(), strength, ends.1)
                .ok()?;
            Some(Found {
                quantity,
                strength,
                ci: [before, behind],
                rises,
            })
        });
        found.collect()
    }

    /// From the crossing at `strength` outwards over `points`: where end number `end` of the figure's
    /// interval (0 the lower) reaches the level; `None` if that is nowhere.
    fn end<'p>(
        &self,
        quantity: Quantity,
        points: impl Iterator<Item = &'p Point>,
        strength: f64,
        end: usize,
    ) -> Result<Option<f64>, Interrupted> {
        let level = quantity.level(self.tolerance);
        let beyond = move |e: Estimate| e.ci.map(|ci| ci[end] - level);
        // The lower end is to lie above the level, the upper end below.
        let certain = |x: f64| if end == 0 { x > 0.0 } else { x < 0.0 };
        let at_crossing = Point {
            strength,
            figures: self.at(strength).ok_or(Interrupted)?,
        };
        let mut inner = at_crossing;
        for point in points {
            match beyond(quantity.of(&point.figures)) {
                Some(x) if certain(x) => {
                    if beyond(quantity.of(&inner.figures)).is_none() {
                        return Ok(None);
                    }
                    let end = self.root(quantity, [&inner, point], beyond);
                    return Ok(Some(end.ok_or(Interrupted)?));
                }
                _ => inner = point.clone(),
            }
        }
        Ok(None)
    }

    /// Where `of` the figure is 0 between two strengths at which it has different signs; nothing once
    /// interrupted. Source: Chandrupatla (1997), "A new hybrid quadratic/bisection algorithm", Advances
    /// in Engineering Software 28, 145–149; where the figure is undefined, the interval is halved.
    fn root(
        &self,
        quantity: Quantity,
        [from, to]: [&Point; 2],
        of: impl Fn(Estimate) -> Option<f64>,
    ) -> Option<f64> {
        let value = |figures: &LogFigures| of(quantity.of(figures));
        let narrow = PRECISION * (self.range.1 - self.range.0);
        let (mut b, mut a) = (from.strength, to.strength);
        let (Some(mut fb), Some(mut fa)) = (value(&from.figures), value(&to.figures)) else {
            return Some(0.5 * (a + b));
        };
        let (mut c, mut fc);
        let mut t = 0.5;
        for _ in 0..MOST_STEPS {
            let x = a + t * (b - a);
            let Some(fx) = value(&self.at(x)?) else {
                return Some(0.5 * (a + b));
            };
            if (fx > 0.0) == (fa > 0.0) {
                (c, fc) = (a, fa);
            } else {
                (c, fc, b, fb) = (b, fb, a, fa);
            }
            (a, fa) = (x, fx);
            if fx.abs() <= 0.0 {
                return Some(x);
            }
            let width = (b - a).abs();
            if width <= narrow {
                break;
            }
            let least = (0.25 * narrow / width).min(0.5);
            let (xi, phi) = ((a - b) / (c - b), (fa - fb) / (fc - fb));
            t = if phi * phi < xi && (1.0 - phi).powi(2) < 1.0 - xi {
                let first = fa / (fb - fa) * fc / (fb - fc);
                first + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
            } else {
                0.5
            };
            t = t.clamp(least, 1.0 - least);
        }
        Some(0.5 * (a + b))
    }
}
