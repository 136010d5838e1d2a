//! Laws of the number of tokens of a stage, in the parameters they are sampled with.

use super::spec::TokenSpec;

/// A checked law of a non-negative number of tokens.
#[derive(Debug, Clone, PartialEq)]
pub enum TokenLaw {
    /// Always this many.
    Fixed(f64),
    /// exp(μ + σ Z) with Z standard normal.
    LogNormal {
        /// μ = ln mean − σ²/2.
        mu: f64,
        /// σ, with σ² = ln(1 + cv²).
        sigma: f64,
        /// Mean.
        mean: f64,
    },
    /// Gamma with this shape and scale; mean = shape · scale.
    Gamma {
        /// Shape 1/cv².
        shape: f64,
        /// Scale mean · cv².
        scale: f64,
    },
    /// Poisson with a gamma-distributed mean.
    NegativeBinomial {
        /// Mean.
        mean: f64,
        /// Size 1/(cv² − 1/mean): the shape of the mixing gamma.
        size: f64,
    },
    /// These values with equal weights.
    Empirical(Vec<f64>),
}

impl TokenLaw {
    /// The law for a specification whose numbers have been checked. A `cv` of 0 means fixed.
    pub(super) fn new(spec: &TokenSpec) -> Self {
        match *spec {
            TokenSpec::Fixed(value) => Self::Fixed(value),
            TokenSpec::LogNormal { mean, cv: 0.0 }
            | TokenSpec::Gamma { mean, cv: 0.0 }
            | TokenSpec::NegativeBinomial { mean, cv: 0.0 } => Self::Fixed(mean),
            TokenSpec::LogNormal { mean, cv } => {
                let variance = libm::log1p(cv * cv);
                Self::LogNormal {
                    mu: libm::log(mean) - variance / 2.0,
                    sigma: variance.sqrt(),
                    mean,
                }
            }
            TokenSpec::Gamma { mean, cv } => Self::Gamma {
                shape: 1.0 / (cv * cv),
                scale: mean * cv * cv,
            },
            TokenSpec::NegativeBinomial { mean, cv } => Self::NegativeBinomial {
                mean,
                size: 1.0 / (cv * cv - 1.0 / mean),
            },
            TokenSpec::Empirical(ref values) => Self::Empirical(values.clone()),
        }
    }

    /// Expected number of tokens.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Fixed(value) => *value,
            Self::LogNormal { mean, .. } | Self::NegativeBinomial { mean, .. } => *mean,
            Self::Gamma { shape, scale } => shape * scale,
            Self::Empirical(values) => values.iter().sum::<f64>() / values.len() as f64,
        }
    }

    /// Squared coefficient of variation; 0 for a law whose mean is 0.
    pub fn squared_cv(&self) -> f64 {
        match self {
            Self::Fixed(_) => 0.0,
            Self::LogNormal { sigma, .. } => libm::expm1(sigma * sigma),
            Self::Gamma { shape, .. } => 1.0 / shape,
            Self::NegativeBinomial { mean, size } => 1.0 / mean + 1.0 / size,
            Self::Empirical(values) => {
                let mean = self.mean();
                let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
                if mean > 0.0 {
                    squares / values.len() as f64 / (mean * mean)
                } else {
                    0.0
                }
            }
        }
    }

    /// The law in words, for [`Scenario::describe`](super::Scenario::describe).
    pub(super) fn in_words(&self) -> &'static str {
        match self {
            Self::Fixed(_) => "fixed",
            Self::LogNormal { .. } => "log-normal",
            Self::Gamma { .. } => "gamma",
            Self::NegativeBinomial { .. } => "negative binomial",
            Self::Empirical(_) => "empirical",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn parameters_give_back_mean_and_coefficient_of_variation() {
        let (mean, cv) = (60.0, 0.4);
        for spec in [
            TokenSpec::LogNormal { mean, cv },
            TokenSpec::Gamma { mean, cv },
            TokenSpec::NegativeBinomial { mean, cv },
        ] {
            let law = TokenLaw::new(&spec);
            assert_relative_eq!(law.squared_cv(), cv * cv, max_relative = 1e-13);
            assert_relative_eq!(law.mean(), mean, max_relative = 1e-13);
        }
        let empirical = TokenLaw::new(&TokenSpec::Empirical(vec![1.0, 3.0]));
        assert_relative_eq!(empirical.squared_cv(), 0.25, max_relative = 1e-15);
        let TokenLaw::LogNormal { mu, sigma, .. } =
            TokenLaw::new(&TokenSpec::LogNormal { mean, cv })
        else {
            panic!("not log-normal")
        };
        // Moments of the log-normal law from its parameters.
        assert_relative_eq!((mu + sigma * sigma / 2.0).exp(), mean, max_relative = 1e-14);
        assert_relative_eq!((sigma * sigma).exp_m1().sqrt(), cv, max_relative = 1e-14);
        let TokenLaw::Gamma { shape, scale } = TokenLaw::new(&TokenSpec::Gamma { mean, cv }) else {
            panic!("not gamma")
        };
        assert_relative_eq!(shape * scale, mean, max_relative = 1e-14);
        assert_relative_eq!(1.0 / shape.sqrt(), cv, max_relative = 1e-14);
        let TokenLaw::NegativeBinomial { size, .. } =
            TokenLaw::new(&TokenSpec::NegativeBinomial { mean, cv })
        else {
            panic!("not negative binomial")
        };
        let variance = mean + mean * mean / size;
        assert_relative_eq!(variance.sqrt() / mean, cv, max_relative = 1e-14);
    }
}
