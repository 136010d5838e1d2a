//! A confidence sequence for a ratio of means, by betting: intervals for r = E[x]/E[n] that all hold at
//! once, so that one may look after every observation and stop whenever one likes.
//!
//! Observations (x, n) are independent with 0 ≤ x ≤ n, such that n − x/r never exceeds `most_against` and
//! (x − r n)/(1 − r) never exceeds `most_for`, for every r in (0, 1). A gambler who holds that the ratio is
//! above r gains (x/r − n)/most_against of what is risked, one who holds that it is below r gains
//! (r n − x)/((1 − r) most_for); neither can lose more than is risked, nor expects to gain where the other
//! is right. A candidate r is excluded for good once the wealth of either reaches 2/delta, which happens to the
//! truth with probability at most delta, ever (Ville). The first gain falls with r and the second one
//! grows, so what is excluded lies outside an interval; its ends are exact on a grid of candidates.
//!
//! Source: Waudby-Smith & Ramdas (2024), J. R. Statist. Soc. B 86, 1–27, section 4; the ratio as
//! a mean of x − r n is the design's theory, section 8.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{Stakes, Wealth};

/// The sequence so far. Written down and read again, it goes on as if nothing had happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatioSequence {
    delta: f64,
    most_against: f64,
    most_for: f64,
    /// Not excluded yet, growing.
    candidates: VecDeque<Candidate>,
    low: f64,
    high: f64,
    sum_x: f64,
    sum_n: f64,
}

/// A ratio that may still be the true one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Candidate {
    ratio: f64,
    /// Wealth of whoever holds that the truth is above it, and below it.
    above: Wealth,
    below: Wealth,
}

impl RatioSequence {
    /// Nothing observed. `grid` are the candidates in (0, 1), in any order; `delta` in (0, 1) is the
    /// probability of ever being wrong; the two bounds, > 0, are those of the module.
    pub fn new(grid: &[f64], delta: f64, most_against: f64, most_for: f64) -> Self {
        let mut grid: Vec<f64> = grid.to_vec();
        grid.retain(|r| 0.0 < *r && *r < 1.0);
        grid.sort_by(f64::total_cmp);
        grid.dedup_by(|a, b| (*a - *b).abs() < 1e-12);
        let candidate = |ratio| Candidate {
            ratio,
            above: Wealth::new(Stakes::Wide),
            below: Wealth::new(Stakes::Large),
        };
        Self {
            delta,
            most_against,
            most_for,
            candidates: grid.into_iter().map(candidate).collect(),
            low: 0.0,
            high: 1.0,
            sum_x: 0.0,
            sum_n: 0.0,
        }
    }

    /// Takes in one observation.
    pub fn add(&mut self, x: f64, n: f64) {
        self.sum_x += x;
        self.sum_n += n;
        for candidate in &mut self.candidates {
            let r = candidate.ratio;
            candidate
                .above
                .bet(((x / r - n) / self.most_against).max(-1.0));
            let gain = (r * n - x) / ((1.0 - r) * self.most_for);
            candidate.below.bet(gain.max(-1.0));
        }
        let least = 0.5 * self.delta;
        while let Some(first) = self.candidates.front()
            && first.above.p_value() <= least
        {
            self.low = first.ratio;
            self.candidates.pop_front();
        }
        while let Some(last) = self.candidates.back()
            && last.below.p_value() <= least
        {
            self.high = last.ratio;
            self.candidates.pop_back();
        }
    }

    /// The ratio lies strictly between these, with confidence 1 − delta for all times together; 0 and 1
    /// where nothing is excluded.
    pub fn interval(&self) -> [f64; 2] {
        [self.low, self.high]
    }

    /// Σx/Σn; `None` before the first n above 0.
    pub fn estimate(&self) -> Option<f64> {
        (self.sum_n > 0.0).then(|| self.sum_x / self.sum_n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, Stream, stream};
    use crate::stats::binomial_p;
    use approx::assert_relative_eq;
    use rand::RngExt;

    fn grid() -> Vec<f64> {
        (1..20).map(|k| f64::from(k) / 20.0).collect()
    }

    /// Made-up observations: audits with weight 2.
    fn observation(i: u32) -> (f64, f64) {
        if (i * 13) % 29 < 6 {
            if (i * 7) % 10 < 5 {
                (2.0, 2.0)
            } else {
                (0.0, 0.0)
            }
        } else {
            (0.0, f64::from(u8::from(!i.is_multiple_of(3))))
        }
    }

    /// Computed once in Python with NumPy, all candidates kept to the end: `cumsum(log1p(c * gain))` of both
    /// gains, `exp(-max_t log sum(w * exp(...)))`, with w and c of `betting` (Wide above, Large below).
    #[test]
    fn agrees_with_sums_of_logarithms() {
        let mut sequence = RatioSequence::new(&grid(), 0.1, 1.0, 2.0);
        let mut at_60 = sequence.clone();
        for (until, low, high) in [
            (20, 0.0, 0.75),
            (60, 0.05, 0.55),
            (150, 0.1, 0.45),
            (400, 0.15, 0.4),
        ] {
            let from = match until {
                20 => 0,
                60 => 20,
                150 => 60,
                _ => 150,
            };
            for i in from..until {
                let (x, n) = observation(i);
                sequence.add(x, n);
            }
            let [l, h] = sequence.interval();
            assert_relative_eq!(l, low, epsilon = 1e-12);
            assert_relative_eq!(h, high, epsilon = 1e-12);
            if until == 60 {
                at_60 = sequence.clone();
            }
        }
        let candidate = |sequence: &RatioSequence, ratio: f64| {
            let mut all = sequence.candidates.iter();
            let found = all.find(|c| (c.ratio - ratio).abs() < 1e-9);
            let found = found.expect("not excluded");
            [found.above.p_value(), found.below.p_value()]
        };
        let [above, below] = candidate(&at_60, 0.5);
        assert_relative_eq!(below, 0.091_503_301_844_786_67, max_relative = 1e-11);
        assert!(above > 0.5);
        let above = candidate(&sequence, 0.2)[0];
        assert_relative_eq!(above, 0.295_201_754_950_421_5, max_relative = 1e-11);
        let above = candidate(&sequence, 0.35)[0];
        assert_relative_eq!(above, 0.685_120_766_814_108_4, max_relative = 1e-11);
        assert_relative_eq!(sequence.estimate().expect("n > 0"), 78.0 / 291.0);
    }

    /// One prompt of two generations, each accepted with probability 0.6 and then rejected with
    /// probability 0.1, both or none; rejected ones are audited with probability 0.4.
    fn prompt(rng: &mut Stream) -> (f64, f64) {
        let rejects = rng.random_bool(0.1);
        let (mut x, mut n) = (0.0, 0.0);
        for _ in 0..2 {
            if rng.random_bool(0.6) {
                let weight = match (rejects, rng.random_bool(0.4)) {
                    (false, _) => 1.0,
                    (true, audited) => 2.5 * f64::from(u8::from(audited)),
                };
                n += weight;
                x += if rejects { weight } else { 0.0 };
            }
        }
        (x, n)
    }

    /// Looking after every prompt, the truth is outside the interval in at most a share delta of the
    /// streams; four standard deviations above, 3 in 100,000. Beside it a test for one look, looked at
    /// after every generation, fails its level by far.
    #[test]
    fn covers_under_continuous_peeking() {
        const STREAMS: u64 = 400;
        let (delta, truth) = (0.2, 0.1);
        let margin = 4.0 * (delta * (1.0_f64 - delta) / STREAMS as f64).sqrt();
        let (mut missed, mut informative, mut naive) = (0, 0, 0);
        for number in 0..STREAMS {
            let mut rng = stream(17, Purpose::Control, number);
            let mut sequence = RatioSequence::new(&[0.02, 0.05, 0.1, 0.2, 0.4], delta, 2.0, 5.0);
            for _ in 0..1500 {
                let (x, n) = prompt(&mut rng);
                sequence.add(x, n);
            }
            let [low, high] = sequence.interval();
            missed += u64::from(low >= truth || high <= truth);
            informative += u64::from(low >= 0.02 && high <= 0.4);
            let (mut events, mut certified) = (0, false);
            for trials in 1..=1500 {
                events += u64::from(rng.random_bool(truth));
                certified |= trials >= 50 && binomial_p(events, trials, truth) <= delta;
            }
            naive += u64::from(certified);
        }
        let share = |count: u64| count as f64 / STREAMS as f64;
        assert!(share(missed) <= delta + margin, "{}", share(missed));
        assert!(share(informative) > 0.9, "{}", share(informative));
        assert!(share(naive) > delta + margin, "{}", share(naive));
    }

    #[test]
    fn written_down_and_read_again_it_goes_on_alike() {
        let mut whole = RatioSequence::new(&grid(), 0.1, 1.0, 2.0);
        let mut parts = whole.clone();
        for i in 0..300 {
            let (x, n) = observation(i);
            whole.add(x, n);
            parts.add(x, n);
            if i % 37 == 0 {
                let text = serde_json::to_string(&parts).expect("finite");
                parts = serde_json::from_str(&text).expect("as written");
            }
        }
        assert_eq!(whole, parts);
    }
}
