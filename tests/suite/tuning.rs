//! `foldem tune` end to end: what it certifies, what it refuses to, and that its figures are those of
//! replay.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::candidates::Numbers;
use super::cli::{code, foldem, stderr, stdout};

/// Candidates that look for a letter each. `x` stands in bad solutions, `y` in hard ones, `z` anywhere.
const CANDIDATES: &str = r#"
schema = "foldem.policy/1"
name = "letters"
[[validator]]
name = "x"
rule = "literal"
patterns = ["x"]
[[validator]]
name = "y"
rule = "literal"
patterns = ["y"]
[[validator]]
name = "z"
rule = "literal"
patterns = ["z"]
[[checkpoint]]
at = { expected_fraction = 0.3 }
validators = ["x", "y", "z"]
[[checkpoint]]
at = { every_tokens = 10 }
validators = ["x", "y", "z"]
[[checkpoint]]
at = "solution"
validators = ["x", "y"]
"#;

pub(crate) struct Setting {
    folder: tempfile::TempDir,
}

impl Setting {
    pub(crate) fn new(log: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("log.jsonl"), log).unwrap();
        fs::write(folder.path().join("candidates.toml"), CANDIDATES).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn name(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub(crate) fn tune(&self, arguments: &[&str]) -> std::process::Output {
        let (log, candidates) = (self.name("log.jsonl"), self.name("candidates.toml"));
        let mut all = vec![
            "tune",
            &log,
            "--candidates",
            &candidates,
            "--format",
            "json",
        ];
        all.extend(arguments);
        foldem(&all)
    }

    pub(crate) fn found(&self, arguments: &[&str]) -> Value {
        let output = self.tune(arguments);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        serde_json::from_str(&stdout(&output)).unwrap()
    }
}

/// `per_prompt` generations of each of `prompts` prompts, 100 letters each or a few more; `verdict` of a good
/// or bad one is what is written.
pub(crate) fn log(prompts: u64, per_prompt: u64, verdict: impl Fn(bool) -> Option<bool>) -> String {
    let mut numbers = Numbers(3);
    let mut log = String::new();
    for i in 0..prompts * per_prompt {
        let good = numbers.below(10) < 6;
        let hard = numbers.below(20) == 0;
        let length = 80 + numbers.below(40);
        let mut text = vec![b'.'; usize::try_from(length).unwrap()];
        let mut put = |letter: u8, numbers: &mut Numbers| {
            let at = usize::try_from(numbers.below(length)).unwrap();
            text[at] = letter;
        };
        if !good && numbers.below(10) < 7 {
            put(b'x', &mut numbers);
        }
        if hard || (!good && numbers.below(2) == 0) {
            put(b'y', &mut numbers);
        }
        if numbers.below(8) == 0 {
            put(b'z', &mut numbers);
        }
        let line = json!({"id": i, "prompt_id": (i / per_prompt).to_string(), "model": "m",
            "benchmark": "b", "solution": String::from_utf8(text).unwrap(),
            "solution_tokens": length, "correct": verdict(good),
            "attributes": {"hard": if hard { "yes" } else { "no" }}});
        let _ = writeln!(log, "{line}");
    }
    log
}

fn names(value: &Value) -> Vec<&str> {
    let list = value.as_array().unwrap();
    list.iter().map(|v| v["name"].as_str().unwrap()).collect()
}

/// Rule x finds bad solutions and nothing else, so it is chosen; the figures are those that replay prints of the
/// reporting part, and any number of threads gives the same bytes.
#[test]
fn a_certified_policy_replays_to_the_figures_printed() {
    let setting = Setting::new(&log(1500, 1, Some));
    let (policy, part) = (setting.name("policy.toml"), setting.name("part.parquet"));
    let limits = ["--max-frr", "0.02", "--confidence", "0.9"];
    let found = setting.found(&[&limits[..], &["-o", &policy, "--save-reporting", &part]].concat());
    assert_eq!(found["certified"], true, "{found:#}");
    assert_eq!(found["test"], "binomial");
    assert_eq!(names(&found["policy"]["validator"]), ["x"]);
    assert!(found["p_value"].as_f64().unwrap() <= 0.1);
    assert!(found["frr_bound"].as_f64().unwrap() <= 0.02);
    assert!(found["cost_ratio"].as_f64().unwrap() < found["null_cost_ratio"].as_f64().unwrap());
    assert_eq!(found["exhaustive"], true);
    assert_eq!(found["examined"], 7 * 7);
    assert_eq!(found["prompts"], 750);

    let text = fs::read_to_string(&policy).unwrap();
    for said in [
        "Certificate",
        "SHA-256",
        "seed 42",
        "delta",
        "p_value",
        "expected_tokens.\"m\"",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert_eq!(code(&foldem(&["check", &policy])), 0);
    let replayed = foldem(&[
        "replay", "--table", &part, "--policy", &policy, "--format", "json",
    ]);
    let replayed: Value = serde_json::from_str(&stdout(&replayed)).unwrap();
    assert_eq!(replayed["estimates"], found["reporting"]["estimates"]);
    assert_eq!(replayed["baselines"], found["reporting"]["baselines"]);
    for (short, name) in [("frr", "false_rejection_rate"), ("savings", "savings")] {
        assert_eq!(found[short], replayed["estimates"][name]["mean"]);
    }
    let log = setting.name("log.jsonl");
    let whole = foldem(&["replay", &log, "--policy", &policy, "--format", "json"]);
    let whole: Value = serde_json::from_str(&stdout(&whole)).unwrap();
    let flattered = &found["whole_log"]["estimates"];
    for name in ["savings", "false_rejection_rate", "cost_ratio"] {
        assert_eq!(flattered[name], whole["estimates"][name], "{name}");
    }

    let outputs = ["1", "3"]
        .map(|threads| stdout(&setting.tune(&[&limits[..], &["--threads", threads]].concat())));
    assert_eq!(outputs[0], outputs[1]);
    let table = setting.name("table.parquet");
    let candidates = setting.name("candidates.toml");
    let saved = [
        "replay",
        &log,
        "--policy",
        &candidates,
        "--save-table",
        &table,
    ];
    assert_eq!(code(&foldem(&saved)), 0);
    let mut by_table = vec!["tune", "--table", &table, "--candidates", &candidates];
    by_table.extend(limits.iter().chain(&["--format", "json"]));
    assert_eq!(
        stdout(&foldem(&by_table)),
        outputs[0],
        "nothing is lost in a table"
    );
}

/// A rule that finds nothing bad pays for nobody: y and z alone never beat full generation by much, and a limit
/// that no calibration part of this size can show is not certified.
#[test]
fn what_cannot_be_shown_is_not_certified() {
    let setting = Setting::new(&log(200, 1, Some));
    let policy = setting.name("policy.toml");
    let found = setting.found(&["--max-frr", "0.01", "-o", &policy]);
    assert_eq!(found["certified"], false);
    assert_eq!(found["policy"], Value::Null);
    assert_eq!(found["frr"], Value::Null);
    let reason = found["reason"].as_str().unwrap();
    assert!(
        reason.contains("even without a single false rejection"),
        "{reason}"
    );
    // ln 0.05/ln 0.99 = 298.07, of which 60 % are accepted.
    let needed = found["more_data"][0]["calibration_prompts"]
        .as_u64()
        .unwrap();
    assert!((450..650).contains(&needed), "{needed}");
    assert!(!setting.path("policy.toml").exists());
}

#[test]
fn logs_that_nothing_can_be_learnt_from_are_explained() {
    type Verdict = fn(bool) -> Option<bool>;
    let cases: [(u64, Verdict, &str); 4] = [
        (300, |_| None, "no record has a verdict"),
        (
            300,
            |_| Some(true),
            "every record with a verdict is accepted",
        ),
        (300, |_| Some(false), "no record is accepted"),
        (3, Some, "too few prompts"),
    ];
    for (prompts, verdict, said) in cases {
        let setting = Setting::new(&log(prompts, 1, verdict));
        let policy = setting.name("policy.toml");
        let found = setting.found(&["--max-frr", "0.05", "-o", &policy]);
        assert_eq!(found["certified"], false, "{said}");
        let reason = found["reason"].as_str().unwrap();
        assert!(reason.contains(said), "{said}: {reason}");
        assert!(!setting.path("policy.toml").exists());
    }
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let setting = Setting::new(&log(30, 2, Some));
    let log = setting.name("log.jsonl");
    let cases: [(&[&str], i32, &str); 9] = [
        (&["--max-frr", "0"], 2, "between 0 and 1"),
        (&["--max-frr", "1.5"], 2, "between 0 and 1"),
        (
            &["--max-frr", "0.05", "--test", "binomial"],
            2,
            "one generation per prompt",
        ),
        (
            &["--max-frr", "0.05", "--stratum", "hard"],
            2,
            "--max-stratum-frr",
        ),
        (
            &[
                "--max-frr",
                "0.05",
                "--stratum",
                "hrad",
                "--max-stratum-frr",
                "0.1",
            ],
            2,
            "with 2 to 20 values; it has `hard`",
        ),
        (
            &["--max-frr", "0.05", "--split", "1,0,1"],
            2,
            "three numbers above 0",
        ),
        (
            &["--max-frr", "0.05", "--objective", "value"],
            2,
            "--token-price",
        ),
        (&["--max-frr", "0.05", "-o", &log], 2, "is an input"),
        (
            &["--max-frr", "0.05", "--save-reporting", "part.csv"],
            2,
            "let its name end in .parquet",
        ),
    ];
    for (arguments, exit, said) in cases {
        let output = setting.tune(arguments);
        assert_eq!(code(&output), exit, "{arguments:?}: {}", stderr(&output));
        assert!(
            stderr(&output).contains(said),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert_eq!(stdout(&output), "");
    }
    let ahead = CANDIDATES.replace(
        "{ expected_fraction = 0.3 }",
        "{ final_fraction_lookahead = 0.3 }",
    );
    fs::write(setting.path("candidates.toml"), ahead).unwrap();
    let output = setting.tune(&["--max-frr", "0.05"]);
    assert_eq!(code(&output), 3);
    assert!(
        stderr(&output).contains("looks into the future"),
        "{}",
        stderr(&output)
    );
}

/// With generations of a prompt that go together the test is by prompt; the naive rate of any subgroup counts, too.
#[test]
fn limits_of_strata_and_judges_are_claims_of_their_own() {
    let setting = Setting::new(&log(1500, 2, Some));
    let plain = setting.found(&["--max-frr", "0.05"]);
    assert_eq!(
        (&plain["test"], &plain["certified"]),
        (&json!("betting"), &json!(true))
    );
    let strata = ["--stratum", "hard", "--max-stratum-frr", "0.2"];
    let found = setting.found(&[&["--max-frr", "0.05"], &strata[..]].concat());
    assert_eq!(found["certified"], true, "{found:#}");
    let claims = names(&found["claims"]);
    assert_eq!(
        claims,
        [
            "false rejection rate",
            "false rejection rate where hard is no",
            "false rejection rate where hard is yes"
        ]
    );
    // The p-value of the policy is that of its weakest claim.
    let p = |claim: &Value| claim["p_value"].as_f64().unwrap();
    let weakest = found["claims"]
        .as_array()
        .unwrap()
        .iter()
        .map(p)
        .fold(0.0, f64::max);
    assert_eq!(found["p_value"].as_f64(), Some(weakest));
    // y falsely rejects half of the hard ones: it cannot be there.
    assert!(!names(&found["policy"]["validator"]).contains(&"y"));

    let perfect = ["--judge-sensitivity", "1", "--judge-specificity", "1"];
    let by_perfect = setting.found(&[&["--max-frr", "0.05"], &perfect[..]].concat());
    let bound = |found: &Value| found["frr_bound"].as_f64().unwrap();
    assert!((bound(&by_perfect) - bound(&plain)).abs() < 1e-5);
    let doubtful = ["--judge-sensitivity", "0.95", "--judge-specificity", "0.99"];
    let by_doubtful = setting.found(&[&["--max-frr", "0.05"], &doubtful[..]].concat());
    if by_doubtful["certified"] == true {
        assert!(bound(&by_doubtful) <= 0.05);
    }
}

/// The objective and the limits on what is retained change the choice as they should.
#[test]
fn objectives_and_limits_are_kept_on_the_tuning_part() {
    let setting = Setting::new(&log(1500, 1, Some));
    let cheapest = setting.found(&["--max-frr", "0.2"]);
    let thriftiest = setting.found(&["--max-frr", "0.2", "--objective", "savings"]);
    let of = |found: &Value, name: &str| {
        let chosen = usize::try_from(found["chosen"].as_u64().unwrap()).unwrap();
        found["front"][chosen][name].as_f64().unwrap()
    };
    assert!(of(&thriftiest, "savings") >= of(&cheapest, "savings"));
    assert!(of(&thriftiest, "cost_ratio") >= of(&cheapest, "cost_ratio"));
    let prices = ["--token-price", "0.001", "--sample-value", "100"];
    let dear =
        setting.found(&[&["--max-frr", "0.2", "--objective", "value"], &prices[..]].concat());
    // Where samples are worth far more than tokens nothing good may be lost.
    assert!(of(&dear, "false_rejection_rate") <= of(&cheapest, "false_rejection_rate"));
    let limited = setting.found(&["--max-frr", "0.2", "--shift", "hard", "--max-shift", "0.04"]);
    assert_eq!(limited["claims"][1]["limit"], 0.04);
}
