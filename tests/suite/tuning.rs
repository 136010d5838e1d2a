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

struct Setting {
    folder: tempfile::TempDir,
}

impl Setting {
    fn new(log: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("log.jsonl"), log).unwrap();
        fs::write(folder.path().join("candidates.toml"), CANDIDATES).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn name(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn tune(&self, arguments: &[&str]) -> std::process::Output {
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

    fn found(&self, arguments: &[&str]) -> Value {
        let output = self.tune(arguments);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        serde_json::from_str(&stdout(&output)).unwrap()
    }
}

/// `per_prompt` generations of each of `prompts` prompts, 100 letters each or a few more; `verdict` of a good
/// or bad one is what is written.
fn log(prompts: u64, per_prompt: u64, verdict: impl Fn(bool) -> Option<bool>) -> String {
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

/// TV and bias are bounded by the rate over generations, the bias where the utility is known; other claims
/// follow the estimand.
#[test]
fn claims_by_f_are_about_the_f_that_bounds_them() {
    let setting = Setting::new(&log(1500, 2, Some));
    let limits = ["--shift", "hard", "--max-shift", "0.2", "--max-bias", "0.2"];
    let rate = ["--max-frr", "0.05", "--estimand", "prompt"];
    let found = setting.found(&[&rate[..], &limits[..]].concat());
    let claims = found["claims"].as_array().unwrap();
    let estimands: Vec<&str> = claims
        .iter()
        .map(|c| c["estimand"].as_str().unwrap())
        .collect();
    assert_eq!(estimands, ["prompt", "generation", "generation"]);
    let text = found["policy"]["description"].as_str().unwrap();
    assert!(text.contains("of a prompt"), "{text}");

    // Utility known of one accepted record in ten: the claim on the bias is about these.
    let mut n = 0;
    let valued: String = log(1500, 1, Some)
        .lines()
        .map(|line| {
            let mut record: Value = serde_json::from_str(line).unwrap();
            record["accepted"] = record["correct"].take();
            n += 1;
            if n % 10 == 0 {
                record["utility"] = json!(0.5);
            }
            record.to_string() + "\n"
        })
        .collect();
    let setting = Setting::new(&valued);
    let found = setting.found(&["--max-frr", "0.05", "--max-bias", "0.2"]);
    let good = |i: usize| found["claims"][i]["good"].as_u64().unwrap();
    assert!(good(1) * 5 < good(0) && good(1) > 0, "{found:#}");
}

#[test]
fn what_a_live_policy_has_touched_is_not_tuned_on() {
    let audited: String = log(1500, 1, Some)
        .lines()
        .enumerate()
        .map(|(i, line)| {
            let mut record: Value = serde_json::from_str(line).unwrap();
            if i % 20 == 0 {
                record["rejected_at"] = json!(10);
                record["pass_through"] = json!(0.25);
                record["finish_reason"] = json!("stop");
            }
            record.to_string() + "\n"
        })
        .collect();
    let found = Setting::new(&audited).found(&["--max-frr", "0.05"]);
    assert_eq!(found["certified"], false);
    let reason = found["reason"].as_str().unwrap();
    assert!(
        reason.contains("75 records were rejected by a live policy"),
        "{reason}"
    );
    let always = audited.replace("\"pass_through\":0.25", "\"pass_through\":1.0");
    let found = Setting::new(&always).found(&["--max-frr", "0.05"]);
    assert_eq!(
        found["certified"], true,
        "what is always completed is complete"
    );
}

/// What the certificate takes for granted is said in it: m, the judge, and who is a prompt.
#[test]
fn conditions_are_part_of_the_certificate() {
    let setting = Setting::new(&log(1500, 1, Some));
    let policy = setting.name("policy.toml");
    let judged = [
        "--judge-sensitivity",
        "0.99",
        "--judge-specificity",
        "0.999",
    ];
    let rest = ["--max-frr", "0.1", "--per-prompt", "3", "-o", &policy];
    let found = setting.found(&[&judged[..], &rest[..]].concat());
    assert_eq!(found["certified"], true, "{found:#}");
    assert_eq!(
        (&found["test"], &found["per_prompt"]),
        (&json!("betting"), &json!(3))
    );
    assert_eq!(found["judge"]["specificity"], 0.999);
    assert_ne!(found["reporting"]["label_noise"], Value::Null);
    let text = fs::read_to_string(&policy).unwrap();
    for said in [
        "at most 3 labelled generations",
        "0.99 for the good",
        "shares 0.3 : 0.5 : 0.2",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let two = Setting::new(&log(30, 2, Some));
    let output = two.tune(&["--max-frr", "0.1", "--per-prompt", "1"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("has 2 labelled generations"),
        "{}",
        stderr(&output)
    );

    let nameless = log(1500, 1, Some).replace("\"prompt_id\"", "\"prompt\"");
    let found = Setting::new(&nameless).found(&["--max-frr", "0.05"]);
    let warnings = found["warnings"].to_string();
    assert!(
        warnings.contains("1500 of 1500 records name no prompt_id"),
        "{warnings}"
    );
}

/// One model of two answers each prompt once: for it the exact test is valid, with a cap of its own.
#[test]
fn strata_have_caps_of_their_own() {
    let mut n = 0;
    let two_models: String = log(1500, 2, Some)
        .lines()
        .map(|line| {
            let mut record: Value = serde_json::from_str(line).unwrap();
            record["model"] = json!(["a", "b"][n % 2]);
            n += 1;
            record.to_string() + "\n"
        })
        .collect();
    let setting = Setting::new(&two_models);
    let strata = ["--stratum", "model", "--max-stratum-frr", "0.05"];
    let found = setting.found(&[&["--max-frr", "0.05"], &strata[..]].concat());
    let tests: Vec<&str> = found["claims"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["test"].as_str().unwrap())
        .collect();
    assert_eq!(tests, ["betting", "binomial", "binomial"]);
}

#[test]
fn what_is_not_written_is_said_and_what_is_written_can_be_read() {
    let setting = Setting::new(&log(1500, 1, |_| None));
    let (policy, part) = (setting.name("old.toml"), setting.name("part.parquet"));
    fs::write(&policy, "yesterday's").unwrap();
    let files = ["-o", &policy, "--save-reporting", &part, "--quiet"];
    let output = setting.tune(&[&["--max-frr", "0.05"], &files[..]].concat());
    assert_eq!(code(&output), 0);
    let said = stderr(&output);
    assert!(
        said.contains("old.toml was not written; what stands there is from before"),
        "{said}"
    );
    assert!(said.contains("part.parquet was not written"), "{said}");
    assert_eq!(fs::read_to_string(&policy).unwrap(), "yesterday's");

    let odd = log(1500, 1, Some).replace("\"model\":\"m\"", "\"model\":\"a\\\"b\\\\c\\nd.e\"");
    let setting = Setting::new(&odd);
    let (policy, part) = (setting.name("odd.toml"), setting.name("part.parquet"));
    let files = [
        "-o",
        &policy,
        "--save-reporting",
        &part,
        "--split",
        "1,1,1e-12",
    ];
    let found = setting.found(&[&["--max-frr", "0.05"], &files[..]].concat());
    assert_eq!(
        (&found["certified"], &found["reporting"]),
        (&json!(true), &Value::Null)
    );
    assert!(
        found["warnings"]
            .to_string()
            .contains("the reporting part is empty")
    );
    assert!(!setting.path("part.parquet").exists());
    let checked = foldem(&["check", &policy]);
    assert_eq!(code(&checked), 0, "{}", stdout(&checked));
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

/// 200 logs in which generations of one prompt go together: certificates hold, and choosing by the point estimate
/// is seen to break the limit. The full count is in results/.
#[test]
fn certificates_keep_their_promise_and_point_estimates_do_not() {
    let experiment = "experiments/guarantees/clustered.toml";
    let output = foldem(&[
        "guarantee",
        experiment,
        "--replications",
        "200",
        "--format",
        "json",
    ]);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(found["ok"], true);
    let method = |name: &str| {
        let methods = found["methods"].as_array().unwrap();
        methods
            .iter()
            .find(|m| m["method"] == name)
            .unwrap()
            .clone()
    };
    assert!(
        method("certified")["chosen"].as_u64().unwrap() > 150,
        "{found:#}"
    );
    assert_eq!(method("certified")["verdict"], "keeps");
    assert_eq!(method("best-on-all-data")["verdict"], "breaks");
    let rate = |name: &str| method(name)["rate"].as_f64().unwrap();
    assert!(rate("point-estimate") > rate("certified") + 0.05);
    let one = [
        "guarantee",
        experiment,
        "--replications",
        "6",
        "--threads",
        "1",
    ];
    let three = [
        "guarantee",
        experiment,
        "--replications",
        "6",
        "--threads",
        "3",
    ];
    assert_eq!(stdout(&foldem(&one)), stdout(&foldem(&three)));
}

#[test]
fn an_experiment_on_guarantees_tells_every_mistake() {
    let setting = Setting::new("");
    let wrong = "schema = \"foldem.guarantee/1\"\nname = \"g\"\nscenario = \"none.toml\"\nprompts = 0\n\
                 per_prompt = 1\nmax_frr = 5\nconfidence = 0.9\nreplications = 10\nreplication = 1\n";
    fs::write(setting.path("g.toml"), wrong).unwrap();
    let output = foldem(&["guarantee", &setting.name("g.toml")]);
    assert_eq!(code(&output), 3);
    for said in [
        "none.toml",
        "prompts: is 0",
        "max_frr: is 5",
        "did you mean `replications`?",
    ] {
        assert!(
            stderr(&output).contains(said),
            "{said}: {}",
            stderr(&output)
        );
    }
    let five = fs::canonicalize("experiments/five-stage.toml").unwrap();
    let random = wrong.replace("none.toml", five.to_str().unwrap());
    fs::write(setting.path("g.toml"), random).unwrap();
    let output = foldem(&["guarantee", &setting.name("g.toml")]);
    assert!(
        stderr(&output).contains("random tokens"),
        "{}",
        stderr(&output)
    );
}
