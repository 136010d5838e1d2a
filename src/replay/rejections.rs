//! Where a checkpoint that stands at several places of a generation rejects, and what a coin saves
//! there.
//!
//! The coin strikes at place p with the policy's rate `q_p` and saves max(0, n − p) of a generation
//! of n tokens. Thousands of places share one checkpoint; summed over them the coin saves
//! `Σ_p q_p E[max(0, n − p)]`, which is the checkpoint's rate times the mean, over its rejections,
//! of what a coin saves at their places.

use std::collections::BTreeMap;

/// The places at which one checkpoint rejects.
pub(super) struct Rejections {
    /// Place, and the number and the sum of the places up to here.
    places: Vec<(u64, f64, f64)>,
    /// By place: the mean of max(0, n − p) over all generations.
    coin: BTreeMap<u64, f64>,
    /// Its mean over the rejections.
    mean: f64,
}

impl Rejections {
    /// Rejections at `places`, in any order and each with its number (or probability), of generations
    /// with `tokens` solution tokens, in ascending order.
    pub(super) fn new(places: impl Iterator<Item = (u64, f64)>, tokens: &[u64]) -> Self {
        let mut counts: BTreeMap<u64, f64> = BTreeMap::new();
        for (p, count) in places {
            *counts.entry(p).or_default() += count;
        }
        let mut coin = BTreeMap::new();
        let mut sums = Vec::new();
        let (mut number, mut sum, mut saved) = (0.0, 0.0, 0.0);
        // From the last place to the first, longer generations first.
        let (mut longer, mut their_tokens) = (0_u64, 0_u128);
        for (&p, &count) in counts.iter().rev() {
            while let Some(&n) = tokens.iter().rev().nth(index(longer)).filter(|n| **n > p) {
                longer += 1;
                their_tokens += u128::from(n);
            }
            let total = their_tokens - u128::from(longer) * u128::from(p);
            let mean = total as f64 / tokens.len() as f64;
            saved += count * mean;
            coin.insert(p, mean);
        }
        for (&p, &count) in &counts {
            number += count;
            sum += count * p as f64;
            sums.push((p, number, sum));
        }
        Self {
            places: sums,
            coin,
            mean: if number > 0.0 { saved / number } else { 0.0 },
        }
    }

    /// What a coin saves of a generation of `tokens` tokens, on average over the rejections.
    pub(super) fn saved_by_coin(&self, tokens: u64) -> f64 {
        let before = self.places.partition_point(|(p, ..)| *p < tokens);
        match (before.checked_sub(1), self.places.last()) {
            (Some(last), Some((_, all, _))) => {
                let (_, number, sum) = self.places[last];
                (tokens as f64 * number - sum) / all
            }
            _ => 0.0,
        }
    }

    /// What a coin saves at `place`, on average over generations, beyond its mean over the
    /// rejections.
    pub(super) fn excess(&self, place: u64) -> f64 {
        self.coin.get(&place).map_or(0.0, |coin| coin - self.mean)
    }
}

fn index(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn the_coin_saves_what_it_saves_place_by_place() {
        let tokens = [3, 10, 10, 17, 40];
        let places = [8, 16, 8, 24, 8];
        let rejections = Rejections::new(places.into_iter().map(|p| (p, 1.0)), &tokens);
        let left = |n: u64, p: u64| n.saturating_sub(p) as f64;
        for n in [1, 8, 9, 16, 17, 24, 25, 100] {
            let expected: f64 = places.iter().map(|&p| left(n, p)).sum::<f64>() / 5.0;
            assert_relative_eq!(rejections.saved_by_coin(n), expected, epsilon = 1e-12);
        }
        let at = |p: u64| tokens.iter().map(|&n| left(n, p)).sum::<f64>() / 5.0;
        let mean = places.iter().map(|&p| at(p)).sum::<f64>() / 5.0;
        for p in places {
            assert_relative_eq!(rejections.excess(p), at(p) - mean, epsilon = 1e-12);
        }
        let total: f64 = places.iter().map(|&p| rejections.excess(p)).sum();
        assert_relative_eq!(total, 0.0, epsilon = 1e-9);
    }

    #[test]
    fn nothing_is_saved_where_nothing_is_rejected() {
        let none = Rejections::new(std::iter::empty(), &[5, 6]);
        assert_relative_eq!(none.saved_by_coin(6), 0.0);
        assert_relative_eq!(none.excess(8), 0.0);
    }
}
