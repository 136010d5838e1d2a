//! `replay --time-rules`: figures of the moment stand beside a result and never in it.

use super::cli::{code, foldem, root, stderr, stdout};

const LOG: &str = "experiments/logs/qwen2.5-coder-1.5b.jsonl.zst";
const TITLE: &str = "measured on THIS machine";

fn replay(arguments: &[&str]) -> String {
    let command = [
        "replay",
        LOG,
        "--policy",
        "experiments/policies/arithmetic.toml",
    ];
    let output = foldem(&[&command[..], arguments].concat());
    assert_eq!(code(&output), 0, "{arguments:?}: {}", stderr(&output));
    stdout(&output)
}

/// Nanoseconds per token, tokens' worth per 1000 tokens and per generation of the policy's rule.
fn times(text: &str) -> Vec<f64> {
    let table = &text[text.find(TITLE).expect("the table")..];
    let row = table.lines().find(|line| line.contains("false-equation"));
    let cells = row.expect("the rule").split_whitespace();
    cells.filter_map(|cell| cell.parse().ok()).collect()
}

/// A rule that reads hundreds of megabytes a second takes less than a microsecond a token; the token
/// price scales what it is worth.
#[test]
fn rules_are_timed_beside_the_result() {
    let text = replay(&["--time-rules"]);
    let [ns, per_thousand, per_generation] = times(&text)[..] else {
        panic!("{text}");
    };
    assert!(ns > 0.01 && ns < 1e5, "{ns}");
    assert!((per_thousand / (1000.0 * ns / 2e7) - 1.0).abs() < 0.2);
    assert!(per_generation > 0.0);
    let dearer = times(&replay(&["--time-rules", "--token-price-ns", "2000"]));
    assert!(dearer[1] > 100.0 * per_thousand, "{dearer:?}");
    assert!(!replay(&[]).contains(TITLE));
}

/// The bytes of a result do not depend on the clock.
#[test]
fn results_for_programs_hold_no_times() {
    for format in ["json", "csv"] {
        let timed = replay(&["--time-rules", "--format", format]);
        assert!(timed == replay(&["--format", format]), "{format}");
    }
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.html");
    replay(&["--time-rules", "--report", page.to_str().unwrap()]);
    assert!(std::fs::read_to_string(page).unwrap().contains(TITLE));
}

#[test]
fn what_cannot_be_timed_is_a_usage_error() {
    let log = root().join(LOG);
    for (arguments, message) in [
        (vec!["-", "--time-rules"], "which stdin cannot be"),
        (
            vec!["--table", "t.parquet", "--time-rules"],
            "cannot be used with",
        ),
        (
            vec![log.to_str().unwrap(), "--token-price-ns", "9"],
            "--time-rules",
        ),
        (
            vec![
                log.to_str().unwrap(),
                "--time-rules",
                "--token-price-ns",
                "0",
            ],
            "it must lie in",
        ),
    ] {
        let output = foldem(&[&["replay", "--policy", "paper"][..], &arguments].concat());
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
    }
}
