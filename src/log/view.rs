//! One generation as its line says it: the fields of a [`Record`], borrowed, what they default to,
//! and what makes them valid.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::Record;
use crate::input::Mistakes;

/// No text has more tokens; sums of so many stay exact.
const MOST_TOKENS: u64 = 1_000_000_000_000;
/// Arrays and objects within each other in `attributes`, itself included: one less than a parser
/// of JSON takes, so that a record can be read from its line.
const DEEPEST_ATTRIBUTES: usize = 126;

/// One generation, borrowed from its line or its record; the fields are those of [`Record`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct View<'a> {
    /// Unique in the log, not empty.
    pub id: &'a str,
    /// What generations of one prompt share; see [`View::prompt`].
    pub prompt_id: Option<&'a str>,
    /// The model that generated.
    pub model: Option<&'a str>,
    /// The collection that the prompt is from.
    pub benchmark: Option<&'a str>,
    /// The prompt's problem text.
    pub problem: Option<&'a str>,
    /// The generated text.
    pub solution: &'a str,
    /// Number of tokens of the problem.
    pub problem_tokens: Option<u64>,
    /// Number n of tokens of the solution.
    pub solution_tokens: Option<u64>,
    /// Byte offset in the solution of the end of each token, as in [`Record::token_ends`].
    pub token_ends: Option<&'a [usize]>,
    /// Ground truth of the answer.
    pub correct: Option<bool>,
    /// What the final filter said; see [`View::verdict`].
    pub accepted: Option<bool>,
    /// Value of the generation, in [0, 1]; see [`View::value`].
    pub utility: Option<f64>,
    /// Token at which a live policy rejected it.
    pub rejected_at: Option<u64>,
    /// Probability, in [0, 1], with which it was completed although rejected.
    pub pass_through: Option<f64>,
    /// The right answer.
    pub gold: Option<&'a str>,
    /// Why the generation ended.
    pub finish_reason: Option<&'a str>,
    /// Further groups the record belongs to.
    pub attributes: Option<Cow<'a, Map<String, Value>>>,
}

impl<'a> View<'a> {
    /// `prompt_id`, else `id`.
    pub fn prompt(&self) -> &'a str {
        self.prompt_id.unwrap_or(self.id)
    }

    /// `accepted`, else `correct`; `None` when neither is known.
    pub fn verdict(&self) -> Option<bool> {
        self.accepted.or(self.correct)
    }

    /// `utility`, else `correct` as 0 or 1, in [0, 1]; `None` when neither is known.
    pub fn value(&self) -> Option<f64> {
        self.utility
            .or_else(|| self.correct.map(|c| if c { 1.0 } else { 0.0 }))
    }

    /// The record that says the same.
    pub fn to_record(&self) -> Record {
        let text = |text: Option<&str>| text.map(ToOwned::to_owned);
        Record {
            id: self.id.to_owned(),
            prompt_id: text(self.prompt_id),
            model: text(self.model),
            benchmark: text(self.benchmark),
            problem: text(self.problem),
            solution: self.solution.to_owned(),
            problem_tokens: self.problem_tokens,
            solution_tokens: self.solution_tokens,
            token_ends: self.token_ends.map(<[usize]>::to_vec),
            correct: self.correct,
            accepted: self.accepted,
            utility: self.utility,
            rejected_at: self.rejected_at,
            pass_through: self.pass_through,
            gold: text(self.gold),
            finish_reason: text(self.finish_reason),
            attributes: self.attributes.as_deref().cloned(),
        }
    }

    /// Notes every value that lies outside its range.
    pub(super) fn check(&self, mistakes: &mut Mistakes) {
        if self.id.is_empty() {
            mistakes.push("id", "is empty; every record needs an id of its own");
        }
        if self.prompt_id.is_some_and(str::is_empty) {
            let message = "is empty, so all such records would share a prompt; leave it out where \
                           a record has a prompt of its own";
            mistakes.push("prompt_id", message);
        }
        for (key, value) in [
            ("utility", self.utility),
            ("pass_through", self.pass_through),
        ] {
            if let Some(x) = value
                && !(0.0..=1.0).contains(&x)
            {
                mistakes.push(key, format!("is {x}; it must lie in [0, 1]"));
            }
        }
        for (key, value) in [
            ("problem_tokens", self.problem_tokens),
            ("solution_tokens", self.solution_tokens),
            ("rejected_at", self.rejected_at),
        ] {
            if let Some(n) = value
                && n > MOST_TOKENS
            {
                mistakes.push(key, format!("is {n}; it must lie in [0, {MOST_TOKENS}]"));
            }
        }
        if let Some(ends) = self.token_ends {
            self.check_ends(ends, mistakes);
        }
        if let Some(attributes) = &self.attributes
            && attributes
                .values()
                .any(|value| is_deeper(value, DEEPEST_ATTRIBUTES - 1))
        {
            let message = format!(
                "is nested more than {DEEPEST_ATTRIBUTES} deep, more than can be read from a line; \
                 leave out what is below"
            );
            mistakes.push("attributes", message);
        }
    }

    fn check_ends(&self, ends: &[usize], mistakes: &mut Mistakes) {
        let decrease = ends.windows(2).position(|pair| pair[1] < pair[0]);
        if let Some(k) = decrease {
            let message = format!(
                "is {}, below the end before it, {}; ends must not decrease",
                ends[k + 1],
                ends[k]
            );
            mistakes.push(format!("token_ends[{}]", k + 1), message);
        }
        let (last, bytes) = (ends.last().copied().unwrap_or(0), self.solution.len());
        if last != bytes && !mistakes.covers("solution") {
            let characters = self.solution.chars().count();
            let hint = if last == characters {
                "; these look like offsets of characters"
            } else {
                ""
            };
            let message = format!(
                "ends at {last}; the last end must be the solution's length in bytes, {bytes}{hint}"
            );
            mistakes.push("token_ends", message);
        }
        let count = ends.len() as u64;
        if let Some(n) = self.solution_tokens
            && count != n
            && count + 1 != n
        {
            let message = format!(
                "has {count} ends beside solution_tokens = {n}; there must be one per token, or \
                 one less where the end token has no text"
            );
            mistakes.push("token_ends", message);
        }
    }
}

/// Whether more than `levels` arrays and objects stand within each other.
fn is_deeper(value: &Value, levels: usize) -> bool {
    let mut below: Box<dyn Iterator<Item = &Value>> = match value {
        Value::Array(list) => Box::new(list.iter()),
        Value::Object(map) => Box::new(map.values()),
        _ => return false,
    };
    levels == 0 || below.any(|value| is_deeper(value, levels - 1))
}
