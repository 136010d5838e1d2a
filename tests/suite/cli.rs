//! Every subcommand end to end, every exit code, and what users meet when they slip.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn foldem(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_foldem"))
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

const SCENARIO: &str = "experiments/five-stage.toml";

fn temporary(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    (folder, path)
}

#[test]
fn help_teaches_and_usage_errors_exit_2() {
    for arguments in [
        vec!["--help"],
        vec!["simulate", "--help"],
        vec!["verify", "--help"],
    ] {
        let output = foldem(&arguments);
        assert_eq!(code(&output), 0, "{arguments:?}");
        assert!(
            stdout(&output).contains("foldem simulate") || stdout(&output).contains("Examples")
        );
    }
    let nothing = foldem(&[]);
    assert_eq!(code(&nothing), 2);
    assert!(
        stderr(&nothing).contains("foldem new scenario"),
        "no arguments: where to start"
    );
    for wrong in [
        vec!["simulat", SCENARIO],
        vec!["simulate"],
        vec!["simulate", SCENARIO, "--attempts", "0"],
        vec!["simulate", SCENARIO, "--attempts", "many"],
        vec!["simulate", SCENARIO, "--per-prompt", "0"],
        vec!["simulate", SCENARIO, "--format", "yaml"],
        vec![
            "simulate",
            SCENARIO,
            "--attempts",
            "10",
            "--report",
            "x.pdf",
        ],
        vec!["reproduce", "tests"],
    ] {
        let output = foldem(&wrong);
        assert_eq!(code(&output), 2, "{wrong:?}: {}", stderr(&output));
        assert!(
            !stderr(&output).is_empty() && output.stdout.is_empty(),
            "{wrong:?}"
        );
    }
}

#[test]
fn bad_input_exits_3_and_names_file_and_line() {
    let (_folder, path) = temporary("broken.toml", "schema = \"foldem.scenario/1\"\nname = 3\n");
    let path = path.to_str().unwrap();
    for command in ["simulate", "verify"] {
        let output = foldem(&[command, path]);
        assert_eq!(code(&output), 3);
        assert!(output.stdout.is_empty());
        let message = stderr(&output);
        assert!(message.contains(&format!("{path}:2: name")), "{message}");
        assert!(message.contains("stage"), "all mistakes at once: {message}");
    }
    let missing = foldem(&["simulate", "no-such-file.toml"]);
    assert_eq!(code(&missing), 3);
    assert!(stderr(&missing).contains("no-such-file.toml"));
}

#[test]
fn json_goes_to_stdout_alone_and_parses() {
    let output = foldem(&[
        "simulate",
        SCENARIO,
        "--attempts",
        "5000",
        "--format",
        "json",
    ]);
    assert_eq!(code(&output), 0);
    assert!(output.stderr.is_empty(), "{}", stderr(&output));
    let result: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(result["schema"], "foldem.result/1");
    assert_eq!(result["attempts"], 5000);
    assert_eq!(result["seed"], 42);
    assert_eq!(result["partial"], false);
    assert_eq!(result["rejections_by_stage"].as_array().unwrap().len(), 5);
    let savings = &result["estimates"]["savings"];
    assert!((savings["exact"].as_f64().unwrap() - 0.04696).abs() < 1e-5);
    let [lo, hi] = [0, 1].map(|i| savings["ci"][i].as_f64().unwrap());
    assert!(lo < savings["mean"].as_f64().unwrap() && savings["mean"].as_f64().unwrap() < hi);
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let scenario = "experiments/hard-prompts.toml";
    for command in ["simulate", "verify"] {
        let run = |threads: &str, seed: &str| {
            let output = foldem(&[
                command,
                scenario,
                "--attempts",
                "60000",
                "--seed",
                seed,
                "--format",
                "json",
                "--threads",
                threads,
            ]);
            assert_eq!(code(&output), 0, "{}", stderr(&output));
            output.stdout
        };
        let one = run("1", "7");
        assert_eq!(one, run("2", "7"), "{command}");
        assert_eq!(one, run("8", "7"), "{command}");
        assert_ne!(one, run("1", "8"), "{command}: the seed matters");
    }
}

#[test]
fn every_format_renders() {
    for (format, mark) in [
        ("table", "Estimates"),
        (
            "csv",
            "group,name,exact,mean,stderr,ci_lo,ci_hi\nestimates,tokens_full,300,",
        ),
        ("markdown", "| savings |"),
        ("html", "<!doctype html>"),
    ] {
        let output = foldem(&[
            "simulate",
            SCENARIO,
            "--attempts",
            "2000",
            "--format",
            format,
        ]);
        assert_eq!(code(&output), 0);
        assert!(
            stdout(&output).contains(mark),
            "{format}: {}",
            stdout(&output)
        );
    }
}

#[test]
fn the_report_is_written_beside_stdout() {
    let folder = tempfile::tempdir().unwrap();
    for (name, mark) in [
        ("r.json", "\"schema\""),
        ("r.md", "## "),
        ("r.html", "</html>"),
    ] {
        let path = folder.path().join(name);
        let shown = path.to_str().unwrap();
        let output = foldem(&[
            "simulate",
            SCENARIO,
            "--attempts",
            "2000",
            "--report",
            shown,
        ]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(fs::read_to_string(&path).unwrap().contains(mark));
    }
    let nowhere = folder.path().join("missing/r.json");
    let output = foldem(&[
        "simulate",
        SCENARIO,
        "--attempts",
        "2000",
        "--report",
        nowhere.to_str().unwrap(),
    ]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("folder does not exist") && output.stdout.is_empty());
}

#[test]
fn templates_are_valid() {
    for (kind, name) in [
        ("scenario", "t.toml"),
        ("policy", "t.toml"),
        ("log", "t.jsonl"),
    ] {
        let template = foldem(&["new", kind]);
        assert_eq!(code(&template), 0);
        let (_folder, path) = temporary(name, &stdout(&template));
        let output = foldem(&["check", path.to_str().unwrap(), "--format", "json"]);
        assert_eq!(code(&output), 0, "{kind}: {}", stdout(&output));
        let result: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(result["files"][0]["kind"], kind);
        if kind == "scenario" {
            let run = foldem(&["simulate", path.to_str().unwrap(), "--attempts", "1000"]);
            assert_eq!(code(&run), 0, "{}", stderr(&run));
        }
    }
}

#[test]
fn a_run_that_decides_nothing_is_fine() {
    let output = foldem(&["verify", SCENARIO, "--attempts", "50", "--format", "json"]);
    assert_eq!(code(&output), 0);
    let result: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    let undecided = result["claims"].as_array().unwrap().iter();
    assert!(undecided.filter(|c| c["verdict"] == "undecided").count() > 3);
}

#[test]
fn a_written_log_is_valid_and_agrees_with_the_run() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["log.jsonl", "log.jsonl.gz", "log.jsonl.zst"] {
        let path = folder.path().join(name);
        let shown = path.to_str().unwrap();
        let output = foldem(&[
            "simulate",
            "experiments/gsm8k-like.toml",
            "--attempts",
            "500",
            "--per-prompt",
            "5",
            "--write-log",
            shown,
            "--format",
            "json",
        ]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let check = foldem(&["check", shown]);
        assert_eq!(code(&check), 0, "{}", stdout(&check));
        assert!(stdout(&check).contains("500") && stdout(&check).contains("100"));
        if name == "log.jsonl" {
            let result: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
            let text = fs::read_to_string(&path).unwrap();
            let accepted = text.lines().filter(|line| {
                let record: serde_json::Value = serde_json::from_str(line).unwrap();
                record["accepted"] == true
            });
            let share = accepted.count() as f64 / 500.0;
            let estimate = result["estimates"]["accepted_rate"]["mean"]
                .as_f64()
                .unwrap();
            assert!((share - estimate).abs() < 1e-12);
        }
    }
}

/// What a run says that is asked to end after `millis`.
#[cfg(unix)]
pub(crate) fn interrupted(arguments: &[&str], millis: u64) -> Output {
    let child = Command::new(env!("CARGO_BIN_EXE_foldem"))
        .args(arguments)
        .current_dir(root())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(millis));
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(kill.success());
    child.wait_with_output().unwrap()
}

/// What a run says that is asked to end before it is given `input` on stdin.
#[cfg(unix)]
pub(crate) fn interrupted_before(arguments: &[&str], input: &[u8]) -> Output {
    use std::io::Write as _;
    let mut child = Command::new(env!("CARGO_BIN_EXE_foldem"))
        .args(arguments)
        .current_dir(root())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Until it listens for interrupts; it cannot end before it has read.
    std::thread::sleep(std::time::Duration::from_millis(700));
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(kill.success());
    // Until the interrupt has arrived.
    std::thread::sleep(std::time::Duration::from_millis(300));
    // It need not read what comes after the interrupt.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_keeps_whole_batches_and_exits_130() {
    let long = [
        "simulate",
        SCENARIO,
        "--attempts",
        "4000000000",
        "--format",
        "json",
    ];
    let output = interrupted(&long, 1500);
    assert_eq!(code(&output), 130);
    let result: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(result["partial"], true);
    let attempts = result["attempts"].as_u64().unwrap();
    assert!(attempts > 0 && attempts.is_multiple_of(4096), "{attempts}");
}

#[test]
fn a_dash_is_stdin() {
    use std::io::Write as _;
    for command in ["check", "simulate"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_foldem"))
            .args([command, "-", "--format", "json"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let text = fs::read(root().join("tests/fixtures/golden/alarms.toml")).unwrap();
        child.stdin.take().unwrap().write_all(&text).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(code(&output), 0, "{command}");
        assert!(stdout(&output).contains("alarms") || stdout(&output).contains("scenario"));
    }
}

#[test]
fn outputs_never_replace_inputs() {
    let text = fs::read_to_string(root().join("tests/fixtures/golden/alarms.toml")).unwrap();
    let (folder, path) = temporary("mine.toml", &text);
    let shown = path.to_str().unwrap();
    let log = folder.path().join("log.json");
    for arguments in [
        vec!["simulate", shown, "--attempts", "10", "--write-log", shown],
        vec![
            "simulate",
            shown,
            "--attempts",
            "10",
            "--write-log",
            log.to_str().unwrap(),
        ],
    ] {
        let output = foldem(&arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("--write-log"));
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert!(!log.exists());
}

#[cfg(unix)]
#[test]
fn interrupted_prompts_are_whole_batches_too() {
    let long = [
        "simulate",
        "experiments/hard-prompts.toml",
        "--conditional",
        "--attempts",
        "4000000000",
        "--format",
        "json",
    ];
    let output = interrupted(&long, 1500);
    assert_eq!(code(&output), 130, "{}", stderr(&output));
    let result: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(
        (&result["partial"], &result["drawn"]),
        (&true.into(), &"prompts".into())
    );
    let prompts = result["attempts"].as_u64().unwrap();
    assert!(0 < prompts && prompts < 4_000_000_000, "{prompts}");
}

/// What is no regular file, or no file, is refused before the work, and is still there.
#[cfg(unix)]
#[test]
fn devices_and_streams_are_no_outputs() {
    let folder = tempfile::tempdir().unwrap();
    let shown = folder.path().to_str().unwrap();
    let replay = [
        "replay",
        "tests/fixtures/golden/replay.jsonl",
        "--policy",
        "paper",
    ];
    let simulate = [
        "simulate",
        "tests/fixtures/golden/alarms.toml",
        "--attempts",
        "10",
    ];
    for (command, option) in [
        (replay, "--outcomes"),
        (simulate, "--write-log"),
        (simulate, "-o"),
    ] {
        for (file, message) in [
            ("-", "stdout is for results"),
            ("/dev/null", "is no regular file"),
            (shown, "is a folder"),
            ("nowhere/log.jsonl", "its folder does not exist"),
        ] {
            let output = foldem(&[&command[..], &[option, file]].concat());
            let said = stderr(&output);
            assert_eq!(code(&output), 2, "{option} {file}: {said}");
            assert!(said.contains(message), "{option} {file}: {said}");
            assert!(output.stdout.is_empty());
        }
    }
    for file in ["-", "/dev/null"] {
        let output = foldem(&[&replay[..], &["--report", file]].concat());
        assert_eq!(code(&output), 2, "--report {file}: {}", stderr(&output));
    }
    assert!(!Path::new("/dev/null").is_file() && Path::new("/dev/null").exists());
}

#[cfg(unix)]
#[test]
fn an_interrupted_log_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.jsonl");
    let shown = log.to_str().unwrap();
    let long = [
        "simulate",
        SCENARIO,
        "--attempts",
        "20000000",
        "--write-log",
        shown,
    ];
    let output = interrupted(&long, 700);
    assert_eq!(code(&output), 130);
    let message = stderr(&output);
    assert!(message.contains("no log was written"), "{message}");
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 0, "nothing is left behind");
}
