//! The rules of an optimum with the names of the scenario.

use serde::Serialize;

use crate::scenario::Scenario;
use crate::theory::optimal::{Answer, Choice, Rule};

/// What is done after one set of verdicts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChoiceInWords {
    /// The verdicts; empty where the checkpoint is not consulted.
    pub verdicts: Vec<String>,
    /// P(these verdicts, what was seen before, alive).
    pub probability: f64,
    /// Whether the generation is rejected.
    pub rejects: bool,
}

/// What is done after a stage, given all that was seen before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleInWords {
    /// Name of the stage.
    pub stage: String,
    /// What was seen before, as `STAGE: VERDICT, VERDICT`, in order.
    pub seen: Vec<String>,
    /// P(seen and alive).
    pub probability: f64,
    /// Whether the checkpoint is consulted.
    pub consults: bool,
    /// What follows.
    pub choices: Vec<ChoiceInWords>,
}

impl RuleInWords {
    pub(super) fn new(scenario: &Scenario, rule: &Rule) -> Self {
        Self {
            stage: scenario.stage_name(rule.stage).to_owned(),
            seen: rule
                .seen
                .iter()
                .map(|seen| {
                    let answers = answers(scenario, &seen.answers);
                    format!(
                        "{}: {}",
                        scenario.stage_name(seen.stage),
                        answers.join(", ")
                    )
                })
                .collect(),
            probability: rule.probability,
            consults: rule.looks,
            choices: rule
                .choices
                .iter()
                .map(|choice| choice_in_words(scenario, choice))
                .collect(),
        }
    }
}

fn choice_in_words(scenario: &Scenario, choice: &Choice) -> ChoiceInWords {
    ChoiceInWords {
        verdicts: answers(scenario, &choice.answers),
        probability: choice.probability,
        rejects: choice.rejects,
    }
}

fn answers(scenario: &Scenario, answers: &[Answer]) -> Vec<String> {
    let name = |v: usize| &scenario.validators()[v].name;
    let words = answers.iter().map(|answer| match *answer {
        Answer::Alarm(v) => format!("{} alarms", name(v)),
        Answer::Silence(v) => format!("{} silent", name(v)),
        Answer::Score(v, lo, hi) => format!("{} {} to {}", name(v), short(lo), short(hi)),
        Answer::Tokens(lo, hi) if lo >= hi => format!("{} tokens", short(lo)),
        Answer::Tokens(lo, hi) if hi.is_infinite() => format!("over {} tokens", short(lo)),
        Answer::Tokens(lo, hi) => format!("{} to {} tokens", short(lo), short(hi)),
    });
    words.collect()
}

/// A number with three decimals at most, and whole where it is large.
fn short(x: f64) -> String {
    let text = if x.abs() >= 100.0 {
        format!("{x:.0}")
    } else {
        format!("{x:.3}")
    };
    match text.split_once('.') {
        Some(_) => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        None => text,
    }
}
