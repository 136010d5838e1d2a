//! A test and a bound for the mean of independent variables in [0, 1], by betting against it.
//!
//! The hypothesis is that the mean is at least mu0, for each variable given those before. A gambler
//! with wealth 1 stakes the share c of it on small values: the value Z multiplies the stake's wealth by
//! 1 + c (mu0 − Z)/(1 − mu0), which is never negative. Under the hypothesis no stake can be expected to
//! gain, so by Ville's inequality wealth ever reaches 1/delta with probability at most delta, however
//! often one looks. The wealth here is that of a mixture of constant stakes: it needs no tuning to the data, its
//! value at the end does not depend on the order of the variables, and since each stake's gain grows
//! with mu0, so does wealth: the bound is an interval's end, found by bisection.
//!
//! Small false rejection rates want large stakes, and stakes are limited by the worst prompt that the
//! hypothesis allows, which holds them down further where prompts have several generations. So this
//! mixture leans to large stakes: its weights are those of a Beta(3, 1/2) law at the middles of 32
//! equal intervals. To show that rates are above a small bound, stakes must be small, since gains are rare and
//! large: the other mixture has equal weights on 32 stakes, each three quarters of the one before.
//!
//! Source: Waudby-Smith & Ramdas (2024), "Estimating means of bounded random variables by betting",
//! J. R. Statist. Soc. B 86, 1–27; mixtures of constant bets are Cover's universal portfolio, their
//! appendix on "hedged" and mixture bets. Ville (1939).

use serde::{Deserialize, Serialize};

use super::binomial::root;

/// Stakes in the mixture.
const STAKES: usize = 32;
/// Wealth is kept within 2^±this of 1, and the rest in an exponent.
const RANGE: i32 = 256;

/// Which constant stakes wealth is divided among, see the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stakes {
    /// For many small gains and rare large losses.
    Large,
    /// For rare large gains, too.
    Wide,
}

/// The middles of equal intervals.
const LARGE: [f64; STAKES] = {
    let mut shares = [0.0; STAKES];
    let mut j = 0;
    while j < STAKES {
        shares[j] = (j as f64 + 0.5) / STAKES as f64;
        j += 1;
    }
    shares
};

/// From 0.99 down to 1/7600.
const WIDE: [f64; STAKES] = {
    let mut shares = [0.99; STAKES];
    let mut j = 1;
    while j < STAKES {
        shares[j] = 0.75 * shares[j - 1];
        j += 1;
    }
    shares
};

impl Stakes {
    /// The share of its wealth that each stake risks at each bet, in (0, 1).
    fn shares(self) -> &'static [f64; STAKES] {
        match self {
            Self::Large => &LARGE,
            Self::Wide => &WIDE,
        }
    }
}

/// What a gambler has who began with 1 and divided it among constant stakes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wealth {
    kind: Stakes,
    /// Wealth of each stake, times 2^−exponent.
    stakes: [f64; STAKES],
    exponent: i32,
    /// The largest total so far, and its exponent.
    most: (f64, i32),
}

impl Wealth {
    /// 1, divided among these stakes.
    pub fn new(kind: Stakes) -> Self {
        let mut stakes = kind.shares().map(|c| match kind {
            Stakes::Large => c * c / (1.0 - c).sqrt(),
            Stakes::Wide => 1.0,
        });
        let total: f64 = stakes.iter().sum();
        for stake in &mut stakes {
            *stake /= total;
        }
        Self {
            kind,
            stakes,
            exponent: 0,
            most: (1.0, 0),
        }
    }

    /// A bet that multiplies what is risked by 1 + `gain`; `gain` ≥ −1, and under the hypothesis not to
    /// be expected above 0.
    pub fn bet(&mut self, gain: f64) {
        let mut total = 0.0;
        for (stake, share) in self.stakes.iter_mut().zip(self.kind.shares()) {
            *stake *= 1.0 + share * gain;
            total += *stake;
        }
        if total > libm::ldexp(self.most.0, self.most.1 - self.exponent) {
            self.most = (total, self.exponent);
        }
        let step = if total > libm::ldexp(1.0, RANGE) {
            RANGE
        } else if total < libm::ldexp(1.0, -RANGE) && total > 0.0 {
            -RANGE
        } else {
            return;
        };
        self.exponent += step;
        for stake in &mut self.stakes {
            *stake *= libm::ldexp(1.0, -step);
        }
    }

    /// One over the largest wealth so far, in [0, 1]: at most delta with probability at most delta
    /// under the hypothesis, whenever one looks.
    pub fn p_value(&self) -> f64 {
        libm::ldexp(1.0 / self.most.0, -self.most.1)
    }
}

/// p-value, in [0, 1], of the hypothesis that the mean is at least `mu0`, in [0, 1]; `z` are
/// independent values in [0, 1], in an order that does not depend on them. It falls as `mu0` grows.
pub fn betting(z: &[f64], mu0: f64) -> f64 {
    if mu0 >= 1.0 {
        // Only values of 1 agree with a mean of 1.
        return if z.iter().all(|&z| z >= 1.0) {
            1.0
        } else {
            0.0
        };
    }
    let mut wealth = Wealth::new(Stakes::Large);
    for &z in z {
        wealth.bet((mu0 - z) / (1.0 - mu0));
    }
    wealth.p_value()
}

/// The value below which the mean lies with confidence 1 − `delta`: the smallest `mu0` whose p-value
/// [`betting`] is at most `delta`; 1 without values.
pub fn betting_upper_bound(z: &[f64], delta: f64) -> f64 {
    root(|mu0| betting(z, mu0) > delta)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::hoeffding_bentkus;
    use approx::assert_relative_eq;

    fn small_values() -> Vec<f64> {
        (0..400)
            .map(|i| f64::from((i * i * 7 + 3) % 97) / 97.0 * 0.06)
            .collect()
    }

    fn rare_events() -> Vec<f64> {
        (0..400)
            .map(|i| f64::from(u8::from((i * 37) % 100 == 0)))
            .collect()
    }

    /// Computed once in Python with NumPy by adding logarithms: `c = (arange(32) + .5)/32`,
    /// `w = c**2/sqrt(1 - c)` normalised, `exp(-max_t log sum(w * exp(cumsum(log1p(c*(mu - z)/(1 - mu))))))`;
    /// bounds by `scipy.optimize.brentq`. The functions
    /// `betting_mart` and `diversified_betting_mart` of confseq (PyPI, 0.0.11), with the bets c/(1 − mu0) on the
    /// negative capital process, these weights and no truncation, give the same p-values to 13 digits.
    #[test]
    fn agrees_with_sums_of_logarithms() {
        let (small, rare) = (small_values(), rare_events());
        let backwards: Vec<f64> = rare.iter().rev().copied().collect();
        let mixed = [0.0, 0.05, 0.0, 0.3].repeat(50);
        for (z, mu0, p) in [
            (&small, 0.05, 0.000_979_089_553_482_887),
            (&rare, 0.05, 0.000_143_178_889_732_605_6),
            (&small, 0.03, 0.941_097_657_346_344_3),
            (&rare, 0.011, 1.0),
            (&backwards, 0.02, 0.177_215_889_484_194_8),
            (&mixed, 0.15, 1.100_693_680_237_458_3e-5),
            (&mixed, 0.0875, 0.827_412_626_215_239),
        ] {
            assert_relative_eq!(betting(z, mu0), p, max_relative = 1e-11);
        }
        let bound = |z| betting_upper_bound(z, 0.05);
        assert_relative_eq!(
            bound(&small),
            0.039_818_373_892_041_396,
            max_relative = 1e-9
        );
        assert_relative_eq!(bound(&rare), 0.031_594_716_259_141, max_relative = 1e-9);
    }

    /// 20,000 values of 0 against a mean of 1/2 are less likely than any positive number says.
    #[test]
    fn wealth_may_leave_the_range_of_numbers() {
        assert_relative_eq!(betting(&vec![0.0; 20_000], 0.5), 0.0);
        // Ruin first, then gains: the wealth comes back from below 2^-1000.
        let z: Vec<f64> = [vec![1.0; 3000], vec![0.0; 60_000]].concat();
        assert!(betting(&z, 0.4) < 1e-9);
        assert_relative_eq!(betting(&vec![1.0; 3000], 0.4), 1.0);
    }

    #[test]
    fn it_falls_with_the_hypothesis_and_the_bound_inverts_it() {
        for z in [
            small_values(),
            rare_events(),
            vec![0.0; 3],
            vec![1.0, 0.3],
            Vec::new(),
        ] {
            let mut last = 1.0;
            for step in 0..=200 {
                let p = betting(&z, f64::from(step) / 200.0);
                assert!(p <= last * (1.0 + 1e-12) && (0.0..=1.0).contains(&p));
                last = p;
            }
            let bound = betting_upper_bound(&z, 0.1);
            assert!((0.0..=1.0).contains(&bound));
            if bound < 1.0 {
                assert!(betting(&z, bound * (1.0 + 1e-9)) <= 0.1);
                assert!(betting(&z, bound * (1.0 - 1e-9)) > 0.1);
            }
        }
    }

    /// Every sequence of values of a law on the boundary, E[Z] = mu0, with its probability: the size of
    /// both tests is at most delta.
    #[test]
    fn size_by_enumeration() {
        // Values and probabilities; the mean is mu0.
        let laws: [(&[(f64, f64)], usize); 5] = [
            (&[(0.0, 0.7), (1.0, 0.3)], 14),
            (&[(0.0, 0.4), (1.0, 0.6)], 14),
            (&[(0.0, 0.85), (1.0, 0.15)], 14),
            (&[(0.0, 0.5), (0.4, 0.3), (0.9, 0.2)], 9),
            (&[(0.1, 0.9), (0.2, 0.05), (1.0, 0.05)], 9),
        ];
        for (law, length) in laws {
            let mu0: f64 = law.iter().map(|(z, p)| z * p).sum();
            let mut reached = [[0.0; 3]; 2];
            let mut z = vec![0.0; length];
            for sequence in 0..law.len().pow(u32::try_from(length).expect("short")) {
                let (mut rest, mut probability, mut sum) = (sequence, 1.0, 0.0);
                for z in &mut z {
                    let (value, p) = law[rest % law.len()];
                    (*z, probability, sum) = (value, probability * p, sum + value);
                    rest /= law.len();
                }
                let mean = sum / length as f64;
                let by_mean = hoeffding_bentkus(mean, length as u64, mu0);
                for (test, p) in [betting(&z, mu0), by_mean].into_iter().enumerate() {
                    for (d, delta) in [0.02, 0.1, 0.3].into_iter().enumerate() {
                        reached[test][d] += if p <= delta { probability } else { 0.0 };
                    }
                }
            }
            for test in reached {
                for (delta, reached) in [0.02, 0.1, 0.3].into_iter().zip(test) {
                    assert!(reached <= delta, "{law:?}, delta {delta}: {reached}");
                }
            }
        }
    }
}
