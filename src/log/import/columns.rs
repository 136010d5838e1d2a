//! Where the fields of a record stand in the rows of a table: a column map.
//!
//! Three ways to one: a preset for a known data set, a TOML file, or pairs on the command line.

use std::path::Path;

use super::path::FieldPath;
use crate::input::{Document, InputError, Item, Mistakes, nearest, quoted_list};

/// Schema of the TOML file.
const SCHEMA: &str = "foldem.columns/1";

/// Names of the data sets whose maps are built in, with their TOML.
pub const PRESETS: [(&str, &str); 4] = [
    ("openr1-math", include_str!("presets/openr1-math.toml")),
    (
        "openmathinstruct-1",
        include_str!("presets/openmathinstruct-1.toml"),
    ),
    ("openthoughts", include_str!("presets/openthoughts.toml")),
    (
        "openmathreasoning",
        include_str!("presets/openmathreasoning.toml"),
    ),
];

/// Fields of a record that a column can give.
const FIELDS: [&str; 15] = [
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
    "gold",
    "finish_reason",
];
/// Fields that may be the same for all rows.
const CONSTANTS: [&str; 2] = ["model", "benchmark"];
/// What stands before the name of an attribute.
const ATTRIBUTE: &str = "attributes.";

/// Where each field stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnMap {
    columns: Vec<(&'static str, FieldPath)>,
    attributes: Vec<(String, FieldPath)>,
    constants: Vec<(&'static str, String)>,
}

impl ColumnMap {
    /// A preset by its name, or a TOML file.
    pub fn load(name: &Path) -> Result<Self, InputError> {
        let preset = PRESETS.iter().find(|(preset, _)| name == Path::new(preset));
        if let Some((preset, text)) = preset {
            return Self::parse(preset, text);
        }
        if !name.exists() {
            let presets = quoted_list(PRESETS.iter().map(|(preset, _)| *preset));
            let message = format!("is neither a file nor a preset; presets are {presets}");
            return Err(InputError::whole_file(&name.display().to_string(), message));
        }
        Self::parse(&name.display().to_string(), &Document::read(name)?)
    }

    /// Reads TOML text; `name` names it in messages.
    pub fn parse(name: &str, text: &str) -> Result<Self, InputError> {
        let document = Document::parse(name, text)?;
        let mut mistakes = Mistakes::default();
        let map = read(&document, &mut mistakes);
        if mistakes.is_empty() {
            Ok(map)
        } else {
            Err(document.error(mistakes))
        }
    }

    /// Reads pairs `field=path`, or says what is wrong with one.
    pub fn of_pairs<'p>(pairs: impl IntoIterator<Item = &'p str>) -> Result<Self, String> {
        let mut map = Self::default();
        for pair in pairs {
            let (field, path) = pair
                .split_once('=')
                .ok_or_else(|| format!("\"{pair}\": write field=path, such as solution=text"))?;
            let (field, path) = (field.trim(), path.trim());
            let path = FieldPath::parse(path).map_err(|e| format!("{field} {e}"))?;
            if let Some(name) = field.strip_prefix(ATTRIBUTE) {
                map.attributes.push((name.to_owned(), path));
                continue;
            }
            let Some(&known) = FIELDS.iter().find(|known| **known == field) else {
                let meant = nearest(field, FIELDS).map(|name| format!("; did you mean {name}?"));
                return Err(format!(
                    "\"{field}\" is not a field of the log{}; known: {}, {ATTRIBUTE}NAME",
                    meant.unwrap_or_default(),
                    FIELDS.join(", ")
                ));
            };
            if map.column(known).is_some() {
                return Err(format!("\"{field}\" stands twice"));
            }
            map.columns.push((known, path));
        }
        if map.column("solution").is_none() {
            return Err(
                "solution=PATH is missing: where does the generated text stand?".to_owned(),
            );
        }
        map.check_lists()
            .map_err(|(field, what)| format!("{field} {what}"))?;
        Ok(map)
    }

    /// Where a field stands, if the map tells.
    pub(super) fn column(&self, field: &str) -> Option<&FieldPath> {
        let found = self.columns.iter().find(|(name, _)| *name == field);
        found.map(|(_, path)| path)
    }

    /// Where attributes stand, by name.
    pub(super) fn attributes(&self) -> &[(String, FieldPath)] {
        &self.attributes
    }

    /// All paths, each with the field that it is for.
    pub(super) fn paths(&self) -> impl Iterator<Item = (&str, &FieldPath)> {
        let columns = self.columns.iter().map(|(field, path)| (*field, path));
        let attributes = self
            .attributes
            .iter()
            .map(|(name, path)| (name.as_str(), path));
        columns.chain(attributes)
    }

    /// The value that a field has in all rows, if there is one.
    pub(super) fn constant(&self, field: &str) -> Option<String> {
        let found = self.constants.iter().find(|(name, _)| *name == field);
        found.map(|(_, value)| value.clone())
    }

    /// Where one solution stands in a row, nothing can stand there for each solution.
    fn check_lists(&self) -> Result<(), (&'static str, String)> {
        if self.column("solution").is_none_or(FieldPath::is_list) {
            return Ok(());
        }
        match self.columns.iter().find(|(_, path)| path.is_list()) {
            Some((field, path)) => Err((
                field,
                format!(
                    "is \"{}\", a list, but the solution is not one; name an element, as in a[0]",
                    path.text()
                ),
            )),
            None => Ok(()),
        }
    }
}

fn read(document: &Document<'_>, mistakes: &mut Mistakes) -> ColumnMap {
    let mut map = ColumnMap::default();
    let mut root = document.root();
    if let Some(schema) = root.required("schema").and_then(|i| i.string(mistakes))
        && schema != SCHEMA
    {
        let message = format!("is \"{schema}\"; a column map has schema = \"{SCHEMA}\"");
        mistakes.push("schema", message);
    }
    if let Some(item) = root.required("columns")
        && let Some(mut columns) = item.table("a table, headed [columns]", mistakes)
    {
        for field in FIELDS {
            let item = if field == "solution" {
                columns.required(field)
            } else {
                columns.optional(field)
            };
            if let Some(path) = item.and_then(|item| path(&item, mistakes)) {
                map.columns.push((field, path));
            }
        }
        columns.finish(mistakes);
    }
    if let Some(mut attributes) = root.table("attributes", mistakes) {
        for name in attributes.keys() {
            let item = attributes.optional(&name);
            if let Some(path) = item.and_then(|item| path(&item, mistakes)) {
                map.attributes.push((name, path));
            }
        }
    }
    if let Some(mut constants) = root.table("constants", mistakes) {
        for field in CONSTANTS {
            if let Some(value) = constants.string(field, mistakes) {
                map.constants.push((field, value));
            }
        }
        constants.finish(mistakes);
    }
    root.finish(mistakes);
    if let Err((field, what)) = map.check_lists() {
        mistakes.push(format!("columns.{field}"), what);
    }
    map
}

fn path(item: &Item<'_, '_>, mistakes: &mut Mistakes) -> Option<FieldPath> {
    let text = item.string(mistakes)?;
    match FieldPath::parse(&text) {
        Ok(path) => Some(path),
        Err(message) => {
            mistakes.push(item.path(), message);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_valid() {
        for (name, _) in PRESETS {
            let map = ColumnMap::load(Path::new(name)).expect(name);
            assert!(map.column("solution").is_some() && map.constant("benchmark").is_some());
        }
        let error = ColumnMap::load(Path::new("openr1")).expect_err("no such preset");
        assert!(error.to_string().contains("`openr1-math`"), "{error}");
    }

    #[test]
    fn each_mistake_of_a_map_has_its_message() {
        for (text, message) in [
            (
                "schema = \"foldem.columns/2\"",
                ":1: schema: is \"foldem.columns/2\"",
            ),
            ("schema = \"foldem.columns/1\"", "columns: is missing"),
            (
                "schema = \"foldem.columns/1\"\n[columns]\nsoluton = \"a\"",
                ":3: columns.soluton: is not a known key; did you mean `solution`?",
            ),
            (
                "schema = \"foldem.columns/1\"\n[columns]\nsolution = \"a[\"",
                ":3: columns.solution: is \"a[\": a bracket is not closed",
            ),
            (
                "schema = \"foldem.columns/1\"\n[columns]\nsolution = \"a\"\ncorrect = \"c[]\"",
                ":4: columns.correct: is \"c[]\", a list",
            ),
        ] {
            let error = ColumnMap::parse("map.toml", text)
                .expect_err(text)
                .to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
        for (pair, message) in [
            ("solution", "write field=path"),
            ("soluton=a", "did you mean solution?"),
            ("id=a", "solution=PATH is missing"),
            ("solution=a..b", "a key is empty"),
        ] {
            let error = ColumnMap::of_pairs([pair]).expect_err(pair);
            assert!(error.contains(message), "{pair}: {error}");
        }
        let twice = ColumnMap::of_pairs(["solution=a", "solution=b"]).expect_err("twice");
        assert!(twice.contains("stands twice"), "{twice}");
        let list = ColumnMap::of_pairs(["solution=a", "correct=b[]"]).expect_err("a list");
        assert!(list.contains("a list"), "{list}");
        let map = ColumnMap::of_pairs(["solution=a[].t", "attributes.level=l"]).expect("a map");
        assert_eq!(map.attributes()[0].0, "level");
    }
}
