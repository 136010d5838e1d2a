//! Exact inference for a proportion: the Clopper–Pearson interval where events or non-events are
//! few, and the one-sided test and bound.
//!
//! The tail of the binomial law is summed term by term, so that it stays exact for any number of
//! trials; libraries that go through the incomplete beta function lose their digits near 1e6. With
//! few events the sum begins at none. With many it begins at the end of the tail, with Loader's
//! saddle-point form of the largest term, and ends where nothing is added any more.

use super::normal_quantile;

/// Most events (or non-events) for which the tail is summed from its beginning.
const MOST_TERMS: u64 = 10_000;

/// p-value of the hypothesis that the probability of an event is at least `alpha`, in [0, 1]:
/// P(X ≤ `events`) for X binomial(`trials`, `alpha`). 1 without trials.
///
/// Exact for independent trials of one probability; trials that depend on each other make it too
/// small.
pub fn binomial_p(events: u64, trials: u64, alpha: f64) -> f64 {
    at_most(events, trials, alpha)
}

/// The probability below which that of an event lies with confidence 1 − `delta`: the smallest
/// `alpha` whose p-value [`binomial_p`] is at most `delta`. 1 where every trial is an event, and
/// without trials.
///
/// Source: Clopper & Pearson (1934), Biometrika 26, 404–413, one side.
pub fn binomial_upper_bound(events: u64, trials: u64, delta: f64) -> f64 {
    if events >= trials {
        return 1.0;
    }
    root(|alpha| at_most(events, trials, alpha) > delta)
}

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
pub(super) fn root(below: impl Fn(f64) -> bool) -> f64 {
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

/// P(X ≤ x) for X binomial(n, p).
fn at_most(x: u64, n: u64, p: f64) -> f64 {
    if x >= n || p <= 0.0 {
        return 1.0;
    }
    if p >= 1.0 {
        return 0.0;
    }
    if x > MOST_TERMS {
        return far_tail(x, n, p);
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

/// P(X ≤ x) for 0 < x < n, 0 < p < 1: the tail on the side of x that does not hold the mean, from
/// its largest term outwards.
fn far_tail(x: u64, n: u64, p: f64) -> f64 {
    let (total, odds) = (n as f64, p / (1.0 - p));
    let below = (x as f64) < total * p;
    let mut k = if below { x as f64 } else { x as f64 + 1.0 };
    let mut term = mass(k, total, p);
    let mut sum = 0.0;
    while term > sum * f64::EPSILON / 64.0 {
        sum += term;
        if below {
            term *= k / ((total - k + 1.0) * odds);
            k -= 1.0;
        } else {
            term *= (total - k) * odds / (k + 1.0);
            k += 1.0;
        }
    }
    if below { sum } else { 1.0 - sum }
}

/// P(X = k) for X binomial(n, p), 0 < k ≤ n. Source: Loader (2000), "Fast and accurate
/// computation of binomial probabilities".
fn mass(k: f64, n: f64, p: f64) -> f64 {
    let rest = n - k;
    if rest <= 0.0 {
        return (n * p.ln()).exp();
    }
    let log = stirling_rest(n)
        - stirling_rest(k)
        - stirling_rest(rest)
        - deviance(k, n * p)
        - deviance(rest, n * (1.0 - p));
    log.exp() * (n / (std::f64::consts::TAU * k * rest)).sqrt()
}

/// ln n! less Stirling's approximation, for n ≥ 1.
fn stirling_rest(n: f64) -> f64 {
    if n <= 15.0 {
        let stirling = (n + 0.5) * n.ln() - n + 0.5 * std::f64::consts::TAU.ln();
        return libm::lgamma(n + 1.0) - stirling;
    }
    let square = n * n;
    let series = 1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / (1188.0 * square)) / square;
    (1.0 / 12.0 - (1.0 / 360.0 - series / square) / square) / n
}

/// x ln(x/m) + m − x, without cancellation where x is near m.
fn deviance(x: f64, m: f64) -> f64 {
    let apart = x - m;
    if apart.abs() >= 0.1 * (x + m) {
        return x * (x / m).ln() - apart;
    }
    // ln(x/m) = 2 artanh(v).
    let v = apart / (x + m);
    let mut sum = apart * v;
    let mut power = 2.0 * x * v;
    for odd in (3..).step_by(2) {
        power *= v * v;
        let next = sum + power / f64::from(odd);
        if (next - sum).abs() <= sum * f64::EPSILON / 4.0 {
            break;
        }
        sum = next;
    }
    sum
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

    /// Computed once with scipy 1.x: `binom.cdf(x, n, alpha)` and `beta.ppf(0.95, x + 1, n - x)`.
    #[test]
    fn agrees_with_scipy_up_to_a_hundred_million_trials() {
        for (x, n, alpha, p, bound) in [
            (
                0,
                58,
                0.05,
                0.051_046_868_683_603_39,
                0.050_339_338_330_420_105,
            ),
            (
                3,
                200,
                0.05,
                0.009_048_376_396_101_461,
                0.038_309_708_498_569_34,
            ),
            (
                12,
                400,
                0.05,
                0.035_505_904_177_617_606,
                0.048_153_921_022_222_6,
            ),
            (
                41,
                1000,
                0.05,
                0.106_296_170_736_275_56,
                0.052_871_115_054_017_91,
            ),
            (
                998,
                1000,
                0.999,
                0.264_241_086_969_813_1,
                0.999_644_523_866_522_4,
            ),
            (
                9_900,
                200_000,
                0.05,
                0.153_646_833_575_571,
                0.050_305_132_268_054_48,
            ),
            (
                50_100,
                1_000_000,
                0.05,
                0.677_840_071_837_564_7,
                0.050_460_290_566_418_01,
            ),
            (
                4_990_000,
                100_000_000,
                0.05,
                2.221_902_237_206_702e-6,
                0.049_935_829_392_762_75,
            ),
            (
                4_999_000,
                100_000_000,
                0.05,
                0.323_279_500_260_046_5,
                0.050_025_859_976_296_83,
            ),
        ] {
            assert_relative_eq!(binomial_p(x, n, alpha), p, max_relative = 1e-9);
            let found = binomial_upper_bound(x, n, 0.05);
            assert_relative_eq!(found, bound, max_relative = 1e-10);
        }
        assert_relative_eq!(binomial_p(0, 0, 0.05), 1.0);
        assert_relative_eq!(binomial_upper_bound(0, 0, 0.05), 1.0);
        assert_relative_eq!(binomial_upper_bound(7, 7, 0.05), 1.0);
    }

    /// Both ways of summing the tail, where each is right.
    #[test]
    fn the_far_tail_is_the_sum_from_none() {
        for (x, n, p) in [
            (40_u64, 1000_u64, 0.05),
            (60, 1000, 0.05),
            (9_000, 180_100, 0.05),
            (9_999, 10_000, 0.9999),
            (1, 3, 0.2),
        ] {
            assert_relative_eq!(far_tail(x, n, p), at_most(x, n, p), max_relative = 1e-9);
        }
    }

    /// The size, by summing the law on the boundary: P(p ≤ delta) ≤ delta, and nearly delta.
    #[test]
    fn the_test_has_its_size() {
        let (n, alpha) = (300, 0.05);
        for delta in [0.01, 0.05, 0.1, 0.3] {
            let reached: f64 = (0..n)
                .filter(|&x| binomial_p(x, n, alpha) <= delta)
                .map(|x| {
                    at_most(x, n, alpha)
                        - if x == 0 {
                            0.0
                        } else {
                            at_most(x - 1, n, alpha)
                        }
                })
                .sum();
            assert!(
                reached <= delta && reached > 0.4 * delta,
                "{delta}: {reached}"
            );
        }
    }
}
