//! A test and a bound for the mean of independent variables in [0, 1], from their average alone.
//!
//! The hypothesis is that the mean is at least mu0; small averages speak against it. The p-value is
//! the smaller one of Hoeffding's, exp(−n kl(average, mu0)), and Bentkus's, e times the binomial
//! probability of an average as small. It holds for any law on [0, 1] and any number of variables, and
//! pays for that: it takes every law for one of 0 and 1 alone.
//!
//! Source: Bates, Angelopoulos, Lei, Malik & Jordan (2021), "Distribution-free, risk-controlling
//! prediction sets", J. ACM 68, 43, proposition 4; Bentkus (2004), Ann. Probab. 32, 1650–1673.

use super::binomial::{binomial_p, root};

/// p-value, in [0, 1], of the hypothesis that the mean is at least `mu0`; `mean` is the average of
/// `n` independent values in [0, 1]. 1 without values. It falls as `mu0` grows.
pub fn hoeffding_bentkus(mean: f64, n: u64, mu0: f64) -> f64 {
    if n == 0 || mu0 <= 0.0 || mean >= mu0 {
        return 1.0;
    }
    let total = n as f64;
    let hoeffding = (-total * divergence(mean, mu0)).exp();
    let bentkus = std::f64::consts::E * binomial_p(sum_above(mean, n), n, mu0);
    hoeffding.min(bentkus).min(1.0)
}

/// The value below which the mean lies with confidence 1 − `delta`: the smallest `mu0` whose p-value
/// [`hoeffding_bentkus`] is at most `delta`; 1 without values.
pub fn hoeffding_bentkus_upper_bound(mean: f64, n: u64, delta: f64) -> f64 {
    if n == 0 {
        return 1.0;
    }
    root(|mu0| hoeffding_bentkus(mean, n, mu0) > delta)
}

/// n·mean, rounded up. What rounding alone has put above a whole number is that number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a sum of n values in [0, 1], rounded up, lies between 0 and n"
)]
fn sum_above(mean: f64, n: u64) -> u64 {
    let sum = n as f64 * mean;
    (sum * (1.0 - 1e-13)).ceil() as u64
}

/// kl(a, b), the relative entropy of Bernoulli(a) to Bernoulli(b); 0 ≤ a < b ≤ 1.
fn divergence(a: f64, b: f64) -> f64 {
    let events = if a > 0.0 { a * (a / b).ln() } else { 0.0 };
    events + (1.0 - a) * ((1.0 - a) / (1.0 - b)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// Computed once in Python: `min(exp(-n*kl), e*scipy.stats.binom.cdf(ceil(n*mean), n, mu0))`,
    /// the form of the authors' code (`bates2021`, function `hb_p_value`).
    #[test]
    fn agrees_with_scipy() {
        for (mean, n, mu0, p) in [
            (0.02, 300, 0.05, 0.017_884_593_876_327_248),
            (0.0, 58, 0.05, 0.051_046_868_683_603_55),
            (0.03, 1000, 0.05, 0.003_471_430_513_793_329),
            (0.0473, 500, 0.05, 0.961_711_262_472_016_8),
            (0.06, 500, 0.05, 1.0),
            (0.3, 100, 0.5, 0.000_106_694_459_747_416),
            (0.021, 2000, 0.03, 0.022_527_028_758_569_29),
        ] {
            assert_relative_eq!(hoeffding_bentkus(mean, n, mu0), p, max_relative = 1e-9);
        }
        assert_relative_eq!(hoeffding_bentkus(0.0, 0, 0.5), 1.0);
        assert_relative_eq!(hoeffding_bentkus(0.4, 9, 1.0), 0.0);
    }

    #[test]
    fn it_falls_with_the_hypothesis_and_the_bound_inverts_it() {
        for n in [1, 7, 100, 2500] {
            for mean in [0.0, 0.011, 0.2, 0.731, 1.0] {
                let mut last = 1.0;
                for step in 0..=500 {
                    let p = hoeffding_bentkus(mean, n, f64::from(step) / 500.0);
                    assert!(p <= last * (1.0 + 1e-9) && (0.0..=1.0).contains(&p));
                    last = p;
                }
                let bound = hoeffding_bentkus_upper_bound(mean, n, 0.1);
                assert!(bound >= mean && bound <= 1.0);
                if bound < 1.0 {
                    assert!(hoeffding_bentkus(mean, n, bound * (1.0 + 1e-9)) <= 0.1);
                    assert!(hoeffding_bentkus(mean, n, bound * (1.0 - 1e-9)) > 0.1);
                }
            }
        }
    }
}
