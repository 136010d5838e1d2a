//! The surface as people read it: a line per model, benchmark and policy, and below them the scenarios.

use super::number::{exactly, optional, percent, with_interval};
use super::remarks::gathered;
use super::replay::SUMMARY;
use super::{Section, Sheet};
use crate::estimate::Estimate;
use crate::study::simulation::Compared;
use crate::study::surface::{Source, SurfaceFindings, SurfaceRow};

/// What stands where there is nothing to say.
const NOTHING: &str = "–";
/// Exact shares are shown to hundredths of a per cent, exact ratios to ten-thousandths.
const RESOLUTION: f64 = 1e-3;

/// The sheet of a surface.
pub fn sheet(findings: &SurfaceFindings) -> Sheet {
    let scenarios = of_source(findings, Source::Scenario).count();
    let several = findings.policies.len() > 1;
    let mut summary = vec![format!(
        "{} records of {} prompts. Intervals 95 %, over prompts, each of its row alone.",
        findings.records, findings.prompts
    )];
    summary.push(count(findings));
    summary.extend(best_of_many(findings));
    summary.extend(one_group(findings));
    if scenarios > 0 {
        summary.push(
            "Rows of scenarios are exact values of a model under its own policy: nothing in them was \
             measured."
                .to_owned(),
        );
    }
    let mut sections = vec![rows(findings, several)];
    sections.extend(ceilings(findings, several));
    let remarks = findings.rows.iter().enumerate().flat_map(|(i, row)| {
        let warnings = row.warnings.iter();
        warnings.map(move |warning| (i, warning.as_str()))
    });
    let total = findings.rows.len();
    let places = |at: &[usize]| match at {
        [one] => full_name(&findings.rows[*one], several),
        many => format!("at {} of {total} rows", many.len()),
    };
    let mut warnings = findings.warnings.clone();
    warnings.extend(gathered(remarks, places, "rows"));
    Sheet {
        title: "Surface: what one would get, by model and benchmark".to_owned(),
        summary,
        sections,
        data: data(findings),
        warnings,
        ..Sheet::default()
    }
}

fn of_source(findings: &SurfaceFindings, source: Source) -> impl Iterator<Item = &SurfaceRow> {
    findings.rows.iter().filter(move |row| row.source == source)
}

/// How many rows there are, and on how many it pays.
fn count(findings: &SurfaceFindings) -> String {
    let mut counts = [0; 4];
    for row in of_source(findings, Source::Log) {
        let which = match row.get("cost_ratio").estimate.ci {
            Some([_, hi]) if hi < 1.0 => 0,
            Some([lo, _]) if lo > 1.0 => 1,
            Some(_) => 2,
            None => 3,
        };
        counts[which] += 1;
    }
    let [pays, does_not, open, unknown] = counts;
    let unknown = match unknown {
        0 => String::new(),
        n => format!(", of {n} it is not known"),
    };
    format!(
        "{} × {} = {}. By the interval of its cost ratio the policy pays on {pays} of them and does not on \
         {does_not}; {open} cannot tell{unknown}.",
        counted(findings.groups, "group", "groups"),
        counted(findings.policies.len() as u64, "policy", "policies"),
        counted(findings.rows_of_logs, "row", "rows"),
    )
}

fn counted(n: u64, one: &str, several: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { several })
}

fn best_of_many(findings: &SurfaceFindings) -> Option<String> {
    let rows = findings.rows_of_logs;
    (rows > 1).then(|| {
        format!(
            "The best of these {rows} rows looks better than it is: intervals allow for no choice among rows, \
             and of rows that break even one in forty seems to pay. Ask about a row that you chose beforehand, or choose by `foldem tune`, which measures on \
             other prompts."
        )
    })
}

fn one_group(findings: &SurfaceFindings) -> Option<String> {
    (findings.groups == 1).then(|| {
        "The log has one group: records tell groups apart by `model` and `benchmark`.".to_owned()
    })
}

fn row_name(row: &SurfaceRow) -> String {
    match row.source {
        Source::Log => row.name(),
        Source::Scenario => format!("scenario {}", row.name()),
    }
}

fn full_name(row: &SurfaceRow, several: bool) -> String {
    match row.policy.as_ref().filter(|_| several) {
        Some(policy) => format!("{}, {policy}", row_name(row)),
        None => row_name(row),
    }
}

/// What a row begins with: name, policy where there are several, and a count.
fn begins(row: &SurfaceRow, several: bool, counts: &[Option<u64>]) -> Vec<String> {
    let nothing = || NOTHING.to_owned();
    let policy = row.policy.clone().unwrap_or_else(nothing);
    let counts = counts
        .iter()
        .map(|n| n.map_or_else(nothing, |n| n.to_string()));
    std::iter::once(row_name(row))
        .chain(several.then_some(policy))
        .chain(counts)
        .collect()
}

/// The names of the columns that [`begins`] fills.
fn header(several: bool, counts: &[&str]) -> Vec<String> {
    let names = std::iter::once("")
        .chain(several.then_some("policy"))
        .chain(counts.iter().copied());
    names.map(str::to_owned).collect()
}

fn rows(findings: &SurfaceFindings, several: bool) -> Section {
    let figures = SUMMARY[2..].iter().map(|&name| name.to_owned());
    let lines = findings.rows.iter().map(|row| {
        let counts = row.counts;
        let counts = [counts.map(|c| c.records), counts.map(|c| c.prompts)];
        let mut line = begins(row, several, &counts);
        line.extend(
            [
                "savings",
                "null_savings",
                "false_rejection_rate",
                "detection_rate",
            ]
            .map(|name| shown(row.get(name), 100.0, percent)),
        );
        line.extend(
            ["cost_ratio", "null_cost_ratio"].map(|name| shown(row.get(name), 1.0, with_interval)),
        );
        line
    });
    Section {
        title: "What one would get".to_owned(),
        header: header(several, &["records", "prompts"])
            .into_iter()
            .chain(figures)
            .collect(),
        rows: lines.collect(),
    }
}

/// The exact value in units of 1/`unit`, where there is one, or the estimate as it is `written`.
fn shown(value: Compared, unit: f64, written: fn(Estimate) -> String) -> String {
    match value.exact {
        Some(exact) => optional(Some(unit * exact), unit * RESOLUTION),
        None => written(value.estimate),
    }
}

/// What an oracle gets, where steps are labelled.
fn ceilings(findings: &SurfaceFindings, several: bool) -> Option<Section> {
    let header = header(several, &["records with verdict and labelled steps"]);
    let figures = [
        "savings %",
        "policy's savings %",
        "cost ratio",
        "policy's cost ratio",
    ];
    let lines = findings.rows.iter().filter_map(|row| {
        let ceiling = row.ceiling?;
        let mut line = begins(row, several, &[Some(ceiling.records)]);
        line.extend([
            percent(ceiling.savings),
            percent(ceiling.policy_savings),
            with_interval(ceiling.cost_ratio),
            with_interval(ceiling.policy_cost_ratio),
        ]);
        Some(line)
    });
    let section = Section {
        title: "The ceiling: exactly the refused, each stopped at the end of its first wrong step as people \
                labelled it (no rule can know verdicts; one that alarms within that step stops earlier)"
            .to_owned(),
        header: header.into_iter().chain(figures.map(str::to_owned)).collect(),
        rows: lines.collect(),
    };
    (!section.rows.is_empty()).then_some(section)
}

/// A line per row and figure, at full precision.
fn data(findings: &SurfaceFindings) -> Section {
    let header = [
        "source",
        "model",
        "benchmark",
        "scenario",
        "policy",
        "records",
        "prompts",
        "labelled",
        "name",
        "mean",
        "stderr",
        "ci_lo",
        "ci_hi",
        "exact",
    ];
    let mut section = Section::new("", &header);
    for row in &findings.rows {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let source = match row.source {
            Source::Log => "log",
            Source::Scenario => "scenario",
        };
        let mut about = vec![
            source.to_owned(),
            text(&row.model),
            text(&row.benchmark),
            text(&row.scenario),
            text(&row.policy),
        ];
        let counts = row.counts.map(|c| [c.records, c.prompts, c.labelled]);
        about.extend((0..3).map(|i| counts.map_or_else(String::new, |c| c[i].to_string())));
        let mut add = |name: &str, value: Compared| {
            let Estimate { mean, stderr, ci } = value.estimate;
            let figures = [
                mean,
                stderr,
                ci.map(|ci| ci[0]),
                ci.map(|ci| ci[1]),
                value.exact,
            ];
            let mut line = about.clone();
            line.push(name.to_owned());
            line.extend(figures.map(exactly));
            section.rows.push(line);
        };
        for named in &row.estimates {
            add(&named.name, named.value);
        }
        if let Some(ceiling) = &row.ceiling {
            let estimate = |estimate| Compared {
                estimate,
                exact: None,
            };
            add("ceiling_savings", estimate(ceiling.savings));
            add("ceiling_cost_ratio", estimate(ceiling.cost_ratio));
            add("ceiling_policy_savings", estimate(ceiling.policy_savings));
            add(
                "ceiling_policy_cost_ratio",
                estimate(ceiling.policy_cost_ratio),
            );
        }
    }
    section
}
