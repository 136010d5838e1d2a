//! The feasible region of audited rows: how much longer the rejected generations would have had to be,
//! over the false rejection rate. A row is possible above its curve.

use plotters::style::text_anchor::HPos;

use super::axis::{Axis, number};
use super::curve_panel::{Curve, HEIGHT, Kind, Panel, TICKS, WIDTH};
use super::scene::Scene;
use super::theme::{HEADING, LABEL, MARGIN, SUBTITLE, TITLE};
use super::value::Value;
use super::{Figure, PlotError, draw};
use crate::study::audit::{AuditFindings, RowFindings};

const NAME: &str = "feasible-region";
/// Room to the right of the panel for the names of the rows.
const NAMES: f64 = 290.0;
/// Where the panel begins, and the room below it.
const TOP: f64 = 108.0;
const BELOW: f64 = 58.0;
/// More lines than this nobody tells apart.
const MOST_LINES: usize = 6;
/// Ratios outside are drawn at the edge.
const LEAST: f64 = 0.1;
const LARGEST: f64 = 1000.0;

/// Draws the least length ratio over the false rejection rate, at most six curves: of the first rows
/// that have one, each curve once.
pub fn feasible_region(findings: &AuditFindings) -> Result<Figure, PlotError> {
    let rows = shown(findings);
    if rows.is_empty() {
        let message = "no row has accuracy before and after together with savings that they allow";
        return Err(PlotError::Nothing(message));
    }
    draw::figure(NAME, &scene(findings, &rows)?, &alt(&rows))
}

fn shown(findings: &AuditFindings) -> Vec<&RowFindings> {
    let mut rows: Vec<&RowFindings> = Vec::new();
    for row in findings.rows.iter().filter(|row| !row.region.is_empty()) {
        let known = rows.iter().any(|other| other.region == row.region);
        if !known && rows.len() < MOST_LINES {
            rows.push(row);
        }
    }
    rows
}

fn scene(findings: &AuditFindings, rows: &[&RowFindings]) -> Result<Scene, PlotError> {
    let width = MARGIN + TICKS + WIDTH + NAMES + MARGIN;
    let room = width - 2.0 * MARGIN;
    let mut scene = Scene::new(width, TOP + HEIGHT + BELOW);
    let title = format!("What would have to hold: {}", findings.name);
    scene.text(&TITLE.shortened(&title, room)?, (MARGIN, 36.0), TITLE);
    let about = "Each row is possible above its curve. At 1 the rejected are as long as the kept.";
    scene.text(&SUBTITLE.shortened(about, room)?, (MARGIN, 57.0), SUBTITLE);
    let places = rows.iter().flat_map(|row| &row.region);
    let ends = places.map(|place| place.length_ratio_min.lo.clamp(LEAST, LARGEST));
    let (lo, hi) = ends.fold((0.8_f64, 1.25_f64), |(lo, hi), x| (lo.min(x), hi.max(x)));
    let mut curves = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        let value = |range: crate::study::audit::Range| {
            let clamped = |x: f64| x.clamp(lo, hi);
            Value {
                mean: Some(clamped(range.lo)),
                ci: (!range.is_point()).then(|| (clamped(range.lo), clamped(range.hi))),
                exact: None,
            }
        };
        let places = row.region.iter();
        curves.push(Curve {
            kind: Kind::Line(i),
            name: LABEL.shortened(&row.name, NAMES - 30.0)?,
            values: places
                .map(|p| (100.0 * p.false_rejection, value(p.length_ratio_min)))
                .collect(),
        });
    }
    let left = MARGIN + TICKS;
    let panel = Panel {
        curves,
        places: &Axis::linear(0.0, 100.0, 5),
        axis: &Axis::logarithmic(lo, hi),
        reference: (1.0, None),
    };
    let heading = "Mean length, rejected / kept, at least (log)";
    scene.text(heading, (left, TOP - 22.0), HEADING);
    panel.draw(&mut scene, (left, TOP))?;
    let at = (left + 0.5 * WIDTH, TOP + HEIGHT + 40.0);
    scene.text("false rejections (%)", at, LABEL.anchored(HPos::Center));
    Ok(scene)
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
            || "never falls to 1".to_owned(),
            |p| format!("falls to 1 at {} %", number(100.0 * p.false_rejection, 0)),
        );
        format!(
            "{}: at least {} at a false rejection rate of {} %, {equal}",
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
