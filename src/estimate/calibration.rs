//! Are forecasts of a value in [0, 1] calibrated? Reliability by bins, expected calibration error and the
//! Brier score with its decomposition, with intervals over prompts.
//!
//! Forecasts are sorted into bins of equal width. With n forecasts m of values y, bin means m̄_b and ȳ_b and
//! shares w_b:
//!
//! Brier = mean (m − y)² = reliability − resolution + uncertainty + within-bin variance − 2 within-bin covariance,
//!
//! reliability Σ w_b (m̄_b − ȳ_b)², resolution Σ w_b (ȳ_b − ȳ)², uncertainty mean (y − ȳ)², and the last two
//! the variance of m and its covariance with y within bins. It is an identity, whatever the bins. Source: Murphy (1973),
//! Journal of Applied Meteorology 12, 595–600; the within-bin terms: Stephenson, Coelho & Jolliffe (2008),
//! Weather and Forecasting 23, 752–757.
//!
//! The expected calibration error Σ w_b |m̄_b − ȳ_b| is biased: upwards by chance, since |x| of noise is not
//! 0, and downwards by the bins, since what cancels within a bin is not seen. What chance alone would bring, Σ w_b
//! √(2/π) se_b, is told beside it. Its interval is that of the delta method and holds where gaps are large beside
//! their errors; not at perfect calibration.

use serde::{Deserialize, Serialize};

use super::estimates::Estimate;
use crate::stats::{CrossProducts, Linear, Scale};

/// Fewer prompts in a bin make no interval.
const FEW_PROMPTS: u64 = 10;

/// One forecast: what was predicted, and the value that came, both in [0, 1].
pub type Forecast = (f64, f64);

/// Sums over forecasts.
#[derive(Debug, Clone)]
pub struct ReliabilityTally {
    bins: usize,
    moments: CrossProducts,
    /// Prompts with a forecast in each bin.
    prompts: Vec<u64>,
    forecasts: u64,
}

/// The forecasts of one bin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Where it begins and ends.
    pub range: [f64; 2],
    /// Forecasts in it.
    pub forecasts: u64,
    /// Prompts with a forecast in it.
    pub prompts: u64,
    /// Mean forecast.
    pub predicted: f64,
    /// Mean value; without an interval from fewer than ten prompts.
    pub observed: Estimate,
}

/// How well forecasts are calibrated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Forecasts.
    pub forecasts: u64,
    /// Prompts that they are of.
    pub prompts: u64,
    /// Expected calibration error.
    pub ece: Estimate,
    /// About what it would be by chance if forecasts were calibrated.
    pub ece_by_chance: Option<f64>,
    /// Mean (m − y)².
    pub brier: Estimate,
    /// Σ w_b (m̄_b − ȳ_b)²; biased upwards by chance, by about `reliability_by_chance`.
    pub reliability: Estimate,
    /// Σ w_b se_b².
    pub reliability_by_chance: Option<f64>,
    /// Σ w_b (ȳ_b − ȳ)².
    pub resolution: Estimate,
    /// Mean (y − ȳ)².
    pub uncertainty: Estimate,
    /// Mean (m − m̄_b)².
    pub within_bin_variance: Estimate,
    /// Mean (m − m̄_b)(y − ȳ_b).
    pub within_bin_covariance: Estimate,
    /// Bins with forecasts, in order.
    pub bins: Vec<ReliabilityBin>,
}

impl ReliabilityTally {
    /// No forecasts yet; so many `bins` of equal width.
    pub fn new(bins: usize) -> Self {
        let value = Scale::for_values_near(1.0);
        let mut scales = vec![Scale::COUNT; bins];
        scales.extend(vec![value; 2 * bins + 3]);
        Self {
            bins,
            moments: CrossProducts::new(scales),
            prompts: vec![0; bins],
            forecasts: 0,
        }
    }

    /// Takes in all forecasts of one prompt.
    pub fn add_prompt(&mut self, forecasts: &[Forecast]) {
        if forecasts.is_empty() {
            return;
        }
        let mut row = vec![0_i64; self.moments.width()];
        let first = 3 * self.bins;
        for &(m, y) in forecasts {
            let bin = self.bin(m);
            for (column, value) in [
                (bin, 1.0),
                (self.bins + bin, m),
                (2 * self.bins + bin, y),
                (first, m * m),
                (first + 1, m * y),
                (first + 2, y * y),
            ] {
                row[column] += self.moments.scale(column).round(value);
            }
        }
        for (prompts, count) in self.prompts.iter_mut().zip(&row) {
            *prompts += u64::from(*count > 0);
        }
        self.forecasts += forecasts.len() as u64;
        let nonzero = row.into_iter().enumerate().filter(|(_, x)| *x != 0);
        self.moments.add(&nonzero.collect::<Vec<_>>());
    }

    fn bin(&self, m: f64) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of the bins, clamped to the last"
        )]
        let bin = (m.max(0.0) * self.bins as f64) as usize;
        bin.min(self.bins - 1)
    }

    /// Takes in what was gathered of other prompts.
    pub fn merge(&mut self, other: &Self) {
        self.moments.merge(&other.moments);
        for (prompts, other) in self.prompts.iter_mut().zip(&other.prompts) {
            *prompts += other;
        }
        self.forecasts += other.forecasts;
    }

    /// What the forecasts say; `None` without any.
    pub fn calibration(&self) -> Option<Calibration> {
        if self.forecasts == 0 {
            return None;
        }
        let mean = |column: usize| self.moments.mean(column);
        let nothing = || Linear::constant(0.0, self.moments.width());
        let filled: Vec<usize> = (0..self.bins).filter(|&b| self.prompts[b] > 0).collect();
        let sum_over = |of: &dyn Fn(usize) -> Linear| {
            let terms = filled.iter().map(|&b| of(b));
            terms.fold(nothing(), |sum, term| sum + term)
        };
        let count = sum_over(&mean);
        let all = sum_over(&|b| mean(2 * self.bins + b)) / &count;
        let share = |b: usize| mean(b) / &count;
        let predicted = |b: usize| mean(self.bins + b) / mean(b);
        let observed = |b: usize| mean(2 * self.bins + b) / mean(b);
        let gap = |b: usize| predicted(b) - observed(b);
        let square = |x: Linear| &x * &x;
        let first = 3 * self.bins;
        let (mm, my, yy) = (
            mean(first) / &count,
            mean(first + 1) / &count,
            mean(first + 2) / &count,
        );
        let brier = &mm - &(&my * 2.0) + &yy;
        let figure = |function: &Linear| {
            let stderr = self.moments.stderr(function);
            Estimate::around(function.value, stderr, self.moments.clusters())
        };
        // What cannot be negative has no interval below 0.
        let positive = |function: &Linear| {
            let estimate = figure(function);
            let ci = estimate.ci.map(|[lo, hi]| [lo.max(0.0), hi]);
            Estimate { ci, ..estimate }
        };
        // From nothing but a few prompts nobody knows how far a mean may lie.
        let errors: Vec<f64> = filled
            .iter()
            .map(|&b| self.moments.stderr(&gap(b)))
            .collect();
        let by_chance = |of: fn(f64) -> f64| {
            let terms = filled.iter().zip(&errors);
            let sum: f64 = terms.map(|(&b, &se)| share(b).value * of(se)).sum();
            sum.is_finite().then_some(sum)
        };
        let width = 1.0 / self.bins as f64;
        let bin = |&b: &usize| {
            let mut observed = figure(&observed(b));
            if self.prompts[b] < FEW_PROMPTS {
                (observed.stderr, observed.ci) = (None, None);
            }
            ReliabilityBin {
                range: [b as f64 * width, (b + 1) as f64 * width],
                forecasts: u64::try_from(self.moments.sum(b)).unwrap_or(0),
                prompts: self.prompts[b],
                predicted: predicted(b).value,
                observed,
            }
        };
        Some(Calibration {
            forecasts: self.forecasts,
            prompts: self.moments.clusters(),
            ece: positive(&sum_over(&|b| share(b) * gap(b).abs())),
            ece_by_chance: by_chance(|se| std::f64::consts::FRAC_2_PI.sqrt() * se),
            brier: positive(&brier),
            reliability: positive(&sum_over(&|b| share(b) * square(gap(b)))),
            reliability_by_chance: by_chance(|se| se * se),
            resolution: positive(&sum_over(&|b| share(b) * square(observed(b) - &all))),
            uncertainty: positive(&(&yy - &(&all * &all))),
            within_bin_variance: positive(&(&mm - &sum_over(&|b| share(b) * square(predicted(b))))),
            within_bin_covariance: figure(
                &(&my - &sum_over(&|b| share(b) * (predicted(b) * observed(b)))),
            ),
            bins: filled.iter().map(bin).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn mean(x: Option<f64>) -> f64 {
        x.expect("a value")
    }

    /// Forecasts and values of several kinds, a few to a prompt.
    fn prompts() -> Vec<Vec<Forecast>> {
        let unit = |i: u64, k: u64| ((i * 7919 + k * 104_729) % 1009) as f64 / 1008.0;
        (0..300)
            .map(|i| {
                let of = |g| {
                    let (m, y) = (unit(i, g), unit(i, g + 17));
                    (m, if i % 3 == 0 { y } else { f64::from(y < m) })
                };
                (0..=i % 4).map(of).collect()
            })
            .collect()
    }

    fn found(prompts: &[Vec<Forecast>], bins: usize) -> Calibration {
        let mut tally = ReliabilityTally::new(bins);
        for prompt in prompts {
            tally.add_prompt(prompt);
        }
        tally.calibration().expect("forecasts")
    }

    /// All figures by their definitions, forecast by forecast.
    #[test]
    fn figures_are_those_of_their_definitions() {
        let prompts = prompts();
        let all: Vec<Forecast> = prompts.iter().flatten().copied().collect();
        let n = all.len() as f64;
        for bins in [1, 2, 7, 10, 40] {
            let of_bin = |b: usize| -> Vec<Forecast> {
                let place = |m: f64| (m * bins as f64).floor().min((bins - 1) as f64);
                let inside = |f: &&Forecast| (place(f.0) - b as f64).abs() < 0.5;
                all.iter().filter(inside).copied().collect()
            };
            let average = |xs: &[f64]| xs.iter().sum::<f64>() / xs.len() as f64;
            let base = average(&all.iter().map(|f| f.1).collect::<Vec<_>>());
            let [
                mut ece,
                mut reliability,
                mut resolution,
                mut variance,
                mut covariance,
            ] = [0.0; 5];
            for b in 0..bins {
                let bin = of_bin(b);
                if bin.is_empty() {
                    continue;
                }
                let m = average(&bin.iter().map(|f| f.0).collect::<Vec<_>>());
                let y = average(&bin.iter().map(|f| f.1).collect::<Vec<_>>());
                let w = bin.len() as f64 / n;
                ece += w * (m - y).abs();
                reliability += w * (m - y).powi(2);
                resolution += w * (y - base).powi(2);
                variance += bin.iter().map(|f| (f.0 - m).powi(2)).sum::<f64>() / n;
                covariance += bin.iter().map(|f| (f.0 - m) * (f.1 - y)).sum::<f64>() / n;
            }
            let brier = all.iter().map(|f| (f.0 - f.1).powi(2)).sum::<f64>() / n;
            let uncertainty = all.iter().map(|f| (f.1 - base).powi(2)).sum::<f64>() / n;
            let found = found(&prompts, bins);
            for (estimate, expected) in [
                (found.ece, ece),
                (found.brier, brier),
                (found.reliability, reliability),
                (found.resolution, resolution),
                (found.uncertainty, uncertainty),
                (found.within_bin_variance, variance),
                (found.within_bin_covariance, covariance),
            ] {
                assert_relative_eq!(mean(estimate.mean), expected, epsilon = 1e-9);
            }
            let parts = mean(found.reliability.mean) - mean(found.resolution.mean)
                + mean(found.uncertainty.mean)
                + mean(found.within_bin_variance.mean)
                - 2.0 * mean(found.within_bin_covariance.mean);
            assert_relative_eq!(parts, mean(found.brier.mean), epsilon = 1e-12);
        }
    }

    /// A forecast that says .8, .3 or .5 where the truth is .6, .3 and .7, in shares .5, .3 and .2: the
    /// error by listing the outcomes of ten forecasts with their probabilities.
    #[test]
    fn the_error_of_a_discrete_case_is_enumerated() {
        let kinds = [(0.8, 0.6, 5_u32), (0.35, 0.3, 3), (0.5, 0.7, 2)];
        let (mut expected, mut total) = (0.0, 0.0);
        let mut by_tally = 0.0;
        for bits in 0..1_u32 << 10 {
            let mut forecasts = Vec::new();
            let (mut p, mut bit, mut ece) = (1.0, 0, 0.0);
            for (m, truth, count) in kinds {
                let mut good = 0.0;
                for _ in 0..count {
                    let y = bits >> bit & 1 == 1;
                    p *= if y { truth } else { 1.0 - truth };
                    good += f64::from(y);
                    forecasts.push(vec![(m, f64::from(y))]);
                    bit += 1;
                }
                ece += (f64::from(count) * m - good).abs() / 10.0;
            }
            expected += p * ece;
            total += p;
            by_tally += p * mean(found(&forecasts, 10).ece.mean);
        }
        assert_relative_eq!(total, 1.0, epsilon = 1e-12);
        assert_relative_eq!(by_tally, expected, epsilon = 1e-9);
        // Chance makes it more than the true .5 · .2 + .3 · .05 + .2 · .2.
        assert!(expected > 0.155 + 0.03, "{expected}");
    }

    #[test]
    fn merged_tallies_are_one_and_nothing_is_said_of_nothing() {
        let prompts = prompts();
        let mut merged = ReliabilityTally::new(10);
        for part in prompts.chunks(37).rev() {
            let mut tally = ReliabilityTally::new(10);
            for prompt in part {
                tally.add_prompt(prompt);
            }
            merged.merge(&tally);
        }
        assert_eq!(merged.calibration(), Some(found(&prompts, 10)));
        assert_eq!(ReliabilityTally::new(10).calibration(), None);
        let one = found(&[vec![(0.3, 1.0), (0.9, 0.0)]], 10);
        assert!(one.ece.mean.is_some() && one.ece.ci.is_none() && one.ece_by_chance.is_none());
        assert!(one.bins.iter().all(|bin| bin.observed.ci.is_none()));
    }
}
