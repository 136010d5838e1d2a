//! Exact fractions.
//!
//! An operation whose result does not fit gives `None`, so nothing is ever rounded unseen.

use std::cmp::Ordering;

/// A fraction in lowest terms with a positive denominator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ratio {
    numerator: i128,
    denominator: i128,
}

impl Ratio {
    /// The fraction `numerator / denominator`; `None` for a denominator of 0.
    pub(super) fn new(numerator: i128, denominator: i128) -> Option<Self> {
        if denominator == 0 {
            return None;
        }
        let divisor = i128::try_from(gcd(numerator.unsigned_abs(), denominator.unsigned_abs()))
            .ok()?
            .checked_mul(denominator.signum())?;
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

    /// 10 to the power of −`digits`: what the last of that many digits after the point counts.
    pub(super) fn last_place(digits: u32) -> Option<Self> {
        Self::new(1, 10_i128.checked_pow(digits)?)
    }

    pub(super) fn is_whole(self) -> bool {
        self.denominator == 1
    }

    pub(super) fn is_negative(self) -> bool {
        self.numerator < 0
    }

    pub(super) fn add(self, other: Self) -> Option<Self> {
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        let denominator = self.denominator.checked_mul(other.denominator)?;
        Self::new(left.checked_add(right)?, denominator)
    }

    pub(super) fn subtract(self, other: Self) -> Option<Self> {
        self.add(other.negative()?)
    }

    pub(super) fn multiply(self, other: Self) -> Option<Self> {
        // Crosswise reduction first, so that only results that do not fit are given up.
        let a = Self::new(self.numerator, other.denominator)?;
        let b = Self::new(other.numerator, self.denominator)?;
        Self::new(
            a.numerator.checked_mul(b.numerator)?,
            a.denominator.checked_mul(b.denominator)?,
        )
    }

    pub(super) fn divide(self, other: Self) -> Option<Self> {
        self.multiply(Self::new(other.denominator, other.numerator)?)
    }

    pub(super) fn negative(self) -> Option<Self> {
        Self::new(self.numerator.checked_neg()?, self.denominator)
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
        let power = Self::new(
            self.numerator.checked_pow(size)?,
            self.denominator.checked_pow(size)?,
        )?;
        if exponent.is_negative() {
            Self::whole(1).divide(power)
        } else {
            Some(power)
        }
    }

    /// The order of the two; `None` where comparing them does not fit.
    pub(super) fn compare(self, other: Self) -> Option<Ordering> {
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        Some(left.cmp(&right))
    }

    /// The nearest floating-point number, or one next to it.
    pub(super) fn to_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(r(-7, 2).to_f64().total_cmp(&-3.5), Ordering::Equal);
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
}
