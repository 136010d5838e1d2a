//! Which ranges decide a figure: a panel per figure, two bars per range.
//!
//! The filled bar is the share of the variance that a range explains alone, the pale bar behind it the
//! share that it takes part in; whiskers are 95 % intervals. What sticks out of the filled bar is
//! owed to interactions.

use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use super::axis::{Axis, grouped, number};
use super::scene::{Point, Scene, capitalised};
use super::theme::{
    AXIS_TEXT, FAINT, HAIRLINE, HEADING, INK, LABEL, MARGIN, NOTE, PALE, REFERENCE, SUBJECT,
    SUBTITLE, TICK_TEXT, TITLE,
};
use super::{Figure, PlotError, draw};
use crate::study::Estimate;
use crate::study::sensitivity::{FigureFindings, SensitivityFindings};

const NAME: &str = "sensitivity";
/// Figure and heading.
const PANELS: [(&str, &str); 3] = [
    ("savings", "Savings"),
    ("cost_ratio", "Cost per retained sample"),
    ("false_rejection_rate", "False rejection rate"),
];
const WIDTH: f64 = 250.0;
const BETWEEN: f64 = 44.0;
const ROW: f64 = 34.0;
/// Height of a bar.
const BAR: f64 = 11.0;
/// Where title and key end, room for headings, and room for ticks and their label.
const HEAD: f64 = 100.0;
const ABOVE: f64 = 30.0;
const BELOW: f64 = 60.0;
/// Room for the names of ranges, at least and at most.
const NAMES: Point = (90.0, 240.0);
const TICKS: usize = 5;

/// Draws the Sobol indices of each figure, with their intervals.
pub fn sensitivity_bars(findings: &SensitivityFindings) -> Result<Figure, PlotError> {
    draw::figure(NAME, &scene(findings)?, &alt(findings))
}

fn scene(findings: &SensitivityFindings) -> Result<Scene, PlotError> {
    if findings.ranges.is_empty() {
        return Err(PlotError::Nothing("nothing lies in a range"));
    }
    let mut names = Vec::new();
    let mut room = NAMES.0;
    for range in &findings.ranges {
        let name = LABEL.shortened(&range.name, NAMES.1)?;
        room = room.max(LABEL.width(&name)?);
        names.push(name);
    }
    let left = MARGIN + room + 16.0;
    let panels = PANELS.len() as f64;
    let width = left + panels * WIDTH + (panels - 1.0) * BETWEEN + MARGIN;
    let top = HEAD + ABOVE;
    let bottom = top + ROW * names.len() as f64;
    let mut scene = Scene::new(width, bottom + BELOW);
    let title = format!("{}: what decides", capitalised(&findings.name));
    let title = TITLE.shortened(&title, width - 2.0 * MARGIN)?;
    scene.text(&title, (MARGIN, 36.0), TITLE);
    let about = format!(
        "Share of the variance over the box, by Sobol indices with 95 % intervals; exact at {} points.",
        grouped(findings.points)
    );
    scene.text(&about, (MARGIN, 57.0), SUBTITLE);
    key(&mut scene, (MARGIN, 82.0))?;
    for (row, name) in names.iter().enumerate() {
        let middle = top + ROW * (row as f64 + 0.5);
        scene.text(name, (MARGIN, middle + 4.5), LABEL);
    }
    let axis = axis(findings);
    for (i, (name, heading)) in PANELS.iter().enumerate() {
        let x = left + i as f64 * (WIDTH + BETWEEN);
        scene.text(heading, (x, HEAD + 14.0), HEADING);
        if let Some(figure) = findings.figures.iter().find(|f| f.name == *name) {
            panel(&mut scene, figure, &axis, (x, top), bottom);
        }
    }
    Ok(scene)
}

/// Explains the bars, on one line with its baseline at `y`.
fn key(scene: &mut Scene, (mut x, y): Point) -> Result<(), PlotError> {
    for (color, text) in [(SUBJECT, "alone"), (PALE, "with interactions")] {
        scene.rectangle((x, y - 10.0), (x + 18.0, y), color);
        scene.text(text, (x + 26.0, y), LABEL);
        x += 26.0 + LABEL.width(text)? + 24.0;
    }
    Ok(())
}

/// One axis for all panels: from 0, or from an interval below it, to 1 or beyond.
fn axis(findings: &SensitivityFindings) -> Axis {
    let indices = findings.figures.iter().flat_map(|f| &f.indices);
    let ends = indices.flat_map(|i| [i.first.ci, i.total.ci]).flatten();
    let (lo, hi) = ends.fold((0.0_f64, 1.0_f64), |(lo, hi), [a, b]| {
        (lo.min(a), hi.max(b))
    });
    // Far wider intervals than that say nothing; they are cut at the edge.
    Axis::linear(lo.max(-0.5), hi.min(1.5), TICKS)
}

fn panel(scene: &mut Scene, figure: &FigureFindings, axis: &Axis, (left, top): Point, bottom: f64) {
    let x = |value: f64| left + axis.place(value).clamped() * WIDTH;
    for (tick, text) in axis.ticks() {
        scene.upright(x(tick), (top, bottom + 5.0), HAIRLINE, FAINT);
        scene.text(
            &text,
            (x(tick), bottom + TICK_TEXT),
            NOTE.anchored(HPos::Center),
        );
    }
    let label = (left + 0.5 * WIDTH, bottom + AXIS_TEXT);
    scene.text("share of the variance", label, LABEL.anchored(HPos::Center));
    scene.level(bottom, (left, left + WIDTH), HAIRLINE, REFERENCE);
    scene.upright(x(0.0), (top, bottom), HAIRLINE, INK);
    for (row, index) in figure.indices.iter().enumerate() {
        let middle = top + ROW * (row as f64 + 0.5);
        if index.total.mean.is_none() {
            scene.text("undefined", (x(0.0) + 8.0, middle + 4.5), NOTE);
            continue;
        }
        bar(
            scene,
            index.total,
            (middle - 0.5 * BAR, middle + BAR),
            PALE,
            &x,
        );
        bar(
            scene,
            index.first,
            (middle - BAR, middle + 0.5 * BAR),
            SUBJECT,
            &x,
        );
    }
}

/// A bar from 0 with its interval through the middle of that part which no other bar hides.
fn bar(
    scene: &mut Scene,
    index: Estimate,
    (top, bottom): Point,
    color: RGBColor,
    x: &impl Fn(f64) -> f64,
) {
    let Some(value) = index.mean else { return };
    let (from, to) = (x(value.min(0.0)), x(value.max(0.0)));
    scene.rectangle((from, top), (to, bottom), color);
    if let Some([lo, hi]) = index.ci {
        let y = if color == PALE {
            bottom - 0.25 * BAR
        } else {
            top + 0.25 * BAR
        };
        scene.interval(y, (x(lo), x(hi)), INK);
    }
}

fn alt(findings: &SensitivityFindings) -> String {
    let figures = findings.figures.iter().map(|figure| {
        let ranges = findings.ranges.iter().zip(&figure.indices);
        let ranges = ranges.map(|(range, index)| {
            let shown = |e: Estimate| e.mean.map_or("undefined".to_owned(), |x| number(x, 3));
            format!(
                "{} {} alone and {} with interactions",
                range.name,
                shown(index.first),
                shown(index.total)
            )
        });
        format!(
            " {}: {}.",
            figure.name,
            ranges.collect::<Vec<_>>().join(", ")
        )
    });
    format!("Sobol indices of {}.", findings.name) + &figures.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::sensitivity::{IndexFindings, Law, RangeFindings, SCHEMA};

    fn estimate(mean: f64, half: f64) -> Estimate {
        Estimate {
            mean: Some(mean),
            stderr: Some(0.5 * half),
            ci: Some([mean - half, mean + half]),
        }
    }

    fn findings(names: &[&str], indices: &[(f64, f64, f64)]) -> SensitivityFindings {
        let figure = |(name, _): (&str, &str), known: bool| FigureFindings {
            name: name.to_owned(),
            undefined: u64::from(!known),
            undefined_at: None,
            mean: Estimate::default(),
            sd: Estimate::default(),
            least: None,
            greatest: None,
            central_90: None,
            indices: indices
                .iter()
                .map(|&(first, total, half)| IndexFindings {
                    first: if known {
                        estimate(first, half)
                    } else {
                        Estimate::default()
                    },
                    total: if known {
                        estimate(total, half)
                    } else {
                        Estimate::default()
                    },
                    ..IndexFindings::default()
                })
                .collect(),
        };
        SensitivityFindings {
            schema: SCHEMA.to_owned(),
            name: "made up < this".to_owned(),
            scenario: "none".to_owned(),
            seed: 1,
            rows: 128,
            points: 640,
            ranges: names
                .iter()
                .map(|name| RangeFindings {
                    name: (*name).to_owned(),
                    keys: Vec::new(),
                    law: Law::Uniform,
                    from: 0.0,
                    to: 1.0,
                })
                .collect(),
            figures: vec![
                figure(PANELS[0], true),
                figure(PANELS[1], false),
                figure(PANELS[2], true),
            ],
        }
    }

    #[test]
    fn nothing_is_cut_off_or_hidden() {
        let long = "a very long name of a range that nobody reads to its end".repeat(2);
        for (names, indices) in [
            (vec!["a"], vec![(0.3, 0.5, 0.02)]),
            (
                vec!["error rate", &long],
                vec![(-0.1, 0.0, 0.05), (0.9, 1.1, 7.0)],
            ),
        ] {
            scene(&findings(&names, &indices)).unwrap().assert_tidy();
        }
        assert!(sensitivity_bars(&findings(&[], &[])).is_err());
    }

    #[test]
    fn words_are_text_and_the_same_findings_give_the_same_bytes() {
        let found = findings(&["a", "b"], &[(0.3, 0.5, 0.02), (0.4, 0.6, 0.02)]);
        let figure = sensitivity_bars(&found).unwrap();
        assert_eq!(sensitivity_bars(&found).unwrap(), figure);
        for text in [
            "Made up &lt; this: what decides",
            "with interactions",
            "share of the variance",
            "undefined",
        ] {
            assert!(
                figure.svg.contains(&format!(">\n{text}\n</text>")),
                "{text}"
            );
        }
        assert!(
            figure
                .alt
                .contains("savings: a 0.300 alone and 0.500 with interactions")
        );
    }
}
