//! Early exit from the command line: all forms, parts of a run, mistakes, and studies that refuse it.

use std::fs;

use super::cli::{code, foldem, root, stderr, stdout};

const SCENARIO: &str = "experiments/early-exit/probes.toml";

#[test]
fn simulate_shows_the_four_arms_in_every_form() {
    for format in ["table", "json", "csv", "markdown", "html"] {
        let output = foldem(&[
            "simulate",
            SCENARIO,
            "--attempts",
            "500",
            "--format",
            format,
        ]);
        assert_eq!(code(&output), 0, "{format}: {}", stderr(&output));
        let text = stdout(&output);
        for expected in [
            "overlap_coefficient",
            "exit_of_what_rejection_leaves",
            "tokens_per_retained",
        ] {
            assert!(text.contains(expected), "{format}: {expected}");
        }
    }
    let check = foldem(&["check", SCENARIO]);
    assert_eq!(code(&check), 0);
    assert!(
        stdout(&check).contains("Early exit after second half"),
        "{}",
        stdout(&check)
    );
}

/// Neither threads nor shards nor the order of merging show.
#[test]
fn the_same_bytes_however_it_is_split() {
    let run = [
        "simulate",
        SCENARIO,
        "--attempts",
        "20000",
        "--format",
        "json",
    ];
    let whole = stdout(&foldem(&[&run[..], &["--threads", "1"]].concat()));
    assert_eq!(
        whole,
        stdout(&foldem(&[&run[..], &["--threads", "3"]].concat()))
    );
    let folder = tempfile::tempdir().unwrap();
    let part = |i: usize| {
        folder
            .path()
            .join(format!("{i}.part"))
            .display()
            .to_string()
    };
    for i in [1, 2] {
        let shard = format!("{i}/2");
        let output = foldem(&[&run[..], &["--shard", &shard, "-o", &part(i)]].concat());
        assert_eq!(code(&output), 0, "{}", stderr(&output));
    }
    let merged = foldem(&["merge", &part(2), &part(1), "--format", "json"]);
    assert_eq!(stdout(&merged), whole, "{}", stderr(&merged));
    // A part that has lost its arms is refused, not merged without them.
    let text = fs::read_to_string(part(1)).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(json.as_object_mut().unwrap().remove("arms").is_some());
    fs::write(part(1), json.to_string()).unwrap();
    let damaged = foldem(&["merge", &part(2), &part(1)]);
    assert_eq!(code(&damaged), 3, "{}", stdout(&damaged));
}

/// Whatever does not know early exit says so at its line and computes nothing.
#[test]
fn studies_that_do_not_know_it_refuse_it() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let scenario = fs::read_to_string(root().join(SCENARIO)).unwrap();
    write("experiments/probes.toml", scenario);
    let sweep = "schema = \"foldem.sweep/1\"\nname = \"s\"\nscenario = \"experiments/probes.toml\"\n\
                 [[axis]]\nkey = \"difficulty.sd\"\nvalues = [0.5, 1.0]\n";
    let sweep = write("sweep.toml", sweep.to_owned());
    let guarantee = "schema = \"foldem.guarantee/1\"\nname = \"g\"\nscenario = \"experiments/probes.toml\"\n\
                     prompts = 100\nper_prompt = 2\nmax_frr = 0.1\nconfidence = 0.9\nreplications = 10\n";
    let guarantee = write("guarantee.toml", guarantee.to_owned());
    let project = folder.path().display().to_string();
    let five = "experiments/five-stage.toml";
    for (arguments, line) in [
        (vec!["verify", SCENARIO], true),
        (vec!["optimal", SCENARIO], true),
        (vec!["stress", SCENARIO], true),
        (vec!["explain", SCENARIO, five], true),
        (vec!["explain", five, SCENARIO], true),
        (vec!["simulate", SCENARIO, "--conditional"], true),
        (vec!["sweep", &sweep], false),
        (vec!["guarantee", &guarantee], false),
        (vec!["reproduce", &project], true),
    ] {
        let output = foldem(&arguments);
        let message = stderr(&output);
        assert_eq!(code(&output), 3, "{arguments:?}: {message}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(
            message.contains("is not known to"),
            "{arguments:?}: {message}"
        );
        assert!(
            message.contains("foldem simulate"),
            "{arguments:?}: {message}"
        );
        if line {
            assert!(message.contains("probes.toml:"), "{arguments:?}: {message}");
        }
    }
}

/// One mistake at a time in the shipped scenario: what is replaced by what, and where and how it is told.
#[rustfmt::skip]
const MISTAKES: [(&str, &str, &str, &str); 16] = [
    ("exits = { clean = 0.05, slip = 0.02 }", "exits = { clean = 1.05 }", "early_exit.probe[0].exits.clean", "must lie in [0, 1]"),
    ("exits = { clean = 0.05, slip = 0.02 }", "exits = { slp = 0.02 }", "early_exit.probe[0].exits.slp", "did you mean `slip`"),
    ("exits = { clean = 0.05, slip = 0.02 }\n", "", "early_exit.probe[0].exits", "is missing"),
    ("exits = { clean = 0.05, slip = 0.02 }", "exits = 0.05", "early_exit.probe[0].exits", "must be a table"),
    ("at = \"plan\"\nexits", "at = \"pln\"\nexits", "early_exit.probe[0].at", "did you mean `plan`"),
    ("at = \"plan\"\nexits", "at = \"check and answer\"\nexits", "early_exit.probe[0].at", "the last stage"),
    ("at = \"plan\"\nexits", "at = \"first half\"\nexits", "early_exit.probe[1].at", "merge the two"),
    ("cost_tokens = 0.5\nanswer_tokens = 15\naccepts = { clean = 0.8,", "cost_tokens = -1\nanswer_tokens = 15\naccepts = { clean = 0.8,", "early_exit.probe[0].cost_tokens", "must lie in"),
    ("answer_tokens = 15\naccepts = { clean = 0.8,", "answer_token = 15\naccepts = { clean = 0.8,", "early_exit.probe[0].answer_token", "answer_tokens"),
    ("accepts = { clean = 0.8,", "accepts = { clean = 2,", "early_exit.probe[0].accepts.clean", "must lie in [0, 1]"),
    ("accepts = { loop = 0.3 }", "utility = { lop = 0.3 }", "early_exit.probe[2].utility.lop", "did you mean `loop`"),
    ("threshold = 0.85\n", "", "early_exit.probe[2].threshold", "is missing"),
    ("threshold = 0.85", "threshold = 1.0", "early_exit.probe[2].threshold", "must lie in (0, 1)"),
    ("threshold = 0.85", "threshold = 0.85\nexits = { clean = 0.1 }", "early_exit.probe[2].exits", "does not go with `confidence`"),
    (", faulty = { dist = \"beta\", a = 5, b = 3 }", "", "early_exit.probe[2].confidence.faulty", "is missing"),
    ("difficulty_effect = -0.5\ncost_tokens = 0.5\nanswer_tokens = 15\naccepts = { clean = 0.8,", "difficulty_effect = 2000\ncost_tokens = 0.5\nanswer_tokens = 15\naccepts = { clean = 0.8,", "early_exit.probe[0].difficulty_effect", "must lie in"),
];

/// An interval from a handful of retained generations says what hardly any of them are worth.
#[test]
fn who_retains_a_handful_is_told_so() {
    let valid = fs::read_to_string(root().join(SCENARIO)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("strict.toml").display().to_string();
    let run = |text: &str| {
        fs::write(&path, text).unwrap();
        let output = foldem(&["simulate", &path, "--attempts", "2000", "--format", "json"]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let result: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
        result["warnings"].to_string()
    };
    // About 2 of 2,000 are retained in full; with early exits about 90, and 7 without those after `plan`.
    let strict = valid
        .replace("false_alarm = 0.015", "false_alarm = 0.99")
        .replace("slip = 0.4, loop = 0.7", "slip = 0.9, loop = 0.9");
    let told = run(&strict);
    assert!(told.contains("of 2000 attempts were retained"), "{told}");
    assert!(!told.contains("in the arm `both`"), "{told}");
    let told = run(&strict.replace("clean = 0.05, slip = 0.02", "clean = 0.0"));
    assert!(told.contains("in the arm `both`"), "{told}");
    let usual = run(&valid);
    assert!(!usual.contains("retained"), "{usual}");
}

#[test]
fn every_mistake_is_told_at_its_key() {
    let valid = fs::read_to_string(root().join(SCENARIO)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.toml").display().to_string();
    for (good, bad, key, message) in MISTAKES {
        assert!(valid.contains(good), "{good}");
        fs::write(&path, valid.replacen(good, bad, 1)).unwrap();
        let output = foldem(&["check", &path, "--format", "json"]);
        assert_eq!(code(&output), 3, "{bad}");
        let found: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
        let errors = found["files"][0]["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{bad}: {errors:?}");
        assert_eq!(errors[0]["key"], key, "{bad}: {errors:?}");
        let told = errors[0]["message"].as_str().unwrap();
        assert!(told.contains(message), "{bad}: {told}");
    }
    fs::write(
        &path,
        "schema = \"foldem.scenario/1\"\nname = \"n\"\n[early_exit]\n[[stage]]\n\
                      name = \"a\"\ntokens = { dist = \"fixed\", value = 1 }\n",
    )
    .unwrap();
    let output = foldem(&["check", &path]);
    assert_eq!(code(&output), 3);
    assert!(
        stdout(&output).contains("has no [[early_exit.probe]]"),
        "{}",
        stdout(&output)
    );
}
