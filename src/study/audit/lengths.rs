//! What savings ask of lengths.
//!
//! With y = s/(1 − φ) the share of all full-length tokens that belongs to the rejected, the ratio of mean
//! full lengths is m_R/m_S = [y/(1 − y)]·[(1 − q)/q] = s(1 − q)/(q(1 − φ − s)): it rises with s and φ and
//! falls with q. A saving r per retained sample is s = 1 − (1 − r)(1 − f), so both factors then depend on
//! the law of (good, rejected); their product is searched exactly ([`Laws::product`]).

use super::joint::{ALL, Cells, Fraction, GOOD, GOOD_KEPT, KEPT, Laws, REJECTED, combine};
use super::range::Range;
use super::spec::Accounting;

/// What the rejected paid of their full lengths, where that is unknown.
const UNKNOWN: Range = Range { lo: 0.0, hi: 1.0 };

/// The published saving, how it is counted, and the share φ that the rejected paid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lengths {
    pub(super) accounting: Accounting,
    pub(super) savings: Range,
    pub(super) paid_share: Option<Range>,
}

impl Lengths {
    /// s and 1 − φ − s as forms of a law, both times P(good) where savings are per retained sample.
    fn odds(self, saved: f64, paid: f64) -> Fraction {
        match self.accounting {
            Accounting::PerAttempt => Fraction {
                above: ALL.map(|x| saved * x),
                below: ALL.map(|x| (1.0 - paid - saved) * x),
            },
            Accounting::PerRetained => {
                let tokens = GOOD_KEPT.map(|x| (1.0 - saved) * x);
                Fraction {
                    above: combine(1.0, &GOOD, 1.0, &tokens),
                    below: combine(1.0, &tokens, paid, &GOOD),
                }
            }
        }
    }

    /// What must not be negative on a law if the rejected are to pay as much as was published:
    /// 1 − φ − s at the ends that ask for least.
    pub(super) fn conditions(self) -> Vec<Cells> {
        let paid = self.paid_share.unwrap_or(UNKNOWN);
        match self.accounting {
            // It does not depend on the law; scaled to a form of it.
            Accounting::PerAttempt => {
                let left = 1.0 - paid.lo - self.savings.lo;
                if left > 0.0 {
                    Vec::new()
                } else {
                    vec![[-1.0; 4]]
                }
            }
            Accounting::PerRetained => vec![self.odds(self.savings.lo, paid.lo).below],
        }
    }

    /// The range of m_R/m_S on `laws`; without an upper end where nobody says what the rejected paid.
    pub(super) fn ratio(self, laws: &Laws) -> Option<Range> {
        self.ratio_with(laws, self.paid_share.unwrap_or(UNKNOWN))
    }

    /// The range of the least ratio: that with rejections that cost nothing.
    pub(super) fn least_ratio(self, laws: &Laws) -> Option<Range> {
        self.ratio_with(laws, Range::point(0.0))
    }

    fn ratio_with(self, laws: &Laws, paid: Range) -> Option<Range> {
        let kept = Fraction {
            above: KEPT,
            below: REJECTED,
        };
        let at = |saved, paid| laws.product([self.odds(saved, paid), kept]);
        let least = at(self.savings.lo, paid.lo)?;
        let most = at(self.savings.hi, paid.hi)?;
        Some(Range {
            lo: least.lo,
            hi: most.hi,
        })
    }

    /// Savings per attempt, given false rejection rates.
    pub(super) fn per_attempt(self, f: Option<Range>) -> Option<Range> {
        match self.accounting {
            Accounting::PerAttempt => Some(self.savings),
            Accounting::PerRetained => f.map(|f| Range {
                lo: 1.0 - (1.0 - self.savings.lo) * (1.0 - f.lo),
                hi: 1.0 - (1.0 - self.savings.hi) * (1.0 - f.hi),
            }),
        }
    }

    /// Cost per retained sample against full generation, given false rejection rates.
    pub(super) fn cost_ratio(self, f: Option<Range>) -> Option<Range> {
        let (lo, hi) = (1.0 - self.savings.hi, 1.0 - self.savings.lo);
        match self.accounting {
            Accounting::PerAttempt => f.map(|f| Range {
                lo: lo / (1.0 - f.lo),
                hi: hi / (1.0 - f.hi),
            }),
            Accounting::PerRetained => Some(Range { lo, hi }),
        }
    }

    /// The least false rejection rate with which rejected and kept generations can be equally long, over
    /// accuracies before and after. 1 says that no rate below 1 will do.
    ///
    /// At equal lengths q = s/(1 − φ) ≥ s, so f ≥ 1 − p'(1 − s)/a; per retained sample both sides carry
    /// 1 − f, and p'(1 − r) ≥ a must hold whatever f is. No detection rate is negative, so the odds of
    /// good may not fall faster than f lets them. All of it rises with a and s and falls with p'.
    pub(super) fn frr_at_equal_lengths(self, a: Range, after: Range) -> Range {
        let least = |a: f64, after: f64, saved: f64| {
            let by_savings = match self.accounting {
                _ if a <= 0.0 => 0.0,
                Accounting::PerAttempt => 1.0 - after * (1.0 - saved) / a,
                Accounting::PerRetained if after * (1.0 - saved) < a => 1.0,
                Accounting::PerRetained => 0.0,
            };
            let by_detection = if after < a {
                1.0 - after * (1.0 - a) / (a * (1.0 - after))
            } else {
                0.0
            };
            by_savings.max(by_detection).max(0.0)
        };
        Range {
            lo: least(a.lo, after.hi, self.savings.lo),
            hi: least(a.hi, after.lo, self.savings.hi),
        }
    }
}
