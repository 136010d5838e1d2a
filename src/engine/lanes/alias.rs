//! Discrete token laws as tables: Walker's alias method (1977), built by Vose's (1991).
//!
//! The table's length is a power of two, so that the top bits of a word choose an entry without
//! bias; a second word, as a [`Chance`], keeps the entry or goes to its alias.

use super::chance::Chance;
use super::column::Column;
use crate::rng::LaneStream;

/// Most entries of a table, a quarter of which fills the nearest cache.
const MOST: usize = 1 << 16;

/// A value, how likely it is once chosen, and what stands in for it.
#[derive(Debug, Clone, Copy)]
struct Entry {
    keep: Chance,
    value: f32,
    other: f32,
}

/// A law with finitely many values.
#[derive(Debug)]
pub(super) struct Alias {
    entries: Vec<Entry>,
    shift: u32,
}

impl Alias {
    /// The law with these values and weights; none if there are too many.
    pub(super) fn new(values: &[f32], weights: &[f64]) -> Option<Self> {
        let length = values.len().next_power_of_two().max(2);
        if length > MOST {
            return None;
        }
        let total: f64 = weights.iter().sum();
        let mut share: Vec<f64> = weights.iter().map(|w| w / total * length as f64).collect();
        share.resize(length, 0.0);
        let value = |i: usize| values.get(i).copied().unwrap_or(0.0);
        let mut entries: Vec<Entry> = (0..length)
            .map(|i| Entry {
                keep: Chance::new(1.0),
                value: value(i),
                other: value(i),
            })
            .collect();
        let (mut short, mut long): (Vec<usize>, Vec<usize>) =
            (0..length).partition(|&i| share[i] < 1.0);
        while let (Some(&s), Some(&l)) = (short.last(), long.last()) {
            short.pop();
            entries[s].keep = Chance::new(share[s]);
            entries[s].other = value(l);
            share[l] -= 1.0 - share[s];
            if share[l] < 1.0 {
                long.pop();
                short.push(l);
            }
        }
        // What rounding leaves short although nothing is long any more is full, or has no weight.
        for s in short {
            if share[s] < 0.5 {
                let heaviest = (0..values.len()).max_by(|&a, &b| weights[a].total_cmp(&weights[b]));
                entries[s].keep = Chance::NEVER;
                entries[s].other = value(heaviest.unwrap_or(0));
            }
        }
        Some(Self {
            entries,
            shift: 32 - length.trailing_zeros(),
        })
    }

    /// The law of a negative binomial variate in multiples of `unit`, to within 1e-15 of its
    /// probability; none if that takes too many values.
    pub(super) fn negative_binomial(mean: f64, size: f64, unit: f64) -> Option<Self> {
        // P(n+1)/P(n), and its reciprocal one lower.
        let up = |n: f64| (n + size) / (n + 1.0) * (mean / (mean + size));
        let mode = (mean - mean / size).floor().max(0.0);
        if mode > MOST as f64 {
            return None;
        }
        let mut below = Vec::new();
        let (mut n, mut weight) = (mode, 1.0);
        while n > 0.0 && weight > 1e-18 {
            n -= 1.0;
            weight /= up(n);
            below.push((n, weight));
        }
        let mut law: Vec<(f64, f64)> = below.into_iter().rev().collect();
        (n, weight) = (mode, 1.0);
        while weight > 1e-18 {
            law.push((n, weight));
            if law.len() > MOST {
                return None;
            }
            weight *= up(n);
            n += 1.0;
        }
        let values: Vec<f32> = law.iter().map(|(n, _)| single(n * unit)).collect();
        let weights: Vec<f64> = law.iter().map(|(_, w)| *w).collect();
        Self::new(&values, &weights)
    }

    #[inline(always)]
    pub(super) fn fill(
        &self,
        rng: &mut LaneStream,
        words: &mut [Column<u32>; 2],
        out: &mut Column<f32>,
    ) {
        let [choice, chance] = words;
        rng.fill(&mut **choice);
        rng.fill(&mut **chance);
        for (x, (&choice, &chance)) in out.iter_mut().zip(choice.iter().zip(chance.iter())) {
            let entry = self.entries[(choice >> self.shift) as usize];
            *x = if entry.keep.happens(chance) {
                entry.value
            } else {
                entry.other
            };
        }
    }

    /// The law that the table stands for: the weight of each value.
    #[cfg(test)]
    fn weights(&self) -> std::collections::BTreeMap<u32, f64> {
        let mut law = std::collections::BTreeMap::new();
        for entry in &self.entries {
            let keep = entry.keep.probability();
            *law.entry(entry.value.to_bits()).or_insert(0.0) += keep / self.entries.len() as f64;
            *law.entry(entry.other.to_bits()).or_insert(0.0) +=
                (1.0 - keep) / self.entries.len() as f64;
        }
        law
    }
}

/// The single-precision number nearest to `x`.
#[expect(clippy::cast_possible_truncation, reason = "nearest, as documented")]
pub(super) fn single(x: f64) -> f32 {
    x as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn empirical_weights_come_back() {
        let law = Alias::new(&[5.0, 10.0, 40.0], &[1.0, 2.0, 1.0])
            .unwrap()
            .weights();
        for (value, weight) in [(5.0_f32, 0.25), (10.0, 0.5), (40.0, 0.25)] {
            assert_relative_eq!(law[&value.to_bits()], weight, epsilon = 1e-9);
        }
        assert!(
            law.get(&0).is_none_or(|w| *w <= 0.0),
            "padding has no weight"
        );
    }

    #[test]
    fn negative_binomial_has_its_moments() {
        for (mean, size) in [(50.0, 7.1), (3.0, 0.4), (400.0, 900.0)] {
            let law = Alias::negative_binomial(mean, size, 1.0).unwrap().weights();
            let sum = |f: &dyn Fn(f64) -> f64| -> f64 {
                law.iter()
                    .map(|(v, w)| f(f64::from(f32::from_bits(*v))) * w)
                    .sum()
            };
            assert_relative_eq!(sum(&|_| 1.0), 1.0, max_relative = 1e-12);
            assert_relative_eq!(sum(&|n| n), mean, max_relative = 1e-7);
            let variance = mean + mean * mean / size;
            assert_relative_eq!(sum(&|n| (n - mean).powi(2)), variance, max_relative = 1e-6);
        }
        assert!(Alias::negative_binomial(1e6, 1.0, 1.0).is_none());
    }
}
