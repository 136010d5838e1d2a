//! Who may import whom: ARCHITECTURE.md has the same table.

use std::fs;
use std::path::{Path, PathBuf};

/// Module, and the modules it may name by a `crate::` path.
const MAY_IMPORT: [(&str, &[&str]); 19] = [
    ("rng", &[]),
    ("input", &[]),
    ("columnar", &[]),
    ("digest", &[]),
    ("stats", &["rng"]),
    ("policy", &["input"]),
    ("scenario", &["input", "policy"]),
    ("outcome", &[]),
    ("theory", &["scenario", "policy", "stats"]),
    ("engine", &["rng", "scenario", "policy", "outcome"]),
    ("rules", &[]),
    ("log", &["input", "columnar", "digest"]),
    (
        "replay",
        &[
            "input", "columnar", "digest", "rules", "log", "policy", "outcome",
        ],
    ),
    ("estimate", &["stats", "outcome"]),
    (
        "study",
        &[
            "rng", "input", "digest", "stats", "policy", "scenario", "outcome", "theory", "engine",
            "rules", "log", "replay", "estimate",
        ],
    ),
    ("plot", &["stats", "study"]),
    (
        "report",
        &["columnar", "digest", "estimate", "study", "plot"],
    ),
    (
        "cli",
        &[
            "digest", "input", "scenario", "policy", "log", "rules", "replay", "study", "plot",
            "report",
        ],
    ),
    ("main", &["cli"]),
];

/// Modules named by `crate::` paths in `text`, comments aside.
fn imports(text: &str) -> Vec<String> {
    let code: String = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or(""))
        .collect::<Vec<_>>()
        .join("\n");
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let name = |s: &str| -> String {
            s.trim_start()
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect()
        };
        if let Some(group) = rest.strip_prefix('{') {
            // Only the first path segment of each member counts.
            let mut depth = 0;
            let mut start = 0;
            for (i, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => {
                        found.push(name(&group[start..i]));
                        break;
                    }
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        found.push(name(&group[start..i]));
                        start = i + 1;
                    }
                    _ => {}
                }
            }
        } else {
            found.push(name(rest));
        }
    }
    found.retain(|n| !n.is_empty());
    found
}

/// What `module` imports and may not.
fn violations(module: &str, text: &str) -> Vec<String> {
    let allowed = MAY_IMPORT
        .iter()
        .find(|(name, _)| *name == module)
        .unwrap_or_else(|| panic!("module `{module}` has no row in the layering table"))
        .1;
    imports(text)
        .into_iter()
        .filter(|import| import != module && !allowed.contains(&import.as_str()))
        .collect()
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[test]
fn every_import_is_allowed() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for file in rust_files(&source) {
        let inside = file.strip_prefix(&source).unwrap();
        let first = inside.iter().next().unwrap().to_str().unwrap();
        let module = first.trim_end_matches(".rs");
        if module == "lib" {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for import in violations(module, &text) {
            wrong.push(format!("{} imports crate::{import}", inside.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_planted_import_is_found() {
    let plants = [
        "use crate::engine::Simulation;",
        "use crate::{stats::product_tails, engine::{Run, Simulation}};",
        "fn f() { let x = crate::engine::run(); }",
        "use crate::{\n    scenario::Scenario,\n    engine,\n};",
    ];
    for plant in plants {
        assert_eq!(violations("theory", plant), ["engine"], "{plant}");
    }
    assert!(violations("theory", "// crate::engine\nuse crate::stats::x;").is_empty());
}
