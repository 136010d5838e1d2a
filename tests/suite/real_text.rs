//! The rules on real generations: the table against every prefix, and what the rules promise.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use foldem::log::{Reader, Record};
use foldem::rules::{RULES, Reading, Settings};
use serde_json::Value;

use super::cli::{foldem, root, stderr, stdout};

const PAPER: &str = "experiments/policies/paper.toml";

/// The rule of each of the paper's validators.
const VALIDATORS: [(&str, &str); 7] = [
    ("problem", "well-posed"),
    ("phrases", "hallucination-phrase"),
    ("marker", "answer-marker"),
    ("arithmetic", "false-equation"),
    ("magnitude", "magnitude"),
    ("negative", "unexpected-negative"),
    ("convergence", "convergence"),
];

fn shipped_logs() -> Vec<PathBuf> {
    ["0.5b", "1.5b"]
        .map(|size| root().join(format!("experiments/logs/qwen2.5-coder-{size}.jsonl.zst")))
        .to_vec()
}

/// First alarms by id and validator, as `replay --outcomes` writes them.
fn table(logs: &[PathBuf]) -> BTreeMap<String, Value> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outcomes.jsonl");
    let mut arguments: Vec<&str> = vec!["replay"];
    arguments.extend(logs.iter().map(|log| log.to_str().unwrap()));
    arguments.extend(["--policy", PAPER, "--outcomes", file.to_str().unwrap()]);
    let output = foldem(&arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = fs::read_to_string(&file).unwrap();
    let outcomes = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    outcomes
        .map(|o| {
            (
                o["id"].as_str().unwrap().to_owned(),
                o["first_alarms"].clone(),
            )
        })
        .collect()
}

/// The text up to the end of token `t`, by the formats' own words.
fn prefix(record: &Record, t: usize) -> &str {
    let ends = record.token_ends.as_ref().unwrap();
    let mut end = if t == 0 {
        0
    } else {
        ends[(t - 1).min(ends.len() - 1)]
    };
    while !record.solution.is_char_boundary(end) {
        end -= 1;
    }
    &record.solution[..end]
}

/// The first token whose prefix, read from the start, alarms; else what the end says.
fn by_every_prefix(record: &Record, rule: &str) -> Value {
    let rule = RULES.into_iter().find(|r| r.name == rule).unwrap();
    let mut detector = (rule.build)(&Settings::default()).unwrap();
    let tokens = usize::try_from(record.solution_tokens.unwrap()).unwrap();
    for t in 0..=tokens {
        let mut reading = Reading::start(&mut *detector, record.problem.as_deref());
        reading.push(prefix(record, t).as_bytes());
        if reading.alarm().is_some() {
            return t.into();
        }
    }
    let mut reading = Reading::start(&mut *detector, record.problem.as_deref());
    reading.push(record.solution.as_bytes());
    reading.finish().map_or(Value::Null, |_| "end".into())
}

#[test]
fn the_table_is_what_every_prefix_says() {
    let logs = shipped_logs();
    let table = table(&logs);
    let mut alarms = 0;
    for log in &logs {
        let records = Reader::open(log).unwrap().map(Result::unwrap);
        for record in records.step_by(7) {
            for (validator, rule) in VALIDATORS {
                let found = &table[&record.id][validator];
                assert_eq!(
                    *found,
                    by_every_prefix(&record, rule),
                    "{} {rule}",
                    record.id
                );
                alarms += usize::from(!found.is_null());
            }
        }
    }
    assert!(alarms > 20, "{alarms} alarms were compared");
}

/// Reads a log of the development data; says so where it is absent.
pub(super) fn development_log(name: &str) -> Option<PathBuf> {
    let path = root().join("../shared/data").join(name);
    if path.exists() {
        return Some(path);
    }
    #[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
    {
        eprintln!("SKIPPED: {} is not here", path.display());
    }
    None
}

/// The result of the paper's policy on a log.
fn replayed(log: &Path) -> Value {
    let output = foldem(&[
        "replay",
        log.to_str().unwrap(),
        "--policy",
        PAPER,
        "--format",
        "json",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

/// False rejections and detections of one validator on complete generations.
fn rates(log: &Path, validator: &str) -> [f64; 2] {
    let result = replayed(log);
    let validators = result["validators"].as_array().unwrap();
    let found = validators.iter().find(|v| v["name"] == validator).unwrap();
    ["false_rejection_rate", "detection_rate"].map(|name| found[name]["mean"].as_f64().unwrap())
}

/// What the false-equation rule promises on chat models; a naive pattern rejects a third of the
/// right solutions.
#[test]
fn false_equations_are_found_in_chats_and_right_solutions_left_alone() {
    let Some(log) = development_log("gsm8k-chat-models.jsonl.gz") else {
        return;
    };
    let [f, d] = rates(&log, "arithmetic");
    assert!(
        f <= 0.01 && d >= 0.09,
        "false rejections {f}, detection {d}"
    );
}

#[test]
fn right_solutions_written_by_people_are_left_alone() {
    let Some(log) = development_log("gsm8k-gold.jsonl.gz") else {
        return;
    };
    let result = replayed(&log);
    let arithmetic = &result["validators"][3];
    assert_eq!(arithmetic["name"], "arithmetic");
    assert!(
        arithmetic["alarm_rate"]["mean"].as_f64().unwrap() <= 0.005,
        "{arithmetic}"
    );
    assert_eq!(
        arithmetic["detection_rate"]["mean"],
        Value::Null,
        "there is nothing to detect"
    );
    assert!(
        result["warnings"]
            .to_string()
            .contains("every record is accepted")
    );
}
