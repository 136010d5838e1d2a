//! A scenario as it is written down: plain data, by name, not yet checked.
//!
//! Studies that vary a scenario change this and have it checked again by
//! [`Scenario::new`](super::Scenario::new). The part of a run carries it along.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use super::early_exit::{EarlyExitSpec, ExitSpec, ProbeSpec};

/// A generation process with its policy, as in a `foldem.scenario/1` file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ScenarioSpec {
    /// Short name, used for files and tables.
    pub name: String,
    /// What the scenario stands for and where its numbers come from.
    pub description: String,
    /// Differences between prompts; `None` when all are alike.
    pub difficulty: Option<DifficultySpec>,
    /// Fault kinds; the state `clean` always exists.
    pub faults: Vec<FaultSpec>,
    /// The K stages in order.
    pub stages: Vec<StageSpec>,
    /// Operating characteristics that checkpoints refer to by name.
    pub validators: Vec<ValidatorSpec>,
    /// Validators whose verdicts at a checkpoint go together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub correlated: Vec<CorrelatedSpec>,
    /// P(accepted | final state) by state name; default 1 for clean, 0 for faults.
    pub accepts: BTreeMap<String, f64>,
    /// Value in [0, 1] by final state; default 1 for clean, 0 for faults.
    pub utility: BTreeMap<String, f64>,
    /// Where the policy may reject.
    pub checkpoints: Vec<CheckpointSpec>,
    /// Where reasoning may end early; `None` when it never does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_exit: Option<EarlyExitSpec>,
}

/// δ ~ Normal(0, sd²), one draw per prompt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DifficultySpec {
    /// Standard deviation of δ, ≥ 0.
    pub sd: f64,
    /// Every token draw is multiplied by exp(`length_effect` · δ).
    pub length_effect: f64,
}

/// A number for all stages, or one for each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PerStage {
    /// The same in every stage.
    Same(f64),
    /// One value per stage, in order.
    Each(Vec<f64>),
}

/// A kind of fault that may start in a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultSpec {
    /// Name of the state.
    pub kind: String,
    /// Per stage: P(starts in the stage | clean at the end of the stage before), at δ = 0.
    pub hazard: Vec<f64>,
    /// P(back to clean in a stage | this fault at the end of the stage before).
    pub recovery: PerStage,
    /// Log-odds of the hazard relative to clean, per unit of δ.
    pub difficulty_effect: f64,
    /// Multiplies the tokens of every stage that ends in this state, > 0.
    pub length_factor: f64,
}

/// A consecutive part of the generation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageSpec {
    /// Name that checkpoints refer to.
    pub name: String,
    /// Law of its number of tokens in the clean state at δ = 0.
    pub tokens: TokenSpec,
}

/// Law of a stage's number of tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum TokenSpec {
    /// Always this many.
    Fixed(f64),
    /// Log-normal with this mean and coefficient of variation.
    LogNormal {
        /// Mean, > 0.
        mean: f64,
        /// Coefficient of variation, ≥ 0.
        cv: f64,
    },
    /// Gamma with this mean and coefficient of variation.
    Gamma {
        /// Mean, > 0.
        mean: f64,
        /// Coefficient of variation, ≥ 0.
        cv: f64,
    },
    /// Negative binomial with this mean and coefficient of variation; `cv`² > 1/`mean`.
    NegativeBinomial {
        /// Mean, > 0.
        mean: f64,
        /// Coefficient of variation, 0 or above 1/√mean.
        cv: f64,
    },
    /// Drawn from these values with equal weights, with replacement.
    Empirical(Vec<f64>),
}

/// The operating characteristic of a validator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValidatorSpec {
    /// Name that checkpoints refer to.
    pub name: String,
    /// How its verdict depends on the state.
    pub response: ResponseSpec,
}

/// Validators that may read one common number at a checkpoint, by names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CorrelatedSpec {
    /// Names of the validators, at least two.
    pub validators: Vec<String>,
    /// Probability at each checkpoint that they do.
    pub common: f64,
}

/// How a validator responds to the state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ResponseSpec {
    /// Raises an alarm or stays silent.
    Alarm {
        /// P(alarm | fault kind) by kind; kinds not named are never detected.
        detects: BTreeMap<String, f64>,
        /// P(alarm | clean) at δ = 0, a fresh draw at each checkpoint.
        false_alarm: f64,
        /// Whether its verdict on a fault is drawn once, when the fault starts.
        sticky: bool,
        /// Log-odds of the false alarm per unit of δ.
        difficulty_effect: f64,
    },
    /// Gives a score in [0, 1], beta distributed, a fresh draw at each checkpoint.
    Score {
        /// Law in the clean state.
        clean: BetaSpec,
        /// Law in every fault kind not named in `kinds`.
        faulty: Option<BetaSpec>,
        /// Law by fault kind.
        kinds: BTreeMap<String, BetaSpec>,
    },
}

/// A beta distribution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BetaSpec {
    /// First shape parameter, > 0.
    pub a: f64,
    /// Second shape parameter, > 0.
    pub b: f64,
}

/// A checkpoint, by names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckpointSpec {
    /// Name of the stage after which it stands.
    pub at: String,
    /// Names of the validators consulted.
    pub validators: Vec<String>,
    /// Reject when the composite is at most this; required when a score validator is consulted.
    pub threshold: Option<f64>,
    /// Tokens charged to every generation that reaches it.
    pub cost_tokens: f64,
}
