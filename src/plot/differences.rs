//! What policies do beyond the first of them: a panel per figure, a row per policy.
//!
//! A disc is the difference, a bar the interval that holds together with those of the other
//! policies, the upright line the first policy. A hollow disc is a difference that is not told from
//! 0 or rests on too few generations, so that nobody takes its side for an answer.

use plotters::style::text_anchor::HPos;

use super::axis::{Axis, Place};
use super::scene::{Point, Scene};
use super::theme::{
    AXIS_TEXT, FAINT, HAIRLINE, HEADING, INK, LABEL, MARGIN, MARK, NOTE, REFERENCE, SUBJECT,
    SUBTITLE, TITLE, WHISKER,
};
use super::tick_texts;
use super::{Figure, PlotError, draw};
use crate::study::comparison::{ComparisonFindings, Difference, Verdict};

const NAME: &str = "differences";
/// More policies than this nobody tells apart.
const MOST_ROWS: usize = 40;
/// Figure, heading, unit, and which side is better.
const PANELS: [(&str, &str, f64, &str); 4] = [
    (
        "cost_ratio",
        "Cost per retained sample",
        1.0,
        "ratio to full generation; left is cheaper",
    ),
    (
        "savings",
        "Savings per attempt",
        100.0,
        "points of per cent; right saves more",
    ),
    (
        "false_rejection_rate",
        "False rejection rate",
        100.0,
        "points of per cent; left loses less",
    ),
    (
        "detection_rate",
        "Detection rate",
        100.0,
        "points of per cent; right detects more",
    ),
];
const WIDTH: f64 = 330.0;
const BETWEEN: f64 = 40.0;
const ROW: f64 = 26.0;
/// Room above and below the rows of a panel.
const ABOVE: f64 = 34.0;
const BELOW: f64 = 58.0;
/// Where title and key end.
const HEAD: f64 = 100.0;
/// Room for the names of policies, at least and at most.
const NAMES: Point = (90.0, 260.0);
/// Room at both ends of a panel for a mark or an arrow.
const END: f64 = 12.0;
const TICKS: usize = 5;

/// Draws the differences of each policy from the first, with their simultaneous intervals.
pub fn differences_from_first(findings: &ComparisonFindings) -> Result<Figure, PlotError> {
    draw::figure(NAME, &scene(findings)?, &alt(findings))
}

fn scene(findings: &ComparisonFindings) -> Result<Scene, PlotError> {
    let rows = &findings.against_first;
    if rows.is_empty() {
        return Err(PlotError::Nothing("no policy is held against the first"));
    }
    if rows.len() > MOST_ROWS {
        return Err(PlotError::TooMany {
            what: "policies",
            given: rows.len(),
            most: MOST_ROWS,
        });
    }
    let mut names = Vec::new();
    let mut room = NAMES.0;
    for row in rows {
        let name = LABEL.shortened(&row.policy, NAMES.1)?;
        room = room.max(LABEL.width(&name)?);
        names.push(name);
    }
    let left = MARGIN + room + 16.0;
    let width = left + 2.0 * WIDTH + BETWEEN + MARGIN;
    let panel = ABOVE + ROW * rows.len() as f64 + BELOW;
    let mut scene = Scene::new(width, HEAD + 2.0 * panel + MARGIN);
    let first = findings.policies.first().map_or("", |p| &p.policy);
    let title = TITLE.shortened(&format!("Each policy less {first}"), width - 2.0 * MARGIN)?;
    scene.text(&title, (MARGIN, 36.0), TITLE);
    let hint = "On the same generations, with 95 % intervals over prompts that hold for all policies \
                together.";
    scene.text(hint, (MARGIN, 57.0), SUBTITLE);
    key(&mut scene, (MARGIN, 82.0))?;
    for (i, (name, heading, unit, label)) in PANELS.iter().enumerate() {
        let (across, down) = ((i % 2) as f64, (i / 2) as f64);
        let x = left + across * (WIDTH + BETWEEN);
        let y = HEAD + down * panel + ABOVE;
        if i % 2 == 0 {
            for (row, name) in names.iter().enumerate() {
                let middle = y + ROW * (row as f64 + 0.5);
                scene.text(name, (MARGIN, middle + 4.5), LABEL);
            }
        }
        let values = rows.iter().map(|row| {
            let found = row.differences.iter().find(|d| d.name == *name);
            scaled(found.map_or_else(Difference::default, |d| d.value), *unit)
        });
        draw_panel(
            &mut scene,
            (x, y),
            (heading, label),
            &values.collect::<Vec<_>>(),
        )?;
    }
    Ok(scene)
}

/// Explains the marks, on one line with its baseline at `y`.
fn key(scene: &mut Scene, (mut x, y): Point) -> Result<(), PlotError> {
    let middle = y - 4.5;
    for (told, text) in [
        (true, "told from the first policy"),
        (false, "not told from it"),
    ] {
        mark(scene, (x + 6.0, middle), told);
        scene.text(text, (x + 18.0, y), LABEL);
        x += 18.0 + LABEL.width(text)? + 24.0;
    }
    Ok(())
}

fn mark(scene: &mut Scene, at: Point, told: bool) {
    if told {
        scene.disc(at, MARK, SUBJECT);
    } else {
        scene.ring(at, MARK, SUBJECT);
    }
}

/// What is drawn of a difference.
struct Shown {
    value: Option<(f64, [f64; 2])>,
    told: bool,
}

fn scaled(difference: Difference, unit: f64) -> Shown {
    let value = difference.estimate.mean.zip(difference.simultaneous);
    let verdict = difference.verdict;
    Shown {
        value: value.map(|(mean, ci)| (unit * mean, ci.map(|x| unit * x))),
        told: matches!(verdict, Verdict::Higher | Verdict::Lower),
    }
}

/// An axis that holds 0, all differences, and their intervals but for those far wider than the others.
fn axis(values: &[Shown]) -> Axis {
    let values = || values.iter().filter_map(|v| v.value);
    let (lo, hi) = values().fold((0.0_f64, 0.0_f64), |(lo, hi), (mean, _)| {
        (lo.min(mean), hi.max(mean))
    });
    let half = |(mean, [lo, hi]): (f64, [f64; 2])| (mean - lo).max(hi - mean);
    let mut halves: Vec<f64> = values().map(half).collect();
    halves.sort_by(f64::total_cmp);
    let largest = halves.last().copied().unwrap_or(0.0);
    let usual = halves.get(halves.len() / 2).copied().unwrap_or(0.0);
    let stretch = largest.min(3.0 * usual.max(hi - lo)).max(1e-9);
    let free = 0.05 * (hi - lo + 2.0 * stretch);
    Axis::linear(lo - stretch - free, hi + stretch + free, TICKS)
}

fn draw_panel(
    scene: &mut Scene,
    (left, top): Point,
    (heading, label): (&str, &str),
    values: &[Shown],
) -> Result<(), PlotError> {
    let axis = axis(values);
    let bottom = top + ROW * values.len() as f64;
    let x = |value: f64| left + END + axis.place(value).clamped() * (WIDTH - 2.0 * END);
    scene.text(heading, (left, top - 14.0), HEADING);
    for (tick, _) in axis.ticks() {
        scene.upright(x(tick), (top, bottom + 5.0), HAIRLINE, FAINT);
    }
    let texts = axis.ticks().map(|(tick, text)| (x(tick), text));
    tick_texts::draw(scene, texts, bottom)?;
    scene.level(bottom, (left, left + WIDTH), HAIRLINE, REFERENCE);
    let centre = left + 0.5 * WIDTH;
    scene.text(
        label,
        (centre, bottom + AXIS_TEXT),
        NOTE.anchored(HPos::Center),
    );
    scene.upright(x(0.0), (top, bottom), 2.0 * HAIRLINE, INK);
    for (row, shown) in values.iter().enumerate() {
        let y = top + ROW * (row as f64 + 0.5);
        let Some((mean, [lo, hi])) = shown.value else {
            let text = "undefined";
            let beside = x(0.0) + 8.0;
            let fits = beside + NOTE.width(text)? < left + WIDTH;
            let at = if fits { beside } else { left + END };
            scene.text(text, (at, y + 4.5), NOTE);
            continue;
        };
        scene.level(y, (x(lo), x(hi)), WHISKER, SUBJECT);
        if axis.place(lo) == Place::Before {
            scene.arrow((x(lo) - 0.8 * END, y), (-1.0, 0.0), SUBJECT);
        }
        if axis.place(hi) == Place::Beyond {
            scene.arrow((x(hi) + 0.8 * END, y), (1.0, 0.0), SUBJECT);
        }
        mark(scene, (x(mean), y), shown.told);
    }
    Ok(())
}

fn alt(findings: &ComparisonFindings) -> String {
    let first = findings.policies.first().map_or("", |p| &p.policy);
    let rows = findings.against_first.iter().map(|against| {
        let shown = PANELS.map(|(name, ..)| {
            let found = against.differences.iter().find(|d| d.name == name);
            let mean = found.and_then(|d| d.value.estimate.mean);
            let mean = mean.map_or_else(|| "undefined".to_owned(), |x| super::axis::number(x, 4));
            format!("{name} {mean}")
        });
        format!(" {}: {}.", against.policy, shown.join(", "))
    });
    format!("Figures of each policy less those of {first}, on the same generations.")
        + &rows.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::comparison::{AgainstFirst, Disagreement, SCHEMA};
    use crate::study::{Estimate, Named};

    fn difference(mean: f64, half: f64, verdict: Verdict) -> Difference {
        let ci = Some([mean - half, mean + half]);
        Difference {
            estimate: Estimate {
                mean: Some(mean),
                stderr: Some(0.5 * half),
                ci,
            },
            simultaneous: ci,
            few: false,
            verdict,
        }
    }

    fn findings(policies: &[(&str, f64, f64)]) -> ComparisonFindings {
        let against = policies.iter().map(|&(policy, mean, half)| AgainstFirst {
            policy: policy.to_owned(),
            generations: Disagreement::default(),
            differences: PANELS[..3]
                .iter()
                .map(|(name, ..)| Named {
                    name: (*name).to_owned(),
                    value: difference(mean, half, Verdict::Lower),
                })
                .collect(),
        });
        ComparisonFindings {
            schema: SCHEMA,
            records: 10,
            prompts: 10,
            skipped: 0,
            partial: false,
            problem_generated: false,
            comparisons: policies.len() as u64,
            policies: Vec::new(),
            against_first: against.collect(),
            warnings: Vec::new(),
        }
    }

    #[test]
    fn nothing_is_cut_off_or_hidden() {
        for policies in [
            vec![("b", 0.1, 0.02)],
            vec![("b", 0.0, 0.0), ("same", 0.0, 0.0)],
            vec![
                ("far", -30.0, 0.1),
                ("wide", 0.01, 900.0),
                ("tiny", 1e-9, 1e-10),
            ],
        ] {
            scene(&findings(&policies)).unwrap().assert_tidy();
        }
        let long = "a very long name of a policy that nobody can read to its end ".repeat(3);
        let many: Vec<(&str, f64, f64)> = (0..MOST_ROWS)
            .map(|i| (long.as_str(), 0.01 * i as f64 - 0.2, 0.05))
            .collect();
        scene(&findings(&many)).unwrap().assert_tidy();
    }

    #[test]
    fn words_are_text_and_the_same_findings_give_the_same_bytes() {
        let found = findings(&[("late <b", -0.02, 0.01)]);
        let figure = differences_from_first(&found).unwrap();
        assert_eq!(differences_from_first(&found).unwrap(), figure);
        for text in ["late &lt;b", "Detection rate", "undefined"] {
            assert!(
                figure.svg.contains(&format!(">\n{text}\n</text>")),
                "{text}"
            );
        }
        assert!(figure.alt.contains("late <b: cost_ratio −0.0200"));
    }

    #[test]
    fn none_and_too_many_are_refused() {
        let none = differences_from_first(&findings(&[]))
            .unwrap_err()
            .to_string();
        assert_eq!(
            none,
            "there is nothing to draw: no policy is held against the first"
        );
        let many = vec![("again", 0.1, 1.0); MOST_ROWS + 1];
        let many = differences_from_first(&findings(&many))
            .unwrap_err()
            .to_string();
        assert_eq!(
            many,
            "a figure shows at most 40 policies, not 41: give it fewer"
        );
    }
}
