//! What the false-equation rule reaches on the development logs, on the half of the prompts that it
//! was not tuned on: those whose hash is odd.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use foldem::log::Reader;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::cli::{foldem, stderr, stdout};
use super::real_text::development_log;

/// A check of these rules every 8 tokens and of the complete solution.
fn policy(rules: &[&str]) -> String {
    let mut policy = "schema = \"foldem.policy/1\"\nname = \"every-8\"\n".to_owned();
    for rule in rules {
        writeln!(
            policy,
            "[[validator]]\nname = \"{rule}\"\nrule = \"{rule}\""
        )
        .unwrap();
    }
    for at in ["{ every_tokens = 8 }", "\"solution\""] {
        writeln!(policy, "[[checkpoint]]\nat = {at}\nvalidators = {rules:?}").unwrap();
    }
    policy
}

/// Whether a prompt is of the half that figures are reported on.
fn reported(prompt: &str) -> bool {
    Sha256::digest(prompt.as_bytes())[0] % 2 == 1
}

/// False rejections, detections and alarms of a policy on a log, each with its interval; on the
/// reported half of the prompts alone if `half`.
fn rates(log: &Path, rules: &[&str], half: bool) -> [[f64; 3]; 3] {
    let folder = tempfile::tempdir().unwrap();
    let (part, file) = (
        folder.path().join("part.jsonl"),
        folder.path().join("policy.toml"),
    );
    let mut lines = String::new();
    for record in Reader::open(log).unwrap().map(Result::unwrap) {
        if !half || reported(record.prompt()) {
            lines += &serde_json::to_string(&record).unwrap();
            lines.push('\n');
        }
    }
    fs::write(&part, lines).unwrap();
    fs::write(&file, policy(rules)).unwrap();
    let [part, file] = [&part, &file].map(|path| path.to_str().unwrap());
    let output = foldem(&["replay", part, "--policy", file, "--format", "json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let result: Value = serde_json::from_str(&stdout(&output)).unwrap();
    ["false_rejection_rate", "detection_rate", "rejection_rate"].map(|name| {
        let estimate = &result["estimates"][name];
        let numbers = [&estimate["mean"], &estimate["ci"][0], &estimate["ci"][1]];
        numbers.map(|x| 100.0 * x.as_f64().unwrap_or(f64::NAN))
    })
}

/// Says what was measured and checks it against a ceiling of false rejections and a floor of
/// detection, in per cent.
fn check(name: &str, rules: &[&str], half: bool, ceiling: f64, floor: f64) {
    let Some(log) = development_log(name) else {
        return;
    };
    let [f, d, _] = rates(&log, rules, half);
    #[expect(clippy::print_stderr, reason = "figures for the rule's page")]
    {
        eprintln!("{name} {rules:?}: false rejections {f:.2?}, detection {d:.2?}");
    }
    assert!(f[0] <= ceiling, "{name}: false rejections {f:?}");
    assert!(d[0] >= floor, "{name}: detection {d:?}");
}

#[test]
fn chats_about_school_problems() {
    let log = "gsm8k-chat-models.jsonl.gz";
    check(log, &["false-equation"], true, 0.5, 11.0);
    check(log, &["false-equation", "answer-marker"], true, 0.5, 12.0);
}

#[test]
fn chats_about_hard_problems() {
    check(
        "math-l5-chat-models.jsonl.gz",
        &["false-equation"],
        true,
        2.4,
        9.0,
    );
}

#[test]
fn arithmetic_in_many_steps() {
    check(
        "arithmetic-palm2-steps.jsonl.gz",
        &["false-equation"],
        false,
        0.0,
        92.0,
    );
}

#[test]
fn solutions_written_by_people() {
    let Some(log) = development_log("gsm8k-gold.jsonl.gz") else {
        return;
    };
    let [_, _, alarms] = rates(&log, &["false-equation"], true);
    assert!(alarms[0] <= 0.5, "{alarms:?}");
}
