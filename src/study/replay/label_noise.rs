//! What the figures of a replay would be if the labels were right.

use serde::{Deserialize, Serialize};

use super::estimation::tally;
use crate::estimate::{Corrected, Estimate, JudgeQuality, LabelNoise};
use crate::outcome::Knowledge;
use crate::replay::{Replay, Table};
use crate::study::Named;
use crate::study::named::as_map;

/// Figures corrected for how often a judge is right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelNoiseFindings {
    /// P(label accepts | good).
    pub sensitivity: f64,
    /// P(label refuses | bad).
    pub specificity: f64,
    /// Each figure that labels enter.
    #[serde(with = "as_map")]
    pub figures: Vec<Named<CorrectedFigure>>,
    /// What no truth gives, and why.
    pub infeasible: Vec<String>,
}

/// A figure with right labels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CorrectedFigure {
    /// With the labels as they are.
    pub reported: Estimate,
    /// If errors do not depend on rejection given the truth.
    pub corrected: Estimate,
    /// What errors of any kind allow.
    pub bounds: Bounds,
}

/// The values that a figure may have.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// The smallest.
    pub lo: Option<f64>,
    /// The largest; `None` where there is none.
    pub hi: Option<f64>,
    /// From the lower end of the 95 % interval of the smallest to the upper end of that of the
    /// largest; either may be missing.
    pub ci: [Option<f64>; 2],
}

/// The figures of a replay for a judge of known quality; `None` where no record has a verdict.
pub fn label_noise(
    table: &Table,
    replay: &Replay<'_>,
    judge: JudgeQuality,
) -> Option<LabelNoiseFindings> {
    if table.rows().iter().all(|row| row.accepted.is_none()) {
        return None;
    }
    let all: Vec<usize> = (0..table.rows().len()).collect();
    let verdicts = Knowledge {
        verdict: true,
        utility: false,
    };
    let noise = LabelNoise::new(&tally(table, replay, &all, verdicts, false), judge);
    let figure = |figure: &Corrected| Named {
        name: figure.name.to_owned(),
        value: CorrectedFigure {
            reported: figure.reported,
            corrected: figure.corrected,
            bounds: Bounds {
                lo: figure.bounds[0].mean,
                hi: figure.bounds[1].mean,
                ci: [0, 1].map(|end| figure.bounds[end].ci.map(|ci| ci[end])),
            },
        },
    };
    Some(LabelNoiseFindings {
        sensitivity: judge.sensitivity(),
        specificity: judge.specificity(),
        figures: noise.figures.iter().map(figure).collect(),
        infeasible: noise.infeasible,
    })
}
