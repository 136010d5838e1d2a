//! Families of laws that continuous observations come from: their masses, and how much one point
//! can tell of which law it came from.

use statrs::function::gamma::gamma_lr;

use crate::scenario::{Beta, TokenLaw};
use crate::stats::product_tails;

/// Laws with densities f_j on a common support.
pub(super) trait Laws {
    /// How many there are.
    fn len(&self) -> usize;
    /// Least and greatest value.
    fn support(&self) -> (f64, f64);
    /// A value below which nearly all of every law lies.
    fn nearly_all(&self) -> f64;
    /// P(value ≤ x) under law j.
    fn below(&self, j: usize, x: f64) -> f64;
    /// The greatest ln(f_i/f_j) on `cell`; may be infinite.
    fn greatest_log_ratio(&self, i: usize, j: usize, cell: (f64, f64)) -> f64;
}

/// Beta laws of a score.
pub(super) struct Scores(pub(super) Vec<Beta>);

impl Laws for Scores {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn support(&self) -> (f64, f64) {
        (0.0, 1.0)
    }

    fn nearly_all(&self) -> f64 {
        1.0
    }

    fn below(&self, j: usize, x: f64) -> f64 {
        if x >= 1.0 {
            return 1.0;
        }
        product_tails(&[(self.0[j].a, self.0[j].b)], x).0
    }

    /// The ratio is C s^α (1−s)^β.
    fn greatest_log_ratio(&self, i: usize, j: usize, (lo, hi): (f64, f64)) -> f64 {
        let (p, q) = (self.0[i], self.0[j]);
        let normalisation =
            |b: Beta| libm::lgamma(b.a + b.b) - libm::lgamma(b.a) - libm::lgamma(b.b);
        let (alpha, beta) = (p.a - q.a, p.b - q.b);
        let constant = normalisation(p) - normalisation(q);
        let at = |s: f64| constant + power(alpha, libm::log(s)) + power(beta, libm::log1p(-s));
        let ends = at(lo).max(at(hi));
        // A peak inside there is only where both exponents are above 0.
        let peak = alpha / (alpha + beta);
        if alpha > 0.0 && beta > 0.0 && lo < peak && peak < hi {
            ends.max(at(peak))
        } else {
            ends
        }
    }
}

/// exponent · ln x, with x^0 = 1 everywhere.
fn power(exponent: f64, ln_x: f64) -> f64 {
    if exponent.abs() > 0.0 {
        exponent * ln_x
    } else {
        0.0
    }
}

/// Token counts: one law times different factors.
pub(super) enum Lengths {
    /// μ of each, and the σ of all.
    LogNormal(Vec<f64>, f64),
    /// Scale of each, and the shape of all.
    Gamma(Vec<f64>, f64),
}

/// Above this shape the incomplete gamma function is not computed.
const LARGEST_SHAPE: f64 = 1e5;

impl Lengths {
    /// `law` times each of `factors`; nothing for a law whose values lie on a lattice.
    pub(super) fn new(law: &TokenLaw, factors: &[f64]) -> Option<Self> {
        match *law {
            TokenLaw::LogNormal { mu, sigma, .. } => {
                let mus = factors.iter().map(|&f| mu + libm::log(f));
                Some(Self::LogNormal(mus.collect(), sigma))
            }
            TokenLaw::Gamma { shape, scale } if shape <= LARGEST_SHAPE => {
                let scales = factors.iter().map(|f| scale * f);
                Some(Self::Gamma(scales.collect(), shape))
            }
            _ => None,
        }
    }
}

impl Laws for Lengths {
    fn len(&self) -> usize {
        match self {
            Self::LogNormal(mus, _) => mus.len(),
            Self::Gamma(scales, _) => scales.len(),
        }
    }

    fn support(&self) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }

    fn nearly_all(&self) -> f64 {
        let greatest = |list: &[f64]| list.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
        match self {
            Self::LogNormal(mus, sigma) => libm::exp(greatest(mus) + 4.0 * sigma),
            Self::Gamma(scales, shape) => greatest(scales) * (shape + 8.0 * shape.sqrt() + 16.0),
        }
    }

    fn below(&self, j: usize, x: f64) -> f64 {
        if x <= 0.0 {
            return 0.0;
        }
        match self {
            Self::LogNormal(mus, sigma) => {
                0.5 * libm::erfc((mus[j] - libm::log(x)) / (sigma * std::f64::consts::SQRT_2))
            }
            Self::Gamma(scales, shape) => gamma_lr(*shape, x / scales[j]),
        }
    }

    /// The ratio is monotone: its greatest value lies at an end.
    fn greatest_log_ratio(&self, i: usize, j: usize, (lo, hi): (f64, f64)) -> f64 {
        let at = |x: f64| match self {
            Self::LogNormal(mus, sigma) => {
                let middle = 0.5 * (mus[i] + mus[j]);
                power(mus[i] - mus[j], libm::log(x) - middle) / (sigma * sigma)
            }
            Self::Gamma(scales, shape) => {
                shape * libm::log(scales[j] / scales[i])
                    + power(1.0 / scales[j] - 1.0 / scales[i], x)
            }
        };
        at(lo).max(at(hi))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// The greatest ratio against a fine grid, and the masses against the trapezoid.
    fn check(laws: &dyn Laws, cell: (f64, f64), density: &dyn Fn(usize, f64) -> f64) {
        const STEPS: usize = 20_000;
        let step = (cell.1 - cell.0) / STEPS as f64;
        let grid = || (0..=STEPS).map(|i| cell.0 + step * i as f64);
        for i in 0..laws.len() {
            for j in 0..laws.len() {
                let ratios = grid().map(|x| (density(i, x) / density(j, x)).ln());
                let greatest = ratios.fold(f64::NEG_INFINITY, f64::max);
                assert_relative_eq!(
                    laws.greatest_log_ratio(i, j, cell),
                    greatest,
                    max_relative = 1e-6,
                    epsilon = 1e-6
                );
            }
            let ends = 0.5 * (density(i, cell.0) + density(i, cell.1));
            let inner: f64 = grid().map(|x| density(i, x)).sum::<f64>() - 2.0 * ends;
            assert_relative_eq!(
                laws.below(i, cell.1) - laws.below(i, cell.0),
                (inner + ends) * step,
                max_relative = 1e-6
            );
        }
    }

    #[test]
    fn beta_laws() {
        let shapes = [(10.0, 2.0), (2.0, 4.0), (12.0, 5.0)].map(|(a, b)| Beta { a, b });
        let density = |j: usize, x: f64| {
            let Beta { a, b } = shapes[j];
            let log = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b);
            (log + (a - 1.0) * x.ln() + (b - 1.0) * (1.0 - x).ln()).exp()
        };
        check(&Scores(shapes.to_vec()), (0.3, 0.9), &density);
    }

    #[test]
    fn laws_of_lengths() {
        let (sigma, mus) = (0.4, vec![4.0, 4.7]);
        let density = |j: usize, x: f64| {
            let z = (x.ln() - [4.0, 4.7][j]) / sigma;
            (-0.5 * z * z).exp() / (x * sigma * (2.0 * std::f64::consts::PI).sqrt())
        };
        check(&Lengths::LogNormal(mus, sigma), (40.0, 90.0), &density);
        let density = |j: usize, x: f64| {
            let scale = [10.0, 15.0][j];
            (4.0 * (x / scale).ln() - x / scale - libm::lgamma(5.0)).exp() / scale
        };
        check(
            &Lengths::Gamma(vec![10.0, 15.0], 5.0),
            (40.0, 90.0),
            &density,
        );
    }
}
