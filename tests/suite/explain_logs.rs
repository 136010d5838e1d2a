//! Two logs explained: against replay, against populations put together by hand, and bad input.

use std::fs;

use serde_json::{Value, json};

use super::cli::{code, foldem, stderr, stdout};

const LOGS: [&str; 2] = [
    "experiments/logs/qwen2.5-coder-0.5b.jsonl.zst",
    "experiments/logs/qwen2.5-coder-1.5b.jsonl.zst",
];

fn explained(arguments: &[&str]) -> Value {
    let run = foldem(
        &[
            &["explain", "--format", "json", "--resamples", "200"],
            arguments,
        ]
        .concat(),
    );
    assert_eq!(code(&run), 0, "{}", stderr(&run));
    serde_json::from_str(&stdout(&run)).unwrap()
}

fn number(value: &Value, pointer: &str) -> f64 {
    let found = value.pointer(pointer).and_then(Value::as_f64);
    found.unwrap_or_else(|| panic!("no {pointer} in {value}"))
}

/// Shares of a figure by part.
fn shares(found: &Value, figure: usize) -> Vec<(String, f64)> {
    let parts = found["figures"][figure]["parts"].as_array().unwrap();
    let share = |part: &Value| {
        (
            part["factor"].as_str().unwrap().to_owned(),
            number(part, "/shapley/mean"),
        )
    };
    parts.iter().map(share).collect()
}

/// The ends are what `replay` says of either log, and shares add up to the difference.
#[test]
fn the_ends_are_those_of_replay() {
    for policy in ["paper", "experiments/policies/every-8-tokens.toml"] {
        let found = explained(&["--policy", policy, LOGS[0], "--", LOGS[1]]);
        assert_eq!(found["schema"], "foldem.log-explanation/1");
        let replays = LOGS.map(|log| {
            let run = foldem(&["replay", log, "--policy", policy, "--format", "json"]);
            let found: Value = serde_json::from_str(&stdout(&run)).unwrap();
            found["estimates"].clone()
        });
        for (figure, name) in ["savings", "cost_ratio"].into_iter().enumerate() {
            let of = &found["figures"][figure];
            assert_eq!(of["name"], name);
            for (side, replay) in ["of_first", "of_second"].into_iter().zip(&replays) {
                let wanted = number(&replay[name], "/mean");
                let value = number(&of[side], "/mean");
                assert!(
                    (value - wanted).abs() < 1e-9,
                    "{policy} {name}: {value} {wanted}"
                );
            }
            let sum: f64 = shares(&found, figure).iter().map(|(_, share)| share).sum();
            assert!((sum - number(of, "/difference/mean")).abs() < 1e-12);
        }
        let mut rates = found["quantities"].as_array().unwrap().iter();
        let rate = rates.find(|q| q["name"] == "detection_rate").unwrap();
        let wanted = number(&replays[0]["detection_rate"], "/mean");
        assert!((number(rate, "/first/mean") - wanted).abs() < 1e-9);
    }
}

/// A text of `tokens` tokens, three characters each; the one after `alarm` of them says BAD.
fn record(
    id: usize,
    prompt: usize,
    correct: Option<bool>,
    tokens: usize,
    alarm: Option<usize>,
) -> String {
    let mut text = vec!["aaa"; tokens];
    if let Some(at) = alarm {
        text[at] = "BAD";
    }
    let ends: Vec<usize> = (1..=tokens).map(|t| 3 * t).collect();
    let mut record = json!({"id": id, "prompt_id": prompt.to_string(), "problem": "?", "problem_tokens": 1,
        "solution": text.concat(), "solution_tokens": tokens, "token_ends": ends});
    if let Some(correct) = correct {
        record["correct"] = json!(correct);
    }
    record.to_string() + "\n"
}

/// What a made-up log holds: good and bad generations, how many of each say BAD, and lengths.
#[derive(Clone, Copy)]
struct Made {
    good: [usize; 2],
    bad: [usize; 2],
    good_tokens: usize,
    bad_tokens: usize,
}

impl Made {
    fn log(self) -> String {
        let kinds = [
            (true, self.good, self.good_tokens),
            (false, self.bad, self.bad_tokens),
        ];
        let mut text = String::new();
        let mut id = 0;
        for (correct, [silent, alarmed], tokens) in kinds {
            for i in 0..silent + alarmed {
                text += &record(
                    id,
                    id / 2,
                    Some(correct),
                    tokens,
                    (i < alarmed).then_some(0),
                );
                id += 1;
            }
        }
        text
    }
}

const POLICY: &str = "schema = \"foldem.policy/1\"\nname = \"test\"\n[[validator]]\nname = \"bad\"\nrule = \"literal\"\n\
    patterns = [\"BAD\"]\n[[checkpoint]]\nat = { tokens = 10 }\nvalidators = [\"bad\"]\n";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(logs: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::write(folder.0.path().join("policy.toml"), POLICY).unwrap();
        for (name, text) in logs {
            fs::write(folder.0.path().join(name), text).unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn arguments(&self) -> Vec<String> {
        let [policy, a, b] = ["policy.toml", "a.jsonl", "b.jsonl"].map(|name| self.path(name));
        vec!["--policy".to_owned(), policy, a, "--".to_owned(), b]
    }

    fn explained(&self) -> Value {
        let arguments = self.arguments();
        explained(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The exit code and what is said.
    fn run(&self, more: &[&str]) -> (i32, String) {
        let arguments = self.arguments();
        let mut all = vec!["explain"];
        all.extend(more);
        all.extend(arguments.iter().map(String::as_str));
        let run = foldem(&all);
        (code(&run), stdout(&run) + &stderr(&run))
    }
}

const BASE: Made = Made {
    good: [30, 10],
    bad: [10, 30],
    good_tokens: 40,
    bad_tokens: 40,
};

/// Logs that differ in one thing alone, by hand: it has all of the difference.
#[test]
fn what_alone_differs_has_all_of_the_difference() {
    for (other, factor) in [
        (
            Made {
                good: [15, 5],
                ..BASE
            },
            "how_often",
        ),
        (
            Made {
                bad: [30, 10],
                ..BASE
            },
            "detection",
        ),
        (
            Made {
                good: [20, 20],
                ..BASE
            },
            "false_alarms",
        ),
    ] {
        let folder = Folder::new(&[("a.jsonl", &BASE.log()), ("b.jsonl", &other.log())]);
        let found = folder.explained();
        for figure in 0..2 {
            let difference = number(&found["figures"][figure], "/difference/mean");
            let moves = difference.abs() > 1e-3 || (figure == 0 && factor == "how_often");
            assert!(moves, "{factor}: {difference}");
            for (name, share) in shares(&found, figure) {
                let wanted = if name == factor { difference } else { 0.0 };
                assert!((share - wanted).abs() < 1e-12, "{factor} {name}: {share}");
            }
        }
        // By hand: 40 generations of 40 tokens each, stopped after 10.
        let rejected = 40.0_f64;
        let by_hand = rejected * 30.0 / (80.0 * 40.0);
        assert!((number(&found["figures"][0], "/of_first/mean") - by_hand).abs() < 1e-12);
    }
    // Longer bad texts are stopped at the same place: earlier, for their length.
    let longer = Made {
        bad_tokens: 80,
        ..BASE
    };
    let folder = Folder::new(&[("a.jsonl", &BASE.log()), ("b.jsonl", &longer.log())]);
    let found = folder.explained();
    for (name, share) in shares(&found, 0) {
        let moves = ["how_early", "length_fault_covariance"].contains(&name.as_str());
        assert_eq!(share > 1e-3, moves, "{name}: {share}");
    }
}

#[test]
fn bad_input_is_explained_and_nothing_is_invented() {
    let good = BASE.log();
    let one_verdict = Made {
        bad: [0, 0],
        ..BASE
    }
    .log();
    let unlabelled: String = (0..20).map(|i| record(i, i, None, 20, None)).collect();
    for (log, words) in [
        (unlabelled.as_str(), "b.jsonl has no record with a verdict"),
        (
            &one_verdict,
            "in b.jsonl the final filter accepts every generation",
        ),
    ] {
        let (code, said) = Folder::new(&[("a.jsonl", &good), ("b.jsonl", log)]).run(&[]);
        assert_eq!(code, 3, "{said}");
        assert!(said.contains(words), "{said}");
    }
    // One prompt: values without intervals.
    let single = record(0, 0, Some(true), 40, None) + &record(1, 0, Some(false), 40, Some(3));
    let folder = Folder::new(&[("a.jsonl", &good), ("b.jsonl", &single)]);
    let found = folder.explained();
    let text = found.to_string();
    assert!(!text.contains("\"ci\":["), "{text}");
    assert!(
        text.contains("one prompt tells nothing of the spread"),
        "{text}"
    );
    // No alarm anywhere: no difference, no shares, said so.
    let silent = Made {
        good: [40, 0],
        bad: [40, 0],
        ..BASE
    }
    .log();
    let longer = Made {
        good: [40, 0],
        bad: [20, 0],
        bad_tokens: 70,
        ..BASE
    }
    .log();
    let folder = Folder::new(&[("a.jsonl", &silent), ("b.jsonl", &longer)]);
    let found = folder.explained();
    for figure in 0..2 {
        assert!(
            shares(&found, figure)
                .iter()
                .all(|(_, share)| share.abs() < 1e-15)
        );
    }
    assert!(
        found
            .to_string()
            .contains("the policy rejects no generation")
    );
    // A log without alarms beside one with: what would be rejected is as in the other.
    let folder = Folder::new(&[("a.jsonl", &good), ("b.jsonl", &silent)]);
    let found = folder.explained();
    let early = &shares(&found, 0)[1];
    assert!(early.0 == "how_early" && early.1.abs() < 1e-15, "{early:?}");
    // Some records without a verdict are left out, and that is said.
    let mixed = good.clone() + &record(999, 999, None, 10, None);
    let found = Folder::new(&[("a.jsonl", &good), ("b.jsonl", &mixed)]).explained();
    assert_eq!(found["second"]["records"], 81);
    assert_eq!(found["second"]["with_verdict"], 80);
    assert!(
        found
            .to_string()
            .contains("1 records without a verdict are left out")
    );
}

#[test]
fn the_command_prints_every_form_writes_figures_and_tells_exit_codes() {
    let other = Made {
        bad: [30, 10],
        ..BASE
    };
    let folder = Folder::new(&[("a.jsonl", &BASE.log()), ("b.jsonl", &other.log())]);
    for (form, words) in [
        ("table", "how well it is detected"),
        ("csv", "figure,factor,shapley,stderr,ci_lo,ci_hi,first,last"),
        ("markdown", "| false alarms (the same) |"),
        ("html", "<svg"),
        ("json", "\"resamples\": 2000"),
    ] {
        let (code, said) = folder.run(&["--format", form]);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains(words), "{form}: {said}");
    }
    let (_, one) = folder.run(&["--format", "json", "--threads", "1"]);
    assert!(folder.run(&["--format", "json", "--threads", "3"]).1 == one);
    assert!(
        folder.run(&["--format", "json", "--seed", "7"]).1 != one,
        "the seed matters"
    );
    let (svg, page) = (folder.path("w.svg"), folder.path("page.html"));
    let (code_, said) = folder.run(&["--figure", &svg, "--report", &page]);
    assert_eq!(code_, 0, "{said}");
    assert!(
        fs::read_to_string(&svg)
            .unwrap()
            .contains("how well it is detected")
    );
    assert!(fs::read_to_string(&page).unwrap().contains("policy.toml"));
    let a = folder.path("a.jsonl");
    assert_eq!(code(&foldem(&["explain", "--policy", "paper", &a])), 2);
    assert_eq!(code(&foldem(&["explain", &a, "--", &a])), 2);
    assert_eq!(folder.run(&["--resamples", "3"]).0, 2);
    // What would have no effect is refused.
    let two = [
        "experiments/runaway.toml",
        "experiments/runaway-undetected.toml",
    ];
    let over = ["--over", "experiments/explain/published-savings.toml"];
    for inputs in [two, over] {
        for more in [
            &["--seed", "7"][..],
            &["--resamples", "100"],
            &["--skip-malformed"],
        ] {
            let output = foldem(&[&["explain"], &inputs[..], more].concat());
            assert_eq!(code(&output), 2, "{inputs:?} {more:?}");
        }
    }
    let output = foldem(&["explain", "--policy", "paper", &a, "--", &a, "--seed", "7"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("--seed: what stands behind -- is read as a log"));
    let (code_, said) = folder.run(&["--figure", &a]);
    assert_eq!(code_, 2, "{said}");
    assert_eq!(
        code(&foldem(&[
            "explain",
            "--policy",
            "nowhere.toml",
            &a,
            "--",
            &a
        ])),
        3
    );
}
