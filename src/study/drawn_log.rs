//! Simulated generations as a log: the outcomes of a scenario with what lies behind them, in the
//! form that replay reads.
//!
//! The text is a placeholder, one line per stage. `solution_tokens` is the full length, rounded;
//! acceptance and utility are the scenario's; the true state, the difficulty, the tokens of each
//! stage and each validator's first alarm are attributes.

use serde_json::{Map, Value, json};

use super::simulation::Request;
use crate::engine::Simulation;
use crate::log::Record;
use crate::outcome::{EarlyExitBatch, NEVER, OutcomeBatch};
use crate::policy::ALARM;
use crate::scenario::Scenario;

/// The records of all generations that a simulation of `request` draws, batch by batch.
pub fn batches(scenario: &Scenario, request: Request) -> impl Iterator<Item = Vec<Record>> {
    let simulation = Simulation::new(scenario, request.attempts, request.seed)
        .per_prompt(request.per_prompt)
        .traced();
    let mut first = 0;
    (0..simulation.batches()).map(move |number| {
        let batch = &simulation.draw(number)[0];
        let records = records(scenario, batch, first);
        first += records.len() as u64;
        records
    })
}

/// The records of a traced batch, whose first generation is number `first` of the run.
fn records(scenario: &Scenario, batch: &OutcomeBatch, first: u64) -> Vec<Record> {
    let Some(trace) = &batch.trace else {
        return Vec::new();
    };
    let stages = scenario.stages().len();
    let consulted: usize = scenario
        .checkpoints()
        .iter()
        .map(|c| c.validators.len())
        .sum();
    (0..batch.len())
        .map(|i| {
            let tokens = &trace.stage_tokens[i * stages..(i + 1) * stages];
            let scores = &trace.scores[i * consulted..(i + 1) * consulted];
            let mut attributes = Map::new();
            let state = &scenario.states()[trace.final_state[i] as usize];
            attributes.insert("final_state".to_owned(), json!(state));
            attributes.insert("difficulty".to_owned(), json!(trace.difficulty[i]));
            attributes.insert("stage_tokens".to_owned(), json!(tokens));
            attributes.insert("first_alarm".to_owned(), first_alarms(scenario, scores));
            let rejected = match batch.rejected_at[i] {
                NEVER => Value::Null,
                c => json!(scenario.stage_name(scenario.checkpoints()[c as usize].at)),
            };
            attributes.insert("rejected_after".to_owned(), rejected);
            if let Some(exits) = &batch.early_exit {
                attributes.extend(exit(scenario, exits, i, tokens));
            }
            Record {
                id: (first + i as u64).to_string(),
                prompt_id: Some(format!("prompt-{}", batch.prompt[i])),
                model: Some("simulated".to_owned()),
                benchmark: Some(scenario.name().to_owned()),
                solution: placeholder(scenario, tokens),
                solution_tokens: Some(whole(batch.tokens_full[i])),
                accepted: Some(batch.accepted[i]),
                utility: Some(batch.utility[i]),
                finish_reason: Some("stop".to_owned()),
                attributes: Some(attributes),
                ..Record::default()
            }
        })
        .collect()
}

/// What replay reads of the exit of generation number `i`, whose stages have so many `tokens`; nothing
/// where it has none. What probes charge is not in a log.
fn exit(
    scenario: &Scenario,
    exits: &EarlyExitBatch,
    i: usize,
    tokens: &[f64],
) -> Vec<(String, Value)> {
    let Some(probe) = scenario.probes().get(exits.exited_at[i] as usize) else {
        return Vec::new();
    };
    let until: f64 = tokens[..=probe.at].iter().sum();
    let answer = whole(probe.answer_tokens);
    vec![
        ("early_exit_tokens".to_owned(), json!(whole(until))),
        ("early_exit_answer_tokens".to_owned(), json!(answer)),
        ("early_exit_accepted".to_owned(), json!(exits.accepted[i])),
    ]
}

/// By validator: the stage after which it first alarms on the full generation. Scores below 1 of
/// a score validator are no alarms.
fn first_alarms(scenario: &Scenario, scores: &[f64]) -> Value {
    let mut first = Map::new();
    let seen = scenario
        .checkpoints()
        .iter()
        .flat_map(|c| c.validators.iter().map(move |&v| (c.at, v)));
    for ((at, v), &score) in seen.zip(scores) {
        let name = &scenario.validators()[v].name;
        if score <= ALARM && !first.contains_key(name) {
            first.insert(name.clone(), json!(scenario.stage_name(at)));
        }
    }
    Value::Object(first)
}

fn placeholder(scenario: &Scenario, tokens: &[f64]) -> String {
    let line = |(k, &n): (usize, &f64)| {
        format!(
            "{}: {} tokens of placeholder text\n",
            scenario.stage_name(k),
            whole(n)
        )
    };
    tokens.iter().enumerate().map(line).collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "token draws are not negative and far below 2^53"
)]
fn whole(tokens: f64) -> u64 {
    tokens.round() as u64
}
