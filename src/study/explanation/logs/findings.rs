//! What is asked of two logs and what is answered: types, and why there may be no answer.

use serde::{Deserialize, Serialize};

use super::LogFactor;
use crate::replay::{MissingValidator, ScheduleError};
use crate::study::Estimate;

/// How logs are explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogRequest {
    /// Whether the problems count as generated.
    pub problem_generated: bool,
    /// Times that the prompts are drawn anew, at least 40.
    pub resamples: u64,
    /// Root seed of these draws.
    pub seed: u64,
}

/// A log by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogSide {
    /// Its name.
    pub name: String,
    /// Generations.
    pub records: u64,
    /// Of these, generations with a verdict: on them alone everything rests.
    pub with_verdict: u64,
    /// Prompts of these.
    pub prompts: u64,
}

/// What a part is made of, in both logs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quantity {
    /// Its name.
    pub name: String,
    /// The part that it belongs to.
    pub factor: LogFactor,
    /// In the first log; null where the log cannot tell. It is then as in the other.
    pub first: Estimate,
    /// In the second.
    pub second: Estimate,
    /// Prompts, in either log, with a generation that it is about.
    pub prompts: [u64; 2],
}

/// What a part does to a figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogPart {
    /// Which part.
    pub factor: LogFactor,
    /// Whether the logs differ in it.
    pub differs: bool,
    /// Its share of the difference.
    pub shapley: Estimate,
    /// What changes if it alone is taken from the second.
    pub first: Option<f64>,
    /// What changes if it is taken from the second after all others.
    pub last: Option<f64>,
}

/// A figure in both logs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogFigure {
    /// `savings` or `cost_ratio`.
    pub name: String,
    /// In the first log.
    pub of_first: Estimate,
    /// In the second.
    pub of_second: Estimate,
    /// Second less first.
    pub difference: Estimate,
    /// By part.
    pub parts: Vec<LogPart>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogExplanation {
    /// [`LOG_SCHEMA`](super::LOG_SCHEMA).
    pub schema: String,
    /// Name of the policy.
    pub policy: String,
    /// Whether the problems count as generated.
    pub problem_generated: bool,
    /// Times that prompts were drawn anew.
    pub resamples: u64,
    /// Root seed.
    pub seed: u64,
    /// The first log.
    pub first: LogSide,
    /// The second.
    pub second: LogSide,
    /// What parts are made of.
    pub quantities: Vec<Quantity>,
    /// Figure by figure.
    pub figures: Vec<LogFigure>,
    /// What a reader has to know before trusting the numbers.
    pub warnings: Vec<String>,
}

/// Why there is no explanation.
#[derive(Debug, thiserror::Error)]
pub enum LogExplanationError {
    /// There is no column for a validator.
    #[error(transparent)]
    Missing(#[from] MissingValidator),
    /// A checkpoint has no place.
    #[error(transparent)]
    Schedule(#[from] Box<ScheduleError>),
    /// Nobody knows what is good.
    #[error(
        "{0} has no record with a verdict (`accepted`, or else `correct`): what goes wrong and what is \
         rejected wrongly cannot be told apart; label it, or see what `foldem compare` and `foldem \
         replay` say without labels"
    )]
    NoVerdict(String),
    /// Everything is good, or nothing.
    #[error(
        "in {log} the final filter {} every generation with a verdict: how often things go wrong, how well it is \
         detected and how long it runs cannot be told from one verdict alone; take a log with both",
         if *.accepted { "accepts" } else { "refuses" }
    )]
    OneVerdict {
        /// The log.
        log: String,
        /// Whether all are accepted.
        accepted: bool,
    },
    /// Texts without tokens.
    #[error("in {0} all generations of a verdict are empty: their lengths have no ratio")]
    Empty(String),
    /// Ended by the user.
    #[error("interrupted")]
    Interrupted,
}
