//! What people read of a log that was written under a live policy.

use super::super::Section;
use super::super::number::{optional, with_interval};
use crate::estimate::Estimate;
use crate::study::Named;
use crate::study::replay::{Bounds, CensoredFindings, ReplayFindings};

/// What the log says of the live policy, in a few sentences.
pub(super) fn verdict(findings: &ReplayFindings) -> Vec<String> {
    let Some(censored) = &findings.censored else {
        return Vec::new();
    };
    let mut paragraphs = vec![format!(
        "A live policy had rejected {} of the records, of which {} were completed all the same. The \
         figures above take cut texts for whole generations; those below do not.",
        censored.rejected, censored.completed
    )];
    paragraphs.extend(live(censored));
    paragraphs.extend(censored.remarks.iter().map(|remark| sentence(remark)));
    paragraphs
}

/// A remark as a sentence of its own.
fn sentence(remark: &str) -> String {
    let mut characters = remark.chars();
    let first = characters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(characters).chain(['.']).collect()
}

fn live(censored: &CensoredFindings) -> Option<String> {
    let get = |named: &[Named<Estimate>], name: &str| {
        let found = named.iter().find(|e| e.name == name);
        found.map(|e| with_interval(e.value))
    };
    let [savings, lost] = ["savings", "false_rejection_rate"].map(|n| get(&censored.live, n));
    let price = get(&censored.price, "savings")?;
    Some(format!(
        "Its gross savings are {} of the tokens, with audits {price}; it wrongly rejects {} of what \
         the final filter accepts. This rests on {} completed generations, as good as {} of equal \
         weight.",
        savings?,
        lost?,
        censored.completed,
        optional(censored.effective_completed, 1.0)
    ))
}

/// Figures of the live policy, with their bounds, and of the replayed one.
pub(super) fn section(findings: &ReplayFindings) -> Section {
    let header = ["", "estimate", "bounds", "95 % interval of the bounds"];
    let title = "Without cut texts: the live policy (gross of its checks), and the replayed one";
    let mut section = Section::new(title, &header);
    let Some(censored) = &findings.censored else {
        return section;
    };
    let bounds = |name: &str| {
        let found = censored.bounds.iter().find(|b| b.name == name);
        found.map(|b| b.value)
    };
    let mut names: Vec<&str> = censored.live.iter().map(|e| e.name.as_str()).collect();
    if names.is_empty() {
        names = censored.bounds.iter().map(|b| b.name.as_str()).collect();
    }
    for name in names {
        let estimate = censored.live.iter().find(|e| e.name == name);
        let mut cells = vec![
            format!("live {name}"),
            estimate.map_or_else(|| "–".to_owned(), |e| with_interval(e.value)),
        ];
        cells.extend(range(bounds(name)));
        section.rows.push(cells);
    }
    for (whose, figures) in [
        ("price of audits:", &censored.price),
        ("replayed", &censored.replayed),
    ] {
        section.rows.extend(figures.iter().map(|e| {
            let mut cells = vec![format!("{whose} {}", e.name), with_interval(e.value)];
            cells.extend(range(None));
            cells
        }));
    }
    section
}

fn range(bounds: Option<Bounds>) -> [String; 2] {
    let Some(Bounds { lo, hi, ci }) = bounds else {
        return ["–".to_owned(), "–".to_owned()];
    };
    [[lo, hi], ci].map(|[lo, hi]| format!("[{}, {}]", optional(lo, 1e-3), optional(hi, 1e-3)))
}

/// Everything at full precision; bounds as two rows, each with its side of the interval.
pub(super) fn data(findings: &ReplayFindings, add: &mut dyn FnMut(&str, &str, &Estimate)) {
    let Some(censored) = &findings.censored else {
        return;
    };
    for (group, figures) in [
        ("censored live", &censored.live),
        ("censored price", &censored.price),
        ("censored replayed", &censored.replayed),
    ] {
        for named in figures {
            add(group, &named.name, &named.value);
        }
    }
    for named in &censored.bounds {
        let Bounds { lo, hi, ci } = named.value;
        for (group, mean, end) in [
            ("censored lower bound", lo, ci[0]),
            ("censored upper bound", hi, ci[1]),
        ] {
            let bound = Estimate {
                mean,
                stderr: None,
                ci: end.map(|end| [end; 2]),
            };
            add(group, &named.name, &bound);
        }
    }
}
