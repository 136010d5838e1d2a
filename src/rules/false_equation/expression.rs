//! One side of an equation and the values that a reader may give it.

use super::super::number::Number;
use super::super::ratio::Ratio;

/// Items of one side that are kept; a longer side has no value.
pub(super) const LONGEST: usize = 128;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    Number(Number),
    Plus,
    Minus,
    Times,
    Over,
    Power,
    Percent,
    /// Times, after a per cent or a fraction.
    Of,
    /// LaTeX's `\frac`, before its two groups.
    Fraction,
    Open,
    Close,
    /// Before a parenthesis that may be a factor or a remark, so that the side has no value.
    Aside,
    /// Something whose value is not known.
    Unknown,
}

/// How what has more than one reading is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    /// 20 % is 0.2, not 20.
    pub(super) hundredths: bool,
    /// What the order of operations is.
    pub(super) order: Order,
    /// Numbers that look rounded are; else all are exact.
    pub(super) rounded: bool,
}

impl Style {
    pub(super) const USUAL: Self = Self {
        hundredths: true,
        order: Order::Usual,
        rounded: true,
    };
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Usual,
    /// A slash divides by all factors after it: `6 / 2 * 3` is 1.
    LongBar,
    /// A slash divides by the fraction after it: `6 / 1/2` is 12.
    Fractions,
    /// No operation goes before another one: `1 + 2 * 3` is 9.
    LeftToRight,
}

impl Order {
    pub(super) const ALL: [Self; 4] = [
        Self::Usual,
        Self::LongBar,
        Self::Fractions,
        Self::LeftToRight,
    ];
}

/// A value and how far off it may be because the numbers it comes from are rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) exact: Ratio,
    /// At least how far, and not negative.
    pub(super) slack: Ratio,
}

impl Value {
    fn exactly(exact: Ratio) -> Self {
        Self {
            exact,
            slack: Ratio::ZERO,
        }
    }

    fn is_exact(self) -> bool {
        self.slack.is_zero()
    }

    fn add(self, other: Self) -> Option<Self> {
        Some(Self {
            exact: self.exact.add(other.exact)?,
            slack: self.slack.add(other.slack)?,
        })
    }

    fn negative(self) -> Option<Self> {
        Some(Self {
            exact: self.exact.negative()?,
            slack: self.slack,
        })
    }

    /// (a ± s)(b ± t) is ab ± (at + bs + st).
    fn multiply(self, other: Self) -> Option<Self> {
        let exact = self.exact.multiply(other.exact)?;
        if self.is_exact() && other.is_exact() {
            return Some(Self::exactly(exact));
        }
        let (a, b) = (self.exact.absolute()?, other.exact.absolute()?);
        let own = b.add(other.slack)?.multiply(self.slack)?;
        Some(Self {
            exact,
            slack: a.multiply(other.slack)?.add(own)?,
        })
    }

    /// To the first order in the divisor's slack: (a ± s) / (b ± t) is a/b ± (s + t·a/b) / b.
    fn divide(self, other: Self) -> Option<Self> {
        let exact = self.exact.divide(other.exact)?;
        if self.is_exact() && other.is_exact() {
            return Some(Self::exactly(exact));
        }
        let of_divisor = exact.absolute()?.multiply(other.slack)?;
        Some(Self {
            exact,
            slack: self
                .slack
                .add(of_divisor)?
                .divide(other.exact.absolute()?)?,
        })
    }

    /// To the first order: (a ± s)^n is a^n ± n·a^(n−1)·s.
    fn power(self, exponent: Self) -> Option<Self> {
        let exact = self.exact.power(exponent.exact)?;
        if self.is_exact() {
            return Some(Self::exactly(exact));
        }
        let relative = self.slack.divide(self.exact.absolute()?)?;
        let steps = exponent.exact.absolute()?.multiply(relative)?;
        Some(Self {
            exact,
            slack: exact.absolute()?.multiply(steps)?,
        })
    }
}

/// The value of a side, read in this style; `None` where it has none.
pub(super) fn value(items: &[Item], style: Style) -> Option<Value> {
    if items.len() > LONGEST {
        return None;
    }
    let mut reader = Reader {
        items,
        next: 0,
        style,
    };
    let value = reader.sum()?;
    (reader.next == items.len()).then_some(value)
}

/// The short way to the usual value of most sides: whole numbers with `+`, `-` and `*` between them.
/// `None` for all others, and where numbers are large.
pub(super) fn whole_value(items: &[Item]) -> Option<i64> {
    let number = |item: &Item| match item {
        Item::Number(number) => number.small(),
        _ => None,
    };
    if items.len() > LONGEST {
        return None;
    }
    let (first, rest) = items.split_first()?;
    let (mut sum, mut term) = (0_i64, number(first)?);
    for pair in rest.chunks(2) {
        let [operator, operand] = pair else {
            return None;
        };
        let operand = number(operand)?;
        match operator {
            Item::Times => term = term.checked_mul(operand)?,
            Item::Plus | Item::Minus => {
                sum = sum.checked_add(term)?;
                term = if *operator == Item::Plus {
                    operand
                } else {
                    -operand
                };
            }
            _ => return None,
        }
    }
    sum.checked_add(term)
}

/// All that such a side may be taken for where no number has a point: its usual value, that from left
/// to right, and its first number.
pub(super) fn whole_readings(items: &[Item]) -> Option<[i64; 3]> {
    let usual = whole_value(items)?;
    let number = |item: &Item| match item {
        Item::Number(number) if number.decimals == 0 => number.small(),
        _ => None,
    };
    let first = number(items.first()?)?;
    let mut in_order = first;
    for pair in items[1..].chunks_exact(2) {
        let operand = number(&pair[1])?;
        in_order = match pair[0] {
            Item::Times => in_order.checked_mul(operand)?,
            Item::Minus => in_order.checked_sub(operand)?,
            _ => in_order.checked_add(operand)?,
        };
    }
    Some([usual, in_order, first])
}

/// Descends no deeper than there are items, of which there are at most [`LONGEST`].
struct Reader<'i> {
    items: &'i [Item],
    next: usize,
    style: Style,
}

impl Reader<'_> {
    fn peek(&self) -> Option<Item> {
        self.items.get(self.next).copied()
    }

    fn take(&mut self, item: Item) -> Option<()> {
        (self.peek()? == item).then(|| self.next += 1)
    }

    fn sum(&mut self) -> Option<Value> {
        let flat = self.style.order == Order::LeftToRight;
        let mut sum = self.product()?;
        while let Some(item) = self.peek() {
            if !matches!(item, Item::Plus | Item::Minus) {
                if flat && self.is_factor(item) {
                    sum = self.factors(sum)?;
                    continue;
                }
                break;
            }
            self.next += 1;
            let mut term = if flat {
                self.signed()?
            } else {
                self.product()?
            };
            if item == Item::Minus {
                term = term.negative()?;
            }
            sum = sum.add(term)?;
        }
        Some(sum)
    }

    fn product(&mut self) -> Option<Value> {
        let first = self.signed()?;
        self.factors(first)
    }

    fn is_factor(&self, item: Item) -> bool {
        let after_close = self.next > 0 && self.items[self.next - 1] == Item::Close;
        match item {
            Item::Times | Item::Over | Item::Of | Item::Open | Item::Fraction => true,
            Item::Number(_) => after_close,
            _ => false,
        }
    }

    fn factors(&mut self, first: Value) -> Option<Value> {
        let mut product = first;
        let mut divisor: Option<Value> = None;
        while let Some(item) = self.peek() {
            if !self.is_factor(item) {
                break;
            }
            if matches!(item, Item::Times | Item::Over | Item::Of) {
                self.next += 1;
            }
            let mut factor = self.signed()?;
            if item == Item::Over
                && self.style.order == Order::Fractions
                && self.peek() == Some(Item::Over)
            {
                self.next += 1;
                factor = factor.divide(self.signed()?)?;
            }
            match (item, divisor) {
                (Item::Over, _) if self.style.order == Order::LongBar => {
                    divisor = Some(match divisor {
                        None => factor,
                        Some(divisor) => divisor.multiply(factor)?,
                    });
                }
                (Item::Over, _) => product = product.divide(factor)?,
                (_, Some(bar)) => divisor = Some(bar.multiply(factor)?),
                (_, None) => product = product.multiply(factor)?,
            }
        }
        match divisor {
            None => Some(product),
            Some(divisor) => product.divide(divisor),
        }
    }

    fn signed(&mut self) -> Option<Value> {
        match self.peek()? {
            Item::Minus => {
                self.next += 1;
                self.signed()?.negative()
            }
            Item::Plus => {
                self.next += 1;
                self.signed()
            }
            _ => self.power(),
        }
    }

    fn power(&mut self) -> Option<Value> {
        let base = self.operand()?;
        if self.peek() == Some(Item::Power) {
            self.next += 1;
            // A negative exponent may be meant modulo something.
            let exponent = self.operand()?;
            if exponent.exact.is_negative() {
                return None;
            }
            return base.power(exponent);
        }
        Some(base)
    }

    fn operand(&mut self) -> Option<Value> {
        let mut value = match self.peek()? {
            Item::Number(number) => {
                self.next += 1;
                self.mixed(number)?
            }
            Item::Open => self.group()?,
            Item::Fraction => {
                self.next += 1;
                let numerator = self.group()?;
                numerator.divide(self.group()?)?
            }
            _ => return None,
        };
        if self.peek() == Some(Item::Percent) {
            self.next += 1;
            if self.style.hundredths {
                value = value.divide(Value::exactly(Ratio::whole(100)))?;
            }
        }
        Some(value)
    }

    fn group(&mut self) -> Option<Value> {
        self.take(Item::Open)?;
        let value = self.sum()?;
        self.take(Item::Close)?;
        Some(value)
    }

    /// A number, and the fraction of a mixed one (`1 1/2`).
    fn mixed(&mut self, number: Number) -> Option<Value> {
        let value = Value {
            exact: number.value()?,
            slack: self.rounding(number)?,
        };
        let [
            Item::Number(numerator),
            Item::Over,
            Item::Number(denominator),
            ..,
        ] = self.items[self.next..]
        else {
            if let Some(Item::Fraction) = self.peek()
                && value.exact.is_whole()
            {
                // `1\frac{1}{2}`, unless the factor is meant; either is rare, so neither is read.
                return None;
            }
            return Some(value);
        };
        let part = numerator.value()?.divide(denominator.value()?)?;
        let whole = |n: Number| n.value().is_some_and(Ratio::is_whole);
        let below_one = Ratio::whole(1).subtract(part)?;
        if !whole(number) || !whole(numerator) || !whole(denominator) || below_one.is_negative() {
            return None;
        }
        self.next += 3;
        value.add(Value::exactly(part))
    }

    /// How far a number may be from what was rounded to it. Two digits after the point or more are
    /// taken for rounded ones, cut or to the nearest; fewer are taken for exact.
    fn rounding(&self, number: Number) -> Option<Ratio> {
        match number.decimals {
            digits if digits > 1 && self.style.rounded => Ratio::last_place(digits),
            _ => Some(Ratio::ZERO),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_short_way_says_what_the_long_one_says(
            numbers in prop::collection::vec((0..99_u64, 0..12_usize), 1..8),
            large in 0..6_u64,
        ) {
            let between = [
                Item::Plus, Item::Minus, Item::Times, Item::Plus, Item::Minus, Item::Times, Item::Plus,
                Item::Minus, Item::Over, Item::Power, Item::Open, Item::Percent,
            ];
            let mut items = Vec::new();
            for (n, operator) in numbers {
                let n = if n == 98 { n << (8 * large) } else { n };
                items.extend([Item::Number(Number::whole(n)), between[operator]]);
            }
            items.pop();
            let style = Style { rounded: false, ..Style::USUAL };
            if let Some(short) = whole_value(&items) {
                let exact = Ratio::whole(short.into());
                prop_assert_eq!(value(&items, style), Some(Value::exactly(exact)));
            } else {
                let other = |item: &Item| !matches!(item, Item::Number(_) | Item::Plus | Item::Minus | Item::Times);
                prop_assert!(large > 0 || items.iter().any(other));
            }
        }
    }
}
