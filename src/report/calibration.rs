//! Calibration as people read it: errors and scores by kind of forecast, reliability by bin, and what the
//! martingale test says.

use super::number::{exactly, number, optional, with_interval};
use super::{Section, Sheet};
use crate::estimate::Estimate;
use crate::plot::Figure;
use crate::study::calibration::{
    CalibrationFindings, MartingaleFindings, Series, Stopping, Verdict,
};

/// Where a value without a standard error is shown.
const RESOLUTION: f64 = 1e-4;

/// The sheet, with the reliability diagrams.
pub fn sheet(findings: &CalibrationFindings, figure: Option<Figure>) -> Sheet {
    let mut sections = vec![scores(findings), decomposition(findings)];
    if let Some(martingale) = &findings.martingale {
        sections.push(stopping(martingale));
        sections.push(increments(martingale));
    }
    let data = reliability(findings, true);
    sections.push(reliability(findings, false));
    Sheet {
        title: format!("Calibration of {}", findings.name),
        summary: summary(findings),
        figures: figure.into_iter().collect(),
        sections,
        data,
        warnings: findings.warnings.clone(),
        ..Sheet::default()
    }
}

fn summary(findings: &CalibrationFindings) -> Vec<String> {
    let from = match findings.seed {
        Some(seed) => format!("drawn generations (seed {seed})"),
        None => "generations with predictions".to_owned(),
    };
    let mut summary = vec![format!(
        "{} {from} of {} prompts; predictions are held against utility, in {} bins of equal width, with 95 % \
         intervals over prompts.",
        findings.generations, findings.prompts, findings.bins
    )];
    summary.extend(
        findings
            .martingale
            .as_ref()
            .map(|martingale| format!("The predicted utility {}.", martingale.in_words)),
    );
    summary
}

fn shown(estimate: Estimate) -> String {
    if estimate.ci.is_some() {
        with_interval(estimate)
    } else {
        optional(estimate.mean, RESOLUTION)
    }
}

fn scores(findings: &CalibrationFindings) -> Section {
    let mut section = Section::new(
        "Calibration error (ECE) and Brier score",
        &["forecast", "forecasts", "ECE", "by chance alone", "Brier"],
    );
    let row = |s: &Series| {
        let c = &s.calibration;
        vec![
            s.name.clone(),
            c.forecasts.to_string(),
            shown(c.ece),
            optional(c.ece_by_chance, RESOLUTION),
            shown(c.brier),
        ]
    };
    section.rows = findings.series.iter().map(row).collect();
    section
}

fn decomposition(findings: &CalibrationFindings) -> Section {
    let mut section = Section::new(
        "Brier = reliability − resolution + uncertainty + within-bin variance − 2 within-bin covariance",
        &[
            "forecast",
            "reliability",
            "by chance alone",
            "resolution",
            "uncertainty",
            "within-bin variance",
            "within-bin covariance",
        ],
    );
    let row = |s: &Series| {
        let c = &s.calibration;
        vec![
            s.name.clone(),
            shown(c.reliability),
            optional(c.reliability_by_chance, RESOLUTION),
            shown(c.resolution),
            shown(c.uncertainty),
            shown(c.within_bin_variance),
            shown(c.within_bin_covariance),
        ]
    };
    section.rows = findings.series.iter().map(row).collect();
    section
}

fn in_words(verdict: Verdict) -> String {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Fails => "FAILS",
        Verdict::Undecided | Verdict::NotApplicable => "undecided",
    }
    .to_owned()
}

fn within([lo, hi]: [f64; 2]) -> String {
    let resolution = (hi - lo) / 4.0;
    format!("[{}, {}]", number(lo, resolution), number(hi, resolution))
}

fn stopping(martingale: &MartingaleFindings) -> Section {
    let mut section = Section::new(
        "Does stopping keep the mean? E[m at the stop] − E[U], simultaneous intervals",
        &["policy", "stopped", "difference", "interval", "verdict"],
    );
    let row = |s: &Stopping| {
        vec![
            s.policy.clone(),
            format!("{} %", number(100.0 * s.stopped, 0.1)),
            number(s.gap, RESOLUTION),
            within(s.ci),
            in_words(s.verdict),
        ]
    };
    section.rows = martingale.stopping.iter().map(row).collect();
    section
}

fn increments(martingale: &MartingaleFindings) -> Section {
    let mut section = Section::new(
        "Mean step to the next prediction (after the last, to the utility), simultaneous intervals",
        &[
            "prediction",
            "mean in bin",
            "generations",
            "mean step",
            "interval",
        ],
    );
    section.rows = martingale
        .increments
        .iter()
        .map(|i| {
            vec![
                i.stage.to_string(),
                number(i.predicted, 1e-2),
                i.generations.to_string(),
                number(i.mean, RESOLUTION),
                within(i.ci),
            ]
        })
        .collect();
    section
}

/// A line per forecast and bin, for people or at full precision.
fn reliability(findings: &CalibrationFindings, exact: bool) -> Section {
    let header: &[&str] = if exact {
        &[
            "forecast",
            "from",
            "to",
            "forecasts",
            "prompts",
            "predicted",
            "observed",
            "observed_lo",
            "observed_hi",
        ]
    } else {
        &[
            "forecast",
            "bin",
            "forecasts",
            "prompts",
            "predicted",
            "observed",
        ]
    };
    let mut section = Section::new(if exact { "" } else { "Reliability" }, header);
    for series in &findings.series {
        section
            .rows
            .extend(series.calibration.bins.iter().map(|bin| {
                let [from, to] = bin.range;
                let counts = [bin.forecasts.to_string(), bin.prompts.to_string()];
                let mut row = vec![series.name.clone()];
                if exact {
                    row.extend([from.to_string(), to.to_string()]);
                    row.extend(counts);
                    row.push(bin.predicted.to_string());
                    row.push(exactly(bin.observed.mean));
                    row.extend([0, 1].map(|end| exactly(bin.observed.ci.map(|ci| ci[end]))));
                } else {
                    row.push(format!("{}–{}", number(from, 1e-1), number(to, 1e-1)));
                    row.extend(counts);
                    row.extend([number(bin.predicted, 1e-2), shown(bin.observed)]);
                }
                row
            }));
    }
    section
}
