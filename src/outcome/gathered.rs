//! Outcomes that are no longer told apart: counts by cell and exact sums of tokens.
//!
//! Everything but tokens is a function of a generation's cell: the checkpoint that rejected it, its
//! final state, whether it is accepted, its decile of difficulty. Tokens enter as those of the
//! segments between checkpoints, in integer units. Counts by cell, and sums and products of segments by the parts
//! of the cell that any column reads, give every sum and product of columns exactly. One generation per prompt.

/// Shape of a [`Gathered`].
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Number of checkpoints.
    pub checkpoints: usize,
    /// Number of states.
    pub states: usize,
    /// Number of groups by difficulty; 1 where all prompts are alike.
    pub deciles: usize,
    /// Unit in which tokens are counted.
    pub unit: f64,
    /// Tokens that checkpoints have charged, by the checkpoint that rejects; last: if none does.
    pub cost: Vec<f64>,
    /// Utility by state.
    pub utility: Vec<f64>,
}

impl Shape {
    /// Parts of a generation between checkpoints.
    pub fn segments(&self) -> usize {
        self.checkpoints + 1
    }

    /// Pairs of segments, each with those from itself on.
    pub fn pairs(&self) -> usize {
        self.segments() * (self.segments() + 1) / 2
    }

    /// Number of the cell (checkpoint that rejects, or their number; state; accepted; decile).
    #[inline]
    pub fn cell(&self, at: usize, state: usize, accepted: usize, decile: usize) -> usize {
        ((at * self.states + state) * 2 + accepted) * self.deciles + decile
    }
}

/// Smallest and largest value of a column among those that are not 0, and their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Smallest.
    pub low: i64,
    /// Largest.
    pub high: i64,
    /// How many are not 0.
    pub nonzero: u64,
}

impl Range {
    /// Of no value.
    pub const EMPTY: Self = Self {
        low: i64::MAX,
        high: i64::MIN,
        nonzero: 0,
    };

    /// Takes in a value.
    pub fn add(&mut self, value: i64) {
        if value != 0 {
            self.merge(Self {
                low: value,
                high: value,
                nonzero: 1,
            });
        }
    }

    /// Takes in other values.
    pub fn merge(&mut self, other: Self) {
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
        self.nonzero += other.nonzero;
    }
}

/// Exact sums over generations of different prompts, mergeable in any order.
#[derive(Debug, Clone, PartialEq)]
pub struct Gathered {
    /// Its shape.
    pub shape: Shape,
    /// Generations by cell.
    pub counts: Vec<u64>,
    /// Sums of segment tokens by (at, state, accepted), where `at` is the checkpoint that rejects
    /// or, last, every generation: `segments` values each.
    pub by_state: Vec<i128>,
    /// The same by (at, accepted, decile).
    pub by_decile: Vec<i128>,
    /// Sums of products of segment tokens by `at`: `pairs` values each.
    pub products: Vec<i128>,
    /// Tokens in full, and generated.
    pub tokens: [Range; 2],
    /// Tokens after each checkpoint, and of those rejected there.
    pub remaining: Vec<[Range; 2]>,
}

impl Gathered {
    /// Nothing yet.
    pub fn new(shape: &Shape) -> Self {
        let at = shape.checkpoints + 1;
        let segments = shape.segments();
        Self {
            counts: vec![0; at * shape.states * 2 * shape.deciles],
            by_state: vec![0; at * shape.states * 2 * segments],
            by_decile: vec![0; at * 2 * shape.deciles * segments],
            products: vec![0; at * shape.pairs()],
            tokens: [Range::EMPTY; 2],
            remaining: vec![[Range::EMPTY; 2]; shape.checkpoints],
            shape: shape.clone(),
        }
    }

    /// Adds one generation with its tokens by segment. `at` is the checkpoint that rejects it, or
    /// their number.
    pub fn add(
        &mut self,
        at: usize,
        state: usize,
        accepted: usize,
        decile: usize,
        segments: &[i64],
    ) {
        let shape = &self.shape;
        let (width, pairs, all) = (shape.segments(), shape.pairs(), shape.checkpoints);
        let (states, deciles) = (shape.states, shape.deciles);
        self.counts[shape.cell(at, state, accepted, decile)] += 1;
        let rejected = (at < all).then_some(at);
        for at in std::iter::once(all).chain(rejected) {
            let by_state = ((at * states + state) * 2 + accepted) * width;
            let by_decile = ((at * 2 + accepted) * deciles + decile) * width;
            let mut pair = at * pairs;
            for (i, &x) in segments.iter().enumerate() {
                self.by_state[by_state + i] += i128::from(x);
                self.by_decile[by_decile + i] += i128::from(x);
                for &y in &segments[i..] {
                    self.products[pair] += i128::from(x) * i128::from(y);
                    pair += 1;
                }
            }
        }
        let after = |c: usize| segments[c + 1..].iter().sum::<i64>();
        self.tokens[0].add(segments.iter().sum());
        self.tokens[1].add(segments[..=at.min(all)].iter().sum());
        for (c, ranges) in self.remaining.iter_mut().enumerate() {
            ranges[0].add(after(c));
            if at == c {
                ranges[1].add(after(c));
            }
        }
    }

    /// Takes in other generations.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(
            self.shape, other.shape,
            "parts of one run share their shape"
        );
        let sums = |a: &mut [i128], b: &[i128]| a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        self.counts
            .iter_mut()
            .zip(&other.counts)
            .for_each(|(a, b)| *a += b);
        sums(&mut self.by_state, &other.by_state);
        sums(&mut self.by_decile, &other.by_decile);
        sums(&mut self.products, &other.products);
        let ranges = self
            .tokens
            .iter_mut()
            .chain(self.remaining.as_flattened_mut());
        let others = other.tokens.iter().chain(other.remaining.as_flattened());
        ranges.zip(others).for_each(|(a, b)| a.merge(*b));
    }
}
