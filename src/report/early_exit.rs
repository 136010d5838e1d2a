//! What people read of the four arms: full generation, rejection alone, early exit alone, both.

use serde::Serialize;

use super::Section;
use super::number::{exactly, interval, number, optional, percent, with_interval};
use crate::estimate::Estimate;
use crate::study::Named;
use crate::study::early_exit::{ARM_NAMES, EarlyExitFindings};
use crate::study::simulation::Compared;

/// A figure as it is shown.
pub(super) trait Shown: Serialize + Copy {
    /// By theory; `None` where undefined or not known.
    fn exact(self) -> Option<f64>;
    /// From generations.
    fn estimate(self) -> Estimate;
}

impl Shown for Compared {
    fn exact(self) -> Option<f64> {
        self.exact
    }

    fn estimate(self) -> Estimate {
        self.estimate
    }
}

impl Shown for Estimate {
    fn exact(self) -> Option<f64> {
        None
    }

    fn estimate(self) -> Estimate {
        self
    }
}

/// The answer in one or two sentences.
pub(super) fn verdict<T: Shown>(findings: &EarlyExitFindings<T>) -> Vec<String> {
    let shown = |figure: Option<T>| {
        let figure = figure?;
        let exact = figure.exact().map(|x| Estimate {
            mean: Some(x),
            stderr: Some(1e-3),
            ci: None,
        });
        let estimate = exact.unwrap_or_else(|| figure.estimate());
        estimate.mean.map(|_| percent(estimate))
    };
    let savings = |arm: &str| shown(findings.of_arm(arm, "savings"));
    let composition = |name: &str| shown(findings.composition(name));
    let answer = || {
        Some(format!(
            "Rejection alone saves {} % of the tokens, early exit alone {} %, both {} % (independent \
             of each other: {} %). Early exit still saves {} % of what rejection leaves.",
            savings("reject")?,
            savings("exit")?,
            savings("both")?,
            composition("savings_if_independent")?,
            composition("exit_of_what_rejection_leaves")?
        ))
    };
    answer().into_iter().collect()
}

/// The tables.
pub(super) fn sections<T: Shown>(findings: &EarlyExitFindings<T>) -> Vec<Section> {
    let all = || findings.arms.iter().flat_map(|arm| &arm.figures);
    let exact = all().any(|figure| figure.value.exact().is_some());
    let mut sections = Vec::new();
    if exact {
        sections.push(by_arm(findings, "Early exit: four arms, exact", |figure| {
            optional(figure.exact(), 1e-4)
        }));
    }
    let title = if exact {
        "Early exit: four arms, simulated, with 95 % intervals"
    } else {
        "Early exit: four arms, with 95 % intervals"
    };
    sections.push(by_arm(findings, title, |figure| {
        with_interval(figure.estimate())
    }));
    let rows = findings.composition.iter();
    let rows = rows.map(|named| (named.name.clone(), named.value));
    sections.push(table("Early exit: how both compose", exact, rows));
    let exits = findings.exits_by_stage.iter();
    let rows = exits.flat_map(|probe| {
        let name = |arm: &str| format!("{} ({arm})", probe.stage);
        [
            (name("exit"), probe.alone),
            (name("both"), probe.with_rejection),
        ]
    });
    let exits = table("Early exit: exits after stage", exact, rows);
    sections.extend(Some(exits).filter(|section| !section.rows.is_empty()));
    sections
}

/// A row per figure, a column per arm.
fn by_arm<T: Shown>(
    findings: &EarlyExitFindings<T>,
    title: &str,
    cell: impl Fn(T) -> String,
) -> Section {
    let header: Vec<&str> = std::iter::once("").chain(ARM_NAMES).collect();
    let mut section = Section::new(title, &header);
    let names = findings.arms.first().map(|arm| &arm.figures);
    for name in names.into_iter().flatten().map(|figure| &figure.name) {
        let cells = ARM_NAMES.iter().map(|arm| {
            let figure = findings.of_arm(arm, name);
            figure.map_or_else(|| "–".to_owned(), &cell)
        });
        section
            .rows
            .push(std::iter::once(name.clone()).chain(cells).collect());
    }
    section
}

/// A row per figure; rows in which nothing is defined say nothing.
fn table<T: Shown>(title: &str, exact: bool, rows: impl Iterator<Item = (String, T)>) -> Section {
    let mut header = vec!["", "estimate", "std. error", "95 % interval"];
    if exact {
        header.splice(1..2, ["exact", "simulated"]);
    }
    let mut section = Section::new(title, &header);
    for (name, figure) in rows {
        let estimate = figure.estimate();
        if figure.exact().is_none() && estimate.mean.is_none() {
            continue;
        }
        let stderr = estimate.stderr.unwrap_or(0.0);
        let mut row = vec![name];
        if exact {
            row.push(optional(figure.exact(), stderr.min(1e-4)));
        }
        row.push(optional(estimate.mean, stderr));
        let spread = estimate.stderr.map(|s| number(s, s));
        row.push(spread.unwrap_or_else(|| "–".to_owned()));
        row.push(interval(&estimate));
        section.rows.push(row);
    }
    section
}

/// Rows for programs: group, name, exact where that is known, mean, standard error, interval.
pub(super) fn data<T: Shown>(findings: &EarlyExitFindings<T>, exact: bool) -> Vec<Vec<String>> {
    let row = |group: &str, name: &str, figure: T| {
        let estimate = figure.estimate();
        let ci = |i: usize| exactly(estimate.ci.map(|ci| ci[i]));
        let mut row = vec![group.to_owned(), name.to_owned()];
        row.extend(exact.then(|| exactly(figure.exact())));
        row.extend([
            exactly(estimate.mean),
            exactly(estimate.stderr),
            ci(0),
            ci(1),
        ]);
        row
    };
    let mut rows = Vec::new();
    for arm in &findings.arms {
        let group = format!("early_exit {}", arm.name);
        let figures = arm.figures.iter();
        rows.extend(figures.map(|Named { name, value }| row(&group, name, *value)));
    }
    let composition = findings.composition.iter();
    rows.extend(composition.map(|f| row("early_exit composition", &f.name, f.value)));
    for probe in &findings.exits_by_stage {
        rows.push(row("early_exit exits", &probe.stage, probe.alone));
        let group = "early_exit exits with rejection";
        rows.push(row(group, &probe.stage, probe.with_rejection));
    }
    rows
}
