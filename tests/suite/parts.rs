//! Parts of a run, drawn anywhere and merged in any order, are the run.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::cli::{foldem, stderr, stdout};

const PLAIN: &str = "experiments/five-stage.toml";
const DIFFICULT: &str = "experiments/hard-prompts.toml";

/// Draws shard number `i` of `n` on so many threads into a folder.
fn draw(folder: &Path, run: &[&str], i: usize, n: usize, threads: usize) -> PathBuf {
    let path = folder.join(format!("{i}-of-{n}.part"));
    let (shard, threads) = (format!("{i}/{n}"), threads.to_string());
    let mut arguments = vec!["simulate"];
    arguments.extend(run);
    arguments.extend(["--shard", &shard, "-o", path.to_str().unwrap()]);
    arguments.extend(["--threads", &threads]);
    let output = foldem(&arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    path
}

fn merge(parts: &[PathBuf]) -> std::process::Output {
    let mut arguments = vec!["merge"];
    arguments.extend(parts.iter().map(|part| part.to_str().unwrap()));
    arguments.extend(["--format", "json"]);
    foldem(&arguments)
}

fn whole(run: &[&str]) -> String {
    let mut arguments = vec!["simulate"];
    arguments.extend(run);
    arguments.extend(["--format", "json"]);
    stdout(&foldem(&arguments))
}

#[test]
fn any_shards_merged_in_any_order_are_the_one_run() {
    // With difficulty, prompts are retried in batches of their own; with several generations per
    // prompt another path adds up; fewer batches than shards leave some empty.
    let runs: [&[&str]; 4] = [
        &[PLAIN, "--attempts", "300001"],
        &[DIFFICULT, "--attempts", "200000", "--seed", "7"],
        &[DIFFICULT, "--attempts", "30000", "--per-prompt", "3"],
        &[PLAIN, "--attempts", "5000"],
    ];
    let folder = tempfile::tempdir().unwrap();
    for run in runs {
        let expected = whole(run);
        for n in [1, 2, 5] {
            let mut parts: Vec<PathBuf> = (1..=n)
                .map(|i| draw(folder.path(), run, i, n, 1 + i % 3))
                .collect();
            for _ in 0..2 {
                let output = merge(&parts);
                assert_eq!(
                    stdout(&output),
                    expected,
                    "{run:?} in {n}: {}",
                    stderr(&output)
                );
                parts.reverse();
                parts.rotate_left(n / 2);
            }
        }
    }
}

/// Whether merging fails as bad input, with these words.
fn assert_refused(parts: &[PathBuf], words: &str) {
    let output = merge(parts);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains(words) && output.stdout.is_empty(), "{said}");
}

/// Numbers with all their digits survive the way through a file.
#[test]
fn a_part_of_any_scenario_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(super::cli::root().join(PLAIN)).unwrap();
    for (i, mean) in [
        56.891_000_806_848_1,
        1.0 / 3.0,
        271.828_182_845_904_5,
        0.1 + 0.2,
    ]
    .into_iter()
    .enumerate()
    {
        let scenario = folder.path().join(format!("{i}.toml"));
        let changed = text.replacen("mean = 60.0", &format!("mean = {mean}"), 1);
        assert_ne!(changed, text, "the scenario has a mean to change");
        fs::write(&scenario, changed).unwrap();
        let run = [scenario.to_str().unwrap(), "--attempts", "5000"];
        let part = draw(folder.path(), &run, 1, 1, 2);
        let output = merge(std::slice::from_ref(&part));
        assert_eq!(stdout(&output), whole(&run), "{mean}: {}", stderr(&output));
    }
}

#[test]
fn what_does_not_make_up_a_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = [PLAIN, "--attempts", "50000"];
    let thirds: Vec<PathBuf> = (1..=3)
        .map(|i| draw(folder.path(), &run, i, 3, 2))
        .collect();
    let half = draw(folder.path(), &run, 1, 2, 2);
    assert_refused(&thirds[..2], "batches 8 to 12 of 13 are in no part");
    assert_refused(&thirds[1..], "batches 0 to 3 of 13 are in no part");
    assert_refused(
        &[&thirds[..], std::slice::from_ref(&half)].concat(),
        "both hold batches",
    );
    assert_refused(
        &[&thirds[..], &thirds[..1]].concat(),
        "both hold batches 0 to 3",
    );
    let other = |arguments: &[&str], name: &str| {
        let folder = folder.path().join(name);
        fs::create_dir(&folder).unwrap();
        draw(&folder, arguments, 3, 3, 2)
    };
    for (arguments, name) in [
        (&[PLAIN, "--attempts", "50000", "--seed", "43"][..], "seed"),
        (&[PLAIN, "--attempts", "50001"], "number of attempts"),
        (
            &[PLAIN, "--attempts", "50000", "--per-prompt", "2"],
            "generations per prompt",
        ),
        (
            &["experiments/runaway.toml", "--attempts", "50000"],
            "scenario",
        ),
    ] {
        let stranger = other(arguments, name);
        assert_refused(&[&thirds[..2], &[stranger]].concat(), name);
    }
}

#[test]
fn damaged_parts_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let part = draw(folder.path(), &[DIFFICULT, "--attempts", "20000"], 1, 1, 2);
    let text = fs::read_to_string(&part).unwrap();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_str(&text).unwrap();
        change(&mut value);
        value.to_string()
    };
    let damaged = [
        (String::new(), "is not a part"),
        ("{}".to_owned(), "is not a part"),
        (text[..text.len() / 2].to_owned(), "is not a part"),
        (
            with(&|v| v["schema"] = "foldem.part/2".into()),
            "its schema is",
        ),
        (
            with(&|v| v["foldem"] = "0.0.1".into()),
            "was drawn by foldem 0.0.1",
        ),
        (
            with(&|v| v["scenario"]["name"] = "other".into()),
            "does not have the hash",
        ),
        (with(&|v| v["extra"] = 1.into()), "is not a part"),
        (
            with(&|v| v["batches"]["of"] = 7.into()),
            "its batches are not those of the run",
        ),
        (
            with(&|v| v["batches"]["done"] = 6.into()),
            "its batches are not those of the run",
        ),
        (with(&|v| v["attempts"] = 0.into()), "is damaged"),
        (
            with(&|v| v["tally"]["moments"]["sums"][0] = "7".into()),
            "not those of its batches",
        ),
        (
            with(&|v| {
                v["tally"]["shares"].as_array_mut().unwrap().pop();
            }),
            "its sums do not fit",
        ),
        (
            with(&|v| {
                v["tally"]["moments"]["products"]
                    .as_array_mut()
                    .unwrap()
                    .pop();
            }),
            "its sums do not fit",
        ),
        (
            with(&|v| v["tally"]["moments"]["sums"][0] = "1e5".into()),
            "is not a sum",
        ),
        (
            with(&|v| v["retried"]["sums"][0] = i128::MAX.to_string().into()),
            "is not a sum",
        ),
    ];
    for (text, words) in damaged {
        fs::write(&part, text).unwrap();
        assert_refused(std::slice::from_ref(&part), words);
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_is_resumed_from_its_part() {
    let folder = tempfile::tempdir().unwrap();
    let part = folder.path().join("run.part");
    let part = part.to_str().unwrap();
    let run = [
        "simulate",
        DIFFICULT,
        "--attempts",
        "60000000",
        "--format",
        "json",
    ];
    let first = [&run[..], &["-o", part]].concat();
    let output = super::cli::interrupted(&first, 600);
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    let partial: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(partial["partial"], true);
    assert_refused(&[PathBuf::from(part)], "are in no part");

    let another = [
        "simulate",
        DIFFICULT,
        "--attempts",
        "60000001",
        "--resume",
        part,
    ];
    let refused = foldem(&another);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        stderr(&refused).contains("its --attempts differs"),
        "{}",
        stderr(&refused)
    );

    let resumed = foldem(&[&run[..], &["--resume", part, "-o", part]].concat());
    assert_eq!(resumed.status.code(), Some(0), "{}", stderr(&resumed));
    let once = foldem(&run);
    assert_eq!(stdout(&resumed), stdout(&once));
    assert_eq!(stdout(&merge(&[PathBuf::from(part)])), stdout(&once));
}

#[test]
fn shards_are_numbered_from_one() {
    for shard in ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"] {
        let output = foldem(&["simulate", PLAIN, "--shard", shard, "-o", "never.part"]);
        assert_eq!(output.status.code(), Some(2), "{shard}");
    }
    let output = foldem(&["simulate", PLAIN, "--shard", "1/2"]);
    assert_eq!(
        output.status.code(),
        Some(2),
        "a shard without -o is of no use"
    );
}
