//! Ranges of an audit against dense sampling of the laws that intervals allow.

use foldem::study::audit::{Quantity, Range};

use super::audit::one;

/// Steps of the grid in each direction.
const STEPS: u32 = 120;

/// Ends of intervals of what is published; `None` where nothing is.
#[derive(Debug, Clone, Copy)]
struct Box {
    before: [f64; 2],
    after: Option<[f64; 2]>,
    false_rejection: [f64; 2],
    detection: Option<[f64; 2]>,
    rejected: Option<[f64; 2]>,
    savings: [f64; 2],
    paid: [f64; 2],
}

const BOXES: [Box; 5] = [
    Box {
        before: [0.5, 0.6],
        after: Some([0.65, 0.7]),
        false_rejection: [0.02, 0.1],
        detection: None,
        rejected: None,
        savings: [0.3, 0.4],
        paid: [0.1, 0.2],
    },
    Box {
        before: [0.3, 0.7],
        after: Some([0.6, 0.8]),
        false_rejection: [0.0, 0.5],
        detection: Some([0.4, 0.7]),
        rejected: Some([0.2, 0.45]),
        savings: [0.2, 0.5],
        paid: [0.0, 0.3],
    },
    Box {
        before: [0.4, 0.8],
        after: None,
        false_rejection: [0.05, 0.6],
        detection: Some([0.3, 0.9]),
        rejected: None,
        savings: [0.05, 0.1],
        paid: [0.05, 0.4],
    },
    Box {
        before: [0.5, 0.9],
        after: Some([0.4, 0.8]),
        false_rejection: [0.1, 0.9],
        detection: None,
        rejected: Some([0.3, 0.8]),
        savings: [0.01, 0.3],
        paid: [0.3, 0.5],
    },
    Box {
        before: [0.2, 0.6],
        after: Some([0.5, 0.9]),
        false_rejection: [0.2, 0.8],
        detection: Some([0.5, 1.0]),
        rejected: None,
        savings: [0.4, 0.6],
        paid: [0.0, 0.0],
    },
];

/// Draws of one quantity over the laws of a box.
#[derive(Debug, Clone, Copy)]
struct Seen {
    lo: f64,
    hi: f64,
}

impl Seen {
    const NOTHING: Self = Self {
        lo: f64::INFINITY,
        hi: f64::NEG_INFINITY,
    };

    fn add(&mut self, x: f64) {
        self.lo = self.lo.min(x);
        self.hi = self.hi.max(x);
    }

    /// Nothing seen lies outside, and the ends were nearly seen.
    fn fills(self, range: Range) -> bool {
        let width = range.hi - range.lo;
        let rounding = 1e-9 * range.hi.abs().max(1.0);
        self.lo >= range.lo - rounding
            && self.hi <= range.hi + rounding
            && self.lo - range.lo <= 0.06 * width + rounding
            && range.hi - self.hi <= 0.06 * width + rounding
    }
}

fn within(x: f64, ends: Option<[f64; 2]>) -> bool {
    ends.is_none_or(|[lo, hi]| (lo - 1e-12..=hi + 1e-12).contains(&x))
}

/// Accuracy after, detection, rejected share, length ratio, its lower limit and cost ratio over a grid.
fn sampled(given: &Box, per_retained: bool) -> [Seen; 6] {
    let at = |[lo, hi]: [f64; 2], i: u32, n: u32| lo + (hi - lo) * f64::from(i) / f64::from(n);
    let mut seen = [Seen::NOTHING; 6];
    for i in 0..=STEPS {
        for j in 0..=STEPS {
            for k in 0..=STEPS {
                let a = at(given.before, i, STEPS);
                let f = at(given.false_rejection, j, STEPS);
                // What is not published follows, so that the ends are on the grid.
                let d = match (given.detection, given.after) {
                    (None, Some(after)) => {
                        let after = at(after, k, STEPS);
                        1.0 - a * (1.0 - f) * (1.0 - after) / ((1.0 - a) * after)
                    }
                    (detection, _) => at(detection.unwrap_or([0.0, 1.0]), k, STEPS),
                };
                if !(0.0..=1.0).contains(&d) {
                    continue;
                }
                let q = a * f + (1.0 - a) * d;
                let after = a * (1.0 - f) / (1.0 - q);
                if !within(after, given.after) || !within(q, given.rejected) {
                    continue;
                }
                for corner in 0..4 {
                    let saved = given.savings[corner & 1];
                    let phi = given.paid[corner >> 1];
                    let s = if per_retained {
                        1.0 - (1.0 - saved) * (1.0 - f)
                    } else {
                        saved
                    };
                    if s + phi >= 1.0 {
                        continue;
                    }
                    let cost = if per_retained {
                        1.0 - saved
                    } else {
                        (1.0 - s) / (1.0 - f)
                    };
                    let ratio = s * (1.0 - q) / (q * (1.0 - phi - s));
                    let least = s * (1.0 - q) / (q * (1.0 - s));
                    for (seen, x) in seen.iter_mut().zip([after, d, q, ratio, least, cost]) {
                        seen.add(x);
                    }
                }
            }
        }
    }
    seen
}

/// The row that publishes a box.
fn published(given: &Box, per_retained: bool) -> String {
    let interval = |key: &str, ends: Option<[f64; 2]>| {
        ends.map_or_else(String::new, |[lo, hi]| {
            format!("{key} = [{lo:?}, {hi:?}]\n")
        })
    };
    let text = [
        interval("accuracy_before", Some(given.before)),
        interval("accuracy_after", given.after),
        interval("false_rejection", Some(given.false_rejection)),
        interval("detection", given.detection),
        interval("rejected_share", given.rejected),
        interval("savings", Some(given.savings)),
        interval("paid_share", Some(given.paid)),
        format!(
            "accounting = \"per-{}\"\n",
            if per_retained { "retained" } else { "attempt" }
        ),
    ];
    text.concat()
}

/// The exact ranges hold all of a dense grid of laws, and no more than they take.
#[test]
fn ranges_are_those_of_dense_sampling() {
    for (number, given) in BOXES.iter().enumerate() {
        for per_retained in [false, true] {
            let seen = sampled(given, per_retained);
            let found = one(&published(given, per_retained));
            assert!(found.consistent);
            let share = |name| {
                found
                    .shares
                    .iter()
                    .find(|s| s.name == name)
                    .unwrap()
                    .together
                    .unwrap()
            };
            let ranges = [
                share(Quantity::AccuracyAfter),
                share(Quantity::Detection),
                share(Quantity::RejectedShare),
                found.length_ratio_implied.unwrap(),
                found.length_ratio_min.unwrap(),
                found.cost_ratio_implied.unwrap(),
            ];
            for (i, (seen, range)) in seen.iter().zip(ranges).enumerate() {
                // Where the rejected may own all tokens, the ratio has no upper end to be seen.
                if range.hi.is_finite() {
                    assert!(
                        seen.fills(range),
                        "box {number}, {per_retained}, figure {i}: {seen:?}, {range:?}"
                    );
                    // The check can fail: a range a tenth too wide or too narrow does.
                    let width = 0.1 * (range.hi - range.lo);
                    if width > 1e-6 {
                        for by in [width, -width] {
                            assert!(!seen.fills(Range {
                                lo: range.lo,
                                hi: range.hi + by
                            }));
                        }
                    }
                }
            }
        }
    }
}
