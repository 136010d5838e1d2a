//! An explanation as people read it: a table of parts for each figure.

use super::number::{exactly, number, optional};
use super::{Section, Sheet};
use crate::study::explanation::{Explained, ExplanationFindings};

/// Figures are exact; this many digits are read.
const RESOLUTION: f64 = 1e-4;

/// What a share is.
pub(super) const SHARES: &str = "a share is the mean change over all orders of exchanging parts; where first and last \
                                 differ, parts act together and no part alone explains the difference";

/// The sheet of an explanation.
pub fn sheet(findings: &ExplanationFindings) -> Sheet {
    Sheet {
        title: format!("From {} to {}", findings.first, findings.second),
        summary: findings.figures.iter().map(answer).collect(),
        sections: findings.figures.iter().map(parts).collect(),
        data: data(findings),
        warnings: vec![SHARES.to_owned()],
        ..Sheet::default()
    }
}

/// The difference and the part with the largest share.
fn answer(figure: &Explained) -> String {
    let name = figure.name.replace('_', " ");
    let shown = |x: Option<f64>| optional(x, RESOLUTION);
    let largest = figure
        .parts
        .iter()
        .filter_map(|part| Some((part, part.shapley?)));
    let largest = largest.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
    let most = match largest {
        Some((part, share)) if share != 0.0 => {
            format!(
                "; the largest share, {}, is that of {}",
                number(share, RESOLUTION),
                part.factor.describe()
            )
        }
        Some(_) => "; they do not differ in any part".to_owned(),
        None => "; undefined in some mixture, so it has no shares".to_owned(),
    };
    format!(
        "{name}: {} and {}, a difference of {}{most}.",
        shown(figure.of_first),
        shown(figure.of_second),
        shown(figure.difference)
    )
}

fn parts(figure: &Explained) -> Section {
    let rows = figure.parts.iter().map(|part| {
        let values = [part.shapley, part.first, part.last].map(|x| optional(x, RESOLUTION));
        (part.factor.describe(), part.differs, values)
    });
    table_of_parts(&figure.name, rows)
}

/// A table of parts: in words, whether the two differ in it, and its share, alone and after all others.
pub(super) fn table_of_parts(
    figure: &str,
    parts: impl Iterator<Item = (&'static str, bool, [String; 3])>,
) -> Section {
    let header = [
        "",
        "share of the difference",
        "exchanged first",
        "exchanged last",
    ];
    let mut section = Section::new(&figure.replace('_', " "), &header);
    section.rows = parts
        .map(|(words, differs, values)| {
            let same = if differs { "" } else { " (the same)" };
            [vec![format!("{words}{same}")], values.to_vec()].concat()
        })
        .collect();
    section
}

fn data(findings: &ExplanationFindings) -> Section {
    let mut section = Section::new("", &["figure", "factor", "shapley", "first", "last"]);
    for figure in &findings.figures {
        section.rows.extend(figure.parts.iter().map(|part| {
            let values = [part.shapley, part.first, part.last].map(exactly);
            [
                vec![figure.name.clone(), part.factor.key().to_owned()],
                values.to_vec(),
            ]
            .concat()
        }));
    }
    section
}
