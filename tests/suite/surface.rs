//! The surface against replays of each group alone, against exact values, and by command.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::cli::{code, foldem, stderr, stdout};

const LOGS: [&str; 2] = [
    "experiments/logs/qwen2.5-coder-0.5b.jsonl.zst",
    "experiments/logs/qwen2.5-coder-1.5b.jsonl.zst",
];
const OFTEN: &str = "experiments/policies/every-8-tokens.toml";
const SCENARIO: &str = "experiments/gsm8k-like.toml";

/// What a command prints as JSON.
fn found(arguments: &[&str]) -> Value {
    let run = foldem(&[arguments, &["--format", "json"]].concat());
    assert_eq!(code(&run), 0, "{}", stderr(&run));
    serde_json::from_str(&stdout(&run)).unwrap()
}

/// Three groups, their records among each other: `a` has labelled steps on every other record, `b` has no
/// verdicts at all, `c` some. Lengths differ between groups, so that expected lengths do.
fn mixed() -> Vec<Value> {
    let record = |i: usize| {
        let (model, length) = [("a", 20), ("b", 50), ("c", 35)][i % 3];
        let n = length + i * 7 % 11;
        let at = i * 5 % (n + 20);
        let text: String = (0..n).map(|t| if t == at { 'x' } else { 'o' }).collect();
        let mut record = json!({
            "id": i.to_string(),
            "prompt_id": (i / 6).to_string(),
            "model": model,
            "benchmark": "made-up",
            "solution": text,
            "token_ends": (1..=n).collect::<Vec<_>>(),
        });
        let good = (i * i + i / 3) % 5 < 2;
        if model == "a" || (model == "c" && !i.is_multiple_of(4)) {
            record["correct"] = json!(good);
        }
        if model == "a" && i.is_multiple_of(2) {
            let step = (!good).then_some(1);
            let attributes = json!({"step_byte_starts": [0, 6, 12], "first_error_step": step});
            record["attributes"] = attributes;
        }
        record
    };
    (0..180).map(record).collect()
}

fn written(folder: &Path, name: &str, records: &[Value]) -> String {
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    let path = folder.join(name);
    fs::write(&path, lines.join("\n")).unwrap();
    path.display().to_string()
}

fn policy(folder: &Path, name: &str, at: &str) -> String {
    let text = format!(
        "schema = 'foldem.policy/1'\nname = '{name}'\n[[validator]]\nname = 'x'\nrule = 'literal'\n\
         patterns = ['x']\n[[checkpoint]]\nat = {at}\nvalidators = ['x']\ncost_tokens = 0.5\n"
    );
    let path = folder.join(format!("{name}.toml"));
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// Whether all figures of a row are those of a replay, to the last bit.
fn same_figures(row: &Value, replay: &Value) -> bool {
    row["estimates"]
        .as_object()
        .unwrap()
        .iter()
        .all(|(name, value)| {
            let of_replay = match name.as_str() {
                "cost_beyond_coin" => &replay[name],
                name => &replay["estimates"][name],
            };
            assert!(value["exact"].is_null());
            ["mean", "stderr", "ci"]
                .iter()
                .all(|part| value[part] == of_replay[part])
        })
}

fn baseline<'r>(replay: &'r Value, name: &str) -> Option<&'r Value> {
    replay["baselines"]
        .as_array()
        .unwrap()
        .iter()
        .find(|b| b["name"] == name)
}

#[test]
fn every_row_is_the_replay_of_its_group_alone() {
    let folder = tempfile::tempdir().unwrap();
    let records = mixed();
    let log = written(folder.path(), "mixed.jsonl", &records);
    let policies = [
        policy(folder.path(), "half", "{ expected_fraction = 0.5 }"),
        policy(folder.path(), "often", "{ every_tokens = 4 }"),
    ];
    let surface = found(&[
        "surface",
        &log,
        "--policy",
        &policies[0],
        "--policy",
        &policies[1],
    ]);
    assert_eq!(surface["schema"], "foldem.surface/1");
    assert_eq!(surface["policies"], json!(["half", "often"]));
    let [records_told, groups, rows_of_logs] =
        ["records", "groups", "rows_of_logs"].map(|n| &surface[n]);
    assert_eq!(
        [records_told, groups, rows_of_logs],
        [180, 3, 6].map(Value::from).each_ref()
    );
    let rows = surface["rows"].as_array().unwrap();
    let mut replays = Vec::new();
    for model in ["a", "b", "c"] {
        let group: Vec<Value> = records
            .iter()
            .filter(|r| r["model"] == model)
            .cloned()
            .collect();
        let alone = written(folder.path(), "alone.jsonl", &group);
        replays.extend(
            policies
                .iter()
                .map(|p| found(&["replay", &alone, "--policy", p])),
        );
    }
    assert_eq!(rows.len(), replays.len());
    for (row, replay) in rows.iter().zip(&replays) {
        assert_eq!(row["policy"], replay["policy"]);
        for name in ["records", "prompts"] {
            assert_eq!(row[name], replay[name]);
        }
        assert!(same_figures(row, replay), "{row}\n{replay}");
        let oracle = baseline(replay, "oracle-at-first-wrong-step");
        assert_eq!(oracle.is_some(), row["model"] == "a");
        let ceiling = &row["ceiling"];
        for (own, name) in [("savings", "savings"), ("cost_ratio", "cost_ratio")] {
            let expected = oracle.map_or(&Value::Null, |b| &b["estimates"][name]);
            assert_eq!(&ceiling[own], expected);
            let policy = baseline(replay, "policy-where-steps-are-labelled");
            let expected = policy.map_or(&Value::Null, |b| &b["estimates"][name]);
            assert_eq!(&ceiling[format!("policy_{own}")], expected);
        }
    }
    // The comparison is not blind: rows of other groups and of other policies are not the same.
    for (i, row) in rows.iter().enumerate() {
        let others = replays.iter().enumerate().filter(|(j, _)| *j != i);
        for (_, replay) in others {
            assert!(!same_figures(row, replay));
        }
    }
    // What needs a verdict is unknown where there is none; the rest is there.
    let of = |row: &Value, name: &str| row["estimates"][name]["mean"].as_f64();
    for row in &rows[2..4] {
        assert_eq!(row["labelled"], 0);
        assert!(of(row, "savings").is_some() && of(row, "null_savings").is_some());
        for name in ["false_rejection_rate", "detection_rate", "cost_ratio"] {
            assert_eq!(of(row, name), None, "{name}");
        }
        let warnings = row["warnings"].to_string();
        assert!(warnings.contains("no record has a verdict"), "{warnings}");
    }
    // So do figures with such rows in them.
    let picture = folder.path().join("errors.svg").display().to_string();
    let arguments = [
        "surface",
        &log,
        "--policy",
        &policies[1],
        "--error-figure",
        &picture,
    ];
    let drawn = foldem(&arguments);
    assert_eq!(code(&drawn), 0, "{}", stderr(&drawn));
    assert!(
        stdout(&drawn).contains("of 1 it is not known"),
        "{}",
        stdout(&drawn)
    );
    let svg = fs::read_to_string(&picture).unwrap();
    assert_eq!(svg.matches("policy undefined").count(), 2);
}

#[test]
fn the_shipped_logs_are_what_replay_says_of_each_and_scenarios_are_exact() {
    let policies = ["--policy", "paper", "--policy", OFTEN];
    let surface = found(&[&["surface"], &LOGS[..], &[SCENARIO], &policies].concat());
    let rows = surface["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &surface["rows_of_logs"]), (5, &json!(4)));
    for (i, row) in rows[..4].iter().enumerate() {
        let policy = ["paper", OFTEN][i % 2];
        let replay = found(&["replay", LOGS[i / 2], "--policy", policy]);
        assert!(same_figures(row, &replay), "{row}");
        assert_eq!(row["source"], "log");
    }
    let exact = found(&["simulate", SCENARIO, "--attempts", "1000"]);
    let model = &rows[4];
    assert_eq!(model["source"], "scenario");
    assert_eq!(model["scenario"], "gsm8k-like");
    assert!(
        model["policy"].is_null() && model.get("records").is_none() && model["ceiling"].is_null()
    );
    let mut compared = 0;
    for (name, value) in model["estimates"].as_object().unwrap() {
        assert!(value["mean"].is_null() && value["ci"].is_null(), "{name}");
        if name != "cost_beyond_coin" {
            assert_eq!(value["exact"], exact["estimates"][name]["exact"], "{name}");
            compared += 1;
        }
    }
    assert_eq!(compared, 8);
}

#[test]
fn a_table_gives_the_surface_of_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("alarms.parquet").display().to_string();
    let saved = foldem(&[
        "replay",
        LOGS[0],
        "--policy",
        "paper",
        "--save-table",
        &table,
    ]);
    assert_eq!(code(&saved), 0, "{}", stderr(&saved));
    let from_table = found(&["surface", "--table", &table, "--policy", "paper"]);
    assert_eq!(
        from_table,
        found(&["surface", LOGS[0], "--policy", "paper"])
    );
    let missing = foldem(&[
        "surface",
        "--table",
        &table,
        "--policy",
        "experiments/policies/game24.toml",
    ]);
    assert_eq!(code(&missing), 3);
    assert!(
        stderr(&missing).contains("game24.toml: validator `"),
        "{}",
        stderr(&missing)
    );
}

/// The only prompt of a group has no other to expect a length from: its row says so, and the others stand.
#[test]
fn a_policy_without_a_place_in_a_group_leaves_the_row_open() {
    let folder = tempfile::tempdir().unwrap();
    let mut records = mixed();
    records.truncate(30);
    records.push(json!({"id": "lonely", "model": "z", "solution": "oxo", "correct": true}));
    let half = policy(folder.path(), "half", "{ expected_fraction = 0.5 }");
    let log = written(folder.path(), "log.jsonl", &records);
    let surface = found(&["surface", &log, "--policy", &half]);
    let rows = surface["rows"].as_array().unwrap();
    let (last, others) = rows.split_last().unwrap();
    assert_eq!((&last["model"], &last["records"]), (&json!("z"), &json!(1)));
    assert!(last["benchmark"].is_null() && last["estimates"]["savings"]["mean"].is_null());
    assert!(
        last["warnings"][0]
            .as_str()
            .unwrap()
            .contains("expected_tokens")
    );
    assert!(
        others
            .iter()
            .all(|row| row["estimates"]["savings"]["mean"].is_number())
    );
    // Where no group has a place, the policy is wrong.
    let lonely = written(folder.path(), "lonely.jsonl", &records[30..]);
    let refused = foldem(&["surface", &lonely, "--policy", &half]);
    assert_eq!(code(&refused), 3);
    assert!(stderr(&refused).contains("half.toml") && stderr(&refused).contains("expected_tokens"));
}

#[test]
fn people_are_told_how_many_rows_stand_there_and_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let often = policy(folder.path(), "often", "{ every_tokens = 4 }");
    let unlabelled: Vec<Value> = mixed().into_iter().filter(|r| r["model"] == "b").collect();
    let log = written(folder.path(), "log.jsonl", &unlabelled);
    let picture = folder.path().join("errors.png");
    let run = foldem(&[
        "surface",
        &log,
        "--policy",
        &often,
        "--error-figure",
        picture.to_str().unwrap(),
    ]);
    assert_eq!(code(&run), 0, "{}", stderr(&run));
    let text = stdout(&run);
    for part in [
        "1 group × 1 policy = 1 row.",
        "The log has one group",
        "no record has a verdict",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("The best of"));
    assert!(stderr(&run).contains("not drawn") && !picture.exists());
    let two = stdout(&foldem(
        &[&["surface", "--policy", "paper"], &LOGS[..]].concat(),
    ));
    assert!(
        two.contains("The best of these 2 rows looks better than it is"),
        "{two}"
    );
}

#[test]
fn what_cannot_be_shown_is_told() {
    let log = LOGS[0];
    let cases: [(&[&str], i32, &str); 11] = [
        (&["surface", log], 2, "--policy"),
        (&["surface", "--policy", "paper"], 2, "LOG"),
        (
            &["surface", SCENARIO, "--policy", "paper"],
            2,
            "scenarios only",
        ),
        (&["surface", "-", "--policy", "-"], 2, "named twice"),
        (
            &["surface", log, "--table", "t.parquet", "--policy", "paper"],
            2,
            "leave one of the two out",
        ),
        (
            &[
                "surface",
                "--table",
                "t.parquet",
                "--skip-malformed",
                "--policy",
                "paper",
            ],
            2,
            "leave it out",
        ),
        (
            &[
                "surface",
                log,
                "--policy",
                "paper",
                "--error-figure",
                "e.gif",
            ],
            2,
            "--error-figure e.gif",
        ),
        (
            &[
                "surface",
                log,
                "--policy",
                "paper",
                "--figure",
                "f.svg",
                "--error-figure",
                "f.svg",
            ],
            2,
            "another output",
        ),
        (
            &["surface", "missing.jsonl", "--policy", "paper"],
            3,
            "missing.jsonl",
        ),
        (
            &["surface", log, "--policy", "missing.toml"],
            3,
            "missing.toml",
        ),
        (
            &["surface", log, OFTEN, "--policy", "paper"],
            3,
            "every-8-tokens.toml",
        ),
    ];
    for (arguments, expected, part) in cases {
        let run = foldem(arguments);
        assert_eq!(code(&run), expected, "{arguments:?}: {}", stderr(&run));
        assert!(
            stderr(&run).contains(part),
            "{arguments:?}: {}",
            stderr(&run)
        );
    }
}

#[test]
fn every_form_of_report_is_written() {
    let folder = tempfile::tempdir().unwrap();
    for ending in ["html", "csv", "md", "txt", "json"] {
        let file = folder.path().join(format!("report.{ending}"));
        let run = foldem(&[
            "surface",
            LOGS[0],
            SCENARIO,
            "--policy",
            "paper",
            "--quiet",
            "--report",
            file.to_str().unwrap(),
        ]);
        assert_eq!(code(&run), 0, "{}", stderr(&run));
        let text = fs::read_to_string(&file).unwrap();
        let parts: &[&str] = match ending {
            "html" => &[
                "False negatives",
                "Cost per retained sample",
                "SHA-256",
                "scenario gsm8k-like",
            ],
            "csv" => &[
                "source,model",
                "log,qwen2.5-coder-0.5b,templates,,paper,669,168,",
                "scenario,,,gsm8k-like,,,,,savings,,,,,0.0956",
            ],
            "json" => &["foldem.surface/1"],
            _ => &[
                "qwen2.5-coder-0.5b · templates",
                "scenario gsm8k-like",
                "nothing in them was measured",
            ],
        };
        for part in parts {
            assert!(text.contains(part), "{ending}: {part}\n{text}");
        }
    }
}
