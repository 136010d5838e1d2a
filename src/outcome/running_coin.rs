//! What a coin that strikes only what still runs comes to in expectation, beside the policy whose
//! rates it has, generation by generation.

/// One generation under the coin, in expectation, and under the policy.
///
/// The coin's rates are those of the policy on the same generations, so they vary with the sample.
/// The three expectations therefore hold, besides, what the generation adds to them through the
/// rates, to first order. That part is 0 in total: sums are those of the expectations, and products
/// over prompts have the variance of both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunningCoinOutcome {
    /// Number of the prompt.
    pub prompt: u64,
    /// Tokens of the full generation.
    pub tokens_full: f64,
    /// Whether the final filter accepts the full generation, where that is known.
    pub accepted: Option<bool>,
    /// Tokens paid under the policy, what checkpoints charge included.
    pub tokens_paid: f64,
    /// Whether the policy rejects it.
    pub rejected: bool,
    /// Tokens that the coin saves.
    pub saved: f64,
    /// Probability that the coin lets it pass.
    pub surviving: f64,
    /// Probability that the coin lets it pass and the filter accepts it; 0 where verdicts are not
    /// known.
    pub retained: f64,
}
