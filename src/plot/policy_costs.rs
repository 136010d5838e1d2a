//! What policies cost beside the best one and what nobody can beat: one row per policy.

use plotters::style::text_anchor::HPos;

use super::axis::{Axis, number};
use super::scene::{Point, Scene};
use super::theme::{
    AXIS_TEXT, CONTRAST, FAINT, HAIRLINE, INK, LABEL, MARGIN, MARK, NOTE, REFERENCE, SUBJECT,
    SUBTITLE, TICK_TEXT, TITLE, WHISKER,
};
use super::{Figure, PlotError, draw};
use crate::study::optimal::{Line, OptimalFindings, Role};

const NAME: &str = "policy-costs";
/// Room for the names of policies, and width of the panel.
const NAMES: f64 = 210.0;
const WIDTH: f64 = 520.0;
/// Room for the numbers to the right of the panel.
const NUMBERS: f64 = 150.0;
const ROW: f64 = 34.0;
/// Where the panel begins, and the room below it.
const TOP: f64 = 118.0;
const BELOW: f64 = 62.0;
const TICKS: usize = 6;
/// Share of the range that is kept free at its ends.
const FREE: f64 = 0.06;
/// Where costs are all but equal, the panel still shows this much.
const LEAST: f64 = 0.02;
/// Nothing larger is drawn: it is as good as infinite.
const LARGEST: f64 = 1e100;

/// Draws the cost of each policy relative to never rejecting.
pub fn policy_costs(findings: &OptimalFindings) -> Result<Figure, PlotError> {
    draw::figure(NAME, &scene(findings)?, &alt(findings))
}

fn in_words(name: &str) -> &str {
    match name {
        "never-reject" => "never reject",
        "own" => "the scenario's own policy",
        "best-fixed" => "best fixed thresholds",
        "optimal" => "optimal",
        "optimal-tokens-seen" => "optimal, token counts seen",
        "full-information" => "full information (bound)",
        "kill-at-onset" => "kill at onset (reference)",
        other => other,
    }
}

fn ratio(line: &Line) -> Option<f64> {
    line.cost_ratio.filter(|x| x.abs() <= LARGEST)
}

fn scene(findings: &OptimalFindings) -> Result<Scene, PlotError> {
    if findings.policies.is_empty() {
        return Err(PlotError::Nothing("no policy was evaluated"));
    }
    let ratios = || findings.policies.iter().filter_map(ratio);
    let lo = ratios().fold(1.0, f64::min);
    let hi = ratios().fold(1.0, f64::max);
    let range = (hi - lo).max(LEAST);
    let axis = Axis::linear(lo - FREE * range, hi + FREE * range, TICKS);
    let left = MARGIN + NAMES;
    let bottom = TOP + ROW * findings.policies.len() as f64;
    let width = left + WIDTH + NUMBERS + MARGIN;
    let mut scene = Scene::new(width, bottom + BELOW);
    let room = width - 2.0 * MARGIN;
    let title = format!("{}: how good a policy can be", findings.scenario);
    scene.text(&TITLE.shortened(&title, room)?, (MARGIN, 36.0), TITLE);
    let hint = "Optimal uses these validators as well as can be. What lies left of it takes better \
                validators, not a better policy.";
    scene.text(hint, (MARGIN, 57.0), SUBTITLE);
    key(&mut scene, (MARGIN, 82.0))?;
    let x = |ratio: f64| left + axis.place(ratio).clamped() * WIDTH;
    for (tick, text) in axis.ticks() {
        scene.upright(x(tick), (TOP, bottom + 5.0), HAIRLINE, FAINT);
        scene.text(
            &text,
            (x(tick), bottom + TICK_TEXT),
            NOTE.anchored(HPos::Center),
        );
    }
    scene.level(bottom, (left, left + WIDTH), HAIRLINE, REFERENCE);
    scene.upright(x(1.0), (TOP, bottom), HAIRLINE, REFERENCE);
    let what = match findings.per {
        "sample" => "cost per retained sample",
        _ => "cost per unit of retained utility",
    };
    scene.text(
        &format!("{what}, relative to never rejecting"),
        (left + 0.5 * WIDTH, bottom + AXIS_TEXT),
        LABEL.anchored(HPos::Center),
    );
    for (i, line) in findings.policies.iter().enumerate() {
        let y = TOP + ROW * (i as f64 + 0.5);
        scene.text(in_words(line.name), (MARGIN, y + 4.5), LABEL);
        let Some(cost) = ratio(line) else {
            scene.text("undefined", (left + WIDTH + 14.0, y + 4.5), NOTE);
            continue;
        };
        let ends = (x(cost).min(x(1.0)), x(cost).max(x(1.0)));
        scene.level(y, ends, WHISKER, color(line));
        mark(&mut scene, line.role, (x(cost), y), color(line));
        let saved = line.efficiency.map_or_else(String::new, |share| {
            format!("  ({} %)", number(100.0 * share, 1))
        });
        let text = number(cost, 4) + &saved;
        scene.text(&text, (left + WIDTH + 14.0, y + 4.5), NOTE);
    }
    let head = "ratio (efficiency)";
    scene.text(head, (left + WIDTH + 14.0, TOP - 10.0), NOTE);
    Ok(scene)
}

fn color(line: &Line) -> plotters::style::RGBColor {
    match line.role {
        Role::Policy if line.name.starts_with("optimal") => SUBJECT,
        Role::Policy => INK,
        Role::Bound => CONTRAST,
        Role::Reference => REFERENCE,
    }
}

fn mark(scene: &mut Scene, role: Role, at: Point, color: plotters::style::RGBColor) {
    match role {
        Role::Policy => scene.disc(at, MARK, color),
        Role::Bound => scene.hollow_diamond(at, MARK + 1.5, color),
        Role::Reference => scene.ring(at, MARK, color),
    }
}

/// Explains the marks on one line with its baseline at `y`.
fn key(scene: &mut Scene, (mut x, y): Point) -> Result<(), PlotError> {
    for (role, color, text) in [
        (Role::Policy, INK, "can be followed"),
        (Role::Bound, CONTRAST, "nobody can beat this"),
        (Role::Reference, REFERENCE, "for comparison, no bound"),
    ] {
        mark(scene, role, (x + 6.0, y - 4.5), color);
        scene.text(text, (x + 18.0, y), LABEL);
        x += 18.0 + LABEL.width(text)? + 24.0;
    }
    Ok(())
}

fn alt(findings: &OptimalFindings) -> String {
    let rows = findings.policies.iter().map(|line| {
        let cost = ratio(line).map_or_else(|| "undefined".to_owned(), |x| number(x, 4));
        format!(" {}: {cost}.", in_words(line.name))
    });
    format!(
        "Cost of policies for {} relative to never rejecting.{}",
        findings.scenario,
        rows.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &'static str, role: Role, cost_ratio: Option<f64>) -> Line {
        Line {
            name,
            role,
            cost: cost_ratio.map(|x| 300.0 * x),
            cost_ratio,
            savings: None,
            rejection_rate: 0.1,
            false_rejection_rate: None,
            detection_rate: None,
            retained_rate: 0.5,
            efficiency: Some(0.5),
            efficiency_full_information: None,
        }
    }

    fn findings(policies: Vec<Line>) -> OptimalFindings {
        OptimalFindings {
            schema: crate::study::optimal::SCHEMA,
            scenario: "a rather long name < of a scenario".to_owned(),
            per: "utility",
            policies,
            optima: Vec::new(),
            best_fixed: None,
            warnings: Vec::new(),
        }
    }

    #[test]
    fn everything_has_its_place_and_what_is_undefined_is_said() {
        let lines = vec![
            line("never-reject", Role::Policy, Some(1.0)),
            line("own", Role::Policy, None),
            line("best-fixed", Role::Policy, Some(1.7)),
            line("optimal", Role::Policy, Some(0.93)),
            line("optimal-tokens-seen", Role::Policy, Some(0.91)),
            line("full-information", Role::Bound, Some(0.6)),
            line("kill-at-onset", Role::Reference, Some(f64::MAX)),
        ];
        let findings = findings(lines);
        scene(&findings).unwrap().assert_tidy();
        let svg = policy_costs(&findings).unwrap().svg;
        assert!(svg.contains("undefined") && svg.contains("0.9300"));
    }

    #[test]
    fn equal_costs_and_no_policies() {
        let all_equal = findings(vec![line("own", Role::Policy, Some(1.0))]);
        scene(&all_equal).unwrap().assert_tidy();
        assert!(policy_costs(&findings(Vec::new())).is_err());
    }
}
