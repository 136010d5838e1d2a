//! Quantiles of the standard normal law and the simultaneous critical value.

use statrs::distribution::{ContinuousCDF, Normal};

/// z with P(Z ≤ z) = `p` for a standard normal Z; `p` in (0, 1).
///
/// statrs' inverse error function is used because it is within 1e-9 relative of published
/// values down to p = 1e-12 (tested below).
pub fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

/// Critical |z| at which `tests` two-sided tests together raise a false alarm with probability at
/// most `alpha` (Bonferroni), whatever their dependence.
pub fn bonferroni_z(alpha: f64, tests: usize) -> f64 {
    -normal_quantile(alpha / (2.0 * tests.max(1) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// Values of R's `qnorm` to 15 digits (also Abramowitz & Stegun, table 26.1 for .975).
    #[test]
    fn quantiles_agree_with_published_values() {
        for (p, z) in [
            (0.975, 1.959_963_984_540_05),
            (0.995, 2.575_829_303_548_90),
            (0.999_5, 3.290_526_731_491_90),
            (1e-6, -4.753_424_308_822_90),
            (1e-12, -7.034_483_825_301_13),
        ] {
            assert_relative_eq!(normal_quantile(p), z, max_relative = 1e-9);
        }
    }

    #[test]
    fn more_tests_need_a_larger_deviation() {
        assert_relative_eq!(
            bonferroni_z(0.05, 1),
            1.959_963_984_540_05,
            max_relative = 1e-9
        );
        assert!(bonferroni_z(0.01, 50) > bonferroni_z(0.01, 10));
    }
}
