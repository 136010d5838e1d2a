//! What a number of a scenario is called in a figure: its key in words, with its unit or range.
//!
//! The keys are those of sweeps (docs/sweep.md). A key that is none of them stays as it is, so that nothing is
//! ever drawn over an axis without a name.

/// `key` in words.
pub(super) fn in_words(key: &str) -> String {
    let parts = parts(key);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["difficulty", "sd"] => "spread of difficulty between prompts (logits)".to_owned(),
        ["difficulty", "length_effect"] => {
            "effect of difficulty on length (log tokens per unit)".to_owned()
        }
        ["fault", kind, "hazard", stage] => {
            format!("chance that “{kind}” starts in {stage} (0 to 1)")
        }
        ["fault", kind, "hazard_factor"] => format!("hazards of “{kind}” (times the scenario's)"),
        ["fault", kind, "onset"] => format!("stage in which “{kind}” starts, from 1"),
        ["fault", kind, "onset_rate"] => {
            format!("share of generations in which “{kind}” starts first (0 to 1)")
        }
        ["fault", kind, "onset_delay"] => {
            format!("delay of “{kind}” (growth of onsets from stage to stage)")
        }
        ["fault", kind, "recovery"] => format!("chance to recover from “{kind}” (per stage)"),
        ["fault", kind, "difficulty_effect"] => {
            format!("effect of difficulty on “{kind}” (logits per unit)")
        }
        ["fault", kind, "length_factor"] => {
            format!("length of “{kind}” text (times that of clean text)")
        }
        ["stage", stage, "tokens", "mean"] => format!("mean length of {stage} (tokens)"),
        ["stage", stage, "tokens", "value"] => format!("length of {stage} (tokens)"),
        ["stage", stage, "tokens", "cv"] => {
            format!("coefficient of variation of the length of {stage}")
        }
        ["validator", name, "detects", kind] => {
            format!("chance that {name} detects “{kind}” (per look)")
        }
        ["validator", name, "false_alarm"] => {
            format!("chance of a false alarm of {name} (per look)")
        }
        ["validator", name, "difficulty_effect"] => {
            format!("effect of difficulty on alarms of {name} (logits per unit)")
        }
        ["correlated", name, "common"] => {
            format!("common part of the validators with {name} (0 to 1)")
        }
        ["final_filter", state] => format!("chance that the filter accepts “{state}” (0 to 1)"),
        ["utility", state] => format!("utility of “{state}” (0 to 1)"),
        ["policy", "checkpoint", at, "threshold"] => format!("threshold at {at}"),
        ["policy", "checkpoint", at, "cost_tokens"] => format!("cost of the look at {at} (tokens)"),
        _ => key.to_owned(),
    }
}

/// The parts of a key between dots outside of quotes, without the quotes.
fn parts(key: &str) -> Vec<String> {
    let mut quoted = false;
    let parts = key.split(|c| {
        quoted ^= c == '"';
        c == '.' && !quoted
    });
    parts.map(|part| part.replace('"', "")).collect()
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn keys_become_words_and_names_with_dots_stay_whole() {
        for (key, words) in [
            ("fault.wrong.onset", "stage in which “wrong” starts, from 1"),
            (
                "validator.\"a.b\".false_alarm",
                "chance of a false alarm of a.b (per look)",
            ),
            ("stage.plan.tokens.mean", "mean length of plan (tokens)"),
            ("x.y", "x.y"),
        ] {
            assert_eq!(in_words(key), words);
        }
    }

    /// Keys that have no words, or words that leave something of the key as it is, or have no unit or range.
    fn faults(keys: &[String]) -> Vec<String> {
        let mut faults = Vec::new();
        for key in keys {
            let words = in_words(key);
            let bare = !words.ends_with(')') && !words.ends_with("from 1");
            // A threshold and a coefficient of variation are numbers without a unit.
            let unitless = ["threshold at", "coefficient of variation"];
            if words == *key || words.contains('_') {
                faults.push(format!("{key} has no words"));
            } else if bare && !unitless.iter().any(|start| words.starts_with(start)) {
                faults.push(format!("{key} has no unit"));
            }
        }
        faults
    }

    /// The keys in the first column of the table in `page`, names filled in.
    fn documented(page: &str) -> Vec<String> {
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
        let mut keys: Vec<String> = Vec::new();
        for row in rows {
            let cell = row.split(" | ").next().unwrap_or_default();
            for key in cell.split('`').step_by(2).filter(|key| key.contains('.')) {
                let whole = match (key.strip_prefix('.'), keys.last()) {
                    // `.cv` stands beside the key before it, `.false_alarm` beside `.detects.KIND`.
                    (Some(last), Some(before)) => {
                        let of_validator = before.split_once(".detects.");
                        let (path, _) = of_validator.or(before.rsplit_once('.')).unwrap();
                        format!("{path}.{last}")
                    }
                    _ => key.to_owned(),
                };
                keys.push(whole);
            }
        }
        let names = [
            ("KIND", "wrong"),
            ("STAGE", "s1"),
            ("NAME", "judge"),
            ("STATE", "clean"),
        ];
        let filled = keys.into_iter().map(|key| {
            let parts = key.split('.').map(|part| {
                let found = names.iter().find(|(name, _)| *name == part);
                found.map_or(part, |(_, value)| *value)
            });
            parts.collect::<Vec<_>>().join(".")
        });
        filled.collect()
    }

    /// Every key that a sweep may vary, by docs/sweep.md.
    #[test]
    fn every_documented_key_has_words_with_a_unit() {
        let keys = documented(include_str!("../../docs/sweep.md"));
        assert!(keys.len() >= 20, "{keys:?}");
        assert!(
            keys.contains(&"stage.judge.tokens.cv".to_owned()),
            "{keys:?}"
        );
        assert_eq!(faults(&keys), Vec::<String>::new());
    }

    /// The check sees a key that this file does not know.
    #[test]
    fn a_key_without_words_is_seen() {
        let page = "| `fault.KIND.onset`, `.speed` | in some way |\n| `wind` | none |\n";
        let keys = documented(page);
        assert_eq!(keys, ["fault.wrong.onset", "fault.wrong.speed"]);
        assert_eq!(faults(&keys), ["fault.wrong.speed has no words"]);
    }
}
