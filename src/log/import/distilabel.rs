//! Rows of a distilabel pipeline: an instruction with one generation, or with lists of them where
//! generations are grouped.
//!
//! Token numbers stand in `distilabel_metadata` under `statistics_` and the name of the step, as
//! numbers, as lists, or as a list of such tables. Where several steps left theirs, the one is
//! taken whose raw output is the generation.

use serde_json::Value;

use super::prompt::{Prompt, completion_text};
use super::{Importer, Node, Out};
use crate::input::Mistakes;
use crate::log::Record;

const METADATA: &str = "distilabel_metadata";
const STATISTICS: &str = "statistics_";
/// Older versions write the longer names.
const GENERATION: [&str; 2] = ["generation", "generations"];
const MODEL: [&str; 3] = ["model_name", "generation_model", "generation_models"];

pub(super) fn knows(row: &Value) -> bool {
    let has = |keys: &[&str]| keys.iter().any(|key| row.get(key).is_some());
    has(&GENERATION) && (has(&[METADATA]) || (has(&["instruction"]) && has(&MODEL)))
}

/// Reads distilabel's rows.
#[derive(Debug, Default)]
pub(super) struct Distilabel {
    several_steps: u64,
}

fn first<'v>(row: &Node<'v>, keys: &[&str]) -> Option<Node<'v>> {
    keys.iter().find_map(|key| row.get(key))
}

/// What a value says of generation `k` of `n`: an element of a list of `n`, or the value itself.
fn of_generation<'v>(node: &Node<'v>, k: usize, n: usize) -> Option<Node<'v>> {
    let found = match node.len() {
        Some(length) if length == n => node.item(k)?,
        Some(_) => return None,
        None => node.clone(),
    };
    (!found.value().is_null()).then_some(found)
}

impl Distilabel {
    /// Input and output tokens of generation `k` of `n`, which is `text`.
    fn tokens<'v>(&mut self, row: &Node<'v>, (k, n): (usize, usize), text: &Value) -> Tokens<'v> {
        let metadata = row
            .get(METADATA)
            .and_then(|node| of_generation(&node, k, n));
        let Some(metadata) = metadata else {
            return Tokens::default();
        };
        let keys = metadata
            .value()
            .as_object()
            .into_iter()
            .flat_map(|o| o.keys());
        let steps: Vec<&str> = keys
            .filter_map(|key| key.strip_prefix(STATISTICS))
            .collect();
        let step = if let [step] = steps[..] {
            Some(step)
        } else {
            let wrote = |step: &&&str| {
                let raw = metadata.get(&format!("raw_output_{step}"));
                let raw = raw.and_then(|node| of_generation(&node, k, n));
                raw.is_some_and(|raw| raw.value() == text)
            };
            let step = steps.iter().find(wrote).copied();
            self.several_steps += u64::from(steps.len() > 1 && step.is_none());
            step
        };
        let statistics = step.and_then(|step| metadata.get(&format!("{STATISTICS}{step}")));
        let statistics = statistics.and_then(|node| of_generation(&node, k, n));
        let get = |key: &str| {
            let node = statistics.as_ref()?.get(key)?;
            of_generation(&node, k, n).or_else(|| of_generation(&node, 0, 1))
        };
        Tokens {
            output: get("output_tokens"),
            input: get("input_tokens"),
        }
    }
}

#[derive(Default)]
struct Tokens<'v> {
    output: Option<Node<'v>>,
    input: Option<Node<'v>>,
}

impl Importer for Distilabel {
    fn read(&mut self, row: &Node<'_>, out: &mut Out, m: &mut Mistakes) {
        let prompt = first(row, &["instruction", "prompt", "messages"]);
        let prompt = prompt.and_then(|node| Prompt::of(node.value()));
        let Some(generation) = first(row, &GENERATION) else {
            return out.leave_out("a row whose generation is null: the step failed");
        };
        // A list of messages is one generation, a list of anything else a group.
        let turns = generation.items().filter(|items| {
            items.iter().any(|item| item.value().get("role").is_none()) || items.is_empty()
        });
        let generations = turns.unwrap_or_else(|| vec![generation.clone()]);
        let n = generations.len();
        let model = first(row, &MODEL);
        for (k, generation) in generations.iter().enumerate() {
            if generation.value().is_null() {
                out.leave_out("a generation that is null: the step failed");
                continue;
            }
            let solution = match (generation.value(), completion_text(generation.value())) {
                (_, Ok(text)) => text,
                (Value::Array(_), Err(why)) => {
                    out.leave_out(why);
                    continue;
                }
                (_, Err(_)) => {
                    generation.wrong("a string", m);
                    continue;
                }
            };
            let tokens = self.tokens(row, (k, n), generation.value());
            let model = model.as_ref().and_then(|node| of_generation(node, k, n));
            out.records.push(Record {
                prompt_id: prompt.as_ref().map(|p| p.id.clone()),
                problem: prompt.as_ref().and_then(|p| p.problem.clone()),
                model: model.and_then(|node| node.text(m)),
                problem_tokens: tokens.input.and_then(|node| node.count(m)),
                solution_tokens: tokens.output.and_then(|node| node.count(m)),
                solution,
                ..Record::default()
            });
        }
        if n == 0 {
            out.leave_out("a row without generations");
        }
    }

    fn remarks(&self) -> Vec<String> {
        if self.several_steps == 0 {
            return Vec::new();
        }
        vec![format!(
            "{} generations have the statistics of several steps and the raw output of none: \
             their tokens are not known",
            self.several_steps
        )]
    }
}
