//! What a stress test of a log found, as it is written to JSON. Shares lie in [0, 1].

use serde::Serialize;

use crate::estimate::Estimate;
use crate::study::Named;
use crate::study::named::as_map;
use crate::study::stress::{Confirmation, LeftOut};

/// Version of the JSON form of the findings.
pub const SCHEMA: &str = "foldem.log-stress/1";

/// The figures of a policy on a log, with intervals over prompts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogFigures {
    /// 1 − `E[T]`/`E[C_K]`, net of checkpoint cost.
    pub savings: Estimate,
    /// f.
    pub false_rejection_rate: Estimate,
    /// d.
    pub detection_rate: Estimate,
    /// (1 − s)/(1 − f).
    pub cost_ratio: Estimate,
    /// The same of a coin that rejects as often; without an interval.
    pub null_cost_ratio: Estimate,
    /// Δ = `E[U | R]` − `E[U | A]`; undefined where it is 0 whatever happens.
    pub retained_bias: Estimate,
    /// TV between the retained and the accepted, by covariate.
    #[serde(with = "as_map")]
    pub shifts: Vec<Named<Estimate>>,
}

impl LogFigures {
    /// By name, in the order in which they are reported.
    pub fn named(&self) -> Vec<(String, Estimate)> {
        let fixed = [
            ("savings", self.savings),
            ("false_rejection_rate", self.false_rejection_rate),
            ("detection_rate", self.detection_rate),
            ("cost_ratio", self.cost_ratio),
            ("null_cost_ratio", self.null_cost_ratio),
            ("retained_bias", self.retained_bias),
        ];
        let shifts = self.shifts.iter();
        let shifts = shifts.map(|tv| (format!("tv.{}", tv.name), tv.value));
        fixed
            .into_iter()
            .map(|(name, estimate)| (name.to_owned(), estimate))
            .chain(shifts)
            .collect()
    }
}

/// A figure that may cross a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Against 1.
    CostRatio,
    /// Its size against the tolerance.
    RetainedBias,
    /// TV of a covariate, by its number among those shown, against the tolerance.
    Shift(usize),
}

impl Quantity {
    /// All of them, for so many covariates.
    pub(super) fn all(covariates: usize) -> impl Iterator<Item = Self> {
        let shifts = (0..covariates).map(Self::Shift);
        [Self::CostRatio, Self::RetainedBias]
            .into_iter()
            .chain(shifts)
    }

    /// Its name in JSON.
    pub(super) fn name(self, figures: &LogFigures) -> String {
        match self {
            Self::CostRatio => "cost_ratio".to_owned(),
            Self::RetainedBias => "retained_bias".to_owned(),
            Self::Shift(v) => format!("tv.{}", figures.shifts[v].name),
        }
    }

    /// What people call it.
    pub(super) fn in_words(self, figures: &LogFigures) -> String {
        match self {
            Self::CostRatio => "cost ratio".to_owned(),
            Self::RetainedBias => "size of the retained bias".to_owned(),
            Self::Shift(v) => format!("TV of {}", figures.shifts[v].name),
        }
    }

    /// The level that it may cross.
    pub(super) fn level(self, tolerance: f64) -> f64 {
        match self {
            Self::CostRatio => 1.0,
            _ => tolerance,
        }
    }

    /// What is held against the level.
    pub(super) fn of(self, figures: &LogFigures) -> Estimate {
        match self {
            Self::CostRatio => figures.cost_ratio,
            Self::RetainedBias => size(figures.retained_bias),
            Self::Shift(v) => figures.shifts[v].value,
        }
    }
}

/// The estimate of |x|.
fn size(x: Estimate) -> Estimate {
    Estimate {
        mean: x.mean.map(f64::abs),
        ci: x.ci.map(|[lo, hi]| [lo.max(-hi).max(0.0), hi.max(-lo)]),
        ..x
    }
}

/// The figures at one strength.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// Of the mode.
    pub strength: f64,
    /// What comes of it.
    #[serde(flatten)]
    pub figures: LogFigures,
}

/// A strength at which a figure crosses a level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Crossing {
    /// Which figure.
    pub quantity: String,
    /// What people call it.
    #[serde(skip)]
    pub in_words: String,
    /// Which level.
    pub level: f64,
    /// Where.
    pub strength: f64,
    /// The strengths at which the 95 % interval of the figure holds the level, around the crossing;
    /// an end is `None` where that goes on to the end of the range or nothing is known of it.
    pub ci: [Option<f64>; 2],
    /// Whether it is above the level for strengths just above.
    pub rises: bool,
    /// The strength in words.
    pub meaning: String,
    /// The ends of the interval in words.
    pub meaning_ci: [Option<String>; 2],
}

/// Whom the worst case rejects, at the largest strength examined.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorstCaseFound {
    /// Share of the accepted that may be rejected besides.
    pub strength: f64,
    /// How many are; a fraction of the last one.
    pub rejected: f64,
    /// How many of those when they are complete, so that nothing is saved.
    pub complete: f64,
    /// Tokens that they save, at the last look at each.
    pub tokens_saved: f64,
    /// Of a covariate: the levels that lose them.
    pub levels: Vec<String>,
    /// Ids of the first ones.
    pub examples: Vec<String>,
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
    /// Of worst cases alone.
    pub worst_case: Option<WorstCaseFound>,
    /// In order of strength, 0 among them where the range holds it.
    pub points: Vec<Point>,
}

/// What the stress test rests on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Today {
    /// Rejections of accepted generations, per look at them.
    pub false_alarms_per_look: Option<f64>,
    /// Rejections of refused generations, per look at them.
    pub detections_per_look: Option<f64>,
}

/// The result of a stress test of a log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogStressFindings {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Name of the policy.
    pub policy: String,
    /// Generations with a label, on which all rests.
    pub records: u64,
    /// Their prompts.
    pub prompts: u64,
    /// Malformed lines that were left out.
    pub skipped: u64,
    /// Whether reading was interrupted.
    pub partial: bool,
    /// Root seed of the tables that were drawn.
    pub seed: u64,
    /// Level for bias and total variation.
    pub tolerance: f64,
    /// Whether the bias of what is retained can be other than 0.
    pub bias_informative: bool,
    /// Rates of today.
    pub rates: Today,
    /// The log as it is.
    pub today: LogFigures,
    /// In the order in which they were asked for.
    pub modes: Vec<ModeFindings>,
    /// Drawn tables against the expectations; `None` where none were asked for.
    pub confirmation: Option<Confirmation>,
    /// What was asked for and could not be done.
    pub left_out: Vec<LeftOut>,
    /// What to know before trusting the numbers.
    pub warnings: Vec<String>,
}
