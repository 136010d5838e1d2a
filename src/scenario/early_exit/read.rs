//! `[early_exit]` from a TOML document: types, required and unknown keys.

use std::collections::BTreeMap;

use super::spec::{EarlyExitSpec, ExitSpec, ProbeSpec};
use crate::input::{Mistakes, Table};
use crate::scenario::read::{each, numbers_by_name, score_response};
use crate::scenario::spec::ResponseSpec;

pub(in crate::scenario) fn read(
    mut table: Table<'_, '_>,
    mistakes: &mut Mistakes,
) -> EarlyExitSpec {
    let probes = each(&mut table, "probe", mistakes, probe);
    table.finish(mistakes);
    EarlyExitSpec { probes }
}

fn probe(mut table: Table<'_, '_>, mistakes: &mut Mistakes) -> ProbeSpec {
    let at = table.required_string("at", mistakes);
    let exits = exits(&mut table, mistakes);
    let mut by_state = |key: &str| {
        let values = table.table(key, mistakes);
        values.map(|values| numbers_by_name(values, mistakes))
    };
    let accepts = by_state("accepts").unwrap_or_default();
    let utility = by_state("utility").unwrap_or_default();
    let spec = ProbeSpec {
        at,
        exits,
        cost_tokens: table.number_or("cost_tokens", 0.0, mistakes),
        answer_tokens: table.number_or("answer_tokens", 0.0, mistakes),
        accepts,
        utility,
    };
    table.finish(mistakes);
    spec
}

fn exits(table: &mut Table<'_, '_>, mistakes: &mut Mistakes) -> ExitSpec {
    let exits = table.optional("exits");
    let effect = table.optional("difficulty_effect");
    let confidence = table.optional("confidence");
    let threshold = table.optional("threshold");
    let Some(confidence) = confidence else {
        if let Some(item) = threshold {
            let message = "goes with `confidence`, which is missing; with `exits` there is none";
            mistakes.push(item.path(), message);
        } else if exits.is_none() {
            let message = "is missing; a probe needs `exits = { STATE = probability }`, or \
                           `confidence` and `threshold`";
            mistakes.push(table.key("exits"), message);
        }
        let wanted = "a table such as { clean = 0.6 }";
        return ExitSpec::Probability {
            exits: exits
                .and_then(|item| item.table(wanted, mistakes))
                .map(|values| numbers_by_name(values, mistakes))
                .unwrap_or_default(),
            difficulty_effect: effect.and_then(|item| item.number(mistakes)).unwrap_or(0.0),
        };
    };
    for (item, key) in [(exits, "exits"), (effect, "difficulty_effect")] {
        if let Some(item) = item {
            let message = format!(
                "does not go with `confidence`; a probe has either: remove `confidence` or `{key}`"
            );
            mistakes.push(item.path(), message);
        }
    }
    let known = threshold.as_ref().map(|item| item.number(mistakes));
    match (&threshold, known) {
        (None, _) => {
            let message = "is missing; a probe with `confidence` exits at a threshold in (0, 1)";
            mistakes.push(table.key("threshold"), message);
        }
        (Some(item), Some(None)) => mistakes.spoil(item.path()),
        _ => {}
    }
    let wanted = "a table such as { clean = { dist = \"beta\", a = 9, b = 1 }, faulty = { … } }";
    let laws = confidence
        .table(wanted, mistakes)
        .map(|laws| score_response(laws, mistakes));
    match laws {
        Some(ResponseSpec::Score {
            clean,
            faulty,
            kinds,
        }) => ExitSpec::Confidence {
            clean,
            faulty,
            kinds,
            threshold: known.flatten().unwrap_or(0.5),
        },
        // What could not be read is a mistake already.
        _ => ExitSpec::Probability {
            exits: BTreeMap::new(),
            difficulty_effect: 0.0,
        },
    }
}
