//! What early exit would make of generations, beside their outcomes under rejection alone.
//!
//! There are four arms: full generation, rejection alone, early exit alone, both. The first two are in
//! the outcomes themselves; these columns hold the rest.

/// Number of arms.
pub const ARMS: usize = 4;

/// Whether an arm, 0 to 3, rejects; and whether it exits early. In this order: full generation,
/// rejection alone, early exit alone, both.
pub fn arm(number: usize) -> (bool, bool) {
    (number & 1 == 1, number & 2 == 2)
}

/// One row per generation, in the order of its batch of outcomes.
#[derive(Debug, Clone, Default)]
pub struct EarlyExitBatch {
    /// Tokens paid with early exit alone: up to the exit or the end, probes and the early answer included.
    pub tokens_exit: Vec<f64>,
    /// Tokens paid with both: up to whatever comes first, checkpoints, probes and the early answer
    /// included.
    pub tokens_both: Vec<f64>,
    /// Index of the probe at which early exit alone ends the reasoning, or [`NEVER`](super::NEVER).
    pub exited_at: Vec<u32>,
    /// Whether the policy rejects before that exit, or at all where there is none. A checkpoint comes
    /// before a probe at the same place.
    pub rejected_first: Vec<bool>,
    /// Whether the final filter accepts what early exit alone delivers; empty where that is not known.
    pub accepted: Vec<bool>,
    /// Its value in [0, 1]; empty where that is not known.
    pub utility: Vec<f64>,
}
