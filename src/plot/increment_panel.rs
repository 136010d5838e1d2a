//! The mean increments of one stage, by the prediction, with their simultaneous intervals.
//!
//! A filled disc agrees with 0 and a diamond does not; a pale ring holds too little to say. What
//! lies beyond the panel ends in an arrow.

use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use super::axis::{Axis, Place};
use super::scene::{Point, Scene};
use super::theme::{
    CONTRAST, FAINT, HAIRLINE, HEADING, MARK, NOTE, PALE, REFERENCE, SUBJECT, TICK_TEXT, WHISKER,
};
use crate::study::verification::Increment;

/// Height of the plot within a panel.
pub(super) const PLOT: f64 = 152.0;
/// What is not tested widens a panel by at most this factor.
const UNTESTED: f64 = 1.5;
/// What a panel shows at least above and below 0.
const LEAST: f64 = 1e-3;
/// Rounding of the sums behind an increment.
const ROUNDING: f64 = 1e-9;

/// What a bin says of the prediction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// Agrees with 0.
    Agrees,
    /// Does not.
    Drifts,
    /// Holds too little to say.
    Untested,
}

impl Kind {
    /// What `increment` says.
    pub(super) fn of(increment: &Increment) -> Self {
        let [lo, hi] = increment.ci;
        if !increment.sharp {
            Self::Untested
        } else if lo > ROUNDING || hi < -ROUNDING {
            Self::Drifts
        } else {
            Self::Agrees
        }
    }

    pub(super) fn color(self) -> RGBColor {
        match self {
            Self::Agrees => SUBJECT,
            Self::Drifts => CONTRAST,
            Self::Untested => PALE,
        }
    }

    pub(super) fn mark(self, scene: &mut Scene, at: Point) {
        match self {
            Self::Agrees => scene.disc(at, MARK - 0.5, SUBJECT),
            Self::Drifts => scene.diamond(at, MARK + 1.5, CONTRAST),
            Self::Untested => scene.ring(at, MARK - 0.5, PALE),
        }
    }
}

/// One stage, with its plot between `left` and `right` from `top` downwards.
pub(super) struct Panel<'f> {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) heading: String,
    pub(super) values: Vec<&'f Increment>,
}

impl Panel<'_> {
    /// As far above as below 0, so that all that is tested fits, and what is not if it is not much
    /// further away.
    fn axis(&self) -> Axis {
        let reach = |tested: bool| {
            let shown = self.values.iter().filter(|i| i.sharp == tested);
            let ends = shown.flat_map(|i| [i.mean, i.ci[0], i.ci[1]]);
            ends.fold(0.0, |reach: f64, x| reach.max(x.abs()))
        };
        let any = self.values.iter().any(|i| i.sharp);
        let most = if any {
            UNTESTED * reach(true)
        } else {
            f64::MAX
        };
        let reach = (1.1 * reach(true).max(reach(false).min(most))).max(LEAST);
        Axis::linear(-reach, reach, if self.is_still() { 1 } else { 5 })
    }

    /// Whether no prediction changes in any generation.
    fn is_still(&self) -> bool {
        !self.values.is_empty()
            && self
                .values
                .iter()
                .all(|i| i.mean.abs().max(i.ci[1] - i.ci[0]) <= ROUNDING)
    }

    /// Draws the panel with its axes.
    pub(super) fn draw(&self, scene: &mut Scene) {
        scene.text(&self.heading, (self.left, self.top - 10.0), HEADING);
        let bottom = self.top + PLOT;
        let axis = self.axis();
        let y = |place: Place| bottom - place.clamped() * PLOT;
        for (tick, text) in axis.ticks() {
            let at = y(axis.place(tick));
            scene.level(at, (self.left, self.right), HAIRLINE, FAINT);
            scene.text(
                &text,
                (self.left - 6.0, at + 4.5),
                NOTE.anchored(HPos::Right),
            );
        }
        for (tick, text) in Axis::linear(0.0, 1.0, 2).ticks() {
            let x = self.x(tick);
            scene.upright(x, (bottom, bottom + 4.0), HAIRLINE, REFERENCE);
            scene.text(&text, (x, bottom + TICK_TEXT), NOTE.anchored(HPos::Center));
        }
        scene.level(bottom, (self.left, self.right), HAIRLINE, FAINT);
        scene.level(
            y(axis.place(0.0)),
            (self.left, self.right),
            HAIRLINE,
            REFERENCE,
        );
        if self.is_still() {
            let at = (0.5 * (self.left + self.right), self.top + 0.35 * PLOT);
            scene.text(
                "no prediction changes here",
                at,
                NOTE.anchored(HPos::Center),
            );
        }
        // What is tested lies over what is not.
        for tested in [false, true] {
            for increment in self.values.iter().filter(|i| i.sharp == tested) {
                self.draw_increment(scene, &axis, increment);
            }
        }
    }

    fn x(&self, predicted: f64) -> f64 {
        let end = MARK + 1.5;
        self.left + end + predicted.clamp(0.0, 1.0) * (self.right - self.left - 2.0 * end)
    }

    fn draw_increment(&self, scene: &mut Scene, axis: &Axis, increment: &Increment) {
        let kind = Kind::of(increment);
        let (x, bottom) = (self.x(increment.predicted), self.top + PLOT);
        let y = |place: Place| bottom - place.clamped() * PLOT;
        let ends = increment.ci.map(|end| axis.place(end));
        scene.upright(x, (y(ends[1]), y(ends[0])), WHISKER, kind.color());
        if ends[0] == Place::Before {
            scene.arrow((x, bottom), (0.0, 1.0), kind.color());
        }
        if ends[1] == Place::Beyond {
            scene.arrow((x, self.top), (0.0, -1.0), kind.color());
        }
        let mean = axis.place(increment.mean);
        if matches!(mean, Place::On(_)) {
            kind.mark(scene, (x, y(mean)));
        }
    }
}
