//! The feasible region of audited rows: how much longer the rejected generations would have had to be,
//! over the false rejection rate. A row is possible above its curve.

use plotters::style::text_anchor::HPos;

use super::axis::{Axis, number};
use super::curve_panel::{ALONE, Curve, Kind, Panel, TICKS};
use super::scene::Scene;
use super::theme::{AXIS_TEXT, HEADING, LABEL, MARGIN, SUBTITLE, TITLE};
use super::value::Value;
use super::{Figure, PlotError, draw};
use crate::study::audit::{AuditFindings, Place, Quantity, Range, RowFindings};

const NAME: &str = "feasible-region";
/// Names of rows are at most this wide, and so far from the panel.
const NAMES: f64 = 250.0;
const BESIDE: f64 = 24.0;
/// Where the panel begins, and the room below it.
const TOP: f64 = 126.0;
const BELOW: f64 = 62.0;
/// More lines than this nobody tells apart.
const MOST_LINES: usize = 6;
/// A curve ends where its ratio leaves these.
const LEAST: f64 = 0.1;
const LARGEST: f64 = 1000.0;

/// Draws the least length ratio over the false rejection rate, at most six curves, each once: of rows
/// whose numbers can hold together, or of the others where there are no such rows.
pub fn feasible_region(findings: &AuditFindings) -> Result<Figure, PlotError> {
    let rows = shown(findings);
    if rows.is_empty() {
        let message = "no row has accuracy before and after together with savings that they allow";
        return Err(PlotError::Nothing(message));
    }
    draw::figure(NAME, &scene(findings, &rows)?, &alt(&rows))
}

fn shown(findings: &AuditFindings) -> Vec<&RowFindings> {
    let with_region = |row: &&RowFindings| row.region.iter().any(is_drawn);
    let mut rows: Vec<&RowFindings> = Vec::new();
    let all: Vec<&RowFindings> = findings.rows.iter().filter(with_region).collect();
    let some = all.iter().any(|row| row.account.consistent);
    for row in all {
        let known = rows.iter().any(|other| other.region == row.region);
        if !known && row.account.consistent == some && rows.len() < MOST_LINES {
            rows.push(row);
        }
    }
    rows
}

fn is_drawn(place: &Place) -> bool {
    (LEAST..=LARGEST).contains(&place.length_ratio_min.lo)
}

fn scene(findings: &AuditFindings, rows: &[&RowFindings]) -> Result<Scene, PlotError> {
    let mut names = Vec::new();
    for row in rows {
        names.push(LABEL.shortened(&row.name, NAMES)?);
    }
    let mut widest: f64 = 0.0;
    for name in &names {
        widest = widest.max(LABEL.width(name)?);
    }
    let width = MARGIN + TICKS + ALONE.0 + BESIDE + widest + MARGIN;
    let room = width - 2.0 * MARGIN;
    let mut scene = Scene::new(width, TOP + ALONE.1 + BELOW);
    let title = format!("What would have to hold: {}", findings.name);
    scene.text(&TITLE.shortened(&title, room)?, (MARGIN, 36.0), TITLE);
    let about = "Each row is possible above its curve. At 1 the rejected are as long as the kept.";
    scene.text(&SUBTITLE.shortened(about, room)?, (MARGIN, 57.0), SUBTITLE);
    let rings = "Rings: published false rejections. Curves: by published savings and accuracy.";
    scene.text(&SUBTITLE.shortened(rings, room)?, (MARGIN, 76.0), SUBTITLE);
    let places = rows.iter().flat_map(|row| &row.region);
    let drawn = places.filter(|place| is_drawn(place));
    let ends = drawn.map(|place| place.length_ratio_min.lo);
    let (lo, hi) = ends.fold((0.8_f64, 1.25_f64), |(lo, hi), x| (lo.min(x), hi.max(x)));
    let mut curves = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        let value = |range: Range| Value {
            mean: Some(range.lo),
            ci: (!range.is_point()).then(|| (range.lo, range.hi.min(LARGEST))),
            exact: None,
        };
        let places = row.region.iter().filter(|place| is_drawn(place));
        curves.push(Curve {
            kind: Kind::Line(i),
            name: names[i].clone(),
            values: places
                .map(|p| (100.0 * p.false_rejection, value(p.length_ratio_min)))
                .collect(),
        });
    }
    for (i, row) in rows.iter().enumerate() {
        let Some((share, ratio)) = published(row).filter(|&(_, ratio)| lo <= ratio && ratio <= hi)
        else {
            continue;
        };
        let value = Value {
            mean: Some(ratio),
            ..Value::default()
        };
        curves.insert(
            i,
            Curve {
                kind: Kind::Published(i),
                name: String::new(),
                values: vec![(100.0 * share, value)],
            },
        );
    }
    let left = MARGIN + TICKS;
    let panel = Panel {
        curves,
        places: &Axis::linear(0.0, 100.0, 5),
        axis: Axis::logarithmic(lo, hi),
        size: ALONE,
        reference: (1.0, None),
    };
    let heading = "Mean length, rejected / kept, at least (log)";
    scene.text(heading, (left, TOP - 22.0), HEADING);
    panel.draw(&mut scene, (left, TOP))?;
    let at = (left + 0.5 * ALONE.0, TOP + ALONE.1 + AXIS_TEXT);
    scene.text(
        "false rejections (% of the good)",
        at,
        LABEL.anchored(HPos::Center),
    );
    Ok(scene)
}

/// The published false rejection rate of a row, if it is one number, and the least length ratio there.
fn published(row: &RowFindings) -> Option<(f64, f64)> {
    let share = row
        .account
        .shares
        .iter()
        .find(|share| share.name == Quantity::FalseRejection)?;
    let published = share.published.filter(Range::is_point)?;
    Some((published.lo, row.account.length_ratio_min?.lo))
}

fn alt(rows: &[&RowFindings]) -> String {
    let of = |row: &&RowFindings| {
        let first = row
            .region
            .first()
            .map_or(f64::NAN, |p| p.length_ratio_min.lo);
        let from = row
            .region
            .first()
            .map_or(f64::NAN, |p| 100.0 * p.false_rejection);
        let equal = row.region.iter().find(|p| p.length_ratio_min.lo <= 1.0);
        let equal = equal.map_or_else(
            || "above 1 throughout".to_owned(),
            |p| {
                format!(
                    "at most 1 from {} % on",
                    number(100.0 * p.false_rejection, 0)
                )
            },
        );
        let published = published(row).map_or_else(String::new, |(share, ratio)| {
            format!(
                ", {} at the published {} %",
                number(ratio, 1),
                number(100.0 * share, 1)
            )
        });
        format!(
            "{}: at least {} at a false rejection rate of {} %{published}, {equal}",
            row.name,
            number(first, 1),
            number(from, 0)
        )
    };
    format!(
        "The least ratio of the mean lengths of rejected and kept generations over the false rejection rate. {}.",
        rows.iter().map(of).collect::<Vec<_>>().join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::Interrupt;
    use crate::study::audit::{Spec, audit};

    fn findings(rows: &[&str]) -> AuditFindings {
        let numbered = rows.iter().enumerate();
        let rows: Vec<String> = numbered
            .map(|(i, row)| format!("[[row]]\nname = \"row {i}\"\n{row}\n"))
            .collect();
        let head = "schema = \"foldem.audit/1\"\nname = \"claims\"\n";
        let text = head.to_owned() + &rows.concat();
        audit(&Spec::parse("rows", &text).unwrap(), &Interrupt::default()).unwrap()
    }

    #[test]
    fn curves_are_tidy_and_drawn_once() {
        let rated = "accuracy_before = 0.72\naccuracy_after = 0.734\nsavings = 0.774\nfalse_rejection = 0.032";
        let figure = feasible_region(&findings(&[rated])).unwrap();
        assert!(
            figure.alt.contains("at the published 3.2 %"),
            "{}",
            figure.alt
        );
        let row = "accuracy_before = 0.72\naccuracy_after = 0.734\nsavings = 0.774";
        let wide = "accuracy_before = [0.5, 0.6]\naccuracy_after = 0.7\nsavings = [0.1, 0.9]";
        let falls = "accuracy_before = 0.7\naccuracy_after = 0.5\nsavings = 0.001";
        for rows in [
            &[row][..],
            &[rated, wide],
            &[row, row, wide],
            &[wide, falls, row],
        ] {
            let findings = findings(rows);
            let shown = shown(&findings);
            assert!(shown.len() <= 2 || rows[0] == wide);
            scene(&findings, &shown).unwrap().assert_tidy();
            let figure = feasible_region(&findings).unwrap();
            assert_eq!(figure, feasible_region(&findings).unwrap());
        }
        let alt = feasible_region(&findings(&[row])).unwrap().alt;
        assert!(alt.contains("at most 1 from 77 % on"), "{alt}");
    }

    #[test]
    fn rows_without_a_region_are_refused() {
        let findings = findings(&["accuracy_before = 0.5\nsavings = 0.2"]);
        assert!(matches!(
            feasible_region(&findings),
            Err(PlotError::Nothing(_))
        ));
    }
}
