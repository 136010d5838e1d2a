//! `foldem audit` end to end: what it prints in every form, each mistake of a file, every exit code.

use std::fs;

use foldem::study::Interrupt;
use foldem::study::audit::{Spec, audit};
use serde_json::Value;

use super::cli::{code, foldem, root, stderr, stdout};

const HEAD: &str = "schema = \"foldem.audit/1\"\nname = \"test\"\n[[row]]\nname = \"a\"\n";

fn paper() -> String {
    let path = root().join("experiments/audits/paper.toml");
    path.to_str().unwrap().to_owned()
}

#[test]
fn json_has_the_documented_keys() {
    let output = foldem(&["audit", &paper(), "--format", "json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(found["schema"], "foldem.audit-result/1");
    let rows = found["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 6);
    let formats = fs::read_to_string(root().join("docs/audit.md")).unwrap();
    for key in rows[0].as_object().unwrap().keys() {
        assert!(
            formats.contains(&format!("`{key}`")),
            "{key} is not documented"
        );
    }
    assert_eq!(rows[0]["consistent"], true);
    assert_eq!(rows[0]["length_ratio_implied"][1], Value::Null);
    assert_eq!(rows[2]["implied_without"], "detection");
    assert_eq!(rows[5]["length_ratio_implied"], Value::Null);
}

#[test]
fn every_form_renders_and_the_page_has_the_figure() {
    let folder = tempfile::tempdir().unwrap();
    for form in ["table", "csv", "markdown", "html"] {
        let output = foldem(&["audit", &paper(), "--format", form]);
        assert_eq!(code(&output), 0, "{form}: {}", stderr(&output));
        let text = stdout(&output);
        assert!(text.contains("Llama-3.1-8B, GSM8K"), "{form}");
        assert_eq!(text.contains("<svg"), form == "html");
        // The page's script knows what is not a number.
        let undefined = text.contains("NaN") || text.contains("inf");
        assert!(!undefined || form == "html", "{form}");
    }
    for name in ["region.svg", "region.png"] {
        let figure = folder.path().join(name);
        let output = foldem(&[
            "audit",
            &paper(),
            "--figure",
            figure.to_str().unwrap(),
            "--threads",
            "1",
        ]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(fs::read(figure).unwrap().len() > 1000);
    }
    let ending = folder.path().join("region.gif");
    assert_eq!(
        code(&foldem(&[
            "audit",
            &paper(),
            "--figure",
            ending.to_str().unwrap()
        ])),
        2
    );
    assert_eq!(code(&foldem(&["audit", "nowhere.toml"])), 3);
    assert_eq!(code(&foldem(&["audit"])), 2);
}

#[test]
fn check_explains_an_audit() {
    let output = foldem(&["check", &paper()]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(
        stdout(&output).contains("audit valid"),
        "{}",
        stdout(&output)
    );
}

/// What stands in a row, where the mistake is reported, and what it says.
#[test]
fn every_mistake_has_its_own_message() {
    #[rustfmt::skip]
    let cases = [
        ("detection = 1.2", 5, "row[0].detection", "must lie in [0, 1]"),
        ("detection = -0.1", 5, "row[0].detection", "is -0.1"),
        ("detection = \"high\"", 5, "row[0].detection", "must be a number"),
        ("detection = nan", 5, "row[0].detection", "finite"),
        ("false_rejection = 3.2", 5, "row[0].false_rejection", "write 3.2 % as 0.032"),
        ("accuracy_after = [0.2, 1.3]", 5, "row[0].accuracy_after", "is 1.3"),
        ("accuracy_before = [0.6, 0.5]", 5, "row[0].accuracy_before", "exchanged"),
        ("accuracy_before = [0.6]", 5, "row[0].accuracy_before", "has 1 numbers"),
        ("accuracy_before = [0.6, 0.7, 0.8]", 5, "row[0].accuracy_before", "has 3 numbers"),
        ("savings = 1", 5, "row[0].savings", "must lie in [0, 1)"),
        ("savings = -0.1", 5, "row[0].savings", "gross savings"),
        ("savings = 43.4", 5, "row[0].savings", "0.43"),
        ("savings = 0.4\npaid_share = 1.0", 6, "row[0].paid_share", "what the rejected paid"),
        ("length_ratio = 0", 5, "row[0].length_ratio", "above 0"),
        ("tokens_paid = 5", 5, "row[0].tokens_paid", "without `tokens_full`"),
        ("tokens_full = 5\ntokens_paid = 6", 6, "row[0].tokens_paid", "exchanged"),
        ("tokens_full = 0\ntokens_paid = 6", 5, "row[0].tokens_full", "above 0"),
        ("tokens_full = 6", 3, "row[0]", "no published number"),
        ("source = \"nothing\"", 3, "row[0]", "no published number"),
        ("savings = 0.2\naccounting = \"per-retaind\"", 6, "row[0].accounting", "did you mean `per-retained`"),
        ("detecton = 0.2\nsavings = 0.1", 5, "row[0].detecton", "did you mean `detection`"),
        ("savings = 0.2\nearly_exit = 0.3", 6, "row[0].early_exit", "a table"),
        ("savings = 0.2\nearly_exit = { savings = 0.3 }", 6, "row[0].early_exit.savings_both", "is missing"),
        ("savings = 0.2\nearly_exit = { savings_both = 0.3, tokens_both = 2 }", 6, "row[0].early_exit.tokens_both", "beside"),
        ("savings = 0.2\nearly_exit = { tokens_both = 2 }", 6, "row[0].early_exit.tokens_both", "needs `tokens_full`"),
        ("detection = 0.2\nearly_exit = { savings_both = 0.3 }", 6, "row[0].early_exit", "stands without `savings`"),
        ("savings = 0.2\nearly_exit = { savings_both = 0.3, saving = 1 }", 6, "row[0].early_exit.saving", "did you mean"),
        ("savings = 0.2\n[[row]]\nname = \"a\"\nsavings = 0.1", 7, "row[1].name", "another row"),
        ("savings = 0.2\n[rows]", 6, "rows", "not a known key"),
    ];
    for (text, line, key, words) in cases {
        let error = Spec::parse("file", &format!("{HEAD}{text}\n")).unwrap_err();
        let found = error
            .mistakes
            .iter()
            .any(|m| m.key == key && m.message.contains(words) && m.line == Some(line));
        assert!(found, "{text}: {error}");
        assert_eq!(error.mistakes.len(), 1, "{text}: {error}");
    }
    for (text, words) in [
        (
            "schema = \"foldem.audit/1\"\nname = \"x\"",
            "at least one [[row]]",
        ),
        (
            "schema = \"foldem.audits/1\"\nname = \"x\"\n[[row]]\nname = \"a\"\nsavings = 0.1",
            "an audit has schema",
        ),
        (
            "name = \"x\"\n[[row]]\nname = \"a\"\nsavings = 0.1",
            "schema: is missing",
        ),
        (
            "schema = \"foldem.audit/1\"\nname = \"x\"\n[[row]]\nsavings = 0.1",
            "row[0].name: is missing",
        ),
    ] {
        let error = Spec::parse("file", text).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let valid = Spec::parse("file", &format!("{HEAD}savings = 0.2\n"));
    assert!(valid.is_ok());
}

#[test]
fn a_mistake_exits_3_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("claims.toml");
    fs::write(&path, format!("{HEAD}detection = 2\n")).unwrap();
    let output = foldem(&["audit", path.to_str().unwrap()]);
    assert_eq!(code(&output), 3);
    assert!(
        stderr(&output).contains("claims.toml:5: row[0].detection: is 2"),
        "{}",
        stderr(&output)
    );
    assert!(output.stdout.is_empty());
    fs::write(&path, format!("{HEAD}savings = 0.2\n")).unwrap();
    let figure = folder.path().join("f.svg");
    let output = foldem(&[
        "audit",
        path.to_str().unwrap(),
        "--figure",
        figure.to_str().unwrap(),
    ]);
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output).contains("nothing to draw"),
        "{}",
        stderr(&output)
    );
}

/// An interrupted audit writes neither findings nor files.
#[cfg(unix)]
#[test]
fn an_interrupted_audit_exits_130() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (figure, report) = (file("region.svg"), file("audit.html"));
    let arguments = ["audit", "-", "--figure", &figure, "--report", &report];
    let rows = fs::read(paper()).unwrap();
    let output = super::cli::interrupted_before(&arguments, &rows);
    assert_eq!(code(&output), 130, "{}", stderr(&output));
    assert_eq!(stdout(&output), "");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let (spec, interrupt) = (Spec::load(paper().as_ref()).unwrap(), Interrupt::default());
    assert!(audit(&spec, &interrupt).is_some());
    interrupt.raise();
    assert!(audit(&spec, &interrupt).is_none());
}
