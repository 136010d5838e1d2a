//! What one checkpoint would do, by where it stands, as people read it.

use super::number::{exactly, percent, with_interval};
use super::{Section, Sheet};
use crate::estimate::Estimate;
use crate::study::replay::positions::{PositionCurve, PositionPoint, PositionSweep};

/// The sheet of a sweep over places.
pub fn sheet(sweep: &PositionSweep) -> Sheet {
    Sheet {
        title: format!(
            "One checkpoint of policy {}, by where it stands",
            sweep.policy
        ),
        summary: vec![format!(
            "It consults {}; its place is a share of the expected tokens. {} prompts; intervals \
             95 %, over prompts.",
            sweep.validators.join(", "),
            sweep.prompts
        )],
        sections: sweep.curves.iter().map(section).collect(),
        data: data(sweep),
        ..Sheet::default()
    }
}

fn name(curve: &PositionCurve) -> String {
    let group = curve.group.as_ref();
    group.map_or_else(|| "all generations".to_owned(), ToString::to_string)
}

fn section(curve: &PositionCurve) -> Section {
    let header = [
        "place %",
        "savings %",
        "coin's savings %",
        "false rejections %",
        "detected %",
        "cost ratio",
        "coin's cost ratio",
    ];
    let title = format!("{} ({} records)", name(curve), curve.records);
    let mut section = Section::new(&title, &header);
    let row = |p: &PositionPoint| {
        vec![
            format!("{:.0}", 100.0 * p.fraction),
            percent(p.savings),
            percent(p.null_savings),
            percent(p.false_rejection_rate),
            percent(p.detection_rate),
            with_interval(p.cost_ratio),
            with_interval(p.null_cost_ratio),
        ]
    };
    section.rows = curve.points.iter().map(row).collect();
    section
}

fn data(sweep: &PositionSweep) -> Section {
    let header = [
        "group", "fraction", "name", "mean", "stderr", "ci_lo", "ci_hi",
    ];
    let mut section = Section::new("", &header);
    for curve in &sweep.curves {
        for p in &curve.points {
            let named: [(&str, Estimate); 8] = [
                ("savings", p.savings),
                ("null_savings", p.null_savings),
                ("false_rejection_rate", p.false_rejection_rate),
                ("detection_rate", p.detection_rate),
                ("cost_ratio", p.cost_ratio),
                ("null_cost_ratio", p.null_cost_ratio),
                ("purity_before", p.purity_before),
                ("purity_after", p.purity_after),
            ];
            section.rows.extend(named.map(|(estimate_name, e)| {
                let ci = |i: usize| exactly(e.ci.map(|ci| ci[i]));
                vec![
                    name(curve),
                    p.fraction.to_string(),
                    estimate_name.to_owned(),
                    exactly(e.mean),
                    exactly(e.stderr),
                    ci(0),
                    ci(1),
                ]
            }));
        }
    }
    section
}
