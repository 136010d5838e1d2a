//! What the next labelled prompt may turn out to be, with probabilities.

use rand::RngExt;

use crate::estimate::PromptEvidence;
use crate::rng::Stream;

/// A law on what prompts say, all prompts alike and independent.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptLaw {
    cells: Vec<PromptEvidence>,
    /// Probability of each cell and those before it.
    cumulative: Vec<f64>,
}

impl PromptLaw {
    /// `generations` per prompt, each accepted with probability `accepted` by itself. A prompt rejects
    /// its accepted ones with a probability of its own, of mean `frr` and beta law, such that two of them
    /// have correlation `icc`: X given N is beta-binomial. `frr` and `accepted` in [0, 1], `icc` in [0, 1).
    pub fn beta_binomial(generations: u32, frr: f64, accepted: f64, icc: f64) -> Self {
        let mut cells = Vec::new();
        let mut probabilities = Vec::new();
        for n in 0..=generations {
            let of_n = urn(n, generations, accepted, 0.0);
            for x in 0..=n {
                cells.push(PromptEvidence {
                    generations,
                    rejected: x,
                    accepted: n,
                    false_rejections: x,
                });
                probabilities.push(of_n * urn(x, n, frr, icc));
            }
        }
        Self::new(cells, &probabilities)
    }

    /// Prompts like those observed: each of them as likely as another. `None` without any.
    pub fn observed(prompts: &[PromptEvidence]) -> Option<Self> {
        let alike = vec![1.0; prompts.len()];
        (!prompts.is_empty()).then(|| Self::new(prompts.to_vec(), &alike))
    }

    fn new(cells: Vec<PromptEvidence>, weights: &[f64]) -> Self {
        let total: f64 = weights.iter().sum();
        let mut sum = 0.0;
        let cumulative = weights.iter().map(|weight| {
            sum += weight / total;
            sum
        });
        Self {
            cumulative: cumulative.collect(),
            cells,
        }
    }

    /// What a prompt may be.
    pub fn cells(&self) -> &[PromptEvidence] {
        &self.cells
    }

    /// The mean of a value of the cells.
    pub(super) fn mean(&self, value: impl Fn(&PromptEvidence) -> f64) -> f64 {
        let before = std::iter::once(&0.0).chain(&self.cumulative);
        let cells = self.cells.iter().zip(before.zip(&self.cumulative));
        cells
            .map(|(cell, (before, up_to))| value(cell) * (up_to - before))
            .sum()
    }

    /// The number of a cell: one uniform draw, so that laws under study are drawn from the same numbers.
    pub fn draw(&self, rng: &mut Stream) -> usize {
        let u: f64 = rng.random();
        let cell = self.cumulative.partition_point(|&c| c <= u);
        // Rounding may leave the sum of all just below 1.
        cell.min(self.cells.len() - 1)
    }
}

/// P(X = x) of `n` events of probability `p` and pairwise correlation `icc` (Pólya's urn): the
/// beta-binomial law, the binomial one at `icc` 0.
fn urn(x: u32, n: u32, p: f64, icc: f64) -> f64 {
    let mut probability = 1.0;
    // Events first, then the others; their order does not matter, so all orders are alike.
    for i in 0..n {
        let before = f64::from(i) * icc;
        let (share, same) = if i < x {
            (p, f64::from(i))
        } else {
            (1.0 - p, f64::from(i - x))
        };
        probability *= (share * (1.0 - icc) + same * icc) / (1.0 - icc + before);
        // The orders: n!/(x! (n−x)!), a factor at a time.
        probability *= f64::from(i + 1) / (same + 1.0);
    }
    probability
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, stream};
    use approx::assert_relative_eq;

    /// scipy: `betabinom.pmf(x, 8, f*(1-r)/r, (1-f)*(1-r)/r)` at f = .05, r = .2; `binom.pmf(x, 8, .05)`.
    #[test]
    fn the_urn_has_the_beta_binomial_law() {
        for (x, icc, probability) in [
            (0, 0.2, 0.785_569_075_200_001),
            (1, 0.2, 0.116_380_603_733_333_49),
            (8, 0.2, 0.000_247_603_2),
            (0, 0.0, 0.663_420_431_289_062_5),
            (2, 0.0, 0.051_456_432_343_750_04),
        ] {
            assert_relative_eq!(urn(x, 8, 0.05, icc), probability, max_relative = 1e-10);
        }
        for icc in [0.0, 0.3, 0.9] {
            let all: f64 = (0..=8).map(|x| urn(x, 8, 0.05, icc)).sum();
            let mean: f64 = (0..=8).map(|x| f64::from(x) * urn(x, 8, 0.05, icc)).sum();
            assert_relative_eq!(all, 1.0, max_relative = 1e-12);
            assert_relative_eq!(mean, 0.4, max_relative = 1e-12);
        }
        assert_relative_eq!(urn(0, 5, 0.0, 0.1), 1.0);
    }

    /// Pearson's statistic of 20,000 draws over the 6 cells of two generations: above 20.5 with
    /// probability 0.1 % (5 degrees of freedom).
    #[test]
    fn draws_have_the_law() {
        let law = PromptLaw::beta_binomial(2, 0.3, 0.6, 0.4);
        let mut counts = vec![0.0; law.cells().len()];
        let mut rng = stream(5, Purpose::Planning, 0);
        let total = 20_000.0;
        for _ in 0..20_000 {
            counts[law.draw(&mut rng)] += 1.0;
        }
        let mut statistic = 0.0;
        for (cell, count) in law.cells().iter().zip(counts) {
            let (n, x) = (cell.accepted, cell.false_rejections);
            let expected: f64 = total * urn(n, 2, 0.6, 0.0) * urn(x, n, 0.3, 0.4);
            statistic += (count - expected).powi(2) / expected;
        }
        assert!(statistic < 20.5, "{statistic}");
    }
}
