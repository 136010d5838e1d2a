//! What one checkpoint saves, rejects and costs, by where it stands: a row of panels for all
//! generations, and one for each model and benchmark.
//!
//! Panels below each other have the same scales, so rows can be compared.

use plotters::style::text_anchor::HPos;

use super::axis::{Axis, grouped, number};
use super::curve_panel::{Curve, HEIGHT, Kind, Panel, TICKS, WIDTH};
use super::scene::Scene;
use super::theme::{HEADING, LABEL, MARGIN, SUBTITLE, TITLE};
use super::value::{Value, points, range};
use super::{Figure, PlotError, draw};
use crate::study::Estimate;
use crate::study::replay::{PositionCurve, PositionPoint, PositionSweep};

const NAME: &str = "savings-by-checkpoint-position";
/// More rows than this nobody reads.
const MOST_ROWS: usize = 24;
/// Room to the right of each panel for the names of its curves.
const NAMES: [f64; 3] = [70.0, 122.0, 84.0];
/// Where the first row begins, its heights, and the room below the last.
const TOP: f64 = 104.0;
const ROW: f64 = HEIGHT + 66.0;
const ABOVE: f64 = 34.0;
const BELOW: f64 = 40.0;
/// Ticks of a vertical axis.
const LEVELS: usize = 5;
/// Costs further apart than this factor are drawn on a logarithmic scale.
const LOGARITHMIC_FROM: f64 = 4.0;

/// One column of panels: two curves of the same unit.
struct Column {
    heading: &'static str,
    curves: [(Kind, &'static str, fn(&PositionPoint) -> Estimate); 2],
    unit: f64,
    reference: (f64, Option<&'static str>),
}

const COLUMNS: [Column; 3] = [
    Column {
        heading: "Saved per attempt (% of the tokens)",
        curves: [
            (Kind::Coin, "coin", |p| p.null_savings),
            (Kind::Policy, "policy", |p| p.savings),
        ],
        unit: 100.0,
        reference: (0.0, None),
    },
    Column {
        heading: "Rejected (%)",
        curves: [
            (Kind::Error, "of the accepted", |p| p.false_rejection_rate),
            (Kind::Policy, "of the refused", |p| p.detection_rate),
        ],
        unit: 100.0,
        reference: (0.0, None),
    },
    Column {
        heading: "Cost per retained sample (full = 1)",
        curves: [
            (Kind::Coin, "coin", |p| p.null_cost_ratio),
            (Kind::Policy, "policy", |p| p.cost_ratio),
        ],
        unit: 1.0,
        reference: (1.0, Some("break-even")),
    },
];

impl Column {
    fn values(&self, curve: &PositionCurve) -> Vec<[Value; 2]> {
        let value =
            |point, of: fn(&PositionPoint) -> Estimate| Value::of(&of(point)).scaled(self.unit);
        let points = curve.points.iter();
        points
            .map(|point| self.curves.map(|(_, _, of)| value(point, of)))
            .collect()
    }

    /// An axis on which all of `curves` fit.
    fn axis(&self, curves: &[&PositionCurve]) -> Axis {
        let values: Vec<_> = curves.iter().flat_map(|c| self.values(c)).collect();
        let reference = self.reference.0;
        if self.unit > 1.0 {
            let (lo, hi) = range(&values, reference, 1.0);
            return Axis::linear(lo, hi, LEVELS);
        }
        let (lo, hi) = range(&values, reference, 0.02);
        let (least, _) = points(&values, reference);
        if least > 0.0 && hi > LOGARITHMIC_FROM * least {
            Axis::logarithmic(lo.clamp(0.5 * least, 0.97 * least), hi)
        } else {
            // No cost is below 0, whatever an interval says.
            Axis::linear(lo.max(least.min(0.0)), hi, LEVELS)
        }
    }

    fn panel<'a>(&self, curve: &PositionCurve, places: &'a Axis, axis: &'a Axis) -> Panel<'a> {
        let values = self.values(curve);
        let places_of = |which: usize| {
            let place = curve.points.iter().map(|p| 100.0 * p.fraction);
            place.zip(values.iter().map(|v| v[which])).collect()
        };
        let [first, second] = self.curves;
        let of = |which: usize, (kind, name, _): (Kind, &'static str, _)| Curve {
            kind,
            name,
            values: places_of(which),
        };
        Panel {
            curves: [of(0, first), of(1, second)],
            places,
            axis,
            reference: self.reference,
        }
    }
}

/// Draws savings, rejection rates and cost per retained sample over the place of one checkpoint,
/// with 95 % intervals.
pub fn savings_by_checkpoint_position(sweep: &PositionSweep) -> Result<Figure, PlotError> {
    draw::figure(NAME, &scene(sweep)?, &alt(sweep))
}

/// What is drawn: a group that holds all generations need not be drawn again.
fn rows(sweep: &PositionSweep) -> Vec<&PositionCurve> {
    let count = if sweep.curves.len() == 2 {
        1
    } else {
        usize::MAX
    };
    sweep.curves.iter().take(count).collect()
}

fn scene(sweep: &PositionSweep) -> Result<Scene, PlotError> {
    let rows = rows(sweep);
    if rows.iter().all(|curve| curve.points.is_empty()) {
        return Err(PlotError::Nothing("no place of a checkpoint was tried"));
    }
    if rows.len() > MOST_ROWS {
        return Err(PlotError::TooMany {
            what: "groups",
            given: rows.len(),
            most: MOST_ROWS,
        });
    }
    let width = 2.0 * MARGIN + 3.0 * (TICKS + WIDTH) + NAMES.iter().sum::<f64>();
    let bottom = TOP + ROW * rows.len() as f64;
    let mut scene = Scene::new(width, bottom + BELOW);
    let title = "What one checkpoint saves, rejects and costs, by where it stands";
    scene.text(title, (MARGIN, 36.0), TITLE);
    let about = format!(
        "{}: one checkpoint that rejects at an alarm of {}",
        sweep.policy,
        sweep.validators.join(", ")
    );
    let room = width - 2.0 * MARGIN;
    let about = SUBTITLE.shortened(&about, room)?;
    scene.text(&about, (MARGIN, 57.0), SUBTITLE);
    let bands = "Bands: 95 % intervals, over prompts. The coin rejects blindly, as often as the \
                 policy does there.";
    scene.text(bands, (MARGIN, 75.0), SUBTITLE);

    let places = Axis::linear(0.0, 100.0, LEVELS);
    let mut left = MARGIN + TICKS;
    for (column, names) in COLUMNS.iter().zip(NAMES) {
        scene.text(column.heading, (left, TOP), HEADING);
        let axis = column.axis(&rows);
        for (i, curve) in rows.iter().enumerate() {
            let top = TOP + ROW * i as f64 + ABOVE;
            let panel = column.panel(curve, &places, &axis);
            panel.draw(&mut scene, (left, top))?;
        }
        left += WIDTH + names + TICKS;
    }
    for (i, curve) in rows.iter().enumerate() {
        let y = TOP + ROW * i as f64 + ABOVE - 11.0;
        let name = LABEL.shortened(&in_words(curve), room)?;
        scene.text(&name, (MARGIN + TICKS, y), LABEL);
    }
    scene.text(
        "where the checkpoint stands (% of the expected length)",
        (0.5 * width, bottom + 16.0),
        LABEL.anchored(HPos::Center),
    );
    Ok(scene)
}

fn in_words(curve: &PositionCurve) -> String {
    let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "(none)".to_owned());
    let group = curve.group.as_ref().map_or_else(
        || "all generations".to_owned(),
        |g| format!("{} · {}", name(&g.model), name(&g.benchmark)),
    );
    format!("{group} ({})", grouped(curve.records))
}

fn alt(sweep: &PositionSweep) -> String {
    let rows = rows(sweep).into_iter().map(|curve| {
        let best = |of: fn(&PositionPoint) -> Estimate, sign: f64| {
            let means = curve.points.iter();
            let means = means.filter_map(|p| Some((p.fraction, of(p).mean?)));
            means.min_by(|a, b| (sign * a.1).total_cmp(&(sign * b.1)))
        };
        let at = |fraction: f64| format!("at {} %", number(100.0 * fraction, 0));
        let savings = best(|p| p.savings, -1.0).map_or_else(
            || "savings undefined".to_owned(),
            |(x, y)| format!("saves most, {} %, {}", number(100.0 * y, 1), at(x)),
        );
        let cost = best(|p| p.cost_ratio, 1.0).map_or_else(
            || "cost ratio undefined".to_owned(),
            |(x, y)| format!("lowest cost ratio, {}, {}", number(y, 3), at(x)),
        );
        format!(" {}: {savings}; {cost}.", in_words(curve))
    });
    let what = "Savings per attempt, false rejection and detection rates and cost per retained \
                sample, by where one checkpoint stands in the expected length.";
    what.to_owned() + &rows.collect::<String>()
}
