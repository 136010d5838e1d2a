//! The seam: what happened to generations, wherever they came from.
//!
//! A simulation, a replayed log and a live guard all produce outcomes; estimators see nothing
//! else. Outcomes travel as batches of columns. All generations of one prompt stand next to each
//! other within one batch.

mod censored;
mod early_exit;
mod expected;
mod gathered;
mod running_coin;
mod subsets;

pub use censored::{CensoredOutcome, CensoredRejection};
pub use early_exit::{ARMS, EarlyExitBatch, arm};
pub use expected::ExpectedBatch;
pub use gathered::{Gathered, Range, Shape};
pub use running_coin::RunningCoinOutcome;
pub use subsets::{MOST_VALIDATORS, SubsetOutcome, Terms, Validators, members};

/// What the batches of one source have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Number of checkpoints of the policy.
    pub checkpoints: usize,
    /// Categories by which generations can be told apart.
    pub covariates: Vec<Covariate>,
    /// A typical number of tokens of a full generation, > 0; sets the resolution of sums.
    pub typical_tokens: f64,
    /// What all checkpoints together charge, in tokens; sets the resolution of their sums.
    pub typical_cost: f64,
    /// What is known of the generations.
    pub knowledge: Knowledge,
}

/// What is known of every generation of a source beside its tokens and its rejection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Knowledge {
    /// What the final filter says of the full generation.
    pub verdict: bool,
    /// The value of the full generation.
    pub utility: bool,
}

impl Knowledge {
    /// Both.
    pub const FULL: Self = Self {
        verdict: true,
        utility: true,
    };
}

/// A category of generations, such as the final state.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Covariate {
    /// Name in tables and results.
    pub name: String,
    /// Names of its levels.
    pub levels: Vec<String>,
}

/// The checkpoint of a generation that is never rejected.
pub const NEVER: u32 = u32::MAX;

/// Outcomes of generations under one policy; every column has one row per generation.
#[derive(Debug, Clone, Default)]
pub struct OutcomeBatch {
    /// Number of the prompt.
    pub prompt: Vec<u64>,
    /// Tokens of the full generation.
    pub tokens_full: Vec<f64>,
    /// Tokens paid: generated until rejection or the end, plus `checkpoint_cost`.
    pub tokens_paid: Vec<f64>,
    /// Tokens charged by the checkpoints that were reached.
    pub checkpoint_cost: Vec<f64>,
    /// Index of the checkpoint that rejected, or [`NEVER`].
    pub rejected_at: Vec<u32>,
    /// Tokens that a coin saves which strikes at each checkpoint: those that the full generation
    /// has after it, `checkpoints` values a row. Where a checkpoint stands at several places of a
    /// generation, the mean over the places at which the policy rejects.
    pub remaining: Vec<f64>,
    /// Where checkpoints stand at several places: the mean number of tokens that a coin saves at
    /// the place where this generation was rejected, less that at all places of the checkpoint;
    /// 0 where it survives, and 0 in total at each checkpoint. Else empty.
    pub place_excess: Vec<f64>,
    /// Whether the final filter accepts the full generation; empty where that is not known.
    pub accepted: Vec<bool>,
    /// Value of the full generation, in [0, 1]; empty where it is not known.
    pub utility: Vec<f64>,
    /// Level of each covariate of the frame: one column each.
    pub covariates: Vec<Vec<u32>>,
    /// What only some studies ask for.
    pub trace: Option<Trace>,
    /// What early exit would do, where the source knows any.
    pub early_exit: Option<EarlyExitBatch>,
}

/// What lies behind outcomes where it is known.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// Difficulty δ of the prompt.
    pub difficulty: Vec<f64>,
    /// Index of the final state.
    pub final_state: Vec<u32>,
    /// Tokens of each stage: as many values a row as there are stages.
    pub stage_tokens: Vec<f64>,
    /// Scores of the policy's validators on the full generation, checkpoint by checkpoint in the
    /// order in which each lists them; an alarm is 0, silence 1.
    pub scores: Vec<f64>,
}

impl OutcomeBatch {
    /// Makes room for so many more generations, but for their traces.
    pub fn reserve(&mut self, generations: usize, checkpoints: usize) {
        self.prompt.reserve(generations);
        for column in [
            &mut self.tokens_full,
            &mut self.tokens_paid,
            &mut self.checkpoint_cost,
            &mut self.utility,
        ] {
            column.reserve(generations);
        }
        self.rejected_at.reserve(generations);
        self.remaining.reserve(generations * checkpoints);
        self.accepted.reserve(generations);
        for column in &mut self.covariates {
            column.reserve(generations);
        }
    }

    /// Number of generations.
    pub fn len(&self) -> usize {
        self.prompt.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.prompt.is_empty()
    }
}

/// What it takes to retry prompts until they yield; one row per prompt.
///
/// Each cost is multiplied by the prompt's weight: prompts may be drawn more often than they
/// occur. Weights average 1.
#[derive(Debug, Clone, Default)]
pub struct RetryBatch {
    /// Tokens paid under the policy until the first retained generation, weighted.
    pub paid_until_retained: Vec<f64>,
    /// Tokens of full generations until the first accepted one, weighted.
    pub full_until_accepted: Vec<f64>,
    /// Prompts given up: they are in neither column.
    pub unfinished: u64,
}

/// A reduction that can be split over batches of `B`.
///
/// For outcomes `B` is a slice: the same generations under each policy that is examined.
pub trait Fold<B: ?Sized>: Send {
    /// Takes in a batch.
    fn fold(&mut self, batch: &B);
    /// Takes in what another fold has gathered from later batches.
    fn merge(&mut self, later: Self);
}
