//! From a `foldem.guarantee/1` file to a [`Spec`].

use std::path::Path;

use super::Spec;
use super::world::World;
use crate::input::{Document, InputError, Mistakes};
use crate::scenario::Referred;

/// Schema identifier of the file.
pub const SPEC_SCHEMA: &str = "foldem.guarantee/1";
/// Most generations of all logs together.
const MOST: u64 = 1_000_000_000_000;

impl Spec {
    /// Reads the file and the scenario that it names.
    pub fn load(path: &Path) -> Result<Self, InputError> {
        let text = Document::read(path)?;
        let directory = path.parent().unwrap_or(Path::new("."));
        Self::parse(&path.display().to_string(), &text, directory)
    }

    /// Reads it from TOML text. `path` names it in messages; the scenario is looked for in
    /// `directory`.
    pub fn parse(path: &str, text: &str, directory: &Path) -> Result<Self, InputError> {
        let document = Document::parse(path, text)?;
        let mut mistakes = Mistakes::default();
        let spec = read(&document, directory, &mut mistakes);
        match spec {
            Some(spec) if mistakes.is_empty() => Ok(spec),
            _ => Err(document.error(mistakes)),
        }
    }
}

fn read(document: &Document<'_>, directory: &Path, mistakes: &mut Mistakes) -> Option<Spec> {
    let mut root = document.root();
    let schema = root.required_string("schema", mistakes);
    if schema != SPEC_SCHEMA && !mistakes.covers("schema") {
        let message = format!("is \"{schema}\"; an experiment on guarantees has \"{SPEC_SCHEMA}\"");
        mistakes.push("schema", message);
    }
    let name = root.required_string("name", mistakes);
    let world = root.required("scenario");
    let place = (directory, "an experiment on guarantees");
    let world = world.and_then(|item| Referred::accepted(&item, place, mistakes, World::new));
    let mut count = |key: &str, most: u64| {
        let value = root.required(key).and_then(|item| item.count(mistakes));
        let value = value.unwrap_or(1);
        if !(1..=most).contains(&value) {
            mistakes.push(key, format!("is {value}; it must lie in [1, {most}]"));
        }
        value
    };
    let prompts = count("prompts", 10_000_000);
    let per_prompt = count("per_prompt", 10_000);
    let replications = count("replications", 10_000_000);
    let drawn = prompts
        .saturating_mul(per_prompt)
        .saturating_mul(replications);
    if drawn > MOST {
        let message = format!("makes {drawn} generations of all logs; the most is {MOST}");
        mistakes.push("replications", message);
    }
    let mut share = |key: &str| {
        let value = root.required_number(key, mistakes);
        if value <= 0.0 || value >= 1.0 {
            mistakes.push(key, format!("is {value}; it must lie between 0 and 1"));
        }
        value
    };
    let (max_frr, confidence) = (share("max_frr"), share("confidence"));
    let seed = root.optional("seed");
    let seed = seed.and_then(|item| item.count(mistakes)).unwrap_or(42);
    root.finish(mistakes);
    let (scenario_file, scenario_text, world) = world?;
    Some(Spec {
        name,
        scenario_file,
        scenario_text,
        world,
        prompts,
        per_prompt,
        max_frr,
        confidence,
        replications,
        seed,
    })
}
