//! What `foldem sweep` prints and writes: the same bytes on any number of threads, files by their
//! endings, Parquet that holds what the CSV holds, every format, and mistakes.

use std::fs;
use std::path::Path;

use foldem::columnar::Rows;
use foldem::report::sweep_parquet;
use serde_json::Value;

use super::cli::{code, foldem, stderr, stdout};
use super::sweep::{VALID, evaluated, fixtures};

#[test]
fn the_same_bytes_on_any_number_of_threads() {
    let text = VALID.replace("attempts = 0", "attempts = 20000");
    let folder = tempfile::tempdir().unwrap();
    fs::copy(
        fixtures().join("alarms.toml"),
        folder.path().join("alarms.toml"),
    )
    .unwrap();
    let path = folder.path().join("sweep.toml");
    fs::write(&path, &text).unwrap();
    let run = |threads: &str| {
        let path = path.to_str().unwrap();
        let output = foldem(&["sweep", path, "--format", "json", "--threads", threads]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        output.stdout
    };
    let one = run("1");
    assert!(run("2") == one && run("8") == one);
    fs::write(&path, text.replace("seed = 7", "seed = 8")).unwrap();
    assert!(run("2") != one, "the seed matters");
}

#[test]
fn files_are_written_by_their_endings_and_others_refused() {
    let folder = tempfile::tempdir().unwrap();
    let example = "experiments/sweeps/five-stage-alarms.toml";
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (csv, json, svg, png) = (path("s.csv"), path("s.json"), path("s.svg"), path("s.png"));
    let parquet = path("s.parquet");
    for (output, figure) in [(&csv, &svg), (&json, &png), (&parquet, &png)] {
        let run = foldem(&["sweep", example, "-o", output, "--figure", figure]);
        assert_eq!(code(&run), 0, "{}", stderr(&run));
        assert!(stdout(&run).contains("null_cost_ratio"));
    }
    let table = fs::read_to_string(&csv).unwrap();
    assert_eq!(table.lines().count(), 1 + 39);
    assert!(table.starts_with("validator.judge.false_alarm,final_filter.wrong,tokens_full,"));
    let result: Value = serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap();
    assert_eq!(result["schema"], "foldem.sweep-result/1");
    assert_eq!(result["points"][38]["at"]["final_filter.wrong"], 0.3085);
    assert!(
        result["points"][38]["estimates"]["cost_ratio"]["exact"]
            .as_f64()
            .unwrap()
            > 1.0
    );
    assert!(result["points"][38]["estimates"]["cost_ratio"]["mean"].is_null());
    assert!(fs::read_to_string(&svg).unwrap().contains("break-even"));
    assert!(fs::read(&png).unwrap().starts_with(b"\x89PNG"));
    assert_eq!(Rows::open(Path::new(&parquet)).unwrap().count(), 39);
    for (option, name, why) in [
        ("-o", path("s.xlsx"), ".csv, .json or .parquet"),
        ("-o", path("none/s.csv"), "folder"),
        ("-o", example.to_owned(), "is an input"),
        ("--figure", path("s.pdf"), ".svg or .png"),
        ("--figure", example.to_owned(), "is an input"),
    ] {
        let run = foldem(&["sweep", example, option, &name]);
        assert_eq!(code(&run), 2, "{name}");
        assert!(stderr(&run).contains(why), "{name}: {}", stderr(&run));
    }
}

/// The columns are those of the CSV, its numbers with every digit, its empty cells null.
#[test]
fn parquet_holds_what_the_csv_holds() {
    // With attempts, policies of which one rejects nothing, and without any.
    // Without faults nothing can be detected.
    let drawn = VALID.replacen("attempts = 0", "attempts = 5000", 1);
    let drawn = drawn.replacen("from = 0.1", "from = 0.0", 1);
    let alone = VALID.split("[[policy]]").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.parquet");
    let mut nulls = 0;
    for text in [drawn.as_str(), VALID, alone] {
        let findings = evaluated(text);
        let bytes = sweep_parquet(&findings).unwrap();
        assert_eq!(bytes, sweep_parquet(&evaluated(text)).unwrap());
        fs::write(&path, &bytes).unwrap();
        let data = foldem::report::sweep::sheet(&findings).data;
        let rows: Vec<_> = Rows::open(&path).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows.len(), data.rows.len());
        for (row, cells) in rows.iter().zip(&data.rows) {
            assert_eq!(
                row.keys().collect::<Vec<_>>(),
                data.header.iter().collect::<Vec<_>>()
            );
            for (value, cell) in row.values().zip(cells) {
                match value {
                    Value::String(text) => assert_eq!(text, cell),
                    Value::Number(x) => assert_eq!(x.as_f64(), cell.parse().ok(), "{cell}"),
                    other => assert!(other.is_null() && cell.is_empty(), "{other} {cell}"),
                }
                nulls += usize::from(value.is_null());
            }
        }
    }
    assert!(nulls > 0, "an undefined figure was read back as undefined");
}

#[test]
fn every_format_renders_and_mistakes_exit_3() {
    let example = "experiments/sweeps/five-stage-alarms.toml";
    for (format, mark) in [
        ("table", "below 1 at 10 of 39 points"),
        ("csv", "\n0.03,0.3085,300,"),
        ("markdown", "| 0.0025 | 0.15 |"),
        ("html", "<!doctype html>"),
    ] {
        let run = foldem(&["sweep", example, "--format", format]);
        assert_eq!(code(&run), 0);
        assert!(stdout(&run).contains(mark), "{format}: {}", stdout(&run));
    }
    let check = foldem(&["check", example]);
    assert_eq!(code(&check), 0);
    assert!(stdout(&check).contains("sweep valid"), "{}", stdout(&check));
    for command in ["sweep", "check"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.toml");
        fs::write(&path, VALID).unwrap();
        let run = foldem(&[command, path.to_str().unwrap()]);
        assert_eq!(code(&run), 3, "the scenario is not beside it");
        let said = stdout(&run) + &stderr(&run);
        assert!(
            said.contains("scenario") && said.contains("alarms.toml"),
            "{said}"
        );
    }
    let scenario = foldem(&["sweep", "experiments/five-stage.toml"]);
    assert_eq!(code(&scenario), 3);
    assert!(
        stderr(&scenario).contains("a sweep has schema"),
        "{}",
        stderr(&scenario)
    );
}
