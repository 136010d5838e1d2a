//! Logs of other tools: every trap of every format has a fixture, the log that comes of it and what
//! is said of it. `FOLDEM_BLESS=1 cargo test import` writes these anew.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use super::cli::{foldem, root, stderr, stdout};

pub(super) const FOLDER: &str = "tests/fixtures/import";

/// Name of the golden files, format, files, further arguments.
type Case = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const CASES: [Case; 18] = [
    (
        "openai-batch",
        "openai-batch",
        &["openai-batch.jsonl"],
        &[
            "--prompts",
            "tests/fixtures/import/openai-batch.requests.jsonl",
        ],
    ),
    (
        "openai-batch.alone",
        "openai-batch",
        &["openai-batch.jsonl"],
        &[],
    ),
    ("vllm-offline", "vllm-offline", &["vllm-offline.json"], &[]),
    ("lm-eval", "lm-eval", &[SAMPLES], &[]),
    (
        "lm-eval.filter",
        "lm-eval",
        &[SAMPLES],
        &["--filter", "flexible-extract", "--label", "acc"],
    ),
    (
        "lm-eval.graded",
        "lm-eval",
        &[SAMPLES],
        &["--grade", "numeric"],
    ),
    (
        "openr1-math",
        "parquet-generations",
        &["openr1-math.parquet"],
        &["--columns", "openr1-math"],
    ),
    (
        "openmathinstruct-1",
        "parquet-generations",
        &["openmathinstruct-1.parquet"],
        &["--columns", "openmathinstruct-1"],
    ),
    (
        "openthoughts",
        "parquet-generations",
        &["openthoughts.parquet"],
        &["--columns", "openthoughts"],
    ),
    (
        "openmathreasoning",
        "parquet-generations",
        &["openmathreasoning.parquet"],
        &["--columns", "openmathreasoning", "--grade", "numeric"],
    ),
    ("distilabel", "distilabel", &["distilabel.jsonl"], &[]),
    (
        "distilabel.parquet",
        "distilabel",
        &["distilabel.parquet"],
        &[],
    ),
    ("verl", "rl-rollouts", &["verl.jsonl"], &[]),
    (
        "verl.graded",
        "rl-rollouts",
        &["verl.jsonl"],
        &["--label", "acc", "--grade", "numeric"],
    ),
    ("trl-grpo", "rl-rollouts", &["trl-grpo.parquet"], &[]),
    ("trl-chat", "rl-rollouts", &["trl-chat.parquet"], &[]),
    (
        "trl-chat.label",
        "rl-rollouts",
        &["trl-chat.parquet"],
        &["--label", "reward_b"],
    ),
    (
        "map",
        "map",
        &["map.jsonl"],
        &[
            "--map",
            "solution=runs[].text,correct=runs[].ok,solution_tokens=runs[].n,id=q.id,\
             problem=q.text,gold=gold,model=agent.name,attributes.language=lang",
            "--grade",
            "numeric",
        ],
    ),
];
pub(super) const SAMPLES: &str = "samples_made_up_2026-01-31T12-00-00.000001.jsonl";

fn paths(files: &[&str]) -> Vec<String> {
    files
        .iter()
        .map(|file| format!("{FOLDER}/{file}"))
        .collect()
}

/// `foldem import`, its findings as JSON.
pub(super) fn import(format: &str, files: &[String], arguments: &[&str], log: &Path) -> Output {
    let mut all = vec!["import", format];
    all.extend(files.iter().map(String::as_str));
    all.extend(arguments);
    all.extend(["-o", log.to_str().unwrap(), "--format", "json"]);
    foldem(&all)
}

/// Compares with a golden file, or writes it.
fn golden(name: &str, text: &str) {
    let path = root().join(FOLDER).join("golden").join(name);
    if std::env::var_os("FOLDEM_BLESS").is_some() {
        fs::write(&path, text).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap();
    assert!(text == expected, "{name}:\n{text}");
}

#[test]
fn every_format_gives_its_golden_log() {
    let folder = tempfile::tempdir().unwrap();
    for (name, format, files, arguments) in CASES {
        let log = folder.path().join("log.jsonl");
        let output = import(format, &paths(files), arguments, &log);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", stderr(&output));
        golden(&format!("{name}.jsonl"), &fs::read_to_string(&log).unwrap());
        golden(&format!("{name}.json"), &stdout(&output));
        let checked = foldem(&["check", log.to_str().unwrap()]);
        assert_eq!(
            checked.status.code(),
            Some(0),
            "{name}: {}",
            stdout(&checked)
        );
    }
}

/// Reading a format directly and reading the log that was made of it are the same.
#[test]
fn replay_needs_no_file_in_between() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.jsonl.zst");
    for (name, format, files, arguments) in CASES {
        let files = paths(files);
        let output = import(format, &files, arguments, &log);
        let findings: Value = serde_json::from_str(&stdout(&output)).unwrap();
        let policy = [
            "--policy",
            "experiments/policies/every-8-tokens.toml",
            "--format",
            "json",
        ];
        let mut all = vec!["replay"];
        all.extend(files.iter().map(String::as_str));
        all.extend(["--input-format", format]);
        all.extend(arguments);
        all.extend(policy);
        let direct = foldem(&all);
        assert_eq!(direct.status.code(), Some(0), "{name}: {}", stderr(&direct));
        let direct: Value = serde_json::from_str(&stdout(&direct)).unwrap();
        let through = foldem(&[&["replay", log.to_str().unwrap()], &policy[..]].concat());
        let through: Value = serde_json::from_str(&stdout(&through)).unwrap();
        for key in [
            "records",
            "prompts",
            "estimates",
            "groups",
            "surviving",
            "estimated",
        ] {
            assert_eq!(direct[key], through[key], "{name}: {key}");
        }
        assert_eq!(direct["records"], findings["written"], "{name}");
        // What the import says, a direct replay says too.
        for warning in findings["warnings"].as_array().unwrap() {
            let warnings = direct["warnings"].as_array().unwrap();
            assert!(
                warnings.contains(warning),
                "{name}: {warning} not in {warnings:?}"
            );
        }
        let mut check = vec!["check"];
        check.extend(files.iter().map(String::as_str));
        check.extend(["--input-format", format]);
        let own = arguments.chunks(2).filter(|pair| pair[0] != "--grade");
        check.extend(own.flatten());
        let check = foldem(&check);
        assert_eq!(check.status.code(), Some(0), "{name}: {}", stdout(&check));
    }
}

#[test]
fn malformed_rows_are_left_out_on_request_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rollouts.jsonl");
    let rows = "{\"input\":\"a?\",\"output\":\"1+1=2\",\"score\":1}\n{\"input\":\"a?\"\n7\n\
                {\"input\":\"b?\",\"output\":\"1+1=3\",\"score\":0}\n";
    fs::write(&path, rows).unwrap();
    let log = folder.path().join("log.jsonl");
    let files = [path.to_str().unwrap().to_owned()];
    let output = import("rl-rollouts", &files, &["--skip-malformed"], &log);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let findings: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(
        (
            &findings["read"],
            &findings["written"],
            &findings["skipped"]
        ),
        (&4.into(), &2.into(), &2.into())
    );
    assert_eq!(findings["warnings"][0], "2 malformed rows were left out");
    let check = foldem(&[
        "check",
        &files[0],
        "--input-format",
        "rl-rollouts",
        "--format",
        "json",
    ]);
    assert_eq!(check.status.code(), Some(3));
    let check: Value = serde_json::from_str(&stdout(&check)).unwrap();
    let lines: Vec<&Value> = check["files"][0]["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["line"])
        .collect();
    assert_eq!(lines, [2, 3]);
}

#[test]
fn options_of_another_format_and_missing_ones_are_usage_errors() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.jsonl");
    let verl = format!("{FOLDER}/verl.jsonl");
    let cases: [(&str, &[&str], &str); 7] = [
        (
            "rl-rollouts",
            &["--filter", "x"],
            "--filter is for logs in the format lm-eval",
        ),
        (
            "lm-eval",
            &["--prompts", "x"],
            "--prompts is for logs in the format openai-batch",
        ),
        ("map", &[], "--map: solution=PATH is missing"),
        (
            "map",
            &["--map", "solution=a,answr=b"],
            "is not a field of the log",
        ),
        ("parquet-generations", &[], "needs --columns"),
        ("nonsense", &[], "possible values"),
        (
            "rl-rollouts",
            &["--grade", "judge"],
            "possible values: numeric",
        ),
    ];
    for (format, arguments, message) in cases {
        let output = import(format, std::slice::from_ref(&verl), arguments, &log);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{format}: {}",
            stderr(&output)
        );
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
    }
    let own = import(
        "rl-rollouts",
        std::slice::from_ref(&verl),
        &[],
        &root().join(&verl),
    );
    assert_eq!(own.status.code(), Some(2), "{}", stderr(&own));
    let without = foldem(&["replay", &verl, "--policy", "paper", "--label", "acc"]);
    assert_eq!(without.status.code(), Some(2), "{}", stderr(&without));
}

/// A text without known tokens is estimated, and every form of the result says so.
#[test]
fn what_is_estimated_shows_in_every_format() {
    let verl = format!("{FOLDER}/verl.jsonl");
    for format in ["table", "json", "csv", "markdown", "html"] {
        let output = foldem(&[
            "replay",
            &verl,
            "--input-format",
            "rl-rollouts",
            "--policy",
            "paper",
            "--format",
            format,
        ]);
        assert!(
            stdout(&output).contains("estimated"),
            "{format}: {}",
            stdout(&output)
        );
    }
}

/// A server that writes 0 where it did not count is not believed; what is empty has no tokens.
#[test]
fn no_tokens_beside_a_text_are_not_known() {
    let folder = tempfile::tempdir().unwrap();
    let answer = |id: &str, text: &str, count: u64| {
        let body = serde_json::json!({
            "choices": [{"index": 0, "message": {"content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": count},
        });
        let response = serde_json::json!({"status_code": 200, "body": body});
        serde_json::json!({"custom_id": id, "response": response}).to_string()
    };
    let rows = [
        answer("a", "not counted", 0),
        answer("b", "counted", 2),
        answer("c", "", 0),
    ];
    let (batch, log) = (folder.path().join("b.jsonl"), folder.path().join("l.jsonl"));
    fs::write(&batch, rows.join("\n")).unwrap();
    let output = import("openai-batch", &[batch.display().to_string()], &[], &log);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = stdout(&output);
    assert!(
        said.contains("1 answers have text and a count of 0 tokens: theirs are estimated"),
        "{said}"
    );
    let text = fs::read_to_string(&log).unwrap();
    let records = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let counts: Vec<Option<u64>> = records.map(|r| r["solution_tokens"].as_u64()).collect();
    assert_eq!(counts, [None, Some(2), Some(0)]);
}

/// Several files are one; ids differ, and where a file has none they name file and line.
#[test]
fn ids_are_made_unique_in_the_same_way_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let ids = |format: &str, files: &[&str]| -> Vec<String> {
        let log = folder.path().join("log.jsonl");
        let output = import(format, &paths(files), &[], &log);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let log = fs::read_to_string(&log).unwrap();
        let lines = log
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines
            .map(|line| line["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let twice = ["vllm-offline.json", "vllm-offline.json"];
    let found = ids("vllm-offline", &twice);
    assert_eq!(
        found,
        ["0#0", "0#1", "1", "0", "0#0~2", "0#1~2", "1~2", "0~2"]
    );
    assert_eq!(ids("vllm-offline", &twice), found);
    let found = ids("rl-rollouts", &["verl.jsonl", "trl-chat.parquet"]);
    assert_eq!(found, ["1:1", "1:2", "1:3", "1:4", "1:5", "2:1", "2:3"]);
}

#[cfg(not(feature = "tokenizers"))]
#[test]
fn a_tokenizer_says_which_feature_it_needs() {
    let log = "tests/fixtures/golden/replay.jsonl";
    let output = foldem(&[
        "replay",
        log,
        "--policy",
        "paper",
        "--tokenizer",
        "tokenizer.json",
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("--features tokenizers"),
        "{}",
        stderr(&output)
    );
}
