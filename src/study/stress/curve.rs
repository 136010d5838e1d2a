//! The figures of a scenario over the strengths of one mode, and where they cross their levels.
//!
//! A figure is either beyond its level or not. Where two neighbours on the grid differ in that, the
//! interval between them is halved until it is narrower than 1e-8; two crossings between
//! neighbours cancel and are missed. A plateau exactly on a level is not beyond it, so that what
//! changes nothing crosses nothing.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::findings::{Figures, Point, Quantity};
use super::mode::Mode;
use super::subject::Subject;
use super::worst::{Corner, worst_case};
use crate::engine::Interrupt;
use crate::scenario::Scenario;
use crate::theory::Exact;

/// Width of the interval in which a crossing is told.
pub(super) const WIDTH: f64 = 1e-8;
/// A figure is beyond a level if it exceeds it by more than rounding does.
const ROUNDING: f64 = 1e-12;
/// Why every strength of a range gives a scenario.
const CHECKED: &str = "the ends of the range were checked before, and nothing between is further";

/// A mode of a subject, with what listens.
pub(super) struct Curve<'a> {
    pub(super) subject: &'a Subject<'a>,
    pub(super) mode: &'a Mode,
    pub(super) interrupt: &'a Interrupt,
}

/// What is known of one strength.
#[derive(Debug, Clone)]
pub(super) struct Evaluated {
    pub(super) point: Point,
    /// The corner of a worst case.
    pub(super) corner: Option<Corner>,
    /// Whether the quadrature kept its promise.
    pub(super) as_promised: bool,
}

/// An interval in which a figure crosses its level.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bracket {
    pub(super) quantity: Quantity,
    pub(super) lo: f64,
    pub(super) hi: f64,
    pub(super) rises: bool,
}

impl Curve<'_> {
    /// The scenario at `strength`, with the corner of a worst case.
    pub(super) fn scenario(&self, strength: f64) -> (Scenario, Option<Corner>) {
        if *self.mode == Mode::WorstCase && strength > 0.0 {
            let (scenario, corner) = worst_case(self.subject, strength).expect(CHECKED);
            return (scenario, Some(corner));
        }
        let scenario = self.subject.under(self.mode, strength);
        (scenario.expect(CHECKED), None)
    }

    /// The figures at `strength`; nothing once interrupted.
    pub(super) fn at(&self, strength: f64) -> Option<Evaluated> {
        if self.interrupt.raised() {
            return None;
        }
        let (scenario, corner) = self.scenario(strength);
        let exact = Exact::new(&scenario);
        Some(Evaluated {
            point: Point {
                strength,
                figures: Figures::of(&exact),
            },
            corner,
            as_promised: exact.keeps_promise(),
        })
    }

    /// The figures at all of `strengths`.
    pub(super) fn over(
        &self,
        strengths: &[f64],
        done: &AtomicU64,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Option<Vec<Evaluated>> {
        let evaluated = strengths.par_iter().map(|&strength| {
            let evaluated = self.at(strength);
            progress(1 + done.fetch_add(1, Ordering::Relaxed));
            evaluated
        });
        evaluated.collect()
    }

    /// All crossings between neighbours of `points`, by quantity and strength.
    pub(super) fn crossings(&self, points: &[Evaluated], tolerance: f64) -> Option<Vec<Bracket>> {
        let beyond = |quantity: Quantity, point: &Point| {
            let value = quantity.value(&point.figures)?;
            Some(value > quantity.level(tolerance) + ROUNDING)
        };
        let mut brackets = Vec::new();
        for quantity in Quantity::ALL {
            for pair in points.windows(2) {
                let [before, after] = [&pair[0].point, &pair[1].point];
                let sides = beyond(quantity, before).zip(beyond(quantity, after));
                if let Some((was, is)) = sides
                    && was != is
                {
                    let (lo, hi) = (before.strength, after.strength);
                    brackets.push(Bracket {
                        quantity,
                        lo,
                        hi,
                        rises: is,
                    });
                }
            }
        }
        let narrowed = brackets.into_par_iter().map(|mut bracket| {
            while bracket.hi - bracket.lo > WIDTH {
                let middle = 0.5 * (bracket.lo + bracket.hi);
                // Where it is undefined in between, the interval stays as wide as it is known.
                match beyond(bracket.quantity, &self.at(middle)?.point) {
                    None => break,
                    Some(is) if is == bracket.rises => bracket.hi = middle,
                    Some(_) => bracket.lo = middle,
                }
            }
            Some(bracket)
        });
        narrowed.collect()
    }
}
