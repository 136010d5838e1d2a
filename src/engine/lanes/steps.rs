//! Sums in grid steps, which fit small integers, on their way to sums in units.

use super::gather::STEP_BITS;
use crate::outcome::Gathered;

/// Sums in grid steps.
#[derive(Debug)]
pub(super) struct Steps {
    /// Generations by (at, state, accepted, decile), where `at` is as in [`Gathered::by_state`].
    pub(super) counts: Vec<u64>,
    pub(super) by_state: Vec<i64>,
    pub(super) by_decile: Vec<i64>,
    pub(super) products: Vec<i64>,
}

impl Steps {
    /// Room for the sums of `total`.
    pub(super) fn new(total: &Gathered) -> Self {
        Self {
            counts: vec![0; total.counts.len()],
            by_state: vec![0; total.by_state.len()],
            by_decile: vec![0; total.by_decile.len()],
            products: vec![0; total.products.len()],
        }
    }

    /// What was counted in steps becomes units, before it grows too large: after 2^16 rows at most.
    pub(super) fn flush(&mut self, fixed: &[i64], total: &mut Gathered) {
        let shape = &total.shape;
        let (states, deciles, all) = (shape.states, shape.deciles, shape.checkpoints);
        let width = shape.segments();
        let steps = self;
        let mut by_state = vec![0_u64; (all + 1) * states * 2];
        let mut by_decile = vec![0_u64; (all + 1) * 2 * deciles];
        let mut by_at = vec![0_u64; all + 1];
        for (cell, sum) in steps.counts.iter_mut().enumerate().rev() {
            let count = std::mem::take(sum);
            let (decile, class) = (cell % deciles, cell / deciles % (states * 2));
            let at = cell / deciles / (states * 2);
            by_at[at] += count;
            by_state[at * states * 2 + class] += count;
            by_decile[(at * 2 + class % 2) * deciles + decile] += count;
            // Everything was counted first; who is rejected does not survive.
            total.counts[cell] += count;
            if at < all {
                total.counts[all * states * 2 * deciles + cell % (states * 2 * deciles)] -= count;
            }
        }
        if deciles == 1 {
            // The sums by (at, accepted) are those by state, added up.
            for at in 0..=all {
                for (i, x) in steps.by_state[at * states * 2 * width..(at + 1) * states * 2 * width]
                    .iter()
                    .enumerate()
                {
                    let (accepted, segment) = (i / width % 2, i % width);
                    steps.by_decile[(at * 2 + accepted) * width + segment] += x;
                }
            }
        }
        let fixed: Vec<i128> = fixed.iter().map(|&f| i128::from(f)).collect();
        let mut sums = vec![0_i128; (all + 1) * width];
        let linear = |sums: &mut [i64], counts: &[u64], total: &mut [i128]| {
            for (i, (sum, total)) in sums.iter_mut().zip(total).enumerate() {
                *total += i128::from(*sum << STEP_BITS)
                    + i128::from(counts[i / width]) * fixed[i % width];
                *sum = 0;
            }
        };
        for (i, &x) in steps.by_state.iter().enumerate() {
            sums[i / (states * 2 * width) * width + i % width] += i128::from(x) << STEP_BITS;
        }
        linear(&mut steps.by_state, &by_state, &mut total.by_state);
        linear(&mut steps.by_decile, &by_decile, &mut total.by_decile);
        let mut products = steps.products.iter_mut().zip(&mut total.products);
        for (at, &count) in by_at.iter().enumerate() {
            let sums = &sums[at * width..(at + 1) * width];
            for i in 0..width {
                for j in i..width {
                    let (product, total) = products.next().expect("as many pairs");
                    *total += (i128::from(*product) << (2 * STEP_BITS))
                        + fixed[i] * sums[j]
                        + fixed[j] * sums[i]
                        + i128::from(count) * fixed[i] * fixed[j];
                    *product = 0;
                }
            }
        }
    }
}
