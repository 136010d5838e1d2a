//! Ranges and names of `[early_exit]`: every mistake at its own key.

use std::collections::BTreeMap;

use super::spec::ExitSpec;
use crate::input::Mistakes;
use crate::scenario::check::{
    MOST_TOKENS, STEEPEST, by_state, earlier, score, trusted, unknown, within,
};
use crate::scenario::spec::ScenarioSpec;

/// Notes everything that is wrong with the early exit of `spec`, if it has one.
pub(in crate::scenario) fn check(spec: &ScenarioSpec, mistakes: &mut Mistakes) {
    let Some(early_exit) = &spec.early_exit else {
        return;
    };
    if early_exit.probes.is_empty() && !mistakes.touches("early_exit") {
        let message = "has no [[early_exit.probe]]; add one, or remove the table";
        mistakes.push("early_exit", message);
    }
    let mut taken = BTreeMap::new();
    for (i, probe) in early_exit.probes.iter().enumerate() {
        let key = format!("early_exit.probe[{i}]");
        place(spec, (i, &probe.at), &mut taken, mistakes);
        match &probe.exits {
            ExitSpec::Probability {
                exits,
                difficulty_effect,
            } => {
                by_state(&format!("{key}.exits"), exits, spec, mistakes);
                let steepest = (-STEEPEST, STEEPEST);
                let path = format!("{key}.difficulty_effect");
                within(path, *difficulty_effect, steepest, mistakes);
            }
            ExitSpec::Confidence {
                clean,
                faulty,
                kinds,
                threshold,
            } => {
                let laws = (*clean, *faulty, kinds);
                score(&format!("{key}.confidence"), laws, spec, mistakes);
                if !(*threshold > 0.0 && *threshold < 1.0) {
                    let message = format!("is {threshold}; it must lie in (0, 1)");
                    mistakes.push(format!("{key}.threshold"), message);
                }
            }
        }
        for (name, tokens) in [
            ("cost_tokens", probe.cost_tokens),
            ("answer_tokens", probe.answer_tokens),
        ] {
            within(
                format!("{key}.{name}"),
                tokens,
                (0.0, MOST_TOKENS),
                mistakes,
            );
        }
        by_state(&format!("{key}.accepts"), &probe.accepts, spec, mistakes);
        by_state(&format!("{key}.utility"), &probe.utility, spec, mistakes);
    }
}

/// A probe stands after a stage that is not the last, and alone there.
fn place(
    spec: &ScenarioSpec,
    (i, at): (usize, &str),
    taken: &mut BTreeMap<usize, usize>,
    mistakes: &mut Mistakes,
) {
    let key = format!("early_exit.probe[{i}].at");
    let names = || spec.stages.iter().map(|s| s.name.as_str());
    match names().position(|name| name == at) {
        None if !trusted("stage", "name", spec.stages.len(), mistakes) => {}
        None => mistakes.push(key, unknown(at, "stage", names())),
        Some(k) if k + 1 == spec.stages.len() => {
            let message = format!(
                "is \"{at}\", the last stage, after which the answer is complete; a probe stands \
                 after an earlier stage{}",
                earlier(&spec.stages[..k])
            );
            mistakes.push(key, message);
        }
        Some(k) => {
            if let Some(first) = taken.insert(k, i) {
                let message = format!(
                    "is \"{at}\", where probe {} stands already; merge the two",
                    first + 1
                );
                mistakes.push(key, message);
            }
        }
    }
}
