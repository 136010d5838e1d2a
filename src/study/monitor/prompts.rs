//! Generations of one prompt, put together until the prompt is complete.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::Settings;

/// What generations say, weighted for audits; sums over a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Generation {
    pub(super) rejected: f64,
    pub(super) accepted: f64,
    pub(super) saved: f64,
    pub(super) full: f64,
}

/// Benchmark and prompt.
pub(super) type Key = (Option<String>, String);

/// A prompt of which more may come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    key: Key,
    generations: u32,
    sum: Generation,
}

/// Prompts that are open, in the order in which they began, and those closed last.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Prompts {
    open: VecDeque<Open>,
    closed: VecDeque<Key>,
}

/// What became of a generation.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Told {
    /// Its prompt had been counted.
    Late,
    /// It was taken in; these prompts are complete now.
    Complete(Vec<Generation>),
}

impl Prompts {
    /// Takes in the next generation of a prompt.
    pub(super) fn add(&mut self, key: Key, generation: Generation, settings: &Settings) -> Told {
        if self.closed.contains(&key) {
            return Told::Late;
        }
        let begun = self.open.iter().position(|open| open.key == key);
        let at = begun.unwrap_or_else(|| {
            self.open.push_back(Open {
                key,
                generations: 0,
                sum: Generation::default(),
            });
            self.open.len() - 1
        });
        let open = &mut self.open[at];
        open.generations += 1;
        open.sum.rejected += generation.rejected;
        open.sum.accepted += generation.accepted;
        open.sum.saved += generation.saved;
        open.sum.full += generation.full;
        let mut complete = Vec::new();
        if open.generations == settings.per_prompt {
            complete.extend(self.open.remove(at).map(|open| self.close(open, settings)));
        }
        while self.open.len() > settings.open as usize {
            let oldest = self.open.pop_front();
            complete.extend(oldest.map(|open| self.close(open, settings)));
        }
        Told::Complete(complete)
    }

    fn close(&mut self, open: Open, settings: &Settings) -> Generation {
        self.closed.push_back(open.key);
        if self.closed.len() > settings.open as usize {
            self.closed.pop_front();
        }
        open.sum
    }

    /// Prompts that are not complete.
    pub(super) fn open(&self) -> u64 {
        self.open.len() as u64
    }
}
