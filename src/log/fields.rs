//! A JSON object on its way to a record: which fields it has and whether they are of their types.
//!
//! `null` in an optional field means that the field is not given. Fields that the format does not
//! know are named but not read; one that stands twice is a mistake.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::Record;
use crate::input::Mistakes;

/// Names of the fields, in the order of the format's table.
pub(super) const FIELDS: [&str; 17] = [
    "id",
    "prompt_id",
    "model",
    "benchmark",
    "problem",
    "solution",
    "problem_tokens",
    "solution_tokens",
    "token_ends",
    "correct",
    "accepted",
    "utility",
    "rejected_at",
    "pass_through",
    "gold",
    "finish_reason",
    "attributes",
];

/// The values of known fields, the names of the others.
#[derive(Debug, Default)]
pub(super) struct Fields {
    known: Vec<(&'static str, Value)>,
    /// Of `token_ends`, whose value among the known is null.
    ends: Option<Ends>,
    repeated: Vec<&'static str>,
    /// Names that are not of the format.
    pub(super) unknown: Vec<String>,
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::default();
        while let Some(key) = map.next_key::<String>()? {
            let Some(&name) = FIELDS.iter().find(|name| **name == key) else {
                map.next_value::<IgnoredAny>()?;
                fields.unknown.push(key);
                continue;
            };
            if fields.known.iter().any(|(known, _)| *known == name) {
                fields.repeated.push(name);
            }
            if name == "token_ends" {
                fields.ends = Some(map.next_value()?);
                fields.known.push((name, Value::Null));
            } else {
                fields.known.push((name, map.next_value()?));
            }
        }
        Ok(fields)
    }
}

/// The value of `token_ends`, read without a tree of values, which would take many times the
/// memory of the text.
#[derive(Debug)]
enum Ends {
    List(Vec<usize>),
    /// The first element that is no offset, and its index.
    WrongElement(usize, Value),
    NoList(Value),
}

impl<'de> Deserialize<'de> for Ends {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EndsVisitor)
    }
}

struct EndsVisitor;

impl<'de> Visitor<'de> for EndsVisitor {
    type Value = Ends;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Ends, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = seq.next_element::<Value>()? {
            let Some(Ok(offset)) = element.as_u64().map(usize::try_from) else {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(Ends::WrongElement(list.len(), element));
            };
            list.push(offset);
        }
        Ok(Ends::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ends, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Ends::NoList(Map::new().into()))
    }

    fn visit_unit<E>(self) -> Result<Ends, E> {
        Ok(Ends::NoList(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Ends, E> {
        Ok(Ends::NoList(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Ends, E> {
        Ok(Ends::NoList(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Ends, E> {
        Ok(Ends::NoList(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Ends, E> {
        Ok(Ends::NoList(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Ends, E> {
        Ok(Ends::NoList(value.into()))
    }
}

impl Fields {
    /// The record, usable only when no mistake was noted.
    pub(super) fn into_record(mut self, mistakes: &mut Mistakes) -> Record {
        for name in &self.repeated {
            mistakes.push(*name, "stands twice in the record; give it once");
        }
        for name in ["id", "solution"] {
            if self
                .known
                .iter()
                .all(|(known, v)| *known != name || v.is_null())
            {
                mistakes.push(name, "is missing; every record needs it");
            }
        }
        let m = mistakes;
        let record = Record {
            id: self.take("id", identifier, m).unwrap_or_default(),
            prompt_id: self.take("prompt_id", identifier, m),
            model: self.take("model", text, m),
            benchmark: self.take("benchmark", text, m),
            problem: self.take("problem", text, m),
            solution: self.take("solution", text, m).unwrap_or_default(),
            problem_tokens: self.take("problem_tokens", count, m),
            solution_tokens: self.take("solution_tokens", count, m),
            token_ends: self.take_ends(m),
            correct: self.take("correct", boolean, m),
            accepted: self.take("accepted", boolean, m),
            utility: self.take("utility", number, m),
            rejected_at: self.take("rejected_at", count, m),
            pass_through: self.take("pass_through", number, m),
            gold: self.take("gold", text, m),
            finish_reason: self.take("finish_reason", text, m),
            attributes: self.take("attributes", object, m),
        };
        record.check(m);
        record
    }

    fn take_value(&mut self, name: &str) -> Option<Value> {
        let (_, value) = self.known.iter_mut().find(|(known, _)| *known == name)?;
        Some(value.take()).filter(|value| !value.is_null())
    }

    /// The value of a field, if it is given and `read` understands it.
    fn take<T>(
        &mut self,
        name: &str,
        read: impl Fn(Value) -> Result<T, (Value, &'static str)>,
        mistakes: &mut Mistakes,
    ) -> Option<T> {
        match read(self.take_value(name)?) {
            Ok(value) => Some(value),
            Err((value, wanted)) => {
                mistakes.push(name, wrong(&value, wanted));
                None
            }
        }
    }

    fn take_ends(&mut self, mistakes: &mut Mistakes) -> Option<Vec<usize>> {
        let (key, value, wanted) = match self.ends.take()? {
            Ends::List(ends) => return Some(ends),
            Ends::NoList(Value::Null) => return None,
            Ends::NoList(value) => ("token_ends".to_owned(), value, "a list of byte offsets"),
            Ends::WrongElement(k, value) => {
                let wanted = "a byte offset, a whole number, 0 or more";
                (format!("token_ends[{k}]"), value, wanted)
            }
        };
        mistakes.push(key, wrong(&value, wanted));
        None
    }
}

/// The message for a value of another type.
fn wrong(value: &Value, wanted: &str) -> String {
    format!("is {}; it must be {wanted}", shown(value))
}

/// An integer is read as its decimal text.
fn identifier(value: Value) -> Result<String, (Value, &'static str)> {
    match value {
        Value::String(text) => Ok(text),
        Value::Number(n) if n.is_i64() || n.is_u64() => Ok(n.to_string()),
        other => Err((other, "a string or a whole number")),
    }
}

fn text(value: Value) -> Result<String, (Value, &'static str)> {
    match value {
        Value::String(text) => Ok(text),
        other => Err((other, "a string")),
    }
}

fn count(value: Value) -> Result<u64, (Value, &'static str)> {
    value.as_u64().ok_or((value, "a whole number, 0 or more"))
}

fn number(value: Value) -> Result<f64, (Value, &'static str)> {
    value.as_f64().ok_or((value, "a number"))
}

fn boolean(value: Value) -> Result<bool, (Value, &'static str)> {
    value.as_bool().ok_or((value, "true, false or null"))
}

fn object(value: Value) -> Result<Map<String, Value>, (Value, &'static str)> {
    match value {
        Value::Object(map) => Ok(map),
        other => Err((other, "an object")),
    }
}

/// A value as messages show it: long strings are cut.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => n.to_string(),
        Value::String(s) if s.chars().nth(40).is_some() => {
            let start: String = s.chars().take(40).collect();
            format!("the string {start:?}…")
        }
        Value::String(s) => format!("the string {s:?}"),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
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
    fn whole_numbers_are_ids_and_null_means_not_given() {
        let json = "{\"id\":12,\"prompt_id\":-3,\"solution\":\"\",\"model\":null,\
                    \"token_ends\":null,\"seed\":1}";
        let record = parse(json).expect("a valid record");
        let expected = Record {
            id: "12".to_owned(),
            prompt_id: Some("-3".to_owned()),
            ..Record::default()
        };
        assert_eq!(record, expected);
    }

    #[test]
    fn each_wrong_field_has_its_own_message() {
        let cases = [
            (
                "\"prompt_id\":1.5",
                "prompt_id: is 1.5; it must be a string or",
            ),
            ("\"prompt_id\":\"\"", "prompt_id: is empty"),
            (
                "\"solution_tokens\":-1",
                "solution_tokens: is -1; it must be a whole",
            ),
            (
                "\"problem_tokens\":1.5",
                "problem_tokens: is 1.5; it must be a whole",
            ),
            ("\"rejected_at\":\"3\"", "rejected_at: is the string \"3\""),
            ("\"utility\":1.5", "utility: is 1.5; it must lie in [0, 1]"),
            (
                "\"pass_through\":-0.5",
                "pass_through: is -0.5; it must lie",
            ),
            (
                "\"correct\":1",
                "correct: is 1; it must be true, false or null",
            ),
            ("\"model\":[1]", "model: is a list; it must be a string"),
            (
                "\"attributes\":\"x\"",
                "attributes: is the string \"x\"; it must be an object",
            ),
            ("\"gold\":\"7\",\"gold\":\"8\"", "gold: stands twice"),
            (
                "\"token_ends\":[0,-1]",
                "token_ends[1]: is -1; it must be a byte offset",
            ),
            ("\"token_ends\":3", "token_ends: is 3; it must be a list"),
            (
                "\"token_ends\":-1.5",
                "token_ends: is -1.5; it must be a list",
            ),
            (
                "\"token_ends\":true",
                "token_ends: is true; it must be a list",
            ),
            ("\"token_ends\":\"x\"", "token_ends: is the string \"x\""),
            ("\"token_ends\":{\"a\":[1]}", "token_ends: is an object"),
            (
                "\"token_ends\":[0,\"1\",[2],3]",
                "token_ends[1]: is the string \"1\"",
            ),
        ];
        for (fields, message) in cases {
            let error = with(fields).expect_err(fields);
            assert!(error.starts_with(message), "{fields}: {error}");
            assert!(!error.contains("; solution"), "{fields}: {error}");
        }
        let error = parse("{\"solution\":null,\"id\":\"\"}").expect_err("two mistakes");
        assert!(error.contains("id: is empty") && error.contains("solution: is missing"));
    }
}
