//! The power-of-two unit in which a column is counted: values become integers, each rounded once.

/// Bits that a typical value of a column keeps after the rounding.
const BITS: i32 = 34;

/// 1.5·2^52: added to a number below 2^51 it rounds it to the nearest integer, ties to even,
/// where the machine's own rounding is a call of a function.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// Largest magnitude of a value in units.
const LIMIT: f64 = (1_u64 << 50) as f64;

/// The power-of-two unit in which a column is counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    unit: f64,
    /// 1/unit, exact for a power of two: multiplying is faster than dividing.
    per_unit: f64,
}

impl Scale {
    /// Whole numbers.
    pub const COUNT: Self = Self {
        unit: 1.0,
        per_unit: 1.0,
    };

    /// A unit 2^−34 of `typical`, rounded to a power of two: relative rounding 6e-11, and values
    /// up to 65 thousand times the typical one, see [`Scale::holds`]. `typical` must be positive.
    pub fn for_values_near(typical: f64) -> Self {
        let exponent = libm::frexp(typical).1 - BITS;
        Self {
            unit: libm::ldexp(1.0, exponent),
            per_unit: libm::ldexp(1.0, -exponent),
        }
    }

    /// The unit: a value is counted to within half of it.
    pub fn unit(self) -> f64 {
        self.unit
    }

    /// Whether `value` is counted as it is; larger ones are cut to the limit.
    pub fn holds(self, value: f64) -> bool {
        value.abs() * self.per_unit <= LIMIT
    }

    /// The multiple of the unit nearest to `value`, at most 2^50 in magnitude: the squares of
    /// 10^8 values at the limit, or of 10^17 typical ones, add up within 128 bits.
    pub fn round(self, value: f64) -> i64 {
        let units = (value * self.per_unit).clamp(-LIMIT, LIMIT);
        #[expect(clippy::cast_possible_truncation, reason = "clamped to ±2^50")]
        let rounded = ((units + ROUNDER) - ROUNDER) as i64;
        rounded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_rounded_to_the_nearest_unit_ties_to_even() {
        let scale = Scale::for_values_near(100.0);
        for (units, rounded) in [
            (0.5, 0),
            (1.5, 2),
            (-2.5, -2),
            (-0.75, -1),
            (1e15 + 0.5, 1_000_000_000_000_000),
            (1e17, 1 << 50),
            (-f64::INFINITY, -(1 << 50)),
        ] {
            assert_eq!(scale.round(units * scale.unit()), rounded, "{units}");
        }
        assert!(scale.holds(LIMIT * scale.unit()) && !scale.holds(1e17 * scale.unit()));
    }
}
