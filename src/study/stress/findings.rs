//! What a stress test found, as it is written to JSON. Shares lie in [0, 1]; `None` is undefined.

use serde::Serialize;

use super::confirmation::Confirmation;
use crate::theory::Exact;

/// Version of the JSON form of the findings.
pub const SCHEMA: &str = "foldem.stress/1";

/// The figures of a scenario, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figures {
    /// 1 − `E[T]`/`E[C_K]`, net of checkpoint cost.
    pub savings: Option<f64>,
    /// f.
    pub false_rejection_rate: Option<f64>,
    /// (1 − s)/(1 − f).
    pub cost_ratio: Option<f64>,
    /// The same of a coin that rejects as often.
    pub null_cost_ratio: Option<f64>,
    /// Δ = `E[U | R]` − `E[U | A]`.
    pub retained_bias: Option<f64>,
    /// TV of the final state between the retained and the accepted.
    pub tv_final_state: Option<f64>,
    /// TV of difficulty between the retained and the accepted; `None` without difficulty.
    pub tv_difficulty: Option<f64>,
}

impl Figures {
    /// Of an evaluated scenario.
    pub fn of(exact: &Exact) -> Self {
        let shifts = exact.shifts();
        Self {
            savings: exact.savings(),
            false_rejection_rate: exact.false_rejection_rate(),
            cost_ratio: exact.cost_ratio(),
            null_cost_ratio: exact.null_cost_ratio(),
            retained_bias: exact.retained_bias(),
            tv_final_state: shifts.final_state,
            tv_difficulty: shifts.difficulty,
        }
    }

    /// By name, in the order in which they are reported.
    pub fn named(&self) -> [(&'static str, Option<f64>); 7] {
        [
            ("savings", self.savings),
            ("false_rejection_rate", self.false_rejection_rate),
            ("cost_ratio", self.cost_ratio),
            ("null_cost_ratio", self.null_cost_ratio),
            ("retained_bias", self.retained_bias),
            ("tv_final_state", self.tv_final_state),
            ("tv_difficulty", self.tv_difficulty),
        ]
    }
}

/// A figure that may cross a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Against 1.
    CostRatio,
    /// Its size against the tolerance.
    RetainedBias,
    /// Against the tolerance.
    TvFinalState,
    /// Against the tolerance.
    TvDifficulty,
}

impl Quantity {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::CostRatio,
        Self::RetainedBias,
        Self::TvFinalState,
        Self::TvDifficulty,
    ];

    /// What people call it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::CostRatio => "cost ratio",
            Self::RetainedBias => "size of the retained bias",
            Self::TvFinalState => "TV of the final state",
            Self::TvDifficulty => "TV of difficulty",
        }
    }

    /// The level that it may cross.
    pub fn level(self, tolerance: f64) -> f64 {
        match self {
            Self::CostRatio => 1.0,
            _ => tolerance,
        }
    }

    /// What is held against the level.
    pub(super) fn value(self, figures: &Figures) -> Option<f64> {
        match self {
            Self::CostRatio => figures.cost_ratio,
            Self::RetainedBias => figures.retained_bias.map(f64::abs),
            Self::TvFinalState => figures.tv_final_state,
            Self::TvDifficulty => figures.tv_difficulty,
        }
    }
}

/// The figures at one strength.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// Of the mode.
    pub strength: f64,
    /// What comes of it.
    #[serde(flatten)]
    pub figures: Figures,
}

/// A strength at which a figure crosses a level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Crossing {
    /// Which figure.
    pub quantity: Quantity,
    /// Which level.
    pub level: f64,
    /// The middle of the interval.
    pub strength: f64,
    /// The interval in which it crosses.
    pub interval: [f64; 2],
    /// Whether it is above the level for strengths just above.
    pub rises: bool,
    /// The strength in words.
    pub meaning: String,
}

/// The costliest corner of the ball over a range of radii.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CornerInWords {
    /// The first strength of the grid at which this corner is the costliest.
    pub from: f64,
    /// Probabilities whose log-odds are raised, as `VALIDATOR at STATE`.
    pub raised: Vec<String>,
    /// Those whose log-odds are lowered.
    pub lowered: Vec<String>,
}

/// What one mode does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModeFindings {
    /// Its name.
    pub mode: String,
    /// What its strength is.
    pub unit: &'static str,
    /// The answer in one line.
    pub verdict: String,
    /// Whether any figure moves.
    pub moves: bool,
    /// Widest step of the grid: two crossings closer than this may be missed.
    pub resolution: f64,
    /// All that were found, by quantity and strength.
    pub crossings: Vec<Crossing>,
    /// Of the worst case alone.
    pub corners: Vec<CornerInWords>,
    /// In order of strength, 0 among them where the range holds it.
    pub points: Vec<Point>,
}

/// A mode that the scenario cannot express.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Its name.
    pub mode: String,
    /// Why.
    pub reason: String,
}

/// The result of a stress test.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StressFindings {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Name of the scenario.
    pub scenario: String,
    /// Validators that were moved.
    pub validators: Vec<String>,
    /// Level for bias and total variation.
    pub tolerance: f64,
    /// The scenario as it is.
    pub today: Figures,
    /// In the order in which they were asked for.
    pub modes: Vec<ModeFindings>,
    /// Monte Carlo against the exact figures; `None` where it was not asked for.
    pub confirmation: Option<Confirmation>,
    /// What was asked for and could not be done.
    pub left_out: Vec<LeftOut>,
    /// What to know before trusting the numbers.
    pub warnings: Vec<String>,
}
