//! A stress test of a log as people read it: a verdict per mode, where figures tip, whom worst cases
//! reject, and the curves at a few strengths; programs find all of them.

use super::number::{exactly, number, optional, with_interval};
use super::stress::{a_few, confirmation, direction, unconfirmed};
use super::{Section, Sheet};
use crate::estimate::Estimate;
use crate::plot::Figure;
use crate::study::log_stress::{Crossing, LogStressFindings, ModeFindings, Point};

/// Where a value without a standard error is shown.
const RESOLUTION: f64 = 1e-4;

/// The sheet, with the figure of the cost ratios.
pub fn sheet(findings: &LogStressFindings, figure: Option<Figure>) -> Sheet {
    let mut sections = vec![verdicts(findings), crossings(findings)];
    sections.extend(worst_cases(findings));
    sections.push(curves(findings));
    let left_out = findings.left_out.iter();
    let left_out = left_out.map(|l| format!("{} is left out: {}", l.mode, l.reason));
    let unconfirmed = findings.confirmation.iter().flat_map(unconfirmed);
    let warnings = left_out.chain(findings.warnings.iter().cloned());
    Sheet {
        title: format!("Stress test of {} on a log", findings.policy),
        summary: summary(findings),
        figures: figure.into_iter().collect(),
        sections,
        data: data(findings),
        warnings: unconfirmed.chain(warnings).collect(),
        ..Sheet::default()
    }
}

fn summary(findings: &LogStressFindings) -> Vec<String> {
    let per_look = |rate: Option<f64>| {
        rate.map_or_else(
            || "–".to_owned(),
            |rate| format!("{} %", number(100.0 * rate, 1e-3)),
        )
    };
    let mut today = findings.today.named();
    if !findings.bias_informative {
        today.retain(|(name, _)| name != "retained_bias");
    }
    let today = today
        .iter()
        .map(|(name, e)| format!("{name} {}", shown(*e)));
    let bias = if findings.bias_informative {
        ""
    } else {
        "; retained_bias is not informative"
    };
    let mut summary = vec![
        format!(
            "{} labelled generations of {} prompts while one thing at a time is not as in the log: expected \
             figures with 95 % intervals over prompts. At strength 0 all is as in the log; rates of 0 do not \
             move by log-odds.",
            findings.records, findings.prompts
        ),
        format!(
            "Today: {}{bias}. Each look rejects {} of the accepted and {} of the refused.",
            today.collect::<Vec<_>>().join(", "),
            per_look(findings.rates.false_alarms_per_look),
            per_look(findings.rates.detections_per_look),
        ),
    ];
    summary.extend(
        findings
            .confirmation
            .as_ref()
            .map(|c| confirmation(c, "drawn tables")),
    );
    summary
}

fn shown(estimate: Estimate) -> String {
    if estimate.stderr.is_some() {
        with_interval(estimate)
    } else {
        optional(estimate.mean, RESOLUTION)
    }
}

fn verdicts(findings: &LogStressFindings) -> Section {
    let mut section = Section::new("Verdicts", &["mode", "verdict"]);
    let row = |m: &ModeFindings| vec![m.mode.clone(), m.verdict.clone()];
    section.rows = findings.modes.iter().map(row).collect();
    section
}

fn crossings(findings: &LogStressFindings) -> Section {
    let mut section = Section::new(
        &format!(
            "Tipping points: cost ratio 1, bias and total variation {}",
            findings.tolerance
        ),
        &[
            "mode",
            "figure",
            "strength",
            "95 % interval",
            "there it",
            "that is",
            "missed if closer than",
        ],
    );
    for mode in &findings.modes {
        let step = number(mode.resolution, 1e-3);
        if mode.crossings.is_empty() {
            let dash = || "–".to_owned();
            let none = "none".to_owned();
            let cells = [
                mode.mode.clone(),
                none,
                dash(),
                dash(),
                dash(),
                dash(),
                step,
            ];
            section.rows.push(cells.into());
            continue;
        }
        section.rows.extend(mode.crossings.iter().map(|crossing| {
            vec![
                mode.mode.clone(),
                crossing.in_words.clone(),
                number(crossing.strength, RESOLUTION),
                ends(crossing),
                direction(crossing.rises),
                crossing.meaning.clone(),
                step.clone(),
            ]
        }));
    }
    section
}

fn ends(crossing: &Crossing) -> String {
    let [lo, hi] = crossing.ci.map(|end| optional(end, RESOLUTION));
    match crossing.ci {
        [None, None] => "–".to_owned(),
        _ => format!("[{lo}, {hi}]"),
    }
}

fn worst_cases(findings: &LogStressFindings) -> Option<Section> {
    let mut section = Section::new(
        "Where worst cases are attained, at the largest strength",
        &[
            "mode",
            "rejected besides",
            "when complete",
            "tokens that saves",
            "levels that lose",
            "the first of them",
        ],
    );
    let list = |names: &[String]| match names {
        [] => "–".to_owned(),
        names => names.join(", "),
    };
    for mode in &findings.modes {
        section.rows.extend(mode.worst_case.iter().map(|case| {
            vec![
                mode.mode.clone(),
                number(case.rejected, 1.0),
                number(case.complete, 1.0),
                number(case.tokens_saved, 1.0),
                list(&case.levels),
                list(&case.examples),
            ]
        }));
    }
    (!section.rows.is_empty()).then_some(section)
}

fn curves(findings: &LogStressFindings) -> Section {
    let names: Vec<String> = findings.today.named().into_iter().map(|(n, _)| n).collect();
    let mut header = vec!["mode", "strength"];
    header.extend(names.iter().map(String::as_str));
    let mut section = Section::new(
        "Curves (CSV and JSON hold every strength, with intervals)",
        &header,
    );
    for mode in &findings.modes {
        let shown = a_few(&mode.points, |point| point.strength);
        section.rows.extend(shown.map(|point| {
            let mut row = vec![mode.mode.clone(), number(point.strength, 1e-2)];
            let figures = point.figures.named().into_iter();
            row.extend(figures.map(|(_, e)| optional(e.mean, RESOLUTION)));
            row
        }));
    }
    section
}

/// One line per mode and strength at full precision.
fn data(findings: &LogStressFindings) -> Section {
    let named = findings.today.named();
    let columns = named
        .iter()
        .flat_map(|(name, _)| [name.clone(), format!("{name}_lo"), format!("{name}_hi")]);
    let mut section = Section::new("", &["mode", "strength"]);
    section.header.extend(columns);
    let row = |mode: &ModeFindings, point: &Point| {
        let mut row = vec![mode.mode.clone(), point.strength.to_string()];
        for (_, e) in point.figures.named() {
            row.push(exactly(e.mean));
            row.extend([0, 1].map(|end| exactly(e.ci.map(|ci| ci[end]))));
        }
        row
    };
    for mode in &findings.modes {
        section
            .rows
            .extend(mode.points.iter().map(|p| row(mode, p)));
    }
    section
}
