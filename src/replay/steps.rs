//! The first wrong step of a solution, where people have labelled it.
//!
//! A record carries it in two attributes: `step_byte_starts`, the byte offset in the solution at
//! which each step begins, ascending, and `first_error_step`, the index from 0 of the first wrong
//! one (absent or null if none is wrong). What is wrong with a step shows when it is complete, so a
//! reader who reads step by step stops at its end: where the next one begins, or with the text.

use serde_json::Value;

use super::Tokens;
use crate::log::Record;

/// What is known of the first wrong step of a solution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FirstError {
    /// Nothing: its steps are not labelled, or not so that they could be read.
    #[default]
    Unlabelled,
    /// No step is wrong.
    Never,
    /// The first wrong step is complete after this many tokens.
    After(u64),
}

/// The first wrong step of `record`, whose tokens are `tokens`.
pub(super) fn first_error(record: &Record, tokens: Tokens<'_>) -> FirstError {
    labelled(record, tokens).unwrap_or_default()
}

fn labelled(record: &Record, tokens: Tokens<'_>) -> Option<FirstError> {
    let attributes = record.attributes.as_ref()?;
    let starts = attributes.get("step_byte_starts")?.as_array()?;
    let step = match attributes.get("first_error_step") {
        None | Some(Value::Null) => return Some(FirstError::Never),
        Some(step) => usize::try_from(step.as_u64()?).ok()?,
    };
    if step >= starts.len() {
        return None;
    }
    let bytes = record.solution.len();
    let end = match starts.get(step + 1) {
        Some(start) => usize::try_from(start.as_u64()?).ok()?,
        None => bytes,
    };
    (end <= bytes).then(|| FirstError::After(tokens.holding(end)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(attributes: &Value) -> FirstError {
        let record = Record {
            id: "a".to_owned(),
            solution: "0123456789".to_owned(),
            solution_tokens: Some(5),
            attributes: attributes.as_object().cloned(),
            ..Record::default()
        };
        first_error(&record, Tokens::of(&record))
    }

    #[test]
    fn a_wrong_step_shows_at_its_end() {
        let at =
            |step: Value| found(&json!({"step_byte_starts": [0, 3, 7], "first_error_step": step}));
        // Two bytes a token: the step ends inside the second token, which holds its last byte.
        assert_eq!(at(json!(0)), FirstError::After(2));
        assert_eq!(at(json!(1)), FirstError::After(4));
        assert_eq!(at(json!(2)), FirstError::After(5));
        assert_eq!(at(Value::Null), FirstError::Never);
        assert_eq!(found(&json!({"step_byte_starts": [0]})), FirstError::Never);
    }

    #[test]
    fn what_cannot_be_read_is_not_a_label() {
        for attributes in [
            json!({}),
            json!({"first_error_step": 1}),
            json!({"step_byte_starts": 3, "first_error_step": 0}),
            json!({"step_byte_starts": [0, 3], "first_error_step": 2}),
            json!({"step_byte_starts": [0, 3], "first_error_step": -1}),
            json!({"step_byte_starts": [0, 30], "first_error_step": 0}),
            json!({"step_byte_starts": [0, "x"], "first_error_step": 0}),
        ] {
            assert_eq!(found(&attributes), FirstError::Unlabelled, "{attributes}");
        }
    }
}
