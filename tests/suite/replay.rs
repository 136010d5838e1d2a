//! Replay against figures computed by hand: positions, tokens, labels, groups.

use std::fs;
use std::path::PathBuf;

use approx::assert_relative_eq;
use serde_json::{Value, json};

use super::cli::{foldem, stderr, stdout};

/// Three generations. The first has ten tokens of two bytes each and BAD in its fifth; the second
/// twenty whose ends are not told; of the third nothing is told, so it has 48 / 4 = 12 tokens,
/// and BAD in the last.
fn three_records() -> String {
    let ends: Vec<usize> = (1..=10).map(|t| 2 * t).collect();
    let lines = [
        json!({"id": 1, "prompt_id": "p", "model": "m", "benchmark": "b", "problem": "What is 1 + 1?",
               "problem_tokens": 6, "solution": "aaaaaaBADaaaaaaaaaaa", "solution_tokens": 10,
               "token_ends": ends, "correct": false}),
        json!({"id": 2, "prompt_id": "q", "model": "m", "benchmark": "b", "problem": "What?",
               "problem_tokens": 2, "solution": "b".repeat(40), "solution_tokens": 20,
               "correct": true}),
        json!({"id": 3, "prompt_id": "q", "model": "m", "benchmark": "b", "problem": "What?",
               "problem_tokens": 2, "solution": "c".repeat(45) + "BAD", "correct": true}),
    ];
    lines.map(|line| line.to_string() + "\n").concat()
}

struct Setting {
    folder: tempfile::TempDir,
}

impl Setting {
    fn new(log: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("log.jsonl"), log).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The result under a policy whose validator looks for BAD.
    fn replay(&self, checkpoints: &str, arguments: &[&str]) -> Value {
        let policy = format!(
            "schema = \"foldem.policy/1\"\nname = \"test\"\n[[validator]]\nname = \"bad\"\n\
             rule = \"literal\"\npatterns = [\"BAD\"]\n{checkpoints}"
        );
        fs::write(self.path("policy.toml"), policy).unwrap();
        let (log, policy) = (self.path("log.jsonl"), self.path("policy.toml"));
        let mut all = vec![
            "replay",
            log.to_str().unwrap(),
            "--policy",
            policy.to_str().unwrap(),
        ];
        all.extend(["--format", "json"]);
        all.extend(arguments);
        let output = foldem(&all);
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_str(&stdout(&output)).unwrap()
    }
}

fn mean(result: &Value, name: &str) -> f64 {
    result["estimates"][name]["mean"]
        .as_f64()
        .unwrap_or(f64::NAN)
}

fn checkpoint(at: &str) -> String {
    format!("[[checkpoint]]\nat = {at}\nvalidators = [\"bad\"]\ncost_tokens = 0.5\n")
}

/// By hand: where each of the three is rejected, how often a checkpoint charges, what a coin with
/// the same rates saves.
#[test]
fn three_records_by_hand() {
    // at; tokens saved by policy; checks; q; Σ q_k E[max(0, n − p_k)]; FRR; detection
    let third = 1.0 / 3.0;
    let cases = [
        // The first is rejected at 5 < 10 and saves 5; all three are checked; the coin saves
        // (5 + 15 + 7)/3 at 5.
        ("{ tokens = 5 }", 5.0, 3.0, third, third * 9.0, 0.0, 1.0),
        // BAD is complete with the fifth token, not before.
        ("{ tokens = 4 }", 0.0, 3.0, 0.0, 0.0, 0.0, 0.0),
        // Nothing is consulted at the end or behind it: 10 is not below 10, 12 not below 12.
        ("{ tokens = 10 }", 0.0, 2.0, 0.0, 0.0, 0.0, 0.0),
        ("{ tokens = 12 }", 0.0, 1.0, 0.0, 0.0, 0.0, 0.0),
        // At 8, after checks at 4 and 8; the second is checked at 4, 8, 12, 16, the third at 4, 8.
        // The coin strikes at 8: (2 + 12 + 4)/3.
        (
            "{ every_tokens = 4 }",
            2.0,
            8.0,
            third,
            third * 6.0,
            0.0,
            1.0,
        ),
        // E is (20 + 12)/2 for the first, 10 for the others: p = 8, 5, 5; the coin saves
        // (2 + 15 + 7)/3.
        (
            "{ expected_fraction = 0.5 }",
            2.0,
            3.0,
            third,
            third * 8.0,
            0.0,
            1.0,
        ),
        // round(0.3 · 16) = 5, round(0.3 · 10) = 3.
        (
            "{ expected_fraction = 0.3 }",
            5.0,
            3.0,
            third,
            third * (5.0 + 17.0 + 9.0) / 3.0,
            0.0,
            1.0,
        ),
        // max(1, round(0.01 · 16)) = 1.
        ("{ expected_fraction = 0.01 }", 0.0, 3.0, 0.0, 0.0, 0.0, 0.0),
        // Half of its own length: 5, 10, 6.
        (
            "{ final_fraction_lookahead = 0.5 }",
            5.0,
            3.0,
            third,
            third * 7.0,
            0.0,
            1.0,
        ),
        // At the complete solution nothing is saved and the third is rejected, too.
        ("\"solution\"", 0.0, 3.0, 2.0 * third, 0.0, 0.5, 1.0),
        // Problems were given.
        ("\"problem\"", 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    ];
    let setting = Setting::new(&three_records());
    for (at, saved, checks, q, coin, f, d) in cases {
        let result = setting.replay(&checkpoint(at), &[]);
        let paid = 42.0 - saved + 0.5 * checks;
        let expect = |name: &str, value: f64| {
            let found = mean(&result, name);
            assert!(
                (found - value).abs() < 1e-12,
                "{at} {name}: {found} is not {value}"
            );
        };
        expect("tokens_full", 14.0);
        expect("tokens_paid", paid / 3.0);
        expect("savings", 1.0 - paid / 42.0);
        expect("rejection_rate", q);
        expect("null_savings", coin / 14.0);
        expect("null_cost_ratio", (1.0 - coin / 14.0) / (1.0 - q));
        expect("savings_bound", (coin - 0.5 * checks / 3.0) / 14.0);
        expect("false_rejection_rate", f);
        expect("detection_rate", d);
        expect("accepted_rate", 2.0 / 3.0);
        expect("retained_rate", 2.0 / 3.0 * (1.0 - f));
        expect("cost_ratio", paid / 42.0 / (1.0 - f));
        let stage = &result["rejections_by_stage"][0];
        if at == "\"problem\"" {
            assert_eq!(stage["at"], json!("problem"));
            assert_eq!(stage["mean"], Value::Null, "not applicable");
        } else {
            assert!((stage["mean"].as_f64().unwrap() - q).abs() < 1e-12, "{at}");
        }
    }
}

#[test]
fn checkpoints_are_taken_in_order_of_their_tokens() {
    let setting = Setting::new(&three_records());
    let all = [
        "\"solution\"",
        "{ tokens = 9 }",
        "{ every_tokens = 4 }",
        "{ tokens = 8 }",
    ];
    let result = setting.replay(&all.map(checkpoint).concat(), &[]);
    // The first is rejected at 8 by the checkpoint that the policy names first for that place; the
    // third at the end.
    let rates: Vec<f64> = (0..4)
        .map(|c| result["rejections_by_stage"][c]["mean"].as_f64().unwrap())
        .collect();
    for (rate, expected) in rates.iter().zip([1.0 / 3.0, 0.0, 1.0 / 3.0, 0.0]) {
        assert_relative_eq!(*rate, expected, epsilon = 1e-12);
    }
    assert_eq!(result["rejections_by_stage"][1]["at"], json!({"tokens": 9}));
    // Checks: the first at 4 and 8; the second at 4, 8, 12, 16 and 8 and 9 and the end; the third at
    // 4, 8, 8, 9 and the end.
    let paid = 42.0 - 2.0 + 0.5 * (2.0 + 7.0 + 5.0);
    assert_relative_eq!(mean(&result, "tokens_paid"), paid / 3.0, epsilon = 1e-12);
}

#[test]
fn generated_problems_are_paid_and_checked() {
    let setting = Setting::new(&three_records());
    let policy = "[[validator]]\nname = \"posed\"\nrule = \"well-posed\"\nmin_words = 2\n\
                  [[checkpoint]]\nat = \"problem\"\nvalidators = [\"posed\"]\n";
    let result = setting.replay(policy, &["--problem", "generated"]);
    // "What?" has one word: the second and the third stop after their problems' 2 tokens.
    assert_relative_eq!(
        mean(&result, "tokens_full"),
        (16.0 + 22.0 + 14.0) / 3.0,
        epsilon = 1e-12
    );
    assert_relative_eq!(
        mean(&result, "tokens_paid"),
        (16.0 + 2.0 + 2.0) / 3.0,
        epsilon = 1e-12
    );
    assert_relative_eq!(mean(&result, "false_rejection_rate"), 1.0, epsilon = 1e-12);
    // The coin that strikes after the problem saves the whole solution.
    assert_relative_eq!(
        mean(&result, "null_savings"),
        2.0 / 3.0 * 14.0 / (52.0 / 3.0),
        epsilon = 1e-12
    );
    assert_eq!(result["estimates"]["cost_ratio"]["mean"], Value::Null);
}

#[test]
fn records_without_a_verdict_count_where_none_is_needed() {
    let log = three_records().replacen("\"correct\":true", "\"correct\":null", 1);
    let setting = Setting::new(&log);
    let result = setting.replay(&checkpoint("\"solution\""), &[]);
    assert_relative_eq!(mean(&result, "rejection_rate"), 2.0 / 3.0, epsilon = 1e-12);
    // Of the two that have one, both are rejected: the first rightly, the third wrongly.
    assert_relative_eq!(mean(&result, "accepted_rate"), 0.5, epsilon = 1e-12);
    assert_relative_eq!(mean(&result, "false_rejection_rate"), 1.0, epsilon = 1e-12);
    assert_relative_eq!(mean(&result, "utility_mean"), 0.5, epsilon = 1e-12);
    let stage = &result["rejections_by_stage"][0];
    assert_eq!(
        stage["rejected"],
        json!({"accepted": 1, "refused": 1, "unknown": 0})
    );
    assert_eq!(
        result["surviving"],
        json!({"accepted": 0, "refused": 0, "unknown": 1})
    );
    // Of those two one more is rejected than accepted; the coin's figures are about them as well.
    let labelled: String = log
        .lines()
        .filter(|line| !line.contains("null"))
        .map(|line| line.to_owned() + "\n")
        .collect();
    let alone = Setting::new(&labelled.replace("correct", "accepted"));
    let checkpoints = checkpoint("{ tokens = 5 }");
    let (alone, all) = (
        alone.replay(&checkpoints, &[]),
        setting.replay(&checkpoints, &[]),
    );
    for result in [&alone, &all] {
        // Paid 5 of 10 and 12 of 12 and a check each; the coin at rate 1/2 saves (5 + 7)/2 of 11.
        let beyond = (17.0 + 1.0) / 22.0 - (1.0 - 0.5 * 6.0 / 11.0) / 0.5;
        assert_relative_eq!(
            result["cost_beyond_coin"]["mean"].as_f64().unwrap(),
            beyond,
            epsilon = 1e-12
        );
    }
    let warned = |result: &Value, words: &str| result["warnings"].to_string().contains(words);
    assert!(warned(&result, "1 of 3 records have no verdict"));

    let none = log
        .replace("\"correct\":true", "\"correct\":null")
        .replace("\"correct\":false", "\"accepted\":null");
    let result = Setting::new(&none).replay(&checkpoint("{ tokens = 5 }"), &[]);
    assert!(mean(&result, "savings") > 0.0);
    for name in [
        "false_rejection_rate",
        "detection_rate",
        "cost_ratio",
        "purity_after",
        "utility_mean",
        "retained_bias",
    ] {
        assert_eq!(
            result["estimates"][name],
            json!({"mean": null, "stderr": null, "ci": null}),
            "{name}"
        );
    }
    assert!(warned(&result, "no record has a verdict") && warned(&result, "cannot be known"));
}

#[test]
fn a_single_prompt_gives_no_expected_length_but_the_policy_may() {
    let log = three_records().replace("\"prompt_id\":\"p\"", "\"prompt_id\":\"q\"");
    let setting = Setting::new(&log);
    let at = checkpoint("{ expected_fraction = 0.5 }");
    let result = setting.replay(&format!("{at}[expected_tokens.m]\nb = 11\n"), &[]);
    // round(5.5) = 6 for all.
    assert_relative_eq!(
        mean(&result, "savings"),
        (4.0 - 1.5) / 42.0,
        epsilon = 1e-12
    );
    let policy = setting.path("policy.toml");
    let text = fs::read_to_string(&policy)
        .unwrap()
        .replace("[expected_tokens.m]\nb = 11\n", "");
    fs::write(&policy, &text).unwrap();
    let log = setting.path("log.jsonl");
    let output = foldem(&[
        "replay",
        log.to_str().unwrap(),
        "--policy",
        policy.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stderr(&output).contains("holds no prompt of this model and benchmark but that of record"),
        "{}",
        stderr(&output)
    );
    assert!(stderr(&output).contains("`[expected_tokens.\"m\"]` with `\"b\" = 300`"));
    assert!(output.stdout.is_empty());
    // What the message offers mends it.
    let offered = text + "[expected_tokens.\"m\"]\n\"b\" = 300\n";
    fs::write(&policy, offered).unwrap();
    let output = foldem(&[
        "replay",
        log.to_str().unwrap(),
        "--policy",
        policy.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn groups_and_outcomes_tell_one_by_one() {
    let log = three_records().replacen("\"model\":\"m\"", "\"model\":\"other\"", 1);
    let setting = Setting::new(&log);
    let file = setting.path("outcomes.jsonl.zst");
    let arguments = ["--outcomes", file.to_str().unwrap()];
    let result = setting.replay(&checkpoint("{ every_tokens = 4 }"), &arguments);
    let groups = result["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 2);
    assert_eq!(
        (&groups[0]["model"], &groups[0]["records"]),
        (&json!("m"), &json!(2))
    );
    assert_relative_eq!(
        groups[1]["estimates"]["savings"]["mean"].as_f64().unwrap(),
        (2.0 - 1.0) / 10.0,
        epsilon = 1e-12
    );
    assert_eq!(
        (&result["records"], &result["prompts"]),
        (&json!(3), &json!(2))
    );
    let written = zstd::decode_all(fs::File::open(&file).unwrap()).unwrap();
    let lines: Vec<Value> = String::from_utf8(written)
        .unwrap()
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(
        lines[0],
        json!({"id": "1", "model": "other", "benchmark": "b", "tokens_full": 10,
               "tokens_paid": 9.0, "rejected_at": 8, "checkpoint": {"every_tokens": 4},
               "accepted": false, "first_alarms": {"bad": 5}})
    );
    assert_eq!(lines[2]["rejected_at"], Value::Null);
    assert_eq!(lines[2]["first_alarms"], json!({"bad": 12}));
}

/// One of three labels is "refused"; a judge that refuses a tenth of what is good and all that is
/// bad accepts 2/3 where 20/27 are good.
#[test]
fn labels_are_corrected_if_the_quality_of_the_judge_is_given() {
    let setting = Setting::new(&three_records());
    let arguments = ["--judge-sensitivity", "0.9", "--judge-specificity", "1"];
    let result = setting.replay(&checkpoint("{ tokens = 5 }"), &arguments);
    let noise = &result["label_noise"];
    assert_eq!(noise["sensitivity"], json!(0.9));
    let accepted = &noise["figures"]["accepted_rate"];
    for (value, expected) in [
        (&accepted["reported"]["mean"], 2.0 / 3.0),
        (&accepted["corrected"]["mean"], 20.0 / 27.0),
        (&accepted["bounds"]["lo"], 20.0 / 27.0),
        // N = 2/27 of what is called refused, a third that is all rejected, is good.
        (
            &noise["figures"]["false_rejection_rate"]["bounds"]["hi"],
            0.1,
        ),
    ] {
        assert_relative_eq!(value.as_f64().unwrap(), expected, epsilon = 1e-9);
    }
    assert_eq!(setting.replay("", &[])["label_noise"], Value::Null);
    let (log, policy) = (setting.path("log.jsonl"), setting.path("policy.toml"));
    let start = [
        "replay",
        log.to_str().unwrap(),
        "--policy",
        policy.to_str().unwrap(),
    ];
    for (arguments, words) in [
        (&arguments[..2], "--judge-specificity"),
        (
            &["--judge-sensitivity", "0.5", "--judge-specificity", "0.5"][..],
            "more than 1",
        ),
        (
            &["--judge-sensitivity", "1.5", "--judge-specificity", "0.5"][..],
            "[0, 1]",
        ),
    ] {
        let output = foldem(&[&start[..], arguments].concat());
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
}
