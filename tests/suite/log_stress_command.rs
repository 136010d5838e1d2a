//! `foldem stress` of a log: its forms, its files, the same bytes on any number of threads, and an end for
//! every exit code.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::cli::{code, foldem, stderr, stdout};

const LOG: &str = "experiments/logs/qwen2.5-coder-0.5b.jsonl.zst";
const QUICK: [&str; 8] = [
    "stress", LOG, "--policy", "paper", "--steps", "6", "--draws", "30",
];

fn written(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&QUICK, more].concat()
}

#[test]
fn every_form_renders_and_the_json_says_it_all() {
    for (format, mark) in [
        ("table", "Tipping points"),
        ("csv", "mode,strength,savings,savings_lo,savings_hi,"),
        ("markdown", "| worst-case |"),
        ("html", "<svg"),
    ] {
        let output = foldem(&with(&["--mode", "worst-case", "--format", format]));
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(stdout(&output).contains(mark), "{format}");
    }
    let output = foldem(&with(&["--format", "json"]));
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(found["schema"], "foldem.log-stress/1");
    assert_eq!(found["bias_informative"], false);
    assert!(found["today"]["retained_bias"]["mean"].is_null());
    assert_eq!(found["confirmation"]["disagreements"], json!([]));
    let control = &found["confirmation"]["control"];
    assert!(control["planted"].as_u64().unwrap() > 0);
    assert_eq!(control["planted"], control["found"]);
    let modes = found["modes"].as_array().unwrap();
    let mode = |name: &str| modes.iter().find(|m| m["mode"] == name).unwrap();
    let shift = mode("false-alarm-shift");
    let even = &shift["crossings"][0];
    assert_eq!(even["quantity"], "cost_ratio");
    let verdict = shift["verdict"].as_str().unwrap();
    assert!(
        verdict.contains("x today's false-alarm rate (95 %: "),
        "{verdict}"
    );
    assert!(even["ci"][0].as_f64().unwrap() < even["strength"].as_f64().unwrap());
    assert!(
        mode("attribute.prompt_pass_rate=0")["moves"]
            .as_bool()
            .unwrap()
    );
    assert!(mode("worst-case")["worst_case"]["examples"][0].is_string());
    let warnings = found["warnings"].to_string();
    assert!(warnings.contains("retained_bias is not informative"));
}

#[test]
fn the_same_bytes_on_any_number_of_threads_and_from_a_table() {
    let run = |threads: &str| {
        let output = foldem(&with(&["--format", "json", "--threads", threads]));
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        output.stdout
    };
    let once = run("1");
    assert!(once == run("5"));
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("alarms.parquet");
    let table = table.to_str().unwrap();
    let saved = foldem(&["replay", LOG, "--policy", "paper", "--save-table", table]);
    assert_eq!(code(&saved), 0, "{}", stderr(&saved));
    let arguments = [
        "stress", "--table", table, "--policy", "paper", "--steps", "6", "--draws", "30",
        "--format", "json",
    ];
    let output = foldem(&arguments);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(output.stdout == once);
}

#[test]
fn figures_and_reports_are_written_and_replace_no_input() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (figure, report) = (path("stress.svg"), path("stress.html"));
    let output = foldem(&with(&[
        "--mode",
        "delay=0:30",
        "--figure",
        &figure,
        "--report",
        &report,
    ]));
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(fs::read_to_string(&figure).unwrap().starts_with("<svg"));
    assert!(
        fs::read_to_string(&report)
            .unwrap()
            .contains("Stress test of paper on a log")
    );
    let output = foldem(&with(&["--report", LOG]));
    assert_eq!(code(&output), 2);
}

#[test]
fn what_is_typed_wrong_exits_2() {
    for (arguments, why) in [
        (with(&["--mode", "dely"]), "did you mean `delay`?"),
        (with(&["--mode", "delay=3"]), "delay=FROM:TO"),
        (with(&["--mode", "drop=0:2"]), "<= 1"),
        (with(&["--mode", "attribute.modl=x"]), "Known names"),
        (
            with(&["--mode", "attribute.prompt_pass_rate=7"]),
            "no generation has that value",
        ),
        (with(&["--validator", "x"]), "--policy"),
        (vec!["stress", LOG], "give one by --policy"),
        (vec!["stress", "a.toml", "b.toml"], "name one scenario"),
        (
            vec!["stress", "experiments/five-stage.toml", "--skip-malformed"],
            "no lines",
        ),
        (
            vec![
                "stress",
                "experiments/five-stage.toml",
                "--problem",
                "generated",
            ],
            "--policy",
        ),
        (vec!["stress", "--table", "x.parquet"], "--policy"),
    ] {
        let output = foldem(&arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
}

/// One record per label, `None` for no label.
fn log(labels: &[Option<bool>], more: &Value) -> String {
    let line = |(i, label): (usize, &Option<bool>)| {
        let mut record = json!({"id": i.to_string(), "prompt_id": "p", "solution": "1 + 1 = 3. ".repeat(4),
            "solution_tokens": 40});
        if let Some(label) = label {
            record["accepted"] = json!(label);
        }
        for (key, value) in more.as_object().into_iter().flatten() {
            record[key] = value.clone();
        }
        record.to_string() + "\n"
    };
    labels.iter().enumerate().map(line).collect()
}

#[test]
fn logs_that_cannot_be_put_under_stress_exit_3_and_say_why() {
    let (yes, no) = (Some(true), Some(false));
    for (text, why) in [
        (log(&[None, None], &Value::Null), "has no label"),
        (log(&[no, no], &Value::Null), "no accepted generation"),
        (
            log(&[yes, no], &json!({"rejected_at": 10})),
            "under a live policy",
        ),
        ("nonsense\n".to_owned(), "log.jsonl"),
    ] {
        let (_folder, path) = written("log.jsonl", &text);
        let policy = "experiments/policies/every-8-tokens.toml";
        let output = foldem(&["stress", path.to_str().unwrap(), "--policy", policy]);
        assert_eq!(code(&output), 3, "{}", stderr(&output));
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn what_a_small_log_cannot_tell_is_said_and_not_invented() {
    let (yes, no) = (Some(true), Some(false));
    // One prompt: figures, but no intervals. Only refused generations alarm... all alike here.
    let policy = "[[validator]]\nname = \"bad\"\nrule = \"literal\"\npatterns = [\"NEVER\"]\n\
        [[checkpoint]]\nat = { tokens = 8 }\nvalidators = [\"bad\"]\n";
    let policy = format!("schema = \"foldem.policy/1\"\nname = \"silent\"\n{policy}");
    let (_folder, policy) = written("policy.toml", &policy);
    let (_other, path) = written("log.jsonl", &log(&[yes, yes, no, None], &Value::Null));
    let arguments = [
        "stress",
        path.to_str().unwrap(),
        "--policy",
        policy.to_str().unwrap(),
        "--format",
        "json",
    ];
    let output = foldem(&arguments);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let warnings = found["warnings"].to_string();
    for said in [
        "one prompt: there are no intervals",
        "1 of 4 records have no label",
    ] {
        assert!(warnings.contains(said), "{warnings}");
    }
    let left_out = found["left_out"].to_string();
    for said in [
        "false-alarm-shift",
        "no accepted generation is rejected today",
        "sensitivity-shift",
    ] {
        assert!(left_out.contains(said), "{left_out}");
    }
    let modes = found["modes"].as_array().unwrap();
    let added = modes.iter().find(|m| m["mode"] == "added-alarms").unwrap();
    assert!(added["moves"].as_bool().unwrap());
    for point in added["points"].as_array().unwrap() {
        assert!(point["cost_ratio"]["ci"].is_null());
    }
    let drop = modes.iter().find(|m| m["mode"] == "drop").unwrap();
    assert_eq!(drop["verdict"], "changes nothing: no figure moves");
}
