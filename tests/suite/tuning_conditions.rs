//! What a certificate takes for granted: which rate a claim is about, m, the judge, whole generations; and that files
//! say what they are.

use std::fs;

use serde_json::{Value, json};

use super::cli::{code, foldem, stderr, stdout};
use super::tuning::{Setting, log};

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
