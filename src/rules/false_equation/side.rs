//! A side of an equation, and whether two of them are the same.

use std::cmp::Ordering;

use super::super::ratio::Ratio;
use super::expression::{Item, Order, Style, Value, value};
use super::words::Units;

/// Factors between units: time, length, weight, volume, money and per cent.
const FACTORS: [i128; 21] = [
    2, 3, 4, 5, 7, 8, 10, 12, 16, 24, 25, 30, 36, 52, 60, 100, 365, 1000, 1440, 3600, 5280,
];

/// A side of an equation.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Side {
    pub(super) items: Vec<Item>,
    /// Units that were written in it.
    pub(super) units: Units,
    /// Whether an amount of money stands in it.
    pub(super) money: bool,
}

impl Side {
    /// Whether something is calculated in it.
    pub(super) fn calculates(&self) -> bool {
        let mut operand = false;
        self.items.iter().any(|item| {
            let operator = matches!(
                item,
                Item::Plus | Item::Minus | Item::Times | Item::Over | Item::Power | Item::Of
            );
            let calculates = (operator && operand) || *item == Item::Fraction;
            operand = !operator && *item != Item::Open;
            calculates
        })
    }

    fn has(&self, item: Item) -> bool {
        self.items.contains(&item)
    }

    /// All values that it may be meant to have, the usual one first; none where that is unknown.
    fn values(&self) -> Vec<Value> {
        let usual = Style {
            hundredths: true,
            order: Order::Usual,
        };
        let Some(first) = value(&self.items, usual) else {
            return Vec::new();
        };
        let mut values = vec![first];
        let percents = [true, false];
        for hundredths in &percents[..=usize::from(self.has(Item::Percent))] {
            for order in [
                Order::Usual,
                Order::LongBar,
                Order::Fractions,
                Order::LeftToRight,
            ] {
                let style = Style {
                    hundredths: *hundredths,
                    order,
                };
                values.extend(value(&self.items, style).filter(|v| *v != first));
            }
        }
        values
    }

    /// The first number of a running total such as `7 + 5`.
    fn first_number(&self) -> Option<Value> {
        let end = self
            .items
            .iter()
            .position(|item| matches!(item, Item::Number(_)))?;
        let usual = Style {
            hundredths: true,
            order: Order::Usual,
        };
        let signs = |item: &Item| *item == Item::Minus;
        if self.calculates() && self.items[..end].iter().all(signs) {
            value(&self.items[..=end], usual)
        } else {
            None
        }
    }

    /// What the last written digit of the first number counts.
    fn last_place(&self) -> Option<Ratio> {
        let number = self.items.iter().find_map(|item| match item {
            Item::Number(number) => Some(number),
            _ => None,
        })?;
        Ratio::last_place(number.decimals)
    }

    /// Per cents that are added to or taken from something else: the whole that they are of is not
    /// said.
    fn adds_percent(&self) -> bool {
        let sums = self.has(Item::Plus) || self.has(Item::Minus);
        sums && self.has(Item::Percent)
    }
}

/// Whether `left = right` is false whatever it may mean, with `tolerance` for rounding.
pub(super) fn differ(left: &Side, right: &Side, tolerance: f64) -> bool {
    if !left.calculates() || left.adds_percent() || right.adds_percent() {
        return false;
    }
    let units = left.units.with(right.units);
    if units.convert() {
        return false;
    }
    let (lefts, rights) = (left.values(), right.values());
    if lefts.is_empty() || rights.is_empty() {
        return false;
    }
    let converted = !units.is_empty()
        || left.money
        || right.money
        || left.has(Item::Percent)
        || right.has(Item::Percent);
    let place = right.last_place();
    let whole_place = place.filter(|_| !right.calculates());
    let rights = rights.into_iter().map(|value| (value, whole_place));
    let rights: Vec<_> = rights
        .chain(right.first_number().map(|value| (value, place)))
        .collect();
    !lefts.iter().any(|l| {
        rights.iter().any(|(r, place)| {
            agree(*l, *r, *place, tolerance).unwrap_or(true)
                || (converted && convert(l.exact, r.exact))
        })
    })
}

/// Whether the values are equal but for rounding; `None` where comparing them does not fit.
fn agree(left: Value, right: Value, last_place: Option<Ratio>, tolerance: f64) -> Option<bool> {
    // What the arithmetic of calculators loses.
    let floating = 1e-12 * right.exact.to_f64().abs();
    let difference = left.exact.subtract(right.exact)?.absolute()?;
    if difference == Ratio::whole(0)
        || difference.to_f64() <= tolerance + left.slack + right.slack + floating
    {
        return Some(true);
    }
    // Cut, rounded or rounded up to the last digit that is written; whole numbers that differ do
    // so by 1 at least.
    Some(match last_place {
        Some(place) => difference.compare(place)? == Ordering::Less,
        None => false,
    })
}

/// Whether one of the values is the other one in another unit.
fn convert(left: Ratio, right: Ratio) -> bool {
    let (Some(up), Some(down)) = (left.divide(right), right.divide(left)) else {
        return false;
    };
    FACTORS
        .iter()
        .any(|&factor| up == Ratio::whole(factor) || down == Ratio::whole(factor))
}
