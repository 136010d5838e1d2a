//! Fractions of whole numbers of 127 bits; what does not fit is no number.

/// A fraction in lowest terms with a positive denominator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exact {
    numerator: i128,
    denominator: i128,
}

impl Exact {
    /// `numerator / denominator`; `None` where the denominator is 0 or a value does not fit.
    pub(super) fn new(numerator: i128, denominator: i128) -> Option<Self> {
        if denominator == 0 || numerator == i128::MIN || denominator == i128::MIN {
            return None;
        }
        let (mut a, mut b) = (numerator.abs(), denominator.abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let sign = denominator.signum();
        Some(Self {
            numerator: sign * numerator / a,
            denominator: denominator.abs() / a,
        })
    }

    /// A number written with digits and at most one point.
    pub(super) fn decimal(written: &str) -> Option<Self> {
        let (whole, decimals) = written.split_once('.').unwrap_or((written, ""));
        // Zeros at the end do not need room.
        let decimals = decimals.trim_end_matches('0');
        let numerator = format!("0{whole}{decimals}").parse().ok()?;
        let places = u32::try_from(decimals.len()).ok()?;
        Self::new(numerator, 10_i128.checked_pow(places)?)
    }

    pub(super) fn negative(self) -> Self {
        Self {
            numerator: -self.numerator,
            ..self
        }
    }

    pub(super) fn plus(self, other: Self) -> Option<Self> {
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        let denominator = self.denominator.checked_mul(other.denominator)?;
        Self::new(left.checked_add(right)?, denominator)
    }

    pub(super) fn over(self, other: Self) -> Option<Self> {
        Self::new(
            self.numerator.checked_mul(other.denominator)?,
            self.denominator.checked_mul(other.numerator)?,
        )
    }

    /// Times ten to the power `exponent`.
    pub(super) fn shifted(self, exponent: i32) -> Option<Self> {
        let power = 10_i128.checked_pow(exponent.unsigned_abs())?;
        let power = if exponent < 0 {
            Self::new(power, 1)?
        } else {
            Self::new(1, power)?
        };
        self.over(power)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_exact_and_in_lowest_terms() {
        let half = Exact::new(1, 2);
        assert_eq!(Exact::new(-3, -6), half);
        assert_eq!(Exact::decimal("0.50"), half);
        assert_eq!(Exact::decimal(".5"), half);
        assert_eq!(
            Exact::decimal("0000.5000000000000000000000000000000000000000000"),
            half
        );
        assert_eq!(Exact::new(0, 7), Exact::decimal("0"));
        let third = Exact::new(1, 3).expect("a third");
        let sum = half.expect("a half").plus(third).expect("a sum");
        assert_eq!(sum, Exact::new(5, 6).expect("five sixths"));
        assert_eq!(sum.over(third), Exact::new(5, 2));
        assert_eq!(
            Exact::new(3, 2).and_then(|x| x.shifted(3)),
            Exact::new(1500, 1)
        );
        assert_eq!(
            Exact::new(3, 2).and_then(|x| x.shifted(-2)),
            Exact::new(3, 200)
        );
    }

    #[test]
    fn what_does_not_fit_is_no_number() {
        assert_eq!(Exact::new(1, 0), None);
        assert_eq!(Exact::decimal(&"9".repeat(40)), None);
        assert_eq!(Exact::new(1, 1).and_then(|x| x.shifted(40)), None);
        let large = Exact::new(i128::MAX, 1).expect("it fits");
        assert_eq!(large.plus(large), None);
        assert_eq!(large.over(Exact::new(1, 3).expect("a third")), None);
    }
}
