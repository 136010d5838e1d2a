//! Outcomes in expectation: of each prompt, what its generations come to on average.
//!
//! Where that can be computed nothing below the prompt is left to chance; prompts are still drawn.

/// Expectations of the columns of [`OutcomeBatch`](super::OutcomeBatch), and of their products with
/// what happens; one row per prompt, summed over its generations.
#[derive(Debug, Clone, Default)]
pub struct ExpectedBatch {
    /// Generations of the prompt.
    pub generations: Vec<u64>,
    /// Tokens of full generations.
    pub tokens_full: Vec<f64>,
    /// Tokens generated until rejection or the end.
    pub tokens_generated: Vec<f64>,
    /// Tokens charged by the checkpoints that were reached.
    pub checkpoint_cost: Vec<f64>,
    /// Probability that the final filter accepts the full generation, summed, as all below.
    pub accepted: Vec<f64>,
    /// Probability that no checkpoint rejects.
    pub surviving: Vec<f64>,
    /// Probability of both.
    pub retained: Vec<f64>,
    /// Utility: of all, times survival, times acceptance, times both.
    pub utility: Vec<[f64; 4]>,
    /// Per checkpoint: probability that it rejects, tokens that the full generation has after it,
    /// and the same times rejection there; `checkpoints` values a row.
    pub at_checkpoint: Vec<[f64; 3]>,
    /// Per level of each covariate of the frame, one covariate after the other: probability that
    /// the generation is at the level and accepted, and that it is retained besides.
    pub at_level: Vec<[f64; 2]>,
}

impl ExpectedBatch {
    /// Number of prompts.
    pub fn len(&self) -> usize {
        self.tokens_full.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tokens_full.is_empty()
    }
}
