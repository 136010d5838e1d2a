//! The corpora of the fuzz targets, on the stable compiler.

use std::fs;

use super::cli::root;

#[path = "../../fuzz/checks/equation.rs"]
mod equation;
#[path = "../../fuzz/checks/import.rs"]
mod import;
#[path = "../../fuzz/checks/log.rs"]
mod log;

/// What must hold of any bytes.
type Check = fn(&[u8]);

/// The targets: their names and what they check.
const TARGETS: [(&str, Check); 3] = [
    ("equation", equation::check),
    ("import", import::check),
    ("log", log::check),
];

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let texts = fs::read_dir(root().join("fuzz/corpus").join(name)).unwrap();
    let texts = texts.map(|entry| fs::read(entry.unwrap().path()).unwrap());
    texts.collect()
}

#[test]
fn every_text_of_the_corpora_passes_its_check() {
    for (name, check) in TARGETS {
        let texts = corpus(name);
        for text in &texts {
            check(text);
        }
        assert!(texts.len() > 10, "{name}: {} texts", texts.len());
    }
}

#[test]
fn the_corpus_of_importers_reaches_each_of_them() {
    let mut records = [0; import::CASES.len()];
    for text in corpus("import") {
        let case = usize::from(text[0]) % records.len();
        records[case] += import::records(text[0], &text[1..]).len();
    }
    for ((format, file), records) in import::CASES.iter().zip(records) {
        assert!(records > 0, "{format} from {file}");
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
