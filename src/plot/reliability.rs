//! Reliability diagrams: what came of forecasts, by bin, beside what was predicted; a panel for each kind of
//! forecast, with 95 % intervals as a band. A calibrated forecast lies on the diagonal.

use plotters::style::text_anchor::HPos;

use super::axis::Axis;
use super::curve_panel::{Curve, HEIGHT, Kind, Panel, TICKS, WIDTH};
use super::log_name::log_name;
use super::scene::{Point, Scene};
use super::theme::{AXIS_TEXT, HEADING, MARGIN, NOTE, SUBTITLE, TITLE};
use super::value::Value;
use super::{Figure, PlotError, draw};
use crate::study::calibration::{CalibrationFindings, Series};

const NAME: &str = "reliability";
/// Panels side by side, and most of them in all.
const ACROSS: usize = 3;
const MOST_PANELS: usize = 24;
/// Where the first row begins, and from one row to the next.
const TOP: f64 = 104.0;
const ROW: f64 = HEIGHT + AXIS_TEXT + BETWEEN;
const BETWEEN: f64 = 52.0;
/// Room to the right of each panel for the names of its curves.
const NAMES: f64 = 104.0;
const TICKS_ACROSS: usize = 5;

/// Draws observed values over predicted ones for each kind of forecast, at most 24.
pub fn reliability(findings: &CalibrationFindings) -> Result<Figure, PlotError> {
    draw::figure(NAME, &scene(findings)?, &alt(findings))
}

fn scene(findings: &CalibrationFindings) -> Result<Scene, PlotError> {
    if findings.series.is_empty() {
        return Err(PlotError::Nothing("there are no forecasts"));
    }
    let drawn = findings.series.len().min(MOST_PANELS);
    let cell = TICKS + WIDTH + NAMES;
    let width = 2.0 * MARGIN + drawn.clamp(2, ACROSS) as f64 * cell;
    let mut scene = Scene::new(
        width,
        TOP + drawn.div_ceil(ACROSS) as f64 * ROW - BETWEEN + MARGIN,
    );
    let room = width - 2.0 * MARGIN;
    let title = format!("{}: what came of predictions", log_name(&findings.name));
    scene.text(&TITLE.shortened(&title, room)?, (MARGIN, 36.0), TITLE);
    let rest = match findings.series.len() - drawn {
        0 => String::new(),
        n => format!(" {n} more are in the tables."),
    };
    let about =
        format!("Mean utility by bin of the prediction, with 95 % intervals over prompts.{rest}");
    scene.text(&SUBTITLE.shortened(&about, room)?, (MARGIN, 57.0), SUBTITLE);
    for (i, series) in findings.series.iter().take(drawn).enumerate() {
        let left = MARGIN + TICKS + cell * (i % ACROSS) as f64;
        let top = TOP + ROW * (i / ACROSS) as f64;
        panel(&mut scene, series, (left, top))?;
    }
    Ok(scene)
}

/// One kind of forecast, the upper left corner of its plot at `(left, top)`.
fn panel(scene: &mut Scene, series: &Series, (left, top): Point) -> Result<(), PlotError> {
    let bins = &series.calibration.bins;
    let observed = bins.iter().map(|bin| {
        let value = Value::of(&bin.observed);
        // What lies outside of [0, 1] is not for a mean of utilities.
        let ci = value
            .ci
            .map(|(lo, hi)| (lo.clamp(0.0, 1.0), hi.clamp(0.0, 1.0)));
        (bin.predicted, Value { ci, ..value })
    });
    let on = |x: f64| Value {
        mean: Some(x),
        ..Value::default()
    };
    let curves = vec![
        Curve {
            kind: Kind::Beside(1),
            name: "calibrated".to_owned(),
            values: [0.0, 1.0].map(|x| (x, on(x))).into(),
        },
        Curve {
            kind: Kind::Policy,
            name: "observed".to_owned(),
            values: observed.collect(),
        },
    ];
    let places = Axis::linear(0.0, 1.0, TICKS_ACROSS);
    let axis = Axis::linear(0.0, 1.0, TICKS_ACROSS);
    let name = HEADING.shortened(&series.name, WIDTH + NAMES - 8.0)?;
    scene.text(&name, (left, top - 14.0), HEADING);
    let panel = Panel {
        curves,
        places: &places,
        axis,
        size: (WIDTH, HEIGHT),
        reference: (0.0, None),
    };
    panel.draw(scene, (left, top))?;
    let at = (left + 0.5 * WIDTH, top + HEIGHT + AXIS_TEXT);
    let centred = NOTE.anchored(HPos::Center);
    scene.text("predicted utility (0 to 1)", at, centred);
    let at = (left - 36.0, top + 0.5 * HEIGHT);
    scene.text("mean utility", at, centred.turned());
    Ok(())
}

fn alt(findings: &CalibrationFindings) -> String {
    let series = findings.series.iter().map(|series| {
        let ece = series.calibration.ece.mean.unwrap_or(f64::NAN);
        format!(" {}: calibration error {ece:.3}.", series.name)
    });
    format!(
        "Reliability diagrams of {}.{}",
        findings.name,
        series.take(MOST_PANELS).collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::calibration::{ReliabilityTally, SCHEMA};

    fn findings(series: usize, prompts: u32) -> CalibrationFindings {
        let mut tally = ReliabilityTally::new(10);
        for i in 0..prompts {
            let m = f64::from(i * 37 % 101) / 100.0;
            tally.add_prompt(&[(m, f64::from(i % 3 == 0))]);
        }
        let one = |i: usize| Series {
            name: format!("posterior after a stage with a rather long name {i} < 7"),
            calibration: tally.calibration().unwrap(),
        };
        CalibrationFindings {
            schema: SCHEMA.to_owned(),
            source: "log".to_owned(),
            name: "n".repeat(200),
            generations: 0,
            prompts: 0,
            without_prediction: 0,
            without_utility: 0,
            bins: 10,
            seed: None,
            series: (0..series).map(one).collect(),
            martingale: None,
            warnings: Vec::new(),
        }
    }

    #[test]
    fn panels_are_tidy_whatever_they_show() {
        for (series, prompts) in [(1, 1), (1, 3), (2, 40), (4, 900), (30, 900)] {
            scene(&findings(series, prompts)).unwrap().assert_tidy();
        }
        let figure = reliability(&findings(30, 900)).unwrap();
        assert!(figure.svg.contains("6 more are in the tables") && !figure.svg.contains("NaN"));
        assert!(matches!(
            reliability(&findings(0, 9)),
            Err(PlotError::Nothing(_))
        ));
    }
}
