//! One generation of a log, with texts of its own.
//!
//! Assumes that a record was read by [`Fields`] or built by a program; either way its [`View`]
//! checks the ranges.

use std::borrow::Cow;

use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::View;
use super::fields::Fields;
use crate::input::Mistakes;

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
    /// The same, borrowed.
    pub fn view(&self) -> View<'_> {
        View {
            id: &self.id,
            prompt_id: self.prompt_id.as_deref(),
            model: self.model.as_deref(),
            benchmark: self.benchmark.as_deref(),
            problem: self.problem.as_deref(),
            solution: &self.solution,
            problem_tokens: self.problem_tokens,
            solution_tokens: self.solution_tokens,
            token_ends: self.token_ends.as_deref(),
            correct: self.correct,
            accepted: self.accepted,
            utility: self.utility,
            rejected_at: self.rejected_at,
            pass_through: self.pass_through,
            gold: self.gold.as_deref(),
            finish_reason: self.finish_reason.as_deref(),
            attributes: self.attributes.as_ref().map(Cow::Borrowed),
        }
    }

    /// `prompt_id`, else `id`.
    pub fn prompt(&self) -> &str {
        self.view().prompt()
    }

    /// `accepted`, else `correct`; `None` when neither is known.
    pub fn verdict(&self) -> Option<bool> {
        self.view().verdict()
    }

    /// `utility`, else `correct` as 0 or 1, in [0, 1]; `None` when neither is known.
    pub fn value(&self) -> Option<f64> {
        self.view().value()
    }

    /// Notes every value that lies outside its range.
    pub(super) fn check(&self, mistakes: &mut Mistakes) {
        self.view().check(mistakes);
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
    #[test]
    fn attributes_are_not_deeper_than_a_line_can_be_read() {
        let nested = |levels| (1..levels).fold(Value::Null, |value, _| vec![value].into());
        let record = |levels| {
            let mut attributes = Map::new();
            attributes.insert("a".to_owned(), nested(levels));
            let attributes = Some(attributes);
            Record {
                attributes,
                ..parse("{\"id\":\"a\",\"solution\":\"\"}").expect("valid")
            }
        };
        for (levels, valid) in [(126, true), (127, false)] {
            let record = record(levels);
            let mut mistakes = Mistakes::default();
            record.check(&mut mistakes);
            assert_eq!(mistakes.is_empty(), valid, "{levels}");
            let line = serde_json::to_string(&record).expect("a line");
            assert_eq!(parse(&line).is_ok_and(|r| r == record), valid, "{levels}");
        }
    }
}
