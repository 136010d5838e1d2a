//! How many attempts make the intervals as narrow as one asks for.
//!
//! A pilot of its own, which the estimates never see, tells the spread; the number of attempts
//! follows from it once and for all. The run's intervals therefore keep their coverage: what they
//! cover does not depend on when one stopped, as it would if one looked at them and went on.

use super::conditional::Conditional;
use super::part::{Part, Progress};
use super::simulation::Request;
use crate::engine::Interrupt;
use crate::estimate::{Column, Estimates, Tally};
use crate::rng::pilot_seed;
use crate::scenario::Scenario;
use crate::stats::normal_quantile;
use crate::theory::Exact;

/// Estimates whose intervals are to be that narrow.
pub const PLANNED: [&str; 3] = ["savings", "false_rejection_rate", "cost_ratio"];

/// Attempts of the first pilot; it grows until it has seen enough.
const PILOT: u64 = 1 << 18;
const MOST_PILOT: u64 = 1 << 30;
/// The same of prompts of which expectations are taken.
const PILOT_PROMPTS: u64 = 1 << 16;
const MOST_PILOT_PROMPTS: u64 = 1 << 25;
/// Rejections after which the spread is known to about 5 %.
const ENOUGH: u64 = 1000;
/// The columns whose spreads are those of [`PLANNED`]. The spread of expectations is known to
/// about 2 % when no prompt brings more than 1 in [`ENOUGH`] of it, as no rejection does.
const BEHIND: [Column; 5] = [
    Column::Full,
    Column::Generated,
    Column::Cost,
    Column::Accepted,
    Column::Retained,
];
/// The spread is taken this much larger, so that few runs end up wider than asked for.
const SAFETY: f64 = 1.06;
/// Normal intervals want at least so many prompts, and so many rejections.
const PROMPTS: u64 = 1000;
const REJECTIONS: f64 = 100.0;

/// Why no number of attempts was found.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum PrecisionError {
    /// Nothing, or hardly anything, is rejected.
    #[error(
        "the policy rejects {rate:.1e} of the attempts, too few for a pilot to tell how many a \
         precision takes; give --attempts"
    )]
    TooRare {
        /// Share of attempts that it rejects.
        rate: f64,
    },
    /// The spread hangs on a few prompts.
    #[error(
        "among {prompts} prompts one brings {share:.1e} of the spread, too much for a pilot to tell \
         how many a precision takes; give --attempts"
    )]
    TooUneven {
        /// Prompts of the pilot.
        prompts: u64,
        /// Largest share of one of them.
        share: f64,
    },
    /// Some values are too large to be counted as they are.
    #[error(
        "{cut} of {pilot} in a pilot are so long that sums cannot hold them, so their spread is not \
         known; give --attempts"
    )]
    Cut {
        /// How many values were cut.
        cut: u64,
        /// Attempts or prompts of the pilot.
        pilot: u64,
    },
    /// More than can be drawn.
    #[error("{attempts:.1e} would be needed, more than 10^12: ask for less precision")]
    TooMany {
        /// How many.
        attempts: f64,
    },
    /// The pilot was interrupted.
    #[error("interrupted before the number of attempts was known")]
    Interrupted,
}

/// How far a pilot is; one that has not seen enough is followed by a longer one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pilot {
    /// Attempts or prompts drawn.
    pub done: u64,
    /// Those it takes.
    pub of: u64,
}

/// The number of attempts after which the 95 % intervals of [`PLANNED`] have about this half-width,
/// or less.
pub fn attempts_for(
    scenario: &Scenario,
    half_width: f64,
    seed: u64,
    per_prompt: u64,
    progress: &(dyn Fn(Pilot) + Sync),
    interrupt: &Interrupt,
) -> Result<u64, PrecisionError> {
    // No pilot finds what hardly ever happens.
    let rate = Exact::new(scenario).rejection_rate();
    if rate * (MOST_PILOT as f64) < ENOUGH as f64 {
        return Err(PrecisionError::TooRare { rate });
    }
    // Spreads are those of prompts, so the pilot needs enough of them.
    let mut pilot = PILOT.max(PROMPTS * per_prompt);
    loop {
        let request = Request {
            attempts: pilot,
            seed: pilot_seed(seed),
            per_prompt,
        };
        let mut part = Part::planned(scenario, request, [0, 1]).without_retries();
        let told = |drawn: Progress| {
            if let Progress::Attempts(done) = drawn {
                progress(Pilot { done, of: pilot });
            }
        };
        part.draw(scenario, &told, interrupt);
        if interrupt.raised() {
            return Err(PrecisionError::Interrupted);
        }
        let tally = &part.tally;
        known(tally, pilot)?;
        let rejected = tally.count(Column::Count) - tally.count(Column::Surviving);
        if rejected >= ENOUGH {
            let least = REJECTIONS * pilot as f64 / rejected as f64;
            let attempts = planned(tally, pilot, half_width, least)?;
            let attempts = attempts.max(PROMPTS * per_prompt);
            return Ok(attempts.next_multiple_of(per_prompt));
        }
        pilot *= 8;
    }
}

/// The number of prompts that do the same when expectations are taken of their generations.
pub fn prompts_for(
    conditional: &Conditional<'_>,
    half_width: f64,
    seed: u64,
    progress: &(dyn Fn(Pilot) + Sync),
    interrupt: &Interrupt,
) -> Result<u64, PrecisionError> {
    let mut pilot = PILOT_PROMPTS;
    loop {
        let sums = conditional.draw(
            pilot,
            pilot_seed(seed),
            &|done| progress(Pilot { done, of: pilot }),
            interrupt,
        );
        if interrupt.raised() {
            return Err(PrecisionError::Interrupted);
        }
        known(&sums.tally, pilot)?;
        let shares = BEHIND.iter().map(|&column| sums.tally.dominance(column));
        let share = shares.fold(0.0, f64::max);
        if share * ENOUGH as f64 <= 1.0 {
            let least = REJECTIONS * pilot as f64 * share;
            let prompts = planned(&sums.tally, pilot, half_width, least)?;
            return Ok(prompts.max(PROMPTS));
        }
        if pilot >= MOST_PILOT_PROMPTS {
            let prompts = pilot;
            return Err(PrecisionError::TooUneven { prompts, share });
        }
        pilot *= 8;
    }
}

/// A spread is known only where every value could be counted as it is.
fn known(tally: &Tally, pilot: u64) -> Result<(), PrecisionError> {
    match tally.cut() {
        0 => Ok(()),
        cut => Err(PrecisionError::Cut { cut, pilot }),
    }
}

/// How many attempts make the intervals of `tally`, a pilot of so many, as narrow as asked for;
/// never fewer than `least`.
fn planned(tally: &Tally, pilot: u64, half_width: f64, least: f64) -> Result<u64, PrecisionError> {
    let estimates = Estimates::new(tally);
    let spreads = PLANNED
        .iter()
        .filter_map(|name| estimates.by_name.get(name)?.stderr);
    let widest = spreads.fold(0.0, f64::max) * -normal_quantile(0.025) * SAFETY;
    let attempts = (pilot as f64 * (widest / half_width).powi(2)).ceil();
    let attempts = attempts.max(least).ceil();
    if attempts > 1e12 {
        return Err(PrecisionError::TooMany { attempts });
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 10^12"
    )]
    let attempts = attempts as u64;
    Ok(attempts)
}
