//! Why a policy saves differently on two logs, as people read it: what differs, and a table of parts for each
//! figure.

use super::explanation::{SHARES, table_of_parts};
use super::number::{exactly, optional, with_interval};
use super::{Section, Sheet};
use crate::study::Estimate;
use crate::study::explanation::logs::{LogExplanation, LogFigure, LogSide};

/// Where there is no standard error, this many digits are read.
const RESOLUTION: f64 = 1e-3;

/// The sheet of an explanation of two logs.
pub fn sheet(findings: &LogExplanation) -> Sheet {
    let mut sections = vec![quantities(findings)];
    sections.extend(findings.figures.iter().map(parts));
    let mut warnings = vec![
        SHARES.to_owned(),
        "intervals draw the prompts of each log anew, independently: if both logs have the same prompts, they are \
         usually too wide"
            .to_owned(),
    ];
    warnings.extend(findings.warnings.iter().cloned());
    let side = |side: &LogSide| {
        format!(
            "{}: {} records, {} with a verdict, {} prompts.",
            side.name, side.records, side.with_verdict, side.prompts
        )
    };
    let mut summary = vec![side(&findings.first), side(&findings.second)];
    summary.extend(findings.figures.iter().map(answer));
    Sheet {
        title: format!(
            "{}: from {} to {}",
            findings.policy, findings.first.name, findings.second.name
        ),
        summary,
        sections,
        data: data(findings),
        warnings,
        ..Sheet::default()
    }
}

/// A value with its interval; three decimals where it has none.
fn shown(estimate: Estimate) -> String {
    match estimate.stderr {
        Some(stderr) if stderr > 0.0 => with_interval(estimate),
        _ => optional(estimate.mean, RESOLUTION),
    }
}

/// The difference and the part with the largest share.
fn answer(figure: &LogFigure) -> String {
    let name = figure.name.replace('_', " ");
    let known = figure.parts.iter();
    let known = known.filter_map(|part| Some((part, part.shapley.mean?)));
    let largest = known.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
    let most = match largest {
        Some((part, share)) if share != 0.0 => format!(
            "; the largest share, {}, is that of {}",
            shown(part.shapley),
            part.factor.describe()
        ),
        Some(_) => "; they do not differ in any part that matters".to_owned(),
        None => "; undefined in some mixture, so it has no shares".to_owned(),
    };
    let told = match figure.difference.ci {
        Some([lo, hi]) if lo <= 0.0 && hi >= 0.0 => " (not told from 0)",
        _ => "",
    };
    format!(
        "{name}: {} and {}, a difference of {}{told}{most}.",
        shown(figure.of_first),
        shown(figure.of_second),
        shown(figure.difference)
    )
}

fn quantities(findings: &LogExplanation) -> Section {
    let header = ["", "first log", "second log", "prompts behind it", "part"];
    let mut section = Section::new("What the logs differ in", &header);
    section.rows = findings
        .quantities
        .iter()
        .map(|quantity| {
            vec![
                quantity.name.replace('_', " "),
                shown(quantity.first),
                shown(quantity.second),
                format!("{} and {}", quantity.prompts[0], quantity.prompts[1]),
                quantity.factor.describe().to_owned(),
            ]
        })
        .collect();
    section
}

fn parts(figure: &LogFigure) -> Section {
    let rows = figure.parts.iter().map(|part| {
        let [first, last] = [part.first, part.last].map(|x| optional(x, RESOLUTION));
        let values = [shown(part.shapley), first, last];
        (part.factor.describe(), part.differs, values)
    });
    table_of_parts(&figure.name, rows)
}

fn data(findings: &LogExplanation) -> Section {
    let header = [
        "figure", "factor", "shapley", "stderr", "ci_lo", "ci_hi", "first", "last",
    ];
    let mut section = Section::new("", &header);
    for figure in &findings.figures {
        section.rows.extend(figure.parts.iter().map(|part| {
            let share = part.shapley;
            let values = [
                share.mean,
                share.stderr,
                share.ci.map(|ci| ci[0]),
                share.ci.map(|ci| ci[1]),
                part.first,
                part.last,
            ];
            let names = [figure.name.clone(), part.factor.key().to_owned()];
            names.into_iter().chain(values.map(exactly)).collect()
        }));
    }
    section
}
