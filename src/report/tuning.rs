//! The findings of a tuning as people read them, and the certificate that a policy file carries.

use super::number::{exactly, number, optional, percent, with_interval};
use super::replay::{baselines, label_noise};
use super::{Section, Sheet};
use crate::study::Named;
use crate::study::tuning::{Estimand, FrontPoint, PolicyFigures, TuningFindings};

/// What the certificate does not cover, in one sentence each.
const BREAKS: [&str; 3] = [
    "The guarantee is about logs like this one: another model, another prompt, another task or another \
     sampling temperature is another population, and drift makes one of the same; foldem monitor watches \
     for that",
    "It is about the labels of this log: where they are wrong, give the judge's quality \
     (--judge-sensitivity, --judge-specificity)",
    "Its probability is over the prompts of the calibration part. Tuning again and again on one log, with \
     other seeds or limits until something is certified, voids it",
];

/// The sheet of a tuning.
pub fn sheet(findings: &TuningFindings) -> Sheet {
    let mut sections = vec![
        policy(findings),
        claims(findings),
        figures(findings),
        beside(findings),
        corrected(findings),
        more_data(findings),
        front(findings),
        parts(findings),
    ];
    sections.retain(|section| !section.rows.is_empty());
    let mut warnings = findings.warnings.clone();
    let reporting = findings.reporting.iter().flat_map(|r| &r.warnings);
    warnings.extend(reporting.map(|warning| format!("reporting part: {warning}")));
    if findings.certified {
        warnings.extend(BREAKS.iter().map(|&warning| warning.to_owned()));
    }
    Sheet {
        title: if findings.certified {
            "Tuning: a policy is certified".to_owned()
        } else {
            "Tuning: nothing is certified".to_owned()
        },
        summary: summary(findings),
        sections,
        data: data(findings),
        warnings,
        ..Sheet::default()
    }
}

fn summary(findings: &TuningFindings) -> Vec<String> {
    let mut summary = vec![format!("{}.", sentence(&findings.reason))];
    if findings.examined > 0 {
        let how = if findings.exhaustive {
            "all there are"
        } else {
            "a beam search that never loses to the greedy one"
        };
        let tested = findings
            .front
            .iter()
            .filter(|p| p.p_value.is_some())
            .count();
        summary.push(format!(
            "{} policies were looked at ({how}); {} of them are on the front of {} against false \
             rejections and beat full generation; {tested} were tested, the safest first.",
            findings.examined,
            findings.front.len(),
            findings.objective.name(),
        ));
    }
    if let Some(reporting) = &findings.reporting {
        let get = |name: &str| reporting.get(name).unwrap_or_default();
        summary.push(format!(
            "On the {} generations of the reporting part, which neither the choice nor the test has seen, it \
             saves {} % of the tokens per attempt (the coin {} %), falsely rejects {} %, and a retained \
             sample costs {} times as much as by full generation (the coin {}).",
            reporting.records,
            percent(get("savings")),
            percent(get("null_savings")),
            percent(get("false_rejection_rate")),
            with_interval(get("cost_ratio")),
            with_interval(get("null_cost_ratio")),
        ));
    }
    if let (true, Some(best)) = (findings.certified, &findings.best_of_any_rate) {
        summary.push(format!(
            "Without the limit the best found would reach {} on the tuning part ({}), at {} % false rejections.",
            optional(Some(best.objective), 1e-3),
            findings.objective.name(),
            optional(Some(100.0 * best.false_rejection_rate), 0.01),
        ));
    }
    summary
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

fn policy(findings: &TuningFindings) -> Section {
    let mut section = Section::new("The certified policy", &["", ""]);
    let lines = match &findings.policy_file {
        Some(policy) => policy.describe(),
        None => Vec::new(),
    };
    let lines = lines.into_iter().zip(1..);
    section.rows = lines.map(|(line, i)| vec![i.to_string(), line]).collect();
    section
}

fn claims(findings: &TuningFindings) -> Section {
    let title = if findings.certified {
        "What is certified, on the calibration part"
    } else {
        "What could not be certified, on the calibration part"
    };
    let header = [
        "",
        "at most",
        "p-value",
        "false rejections",
        "accepted",
        "prompts",
    ];
    let mut section = Section::new(title, &header);
    let claims = findings.claims.iter();
    section.rows = claims
        .map(|tested| {
            vec![
                tested.claim.name.clone(),
                tested.claim.limit.to_string(),
                scientific(Some(tested.p_value)),
                tested.false_rejections.to_string(),
                tested.good.to_string(),
                tested.prompts.to_string(),
            ]
        })
        .collect();
    if let Some(bound) = findings.frr_bound {
        section.rows.push(vec![
            format!(
                "upper bound of the false rejection rate ({})",
                findings.confidence
            ),
            optional(Some(bound), 1e-4),
            "–".to_owned(),
            "–".to_owned(),
            "–".to_owned(),
            "–".to_owned(),
        ]);
    }
    section
}

fn figures(findings: &TuningFindings) -> Section {
    let header = ["", "reporting part", "whole log (flattered by the choice)"];
    let mut section = Section::new("Figures of the policy, with 95 % intervals", &header);
    if let Some(PolicyFigures { figures, .. }) = &findings.whole_log {
        let reporting = |name: &str| {
            let found = findings.reporting.as_ref().and_then(|r| r.get(name));
            found.map_or_else(|| "–".to_owned(), with_interval)
        };
        let row = |Named { name, value }: &Named<_>| {
            vec![name.clone(), reporting(name), with_interval(*value)]
        };
        section.rows = figures.estimates.iter().map(row).collect();
    }
    section
}

/// How much a certificate would take.
fn more_data(findings: &TuningFindings) -> Section {
    let header = [
        "",
        "false rejections % (tuning part)",
        findings.objective.name(),
        "calibration prompts for 80 % power",
    ];
    let mut section = Section::new("What more data would certify", &header);
    let needed = findings.more_data.iter();
    section.rows = needed
        .map(|needed| {
            let prompts = needed.calibration_prompts;
            vec![
                needed.policy.clone(),
                optional(Some(100.0 * needed.false_rejection_rate), 1e-2),
                optional(needed.objective, 1e-4),
                prompts.map_or_else(
                    || "more than a hundred thousand, or not known".to_owned(),
                    |n| n.to_string(),
                ),
            ]
        })
        .collect();
    section
}

/// What the figures would be with right labels, where a judge is given.
fn corrected(findings: &TuningFindings) -> Section {
    let reporting = findings.reporting.as_ref();
    reporting.map(label_noise::section).unwrap_or_default()
}

/// The policy between the coin and those that know more.
fn beside(findings: &TuningFindings) -> Section {
    findings
        .reporting
        .as_ref()
        .map(baselines::section)
        .unwrap_or_default()
}

fn front(findings: &TuningFindings) -> Section {
    let header = [
        "",
        "false rejections %",
        findings.objective.name(),
        "savings %",
        "p-value",
        "validators",
        "places",
    ];
    let mut section = Section::new("The front on the tuning part", &header);
    let points = findings.front.iter().zip(1..);
    section.rows = points
        .map(|(point, i)| {
            let chosen = findings.chosen.is_some_and(|c| c + 1 == i);
            let mut row = vec![if chosen {
                format!("{i} chosen")
            } else {
                i.to_string()
            }];
            row.extend(point_cells(point));
            row
        })
        .collect();
    if let Some(best) = &findings.best_of_any_rate {
        let mut row = vec!["best of any rate".to_owned()];
        row.extend(point_cells(best));
        section.rows.push(row);
    }
    section
}

fn point_cells(point: &FrontPoint) -> Vec<String> {
    let places: Vec<String> = point.checkpoints.iter().map(ToString::to_string).collect();
    vec![
        optional(Some(100.0 * point.false_rejection_rate), 1e-2),
        optional(Some(point.objective), 1e-4),
        optional(point.savings.map(|s| 100.0 * s), 1e-2),
        scientific(point.p_value),
        point.validators.join(", "),
        places.join("; "),
    ]
}

/// A p-value: small ones matter by their order alone.
fn scientific(p: Option<f64>) -> String {
    p.map_or_else(|| "–".to_owned(), |p| format!("{p:.1e}"))
}

fn parts(findings: &TuningFindings) -> Section {
    let header = ["", "prompts", "records", "accepted", "refused"];
    let mut section = Section::new("Parts of the log", &header);
    let parts = findings.parts.iter();
    section.rows = parts
        .map(|part| {
            let counts = [part.prompts, part.records, part.accepted, part.refused];
            let mut row = vec![part.name.to_owned()];
            row.extend(counts.map(|n| n.to_string()));
            row
        })
        .collect();
    section
}

/// The front as one table at full precision.
fn data(findings: &TuningFindings) -> Section {
    let header = [
        "point",
        "false_rejection_rate",
        "objective",
        "savings",
        "cost_ratio",
        "rejection_rate",
        "p_value",
        "certified",
        "validators",
        "checkpoints",
    ];
    let mut section = Section::new("", &header);
    let points = findings.front.iter().zip(1..);
    section.rows = points
        .map(|(point, i)| {
            let checkpoints: Vec<String> =
                point.checkpoints.iter().map(ToString::to_string).collect();
            vec![
                i.to_string(),
                exactly(Some(point.false_rejection_rate)),
                exactly(Some(point.objective)),
                exactly(point.savings),
                exactly(point.cost_ratio),
                exactly(Some(point.rejection_rate)),
                exactly(point.p_value),
                point.certified.map_or_else(String::new, |c| c.to_string()),
                point.validators.join(" "),
                checkpoints.join("; "),
            ]
        })
        .collect();
    section
}

/// What the file of the certified policy says of itself, beside where it comes from.
pub fn certificate(findings: &TuningFindings, sources: &[(String, String)]) -> String {
    let mut lines = vec![
        "Written by foldem tune.".to_owned(),
        format!("Certificate: {}.", findings.reason),
        format!(
            "max_frr = {}, confidence = {}, delta = {}, estimand = {}, test = {}, p_value = {}",
            findings.max_frr,
            findings.confidence,
            number(1.0 - findings.confidence, 1e-6),
            match findings.estimand {
                Estimand::Generation => "generation",
                Estimand::Prompt => "prompt",
            },
            findings.test.name(),
            scientific(findings.p_value),
        ),
        format!(
            "at most {} labelled generations per prompt; objective: {}; problems {}; labels {}",
            findings.per_prompt,
            findings.objective.name(),
            if findings.problem_generated {
                "generated"
            } else {
                "given"
            },
            findings.judge.map_or_else(
                || "taken for right".to_owned(),
                |judge| format!(
                    "right with probability {} for the good and {} for the bad",
                    judge.sensitivity, judge.specificity
                )
            )
        ),
        format!(
            "split by prompt, seed {}, shares {}: {}",
            findings.seed,
            findings.split.map(|share| share.to_string()).join(" : "),
            findings
                .parts
                .iter()
                .map(|p| format!("{} {} prompts", p.name, p.prompts))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    ];
    let claims = findings.claims.iter();
    lines.extend(claims.map(|tested| {
        format!(
            "claim: {} at most {}; {} false rejections among {} accepted of {} prompts, {} test, p = {}",
            tested.claim.name,
            tested.claim.limit,
            tested.false_rejections,
            tested.good,
            tested.prompts,
            tested.claim.test.name(),
            scientific(Some(tested.p_value))
        )
    }));
    lines.extend(
        sources
            .iter()
            .map(|(name, value)| format!("{name}: {value}")),
    );
    lines.extend(BREAKS.iter().map(|sentence| format!("{sentence}.")));
    lines.join("\n")
}
