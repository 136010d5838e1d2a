//! A TOML file with the line of every key, and the conversion of found mistakes into an error.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistake::{key_part, parents};
use super::{InputError, Mistake, Mistakes, Table};

/// Syntax errors reported of one file.
const MOST_SYNTAX_ERRORS: usize = 5;

/// A parsed TOML file.
#[derive(Debug)]
pub struct Document<'t> {
    path: String,
    root: DeTable<'t>,
    /// Line of each key path.
    lines: BTreeMap<String, usize>,
}

/// Reads a file, or stdin for `-`, as UTF-8 text; a byte-order mark at its start is dropped.
fn read_text(path: &Path) -> Result<String, InputError> {
    let name = path.display().to_string();
    if path.is_dir() {
        return Err(InputError::whole_file(
            &name,
            "is a directory; a file is needed",
        ));
    }
    let bytes = read_bytes(path)
        .map_err(|e| InputError::whole_file(&name, format!("cannot be read: {e}")))?;
    let mut text = String::from_utf8(bytes).map_err(|e| {
        let valid = &e.as_bytes()[..e.utf8_error().valid_up_to()];
        let line = 1 + valid.split(|&b| b == b'\n').count() - 1;
        let mistake = Mistake {
            line: Some(line),
            key: String::new(),
            message: "is not UTF-8 text; save the file as UTF-8".to_owned(),
        };
        InputError {
            path: name,
            mistakes: vec![mistake],
        }
    })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

fn read_bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes)?;
        Ok(bytes)
    } else {
        std::fs::read(path)
    }
}

impl<'t> Document<'t> {
    /// Reads the text of the file at `path` (`-` is stdin), ready for [`Document::parse`].
    pub fn read(path: &Path) -> Result<String, InputError> {
        read_text(path)
    }

    /// Parses TOML text; `path` names it in messages. All syntax errors are reported together.
    pub fn parse(path: &str, text: &'t str) -> Result<Self, InputError> {
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect::<Vec<_>>();
        let line_of = |offset: usize| line_starts.partition_point(|&start| start <= offset);
        let (root, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            let mut mistakes: Vec<Mistake> = Vec::new();
            for error in errors {
                let span = error.span().unwrap_or(0..0);
                let line = Some(line_of(span.start.min(text.len().saturating_sub(1))));
                // The parser recovers and then stumbles over the rest of the same line; a file
                // that is no TOML at all stumbles on every line.
                let again = mistakes.last().is_some_and(|m| m.line == line);
                if !again && mistakes.len() < MOST_SYNTAX_ERRORS {
                    mistakes.push(Mistake {
                        line,
                        key: key_at(text, &span),
                        message: syntax_message(&error, &key_at(text, &span)),
                    });
                }
            }
            return Err(InputError {
                path: path.to_owned(),
                mistakes,
            });
        }
        let root = root.into_inner();
        let mut lines = BTreeMap::new();
        index_table(&root, "", &line_of, &mut lines);
        Ok(Self {
            path: path.to_owned(),
            root,
            lines,
        })
    }

    /// The file as it is named in messages.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The top-level table.
    pub fn root(&self) -> Table<'_, 't> {
        Table::new(String::new(), &self.root)
    }

    /// Line of the deepest key on the way to `key` that stands in the file; 1 when none does.
    pub fn line(&self, key: &str) -> usize {
        let known = std::iter::once(key)
            .chain(parents(key))
            .find_map(|path| self.lines.get(path));
        known.copied().unwrap_or(1)
    }

    /// Turns mistakes found at keys into the error of this file, in order of their lines.
    pub fn error(&self, mistakes: Mistakes) -> InputError {
        let mut mistakes: Vec<Mistake> = mistakes
            .into_list()
            .into_iter()
            .map(|(key, message)| Mistake {
                line: Some(self.line(&key)),
                key,
                message,
            })
            .collect();
        mistakes.sort_by_key(|m| m.line);
        InputError {
            path: self.path.clone(),
            mistakes,
        }
    }
}

/// What the parser says, and what is nearly always meant where a table of many stands alone.
fn syntax_message(error: &toml::de::Error, key: &str) -> String {
    const MANY: [&str; 6] = ["stage", "fault", "validator", "checkpoint", "axis", "row"];
    let hint = if error.message().contains("duplicate key") && MANY.contains(&key) {
        format!("; write [[{key}]] with two brackets for each of several")
    } else {
        String::new()
    };
    format!("is not valid TOML: {}{hint}", error.message())
}

/// The key that a syntax error points at or stands behind; empty where there is none.
fn key_at(text: &str, span: &Range<usize>) -> String {
    let is_key = |s: &&str| {
        let bare = |c: char| c.is_alphanumeric() || "_-.\"'".contains(c);
        !s.is_empty() && s.chars().all(bare)
    };
    let pointed = text.get(span.clone()).map(str::trim).filter(is_key);
    let line = text
        .get(..span.start)
        .and_then(|t| t.rfind('\n'))
        .map_or(0, |n| n + 1);
    let before = text[line..]
        .split(['=', '\n'])
        .next()
        .map(str::trim)
        .filter(is_key);
    pointed.or(before).unwrap_or_default().to_owned()
}

pub(super) fn join(prefix: &str, key: &str) -> String {
    let key = key_part(key);
    if prefix.is_empty() {
        key.into_owned()
    } else {
        format!("{prefix}.{key}")
    }
}

fn index_table(
    table: &DeTable<'_>,
    prefix: &str,
    line_of: &dyn Fn(usize) -> usize,
    lines: &mut BTreeMap<String, usize>,
) {
    for (key, value) in table {
        let path = join(prefix, key.get_ref());
        lines.insert(path.clone(), line_of(key.span().start));
        index_value(value, &path, line_of, lines);
    }
}

fn index_value(
    value: &Spanned<DeValue<'_>>,
    path: &str,
    line_of: &dyn Fn(usize) -> usize,
    lines: &mut BTreeMap<String, usize>,
) {
    match value.get_ref() {
        DeValue::Table(table) => index_table(table, path, line_of, lines),
        DeValue::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                let path = format!("{path}[{i}]");
                lines.insert(path.clone(), line_of(item.span().start));
                index_value(item, &path, line_of, lines);
            }
        }
        _ => {}
    }
}
