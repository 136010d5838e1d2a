//! A bar of generations, split by what the final filter says of them.
//!
//! Accepted are solid, refused are hatched and those without verdict are empty: a bar reads
//! without colour. A pale end shows what the step took away.

use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use super::PlotError;
use super::axis::grouped;
use super::scene::{Point, Scene};
use super::theme::{CONTRAST, FAINT, HAIRLINE, INK, LABEL, NOTE, PAPER, REFERENCE, SUBJECT};
use crate::study::replay::ByVerdict;

/// A bar that holds all generations.
pub(super) const WIDTH: f64 = 340.0;
pub(super) const HEIGHT: f64 = 26.0;
/// Distance of the lines of a hatch.
const HATCH: f64 = 6.0;
/// What there is at all can be seen.
const LEAST: f64 = 1.0;
/// Between a part's number and its ends, at least.
const FREE: f64 = 5.0;
const SWATCH: Point = (22.0, 12.0);
const KEY_GAP: f64 = 24.0;

/// A part of a bar.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    Accepted,
    Refused,
    Unknown,
    Lost,
}

const KEY: [(Part, &str); 4] = [
    (Part::Accepted, "the final filter would accept"),
    (Part::Refused, "would refuse"),
    (Part::Unknown, "without verdict"),
    (Part::Lost, "lost in this step"),
];

impl Part {
    fn fill(self, scene: &mut Scene, from: Point, to: Point) {
        match self {
            Self::Accepted => scene.rectangle(from, to, SUBJECT),
            Self::Refused => {
                framed(scene, from, to, CONTRAST);
                hatch(scene, from, to, CONTRAST);
            }
            Self::Unknown => framed(scene, from, to, REFERENCE),
            Self::Lost => scene.rectangle(from, to, FAINT),
        }
    }
}

fn framed(scene: &mut Scene, from: Point, to: Point, color: RGBColor) {
    scene.rectangle(from, to, color);
    let inner = (
        (from.0 + HAIRLINE, from.1 + HAIRLINE),
        (to.0 - HAIRLINE, to.1 - HAIRLINE),
    );
    if inner.0.0 < inner.1.0 {
        scene.rectangle(inner.0, inner.1, PAPER);
    }
}

/// Lines that rise to the right, within a rectangle.
fn hatch(scene: &mut Scene, (left, top): Point, (right, bottom): Point, color: RGBColor) {
    let high = bottom - top;
    // Each begins at the bottom, or would if the rectangle went on to the left.
    let mut start = left - (high / HATCH).floor() * HATCH;
    while start < right {
        let from = start.max(left);
        let to = (start + high).min(right);
        if to > from {
            let y = |x: f64| bottom - (x - start);
            scene.line(vec![(from, y(from)), (to, y(to))], HAIRLINE, color);
        }
        start += HATCH;
    }
}

/// The parts that some bar has, with their names. A bar shows what is `left` and what was `before`.
fn parts(bars: &[(ByVerdict, u64)]) -> impl Iterator<Item = (Part, &'static str)> {
    let shown = |part| {
        bars.iter().any(|(left, before)| match part {
            Part::Accepted => left.accepted > 0,
            Part::Refused => left.refused > 0,
            Part::Unknown => left.unknown > 0,
            Part::Lost => left.total() < *before,
        })
    };
    KEY.into_iter().filter(move |(part, _)| shown(*part))
}

/// How wide the key of `bars` is.
pub(super) fn key_width(bars: &[(ByVerdict, u64)]) -> Result<f64, PlotError> {
    let mut width = -KEY_GAP;
    for (_, text) in parts(bars) {
        width += SWATCH.0 + 8.0 + LABEL.width(text)? + KEY_GAP;
    }
    Ok(width)
}

/// Explains the parts of `bars` on one line with its baseline at `y`.
pub(super) fn key(
    scene: &mut Scene,
    (mut x, y): Point,
    bars: &[(ByVerdict, u64)],
) -> Result<(), PlotError> {
    for (part, text) in parts(bars) {
        let (wide, high) = SWATCH;
        part.fill(scene, (x, y - high + 1.0), (x + wide, y + 1.0));
        scene.text(text, (x + wide + 8.0, y), LABEL);
        x += wide + 8.0 + LABEL.width(text)? + KEY_GAP;
    }
    Ok(())
}

/// Draws what is `left` of `before` generations, on the scale of `all`, with the upper left corner
/// of the bar at `(left, top)`.
pub(super) fn draw(
    scene: &mut Scene,
    (x, top): Point,
    left: ByVerdict,
    (before, all): (u64, u64),
) -> Result<(), PlotError> {
    let at = |count: u64| x + WIDTH * count as f64 / all.max(1) as f64;
    let parts = [
        (Part::Accepted, left.accepted),
        (Part::Refused, left.refused),
        (Part::Unknown, left.unknown),
        (Part::Lost, before - left.total()),
    ];
    let mut sum = 0;
    for (part, count) in parts.into_iter().filter(|(_, count)| *count > 0) {
        let from = at(sum);
        sum += count;
        let to = at(sum).max(from + LEAST);
        part.fill(scene, (from, top), (to, top + HEIGHT));
        let text = grouped(count);
        let half = 0.5 * NOTE.width(&text)?;
        if to - from < 2.0 * (half + FREE) {
            continue;
        }
        let (middle, y) = (0.5 * (from + to), top + 0.5 * HEIGHT);
        let mut face = NOTE.anchored(HPos::Center);
        face.color = if part == Part::Accepted { PAPER } else { INK };
        if part == Part::Refused {
            let (wide, high) = (half + 3.0, 8.0);
            scene.rectangle((middle - wide, y - high), (middle + wide, y + high), PAPER);
        }
        scene.text(&text, (middle, y + 4.5), face);
    }
    Ok(())
}
