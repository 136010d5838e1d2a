//! From a `foldem.ranges/1` file to [`Ranges`]: types, keys of the scenario, and a valid scenario in every
//! corner of the box.

use std::path::Path;

use super::ranges::{Law, Range, Ranges};
use crate::input::{Document, InputError, Mistakes, Table, nearest, quoted_list};
use crate::scenario::spec::ScenarioSpec;
use crate::scenario::{Parameter, Referred};
use crate::stats::REPLICATES;

/// Schema identifier of the file.
pub const SPEC_SCHEMA: &str = "foldem.ranges/1";

/// Most ranges: all corners of the box are evaluated.
const MOST_RANGES: usize = 12;
/// Rows of the design: whole quarters of every replicate.
const STEP: u64 = 4 * REPLICATES as u64;
const MOST_ROWS: u64 = 1 << 18;
const USUAL_ROWS: u64 = 1 << 13;
const LAWS: [&str; 2] = ["uniform", "log-uniform"];

/// A range with the path of its table.
struct Written {
    path: String,
    name: String,
    keys: Vec<String>,
    law: Law,
    from: f64,
    to: f64,
}

impl Ranges {
    /// Reads the file and the scenario that it names.
    pub fn load(path: &Path) -> Result<Self, InputError> {
        let text = Document::read(path)?;
        let directory = path.parent().unwrap_or(Path::new("."));
        Self::parse(&path.display().to_string(), &text, directory)
    }

    /// Reads ranges from TOML text. `path` names it in messages; the scenario is looked for in
    /// `directory`.
    pub fn parse(path: &str, text: &str, directory: &Path) -> Result<Self, InputError> {
        let document = Document::parse(path, text)?;
        let mut mistakes = Mistakes::default();
        let ranges = read(&document, directory, &mut mistakes);
        match ranges {
            Some(ranges) if mistakes.is_empty() => Ok(ranges),
            _ => Err(document.error(mistakes)),
        }
    }
}

fn read(document: &Document<'_>, directory: &Path, mistakes: &mut Mistakes) -> Option<Ranges> {
    let mut root = document.root();
    let schema = root.required_string("schema", mistakes);
    if schema != SPEC_SCHEMA && !mistakes.covers("schema") && !schema.is_empty() {
        let message = format!("is \"{schema}\"; ranges have schema = \"{SPEC_SCHEMA}\"");
        mistakes.push("schema", message);
        if schema.starts_with("foldem.") && !schema.starts_with("foldem.ranges") {
            // Everything else in the file would be a consequence.
            return None;
        }
    }
    let name = root.required_string("name", mistakes);
    let referred = root.required("scenario");
    let referred =
        referred.and_then(|item| Referred::read(&item, (directory, "`foldem explain`"), mistakes));
    let rows = root.optional("rows").and_then(|item| item.count(mistakes));
    let rows = rows.unwrap_or(USUAL_ROWS);
    if rows == 0 || !rows.is_multiple_of(STEP) || rows > MOST_ROWS {
        let message = format!("is {rows}; it must be a multiple of {STEP}, at most {MOST_ROWS}");
        mistakes.push("rows", message);
    }
    let seed = root.optional("seed");
    let seed = seed.and_then(|item| item.count(mistakes)).unwrap_or(42);
    let tables = root.tables("range", mistakes);
    let written: Vec<Written> = tables.into_iter().map(|t| range(t, mistakes)).collect();
    if written.is_empty() && !mistakes.touches("range") {
        mistakes.push("range", "is missing; name at least one [[range]]");
    }
    if written.len() > MOST_RANGES {
        let message = format!("has {} ranges; the most is {MOST_RANGES}", written.len());
        mistakes.push("range", message);
    }
    root.finish(mistakes);
    repeated(&written, mistakes);
    let Referred {
        file,
        text,
        scenario,
    } = referred?;
    let found: Vec<Option<Range>> = written
        .iter()
        .map(|range| resolved(range, scenario.spec(), mistakes))
        .collect();
    if !mistakes.is_empty() {
        return None;
    }
    let ranges = Ranges {
        name,
        scenario_file: file,
        scenario_text: text,
        spec: scenario.spec().clone(),
        sides: found.into_iter().flatten().collect(),
        rows: usize::try_from(rows).unwrap_or(usize::MAX),
        seed,
    };
    corners_are_valid(&ranges, mistakes);
    Some(ranges)
}

fn range(mut table: Table<'_, '_>, mistakes: &mut Mistakes) -> Written {
    let path = table.key("name");
    let path = path.trim_end_matches(".name").to_owned();
    let name = table.required_string("name", mistakes);
    let keys = table.required("keys");
    let keys = keys.and_then(|item| {
        let keys = item.strings(mistakes)?;
        if keys.is_empty() {
            mistakes.push(item.path(), "is empty; name a number of the scenario");
        }
        Some(keys)
    });
    let [from, to] = ["from", "to"].map(|key| table.required_number(key, mistakes));
    let law = table.optional("law").and_then(|item| {
        let name = item.string(mistakes)?;
        Some((item.path().to_owned(), name))
    });
    let law = match law.as_ref().map(|(path, name)| (path, name.as_str())) {
        None | Some((_, "uniform")) => Law::Uniform,
        Some((_, "log-uniform")) => Law::LogUniform,
        Some((path, other)) => {
            let hint = nearest(other, LAWS)
                .map(|name| format!("did you mean `{name}`? "))
                .unwrap_or_default();
            let message = format!("is \"{other}\"; {hint}Known: {}", quoted_list(LAWS));
            mistakes.push(path, message);
            Law::Uniform
        }
    };
    if from >= to {
        let message = format!("is {to}; it must be above `from`, {from}");
        mistakes.push(table.key("to"), message);
    }
    if law == Law::LogUniform && from <= 0.0 {
        let message = format!("is {from}; of a log-uniform range it must be above 0");
        mistakes.push(table.key("from"), message);
    }
    table.finish(mistakes);
    Written {
        path,
        name,
        keys: keys.unwrap_or_default(),
        law,
        from,
        to,
    }
}

/// Names must differ, and no number may lie in two ranges.
fn repeated(written: &[Written], mistakes: &mut Mistakes) {
    for (i, range) in written.iter().enumerate() {
        let before = &written[..i];
        let key = format!("{}.name", range.path);
        if range.name.trim().is_empty() {
            if !mistakes.covers(&key) {
                mistakes.push(key, "is empty; every range needs a name");
            }
        } else if before.iter().any(|other| other.name == range.name) {
            let message = format!("is \"{}\" again; names must differ", range.name);
            mistakes.push(key, message);
        }
        for (k, name) in range.keys.iter().enumerate() {
            let others = before.iter().flat_map(|other| &other.keys);
            if others.chain(&range.keys[..k]).any(|other| other == name) {
                let message = format!("is \"{name}\" again; a number lies in one range");
                mistakes.push(format!("{}.keys[{k}]", range.path), message);
            }
        }
    }
}

/// The range with the numbers of the scenario that it moves.
fn resolved(written: &Written, spec: &ScenarioSpec, mistakes: &mut Mistakes) -> Option<Range> {
    let found = written.keys.iter().enumerate().map(|(k, key)| {
        let found = Parameter::find(key, spec);
        found
            .map_err(|message| mistakes.push(format!("{}.keys[{k}]", written.path), message))
            .ok()
    });
    let found: Vec<Option<Parameter>> = found.collect();
    Some(Range {
        name: written.name.clone(),
        parameters: found.into_iter().collect::<Option<_>>()?,
        law: written.law,
        from: written.from,
        to: written.to,
    })
}

/// Every corner of the box must be a valid scenario; the first that is none is told, and how many there are.
fn corners_are_valid(ranges: &Ranges, mistakes: &mut Mistakes) {
    let wrong = (0..ranges.corners()).filter_map(|n| ranges.scenario(&ranges.corner(n)).err());
    let wrong: Vec<String> = wrong.collect();
    if let Some(first) = wrong.first() {
        let others = match wrong.len() - 1 {
            0 => String::new(),
            n => format!(" (and in {n} more corners)"),
        };
        let message = format!(
            "spans a combination that is no valid scenario{others}: with {first}; make the ranges narrower"
        );
        mistakes.push("range", message);
    }
}
