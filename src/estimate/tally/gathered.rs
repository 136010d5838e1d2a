//! The tally of outcomes that come as sums by cell: bit for bit that of the same outcomes one by one.
//!
//! Every column is either a constant of the cell, or a sum of segments that depends on the checkpoint
//! that rejects alone. Sums and products of columns follow from counts, sums and products of segments.

use std::ops::Range;

use super::{Column, Tally};
use crate::outcome::{Frame, Gathered, NEVER, OutcomeBatch, Range as Values};
use crate::stats::CrossProducts;

/// Generations that agree in all columns but tokens.
struct Cell {
    count: u64,
    /// The columns that are no tokens.
    row: Vec<i64>,
}

/// A column of tokens: for each checkpoint that rejects, and for none, its segments.
struct Tokens {
    column: usize,
    segments: Vec<Range<usize>>,
    values: Values,
}

impl Tally {
    /// The tally of what was gathered for `frame`.
    pub fn of(frame: &Frame, gathered: &Gathered) -> Self {
        let mut tally = Self::new(frame);
        let unit = tally.unit(Column::Full);
        assert!(
            (unit - gathered.shape.unit).abs() <= 0.0,
            "tokens are gathered in the unit in which they are counted"
        );
        let cells = tally.cells(gathered);
        for cell in &cells {
            let columns = cell.row.iter().map(|x| vec![*x]).collect();
            tally.add_shares(cell.count, &columns);
        }
        let width = tally.moments.width();
        let mut sums = vec![0_i128; width];
        let mut products = vec![0_i128; width * width];
        let mut values = vec![Values::EMPTY; width];
        for cell in cells.iter().filter(|c| c.count > 0) {
            let nonzero = || cell.row.iter().enumerate().filter(|(_, x)| **x != 0);
            for (j, &x) in nonzero() {
                sums[j] += i128::from(x) * i128::from(cell.count);
                values[j].merge(Values {
                    low: x,
                    high: x,
                    nonzero: cell.count,
                });
                for (k, &y) in nonzero() {
                    products[j * width + k] +=
                        i128::from(x) * i128::from(y) * i128::from(cell.count);
                }
            }
        }
        let columns = tally.tokens(gathered);
        tally.add_mixed(gathered, &columns, &mut sums, &mut products);
        add_squares(gathered, &columns, width, &mut products);
        for tokens in &columns {
            values[tokens.column] = tokens.values;
        }
        let upper = (0..width).flat_map(|j| (j..width).map(move |k| (j, k)));
        tally.moments = CrossProducts::from_sums(
            (0..width).map(|j| tally.moments.scale(j)).collect(),
            gathered.counts.iter().sum(),
            sums,
            upper.map(|(j, k)| products[j * width + k]).collect(),
            values.iter().map(|v| (v.low, v.high)).collect(),
            values.iter().map(|v| v.nonzero).collect(),
        );
        tally
    }

    /// The columns of a generation without tokens.
    fn row(&self, gathered: &Gathered, [at, state, accepted, decile]: [usize; 4]) -> Vec<i64> {
        let shape = &gathered.shape;
        let level = |x: usize| u32::try_from(x).expect("few levels");
        let rejected = at < shape.checkpoints;
        let covariates = [state, decile];
        let generation = OutcomeBatch {
            prompt: vec![0],
            tokens_full: vec![0.0],
            tokens_paid: vec![shape.cost[at]],
            checkpoint_cost: vec![shape.cost[at]],
            rejected_at: vec![if rejected { level(at) } else { NEVER }],
            remaining: vec![0.0; shape.checkpoints],
            place_excess: Vec::new(),
            accepted: vec![accepted == 1],
            utility: vec![shape.utility[state]],
            covariates: covariates[..self.frame.covariates.len()]
                .iter()
                .map(|&x| vec![level(x)])
                .collect(),
            trace: None,
            early_exit: None,
        };
        self.columns(&generation).concat()
    }

    /// Every cell, without its tokens.
    fn cells(&self, gathered: &Gathered) -> Vec<Cell> {
        let shape = &gathered.shape;
        let counts = gathered.counts.iter().enumerate();
        counts
            .map(|(n, &count)| {
                let (decile, n) = (n % shape.deciles, n / shape.deciles);
                let (accepted, n) = (n % 2, n / 2);
                let (state, at) = (n % shape.states, n / shape.states);
                Cell {
                    count,
                    row: self.row(gathered, [at, state, accepted, decile]),
                }
            })
            .collect()
    }

    fn tokens(&self, gathered: &Gathered) -> Vec<Tokens> {
        let all = gathered.shape.checkpoints;
        let column =
            |column: Column, values: Values, segments: &dyn Fn(usize) -> Range<usize>| Tokens {
                column: self.index(column),
                segments: (0..=all).map(segments).collect(),
                values,
            };
        let [full, generated] = gathered.tokens;
        let mut columns = vec![
            column(Column::Full, full, &|_| 0..all + 1),
            column(Column::Generated, generated, &|at| 0..at + 1),
        ];
        for (c, &[remaining, avoided]) in gathered.remaining.iter().enumerate() {
            let after = c + 1..all + 1;
            columns.push(column(Column::Remaining(c), remaining, &|_| after.clone()));
            columns.push(column(Column::Avoided(c), avoided, &|at| {
                if at == c { after.clone() } else { 0..0 }
            }));
        }
        columns
    }

    /// Sums of token columns, and their products with columns that are no tokens.
    fn add_mixed(
        &self,
        gathered: &Gathered,
        columns: &[Tokens],
        sums: &mut [i128],
        products: &mut [i128],
    ) {
        let shape = &gathered.shape;
        let (states, deciles, width) = (shape.states, shape.deciles, self.moments.width());
        // The columns that read the decile come last.
        let last = self.covariate_start.get(1).copied().unwrap_or(width);
        let by_state = survivors_apart(
            &gathered.by_state,
            shape.checkpoints,
            states * 2 * shape.segments(),
        );
        let by_decile = survivors_apart(
            &gathered.by_decile,
            shape.checkpoints,
            2 * deciles * shape.segments(),
        );
        let part =
            |sums: &[i128], n: usize| sums[n * shape.segments()..][..shape.segments()].to_vec();
        let state_cells = (0..by_state.len() / shape.segments()).map(|n| {
            let (accepted, state, at) = (n % 2, n / 2 % states, n / 2 / states);
            (
                at,
                part(&by_state, n),
                self.row(gathered, [at, state, accepted, 0]),
                0..last,
            )
        });
        let decile_cells = (0..by_decile.len() / shape.segments()).map(|n| {
            let (decile, accepted, at) = (n % deciles, n / deciles % 2, n / deciles / 2);
            (
                at,
                part(&by_decile, n),
                self.row(gathered, [at, 0, accepted, decile]),
                last..width,
            )
        });
        for (at, tokens, row, here) in state_cells.chain(decile_cells) {
            for column in columns {
                let sum: i128 = tokens[column.segments[at].clone()].iter().sum();
                if here.start == 0 {
                    sums[column.column] += sum;
                }
                for j in here.clone() {
                    let product = i128::from(row[j]) * sum;
                    products[j * width + column.column] += product;
                    products[column.column * width + j] += product;
                }
            }
        }
    }
}

/// Sums of products of token columns.
fn add_squares(gathered: &Gathered, columns: &[Tokens], width: usize, products: &mut [i128]) {
    let shape = &gathered.shape;
    let by_at = survivors_apart(&gathered.products, shape.checkpoints, shape.pairs());
    let segments = shape.segments();
    let pair = |i: usize, j: usize| {
        let (i, j) = (i.min(j), i.max(j));
        i * segments - i * i.saturating_sub(1) / 2 + j - i
    };
    for at in 0..=shape.checkpoints {
        let sums = &by_at[at * shape.pairs()..][..shape.pairs()];
        for a in columns {
            for b in columns {
                let pairs = a.segments[at]
                    .clone()
                    .flat_map(|i| b.segments[at].clone().map(move |j| pair(i, j)));
                products[a.column * width + b.column] += pairs.map(|n| sums[n]).sum::<i128>();
            }
        }
    }
}

/// Sums by the checkpoint that rejects and, last, of the survivors: what is left of all.
fn survivors_apart(sums: &[i128], checkpoints: usize, each: usize) -> Vec<i128> {
    let mut apart = sums.to_vec();
    let (rejected, all) = apart.split_at_mut(checkpoints * each);
    for part in rejected.chunks_exact(each) {
        all.iter_mut().zip(part).for_each(|(all, x)| *all -= x);
    }
    apart
}
