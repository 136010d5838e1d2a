//! A published number with its uncertainty: a closed interval, a point where both ends are equal.

use serde::{Deserialize, Serialize};

/// Ends closer than this are one value, and distances below it are rounding of the arithmetic.
pub(super) const TINY: f64 = 1e-12;

/// From `lo` to `hi`; `hi` may be infinite. In JSON `[lo, hi]`, an infinite end being null.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(into = "[f64; 2]", from = "[Option<f64>; 2]")]
pub struct Range {
    /// The least value.
    pub lo: f64,
    /// The greatest value.
    pub hi: f64,
}

impl From<Range> for [f64; 2] {
    fn from(range: Range) -> Self {
        [range.lo, range.hi]
    }
}

impl From<[Option<f64>; 2]> for Range {
    fn from(ends: [Option<f64>; 2]) -> Self {
        let [lo, hi] = ends.map(|end| end.unwrap_or(f64::INFINITY));
        Self { lo, hi }
    }
}

impl Range {
    /// One value.
    pub fn point(x: f64) -> Self {
        Self { lo: x, hi: x }
    }

    /// From the least to the greatest of `values`; `None` without any. NaN is passed over.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let values = values.into_iter().filter(|x| !x.is_nan());
        values.fold(None, |range: Option<Self>, x| {
            let range = range.unwrap_or(Self::point(x));
            Some(Self {
                lo: range.lo.min(x),
                hi: range.hi.max(x),
            })
        })
    }

    /// Whether it is one value, but for rounding.
    pub fn is_point(&self) -> bool {
        self.hi.is_finite() && self.hi - self.lo <= 1e-9 * self.hi.abs().max(TINY)
    }

    /// What both hold; `None` where they are apart by more than rounding.
    pub(super) fn and(self, other: Self) -> Option<Self> {
        let (lo, hi) = (self.lo.max(other.lo), self.hi.min(other.hi));
        if lo <= hi {
            Some(Self { lo, hi })
        } else {
            (lo - hi <= TINY).then(|| Self::point(0.5 * (lo + hi)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_meet_or_do_not() {
        let (a, b) = (Range { lo: 0.1, hi: 0.4 }, Range { lo: 0.3, hi: 0.9 });
        assert_eq!(a.and(b), Some(Range { lo: 0.3, hi: 0.4 }));
        assert_eq!(a.and(Range::point(0.5)), None);
        assert!(Range::point(0.1).and(Range::point(0.1 + 1e-16)).is_some());
        assert_eq!(Range::of([f64::NAN]), None);
        assert_eq!(
            Range::of([2.0, f64::NAN, 1.0]),
            Some(Range { lo: 1.0, hi: 2.0 })
        );
    }

    #[test]
    fn an_open_end_is_null() {
        let open = Range {
            lo: 1.5,
            hi: f64::INFINITY,
        };
        assert_eq!(serde_json::to_string(&open).unwrap(), "[1.5,null]");
        assert_eq!(serde_json::from_str::<Range>("[1.5,null]").unwrap(), open);
    }
}
