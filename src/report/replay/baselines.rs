//! What people read of the baselines: the policy, and below it what it is to be held against.

use super::super::Section;
use super::super::number::{percent, with_interval};
use crate::estimate::Estimate;
use crate::study::replay::ReplayFindings;

/// The policy and its baselines.
pub(in crate::report) fn section(findings: &ReplayFindings) -> Section {
    let header = [
        "",
        "records",
        "savings %",
        "rejected %",
        "false rejections %",
        "detected %",
        "cost ratio",
    ];
    let mut section = Section::new("The policy beside what it is to be held against", &header);
    let row = |name: &str, records: u64, get: &dyn Fn(&str) -> Estimate| {
        vec![
            name.to_owned(),
            records.to_string(),
            percent(get("savings")),
            percent(get("rejection_rate")),
            percent(get("false_rejection_rate")),
            percent(get("detection_rate")),
            with_interval(get("cost_ratio")),
        ]
    };
    let policy = |name: &str| findings.get(name).unwrap_or_default();
    if !findings.baselines.is_empty() {
        section.rows.push(row("policy", findings.records, &policy));
    }
    section.rows.extend(findings.baselines.iter().map(|b| {
        let get = |name: &str| b.figures.get(name);
        let name = match b.cap_tokens {
            Some(cap) => format!("{} at {cap} tokens", b.name),
            None => b.name.clone(),
        };
        row(&name, b.records, &get)
    }));
    section
}

/// Everything at full precision.
pub(super) fn data(findings: &ReplayFindings, add: &mut dyn FnMut(&str, &str, &Estimate)) {
    for baseline in &findings.baselines {
        let group = format!("baseline {}", baseline.name);
        for estimate in &baseline.figures.estimates {
            add(&group, &estimate.name, &estimate.value);
        }
        add(
            &group,
            "cost_beyond_coin",
            &baseline.figures.cost_beyond_coin,
        );
    }
}
