//! Early exit beside rejection: 1 − s_both = (1 − s)(1 − e), with e what early exit still saves of the
//! tokens that rejection leaves. The same holds of savings per retained sample.
//!
//! Each figure is a quotient of linear functions in every published number by itself, so its exact range
//! over intervals is that over their corners.

use serde::{Deserialize, Serialize};

use super::range::Range;
use super::spec::{EarlyExitSpec, Published, RowSpec};

/// How both compose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EarlyExit {
    /// e: what early exit saves of what rejection leaves.
    pub of_what_rejection_leaves: Range,
    /// What early exit saves alone.
    pub alone: Option<Range>,
    /// What both would save if early exit saved the same share of whatever rejection leaves.
    pub both_if_independent: Option<Range>,
    /// What both save.
    pub both: Range,
    /// s + s_alone − s_both: the share of all tokens that each of the two saves, if early exit acts alike on
    /// what is not rejected.
    pub overlap: Option<Range>,
    /// Whether that share is one: not below 0, and not above what either saves.
    pub acts_alike: Option<bool>,
    /// Whether e can be 0 or more.
    pub consistent: bool,
}

/// A published number as the tokens it leaves, of 1 or of `tokens_full`.
#[derive(Debug, Clone, Copy)]
struct Left {
    range: Range,
    of_full: bool,
}

impl Left {
    fn of(published: Published) -> Self {
        match published {
            Published::Savings(saved) => Self {
                range: Range {
                    lo: 1.0 - saved.hi,
                    hi: 1.0 - saved.lo,
                },
                of_full: false,
            },
            Published::Tokens(range) => Self {
                range,
                of_full: true,
            },
        }
    }

    fn ends(self) -> [f64; 2] {
        self.range.into()
    }

    fn share(self, x: f64, full: f64) -> f64 {
        if self.of_full { x / full } else { x }
    }
}

/// What a row says of early exit; `None` where it says nothing, or not what rejection saves.
pub(super) fn early_exit(row: &RowSpec, savings: Option<Range>) -> Option<EarlyExit> {
    let EarlyExitSpec { alone, both } = row.early_exit?;
    let rejection = match (row.tokens, row.savings) {
        // Counts are exact where intervals of savings forget that they share what is full.
        (Some([_, paid]), None) => Published::Tokens(paid),
        _ => Published::Savings(savings?),
    };
    let full = row.tokens.map_or(Range::point(1.0), |[full, _]| full);
    let [rejection, both] = [rejection, both].map(Left::of);
    let alone = alone.map(Left::of);
    let over = |f: &dyn Fn(f64, f64, f64) -> f64| {
        let none = [0.0, 0.0];
        let mut values = Vec::new();
        for whole in <[f64; 2]>::from(full) {
            for r in rejection.ends() {
                for b in both.ends() {
                    for x in alone.map_or(none, Left::ends) {
                        let x = alone.map_or(0.0, |alone| alone.share(x, whole));
                        values.push(f(rejection.share(r, whole), x, both.share(b, whole)));
                    }
                }
            }
        }
        Range::of(values).unwrap_or(Range::point(f64::NAN))
    };
    let still = over(&|left, _, both| 1.0 - both / left);
    let overlap = alone.map(|_| over(&|left, alone, both| 1.0 - left - alone + both));
    let each = [
        over(&|left, _, _| 1.0 - left),
        over(&|_, alone, _| 1.0 - alone),
    ];
    let least = Range {
        lo: 0.0,
        hi: each[0].hi.min(each[1].hi),
    };
    Some(EarlyExit {
        of_what_rejection_leaves: still,
        alone: alone.map(|_| each[1]),
        both_if_independent: alone.map(|_| over(&|left, alone, _| 1.0 - left * alone)),
        both: over(&|_, _, both| 1.0 - both),
        overlap,
        acts_alike: overlap.map(|overlap| overlap.and(least).is_some()),
        consistent: still.hi >= 0.0,
    })
}
