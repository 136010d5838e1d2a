//! The findings of a verification as people read them.

use super::number::{exactly, number};
use super::{Section, Sheet};
use crate::study::verification::{Claim, Increment, Verdict, VerificationFindings};

/// The sheet of a verification.
pub fn sheet(findings: &VerificationFindings) -> Sheet {
    let count = |verdict: Verdict| {
        let claims = findings.claims.iter().filter(|c| !c.control);
        claims.filter(|c| c.verdict == verdict).count()
    };
    let controls = findings.claims.iter().filter(|c| c.control);
    let found = controls.clone().filter(|c| c.verdict == Verdict::Holds);
    let partial = if findings.partial {
        ", interrupted"
    } else {
        ""
    };
    let summary = format!(
        "{} attempts, seed {}{partial}. Claims: {} hold, {} fail, {} undecided, {} not applicable; \
         {} of {} planted violations found. The intervals hold together: any true claim is called \
         false with probability at most {} %.",
        findings.attempts,
        findings.seed,
        count(Verdict::Holds),
        count(Verdict::Fails),
        count(Verdict::Undecided),
        count(Verdict::NotApplicable),
        found.count(),
        controls.count(),
        100.0 * findings.family_alpha,
    );
    let claims = |control: bool| findings.claims.iter().filter(move |c| c.control == control);
    let mut warnings = Vec::new();
    if count(Verdict::Undecided) > 0 {
        warnings.push("undecided claims need more --attempts".to_owned());
    }
    Sheet {
        title: format!("Claims checked on {}", findings.scenario),
        summary: vec![summary],
        sections: vec![
            table("Claims", claims(false)),
            table(
                "Negative controls (each holds when its planted violation is found)",
                claims(true),
            ),
            increments(&findings.increments),
        ],
        data: data(findings),
        warnings,
        ..Sheet::default()
    }
}

fn data(findings: &VerificationFindings) -> Section {
    let header = [
        "id",
        "control",
        "verdict",
        "estimate",
        "ci_lo",
        "ci_hi",
        "exact",
        "statement",
        "assumption",
    ];
    let mut section = Section::new("", &header);
    section.rows = findings
        .claims
        .iter()
        .map(|claim| {
            let ci = |i: usize| exactly(claim.ci.map(|ci| ci[i]));
            vec![
                claim.id.clone(),
                claim.control.to_string(),
                verdict(claim.verdict).to_owned(),
                exactly(claim.estimate),
                ci(0),
                ci(1),
                exactly(claim.exact),
                claim.statement.clone(),
                claim.assumption.clone(),
            ]
        })
        .collect();
    section
}

fn table<'c>(title: &str, claims: impl Iterator<Item = &'c Claim>) -> Section {
    let header = [
        "claim",
        "verdict",
        "estimate",
        "simultaneous interval",
        "exact",
        "statement",
        "assumption",
    ];
    let mut section = Section::new(title, &header);
    section.rows = claims
        .map(|claim| {
            let width = claim.ci.map_or(0.0, |[lo, hi]| hi - lo);
            let shown =
                |x: Option<f64>| x.map_or_else(|| "–".to_owned(), |x| number(x, width / 8.0));
            let ci = claim.ci.map_or_else(
                || "–".to_owned(),
                |[lo, hi]| format!("[{}, {}]", number(lo, width / 8.0), number(hi, width / 8.0)),
            );
            vec![
                claim.id.clone(),
                verdict(claim.verdict).to_owned(),
                shown(claim.estimate),
                ci,
                shown(claim.exact),
                claim.statement.clone(),
                claim.assumption.clone(),
            ]
        })
        .collect();
    section
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Fails => "FAILS",
        Verdict::Undecided => "undecided",
        Verdict::NotApplicable => "not applicable",
    }
}

fn increments(increments: &[Increment]) -> Section {
    let header = [
        "stage",
        "predicted",
        "generations",
        "mean increment",
        "simultaneous interval",
    ];
    let mut section = Section::new(
        "Mean increments of the posterior's expected utility",
        &header,
    );
    section.rows = increments
        .iter()
        .map(|i| {
            let width = i.ci[1] - i.ci[0];
            let shown = |x: f64| number(x, width / 8.0);
            vec![
                i.stage.to_string(),
                number(i.predicted, 0.01),
                i.generations.to_string(),
                shown(i.mean),
                format!("[{}, {}]", shown(i.ci[0]), shown(i.ci[1])),
            ]
        })
        .collect();
    section
}
