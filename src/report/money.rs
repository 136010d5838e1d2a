//! Figures in money as people read them.

use super::number::{exactly, interval, optional, with_interval};
use super::{Section, Sheet};
use crate::estimate::Estimate;
use crate::study::money::MoneyFindings;
use crate::study::simulation::Compared;

/// A single token costs so little that amounts are shown for so many attempts or samples.
const MILLION: f64 = 1e6;

/// What each figure is in the table, beside its name, and what it is multiplied by there.
const WORDS: [(&str, &str, f64); 12] = [
    ("full", "a million attempts in full", MILLION),
    ("paid", "a million attempts under the policy", MILLION),
    ("saved", "saved per million attempts", MILLION),
    ("savings", "share saved per attempt", 1.0),
    ("null_savings", "share that the coin saves", 1.0),
    (
        "full_per_retained",
        "a million retained samples in full",
        MILLION,
    ),
    (
        "paid_per_retained",
        "a million retained samples under the policy",
        MILLION,
    ),
    ("saved_per_million", "saved per million retained", 1.0),
    ("cost_ratio", "cost per retained sample against full", 1.0),
    ("null_cost_ratio", "the same of the coin", 1.0),
    (
        "break_even_check",
        "checks may cost so much more per million attempts",
        MILLION,
    ),
    (
        "break_even_prompt",
        "prompts may cost so much more per million attempts",
        MILLION,
    ),
];

/// Adds the figures to the sheet of those in tokens.
pub fn add_money(sheet: &mut Sheet, findings: &MoneyFindings) {
    sheet.summary.push(verdict(findings));
    sheet.sections.push(section(findings));
    let width = sheet.data.header.len();
    // Sheets of simulations have an exact value in the third column, others an estimate.
    let with_exact = sheet.data.header.iter().any(|name| name == "exact");
    for figure in &findings.figures {
        let Compared { estimate, exact } = figure.value;
        let mut row = vec!["money".to_owned(), figure.name.clone()];
        if with_exact {
            row.push(exactly(exact));
        }
        row.extend([exactly(estimate.mean), exactly(estimate.stderr)]);
        row.extend([0, 1].map(|end| exactly(estimate.ci.map(|ci| ci[end]))));
        row.resize(width, String::new());
        sheet.data.rows.push(row);
    }
    sheet.warnings.extend(findings.warnings.iter().cloned());
}

fn value(findings: &MoneyFindings, name: &str) -> Compared {
    let found = findings.figures.iter().find(|f| f.name == name);
    found.map_or_else(Compared::default, |f| f.value)
}

fn shown(value: Compared) -> String {
    match value.exact {
        Some(exact) => optional(Some(exact), exact.abs() * 1e-3),
        None => with_interval(value.estimate),
    }
}

fn verdict(findings: &MoneyFindings) -> String {
    let figure = |name| shown(value(findings, name));
    let currency = &findings.prices.currency;
    let [savings, per_million, ratio] = ["savings", "saved_per_million", "cost_ratio"].map(figure);
    format!(
        "In money (prices `{}`): a share of {savings} is saved per attempt; a retained sample costs {ratio} \
         times as much as in full, so a million of them cost {per_million} {currency} less.",
        findings.prices.name
    )
}

fn section(findings: &MoneyFindings) -> Section {
    let title = format!(
        "In {} at the prices `{}`; every attempt pays for its prompt",
        findings.prices.currency, findings.prices.name
    );
    let with_exact = findings.figures.iter().any(|f| f.value.exact.is_some());
    let mut header = vec![""];
    header.extend(with_exact.then_some("exact"));
    header.extend(["estimate", "95 % interval"]);
    let mut section = Section::new(&title, &header);
    for (name, words, times) in WORDS {
        let Compared { estimate, exact } = value(findings, name);
        let exact = exact.map(|x| x * times);
        let estimate = Estimate {
            mean: estimate.mean.map(|x| x * times),
            stderr: estimate.stderr.map(|x| x * times),
            ci: estimate.ci.map(|ci| ci.map(|x| x * times)),
        };
        if exact.is_none() && estimate.mean.is_none() {
            continue;
        }
        let resolution = |x: Option<f64>| x.map_or(0.0, |x| x.abs() * 1e-4);
        let stderr = estimate.stderr.filter(|s| *s > 0.0);
        let stderr = stderr.unwrap_or(resolution(estimate.mean));
        let mut row = vec![words.to_owned()];
        if with_exact {
            row.push(optional(exact, resolution(exact)));
        }
        row.extend([optional(estimate.mean, stderr), interval(&estimate)]);
        section.rows.push(row);
    }
    section
}
