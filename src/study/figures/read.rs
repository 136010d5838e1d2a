//! From a `foldem.figures/1` file to a [`Spec`].

use std::collections::BTreeSet;
use std::path::Path;

use super::{Caption, EntrySpec, Spec, Status};
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
        let mut entries: Vec<EntrySpec> = tables
            .into_iter()
            .map(|table| entry(table, &mut mistakes))
            .collect();
        let captions = root.tables("caption", &mut mistakes);
        let captions = captions
            .into_iter()
            .map(|table| caption(table, &mut mistakes));
        let captions: Vec<Caption> = captions.collect();
        root.finish(&mut mistakes);
        captioned(&mut entries, &captions, &mut mistakes);
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

fn caption(mut table: Table<'_, '_>, mistakes: &mut Mistakes) -> Caption {
    let at = table.key("drawn");
    let caption = Caption {
        figure: table.required_string("figure", mistakes),
        fitted: table.string("fitted", mistakes).unwrap_or_default(),
        drawn: table.required_string("drawn", mistakes),
    };
    if let Some(message) = caption.lacks().filter(|_| !mistakes.covers(&at)) {
        mistakes.push(at, message);
    }
    table.finish(mistakes);
    caption
}

/// Gives each figure of each entry its caption; each figure has one, and each caption a figure.
fn captioned(entries: &mut [EntrySpec], captions: &[Caption], mistakes: &mut Mistakes) {
    for (i, entry) in entries.iter_mut().enumerate() {
        for figure in &entry.figures {
            if let Some(caption) = captions.iter().find(|caption| caption.figure == *figure) {
                entry.captions.push(caption.clone());
            } else {
                let message = format!("names \"{figure}\", which has no [[caption]]; give it one");
                mistakes.push(format!("entry[{i}].figures"), message);
            }
        }
    }
    let mut known = BTreeSet::new();
    for (i, caption) in captions.iter().enumerate() {
        let mut figures = entries.iter().flat_map(|entry| &entry.figures);
        let problem = if !known.insert(&caption.figure) {
            "which has a caption already"
        } else if !figures.any(|figure| *figure == caption.figure) {
            "which no entry names"
        } else {
            continue;
        };
        let message = format!("is \"{}\", {problem}; delete this one", caption.figure);
        mistakes.push(format!("caption[{i}].figure"), message);
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
        captions: Vec::new(),
        results,
    }
}
