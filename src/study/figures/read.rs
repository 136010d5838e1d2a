//! From a `foldem.figures/1` file to a [`Spec`].

use std::collections::BTreeSet;
use std::path::Path;

use super::{EntrySpec, Spec, Status};
use crate::input::{Document, InputError, Mistakes, Table, nearest, quoted_list};

/// Schema identifier of the file.
pub const SPEC_SCHEMA: &str = "foldem.figures/1";

impl Spec {
    /// Reads the file.
    pub fn load(path: &Path) -> Result<Self, InputError> {
        let text = Document::read(path)?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Reads it from TOML text; `path` names it in messages.
    pub fn parse(path: &str, text: &str) -> Result<Self, InputError> {
        let document = Document::parse(path, text)?;
        let mut mistakes = Mistakes::default();
        let mut root = document.root();
        let schema = root.required_string("schema", &mut mistakes);
        if schema != SPEC_SCHEMA && root.keys().contains(&"schema".to_owned()) {
            let message = format!("is \"{schema}\"; a list of figures has \"{SPEC_SCHEMA}\"");
            mistakes.push("schema", message);
        }
        let name = root.required_string("name", &mut mistakes);
        let tables = root.tables("entry", &mut mistakes);
        if tables.is_empty() && !mistakes.touches("entry") {
            mistakes.push("entry", "is missing; the list has at least one [[entry]]");
        }
        let entries: Vec<EntrySpec> = tables
            .into_iter()
            .map(|table| entry(table, &mut mistakes))
            .collect();
        root.finish(&mut mistakes);
        let mut names = BTreeSet::new();
        for (i, entry) in entries.iter().enumerate() {
            if !entry.name.is_empty() && !names.insert(entry.name.as_str()) {
                let message = format!("is \"{}\", the name of another entry already", entry.name);
                mistakes.push(format!("entry[{i}].name"), message);
            }
        }
        if mistakes.is_empty() {
            Ok(Self { name, entries })
        } else {
            Err(document.error(mistakes))
        }
    }
}

fn entry(mut table: Table<'_, '_>, mistakes: &mut Mistakes) -> EntrySpec {
    let name = table.required_string("name", mistakes);
    let published = table.required_string("published", mistakes);
    let found = table.required_string("found", mistakes);
    let fitted = table.string("fitted", mistakes).unwrap_or_default();
    let key = table.key("status");
    let given = table.required_string("status", mistakes);
    let status = Status::ALL.into_iter().find(|s| s.key() == given);
    if status.is_none() && !given.is_empty() {
        let keys = || Status::ALL.map(Status::key);
        let hint = nearest(&given, keys())
            .map(|near| format!("did you mean \"{near}\"? "))
            .unwrap_or_default();
        let message = format!("is \"{given}\"; {hint}Known: {}", quoted_list(keys()));
        mistakes.push(key, message);
    }
    let mut list = |key: &str| {
        let item = table.optional(key);
        item.and_then(|item| item.strings(mistakes))
            .unwrap_or_default()
    };
    let (figures, results) = (list("figures"), list("results"));
    let at = table.key("results");
    if results.is_empty() && status.is_some_and(|s| s != Status::NotObtainable) {
        mistakes.push(at, "is empty; only what is not obtainable has no results");
    }
    table.finish(mistakes);
    EntrySpec {
        name,
        published,
        status: status.unwrap_or(Status::NotObtainable),
        fitted,
        found,
        figures,
        results,
    }
}
