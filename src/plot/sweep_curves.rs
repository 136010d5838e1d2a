//! What savings, rejections and cost do when a number of the scenario or the policy is varied.
//!
//! Exact values: intervals of simulated ones are for the tables.

use plotters::style::text_anchor::HPos;

use super::axis::number;
use super::curve_panel::{HEIGHT, Panel, TICKS, WIDTH};
use super::position_columns::{heading, levels};
use super::scene::{Scene, capitalised};
use super::sweep_lines::Lines;
use super::sweep_quantities::QUANTITIES;
use super::theme::{AXIS_TEXT, HEADING, LABEL, MARGIN, SUBTITLE, TITLE};
use super::value::Value;
use super::{Figure, PlotError, draw};
use crate::study::sweep::SweepFindings;

const NAME: &str = "sweep";
/// Where the panels begin, and the room below them.
const TOP: f64 = 124.0;
const BELOW: f64 = 62.0;
/// What a second line below the title takes.
const SECOND: f64 = 19.0;

/// Draws the figures over the first axis of a sweep: a line per value of the second axis or per
/// policy, at most six of them; further axes stay at their first values. Without an axis they are
/// drawn over the policies.
pub fn sweep_curves(findings: &SweepFindings) -> Result<Figure, PlotError> {
    draw::figure(NAME, &scene(findings)?, &alt(findings))
}

fn scene(findings: &SweepFindings) -> Result<Scene, PlotError> {
    if findings.axes.is_empty() && findings.policies.len() < 2 {
        return Err(PlotError::Nothing("no axis and no policy was varied"));
    }
    if findings.points.is_empty() {
        return Err(PlotError::Nothing("no point was evaluated"));
    }
    let lines = Lines::new(findings);
    let places = lines.across();
    let mut panels = Vec::new();
    let mut width = MARGIN;
    for quantity in &QUANTITIES {
        let curves = quantity.curves(&lines)?;
        let values = curves.iter().flat_map(|curve| &curve.values);
        let values: Vec<[Value; 2]> = values.map(|v| [v.1, Value::default()]).collect();
        let axis = levels(&values, quantity.reference.0, quantity.unit);
        let text = heading(quantity.heading(&lines), &axis);
        let panel = Panel {
            curves,
            places: &places,
            axis,
            size: (WIDTH, HEIGHT),
            reference: quantity.reference,
        };
        let left = width + TICKS;
        width = left + panel.across(&text)?;
        panels.push((left, text, panel));
    }
    width += MARGIN;
    let about = lines.about();
    let top = if about.is_empty() { TOP } else { TOP + SECOND };
    let mut scene = Scene::new(width, top + HEIGHT + BELOW);
    let room = width - 2.0 * MARGIN;
    let name = capitalised(&findings.name);
    let title = format!("{name}: what a policy saves, rejects and costs");
    scene.text(&TITLE.shortened(&title, room)?, (MARGIN, 36.0), TITLE);
    let coin = if lines.count() > 1 {
        "Thin lines among savings: the coin that rejects as often, blindly; hidden where it saves the same."
    } else {
        "The coin rejects as often, blindly."
    };
    let scenario = format!("Scenario {}, exact values. {coin}", findings.scenario);
    let below = [scenario, about];
    for (text, y) in below.iter().zip([57.0, 57.0 + SECOND]) {
        scene.text(&SUBTITLE.shortened(text, room)?, (MARGIN, y), SUBTITLE);
    }
    for (left, text, panel) in &panels {
        scene.text(text, (*left, top - 22.0), HEADING);
        panel.draw(&mut scene, (*left, top))?;
    }
    let log = if places.is_logarithmic() {
        " (log)"
    } else {
        ""
    };
    let across = LABEL.shortened(&format!("{}{log}", lines.over()), room)?;
    let at = (0.5 * width, top + HEIGHT + AXIS_TEXT);
    scene.text(&across, at, LABEL.anchored(HPos::Center));
    Ok(scene)
}

fn alt(findings: &SweepFindings) -> String {
    let lines = Lines::new(findings);
    let mut parts = vec![format!(
        "Savings per attempt, false rejection rate, share of the accepted among the survivors and cost per \
         retained sample of {} over {}",
        findings.scenario,
        lines.over()
    )];
    parts.extend(Some(lines.about()).filter(|about| !about.is_empty()));
    parts.extend((0..lines.count()).map(|i| {
        let costs = lines.values(i, "cost_ratio", 1.0).into_iter();
        let costs = costs.filter_map(|(x, value)| Some((x, value.mean?)));
        let lowest = costs.min_by(|a, b| a.1.total_cmp(&b.1));
        let name = lines.name(i).unwrap_or_else(|| "policy".to_owned());
        match lowest {
            Some((x, y)) => {
                let at = lines.place(x);
                format!("{name}: lowest cost ratio {} at {at}", number(y, 3))
            }
            None => format!("{name}: cost ratio undefined"),
        }
    }));
    parts.join(". ") + "."
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::sweep::{Axis, Point};

    /// Of every estimate the same value: what `of` says at the numbers of the values.
    fn sweep(
        axes: &[(&str, &[f64])],
        policies: &[&str],
        of: impl Fn(&[usize]) -> Option<f64>,
    ) -> SweepFindings {
        let mut points = Vec::new();
        for policy in 0..policies.len().max(1) {
            let total: usize = axes.iter().map(|(_, values)| values.len()).product();
            points.extend((0..total).map(|mut rest| {
                let mut at = vec![0; axes.len()];
                for (i, (_, values)) in at.iter_mut().zip(axes).rev() {
                    *i = rest % values.len();
                    rest /= values.len();
                }
                Point {
                    policy: (!policies.is_empty()).then_some(policy),
                    exact: vec![of(&at); 20],
                    at,
                    simulated: Vec::new(),
                    warnings: Vec::new(),
                }
            }));
        }
        let axis = |&(key, values): &(&str, &[f64])| Axis {
            key: key.to_owned(),
            values: values.to_vec(),
        };
        SweepFindings {
            name: "a & b".to_owned(),
            scenario: "small".to_owned(),
            seed: 1,
            attempts: 0,
            partial: false,
            axes: axes.iter().map(axis).collect(),
            policies: policies.iter().map(|&p| p.to_owned()).collect(),
            points,
        }
    }

    fn tidy(findings: &SweepFindings) -> Figure {
        scene(findings).unwrap().assert_tidy();
        sweep_curves(findings).unwrap()
    }

    fn texts(figure: &Figure, text: &str) -> usize {
        figure.svg.matches(&format!(">\n{text}\n</text>")).count()
    }

    const X: &[f64] = &[0.0, 0.1, 0.3, 0.2];

    #[test]
    fn lines_are_values_or_policies_and_named() {
        let rising = |at: &[usize]| Some(0.1 * (at[0] + 1) as f64);
        let one = tidy(&sweep(&[("x.y", X)], &[], rising));
        assert_eq!(
            [
                texts(&one, "policy"),
                texts(&one, "coin"),
                texts(&one, "x.y")
            ],
            [3, 3, 1]
        );
        let two = tidy(&sweep(
            &[("x", X), ("z", &[5.0, 7.0]), ("w", &[3.0, 4.0])],
            &[],
            rising,
        ));
        assert_eq!(
            [
                texts(&two, "5"),
                texts(&two, "7"),
                texts(&two, "Lines: z; w = 3")
            ],
            [4, 4, 1]
        );
        let policies = tidy(&sweep(&[("x", X)], &["late", "early"], rising));
        assert_eq!(
            [texts(&policies, "late"), texts(&policies, "early")],
            [4, 4]
        );
        assert!(
            policies.alt.contains("late: lowest cost ratio 0.100 at 0."),
            "{}",
            policies.alt
        );
        assert_eq!(
            policies,
            tidy(&sweep(&[("x", X)], &["late", "early"], rising))
        );
    }

    #[test]
    fn policies_run_to_the_right_where_nothing_else_was_varied() {
        let figure = tidy(&sweep(&[], &["30 %", "40 %", "50 %"], |_| Some(0.5)));
        // Each panel names its curves; what runs to the right, no axis being varied, the sweep is named after.
        assert_eq!([texts(&figure, "40 %"), texts(&figure, "policy")], [4, 3]);
        assert_eq!(texts(&figure, "a &amp; b"), 1);
        assert!(figure.alt.contains("over a & b"), "{}", figure.alt);
        assert!(figure.alt.contains("ratio 0.500 at 30 %"), "{}", figure.alt);
    }

    #[test]
    fn of_many_lines_six_are_drawn_from_first_to_last() {
        let many: Vec<f64> = (0..21).map(f64::from).collect();
        let figure = tidy(&sweep(&[("x", X), ("z", &many)], &[], |_| Some(0.5)));
        let shown: Vec<usize> = (0..21)
            .filter(|i| texts(&figure, &i.to_string()) >= 3)
            .collect();
        assert_eq!(shown, [0, 4, 8, 12, 16, 20]);
    }

    #[test]
    fn nothing_is_cut_off_or_hidden() {
        let long = "m".repeat(300);
        tidy(&sweep(&[(&long, X)], &[&long, "b"], |_| Some(0.5)));
        for halves in -12..24 {
            let far = libm::pow(10.0, 0.5 * f64::from(halves));
            let values = [far, 1.5 * far, 2.0 * far, 40.0 * far];
            let of = |at: &[usize]| Some(if at[0] == 0 { -far } else { far });
            tidy(&sweep(&[("x", &values), ("z", &values)], &[], of));
            tidy(&sweep(&[("x", &values[..1])], &[], of));
            tidy(&sweep(
                &[("x", &[far, 10.0 * far, 100.0 * far])],
                &[],
                |_| Some(far),
            ));
        }
        let fine: Vec<f64> = (0..1000).map(|i| 0.001 * f64::from(i)).collect();
        let figure = tidy(&sweep(&[("x", &fine)], &[], |at| {
            Some(0.001 * at[0] as f64)
        }));
        assert!(
            figure.svg.matches("<circle").count() < 200,
            "not every value has a mark"
        );
    }

    #[test]
    fn what_is_undefined_is_a_gap() {
        let gap = |at: &[usize]| (at[0] != 1).then_some(0.5);
        let figure = tidy(&sweep(&[("x", X)], &[], gap));
        assert!(!figure.svg.contains("NaN"));
        let none = tidy(&sweep(&[("x", X), ("z", X)], &[], |_| None));
        assert_eq!(none.svg.matches("4 lines: undefined").count(), 4);
    }

    #[test]
    fn nothing_to_draw_is_refused() {
        for findings in [
            sweep(&[], &["a"], |_| None),
            sweep(&[("x", &[])], &[], |_| None),
        ] {
            assert!(matches!(
                sweep_curves(&findings),
                Err(PlotError::Nothing(_))
            ));
        }
    }
}
