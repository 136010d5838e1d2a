//! The README's commands do what it says, run as written.

use std::fs;
use std::path::Path;
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

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
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
    let folder = tempfile::tempdir().unwrap();
    copy(
        &root().join("experiments"),
        &folder.path().join("experiments"),
    );
    for command in &commands {
        if command == "bash .ci/run" {
            assert!(root().join(".ci/run").exists());
            continue;
        }
        if command.starts_with("cargo install") || command.starts_with("git clone") {
            continue;
        }
        let line = command.replace("cargo run --release --", "foldem");
        assert!(line.starts_with("foldem "), "unknown command: {command}");
        let line = line.replacen("foldem", env!("CARGO_BIN_EXE_foldem"), 1);
        let output = Command::new("sh")
            .args(["-c", &line])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{command}: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    // What the first command promises is there, and is what the repository ships.
    for name in [
        "results/five-stage/simulation.json",
        "paper-figures/savings-and-cost.svg",
    ] {
        let fresh = fs::read(folder.path().join(name)).unwrap();
        let shipped = fs::read(root().join(name)).unwrap();
        assert!(fresh == shipped, "{name} is not what `reproduce` writes");
    }
}
