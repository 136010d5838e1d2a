//! The README's commands do what it says, run as written.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cli::root;

/// Commands of the ```sh blocks of a page.
fn commands(page: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
        } else if inside && !line.trim().is_empty() && !line.starts_with('#') {
            found.push(line.trim().to_owned());
        }
    }
    found
}

pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}

/// All files below a folder.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Runs the commands of a page in `folder`, in their order.
fn run_all(commands: &[String], folder: &Path) {
    for command in commands {
        let line = command.replace("cargo run --release --", "foldem");
        assert!(line.starts_with("foldem "), "unknown command: {command}");
        let line = line.replace("foldem ", &format!("{} ", env!("CARGO_BIN_EXE_foldem")));
        let output = Command::new("sh")
            .args(["-c", &line])
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{command}: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for inputs in ["experiments", "tests/fixtures/import"] {
        copy(&root().join(inputs), &folder.path().join(inputs));
    }
    folder
}

#[test]
fn every_command_of_the_docs_runs_as_written() {
    let mut run = 0;
    let pages = [
        "docs/README.md",
        "docs/results.md",
        "docs/formats.md",
        "docs/theory.md",
        "docs/replay.md",
        "docs/surface.md",
        "docs/compare.md",
        "docs/tune.md",
        "docs/import.md",
        "docs/sweep.md",
        "docs/plan.md",
        "docs/audit.md",
        "docs/explain.md",
        "docs/fit.md",
        "docs/monitor.md",
        "docs/optimal.md",
        "docs/stress.md",
        "docs/early-exit.md",
        "docs/calibrate.md",
        "experiments/README.md",
    ];
    let rules = fs::read_dir(root().join("docs/rules")).unwrap();
    let rules = rules.map(|file| file.unwrap().path());
    for page in pages.map(|page| root().join(page)).into_iter().chain(rules) {
        let commands = commands(&fs::read_to_string(page).unwrap());
        run_all(&commands, project().path());
        run += commands.len();
    }
    assert!(run > 5, "{run} commands");
}

/// `cargo run --release --` and `foldem` stand for the binary under test; the test command cannot
/// run inside itself and must be the script that CI runs.
#[test]
fn every_command_runs_as_written() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let commands = commands(&readme);
    assert_eq!(
        commands[0], "cargo run --release -- reproduce",
        "the first command"
    );
    assert_eq!(commands[1], "bash .ci/run", "the second command");
    assert!(root().join(".ci/run").exists());
    let folder = project();
    run_all(&[&commands[..1], &commands[2..]].concat(), folder.path());
    // What the first command promises is there, and is what the repository ships.
    let mut compared = 0;
    for written in ["results", "paper-figures"] {
        for file in files(&folder.path().join(written)) {
            let name = file.strip_prefix(folder.path()).unwrap();
            let shipped = fs::read(root().join(name)).unwrap_or_default();
            let same = fs::read(&file).unwrap() == shipped;
            assert!(same, "{} is not what `reproduce` writes", name.display());
            compared += 1;
        }
    }
    assert!(compared > 80, "{compared}");
}
