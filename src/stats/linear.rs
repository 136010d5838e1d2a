//! A smooth function of means together with its gradient: the delta method without hand-made
//! derivatives.
//!
//! Arithmetic on [`Linear`] carries the gradient along (forward-mode differentiation); the
//! standard error follows from the covariance of the means, see
//! [`CrossProducts`](super::CrossProducts).

use std::ops::{Add, Div, Mul, Neg, Sub};

/// A value and its gradient with respect to the means of a [`CrossProducts`](super::CrossProducts).
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// The value.
    pub value: f64,
    /// Derivatives by the mean of each column.
    pub gradient: Vec<f64>,
}

impl Linear {
    /// A number that does not depend on the sample; `width` is the number of columns.
    pub fn constant(value: f64, width: usize) -> Self {
        Self {
            value,
            gradient: vec![0.0; width],
        }
    }

    /// The mean of column `j`.
    pub(super) fn column(value: f64, j: usize, width: usize) -> Self {
        let mut gradient = vec![0.0; width];
        gradient[j] = 1.0;
        Self { value, gradient }
    }

    /// |x|; the gradient at 0 is that of x.
    pub fn abs(&self) -> Self {
        if self.value < 0.0 {
            -self
        } else {
            self.clone()
        }
    }

    fn with(&self, other: &Self, value: f64, da: f64, db: f64) -> Self {
        let pairs = self.gradient.iter().zip(&other.gradient);
        Self {
            value,
            gradient: pairs.map(|(a, b)| da * a + db * b).collect(),
        }
    }
}

impl Neg for &Linear {
    type Output = Linear;
    fn neg(self) -> Linear {
        Linear {
            value: -self.value,
            gradient: self.gradient.iter().map(|g| -g).collect(),
        }
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident, |$a:ident, $b:ident| $value:expr, $da:expr, $db:expr) => {
        impl $trait<&Linear> for &Linear {
            type Output = Linear;
            fn $method(self, other: &Linear) -> Linear {
                let ($a, $b) = (self.value, other.value);
                self.with(other, $value, $da, $db)
            }
        }
        impl $trait<Linear> for Linear {
            type Output = Linear;
            fn $method(self, other: Linear) -> Linear {
                (&self).$method(&other)
            }
        }
        impl $trait<&Linear> for Linear {
            type Output = Linear;
            fn $method(self, other: &Linear) -> Linear {
                (&self).$method(other)
            }
        }
        impl $trait<Linear> for &Linear {
            type Output = Linear;
            fn $method(self, other: Linear) -> Linear {
                self.$method(&other)
            }
        }
        impl $trait<f64> for &Linear {
            type Output = Linear;
            fn $method(self, other: f64) -> Linear {
                self.$method(&Linear::constant(other, self.gradient.len()))
            }
        }
        impl $trait<&Linear> for f64 {
            type Output = Linear;
            fn $method(self, other: &Linear) -> Linear {
                (&Linear::constant(self, other.gradient.len())).$method(other)
            }
        }
        impl $trait<Linear> for f64 {
            type Output = Linear;
            fn $method(self, other: Linear) -> Linear {
                self.$method(&other)
            }
        }
    };
}

operator!(Add, add, |a, b| a + b, 1.0, 1.0);
operator!(Sub, sub, |a, b| a - b, 1.0, -1.0);
operator!(Mul, mul, |a, b| a * b, b, a);
operator!(Div, div, |a, b| a / b, 1.0 / b, -a / (b * b));

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn gradient_agrees_with_finite_differences() {
        let f = |x: &Linear, y: &Linear| (x - y) * (1.0 - &(x / y)) + (x * 3.0).abs();
        let at = |a: f64, b: f64| f(&Linear::column(a, 0, 2), &Linear::column(b, 1, 2));
        let (a, b, h) = (0.7, 1.9, 1e-6);
        let gradient = at(a, b).gradient;
        let by_a = (at(a + h, b).value - at(a - h, b).value) / (2.0 * h);
        let by_b = (at(a, b + h).value - at(a, b - h).value) / (2.0 * h);
        assert_relative_eq!(gradient[0], by_a, max_relative = 1e-8);
        assert_relative_eq!(gradient[1], by_b, max_relative = 1e-8);
    }
}
