//! Generations of a log that was written under a live policy.

/// A generation as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CensoredOutcome {
    /// Number of the prompt.
    pub prompt: u64,
    /// Tokens generated until the live policy rejected it, or to its end.
    pub tokens_paid: f64,
    /// Whether the final filter accepts the full generation, where that is known.
    pub accepted: Option<bool>,
    /// What the live policy did; `None` if it survived.
    pub rejection: Option<CensoredRejection>,
}

/// A generation that a live policy rejected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CensoredRejection {
    /// Probability, above 0, with which it was completed all the same; `None` where that is not
    /// known, or nothing.
    pub pass_through: Option<f64>,
    /// Tokens from the rejection to the end of the full generation; `None` if it was cut.
    pub remaining: Option<f64>,
    /// The most that they can be, where generations have a limit.
    pub most_remaining: Option<f64>,
}
