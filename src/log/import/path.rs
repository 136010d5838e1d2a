//! Where a field stands in a row: keys joined by dots, `[]` for every element of a list, `[k]` for
//! one of them (from 0; from the end if negative).
//!
//! A key with dots of its own is quoted: `"a.b".c`.

use serde_json::Value;

use super::Node;

/// A parsed path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldPath {
    text: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Each,
    Index(i64),
}

impl FieldPath {
    /// Parses a path, or says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("is \"{text}\": {what}; write keys as `a.b[].c`");
        let mut steps = Vec::new();
        let mut rest = text;
        loop {
            if let Some(inner) = rest.strip_prefix('[') {
                let (index, after) = inner
                    .split_once(']')
                    .ok_or_else(|| wrong("a bracket is not closed"))?;
                steps.push(if index.is_empty() {
                    Step::Each
                } else {
                    let number = index.parse();
                    Step::Index(number.map_err(|_| wrong("in brackets stands no whole number"))?)
                });
                rest = after;
            } else {
                let key = if let Some(quoted) = rest.strip_prefix('"') {
                    let (key, after) = quoted
                        .split_once('"')
                        .ok_or_else(|| wrong("a quote is not closed"))?;
                    rest = after;
                    key
                } else {
                    let end = rest.find(['.', '[']).unwrap_or(rest.len());
                    let (key, after) = rest.split_at(end);
                    rest = after;
                    key
                };
                if key.is_empty() {
                    return Err(wrong("a key is empty"));
                }
                steps.push(Step::Key(key.to_owned()));
            }
            if rest.is_empty() {
                let text = text.to_owned();
                return Ok(Self { text, steps });
            }
            if let Some(after) = rest.strip_prefix('.') {
                if after.starts_with('[') {
                    return Err(wrong("a key is empty"));
                }
                rest = after;
            } else if !rest.starts_with('[') {
                return Err(wrong("a dot or a bracket is missing"));
            }
        }
    }

    /// As it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The member of the row that it begins at.
    pub(super) fn column(&self) -> Option<&str> {
        match self.steps.first() {
            Some(Step::Key(key)) => Some(key),
            _ => None,
        }
    }

    /// Whether it stands for a list of values.
    pub(super) fn is_list(&self) -> bool {
        self.steps.contains(&Step::Each)
    }

    /// The values in a row, in order; `None` in place of those that are null or not there. A list
    /// that is null or not there is empty.
    pub(super) fn values<'v>(&self, row: &Node<'v>) -> Vec<Option<Node<'v>>> {
        let mut nodes = vec![Some(row.clone())];
        for step in &self.steps {
            nodes = match step {
                Step::Key(key) => {
                    let get = |node: Option<Node<'v>>| node.and_then(|node| node.get(key));
                    nodes.into_iter().map(get).collect()
                }
                Step::Index(index) => {
                    let get = |node: Option<Node<'v>>| node.and_then(|node| nth(&node, *index));
                    nodes.into_iter().map(get).collect()
                }
                Step::Each => {
                    let lists = nodes.into_iter().flatten();
                    let items = lists.filter_map(|node| node.items()).flatten();
                    items.map(given).collect()
                }
            };
        }
        nodes
    }
}

fn given(node: Node<'_>) -> Option<Node<'_>> {
    (!matches!(node.value(), Value::Null)).then_some(node)
}

fn nth<'v>(node: &Node<'v>, index: i64) -> Option<Node<'v>> {
    let length = i64::try_from(node.len()?).ok()?;
    let place = if index < 0 {
        length.checked_add(index)?
    } else {
        index
    };
    node.item(usize::try_from(place).ok()?).and_then(given)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn values(path: &str, row: &Value) -> Vec<Option<Value>> {
        let path = FieldPath::parse(path).expect(path);
        let found = path.values(&Node::root(row)).into_iter();
        found.map(|node| node.map(|n| n.value().clone())).collect()
    }

    #[test]
    fn paths_lead_into_objects_and_lists() {
        let row = json!({"a": {"b": 1, "c.d": 2}, "l": [{"t": "x"}, {"t": null}, {"u": 1}],
                         "n": [[1, 2], [3]], "e": null});
        for (path, expected) in [
            ("a.b", vec![Some(json!(1))]),
            ("a.\"c.d\"", vec![Some(json!(2))]),
            ("a.x", vec![None]),
            ("l[].t", vec![Some(json!("x")), None, None]),
            ("l[-1].u", vec![Some(json!(1))]),
            ("l[3].u", vec![None]),
            (
                "n[][]",
                vec![Some(json!(1)), Some(json!(2)), Some(json!(3))],
            ),
            ("n[][0]", vec![Some(json!(1)), Some(json!(3))]),
            ("e[]", vec![]),
            ("a[]", vec![]),
        ] {
            assert_eq!(values(path, &row), expected, "{path}");
        }
    }

    #[test]
    fn a_wrong_path_says_what_is_wrong() {
        for (path, what) in [
            ("", "a key is empty"),
            ("a.", "a key is empty"),
            ("a..b", "a key is empty"),
            ("a[", "not closed"),
            ("a[x]", "no whole number"),
            ("a.[]", "a key is empty"),
            ("a[]b", "missing"),
            ("\"a", "quote is not closed"),
        ] {
            let error = FieldPath::parse(path).expect_err(path);
            assert!(error.contains(what), "{path}: {error}");
        }
    }
}
