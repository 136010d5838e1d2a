//! Token ends from small tokenizers made for this test. Without the feature, only what the binary
//! says of it.

#![cfg(feature = "tokenizers")]

use std::fs;

use foldem::log::Record;
use foldem::log::tokenizer::Tokenizer;

use super::cli::{foldem, root, stderr, stdout};

fn tokenizer(name: &str) -> Tokenizer {
    Tokenizer::load(&root().join("tests/fixtures/tokenizer").join(name)).unwrap()
}

fn record(solution: &str, tokens: Option<u64>) -> Record {
    Record {
        id: "a".to_owned(),
        solution: solution.to_owned(),
        solution_tokens: tokens,
        ..Record::default()
    }
}

/// Ends and number of tokens that a record gets.
fn marked(
    tokenizer: &mut Tokenizer,
    solution: &str,
    tokens: Option<u64>,
) -> (Option<Vec<usize>>, Option<u64>) {
    let mut record = record(solution, tokens);
    tokenizer.mark(&mut record);
    (record.token_ends, record.solution_tokens)
}

/// A character that is split over tokens ends with its last byte, where offsets of the library
/// would let its first token show it; the file's truncation to four tokens does not count.
#[test]
fn byte_level_tokens_end_at_their_bytes() {
    let mut t = tokenizer("byte-level.json");
    let ends = |text: &str, t: &mut Tokenizer| marked(t, text, None).0.unwrap();
    assert_eq!(ends("ans = 2", &mut t), [3, 5, 6, 7]);
    assert_eq!(ends("x ans", &mut t), [1, 5]);
    assert_eq!(ends("é€", &mut t), [1, 2, 3, 4, 5]);
    assert_eq!(ends("🙂\n", &mut t), [1, 2, 3, 4, 5]);
    assert_eq!(ends("<think>é", &mut t), [7, 8, 9]);
    assert_eq!(ends("", &mut t), [0; 0]);
    assert_eq!(ends("1 + 1 = 2, ans", &mut t).last(), Some(&14));
}

#[test]
fn the_log_has_the_last_word_on_the_number_of_tokens() {
    let mut t = tokenizer("byte-level.json");
    let ends = Some(vec![3, 5, 6, 7]);
    assert_eq!(marked(&mut t, "ans = 2", None), (ends.clone(), Some(4)));
    assert_eq!(marked(&mut t, "ans = 2", Some(4)), (ends.clone(), Some(4)));
    assert_eq!(
        marked(&mut t, "ans = 2", Some(5)),
        (ends, Some(5)),
        "an end token"
    );
    assert_eq!(marked(&mut t, "ans = 2", Some(3)), (None, Some(3)));
    let mut own = record("ans", None);
    own.token_ends = Some(vec![1, 3]);
    t.mark(&mut own);
    assert_eq!(own.token_ends, Some(vec![1, 3]));
    let remarks = t.remarks();
    assert!(
        remarks[0].starts_with("token ends of 3 records"),
        "{remarks:?}"
    );
    assert!(remarks[1].starts_with("1 records have token ends of their own"));
    assert!(remarks[2].starts_with("1 records have another number of tokens"));
}

/// Where a normaliser changed the text, offsets serve; where tokens leave the end of a text out,
/// nothing does.
#[test]
fn normalised_text_falls_back_record_by_record() {
    let mut t = tokenizer("lower-words.json");
    assert_eq!(
        marked(&mut t, "Two PLUS two", None),
        (Some(vec![3, 8, 12]), Some(3))
    );
    assert_eq!(marked(&mut t, "two is ", None), (None, None));
    assert!(
        t.remarks()[1].starts_with("1 records have tokens that do not cover"),
        "{:?}",
        t.remarks()
    );
}

#[test]
fn replay_and_import_take_a_tokenizer() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.jsonl");
    let log = log.to_str().unwrap();
    let tokenizer = "tests/fixtures/tokenizer/byte-level.json";
    let verl = "tests/fixtures/import/verl.jsonl";
    let output = foldem(&[
        "import",
        "rl-rollouts",
        verl,
        "--tokenizer",
        tokenizer,
        "-o",
        log,
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("token ends of 5 records are the tokenizer's"));
    assert_eq!(
        fs::read_to_string(log)
            .unwrap()
            .matches("token_ends")
            .count(),
        5
    );
    let arguments = [
        "replay",
        verl,
        "--input-format",
        "rl-rollouts",
        "--policy",
        "paper",
        "--format",
        "json",
    ];
    let estimated = foldem(&arguments);
    assert!(stdout(&estimated).contains("\"estimated\""));
    let exact = foldem(&[&arguments[..], &["--tokenizer", tokenizer]].concat());
    assert!(
        !stdout(&exact).contains("\"estimated\""),
        "{}",
        stdout(&exact)
    );
    let broken = foldem(&[&arguments[..], &["--tokenizer", verl]].concat());
    assert_eq!(broken.status.code(), Some(3), "{}", stderr(&broken));
    assert!(
        stderr(&broken).contains("is not a tokenizer.json"),
        "{}",
        stderr(&broken)
    );
}
