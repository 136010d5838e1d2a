//! The findings of a comparison as people read them.

use super::number::{exactly, interval, number, optional, with_interval};
use super::replay::{SUMMARY, summary_row};
use super::{Section, Sheet};
use crate::estimate::Estimate;
use crate::study::comparison::{AgainstFirst, ComparisonFindings, Difference, Verdict};
use crate::study::replay::ByVerdict;

/// The sheet of a comparison.
pub fn sheet(findings: &ComparisonFindings) -> Sheet {
    let partial = if findings.partial {
        ", interrupted"
    } else {
        ""
    };
    let first = first(findings);
    let mut summary = vec![format!(
        "{} records of {} prompts{partial}; every policy against {first}, on the same generations; \
         intervals 95 %, over prompts.",
        findings.records, findings.prompts
    )];
    summary.extend(findings.against_first.iter().map(|a| answer(a, first)));
    Sheet {
        title: format!("Policies against {first}"),
        summary,
        sections: vec![
            differences(findings),
            policies(findings),
            disagreements(findings),
        ],
        data: data(findings),
        warnings: findings.warnings.clone(),
        ..Sheet::default()
    }
}

fn first(findings: &ComparisonFindings) -> &str {
    findings.policies.first().map_or("", |p| p.policy.as_str())
}

/// What a policy does beyond the first, in a few sentences.
fn answer(against: &AgainstFirst, first: &str) -> String {
    let get = |name: &str| {
        let found = against.differences.iter().find(|d| d.name == name);
        found.map_or_else(Difference::default, |d| d.value)
    };
    let policy = &against.policy;
    let [cost, savings, lost] = ["cost_ratio", "savings", "false_rejection_rate"].map(get);
    if savings.verdict == Verdict::SamePolicy {
        return format!("{policy} is the same policy as {first}.");
    }
    let shown = |d: Difference| with_interval(of_all(d));
    let verdict = match cost.verdict {
        Verdict::Lower => format!("a retained sample is cheaper under {policy}"),
        Verdict::Higher => format!("a retained sample is dearer under {policy}"),
        Verdict::TooFewDifferences => {
            "they differ on too few generations to tell which is cheaper".to_owned()
        }
        Verdict::NotToldApart => "which is cheaper this log cannot tell".to_owned(),
        Verdict::SamePolicy | Verdict::Undefined => {
            "which is cheaper cannot be known from this log".to_owned()
        }
    };
    format!(
        "{policy} less {first}: savings {}, false rejection rate {}, cost ratio {}: {verdict}.",
        shown(savings),
        shown(lost),
        shown(cost)
    )
}

/// The estimate with the interval from which its verdict is.
fn of_all(difference: Difference) -> Estimate {
    Estimate {
        ci: difference.simultaneous,
        ..difference.estimate
    }
}

fn words(difference: Difference) -> String {
    let text = match difference.verdict {
        Verdict::Higher => "higher",
        Verdict::Lower => "lower",
        Verdict::NotToldApart => "not told apart",
        Verdict::TooFewDifferences => "too few differences",
        Verdict::SamePolicy => "the same policy",
        Verdict::Undefined => "undefined",
    };
    let wide = difference.few && difference.verdict != Verdict::TooFewDifferences;
    format!(
        "{text}{}",
        if wide {
            " (few differences: wide interval)"
        } else {
            ""
        }
    )
}

fn differences(findings: &ComparisonFindings) -> Section {
    let several = findings.comparisons > 1;
    let mut header = vec!["", "difference", "std. error", "95 % interval"];
    if several {
        header.push("together with the others");
    }
    header.push("verdict");
    let title = format!("Differences: each policy less {}", first(findings));
    let mut section = Section::new(&title, &header);
    for against in &findings.against_first {
        for named in &against.differences {
            let Difference { estimate, .. } = named.value;
            let stderr = estimate.stderr.unwrap_or(0.0);
            let mut cells = vec![
                format!("{}: {}", against.policy, named.name),
                optional(estimate.mean, stderr),
                estimate
                    .stderr
                    .map_or_else(|| "–".to_owned(), |s| number(s, s)),
                interval(&estimate),
            ];
            if several {
                cells.push(interval(&of_all(named.value)));
            }
            cells.push(words(named.value));
            section.rows.push(cells);
        }
    }
    section
}

fn policies(findings: &ComparisonFindings) -> Section {
    let mut section = Section::new("Each policy by itself, beside its coin", &SUMMARY);
    let rows = findings.policies.iter().map(|p| {
        let name = p.policy.clone();
        summary_row(name, findings.records, &p.figures.estimates)
    });
    section.rows = rows.collect();
    section
}

/// Groups of generations by what the two policies do to them, each with its name.
fn groups(against: &AgainstFirst) -> [(&'static str, ByVerdict); 6] {
    let generations = &against.generations;
    [
        ("rejected by neither", generations.neither),
        ("by the first alone", generations.first_only),
        ("by this policy alone", generations.second_only),
        ("by both", generations.both),
        ("by both, by the first earlier", generations.first_earlier),
        (
            "by both, by this policy earlier",
            generations.second_earlier,
        ),
    ]
}

fn disagreements(findings: &ComparisonFindings) -> Section {
    let header = ["", "accepted", "refused", "without verdict"];
    let mut section = Section::new("Generations by what the two policies do", &header);
    for against in &findings.against_first {
        section.rows.extend(groups(against).map(|(name, by)| {
            let counts = [by.accepted, by.refused, by.unknown].map(|n| n.to_string());
            let mut cells = vec![format!("{}: {name}", against.policy)];
            cells.extend(counts);
            cells
        }));
    }
    section
}

fn data(findings: &ComparisonFindings) -> Section {
    let header = [
        "policy",
        "group",
        "name",
        "mean",
        "stderr",
        "ci_lo",
        "ci_hi",
        "simultaneous_lo",
        "simultaneous_hi",
        "verdict",
    ];
    let mut section = Section::new("", &header);
    let ends = |ci: Option<[f64; 2]>| [0, 1].map(|i| exactly(ci.map(|ci| ci[i])));
    let mut add = |place: [&str; 3], e: &Estimate, together: Option<[f64; 2]>, verdict: &str| {
        let mut cells: Vec<String> = place.map(str::to_owned).to_vec();
        cells.extend([exactly(e.mean), exactly(e.stderr)]);
        cells.extend(ends(e.ci));
        cells.extend(ends(together));
        cells.push(verdict.to_owned());
        section.rows.push(cells);
    };
    for policy in &findings.policies {
        let name = policy.policy.as_str();
        for named in &policy.figures.estimates {
            add([name, "estimates", &named.name], &named.value, None, "");
        }
        for (figure, value) in [
            ("charged_tokens", &policy.figures.charged_tokens),
            ("cost_beyond_coin", &policy.figures.cost_beyond_coin),
        ] {
            add([name, "estimates", figure], value, None, "");
        }
    }
    for against in &findings.against_first {
        let name = against.policy.as_str();
        for named in &against.differences {
            let Difference {
                estimate,
                simultaneous,
                ..
            } = named.value;
            let place = [name, "differences", &named.name];
            add(place, &estimate, simultaneous, &words(named.value));
        }
        for (group, by) in groups(against) {
            for (verdict, count) in [
                ("accepted", by.accepted),
                ("refused", by.refused),
                ("unknown", by.unknown),
            ] {
                let count = Estimate {
                    mean: Some(count as f64),
                    ..Estimate::default()
                };
                add([name, group, verdict], &count, None, "");
            }
        }
    }
    section
}
