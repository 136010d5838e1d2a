//! `foldem figures`: `paper-figures/` is what `results/` gives, and what is not is found.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use foldem::study::replay::ReplayFindings;
use foldem::study::simulation::SimulationFindings;
use foldem::study::sweep::SweepFindings;
use foldem::study::verification::VerificationFindings;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::cli::{code, foldem, root, stderr, stdout};
use super::readme::copy;

/// Results with figures of one, figures of several, and two figures of one.
const RESULTS: [&str; 4] = [
    "biased",
    "calibrate-predicted",
    "replay-game24",
    "sweep-cutoff",
];

/// A project with the shipped experiments, some of their results, and no figures.
fn project(results: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(
        &root().join("experiments"),
        &folder.path().join("experiments"),
    );
    // The list names results that are not there.
    fs::remove_file(folder.path().join("experiments/paper/figures.toml")).unwrap();
    for name in results {
        let name = Path::new("results").join(name);
        copy(&root().join(&name), &folder.path().join(&name));
    }
    folder
}

fn figures(project: &Path, options: &[&str]) -> (u8, Value) {
    let output = run(project, options);
    let found = serde_json::from_str(&stdout(&output)).unwrap_or_default();
    (u8::try_from(code(&output)).unwrap(), found)
}

fn run(project: &Path, options: &[&str]) -> Output {
    let arguments = ["figures", project.to_str().unwrap(), "--format", "json"];
    foldem(&[&arguments[..], options].concat())
}

/// All files of the figures with their bytes.
fn drawn(project: &Path) -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = fs::read_dir(project.join("paper-figures")) else {
        return BTreeMap::new();
    };
    let files = entries.map(|entry| entry.unwrap().path());
    files
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read(path).unwrap())
        })
        .collect()
}

/// Names of the figures in this state.
fn in_state<'f>(found: &'f Value, state: &str) -> Vec<&'f str> {
    let figures = found["figures"].as_array().unwrap().iter();
    let figures = figures.filter(|figure| figure["state"] == state);
    figures
        .map(|figure| figure["name"].as_str().unwrap())
        .collect()
}

/// Puts `change` of its text in the place of a file.
fn edit(file: &Path, change: impl Fn(&str) -> String) {
    let text = fs::read_to_string(file).unwrap();
    let changed = change(&text);
    assert_ne!(text, changed, "{}", file.display());
    fs::write(file, changed).unwrap();
}

/// Exactly what the repository ships, though nothing but results is there.
#[test]
fn deleted_figures_come_back_with_the_same_bytes() {
    let folder = project(&RESULTS);
    let (code, found) = figures(folder.path(), &[]);
    assert_eq!(code, 0, "{found:#}");
    let first = drawn(folder.path());
    let names = in_state(&found, "new");
    assert_eq!(first.len(), 2 * names.len());
    assert_eq!(
        names,
        [
            "explanation-replay-game24-qwen2.5-coder-1.5b",
            "martingale-increments-biased",
            "martingale-paths-biased",
            "rejection-funnel-game24",
            "reliability-predicted",
            "savings-against-false-rejections-game24",
            "savings-and-cost",
            "savings-bound-against-truth",
            "sweep-cutoff",
        ]
    );
    // Two of them show what several results give, of which some are not there.
    for (name, bytes) in &first {
        let shipped = fs::read(root().join("paper-figures").join(name)).unwrap();
        let of_several = name.starts_with("savings-and-cost") || name.starts_with("savings-bound");
        assert_eq!(*bytes == shipped, !of_several, "{name}");
    }
    let of_several = &found["figures"][6]["results"];
    assert_eq!(of_several[0], "replay-game24/replay.json", "{found:#}");
    assert_eq!(of_several[1], "biased/simulation.json", "{found:#}");

    fs::remove_dir_all(folder.path().join("paper-figures")).unwrap();
    let (code, found) = figures(folder.path(), &["--check"]);
    assert_eq!((code, in_state(&found, "new").len()), (4, names.len()));
    assert!(drawn(folder.path()).is_empty(), "a check writes nothing");
    assert_eq!(figures(folder.path(), &[]).0, 0);
    assert!(drawn(folder.path()) == first);
    let (code, found) = figures(folder.path(), &["--check"]);
    assert_eq!((code, in_state(&found, "same").len()), (0, names.len()));
}

#[test]
fn a_planted_number_changes_its_figure_and_is_found() {
    let folder = project(&["biased", "sweep-cutoff"]);
    assert_eq!(figures(folder.path(), &[]).0, 0);
    let before = drawn(folder.path());
    let file = folder.path().join("results/biased/verification.json");
    let mut found: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let mean = found["increments"][0]["mean"].as_f64().unwrap();
    found["increments"][0]["mean"] = (mean + 0.01).into();
    fs::write(&file, serde_json::to_string(&found).unwrap()).unwrap();

    let (code, found) = figures(folder.path(), &["--check"]);
    assert_eq!(code, 4, "{found:#}");
    assert_eq!(
        in_state(&found, "changed"),
        ["martingale-increments-biased"]
    );
    assert!(drawn(folder.path()) == before, "a check writes nothing");
    let (code, found) = figures(folder.path(), &[]);
    assert_eq!((code, in_state(&found, "changed").len()), (0, 1));
    let after = drawn(folder.path());
    for (name, bytes) in &before {
        let changed = name.starts_with("martingale-increments");
        assert_eq!(after[name] != *bytes, changed, "{name}");
    }
    assert_eq!(figures(folder.path(), &["--check"]).0, 0);
}

/// Each mistake is told with the file and what to do, and nothing is written.
#[test]
fn a_result_that_this_version_does_not_write_is_refused() {
    let folder = project(&["biased"]);
    let file = folder.path().join("results/biased/paths.json");
    let good = fs::read_to_string(&file).unwrap();
    let schema = "foldem.paths-result/1";
    let last = good.rfind("\"accepted\"").unwrap();
    let without_last = good[..last].trim_end().trim_end_matches(',').to_owned() + "}";
    for (bad, what) in [
        (good[..good.len() / 2].to_owned(), "is no JSON"),
        (
            good.replace(schema, "foldem.paths-result/0"),
            "foldem.paths-result/0",
        ),
        (
            good.replace("\"seed\"", "\"root_seed\""),
            "missing field `seed`",
        ),
        (
            good.replace("\"seed\": 42", "\"seed\": 4.5"),
            "invalid type",
        ),
        (
            good.replace("\"seed\"", "\"new\": 1, \"seed\""),
            "`new` differs",
        ),
        // What may be null may not be left out.
        (without_last, "`accepted` differs"),
    ] {
        assert_ne!(bad, good, "{what}");
        fs::write(&file, bad).unwrap();
        for options in [&[][..], &["--check"]] {
            let output = run(folder.path(), options);
            let message = stderr(&output);
            assert_eq!(code(&output), 3, "{what}: {message}");
            for part in ["biased/paths.json", what, "run `foldem reproduce`"] {
                assert!(message.contains(part), "{part}: {message}");
            }
        }
    }
    assert!(drawn(folder.path()).is_empty());

    fs::write(&file, good).unwrap();
    fs::remove_file(folder.path().join("results/biased/provenance.json")).unwrap();
    let output = run(folder.path(), &[]);
    assert_eq!(code(&output), 3);
    assert!(stderr(&output).contains("biased/provenance.json: does not say"));
    // Two results that give one figure: which is it?
    let [first, second] =
        ["biased", "leftover"].map(|name| folder.path().join("results").join(name));
    copy(&root().join("results/biased"), &first);
    copy(&first, &second);
    let output = run(folder.path(), &[]);
    assert_eq!(code(&output), 3);
    assert!(
        stderr(&output).contains("gives the same figure"),
        "{}",
        stderr(&output)
    );
    assert!(drawn(folder.path()).is_empty());
}

#[test]
fn stale_results_and_figures_of_no_result_are_found() {
    let folder = project(&["biased", "sweep-cutoff"]);
    assert_eq!(figures(folder.path(), &[]).0, 0);
    let all = drawn(folder.path());
    let spec = folder.path().join("experiments/biased.toml");
    let state = |name: &str, found: &Value| {
        let results = found["results"].as_array().unwrap();
        let result = results.iter().find(|result| result["name"] == name);
        result.unwrap()["state"].clone()
    };
    edit(&spec, |text| format!("{text}\n"));
    let (code, found) = figures(folder.path(), &[]);
    assert_eq!((code, state("biased", &found)), (4, "changed".into()));
    assert_eq!(state("sweep-cutoff", &found), "current");
    fs::remove_file(spec).unwrap();
    let (code, found) = figures(folder.path(), &[]);
    assert_eq!((code, state("biased", &found)), (4, "orphaned".into()));

    fs::remove_dir_all(folder.path().join("results/biased")).unwrap();
    let orphans = [
        "martingale-increments-biased",
        "martingale-paths-biased",
        "savings-and-cost",
        "savings-bound-against-truth",
    ];
    // They are told, and left for people to delete.
    for (options, wanted) in [(&[][..], 0), (&["--check"], 4)] {
        let (code, found) = figures(folder.path(), options);
        assert_eq!(
            (code, in_state(&found, "orphaned")),
            (wanted, orphans.to_vec())
        );
    }
    assert_eq!(drawn(folder.path()).len(), all.len());
    for name in orphans {
        for ending in ["svg", "png"] {
            let file = folder.path().join(format!("paper-figures/{name}.{ending}"));
            fs::remove_file(file).unwrap();
        }
    }
    assert_eq!(figures(folder.path(), &["--check"]).0, 0);
}

#[test]
fn a_folder_without_results_is_no_project() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &[]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("give the project folder"));
}

/// The shipped figures are those of the shipped results, each entry of the list names figures and results that are
/// there, and these were computed from the shipped files. The list of a copy with one changed byte of a
/// spec, one result less, or one figure that nothing gives is told apart.
#[test]
fn the_shipped_figures_are_those_of_the_shipped_results() {
    let (code, found) = figures(root(), &["--check"]);
    let list = |key: &str| found[key].as_array().unwrap().clone();
    let not = |key: &str, state: &str| -> Vec<Value> {
        let all = list(key).into_iter();
        all.filter(|one| one["state"] != state).collect()
    };
    assert_eq!(not("figures", "same"), [Value::Null; 0]);
    assert_eq!(not("results", "current"), [Value::Null; 0]);
    assert_eq!(
        (code, &found["page"], &found["ok"]),
        (0, &"same".into(), &true.into())
    );
    assert!(list("figures").len() > 50 && list("entries").len() > 10);
    for figure in list("figures") {
        assert!(!figure["alt"].as_str().unwrap().is_empty(), "{figure}");
        for file in figure["results"].as_array().unwrap() {
            let file = Path::new("results").join(file.as_str().unwrap());
            assert!(root().join(&file).is_file(), "{}", file.display());
        }
    }

    let folder = project(&["biased", "sweep-cutoff"]);
    copy(
        &root().join("experiments/paper"),
        &folder.path().join("experiments/paper"),
    );
    edit(
        &folder.path().join("experiments/paper/figures.toml"),
        |text| {
            let head = text.split("[[entry]]").next().unwrap();
            let entry = |name: &str, figure: &str, result: &str| {
                format!(
                    "[[entry]]\nname = \"{name}\"\npublished = \"1\"\nstatus = \"predicted\"\nfound = \"2\"\n\
                 figures = [\"{figure}\"]\nresults = [\"{result}\"]\n"
                )
            };
            let caption = |figure: &str| {
                format!("[[caption]]\nfigure = \"{figure}\"\ndrawn = \"All is predicted.\"\n")
            };
            [
                head,
                &entry("fine", "sweep-cutoff", "sweep-cutoff"),
                // The figure is of a result that the entry does not name.
                &entry("stale", "martingale-paths-biased", "sweep-cutoff"),
                &entry("no figure", "sweep-nothing", "sweep-cutoff"),
                &entry("no result", "sweep-cutoff", "sweep-nothing"),
                &["sweep-cutoff", "martingale-paths-biased", "sweep-nothing"]
                    .map(caption)
                    .concat(),
            ]
            .concat()
        },
    );
    edit(&folder.path().join("experiments/biased.toml"), |text| {
        format!("{text}\n")
    });
    let (code, found) = figures(folder.path(), &[]);
    assert_eq!(code, 4);
    let entries = found["entries"].as_array().unwrap();
    let fine: Vec<bool> = entries.iter().map(|e| e["ok"] == true).collect();
    assert_eq!(fine, [true, false, false, false], "{found:#}");
    assert_eq!(entries[3]["results"][0]["state"], "missing");
    let page = fs::read_to_string(folder.path().join("paper-figures/README.md")).unwrap();
    assert!(page.contains("*sweep-nothing* cannot be drawn"), "{page}");
    assert!(
        page.contains("(../results/sweep-cutoff/sweep.json)"),
        "{page}"
    );
}

/// Also what no shipped result has: estimated tokens, label noise, a live policy, early exit, drawn sweeps.
#[test]
fn findings_are_read_back_as_they_were_written() {
    fn same<T: Serialize + DeserializeOwned>(text: &str) {
        let found: T = serde_json::from_str(text).unwrap();
        let again = serde_json::to_string_pretty(&found).unwrap();
        assert!(again == text.trim_end(), "{again}");
    }
    let golden = |name: &str| {
        let path = root().join("tests/fixtures/golden").join(name);
        fs::read_to_string(path).unwrap()
    };
    same::<SimulationFindings>(&golden("difficulty.simulate.json"));
    same::<VerificationFindings>(&golden("scores.verify.json"));
    same::<SweepFindings>(&golden("sweep.json"));
    same::<ReplayFindings>(&golden("replay.json"));
    let replayed = |log: &str, judged: &[&str], part: &str| {
        let arguments = ["replay", log, "--policy", "paper", "--format", "json"];
        let output = foldem(&[&arguments[..], judged].concat());
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let text = stdout(&output);
        assert!(text.contains(&format!("\"{part}\": {{")), "{text}");
        same::<ReplayFindings>(&text);
    };
    let deployed = root().join("experiments/monitor/deployed.jsonl");
    let judge = ["--judge-sensitivity", "0.97", "--judge-specificity", "0.97"];
    replayed(deployed.to_str().unwrap(), &judge, "label_noise");
    replayed(deployed.to_str().unwrap(), &[], "censored");
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.jsonl");
    let line = |i: u32| {
        format!(
            "{{\"id\": \"{i}\", \"prompt_id\": {i}, \"solution\": \"0123456789\", \"solution_tokens\": 10, \
             \"accepted\": true, \"attributes\": {{\"early_exit_tokens\": 6, \
             \"early_exit_answer_tokens\": 2, \"early_exit_accepted\": true}}}}\n"
        )
    };
    fs::write(&log, (0..4).map(line).collect::<String>()).unwrap();
    replayed(log.to_str().unwrap(), &[], "early_exit");
}
