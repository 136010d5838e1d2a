//! What a retained sample costs as validators are ever worse calibrated: a panel for each mode.
//!
//! Exact values. Each panel has its own axes, since strengths of different modes do not compare.

use plotters::style::text_anchor::HPos;

use super::axis::Axis;
use super::curve_panel::{Curve, HEIGHT, Kind, Panel, TICKS, WIDTH};
use super::position_columns::{heading, levels};
use super::scene::{Point, Scene};
use super::theme::{HEADING, MARGIN, NOTE, SUBTITLE, TITLE};
use super::value::Value;
use super::{Figure, PlotError, draw};
use crate::study::stress::{self, ModeFindings, Quantity, StressFindings};

const NAME: &str = "stress";
/// Panels side by side, and most of them in all.
const ACROSS: usize = 3;
const MOST_PANELS: usize = 24;
/// Where the first row begins, and from one row to the next.
const TOP: f64 = 104.0;
const ROW: f64 = HEIGHT + 92.0;
/// Room to the right of each panel for the names of its curves.
const NAMES: f64 = 92.0;
const TICKS_ACROSS: usize = 4;

/// Draws the cost ratio of the policy and of its coin over the strength of each mode, at most 24.
pub fn stress_curves(findings: &StressFindings) -> Result<Figure, PlotError> {
    draw::figure(NAME, &scene(findings)?, &alt(findings))
}

fn scene(findings: &StressFindings) -> Result<Scene, PlotError> {
    if findings.modes.is_empty() {
        return Err(PlotError::Nothing("no mode was examined"));
    }
    let shown = findings.modes.len().min(MOST_PANELS);
    let cell = TICKS + WIDTH + NAMES;
    let across = shown.min(ACROSS);
    let width = 2.0 * MARGIN + across.max(2) as f64 * cell;
    let mut scene = Scene::new(width, TOP + shown.div_ceil(ACROSS) as f64 * ROW);
    let room = width - 2.0 * MARGIN;
    let title = format!("{}: what miscalibration costs", findings.scenario);
    scene.text(&TITLE.shortened(&title, room)?, (MARGIN, 36.0), TITLE);
    let rest = match findings.modes.len() - shown {
        0 => String::new(),
        n => format!(" {n} more modes are in the tables."),
    };
    let about = format!(
        "Cost per retained sample, full generation = 1, exact. At strength 0 all is as the scenario says.{rest}"
    );
    scene.text(&SUBTITLE.shortened(&about, room)?, (MARGIN, 57.0), SUBTITLE);
    for (i, mode) in findings.modes.iter().take(shown).enumerate() {
        let left = MARGIN + TICKS + cell * (i % ACROSS) as f64;
        let top = TOP + ROW * (i / ACROSS) as f64;
        panel(&mut scene, mode, (left, top))?;
    }
    Ok(scene)
}

/// One mode, the upper left corner of its plot at `(left, top)`.
fn panel(scene: &mut Scene, mode: &ModeFindings, (left, top): Point) -> Result<(), PlotError> {
    let curve = |kind, name: &str, of: fn(&stress::Figures) -> Option<f64>| Curve {
        kind,
        name: name.to_owned(),
        values: mode
            .points
            .iter()
            .map(|point| {
                let mean = of(&point.figures);
                let value = Value {
                    mean,
                    ..Value::default()
                };
                (point.strength, value.scaled(1.0))
            })
            .collect(),
    };
    let curves = vec![
        curve(Kind::Coin, "coin", |f| f.null_cost_ratio),
        curve(Kind::Policy, "policy", |f| f.cost_ratio),
    ];
    let values: Vec<[Value; 2]> = curves[0]
        .values
        .iter()
        .zip(&curves[1].values)
        .map(|(coin, policy)| [coin.1, policy.1])
        .collect();
    let axis = levels(&values, 1.0, 1.0);
    let ends = mode.points.first().zip(mode.points.last());
    let (from, to) = ends.map_or((0.0, 1.0), |(a, b)| (a.strength, b.strength));
    let places = Axis::linear(from, to, TICKS_ACROSS);
    let name = format!("{} (cost ratio)", mode.mode);
    let name = HEADING.shortened(&heading(&name, &axis), WIDTH + NAMES - 8.0)?;
    scene.text(&name, (left, top - 14.0), HEADING);
    let panel = Panel {
        curves,
        places: &places,
        axis: &axis,
        reference: (1.0, Some("break-even")),
    };
    panel.draw(scene, (left, top))?;
    let at = (left + 0.5 * WIDTH, top + HEIGHT + 36.0);
    scene.text(mode.unit, at, NOTE.anchored(HPos::Center));
    Ok(())
}

fn alt(findings: &StressFindings) -> String {
    let modes = findings.modes.iter().map(|mode| {
        let cost = mode.crossings.iter();
        let cost = cost.filter(|c| c.quantity == Quantity::CostRatio);
        let at: Vec<&str> = cost.map(|c| c.meaning.as_str()).collect();
        match at.as_slice() {
            [] => format!(" {}: no break-even.", mode.mode),
            _ => format!(" {}: break-even at {}.", mode.mode, at.join(" and ")),
        }
    });
    format!(
        "Cost ratio of {} over the strength of each mode of miscalibration.{}",
        findings.scenario,
        modes.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::stress::{Crossing, Figures, SCHEMA};

    fn figures(cost: Option<f64>) -> Figures {
        Figures {
            savings: Some(0.1),
            false_rejection_rate: Some(0.1),
            cost_ratio: cost,
            null_cost_ratio: cost.map(|c| 1.2 * c),
            retained_bias: Some(0.0),
            tv_final_state: Some(0.0),
            tv_difficulty: None,
        }
    }

    fn findings(modes: usize, cost: impl Fn(f64) -> Option<f64>) -> StressFindings {
        let mode = |i: usize| ModeFindings {
            mode: format!("blindness.a rather long name of a kind of fault {i} < 7"),
            unit: "log-odds per sd of difficulty",
            verdict: String::new(),
            moves: true,
            resolution: 0.1,
            crossings: vec![Crossing {
                quantity: Quantity::CostRatio,
                level: 1.0,
                strength: 0.5,
                interval: [0.5, 0.5],
                rises: true,
                meaning: "half".to_owned(),
            }],
            corners: Vec::new(),
            points: (0..=50)
                .map(|n| 0.02 * f64::from(n))
                .map(|strength| stress::Point {
                    strength,
                    figures: figures(cost(strength)),
                })
                .collect(),
        };
        StressFindings {
            schema: SCHEMA,
            scenario: "m".repeat(200),
            validators: Vec::new(),
            tolerance: 0.01,
            today: figures(cost(0.0)),
            modes: (0..modes).map(mode).collect(),
            left_out: Vec::new(),
            warnings: Vec::new(),
        }
    }

    #[test]
    fn panels_are_tidy_whatever_they_show() {
        for modes in [1, 2, 3, 4, 7, 40] {
            let rising = findings(modes, |x| Some(0.9 + 0.3 * x));
            scene(&rising).unwrap().assert_tidy();
        }
        for halves in -8..16 {
            let far = libm::pow(10.0, 0.5 * f64::from(halves));
            let steep = findings(2, |x| (x < 0.7).then_some(0.9 + far * x));
            scene(&steep).unwrap().assert_tidy();
        }
        let svg = stress_curves(&findings(40, |x| Some(0.9 + x))).unwrap().svg;
        assert_eq!(svg.matches(">\nbreak-even\n<").count(), 24);
        assert!(svg.contains("16 more modes"));
    }

    #[test]
    fn what_is_undefined_is_said_and_nothing_is_refused() {
        let none = findings(1, |_| None);
        scene(&none).unwrap().assert_tidy();
        let figure = stress_curves(&none).unwrap();
        assert!(figure.svg.contains("policy: undefined") && !figure.svg.contains("NaN"));
        assert!(matches!(
            stress_curves(&findings(0, Some)),
            Err(PlotError::Nothing(_))
        ));
    }
}
