//! How likely a log of so many prompts is to certify a bound: a line for each design of a plan.

use plotters::style::text_anchor::HPos;

use super::axis::{Axis, grouped};
use super::curve_panel::{ALONE, Curve, Kind, Panel, TICKS};
use super::scene::Scene;
use super::theme::{AXIS_TEXT, HEADING, LABEL, MARGIN, SUBTITLE, TITLE};
use super::value::Value;
use super::{Figure, PlotError, draw};
use crate::study::plan::{Design, Plan};

const NAME: &str = "power";
/// Room to the right of the panel for the names of the designs.
const NAMES: f64 = 280.0;
/// Where the panel begins, and the room below it.
const TOP: f64 = 108.0;
const BELOW: f64 = 62.0;
/// Powers up to this are not worth a place.
const HARDLY_ANY: f64 = 0.002;
/// More lines than this nobody tells apart.
const MOST_LINES: usize = 6;

/// Draws power over the number of prompts, at most six designs: the first ones of the plan.
pub fn power_curves(plan: &Plan) -> Result<Figure, PlotError> {
    draw::figure(NAME, &scene(plan)?, &alt(plan))
}

fn name(design: &Design) -> String {
    format!("{}, {} per prompt", design.test.name(), design.per_prompt)
}

fn shown(plan: &Plan) -> impl Iterator<Item = &Design> {
    let drawn = plan.designs.iter().filter(|d| !d.curve.is_empty());
    drawn.take(MOST_LINES)
}

/// The sizes to show: from the last one at which hardly any log certifies.
fn range(plan: &Plan) -> Result<(f64, f64), PlotError> {
    let points = || shown(plan).flat_map(|design| &design.curve);
    let all: Vec<u64> = points().map(|p| p.prompts).collect();
    let (Some(least), Some(most)) = (all.iter().min(), all.iter().max()) else {
        return Err(PlotError::Nothing("no design was evaluated"));
    };
    let some = points().filter(|p| p.power > HARDLY_ANY).map(|p| p.prompts);
    let some = some.min().unwrap_or(*least);
    let from = all.iter().filter(|&&n| n < some).max().unwrap_or(least);
    Ok((*from as f64, *most as f64))
}

fn scene(plan: &Plan) -> Result<Scene, PlotError> {
    let (from, to) = range(plan)?;
    let width = MARGIN + TICKS + ALONE.0 + NAMES + MARGIN;
    let room = width - 2.0 * MARGIN;
    let mut scene = Scene::new(width, TOP + ALONE.1 + BELOW);
    let title = format!(
        "Certifying a false rejection rate of at most {} %",
        100.0 * plan.max_frr
    );
    scene.text(&TITLE.shortened(&title, room)?, (MARGIN, 36.0), TITLE);
    let about = format!(
        "True rate {} %, {} % accepted, confidence {} %.",
        100.0 * plan.frr,
        100.0 * plan.accepted,
        100.0 * plan.confidence
    );
    scene.text(&SUBTITLE.shortened(&about, room)?, (MARGIN, 57.0), SUBTITLE);
    let curves = shown(plan).enumerate().map(|(i, design)| {
        let value = |power: f64| Value {
            mean: Some(100.0 * power),
            ..Value::default()
        };
        let points = design.curve.iter().filter(|p| p.prompts as f64 >= from);
        Curve {
            kind: Kind::Line(i),
            name: name(design),
            values: points.map(|p| (p.prompts as f64, value(p.power))).collect(),
        }
    });
    let (left, levels) = (MARGIN + TICKS, Axis::linear(0.0, 100.0, 5));
    let panel = Panel {
        curves: curves.collect(),
        places: &Axis::logarithmic(from, to.max(from + 1.0)),
        axis: levels,
        size: ALONE,
        reference: (100.0 * plan.power, None),
    };
    let heading = "Probability of a certificate (%)";
    scene.text(heading, (left, TOP - 22.0), HEADING);
    panel.draw(&mut scene, (left, TOP))?;
    let at = (left + 0.5 * ALONE.0, TOP + ALONE.1 + AXIS_TEXT);
    let across = "labelled prompts (log)";
    scene.text(across, at, LABEL.anchored(HPos::Center));
    Ok(scene)
}

fn alt(plan: &Plan) -> String {
    let designs = shown(plan).map(|design| {
        let needed = design.prompts.map_or_else(
            || format!("more than {}", grouped(plan.most_prompts)),
            grouped,
        );
        format!("{}: {needed} prompts", name(design))
    });
    format!(
        "Probability of certifying a false rejection rate of at most {} % over the number of labelled \
         prompts. For a probability of {} %: {}.",
        100.0 * plan.max_frr,
        100.0 * plan.power,
        designs.collect::<Vec<_>>().join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::plan::{Fewest, Point, Test};

    fn plan(designs: usize, sizes: &[u64]) -> Plan {
        let curve = sizes.iter().map(|&prompts| Point {
            prompts,
            power: 1.0 - 1.0 / prompts as f64,
            stderr: 0.0,
        });
        let curve: Vec<Point> = curve.collect();
        let design = |number: usize| Design {
            test: [Test::Binomial, Test::Betting, Test::HoeffdingBentkus][number % 3],
            per_prompt: u32::try_from(number / 3).unwrap() + 1,
            exact: false,
            prompts: (number > 0).then_some(1234),
            generations: None,
            accepted: None,
            curve: curve.clone(),
        };
        Plan {
            schema: "",
            max_frr: 0.05,
            confidence: 0.95,
            frr: 0.01,
            accepted: 0.6,
            icc: 0.1,
            power: 0.8,
            seed: 1,
            replications: 100,
            most_prompts: 5000,
            partial: false,
            fewest: Fewest {
                accepted: 59,
                prompts: 98.3,
            },
            designs: (0..designs).map(design).collect(),
        }
    }

    #[test]
    fn up_to_six_designs_are_named_and_nothing_overlaps() {
        for (designs, sizes) in [(1, &[8][..]), (5, &[8, 90, 4000]), (9, &[8, 100_000])] {
            let plan = plan(designs, sizes);
            scene(&plan).unwrap().assert_tidy();
            let figure = power_curves(&plan).unwrap();
            assert_eq!(
                figure.svg.matches("per prompt").count() - figure.alt.matches("per prompt").count(),
                designs.min(6)
            );
            assert!(
                figure
                    .alt
                    .contains("exact binomial, 1 per prompt: more than 5,000 prompts")
            );
            assert_eq!(figure, power_curves(&plan).unwrap());
        }
    }

    #[test]
    fn nothing_to_draw_is_refused() {
        for plan in [plan(0, &[8]), plan(2, &[])] {
            assert!(matches!(power_curves(&plan), Err(PlotError::Nothing(_))));
        }
    }
}
