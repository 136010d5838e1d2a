//! Drawing from token laws and score laws.

use rand::Rng;
use rand_distr::{Beta, Distribution, Gamma, Poisson, StandardNormal};

use crate::scenario::{self, Response, TokenLaw};

/// A token law ready to be drawn from.
#[derive(Debug)]
pub(super) enum TokenSampler {
    Fixed(f64),
    LogNormal { mu: f64, sigma: f64 },
    Gamma(Gamma<f64>),
    NegativeBinomial(Gamma<f64>),
    Empirical(Vec<f64>),
}

impl TokenSampler {
    pub(super) fn new(law: &TokenLaw) -> Self {
        const CHECKED: &str = "the parameters of a checked law are positive";
        match *law {
            TokenLaw::Fixed(value) => Self::Fixed(value),
            TokenLaw::LogNormal { mu, sigma, .. } => Self::LogNormal { mu, sigma },
            TokenLaw::Gamma { shape, scale } => {
                Self::Gamma(Gamma::new(shape, scale).expect(CHECKED))
            }
            TokenLaw::NegativeBinomial { mean, size } => {
                Self::NegativeBinomial(Gamma::new(size, mean / size).expect(CHECKED))
            }
            TokenLaw::Empirical(ref values) => Self::Empirical(values.clone()),
        }
    }

    pub(super) fn draw(&self, rng: &mut impl Rng) -> f64 {
        match self {
            Self::Fixed(value) => *value,
            Self::LogNormal { mu, sigma } => {
                let z: f64 = StandardNormal.sample(rng);
                libm::exp(mu + sigma * z)
            }
            Self::Gamma(gamma) => gamma.sample(rng),
            Self::NegativeBinomial(gamma) => {
                // A mixing mean that underflows leaves nothing to draw.
                Poisson::new(gamma.sample(rng)).map_or(0.0, |poisson| poisson.sample(rng))
            }
            Self::Empirical(values) => values[rand::RngExt::random_range(rng, 0..values.len())],
        }
    }
}

/// Score laws of a validator by state; none for a validator that alarms.
pub(super) fn score_laws(response: &Response) -> Vec<Beta<f64>> {
    match response {
        Response::Alarm { .. } => Vec::new(),
        Response::Score(laws) => laws
            .iter()
            .map(|&scenario::Beta { a, b }| {
                Beta::new(a, b).expect("the shapes of a checked law are positive")
            })
            .collect(),
    }
}
