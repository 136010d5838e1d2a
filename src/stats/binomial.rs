//! Exact (Clopper–Pearson) interval for a proportion with few events or few non-events.
//!
//! The tail of the binomial law is summed term by term, so that it stays exact for any number of
//! trials; libraries that go through the incomplete beta function lose their digits near 1e6.

use super::normal_quantile;

/// Most events (or non-events) for which the tail is summed.
const MOST_TERMS: u64 = 10_000;

/// Two-sided interval of confidence `1 − alpha` for the probability behind `events` in `trials`.
///
/// `None` without trials. Where both the events and the non-events exceed 10,000, the normal
/// approximation on the log-odds scale is used instead, which is then far closer than any
/// interval needs to be.
///
/// Source: Clopper & Pearson (1934), Biometrika 26, 404–413.
pub fn clopper_pearson(events: u64, trials: u64, alpha: f64) -> Option<(f64, f64)> {
    if trials == 0 || events > trials {
        return None;
    }
    let others = trials - events;
    if events.min(others) > MOST_TERMS {
        let (x, n) = (events as f64, trials as f64);
        let logit = (x / (n - x)).ln();
        let half = -normal_quantile(alpha / 2.0) * (1.0 / x + 1.0 / (n - x)).sqrt();
        let probability = |l: f64| 1.0 / (1.0 + (-l).exp());
        return Some((probability(logit - half), probability(logit + half)));
    }
    if events > others {
        let (lo, hi) = clopper_pearson(others, trials, alpha)?;
        return Some((1.0 - hi, 1.0 - lo));
    }
    // P(X ≤ events | hi) = alpha/2 and P(X ≥ events | lo) = alpha/2, both monotone in p.
    let hi = root(|p| at_most(events, trials, p) > alpha / 2.0);
    let lo = if events == 0 {
        0.0
    } else {
        root(|p| 1.0 - at_most(events - 1, trials, p) < alpha / 2.0)
    };
    Some((lo, hi))
}

/// The p in [0, 1] at which `below` turns from true to false.
fn root(below: impl Fn(f64) -> bool) -> f64 {
    let (mut lo, mut hi) = (0.0, 1.0);
    // Bisection in ln p first: the root may be tiny.
    let mut scale = 1.0;
    while scale > 1e-300 && !below(scale) {
        hi = scale;
        scale *= 0.5;
        lo = scale;
    }
    for _ in 0..60 {
        let middle = 0.5 * (lo + hi);
        if below(middle) {
            lo = middle;
        } else {
            hi = middle;
        }
    }
    0.5 * (lo + hi)
}

/// P(X ≤ x) for X binomial(n, p), summed term by term; `x` ≤ 10,000.
fn at_most(x: u64, n: u64, p: f64) -> f64 {
    if x >= n || p <= 0.0 {
        return 1.0;
    }
    if p >= 1.0 {
        return 0.0;
    }
    let n = n as f64;
    let mut log_term = n * (-p).ln_1p();
    let log_odds = p.ln() - (-p).ln_1p();
    let mut sum = log_term.exp();
    for i in 1..=x {
        let i = i as f64;
        log_term += ((n - i + 1.0) / i).ln() + log_odds;
        sum += log_term.exp();
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// R: `binom.test(x, n)$conf.int`.
    #[test]
    fn agrees_with_published_intervals() {
        let cases = [
            (0, 10, 0.0, 0.308_497_098_135_610),
            (3, 20, 0.032_070_936_873_4, 0.378_926_833),
            (10, 10, 0.691_502_901_864_4, 1.0),
        ];
        for (x, n, lo, hi) in cases {
            let (l, h) = clopper_pearson(x, n, 0.05).expect("there are trials");
            assert_relative_eq!(l, lo, epsilon = 1e-7);
            assert_relative_eq!(h, hi, epsilon = 1e-7);
        }
    }

    #[test]
    fn no_events_in_many_trials_have_the_closed_form() {
        for n in [1_000_000_u64, 100_000_000, 10_000_000_000] {
            let (lo, hi) = clopper_pearson(0, n, 0.05).expect("there are trials");
            // (1 − p)^n = 0.025
            assert!(lo <= 0.0);
            assert_relative_eq!(
                hi,
                -(0.025f64.ln() / n as f64).exp_m1(),
                max_relative = 1e-9
            );
        }
    }

    /// Coverage by summing the binomial law: never below the nominal level.
    #[test]
    fn covers_at_least_nominally() {
        let n = 60;
        for p in [0.01, 0.05, 0.2, 0.5, 0.93] {
            let mut covered = 0.0;
            let mut below = 0.0;
            for x in 0..=n {
                let mass = at_most(x, n, p) - below;
                below = at_most(x, n, p);
                let (lo, hi) = clopper_pearson(x, n, 0.05).expect("there are trials");
                if lo <= p && p <= hi {
                    covered += mass;
                }
            }
            assert!(covered >= 0.95, "p = {p}: {covered}");
        }
    }
}
