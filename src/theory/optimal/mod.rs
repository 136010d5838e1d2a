//! The best possible policy on a scenario's own validators (theory §7), and what nobody can beat.
//!
//! A policy sees the scores that it consults and, if it may, the lengths of the stages. Consulting a
//! checkpoint is a choice that is paid for only when it is made. What matters of all that was seen
//! is the posterior over (latent state, sticky verdicts heard, difficulty): `belief.rs`. All
//! posteriors that can be reached form a tree (`tree.rs`); on it the least cost per unit of what is
//! retained is found by backward induction at a price and Dinkelbach's iteration over prices
//! (`price.rs`). One attempt per prompt.
//!
//! Alarms are finite, so the tree is exact given difficulty. Difficulty becomes nodes of the
//! trapezoid rule, halved until the cost no longer moves. Scores and lengths are cut into cells,
//! with bounds from both sides (`experiment.rs`).

mod belief;
mod experiment;
mod full_information;
mod laws;
mod price;
mod program;
mod rules;
mod solve;
mod tree;

pub use experiment::Detail;
pub use full_information::FullInformation;
pub use price::Account;
pub use program::{Optimum, Program, Sight};
pub use rules::{Answer, Choice, Rule, Seen};
pub use solve::{Solution, solve};

use crate::scenario::Scenario;

/// What a retained generation counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// Its utility: the cost is `E[T]/E[U 1_R]`.
    Utility,
    /// One: the cost is `E[T]`/P(R).
    Sample,
}

impl Per {
    /// Expected worth of a full generation by its final state.
    pub(super) fn worth(self, scenario: &Scenario, state: usize) -> f64 {
        let accepted = scenario.accepts()[state];
        match self {
            Self::Utility => accepted * scenario.utility()[state],
            Self::Sample => accepted,
        }
    }
}

/// Why there is no optimum.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OptimalError {
    /// Nothing is worth generating.
    #[error(
        "nothing that is generated is worth anything: no final state is both reached and worth \
         something to the final filter and the utility, so no policy has a cost; raise \
         `final_filter` or `utility`, or count samples instead of utility"
    )]
    Worthless,
    /// Too much can be seen.
    #[error(
        "what a policy may have seen is too much to enumerate: up to {histories:.1e} histories, given \
         up at stage `{stage}` with {beliefs} different beliefs (at most 2000000, or fewer large ones, \
         fit); use fewer checkpoints or fewer validators at a checkpoint, above all fewer with \
         scores"
    )]
    TooLarge {
        /// Beliefs when it was given up.
        beliefs: usize,
        /// After which stage.
        stage: String,
        /// Histories if no beliefs are equal.
        histories: f64,
    },
    /// Too many sticky validators.
    #[error(
        "{0} sticky validators are consulted more than once; at most 64 can be remembered: consult \
         fewer"
    )]
    TooSticky(usize),
    /// Lengths that are not computed.
    #[error("the optimum with token counts is not computed for this scenario: {0}")]
    Lengths(String),
}
