//! What may be decided: where a generation is checked, by which validators, and when it is
//! rejected.
//!
//! A checkpoint multiplies the scores of its validators (an alarm is 0, silence 1) into a
//! composite and rejects when the composite is at most its threshold; ties reject. Where it
//! stands is the type parameter `At`: the index of a stage in a scenario, a [`Position`] in a log.

mod file;
mod position;
mod read;
mod rule;
mod write;

pub use file::{ExpectedTokens, PolicyFile, TextValidator};
pub use position::Position;
pub use read::SCHEMA;
pub use rule::{Parameter, ParameterKind, ParameterValue, Rule};

/// Score of a validator that raises an alarm.
pub const ALARM: f64 = 0.0;
/// Score of a validator that stays silent.
pub const SILENCE: f64 = 1.0;

/// A place where a policy may reject.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint<At> {
    /// Where it stands.
    pub at: At,
    /// Indices of the validators consulted, each once.
    pub validators: Vec<usize>,
    /// λ in [0, 1): reject when the composite score is at most this.
    pub threshold: f64,
    /// Tokens charged to every generation that reaches the checkpoint, ≥ 0.
    pub cost_tokens: f64,
}

impl<At> Checkpoint<At> {
    /// Whether a composite score in [0, 1] leads to rejection here.
    pub fn rejects(&self, composite: f64) -> bool {
        composite <= self.threshold
    }
}
