//! Early exit on logs: the arms by hand, what a log does not tell, clusters, and drawn logs.

use std::fs;
use std::path::Path;

use approx::assert_relative_eq;
use serde_json::Value;

use super::cli::{code, foldem, stderr, stdout};

const POLICY: &str = "
schema = 'foldem.policy/1'
name = 'bad'
[[validator]]
name = 'bad'
rule = 'literal'
patterns = ['BAD']
[[checkpoint]]
at = { every_tokens = 4 }
validators = ['bad']
cost_tokens = 0.5
";

/// One byte a token. Rejected after 8 tokens: b, c, e; after 4: d. Exits: a and c after 6, d after 4; e after
/// its end, which is none.
const LOG: &str = r#"
{"id":"a","prompt_id":1,"solution":"0123456789","solution_tokens":10,"accepted":true,"attributes":{"early_exit_tokens":6,"early_exit_answer_tokens":2,"early_exit_accepted":true}}
{"id":"b","prompt_id":2,"solution":"01BAD56789","solution_tokens":10,"accepted":false,"attributes":{"early_exit_tokens":null}}
{"id":"c","prompt_id":3,"solution":"01BAD56789","solution_tokens":10,"accepted":true,"attributes":{"early_exit_tokens":6,"early_exit_answer_tokens":1,"early_exit_accepted":false}}
{"id":"d","prompt_id":4,"solution":"BAD3456789","solution_tokens":10,"accepted":true,"attributes":{"early_exit_tokens":4,"early_exit_answer_tokens":3,"early_exit_accepted":true}}
{"id":"e","prompt_id":5,"solution":"0123BAD789","solution_tokens":10,"accepted":false,"attributes":{"early_exit_tokens":12}}
"#;

/// The result of replaying `log` under `policy`, both in `folder`.
fn replayed(folder: &Path, log: &str, policy: &str) -> Value {
    let [log_path, policy_path] = ["log.jsonl", "policy.toml"].map(|name| folder.join(name));
    fs::write(&log_path, log.trim_start()).unwrap();
    fs::write(&policy_path, policy).unwrap();
    let [log, policy] = [log_path, policy_path].map(|path| path.display().to_string());
    let output = foldem(&["replay", &log, "--policy", &policy, "--format", "json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

fn replay(log: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    replayed(folder.path(), log, POLICY)
}

fn arm<'v>(result: &'v Value, number: usize, name: &str) -> &'v Value {
    &result["early_exit"]["arms"][number][name]
}

fn mean(figure: &Value) -> f64 {
    figure["mean"].as_f64().unwrap_or(f64::NAN)
}

#[test]
fn the_arms_are_those_by_hand() {
    let result = replay(LOG);
    let expected = [
        // Means per attempt; a checkpoint costs half a token at 4 and at 8 tokens.
        ("tokens", [10.0, 8.5, 8.4, 7.7]),
        ("savings", [0.0, 0.15, 0.16, 0.23]),
        ("delivered_rate", [1.0, 0.2, 1.0, 0.4]),
        ("exited_rate", [0.0, 0.0, 0.6, 0.4]),
        ("retained_rate", [0.6, 0.2, 0.4, 0.2]),
        ("purity", [0.6, 1.0, 0.4, 0.5]),
        ("false_rejection_rate", [0.0, 2.0 / 3.0, 0.0, 0.5]),
        ("tokens_per_retained", [50.0 / 3.0, 42.5, 21.0, 38.5]),
    ];
    for (name, values) in expected {
        for (number, value) in values.into_iter().enumerate() {
            let found = mean(arm(&result, number, name));
            assert!(
                (found - value).abs() < 1e-9,
                "{name}, arm {number}: {found} {value}"
            );
        }
    }
    assert!(
        arm(&result, 0, "utility_retained")["mean"].is_null(),
        "a log does not tell"
    );
    let composition = &result["early_exit"]["composition"];
    assert_relative_eq!(mean(&composition["lost_by_exit"]), 0.2, epsilon = 1e-12);
    assert_relative_eq!(mean(&composition["gained_by_exit"]), 0.0, epsilon = 1e-12);
    let left = mean(&composition["exit_of_what_rejection_leaves"]);
    assert_relative_eq!(left, 1.0 - 7.7 / 8.5, max_relative = 1e-9);
    // The other figures stay those of rejection alone.
    assert_relative_eq!(
        mean(&result["estimates"]["savings"]),
        0.15,
        max_relative = 1e-9
    );
}

/// A log that tells nothing of early exit has no such section, and a result without the key.
#[test]
fn nothing_is_said_where_nothing_is_told() {
    let lines = LOG
        .lines()
        .map(|line| match line.split_once(",\"attributes\"") {
            Some((record, _)) => format!("{record}}}\n"),
            None => String::new(),
        });
    let without: String = lines.collect();
    let result = replay(&without);
    assert!(result.get("early_exit").is_none());
    // All else is the same: exits sort no generations into strata.
    let mut with = replay(LOG);
    with.as_object_mut().unwrap().remove("early_exit");
    for key in ["estimates", "strata", "baselines", "validators"] {
        assert_eq!(with[key], result[key], "{key}");
    }
}

#[test]
fn what_cannot_be_read_is_told_and_not_guessed() {
    for (good, bad) in [
        ("\"early_exit_tokens\":6", "\"early_exit_tokens\":\"six\""),
        ("\"early_exit_tokens\":6", "\"early_exit_tokens\":-6"),
        (
            "\"early_exit_accepted\":false",
            "\"early_exit_accepted\":\"no\"",
        ),
        (
            "\"early_exit_answer_tokens\":1",
            "\"early_exit_answer_tokens\":1.5",
        ),
    ] {
        let result = replay(&LOG.replace(good, bad));
        assert!(result.get("early_exit").is_none(), "{bad}");
        let warnings = result["warnings"].to_string();
        assert!(
            warnings.contains("nothing is said of early exit"),
            "{bad}: {warnings}"
        );
    }
}

/// Tokens are known of all, verdicts only of those whose early answer is.
#[test]
fn an_early_answer_without_a_verdict_is_left_out_of_what_needs_it() {
    let result = replay(&LOG.replace(",\"early_exit_accepted\":false", ""));
    assert_relative_eq!(mean(arm(&result, 2, "tokens")), 8.4, max_relative = 1e-9);
    // Without c: a, b, d, e.
    assert_relative_eq!(
        mean(arm(&result, 2, "retained_rate")),
        0.5,
        max_relative = 1e-9
    );
    assert_relative_eq!(
        mean(arm(&result, 0, "retained_rate")),
        0.5,
        max_relative = 1e-9
    );
    assert!(
        result["warnings"]
            .to_string()
            .contains("rests on the other 4")
    );
    let unlabelled = LOG
        .replace(",\"accepted\":true", "")
        .replace(",\"accepted\":false", "");
    let warnings = replay(&unlabelled)["warnings"].to_string();
    assert!(
        warnings.contains("5 of 5 records do not tell both")
            && warnings.contains("does to acceptance cannot be known"),
        "{warnings}"
    );
}

/// One early answer without end, and arms without early exit are what they are.
#[test]
fn what_an_arm_does_not_pay_does_not_coarsen_it() {
    let usual = replay(LOG);
    let long = "\"early_exit_answer_tokens\":1000000000000";
    let result = replay(&LOG.replace("\"early_exit_answer_tokens\":2", long));
    for number in [0, 1] {
        assert_relative_eq!(
            mean(arm(&result, number, "tokens")),
            mean(arm(&usual, number, "tokens")),
            max_relative = 1e-9
        );
    }
    assert_relative_eq!(
        mean(arm(&result, 2, "savings")),
        1.0 - 2e11 / 10.0,
        max_relative = 1e-6
    );
}

/// Intervals are over prompts: each generation five times, as generations of its prompt, tells no more. As
/// prompts of their own they would.
#[test]
fn copies_within_a_prompt_tell_nothing_new() {
    let copies = |own_prompts: bool| -> String {
        let mut log = String::new();
        for copy in 0..5 {
            for (line, prompt) in LOG.lines().filter(|line| !line.is_empty()).zip('1'..) {
                let line = line.replacen("\"id\":\"", &format!("\"id\":\"{copy}"), 1);
                let own = format!("\"prompt_id\":\"{prompt}-{copy}\"");
                let shared = format!("\"prompt_id\":{prompt}");
                log.push_str(&if own_prompts {
                    line.replacen(&shared, &own, 1)
                } else {
                    line
                });
                log.push('\n');
            }
        }
        log
    };
    let stderr = |result: &Value, name: &str| {
        let figure = &result["early_exit"]["composition"][name];
        figure["stderr"].as_f64().unwrap()
    };
    let [once, again, apart] =
        [LOG.to_owned(), copies(false), copies(true)].map(|log| replay(&log));
    for name in ["exit_of_what_rejection_leaves", "overlap_points"] {
        let [once, again, apart] = [&once, &again, &apart].map(|result| stderr(result, name));
        assert_relative_eq!(once, again, max_relative = 1e-6);
        assert!(apart < 0.6 * once, "{name}: {apart} {once}");
    }
}

/// The log of a simulation, replayed under a policy that never rejects, has the exits of the simulation.
#[test]
fn a_drawn_log_tells_its_exits() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("drawn.jsonl").display().to_string();
    let output = foldem(&[
        "simulate",
        "experiments/early-exit/probes.toml",
        "--attempts",
        "2000",
        "--per-prompt",
        "4",
        "--write-log",
        &log,
        "--format",
        "json",
    ]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let simulated: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let records = fs::read_to_string(&log).unwrap();
    let replayed = replayed(
        folder.path(),
        &records,
        &POLICY.replace("cost_tokens = 0.5", ""),
    );
    for (number, name) in [
        (0, "retained_rate"),
        (2, "exited_rate"),
        (2, "retained_rate"),
        (2, "purity"),
    ] {
        let [a, b] = [&simulated, &replayed].map(|result| arm(result, number, name));
        assert_relative_eq!(mean(a), mean(b), max_relative = 1e-12);
        let [a, b] = [a, b].map(|figure| figure["stderr"].as_f64().unwrap());
        assert_relative_eq!(a, b, max_relative = 1e-6);
    }
    // What looking costs is not in a log: half a token for each of at most three probes.
    let gap = mean(arm(&simulated, 2, "tokens")) - mean(arm(&replayed, 2, "tokens"));
    assert!((0.5..1.5).contains(&gap), "{gap}");
}
