//! The corpora of the fuzz targets, on the stable compiler.

use std::fs;

use super::cli::root;

#[path = "../../fuzz/checks/equation.rs"]
mod equation;

/// What must hold of any bytes.
type Check = fn(&[u8]);

/// The targets: their names and what they check.
const TARGETS: [(&str, Check); 1] = [("equation", equation::check)];

#[test]
fn every_text_of_the_corpora_passes_its_check() {
    for (name, check) in TARGETS {
        let mut texts = 0;
        for entry in fs::read_dir(root().join("fuzz/corpus").join(name)).unwrap() {
            check(&fs::read(entry.unwrap().path()).unwrap());
            texts += 1;
        }
        assert!(texts > 10, "{name}: {texts} texts");
    }
}

#[test]
fn every_target_is_replayed() {
    let targets = fs::read_dir(root().join("fuzz/fuzz_targets")).unwrap();
    let mut names: Vec<String> = targets
        .map(|file| file.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    assert_eq!(names, TARGETS.map(|(name, _)| name));
}
