//! Output files of OpenAI's Batch API and of `vllm run-batch`: one request a line, one generation
//! per choice. The requests stand in the input file; the two are joined by `custom_id`.
//!
//! Assumes chat completions or legacy completions. What a server keeps apart is put together
//! again: reasoning that a parser took out of the content becomes `<think>…</think>` before it.
//! `usage` counts the tokens of all choices of a request, so it counts those of one only where
//! there is one.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value};

use super::prompt::{Prompt, content_text};
use super::rows::Rows;
use super::{Importer, Node, Out, shown};
use crate::input::{InputError, Mistake, Mistakes};
use crate::log::Record;

pub(super) fn knows(row: &Value) -> bool {
    row.get("custom_id").is_some() && (row.get("response").is_some() || row.get("error").is_some())
}

/// Reads the answers of a batch.
pub(super) struct OpenAiBatch {
    /// By `custom_id`; `None` if no file of requests is known.
    prompts: Option<BTreeMap<String, Prompt>>,
    unmatched: u64,
    reasoning_joined: u64,
    reasoning_hidden: u64,
    shared_usage: u64,
    empty_counts: u64,
}

impl OpenAiBatch {
    pub(super) fn new(files: &[PathBuf], longest_line: usize) -> Result<Self, InputError> {
        let prompts = if files.is_empty() {
            None
        } else {
            Some(requests(files, longest_line)?)
        };
        Ok(Self {
            prompts,
            unmatched: 0,
            reasoning_joined: 0,
            reasoning_hidden: 0,
            shared_usage: 0,
            empty_counts: 0,
        })
    }

    /// The generated text, with the reasoning that was taken out of it.
    fn text(&mut self, choice: &Node<'_>) -> Result<String, String> {
        if let Some(text) = choice.get("text") {
            let text = content_text(text.value());
            return text.ok_or_else(|| "a choice without text".to_owned());
        }
        let message = choice.get("message");
        let Some(message) = message else {
            return Err("a choice without a message".to_owned());
        };
        let content = message.get("content").and_then(|c| content_text(c.value()));
        let reasoning = ["reasoning_content", "reasoning"]
            .iter()
            .find_map(|key| message.get(key)?.value().as_str())
            .filter(|text| !text.is_empty());
        if let Some(reasoning) = reasoning {
            self.reasoning_joined += 1;
            // Reasoning that was cut has no end.
            return Ok(match content {
                Some(content) => format!("<think>{reasoning}</think>{content}"),
                None => format!("<think>{reasoning}"),
            });
        }
        let refusal = message.get("refusal").and_then(|r| content_text(r.value()));
        if let Some(text) = content.or(refusal) {
            return Ok(text);
        }
        let calls = message.get("tool_calls").and_then(|calls| calls.items());
        if calls.is_some_and(|calls| !calls.is_empty()) || message.get("function_call").is_some() {
            return Err("an answer that calls tools and has no text".to_owned());
        }
        Err(
            match choice.get("finish_reason").and_then(|r| r.value().as_str()) {
                Some(reason) => format!("an answer without text (finish_reason {reason})"),
                None => "an answer without text".to_owned(),
            },
        )
    }

    /// Tokens of the text of a request's only choice.
    fn tokens(&mut self, body: &Node<'_>, choices: usize, m: &mut Mistakes) -> Option<u64> {
        let usage = body.get("usage")?;
        let count = usage.get("completion_tokens")?.count(m)?;
        if choices > 1 {
            self.shared_usage += 1;
            return None;
        }
        let details = usage.get("completion_tokens_details");
        let hidden = details.and_then(|d| d.get("reasoning_tokens")?.value().as_u64());
        Some(count - hidden.unwrap_or(0).min(count))
    }
}

/// Byte offsets of token ends, from the tokens that log-probabilities name, if these are the text.
fn token_ends(choice: &Node<'_>, text: &str) -> Option<Vec<usize>> {
    let tokens = choice.get("logprobs")?.get("content")?.items()?;
    let mut ends = Vec::with_capacity(tokens.len());
    let mut rest = text.as_bytes();
    for token in &tokens {
        let bytes: Vec<u8> = match token.get("bytes").and_then(|bytes| bytes.items()) {
            Some(bytes) => bytes
                .iter()
                .map(|b| u8::try_from(b.value().as_u64()?).ok())
                .collect::<Option<_>>()?,
            None => token.get("token")?.value().as_str()?.as_bytes().to_vec(),
        };
        rest = rest.strip_prefix(&bytes[..])?;
        ends.push(text.len() - rest.len());
    }
    rest.is_empty().then_some(ends)
}

/// Prompts of requests by `custom_id`.
fn requests(
    files: &[PathBuf],
    longest_line: usize,
) -> Result<BTreeMap<String, Prompt>, InputError> {
    let mut prompts: BTreeMap<String, Prompt> = BTreeMap::new();
    for path in files {
        let mut rows = Rows::open(path, longest_line, |_| true)?;
        let failed = |mistakes: Vec<Mistake>| InputError {
            path: path.display().to_string(),
            mistakes,
        };
        while let Some(row) = rows.next() {
            let row = row.map_err(|error| failed(error.into_mistakes()))?;
            let wrong = |key: &str, message: String| {
                failed(vec![Mistake {
                    line: Some(row.line),
                    key: key.to_owned(),
                    message,
                }])
            };
            let root = Node::root(&row.value);
            let body = root.get("body");
            let (Some(custom), Some(body)) = (root.get("custom_id"), body) else {
                let message = "is not a request of a batch: it needs custom_id and body, as in the \
                               file that was sent";
                return Err(wrong("", message.to_owned()));
            };
            let mut mistakes = Mistakes::default();
            let Some(custom) = custom.identifier(&mut mistakes) else {
                let message = format!("is {}; it must be a string", shown(custom.value()));
                return Err(wrong("custom_id", message));
            };
            let prompt = ["messages", "prompt", "input"]
                .iter()
                .find_map(|key| Prompt::of(body.get(key)?.value()));
            let Some(prompt) = prompt else {
                let message = "has no messages, prompt or input";
                return Err(wrong("body", message.to_owned()));
            };
            if prompts.get(&custom).is_some_and(|before| *before != prompt) {
                let message = format!(
                    "is \"{custom}\", which stood before with another prompt; import the batches \
                     one by one, each with its own requests"
                );
                return Err(wrong("custom_id", message));
            }
            prompts.insert(custom, prompt);
        }
    }
    Ok(prompts)
}

/// Why a request has no answer, if it has none.
fn failure(row: &Node<'_>) -> Option<String> {
    let code = |error: &Node<'_>| {
        let code = error.get("code").or_else(|| error.get("type"));
        code.and_then(|code| match code.value() {
            Value::String(text) => Some(text.clone()),
            Value::Number(n) => Some(n.to_string()),
            _ => None,
        })
    };
    let failed = |what: Option<String>| {
        Some(match what {
            Some(what) => format!("a request that failed ({what})"),
            None => "a request that failed".to_owned(),
        })
    };
    if let Some(error) = row.get("error") {
        return failed(code(&error));
    }
    let Some(response) = row.get("response") else {
        return failed(None);
    };
    let status = response.get("status_code").and_then(|s| s.value().as_u64());
    if let Some(status) = status.filter(|status| *status != 200) {
        return failed(Some(format!("status {status}")));
    }
    match response.get("body") {
        None => failed(None),
        Some(body) => match body.get("error") {
            Some(error) => failed(code(&error)),
            None => None,
        },
    }
}

impl Importer for OpenAiBatch {
    fn read(&mut self, row: &Node<'_>, out: &mut Out, m: &mut Mistakes) {
        if let Some(why) = failure(row) {
            return out.leave_out(why);
        }
        let custom = row.get("custom_id").and_then(|node| node.identifier(m));
        let (Some(custom), Some(body)) = (custom, row.get("response").and_then(|r| r.get("body")))
        else {
            return;
        };
        let Some(choices) = body.get("choices") else {
            return out.leave_out("an answer of another endpoint, without choices");
        };
        let Some(choices) = choices.list(m) else {
            return;
        };
        let prompt = self
            .prompts
            .as_ref()
            .and_then(|prompts| prompts.get(&custom));
        let prompt = prompt.cloned();
        self.unmatched += u64::from(prompt.is_none() && self.prompts.is_some());
        if choices.is_empty() {
            out.leave_out("an answer without choices");
        }
        let model = body.get("model").and_then(|node| node.text(m));
        let usage = body
            .get("usage")
            .and_then(|usage| usage.get("prompt_tokens"));
        let problem_tokens = usage.and_then(|node| node.count(m));
        let tokens = self.tokens(&body, choices.len(), m);
        let details = body
            .get("usage")
            .and_then(|u| u.get("completion_tokens_details"));
        let hidden = details.and_then(|d| d.get("reasoning_tokens")?.value().as_u64());
        for (k, choice) in choices.iter().enumerate() {
            let joined = self.reasoning_joined;
            let solution = match self.text(choice) {
                Ok(text) => text,
                Err(why) => {
                    out.leave_out(why);
                    continue;
                }
            };
            // A server that shows the reasoning may count it apart as well; then all tokens are
            // in the text.
            let shows = self.reasoning_joined > joined;
            let mut tokens = tokens;
            if let Some(hidden) = hidden.filter(|n| *n > 0) {
                if shows {
                    tokens = tokens.map(|n| n + hidden);
                } else {
                    self.reasoning_hidden += 1;
                }
            }
            // Some servers write 0 where they did not count.
            if tokens == Some(0) && !solution.is_empty() {
                self.empty_counts += 1;
                tokens = None;
            }
            let index = choice.get("index").and_then(|node| node.count(m));
            let token_ends = token_ends(choice, &solution);
            let mut attributes = Map::new();
            if let Some(reason) = choice.get("stop_reason") {
                attributes.insert("stop_reason".to_owned(), reason.value().clone());
            }
            out.records.push(Record {
                id: if choices.len() > 1 {
                    format!("{custom}#{}", index.unwrap_or(k as u64))
                } else {
                    custom.clone()
                },
                prompt_id: Some(
                    prompt
                        .as_ref()
                        .map_or_else(|| custom.clone(), |p| p.id.clone()),
                ),
                model: model.clone(),
                problem: prompt.as_ref().and_then(|p| p.problem.clone()),
                problem_tokens,
                solution_tokens: fitting(tokens, token_ends.as_deref()),
                token_ends,
                finish_reason: choice.get("finish_reason").and_then(|node| node.text(m)),
                attributes: (!attributes.is_empty()).then_some(attributes),
                solution,
                ..Record::default()
            });
        }
    }

    fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.prompts.is_none() {
            remarks.push(
                "answers do not carry their prompts: name the file of requests with --prompts; \
                 until then prompts are told apart by custom_id, so several requests with one \
                 prompt count as independent"
                    .to_owned(),
            );
        }
        for (count, what) in [
            (
                self.unmatched,
                "answers have a custom_id that no request has: their prompts are not known",
            ),
            (
                self.reasoning_joined,
                "answers have their reasoning apart: it is put before the content, as \
                 <think>…</think>",
            ),
            (
                self.reasoning_hidden,
                "answers have hidden reasoning: its tokens are not in the text and are not \
                 counted, so savings are shares of the visible tokens",
            ),
            (
                self.empty_counts,
                "answers have text and a count of 0 tokens: theirs are estimated",
            ),
            (
                self.shared_usage,
                "requests have several choices and one count of tokens for all: the tokens of \
                 each are estimated",
            ),
        ] {
            if count > 0 {
                remarks.push(format!("{count} {what}"));
            }
        }
        remarks
    }
}

/// A count beside ends: the end token may be counted and have no text. Where the two do not go
/// together, the ends are what is known of the text.
fn fitting(tokens: Option<u64>, ends: Option<&[usize]>) -> Option<u64> {
    match (tokens, ends.map(|ends| ends.len() as u64)) {
        (Some(n), Some(ends)) if n != ends && n != ends + 1 => Some(ends),
        (tokens, _) => tokens,
    }
}
