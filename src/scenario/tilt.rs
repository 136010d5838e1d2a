//! How difficulty moves hazards: log-odds relative to clean, without overflow.

/// Hazards that sum to 1 in decimals leave nothing clean, whatever their rounding.
const WHOLE: f64 = 1e-12;

/// Exponentials of effects less the greatest of them that counts: stages mostly share them.
#[derive(Debug)]
pub(super) struct Tilt {
    top: f64,
    of_clean: f64,
    of_faults: Vec<f64>,
}

impl Tilt {
    /// Nothing is known yet.
    pub(super) fn new() -> Self {
        Self {
            top: f64::NAN,
            of_clean: 1.0,
            of_faults: Vec::new(),
        }
    }

    /// P_j = h_j e^{x_j} / ((1 − Σh) + Σ h_i e^{x_i}) into `weights`, and what is left to clean,
    /// scaled so that no exponential overflows.
    pub(super) fn apply(&mut self, hazard: &[f64], effects: &[f64], weights: &mut Vec<f64>) -> f64 {
        let top = hazard
            .iter()
            .zip(effects)
            .filter(|&(&h, _)| h > 0.0)
            .fold(0.0, |top: f64, (_, &x)| top.max(x));
        if self.top.to_bits() != top.to_bits() {
            self.top = top;
            self.of_clean = libm::exp(-top);
            self.of_faults.clear();
            let of_faults = effects.iter().map(|x| libm::exp(x - top));
            self.of_faults.extend(of_faults);
        }
        // The exponential of a fault that is impossible may be infinite.
        let possible = hazard.iter().zip(&self.of_faults);
        weights.clear();
        weights.extend(possible.map(|(&h, &e)| if h > 0.0 { h * e } else { 0.0 }));
        let left = 1.0 - hazard.iter().sum::<f64>();
        let clean = if left > WHOLE {
            left * self.of_clean
        } else {
            0.0
        };
        let total = clean + weights.iter().sum::<f64>();
        for weight in weights {
            *weight /= total;
        }
        clean / total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn tilted(hazard: &[f64], effects: &[f64]) -> (Vec<f64>, f64) {
        let mut weights = Vec::new();
        let clean = Tilt::new().apply(hazard, effects, &mut weights);
        (weights, clean)
    }

    #[test]
    fn tilting_multiplies_the_odds_relative_to_clean() {
        let (p, clean) = tilted(&[0.1, 0.3], &[0.8, -0.5]);
        assert_relative_eq!(p[0] + p[1] + clean, 1.0, max_relative = 1e-15);
        assert_relative_eq!(p[0] / clean, 0.1 / 0.6 * 0.8f64.exp(), max_relative = 1e-14);
        assert_relative_eq!(
            p[1] / clean,
            0.3 / 0.6 * (-0.5f64).exp(),
            max_relative = 1e-14
        );
    }

    #[test]
    fn extreme_difficulty_neither_overflows_nor_moves_impossible_faults() {
        assert_eq!(tilted(&[0.1, 0.0], &[900.0, 2000.0]).0, [1.0, 0.0]);
        assert_eq!(tilted(&[0.0], &[900.0]), (vec![0.0], 1.0));
        assert!(tilted(&[0.1; 10], &[0.3; 10]).1 <= 0.0);
        let rare = tilted(&[0.1], &[-900.0]).0[0];
        assert!((0.0..1e-300).contains(&rare), "{rare}");
    }
}
