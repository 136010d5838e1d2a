//! The ready policies on real generations: tuned on one half of the prompts, held to their promises
//! on the other.
//!
//! A prompt belongs to the held-out half if the first byte of the SHA-256 of its `prompt_id` is
//! odd. The logs are not shipped; without them the tests say that they are skipped.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};

use flate2::read::GzDecoder;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::cli::{foldem, root, stderr, stdout};
use super::real_text::development_log;

/// The estimates of a ready policy on the held-out half of a log; `whole` on all of it.
fn estimates(log: &str, policy: &str, whole: bool) -> Option<Value> {
    let log = development_log(log)?;
    let folder = tempfile::tempdir().unwrap();
    let part = folder.path().join("held-out.jsonl");
    let mut out = File::create(&part).unwrap();
    let mut kept = [0; 2];
    for line in BufReader::new(GzDecoder::new(File::open(log).unwrap())).lines() {
        let line = line.unwrap();
        let record: Value = serde_json::from_str(&line).unwrap();
        let held_out = Sha256::digest(record["prompt_id"].as_str().unwrap())[0] % 2 == 1;
        kept[usize::from(held_out)] += 1;
        if held_out || whole {
            writeln!(out, "{line}").unwrap();
        }
    }
    drop(out);
    assert!(kept.iter().all(|&n| n > 20), "a half is empty: {kept:?}");
    let policy = root().join(format!("experiments/policies/{policy}.toml"));
    assert!(fs::exists(&policy).unwrap());
    let output = foldem(&[
        "replay",
        part.to_str().unwrap(),
        "--policy",
        policy.to_str().unwrap(),
        "--format",
        "json",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    let result: Value = serde_json::from_str(&stdout(&output)).unwrap();
    Some(result["estimates"].clone())
}

fn mean(estimates: &Value, name: &str) -> f64 {
    estimates[name]["mean"].as_f64().unwrap()
}

#[test]
fn the_game_of_24_is_stopped_early() {
    let Some(found) = estimates("game24-gpt4.jsonl.gz", "game24", false) else {
        return;
    };
    assert!(mean(&found, "false_rejection_rate") <= 0.03, "{found}");
    assert!(mean(&found, "detection_rate") >= 0.96, "{found}");
    // Of all tokens; those of wrong solutions are 95 % of them.
    assert!(mean(&found, "savings") >= 0.35, "{found}");
}

#[test]
fn word_problems_lose_few_right_solutions() {
    let Some(found) = estimates("gsm8k-chat-models.jsonl.gz", "math-word-problems", false) else {
        return;
    };
    assert!(mean(&found, "false_rejection_rate") <= 0.005, "{found}");
    assert!(mean(&found, "detection_rate") >= 0.12, "{found}");
}

#[test]
fn right_solutions_written_by_people_pass_the_policy_for_word_problems() {
    let Some(found) = estimates("gsm8k-gold.jsonl.gz", "math-word-problems", false) else {
        return;
    };
    assert!(mean(&found, "rejection_rate") <= 0.005, "{found}");
}

#[test]
fn wrong_arithmetic_is_found() {
    let Some(found) = estimates("arithmetic-palm2-steps.jsonl.gz", "arithmetic", true) else {
        return;
    };
    assert!(mean(&found, "detection_rate") >= 0.92, "{found}");
    assert!(mean(&found, "false_rejection_rate") <= 0.05, "{found}");
}
