//! What people read of the validators: what each is worth, where it alarms, and with whom.

use super::super::Section;
use super::super::number::{percent, with_interval};
use crate::estimate::Estimate;
use crate::study::replay::{
    AgainstCoin, ByVerdict, Contribution, ReplayFindings, ValidatorAttribution,
};

/// Which validators know something, in words.
pub(super) fn verdict(findings: &ReplayFindings) -> Vec<String> {
    let validators = &findings.attribution.validators;
    let named = |kind: AgainstCoin| -> Option<String> {
        let of_kind = validators.iter().filter(|v| v.against_coin == kind);
        let names: Vec<&str> = of_kind.map(|v| v.name.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let kinds = [
        (AgainstCoin::Better, "knows something: "),
        (
            AgainstCoin::Worse,
            "WORSE than noise, a coin would cost less: ",
        ),
        (
            AgainstCoin::NotToldApart,
            "not to be told from a coin on this log: ",
        ),
        (
            AgainstCoin::TooFewRejections,
            "rejects too few to be told from a coin: ",
        ),
        (AgainstCoin::NeverRejects, "never rejects: "),
        (AgainstCoin::Unknown, "cannot be compared with a coin: "),
    ];
    let parts = kinds.iter().filter_map(|(kind, words)| {
        let names = named(*kind)?;
        Some(format!("{words}{names}"))
    });
    let parts: Vec<String> = parts.collect();
    let mut paragraphs = Vec::new();
    if !parts.is_empty() {
        paragraphs.push(format!(
            "Each validator alone, beside a coin at its own rates. {}.",
            capitalised(&parts.join(". "))
        ));
    }
    paragraphs.extend(findings.attribution.remarks.iter().cloned());
    paragraphs
}

/// Every sentence begins with a capital.
fn capitalised(text: &str) -> String {
    let sentences = text.split(". ").map(|sentence| {
        let mut chars = sentence.chars();
        let first = chars.next().map(|c| c.to_uppercase().to_string());
        first.unwrap_or_default() + chars.as_str()
    });
    sentences.collect::<Vec<_>>().join(". ")
}

fn in_words(against: AgainstCoin) -> &'static str {
    match against {
        AgainstCoin::Better => "knows something",
        AgainstCoin::NotToldApart => "not told from it",
        AgainstCoin::Worse => "worse than noise",
        AgainstCoin::TooFewRejections => "too few rejections",
        AgainstCoin::NeverRejects => "never rejects",
        AgainstCoin::Unknown => "cannot be known",
    }
}

/// Each validator alone, at the policy's checkpoints.
pub(super) fn alone(findings: &ReplayFindings) -> Section {
    let header = [
        "",
        "rejected",
        "savings %",
        "false rejections %",
        "detected %",
        "cost ratio",
        "less its own coin's",
        "so it",
        "checks, tokens per attempt",
    ];
    let mut section = Section::new(
        "Each validator alone, at the policy's checkpoints, beside a coin at its own rates",
        &header,
    );
    section.rows = rows(findings, |v| {
        vec![
            v.rejected.total().to_string(),
            percent(v.alone.get("savings")),
            percent(v.alone.get("false_rejection_rate")),
            percent(v.alone.get("detection_rate")),
            with_interval(v.alone.get("cost_ratio")),
            with_interval(v.alone.cost_beyond_coin),
            in_words(v.against_coin).to_owned(),
            with_interval(v.alone.charged_tokens),
        ]
    });
    section
}

/// The policy without each validator.
pub(super) fn left_out(findings: &ReplayFindings) -> Section {
    let header = [
        "",
        "rejected by no other",
        "savings lost %",
        "false rejections spared %",
        "detection lost %",
        "cost ratio without",
        "policy's less that",
    ];
    let mut section = Section::new("What the policy would lose without each validator", &header);
    section.rows = rows(findings, |v| {
        vec![
            v.rejected_by_no_other.total().to_string(),
            percent(v.contribution.savings),
            percent(v.contribution.false_rejection_rate),
            percent(v.contribution.detection_rate),
            with_interval(v.left_out.get("cost_ratio")),
            with_interval(v.contribution.cost_ratio),
        ]
    });
    section
}

/// Shapley values.
pub(super) fn shapley(findings: &ReplayFindings) -> Section {
    let header = [
        "",
        "savings %",
        "false rejections %",
        "detected %",
        "cost ratio",
    ];
    let mut section = Section::new(
        "Shapley values: each figure of the policy, less that without any, shared out",
        &header,
    );
    section.rows = rows(findings, |v| {
        let Contribution {
            savings,
            false_rejection_rate,
            detection_rate,
            cost_ratio,
        } = v.shapley;
        vec![
            percent(savings),
            percent(false_rejection_rate),
            percent(detection_rate),
            with_interval(cost_ratio),
        ]
    });
    section
}

/// One row per validator, its name first.
fn rows(
    findings: &ReplayFindings,
    cells: impl Fn(&ValidatorAttribution) -> Vec<String>,
) -> Vec<Vec<String>> {
    let validators = findings.attribution.validators.iter();
    validators
        .map(|v| [vec![v.name.clone()], cells(v)].concat())
        .collect()
}

/// Where first alarms fall: counts of the accepted and the refused.
pub(super) fn places(findings: &ReplayFindings) -> Section {
    let mut header = vec!["", "problem"];
    let tenths = [
        "0–10 %", "–20", "–30", "–40", "–50", "–60", "–70", "–80", "–90", "–100",
    ];
    header.extend(tenths);
    header.push("only at the end");
    let mut section = Section::new(
        "Where first alarms fall in complete generations: accepted/refused by tenths of the tokens",
        &header,
    );
    section.rows = findings
        .validators
        .iter()
        .map(|v| {
            let places = &v.first_alarm_places;
            let counts = std::iter::once(&places.problem)
                .chain(&places.tenths)
                .chain([&places.end])
                .map(pair);
            std::iter::once(v.name.clone()).chain(counts).collect()
        })
        .collect();
    section
}

/// Accepted/refused, and those without verdict where there are any.
fn pair(by: &ByVerdict) -> String {
    if by.total() == 0 {
        "–".to_owned()
    } else if by.unknown == 0 {
        format!("{}/{}", by.accepted, by.refused)
    } else {
        format!("{}/{}/{}?", by.accepted, by.refused, by.unknown)
    }
}

/// Pairs that alarm on the same generations.
pub(super) fn overlaps(findings: &ReplayFindings) -> Section {
    let header = ["", "both", "first only", "second only", "both, of any %"];
    let mut section = Section::new(
        "Pairs of validators on complete generations: accepted/refused on which they alarm",
        &header,
    );
    let together = findings.overlaps.iter().filter(|o| o.both.total() > 0);
    section.rows = together
        .map(|overlap| {
            vec![
                overlap.validators.join(" & "),
                pair(&overlap.both),
                pair(&overlap.first_only),
                pair(&overlap.second_only),
                percent(overlap.share),
            ]
        })
        .collect();
    section
}

/// Everything at full precision.
pub(super) fn data(findings: &ReplayFindings, add: &mut dyn FnMut(&str, &str, &Estimate)) {
    for v in &findings.attribution.validators {
        for (kind, figures) in [("alone", &v.alone), ("left_out", &v.left_out)] {
            let group = format!("{kind} {}", v.name);
            for estimate in &figures.estimates {
                add(&group, &estimate.name, &estimate.value);
            }
            add(&group, "charged_tokens", &figures.charged_tokens);
            add(&group, "cost_beyond_coin", &figures.cost_beyond_coin);
        }
        for (kind, part) in [("contribution", &v.contribution), ("shapley", &v.shapley)] {
            let group = format!("{kind} {}", v.name);
            add(&group, "savings", &part.savings);
            add(&group, "false_rejection_rate", &part.false_rejection_rate);
            add(&group, "detection_rate", &part.detection_rate);
            add(&group, "cost_ratio", &part.cost_ratio);
        }
    }
    for overlap in &findings.overlaps {
        add("overlap", &overlap.validators.join(" & "), &overlap.share);
    }
    for v in &findings.validators {
        let median = Estimate {
            mean: v.first_alarm_median,
            stderr: None,
            ci: v.first_alarm_median_ci,
        };
        add("first_alarm_median", &v.name, &median);
    }
}
