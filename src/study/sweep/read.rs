//! From a `foldem.sweep/1` file to a [`Sweep`]: types, ranges and unknown keys. What the keys mean
//! to the scenario is checked beside (`check.rs`); all mistakes of the file are reported together.

use std::collections::BTreeSet;
use std::path::Path;

use super::check::{Written, parameter, points_are_valid, repeated, under_policies};
use super::grid::{Axis, Policy, Sweep};
use crate::input::{Document, InputError, Mistakes, Table, nearest, quoted_list};
use crate::scenario::{Referred, read_checkpoints};

/// Schema identifier of a sweep file.
pub const SCHEMA: &str = "foldem.sweep/1";

/// Most points of a grid.
const MOST_POINTS: usize = 1_000_000;
/// Most attempts at one point.
const MOST_ATTEMPTS: u64 = 1_000_000_000_000;
const SCALES: [&str; 2] = ["linear", "log"];

impl Sweep {
    /// Reads a `foldem.sweep/1` file and the scenario that it names.
    pub fn load(path: &Path) -> Result<Self, InputError> {
        let text = Document::read(path)?;
        let directory = path.parent().unwrap_or(Path::new("."));
        Self::parse(&path.display().to_string(), &text, directory)
    }

    /// Reads a sweep from TOML text. `path` names it in messages; the scenario is looked for in
    /// `directory`.
    pub fn parse(path: &str, text: &str, directory: &Path) -> Result<Self, InputError> {
        let document = Document::parse(path, text)?;
        let mut mistakes = Mistakes::default();
        let sweep = read(&document, directory, &mut mistakes);
        match sweep {
            Some(sweep) if mistakes.is_empty() => Ok(sweep),
            _ => Err(document.error(mistakes)),
        }
    }
}

fn read(document: &Document<'_>, directory: &Path, mistakes: &mut Mistakes) -> Option<Sweep> {
    let mut root = document.root();
    if let Some(schema) = root.required("schema").and_then(|i| i.string(mistakes))
        && schema != SCHEMA
    {
        let message = format!("is \"{schema}\"; a sweep has schema = \"{SCHEMA}\"");
        mistakes.push("schema", message);
        if schema.starts_with("foldem.") && !schema.starts_with("foldem.sweep") {
            // Everything else in the file would be a consequence.
            return None;
        }
    }
    let name = root.required_string("name", mistakes);
    if name.trim().is_empty() && !mistakes.covers("name") && root.keys().contains(&"name".into()) {
        mistakes.push("name", "is empty; give the sweep a short name");
    }
    let base = root
        .required("scenario")
        .and_then(|item| Referred::read(&item, (directory, "a sweep"), mistakes))
        .map(|referred| {
            let spec = referred.scenario.spec().clone();
            ((referred.file, referred.text), spec)
        });
    let attempts = root.optional("attempts");
    let attempts = attempts.and_then(|item| item.count(mistakes)).unwrap_or(0);
    if attempts > MOST_ATTEMPTS {
        let message = format!("is {attempts}; it must lie in [0, {MOST_ATTEMPTS}]");
        mistakes.push("attempts", message);
    }
    let seed = root.optional("seed");
    let seed = seed.and_then(|item| item.count(mistakes)).unwrap_or(42);
    let axes = root.tables("axis", mistakes);
    let axes: Vec<Written> = axes
        .into_iter()
        .map(|table| axis(table, mistakes))
        .collect();
    let policies = root.tables("policy", mistakes);
    let policies = policies.into_iter().map(|table| policy(table, mistakes));
    let policies: Vec<Policy> = policies.collect();
    if axes.is_empty() && policies.is_empty() && !mistakes.touches("axis") {
        let message = "is missing; a sweep has at least one [[axis]] or [[policy]]";
        mistakes.push("axis", message);
    }
    root.finish(mistakes);
    repeated(&axes, &policies, mistakes);
    let sizes = axes
        .iter()
        .map(|a| a.values.len())
        .chain([policies.len().max(1)]);
    let points = sizes.fold(1, usize::saturating_mul);
    if points > MOST_POINTS {
        let message = format!(
            "spans {points} points with the policies; a grid has at most {MOST_POINTS}: take \
             fewer values"
        );
        mistakes.push("axis", message);
    }
    let (source, base) = base?;
    let specs = under_policies(&base, &policies, mistakes);
    let axes = axes
        .into_iter()
        .filter_map(|axis| {
            let parameter = parameter(&axis, &specs, &policies, mistakes)?;
            Some((axis, parameter))
        })
        .collect::<Vec<_>>();
    if !mistakes.is_empty() {
        return None;
    }
    let (written, parameters): (Vec<_>, Vec<_>) = axes.into_iter().unzip();
    let sweep = Sweep {
        name,
        scenario: base.name.clone(),
        source,
        attempts,
        seed,
        axes: parameters
            .into_iter()
            .zip(&written)
            .map(|(parameter, axis)| Axis {
                parameter,
                values: axis.values.clone(),
            })
            .collect(),
        policies,
        specs,
    };
    points_are_valid(&sweep, &written, mistakes);
    Some(sweep)
}

fn axis(mut table: Table<'_, '_>, mistakes: &mut Mistakes) -> Written {
    let path = table.key("key");
    let path = path.trim_end_matches(".key").to_owned();
    let key = table.required_string("key", mistakes);
    let (values, range) = (table.optional("values"), table.optional("range"));
    let mut at = (table.key("values"), true);
    let values = match (values, range) {
        (Some(_), Some(range)) => {
            mistakes.push(range.path(), "stands beside `values`; give one of the two");
            None
        }
        (Some(item), None) => {
            let values = item.numbers(mistakes);
            if values.as_ref().is_some_and(Vec::is_empty) {
                mistakes.push(item.path(), "is empty; an axis has at least one value");
            }
            values
        }
        (None, Some(item)) => {
            at = (item.path().to_owned(), false);
            let wanted = "a table such as { from = 0.0, to = 0.1, steps = 11 }";
            let table = item.table(wanted, mistakes);
            table.and_then(|table| range_values(table, mistakes))
        }
        (None, None) => {
            // A misspelt key says so itself; what it was meant to be is then not missing.
            let known = ["key", "values", "range"];
            let only_known = table.keys().iter().all(|k| known.contains(&k.as_str()));
            if only_known {
                let message = "is missing; an axis has `values = [...]` or `range = { from = 0.0, \
                               to = 0.1, steps = 11 }`";
                mistakes.push(table.key("values"), message);
            }
            None
        }
    };
    table.finish(mistakes);
    let values = values.unwrap_or_default();
    let written = Written {
        path,
        key,
        at,
        values,
    };
    let mut seen = BTreeSet::new();
    for (i, value) in written.values.iter().enumerate() {
        // Adding 0 makes −0 the same as 0.
        if !seen.insert((value + 0.0).to_bits()) {
            let message = format!("repeats {value}; name each value once");
            mistakes.push(written.at(i), message);
        }
    }
    written
}

/// Values at equal distances or, on a logarithmic scale, at equal ratios, rounded to 12 digits.
fn range_values(mut table: Table<'_, '_>, mistakes: &mut Mistakes) -> Option<Vec<f64>> {
    let keys = ["from", "to", "steps", "scale"].map(|key| table.key(key));
    let [from, to] = ["from", "to"].map(|key| table.required_number(key, mistakes));
    let steps = table.required("steps");
    let steps = steps.and_then(|item| item.count(mistakes));
    let scale = table.optional("scale");
    let scale = scale.and_then(|item| item.string(mistakes));
    table.finish(mistakes);
    let logarithmic = match scale.as_deref() {
        None | Some("linear") => false,
        Some("log") => true,
        Some(other) => {
            let hint = nearest(other, SCALES)
                .map(|name| format!("did you mean `{name}`? "))
                .unwrap_or_default();
            let message = format!("is \"{other}\"; {hint}Known: {}", quoted_list(SCALES));
            mistakes.push(&keys[3], message);
            return None;
        }
    };
    let steps = steps?;
    let most = MOST_POINTS as u64;
    if !(2..=most).contains(&steps) {
        let message = format!("is {steps}; it must lie in [2, {most}], both ends included");
        mistakes.push(&keys[2], message);
        return None;
    }
    if from.is_nan() || to.is_nan() {
        return None;
    }
    if logarithmic {
        for (x, key) in [(from, &keys[0]), (to, &keys[1])] {
            if x <= 0.0 {
                mistakes.push(key, format!("is {x}; on a log scale it must be above 0"));
                return None;
            }
        }
    }
    let last = (steps - 1) as f64;
    let value = |i: u64| {
        let share = i as f64 / last;
        if i == 0 {
            from
        } else if i + 1 == steps {
            to
        } else if logarithmic {
            rounded(libm::exp(
                libm::log(from) + share * (libm::log(to) - libm::log(from)),
            ))
        } else {
            rounded(from + share * (to - from))
        }
    };
    Some((0..steps).map(value).collect())
}

/// `x` to 12 digits, so that a tenth of 0.3 is written 0.03.
pub(in crate::study) fn rounded(x: f64) -> f64 {
    format!("{x:.11e}").parse().unwrap_or(x)
}

fn policy(mut table: Table<'_, '_>, mistakes: &mut Mistakes) -> Policy {
    let name = table.required_string("name", mistakes);
    let checkpoints = read_checkpoints(&mut table, mistakes);
    table.finish(mistakes);
    Policy { name, checkpoints }
}
