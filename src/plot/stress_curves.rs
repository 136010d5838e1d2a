//! What a retained sample costs as validators are ever worse calibrated: a panel for each mode.
//!
//! Exact for a scenario, with intervals for a log. Each panel has its own axes, since strengths of different modes do not compare.

use plotters::style::text_anchor::HPos;

use super::axis::Axis;
use super::curve_panel::{Curve, HEIGHT, Kind, Panel, TICKS, WIDTH};
use super::position_columns::{heading, levels};
use super::scene::{Point, Scene};
use super::theme::{AXIS_TEXT, HEADING, MARGIN, NOTE, SUBTITLE, TITLE};
use super::value::Value;
use super::{Figure, PlotError, draw};
use crate::study::log_stress::{self, LogStressFindings};
use crate::study::stress::{self, Quantity, StressFindings};

const NAME: &str = "stress";
/// Panels side by side, and most of them in all.
const ACROSS: usize = 3;
const MOST_PANELS: usize = 24;
/// Where the first row begins, and from one row to the next.
const TOP: f64 = 104.0;
const ROW: f64 = HEIGHT + AXIS_TEXT + BETWEEN;
const BETWEEN: f64 = 52.0;
/// Room to the right of each panel for the names of its curves.
const NAMES: f64 = 104.0;
const TICKS_ACROSS: usize = 4;

/// What is drawn of one mode.
struct Mode<'a> {
    name: &'a str,
    unit: &'a str,
    /// Strength, and the cost ratio of the coin and of the policy there.
    points: Vec<(f64, [Value; 2])>,
    /// Strengths at which it breaks even, in words.
    even: Vec<String>,
}

/// What is drawn.
struct Shown<'a> {
    /// What is put under stress.
    subject: &'a str,
    /// What the values are.
    about: &'static str,
    modes: Vec<Mode<'a>>,
}

/// Draws the cost ratio of the policy and of its coin over the strength of each mode, at most 24.
pub fn stress_curves(findings: &StressFindings) -> Result<Figure, PlotError> {
    figure(&of_scenario(findings))
}

/// The same of a policy on a log, with intervals.
pub fn log_stress_curves(findings: &LogStressFindings) -> Result<Figure, PlotError> {
    figure(&of_log(findings))
}

fn of_scenario(findings: &StressFindings) -> Shown<'_> {
    let exact = |mean: Option<f64>| Value {
        mean,
        ..Value::default()
    };
    let modes = findings.modes.iter().map(|mode| {
        let of = |p: &stress::Point| {
            let costs = [p.figures.null_cost_ratio, p.figures.cost_ratio];
            (p.strength, costs.map(|x| exact(x).scaled(1.0)))
        };
        let even = mode.crossings.iter();
        let even = even.filter(|c| c.quantity == Quantity::CostRatio);
        Mode {
            name: &mode.mode,
            unit: mode.unit,
            points: mode.points.iter().map(of).collect(),
            even: even.map(|c| c.meaning.clone()).collect(),
        }
    });
    Shown {
        subject: &findings.scenario,
        about: "Cost per retained sample, full generation = 1, exact. At strength 0 all is as the scenario says.",
        modes: modes.collect(),
    }
}

fn of_log(findings: &LogStressFindings) -> Shown<'_> {
    let of = |p: &log_stress::Point| {
        let costs = [p.figures.null_cost_ratio, p.figures.cost_ratio];
        (p.strength, costs.map(|x| Value::of(&x).scaled(1.0)))
    };
    let even = |mode: &'_ log_stress::ModeFindings| {
        let found = mode.crossings.iter();
        let found = found.filter(|c| c.quantity == "cost_ratio");
        found.map(|c| c.meaning.clone()).collect()
    };
    let modes = findings.modes.iter().map(|mode| Mode {
        name: &mode.mode,
        unit: mode.unit,
        points: mode.points.iter().map(of).collect(),
        even: even(mode),
    });
    Shown {
        subject: &findings.policy,
        about: "Cost per retained sample, full generation = 1, with 95 % intervals. At strength 0 all is as in the log.",
        modes: modes.collect(),
    }
}

fn figure(shown: &Shown<'_>) -> Result<Figure, PlotError> {
    draw::figure(NAME, &scene(shown)?, &alt(shown))
}

fn scene(shown: &Shown<'_>) -> Result<Scene, PlotError> {
    if shown.modes.is_empty() {
        return Err(PlotError::Nothing("no mode was examined"));
    }
    let drawn = shown.modes.len().min(MOST_PANELS);
    let cell = TICKS + WIDTH + NAMES;
    let across = drawn.min(ACROSS);
    let width = 2.0 * MARGIN + across.max(2) as f64 * cell;
    let mut scene = Scene::new(
        width,
        TOP + drawn.div_ceil(ACROSS) as f64 * ROW - BETWEEN + MARGIN,
    );
    let room = width - 2.0 * MARGIN;
    let title = format!("{}: what miscalibration costs", shown.subject);
    scene.text(&TITLE.shortened(&title, room)?, (MARGIN, 36.0), TITLE);
    let rest = match shown.modes.len() - drawn {
        0 => String::new(),
        n => format!(" {n} more modes are in the tables."),
    };
    let about = format!("{}{rest}", shown.about);
    scene.text(&SUBTITLE.shortened(&about, room)?, (MARGIN, 57.0), SUBTITLE);
    for (i, mode) in shown.modes.iter().take(drawn).enumerate() {
        let left = MARGIN + TICKS + cell * (i % ACROSS) as f64;
        let top = TOP + ROW * (i / ACROSS) as f64;
        panel(&mut scene, mode, (left, top))?;
    }
    Ok(scene)
}

/// One mode, the upper left corner of its plot at `(left, top)`.
fn panel(scene: &mut Scene, mode: &Mode<'_>, (left, top): Point) -> Result<(), PlotError> {
    let curve = |kind, name: &str, which: usize| Curve {
        kind,
        name: name.to_owned(),
        values: mode.points.iter().map(|(at, v)| (*at, v[which])).collect(),
    };
    let curves = vec![
        curve(Kind::Coin, "coin", 0),
        curve(Kind::Policy, "policy", 1),
    ];
    let values: Vec<[Value; 2]> = mode.points.iter().map(|(_, values)| *values).collect();
    let axis = levels(&values, 1.0, 1.0);
    let ends = mode.points.first().zip(mode.points.last());
    let (from, to) = ends.map_or((0.0, 1.0), |(a, b)| (a.0, b.0));
    let places = Axis::linear(from, to, TICKS_ACROSS);
    let name = format!("{} (cost ratio)", mode.name);
    let name = HEADING.shortened(&heading(&name, &axis), WIDTH + NAMES - 8.0)?;
    scene.text(&name, (left, top - 14.0), HEADING);
    let panel = Panel {
        curves,
        places: &places,
        axis,
        size: (WIDTH, HEIGHT),
        reference: (1.0, Some("break-even")),
    };
    panel.draw(scene, (left, top))?;
    let at = (left + 0.5 * WIDTH, top + HEIGHT + AXIS_TEXT);
    scene.text(mode.unit, at, NOTE.anchored(HPos::Center));
    Ok(())
}

fn alt(shown: &Shown<'_>) -> String {
    let modes = shown.modes.iter().map(|mode| match mode.even.as_slice() {
        [] => format!(" {}: no break-even.", mode.name),
        at => format!(" {}: break-even at {}.", mode.name, at.join(" and ")),
    });
    format!(
        "Cost ratio of {} over the strength of each mode of miscalibration.{}",
        shown.subject,
        modes.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::stress::{Crossing, Figures, ModeFindings, SCHEMA};

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
            confirmation: None,
            left_out: Vec::new(),
            warnings: Vec::new(),
        }
    }

    #[test]
    fn panels_are_tidy_whatever_they_show() {
        for modes in [1, 2, 3, 4, 7, 40] {
            let rising = findings(modes, |x| Some(0.9 + 0.3 * x));
            scene(&of_scenario(&rising)).unwrap().assert_tidy();
        }
        for halves in -8..16 {
            let far = libm::pow(10.0, 0.5 * f64::from(halves));
            let steep = findings(2, |x| (x < 0.7).then_some(0.9 + far * x));
            scene(&of_scenario(&steep)).unwrap().assert_tidy();
        }
        let svg = stress_curves(&findings(40, |x| Some(0.9 + x))).unwrap().svg;
        assert_eq!(svg.matches(">\nbreak-even\n<").count(), 24);
        assert!(svg.contains("16 more modes"));
    }

    #[test]
    fn what_is_undefined_is_said_and_nothing_is_refused() {
        let none = findings(1, |_| None);
        scene(&of_scenario(&none)).unwrap().assert_tidy();
        let figure = stress_curves(&none).unwrap();
        assert!(figure.svg.contains("policy: undefined") && !figure.svg.contains("NaN"));
        assert!(matches!(
            stress_curves(&findings(0, Some)),
            Err(PlotError::Nothing(_))
        ));
    }
}
