//! `foldem reproduce` on projects that are not the shipped one (which is compared byte by byte in `readme.rs`).

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::cli::{code, foldem, root, stderr, stdout};

fn shipped(file: &str) -> String {
    fs::read_to_string(root().join("experiments").join(file)).unwrap()
}

/// A project with a scenario, a variant of it, one that shares no more than its name, a policy, and logs.
fn project(folder: &Path, logs: [&str; 2]) {
    let write = |file: &str, text: &str| {
        let path = folder.join("experiments").join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let five = shipped("five-stage.toml");
    write("five.toml", &five);
    let strict = five.replace("false_alarm = ", "false_alarm = 0.5 # ");
    assert_ne!(strict, five);
    write("five-strict.toml", &strict);
    write("five-others.toml", &shipped("runaway.toml"));
    write("policies/short.toml", POLICY);
    for (name, log) in ["logs/a.jsonl", "logs/b.jsonl"].into_iter().zip(logs) {
        write(name, log);
    }
}

const POLICY: &str = "schema = \"foldem.policy/1\"\nname = \"short\"\n[[validator]]\nname = \"cap\"\n\
                      rule = \"length-cap\"\ncap = 8\n[[checkpoint]]\nat = { tokens = 5 }\n\
                      validators = [\"cap\"]\n";

/// Thirty prompts, half of whose solutions are long; the labels are `label` of the number.
fn log(name: &str, label: impl Fn(usize) -> &'static str) -> String {
    let line = |i: usize| {
        let solution = if i.is_multiple_of(2) {
            "long text ".repeat(3)
        } else {
            "short".to_owned()
        };
        let label = label(i);
        format!(
            "{{\"id\": \"{name}{i}\", \"prompt_id\": \"{i}\", \"problem\": \"?\", \"solution\": \"{solution}\", \
             \"solution_tokens\": 10{label}}}\n"
        )
    };
    (0..30).map(line).collect()
}

#[test]
fn variants_and_logs_are_explained_and_everything_is_put_under_stress() {
    let folder = tempfile::tempdir().unwrap();
    let by = |every: usize| {
        move |i: usize| {
            if i.is_multiple_of(every) {
                ", \"correct\": true"
            } else {
                ", \"correct\": false"
            }
        }
    };
    project(folder.path(), [&log("a", by(3)), &log("b", by(4))]);
    let output = foldem(&[
        "reproduce",
        folder.path().to_str().unwrap(),
        "--format",
        "json",
    ]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let summary = |name: &str| {
        let experiments = found["experiments"].as_array().unwrap();
        experiments
            .iter()
            .find(|e| e["name"] == name)
            .map(|e| e["ok"] == true)
    };
    // The scenarios keep their names of the files that they are copied from.
    assert_eq!(summary("stress five-stage"), Some(true));
    assert_eq!(summary("stress short on the logs"), Some(true));
    let written: Vec<&str> = found["written"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for file in [
        "results/five/stress.json",
        "results/explain-five-and-five-strict/explanation.txt",
        "results/explain-five-and-five-strict/provenance.json",
        "paper-figures/explanation-five-strict.svg",
        "results/replay-short/stress.txt",
        "results/replay-short/explanation-b.json",
        "paper-figures/explanation-replay-short-b.png",
    ] {
        assert!(written.contains(&file), "{file}: {written:?}");
        assert!(folder.path().join(file).is_file(), "{file}");
    }
    // What shares a name and no stages is not explained.
    assert!(
        !written.iter().any(
            |file| file.contains("five-others/explanation") || file.contains("and-five-others")
        )
    );
    let read = |file: &str| -> Value {
        let text = fs::read_to_string(folder.path().join(file)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let explained = read("results/explain-five-and-five-strict/explanation.json");
    let parts = explained["figures"][0]["parts"].as_array().unwrap();
    let share = |part: &Value| part["shapley"].as_f64().unwrap();
    // False alarms alone differ, and have all of the difference.
    for part in parts {
        let all = part["factor"] == "false_alarms";
        let wanted = if all {
            explained["figures"][0]["difference"].as_f64().unwrap()
        } else {
            0.0
        };
        assert!((share(part) - wanted).abs() < 1e-12, "{part}");
    }
    // What stands there is what `figures` draws.
    let output = foldem(&["figures", folder.path().to_str().unwrap(), "--check"]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    let provenance = read("results/explain-five-and-five-strict/provenance.json");
    assert_eq!(provenance["spec"], "experiments/five-strict.toml");
    assert_eq!(provenance["inputs"][0]["file"], "experiments/five.toml");
}

#[test]
fn logs_that_say_nothing_of_stress_are_replayed_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    project(folder.path(), [&log("a", |_| ""), &log("b", |_| "")]);
    let results = folder.path().join("results/replay-short");
    fs::create_dir_all(&results).unwrap();
    fs::write(results.join("earlier.json"), "{}").unwrap();
    let output = foldem(&["reproduce", folder.path().to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let told = stderr(&output);
    assert_eq!(told.matches("left over").count(), 1, "{told}");
    assert!(
        told.contains("results/replay-short/earlier.json is left over"),
        "{told}"
    );
    assert!(results.join("replay.json").is_file());
    let files = fs::read_dir(results)
        .unwrap()
        .map(|f| f.unwrap().file_name());
    let files: Vec<String> = files.map(|f| f.to_string_lossy().into_owned()).collect();
    assert!(
        !files
            .iter()
            .any(|f| f.starts_with("stress") || f.starts_with("explanation")),
        "{files:?}"
    );
}
