//! Fractions of 64 bits for plain equations: what does not fit has no value, and is left to the careful way.

/// A fraction, not in lowest terms, with a denominator above 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fraction {
    pub(super) numerator: i64,
    pub(super) denominator: i64,
}

impl Fraction {
    pub(super) fn equals(self, other: Self) -> bool {
        i128::from(self.numerator) * i128::from(other.denominator)
            == i128::from(other.numerator) * i128::from(self.denominator)
    }

    pub(super) fn multiply(self, other: Self) -> Option<Self> {
        Some(Self {
            numerator: self.numerator.checked_mul(other.numerator)?,
            denominator: self.denominator.checked_mul(other.denominator)?,
        })
    }

    pub(super) fn divide(self, other: Self) -> Option<Self> {
        // Numbers here have no sign.
        (other.numerator > 0).then_some(())?;
        self.multiply(Self {
            numerator: other.denominator,
            denominator: other.numerator,
        })
    }

    pub(super) fn add(self, other: Self) -> Option<Self> {
        if self.denominator == other.denominator {
            return Some(Self {
                numerator: self.numerator.checked_add(other.numerator)?,
                ..self
            });
        }
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        Some(Self {
            numerator: left.checked_add(right)?,
            denominator: self.denominator.checked_mul(other.denominator)?,
        })
    }
}
