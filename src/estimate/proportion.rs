//! Shares of generations, counted by prompt so that rare events keep an honest interval.

use serde::{Deserialize, Serialize};

use crate::stats::clopper_pearson;

/// Below this many events (or non-events) the interval is exact.
const FEW: u64 = 10;

/// How many prompts have seen a trial, an event and a non-event of some share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proportion {
    trials: u64,
    events: u64,
    others: u64,
    /// Generations that are trials, and events, in all prompts.
    generations: u64,
    happened: u64,
}

impl Proportion {
    /// Takes in so many `prompts`, each with `events` in `trials`.
    pub(super) fn add_alike(&mut self, prompts: u64, events: i64, trials: i64) {
        self.trials += prompts * u64::from(trials > 0);
        self.events += prompts * u64::from(events > 0);
        self.others += prompts * u64::from(trials > events);
        self.generations += prompts * u64::try_from(trials).unwrap_or(0);
        self.happened += prompts * u64::try_from(events).unwrap_or(0);
    }

    /// The same trials if none of them were an event.
    pub(super) fn without_events(self) -> Self {
        Self {
            events: 0,
            others: self.trials,
            happened: 0,
            ..self
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.trials += other.trials;
        self.events += other.events;
        self.others += other.others;
        self.generations += other.generations;
        self.happened += other.happened;
    }

    /// Events as a share of trials, by generations; `None` without a trial.
    pub(super) fn share(self) -> Option<f64> {
        (self.generations > 0).then(|| self.happened as f64 / self.generations as f64)
    }

    /// Whether there are so few events or non-events that only an exact interval is honest.
    pub(super) fn is_rare(self) -> bool {
        self.happened.min(self.generations - self.happened) < FEW
    }

    /// Replaces the `normal` interval where there are so few events or non-events that only an
    /// exact one is honest.
    ///
    /// With one generation per prompt that is Clopper–Pearson. With several, a prompt is the
    /// trial: its share of generations lies between that of prompts with an event divided by
    /// their number per prompt, and that of prompts with an event; the result covers both that
    /// range and the normal interval.
    pub(super) fn interval(self, normal: Option<[f64; 2]>, alpha: f64) -> Option<[f64; 2]> {
        if !self.is_rare() {
            return normal;
        }
        let per_prompt = self.generations as f64 / self.trials as f64;
        let (lo, hi) = if self.events <= self.others {
            let (lo, hi) = clopper_pearson(self.events, self.trials, alpha)?;
            (lo / per_prompt, hi)
        } else {
            let (lo, hi) = clopper_pearson(self.others, self.trials, alpha)?;
            (1.0 - hi, 1.0 - lo / per_prompt)
        };
        match normal {
            Some([l, h]) if self.generations > self.trials => {
                Some([lo.min(l).max(0.0), hi.max(h).min(1.0)])
            }
            _ => Some([lo, hi]),
        }
    }

    /// The same for a share whose odds are those of this one times a factor between `least` and
    /// `most`, where this one has few events or non-events.
    pub(super) fn interval_of_odds(
        self,
        normal: Option<[f64; 2]>,
        [least, most]: [f64; 2],
        alpha: f64,
    ) -> Option<[f64; 2]> {
        if !self.is_rare() {
            return normal;
        }
        let [lo, hi] = self.interval(None, alpha)?;
        let moved = |p: f64, factor: f64| factor * p / (1.0 - p + factor * p);
        let (lo, hi) = (moved(lo, least), moved(hi, most));
        match normal {
            Some([l, h]) if self.generations > self.trials => {
                Some([lo.min(l).max(0.0), hi.max(h).min(1.0)])
            }
            _ => Some([lo, hi]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(prompts: &[(i64, i64)]) -> Proportion {
        let mut share = Proportion::default();
        for &(events, trials) in prompts {
            share.add_alike(1, events, trials);
        }
        share
    }

    #[test]
    fn few_events_are_exact_and_many_are_left_alone() {
        let mut prompts = vec![(0, 1); 17];
        prompts.extend([(1, 1); 3]);
        let [lo, hi] = gathered(&prompts)
            .interval(Some([0.0, 0.3]), 0.05)
            .expect("trials");
        // binom.test(3, 20) in R.
        assert!((lo - 0.032_070_94).abs() < 1e-7 && (hi - 0.378_926_83).abs() < 1e-7);
        let many = gathered(&[(1, 2); 50]);
        assert_eq!(many.interval(Some([0.4, 0.6]), 0.05), Some([0.4, 0.6]));
    }

    /// Nine prompts with a thousand generations each see many events; nine events in one prompt
    /// are one event of a prompt.
    #[test]
    fn prompts_are_the_trials() {
        let plenty = gathered(&[(260, 1000); 9]);
        assert_eq!(plenty.interval(Some([0.2, 0.32]), 0.05), Some([0.2, 0.32]));
        let mut prompts = vec![(0, 10); 19];
        prompts.push((9, 10));
        let rare = gathered(&prompts);
        let [lo, hi] = rare.interval(Some([0.0, 0.1]), 0.05).expect("trials");
        // binom.test(1, 20) in R: [0.00127, 0.24873].
        assert!(lo <= 0.0 && (hi - 0.248_73).abs() < 1e-4, "{lo} {hi}");
    }
}
