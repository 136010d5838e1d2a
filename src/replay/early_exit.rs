//! Where early exit would have ended the reasoning of a logged generation, and what replay makes of it.
//!
//! No text tells that: whoever wrote the log has run the probe on generations that went on all the same,
//! and has had the answer given at the exit. The record carries what came of it in three attributes:
//! `early_exit_tokens`, the solution tokens after which the reasoning would have ended;
//! `early_exit_accepted`, whether the final filter accepts the answer given there; and
//! `early_exit_answer_tokens`, the tokens of that answer. In a log in which some record has the first of
//! them, a generation without it never exits. An exit at the end or later is none. After an exit no
//! checkpoint looks any more; at the same place the checkpoint comes before the probe.

use serde_json::{Map, Value};

use super::judge::visits;
use super::{Replay, Row, Table};
use crate::outcome::{EarlyExitBatch, NEVER};

/// What the names of the attributes begin with.
pub(super) const PREFIX: &str = "early_exit_";

/// An exit as logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoggedExit {
    /// After so many solution tokens.
    After {
        /// Solution tokens generated until then.
        tokens: u64,
        /// Tokens of the answer that is then given.
        answer_tokens: u64,
        /// Whether the final filter accepts that answer, where that is known.
        accepted: Option<bool>,
    },
    /// The attributes are there, but are not what they should be.
    Unreadable,
}

/// The exit that the attributes of a record tell of; `None` if they tell of none.
pub(super) fn logged(attributes: Option<&Map<String, Value>>) -> Option<LoggedExit> {
    let attributes = attributes?;
    let given = |name: &str| {
        let value = attributes.get(&format!("{PREFIX}{name}"));
        value.filter(|value| !value.is_null())
    };
    let tokens = given("tokens")?;
    let read = || {
        let answer_tokens = match given("answer_tokens") {
            None => 0,
            Some(value) => value.as_u64()?,
        };
        let accepted = match given("accepted") {
            None => None,
            Some(value) => Some(value.as_bool()?),
        };
        Some(LoggedExit::After {
            tokens: tokens.as_u64()?,
            answer_tokens,
            accepted,
        })
    };
    Some(read().unwrap_or(LoggedExit::Unreadable))
}

/// An exit before the end of a generation.
#[derive(Debug, Clone, Copy)]
struct Exit {
    tokens: u64,
    answer_tokens: u64,
    accepted: Option<bool>,
}

impl Table {
    /// The exit of generation number `row`, if it has one before its end.
    fn exit(&self, row: usize) -> Option<Exit> {
        let row = &self.rows()[row];
        match row.exit()? {
            LoggedExit::After {
                tokens,
                answer_tokens,
                accepted,
            } => (tokens < row.tokens).then_some(Exit {
                tokens,
                answer_tokens,
                accepted,
            }),
            LoggedExit::Unreadable => None,
        }
    }

    /// Tokens of the early answer of generation number `row`; 0 without an exit.
    pub fn answer_tokens(&self, row: usize) -> u64 {
        self.exit(row).map_or(0, |exit| exit.answer_tokens)
    }

    /// Records that tell of an exit, and those of them that tell so in a way that cannot be read.
    pub fn exits(&self) -> (u64, u64) {
        let told = self.rows().iter().filter_map(Row::exit);
        told.fold((0, 0), |(told, unreadable), exit| {
            let cannot = u64::from(exit == LoggedExit::Unreadable);
            (told + 1, unreadable + cannot)
        })
    }

    /// Whether the final filter accepts what early exit alone delivers of generation number `row`, where
    /// that is known: the early answer, or the full generation where there is no exit.
    pub fn accepted_with_exit(&self, row: usize) -> Option<bool> {
        match self.exit(row) {
            Some(exit) => exit.accepted,
            None => self.rows()[row].accepted,
        }
    }
}

impl Replay<'_> {
    /// What early exit would have made of generations number `rows`; their verdicts where all are
    /// `known`.
    pub fn early_exit(&self, rows: &[usize], known: bool) -> EarlyExitBatch {
        let mut batch = EarlyExitBatch::default();
        for &i in rows {
            let row = &self.table().rows()[i];
            let exit = self.table().exit(i);
            let judgement = self.judgement(i);
            let problem = self.tokens_full(i) - row.tokens;
            let (end, answer) = exit.map_or((row.tokens, 0), |e| (e.tokens, e.answer_tokens));
            let alone = (problem + end + answer) as f64;
            // A checkpoint at the complete solution stands after all its tokens.
            let first = judgement
                .stop
                .filter(|stop| exit.is_none_or(|exit| stop.tokens <= exit.tokens));
            let both = match (first, exit) {
                (Some(_), _) | (None, None) => self.tokens_generated(i) as f64 + judgement.cost,
                (None, Some(exit)) => alone + self.charged_until(i, exit.tokens),
            };
            batch.tokens_exit.push(alone);
            batch.tokens_both.push(both);
            batch.rejected_first.push(first.is_some());
            batch.exited_at.push(if exit.is_some() { 0 } else { NEVER });
            if known {
                let accepted = self.table().accepted_with_exit(i);
                batch.accepted.push(accepted == Some(true));
            }
        }
        batch
    }

    /// What the checkpoints charge for generation number `row` that are reached by `tokens` of its solution
    /// tokens, where none of them rejects.
    fn charged_until(&self, row: usize, tokens: u64) -> f64 {
        let stop = Some((false, tokens, usize::MAX));
        let all = self.table().rows()[row].tokens;
        let checkpoints = self.checkpoints().iter().enumerate();
        checkpoints
            .map(|(c, checkpoint)| {
                let place = self.schedule().place(c, row);
                visits(place, c, stop, all) as f64 * checkpoint.cost_tokens
            })
            .sum()
    }
}
