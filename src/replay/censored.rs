//! A table of a log that was written under a live policy: what is known of each generation.
//!
//! What the live policy rejected is cut there, or completed all the same (see
//! [`LiveRejection`](crate::log::LiveRejection)). A cut text is not its generation: neither its length
//! nor its verdict is known.

use crate::outcome::{CensoredOutcome, CensoredRejection};

use super::{Replay, Row, Table};

impl Row {
    /// Whether it was cut by a live policy.
    pub fn is_cut(&self) -> bool {
        self.live().is_some_and(|live| !live.completed)
    }

    /// How many generations it stands for: 1 if the live policy let it live, 1/π if it was completed
    /// with probability π, none if it was cut. `None` if nobody knows the probability.
    pub fn weight(&self) -> Option<f64> {
        match self.live() {
            None => Some(1.0),
            Some(live) => {
                let weight = live.pass_through?.recip();
                Some(if live.completed { weight } else { 0.0 })
            }
        }
    }
}

impl Table {
    /// Whether a live policy rejected any of the generations.
    pub fn is_censored(&self) -> bool {
        self.rows.iter().any(|row| row.live().is_some())
    }

    /// The largest weight that a rejected generation can have, at least 1.
    pub fn largest_weight(&self) -> f64 {
        let chances = self.rows.iter().filter_map(|row| row.live()?.pass_through);
        1.0 / chances.fold(1.0, f64::min)
    }

    /// Tokens of the longest solution.
    pub fn longest(&self) -> u64 {
        self.rows.iter().map(|row| row.tokens).max().unwrap_or(0)
    }
}

impl Replay<'_> {
    /// The generations as the live policy left them, prompt by prompt; solutions have at most
    /// `token_limit` tokens.
    pub fn censored(&self, token_limit: Option<u64>) -> impl Iterator<Item = CensoredOutcome> {
        let rows = self.table().rows();
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|&i| rows[i].prompt);
        order.into_iter().map(move |i| {
            let row = &rows[i];
            let problem = self.tokens_full(i) - row.tokens;
            let beyond = |tokens: u64, at: u64| tokens.saturating_sub(at) as f64;
            let rejection = row.live().map(|live| CensoredRejection {
                pass_through: live.pass_through,
                remaining: live.completed.then(|| beyond(row.tokens, live.at)),
                most_remaining: token_limit.map(|limit| beyond(limit, live.at)),
            });
            let paid = row.live().map_or(row.tokens, |live| live.at);
            CensoredOutcome {
                prompt: row.prompt as u64,
                tokens_paid: (paid + problem) as f64,
                accepted: row.accepted,
                rejection,
            }
        })
    }
}
