//! All points of a sweep as typed columns, named as in the CSV.

use serde_json::json;

use super::RenderError;
use crate::columnar::{Column, Kind, Writer};
use crate::estimate::NAMES;
use crate::study::sweep::{RESULT_SCHEMA, SweepFindings};

/// Rows of a row group.
const GROUP: usize = 1 << 16;

/// The points of a sweep as a Parquet file: the same findings, the same bytes.
pub fn parquet(findings: &SweepFindings) -> Result<Vec<u8>, RenderError> {
    let axes: Vec<&str> = findings.axes.iter().map(|axis| axis.key.as_str()).collect();
    let about = json!({
        "name": findings.name,
        "scenario": findings.scenario,
        "seed": findings.seed,
        "attempts": findings.attempts,
        "partial": findings.partial,
        "policies": findings.policies,
        "axes": axes,
    });
    let columns = names(findings);
    let mut writer = Writer::new(Vec::new(), &columns, &[(RESULT_SCHEMA, about.to_string())])?;
    for start in (0..findings.points.len()).step_by(GROUP) {
        let end = findings.points.len().min(start + GROUP);
        writer.write(&rows(findings, start..end))?;
    }
    Ok(writer.finish()?)
}

fn names(findings: &SweepFindings) -> Vec<(String, Kind)> {
    let mut columns = Vec::new();
    if !findings.policies.is_empty() {
        columns.push(("policy".to_owned(), Kind::Text));
    }
    let mut number = |name: String| columns.push((name, Kind::Number));
    for axis in &findings.axes {
        number(axis.key.clone());
    }
    for name in NAMES {
        number(name.to_owned());
        if findings.attempts > 0 {
            for part in ["mean", "stderr", "ci_lo", "ci_hi"] {
                number(format!("{name}.{part}"));
            }
        }
    }
    columns
}

fn rows(findings: &SweepFindings, range: std::ops::Range<usize>) -> Vec<Column> {
    let points = &findings.points[range];
    let mut columns = Vec::new();
    if !findings.policies.is_empty() {
        let policies = points.iter().map(|p| findings.policy(p).map(str::to_owned));
        columns.push(Column::Text(policies.collect()));
    }
    for (a, axis) in findings.axes.iter().enumerate() {
        let values = points.iter().map(|p| Some(axis.values[p.at[a]]));
        columns.push(Column::Number(values.collect()));
    }
    let mut figures: Vec<Vec<Option<f64>>> = Vec::new();
    let parts = if findings.attempts > 0 { 5 } else { 1 };
    figures.resize_with(NAMES.len() * parts, || Vec::with_capacity(points.len()));
    for point in points {
        let mut figures = figures.iter_mut();
        let mut push = |x: Option<f64>| {
            if let Some(column) = figures.next() {
                column.push(x.filter(|x| x.is_finite()));
            }
        };
        for (_, compared) in point.estimates() {
            push(compared.exact);
            if findings.attempts > 0 {
                let estimate = compared.estimate;
                push(estimate.mean);
                push(estimate.stderr);
                push(estimate.ci.map(|ci| ci[0]));
                push(estimate.ci.map(|ci| ci[1]));
            }
        }
    }
    columns.extend(figures.into_iter().map(Column::Number));
    columns
}
