//! `foldem optimal`: its forms, its files, and an end for every exit code.

use std::fs;

use serde_json::Value;

use super::cli::{code, foldem, root, stderr, stdout};

const GSM: &str = "experiments/gsm8k-like.toml";
const RUNAWAY: &str = "experiments/runaway-undetected.toml";

#[test]
fn every_form_renders_and_the_json_says_it_all() {
    for (format, mark) in [
        ("table", "What optimal does"),
        ("csv", "policy,role,cost,cost_ratio,"),
        ("markdown", "| never-reject |"),
        ("html", "<svg"),
    ] {
        let output = foldem(&["optimal", GSM, "--format", format]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(stdout(&output).contains(mark), "{format}");
    }
    let output = foldem(&["optimal", RUNAWAY, "--tokens-seen", "--format", "json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(found["schema"], "foldem.optimal/1");
    assert_eq!(found["per"], "utility");
    let names: Vec<&str> = found["policies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "never-reject",
            "own",
            "best-fixed",
            "optimal",
            "optimal-tokens-seen",
            "full-information",
            "kill-at-onset"
        ]
    );
    let cost = |i: usize| found["policies"][i]["cost"].as_f64().unwrap();
    // Lengths give runaways away, to which the validator is blind.
    assert!(cost(4) < 0.8 * cost(3));
    assert_eq!(found["optima"][0]["rules_complete"], true);
    assert_eq!(
        found["optima"][0]["rules"][0]["choices"][0]["rejects"],
        true
    );
    assert_eq!(
        found["optima"][0]["rules"][0]["choices"][0]["verdicts"][0],
        "trace alarms"
    );
}

#[test]
fn the_figure_is_written_and_replaces_no_input() {
    let folder = tempfile::tempdir().unwrap();
    for (name, begins) in [("costs.svg", &b"<svg"[..]), ("costs.png", b"\x89PNG")] {
        let path = folder.path().join(name);
        let path = path.to_str().unwrap();
        let output = foldem(&["optimal", GSM, "--per", "sample", "--figure", path]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(fs::read(path).unwrap().starts_with(begins));
    }
    let wrong = foldem(&["optimal", GSM, "--figure", "costs.pdf"]);
    assert_eq!(code(&wrong), 2);
    assert!(stderr(&wrong).contains(".svg"));
    let lengths = foldem(&["optimal", GSM, "--tokens-seen"]);
    assert_eq!(code(&lengths), 2);
    assert!(
        stderr(&lengths).contains("`length_effect`"),
        "{}",
        stderr(&lengths)
    );
}

#[test]
fn what_cannot_be_searched_exits_3_and_says_what_to_reduce() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.toml");
    let list = |item: &str| [item; 12].join(", ");
    let mut text = format!(
        "schema = 'foldem.scenario/1'\nname = 'large'\n\
         [[fault]]\nkind = 'x'\nhazard = [{}]\n[[fault]]\nkind = 'y'\nhazard = [{}]\n",
        list("0.05"),
        list("0.04")
    );
    for k in 0..12 {
        text += &format!("[[stage]]\nname = 's{k}'\ntokens = {{ dist = 'fixed', value = 10 }}\n");
    }
    for v in 0..4 {
        text += &format!(
            "[[validator]]\nname = 'v{v}'\ndetects = {{ x = 0.{v}3, y = 0.6{v} }}\n\
             false_alarm = 0.0{v}1\n"
        );
    }
    for k in 0..11 {
        text +=
            &format!("[[policy.checkpoint]]\nat = 's{k}'\nvalidators = ['v0', 'v1', 'v2', 'v3']\n");
    }
    fs::write(&path, text).unwrap();
    let output = foldem(&["optimal", path.to_str().unwrap()]);
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    let message = stderr(&output);
    assert!(
        message.contains("3.4e13 histories") && message.contains("fewer checkpoints"),
        "{message}"
    );

    let missing = foldem(&["optimal", "no-such.toml"]);
    assert_eq!(code(&missing), 3);
    let worthless = fs::read_to_string(root().join(GSM)).unwrap() + "[utility]\nclean = 0.0\n";
    fs::write(&path, worthless).unwrap();
    let output = foldem(&["optimal", path.to_str().unwrap()]);
    assert_eq!(code(&output), 3);
    assert!(stderr(&output).contains("raise"), "{}", stderr(&output));
}

/// Many fixed policies, each with a slow integral.
#[cfg(unix)]
#[test]
fn an_interrupted_search_exits_130() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slow.toml");
    let mut text = "schema = 'foldem.scenario/1'\nname = 'slow'\n[difficulty]\nsd = 1\n\
         [[fault]]\nkind = 'x'\nhazard = [0.1, 0.1]\ndifficulty_effect = 20\n\
         [[stage]]\nname = 'a'\ntokens = { dist = 'fixed', value = 10 }\n\
         [[stage]]\nname = 'b'\ntokens = { dist = 'fixed', value = 10 }\n"
        .to_owned();
    let names: Vec<String> = (0..11).map(|v| format!("'v{v}'")).collect();
    for name in &names {
        text += &format!(
            "[[validator]]\nname = {name}\ndetects = {{ x = 0.3 }}\nfalse_alarm = 0.1\n\
             difficulty_effect = 30\n"
        );
    }
    text += &format!(
        "[[policy.checkpoint]]\nat = 'a'\nvalidators = [{}]\n",
        names.join(", ")
    );
    fs::write(&path, text).unwrap();
    let output = super::cli::interrupted(&["optimal", path.to_str().unwrap()], 1500);
    assert_eq!(code(&output), 130, "{}", stderr(&output));
}

/// One checkpoint that asks so many validators, which are correlated or not.
fn many_alarms(validators: usize, correlated: bool) -> String {
    let mut text = "schema = 'foldem.scenario/1'\nname = 'many'\n\
         [[fault]]\nkind = 'x'\nhazard = [0.2, 0.1]\n\
         [[stage]]\nname = 'a'\ntokens = { dist = 'fixed', value = 10 }\n\
         [[stage]]\nname = 'b'\ntokens = { dist = 'fixed', value = 10 }\n"
        .to_owned();
    let names: Vec<String> = (0..validators).map(|v| format!("'v{v}'")).collect();
    for (v, name) in names.iter().enumerate() {
        text += &format!(
            "[[validator]]\nname = {name}\ndetects = {{ x = 0.3{v} }}\nfalse_alarm = 0.01{v}\n"
        );
    }
    let names = names.join(", ");
    if correlated {
        text += &format!("[[correlated]]\nvalidators = [{names}]\ncommon = 0.5\n");
    }
    text + &format!("[[policy.checkpoint]]\nat = 'a'\nvalidators = [{names}]\n")
}

/// Holding each of 2^16 verdicts against all others would take minutes.
#[test]
fn verdicts_of_many_alarms_are_told_without_comparing_them_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.toml");
    for correlated in [false, true] {
        fs::write(&path, many_alarms(16, correlated)).unwrap();
        let output = foldem(&["optimal", path.to_str().unwrap(), "--format", "json"]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
        let choices = found["optima"][0]["rules"][0]["choices"]
            .as_array()
            .unwrap();
        let all: f64 = choices
            .iter()
            .filter_map(|choice| choice["probability"].as_f64())
            .sum();
        assert!((all - 1.0).abs() < 1e-9, "{all}");
    }
}

/// A tree of a million beliefs at one checkpoint.
#[cfg(unix)]
#[test]
fn an_interrupt_is_heard_while_the_tree_is_built() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.toml");
    fs::write(&path, many_alarms(20, true)).unwrap();
    let output = super::cli::interrupted(&["optimal", path.to_str().unwrap()], 1000);
    assert_eq!(code(&output), 130, "{}", stderr(&output));
}
