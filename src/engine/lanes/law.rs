//! Token laws for whole columns, in units of the grid.
//!
//! Tokens are whole multiples of a power of two, the grid, which is 2^-16 of a long generation: so
//! sums and products of columns are exact integers. A fixed number of tokens that nothing
//! multiplies is kept apart, at the full resolution of sums.

use super::alias::{Alias, single};
use super::chance::ByState;
use super::column::Column;
use super::gamma::Gammas;
use super::normal::{EXP2, LARGEST, MAGIC, Normals, exp2};
use crate::engine::sampler::TokenSampler;
use crate::rng::{LaneStream, Stream};
use crate::scenario::{Scenario, TokenLaw};

/// What multiplies the tokens of a stage.
#[derive(Debug)]
pub(super) struct Factors {
    /// By the state in which the stage ends.
    pub(super) state: Option<ByState<f32>>,
    /// By the prompt's difficulty.
    pub(super) prompt: bool,
}

/// How the tokens of a stage are drawn.
#[derive(Debug)]
pub(super) enum Law {
    /// Always so many, whatever the state and the prompt: nothing is drawn.
    Fixed,
    /// So many before factors.
    Constant(f32),
    /// 2^(a + b z), times what `scaled` exceeds [`EXP2`] by.
    LogNormal {
        a: f32,
        b: f32,
        scaled: [f32; 6],
    },
    /// A gamma variate of scale 1, times so many.
    Gamma(Gammas, f32),
    Table(Alias),
    /// One draw at a time.
    Single {
        sampler: TokenSampler,
        unit: f64,
    },
}

/// A standard deviation of fewer grid steps would feel the grid.
const FINEST: f64 = 8.0;
/// A law that is peaked at 0 (a gamma law of shape below 1) would feel it with a mean of fewer.
const FINEST_PEAKED: f64 = 2000.0;
/// Normal quantile of 1 %: so many of a skewed law's draws may lie below one grid step.
const HARDLY_ANY: f64 = -2.326;
/// Coefficients of variation within which single precision is exact enough and tails are tame.
const TAME: (f64, f64) = (0.01, 2.2);

impl Law {
    /// The law of stage `k` on a grid of step `step`, or none if the grid does not suit it.
    pub(super) fn new(scenario: &Scenario, k: usize, step: f64) -> Option<Self> {
        let law = &scenario.stages()[k];
        let factors: Vec<f64> = state_factors(scenario, k);
        let spread = scenario.length_effect().abs() * scenario.difficulty_sd();
        let varies = spread > 0.0 || factors.iter().any(|&f| (f - 1.0).abs() > 0.0);
        let smallest = factors.iter().fold(f64::INFINITY, |a, &b| a.min(b));
        let smooth = law.mean() * smallest * spread >= FINEST * step;
        // Values that are not blurred by anything must lie on the grid.
        let on_grid = |value: f64| {
            let exact = |f: &f64| {
                let steps = value * f / step;
                (steps - steps.round()).abs() < 1e-9 * steps.max(1.0)
            };
            smooth || (spread <= 0.0 && factors.iter().all(exact))
        };
        let unit = 1.0 / step;
        let sd = law.mean() * smallest * law.squared_cv().sqrt();
        match law {
            TokenLaw::Fixed(_) if !varies => Some(Self::Fixed),
            TokenLaw::Fixed(value) => on_grid(*value).then(|| Self::Constant(single(value * unit))),
            TokenLaw::LogNormal { sigma, mean, .. } => {
                let cv = law.squared_cv().sqrt();
                let low = mean * smallest * libm::exp((HARDLY_ANY - 0.5 * sigma) * sigma);
                if sd < FINEST * step || cv > TAME.1 || low < step {
                    return None;
                }
                Some(if cv < TAME.0 {
                    Self::one_by_one(law, unit)
                } else {
                    let base = std::f64::consts::LOG2_E;
                    Self::LogNormal {
                        a: single(-0.5 * sigma * sigma * base),
                        b: single(sigma * base),
                        scaled: EXP2.map(|c| single(f64::from(c) * mean * unit)),
                    }
                })
            }
            &TokenLaw::Gamma { shape, scale } => {
                let cv = law.squared_cv().sqrt();
                let peaked = cv > 1.0 && law.mean() * smallest < FINEST_PEAKED * step;
                (sd >= FINEST * step && cv <= TAME.1 && !peaked).then(|| {
                    let columns = Gammas::new(&[shape]).filter(|_| cv >= TAME.0);
                    columns.map_or_else(
                        || Self::one_by_one(law, unit),
                        |gammas| Self::Gamma(gammas, single(scale * unit)),
                    )
                })
            }
            &TokenLaw::NegativeBinomial { mean, size } => {
                if !on_grid(1.0) || law.squared_cv().sqrt() > TAME.1 {
                    return None;
                }
                let table = Alias::negative_binomial(mean, size, unit).map(Self::Table);
                Some(table.unwrap_or_else(|| Self::one_by_one(law, unit)))
            }
            TokenLaw::Empirical(values) => {
                let steps: Vec<f32> = values.iter().map(|v| single(v * unit)).collect();
                let fits = values
                    .iter()
                    .all(|&v| on_grid(v) && v * unit < 16_777_216.0);
                fits.then(|| Alias::new(&steps, &vec![1.0; values.len()]))
                    .flatten()
                    .map(Self::Table)
            }
        }
    }

    fn one_by_one(law: &TokenLaw, unit: f64) -> Self {
        Self::Single {
            sampler: TokenSampler::new(law),
            unit,
        }
    }

    /// Draws a column: tokens in grid steps, rounded, plus [`MAGIC`]. Nothing is written for a
    /// fixed law. `rows` is how many rows are wanted by laws that draw one at a time.
    #[inline(always)]
    pub(super) fn fill(
        &self,
        source: &mut Source<'_>,
        factors: &Factors,
        given: &Given<'_>,
        out: &mut Column<f32>,
    ) {
        match self {
            Self::Fixed => return,
            Self::Constant(value) => out.fill(*value),
            Self::LogNormal { a, b, scaled } => {
                source.normals.fill(source.lanes, source.normal);
                let (z, scaled) = (&*source.normal, *scaled);
                if factors.state.is_none() && !factors.prompt {
                    // The usual case in one pass.
                    for (x, &z) in out.iter_mut().zip(z.iter()) {
                        *x = exp2(a + b * z, &scaled) + MAGIC;
                    }
                    return;
                }
                for (x, &z) in out.iter_mut().zip(z.iter()) {
                    *x = exp2(a + b * z, &scaled);
                }
            }
            Self::Gamma(gammas, scale) => {
                gammas.fill(source, given.state, given.rows, out);
                for x in out.iter_mut() {
                    *x *= scale;
                }
            }
            Self::Table(table) => table.fill(source.lanes, source.words, out),
            Self::Single { sampler, unit } => {
                for x in &mut out[..given.rows] {
                    *x = single(sampler.draw(source.single) * unit);
                }
            }
        }
        if let Some(by_state) = &factors.state {
            by_state.for_each(given.state, |l, factor| out[l] *= factor);
        }
        if factors.prompt {
            for (x, length) in out.iter_mut().zip(given.length.iter()) {
                *x *= length;
            }
        }
        for x in out.iter_mut() {
            *x += MAGIC;
        }
    }
}

/// Where randomness comes from, and room for it.
#[derive(Debug)]
pub(super) struct Source<'a> {
    pub(super) lanes: &'a mut LaneStream,
    /// For laws that are drawn one at a time.
    pub(super) single: &'a mut Stream,
    pub(super) normals: &'a mut Normals,
    pub(super) normal: &'a mut Column<f32>,
    pub(super) words: &'a mut [Column<u32>; 2],
}

/// What the tokens of a stage depend on.
#[derive(Debug)]
pub(super) struct Given<'a> {
    pub(super) state: &'a Column<i32>,
    pub(super) length: &'a Column<f32>,
    pub(super) rows: usize,
}

/// Factors of the states in which stage `k` can end.
fn state_factors(scenario: &Scenario, k: usize) -> Vec<f64> {
    let faults = scenario.spec().faults.iter();
    let reached = faults.filter(|f| f.hazard[..=k].iter().any(|&h| h > 0.0));
    std::iter::once(1.0)
        .chain(reached.map(|f| f.length_factor))
        .collect()
}

impl Factors {
    pub(super) fn new(scenario: &Scenario, k: usize) -> Self {
        let by_state: Vec<f32> = (0..scenario.states().len())
            .map(|s| single(scenario.length_factor(s)))
            .collect();
        let any = state_factors(scenario, k)
            .iter()
            .any(|f| (f - 1.0).abs() > 0.0);
        Self {
            state: any.then(|| ByState::new(&by_state)),
            prompt: scenario.length_effect() * scenario.difficulty_sd() != 0.0,
        }
    }
}

/// An upper bound of the tokens that a draw can bring, in tokens.
pub(super) fn most(scenario: &Scenario, k: usize) -> f64 {
    let law = &scenario.stages()[k];
    let factor = state_factors(scenario, k).into_iter().fold(1.0, f64::max);
    let prompt = libm::exp(LARGEST * scenario.length_effect().abs() * scenario.difficulty_sd());
    let cv2 = law.squared_cv();
    let draw = match law {
        TokenLaw::Fixed(value) => *value,
        TokenLaw::LogNormal { mu, sigma, .. } => {
            let tame = cv2.sqrt() >= TAME.0;
            libm::exp(mu + if tame { LARGEST } else { 12.0 } * sigma)
        }
        TokenLaw::Gamma { .. } | TokenLaw::NegativeBinomial { .. } => {
            // Beyond lies less than e^-80.
            let mean = law.mean();
            mean * (1.0 + 20.0 * cv2.sqrt() + 100.0 * cv2) + 200.0
        }
        TokenLaw::Empirical(values) => values.iter().copied().fold(0.0, f64::max),
    };
    draw * factor * prompt
}
