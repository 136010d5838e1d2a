//! First-alarm tables in files: a replay from one is the replay from the logs, and what is not one
//! is told.

use std::fs;
use std::path::Path;

use foldem::replay::SavedTable;
use serde_json::Value;

use super::cli::{code, foldem, root, stderr, stdout};

const LOGS: [&str; 2] = [
    "experiments/logs/qwen2.5-coder-0.5b.jsonl.zst",
    "experiments/logs/qwen2.5-coder-1.5b.jsonl.zst",
];

/// Two of the paper's rules under other names, in another order, at other places; E is left to the
/// log.
const OTHER: &str = "\
schema = \"foldem.policy/1\"
name = \"other\"
[[validator]]
name = \"second\"
rule = \"answer-marker\"
[[validator]]
name = \"first\"
rule = \"false-equation\"
tolerance = 0.01
[[checkpoint]]
at = { expected_fraction = 0.3 }
validators = [\"first\"]
cost_tokens = 1.5
[[checkpoint]]
at = { every_tokens = 50 }
validators = [\"second\", \"first\"]
[[checkpoint]]
at = \"solution\"
validators = [\"second\"]
";

/// A policy that has the rules of [`OTHER`] and one more.
fn wide() -> String {
    let more = "[[validator]]\nname = \"more\"\nrule = \"literal\"\npatterns = [\"wait\"]\n\
                [[checkpoint]]\nat = { tokens = 64 }\nvalidators = [\"more\"]\n";
    format!("{OTHER}{more}")
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::write(folder.path("other.toml"), OTHER).unwrap();
        fs::write(folder.path("wide.toml"), wide()).unwrap();
        folder
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// Saves the table of the logs under the wide policy.
    fn saved(&self, logs: &[&str]) -> String {
        let (policy, table) = (self.path("wide.toml"), self.path("t.parquet"));
        let rest = ["--policy", &policy, "--save-table", &table, "--quiet"];
        let run = foldem(&[&["replay"], logs, &rest].concat());
        assert_eq!(code(&run), 0, "{}", stderr(&run));
        table
    }
}

#[test]
fn replay_of_a_table_is_replay_of_its_logs() {
    let folder = Folder::new();
    let table = folder.saved(&LOGS);
    let again = folder.path("again.parquet");
    for policy in ["other.toml", "wide.toml"] {
        let policy = folder.path(policy);
        for problem in ["given", "generated"] {
            let outcomes = folder.path("outcomes.jsonl");
            let common = [
                "--policy",
                &policy,
                "--problem",
                problem,
                "--format",
                "json",
                "--outcomes",
                &outcomes,
            ];
            let run = |from: &[&str]| {
                let run = foldem(&[&["replay"], from, &common].concat());
                assert_eq!(code(&run), 0, "{}", stderr(&run));
                (stdout(&run), fs::read_to_string(&outcomes).unwrap())
            };
            let from_logs = run(&LOGS);
            assert!(from_logs == run(&["--table", &table]), "{policy} {problem}");
        }
    }
    // The same logs and policy give the same bytes, and they are compact.
    fs::rename(&table, &again).unwrap();
    let bytes = fs::read(folder.saved(&LOGS)).unwrap();
    assert_eq!(bytes, fs::read(&again).unwrap());
    let saved = SavedTable::load(Path::new(&again)).unwrap();
    let rows = saved.table.rows().len();
    assert!(
        bytes.len() < 40 * rows + 20_000,
        "{} bytes, {rows} rows",
        bytes.len()
    );
    assert_eq!(saved.logs[1].file, "qwen2.5-coder-1.5b.jsonl.zst");
    assert_eq!(saved.logs[1].sha256.as_ref().unwrap().len(), 64);
}

#[test]
fn skipped_lines_are_remembered() {
    let folder = Folder::new();
    let log = folder.path("log.jsonl");
    let lines = "{\"id\":1,\"solution\":\"1 + 1 = 3\",\"correct\":false}\nnot JSON\n\
                 {\"id\":2,\"solution\":\"wait\",\"correct\":true,\"attributes\":{\"k\":\"a\"}}\n";
    fs::write(&log, lines).unwrap();
    let table = folder.saved(&[&log, "--skip-malformed"]);
    let policy = folder.path("wide.toml");
    let json = |from: &[&str]| {
        let run = foldem(
            &[
                &["replay"],
                from,
                &["--policy", &policy, "--format", "json"],
            ]
            .concat(),
        );
        assert_eq!(code(&run), 0, "{}", stderr(&run));
        stdout(&run)
    };
    let found = json(&["--table", &table]);
    assert_eq!(found, json(&[&log, "--skip-malformed"]));
    let found: Value = serde_json::from_str(&found).unwrap();
    assert_eq!(found["skipped"], 1);
    let check = foldem(&["check", &table]);
    assert_eq!(code(&check), 0);
    let told = stdout(&check);
    assert!(told.contains("table valid"), "{told}");
    assert!(
        told.contains("First alarms on 2 records of 2 prompts"),
        "{told}"
    );
    assert!(told.contains("rule false-equation"), "{told}");
}

#[test]
fn a_validator_that_the_table_lacks_is_named() {
    let folder = Folder::new();
    let log = folder.path("log.jsonl");
    let line = |id: u8| format!("{{\"id\":{id},\"solution\":\"x\",\"correct\":true}}\n");
    fs::write(&log, line(1) + &line(2)).unwrap();
    let table = folder.saved(&[&log]);
    let policy = folder.path("changed.toml");
    fs::write(
        &policy,
        OTHER.replace("tolerance = 0.01", "tolerance = 0.02"),
    )
    .unwrap();
    let run = foldem(&["replay", "--table", &table, "--policy", &policy]);
    assert_eq!(code(&run), 3);
    let told = stderr(&run);
    for part in [
        "changed.toml",
        "`first (rule false-equation, {\"tolerance\":0.02})` is not in the table",
        "first (rule false-equation, {\"tolerance\":0.01})",
        "--save-table",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    let folder = Folder::new();
    let (log, policy) = (LOGS[0], folder.path("other.toml"));
    let (table, text) = (folder.path("t.parquet"), folder.path("t.json"));
    fs::write(&table, "PAR1").unwrap();
    let cases: [(&[&str], &str); 7] = [
        (&[], "LOG"),
        (&[log, "--table", &table], "cannot be used with"),
        (
            &["--table", &table, "--save-table", &text],
            "cannot be used with",
        ),
        (&["--table", &table, "--skip-malformed"], "no log is read"),
        (
            &[log, "--save-table", &text],
            "let its name end in .parquet",
        ),
        (
            &[log, "--save-table", &table, "--outcomes", &table],
            "outcomes are JSON Lines",
        ),
        (
            &[log, "--save-table", &folder.path("none/t.parquet")],
            "folder",
        ),
    ];
    for (arguments, message) in cases {
        let run = foldem(&[&["replay"], arguments, &["--policy", &policy]].concat());
        assert_eq!(code(&run), 2, "{arguments:?}");
        assert!(
            stderr(&run).contains(message),
            "{arguments:?}: {}",
            stderr(&run)
        );
    }
}

/// Every byte of a table matters: changed, the file is refused or its content is the same.
#[test]
fn damaged_and_foreign_files_are_refused() {
    let folder = Folder::new();
    let log = folder.path("log.jsonl");
    let lines = (0..40).map(|i| {
        let (text, kind) = (if i % 3 == 0 { "1 + 1 = 3" } else { "wait" }, i % 4);
        format!(
            "{{\"id\":{i},\"solution\":\"{text}\",\"correct\":{},\"attributes\":{{\"k\":{kind}}}}}\n",
            i % 5 > 1
        )
    });
    fs::write(&log, lines.collect::<String>()).unwrap();
    let table = folder.saved(&[&log]);
    let whole = fs::read(&table).unwrap();
    let content = |path: &str| SavedTable::load(Path::new(path)).map(|t| format!("{t:?}"));
    let expected = content(&table).unwrap();
    let damaged = folder.path("damaged.parquet");
    let (mut refused, mut same) = (0, 0);
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= [0x01, 0x80, 0xff][at % 3];
        fs::write(&damaged, bytes).unwrap();
        match content(&damaged) {
            Ok(found) => {
                assert_eq!(found, expected, "byte {at}");
                same += 1;
            }
            Err(_) => refused += 1,
        }
    }
    // Statistics and the like are not read.
    assert!(refused > 2 * same, "{refused} refused, {same} the same");

    let policy = folder.path("other.toml");
    let fixture = root()
        .join("tests/fixtures/parquet/map.parquet")
        .display()
        .to_string();
    fs::write(&damaged, &whole[..whole.len() / 2]).unwrap();
    for (file, message) in [
        (damaged.as_str(), "damaged or truncated"),
        (fixture.as_str(), "no first-alarm table (foldem.table/1)"),
        (log.as_str(), "does not begin with PAR1"),
        ("no-such.parquet", "cannot be read"),
    ] {
        let run = foldem(&["replay", "--table", file, "--policy", &policy]);
        assert_eq!(code(&run), 3, "{file}");
        assert!(stderr(&run).contains(message), "{file}: {}", stderr(&run));
    }
    let run = foldem(&["replay", &table, "--policy", &policy]);
    assert_eq!(code(&run), 3);
    assert!(
        stderr(&run).contains("replay it with --table"),
        "{}",
        stderr(&run)
    );
}
