//! The Shapley value of the cost ratio.
//!
//! v(S) = (paid(S)/retained(S)) / (full/accepted) is a ratio of sums over generations, so every
//! subset counts. But paid and retained of a generation are a few terms x · 1{none of E is present}
//! ([`SubsetOutcome`]): gathered by E, one summation over all subsets of the complement gives them
//! for every S at once.
//!
//! The standard error is that of the linearisation: a prompt moves v(S) by
//! v(S) · (paid_p/paid − retained_p/retained + accepted_p/accepted − full_p/full), and φ_i by the
//! combination of these with the weights of φ_i. The weights of paid and retained of all subsets are
//! summed beforehand in the same manner, so that a prompt, too, is looked at term by term.

use std::collections::BTreeMap;

use super::estimates::Estimate;
use crate::outcome::{SubsetOutcome, Validators, members};

/// Validators whose subsets are enumerated: 2^16 of them.
pub const MOST_PLAYERS: usize = 16;

/// The cost ratio as a game between the validators that change anything.
pub(super) struct CostGame {
    /// Indices of the validators that are in any term.
    players: Vec<usize>,
    /// By subset of the players: tokens paid and generations retained. Empty with too many.
    paid: Vec<f64>,
    retained: Vec<f64>,
    full: f64,
    accepted: f64,
    prompts: u64,
}

/// Sums over the generations with a verdict, by the set that a term is of.
#[derive(Debug, Default)]
pub(super) struct CostSums {
    /// Tokens that are paid, and the accepted that survive, if none of the set is present.
    by_absent: BTreeMap<Validators, (f64, f64)>,
    /// The same of no set at all, which most terms are of.
    always: (f64, f64),
    /// Validators of any of the sets. With more than [`MOST_PLAYERS`] there is no game, and sets are
    /// not kept.
    involved: Validators,
    full: f64,
    accepted: f64,
    prompts: u64,
    /// Prompt of the last generation.
    prompt: Option<u64>,
}

impl CostSums {
    /// Adds a generation; those of one prompt come one after the other.
    pub(super) fn add(&mut self, generation: &SubsetOutcome, accepted: bool) {
        let before = self.prompt.replace(generation.prompt);
        self.prompts += u64::from(before != Some(generation.prompt));
        self.full += generation.tokens_full;
        let accepted = f64::from(u8::from(accepted));
        self.accepted += accepted;
        self.involved |= generation.involved();
        if self.is_too_large() {
            self.by_absent.clear();
            return;
        }
        for &(absent, tokens) in &generation.paid {
            self.of(absent).0 += tokens;
        }
        self.of(generation.rejecting).1 += accepted;
    }

    fn is_too_large(&self) -> bool {
        self.involved.count_ones() as usize > MOST_PLAYERS
    }

    fn of(&mut self, absent: Validators) -> &mut (f64, f64) {
        if absent == 0 {
            &mut self.always
        } else {
            self.by_absent.entry(absent).or_default()
        }
    }
}

impl CostGame {
    /// The game of the generations that were summed.
    pub(super) fn new(sums: CostSums) -> Self {
        let players: Vec<usize> = members(sums.involved).collect();
        let subsets = if sums.is_too_large() {
            0
        } else {
            1 << players.len()
        };
        let mut game = Self {
            paid: vec![0.0; subsets],
            retained: vec![0.0; subsets],
            full: sums.full,
            accepted: sums.accepted,
            prompts: sums.prompts,
            players,
        };
        if subsets == 0 {
            return game;
        }
        for (absent, (paid, retained)) in sums.by_absent.into_iter().chain([(0, sums.always)]) {
            let absent = game.subset(absent);
            game.paid[absent] = paid;
            game.retained[absent] = retained;
        }
        // So far by E; now by S, summed over the E that S does not meet.
        for values in [&mut game.paid, &mut game.retained] {
            sum_over_subsets(values);
            values.reverse();
        }
        game
    }

    /// Number of validators that change anything.
    pub(super) fn players(&self) -> usize {
        self.players.len()
    }

    /// A set of validators as a subset of the players: bit p is the p-th of them.
    fn subset(&self, set: Validators) -> usize {
        if set == 0 {
            return 0;
        }
        let players = self.players.iter().enumerate();
        players.fold(0, |subset, (p, v)| {
            subset | usize::from(set >> v & 1 == 1) << p
        })
    }

    fn value(&self, subset: usize) -> f64 {
        self.paid[subset] / self.retained[subset] / (self.full / self.accepted)
    }

    /// φ by validator; undefined where the full policy retains nothing, or with too many players.
    pub(super) fn shapley<I>(
        &self,
        validators: usize,
        generations: &impl Fn() -> I,
    ) -> Vec<Estimate>
    where
        I: Iterator<Item = SubsetOutcome>,
    {
        let mut all = vec![Estimate::default(); validators];
        let defined = self.retained.last().is_some_and(|retained| *retained > 0.0)
            && self.paid.iter().all(|paid| *paid > 0.0);
        if !defined {
            return all;
        }
        let zero = Estimate::around(0.0, 0.0, self.prompts);
        all.fill(zero);
        let weights: Vec<Weights> = (0..self.players.len()).map(|p| self.weights(p)).collect();
        let variances = self.variances(&weights, generations);
        for ((&v, weights), variance) in self.players.iter().zip(&weights).zip(variances) {
            all[v] = Estimate::around(weights.value, variance.sqrt(), self.prompts);
        }
        all
    }

    /// φ of player `p`, and what paid and retained terms weigh in its linearisation.
    fn weights(&self, p: usize) -> Weights {
        let n = self.players.len();
        let orders = orders(n);
        let mut weights = Weights {
            value: 0.0,
            paid: vec![0.0; self.paid.len()],
            retained: vec![0.0; self.paid.len()],
        };
        for subset in 0..self.paid.len() {
            let size = usize::try_from(subset.count_ones()).unwrap_or(n);
            let weight = if subset >> p & 1 == 1 {
                orders[size - 1]
            } else {
                -orders[size]
            };
            let part = weight * self.value(subset);
            weights.value += part;
            weights.paid[subset] = part / self.paid[subset];
            weights.retained[subset] = part / self.retained[subset];
        }
        // So far by S; now by E, summed over the S that do not meet it.
        for values in [&mut weights.paid, &mut weights.retained] {
            sum_over_subsets(values);
            values.reverse();
        }
        weights
    }

    /// Squared standard errors, by player.
    fn variances<I>(&self, weights: &[Weights], generations: &impl Fn() -> I) -> Vec<f64>
    where
        I: Iterator<Item = SubsetOutcome>,
    {
        let mut squares = vec![0.0; weights.len()];
        let mut moved = vec![0.0; weights.len()];
        let mut open = None;
        let mut close = |moved: &mut [f64]| {
            for (square, moved) in squares.iter_mut().zip(moved) {
                *square += *moved * *moved;
                *moved = 0.0;
            }
        };
        for generation in generations() {
            let Some(accepted) = generation.accepted else {
                continue;
            };
            if open.replace(generation.prompt) != Some(generation.prompt) {
                close(&mut moved);
            }
            let accepted = f64::from(u8::from(accepted));
            let scale = accepted / self.accepted - generation.tokens_full / self.full;
            let survives = self.subset(generation.rejecting);
            for (moved, weights) in moved.iter_mut().zip(weights) {
                *moved += weights.value * scale - accepted * weights.retained[survives];
            }
            for &(absent, tokens) in &generation.paid {
                let absent = self.subset(absent);
                for (moved, weights) in moved.iter_mut().zip(weights) {
                    *moved += tokens * weights.paid[absent];
                }
            }
        }
        close(&mut moved);
        // Influences on means add up to 0; n/(n − 1) as in any sample variance.
        let n = self.prompts as f64;
        squares.iter().map(|s| s * n / (n - 1.0)).collect()
    }
}

/// Of one player: φ, and by E the weights of terms x · 1{none of E is present} in what a prompt
/// moves it by.
struct Weights {
    value: f64,
    paid: Vec<f64>,
    retained: Vec<f64>,
}

/// s!(n−s−1)!/n!, by s.
fn orders(n: usize) -> Vec<f64> {
    let mut weights = Vec::with_capacity(n);
    let mut weight = 1.0 / n as f64;
    for s in 0..n {
        weights.push(weight);
        weight *= (s + 1) as f64 / (n - s).saturating_sub(1).max(1) as f64;
    }
    weights
}

/// Replaces the value of each set, given by its bits, by the sum over its subsets.
fn sum_over_subsets(values: &mut [f64]) {
    let mut bit = 1;
    while bit < values.len() {
        for set in 0..values.len() {
            if set & bit != 0 {
                values[set] += values[set ^ bit];
            }
        }
        bit <<= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn orders_are_those_of_the_shapley_value() {
        let factorial = |k: usize| (1..=k).product::<usize>() as f64;
        for n in 1..8 {
            for (s, weight) in orders(n).into_iter().enumerate() {
                let expected = factorial(s) * factorial(n - s - 1) / factorial(n);
                assert_relative_eq!(weight, expected, max_relative = 1e-14);
            }
        }
        assert!(orders(0).is_empty());
    }

    #[test]
    fn without_a_game_no_sets_are_kept() {
        for (validators, kept) in [(MOST_PLAYERS, MOST_PLAYERS), (MOST_PLAYERS + 1, 0)] {
            let mut sums = CostSums::default();
            for v in 0..validators {
                let generation = SubsetOutcome {
                    prompt: v as u64 / 2,
                    tokens_full: 10.0,
                    paid: [(0, 4.0), (1 << v, 6.0)].into_iter().collect(),
                    rejecting: 1 << v,
                    accepted: Some(true),
                };
                sums.add(&generation, true);
            }
            assert_eq!(sums.by_absent.len(), kept);
            let game = CostGame::new(sums);
            assert_eq!(game.players(), validators);
            assert_eq!(game.prompts, validators.div_ceil(2) as u64);
            assert_relative_eq!(game.full, 10.0 * validators as f64);
            assert_eq!(game.paid.is_empty(), kept == 0);
        }
    }

    #[test]
    fn sums_over_subsets_are_sums_over_subsets() {
        let values: Vec<f64> = (0..32).map(|set: u32| f64::from(set * set)).collect();
        let mut sums = values.clone();
        sum_over_subsets(&mut sums);
        for (set, sum) in sums.iter().enumerate() {
            let subsets = (0..32).filter(|other| other & set == *other);
            assert_relative_eq!(*sum, subsets.map(|s| values[s]).sum::<f64>());
        }
    }
}
