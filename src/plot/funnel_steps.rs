//! The steps of a funnel in numbers and words.

use super::PlotError;
use super::axis::{grouped, number};
use crate::study::replay::{ByVerdict, CheckpointRejections, ReplayFindings};

/// More checkpoints than this nobody reads.
const MOST_CHECKPOINTS: usize = 50;

/// A bar with what is written beside it.
pub(super) struct Step {
    pub(super) name: String,
    pub(super) note: String,
    /// What is left, and what was before.
    pub(super) left: ByVerdict,
    pub(super) before: u64,
    /// What happened, in two lines.
    pub(super) told: [String; 2],
}

/// What happens to the generations of `findings`, from all of them to the retained.
pub(super) fn steps(findings: &ReplayFindings) -> Result<Vec<Step>, PlotError> {
    let checkpoints = &findings.rejections_by_stage;
    let rejected = checkpoints.iter().map(|c| c.rejected);
    let all = rejected.fold(findings.surviving, |sum, rejected| ByVerdict {
        accepted: sum.accepted + rejected.accepted,
        refused: sum.refused + rejected.refused,
        unknown: sum.unknown + rejected.unknown,
    });
    if all.total() == 0 {
        return Err(PlotError::Nothing("no generation was replayed"));
    }
    if checkpoints.len() > MOST_CHECKPOINTS {
        return Err(PlotError::TooMany {
            what: "checkpoints",
            given: checkpoints.len(),
            most: MOST_CHECKPOINTS,
        });
    }
    let share = |n: u64| number(100.0 * n as f64 / all.total() as f64, 1);
    let mut steps = vec![Step {
        name: "all generations".to_owned(),
        note: format!("{} records", grouped(all.total())),
        left: all,
        before: all.total(),
        told: [would_accept(all), String::new()],
    }];
    let mut left = all;
    for (i, checkpoint) in checkpoints.iter().enumerate() {
        let before = left.total();
        left.accepted -= checkpoint.rejected.accepted;
        left.refused -= checkpoint.rejected.refused;
        left.unknown -= checkpoint.rejected.unknown;
        let last = i + 1 == checkpoints.len();
        let verb = if last { "survive" } else { "left" };
        let count = grouped(left.total());
        steps.push(Step {
            name: place(&checkpoint.at.to_string()),
            note: format!("{count} {verb} ({} %)", share(left.total())),
            left,
            before,
            told: rejects(checkpoint),
        });
    }
    steps.push(retained(left, &share));
    Ok(steps)
}

/// A position without what does not tell it from others.
fn place(at: &str) -> String {
    at.split(',').next().unwrap_or(at).to_owned()
}

fn would_accept(all: ByVerdict) -> String {
    let judged = all.accepted + all.refused;
    if judged == 0 {
        return "no generation has a verdict".to_owned();
    }
    let share = number(100.0 * all.accepted as f64 / judged as f64, 1);
    let of = if all.unknown > 0 {
        " of those with a verdict"
    } else {
        ""
    };
    format!("the final filter would accept {share} %{of}")
}

fn rejects(checkpoint: &CheckpointRejections) -> [String; 2] {
    if checkpoint.rate.mean.is_none() {
        let why = "problems were not generated".to_owned();
        return ["does not apply".to_owned(), why];
    }
    let by = checkpoint.rejected;
    if by.total() == 0 {
        return ["rejects nothing".to_owned(), String::new()];
    }
    let mut parts = Vec::new();
    if by.accepted + by.refused > 0 {
        parts.push(format!(
            "{} that the final filter would accept (false), {} it would refuse",
            grouped(by.accepted),
            grouped(by.refused)
        ));
    }
    if by.unknown > 0 {
        parts.push(format!("{} without verdict", grouped(by.unknown)));
    }
    let total = grouped(by.total());
    [format!("rejects {total}:"), parts.join(", ")]
}

/// The last step: what the final filter accepts of the survivors; what has no verdict stays open.
fn retained(surviving: ByVerdict, share: &impl Fn(u64) -> String) -> Step {
    let judged = surviving.accepted + surviving.refused;
    let accepted = grouped(surviving.accepted);
    let (note, told) = match (judged, surviving.unknown) {
        (0, 0) => (
            "0 retained".to_owned(),
            ["nothing survives", ""].map(str::to_owned),
        ),
        (0, _) => (
            "retained: undefined".to_owned(),
            ["no survivor has a verdict", ""].map(str::to_owned),
        ),
        (_, unknown) => {
            let purity = 100.0 * surviving.accepted as f64 / judged as f64;
            let accepts = format!("accepts {} % of the survivors", number(purity, 1));
            let of = match unknown {
                0 => String::new(),
                n => format!(" with a verdict; {} have none", grouped(n)),
            };
            let refuses = format!("refuses {}", grouped(surviving.refused));
            let note = format!("{accepted} retained ({} %)", share(surviving.accepted));
            (note, [refuses, accepts + &of])
        }
    };
    Step {
        name: "final filter".to_owned(),
        note,
        left: ByVerdict {
            refused: 0,
            ..surviving
        },
        before: surviving.total(),
        told,
    }
}
