//! What one checkpoint saves, rejects, keeps and costs, by where it stands: a row of panels for all
//! generations, and one for each model and benchmark.
//!
//! Panels below each other have the same scales, so rows can be compared; but for purity, which differs more between
//! models than a policy changes it.

use plotters::style::text_anchor::HPos;

use super::axis::{Axis, grouped, number};
use super::curve_panel::{HEIGHT, TICKS};
use super::position_columns::COLUMNS;
use super::scene::Scene;
use super::theme::{HEADING, LABEL, MARGIN, SUBTITLE, TITLE};
use super::{Figure, PlotError, draw};
use crate::study::Estimate;
use crate::study::replay::positions::{PositionCurve, PositionPoint, PositionSweep};

const NAME: &str = "savings-by-checkpoint-position";
/// More rows than this nobody reads.
const MOST_ROWS: usize = 24;
/// Where the first row begins, its heights, and the room below the last.
const TOP: f64 = 108.0;
const ROW: f64 = HEIGHT + 68.0;
const ABOVE: f64 = 34.0;
const BELOW: f64 = 44.0;
/// Ticks of the horizontal axes.
const TICKS_ACROSS: usize = 5;

/// Draws savings, rejection rates, purity and cost per retained sample over the place of one checkpoint,
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
    let places = Axis::linear(0.0, 100.0, TICKS_ACROSS);
    let mut columns = Vec::new();
    let mut width = MARGIN;
    for column in &COLUMNS {
        let axes = column.axes(&rows);
        let heading = column.heading(&axes[0]);
        let panels = rows.iter().zip(axes);
        let panels: Vec<_> = panels
            .map(|(curve, axis)| column.panel(curve, &places, axis))
            .collect();
        let left = width + TICKS;
        width = left + panels[0].across(&heading)?;
        columns.push((left, heading, panels));
    }
    width += MARGIN;
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
    let bands = "Bands: 95 % intervals, over prompts, of each by itself: both are of the same generations. The coin \
                 rejects blindly, as often as the policy does there.";
    scene.text(bands, (MARGIN, 76.0), SUBTITLE);

    for (left, heading, panels) in &columns {
        scene.text(heading, (*left, TOP), HEADING);
        for (i, panel) in panels.iter().enumerate() {
            let top = TOP + ROW * i as f64 + ABOVE;
            panel.draw(&mut scene, (*left, top))?;
        }
    }
    for (i, curve) in rows.iter().enumerate() {
        let y = TOP + ROW * i as f64 + ABOVE - 11.0;
        let name = LABEL.shortened(&in_words(curve), room)?;
        scene.text(&name, (MARGIN + TICKS, y), LABEL);
    }
    scene.text(
        "where the checkpoint stands (% of the expected length)",
        (0.5 * width, bottom + 18.0),
        LABEL.anchored(HPos::Center),
    );
    Ok(scene)
}

fn in_words(curve: &PositionCurve) -> String {
    let group = curve.group.as_ref();
    let group = group.map_or_else(|| "all generations".to_owned(), ToString::to_string);
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
    let what = "Savings per attempt, false rejection and detection rates, share of the accepted among \
                the survivors and cost per retained sample, by where one checkpoint stands in the \
                expected length.";
    what.to_owned() + &rows.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::made_up::estimate;

    fn point(fraction: f64, savings: Option<f64>, cost: Option<f64>) -> PositionPoint {
        let of = |mean| estimate(mean, Some(0.02));
        PositionPoint {
            fraction,
            savings: of(savings),
            null_savings: of(Some(0.1)),
            false_rejection_rate: of(Some(0.03)),
            detection_rate: of(Some(fraction)),
            cost_ratio: of(cost),
            null_cost_ratio: of(Some(1.05)),
            purity_before: of(Some(0.4)),
            purity_after: of(Some(0.5)),
        }
    }

    fn sweep(groups: usize, points: &[PositionPoint]) -> PositionSweep {
        let curve = PositionCurve {
            group: None,
            records: 1234,
            points: points.to_vec(),
        };
        PositionSweep {
            schema: "test".to_owned(),
            policy: "p & q".to_owned(),
            validators: vec!["sums".to_owned(), "signs".to_owned()],
            prompts: 100,
            curves: vec![curve; groups + 1],
        }
    }

    fn usual() -> Vec<PositionPoint> {
        let tenths = (1..=10).map(|i| 0.1 * f64::from(i));
        tenths
            .map(|x| point(x, Some(0.5 * x * (1.0 - x)), Some(1.2 - x * (1.0 - x))))
            .collect()
    }

    #[test]
    fn curves_and_axes_are_text() {
        let figure = savings_by_checkpoint_position(&sweep(2, &usual())).unwrap();
        for (text, times) in [
            (
                "p &amp; q: one checkpoint that rejects at an alarm of sums, signs",
                1,
            ),
            ("all generations (1,234)", 3),
            ("Rejected (%)", 1),
            ("of the accepted", 3),
            ("policy", 9),
            ("break-even", 3),
        ] {
            let found = figure.svg.matches(&format!(">\n{text}\n</text>")).count();
            assert_eq!(found, times, "{text}");
        }
        let text = "saves most, 12.5 %, at 50 %; lowest cost ratio, 0.950, at 50 %";
        assert!(figure.alt.contains(text), "{}", figure.alt);
        let again = savings_by_checkpoint_position(&sweep(2, &usual())).unwrap();
        assert_eq!(figure, again);
    }

    #[test]
    fn a_single_group_is_not_drawn_twice() {
        let svg = savings_by_checkpoint_position(&sweep(1, &usual()))
            .unwrap()
            .svg;
        assert_eq!(svg.matches(">\nall generations").count(), 1);
    }

    #[test]
    fn nothing_is_cut_off_or_hidden() {
        for groups in [0, 2, 23] {
            scene(&sweep(groups, &usual())).unwrap().assert_tidy();
        }
        for halves in -12..24 {
            let cost = libm::pow(10.0, 0.5 * f64::from(halves));
            let far = [
                point(0.5, Some(-cost), Some(cost)),
                point(1.0, Some(0.0), Some(1.0)),
            ];
            scene(&sweep(0, &far)).unwrap().assert_tidy();
        }
        let mut long = sweep(0, &usual());
        long.policy = "m".repeat(300);
        scene(&long).unwrap().assert_tidy();
    }

    #[test]
    fn what_is_undefined_is_a_gap() {
        let count = |points: &[PositionPoint], what: &str| {
            let sweep = sweep(0, points);
            scene(&sweep).unwrap().assert_tidy();
            let svg = savings_by_checkpoint_position(&sweep).unwrap().svg;
            assert!(!svg.contains("NaN") && !svg.contains("inf"));
            // The coin is dashed: of the full lines each is one.
            let full = svg.lines().filter(|line| !line.contains("#D55E00"));
            full.map(|line| line.matches(what).count()).sum::<usize>()
        };
        let mut points = usual();
        assert_eq!(count(&points, "<polyline"), 5);
        points[4] = point(0.5, None, Some(f64::INFINITY));
        assert_eq!(count(&points, "<polyline"), 7);
        let none = [point(0.1, None, Some(f64::NAN)), point(0.2, None, None)];
        assert_eq!(count(&none, "policy: undefined"), 2);
        assert_eq!(count(&none, "<polyline"), 3);
    }

    #[test]
    fn no_place_and_too_many_groups_are_refused() {
        assert!(matches!(
            savings_by_checkpoint_position(&sweep(2, &[])),
            Err(PlotError::Nothing(_))
        ));
        assert!(matches!(
            savings_by_checkpoint_position(&sweep(24, &usual())),
            Err(PlotError::TooMany { given: 25, .. })
        ));
    }
}
