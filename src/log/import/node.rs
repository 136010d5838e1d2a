//! A JSON value that knows its path, read with the mistakes noted.
//!
//! `null` means that nothing is given, as in the log format.

use serde_json::Value;

use super::shown;
use crate::input::{Mistakes, key_part};

/// A value of a row.
#[derive(Debug, Clone)]
pub(super) struct Node<'v> {
    path: String,
    value: &'v Value,
}

/// A verdict as other tools write it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Label {
    /// Right or wrong.
    Verdict(bool),
    /// A number that is neither: a partial score.
    Score(f64),
}

impl<'v> Node<'v> {
    pub(super) fn root(value: &'v Value) -> Self {
        Self {
            path: String::new(),
            value,
        }
    }

    pub(super) fn value(&self) -> &'v Value {
        self.value
    }

    /// The member `key`, if it is there and not null.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        let value = self.value.get(key).filter(|value| !value.is_null())?;
        let part = key_part(key);
        Some(Self {
            path: if self.path.is_empty() {
                part.into_owned()
            } else {
                format!("{}.{part}", self.path)
            },
            value,
        })
    }

    /// Number of elements of a list; `None` of anything else.
    pub(super) fn len(&self) -> Option<usize> {
        self.value.as_array().map(Vec::len)
    }

    /// An element of a list, null or not.
    pub(super) fn item(&self, k: usize) -> Option<Self> {
        Some(Self {
            path: format!("{}[{k}]", self.path),
            value: self.value.as_array()?.get(k)?,
        })
    }

    /// The elements of a list, nulls included.
    pub(super) fn items(&self) -> Option<Vec<Self>> {
        Some((0..self.len()?).filter_map(|k| self.item(k)).collect())
    }

    /// Notes that the value is not what is `wanted`.
    pub(super) fn wrong(&self, wanted: &str, mistakes: &mut Mistakes) {
        let message = format!("is {}; it must be {wanted}", shown(self.value));
        mistakes.push(&self.path, message);
    }

    pub(super) fn text(&self, mistakes: &mut Mistakes) -> Option<String> {
        let text = self.value.as_str();
        if text.is_none() {
            self.wrong("a string", mistakes);
        }
        text.map(ToOwned::to_owned)
    }

    /// The elements of a list.
    pub(super) fn list(&self, mistakes: &mut Mistakes) -> Option<Vec<Self>> {
        let items = self.items();
        if items.is_none() {
            self.wrong("a list", mistakes);
        }
        items
    }

    /// A string, or a whole number as its decimal text.
    pub(super) fn identifier(&self, mistakes: &mut Mistakes) -> Option<String> {
        let found = match self.value {
            Value::String(text) => Some(text.clone()),
            Value::Number(n) if n.is_i64() || n.is_u64() => Some(n.to_string()),
            _ => None,
        };
        if found.is_none() {
            self.wrong("a string or a whole number", mistakes);
        }
        found
    }

    /// A string, or any number as its text: what answers and groups are written as.
    pub(super) fn word(&self, mistakes: &mut Mistakes) -> Option<String> {
        match self.value {
            Value::Number(n) => Some(n.to_string()),
            Value::Bool(b) => Some(b.to_string()),
            _ => self.text(mistakes),
        }
    }

    /// A count. Tools that keep columns as floating point write whole ones with `.0`.
    pub(super) fn count(&self, mistakes: &mut Mistakes) -> Option<u64> {
        let number = self.value.as_u64().or_else(|| {
            let x = self.value.as_f64()?;
            format!("{x:.0}").parse().ok().filter(|_| x.fract() == 0.0)
        });
        if number.is_none() {
            self.wrong("a whole number, 0 or more", mistakes);
        }
        number
    }

    /// A truth value, 0 or 1, −1 (wrong), another number, or `"true"`, `"false"`, `"1"`, `"0"` in
    /// any case.
    pub(super) fn label(&self, mistakes: &mut Mistakes) -> Option<Label> {
        let number = |x: f64| match x {
            1.0 => Label::Verdict(true),
            0.0 | -1.0 => Label::Verdict(false),
            x => Label::Score(x),
        };
        let found = match self.value {
            Value::Bool(b) => Some(Label::Verdict(*b)),
            Value::Number(n) => n.as_f64().map(number),
            Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" => Some(Label::Verdict(true)),
                "false" => Some(Label::Verdict(false)),
                text => text
                    .parse()
                    .ok()
                    .filter(|x: &f64| x.is_finite())
                    .map(number),
            },
            _ => None,
        };
        if found.is_none() {
            self.wrong("true, false or a number", mistakes);
        }
        found
    }
}

impl Label {
    /// The verdict, and the value in [0, 1], as far as the label tells.
    pub(super) fn told(label: Option<Self>) -> (Option<bool>, Option<f64>) {
        match label {
            Some(Self::Verdict(verdict)) => (Some(verdict), None),
            Some(Self::Score(x)) => (None, Some(x).filter(|x| (0.0..=1.0).contains(x))),
            None => (None, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_counts_come_in_many_types() {
        let read = |json: &str| {
            let value: Value = serde_json::from_str(json).expect("JSON");
            let mut mistakes = Mistakes::default();
            let node = Node::root(&value);
            (node.label(&mut mistakes), mistakes.is_empty())
        };
        for (json, label) in [
            ("true", Label::Verdict(true)),
            ("1.0", Label::Verdict(true)),
            ("0", Label::Verdict(false)),
            ("-1", Label::Verdict(false)),
            ("\"True\"", Label::Verdict(true)),
            ("\" 0 \"", Label::Verdict(false)),
            ("0.5", Label::Score(0.5)),
            ("-0.25", Label::Score(-0.25)),
        ] {
            assert_eq!(read(json), (Some(label), true), "{json}");
        }
        for json in ["\"yes\"", "[]", "\"nan\""] {
            assert_eq!(read(json), (None, false), "{json}");
        }
        let count = |json: &str| {
            let value: Value = serde_json::from_str(json).expect("JSON");
            Node::root(&value).count(&mut Mistakes::default())
        };
        assert_eq!(
            ["12", "12.0", "12.5", "-1", "\"12\""].map(count),
            [Some(12), Some(12), None, None, None]
        );
        assert_eq!(Label::told(Some(Label::Score(1.5))), (None, None));
        assert_eq!(Label::told(Some(Label::Score(0.5))), (None, Some(0.5)));
    }

    #[test]
    fn mistakes_name_the_whole_path() {
        let value = serde_json::json!({"a": [{"b.c": 1}]});
        let mut mistakes = Mistakes::default();
        let list = Node::root(&value).get("a").and_then(|a| a.items());
        let node = list.and_then(|l| l[0].get("b.c")).expect("there");
        assert_eq!(node.text(&mut mistakes), None);
        let (key, message) = mistakes.into_list().remove(0);
        assert_eq!(key, "a[0].\"b.c\"");
        assert_eq!(message, "is 1; it must be a string");
    }
}
