//! Estimates of a policy and of its coin as a figure takes them: finite, or undefined.

use super::row::Row;
use super::scene::Point;
use crate::study::Estimate;

/// Share of the range that is kept free at its ends.
pub(super) const FREE: f64 = 0.04;
/// Nothing larger is drawn: it is as good as infinite.
const LARGEST: f64 = 1e100;

/// An estimate with what can be drawn of it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Value {
    pub(super) mean: Option<f64>,
    pub(super) ci: Option<Point>,
    pub(super) exact: Option<f64>,
}

impl Value {
    /// An estimate of which no exact value is known.
    pub(super) fn of(estimate: &Estimate) -> Self {
        Self {
            mean: estimate.mean,
            ci: estimate.ci.map(|[lo, hi]| (lo, hi)),
            exact: None,
        }
    }

    /// The same in units of 1/`unit`, as far as it can be drawn.
    pub(super) fn scaled(self, unit: f64) -> Self {
        let scaled = |x: f64| Some(x * unit).filter(|x| x.abs() <= LARGEST);
        Self {
            mean: self.mean.and_then(scaled),
            ci: self.ci.and_then(|(lo, hi)| scaled(lo).zip(scaled(hi))),
            exact: self.exact.and_then(scaled),
        }
    }

    /// Where it is, by simulation and by theory.
    pub(super) fn points(&self) -> impl Iterator<Item = f64> {
        [self.mean, self.exact].into_iter().flatten()
    }
}

/// What the rows say of a policy and its coin.
pub(super) fn read(rows: &[Row], names: [&str; 2], unit: f64) -> Vec<[Value; 2]> {
    rows.iter()
        .map(|row| names.map(|name| row.value(name, unit)))
        .collect()
}

/// From the least to the greatest value, `reference` among them.
pub(super) fn points(values: &[[Value; 2]], reference: f64) -> Point {
    let points = values.iter().flatten().flat_map(Value::points);
    points.fold((reference, reference), |(lo, hi), x| (lo.min(x), hi.max(x)))
}

/// What a panel shows, at least `least` of it. Intervals stretch the range of the values by at
/// most its own width on each side.
pub(super) fn range(values: &[[Value; 2]], reference: f64, least: f64) -> Point {
    let (lo, hi) = points(values, reference);
    let stretch = (hi - lo).max(least);
    let intervals = values.iter().flatten().filter_map(|value| value.ci);
    let (from, to) = intervals.fold((lo, hi), |(from, to): Point, ci| {
        (
            from.min(ci.0.max(lo - stretch)),
            to.max(ci.1.min(hi + stretch)),
        )
    });
    let free = FREE * (to - from).max(least);
    let before = if from < reference { free } else { 0.0 };
    (from - before, (to + free).max(from + least))
}
