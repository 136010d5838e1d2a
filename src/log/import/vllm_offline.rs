//! `RequestOutput` objects of vLLM's offline interface, dumped as JSON: one request a row, one
//! generation per element of `outputs`.
//!
//! Request numbers begin anew with each run, so prompts are told apart by their text. `token_ids`
//! count the end token, which has no text.

use serde_json::{Map, Value};

use super::prompt::{Prompt, identity};
use super::{Importer, Node, Out};
use crate::input::Mistakes;
use crate::log::Record;

/// Reads vLLM's outputs.
#[derive(Debug, Default)]
pub(super) struct VllmOffline {
    without_prompt: u64,
}

impl Importer for VllmOffline {
    fn read(&mut self, row: &Node<'_>, out: &mut Out, m: &mut Mistakes) {
        let request = row.get("request_id").and_then(|node| node.identifier(m));
        let prompt = row.get("prompt").and_then(|node| Prompt::of(node.value()));
        let prompt_tokens = row.get("prompt_token_ids");
        let prompt_id = match (&prompt, &prompt_tokens) {
            (Some(prompt), _) => Some(prompt.id.clone()),
            (None, Some(tokens)) => Some(identity(tokens.value())),
            (None, None) => {
                self.without_prompt += 1;
                request.clone()
            }
        };
        let problem_tokens = prompt_tokens.and_then(|node| node.list(m));
        let Some(outputs) = row.get("outputs").and_then(|node| node.list(m)) else {
            return;
        };
        if row
            .get("finished")
            .is_some_and(|node| node.value() == false)
        {
            return out.leave_out("a request that is not finished");
        }
        if outputs.is_empty() {
            return out.leave_out("a request without outputs");
        }
        let several = outputs.len() > 1;
        for (k, output) in outputs.iter().enumerate() {
            let Some(text) = output.get("text") else {
                out.leave_out("an output without text");
                continue;
            };
            let index = output.get("index").and_then(|node| node.count(m));
            let solution = text.text(m).unwrap_or_default();
            // No token beside a text: they were not kept.
            let tokens = output.get("token_ids").and_then(|node| node.list(m));
            let tokens = tokens.filter(|tokens| !tokens.is_empty() || solution.is_empty());
            let mut attributes = Map::new();
            if let Some(reason) = output.get("stop_reason") {
                attributes.insert("stop_reason".to_owned(), reason.value().clone());
            }
            if let Some(logprob) = output.get("cumulative_logprob").filter(is_number) {
                attributes.insert("cumulative_logprob".to_owned(), logprob.value().clone());
            }
            let id = request.clone().map(|request| match (several, index) {
                (false, _) => request,
                (true, Some(index)) => format!("{request}#{index}"),
                (true, None) => format!("{request}#{k}"),
            });
            out.records.push(Record {
                id: id.unwrap_or_default(),
                prompt_id: prompt_id.clone(),
                problem: prompt.as_ref().and_then(|p| p.problem.clone()),
                problem_tokens: problem_tokens.as_ref().map(|tokens| tokens.len() as u64),
                solution,
                solution_tokens: tokens.map(|tokens| tokens.len() as u64),
                finish_reason: output.get("finish_reason").and_then(|node| node.text(m)),
                attributes: (!attributes.is_empty()).then_some(attributes),
                ..Record::default()
            });
        }
    }

    fn remarks(&self) -> Vec<String> {
        if self.without_prompt == 0 {
            return Vec::new();
        }
        vec![format!(
            "{} requests carry no prompt: each request counts as a prompt of its own",
            self.without_prompt
        )]
    }
}

fn is_number(node: &Node<'_>) -> bool {
    matches!(node.value(), Value::Number(_))
}
