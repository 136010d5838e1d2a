//! Probabilities as thresholds of random words.
//!
//! An event of probability p happens when a 32-bit word lies below p·2^32, rounded: the bias is at
//! most 2^-32, and what has probability 0 or 1 never or always happens. (A 24-bit uniform in single
//! precision would be off by up to 6e-8, which 10^10 attempts can see.) Words are compared as
//! signed integers, which every instruction set can do.

use super::column::Column;

/// The probability of an event, ready to be compared with a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chance(i32);

impl Chance {
    pub(super) const NEVER: Self = Self(i32::MIN);

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the value lies within the type"
    )]
    pub(super) fn new(p: f64) -> Self {
        let threshold = (p.clamp(0.0, 1.0) * 4_294_967_296.0).round() as i64 - (1 << 31);
        // One word in 2^32 has nothing above it: the last threshold stands for certainty.
        Self(threshold.min(i64::from(i32::MAX)) as i32)
    }

    /// The probability after rounding.
    #[cfg(test)]
    pub(super) fn probability(self) -> f64 {
        if self.0 == i32::MAX {
            1.0
        } else {
            (f64::from(self.0) + 2_147_483_648.0) / 4_294_967_296.0
        }
    }

    /// Whether the event happens for this word.
    #[inline(always)]
    pub(super) fn happens(self, word: u32) -> bool {
        word.cast_signed().min(i32::MAX - 1) < self.0
    }
}

/// A chance, or a factor, that depends on the state.
#[derive(Debug, Clone)]
pub(super) enum ByState<T> {
    /// Two states at most.
    Two([T; 2]),
    /// Four at most.
    Four([T; 4]),
    /// Any number.
    Many(Vec<T>),
}

impl<T: Copy> ByState<T> {
    pub(super) fn new(values: &[T]) -> Self {
        let at = |i: usize| values[i.min(values.len() - 1)];
        match values.len() {
            1 | 2 => Self::Two([at(0), at(1)]),
            3 | 4 => Self::Four([at(0), at(1), at(2), at(3)]),
            _ => Self::Many(values.to_vec()),
        }
    }

    /// Calls `each` with every row and the value for its state.
    #[inline(always)]
    pub(super) fn for_each(&self, state: &Column<i32>, mut each: impl FnMut(usize, T)) {
        match self {
            &Self::Two([a, b]) => {
                for (l, &s) in state.iter().enumerate() {
                    each(l, if s == 0 { a } else { b });
                }
            }
            &Self::Four([a, b, c, d]) => {
                for (l, &s) in state.iter().enumerate() {
                    let low = if s == 0 { a } else { b };
                    let high = if s == 2 { c } else { d };
                    each(l, if s < 2 { low } else { high });
                }
            }
            Self::Many(values) => {
                for (l, &s) in state.iter().enumerate() {
                    each(l, values[s.cast_unsigned() as usize]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of which an event of probability `p` takes those below, counted from the smallest.
    fn words(p: f64) -> u64 {
        let happens = |rank: u64| {
            let word = u32::try_from(rank).unwrap() ^ (1 << 31);
            Chance::new(p).happens(word)
        };
        let (mut lo, mut hi) = (0, 1 << 32);
        while lo < hi {
            let middle = u64::midpoint(lo, hi);
            if happens(middle) {
                lo = middle + 1;
            } else {
                hi = middle;
            }
        }
        lo
    }

    #[test]
    fn the_bias_is_below_one_word() {
        for p in [1e-12, 1e-9, 0.0062, 0.05, 0.3085, 0.5, 0.8413, 1.0 - 1e-9] {
            let share = words(p) as f64 / 4_294_967_296.0;
            assert!((share - p).abs() < 1.0 / 4_294_967_296.0, "{p}: {share}");
        }
    }

    #[test]
    fn never_and_always_are_exact() {
        assert_eq!(words(0.0), 0);
        assert_eq!(words(1.0), 1 << 32);
        assert_eq!(Chance::new(0.0), Chance::NEVER);
    }

    #[test]
    fn every_state_has_its_value() {
        for states in [1, 2, 3, 4, 7] {
            let values: Vec<usize> = (10..10 + states).collect();
            let mut state = Column::new(0);
            for (l, s) in (0..).zip(state.iter_mut()) {
                *s = l % i32::try_from(states).unwrap();
            }
            ByState::new(&values).for_each(&state, |l, v| assert_eq!(v, 10 + l % states));
        }
    }
}
