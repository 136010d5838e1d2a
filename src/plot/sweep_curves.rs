//! What savings, false rejections and cost do when a number of the scenario is varied.
//!
//! Exact values: intervals of simulated ones are for the tables.

use plotters::style::text_anchor::HPos;

use super::axis::number;
use super::curve_panel::{Curve, HEIGHT, Kind, Panel, TICKS, WIDTH};
use super::position_columns::{heading, levels};
use super::scene::Scene;
use super::sweep_lines::Lines;
use super::theme::{HEADING, LABEL, MARGIN, SUBTITLE, TITLE};
use super::value::Value;
use super::{Figure, PlotError, draw};
use crate::study::sweep::SweepFindings;

const NAME: &str = "sweep";
/// Room to the right of each panel for the names of its curves.
const NAMES: f64 = 118.0;
/// Where the panels begin, and the room below them.
const TOP: f64 = 138.0;
const BELOW: f64 = 58.0;

/// A panel: its heading, estimate, unit, and what it is held against.
struct Quantity {
    heading: &'static str,
    estimate: &'static str,
    /// What the coin does, where it is shown.
    coin: Option<&'static str>,
    unit: f64,
    reference: (f64, Option<&'static str>),
}

const QUANTITIES: [Quantity; 3] = [
    Quantity {
        heading: "Saved per attempt (% of the tokens)",
        estimate: "savings",
        coin: Some("null_savings"),
        unit: 100.0,
        reference: (0.0, None),
    },
    Quantity {
        heading: "Rejected of the accepted (%)",
        estimate: "false_rejection_rate",
        coin: None,
        unit: 100.0,
        reference: (0.0, None),
    },
    Quantity {
        heading: "Cost per retained sample (full = 1)",
        estimate: "cost_ratio",
        coin: None,
        unit: 1.0,
        reference: (1.0, Some("break-even")),
    },
];

/// Draws the figures over the first axis of a sweep: a line per value of the second axis or per
/// policy, at most six of them; further axes stay at their first values.
pub fn sweep_curves(findings: &SweepFindings) -> Result<Figure, PlotError> {
    draw::figure(NAME, &scene(findings)?, &alt(findings))
}

fn scene(findings: &SweepFindings) -> Result<Scene, PlotError> {
    let Some(first) = findings.axes.first() else {
        return Err(PlotError::Nothing("no axis was varied"));
    };
    if findings.points.is_empty() {
        return Err(PlotError::Nothing("no point was evaluated"));
    }
    let lines = Lines::new(findings);
    let width = MARGIN + 3.0 * (TICKS + WIDTH + NAMES) + MARGIN;
    let mut scene = Scene::new(width, TOP + HEIGHT + BELOW);
    let room = width - 2.0 * MARGIN;
    let title = format!("{}: what a policy saves, rejects and costs", findings.name);
    scene.text(&TITLE.shortened(&title, room)?, (MARGIN, 36.0), TITLE);
    let coin = if lines.count() > 1 {
        "Thin lines: the coin that rejects as often, blindly."
    } else {
        "The coin rejects as often, blindly."
    };
    let scenario = format!("Scenario {}, exact values. {coin}", findings.scenario);
    let below = [scenario, lines.about()];
    for (text, y) in below.iter().zip([57.0, 75.0]) {
        scene.text(&SUBTITLE.shortened(text, room)?, (MARGIN, y), SUBTITLE);
    }
    let places = lines.across();
    let mut left = MARGIN + TICKS;
    for quantity in &QUANTITIES {
        let curves = quantity.curves(&lines)?;
        let values: Vec<[Value; 2]> = curves
            .iter()
            .flat_map(|curve| curve.values.iter().map(|v| [v.1, Value::default()]))
            .collect();
        let axis = levels(&values, quantity.reference.0, quantity.unit);
        let text = heading(quantity.heading, &axis);
        scene.text(&text, (left, TOP - 22.0), HEADING);
        let panel = Panel {
            curves,
            places: &places,
            axis: &axis,
            reference: quantity.reference,
        };
        panel.draw(&mut scene, (left, TOP))?;
        left += WIDTH + NAMES + TICKS;
    }
    let log = if places.is_logarithmic() {
        " (log)"
    } else {
        ""
    };
    let across = LABEL.shortened(&format!("{}{log}", first.key), room)?;
    let at = (0.5 * width, TOP + HEIGHT + 40.0);
    scene.text(&across, at, LABEL.anchored(HPos::Center));
    Ok(scene)
}

impl Quantity {
    fn curves(&self, lines: &Lines<'_>) -> Result<Vec<Curve>, PlotError> {
        let mut curves = Vec::new();
        for i in 0..lines.count() {
            let (kind, beside, name, coin) = match lines.name(i) {
                None => (Kind::Policy, Kind::Coin, "policy".to_owned(), "coin"),
                Some(name) => (Kind::Line(i), Kind::Beside(i), name, ""),
            };
            if let Some(estimate) = self.coin {
                curves.push(Curve {
                    kind: beside,
                    name: coin.to_owned(),
                    values: lines.values(i, estimate, self.unit),
                });
            }
            curves.push(Curve {
                kind,
                name: LABEL.shortened(&name, NAMES - 24.0)?,
                values: lines.values(i, self.estimate, self.unit),
            });
        }
        Ok(curves)
    }
}

fn alt(findings: &SweepFindings) -> String {
    let lines = Lines::new(findings);
    let mut text = format!(
        "Savings per attempt, false rejection rate and cost per retained sample of {}",
        findings.scenario
    );
    if let Some(first) = findings.axes.first() {
        text += &format!(" over {}", first.key);
    }
    let about = lines.about();
    if !about.is_empty() {
        text += &format!(". {about}");
    }
    for i in 0..lines.count() {
        let costs = lines.values(i, "cost_ratio", 1.0).into_iter();
        let costs = costs.filter_map(|(x, value)| Some((x, value.mean?)));
        let lowest = costs.min_by(|a, b| a.1.total_cmp(&b.1));
        let name = lines.name(i).unwrap_or_else(|| "policy".to_owned());
        text += &match lowest {
            Some((x, y)) => format!(". {name}: lowest cost ratio {} at {x}", number(y, 3)),
            None => format!(". {name}: cost ratio undefined"),
        };
    }
    text + "."
}
