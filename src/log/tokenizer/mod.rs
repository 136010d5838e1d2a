//! Exact token ends from a HuggingFace `tokenizer.json`, for logs that do not have them.
//!
//! Tokenising a text again need not give the tokens that a model wrote, so the number of tokens in
//! the log, where there is one, has the last word: where the two do not go together, ends stay
//! estimated.

#[cfg(feature = "tokenizers")]
mod engine;
#[cfg(not(feature = "tokenizers"))]
#[path = "absent.rs"]
mod engine;

use std::path::Path;

use super::Record;
use engine::Engine;

/// Why there is no tokenizer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenizerError {
    /// This binary was built without tokenizers.
    #[error(
        "this foldem was built without tokenizers; build it with `cargo build --release \
         --features tokenizers`"
    )]
    NotBuiltIn,
    /// The file is not a tokenizer, or of an unknown kind.
    #[error("is not a tokenizer.json that can be read: {0}")]
    File(String),
}

/// Finds token ends.
pub struct Tokenizer {
    engine: Engine,
    found: u64,
    kept: u64,
    another_count: u64,
    failed: u64,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    pub fn load(path: &Path) -> Result<Self, TokenizerError> {
        Ok(Self {
            engine: Engine::load(path)?,
            found: 0,
            kept: 0,
            another_count: 0,
            failed: 0,
        })
    }

    /// Sets the token ends, and the number of tokens, of a record that has none.
    pub fn mark(&mut self, record: &mut Record) {
        if record.token_ends.is_some() {
            self.kept += 1;
            return;
        }
        let ends = self.engine.ends(&record.solution);
        let Some(ends) = ends.filter(|ends| are_ends(ends, record.solution.len())) else {
            self.failed += 1;
            return;
        };
        let count = ends.len() as u64;
        match record.solution_tokens {
            // The end token may be counted and has no text.
            Some(n) if n != count && n != count + 1 => self.another_count += 1,
            Some(_) => {
                self.found += 1;
                record.token_ends = Some(ends);
            }
            None => {
                self.found += 1;
                record.solution_tokens = Some(count);
                record.token_ends = Some(ends);
            }
        }
    }

    /// What was done so far, one sentence each.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = vec![format!(
            "token ends of {} records are the tokenizer's",
            self.found
        )];
        for (count, what) in [
            (
                self.kept,
                "records have token ends of their own, which stay",
            ),
            (
                self.another_count,
                "records have another number of tokens than the tokenizer finds: their ends stay \
                 estimated; if these are many, it is the tokenizer of another model",
            ),
            (
                self.failed,
                "records have tokens that do not cover their text (normalised or added text): \
                 their tokens stay as they were",
            ),
        ] {
            if count > 0 {
                remarks.push(format!("{count} {what}"));
            }
        }
        remarks
    }
}

/// Whether these can be ends of the tokens of a text of so many bytes.
fn are_ends(ends: &[usize], bytes: usize) -> bool {
    ends.is_sorted() && ends.last().copied().unwrap_or(0) == bytes
}
