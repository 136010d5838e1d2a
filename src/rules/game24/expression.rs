//! An expression of numbers, `+ - * /` and parentheses, symbol by symbol.
//!
//! Of bounded size: beyond [`OPERANDS`] numbers or [`OPEN`] parentheses it is given up.

use super::super::ratio::Ratio;
use super::pool::Operand;

/// Most numbers of an expression; a solution has four.
const OPERANDS: usize = 12;

/// Most symbols that wait for what comes behind them.
const OPEN: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Operator {
    Plus,
    Minus,
    Times,
    Over,
    /// The sign before an operand.
    Negate,
    /// A parenthesis, behind so many operands.
    Open(usize),
}

impl Operator {
    fn rank(self) -> u8 {
        match self {
            Self::Open(_) => 0,
            Self::Plus | Self::Minus => 1,
            Self::Times | Self::Over => 2,
            Self::Negate => 3,
        }
    }
}

/// The beginning of an expression.
#[derive(Debug, Clone, Default)]
pub(super) struct Expression {
    /// The numbers in the order of writing.
    operands: Vec<Operand>,
    /// Values that wait for an operator to apply; `None` where one is not defined or does not fit.
    values: Vec<Option<Ratio>>,
    operators: Vec<Operator>,
    /// The outermost parentheses that are closed: their operands, and their value.
    groups: Vec<(std::ops::Range<usize>, Option<Ratio>)>,
    /// Whether an operand has just been read, so that an operator may come.
    filled: bool,
    /// Whether the last symbol was a number.
    literal: bool,
    calculates: bool,
}

impl Expression {
    /// Whether an operand is to come.
    pub(super) fn expects_operand(&self) -> bool {
        !self.filled
    }

    /// Whether it is an expression as it stands.
    pub(super) fn is_complete(&self) -> bool {
        self.filled
            && !self
                .operators
                .iter()
                .any(|op| matches!(op, Operator::Open(_)))
    }

    pub(super) fn has_open(&self) -> bool {
        self.operators
            .iter()
            .any(|op| matches!(op, Operator::Open(_)))
    }

    /// Whether it has an operator with two operands, so that it calculates something.
    pub(super) fn calculates(&self) -> bool {
        self.calculates
    }

    pub(super) fn operands(&self) -> &[Operand] {
        &self.operands
    }

    pub(super) fn groups(&self) -> &[(std::ops::Range<usize>, Option<Ratio>)] {
        &self.groups
    }

    /// Adds a number; whether there is room. `is_fraction` tells whether the quotient of the last
    /// two numbers is one that is held, and so one number.
    pub(super) fn number(
        &mut self,
        mut number: Operand,
        is_fraction: impl Fn(Ratio) -> bool,
    ) -> bool {
        let before = self.operands.last().copied();
        if let (Some(before), [.., Operator::Over]) = (before, self.operators.as_slice())
            && self.literal
            && self.values.last() == Some(&Some(before.value))
            && let Some(quotient) = before.value.divide(number.value)
            && is_fraction(quotient)
        {
            self.operators.pop();
            self.values.pop();
            self.operands.pop();
            self.calculates = self.operators.iter().any(|op| (1..3).contains(&op.rank()));
            number = Operand::exact(quotient);
        }
        number.signed = self.operators.last() == Some(&Operator::Negate);
        self.operands.push(number);
        self.values.push(Some(number.value));
        self.filled = true;
        self.literal = true;
        self.operands.len() <= OPERANDS
    }

    /// Adds an operator or a parenthesis that opens; whether there is room.
    pub(super) fn operator(&mut self, operator: Operator) -> bool {
        match operator {
            Operator::Open(_) | Operator::Negate => {}
            _ => {
                self.reduce(operator.rank());
                self.calculates = true;
            }
        }
        // The bar of a fraction may still join two numbers.
        self.literal &= operator == Operator::Over;
        self.filled = false;
        self.operators.push(operator);
        self.operators.len() <= OPEN
    }

    /// Adds a parenthesis that closes, where one is open.
    pub(super) fn close(&mut self) {
        self.reduce(1);
        if let Some(Operator::Open(from)) = self.operators.pop() {
            let range = from..self.operands.len();
            self.groups.retain(|(inner, _)| inner.start < from);
            if range.len() > 1 {
                self.groups
                    .push((range, self.values.last().copied().flatten()));
            }
        }
        self.literal = false;
        self.filled = true;
    }

    /// The value of a complete expression, where it has one.
    pub(super) fn value(mut self) -> Option<Ratio> {
        self.reduce(1);
        self.values.pop().flatten()
    }

    /// Applies the operators at the end that bind as strongly as `rank` or more.
    fn reduce(&mut self, rank: u8) {
        while let Some(&operator) = self.operators.last()
            && operator.rank() >= rank
        {
            self.operators.pop();
            let right = self.values.pop().flatten();
            let value = if operator == Operator::Negate {
                right.and_then(Ratio::negative)
            } else {
                let left = self.values.pop().flatten();
                left.zip(right).and_then(|(a, b)| match operator {
                    Operator::Plus => a.add(b),
                    Operator::Minus => a.subtract(b),
                    Operator::Times => a.multiply(b),
                    _ => a.divide(b),
                })
            };
            self.values.push(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, fraction: Option<Ratio>) -> Expression {
        let mut expression = Expression::default();
        for c in text.chars() {
            let room = match c {
                '0'..='9' => {
                    let n = Ratio::whole(i128::from(c as u32 - '0' as u32));
                    expression.number(Operand::exact(n), |q| Some(q) == fraction)
                }
                '+' => expression.operator(Operator::Plus),
                '-' if expression.expects_operand() => expression.operator(Operator::Negate),
                '-' => expression.operator(Operator::Minus),
                '*' => expression.operator(Operator::Times),
                '/' => expression.operator(Operator::Over),
                '(' => expression.operator(Operator::Open(expression.operands().len())),
                _ => {
                    expression.close();
                    true
                }
            };
            assert!(room, "{text}");
        }
        expression
    }

    #[test]
    fn values_follow_precedence() {
        for (text, numerator, denominator) in [
            ("7", 7, 1),
            ("2+3*4", 14, 1),
            ("2*3+4", 10, 1),
            ("9-3-2", 4, 1),
            ("8/4/2", 1, 1),
            ("8/(4/2)", 4, 1),
            ("-2*3", -6, 1),
            ("-(2-5)", 3, 1),
            ("8/(3-8/3)", 24, 1),
            ("(7-(8/8))*4", 24, 1),
        ] {
            let expression = read(text, None);
            assert!(expression.is_complete());
            assert_eq!(
                expression.value(),
                Ratio::new(numerator, denominator),
                "{text}"
            );
        }
        assert_eq!(read("1/(2-2)+3", None).value(), None);
        assert!(!read("1+", None).is_complete() && !read("(1", None).is_complete());
    }

    #[test]
    fn a_fraction_that_is_held_is_one_number() {
        let third = Ratio::new(8, 3);
        for (text, count, value) in [
            ("3-8/3", 2, Ratio::new(1, 3)),
            ("8/3", 1, third),
            ("8/3*9", 2, Some(Ratio::whole(24))),
        ] {
            let expression = read(text, third);
            assert_eq!(expression.operands().len(), count, "{text}");
            assert_eq!(expression.calculates(), count > 1, "{text}");
            assert_eq!(expression.value(), value, "{text}");
        }
        assert_eq!(read("(8)/3", third).operands().len(), 2);
    }

    #[test]
    fn closed_parentheses_are_known() {
        let expression = read("(7-(8/2))*(4)*(1+1", None);
        assert_eq!(expression.groups(), [(0..3, Some(Ratio::whole(3)))]);
    }
}
