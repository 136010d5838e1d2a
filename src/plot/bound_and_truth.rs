//! The "lower bound" on savings against what is saved, a mark for each scenario.
//!
//! The bound is one only where what is rejected would have run at least as long as the average
//! (theory, section 1). Above the line it holds; below it the scenario saves less than the bound.

use plotters::style::text_anchor::HPos;

use super::axis::{Axis, number};
use super::row::Row;
use super::scene::{Point, Scene};
use super::side_names::{self, GAP, LINE};
use super::theme::{
    AXIS_TEXT, CONTRAST, FAINT, Face, HAIRLINE, LABEL, MARGIN, MARK, NOTE, REFERENCE, SUBJECT,
    SUBTITLE, TICK_TEXT, TITLE, WHISKER,
};
use super::{Figure, PlotError, draw};

const NAME: &str = "savings-bound-against-truth";
/// More scenarios than this nobody reads.
const MOST_ROWS: usize = 24;
/// Size of the plot, at least.
const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 300.0;
/// Room above the plot, for ticks to the left, and below.
const HEAD: f64 = 84.0;
const TICKS: f64 = 72.0;
const BELOW: f64 = 44.0;
const NAMES: f64 = 240.0;
/// Differences below this, in per cent, are rounding.
const SAME: f64 = 1e-9;

/// A scenario: its bound and its savings, exact, in per cent of the tokens.
struct Spot<'r> {
    name: &'r str,
    bound: f64,
    savings: f64,
}

impl Spot<'_> {
    fn holds(&self) -> bool {
        self.savings >= self.bound - SAME
    }

    fn face(&self) -> Face {
        if self.holds() {
            LABEL
        } else {
            Face {
                color: CONTRAST,
                bold: true,
                ..LABEL
            }
        }
    }
}

/// Draws `savings` over `savings_bound`, by theory; scenarios without a bound are left out.
pub fn bound_and_truth(rows: &[Row]) -> Result<Figure, PlotError> {
    let spots: Vec<Spot<'_>> = rows
        .iter()
        .filter_map(|row| {
            Some(Spot {
                name: &row.name,
                bound: row.value("savings_bound", 100.0).exact?,
                savings: row.value("savings", 100.0).exact?,
            })
        })
        .collect();
    if spots.is_empty() {
        return Err(PlotError::Nothing("no scenario has a bound on savings"));
    }
    if spots.len() > MOST_ROWS {
        return Err(PlotError::TooMany {
            what: "scenarios",
            given: spots.len(),
            most: MOST_ROWS,
        });
    }
    draw::figure(NAME, &scene(&spots)?, &alt(&spots))
}

fn scene(spots: &[Spot<'_>]) -> Result<Scene, PlotError> {
    let values = spots.iter().flat_map(|s| [s.bound, s.savings]);
    let (lo, hi) = values.fold((0.0_f64, 1.0_f64), |(lo, hi), x| (lo.min(x), hi.max(x)));
    let free = 0.05 * (hi - lo);
    let axis = Axis::linear(if lo < 0.0 { lo - free } else { 0.0 }, hi + free, 6);
    let height = HEIGHT.max(LINE * (spots.len() + 1) as f64);
    let (left, top) = (MARGIN + TICKS, HEAD);
    let title = "The “lower bound” on savings, and what is saved";
    let width = left + WIDTH + GAP + NAMES + MARGIN;
    let mut scene = Scene::new(width, top + height + BELOW + MARGIN);
    scene.text(title, (MARGIN, 36.0), TITLE);
    let hint = "Exact values of each scenario. Below the line the bound fails: what was rejected \
                would have been short.";
    scene.text(
        &SUBTITLE.shortened(hint, width - 2.0 * MARGIN)?,
        (MARGIN, 57.0),
        SUBTITLE,
    );
    let at = |bound: f64, savings: f64| -> Point {
        let across = axis.place(bound).clamped();
        let up = axis.place(savings).clamped();
        (left + across * WIDTH, top + (1.0 - up) * height)
    };
    let bottom = top + height;
    for (tick, text) in axis.ticks() {
        let (x, y) = at(tick, tick);
        scene.level(y, (left, left + WIDTH), HAIRLINE, FAINT);
        scene.text(&text, (left - 7.0, y + 4.5), NOTE.anchored(HPos::Right));
        scene.upright(x, (bottom, bottom + 4.0), HAIRLINE, REFERENCE);
        scene.text(&text, (x, bottom + TICK_TEXT), NOTE.anchored(HPos::Center));
    }
    scene.level(bottom, (left, left + WIDTH), HAIRLINE, REFERENCE);
    let below = (left + 0.5 * WIDTH, bottom + AXIS_TEXT);
    let label = "bound (% of the tokens)";
    scene.text(label, below, LABEL.anchored(HPos::Center));
    let beside = (left - 58.0, top + 0.5 * height);
    let label = "savings per attempt (% of the tokens)";
    scene.text(label, beside, LABEL.turned().anchored(HPos::Center));
    let end = axis.end();
    scene.line(vec![(left, bottom), at(end, end)], WHISKER, REFERENCE);
    let mut names = vec![(at(end, end), "saved = bound".to_owned(), NOTE)];
    for spot in spots {
        let name = spot.face().shortened(spot.name, NAMES)?;
        names.push((at(spot.bound, spot.savings), name, spot.face()));
    }
    side_names::draw(&mut scene, (left, top, WIDTH, height), names);
    for spot in spots {
        let place = at(spot.bound, spot.savings);
        if spot.holds() {
            scene.disc(place, MARK, SUBJECT);
        } else {
            scene.hollow_diamond(place, MARK + 2.0, CONTRAST);
        }
    }
    Ok(scene)
}

fn alt(spots: &[Spot<'_>]) -> String {
    let spots = spots.iter().map(|spot| {
        let (bound, savings) = (number(spot.bound, 1), number(spot.savings, 1));
        let fails = if spot.holds() { "" } else { ": it fails" };
        format!(" {}: bound {bound} %, saved {savings} %{fails}.", spot.name)
    });
    "The bound on savings and the savings of each scenario, exact.".to_owned()
        + &spots.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(name: &str, bound: f64, savings: f64) -> Spot<'_> {
        Spot {
            name,
            bound,
            savings,
        }
    }

    #[test]
    fn a_bound_that_fails_stands_out() {
        let spots = [
            spot("a", 3.0, 5.0),
            spot("b", 8.5, 5.8),
            spot("c", -2.0, -2.0),
        ];
        let scene = scene(&spots).unwrap();
        scene.assert_tidy();
        assert_eq!(spots.map(|s| s.holds()), [true, false, true]);
        let said = alt(&[spot("a", 3.0, 5.0), spot("b", 8.5, 5.8)]);
        assert!(said.contains("b: bound 8.5 %, saved 5.8 %: it fails."));
        assert!(!said.contains("5.0 %: it fails"), "{said}");
    }

    #[test]
    fn nothing_to_draw_is_refused() {
        assert!(matches!(bound_and_truth(&[]), Err(PlotError::Nothing(_))));
    }
}
