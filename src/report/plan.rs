//! A plan as people read it: what each design takes, and its power at a few sizes; for programs every
//! point of the curves.

use super::number::number;
use super::{Section, Sheet};
use crate::study::plan::{Design, Plan, Test};

/// Sizes that people read of a curve.
const SHOWN: usize = 8;
/// They begin where power first exceeds this.
const HARDLY_ANY: f64 = 0.002;

/// The sheet of a plan.
pub fn sheet(plan: &Plan) -> Sheet {
    Sheet {
        title: format!(
            "What it takes to certify a false rejection rate of at most {} %",
            percent(plan.max_frr)
        ),
        summary: summary(plan),
        sections: vec![designs(plan), curves(plan)],
        data: data(plan),
        warnings: warnings(plan),
        ..Sheet::default()
    }
}

/// Without the noise of the conversion.
fn percent(share: f64) -> String {
    let text = format!("{:.6}", 100.0 * share);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn summary(plan: &Plan) -> Vec<String> {
    let expected = format!(
        "Expected of the policy: it rejects {} % of the accepted generations; {} % are accepted; \
         rejections of one prompt have correlation {}. Confidence {} %, wanted with probability {} %.",
        percent(plan.frr),
        percent(plan.accepted),
        plan.icc,
        percent(plan.confidence),
        percent(plan.power)
    );
    let fewest = format!(
        "The fewest that can certify: {} accepted generations of different prompts (about {:.0} \
         prompts), none of them rejected.",
        plan.fewest.accepted,
        plan.fewest.prompts.ceil()
    );
    let mut lines = vec![expected, fewest];
    let cheapest = plan.designs.iter().filter(|d| d.generations.is_some());
    if let Some(design) = cheapest.min_by_key(|d| d.generations) {
        lines.push(format!(
            "Fewest generations to label: {}, {} per prompt, {} prompts.",
            design.test.name(),
            design.per_prompt,
            design.prompts.unwrap_or(0)
        ));
    }
    if plan.partial {
        lines.push("Interrupted: curves end early.".to_owned());
    }
    lines
}

fn designs(plan: &Plan) -> Section {
    let mut section = Section::new(
        "Designs",
        &[
            "test",
            "per prompt",
            "prompts",
            "generations",
            "accepted",
            "power from",
        ],
    );
    let more = format!("> {}", plan.most_prompts);
    section.rows = plan
        .designs
        .iter()
        .map(|design| {
            let prompts = design
                .prompts
                .map_or_else(|| more.clone(), |n| n.to_string());
            let dash = || "–".to_owned();
            vec![
                design.test.name().to_owned(),
                design.per_prompt.to_string(),
                prompts,
                design.generations.map_or_else(dash, |n| n.to_string()),
                design.accepted.map_or_else(dash, |n| format!("{n:.0}")),
                if design.exact {
                    "exact sum"
                } else {
                    "drawn logs"
                }
                .to_owned(),
            ]
        })
        .collect();
    section
}

fn curves(plan: &Plan) -> Section {
    let mut section = Section::new(
        "Power",
        &["test", "per prompt", "prompts", "power", "stderr"],
    );
    for design in &plan.designs {
        let some = design.curve.iter().position(|p| p.power > HARDLY_ANY);
        let curve = &design.curve[some.map_or(0, |first| first.saturating_sub(1))..];
        let last = curve.len().saturating_sub(1);
        let shown = curve.len().min(SHOWN);
        for i in 0..shown {
            let point = &curve[i * last / (shown - 1).max(1)];
            let stderr = if design.exact {
                "0".to_owned()
            } else {
                number(point.stderr, 1e-3)
            };
            section.rows.push(vec![
                design.test.name().to_owned(),
                design.per_prompt.to_string(),
                point.prompts.to_string(),
                number(point.power, 1e-3),
                stderr,
            ]);
        }
    }
    section
}

fn data(plan: &Plan) -> Section {
    let mut section = Section::new("", &["test", "per_prompt", "prompts", "power", "stderr"]);
    for design in &plan.designs {
        section.rows.extend(design.curve.iter().map(|point| {
            vec![
                design.test.name().to_owned(),
                design.per_prompt.to_string(),
                point.prompts.to_string(),
                point.power.to_string(),
                point.stderr.to_string(),
            ]
        }));
    }
    section
}

fn warnings(plan: &Plan) -> Vec<String> {
    let mut warnings = Vec::new();
    let several = |d: &Design| d.per_prompt > 1 && d.test == Test::Betting;
    if plan.designs.iter().any(several) {
        warnings.push(
            "tests by prompt hold however generations of a prompt depend on each other, so several \
             generations per prompt take fewer prompts, but more labels in all"
                .to_owned(),
        );
    }
    if plan.designs.iter().any(|d| d.prompts.is_none()) && !plan.partial {
        warnings.push(format!(
            "logs of up to {} prompts were considered (--most-prompts)",
            plan.most_prompts
        ));
    }
    warnings.push(
        "the plan is as good as the rates it was given; a policy chosen among many on the same log \
         is not certified by it"
            .to_owned(),
    );
    warnings
}
