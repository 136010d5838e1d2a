//! What a policy does to generations, in whole numbers: nothing depends on the order of adding.

/// Steps in which utilities are counted, per unit.
pub(super) const UTILITY_STEPS: f64 = (1_u64 << 32) as f64;

/// A sum over all generations, and over those with a verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Total {
    pub(super) all: u64,
    pub(super) known: u64,
}

impl Total {
    pub(super) fn add(&mut self, other: Self) {
        self.all += other.all;
        self.known += other.known;
    }
}

/// Some of the accepted generations whose utility is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Valued {
    pub(super) count: u64,
    /// Sum of their utilities, in [`UTILITY_STEPS`].
    pub(super) utility: u64,
}

/// What a policy does to some generations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) rejected: u64,
    pub(super) rejected_accepted: u64,
    pub(super) rejected_refused: u64,
    /// The accepted that are rejected, as far as their utility is known.
    pub(super) lost: Valued,
    /// The accepted that are rejected, by level of the watched covariates.
    pub(super) lost_by_level: Vec<u64>,
    /// Solution tokens generated.
    pub(super) generated: Total,
    /// How often each checkpoint is reached; 0 where that costs nothing.
    pub(super) visits: Vec<Total>,
}

impl Sums {
    pub(super) fn new(checkpoints: usize, levels: usize) -> Self {
        Self {
            lost_by_level: vec![0; levels],
            visits: vec![Total::default(); checkpoints],
            ..Self::default()
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.rejected += other.rejected;
        self.rejected_accepted += other.rejected_accepted;
        self.rejected_refused += other.rejected_refused;
        self.lost.count += other.lost.count;
        self.lost.utility += other.lost.utility;
        for (sum, more) in self.lost_by_level.iter_mut().zip(&other.lost_by_level) {
            *sum += more;
        }
        self.generated.add(other.generated);
        for (sum, more) in self.visits.iter_mut().zip(&other.visits) {
            sum.add(*more);
        }
    }
}
