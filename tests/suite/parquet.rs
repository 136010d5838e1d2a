//! Logs in Parquet: as other programs write them, as foldem writes them, and damaged.

use std::fs;
use std::path::{Path, PathBuf};

use foldem::columnar::{self, Column, Kind, Rows};
use foldem::log::{Reader, Record, Writer, check};
use serde_json::{Map, Value, json};

use super::cli::{code, foldem, root, stderr, stdout};

/// Made by `make.py`, which stands beside them.
fn fixture(name: &str) -> PathBuf {
    root().join("tests/fixtures/parquet").join(name)
}

fn rows(path: &Path) -> Vec<Value> {
    let rows = Rows::open(path).unwrap();
    rows.map(|row| Value::Object(row.unwrap())).collect()
}

fn records(path: &Path) -> Vec<Record> {
    Reader::open(path).unwrap().map(Result::unwrap).collect()
}

/// Writes columns of one row group each.
fn write(path: &Path, columns: &[(&str, Kind)], groups: &[Vec<Column>]) {
    let columns: Vec<(String, Kind)> = columns
        .iter()
        .map(|(name, kind)| ((*name).to_owned(), *kind))
        .collect();
    let mut writer = columnar::Writer::new(Vec::new(), &columns, &[]).unwrap();
    for group in groups {
        writer.write(group).unwrap();
    }
    fs::write(path, writer.finish().unwrap()).unwrap();
}

fn texts(texts: &[&str]) -> Column {
    Column::Text(texts.iter().map(|t| Some((*t).to_owned())).collect())
}

/// As in `make.py`, of which this is the other half.
#[test]
fn nested_columns_of_another_writer_are_read_as_they_were_meant() {
    let path = fixture("pyarrow.parquet");
    let rows = rows(&path);
    let column = |name: &str| rows.iter().map(|row| row[name].clone()).collect::<Value>();
    assert_eq!(column("id"), json!([1, 2, 3, 4, 5]));
    assert_eq!(column("prompt_id"), json!(["p", "p", "q", "q", "r"]));
    assert_eq!(
        column("problem_tokens"),
        json!([9, null, 0, 7, 2_147_483_653_u32])
    );
    // NaN is null, as what was never there is.
    assert_eq!(
        column("solution_tokens"),
        json!([3.0, null, 2.0, null, 2.0])
    );
    assert_eq!(
        column("token_ends"),
        json!([[1, 4, 9], null, [1, 4], [], [7, 9]])
    );
    assert_eq!(column("correct"), json!([true, false, null, null, true]));
    // 0.1 in single precision is 0.1.
    assert_eq!(column("utility"), json!([0.5, null, 1.0, 0.25, 0.1]));
    assert_eq!(
        column("scores"),
        json!([[[1.5], []], [], null, [[], null], [[2.5, null]]])
    );
    assert_eq!(
        column("steps"),
        json!([
            [{"a": 1, "b": ["x", "y"]}],
            [],
            null,
            [{"a": null, "b": null}],
            [null],
        ])
    );
    assert_eq!(
        column("links"),
        json!([{"x": 1}, {}, null, {"y": null}, {"z": 3, "x": 4}])
    );
    let some = Rows::open(&path)
        .unwrap()
        .select(|name| name == "steps" || name == "id");
    assert_eq!(some.columns().collect::<Vec<_>>(), ["id", "steps"]);
    for (row, all) in some.map(Result::unwrap).zip(&rows) {
        assert_eq!(row.len(), 2);
        assert_eq!(row["steps"], all["steps"]);
    }
}

#[test]
fn a_log_of_another_writer_is_read() {
    let read = records(&fixture("pyarrow.parquet"));
    let attributes = |json: Value| json.as_object().cloned();
    let expected = Record {
        id: "1".to_owned(),
        prompt_id: Some("p".to_owned()),
        model: Some("m".to_owned()),
        solution: "1 + 1 = 2".to_owned(),
        problem_tokens: Some(9),
        solution_tokens: Some(3),
        token_ends: Some(vec![1, 4, 9]),
        correct: Some(true),
        utility: Some(0.5),
        attributes: attributes(json!({"temperature": 0.5, "seed": 7, "kind": "a"})),
        ..Record::default()
    };
    assert_eq!(read[0], expected);
    // Fields of a struct that are null are not there.
    assert_eq!(read[1].attributes, attributes(json!({"temperature": 0.5})));
    assert_eq!(read[2].attributes, None);
    assert_eq!(read[4].id, "5");

    let summary = check(&fixture("pyarrow.parquet")).unwrap();
    assert_eq!((summary.records, summary.prompts), (5, 3));
    let unknown: Vec<_> = summary.unknown_fields.into_iter().collect();
    let named = |name: &str| (name.to_owned(), 5);
    assert_eq!(unknown, ["links", "scores", "steps"].map(named));

    let read = records(&fixture("map.parquet"));
    assert_eq!(read[0].attributes, attributes(json!({"k": "1"})));
    assert_eq!(read[1].attributes, attributes(json!({})));
    assert_eq!(read[2].attributes, None);
}

/// More records than a row group holds; the bytes are a function of the records.
#[test]
fn what_is_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.parquet");
    let record = |i: usize| {
        let odd = i % 2 == 1;
        let some = |text: &str| odd.then(|| text.to_owned());
        let attributes = json!({"z": i, "a": {"b": [1.5, null, "x"]}});
        Record {
            id: i.to_string(),
            prompt_id: some("p"),
            model: some("m"),
            benchmark: some("b"),
            problem: some("q?"),
            solution: if i.is_multiple_of(7) {
                String::new()
            } else {
                "häh".to_owned()
            },
            problem_tokens: odd.then_some(3),
            solution_tokens: odd
                .then_some(1_000_000_000_000)
                .filter(|_| !i.is_multiple_of(3)),
            token_ends: match (i % 3, i % 7) {
                (0, 0) => Some(Vec::new()),
                (0, _) => Some(vec![1, 4]),
                _ => None,
            },
            correct: odd.then_some(i % 4 == 1),
            accepted: (!odd).then_some(i.is_multiple_of(4)),
            utility: odd.then_some(0.1),
            rejected_at: odd.then_some(2),
            pass_through: odd.then_some(1e-300),
            gold: some(""),
            finish_reason: some("stop"),
            attributes: attributes.as_object().cloned().filter(|_| odd),
        }
    };
    let all: Vec<Record> = (0..70_000).map(record).collect();
    let bytes = || {
        let mut writer = Writer::create(&path).unwrap();
        for record in &all {
            writer.write(record).unwrap();
        }
        writer.finish().unwrap();
        fs::read(&path).unwrap()
    };
    assert_eq!(bytes(), bytes());
    assert!(records(&path) == all);
    // Records alone; and a dropped writer leaves the log that was there.
    let mut writer = Writer::create(&path).unwrap();
    let error = writer.write_line(&1).unwrap_err();
    assert!(error.to_string().contains("records of a log alone"));
    drop(writer);
    assert_eq!(records(&path).len(), all.len());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn each_mistake_names_its_column_and_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.parquet");
    let some = |x: f64| Some(x);
    write(
        &path,
        &[
            ("id", Kind::Text),
            ("solution", Kind::Text),
            ("solution_tokens", Kind::Number),
            ("correct", Kind::Integer),
            ("attributes", Kind::Text),
            ("token_ends", Kind::Integers),
        ],
        &[
            vec![
                texts(&["a", "a"]),
                texts(&["x", "x"]),
                Column::Number(vec![some(1.0), some(1.5)]),
                Column::Integer(vec![None, None]),
                Column::Text(vec![Some("{\"k\":1}".to_owned()), None]),
                Column::Integers(vec![Some(vec![1]), None]),
            ],
            vec![
                texts(&["b", "c"]),
                Column::Text(vec![Some("x".to_owned()), None]),
                Column::Number(vec![None, None]),
                Column::Integer(vec![None, Some(1)]),
                texts(&["[1]", "{}"]),
                Column::Integers(vec![Some(vec![1, 0]), Some(vec![-1])]),
            ],
        ],
    );
    let error = check(&path).unwrap_err();
    let found: Vec<String> = error
        .mistakes
        .iter()
        .map(|m| format!("{} {} {}", m.line.unwrap(), m.key, m.message))
        .collect();
    let expected = [
        "2 solution_tokens is 1.5; it must be a whole number, 0 or more (row 2 of row group 1)",
        "2 id is \"a\", the id of row 1 already; ids must differ (row 2 of row group 1)",
        "3 attributes is the string \"[1]\"; it must be an object (row 1 of row group 2)",
        "3 token_ends[1] is 0, below the end before it, 1; ends must not decrease (row 1 of row group 2)",
        "4 solution is missing; every record needs it (row 2 of row group 2)",
        "4 token_ends[0] is -1; it must be a byte offset, a whole number, 0 or more (row 2 of row group 2)",
        "4 correct is 1; it must be true, false or null (row 2 of row group 2)",
    ];
    for expected in expected {
        assert!(
            found.iter().any(|f| f == expected),
            "{expected}: {found:#?}"
        );
    }
    let first: Vec<_> = Reader::open(&path).unwrap().take(1).collect();
    assert_eq!(first[0].as_ref().unwrap().solution_tokens, Some(1));
}

#[test]
fn a_name_that_does_not_fit_the_content_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("text.parquet"), "{\"id\":1,\"solution\":\"x\"}\n").unwrap();
    fs::write(path("empty.parquet"), "").unwrap();
    fs::copy(fixture("map.parquet"), path("log.jsonl")).unwrap();
    for (name, message) in [
        (
            "text.parquet",
            "does not begin with PAR1; if it is JSON Lines",
        ),
        ("empty.parquet", "does not begin with PAR1"),
        (
            "log.jsonl",
            "is a Parquet file; let its name end in .parquet",
        ),
        ("none.parquet", "cannot be read"),
    ] {
        let name = path(name).display().to_string();
        for run in [
            foldem(&["check", &name]),
            foldem(&["replay", &name, "--policy", "paper"]),
        ] {
            assert_eq!(code(&run), 3, "{name}");
            let told = stdout(&run) + &stderr(&run);
            // Tables wrap long lines.
            let told = told
                .split_whitespace()
                .filter(|w| *w != "│")
                .collect::<Vec<_>>();
            assert!(told.join(" ").contains(message), "{name}: {told:?}");
        }
    }
}

/// Whatever happens to a file's bytes, the reader ends, and without a panic.
#[test]
fn damaged_files_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.parquet");
    let errors = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let nested = Rows::open(&path);
        let nested = nested.map_or(1, |rows| rows.take(1000).filter(Result::is_err).count());
        let log = Reader::open(&path);
        let log = log.map_or(1, |log| log.take(1000).filter(Result::is_err).count());
        (nested, log)
    };
    for (name, step) in [("map.parquet", 1), ("pyarrow.parquet", 7)] {
        let whole: Vec<u8> = fs::read(fixture(name)).unwrap();
        assert_eq!(errors(&whole), (0, 0));
        for length in (0..whole.len()).step_by(11) {
            assert_eq!(errors(&whole[..length]), (1, 1), "the first {length} bytes");
        }
        for at in (0..whole.len()).step_by(step) {
            let mut bytes = whole.clone();
            bytes[at] ^= [0x01, 0x80, 0xff][at % 3];
            errors(&bytes);
        }
    }
}

#[test]
fn replay_of_parquet_is_replay_of_json_lines() {
    let folder = tempfile::tempdir().unwrap();
    let log = root().join("experiments/logs");
    let log = fs::read_dir(log).unwrap().map(|e| e.unwrap().path());
    let mut logs: Vec<PathBuf> = log
        .filter(|p| p.to_string_lossy().contains(".jsonl"))
        .collect();
    logs.sort();
    let log = logs[0].display().to_string();
    let converted = folder.path().join("log.parquet");
    let mut writer = Writer::create(&converted).unwrap();
    for record in records(Path::new(&log)) {
        writer.write(&record).unwrap();
    }
    writer.finish().unwrap();
    let replay = |log: &str| {
        let run = foldem(&[
            "replay", log, "--policy", "paper", "--format", "json", "--quiet",
        ]);
        assert_eq!(code(&run), 0, "{}", stderr(&run));
        stdout(&run)
    };
    assert_eq!(replay(&log), replay(&converted.display().to_string()));
    let value: Map<String, Value> = serde_json::from_str(&replay(&log)).unwrap();
    assert!(value["records"].as_u64().unwrap() > 0);
}
