//! Early exit as it is written down: by name, not yet checked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::scenario::spec::BetaSpec;

/// The table `[early_exit]`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EarlyExitSpec {
    /// Where reasoning may end early.
    pub probes: Vec<ProbeSpec>,
}

/// A probe, by names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeSpec {
    /// Name of the stage after which it stands.
    pub at: String,
    /// When it ends the reasoning.
    pub exits: ExitSpec,
    /// Tokens charged each time it looks, ≥ 0.
    pub cost_tokens: f64,
    /// Tokens of the answer after an exit, ≥ 0.
    pub answer_tokens: f64,
    /// P(accepted | state at the exit) by state name; default that of the final filter.
    pub accepts: BTreeMap<String, f64>,
    /// Value in [0, 1] by state at the exit; default that of the final state.
    pub utility: BTreeMap<String, f64>,
}

/// When a probe ends the reasoning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ExitSpec {
    /// With a probability.
    Probability {
        /// P(exit | state) at δ = 0, by state name; 0 where a state is not named.
        exits: BTreeMap<String, f64>,
        /// Log-odds of the exit per unit of δ.
        difficulty_effect: f64,
    },
    /// When its confidence is at least the threshold.
    Confidence {
        /// Law in the clean state.
        clean: BetaSpec,
        /// Law in every fault kind not named in `kinds`.
        faulty: Option<BetaSpec>,
        /// Law by fault kind.
        kinds: BTreeMap<String, BetaSpec>,
        /// In (0, 1).
        threshold: f64,
    },
}
