//! `foldem plan` and `foldem monitor` end to end: what they print, every exit code, and restarts.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::cli::{code, foldem, stderr, stdout};

fn json(arguments: &[&str]) -> Value {
    let output = foldem(arguments);
    serde_json::from_str(&stdout(&output)).unwrap_or_else(|e| panic!("{e}: {}", stderr(&output)))
}

const PLAN: [&str; 13] = [
    "plan",
    "--max-frr",
    "0.1",
    "--frr",
    "0.02",
    "--accepted",
    "0.6",
    "--replications",
    "200",
    "--most-prompts",
    "2000",
    "--per-prompt",
    "1,3",
];

#[test]
fn a_plan_says_what_each_design_takes() {
    let plan = json(&[&PLAN[..], &["--format", "json"]].concat());
    assert_eq!(plan["schema"], "foldem.plan/1");
    // ln 0.05 / ln 0.9 = 28.4.
    assert_eq!(plan["fewest"]["accepted"], 29);
    let designs = plan["designs"].as_array().unwrap();
    let tests: Vec<&str> = designs
        .iter()
        .map(|d| d["test"].as_str().unwrap())
        .collect();
    assert_eq!(
        tests,
        [
            "binomial",
            "betting",
            "hoeffding-bentkus",
            "betting",
            "hoeffding-bentkus"
        ]
    );
    // The exact test is the most powerful one, and no test needs fewer than the fewest.
    let prompts: Vec<u64> = designs[..3]
        .iter()
        .map(|d| d["prompts"].as_u64().unwrap())
        .collect();
    assert!(
        prompts[0] < prompts[1] && prompts[0] < prompts[2] && prompts[0] > 48,
        "{prompts:?}"
    );
    let again = foldem(&[&PLAN[..], &["--threads", "1"]].concat());
    let parallel = foldem(&[&PLAN[..], &["--threads", "3"]].concat());
    assert_eq!(stdout(&again), stdout(&parallel));
}

#[test]
fn a_plan_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let figure = folder.path().join("power.svg");
    let output = foldem(&[&PLAN[..], &["--figure", figure.to_str().unwrap()]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(
        fs::read_to_string(figure)
            .unwrap()
            .contains("Probability of a certificate")
    );
}

#[test]
fn a_plan_that_cannot_be_is_explained() {
    for (option, value, word) in [
        ("--frr", "0.1", "not below"),
        ("--max-frr", "1.5", "between 0 and 1"),
        ("--accepted", "0", "without accepted generations"),
        ("--icc", "1", "[0, 1)"),
        ("--confidence", "1", "between 0 and 1"),
    ] {
        let mut arguments = PLAN.to_vec();
        match arguments.iter().position(|a| *a == option) {
            Some(at) => arguments[at + 1] = value,
            None => arguments.extend([option, value]),
        }
        let output = foldem(&arguments);
        assert_eq!(code(&output), 2, "{option}");
        assert!(stderr(&output).contains(word), "{}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
}

/// Generations of which every third accepted one is rejected, or none; all are completed.
fn log(rejects: bool, count: usize) -> String {
    let line = |id: usize| {
        let rejected = if rejects && id.is_multiple_of(3) {
            ",\"rejected_at\":20,\"pass_through\":1.0"
        } else {
            ""
        };
        format!(
            "{{\"id\":{id},\"solution\":\"x\",\"solution_tokens\":60,\"accepted\":true{rejected}}}\n"
        )
    };
    (0..count).map(line).collect()
}

fn watch<'a>(log: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [
        &["monitor", log, "--max-frr", "0.05", "--format", "json"],
        more,
    ]
    .concat()
}

#[test]
fn an_alarm_exits_5_and_a_kept_bound_0() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    let path_text = path.to_str().unwrap();
    fs::write(&path, log(true, 300)).unwrap();
    let alarm = foldem(&watch(path_text, &["--max-tokens", "100"]));
    assert_eq!(code(&alarm), 5, "{}", stderr(&alarm));
    let found: Value = serde_json::from_str(&stdout(&alarm)).unwrap();
    assert_eq!(found["schema"], "foldem.monitor/1");
    assert_eq!(found["verdict"], "exceeded");
    let savings = found["savings"]["estimate"].as_f64().unwrap();
    assert!((savings - 40.0 / 180.0).abs() < 1e-12, "{savings}");
    let ci = &found["savings"]["ci"];
    assert!(ci[0].as_f64().unwrap() < 0.2222 && ci[1].as_f64().unwrap() > 0.2223);
    fs::write(&path, log(false, 300)).unwrap();
    let kept = foldem(&watch(path_text, &[]));
    assert_eq!(code(&kept), 0, "{}", stderr(&kept));
    let found: Value = serde_json::from_str(&stdout(&kept)).unwrap();
    assert_eq!(found["verdict"], "kept");
    assert_eq!(found["savings"]["ci"], Value::Null);
    fs::write(&path, log(true, 3)).unwrap();
    let open = foldem(&watch(path_text, &[]));
    assert_eq!(code(&open), 0);
    assert!(stdout(&open).contains("\"undecided\""));
}

#[test]
fn the_log_may_grow_between_runs() {
    let folder = tempfile::tempdir().unwrap();
    let (path, state, whole_state) = (
        folder.path().join("log.jsonl"),
        folder.path().join("state.json"),
        folder.path().join("whole.json"),
    );
    let text = log(true, 40);
    let state_text = state.to_str().unwrap();
    let options = watch(
        path.to_str().unwrap(),
        &["--state", state_text, "--max-tokens", "60"],
    );
    // The second cut is in the midst of a line, and the third run has nothing to read.
    let mut last = String::new();
    for end in [500, 1111, 1111, text.len()] {
        fs::write(&path, &text[..end]).unwrap();
        let output = foldem(&options);
        assert!([0, 5].contains(&code(&output)), "{}", stderr(&output));
        last = stdout(&output);
    }
    let mut whole = options.clone();
    whole[7] = whole_state.to_str().unwrap();
    assert_eq!(stdout(&foldem(&whole)), last);
    assert_eq!(fs::read(&state).unwrap(), fs::read(&whole_state).unwrap());
    // Another log, other settings, a state that is none.
    fs::write(&path, log(false, 40)).unwrap();
    let other = foldem(&options);
    assert_eq!(code(&other), 3);
    assert!(stderr(&other).contains("is not the log that was read before"));
    fs::write(&path, &text).unwrap();
    let other = foldem(&[&options[..], &["--per-prompt", "2"]].concat());
    assert_eq!(code(&other), 3);
    assert!(stderr(&other).contains("other settings"));
    fs::write(&state, "{}").unwrap();
    assert_eq!(code(&foldem(&options)), 3);
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_what_was_read_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (path, state) = (
        folder.path().join("log.jsonl"),
        folder.path().join("s.json"),
    );
    let path_text = path.to_str().unwrap();
    fs::write(&path, log(true, 2) + "{\"id\":1}\n").unwrap();
    let output = foldem(&watch(path_text, &["--state", state.to_str().unwrap()]));
    assert_eq!(code(&output), 3);
    assert!(
        stderr(&output).contains("log.jsonl:3: "),
        "{}",
        stderr(&output)
    );
    assert!(fs::read_to_string(&state).unwrap().contains("\"lines\":2"));
    fs::write(&path, log(true, 1).replace("1.0", "0.5")).unwrap();
    let output = foldem(&watch(path_text, &[]));
    assert_eq!(code(&output), 3);
    assert!(
        stderr(&output).contains("log.jsonl:1: pass_through"),
        "{}",
        stderr(&output)
    );
    for (option, value) in [
        ("--pass-through", "0"),
        ("--max-frr", "0"),
        ("--confidence", "2"),
    ] {
        let mut arguments = watch(path_text, &[]);
        match arguments.iter().position(|a| *a == option) {
            Some(at) => arguments[at + 1] = value,
            None => arguments.extend([option, value]),
        }
        assert_eq!(code(&foldem(&arguments)), 2, "{option}");
    }
    assert_eq!(code(&foldem(&watch("nowhere.jsonl", &[]))), 3);
    assert_eq!(code(&foldem(&watch(path_text, &["--state", path_text]))), 2);
}

#[test]
fn following_ends_with_the_alarm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    fs::write(&path, log(false, 3)).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_foldem"))
        .args(watch(path.to_str().unwrap(), &["--follow"]))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    append(&path, &log(true, 400));
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 5);
    assert!(stdout(&output).contains("\"exceeded\""));
}

#[cfg(unix)]
#[test]
fn following_may_be_interrupted_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (path, state) = (
        folder.path().join("log.jsonl"),
        folder.path().join("s.json"),
    );
    fs::write(&path, log(true, 5)).unwrap();
    let options = watch(
        path.to_str().unwrap(),
        &["--state", state.to_str().unwrap()],
    );
    let output = super::cli::interrupted(&[&options[..], &["--follow"]].concat(), 1500);
    assert_eq!(code(&output), 130, "{}", stderr(&output));
    let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(found["records"], 5);
    append(&path, &log(true, 4));
    let again: Value = serde_json::from_str(&stdout(&foldem(&options))).unwrap();
    assert_eq!(again["records"], 9);
}

fn append(path: &Path, text: &str) {
    let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[test]
fn every_form_renders() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    fs::write(&path, log(true, 30)).unwrap();
    for form in ["table", "csv", "markdown", "html"] {
        let output = foldem(&[
            "monitor",
            path.to_str().unwrap(),
            "--max-frr",
            "0.3",
            "--format",
            form,
        ]);
        assert_eq!(code(&output), 0, "{form}: {}", stderr(&output));
        let quick = [
            "plan",
            "--max-frr",
            "0.2",
            "--frr",
            "0",
            "--accepted",
            "1",
            "--format",
            form,
        ];
        let output = foldem(
            &[
                &quick[..],
                &["--replications", "100", "--most-prompts", "200"],
            ]
            .concat(),
        );
        assert_eq!(code(&output), 0, "{form}: {}", stderr(&output));
        assert!(stdout(&output).contains("binomial"), "{form}");
    }
}
