//! What a table keeps of a generation, and what is counted while its record is read.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::attributes::MISSING;
use super::{FirstError, LoggedExit};
use crate::log::LiveRejection;

/// Model and benchmark; `None` where records name none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Group {
    /// The model that generated.
    pub model: Option<String>,
    /// The collection that the prompts are from.
    pub benchmark: Option<String>,
}

/// As shown to people.
impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [model, benchmark] = [&self.model, &self.benchmark].map(|n| n.as_deref());
        let (model, benchmark) = (model.unwrap_or(MISSING), benchmark.unwrap_or(MISSING));
        write!(f, "{model} · {benchmark}")
    }
}

/// What a table keeps of a generation.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Number of its pair of benchmark and prompt.
    pub prompt: usize,
    /// Number of its model and benchmark, see [`Table::groups`](super::Table::groups).
    pub group: usize,
    /// n, tokens of the solution.
    pub tokens: u64,
    /// Tokens of the problem; estimated from its text where the log does not tell.
    pub problem_tokens: u64,
    /// Whether the final filter accepts it, where that is known.
    pub accepted: Option<bool>,
    /// Its value in [0, 1], where that is known.
    pub utility: Option<f64>,
    /// What few logs tell; `None` where this one does not.
    pub rare: Option<Box<Rare>>,
}

/// What few logs tell of a generation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rare {
    /// What a live policy did to it; `None` if it was not rejected.
    pub live: Option<LiveRejection>,
    /// The first wrong step as labelled, where steps are.
    pub first_error: FirstError,
    /// Where early exit would have ended it, if the record tells of that.
    pub exit: Option<LoggedExit>,
}

impl Rare {
    /// For [`Row::rare`].
    pub fn boxed(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}

impl Row {
    /// What a live policy did to it; `None` if it was not rejected.
    pub fn live(&self) -> Option<LiveRejection> {
        self.rare.as_ref()?.live
    }

    /// The first wrong step as labelled, where steps are.
    pub fn first_error(&self) -> FirstError {
        let rare = self.rare.as_ref();
        rare.map_or(FirstError::Unlabelled, |rare| rare.first_error)
    }

    /// Where early exit would have ended it, if the record tells of that.
    pub fn exit(&self) -> Option<LoggedExit> {
        self.rare.as_ref()?.exit
    }
}

/// How much of a log was estimated, or stands in the way of replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Caveats<N = u64> {
    /// Records whose number of tokens was estimated.
    pub counts_estimated: N,
    /// Records whose token ends were estimated.
    pub ends_estimated: N,
    /// Records whose problem tokens were estimated.
    pub problems_estimated: N,
    /// Records without a problem text.
    pub without_problem: N,
    /// Records that name no prompt, each taken for one of its own.
    #[serde(default)]
    pub without_prompt: N,
    /// Records that were cut at the limit of tokens (`finish_reason` is `length`).
    pub cut: N,
    /// Records that a live policy had rejected.
    pub already_rejected: N,
    /// Records that were ended from outside (`finish_reason`).
    pub interrupted: N,
    /// Records that ended at a stop text (`attributes.stop_reason`).
    pub at_stop_text: N,
}

impl Caveats {
    /// Counts one record more, of which each is 0 or 1.
    pub(super) fn add(&mut self, record: Caveats<u8>) {
        self.counts_estimated += u64::from(record.counts_estimated);
        self.ends_estimated += u64::from(record.ends_estimated);
        self.problems_estimated += u64::from(record.problems_estimated);
        self.without_problem += u64::from(record.without_problem);
        self.without_prompt += u64::from(record.without_prompt);
        self.cut += u64::from(record.cut);
        self.already_rejected += u64::from(record.already_rejected);
        self.interrupted += u64::from(record.interrupted);
        self.at_stop_text += u64::from(record.at_stop_text);
    }
}
