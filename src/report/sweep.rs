//! The findings of a sweep as people read them: a line per point with the figures that decide, and
//! for programs a line per point with all of them.

use super::number::{exactly, number, optional};
use super::remarks::gathered;
use super::{Section, Sheet};
use crate::estimate::NAMES;
use crate::study::sweep::{Point, SweepFindings};

/// The figures that people read of a point.
const SHOWN: [&str; 6] = [
    "savings",
    "null_savings",
    "false_rejection_rate",
    "detection_rate",
    "cost_ratio",
    "null_cost_ratio",
];
/// More lines than this nobody reads; the files hold all of them.
const MOST_LINES: usize = 1000;
/// Where an exact value is shown without a standard error to go by.
const RESOLUTION: f64 = 1e-4;

/// The sheet of a sweep.
pub fn sheet(findings: &SweepFindings) -> Sheet {
    let drawn = match findings.attempts {
        0 => "Exact values; nothing was drawn".to_owned(),
        n => format!(
            "Exact values; CSV, JSON and Parquet hold them beside {n} attempts at each point, all with \
             seed {}: differences between points are surer than their intervals say",
            findings.seed
        ),
    };
    let partial = if findings.partial {
        " Interrupted: points are missing."
    } else {
        ""
    };
    let mut summary = vec![format!(
        "Scenario {}, {} points. {drawn}.{partial}",
        findings.scenario,
        findings.points.len()
    )];
    summary.extend(best(findings));
    let hidden = findings.points.len().saturating_sub(MOST_LINES);
    if hidden > 0 {
        summary.push(format!(
            "The first {MOST_LINES} points are shown; CSV, JSON and Parquet hold the other {hidden}, too."
        ));
    }
    Sheet {
        title: format!("Sweep {}", findings.name),
        summary,
        sections: vec![points(findings)],
        data: data(findings),
        warnings: remarks(findings),
        ..Sheet::default()
    }
}

/// Where a retained sample is cheapest.
fn best(findings: &SweepFindings) -> Option<String> {
    let cost = |point: &Point| point.get("cost_ratio").exact;
    let with_cost = findings.points.iter().filter_map(|p| Some((p, cost(p)?)));
    let (point, lowest) = with_cost.min_by(|a, b| a.1.total_cmp(&b.1))?;
    let mut at: Vec<String> = findings
        .values(point)
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    at.extend(findings.policy(point).map(|name| format!("policy {name}")));
    let below = findings.points.iter().filter_map(cost);
    let pays = below.filter(|&c| c < 1.0).count();
    Some(format!(
        "The lowest cost ratio is {}, with {}; it is below 1 at {pays} of {} points.",
        number(lowest, RESOLUTION),
        at.join(", "),
        findings.points.len()
    ))
}

/// What tells points apart: the policy, where there are several, and the axes.
fn place_header(findings: &SweepFindings) -> Vec<String> {
    let policy = (!findings.policies.is_empty()).then(|| "policy".to_owned());
    let keys = findings.axes.iter().map(|axis| axis.key.clone());
    policy.into_iter().chain(keys).collect()
}

fn place(findings: &SweepFindings, point: &Point) -> Vec<String> {
    let policy = findings.policy(point).map(str::to_owned);
    let values = findings.values(point).map(|(_, value)| value.to_string());
    policy.into_iter().chain(values).collect()
}

fn points(findings: &SweepFindings) -> Section {
    let shown = SHOWN.map(str::to_owned);
    let rows = findings.points.iter().take(MOST_LINES).map(|point| {
        let values = SHOWN.map(|name| optional(point.get(name).exact, RESOLUTION));
        [place(findings, point), values.to_vec()].concat()
    });
    Section {
        title: "Points".to_owned(),
        header: [place_header(findings), shown.to_vec()].concat(),
        rows: rows.collect(),
    }
}

fn data(findings: &SweepFindings) -> Section {
    let drawn = findings.attempts > 0;
    let mut header = place_header(findings);
    for name in NAMES {
        header.push(name.to_owned());
        if drawn {
            let parts = ["mean", "stderr", "ci_lo", "ci_hi"];
            header.extend(parts.map(|part| format!("{name}.{part}")));
        }
    }
    let rows = findings.points.iter().map(|point| {
        let mut row = place(findings, point);
        for (_, compared) in point.estimates() {
            row.push(exactly(compared.exact));
            if drawn {
                let estimate = compared.estimate;
                let ci = |i: usize| exactly(estimate.ci.map(|ci| ci[i]));
                row.extend([
                    exactly(estimate.mean),
                    exactly(estimate.stderr),
                    ci(0),
                    ci(1),
                ]);
            }
        }
        row
    });
    Section {
        title: String::new(),
        header,
        rows: rows.collect(),
    }
}

/// What holds at some of the points, each remark once.
fn remarks(findings: &SweepFindings) -> Vec<String> {
    let total = findings.points.len();
    let points = findings.points.iter().enumerate();
    let remarks = points.flat_map(|(p, point)| {
        let warnings = point.warnings.iter();
        warnings.map(move |warning| (p, warning.as_str()))
    });
    let places = |at: &[usize]| format!("at {} of {total} points", at.len());
    gathered(remarks, places, "points")
}
