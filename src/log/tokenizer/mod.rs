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
use std::sync::Arc;

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

/// Finds token ends, on any thread.
#[derive(Clone)]
pub struct Marker {
    engine: Arc<Engine>,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marked {
    /// Its ends are the tokenizer's.
    Found,
    /// It has ends of its own, which stay.
    Kept,
    /// It has another number of tokens, so its ends stay estimated.
    AnotherCount,
    /// The tokens do not cover its text.
    Failed,
}

/// Finds token ends and counts what became of records.
pub struct Tokenizer {
    marker: Marker,
    found: u64,
    kept: u64,
    another_count: u64,
    failed: u64,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    pub fn load(path: &Path) -> Result<Self, TokenizerError> {
        Ok(Self {
            marker: Marker {
                engine: Arc::new(Engine::load(path)?),
            },
            found: 0,
            kept: 0,
            another_count: 0,
            failed: 0,
        })
    }

    /// Sets the token ends, and the number of tokens, of a record that has none.
    pub fn mark(&mut self, record: &mut Record) {
        let marked = self.marker.mark(record);
        self.count(marked);
    }

    /// What finds the ends.
    pub fn marker(&self) -> Marker {
        self.marker.clone()
    }

    /// Counts a record that was marked elsewhere.
    pub fn count(&mut self, marked: Marked) {
        *match marked {
            Marked::Found => &mut self.found,
            Marked::Kept => &mut self.kept,
            Marked::AnotherCount => &mut self.another_count,
            Marked::Failed => &mut self.failed,
        } += 1;
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

impl Marker {
    /// Sets the token ends, and the number of tokens, of a record that has none.
    pub fn mark(&self, record: &mut Record) -> Marked {
        if record.token_ends.is_some() {
            return Marked::Kept;
        }
        let ends = self.engine.ends(&record.solution);
        let Some(ends) = ends.filter(|ends| are_ends(ends, record.solution.len())) else {
            return Marked::Failed;
        };
        let count = ends.len() as u64;
        match record.solution_tokens {
            // The end token may be counted and has no text.
            Some(n) if n != count && n != count + 1 => return Marked::AnotherCount,
            Some(_) => {}
            None => record.solution_tokens = Some(count),
        }
        record.token_ends = Some(ends);
        Marked::Found
    }
}

/// Whether these can be ends of the tokens of a text of so many bytes.
fn are_ends(ends: &[usize], bytes: usize) -> bool {
    ends.is_sorted() && ends.last().copied().unwrap_or(0) == bytes
}
