//! `foldem stress`: its forms, its files, the same bytes on any number of threads, and an end for
//! every exit code.

use std::fs;

use serde_json::Value;

use super::cli::{code, foldem, interrupted, stderr, stdout};

const FIVE: &str = "experiments/five-stage.toml";
const GSM: &str = "experiments/gsm8k-like.toml";

#[test]
fn every_form_renders_and_the_json_says_it_all() {
    for (format, mark) in [
        ("table", "Tipping points"),
        (
            "csv",
            "mode,strength,savings,false_rejection_rate,cost_ratio,",
        ),
        ("markdown", "| worst-case |"),
        ("html", "<svg"),
    ] {
        let output = foldem(&["stress", FIVE, "--format", format]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(stdout(&output).contains(mark), "{format}");
    }
    let output = foldem(&["stress", GSM, "--mode", "worst-case", "--draws", "0"]);
    // 1.66 is the same in other words, and no uncertainty.
    let said = stdout(&output);
    assert!(
        said.contains("odds off by a factor of 5.27 (1.66 log-odds)"),
        "{said}"
    );
    let beyond = ["--mode", "false-alarm-shift=4:5", "--draws", "0"];
    let output = foldem(&[&["stress", GSM], beyond.as_slice()].concat());
    let said = stdout(&output);
    assert!(
        said.contains("pays today (0.9340), pays at none of these strengths"),
        "{said}"
    );
    let output = foldem(&["stress", FIVE, "--tolerance", "0.02", "--format", "json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(found["schema"], "foldem.stress/1");
    assert_eq!(found["tolerance"], 0.02);
    let confirmation = &found["confirmation"];
    assert_eq!(confirmation["disagreements"].as_array().unwrap().len(), 0);
    assert!(confirmation["comparisons"].as_u64().unwrap() > 30);
    // The negative control: planted wrong curves are found.
    assert!(confirmation["control"]["planted"].as_u64().unwrap() > 5);
    assert_eq!(
        confirmation["control"]["planted"],
        confirmation["control"]["found"]
    );
    assert_eq!(found["validators"][0], "judge");
    let names: Vec<&str> = found["modes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mode| mode["mode"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "sensitivity-shift",
            "false-alarm-shift",
            "temperature",
            "drift",
            "blindness.wrong",
            "difficulty-effect",
            "label-noise",
            "worst-case"
        ]
    );
    let drift = &found["modes"][3];
    let even = &drift["crossings"][0];
    assert_eq!(even["quantity"], "cost_ratio");
    assert_eq!(even["level"], 1.0);
    assert!(even["rises"].as_bool().unwrap());
    assert!(
        drift["verdict"]
            .as_str()
            .unwrap()
            .contains("breaks even at -1.02 log-odds per stage")
    );
    assert_eq!(drift["points"].as_array().unwrap().len(), 51);
    assert!(drift["points"][0]["tv_difficulty"].is_null());
    assert_eq!(found["modes"][5]["moves"], false);
    assert_eq!(
        found["modes"][7]["corners"][0]["raised"][0],
        "judge at clean"
    );
}

#[test]
fn the_same_bytes_on_any_number_of_threads() {
    let run = |threads: &str| {
        let arguments = [
            "stress",
            GSM,
            "--steps",
            "8",
            "--format",
            "json",
            "--threads",
            threads,
        ];
        let output = foldem(&arguments);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        output.stdout
    };
    assert!(run("1") == run("5"));
}

#[test]
fn the_figure_is_written_and_replaces_no_input() {
    let folder = tempfile::tempdir().unwrap();
    for (name, begins) in [("stress.svg", &b"<svg"[..]), ("stress.png", b"\x89PNG")] {
        let path = folder.path().join(name);
        let path = path.to_str().unwrap();
        let output = foldem(&["stress", FIVE, "--mode", "drift=-1.5:0", "--figure", path]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(fs::read(path).unwrap().starts_with(begins));
    }
    // Nothing that could be drawn is no mistake.
    let path = folder.path().join("none.svg");
    let output = foldem(&[
        "stress",
        GSM,
        "--mode",
        "drift",
        "--figure",
        path.to_str().unwrap(),
    ]);
    assert_eq!(code(&output), 0);
    assert!(stdout(&output).contains("drift is left out") && !path.exists());
    assert!(stderr(&output).contains("no figure was drawn"));
}

#[test]
fn what_is_typed_wrong_exits_2_and_what_is_read_wrong_3() {
    for (arguments, why) in [
        (vec!["--mode", "drft"], "did you mean `drift`?"),
        (vec!["--mode", "drift=1"], "drift=FROM:TO"),
        (vec!["--mode", "drift=a:b"], "drift=FROM:TO"),
        (vec!["--mode", "drift=2:1"], "FROM < TO"),
        (vec!["--mode", "drift=0:51"], "<= 50"),
        (vec!["--mode", "qqqqq"], "of this scenario. Known: "),
        (vec!["--validator", "juge"], "did you mean `judge`?"),
        (vec!["--validator", "qqqqq"], "consults. Known: `judge`"),
        (vec!["--tolerance", "0"], "above 0"),
        (vec!["--tolerance", "1"], "below 1"),
        (vec!["--steps", "0"], "steps"),
        (vec!["--figure", "stress.pdf"], ".svg"),
        (vec!["--figure", FIVE], "is an input"),
    ] {
        let output = foldem(&[&["stress", FIVE], arguments.as_slice()].concat());
        assert_eq!(code(&output), 2, "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
    assert_eq!(code(&foldem(&["stress", "no-such.toml"])), 3);
    assert_eq!(
        code(&foldem(&[
            "stress",
            "experiments/sweeps/five-stage-alarms.toml"
        ])),
        3
    );
}

#[cfg(unix)]
#[test]
fn an_interrupted_test_exits_130() {
    let output = interrupted(&["stress", GSM, "--steps", "100000"], 1500);
    assert_eq!(code(&output), 130, "{}", stderr(&output));
    assert!(output.stdout.is_empty());
}
