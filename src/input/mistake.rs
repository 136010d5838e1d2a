//! What is wrong with an input file: a list of mistakes, each at a key and a line.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

/// One mistake in an input file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Mistake {
    /// Line in the file, from 1; `None` where the mistake is of the whole file.
    pub line: Option<usize>,
    /// Path of the key, such as `fault[0].hazard[2]`; empty for the whole file.
    pub key: String,
    /// What is wrong, what is valid, and how to mend it.
    pub message: String,
}

/// Everything that is wrong with one input file.
///
/// Displayed as one line per mistake, `file:line: key: message`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct InputError {
    /// The file as the user named it.
    pub path: String,
    /// All its mistakes, in order of their lines.
    pub mistakes: Vec<Mistake>,
}

impl InputError {
    /// An error of a whole file, such as one that cannot be read.
    pub fn whole_file(path: &str, message: impl Into<String>) -> Self {
        let mistake = Mistake {
            line: None,
            key: String::new(),
            message: message.into(),
        };
        Self {
            path: path.to_owned(),
            mistakes: vec![mistake],
        }
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, mistake) in self.mistakes.iter().enumerate() {
            if i > 0 {
                f.write_char('\n')?;
            }
            f.write_str(&self.path)?;
            if let Some(line) = mistake.line {
                write!(f, ":{line}")?;
            }
            if !mistake.key.is_empty() {
                write!(f, ": {}", mistake.key)?;
            }
            write!(f, ": {}", mistake.message)?;
        }
        Ok(())
    }
}

/// Collects mistakes while a file is read and checked.
///
/// A second mistake at a key that already has one, or below it, is a consequence of the first
/// and is not kept.
#[derive(Debug, Default)]
pub struct Mistakes {
    list: Vec<(String, String)>,
    faulty_keys: BTreeSet<String>,
}

impl Mistakes {
    /// Notes that the value at `key` is wrong.
    pub fn push(&mut self, key: impl Into<String>, message: impl Into<String>) {
        let key = key.into();
        if !self.covers(&key) {
            self.faulty_keys.insert(key.clone());
            self.list.push((key, message.into()));
        }
    }

    /// Notes that `key` holds nothing usable without a message of its own.
    pub fn spoil(&mut self, key: impl Into<String>) {
        self.faulty_keys.insert(key.into());
    }

    /// Whether `key`, or something that contains it, is already known to be wrong.
    pub fn covers(&self, key: &str) -> bool {
        if self.faulty_keys.contains(key) {
            return true;
        }
        parents(key).any(|parent| self.faulty_keys.contains(parent))
    }

    /// Whether `key` or anything below it is already known to be wrong.
    pub fn touches(&self, key: &str) -> bool {
        self.covers(key)
            || self
                .faulty_keys
                .range(key.to_owned()..)
                .take_while(|k| k.starts_with(key))
                .any(|k| k[key.len()..].starts_with(['.', '[']))
    }

    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The mistakes as (key, message), in the order of their discovery.
    pub fn into_list(self) -> Vec<(String, String)> {
        self.list
    }
}

/// A name as a part of a key path: quoted where its own dots would be taken for the path's.
pub fn key_part(name: &str) -> Cow<'_, str> {
    let bare = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(bare) {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(format!("\"{name}\""))
    }
}

/// The paths that contain `key`, the nearest first.
pub(super) fn parents(key: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut ends = Vec::new();
    for (at, c) in key.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '.' | '[' if !quoted => ends.push(at),
            _ => {}
        }
    }
    ends.into_iter().rev().map(move |end| &key[..end])
}

/// The candidate closest to `name` by edit distance, if one is close enough to be meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = |candidate: &str| {
        strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase())
    };
    candidates
        .into_iter()
        .map(|candidate| (near(candidate), candidate))
        .filter(|&(distance, candidate)| {
            let length = name.chars().count().max(candidate.chars().count());
            distance <= (length / 3).max(1) || starts_alike(name, candidate)
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// A name cut short or drawn out (`recover` for `recovery`) is meant, whatever the distance.
fn starts_alike(name: &str, candidate: &str) -> bool {
    name.len().min(candidate.len()) >= 3
        && (name.starts_with(candidate) || candidate.starts_with(name))
}

/// Names as `` `a`, `b`, `c` ``, for messages.
pub fn quoted_list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|n| format!("`{n}`")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_its_name_and_nonsense_finds_none() {
        let names = ["hazard", "recovery", "kind"];
        assert_eq!(nearest("hazzard", names), Some("hazard"));
        assert_eq!(nearest("Recovry", names), Some("recovery"));
        assert_eq!(nearest("temperature", names), None);
    }

    #[test]
    fn consequences_of_a_mistake_are_not_reported() {
        let mut mistakes = Mistakes::default();
        mistakes.push("fault[0].hazard", "is missing");
        mistakes.push("fault[0].hazard[2]", "is 3");
        mistakes.push("fault[0].hazards", "another key");
        mistakes.push("tokens.a", "is wrong");
        mistakes.push("tokens.\"a.b\"", "is another key, too");
        assert_eq!(mistakes.into_list().len(), 4);
    }
}
