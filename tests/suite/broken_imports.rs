//! Logs that are not of the format that is named, and files that are broken: each says what it looks
//! like or where it is wrong, in `import` and `replay` alike, and nothing is written.

use std::fs;

use super::cli::{foldem, root, stderr};
use super::import::{FOLDER, SAMPLES, import};

/// Format, fixture, further arguments, what is said.
type Foreign = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
);

const FOREIGN: [Foreign; 13] = [
    (
        "lm-eval",
        "verl.jsonl",
        &[],
        ":1: is not a row of `lm-eval`; it looks like `rl-rollouts`",
    ),
    ("openai-batch", SAMPLES, &[], "it looks like `lm-eval`"),
    (
        "openai-batch",
        "openai-batch.requests.jsonl",
        &[],
        "belongs to --prompts",
    ),
    (
        "vllm-offline",
        "openai-batch.jsonl",
        &[],
        "it looks like `openai-batch`",
    ),
    (
        "rl-rollouts",
        "distilabel.jsonl",
        &[],
        "it looks like `distilabel`",
    ),
    (
        "distilabel",
        "map.jsonl",
        &[],
        "it has the keys `q`, `runs`, `gold`, `lang`",
    ),
    ("lm-eval", "../golden/replay.jsonl", &[], "foldem's own log"),
    (
        "lm-eval",
        "trl-grpo.parquet",
        &[],
        "it looks like `rl-rollouts`",
    ),
    (
        "lm-eval",
        SAMPLES,
        &["--filter", "strict"],
        "no row has the filter `strict`; there are",
    ),
    (
        "lm-eval",
        SAMPLES,
        &["--label", "exact_matsch"],
        "no row has the metric `exact_matsch` that --label names (did you mean exact_match?)",
    ),
    ("rl-rollouts", "nowhere.jsonl", &[], "cannot be read"),
    (
        "parquet-generations",
        "verl.jsonl",
        &["--columns", "nowhere.toml"],
        "presets are `openr1-math`",
    ),
    (
        "openai-batch",
        "openai-batch.jsonl",
        &["--prompts", "tests/fixtures/import/verl.jsonl"],
        "verl.jsonl:1: is not a request of a batch",
    ),
];

/// Format, what the file holds, further arguments, what is said.
type Broken = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
);

const BROKEN: [Broken; 8] = [
    (
        "rl-rollouts",
        "{\"input\":\"a\",\"output\":\"b\",\"sc",
        &[],
        ":1: stops before its end",
    ),
    (
        "rl-rollouts",
        "{\"input\":\"a\",\"output\":7}\n",
        &[],
        ":1: output: is 7; it must be a string",
    ),
    (
        "rl-rollouts",
        "[[1]]",
        &[],
        ":1: is a list; a row of `rl-rollouts` is a JSON object",
    ),
    ("rl-rollouts", "\n", &[], "holds no generation"),
    (
        "vllm-offline",
        "[{\"request_id\":{},\"prompt\":\"a\",\"outputs\":[{\"text\":1}]}]",
        &[],
        ":1: request_id: is an object",
    ),
    (
        "map",
        "{\"a\":[1,2],\"b\":[true]}",
        &["--map", "solution=a[],correct=b[]"],
        ":1: b[]: has 1 elements for correct beside 2 of a[]",
    ),
    (
        "rl-rollouts",
        "{\"input\":\"a question that is long\",\"output\":\"\"}",
        &["--max-line", "20"],
        ":1: is longer than 20 bytes",
    ),
    (
        "map",
        "{\"a\":1,}",
        &["--map", "solution=a"],
        ":1: is not JSON: trailing comma",
    ),
];

/// Import and replay end with exit code 3 and say `message`; nothing is written.
fn refused(format: &str, path: &str, arguments: &[&str], message: &str) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.jsonl");
    let output = import(format, &[path.to_owned()], arguments, &log);
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{format} {path}: {error}");
    assert!(error.contains(message), "{format} {path}: {error}");
    assert!(!log.exists() && output.stdout.is_empty(), "{format} {path}");
    let replay = [
        "replay",
        path,
        "--policy",
        "paper",
        "--input-format",
        format,
    ];
    let output = foldem(&[&replay, arguments].concat());
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{format} {path}: {error}");
    assert!(error.contains(message), "{format} {path}: {error}");
}

#[test]
fn a_foreign_file_says_what_it_looks_like() {
    for (format, name, arguments, message) in FOREIGN {
        refused(format, &format!("{FOLDER}/{name}"), arguments, message);
    }
}

#[test]
fn a_broken_file_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let check = |format: &str, name: &str, bytes: &[u8], arguments: &[&str], message: &str| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        refused(format, path.to_str().unwrap(), arguments, message);
    };
    for (format, text, arguments, message) in BROKEN {
        check(format, "rows.jsonl", text.as_bytes(), arguments, message);
    }
    let half = |name: &str| {
        let whole = fs::read(root().join(FOLDER).join(name)).unwrap();
        whole[..whole.len() / 2].to_vec()
    };
    let (json, parquet) = (half("vllm-offline.json"), half("trl-grpo.parquet"));
    check(
        "vllm-offline",
        "cut.json",
        &json,
        &[],
        "the JSON array stops before its end",
    );
    check(
        "rl-rollouts",
        "cut.parquet",
        &parquet,
        &[],
        "damaged or truncated",
    );
    check("rl-rollouts", "cut", &parquet, &[], "damaged or truncated");
    check(
        "rl-rollouts",
        "text.parquet",
        b"{}\n",
        &[],
        "is not a Parquet file",
    );
    check(
        "rl-rollouts",
        "text.jsonl.gz",
        b"{\"input\":\"not gzip\"}\n",
        &[],
        "the gzip data are damaged",
    );
}
