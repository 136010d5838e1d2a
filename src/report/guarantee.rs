//! The findings of an experiment on guarantees as people read them.

use super::number::{exactly, optional};
use super::{Section, Sheet};
use crate::study::guarantee::{GuaranteeFindings, Method, MethodFindings, Verdict};

/// The sheet of one experiment.
pub fn sheet(findings: &GuaranteeFindings) -> Sheet {
    let partial = if findings.partial {
        ", interrupted"
    } else {
        ""
    };
    let certified = findings
        .methods
        .iter()
        .find(|m| m.method == Method::Certified);
    let kept = match certified.map(|m| m.verdict) {
        Some(Verdict::Keeps) if findings.ok => "Certified policies keep the promise",
        Some(Verdict::Keeps) => {
            "Certified policies keep the promise, but the experiment could not have found a fault"
        }
        Some(Verdict::Breaks) => "Certified policies BREAK the promise",
        Some(Verdict::NothingChosen) | None => "Nothing was certified, so nothing is shown",
    };
    Sheet {
        title: format!("Guarantee {}", findings.name),
        summary: vec![
            format!(
                "{} logs of {} prompts × {} generations{partial}; {} policies, of which {} falsely reject more \
                 than {} % in truth.",
                findings.replications,
                findings.prompts,
                findings.per_prompt,
                findings.policies,
                findings.policies_above,
                optional(Some(100.0 * findings.max_frr), 0.1),
            ),
            format!(
                "{kept}: the limit may be broken on at most {} % of the logs. Intervals are exact, 99 %.",
                optional(Some(100.0 * (1.0 - findings.confidence)), 0.1)
            ),
        ],
        sections: vec![section(findings)],
        data: data(findings),
        ..Sheet::default()
    }
}

/// The table of one experiment among others.
pub(super) fn titled(findings: &GuaranteeFindings) -> Section {
    let section = section(findings);
    Section {
        title: format!("{}: {}", findings.name, section.title),
        ..section
    }
}

fn section(findings: &GuaranteeFindings) -> Section {
    let header = [
        "",
        "a policy chosen %",
        "limit broken %",
        "interval",
        "mean true false rejections %",
        "verdict",
    ];
    let mut section = Section::new(
        "How often the policy chosen breaks the limit in truth",
        &header,
    );
    let logs = findings.replications.max(1) as f64;
    section.rows = findings
        .methods
        .iter()
        .map(|m: &MethodFindings| {
            let percent = |x: f64| optional(Some(100.0 * x), 0.1);
            vec![
                m.method.describe().to_owned(),
                percent(m.chosen as f64 / logs),
                percent(m.rate),
                format!("[{}, {}]", percent(m.ci[0]), percent(m.ci[1])),
                optional(m.mean_frr.map(|x| 100.0 * x), 0.01),
                match m.verdict {
                    Verdict::Keeps => "keeps".to_owned(),
                    Verdict::Breaks => "breaks".to_owned(),
                    Verdict::NothingChosen => "nothing chosen".to_owned(),
                },
            ]
        })
        .collect();
    section
}

fn data(findings: &GuaranteeFindings) -> Section {
    let header = [
        "method",
        "logs",
        "chosen",
        "violations",
        "rate",
        "ci_lo",
        "ci_hi",
        "mean_frr",
    ];
    let mut section = Section::new("", &header);
    let methods = findings.methods.iter();
    section.rows = methods
        .map(|m| {
            vec![
                m.method.describe().to_owned(),
                findings.replications.to_string(),
                m.chosen.to_string(),
                m.violations.to_string(),
                exactly(Some(m.rate)),
                exactly(Some(m.ci[0])),
                exactly(Some(m.ci[1])),
                exactly(m.mean_frr),
            ]
        })
        .collect();
    section
}
