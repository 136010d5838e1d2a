//! A panel of curves over where a checkpoint stands or over a number that was varied, each with
//! its 95 % intervals as a band where it has any.
//!
//! Curves are told apart by their marks and dashes and named at their ends. Where a value is undefined the
//! curve has a gap; one that is undefined everywhere is said to be.

use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use super::PlotError;
use super::axis::Axis;
use super::scene::{Point, Scene};
use super::theme::{
    CONTRAST, DASHES, FAINT, HAIRLINE, HEADING, INK, LABEL, LINES, MUTED, NOTE, PAPER, REFERENCE,
    SUBJECT, WHISKER,
};
use super::tick_texts;
use super::value::Value;

/// Size of the plot where several stand side by side.
pub(super) const WIDTH: f64 = 220.0;
pub(super) const HEIGHT: f64 = 146.0;
/// Size of a plot that stands alone.
pub(super) const ALONE: Point = (440.0, 270.0);
/// Room for ticks to the left.
pub(super) const TICKS: f64 = 58.0;
/// Distance of names, at least.
const LINE: f64 = 17.0;
/// From the plot to the names of its curves, and from there to whatever comes next.
const BEFORE_NAME: f64 = 19.0;
const AFTER_NAME: f64 = 10.0;
/// Radius of a mark.
const DOT: f64 = 2.75;
/// A curve with more values than this has a mark at every so many.
const MOST_MARKS: usize = 40;

/// What a curve is about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// The policy, or what it should do.
    Policy,
    /// The coin.
    Coin,
    /// What the policy should not do.
    Error,
    /// One of several of the same kind, by number.
    Line(usize),
    /// A number that somebody published, on the curve of one of several.
    Published(usize),
    /// What goes with one of several: a thin line of its colour.
    Beside(usize),
}

impl Kind {
    fn color(self) -> RGBColor {
        match self {
            Self::Policy => SUBJECT,
            Self::Coin => CONTRAST,
            Self::Error => INK,
            Self::Line(i) | Self::Published(i) | Self::Beside(i) => LINES[i % LINES.len()],
        }
    }

    fn dashes(self) -> &'static [(f64, f64)] {
        match self {
            Self::Policy | Self::Error => DASHES[0],
            Self::Coin => DASHES[1],
            Self::Line(i) | Self::Published(i) | Self::Beside(i) => DASHES[i % DASHES.len()],
        }
    }

    fn width(self) -> f64 {
        match self {
            Self::Beside(_) => HAIRLINE,
            _ => WHISKER,
        }
    }

    fn mark(self, scene: &mut Scene, (x, y): Point) {
        let color = self.color();
        let square = |scene: &mut Scene, half: f64, color| {
            scene.rectangle((x - half, y - half), (x + half, y + half), color);
        };
        match self {
            Self::Policy => scene.disc((x, y), DOT, color),
            Self::Coin => scene.hollow_diamond((x, y), DOT + 1.5, color),
            Self::Error => {
                square(scene, DOT, color);
                square(scene, DOT - 1.25, PAPER);
            }
            Self::Beside(_) => {}
            Self::Published(_) => scene.ring((x, y), 3.0 * DOT, color),
            Self::Line(i) => match i % LINES.len() {
                0 => scene.disc((x, y), DOT, color),
                1 => scene.hollow_diamond((x, y), DOT + 1.5, color),
                2 => square(scene, DOT, color),
                3 => scene.ring((x, y), DOT + 0.75, color),
                4 => scene.diamond((x, y), DOT + 1.5, color),
                _ => {
                    square(scene, DOT, color);
                    square(scene, DOT - 1.25, PAPER);
                }
            },
        }
    }
}

/// A curve: values by place.
pub(super) struct Curve {
    pub(super) kind: Kind,
    /// Empty where others tell what it is.
    pub(super) name: String,
    /// In the order of their places.
    pub(super) values: Vec<(f64, Value)>,
}

/// Curves; the later ones lie over the earlier ones.
pub(super) struct Panel<'a> {
    pub(super) curves: Vec<Curve>,
    pub(super) places: &'a Axis,
    pub(super) axis: Axis,
    /// Width and height of its plot.
    pub(super) size: Point,
    /// What values are held against, and its name.
    pub(super) reference: (f64, Option<&'static str>),
}

impl Panel<'_> {
    /// How much room the names of its curves take to the right of the plot.
    fn room(&self) -> Result<f64, PlotError> {
        let mut widest = match self.reference.1 {
            Some(name) => NOTE.width(name)?,
            None => 0.0,
        };
        for curve in &self.curves {
            widest = widest.max(LABEL.width(&curve.name)?);
        }
        Ok(BEFORE_NAME + widest + AFTER_NAME)
    }

    /// How wide plot and names are below `heading`, at least as wide as that.
    pub(super) fn across(&self, heading: &str) -> Result<f64, PlotError> {
        let wide = HEADING.width(heading)? + AFTER_NAME;
        Ok(wide.max(self.size.0 + self.room()?))
    }

    /// Draws the panel with the upper left corner of its plot at `(left, top)`.
    pub(super) fn draw(&self, scene: &mut Scene, (left, top): Point) -> Result<(), PlotError> {
        self.draw_axes(scene, (left, top))?;
        let at = |place: f64, value: f64| self.at((left, top), place, value);
        for curve in &self.curves {
            draw_bands(scene, curve, at);
        }
        for curve in &self.curves {
            let color = curve.kind.color();
            let points: Vec<Option<Point>> = curve
                .values
                .iter()
                .map(|&(place, value)| value.mean.map(|mean| at(place, mean)))
                .collect();
            for run in points.split(Option::is_none) {
                let run: Vec<Point> = run.iter().copied().flatten().collect();
                if run.len() > 1 {
                    scene.dashed(run, curve.kind.width(), color, curve.kind.dashes());
                }
            }
            let every = points.len().div_ceil(MOST_MARKS).max(1);
            for point in points.into_iter().step_by(every).flatten() {
                curve.kind.mark(scene, point);
            }
        }
        self.draw_names(scene, (left, top))
    }

    fn at(&self, (left, top): Point, place: f64, value: f64) -> Point {
        let across = self.places.place(place).clamped();
        let up = self.axis.place(value).clamped();
        (left + across * self.size.0, top + (1.0 - up) * self.size.1)
    }

    fn draw_axes(&self, scene: &mut Scene, (left, top): Point) -> Result<(), PlotError> {
        let (width, height) = self.size;
        let bottom = top + height;
        for (tick, text) in self.axis.ticks() {
            let (_, y) = self.at((left, top), 0.0, tick);
            scene.level(y, (left, left + width), HAIRLINE, FAINT);
            scene.text(&text, (left - 7.0, y + 4.5), NOTE.anchored(HPos::Right));
        }
        for (tick, _) in self.places.ticks() {
            let (x, _) = self.at((left, top), tick, 0.0);
            scene.upright(x, (bottom, bottom + 4.0), HAIRLINE, REFERENCE);
        }
        let texts = self.places.ticks();
        let texts = texts.map(|(tick, text)| (self.at((left, top), tick, 0.0).0, text));
        tick_texts::draw(scene, texts, bottom)?;
        let (_, y) = self.at((left, top), 0.0, self.reference.0);
        scene.level(y, (left, left + width), HAIRLINE, REFERENCE);
        scene.level(bottom, (left, left + width), HAIRLINE, REFERENCE);
        Ok(())
    }

    /// Names curves beside their ends, and in the plot what has none.
    fn draw_names(&self, scene: &mut Scene, (left, top): Point) -> Result<(), PlotError> {
        let height = |value: f64| self.at((left, top), 0.0, value).1;
        let mut names: Vec<(f64, Option<Kind>, &str)> = Vec::new();
        let mut undefined = Vec::new();
        for curve in self.curves.iter().filter(|curve| !curve.name.is_empty()) {
            let last = curve.values.iter().rev().find_map(|(_, value)| value.mean);
            match last {
                Some(last) => names.push((height(last), Some(curve.kind), &curve.name)),
                None => undefined.push(curve.name.as_str()),
            }
        }
        if let (value, Some(name)) = self.reference {
            names.push((height(value), None, name));
        }
        let (width, high) = self.size;
        spread(&mut names, (top, top + high));
        // Far from its line the name of the reference would stand beside another value.
        let reference = height(self.reference.0);
        names.retain(|(y, kind, _)| kind.is_some() || (y - reference).abs() < LINE);
        for (y, kind, name) in names {
            let x = left + width + 10.0;
            let color = kind.map_or(MUTED, Kind::color);
            if let Some(kind) = kind {
                kind.mark(scene, (x, y));
            }
            let mut face = if kind.is_some() { LABEL } else { NOTE };
            face.color = color;
            scene.text(name, (left + width + BEFORE_NAME, y + 4.5), face);
        }
        let undefined: Vec<String> = match undefined.len() {
            ..=2 => undefined
                .iter()
                .map(|n| format!("{n}: undefined"))
                .collect(),
            n => vec![format!("{n} lines: undefined")],
        };
        for (i, text) in undefined.into_iter().enumerate() {
            let half = 0.5 * NOTE.width(&text)?;
            let (x, y) = (left + 0.5 * width, top + 0.4 * high + 20.0 * i as f64);
            let (wide, high) = (half + 3.0, 8.0);
            scene.rectangle((x - wide, y - high), (x + wide, y + high), PAPER);
            scene.text(&text, (x - half, y + 4.5), NOTE);
        }
        Ok(())
    }
}

/// The intervals of `curve`: bands where neighbours have them, bars where one stands alone.
fn draw_bands(scene: &mut Scene, curve: &Curve, at: impl Fn(f64, f64) -> Point) {
    let ends = |(place, value): &(f64, Value)| {
        let (lo, hi) = value.mean.and(value.ci)?;
        Some((at(*place, hi), at(*place, lo)))
    };
    let ends: Vec<Option<(Point, Point)>> = curve.values.iter().map(ends).collect();
    for run in ends.split(Option::is_none) {
        let (above, below): (Vec<Point>, Vec<Point>) = run.iter().copied().flatten().unzip();
        match (above.as_slice(), below.as_slice()) {
            ([], _) => {}
            ([top], [bottom]) => {
                scene.upright(top.0, (top.1, bottom.1), WHISKER, curve.kind.color());
            }
            _ => scene.band(&above, &below, curve.kind.color()),
        }
    }
}

/// Moves names apart, as little as keeps their order and all of them between `top` and `bottom`.
fn spread<T>(names: &mut [(f64, T, &str)], (top, bottom): Point) {
    names.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut least = top;
    for name in names.iter_mut() {
        name.0 = name.0.max(least);
        least = name.0 + LINE;
    }
    let mut most = bottom;
    for name in names.iter_mut().rev() {
        name.0 = name.0.min(most);
        most = name.0 - LINE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::scene::Mark;

    /// Beside its line, and not at all where other names push it away from it.
    #[test]
    fn the_name_of_the_reference_stands_beside_its_line_or_not_at_all() {
        let named = |ends: &[f64]| {
            let curves = ends.iter().enumerate().map(|(i, &end)| {
                let at = |value: f64| Value {
                    mean: Some(value),
                    ..Value::default()
                };
                Curve {
                    kind: Kind::Line(i),
                    name: format!("line {i}"),
                    values: vec![(0.0, at(0.5)), (1.0, at(end))],
                }
            });
            let panel = Panel {
                curves: curves.collect(),
                places: &Axis::linear(0.0, 1.0, 2),
                axis: Axis::linear(0.0, 2.0, 4),
                size: (WIDTH, HEIGHT),
                reference: (1.0, Some("break-even")),
            };
            let mut scene = Scene::new(500.0, 220.0);
            panel.draw(&mut scene, (80.0, 20.0)).unwrap();
            scene.assert_tidy();
            let name = scene.marks.iter().find_map(|mark| match mark {
                Mark::Text(text, (_, y), _) if text == "break-even" => Some(*y),
                _ => None,
            });
            name.map(|y| (y - 4.5 - (20.0 + 0.5 * HEIGHT)).abs())
        };
        assert!(named(&[0.2, 1.8]).is_some_and(|away| away < 1.0));
        assert!(named(&[1.06, 0.2]).is_some_and(|away| away < LINE));
        assert_eq!(named(&[1.02, 1.03, 1.04, 1.05]), None);
    }

    #[test]
    fn names_are_moved_apart_within_the_panel() {
        let mut names = [(99.0, (), "c"), (10.0, (), "a"), (97.0, (), "b")];
        spread(&mut names, (0.0, 100.0));
        assert_eq!(names.map(|n| n.2), ["a", "b", "c"]);
        assert_eq!(names.map(|n| n.0.to_string()), ["10", "83", "100"]);
    }
}
