//! What a user meets first: every example on every `--help` page runs, and pages and completions are
//! generated for all commands.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::cli::{code, foldem, root, stderr, stdout};

fn help(arguments: &[&str]) -> String {
    // Wide enough that no example is broken.
    let output = Command::new(env!("CARGO_BIN_EXE_foldem"))
        .args(arguments)
        .arg("--help")
        .env("COLUMNS", "1000")
        .output()
        .unwrap();
    stdout(&output)
}

/// The names of all commands, from the first help page.
fn commands() -> Vec<String> {
    let page = help(&[]);
    let list = page.split_once("Commands:\n").unwrap().1;
    let names = list.lines().take_while(|line| !line.is_empty());
    let names = names.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.map(|line| line.split_whitespace().next().unwrap().to_owned());
    names.filter(|name| name != "help").collect()
}

/// The examples of a page, as they stand there: indented lines that begin with the program.
fn examples(page: &str) -> Vec<String> {
    let lines = page.lines().filter(|line| line.starts_with("  foldem "));
    // What an example is for stands behind it, after three blanks.
    lines
        .map(|line| line.trim().split("   ").next().unwrap().to_owned())
        .collect()
}

/// Shipped files under the names that examples use; `my.toml` is what the page is about.
const FILES: [(&str, &str); 12] = [
    (
        "experiments/logs/qwen2.5-coder-0.5b.jsonl.zst",
        "b.jsonl.zst",
    ),
    ("experiments/policies/every-8-tokens.toml", "my-policy.toml"),
    ("experiments/policies/paper.toml", "all-rules.toml"),
    ("experiments/policies/paper.toml", "old-policy.toml"),
    (
        "experiments/policies/every-8-tokens.toml",
        "new-policy.toml",
    ),
    ("src/cli/templates/candidates.toml", "my-candidates.toml"),
    ("experiments/audits/paper.toml", "my-audit.toml"),
    ("experiments/monitor/deployed.jsonl", "deployed.jsonl"),
    ("tests/fixtures/import/openai-batch.jsonl", "output.jsonl"),
    (
        "tests/fixtures/import/openai-batch.requests.jsonl",
        "input.jsonl",
    ),
    (
        "tests/fixtures/import/samples_made_up_2026-01-31T12-00-00.000001.jsonl",
        "samples_gsm8k.jsonl",
    ),
    ("tests/fixtures/import/openr1-math.parquet", "data.parquet"),
];

/// A folder in which examples can run.
fn workplace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let shipped = folder.path().join("experiments");
    super::readme::copy(&root().join("experiments"), &shipped);
    for (from, to) in FILES {
        fs::copy(root().join(from), folder.path().join(to)).unwrap();
    }
    let log = |size: &str| {
        let path = shipped.join(format!("logs/qwen2.5-coder-{size}.jsonl.zst"));
        zstd::decode_all(fs::File::open(path).unwrap()).unwrap()
    };
    let larger = log("1.5b");
    fs::write(
        folder.path().join("log.jsonl"),
        [log("0.5b"), larger.clone()].concat(),
    )
    .unwrap();
    let runs = r#"{"text": "2 + 2 = 4\n#### 4", "q": "a", "answer": "4"}"#;
    fs::write(folder.path().join("runs.jsonl"), runs).unwrap();
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&larger).unwrap();
    fs::write(folder.path().join("a.jsonl.gz"), packed.finish().unwrap()).unwrap();
    folder
}

fn run(example: &str, folder: &Path) -> (i32, String) {
    let line = example.replace("foldem ", &format!("{} ", env!("CARGO_BIN_EXE_foldem")));
    let output = Command::new("sh")
        .args(["-c", &line])
        .current_dir(folder)
        .output()
        .unwrap();
    (code(&output), stderr(&output))
}

#[test]
fn every_example_of_every_help_page_runs() {
    let mut failed = Vec::new();
    let mut count = 0;
    let pages = commands();
    assert!(pages.len() > 15, "{pages:?}");
    let pages = pages.iter().map(|name| help(&[name]));
    for page in std::iter::once(help(&[])).chain(pages) {
        let folder = workplace();
        // `--follow` waits for what is appended, for ever; `--full` takes minutes.
        let run_here = |e: &&String| !e.contains("--follow") && !e.contains("--full");
        for example in examples(&page).iter().filter(run_here) {
            count += 1;
            let (code, message) = run(example, folder.path());
            if code != 0 {
                failed.push(format!("{example}: {code}\n{message}"));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(count > 40, "{count} examples");
}

#[test]
fn every_command_teaches_by_example_has_a_page_and_completes() {
    let folder = tempfile::tempdir().unwrap();
    let wrote = foldem(&["man", folder.path().to_str().unwrap()]);
    assert_eq!(code(&wrote), 0, "{}", stderr(&wrote));
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = stdout(&foldem(&["completions", shell]));
        for name in commands() {
            assert!(script.contains(&name), "{shell} does not know {name}");
        }
    }
    for name in commands() {
        assert!(!examples(&help(&[&name])).is_empty(), "no example: {name}");
        let page = fs::read_to_string(folder.path().join(format!("foldem-{name}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{name}");
    }
    let page = stdout(&foldem(&["man"]));
    let file = fs::read_to_string(folder.path().join("foldem.1")).unwrap();
    assert_eq!(page, file);
    let nowhere = foldem(&["man", "no-such-folder"]);
    assert_eq!(code(&nowhere), 2);
    assert!(stderr(&nowhere).contains("create it first"));
}
