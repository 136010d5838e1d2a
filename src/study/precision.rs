//! How many attempts make the intervals as narrow as one asks for.
//!
//! A pilot of its own, which the estimates never see, tells the spread; the number of attempts
//! follows from it once and for all. The run's intervals therefore keep their coverage: what they
//! cover does not depend on when one stopped, as it would if one looked at them and went on.

use super::part::Part;
use super::simulation::Request;
use crate::engine::Interrupt;
use crate::estimate::{Column, Estimates};
use crate::rng::pilot_seed;
use crate::scenario::Scenario;
use crate::stats::normal_quantile;

/// Estimates whose intervals are to be that narrow.
pub const PLANNED: [&str; 3] = ["savings", "false_rejection_rate", "cost_ratio"];

/// Attempts of the first pilot; it grows until it has seen enough.
const PILOT: u64 = 1 << 18;
const MOST_PILOT: u64 = 1 << 30;
/// Rejections after which the spread is known to about 5 %.
const ENOUGH: u64 = 1000;
/// The spread is taken this much larger, so that few runs end up wider than asked for.
const SAFETY: f64 = 1.03;

/// Why no number of attempts was found.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum PrecisionError {
    /// Nothing, or hardly anything, is rejected.
    #[error(
        "{rejected} of {attempts} attempts of the pilot were rejected: too few to tell how many a \
         precision takes; give --attempts"
    )]
    TooRare {
        /// Rejections in the pilot.
        rejected: u64,
        /// Attempts of the pilot.
        attempts: u64,
    },
    /// More than can be drawn.
    #[error("{attempts:.1e} attempts would be needed, more than 10^12: ask for less precision")]
    TooMany {
        /// How many.
        attempts: f64,
    },
    /// The pilot was interrupted.
    #[error("interrupted before the number of attempts was known")]
    Interrupted,
}

/// The number of attempts after which the 95 % intervals of [`PLANNED`] have about this half-width,
/// or less.
pub fn attempts_for(
    scenario: &Scenario,
    half_width: f64,
    seed: u64,
    per_prompt: u64,
    interrupt: &Interrupt,
) -> Result<u64, PrecisionError> {
    let mut pilot = PILOT;
    loop {
        let request = Request {
            attempts: pilot,
            seed: pilot_seed(seed),
            per_prompt,
        };
        let mut part = Part::planned(scenario, request, [0, 1]);
        part.draw(scenario, &|_| (), interrupt);
        if interrupt.raised() {
            return Err(PrecisionError::Interrupted);
        }
        let tally = &part.tally;
        let rejected = tally.count(Column::Count) - tally.count(Column::Surviving);
        if rejected >= ENOUGH {
            let estimates = Estimates::new(tally);
            let spreads = PLANNED
                .iter()
                .filter_map(|name| estimates.by_name.get(name)?.stderr);
            let widest = spreads.fold(0.0, f64::max) * -normal_quantile(0.025) * SAFETY;
            let attempts = (pilot as f64 * (widest / half_width).powi(2)).ceil();
            if attempts > 1e12 {
                return Err(PrecisionError::TooMany { attempts });
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between 0 and 10^12"
            )]
            return Ok((attempts as u64).max(per_prompt));
        }
        if pilot >= MOST_PILOT {
            return Err(PrecisionError::TooRare {
                rejected,
                attempts: pilot,
            });
        }
        pilot *= 8;
    }
}
