//! Shares of generations, counted by prompt so that rare events keep an honest interval.

use crate::stats::clopper_pearson;

/// Below this many prompts with an event (or with a non-event) the interval is exact.
pub(super) const FEW: u64 = 10;

/// How many prompts have seen a trial, an event and a non-event of some share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Proportion {
    trials: u64,
    events: u64,
    others: u64,
}

impl Proportion {
    /// Takes in one prompt with `events` in `trials`.
    pub(super) fn add(&mut self, events: i64, trials: i64) {
        self.trials += u64::from(trials > 0);
        self.events += u64::from(events > 0);
        self.others += u64::from(trials > events);
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.trials += other.trials;
        self.events += other.events;
        self.others += other.others;
    }

    /// Whether there are so few events or non-events that only an exact interval is honest.
    pub(super) fn is_extreme(self) -> bool {
        self.events.min(self.others) < FEW
    }

    /// Exact binomial interval over prompts, carried over to a share of generations that was
    /// estimated as `rate`. With one generation per prompt this is Clopper–Pearson itself.
    pub(super) fn exact_interval(self, rate: f64, alpha: f64) -> Option<(f64, f64)> {
        let scaled = |count: u64, rate: f64| {
            let (lo, hi) = clopper_pearson(count, self.trials, alpha)?;
            // Several generations per prompt: a prompt with an event has more than one trial.
            let factor = if count == 0 {
                1.0
            } else {
                rate / (count as f64 / self.trials as f64)
            };
            Some((lo * factor, (hi * factor).min(1.0)))
        };
        if self.events <= self.others {
            scaled(self.events, rate)
        } else {
            let (lo, hi) = scaled(self.others, 1.0 - rate)?;
            Some((1.0 - hi, 1.0 - lo))
        }
    }
}
