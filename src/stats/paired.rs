//! Exact interval for the difference of two shares of the same trials, from few discordant ones.
//!
//! A trial in which both events happen, or neither, says nothing of the difference. Given that
//! exactly one happens, it is the second with some probability π: that is the test of McNemar
//! (1947), Psychometrika 12, 153–157, in its exact form. With ψ the probability of a discordant
//! trial, the difference of the shares, second less first, is ψ(2π − 1). Both probabilities get
//! intervals of Clopper and Pearson, which hold together with the confidence asked for (Bonferroni).

use super::clopper_pearson;

/// Part of alpha that is spent on how often trials are discordant; the rest is for which way.
const ON_FREQUENCY: f64 = 0.2;

/// Two-sided interval of confidence at least `1 − alpha` for P(second) − P(first), from `trials`
/// independent ones, in [−1, 1].
///
/// In `first_only` of them the first event happened without the second, in `second_only` the second
/// without the first. The interval excludes 0 just where McNemar's exact test rejects equality at
/// 0.8 `alpha`. `None` without trials.
pub fn paired_difference(
    first_only: u64,
    second_only: u64,
    trials: u64,
    alpha: f64,
) -> Option<[f64; 2]> {
    if first_only > second_only {
        let [low, high] = paired_difference(second_only, first_only, trials, alpha)?;
        return Some([-high, -low]);
    }
    let discordant = first_only + second_only;
    let (seldom, often) = clopper_pearson(discordant, trials, ON_FREQUENCY * alpha)?;
    let way = clopper_pearson(second_only, discordant, (1.0 - ON_FREQUENCY) * alpha);
    let (low, high) = way.unwrap_or((0.0, 1.0));
    let [low, high] = [low, high].map(|way| 2.0 * way - 1.0);
    Some([
        low * if low < 0.0 { often } else { seldom },
        high * if high > 0.0 { often } else { seldom },
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// ln n!
    fn log_factorial(n: u64) -> f64 {
        (1..=n).map(|k| (k as f64).ln()).sum()
    }

    /// The probability that an interval holds the truth, summed over all outcomes.
    fn coverage(
        n: u64,
        [first, second]: [f64; 2],
        of: impl Fn(u64, u64) -> Option<[f64; 2]>,
    ) -> f64 {
        let mut covered = 0.0;
        for a in 0..=n {
            for b in 0..=n - a {
                let rest = n - a - b;
                let log = log_factorial(n) - [a, b, rest].map(log_factorial).iter().sum::<f64>()
                    + a as f64 * first.ln()
                    + b as f64 * second.ln()
                    + rest as f64 * (1.0 - first - second).ln();
                let [low, high] = of(a, b).expect("there are trials");
                if (low..=high).contains(&(second - first)) {
                    covered += log.exp();
                }
            }
        }
        covered
    }

    /// Never below the nominal level, where the usual interval (Agresti 2013, eq. 11.1) falls far
    /// short of it.
    #[test]
    fn covers_at_least_nominally_and_the_normal_interval_does_not() {
        let n = 50;
        let normal = |a: u64, b: u64| {
            let [a, b, n] = [a, b, n].map(|x| x as f64);
            let (mean, discordant) = ((b - a) / n, (a + b) / n);
            let half = 1.96 * ((discordant - mean * mean) / n).sqrt();
            Some([mean - half, mean + half])
        };
        let mut least: f64 = 1.0;
        for shares in [
            [0.01, 0.01],
            [0.002, 0.03],
            [0.05, 0.1],
            [0.2, 0.2],
            [0.1, 0.001],
        ] {
            let exact = coverage(n, shares, |a, b| paired_difference(a, b, n, 0.05));
            assert!(exact >= 0.95, "{shares:?}: {exact}");
            least = least.min(coverage(n, shares, normal));
        }
        assert!(least < 0.8, "{least}");
    }

    /// 0.5^m · 2 is McNemar's p-value of m discordant trials that all go one way.
    #[test]
    fn the_way_is_told_where_mcnemar_tells_it() {
        for (m, told) in [(4, false), (5, false), (6, true), (9, true)] {
            let [low, high] = paired_difference(0, m, 1000, 0.05).expect("trials");
            assert_eq!(low > 0.0, told, "{m}: {low} {high}");
            assert!(high > m as f64 / 1000.0);
        }
        let [low, high] = paired_difference(1, 8, 1000, 0.05).expect("trials");
        // p = 2 (1 + 9)/2^9 = 0.0391: below 0.04.
        assert!(low > 0.0 && high < 0.03, "{low} {high}");
        let [low, _] = paired_difference(1, 8, 1000, 0.0488).expect("trials");
        assert!(low <= 0.0, "{low}");
    }

    #[test]
    fn swapping_changes_the_sign() {
        for (a, b) in [(0, 3), (2, 7), (4, 4), (0, 0)] {
            let [low, high] = paired_difference(a, b, 200, 0.05).expect("trials");
            let [l, h] = paired_difference(b, a, 200, 0.05).expect("trials");
            assert_relative_eq!(low, -h, epsilon = 1e-14);
            assert_relative_eq!(high, -l, epsilon = 1e-14);
        }
        // Nothing seen: 1 − (1 − p)^200 = 0.995 on either side.
        let [low, high] = paired_difference(0, 0, 200, 0.05).expect("trials");
        assert_relative_eq!(high, 1.0 - 0.005_f64.powf(1.0 / 200.0), epsilon = 1e-9);
        assert_relative_eq!(low, -high, epsilon = 1e-14);
        assert_eq!(paired_difference(0, 0, 0, 0.05), None);
    }
}
