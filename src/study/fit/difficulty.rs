//! Difficulty: from shares in the population of prompts to hazards at δ = 0, and its spread.
//!
//! The model is the scenario's with `difficulty_effect` 1 for every fault kind, which only fixes the
//! unit of δ: P(some fault starts in stage k | clean before, δ) = logistic(`α_k` + δ), δ ~ Normal(0,
//! sd²). Given sd, the shares `o_k` of generations whose fault starts in stage k determine the `α_k` one
//! after the other: each is the root of an increasing function. So whatever sd is, the population's
//! shares are met exactly, and sd is left to say one thing, how much more alike the generations of one
//! prompt are than those of two: the covariance of "goes wrong" between two generations of a prompt,
//! `E[F(δ)²] − E[F]²`, grows with sd and is met by a root search.

/// Nodes of the trapezoid rule over z = δ/sd, [`STEP`] apart, on both sides of 0.
const HALF: i32 = 32;
const STEP: f64 = 0.25;
/// Largest spread that is told from larger ones: beyond it nearly every prompt goes always or never
/// wrong. (The rule is exact to 1e-7 up to it.)
pub(super) const MOST_SD: f64 = 5.0;

/// The standard normal law as nodes and weights.
pub(super) struct Nodes(Vec<(f64, f64)>);

impl Nodes {
    pub(super) fn new() -> Self {
        let z = (-HALF..=HALF).map(|i| STEP * f64::from(i));
        let density: Vec<(f64, f64)> = z.map(|z| (z, libm::exp(-0.5 * z * z))).collect();
        let total: f64 = density.iter().map(|(_, w)| w).sum();
        Self(density.into_iter().map(|(z, w)| (z, w / total)).collect())
    }

    /// By stage: the hazard at δ = 0 for which the share `onset[k]` of all generations first go
    /// wrong there; and E[F²], the probability that two generations of a prompt both go wrong.
    pub(super) fn hazards(&self, onset: &[f64], sd: f64) -> (Vec<f64>, f64) {
        let mut clean: Vec<f64> = self.0.iter().map(|(_, w)| *w).collect();
        let mut hazards = Vec::with_capacity(onset.len());
        for &share in onset {
            let left: f64 = clean.iter().sum();
            if share <= 0.0 || left <= 0.0 {
                hazards.push(0.0);
                continue;
            }
            if share >= left {
                clean.fill(0.0);
                hazards.push(1.0);
                continue;
            }
            let alpha = self.intercept(&clean, share, left, sd);
            for (clean, (z, _)) in clean.iter_mut().zip(&self.0) {
                *clean *= logistic(-(alpha + sd * z));
            }
            hazards.push(logistic(alpha));
        }
        let both = self.0.iter().zip(&clean);
        let both = both.filter(|((_, w), _)| *w > 0.0);
        let both = both.map(|((_, w), clean)| w * (1.0 - clean / w).powi(2));
        (hazards, both.sum())
    }

    /// α with Σ clean · logistic(α + sd z) = `share`, by Newton's method kept within a bracket.
    fn intercept(&self, clean: &[f64], share: f64, left: f64, sd: f64) -> f64 {
        let mut alpha = libm::log(share / (left - share));
        let (mut lo, mut hi) = (-200.0, 200.0);
        for _ in 0..100 {
            let (mut value, mut slope) = (-share, 0.0);
            for (clean, (z, _)) in clean.iter().zip(&self.0) {
                let p = logistic(alpha + sd * z);
                value += clean * p;
                slope += clean * p * (1.0 - p);
            }
            if value > 0.0 {
                hi = alpha;
            } else {
                lo = alpha;
            }
            let next = alpha - value / slope;
            let next = if lo < next && next < hi {
                next
            } else {
                0.5 * (lo + hi)
            };
            let moved = (next - alpha).abs();
            alpha = next;
            if moved < 1e-13 * alpha.abs().max(1.0) {
                break;
            }
        }
        alpha
    }

    /// The sd at which two generations of a prompt have this covariance of going wrong; 0 where it is not
    /// positive, at most [`MOST_SD`]. By the Illinois variant of regula falsi.
    pub(super) fn sd(&self, onset: &[f64], covariance: f64) -> f64 {
        if covariance <= 0.0 {
            return 0.0;
        }
        let wrong: f64 = onset.iter().sum();
        let excess = |sd: f64| self.hazards(onset, sd).1 - wrong * wrong - covariance;
        let (mut lo, mut hi) = (0.0, MOST_SD);
        let (mut below, mut above) = (-covariance, excess(MOST_SD));
        if above <= 0.0 {
            return MOST_SD;
        }
        let mut side = 0;
        for _ in 0..100 {
            let sd = (lo * above - hi * below) / (above - below);
            let value = excess(sd);
            if value.abs() < 1e-12 || hi - lo < 1e-10 {
                return sd;
            }
            if value > 0.0 {
                (hi, above) = (sd, value);
                if side == 1 {
                    below *= 0.5;
                }
                side = 1;
            } else {
                (lo, below) = (sd, value);
                if side == -1 {
                    above *= 0.5;
                }
                side = -1;
            }
        }
        0.5 * (lo + hi)
    }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn without_difficulty_hazards_are_shares_of_who_is_left() {
        let (hazards, both) = Nodes::new().hazards(&[0.1, 0.0, 0.18, 0.36], 0.0);
        for (hazard, expected) in hazards.iter().zip([0.1, 0.0, 0.2, 0.5]) {
            assert_relative_eq!(*hazard, expected, epsilon = 1e-12);
        }
        assert_relative_eq!(both, 0.64 * 0.64, epsilon = 1e-12);
    }

    /// Forth by a fine sum over z, written anew, and back.
    #[test]
    fn hazards_and_spread_are_found_again() {
        let hazards = [0.05_f64, 0.3, 0.0, 0.12];
        for sd in [0.2, 0.9, 2.0, 4.0] {
            let (mut onset, mut both, mut total) = ([0.0; 4], 0.0, 0.0);
            for i in -100_000..=100_000 {
                let z = f64::from(i) * 1e-4;
                let weight = (-0.5 * z * z).exp();
                let mut clean = 1.0;
                for (k, h) in hazards.iter().enumerate() {
                    // As in formats.md: h e^δ / ((1 − h) + h e^δ).
                    let tilted = h * (sd * z).exp();
                    let p = tilted / (1.0 - h + tilted);
                    onset[k] += weight * clean * p;
                    clean *= 1.0 - p;
                }
                both += weight * (1.0 - clean) * (1.0 - clean);
                total += weight;
            }
            let onset = onset.map(|o| o / total);
            let wrong: f64 = onset.iter().sum();
            let nodes = Nodes::new();
            let found = nodes.sd(&onset, both / total - wrong * wrong);
            assert_relative_eq!(found, sd, max_relative = 1e-5);
            for (found, h) in nodes.hazards(&onset, sd).0.iter().zip(hazards) {
                assert_relative_eq!(*found, h, max_relative = 1e-5);
            }
        }
    }

    #[test]
    fn the_ends_are_ends() {
        let nodes = Nodes::new();
        assert_relative_eq!(nodes.sd(&[0.2, 0.1], -0.01), 0.0);
        assert_relative_eq!(nodes.sd(&[0.2, 0.1], 0.21), MOST_SD);
        assert_eq!(nodes.hazards(&[1.0, 0.0], 0.0).0, [1.0, 0.0]);
    }
}
