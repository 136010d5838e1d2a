//! The findings of a simulation as people read them.

use super::number::{exactly, interval, number, optional};
use super::{Section, Sheet, early_exit};
use crate::study::Named;
use crate::study::simulation::{Compared, Drawn, SimulationFindings};

/// The sheet of a simulation.
pub fn sheet(findings: &SimulationFindings) -> Sheet {
    let sample = match (findings.drawn, findings.per_prompt) {
        (Drawn::Generations, 1) => "attempts, one per prompt".to_owned(),
        (Drawn::Generations, m) => format!("attempts, {m} per prompt"),
        (Drawn::Prompts, _) => "prompts, of each what is expected of a generation".to_owned(),
    };
    let partial = if findings.partial {
        ", interrupted"
    } else {
        ""
    };
    Sheet {
        title: format!("Simulation of {}", findings.scenario),
        summary: std::iter::once(format!(
            "{} {sample}, seed {}{partial}; intervals 95 %.",
            findings.attempts, findings.seed
        ))
        .chain(verdict(findings))
        .chain(findings.early_exit.iter().flat_map(early_exit::verdict))
        .collect(),
        sections: sections(findings),
        data: data(findings),
        warnings: findings.warnings.clone(),
        ..Sheet::default()
    }
}

/// The exact arms of a scenario with early exit, by themselves.
pub fn arms(findings: &SimulationFindings) -> Option<Section> {
    let arms = findings.early_exit.as_ref()?;
    let mut section = early_exit::sections(arms).into_iter().next()?;
    section.title = format!("{}: {}", findings.scenario, section.title);
    Some(section)
}

/// The answer in one or two sentences.
fn verdict(findings: &SimulationFindings) -> Vec<String> {
    let exact = |name: &str| findings.get(name).and_then(|c| c.exact);
    let (Some(savings), Some(f), Some(cost), Some(null)) = (
        exact("savings"),
        exact("false_rejection_rate"),
        exact("cost_ratio"),
        exact("null_cost_ratio"),
    ) else {
        return vec![
            "There is no exact cost per retained sample: see what is undefined below.".to_owned(),
        ];
    };
    if exact("rejection_rate") == Some(0.0) {
        return vec!["The policy rejects nothing.".to_owned()];
    }
    let pays = if cost < 1.0 - 1e-12 {
        format!("a retained sample costs {:.2} % less", 100.0 * (1.0 - cost))
    } else if cost > 1.0 + 1e-12 {
        format!("a retained sample costs {:.2} % MORE", 100.0 * (cost - 1.0))
    } else {
        "a retained sample costs the same".to_owned()
    };
    let against = match cost - null {
        d if d.abs() <= 1e-9 => "is no better and no worse",
        d if d < 0.0 => "is better",
        _ => "is WORSE",
    };
    let mut answer = vec![format!(
        "The policy saves {:.2} % of the tokens per attempt and wrongly rejects {:.2} % of what \
         would be accepted, so {pays} than without it. A coin that rejects as often at each \
         checkpoint has cost ratio {null:.4}; the policy ({cost:.4}) {against}.",
        100.0 * savings,
        100.0 * f
    )];
    if let Some(retry) = exact("cost_ratio_retry")
        && (retry < 1.0) != (cost < 1.0)
    {
        answer.push(format!(
            "The two accounts disagree: when every prompt is retried until it yields, the ratio \
             is {retry:.4}."
        ));
    }
    answer
}

fn row(name: &str, compared: &Compared) -> Vec<String> {
    let stderr = compared.estimate.stderr.unwrap_or(0.0);
    vec![
        name.to_owned(),
        optional(compared.exact, stderr.min(1e-4)),
        optional(compared.estimate.mean, stderr),
        compared
            .estimate
            .stderr
            .map_or_else(|| "–".to_owned(), |s| number(s, s)),
        interval(&compared.estimate),
    ]
}

/// Rows in which nothing is defined say nothing.
fn table<'a>(title: &str, rows: impl Iterator<Item = (String, &'a Compared)>) -> Section {
    let header = ["", "exact", "simulated", "std. error", "95 % interval"];
    let mut section = Section::new(title, &header);
    section.rows = rows
        .filter(|(_, c)| c.exact.is_some() || c.estimate.mean.is_some())
        .map(|(name, compared)| row(&name, compared))
        .collect();
    section
}

fn data(findings: &SimulationFindings) -> Section {
    let header = ["group", "name", "exact", "mean", "stderr", "ci_lo", "ci_hi"];
    let mut section = Section::new("", &header);
    let mut add = |group: &str, name: &str, c: &Compared| {
        let ci = |i: usize| exactly(c.estimate.ci.map(|ci| ci[i]));
        section.rows.push(vec![
            group.to_owned(),
            name.to_owned(),
            exactly(c.exact),
            exactly(c.estimate.mean),
            exactly(c.estimate.stderr),
            ci(0),
            ci(1),
        ]);
    };
    for estimate in &findings.estimates {
        add("estimates", &estimate.name, &estimate.value);
    }
    add("estimates", "covariance_slack", &findings.covariance_slack);
    for stage in &findings.rejections_by_stage {
        add("rejections_by_stage", &stage.stage, &stage.rate);
    }
    for shift in &findings.shifts {
        add("shifts", &shift.name, &shift.value);
    }
    for group in &findings.groups {
        let name = format!("{} {}", group.covariate, group.level);
        add("false_rejection_rate", &name, &group.false_rejection_rate);
        add("factor", &name, &group.factor);
    }
    let arms = findings.early_exit.iter();
    section
        .rows
        .extend(arms.flat_map(|arms| early_exit::data(arms, true)));
    section
}

fn sections(findings: &SimulationFindings) -> Vec<Section> {
    fn named(list: &[Named<Compared>]) -> impl Iterator<Item = (String, &Compared)> {
        list.iter().map(|n| (n.name.clone(), &n.value))
    }
    let mut sections = vec![
        table(
            "Estimates (savings_bound = null_savings − what checking costs)",
            named(&findings.estimates).chain(std::iter::once((
                "covariance_slack".to_owned(),
                &findings.covariance_slack,
            ))),
        ),
        table(
            "Rejected after stage",
            findings
                .rejections_by_stage
                .iter()
                .map(|r| (r.stage.clone(), &r.rate)),
        ),
        table(
            "Shift of the retained data (total variation, at most the false rejection rate)",
            named(&findings.shifts),
        ),
        table(
            "False rejection rate by group",
            findings.groups.iter().map(|g| {
                (
                    format!("{} {}", g.covariate, g.level),
                    &g.false_rejection_rate,
                )
            }),
        ),
    ];
    let arms = findings.early_exit.iter();
    sections.extend(arms.flat_map(early_exit::sections));
    sections
}
