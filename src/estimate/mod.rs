//! From outcomes to estimates with standard errors and intervals.
//!
//! Knows neither where outcomes come from nor what they should be. Every estimate is a smooth
//! function of means over prompts; its standard error follows by the delta method from the exact
//! cross products of one pass, so policy and full generation are paired and generations of one
//! prompt may depend on each other.

mod attribution;
mod calibration;
mod censored;
mod cost_game;
mod early_exit;
mod estimates;
mod figures;
mod label_noise;
mod money;
mod paired;
mod prompt_evidence;
mod prompt_share;
mod prompt_sums;
mod proportion;
mod retry;
mod running_coin;
mod tally;
mod weighted;

/// A larger share of one prompt in the spread makes normal intervals too narrow.
pub const DOMINANT: f64 = 0.02;

pub use attribution::{Attribution, Contribution};
pub use calibration::{Calibration, Forecast, ReliabilityBin, ReliabilityTally};
pub use censored::{AUDIT_PRICES, LIVE_BOUNDS, LIVE_FIGURES, LiveEstimates, LiveTally};
pub use cost_game::MOST_PLAYERS;
pub use early_exit::{ARM_FIGURES, ArmMeans, ArmsTally, COMPOSITION, StoredArms};
pub use estimates::{Estimate, Estimates, Group, NAMES};
pub(crate) use estimates::{null_cost_ratio, null_tokens, retained_bias, total_variation};
pub(crate) use figures::{cost_ratio, false_rejection_rate, savings};
pub use label_noise::{Corrected, JudgeQuality, LabelNoise};
pub use money::{Rates, money};
pub use paired::{DIFFERENCES, Difference, PairedTally};
pub use prompt_evidence::{FrrHypothesis, PromptEvidence};
pub use prompt_share::{PromptShare, median};
pub use proportion::Proportion;
pub use retry::RetryTally;
pub use running_coin::RunningCoin;
pub use tally::{Column, StoredTally, Tally};
pub use weighted::WeightedTally;
