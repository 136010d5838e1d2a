//! Savings against false rejections: what a policy and each of its rules buy, and at what price.
//!
//! Above the line savings exceed the false rejection rate, so a retained sample gets cheaper; below
//! it dearer. The coin that rejects as often as the policy rejects good and bad alike, so its false
//! rejections are its rejection rate; beside it stands the coin that strikes only what still runs.
//! Where a coin lies beyond the others it ends in an arrow.

use plotters::style::text_anchor::HPos;

use super::axis::{Axis, Place, number};
use super::row::Row;
use super::scene::{Point, Scene};
use super::side_names::{self, GAP, LINE};
use super::theme::{
    AXIS_TEXT, CONTRAST, FAINT, Face, HAIRLINE, INK, LABEL, MARGIN, MARK, NOTE, REFERENCE, SUBJECT,
    SUBTITLE, TICK_TEXT, TITLE, WHISKER,
};
use super::value::{FREE, Value};
use super::{Figure, PlotError, draw};

const NAME: &str = "savings-against-false-rejections";
/// More rows than this nobody reads.
const MOST_ROWS: usize = 24;
/// Size of the plot, at least.
const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 320.0;
/// Room above the plot, for ticks to the left, and below.
const HEAD: f64 = 84.0;
const TICKS: f64 = 72.0;
const BELOW: f64 = 44.0;
const NAMES: f64 = 270.0;
/// How far beyond the plot the middle of an arrow lies.
const ARROW: f64 = 10.0;
/// Name of the line at which savings equal false rejections.
const BREAK_EVEN: &str = "break-even: saved = falsely rejected";

/// A row's place in the plot, in per cent.
struct Spot<'r> {
    name: &'r str,
    kind: Kind,
    false_rejections: Value,
    savings: Value,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Policy,
    Rule,
    Coin,
}

/// Draws the policy, the first of `rows`, beside its coin and what the other rows stand for: its
/// rules by themselves.
pub fn savings_against_false_rejections(rows: &[Row]) -> Result<Figure, PlotError> {
    if rows.len() > MOST_ROWS {
        return Err(PlotError::TooMany {
            what: "rules",
            given: rows.len(),
            most: MOST_ROWS,
        });
    }
    let spots = spots(rows);
    if spots.is_empty() {
        return Err(PlotError::Nothing("no false rejection rate is known"));
    }
    draw::figure(NAME, &scene(&spots)?, &alt(&spots))
}

fn spots(rows: &[Row]) -> Vec<Spot<'_>> {
    let spot = |name, kind, row: &Row, [false_rejections, savings]: [&str; 2]| Spot {
        name,
        kind,
        false_rejections: row.value(false_rejections, 100.0),
        savings: row.value(savings, 100.0),
    };
    let of = |(i, row)| {
        let kind = if i == 0 { Kind::Policy } else { Kind::Rule };
        let row: &Row = row;
        spot(&row.name, kind, row, ["false_rejection_rate", "savings"])
    };
    let coins = [
        (
            "coin that rejects as often",
            ["rejection_rate", "null_savings"],
        ),
        (
            "coin on what still runs",
            [
                "false_rejection_rate of coin-on-running",
                "savings of coin-on-running",
            ],
        ),
    ];
    let coins = rows
        .first()
        .into_iter()
        .flat_map(|row| coins.map(|(name, figures)| spot(name, Kind::Coin, row, figures)));
    let mut spots: Vec<Spot<'_>> = rows.iter().enumerate().map(of).chain(coins).collect();
    spots.retain(|s| s.false_rejections.mean.is_some() && s.savings.mean.is_some());
    // Without a policy and its rules there is nothing that a coin could be held against.
    if spots.iter().all(|s| s.kind == Kind::Coin) {
        spots.clear();
    }
    spots
}

/// From 0 to the greatest of `values`, intervals included as far as they are no more than three times it.
fn axis<'v>(values: impl Iterator<Item = &'v Value> + Clone, most: usize) -> Axis {
    let means = values.clone().filter_map(|v| v.mean);
    let (lo, hi) = means.fold((0.0_f64, 0.1_f64), |(lo, hi), x| (lo.min(x), hi.max(x)));
    let width = hi - lo;
    let (from, to) = values
        .filter_map(|v| v.ci)
        .fold((lo, hi), |(from, to), ci| {
            (
                from.min(ci.0.max(lo - width)),
                to.max(ci.1.min(hi + 2.0 * width)),
            )
        });
    // No rate is below 0, whatever an interval says.
    let from = if lo < 0.0 { from - FREE * width } else { 0.0 };
    Axis::linear(from, to + FREE * width, most)
}

fn scene(spots: &[Spot<'_>]) -> Result<Scene, PlotError> {
    let others = spots.iter().filter(|s| s.kind != Kind::Coin);
    let across = axis(others.clone().map(|s| &s.false_rejections), 6);
    let up = axis(spots.iter().map(|s| &s.savings), 6);
    let mut names = Vec::new();
    let mut room = NOTE.width(BREAK_EVEN)?;
    for spot in spots {
        let name = spot.label(&across);
        let name = spot.face().shortened(&name, NAMES)?;
        room = room.max(spot.face().width(&name)?);
        names.push(name);
    }
    let title = "What a policy saves, and how many good generations that costs";
    let hint =
        "Above the line a retained sample gets cheaper. Bars: 95 % intervals; arrows: they go on.";
    let height = HEIGHT.max(LINE * (spots.len() + 1) as f64);
    let (left, top) = (MARGIN + TICKS, HEAD);
    let width = (left + WIDTH + GAP + room).max(MARGIN + TITLE.width(title)?) + MARGIN;
    let mut scene = Scene::new(width, top + height + BELOW + MARGIN);
    scene.text(title, (MARGIN, 36.0), TITLE);
    scene.text(hint, (MARGIN, 57.0), SUBTITLE);
    let plot = Plot {
        across,
        up,
        corner: (left, top),
        height,
    };
    plot.draw_axes(&mut scene);
    let break_even = plot.break_even();
    scene.line(break_even.to_vec(), WHISKER, REFERENCE);
    for spot in spots {
        plot.draw_intervals(&mut scene, spot);
    }
    let names = spots.iter().zip(names).filter_map(|(spot, name)| {
        let place = plot.at(spot.false_rejections.mean?, spot.savings.mean?);
        Some((place, name, spot.face()))
    });
    let line = (break_even[1], BREAK_EVEN.to_owned(), NOTE);
    let beside = (left, top, WIDTH, height);
    side_names::draw(&mut scene, beside, names.chain([line]).collect());
    for spot in spots {
        plot.draw_mark(&mut scene, spot);
    }
    Ok(scene)
}

struct Plot {
    across: Axis,
    up: Axis,
    corner: Point,
    height: f64,
}

impl Plot {
    fn at(&self, false_rejections: f64, savings: f64) -> Point {
        let across = self.across.place(false_rejections).clamped();
        let up = self.up.place(savings).clamped();
        let (left, top) = self.corner;
        (left + across * WIDTH, top + (1.0 - up) * self.height)
    }

    fn draw_axes(&self, scene: &mut Scene) {
        let (left, top) = self.corner;
        let bottom = top + self.height;
        for (tick, text) in self.up.ticks() {
            let (_, y) = self.at(0.0, tick);
            scene.level(y, (left, left + WIDTH), HAIRLINE, FAINT);
            scene.text(&text, (left - 7.0, y + 4.5), NOTE.anchored(HPos::Right));
        }
        for (tick, text) in self.across.ticks() {
            let (x, _) = self.at(tick, 0.0);
            scene.upright(x, (bottom, bottom + 4.0), HAIRLINE, REFERENCE);
            scene.text(&text, (x, bottom + TICK_TEXT), NOTE.anchored(HPos::Center));
        }
        scene.level(bottom, (left, left + WIDTH), HAIRLINE, REFERENCE);
        let label = "false rejections (% of what the final filter accepts)";
        let middle = (left + 0.5 * WIDTH, bottom + AXIS_TEXT);
        scene.text(label, middle, LABEL.anchored(HPos::Center));
        let label = "savings per attempt (% of the tokens)";
        let middle = (left - 58.0, top + 0.5 * self.height);
        scene.text(label, middle, LABEL.turned().anchored(HPos::Center));
    }

    /// Where savings equal false rejections.
    fn break_even(&self) -> [Point; 2] {
        // Up to where the line leaves the plot on the right or at the top.
        let end = [&self.across, &self.up]
            .map(Axis::end)
            .into_iter()
            .fold(f64::INFINITY, f64::min);
        [self.at(0.0, 0.0), self.at(end, end)]
    }

    fn draw_intervals(&self, scene: &mut Scene, spot: &Spot<'_>) {
        let (Some(f), Some(s)) = (spot.false_rejections.mean, spot.savings.mean) else {
            return;
        };
        let (x, y) = self.at(f, s);
        if let Some((lo, hi)) = spot.savings.ci {
            let ends = (self.at(f, hi).1, self.at(f, lo).1);
            // Beyond the plot it goes through the arrow: the edge is no rate of false rejections.
            let beyond = self.across.place(f) == Place::Beyond;
            let x = if beyond { x + ARROW } else { x };
            scene.upright(x, ends, HAIRLINE, spot.kind.color());
        }
        let inside = self.across.place(f) != Place::Beyond;
        if let Some((lo, hi)) = spot.false_rejections.ci.filter(|_| inside) {
            let ends = (self.at(lo, s).0, self.at(hi, s).0);
            scene.level(y, ends, HAIRLINE, spot.kind.color());
            // It goes on beyond the plot: that must not look like its end.
            if self.across.place(hi) == Place::Beyond {
                scene.arrow((ends.1 + 8.0, y), (1.0, 0.0), spot.kind.color());
            }
        }
    }

    fn draw_mark(&self, scene: &mut Scene, spot: &Spot<'_>) {
        let (Some(f), Some(s)) = (spot.false_rejections.mean, spot.savings.mean) else {
            return;
        };
        let (x, y) = self.at(f, s);
        let color = spot.kind.color();
        if self.across.place(f) == Place::Beyond {
            scene.arrow((x + ARROW + 4.0, y), (1.0, 0.0), color);
            return;
        }
        match spot.kind {
            Kind::Policy => scene.disc((x, y), MARK + 1.0, color),
            Kind::Rule => scene.ring((x, y), MARK, color),
            Kind::Coin => scene.hollow_diamond((x, y), MARK + 1.5, color),
        }
    }
}

impl Spot<'_> {
    fn face(&self) -> Face {
        Face {
            color: self.kind.color(),
            bold: self.kind == Kind::Policy,
            ..LABEL
        }
    }

    /// Its name; with the rate of false rejections where the plot does not reach so far.
    fn label(&self, across: &Axis) -> String {
        match self.false_rejections.mean {
            Some(f) if across.place(f) == Place::Beyond => {
                format!("{}: {} % →", self.name, number(f, 1))
            }
            _ => self.name.to_owned(),
        }
    }
}

impl Kind {
    fn color(self) -> plotters::style::RGBColor {
        match self {
            Self::Policy => SUBJECT,
            Self::Rule => INK,
            Self::Coin => CONTRAST,
        }
    }
}

fn alt(spots: &[Spot<'_>]) -> String {
    let told = spots.iter().map(|spot| {
        let percent = |value: &Value| value.mean.map_or_else(|| "–".to_owned(), |x| number(x, 2));
        format!(
            " {}: saves {} %, false rejections {} %.",
            spot.name,
            percent(&spot.savings),
            percent(&spot.false_rejections)
        )
    });
    "Savings per attempt against false rejections.".to_owned() + &told.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::made_up::replay;

    fn row(name: &str, [f, savings, q, null]: [f64; 4], half: f64) -> Row {
        let shown = [
            ("false_rejection_rate", Some(f), Some(half)),
            ("savings", Some(savings), Some(half)),
            ("rejection_rate", Some(q), Some(half)),
            ("null_savings", Some(null), Some(half)),
        ];
        Row::replayed(name, &replay(name, &shown))
    }

    fn drawn(rows: &[Row]) -> Figure {
        scene(&spots(rows)).unwrap().assert_tidy();
        savings_against_false_rejections(rows).unwrap()
    }

    #[test]
    fn every_row_and_the_coin_are_named_and_told() {
        let rows = [
            row("paper", [0.007, 0.05, 0.15, 0.06], 0.01),
            row("trace", [0.002, 0.03, 0.08, 0.03], 0.01),
            row("noise", [0.05, 0.01, 0.05, 0.02], 0.01),
        ];
        let figure = drawn(&rows);
        for name in [
            "paper",
            "trace",
            "noise",
            "coin that rejects as often: 15.0 % →",
            BREAK_EVEN,
        ] {
            assert!(
                figure.svg.contains(&format!(">\n{name}\n</text>")),
                "{name}"
            );
        }
        let told = "paper: saves 5.00 %, false rejections 0.70 %.";
        assert!(figure.alt.contains(told), "{}", figure.alt);
        assert_eq!(drawn(&rows), figure);
    }

    #[test]
    fn nothing_is_cut_off_or_hidden() {
        for scale in [0.0, 1e-6, 1e-3, 1.0] {
            let rows: Vec<Row> = (0..MOST_ROWS)
                .map(|i| {
                    let x = scale * i as f64 / 24.0;
                    row(
                        &format!("rule {}", "long ".repeat(i)),
                        [x, 0.5 - x, x, -x],
                        3.0 * x,
                    )
                })
                .collect();
            for n in [1, 2, 7, MOST_ROWS] {
                drawn(&rows[..n]);
            }
        }
        drawn(&[row("dear", [0.3, -2.0, 0.9, 0.1], 0.5)]);
    }

    #[test]
    fn what_is_not_known_is_not_drawn() {
        let unlabelled = [
            ("savings", Some(0.1), None),
            ("false_rejection_rate", None, None),
        ];
        let rows = [Row::replayed("p", &replay("p", &unlabelled))];
        let error = savings_against_false_rejections(&rows).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is nothing to draw: no false rejection rate is known"
        );
        let many = vec![row("r", [0.1; 4], 0.0); MOST_ROWS + 1];
        assert!(matches!(
            savings_against_false_rejections(&many),
            Err(PlotError::TooMany { given: 25, .. })
        ));
    }
}
