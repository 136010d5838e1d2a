//! A prompt in the shapes it comes in – a text, a chat, a chat as text – and what identifies it.
//!
//! The problem that rules read is the last turn of the user; the prompt that generations share is
//! all of it.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prompt {
    /// Text of the problem; `None` where the prompt has none, such as a list of token numbers.
    pub(super) problem: Option<String>,
    /// `prompt_id`: equal exactly for equal prompts.
    pub(super) id: String,
}

impl Prompt {
    /// Reads a prompt; `None` if nothing is given.
    pub(super) fn of(value: &Value) -> Option<Self> {
        let problem = match value {
            Value::Null => return None,
            Value::String(text) => match chat_as_text(text) {
                Some(chat) => last_user_turn(&chat).or_else(|| Some(text.clone())),
                None => Some(text.clone()),
            },
            Value::Array(_) => last_user_turn(value),
            _ => None,
        };
        Some(Self {
            problem,
            id: identity(value),
        })
    }
}

/// The first 16 hexadecimal digits of the SHA-256 of a text, or of a value's JSON.
pub(super) fn identity(value: &Value) -> String {
    let mut digest = match value {
        Value::String(text) => format!("{:x}", Sha256::digest(text)),
        other => format!("{:x}", Sha256::digest(other.to_string())),
    };
    digest.truncate(16);
    digest
}

/// Some tools write the list of messages as a string of JSON.
fn chat_as_text(text: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(text.trim().strip_prefix('[').map(|_| text)?).ok()?;
    let is_turn = |turn: &Value| turn.get("role").is_some() && turn.get("content").is_some();
    value
        .as_array()
        .is_some_and(|turns| !turns.is_empty() && turns.iter().all(is_turn))
        .then_some(value)
}

/// Text of the last user turn of a list of messages, whatever its keys are called.
fn last_user_turn(chat: &Value) -> Option<String> {
    let turn = chat.as_array()?.iter().rev().find(|turn| {
        let role = turn.get("role").or_else(|| turn.get("from"));
        matches!(role.and_then(Value::as_str), Some("user" | "human"))
    })?;
    let content = turn.get("content").or_else(|| turn.get("value"))?;
    content_text(content)
}

/// Text of a message's content: a string, or a list of parts of which those with text count.
pub(super) fn content_text(content: &Value) -> Option<String> {
    match content {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => {
            let text = |part: &'_ Value| -> Option<String> {
                let text = part.get("text").unwrap_or(part);
                text.as_str().map(ToOwned::to_owned)
            };
            let texts: Vec<String> = parts.iter().filter_map(text).collect();
            (!texts.is_empty()).then(|| texts.concat())
        }
        _ => None,
    }
}

/// The generated text of a completion that is a text or a list of messages; `Err` says why there
/// is none.
pub(super) fn completion_text(value: &Value) -> Result<String, &'static str> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Array(turns) => {
            let mut texts = turns.iter().map(|turn| {
                let role = turn.get("role").and_then(Value::as_str);
                (role, turn.get("content").and_then(content_text))
            });
            match (texts.next(), texts.next()) {
                (Some((None | Some("assistant"), Some(text))), None) => Ok(text),
                (Some(_), Some(_)) => Err("a completion of several turns"),
                _ => Err("a completion without text"),
            }
        }
        _ => Err("a completion without text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_problem_is_the_last_user_turn() {
        let chat = json!([{"role": "system", "content": "Be brief."},
                          {"role": "user", "content": [{"type": "text", "text": "How "},
                                                       {"type": "image_url"},
                                                       {"type": "text", "text": "many?"}]},
                          {"role": "assistant", "content": "<think>"}]);
        let as_text = Value::String(chat.to_string());
        let shared = json!([{"from": "human", "value": "Why?"}]);
        for (value, problem) in [
            (&chat, Some("How many?")),
            (&as_text, Some("How many?")),
            (&shared, Some("Why?")),
            (&json!("[1, 2]"), Some("[1, 2]")),
            (&json!("plain?"), Some("plain?")),
            (&json!([151_644, 872]), None),
        ] {
            let prompt = Prompt::of(value).expect("a prompt");
            assert_eq!(prompt.problem.as_deref(), problem, "{value}");
            assert_eq!(prompt.id.len(), 16);
        }
        assert_eq!(Prompt::of(&Value::Null), None);
    }

    #[test]
    fn equal_prompts_have_equal_ids() {
        let id = |value: Value| Prompt::of(&value).map(|p| p.id);
        assert_eq!(id(json!("abc")).as_deref(), Some("ba7816bf8f01cfea"));
        assert_ne!(id(json!(["abc"])), id(json!("abc")));
        assert_eq!(id(json!([{"role": "user"}])), id(json!([{"role": "user"}])));
    }

    #[test]
    fn completions_of_one_turn_are_texts() {
        assert_eq!(completion_text(&json!("x")), Ok("x".to_owned()));
        let one = json!([{"role": "assistant", "content": "y"}]);
        assert_eq!(completion_text(&one), Ok("y".to_owned()));
        let two = json!([{"role": "assistant", "content": "y"}, {"role": "tool", "content": "z"}]);
        assert!(completion_text(&two).is_err_and(|e| e.contains("several")));
        assert!(completion_text(&json!([])).is_err());
        assert!(completion_text(&json!([{"role": "assistant", "content": null}])).is_err());
    }
}
