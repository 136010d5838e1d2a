//! The findings of a replay as people read them.

mod attribution;
pub(super) mod baselines;
mod censored;
pub(super) mod label_noise;
mod rule_times;

pub use rule_times::rule_times;

use super::number::{exactly, interval, number, optional, percent, with_interval};
use super::{Example, Section, Sheet, early_exit};
use crate::estimate::Estimate;
use crate::study::Named;
use crate::study::replay::{ByVerdict, COIN_ON_RUNNING, Excerpt, FirstAlarm, ReplayFindings};

/// The sheet of a replay.
pub fn sheet(findings: &ReplayFindings) -> Sheet {
    let partial = if findings.partial {
        ", interrupted"
    } else {
        ""
    };
    Sheet {
        title: format!("Replay under policy {}", findings.policy),
        summary: std::iter::once(format!(
            "{} records of {} prompts{partial}; intervals 95 %, over prompts.",
            findings.records, findings.prompts
        ))
        .chain(verdict(findings))
        .chain(attribution::verdict(findings))
        .chain(label_noise::verdict(findings))
        .chain(censored::verdict(findings))
        .chain(findings.early_exit.iter().flat_map(early_exit::verdict))
        .collect(),
        sections: sections(findings),
        data: data(findings),
        warnings: findings.warnings.clone(),
        ..Sheet::default()
    }
}

/// The answer in a few sentences.
fn verdict(findings: &ReplayFindings) -> Vec<String> {
    let get = |name: &str| findings.get(name).unwrap_or_default();
    let is = |name: &str, value: f64| get(name).mean.is_some_and(|x| (x - value).abs() <= 0.0);
    if is("rejection_rate", 0.0) {
        let cost = if is("savings", 0.0) {
            String::new()
        } else {
            format!(
                " Its checks make an attempt {} % dearer.",
                percent_more(get("savings"))
            )
        };
        return vec![format!("The policy rejects nothing.{cost}")];
    }
    let mut answer = vec![format!(
        "The policy would have rejected {} % of the generations and saved {} % of the tokens per \
         attempt; a coin that rejects as often at each checkpoint saves {} %.",
        percent(get("rejection_rate")),
        percent(get("savings")),
        percent(get("null_savings"))
    )];
    let cost = get("cost_ratio");
    if cost.mean.is_none() {
        answer.push(if is("false_rejection_rate", 1.0) {
            "It would have retained nothing of what the final filter accepts.".to_owned()
        } else {
            "What that costs per retained sample cannot be known from this log.".to_owned()
        });
        return answer;
    }
    let pays = match cost.ci {
        Some([_, hi]) if hi < 1.0 => "so it pays",
        Some([lo, _]) if lo > 1.0 => "so it does NOT pay",
        _ => "and whether it pays this log cannot tell",
    };
    answer.push(format!(
        "It would have wrongly rejected {} % of what the final filter accepts. A retained sample \
         would have cost {} times as much as by full generation, {pays}.",
        percent(get("false_rejection_rate")),
        with_interval(cost)
    ));
    let beyond = findings.cost_beyond_coin;
    let knows = match beyond.ci {
        Some([_, hi]) if hi < 0.0 => "less than the coin's: the validators know something",
        Some([lo, _]) if lo > 0.0 => "MORE than the coin's",
        _ => "not to be told from the coin's",
    };
    if beyond.mean.is_some() {
        answer.push(format!(
            "That is {knows} (difference of the ratios {}).",
            with_interval(beyond)
        ));
    }
    answer.extend(beside_running_coin(findings));
    answer
}

/// Whether the validators know more than that a generation still runs.
fn beside_running_coin(findings: &ReplayFindings) -> Option<String> {
    let beyond = findings.cost_beyond_running_coin;
    let mut baselines = findings.baselines.iter();
    let coin = baselines.find(|b| b.name == COIN_ON_RUNNING)?;
    let cost = coin.figures.get("cost_ratio");
    cost.mean.and(beyond.mean)?;
    let knows = match beyond.ci {
        Some([_, hi]) if hi < 0.0 => "the validators know more than which generations still run",
        Some([lo, _]) if lo > 0.0 => "the policy is WORSE than that coin",
        _ => {
            "the two cannot be told apart: all that the policy knows may be which generations still \
             run"
        }
    };
    Some(format!(
        "A coin that strikes only what still runs, at each place as many as the policy \
         ({COIN_ON_RUNNING}), comes to {}; {knows} (difference of the ratios {}).",
        with_interval(cost),
        with_interval(beyond)
    ))
}

fn percent_more(savings: Estimate) -> String {
    optional(savings.mean.map(|x| -100.0 * x), 0.01)
}

fn row(name: &str, estimate: &Estimate) -> Vec<String> {
    vec![
        name.to_owned(),
        optional(estimate.mean, estimate.stderr.unwrap_or(0.0)),
        estimate
            .stderr
            .map_or_else(|| "–".to_owned(), |s| number(s, s)),
        interval(estimate),
    ]
}

/// Rows in which nothing is defined say nothing.
fn table<'a>(title: &str, rows: impl Iterator<Item = (&'a str, &'a Estimate)>) -> Section {
    let mut section = Section::new(title, &["", "estimate", "std. error", "95 % interval"]);
    section.rows = rows
        .filter(|(_, estimate)| estimate.mean.is_some())
        .map(|(name, estimate)| row(name, estimate))
        .collect();
    section
}

fn sections(findings: &ReplayFindings) -> Vec<Section> {
    let all = named(&findings.estimates).chain([
        ("covariance_slack", &findings.covariance_slack),
        ("cost_beyond_coin", &findings.cost_beyond_coin),
        (
            "cost_beyond_running_coin",
            &findings.cost_beyond_running_coin,
        ),
        ("charged_tokens", &findings.charged_tokens),
    ]);
    let mut sections = vec![
        table(
            "Estimates (savings_bound = null_savings − what checking costs)",
            all,
        ),
        baselines::section(findings),
        by_group(findings),
        by_checkpoint(findings),
        attribution::alone(findings),
        attribution::left_out(findings),
        attribution::shapley(findings),
        by_validator(findings),
        attribution::places(findings),
        attribution::overlaps(findings),
        shifts(findings),
        strata(findings),
        label_noise::section(findings),
        censored::section(findings),
    ];
    let arms = findings.early_exit.iter();
    sections.extend(arms.flat_map(early_exit::sections));
    sections.retain(|section| !section.rows.is_empty());
    sections
}

fn named(list: &[Named<Estimate>]) -> impl Iterator<Item = (&str, &Estimate)> {
    list.iter().map(|n| (n.name.as_str(), &n.value))
}

/// The columns of tables with one row per policy or group.
pub(super) const SUMMARY: [&str; 8] = [
    "",
    "records",
    "savings %",
    "coin's savings %",
    "false rejections %",
    "detected %",
    "cost ratio",
    "coin's cost ratio",
];

pub(super) fn summary_row(
    name: String,
    records: u64,
    estimates: &[Named<Estimate>],
) -> Vec<String> {
    let get = |name: &str| {
        let found = estimates.iter().find(|e| e.name == name);
        found.map_or_else(Estimate::default, |e| e.value)
    };
    vec![
        name,
        records.to_string(),
        percent(get("savings")),
        percent(get("null_savings")),
        percent(get("false_rejection_rate")),
        percent(get("detection_rate")),
        with_interval(get("cost_ratio")),
        with_interval(get("null_cost_ratio")),
    ]
}

/// Several replays, one row per policy and group.
pub(super) fn summary(replays: &[ReplayFindings]) -> Section {
    let mut section = Section::new("Replays of the shipped logs, with 95 % intervals", &SUMMARY);
    for findings in replays {
        let all = summary_row(
            findings.policy.clone(),
            findings.records,
            &findings.estimates,
        );
        section.rows.push(all);
        section.rows.extend(group_rows(findings, "  "));
    }
    section
}

fn by_group(findings: &ReplayFindings) -> Section {
    let mut section = Section::new("By model and benchmark", &SUMMARY);
    section.rows = group_rows(findings, "").collect();
    section
}

fn group_rows(findings: &ReplayFindings, indent: &str) -> impl Iterator<Item = Vec<String>> {
    findings.groups.iter().map(move |group| {
        let name = format!("{indent}{}", group.group);
        summary_row(name, group.records, &group.estimates)
    })
}

fn counts(by: ByVerdict) -> [String; 3] {
    [by.accepted, by.refused, by.unknown].map(|n| n.to_string())
}

fn by_checkpoint(findings: &ReplayFindings) -> Section {
    let header = [
        "",
        "rejected %",
        "of the accepted",
        "of the refused",
        "without verdict",
    ];
    let mut section = Section::new("Rejected at each checkpoint", &header);
    let checkpoints = findings.rejections_by_stage.iter();
    section.rows = checkpoints
        .map(|checkpoint| {
            let mut cells = vec![checkpoint.at.to_string(), percent(checkpoint.rate)];
            cells.extend(counts(checkpoint.rejected));
            cells
        })
        .collect();
    if !section.rows.is_empty() {
        let mut cells = vec!["never".to_owned(), "–".to_owned()];
        cells.extend(counts(findings.surviving));
        section.rows.push(cells);
    }
    section
}

fn by_validator(findings: &ReplayFindings) -> Section {
    let header = [
        "",
        "rule",
        "alarms %",
        "of the accepted %",
        "of the refused %",
        "median place of the first",
    ];
    let mut section = Section::new("Each validator alone, on complete generations", &header);
    let validators = findings.validators.iter();
    section.rows = validators
        .map(|v| {
            vec![
                v.name.clone(),
                v.rule.clone(),
                percent(v.alarm_rate),
                percent(v.false_rejection_rate),
                percent(v.detection_rate),
                with_interval(Estimate {
                    mean: v.first_alarm_median,
                    stderr: v.first_alarm_median.map(|_| 0.01),
                    ci: v.first_alarm_median_ci,
                }),
            ]
        })
        .collect();
    section
}

/// TV beside its bound f, and what share of it is reached.
fn shifts(findings: &ReplayFindings) -> Section {
    let header = ["", "total variation", "at most (f)", "share of it reached"];
    let mut section = Section::new(
        "Shift of the retained data against the accepted, by covariate",
        &header,
    );
    let bound = findings.get("false_rejection_rate").unwrap_or_default();
    let shifts = findings.shifts.iter().zip(&findings.shift_shares);
    section.rows = shifts
        .filter(|(shift, _)| shift.value.mean.is_some())
        .map(|(shift, share)| {
            vec![
                shift.name.clone(),
                with_interval(shift.value),
                with_interval(bound),
                with_interval(share.value),
            ]
        })
        .collect();
    section
}

fn strata(findings: &ReplayFindings) -> Section {
    let header = ["", "false rejections %", "its share changes by the factor"];
    let mut section = Section::new(
        "False rejection rate by group, and what becomes of the group's share: (1 − f of the \
         group)/(1 − f)",
        &header,
    );
    section.rows = findings
        .strata
        .iter()
        .filter(|s| s.false_rejection_rate.mean.is_some())
        .map(|s| {
            vec![
                format!("{} {}", s.covariate, s.level),
                percent(s.false_rejection_rate),
                with_interval(s.factor),
            ]
        })
        .collect();
    section
}

/// Alarms of the replay's validators as people read them.
pub fn examples(findings: &ReplayFindings, excerpts: &[Excerpt]) -> Vec<Example> {
    let example = |excerpt: &Excerpt| {
        let validator = findings.validators.get(excerpt.validator)?;
        let verdict = match excerpt.accepted {
            Some(true) => "wrong alarm: the final filter accepts it",
            Some(false) => "right alarm: the final filter refuses it",
            None => "no verdict is known",
        };
        let alarm = match excerpt.alarm {
            FirstAlarm::Tokens(0) => "the problem alone raises it".to_owned(),
            FirstAlarm::Tokens(at) => format!("after {at} of {} tokens", excerpt.tokens),
            FirstAlarm::AtEnd => format!("at the end of {} tokens", excerpt.tokens),
            FirstAlarm::Never => return None,
        };
        Some(Example {
            heading: format!("{} ({})", validator.name, validator.rule),
            about: format!("{verdict} – {alarm} – {}, {}", excerpt.group, excerpt.id),
            task: excerpt.problem.clone(),
            text: excerpt.text.clone(),
        })
    };
    excerpts.iter().filter_map(example).collect()
}

fn data(findings: &ReplayFindings) -> Section {
    let header = ["group", "name", "mean", "stderr", "ci_lo", "ci_hi"];
    let mut section = Section::new("", &header);
    let mut add = |group: &str, name: &str, e: &Estimate| {
        let ci = |i: usize| exactly(e.ci.map(|ci| ci[i]));
        section.rows.push(vec![
            group.to_owned(),
            name.to_owned(),
            exactly(e.mean),
            exactly(e.stderr),
            ci(0),
            ci(1),
        ]);
    };
    for (name, count) in [
        ("token_counts", findings.estimated.token_counts),
        ("token_ends", findings.estimated.token_ends),
    ] {
        if count > 0 {
            let exact = Estimate {
                mean: Some(count as f64),
                ..Estimate::default()
            };
            add("estimated", name, &exact);
        }
    }
    for (name, estimate) in named(&findings.estimates) {
        add("estimates", name, estimate);
    }
    add("estimates", "covariance_slack", &findings.covariance_slack);
    add("estimates", "cost_beyond_coin", &findings.cost_beyond_coin);
    add(
        "estimates",
        "cost_beyond_running_coin",
        &findings.cost_beyond_running_coin,
    );
    add("estimates", "charged_tokens", &findings.charged_tokens);
    for checkpoint in &findings.rejections_by_stage {
        add(
            "rejections_by_stage",
            &checkpoint.at.to_string(),
            &checkpoint.rate,
        );
    }
    for (name, estimate) in named(&findings.shifts) {
        add("shifts", name, estimate);
    }
    for (name, estimate) in named(&findings.shift_shares) {
        add("shift_shares", name, estimate);
    }
    for group in &findings.groups {
        let group_name = group.group.to_string();
        for (estimate_name, estimate) in named(&group.estimates) {
            add(&group_name, estimate_name, estimate);
        }
    }
    for validator in &findings.validators {
        add("alarm_rate", &validator.name, &validator.alarm_rate);
        add(
            "validator_false_rejection_rate",
            &validator.name,
            &validator.false_rejection_rate,
        );
        add(
            "validator_detection_rate",
            &validator.name,
            &validator.detection_rate,
        );
    }
    for stratum in &findings.strata {
        let name = format!("{} {}", stratum.covariate, stratum.level);
        add("false_rejection_rate", &name, &stratum.false_rejection_rate);
        add("factor", &name, &stratum.factor);
    }
    attribution::data(findings, &mut add);
    baselines::data(findings, &mut add);
    label_noise::data(findings, &mut add);
    censored::data(findings, &mut add);
    let arms = findings.early_exit.iter();
    section
        .rows
        .extend(arms.flat_map(|arms| early_exit::data(arms, false)));
    section
}
