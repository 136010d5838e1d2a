//! Numbers as people read them: digits follow the uncertainty.

use crate::estimate::Estimate;

/// Most decimals that are shown.
const MOST_DECIMALS: usize = 9;
/// A standard error of a share up to this is an error of rounding.
const ROUNDING: f64 = 1e-9;

/// `x` with the decimals that `resolution` (such as a standard error) justifies: two digits of it.
pub fn number(x: f64, resolution: f64) -> String {
    if !x.is_finite() {
        return "–".to_owned();
    }
    if x.abs() < 1e-300 {
        return "0".to_owned();
    }
    if x.abs() >= 1e12 {
        return format!("{x:.4e}");
    }
    let magnitude = if resolution > 0.0 {
        resolution
    } else {
        x.abs().max(1.0) * 1e-5
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=9 on the line itself"
    )]
    let decimals = (1.0 - magnitude.log10().floor()).clamp(0.0, MOST_DECIMALS as f64) as usize;
    let text = format!("{x:.decimals$}");
    // A rounded negative zero is zero.
    match text.strip_prefix('-') {
        Some(digits) if digits.chars().all(|c| c == '0' || c == '.') => digits.to_owned(),
        _ => text,
    }
}

/// All digits of a value, for programs; nothing where it is undefined.
pub fn exactly(x: Option<f64>) -> String {
    x.map_or_else(String::new, |x| x.to_string())
}

/// A value that may be undefined.
pub fn optional(x: Option<f64>, resolution: f64) -> String {
    x.map_or_else(|| "–".to_owned(), |x| number(x, resolution))
}

/// The interval of an estimate.
pub fn interval(estimate: &Estimate) -> String {
    let resolution = estimate.stderr.unwrap_or(0.0);
    estimate.ci.map_or_else(
        || "–".to_owned(),
        |[lo, hi]| {
            let resolution = if resolution > 0.0 {
                resolution
            } else {
                (hi - lo) / 4.0
            };
            format!("[{}, {}]", number(lo, resolution), number(hi, resolution))
        },
    )
}

/// An estimate with its interval.
pub(super) fn with_interval(estimate: Estimate) -> String {
    let mean = optional(estimate.mean, estimate.stderr.unwrap_or(0.0));
    match estimate.ci {
        Some(_) => format!("{mean} {}", interval(&estimate)),
        None => mean,
    }
}

/// The same in per cent.
pub(super) fn percent(estimate: Estimate) -> String {
    // Without spread, or with none but that of rounding, hundredths of a per cent say enough.
    let stderr = estimate
        .stderr
        .map(|x| if x > ROUNDING { 100.0 * x } else { 0.01 });
    with_interval(Estimate {
        mean: estimate.mean.map(|x| 100.0 * x),
        stderr,
        ci: estimate.ci.map(|ci| ci.map(|x| 100.0 * x)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_no_spread() {
        let all = |stderr| {
            percent(Estimate {
                mean: Some(1.0),
                stderr: Some(stderr),
                ci: None,
            })
        };
        assert_eq!(all(1e-12), all(0.0));
        assert_eq!(all(0.0), "100.000");
        assert_eq!(all(0.01), "100.0");
    }

    #[test]
    fn decimals_follow_the_standard_error() {
        assert_eq!(number(0.047_012_3, 0.000_21), "0.04701");
        assert_eq!(number(300.018, 0.15), "300.02");
        assert_eq!(number(13_170_000.4, 2e4), "13170000");
        assert_eq!(number(-1e-9, 1e-3), "0.0000");
        assert_eq!(number(0.5, 0.0), "0.500000");
        assert_eq!(number(f64::NAN, 1.0), "–");
        assert_eq!(number(0.0, 0.0), "0");
    }
}
