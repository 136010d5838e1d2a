//! A panel that shows policies beside coins that reject at the same rates, row by row.
//!
//! A policy is a filled disc, its coin a hollow diamond below it, and between them a hollow square is
//! the ceiling, where it is known; each has its 95 % interval as a bar and its exact value as an upright
//! tick. What lies beyond the panel ends in an arrow, and what is undefined is said in words.

use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use super::PlotError;
use super::axis::{Axis, Place};
use super::scene::{Point, Scene};
use super::theme::{
    AXIS_TEXT, CONTRAST, FAINT, HAIRLINE, HEADING, INK, LABEL, MARK, NOTE, PAPER, REFERENCE,
    SUBJECT, WHISKER,
};
use super::tick_texts;
use super::value::Value;
/// Width of a panel.
pub(super) const WIDTH: f64 = 350.0;
/// Height of a row.
pub(super) const ROW: f64 = 52.0;
/// Room that a panel takes above and below its rows.
pub(super) const ABOVE: f64 = 46.0;
pub(super) const BELOW: f64 = 48.0;
/// The part of `ABOVE` that says what the sides of the reference mean.
pub(super) const SIDES: f64 = 22.0;
/// Room at both ends of a panel for a mark or an arrow.
const END: f64 = 12.0;
/// How far the policy lies above and the coin below the middle of a row.
const APART: f64 = 10.5;
/// Half the height of the tick at an exact value.
const EXACT: f64 = 8.0;
/// Whose value a mark shows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Policy,
    Coin,
    Ceiling,
}

impl Kind {
    fn color(self) -> RGBColor {
        match self {
            Self::Policy => SUBJECT,
            Self::Coin => CONTRAST,
            Self::Ceiling => INK,
        }
    }

    fn mark(self, scene: &mut Scene, at: Point) {
        match self {
            Self::Policy => scene.disc(at, MARK, self.color()),
            Self::Coin => scene.hollow_diamond(at, MARK + 1.5, self.color()),
            Self::Ceiling => scene.hollow_square(at, MARK - 0.5, self.color()),
        }
    }

    fn missing(self, value: &Value) -> &'static str {
        match (self, value.exact) {
            (Self::Policy, None) => "policy undefined",
            (Self::Coin, None) => "coin undefined",
            (Self::Policy, Some(_)) => "policy: no estimate",
            (Self::Coin, Some(_)) => "coin: no estimate",
            (Self::Ceiling, _) => "ceiling undefined",
        }
    }
}

/// Explains the marks, those of a ceiling and of exact values where there are any, on one line with its
/// baseline at `y`.
pub(super) fn key(
    scene: &mut Scene,
    (mut x, y): Point,
    ceiling: bool,
    exact: bool,
) -> Result<(), PlotError> {
    let middle = y - 4.5;
    let marks = [
        (Kind::Policy, "policy"),
        (Kind::Coin, "coin that rejects as often"),
        (Kind::Ceiling, "ceiling"),
    ];
    for (kind, text) in &marks[..if ceiling { 3 } else { 2 }] {
        kind.mark(scene, (x + 6.0, middle));
        scene.text(text, (x + 18.0, y), LABEL);
        x += 18.0 + LABEL.width(text)? + 24.0;
    }
    let text = "95 % interval, where wider than its mark";
    scene.level(middle, (x, x + 26.0), WHISKER, INK);
    scene.text(text, (x + 34.0, y), LABEL);
    x += 34.0 + LABEL.width(text)? + 24.0;
    if exact {
        exact_tick(scene, (x + 2.0, middle));
        scene.text("exact value", (x + 12.0, y), LABEL);
    }
    Ok(())
}

fn exact_tick(scene: &mut Scene, (x, y): Point) {
    scene.upright(x, (y - EXACT, y + EXACT), WHISKER, INK);
}

/// One panel: policy and coin of each row.
pub(super) struct Panel {
    pub(super) heading: &'static str,
    pub(super) label: String,
    pub(super) values: Vec<[Value; 2]>,
    /// What the best could reach, by row; undefined where it is not known, and not drawn there.
    pub(super) ceilings: Vec<Value>,
    pub(super) axis: Axis,
    /// What values are held against.
    pub(super) reference: f64,
    /// What it means to lie before and beyond the reference.
    pub(super) sides: Option<[&'static str; 2]>,
}

impl Panel {
    /// Draws the panel with the upper left corner of its first row at `(left, top)` and `above` it room for
    /// its heading.
    pub(super) fn draw(
        &self,
        scene: &mut Scene,
        (left, top): Point,
        above: f64,
    ) -> Result<(), PlotError> {
        let bottom = top + ROW * self.values.len() as f64;
        scene.text(self.heading, (left, top - above + 13.0), HEADING);
        for (tick, _) in self.axis.ticks() {
            let x = self.x(left, tick);
            scene.upright(x, (top, bottom + 5.0), HAIRLINE, FAINT);
        }
        let texts = self.axis.ticks();
        let texts = texts.map(|(tick, text)| (self.x(left, tick), text));
        tick_texts::draw(scene, texts, bottom)?;
        scene.level(bottom, (left, left + WIDTH), HAIRLINE, REFERENCE);
        let centre = left + 0.5 * WIDTH;
        scene.text(
            &self.label,
            (centre, bottom + AXIS_TEXT),
            LABEL.anchored(HPos::Center),
        );
        let reference = self.x(left, self.reference);
        scene.upright(reference, (top, bottom), HAIRLINE, REFERENCE);
        if let Some([before, beyond]) = self.sides {
            scene.upright(reference, (top - 19.0, top), HAIRLINE, REFERENCE);
            scene.text(
                before,
                (reference - 8.0, top - 8.0),
                NOTE.anchored(HPos::Right),
            );
            scene.text(beyond, (reference + 8.0, top - 8.0), NOTE);
        }
        for (i, [policy, coin]) in self.values.iter().enumerate() {
            let y = top + ROW * (i as f64 + 0.5);
            self.draw_value(scene, Kind::Policy, policy, (left, y - APART))?;
            self.draw_value(scene, Kind::Coin, coin, (left, y + APART))?;
        }
        for (i, ceiling) in self.ceilings.iter().enumerate() {
            if ceiling.mean.is_some() {
                let y = top + ROW * (i as f64 + 0.5);
                self.draw_value(scene, Kind::Ceiling, ceiling, (left, y))?;
            }
        }
        Ok(())
    }

    /// Where `value` is drawn, or the nearer end of the panel.
    fn x(&self, left: f64, value: f64) -> f64 {
        left + END + self.axis.place(value).clamped() * (WIDTH - 2.0 * END)
    }

    fn draw_value(
        &self,
        scene: &mut Scene,
        kind: Kind,
        value: &Value,
        (left, y): Point,
    ) -> Result<(), PlotError> {
        let exact = value.exact.map(|exact| self.x(left, exact));
        if let Some((mean, (lo, hi))) = value.mean.zip(value.ci) {
            let x = self.x(left, mean);
            let ends = (self.x(left, lo).min(x), self.x(left, hi).max(x));
            scene.level(y, ends, WHISKER, kind.color());
            if self.axis.place(lo) == Place::Before {
                scene.arrow((ends.0 - 0.8 * END, y), (-1.0, 0.0), kind.color());
            }
            if self.axis.place(hi) == Place::Beyond {
                scene.arrow((ends.1 + 0.8 * END, y), (1.0, 0.0), kind.color());
            }
        }
        if value.mean.is_none() {
            let text = kind.missing(value);
            let width = NOTE.width(text)?;
            let right = exact.is_some_and(|x| x < left + 0.5 * WIDTH);
            let x = if right {
                left + WIDTH - END - width
            } else {
                left + END
            };
            scene.rectangle((x - 3.0, y - 8.0), (x + width + 3.0, y + 8.0), PAPER);
            scene.text(text, (x, y + 4.5), NOTE);
        }
        if let Some(x) = exact {
            exact_tick(scene, (x, y));
        }
        if let Some(mean) = value.mean {
            kind.mark(scene, (self.x(left, mean), y));
        }
        Ok(())
    }
}
