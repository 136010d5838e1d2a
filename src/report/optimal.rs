//! How good a policy can be, as people read it: the costs side by side, then what the optimum does.

use super::number::{exactly, number, optional};
use super::{Section, Sheet};
use crate::plot::Figure;
use crate::study::optimal::{
    ChoiceInWords, Line, OptimalFindings, OptimumFindings, Role, RuleInWords,
};

/// Where a share or a ratio is shown: exact values have no standard error to go by.
const RESOLUTION: f64 = 1e-4;
/// Where a cost is shown.
const OF_COST: f64 = 1e-3;

/// The sheet, with the figure of the costs.
pub fn sheet(findings: &OptimalFindings, figure: Figure) -> Sheet {
    let mut sections = vec![policies(findings)];
    for optimum in &findings.optima {
        sections.push(stages(optimum));
        sections.push(rules(optimum));
    }
    if let Some(fixed) = &findings.best_fixed {
        let mut section = Section::new(
            &format!("Best fixed policy of {} examined", fixed.examined),
            &["after stage", "validators", "reject at or below"],
        );
        section.rows = fixed
            .checkpoints
            .iter()
            .map(|c| {
                vec![
                    c.at.clone(),
                    c.validators.join(", "),
                    c.threshold.to_string(),
                ]
            })
            .collect();
        if section.rows.is_empty() {
            section.rows.push(vec![
                "–".to_owned(),
                "never rejects".to_owned(),
                "–".to_owned(),
            ]);
        }
        sections.push(section);
    }
    Sheet {
        title: format!("The best policy for {}", findings.scenario),
        summary: summary(findings),
        figures: vec![figure],
        sections,
        data: data(findings),
        warnings: findings.warnings.clone(),
        ..Sheet::default()
    }
}

/// What the cost is per, in words.
fn unit(findings: &OptimalFindings) -> &'static str {
    match findings.per {
        "sample" => "tokens per retained sample",
        _ => "tokens per unit of retained utility",
    }
}

/// The answer in a few sentences.
fn summary(findings: &OptimalFindings) -> Vec<String> {
    let cost = |name: &str| findings.get(name).and_then(|line| line.cost_ratio);
    let percent = |ratio: f64| format!("{:.2} %", 100.0 * (1.0 - ratio));
    let mut summary = vec![format!(
        "Costs are {}. Optimal: the best policy that sees these validators at these checkpoints and \
         may choose where to look; no policy that sees no more costs less. Full information: what \
         nobody can beat, whatever the validators.",
        unit(findings)
    )];
    let (Some(best), Some(full)) = (cost("optimal"), cost("full-information")) else {
        return summary;
    };
    if best >= 1.0 - 1e-12 {
        summary.push(format!(
            "On these validators nothing beats never rejecting; full information would save {}.",
            percent(full)
        ));
        return summary;
    }
    let own = findings.get("own");
    let own = match own.and_then(|own| own.cost_ratio.zip(own.efficiency)) {
        Some((ratio, share)) if share >= 0.0 => format!(
            "the scenario's own policy saves {}, {:.1} % of that",
            percent(ratio),
            100.0 * share
        ),
        Some((ratio, _)) => format!(
            "the scenario's own policy costs {:.2} % MORE than never rejecting",
            100.0 * (ratio - 1.0)
        ),
        None => "the scenario's own policy has no cost".to_owned(),
    };
    summary.push(format!(
        "The optimum saves {} of the cost of never rejecting; {own}. Full information saves {}.",
        percent(best),
        percent(full)
    ));
    summary
}

fn policies(findings: &OptimalFindings) -> Section {
    let header = [
        "policy",
        "cost",
        "cost ratio",
        "efficiency",
        "of full inf.",
        "savings",
        "rejected",
        "false rej.",
        "detected",
        "retained",
    ];
    let mut section = Section::new("Policies", &header);
    section.rows = findings
        .policies
        .iter()
        .map(|line| {
            let share = |x: Option<f64>| optional(x, RESOLUTION);
            vec![
                name(line),
                optional(line.cost, OF_COST),
                share(line.cost_ratio),
                share(line.efficiency),
                share(line.efficiency_full_information),
                share(line.savings),
                share(Some(line.rejection_rate)),
                share(line.false_rejection_rate),
                share(line.detection_rate),
                share(Some(line.retained_rate)),
            ]
        })
        .collect();
    section
}

fn name(line: &Line) -> String {
    let role = match line.role {
        Role::Policy => "",
        Role::Bound => " (bound)",
        Role::Reference => " (reference)",
    };
    line.name.to_owned() + role
}

fn stages(optimum: &OptimumFindings) -> Section {
    let mut section = Section::new(
        &format!("Where {} looks and rejects", optimum.name),
        &["after stage", "consults", "rejects"],
    );
    section.rows = optimum
        .stages
        .iter()
        .map(|stage| {
            vec![
                stage.stage.clone(),
                optional(stage.consulted, RESOLUTION),
                number(stage.rejected, RESOLUTION),
            ]
        })
        .collect();
    section
}

fn rules(optimum: &OptimumFindings) -> Section {
    let more = if optimum.rules_complete {
        ""
    } else {
        " (its first stages; the rest are too many histories to tell)"
    };
    let mut section = Section::new(
        &format!("What {} does{more}", optimum.name),
        &[
            "after stage",
            "having seen",
            "probability",
            "consults",
            "rejects if",
            "goes on if",
        ],
    );
    section.rows = optimum.rules.iter().map(rule).collect();
    section
}

fn rule(rule: &RuleInWords) -> Vec<String> {
    let seen = if rule.seen.is_empty() {
        "nothing".to_owned()
    } else {
        rule.seen.join("; ")
    };
    let on = |rejects: bool| {
        let choices = rule.choices.iter().filter(|c| c.rejects == rejects);
        let verdicts: Vec<String> = choices.map(verdicts).collect();
        if verdicts.is_empty() {
            "–".to_owned()
        } else {
            verdicts.join(" / ")
        }
    };
    vec![
        rule.stage.clone(),
        seen,
        number(rule.probability, RESOLUTION),
        if rule.consults { "yes" } else { "no" }.to_owned(),
        on(true),
        on(false),
    ]
}

fn verdicts(choice: &ChoiceInWords) -> String {
    if choice.verdicts.is_empty() {
        "always".to_owned()
    } else {
        choice.verdicts.join(", ")
    }
}

/// One line per policy at full precision.
fn data(findings: &OptimalFindings) -> Section {
    let header = [
        "policy",
        "role",
        "cost",
        "cost_ratio",
        "savings",
        "rejection_rate",
        "false_rejection_rate",
        "detection_rate",
        "retained_rate",
        "efficiency",
        "efficiency_full_information",
        "lower_bound",
    ];
    let mut section = Section::new("", &header);
    section.rows = findings
        .policies
        .iter()
        .map(|line| {
            let optimum = findings.optima.iter().find(|o| o.name == line.name);
            let role = match line.role {
                Role::Policy => "policy",
                Role::Bound => "bound",
                Role::Reference => "reference",
            };
            vec![
                line.name.to_owned(),
                role.to_owned(),
                exactly(line.cost),
                exactly(line.cost_ratio),
                exactly(line.savings),
                exactly(Some(line.rejection_rate)),
                exactly(line.false_rejection_rate),
                exactly(line.detection_rate),
                exactly(Some(line.retained_rate)),
                exactly(line.efficiency),
                exactly(line.efficiency_full_information),
                exactly(optimum.and_then(|o| o.lower_bound)),
            ]
        })
        .collect();
    section
}
