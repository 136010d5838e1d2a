//! Logs that are not what they should be: a clear error with its line, or a counted skip, and never
//! a panic.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::cli::{foldem, root, stderr, stdout};

const GOOD: &str = "{\"id\":\"a\",\"prompt_id\":\"p\",\"solution\":\"1+1=3\",\"correct\":false}\n\
                    {\"id\":\"b\",\"prompt_id\":\"q\",\"solution\":\"1+1=2\",\"correct\":true}\n";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Replays a file of this name and content.
fn replay(name: &str, bytes: &[u8], arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    replay_path(&path, arguments)
}

fn replay_path(path: &Path, arguments: &[&str]) -> Output {
    let mut all = vec![
        "replay",
        path.to_str().unwrap(),
        "--policy",
        "paper",
        "--format",
        "json",
    ];
    all.extend(arguments);
    foldem(&all)
}

#[test]
fn each_broken_log_has_its_own_error() {
    let with = |line: &str| format!("{GOOD}{line}\n").into_bytes();
    let long = format!("{{\"id\":\"c\",\"solution\":\"{}\"}}", "x".repeat(300));
    let packed = gzip(GOOD.repeat(50).replace("\"a\"", "1").as_bytes());
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty.jsonl", Vec::new(), "holds no record"),
        ("blank.jsonl", b"\n\n".to_vec(), "holds no record"),
        (
            "garbage.jsonl",
            vec![0, 159, 146, 150, 255, 10, 7],
            ":1: is not UTF-8",
        ),
        (
            "cut.jsonl.gz",
            packed[..packed.len() / 2].to_vec(),
            "gzip data stop before their end",
        ),
        ("plain.jsonl.gz", GOOD.into(), "the gzip data are damaged"),
        ("plain.jsonl.zst", GOOD.into(), "the zstd data are damaged"),
        ("packed.jsonl", packed.clone(), ":1: is not UTF-8"),
        (
            "nan.jsonl",
            with("{\"id\":\"c\",\"solution\":\"x\",\"utility\":NaN}"),
            ":3: is not a JSON object",
        ),
        (
            "range.jsonl",
            with("{\"id\":\"c\",\"solution\":\"x\",\"utility\":1.5}"),
            ":3: utility: is 1.5",
        ),
        (
            "twice.jsonl",
            with("{\"id\":\"a\",\"solution\":\"x\"}"),
            ":3: id: is \"a\", the id of line 1 already",
        ),
        (
            "type.jsonl",
            with("{\"id\":\"c\",\"solution\":7}"),
            ":3: solution",
        ),
        (
            "missing.jsonl",
            with("{\"id\":\"c\"}"),
            ":3: solution: is missing",
        ),
        (
            "ends.jsonl",
            with("{\"id\":\"c\",\"solution\":\"ab\",\"token_ends\":[1]}"),
            ":3: token_ends",
        ),
        (
            "utf8.jsonl",
            [GOOD.as_bytes(), b"{\"id\":\"\xff\"}\n"].concat(),
            ":3: is not UTF-8",
        ),
        (
            "middle.jsonl",
            with("\n{\"id\":\"c\",\"solution\":\"x\"}"),
            ":3: is blank",
        ),
        ("array.jsonl", with("[1, 2]"), ":3: is not a JSON object"),
        ("long.jsonl", with(&long), ":3: is longer than 256 bytes"),
    ];
    for (name, bytes, message) in cases {
        let output = replay(name, &bytes, &["--max-line", "256"]);
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{name}: {error}");
        assert!(error.contains(message), "{name}: {error}");
        assert!(
            error.contains(name) && output.stdout.is_empty(),
            "{name}: {error}"
        );
        assert!(!error.contains("panicked"), "{name}: {error}");
    }
    let output = replay_path(&root().join("tests"), &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("is a directory"));
    let output = replay_path(&root().join("nowhere.jsonl"), &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("cannot be read"));
}

#[test]
fn malformed_lines_are_left_out_on_request_and_counted() {
    let log = format!(
        "{}\nnot json\n{}\n{{\"id\":\"a\",\"solution\":\"x\"}}\n",
        GOOD.lines().next().unwrap(),
        GOOD.lines().nth(1).unwrap()
    );
    let output = replay("log.jsonl", log.as_bytes(), &["--skip-malformed"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let result: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(
        (&result["records"], &result["skipped"]),
        (&2.into(), &2.into())
    );
    assert!(
        result["warnings"]
            .to_string()
            .contains("2 malformed lines were left out")
    );
    let whole = gzip(GOOD.as_bytes());
    let cut = [&whole[..], &whole[..whole.len() - 9]].concat();
    let output = replay("log.jsonl.gz", &cut, &["--skip-malformed"]);
    let result: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(result["records"], 2, "what came before the cut is kept");
    assert!(result["skipped"].as_u64().unwrap() > 0);
    // What is missing is said, however the log is read; of a whole file nothing is.
    for (bytes, arguments, missing) in [
        (&cut, vec!["--skip-malformed"], true),
        (&cut, vec!["--skip-malformed", "--grade", "numeric"], true),
        (&whole, vec!["--skip-malformed"], false),
    ] {
        let output = replay("log.jsonl.gz", bytes, &arguments);
        let result: Value = serde_json::from_str(&stdout(&output)).unwrap();
        let warnings = result["warnings"].to_string();
        let said = warnings.contains("a file cannot be read to its end: line 5")
            && warnings.contains("nobody knows how many, are missing");
        assert_eq!(said, missing, "{arguments:?}: {warnings}");
    }
    // What is added to records is counted of those that count: not of a repeated one.
    let graded: Vec<String> = (0..40)
        .map(|i| {
            format!(
                "{{\"id\":\"r{}\",\"solution\":\"#### {i}\",\"gold\":\"7\"}}\n",
                i % 30
            )
        })
        .collect();
    for threads in ["1", "4"] {
        let arguments = [
            "--skip-malformed",
            "--grade",
            "numeric",
            "--threads",
            threads,
        ];
        let output = replay("log.jsonl", graded.concat().as_bytes(), &arguments);
        let result: Value = serde_json::from_str(&stdout(&output)).unwrap();
        let warnings = result["warnings"].to_string();
        assert!(warnings.contains("1 right, 29 wrong"), "{warnings}");
        assert_eq!(result["surviving"]["unknown"], 0, "labels reach the table");
    }
    let output = replay("log.jsonl", b"x\ny\n", &["--skip-malformed"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stderr(&output).contains("all 2 lines are malformed"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn harmless_oddities_change_nothing() {
    let plain = replay("log.jsonl", GOOD.as_bytes(), &[]);
    assert_eq!(plain.status.code(), Some(0), "{}", stderr(&plain));
    let windows = format!("\u{feff}{}", GOOD.replace('\n', "\r\n"));
    let zstd = zstd::encode_all(GOOD.as_bytes(), 3).unwrap();
    for (name, bytes) in [
        ("log.jsonl", windows.into_bytes()),
        ("log.jsonl", GOOD.trim_end().as_bytes().to_vec()),
        ("log.jsonl.gz", gzip(GOOD.as_bytes())),
        ("log.jsonl.zst", zstd),
    ] {
        let output = replay(name, &bytes, &[]);
        assert_eq!(
            stdout(&output),
            stdout(&plain),
            "{name}: {}",
            stderr(&output)
        );
    }
    let unknown = GOOD.replace("\"id\"", "\"seed\":1,\"id\"");
    let output = replay("log.jsonl", unknown.as_bytes(), &[]);
    assert_eq!(stdout(&output), stdout(&plain));
    assert!(stderr(&output).contains("seed (2)"), "{}", stderr(&output));
}

#[test]
fn stdin_is_read_plain_or_packed_and_once() {
    let run = |bytes: &[u8], arguments: &[&str]| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_foldem"))
            .args(["replay", "-", "--policy"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that ends early reads nothing.
        let _ = child.stdin.take().unwrap().write_all(bytes);
        child.wait_with_output().unwrap()
    };
    let plain = run(GOOD.as_bytes(), &["paper"]);
    assert_eq!(plain.status.code(), Some(0), "{}", stderr(&plain));
    assert_eq!(
        stdout(&run(&gzip(GOOD.as_bytes()), &["paper"])),
        stdout(&plain)
    );
    let packed = zstd::encode_all(GOOD.as_bytes(), 3).unwrap();
    assert_eq!(stdout(&run(&packed, &["paper"])), stdout(&plain));
    assert_eq!(run(b"", &["paper"]).status.code(), Some(3));
    let twice = run(b"", &["-"]);
    assert_eq!(twice.status.code(), Some(2), "{}", stderr(&twice));
}

/// Ids are unique over all logs of one command: the same file twice would count everything twice.
#[test]
fn a_log_given_twice_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a.jsonl"), folder.path().join("b.jsonl"));
    fs::write(&a, GOOD).unwrap();
    fs::write(&b, GOOD).unwrap();
    let output = foldem(&[
        "replay",
        a.to_str().unwrap(),
        b.to_str().unwrap(),
        "--policy",
        "paper",
    ]);
    assert_eq!(output.status.code(), Some(3));
    let error = stderr(&output);
    assert!(
        error.contains("b.jsonl:1: id: is \"a\", the id of line 1 of"),
        "{error}"
    );
    assert!(error.contains("a.jsonl already"), "{error}");
}

#[test]
fn outputs_replace_no_input_and_policies_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.jsonl");
    fs::write(&log, GOOD).unwrap();
    let path = log.to_str().unwrap();
    for arguments in [
        ["--outcomes", path],
        ["--max-line", "many"],
        ["--problem", "perhaps"],
    ] {
        let output = replay_path(&log, &arguments);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
    assert_eq!(fs::read_to_string(&log).unwrap(), GOOD);
    let policy = folder.path().join("policy.toml");
    for (rule, message) in [
        (
            "rule = \"well-posed\"\nmin_words = 9\nmax_words = 3",
            "min_words",
        ),
        ("rule = \"regex\"\npatterns = [\"a*\"]", "empty"),
        ("rule = \"fals-equation\"", "did you mean `false-equation`?"),
    ] {
        let text = format!(
            "schema = \"foldem.policy/1\"\nname = \"p\"\n[[validator]]\nname = \"v\"\n{rule}\n"
        );
        fs::write(&policy, text).unwrap();
        for command in [
            vec!["replay", path, "--policy", policy.to_str().unwrap()],
            vec!["check", policy.to_str().unwrap()],
        ] {
            let output = foldem(&command);
            assert_eq!(output.status.code(), Some(3), "{command:?}");
            let said = stderr(&output) + &stdout(&output);
            assert!(said.contains(message), "{rule}: {said}");
        }
    }
}
