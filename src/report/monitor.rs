//! What a watch has found, as people read it.

use super::number::number;
use super::{Section, Sheet};
use crate::study::monitor::{MonitorFindings, Verdict, Watched};

/// Shares are shown to a hundredth of a per cent.
const RESOLUTION: f64 = 0.1;

/// The sheet of a watch.
pub fn sheet(findings: &MonitorFindings) -> Sheet {
    let mut watched = Section::new("Under watch", &["quantity", "estimate (%)", "interval (%)"]);
    watched.rows = vec![
        row("false rejection rate", findings.false_rejection_rate),
        row("savings", findings.savings),
    ];
    let mut counts = Section::new("Read", &["what", "number"]);
    counts.rows = [
        ("generations", findings.records),
        ("rejected", findings.rejected),
        ("audited", findings.audited),
        (
            "false rejections among the audited",
            findings.false_rejections,
        ),
        ("prompts counted", findings.prompts),
        ("prompts not complete", findings.open_prompts),
    ]
    .map(|(what, count)| vec![what.to_owned(), count.to_string()])
    .to_vec();
    Sheet {
        title: format!(
            "Watch: false rejection rate at most {} %",
            number(100.0 * findings.max_frr, RESOLUTION)
        ),
        summary: vec![verdict(findings), about(findings)],
        sections: vec![watched, counts],
        warnings: findings.warnings.clone(),
        ..Sheet::default()
    }
}

fn row(name: &str, watched: Watched) -> Vec<String> {
    let percent = |share: f64| number(100.0 * share, RESOLUTION);
    let dash = || "–".to_owned();
    vec![
        name.to_owned(),
        watched.estimate.map_or_else(dash, percent),
        watched.ci.map_or_else(dash, |[low, high]| {
            format!("[{}, {}]", percent(low), percent(high))
        }),
    ]
}

fn verdict(findings: &MonitorFindings) -> String {
    let bound = number(100.0 * findings.max_frr, RESOLUTION);
    let at = findings.established_at.unwrap_or(0);
    match findings.verdict {
        Verdict::Exceeded => {
            format!(
                "ALARM: the false rejection rate is above {bound} %, established at prompt {at}."
            )
        }
        Verdict::Kept => {
            format!("The false rejection rate is below {bound} %, established at prompt {at}.")
        }
        Verdict::Undecided => {
            format!("Whether the false rejection rate is above {bound} % is open.")
        }
    }
}

fn about(findings: &MonitorFindings) -> String {
    format!(
        "Intervals hold with confidence {} %, each for all times together: one may look as often as one \
         likes.",
        number(100.0 * findings.confidence, RESOLUTION)
    )
}
