//! Logs of other tools: every trap of every format has a fixture, the log that comes of it and what
//! is said of it. `FOLDEM_BLESS=1 cargo test import` writes these anew.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use super::cli::{foldem, root, stderr, stdout};

const FOLDER: &str = "tests/fixtures/import";

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
const SAMPLES: &str = "samples_made_up_2026-01-31T12-00-00.000001.jsonl";

fn paths(files: &[&str]) -> Vec<String> {
    files
        .iter()
        .map(|file| format!("{FOLDER}/{file}"))
        .collect()
}

/// `foldem import`, its findings as JSON.
fn import(format: &str, files: &[String], arguments: &[&str], log: &Path) -> Output {
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
        let policy = ["--policy", "paper", "--format", "json"];
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
fn a_foreign_or_broken_file_says_what_it_looks_like() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let read = |name: &str| fs::read(root().join(FOLDER).join(name)).unwrap();
    let parquet = read("trl-grpo.parquet");
    let vllm = read("vllm-offline.json");
    let fixture = |name: &str| format!("{FOLDER}/{name}");
    let cases: Vec<(&str, String, &[&str], &str)> = vec![
        (
            "lm-eval",
            fixture("verl.jsonl"),
            &[],
            ":1: is not a row of `lm-eval`; it looks like `rl-rollouts`",
        ),
        (
            "openai-batch",
            fixture(SAMPLES),
            &[],
            "it looks like `lm-eval`",
        ),
        (
            "openai-batch",
            fixture("openai-batch.requests.jsonl"),
            &[],
            "belongs to --prompts",
        ),
        (
            "vllm-offline",
            fixture("openai-batch.jsonl"),
            &[],
            "it looks like `openai-batch`",
        ),
        (
            "rl-rollouts",
            fixture("distilabel.jsonl"),
            &[],
            "it looks like `distilabel`",
        ),
        (
            "distilabel",
            fixture("map.jsonl"),
            &[],
            "it has the keys `q`, `runs`, `gold`, `lang`",
        ),
        (
            "lm-eval",
            "tests/fixtures/golden/replay.jsonl".to_owned(),
            &[],
            "foldem's own log",
        ),
        (
            "lm-eval",
            fixture("trl-grpo.parquet"),
            &[],
            "it looks like `rl-rollouts`",
        ),
        (
            "vllm-offline",
            file("cut.json", &vllm[..vllm.len() / 2]),
            &[],
            "the JSON array stops before its end",
        ),
        (
            "rl-rollouts",
            file("cut.parquet", &parquet[..parquet.len() / 2]),
            &[],
            "damaged or truncated",
        ),
        (
            "rl-rollouts",
            file("text.parquet", b"{}\n"),
            &[],
            "is not a Parquet file",
        ),
        (
            "rl-rollouts",
            file("cut.jsonl", b"{\"input\":\"a\",\"output\":\"b\",\"sc"),
            &[],
            ":1: stops before its end",
        ),
        (
            "rl-rollouts",
            file("type.jsonl", b"{\"input\":\"a\",\"output\":7}\n"),
            &[],
            ":1: output: is 7; it must be a string",
        ),
        (
            "rl-rollouts",
            file("array.jsonl", b"[[1]]"),
            &[],
            ":1: is a list; a row of `rl-rollouts` is a JSON object",
        ),
        (
            "rl-rollouts",
            file("empty.jsonl", b"\n"),
            &[],
            "holds no generation",
        ),
        (
            "vllm-offline",
            file(
                "index.json",
                b"[{\"request_id\":{},\"prompt\":\"a\",\"outputs\":[{\"text\":1}]}]",
            ),
            &[],
            ":1: request_id: is an object",
        ),
        (
            "lm-eval",
            fixture(SAMPLES),
            &["--filter", "strict"],
            "no row has the filter `strict`; there are `flexible-extract`",
        ),
        (
            "rl-rollouts",
            fixture("nowhere.jsonl"),
            &[],
            "cannot be read",
        ),
        (
            "map",
            file("lists.jsonl", b"{\"a\":[1,2],\"b\":[true]}"),
            &["--map", "solution=a[],correct=b[]"],
            ":1: b[]: has 1 elements for correct beside 2 of a[]",
        ),
        (
            "parquet-generations",
            fixture("verl.jsonl"),
            &["--columns", "nowhere.toml"],
            "presets are `openr1-math`",
        ),
        (
            "rl-rollouts",
            file(
                "long.jsonl",
                format!("{{\"input\":\"{}\"}}", "x".repeat(500)).as_bytes(),
            ),
            &["--max-line", "100"],
            ":1: is longer than 100 bytes",
        ),
        (
            "openai-batch",
            fixture("openai-batch.jsonl"),
            &["--prompts", "tests/fixtures/import/verl.jsonl"],
            "verl.jsonl:1: is not a request of a batch",
        ),
    ];
    let log = folder.path().join("log.jsonl");
    for (format, path, arguments, message) in cases {
        let output = import(format, &[path.clone()], arguments, &log);
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{format} {path}: {error}");
        assert!(error.contains(message), "{format} {path}: {error}");
        assert!(!log.exists() && output.stdout.is_empty(), "{format} {path}");
        let mut all = vec![
            "replay",
            &path,
            "--policy",
            "paper",
            "--input-format",
            format,
        ];
        all.extend(arguments);
        let output = foldem(&all);
        assert_eq!(
            output.status.code(),
            Some(3),
            "{format} {path}: {}",
            stderr(&output)
        );
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
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
        let output = import(format, &[verl.clone()], arguments, &log);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{format}: {}",
            stderr(&output)
        );
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
    }
    let own = import("rl-rollouts", &[verl.clone()], &[], &root().join(&verl));
    assert_eq!(own.status.code(), Some(2), "{}", stderr(&own));
    let without = foldem(&["replay", &verl, "--policy", "paper", "--label", "acc"]);
    assert_eq!(without.status.code(), Some(2), "{}", stderr(&without));
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
