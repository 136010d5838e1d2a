//! Intervals that hold for any number of observations of a bounded variable.

/// Half-width around a mean of `n` independent observations within which the expectation lies with
/// probability at least 1 − `delta`; `stderr` is the usual standard error of the mean and `range`
/// the width of the interval that the observations lie in.
///
/// Unlike a normal interval it stays honest for rare events, including those never seen. Infinite
/// below two observations. Source: Maurer & Pontil (2009), "Empirical Bernstein bounds and
/// sample-variance penalization", COLT, Theorem 4, applied to both sides.
pub fn bernstein_half_width(stderr: f64, n: u64, range: f64, delta: f64) -> f64 {
    if n < 2 {
        return f64::INFINITY;
    }
    let log = (4.0 / delta).ln();
    (2.0 * log).sqrt() * stderr + 7.0 * log * range / (3.0 * (n - 1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Binomial events from never to always: the miss probability, summed exactly, stays below
    /// delta, also where a normal interval would miss nearly always.
    #[test]
    fn misses_at_most_delta_however_rare_the_event() {
        let (n, delta) = (400_u64, 0.01);
        for p in [1e-4_f64, 1e-3, 0.01, 0.1, 0.5, 0.97] {
            let mut missed = 0.0;
            let mut log_mass = n as f64 * (-p).ln_1p();
            for x in 0..=n {
                if x > 0 {
                    log_mass += ((n - x + 1) as f64 / x as f64).ln() + (p / (1.0 - p)).ln();
                }
                let mean = x as f64 / n as f64;
                let stderr = (mean * (1.0 - mean) / (n - 1) as f64).sqrt();
                if (mean - p).abs() > bernstein_half_width(stderr, n, 1.0, delta) {
                    missed += log_mass.exp();
                }
            }
            assert!(missed <= delta, "p = {p}: {missed}");
        }
    }
}
