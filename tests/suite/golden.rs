//! Tiny inputs and the exact output they give. A change here is a change of results and belongs
//! into CHANGELOG.md; `FOLDEM_BLESS=1 cargo test golden` writes the files anew.

use std::fs;

use super::cli::{foldem, root, stdout};

const SCENARIOS: [&str; 3] = ["alarms", "scores", "difficulty"];

fn golden(name: &str, arguments: &[&str]) {
    let output = foldem(arguments);
    let path = root().join("tests/fixtures/golden").join(name);
    let text = stdout(&output);
    if std::env::var_os("FOLDEM_BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap();
    assert!(
        text == expected,
        "{name} differs from {}:\n{text}",
        path.display()
    );
}

fn fixture(name: &str) -> String {
    format!("tests/fixtures/golden/{name}.toml")
}

#[test]
fn simulate() {
    for name in SCENARIOS {
        golden(
            &format!("{name}.simulate.json"),
            &[
                "simulate",
                &fixture(name),
                "--attempts",
                "200",
                "--format",
                "json",
            ],
        );
    }
}

/// Prompts alone are drawn.
#[test]
fn conditional() {
    let file = fixture("difficulty");
    for (name, format) in [
        ("difficulty.conditional.json", "json"),
        ("difficulty.conditional.txt", "table"),
    ] {
        let arguments = ["simulate", &file, "--conditional", "--attempts", "200"];
        golden(name, &[&arguments[..], &["--format", format]].concat());
    }
}

#[test]
fn verify() {
    for name in SCENARIOS {
        golden(
            &format!("{name}.verify.json"),
            &[
                "verify",
                &fixture(name),
                "--attempts",
                "200",
                "--format",
                "json",
            ],
        );
    }
}

#[test]
fn check() {
    for name in ["alarms", "broken", "policy"] {
        golden(
            &format!("{name}.check.json"),
            &["check", &fixture(name), "--format", "json"],
        );
    }
}

/// A log of five generations under a policy with every kind of checkpoint.
#[test]
fn replay() {
    let (log, policy) = (
        "tests/fixtures/golden/replay.jsonl",
        "tests/fixtures/golden/replay.policy.toml",
    );
    for (name, format) in [("replay.json", "json"), ("replay.txt", "table")] {
        let arguments = ["replay", log, "--policy", policy, "--problem", "generated"];
        golden(name, &[&arguments[..], &["--format", format]].concat());
    }
}

/// Two axes and two policies, exact and drawn.
#[test]
fn sweep() {
    let file = fixture("sweep");
    for (name, format) in [
        ("sweep.json", "json"),
        ("sweep.csv", "csv"),
        ("sweep.txt", "table"),
    ] {
        golden(name, &["sweep", &file, "--format", format]);
    }
}
