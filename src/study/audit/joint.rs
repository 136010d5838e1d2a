//! All joint laws of (good, rejected) that published numbers allow.
//!
//! Such a law is four cells that sum to 1. Each published share is a part over a whole of cells, so an
//! interval of it is two linear conditions, and the laws form a polytope of three dimensions. A share is
//! monotone along every segment of laws, hence its exact range is that over the corners; there are at
//! most as many as triples of conditions. Assumes one population and one meaning of "good".

use serde::{Deserialize, Serialize};

use super::range::{Range, TINY};

/// The cells: good and rejected, good and kept, bad and rejected, bad and kept.
pub(super) type Cells = [f64; 4];

pub(super) const ALL: Cells = [1.0; 4];
pub(super) const GOOD: Cells = [1.0, 1.0, 0.0, 0.0];
pub(super) const GOOD_KEPT: Cells = [0.0, 1.0, 0.0, 0.0];
pub(super) const REJECTED: Cells = [1.0, 0.0, 1.0, 0.0];
pub(super) const KEPT: Cells = [0.0, 1.0, 0.0, 1.0];

/// A share that such a law fixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// a = P(good).
    AccuracyBefore,
    /// p' = P(good | kept).
    AccuracyAfter,
    /// f = P(rejected | good).
    FalseRejection,
    /// d = P(rejected | bad).
    Detection,
    /// q = P(rejected).
    RejectedShare,
}

/// All of them, in the order in which they are shown.
pub const QUANTITIES: [Quantity; 5] = [
    Quantity::AccuracyBefore,
    Quantity::AccuracyAfter,
    Quantity::FalseRejection,
    Quantity::Detection,
    Quantity::RejectedShare,
];

impl Quantity {
    /// Its key in files.
    pub fn key(self) -> &'static str {
        match self {
            Self::AccuracyBefore => "accuracy_before",
            Self::AccuracyAfter => "accuracy_after",
            Self::FalseRejection => "false_rejection",
            Self::Detection => "detection",
            Self::RejectedShare => "rejected_share",
        }
    }

    fn part(self) -> Cells {
        match self {
            Self::AccuracyBefore => GOOD,
            Self::AccuracyAfter => GOOD_KEPT,
            Self::FalseRejection => [1.0, 0.0, 0.0, 0.0],
            Self::Detection => [0.0, 0.0, 1.0, 0.0],
            Self::RejectedShare => REJECTED,
        }
    }

    fn whole(self) -> Cells {
        match self {
            Self::AccuracyBefore | Self::RejectedShare => ALL,
            Self::AccuracyAfter => KEPT,
            Self::FalseRejection => GOOD,
            Self::Detection => [0.0, 0.0, 1.0, 1.0],
        }
    }
}

/// A published share.
pub(super) type Given = (Quantity, Range);

/// A ratio of two linear forms of a law, neither below 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fraction {
    pub(super) above: Cells,
    pub(super) below: Cells,
}

/// Laws by their corners.
#[derive(Debug, Clone)]
pub(super) struct Laws {
    corners: Vec<Cells>,
}

pub(super) fn dot(a: &Cells, b: &Cells) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// `x · a − y · b`.
pub(super) fn combine(x: f64, a: &Cells, y: f64, b: &Cells) -> Cells {
    std::array::from_fn(|i| x * a[i] - y * b[i])
}

impl Laws {
    /// The laws with the `given` shares, on which each form of `not_negative` is 0 or more. None where
    /// all are rejected: then nothing is kept that could be published.
    pub(super) fn new(given: &[Given], not_negative: &[Cells]) -> Self {
        let mut conditions: Vec<Cells> = (0..4)
            .map(|i| std::array::from_fn(|j| f64::from(u8::from(i == j))))
            .collect();
        for (quantity, range) in given {
            let (part, whole) = (quantity.part(), quantity.whole());
            conditions.push(combine(1.0, &part, range.lo, &whole));
            conditions.push(combine(range.hi, &whole, 1.0, &part));
        }
        conditions.extend_from_slice(not_negative);
        conditions.retain(|c| dot(c, c) > 0.0);
        for condition in &mut conditions {
            let length = dot(condition, condition).sqrt();
            *condition = condition.map(|x| x / length);
        }
        let mut corners: Vec<Cells> = Vec::new();
        for (i, a) in conditions.iter().enumerate() {
            for (j, b) in conditions[..i].iter().enumerate() {
                for c in &conditions[..j] {
                    let Some(corner) = common(a, b, c) else {
                        continue;
                    };
                    let allowed = conditions.iter().all(|d| dot(d, &corner) >= -TINY);
                    let known = |other: &Cells| {
                        other.iter().zip(&corner).all(|(x, y)| (x - y).abs() < TINY)
                    };
                    if allowed && !corners.iter().any(known) {
                        corners.push(corner);
                    }
                }
            }
        }
        Self { corners }.with_some(&KEPT)
    }

    /// The same laws, or none where `cells` are empty on all of them.
    pub(super) fn with_some(mut self, cells: &Cells) -> Self {
        if self.corners.iter().all(|x| dot(x, cells) <= TINY) {
            self.corners.clear();
        }
        self
    }

    /// Whether no law satisfies all conditions.
    pub(super) fn is_empty(&self) -> bool {
        self.corners.is_empty()
    }

    /// Whether some law rejects something.
    pub(super) fn may_reject(&self) -> bool {
        self.corners.iter().any(|x| dot(x, &REJECTED) > TINY)
    }

    /// The exact range of a share; `None` where its whole is always 0, or there is no law.
    pub(super) fn range(&self, quantity: Quantity) -> Option<Range> {
        // Where the whole is 0 the part is, too: such a corner adds no value to those of the others.
        let with_whole = self
            .corners
            .iter()
            .filter(|x| dot(x, &quantity.whole()) > TINY);
        let values = with_whole.map(|x| dot(x, &quantity.part()) / dot(x, &quantity.whole()));
        Range::of(values.map(|x| x.clamp(0.0, 1.0)))
    }

    /// The exact range of the product of two fractions, [0, ∞] at most; `None` where it is never defined.
    ///
    /// Besides at corners it may be extreme within a segment between two of them, where the derivative
    /// of its logarithm, a quadratic over a product of positive forms, is 0.
    pub(super) fn product(&self, factors: [Fraction; 2]) -> Option<Range> {
        let corners = self.corners.iter().enumerate();
        let segments = corners.flat_map(|(i, v)| self.corners[..=i].iter().map(move |w| (v, w)));
        Range::of(segments.flat_map(|(v, w)| along(factors, v, w)))
    }
}

/// Values of the product at both ends of a segment, as limits along it, and where it is stationary between them.
fn along(factors: [Fraction; 2], v: &Cells, w: &Cells) -> Vec<f64> {
    let forms = |from: &Cells, to: &Cells| {
        let form = |f: &Cells| [not_negative(dot(f, from)), not_negative(dot(f, to))];
        factors.map(|f| [form(&f.above), form(&f.below)])
    };
    let ends = forms(v, w);
    let at = |t: f64| {
        let between = |[from, to]: [f64; 2]| from + t * (to - from);
        let factor = |[above, below]: [[f64; 2]; 2]| between(above) / between(below);
        factor(ends[0]) * factor(ends[1])
    };
    // The derivative of a fraction has the constant c over the square of its denominator.
    let c = ends.map(|[n, d]| (n[1] - n[0]) * d[0] - (d[1] - d[0]) * n[0]);
    // Coefficients in t of above · below.
    let squares = ends.map(|[n, d]| {
        let (n1, d1) = (n[1] - n[0], d[1] - d[0]);
        [n[0] * d[0], n[0] * d1 + n1 * d[0], n1 * d1]
    });
    let quadratic: [f64; 3] = std::array::from_fn(|k| c[0] * squares[1][k] + c[1] * squares[0][k]);
    let mut values = vec![limit(ends), limit(forms(w, v))];
    values.extend(
        roots(quadratic)
            .into_iter()
            .filter(|t| *t > 0.0 && *t < 1.0)
            .map(at),
    );
    values
}

/// A form that is not negative but for rounding.
fn not_negative(x: f64) -> f64 {
    if x > TINY { x } else { 0.0 }
}

/// The product at the start of a segment, come from its inside: a form that is 0 there grows in proportion to t, so
/// that 0/0, and 0 times infinity, have a value. NaN where a fraction is 0/0 all along.
fn limit(ends: [[[f64; 2]; 2]; 2]) -> f64 {
    // The power of t, and what it is multiplied by.
    let (mut power, mut value) = (0_i32, 1.0);
    for [above, below] in ends {
        for (form, sign) in [(above, 1), (below, -1)] {
            let [here, there] = form;
            power += if here > 0.0 { 0 } else { sign };
            let first = if here > 0.0 { here } else { there };
            value = if sign > 0 {
                value * first
            } else {
                value / first
            };
        }
    }
    match power {
        // A form that is 0 all along makes it 0, infinite or NaN.
        _ if value.is_nan() || value <= 0.0 || value.is_infinite() => value,
        0 => value,
        1.. => 0.0,
        _ => f64::INFINITY,
    }
}

/// Real roots of `c0 + c1 t + c2 t²`.
fn roots([c0, c1, c2]: [f64; 3]) -> Vec<f64> {
    let discriminant = c1 * c1 - 4.0 * c0 * c2;
    if discriminant < 0.0 {
        return Vec::new();
    }
    let half = -0.5 * (c1 + discriminant.sqrt().copysign(c1));
    let found = [half / c2, c0 / half];
    found.into_iter().filter(|t| t.is_finite()).collect()
}

/// The law on which three linear forms are 0, if they leave just one.
fn common(a: &Cells, b: &Cells, c: &Cells) -> Option<Cells> {
    let minor = |columns: [usize; 3]| {
        let [i, j, k] = columns;
        a[i] * (b[j] * c[k] - b[k] * c[j]) - a[j] * (b[i] * c[k] - b[k] * c[i])
            + a[k] * (b[i] * c[j] - b[j] * c[i])
    };
    let normal = [
        minor([1, 2, 3]),
        -minor([0, 2, 3]),
        minor([0, 1, 3]),
        -minor([0, 1, 2]),
    ];
    let sum: f64 = normal.iter().sum();
    // Parallel conditions have no common law, or many; other triples find the corners of those.
    if sum.abs() <= 1e-14 {
        return None;
    }
    Some(normal.map(|x| x / sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (x + 1)(3 − x) over constants is greatest at 1, inside the segment from 0 to 2.
    #[test]
    fn a_product_may_be_extreme_within_a_segment() {
        let laws = Laws {
            corners: vec![[0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]],
        };
        let rises = Fraction {
            above: [3.0, 1.0, 0.0, 0.0],
            below: ALL,
        };
        let falls = Fraction {
            above: [1.0, 3.0, 0.0, 0.0],
            below: ALL,
        };
        assert_eq!(
            laws.product([rises, falls]),
            Some(Range { lo: 3.0, hi: 4.0 })
        );
    }

    /// (1 − 0.72 t)/(0.72 t) · t/(1 − t) is 1/0.72 at 0, where it is infinity times 0, and grows from there.
    #[test]
    fn a_product_has_limits_where_its_factors_have_none() {
        let laws = Laws {
            corners: vec![[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]],
        };
        let odds = Fraction {
            above: [1.0, 0.28, 0.0, 0.0],
            below: [0.0, 0.72, 0.0, 0.0],
        };
        let kept = Fraction {
            above: KEPT,
            below: REJECTED,
        };
        let found = laws.product([odds, kept]).unwrap();
        assert!((found.lo - 1.0 / 0.72).abs() < 1e-12 && found.hi.is_infinite());
    }

    #[test]
    fn without_conditions_everything_is_possible_and_impossible_ones_leave_nothing() {
        let all = Laws::new(&[], &[]);
        assert_eq!(all.corners.len(), 4);
        for quantity in QUANTITIES {
            assert_eq!(all.range(quantity), Some(Range { lo: 0.0, hi: 1.0 }));
        }
        let everything = [(Quantity::RejectedShare, Range::point(1.0))];
        assert!(Laws::new(&everything, &[]).is_empty());
        let none = [
            (Quantity::AccuracyBefore, Range::point(1.0)),
            (Quantity::AccuracyAfter, Range::point(0.9)),
        ];
        assert!(Laws::new(&none, &[]).is_empty());
        let good = Laws::new(&none[..1], &[]);
        assert_eq!(good.range(Quantity::Detection), None);
        assert_eq!(good.range(Quantity::AccuracyAfter), Some(Range::point(1.0)));
    }

    #[test]
    fn roots_of_linear_and_quadratic_functions() {
        assert_eq!(roots([-2.0, 4.0, 0.0]), [0.5]);
        assert!(roots([1.0, 0.0, 0.0]).is_empty() && roots([1.0, 0.0, 1.0]).is_empty());
        let mut two = roots([0.25, -1.25, 1.0]);
        two.sort_by(f64::total_cmp);
        assert_eq!(two, [0.25, 1.0]);
    }
}
