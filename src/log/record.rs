//! One generation of a log: its fields, what they default to, and what makes them valid.
//!
//! Assumes that a record was read by [`Fields`] or built by a program; either way the ranges are
//! checked here.

use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fields::Fields;
use crate::input::Mistakes;

/// No text has more tokens; sums of so many stay exact.
const MOST_TOKENS: u64 = 1_000_000_000_000;

/// One generation.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Record {
    /// Unique in the log, not empty.
    pub id: String,
    /// What generations of one prompt share; see [`Record::prompt`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_id: Option<String>,
    /// The model that generated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The collection that the prompt is from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub benchmark: Option<String>,
    /// The prompt's problem text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The generated text.
    pub solution: String,
    /// Number of tokens of the problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem_tokens: Option<u64>,
    /// Number n of tokens of the solution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub solution_tokens: Option<u64>,
    /// Byte offset in the solution of the end of each token: not decreasing, the last one the byte
    /// length, n of them or n − 1 (where the end token has no text).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_ends: Option<Vec<usize>>,
    /// Ground truth of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correct: Option<bool>,
    /// What the final filter said; see [`Record::verdict`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<bool>,
    /// Value of the generation, in [0, 1]; see [`Record::value`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utility: Option<f64>,
    /// Token at which a live policy rejected it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected_at: Option<u64>,
    /// Probability, in [0, 1], with which it was completed although rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pass_through: Option<f64>,
    /// The right answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gold: Option<String>,
    /// Why the generation ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<String>,
    /// Further groups the record belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Map<String, Value>>,
}

impl Record {
    /// `prompt_id`, else `id`.
    pub fn prompt(&self) -> &str {
        self.prompt_id.as_ref().unwrap_or(&self.id)
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

    /// Notes every value that lies outside its range.
    pub(super) fn check(&self, mistakes: &mut Mistakes) {
        if self.id.is_empty() {
            mistakes.push("id", "is empty; every record needs an id of its own");
        }
        if self.prompt_id.as_ref().is_some_and(String::is_empty) {
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
        if let Some(ends) = &self.token_ends {
            self.check_ends(ends, mistakes);
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

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Fields::deserialize(deserializer)?;
        let mut mistakes = Mistakes::default();
        let record = fields.into_record(&mut mistakes);
        if mistakes.is_empty() {
            return Ok(record);
        }
        let messages: Vec<String> = mistakes
            .into_list()
            .into_iter()
            .map(|(key, message)| format!("{key}: {message}"))
            .collect();
        Err(D::Error::custom(messages.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Record, String> {
        serde_json::from_str(json).map_err(|e| e.to_string())
    }

    /// A record with these fields beside the required ones.
    fn with(fields: &str) -> Result<Record, String> {
        parse(&format!("{{\"id\":\"a\",\"solution\":\"\",{fields}}}"))
    }

    #[test]
    fn all_fields_survive_a_round_trip() {
        let json = "{\"id\":\"a\",\"prompt_id\":\"p\",\"model\":\"m\",\"benchmark\":\"b\",\
                    \"problem\":\"q?\",\"solution\":\"häh\",\"problem_tokens\":3,\
                    \"solution_tokens\":3,\"token_ends\":[1,4],\"correct\":true,\
                    \"accepted\":false,\"utility\":0.25,\"rejected_at\":2,\"pass_through\":0.1,\
                    \"gold\":\"7\",\"finish_reason\":\"stop\",\"attributes\":{\"z\":1,\"a\":\"x\"}}";
        let record = parse(json).expect("a valid record");
        assert_eq!(serde_json::to_string(&record).expect("JSON"), json);
    }

    #[test]
    fn what_is_not_given_follows_from_what_is() {
        let record = with("\"correct\":true").expect("valid");
        assert_eq!(
            (record.prompt(), record.verdict(), record.value()),
            ("a", Some(true), Some(1.0))
        );
        let record = with("\"correct\":true,\"accepted\":false,\"utility\":0.5").expect("valid");
        assert_eq!((record.verdict(), record.value()), (Some(false), Some(0.5)));
        let record = with("\"accepted\":true").expect("valid");
        assert_eq!((record.verdict(), record.value()), (Some(true), None));
    }

    #[test]
    fn token_ends_must_fit_the_solution() {
        let ends = |ends: &str, n: u64| {
            let fields = format!("\"solution_tokens\":{n},\"token_ends\":{ends}");
            parse(&format!("{{\"id\":\"a\",\"solution\":\"häh\",{fields}}}"))
        };
        for (good, n) in [("[1,3,4]", 3), ("[1,3,4]", 4), ("[0,0,4,4]", 4)] {
            assert!(ends(good, n).is_ok(), "{good} {n}");
        }
        let bad = [
            (
                "[1,3,4]",
                2,
                "token_ends: has 3 ends beside solution_tokens = 2",
            ),
            (
                "[1,3,4]",
                5,
                "token_ends: has 3 ends beside solution_tokens = 5",
            ),
            (
                "[3,1,4]",
                3,
                "token_ends[1]: is 1, below the end before it, 3",
            ),
            (
                "[1,2]",
                2,
                "token_ends: ends at 2; the last end must be the solution's length",
            ),
            ("[1,3]", 2, "look like offsets of characters"),
            ("[]", 0, "token_ends: ends at 0"),
        ];
        for (bad, n, message) in bad {
            let error = ends(bad, n).expect_err(bad);
            assert!(error.contains(message), "{bad} {n}: {error}");
        }
        assert!(with("\"token_ends\":[],\"solution_tokens\":1").is_ok());
    }
}
