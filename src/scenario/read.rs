//! From a TOML document to a [`ScenarioSpec`]: types, required and unknown keys.
//!
//! Ranges and names are checked afterwards, on the specification, so that a scenario built by a
//! program meets the same checks as one read from a file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::correlated;
use super::spec::{
    BetaSpec, CheckpointSpec, DifficultySpec, FaultSpec, PerStage, ResponseSpec, ScenarioSpec,
    StageSpec, TokenSpec, ValidatorSpec,
};
use crate::input::{Document, Item, Mistakes, Table, nearest, quoted_list};

/// Schema identifier of a scenario file.
pub const SCHEMA: &str = "foldem.scenario/1";

/// Says so if the file is of another kind than a scenario.
pub(super) fn other_kind(document: &Document<'_>) -> Option<String> {
    let schema = document.root().string("schema", &mut Mistakes::default())?;
    (schema.starts_with("foldem.") && !schema.starts_with("foldem.scenario"))
        .then(|| format!("is \"{schema}\"; a scenario is needed here, with schema = \"{SCHEMA}\""))
}

const DISTRIBUTIONS: [&str; 5] = ["fixed", "lognormal", "gamma", "neg-binomial", "empirical"];

/// Reads the specification; `directory` is where files named in it are looked for.
pub(super) fn read(
    document: &Document<'_>,
    directory: &Path,
    mistakes: &mut Mistakes,
) -> ScenarioSpec {
    let mut root = document.root();
    if let Some(item) = root.required("schema")
        && let Some(schema) = item.string(mistakes)
        && schema != SCHEMA
    {
        let message = format!("is \"{schema}\"; a scenario has schema = \"{SCHEMA}\"");
        mistakes.push("schema", message);
    }
    let name = root.required_string("name", mistakes);
    let description = root.string("description", mistakes).unwrap_or_default();
    let difficulty = root
        .table("difficulty", mistakes)
        .map(|table| difficulty(table, mistakes));
    let faults = each(&mut root, "fault", mistakes, fault);
    let stages = each(&mut root, "stage", mistakes, |table, mistakes| {
        stage(table, directory, mistakes)
    });
    let validators = each(&mut root, "validator", mistakes, validator);
    let correlated = each(&mut root, "correlated", mistakes, correlated::read);
    let accepts = root
        .table("final_filter", mistakes)
        .map(|mut table| {
            let accepts = table
                .table("accepts", mistakes)
                .map(|t| numbers_by_name(t, mistakes));
            table.finish(mistakes);
            accepts.unwrap_or_default()
        })
        .unwrap_or_default();
    let utility = root
        .table("utility", mistakes)
        .map(|table| numbers_by_name(table, mistakes))
        .unwrap_or_default();
    let checkpoints = root
        .table("policy", mistakes)
        .map(|mut table| {
            let checkpoints = checkpoints(&mut table, mistakes);
            table.finish(mistakes);
            checkpoints
        })
        .unwrap_or_default();
    let early_exit = root
        .table("early_exit", mistakes)
        .map(|table| super::early_exit::read(table, mistakes));
    root.finish(mistakes);
    ScenarioSpec {
        name,
        description,
        difficulty,
        faults,
        stages,
        validators,
        correlated,
        accepts,
        utility,
        checkpoints,
        early_exit,
    }
}

pub(super) fn each<T>(
    parent: &mut Table<'_, '_>,
    key: &str,
    mistakes: &mut Mistakes,
    mut read: impl FnMut(Table<'_, '_>, &mut Mistakes) -> T,
) -> Vec<T> {
    let tables = parent.tables(key, mistakes);
    tables.into_iter().map(|t| read(t, mistakes)).collect()
}

pub(super) fn numbers_by_name(
    mut table: Table<'_, '_>,
    mistakes: &mut Mistakes,
) -> BTreeMap<String, f64> {
    let mut numbers = BTreeMap::new();
    for name in table.keys() {
        let value = table.required_number(&name, mistakes);
        numbers.insert(name, value);
    }
    numbers
}

fn difficulty(mut table: Table<'_, '_>, mistakes: &mut Mistakes) -> DifficultySpec {
    let spec = DifficultySpec {
        sd: table.required_number("sd", mistakes),
        length_effect: table.number_or("length_effect", 0.0, mistakes),
    };
    table.finish(mistakes);
    spec
}

fn fault(mut table: Table<'_, '_>, mistakes: &mut Mistakes) -> FaultSpec {
    let kind = table.required_string("kind", mistakes);
    let hazard = table
        .required("hazard")
        .and_then(|item| spoiled_if_none(&item, item.numbers(mistakes), mistakes))
        .unwrap_or_default();
    let recovery = table
        .optional("recovery")
        .and_then(|item| {
            if item.is_list() {
                let list = item.numbers(mistakes);
                spoiled_if_none(&item, list, mistakes).map(PerStage::Each)
            } else {
                item.number(mistakes).map(PerStage::Same)
            }
        })
        .unwrap_or(PerStage::Same(0.0));
    let spec = FaultSpec {
        kind,
        hazard,
        recovery,
        difficulty_effect: table.number_or("difficulty_effect", 0.0, mistakes),
        length_factor: table.number_or("length_factor", 1.0, mistakes),
    };
    table.finish(mistakes);
    spec
}

/// Keeps checks of the whole list quiet when one of its elements could not be read.
fn spoiled_if_none<T>(item: &Item<'_, '_>, value: Option<T>, mistakes: &mut Mistakes) -> Option<T> {
    if value.is_none() {
        mistakes.spoil(item.path());
    }
    value
}

fn stage(mut table: Table<'_, '_>, directory: &Path, mistakes: &mut Mistakes) -> StageSpec {
    let name = table.required_string("name", mistakes);
    let tokens = table
        .required("tokens")
        .and_then(|item| item.table("a table such as { dist = \"fixed\", value = 60 }", mistakes))
        .and_then(|table| tokens(table, directory, mistakes));
    table.finish(mistakes);
    StageSpec {
        name,
        tokens: tokens.unwrap_or(TokenSpec::Fixed(0.0)),
    }
}

fn tokens(
    mut table: Table<'_, '_>,
    directory: &Path,
    mistakes: &mut Mistakes,
) -> Option<TokenSpec> {
    let Some(item) = table.required("dist") else {
        // Without the law, its parameters cannot be judged, but none of them is a misspelt `dist`.
        for parameter in ["value", "mean", "cv", "values", "file"] {
            table.optional(parameter);
        }
        table.finish(mistakes);
        return None;
    };
    let dist = item.string(mistakes)?;
    let spec = match dist.as_str() {
        "fixed" => TokenSpec::Fixed(table.required_number("value", mistakes)),
        "lognormal" | "gamma" | "neg-binomial" => {
            let mean = table.required_number("mean", mistakes);
            let cv = table.required_number("cv", mistakes);
            match dist.as_str() {
                "lognormal" => TokenSpec::LogNormal { mean, cv },
                "gamma" => TokenSpec::Gamma { mean, cv },
                _ => TokenSpec::NegativeBinomial { mean, cv },
            }
        }
        "empirical" => TokenSpec::Empirical(empirical(&mut table, directory, mistakes)),
        other => {
            let hint = nearest(other, DISTRIBUTIONS)
                .map(|name| format!("did you mean `{name}`? "))
                .unwrap_or_default();
            let message = format!("is \"{other}\"; {hint}Known: {}", known_laws());
            mistakes.push(item.path(), message);
            return None;
        }
    };
    table.finish(mistakes);
    Some(spec)
}

fn known_laws() -> String {
    quoted_list(DISTRIBUTIONS)
}

fn empirical(table: &mut Table<'_, '_>, directory: &Path, mistakes: &mut Mistakes) -> Vec<f64> {
    let values = table.optional("values");
    let file = table.optional("file");
    match (values, file) {
        (Some(item), None) => {
            let values = item.numbers(mistakes);
            spoiled_if_none(&item, values, mistakes).unwrap_or_default()
        }
        (None, Some(item)) => {
            let Some(name) = item.string(mistakes) else {
                return Vec::new();
            };
            let path: PathBuf = directory.join(&name);
            numbers_in_file(&path).unwrap_or_else(|message| {
                mistakes.push(item.path(), format!("is \"{name}\": {message}"));
                mistakes.spoil(table.key("values"));
                Vec::new()
            })
        }
        (Some(_), Some(item)) => {
            mistakes.push(item.path(), "stands beside `values`; give one of the two");
            mistakes.spoil(table.key("values"));
            Vec::new()
        }
        (None, None) => {
            let message = "is missing; an empirical law needs `values = [...]` or `file = \"...\"`";
            mistakes.push(table.key("values"), message);
            Vec::new()
        }
    }
}

/// Numbers from a file, one a line; blank lines are passed over.
fn numbers_in_file(path: &Path) -> Result<Vec<f64>, String> {
    let text = Document::read(path).map_err(|e| e.to_string())?;
    if text.trim().is_empty() {
        return Err("the file is empty; it must hold one number a line".to_owned());
    }
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(i, line)| {
            let number = line.trim().parse::<f64>().ok();
            number.filter(|x| x.is_finite() && *x >= 0.0).ok_or_else(|| {
                let shown: String = line.chars().take(40).collect();
                format!(
                    "line {} of {} is \"{shown}\"; each line must be a number of tokens, 0 or more",
                    i + 1,
                    path.display()
                )
            })
        })
        .collect()
}

fn validator(mut table: Table<'_, '_>, mistakes: &mut Mistakes) -> ValidatorSpec {
    let name = table.required_string("name", mistakes);
    let detects = table.optional("detects");
    let score = table.optional("score");
    let false_alarm = table.optional("false_alarm");
    let sticky = table.optional("sticky");
    let effect = table.optional("difficulty_effect");
    let response = if let Some(score) = score {
        let alarm_keys = [
            (&detects, "detects"),
            (&false_alarm, "false_alarm"),
            (&sticky, "sticky"),
            (&effect, "difficulty_effect"),
        ];
        for (item, key) in alarm_keys {
            if let Some(item) = item {
                let message = format!(
                    "does not go with `score`; a validator has either a score or alarms: \
                     remove `score` or `{key}`"
                );
                mistakes.push(item.path(), message);
            }
        }
        let wanted =
            "a table such as { clean = { dist = \"beta\", a = 9, b = 1 }, faulty = { … } }";
        score
            .table(wanted, mistakes)
            .map(|table| score_response(table, mistakes))
    } else {
        if detects.is_none() && false_alarm.is_none() {
            let message = "is missing; a validator needs `detects` and `false_alarm` (each \
                           nothing when left out), or `score`";
            mistakes.push(table.key("detects"), message);
        }
        Some(ResponseSpec::Alarm {
            detects: detects
                .and_then(|item| item.table("a table such as { KIND = 0.6 }", mistakes))
                .map(|table| numbers_by_name(table, mistakes))
                .unwrap_or_default(),
            false_alarm: false_alarm
                .and_then(|item| item.number(mistakes))
                .unwrap_or(0.0),
            sticky: sticky
                .and_then(|item| item.boolean(mistakes))
                .unwrap_or(false),
            difficulty_effect: effect.and_then(|item| item.number(mistakes)).unwrap_or(0.0),
        })
    };
    table.finish(mistakes);
    let response = response.unwrap_or(ResponseSpec::Alarm {
        detects: BTreeMap::new(),
        false_alarm: 0.0,
        sticky: false,
        difficulty_effect: 0.0,
    });
    ValidatorSpec { name, response }
}

pub(super) fn score_response(mut table: Table<'_, '_>, mistakes: &mut Mistakes) -> ResponseSpec {
    let clean = table.required("clean");
    let clean = clean.and_then(|item| beta(&item, mistakes));
    let mut faulty = None;
    let mut kinds = BTreeMap::new();
    for name in table.keys().into_iter().filter(|name| name != "clean") {
        let law = table.required(&name).and_then(|item| beta(&item, mistakes));
        if name == "faulty" {
            faulty = law;
        } else if let Some(law) = law {
            kinds.insert(name, law);
        }
    }
    table.finish(mistakes);
    ResponseSpec::Score {
        clean: clean.unwrap_or(BetaSpec { a: 1.0, b: 1.0 }),
        faulty,
        kinds,
    }
}

fn beta(item: &Item<'_, '_>, mistakes: &mut Mistakes) -> Option<BetaSpec> {
    let mut table = item.table(
        "a table such as { dist = \"beta\", a = 9, b = 1 }",
        mistakes,
    )?;
    if let Some(dist) = table.required("dist")
        && let Some(name) = dist.string(mistakes)
        && name != "beta"
    {
        let message = format!("is \"{name}\"; the law of a score is `beta`");
        mistakes.push(dist.path(), message);
    }
    let spec = BetaSpec {
        a: table.required_number("a", mistakes),
        b: table.required_number("b", mistakes),
    };
    table.finish(mistakes);
    Some(spec)
}

/// The checkpoints of a policy, whose table this is.
pub fn checkpoints(policy: &mut Table<'_, '_>, mistakes: &mut Mistakes) -> Vec<CheckpointSpec> {
    each(policy, "checkpoint", mistakes, checkpoint)
}

fn checkpoint(mut table: Table<'_, '_>, mistakes: &mut Mistakes) -> CheckpointSpec {
    let at = table.required_string("at", mistakes);
    let validators = table
        .required("validators")
        .and_then(|item| spoiled_if_none(&item, item.strings(mistakes), mistakes))
        .unwrap_or_default();
    let threshold = table.optional("threshold");
    let threshold =
        threshold.and_then(|item| spoiled_if_none(&item, item.number(mistakes), mistakes));
    let spec = CheckpointSpec {
        at,
        validators,
        threshold,
        cost_tokens: table.number_or("cost_tokens", 0.0, mistakes),
    };
    table.finish(mistakes);
    spec
}
