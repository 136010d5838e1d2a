//! The findings of an experiment on recovery as people read them.

use super::number::{exactly, number, optional};
use super::{Section, Sheet};
use crate::study::fit::recovery::{Coverage, ParameterRecovery, RecoveryFindings};

/// The sheet of one experiment.
pub fn sheet(findings: &RecoveryFindings) -> Sheet {
    let partial = if findings.partial {
        ", interrupted"
    } else {
        ""
    };
    let names = |short: &dyn Fn(&ParameterRecovery) -> bool| {
        let found = findings.parameters.iter().filter(|p| short(p));
        let found: Vec<&str> = found.map(|p| p.name.as_str()).collect();
        if found.is_empty() {
            "none".to_owned()
        } else {
            found.join(", ")
        }
    };
    Sheet {
        title: format!("Recovery {}", findings.name),
        summary: vec![
            format!(
                "{} logs of {} prompts × {} generations{partial}, each fitted with {} resamples; {} led to no scenario of \
                 this form and count as missed.",
                findings.replications,
                findings.prompts,
                findings.per_prompt,
                findings.resamples,
                findings.lost,
            ),
            format!(
                "95 % intervals that contain the truth too seldom to be chance (binomial, P below {} each, so nominal \
                 intervals are called short in 1 % of experiments at most): {}.",
                number(findings.threshold, 1e-5),
                names(&|p| p.by_prompt.short),
            ),
            format!(
                "The negative control, resamples of generations instead of prompts, is short on: {}.",
                names(&|p| p.by_generation.short),
            ),
        ],
        sections: vec![section(findings)],
        data: data(findings),
        ..Sheet::default()
    }
}

/// The table of one experiment among others.
pub(super) fn titled(findings: &RecoveryFindings) -> Section {
    let section = section(findings);
    Section {
        title: format!("{}: {}", findings.name, section.title),
        ..section
    }
}

fn section(findings: &RecoveryFindings) -> Section {
    let header = [
        "parameter",
        "truth",
        "mean estimate",
        "its spread",
        "covered %",
        "P",
        "short",
        "by generation %",
        "short",
    ];
    let mut section = Section::new("How often 95 % intervals contain the truth", &header);
    section.rows = findings
        .parameters
        .iter()
        .map(|p| {
            let covered = |c: &Coverage| optional(Some(100.0 * c.rate), 1.0);
            let short = |c: &Coverage| if c.short { "SHORT" } else { "no" }.to_owned();
            vec![
                p.name.clone(),
                p.truth.to_string(),
                number(p.mean, p.spread / 10.0),
                number(p.spread, p.spread / 10.0),
                covered(&p.by_prompt),
                number(p.by_prompt.p_value, 1e-3),
                short(&p.by_prompt),
                covered(&p.by_generation),
                short(&p.by_generation),
            ]
        })
        .collect();
    section
}

fn data(findings: &RecoveryFindings) -> Section {
    let header = [
        "parameter",
        "truth",
        "mean",
        "spread",
        "covered",
        "p_value",
        "covered_by_generation",
        "p_value_by_generation",
        "logs",
    ];
    let mut section = Section::new("", &header);
    section.rows = findings
        .parameters
        .iter()
        .map(|p| {
            vec![
                p.name.clone(),
                exactly(Some(p.truth)),
                exactly(Some(p.mean)),
                exactly(Some(p.spread)),
                p.by_prompt.covered.to_string(),
                exactly(Some(p.by_prompt.p_value)),
                p.by_generation.covered.to_string(),
                exactly(Some(p.by_generation.p_value)),
                findings.replications.to_string(),
            ]
        })
        .collect();
    section
}
