//! A stress test as people read it: a verdict per mode, where figures tip, and the curves at a few
//! strengths; programs find all of them.

use super::number::{exactly, number, optional};
use super::{Section, Sheet};
use crate::plot::Figure;
use crate::study::stress::{Confirmation, ModeFindings, Point, StressFindings};

/// Where an exact value is shown without a standard error to go by.
const RESOLUTION: f64 = 1e-4;
/// Where a strength is shown.
const OF_STRENGTH: f64 = 1e-4;
/// Strengths of a curve that people read, besides 0.
const SHOWN: usize = 6;

/// The sheet, with the figure of the cost ratios.
pub fn sheet(findings: &StressFindings, figure: Option<Figure>) -> Sheet {
    let mut sections = vec![verdicts(findings), crossings(findings)];
    let with_corners = findings.modes.iter().filter(|m| !m.corners.is_empty());
    sections.extend(with_corners.map(corners));
    sections.push(curves(findings));
    let left_out = findings.left_out.iter();
    let left_out = left_out.map(|l| format!("{} is left out: {}", l.mode, l.reason));
    let unconfirmed = findings.confirmation.iter().flat_map(unconfirmed);
    Sheet {
        title: format!("Stress test of {}", findings.scenario),
        summary: summary(findings),
        figures: figure.into_iter().collect(),
        sections,
        data: data(findings),
        warnings: unconfirmed
            .chain(left_out)
            .chain(findings.warnings.iter().cloned())
            .collect(),
        ..Sheet::default()
    }
}

fn summary(findings: &StressFindings) -> Vec<String> {
    let validators = match findings.validators.as_slice() {
        [] => "No validator with alarms is consulted, so none moves.".to_owned(),
        names => format!("Validators that move: {}.", names.join(", ")),
    };
    let today = &findings.today;
    let value = |x| optional(x, RESOLUTION);
    let mut summary = vec![
        format!(
            "Exact figures of the scenario while one thing at a time is not as it says. {validators} At \
             strength 0 all is as the scenario says; alarm probabilities of 0 and 1 do not move."
        ),
        format!(
            "Today: savings {}, false rejections {}, cost ratio {} (a coin that rejects as often: {}), \
             bias {}, total variation of the final state {}, of difficulty {}.",
            value(today.savings),
            value(today.false_rejection_rate),
            value(today.cost_ratio),
            value(today.null_cost_ratio),
            value(today.retained_bias),
            value(today.tv_final_state),
            value(today.tv_difficulty),
        ),
    ];
    summary.extend(
        findings
            .confirmation
            .as_ref()
            .map(|c| confirmation(c, "attempts")),
    );
    summary
}

/// What drawing said of the curves; what was drawn are `draws`.
pub(super) fn confirmation(confirmation: &Confirmation, draws: &str) -> String {
    let Confirmation { control, .. } = confirmation;
    let agreed = match confirmation.disagreements.len() {
        0 => "none disagrees".to_owned(),
        n => format!("{n} DISAGREE"),
    };
    format!(
        "Checked by {} {draws} at up to three strengths of each mode (seed {}): of {} comparisons {agreed}; \
         planted wrong curves found: {} of {}.",
        confirmation.draws_per_strength,
        confirmation.seed,
        confirmation.comparisons,
        control.found,
        control.planted
    )
}

/// What did not agree, for those who look at nothing else.
pub(super) fn unconfirmed(confirmation: &Confirmation) -> Vec<String> {
    let missed = confirmation.control.planted - confirmation.control.found;
    let missed = (missed > 0).then(|| {
        format!(
            "{missed} planted wrong curves were not found: the check by drawing is blind to them"
        )
    });
    let disagreements = confirmation.disagreements.iter();
    let told = |what: &String| format!("drawn and expected figures disagree: {what}");
    disagreements.map(told).chain(missed).collect()
}

fn verdicts(findings: &StressFindings) -> Section {
    let mut section = Section::new("Verdicts", &["mode", "verdict"]);
    let row = |m: &ModeFindings| vec![m.mode.clone(), m.verdict.clone()];
    section.rows = findings.modes.iter().map(row).collect();
    section
}

fn crossings(findings: &StressFindings) -> Section {
    let mut section = Section::new(
        &format!(
            "Tipping points: cost ratio 1, bias and total variation {}",
            findings.tolerance
        ),
        &[
            "mode",
            "figure",
            "strength",
            "there it",
            "that is",
            "missed if closer than",
        ],
    );
    for mode in &findings.modes {
        let step = number(mode.resolution, 1e-3);
        if mode.crossings.is_empty() {
            let [none, dash] = ["none", "–"].map(str::to_owned);
            let cells = [
                mode.mode.clone(),
                none,
                dash.clone(),
                dash.clone(),
                dash,
                step,
            ];
            section.rows.push(cells.into());
            continue;
        }
        section.rows.extend(mode.crossings.iter().map(|crossing| {
            vec![
                mode.mode.clone(),
                crossing.quantity.in_words().to_owned(),
                number(crossing.strength, OF_STRENGTH),
                direction(crossing.rises),
                crossing.meaning.clone(),
                step.clone(),
            ]
        }));
    }
    section
}

/// What a figure does where it crosses its level.
pub(super) fn direction(rises: bool) -> String {
    let words = if rises {
        "rises above"
    } else {
        "falls to or below"
    };
    words.to_owned()
}

/// Points of a curve that people read: a few in equal steps, the last one and that at strength 0.
pub(super) fn a_few<P>(points: &[P], strength: impl Fn(&P) -> f64) -> impl Iterator<Item = &P> {
    let last = points.len().saturating_sub(1);
    let every = last.div_ceil(SHOWN).max(1);
    let shown = points.iter().enumerate();
    let shown =
        shown.filter(move |(i, p)| i % every == 0 || *i == last || strength(p).abs() <= 0.0);
    shown.map(|(_, point)| point)
}

fn corners(mode: &ModeFindings) -> Section {
    let mut section = Section::new(
        &format!("Where {} is attained", mode.mode),
        &["from radius", "log-odds raised", "log-odds lowered"],
    );
    let list = |names: &[String]| match names {
        [] => "–".to_owned(),
        names => names.join(", "),
    };
    section.rows = mode
        .corners
        .iter()
        .map(|c| {
            vec![
                number(c.from, OF_STRENGTH),
                list(&c.raised),
                list(&c.lowered),
            ]
        })
        .collect();
    section
}

fn curves(findings: &StressFindings) -> Section {
    let header = [
        "mode",
        "strength",
        "savings",
        "false rej.",
        "cost ratio",
        "coin's",
        "bias",
        "TV state",
        "TV difficulty",
    ];
    let mut section = Section::new("Curves (CSV and JSON hold every strength)", &header);
    for mode in &findings.modes {
        let shown = a_few(&mode.points, |point| point.strength);
        section.rows.extend(shown.map(|point| {
            let figures = point.figures.named();
            let figures = figures.map(|(_, value)| optional(value, RESOLUTION));
            let mut row = vec![mode.mode.clone(), number(point.strength, 1e-2)];
            row.extend(figures);
            row
        }));
    }
    section
}

/// One line per mode and strength at full precision.
fn data(findings: &StressFindings) -> Section {
    let names = findings.today.named().map(|(name, _)| name);
    let mut section = Section::new("", &[&["mode", "strength"], names.as_slice()].concat());
    let row = |mode: &ModeFindings, point: &Point| {
        let figures = point.figures.named();
        let mut row = vec![mode.mode.clone(), point.strength.to_string()];
        row.extend(figures.map(|(_, value)| exactly(value)));
        row
    };
    for mode in &findings.modes {
        section
            .rows
            .extend(mode.points.iter().map(|p| row(mode, p)));
    }
    section
}
