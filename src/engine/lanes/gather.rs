//! Sums over blocks: by columns where all of a block's sums fit small integers, else row by row.
//!
//! Both ways give the same integers; the slow one, [`Gathered::add`], is the definition. Of the
//! generations that survive, which are most, only sums over all are taken, by masks; those that
//! are rejected are visited one by one.

use super::block::Block;
use super::column::{Column, ROWS, columns};
use super::normal::MAGIC;
use super::range::{range, range_of_survivors};
use super::steps::Steps;
use super::triangle;
use super::world::World;
use crate::outcome::{Gathered, Shape};
use crate::policy::Checkpoint;
use crate::scenario::DIFFICULTY_DECILES;

/// Binary digits of a grid step in units of the sums.
pub(super) const STEP_BITS: u32 = 18;
/// Tokens of a generation, in steps, for which every sum over a block fits.
const SMALL: i32 = 1 << 22;

/// Which stages make up the segments between checkpoints.
#[derive(Debug)]
pub(super) struct Segments {
    /// Stages of each segment whose tokens vary.
    varying: Vec<Vec<usize>>,
    /// Tokens of the others, in units.
    fixed: Vec<i64>,
}

impl Segments {
    pub(super) fn new(world: &World, policy: &[Checkpoint<usize>], fixed: &[Option<i64>]) -> Self {
        let mut starts: Vec<usize> = policy.iter().map(|c| c.at + 1).collect();
        starts.insert(0, 0);
        starts.push(world.stages.len());
        let parts = || starts.windows(2).map(|w| w[0]..w[1]);
        Self {
            varying: parts()
                .map(|p| p.filter(|&k| fixed[k].is_none()).collect())
                .collect(),
            fixed: parts().map(|p| p.filter_map(|k| fixed[k]).sum()).collect(),
        }
    }
}

/// Sums of whole blocks in grid steps, and of everything else in units.
#[derive(Debug)]
pub(super) struct Sums {
    total: Gathered,
    segments: Vec<Column<i32>>,
    after: Column<i32>,
    class: Column<i32>,
    decile: Column<i32>,
    /// Rows of a block that some checkpoint rejects.
    listed: Vec<u16>,
    /// By checkpoint.
    rejected: Vec<Buffer>,
    steps: Steps,
}

/// Generations that a checkpoint has rejected, until there is a block of them.
#[derive(Debug, Clone)]
struct Buffer {
    segments: Vec<Column<i32>>,
    class: Column<i32>,
    decile: Column<i32>,
    rows: usize,
}

/// The tokens of a stage as an integer number of steps, if fewer than 2^22.
#[inline(always)]
fn steps(tokens: f32) -> i32 {
    tokens.to_bits().wrapping_sub(MAGIC.to_bits()).cast_signed()
}

/// The tokens of a stage as an integer number of steps.
#[expect(
    clippy::cast_possible_truncation,
    reason = "bounded when the world was made"
)]
pub(super) fn many_steps(tokens: f32) -> i64 {
    (tokens - MAGIC) as i64
}

impl Sums {
    pub(super) fn new(shape: &Shape) -> Self {
        let total = Gathered::new(shape);
        Self {
            segments: columns(shape.segments()),
            after: Column::new(0),
            class: Column::new(0),
            decile: Column::new(0),
            listed: vec![0; ROWS],
            rejected: vec![
                Buffer {
                    segments: columns(shape.segments()),
                    class: Column::new(0),
                    decile: Column::new(0),
                    rows: 0,
                };
                shape.checkpoints
            ],
            steps: Steps::new(&total),
            total,
        }
    }

    /// Takes in the first `rows` rows of a block.
    #[inline(always)]
    pub(super) fn add(
        &mut self,
        block: &Block,
        at: &Column<i32>,
        segments: &Segments,
        rows: usize,
    ) {
        if self.total.shape.deciles > 1 {
            deciles(&block.z, &mut self.decile);
        }
        if rows < ROWS || !self.add_columns(block, at, segments) {
            for l in 0..rows {
                self.add_row(block, at, segments, l);
            }
        }
    }

    fn add_row(&mut self, block: &Block, at: &Column<i32>, segments: &Segments, l: usize) {
        let parts = segments.varying.iter().zip(&segments.fixed);
        let tokens: Vec<i64> = parts
            .map(|(stages, fixed)| {
                let steps: i64 = stages.iter().map(|&k| many_steps(block.tokens[k][l])).sum();
                fixed + (steps << STEP_BITS)
            })
            .collect();
        let index = |x: i32| usize::try_from(x).expect("not negative");
        let (at, state) = (index(at[l]), index(block.state[l]));
        let (accepted, decile) = (index(block.accepted[l]), index(self.decile[l]));
        self.total.add(at, state, accepted, decile, &tokens);
    }

    /// Takes in a whole block, unless some generation is too long for that.
    #[inline(always)]
    fn add_columns(&mut self, block: &Block, at: &Column<i32>, segments: &Segments) -> bool {
        let shape = &self.total.shape;
        let mut longest = 0;
        for (column, stages) in self.segments.iter_mut().zip(&segments.varying) {
            column.fill(0);
            for &k in stages {
                for (sum, &tokens) in column.iter_mut().zip(block.tokens[k].iter()) {
                    let steps = steps(tokens);
                    longest |= steps;
                    *sum = sum.wrapping_add(steps);
                }
            }
        }
        if longest >= SMALL || !full_lengths(&self.segments, &mut self.after) {
            return false;
        }
        let [deciles, checkpoints] =
            [shape.deciles, shape.checkpoints].map(|n| i32::try_from(n).expect("few cells"));
        for l in 0..ROWS {
            self.class[l] = block.state[l] * 2 + block.accepted[l];
        }
        let width = shape.segments();
        let pairs = shape.pairs();
        let all = shape.checkpoints;
        triangle::products(&self.segments, &mut self.steps.products[all * pairs..]);
        let by_state = &mut self.steps.by_state[all * shape.states * 2 * width..];
        let classes = shape.states * 2 * shape.deciles;
        let counts = &mut self.steps.counts[all * classes..];
        triangle::masked(&self.segments, &self.class, by_state, counts);
        if shape.deciles > 1 {
            triangle::histogram(&self.class, &self.decile, deciles, counts);
            for l in 0..ROWS {
                self.class[l] = block.accepted[l] * deciles + self.decile[l];
            }
            let by_decile = &mut self.steps.by_decile[all * 2 * shape.deciles * width..];
            triangle::masked(&self.segments, &self.class, by_decile, &mut []);
        }
        let rejected = list(at, checkpoints, &mut self.listed);
        self.add_ranges(at, segments, checkpoints);
        self.add_rejected(block, at, segments, rejected);
        true
    }

    /// Ranges of what every generation has, and of what survivors have generated.
    #[inline(always)]
    fn add_ranges(&mut self, at: &Column<i32>, segments: &Segments, checkpoints: i32) {
        self.after.fill(0);
        let mut fixed = 0;
        for c in (0..segments.fixed.len()).rev() {
            fixed += segments.fixed[c];
            for (after, steps) in self.after.iter_mut().zip(self.segments[c].iter()) {
                *after += steps;
            }
            let range = range(&*self.after, fixed);
            if c > 0 {
                self.total.remaining[c - 1][0].merge(range);
            } else {
                self.total.tokens[0].merge(range);
            }
        }
        // What is left of the rejected is no length: 0 or less.
        for (full, &at) in self.after.iter_mut().zip(at.iter()) {
            *full = if at == checkpoints { *full } else { -1 };
        }
        self.total.tokens[1].merge(range_of_survivors(&self.after, fixed));
    }

    /// Puts the rejected generations of a block into the buffers of their checkpoints.
    #[inline(always)]
    fn add_rejected(
        &mut self,
        block: &Block,
        at: &Column<i32>,
        segments: &Segments,
        number: usize,
    ) {
        for n in 0..number {
            let l = usize::from(self.listed[n]) % ROWS;
            let at = at[l].cast_unsigned() as usize;
            let buffer = &mut self.rejected[at];
            let place = buffer.rows % ROWS;
            for (buffered, segment) in buffer.segments.iter_mut().zip(&self.segments) {
                buffered[place] = segment[l];
            }
            buffer.class[place] = block.state[l] * 2 + block.accepted[l];
            buffer.decile[place] = self.decile[l];
            buffer.rows = place + 1;
            if buffer.rows == ROWS {
                self.add_buffer(at, segments);
            }
        }
    }

    /// Adds up the generations that a checkpoint has rejected, and empties their buffer.
    #[inline(always)]
    fn add_buffer(&mut self, at: usize, segments: &Segments) {
        let buffer = &mut self.rejected[at];
        let rows = buffer.rows;
        if rows == 0 {
            return;
        }
        buffer.rows = 0;
        // The rest belongs to no class and has no tokens.
        buffer.class[rows..].fill(-1);
        for column in &mut buffer.segments {
            column[rows..].fill(0);
        }
        let shape = &self.total.shape;
        let (width, pairs) = (shape.segments(), shape.pairs());
        triangle::products(
            &buffer.segments,
            &mut self.steps.products[at * pairs..][..pairs],
        );
        let each = shape.states * 2 * width;
        let by_state = &mut self.steps.by_state[at * each..][..each];
        let classes = shape.states * 2 * shape.deciles;
        let counts = &mut self.steps.counts[at * classes..][..classes];
        triangle::masked(&buffer.segments, &buffer.class, by_state, counts);
        if shape.deciles > 1 {
            let deciles = i32::try_from(shape.deciles).expect("few deciles");
            triangle::histogram(&buffer.class, &buffer.decile, deciles, counts);
            for (class, decile) in buffer.class[..rows].iter_mut().zip(buffer.decile.iter()) {
                *class = *class % 2 * deciles + decile;
            }
            let each = shape.deciles * 2 * width;
            let by_decile = &mut self.steps.by_decile[at * each..][..each];
            triangle::masked(&buffer.segments, &buffer.class, by_decile, &mut []);
        }
        // What was generated, and what was not.
        for (part, which) in [(0..at + 1, 0), (at + 1..width, 1)] {
            self.after.fill(0);
            for column in &buffer.segments[part.clone()] {
                for (sum, steps) in self.after.iter_mut().zip(column.iter()) {
                    *sum += steps;
                }
            }
            let range = range(&self.after[..rows], segments.fixed[part].iter().sum());
            if which == 0 {
                self.total.tokens[1].merge(range);
            } else {
                self.total.remaining[at][1].merge(range);
            }
        }
    }

    /// Adds what is still in buffers.
    pub(super) fn finish(&mut self, segments: &Segments) {
        for at in 0..self.rejected.len() {
            self.add_buffer(at, segments);
        }
        self.flush(segments);
    }

    /// What was counted in steps becomes units, before it grows too large: after 2^16 rows at most.
    pub(super) fn flush(&mut self, segments: &Segments) {
        self.steps.flush(&segments.fixed, &mut self.total);
    }

    /// Everything that was taken in, after the last [`Sums::flush`].
    pub(super) fn into_total(self) -> Gathered {
        self.total
    }
}

/// Group by difficulty of each row.
#[inline(always)]
pub(super) fn deciles(z: &Column<f32>, decile: &mut Column<i32>) {
    decile.fill(0);
    for edge in DIFFICULTY_DECILES {
        let edge = super::alias::single(edge);
        for (decile, &z) in decile.iter_mut().zip(z.iter()) {
            *decile += i32::from(z > edge);
        }
    }
}

/// Adds up segments; whether every generation is short.
#[inline(always)]
fn full_lengths(segments: &[Column<i32>], full: &mut Column<i32>) -> bool {
    full.fill(0);
    for column in segments {
        for (full, steps) in full.iter_mut().zip(column.iter()) {
            *full = full.wrapping_add(*steps);
        }
    }
    let mut all = 0;
    for &full in full.iter() {
        all |= full;
    }
    (0..SMALL).contains(&all)
}

/// Lists the rows that some checkpoint rejects.
#[inline(always)]
fn list(at: &Column<i32>, checkpoints: i32, list: &mut [u16]) -> usize {
    let mut number = 0;
    for (group, at) in (0_u16..).zip(at.chunks_exact(64)) {
        let mut rejected = [0_u8; 64];
        for (rejected, &at) in rejected.iter_mut().zip(at) {
            *rejected = u8::from(at < checkpoints);
        }
        let mut mask = 0_u64;
        for (l, &rejected) in rejected.iter().enumerate() {
            mask |= u64::from(rejected) << l;
        }
        while mask != 0 {
            list[number] = group * 64 + (mask.trailing_zeros() & 63) as u16;
            number += 1;
            mask &= mask - 1;
        }
    }
    number
}
