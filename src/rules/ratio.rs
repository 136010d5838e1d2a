//! Exact fractions of 128-bit integers.
//!
//! An operation whose result does not fit gives `None`, so nothing is ever rounded, seen or unseen.

use std::cmp::Ordering;

/// A fraction in lowest terms with a positive denominator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ratio {
    numerator: i128,
    denominator: i128,
}

impl Ratio {
    pub(super) const ZERO: Self = Self::whole(0);

    /// The fraction `numerator / denominator`; `None` for a denominator of 0.
    pub(super) fn new(numerator: i128, denominator: i128) -> Option<Self> {
        match denominator {
            0 => return None,
            1 => return Some(Self::whole(numerator)),
            _ => {}
        }
        let divisor = i128::try_from(gcd(numerator.unsigned_abs(), denominator.unsigned_abs()))
            .ok()?
            .checked_mul(denominator.signum())?;
        if divisor == 1 {
            return Some(Self {
                numerator,
                denominator,
            });
        }
        Some(Self {
            numerator: numerator.checked_div(divisor)?,
            denominator: denominator.checked_div(divisor)?,
        })
    }

    pub(super) const fn whole(n: i128) -> Self {
        Self {
            numerator: n,
            denominator: 1,
        }
    }

    /// 10^−12.
    pub(super) const fn trillionth() -> Self {
        Self {
            numerator: 1,
            denominator: 1_000_000_000_000,
        }
    }

    /// 10 to the power of −`digits`: what the last of that many digits after the point counts.
    pub(super) fn last_place(digits: u32) -> Option<Self> {
        Some(Self {
            numerator: 1,
            denominator: 10_i128.checked_pow(digits)?,
        })
    }

    /// The fraction whose shortest decimal is that of `x`; `None` where it does not fit.
    pub(super) fn of_shortest_decimal(x: f64) -> Option<Self> {
        let written = x.to_string();
        let (whole, decimals) = written.split_once('.').unwrap_or((&written, ""));
        let digits: i128 = format!("{whole}{decimals}").parse().ok()?;
        Self::whole(digits).multiply(Self::last_place(decimals.len().try_into().ok()?)?)
    }

    pub(super) fn is_whole(self) -> bool {
        self.denominator == 1
    }

    pub(super) fn is_zero(self) -> bool {
        self.numerator == 0
    }

    pub(super) fn is_negative(self) -> bool {
        self.numerator < 0
    }

    pub(super) fn add(self, other: Self) -> Option<Self> {
        if self.denominator == other.denominator {
            let sum = self.numerator.checked_add(other.numerator)?;
            return Self::new(sum, self.denominator);
        }
        // Over the least common denominator, so that only sums that do not fit are given up.
        let (a, b) = (self.denominator, other.denominator);
        let shared = i128::try_from(gcd(a.unsigned_abs(), b.unsigned_abs())).ok()?;
        let (of_left, of_right) = (b / shared, a / shared);
        let left = self.numerator.checked_mul(of_left)?;
        let right = other.numerator.checked_mul(of_right)?;
        Self::new(left.checked_add(right)?, a.checked_mul(of_left)?)
    }

    pub(super) fn subtract(self, other: Self) -> Option<Self> {
        self.add(other.negative()?)
    }

    pub(super) fn multiply(self, other: Self) -> Option<Self> {
        // Crosswise reduction first, for the same reason.
        let a = Self::new(self.numerator, other.denominator)?;
        let b = Self::new(other.numerator, self.denominator)?;
        Some(Self {
            numerator: a.numerator.checked_mul(b.numerator)?,
            denominator: a.denominator.checked_mul(b.denominator)?,
        })
    }

    pub(super) fn divide(self, other: Self) -> Option<Self> {
        self.multiply(Self::new(other.denominator, other.numerator)?)
    }

    pub(super) fn negative(self) -> Option<Self> {
        Some(Self {
            numerator: self.numerator.checked_neg()?,
            denominator: self.denominator,
        })
    }

    pub(super) fn absolute(self) -> Option<Self> {
        if self.is_negative() {
            self.negative()
        } else {
            Some(self)
        }
    }

    /// To the power of a whole number of at most 64 in size.
    pub(super) fn power(self, exponent: Self) -> Option<Self> {
        let size = u32::try_from(exponent.numerator.unsigned_abs()).ok()?;
        if !exponent.is_whole() || size > 64 {
            return None;
        }
        let power = Self {
            numerator: self.numerator.checked_pow(size)?,
            denominator: self.denominator.checked_pow(size)?,
        };
        if exponent.is_negative() {
            Self::whole(1).divide(power)
        } else {
            Some(power)
        }
    }

    /// The order of the two; `None` where comparing them does not fit.
    pub(super) fn compare(self, other: Self) -> Option<Ordering> {
        if self.denominator == other.denominator {
            return Some(self.numerator.cmp(&other.numerator));
        }
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        Some(left.cmp(&right))
    }
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    // Division of 128 bits is slow; few fractions need it.
    while b != 0 {
        if let (Ok(mut short_a), Ok(mut short_b)) = (u64::try_from(a), u64::try_from(b)) {
            while short_b != 0 {
                (short_a, short_b) = (short_b, short_a % short_b);
            }
            return u128::from(short_a);
        }
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn r(numerator: i128, denominator: i128) -> Ratio {
        Ratio::new(numerator, denominator).expect("a fraction")
    }

    #[test]
    fn arithmetic_is_exact() {
        assert_eq!(r(1, 3).add(r(1, 6)), Some(r(1, 2)));
        assert_eq!(r(1, 3).subtract(r(1, 2)), Some(r(-1, 6)));
        assert_eq!(r(2, 3).multiply(r(9, 4)), Some(r(3, 2)));
        assert_eq!(r(2, 3).divide(r(-4, 3)), Some(r(-1, 2)));
        assert_eq!(r(-2, 3).power(Ratio::whole(-3)), Some(r(-27, 8)));
        assert_eq!(r(0, 5).power(Ratio::whole(0)), Some(Ratio::whole(1)));
        assert_eq!(r(4, -6), r(-2, 3));
        assert_eq!(r(-1, 3).compare(r(-1, 2)), Some(Ordering::Greater));
        assert_eq!(r(-3, 4).absolute(), Some(r(3, 4)));
        assert_eq!(Ratio::last_place(2), Some(r(1, 100)));
    }

    #[test]
    fn what_has_no_value_or_does_not_fit_is_none() {
        let huge = Ratio::whole(i128::MAX);
        let lowest = Ratio::whole(i128::MIN);
        assert_eq!(Ratio::new(1, 0), None);
        assert_eq!(r(1, 2).divide(Ratio::whole(0)), None);
        assert_eq!(Ratio::whole(0).power(Ratio::whole(-1)), None);
        assert_eq!(huge.add(Ratio::whole(1)), None);
        assert_eq!(huge.multiply(Ratio::whole(2)), None);
        assert_eq!(lowest.negative(), None);
        assert_eq!(lowest.divide(Ratio::whole(-1)), None);
        assert_eq!(Ratio::new(i128::MIN, i128::MIN), None);
        assert_eq!(r(2, 1).power(Ratio::whole(65)), None);
        assert_eq!(r(2, 1).power(r(1, 2)), None);
        assert_eq!(Ratio::last_place(39), None);
        // What fits in the end is not lost on the way.
        assert_eq!(huge.multiply(Ratio::whole(1)), Some(huge));
        assert_eq!(huge.divide(huge), Some(Ratio::whole(1)));
    }

    proptest! {
        /// The other route: everything over one common denominator, never reduced.
        #[test]
        fn operations_agree_with_unreduced_fractions(
            a in -1_000_i128..1_000, b in 1_i128..1_000,
            c in -1_000_i128..1_000, d in 1_i128..1_000,
            exponent in 0_u32..5,
        ) {
            let (left, right) = (r(a, b), r(c, d));
            prop_assert_eq!(left.add(right), Ratio::new(a * d + c * b, b * d));
            prop_assert_eq!(left.subtract(right), Ratio::new(a * d - c * b, b * d));
            prop_assert_eq!(left.multiply(right), Ratio::new(a * c, b * d));
            prop_assert_eq!(left.divide(right), Ratio::new(a * d, b * c));
            prop_assert_eq!(left.compare(right), Some((a * d).cmp(&(c * b))));
            let power = Ratio::new(a.pow(exponent), b.pow(exponent));
            prop_assert_eq!(left.power(Ratio::whole(i128::from(exponent))), power);
            for found in [left, right] {
                prop_assert!(found.denominator > 0);
                let divisor = gcd(found.numerator.unsigned_abs(), found.denominator.unsigned_abs());
                prop_assert_eq!(divisor, 1);
            }
        }
    }
}
