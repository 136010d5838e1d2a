//! A side of an equation, and whether two of them are the same.

use std::cmp::Ordering;

use super::super::ratio::Ratio;
use super::expression::{Item, Order, Style, Value, value, whole_readings, whole_value};
use super::words::Units;

/// Factors between units: time, length, weight, volume, money and per cent.
const FACTORS: [i128; 21] = [
    2, 3, 4, 5, 7, 8, 10, 12, 16, 24, 25, 30, 36, 52, 60, 100, 365, 1000, 1440, 3600, 5280,
];

/// What twelve digits of a calculator may lose.
const CALCULATOR: Ratio = Ratio::trillionth();

/// A side of an equation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Side {
    pub(super) items: Vec<Item>,
    /// Units that were written in it.
    pub(super) units: Units,
    /// Whether an amount of money stands in it.
    pub(super) money: bool,
}

impl Side {
    /// Forgets what it holds.
    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.units = Units::default();
        self.money = false;
    }

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
    fn values(&self) -> [Option<Value>; 8] {
        let mut values = [None; 8];
        values[0] = value(&self.items, Style::USUAL);
        let Some(usual) = values[0] else {
            return values;
        };
        let percents = if self.has(Item::Percent) { 2 } else { 1 };
        let styles = [true, false][..percents].iter().flat_map(|&hundredths| {
            Order::ALL.map(|order| Style {
                hundredths,
                order,
                ..Style::USUAL
            })
        });
        for (style, place) in styles.zip(&mut values).skip(1) {
            *place = value(&self.items, style).filter(|v| *v != usual);
        }
        values
    }

    /// The first number of a running total such as `7 + 5`.
    fn first_number(&self) -> Option<Value> {
        let end = self
            .items
            .iter()
            .position(|item| matches!(item, Item::Number(_)))?;
        let signs = |item: &Item| *item == Item::Minus;
        if self.calculates() && self.items[..end].iter().all(signs) {
            value(&self.items[..=end], Style::USUAL)
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

    /// Whether both have the same exact value in the usual reading.
    fn plainly_equals(&self, other: &Self) -> bool {
        if let (Some(left), Some(right)) = (whole_value(&self.items), whole_value(&other.items)) {
            return left == right;
        }
        let plain = Style {
            rounded: false,
            ..Style::USUAL
        };
        let left = value(&self.items, plain);
        left.is_some() && left == value(&other.items, plain)
    }

    fn units_with(&self, other: &Self) -> Units {
        let units = self.units.with(other.units);
        if self.money || other.money {
            units.with(Units::DOLLAR)
        } else {
            units
        }
    }

    /// Per cents that are added to or taken from something else: the whole that they are of is not
    /// said.
    fn adds_percent(&self) -> bool {
        let sums = self.has(Item::Plus) || self.has(Item::Minus);
        sums && self.has(Item::Percent)
    }
}

/// What comparing two sides shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// They are the same in one of their readings.
    Holds,
    /// They differ in all of them.
    Fails,
    /// A side has no value that is known here, or the numbers do not fit.
    CannotTell,
}

/// Whether `left = right`, with `tolerance` for rounding.
pub(super) fn judge(left: &Side, right: &Side, tolerance: Ratio) -> Verdict {
    if !left.calculates() {
        return Verdict::CannotTell;
    }
    if left.plainly_equals(right) {
        return Verdict::Holds;
    }
    if left.adds_percent() || right.adds_percent() || left.units_with(right).convert() {
        return Verdict::CannotTell;
    }
    match whole_numbers_agree(left, right, tolerance) {
        Some(true) => Verdict::Holds,
        Some(false) => Verdict::Fails,
        None => compare(left, right, tolerance).unwrap_or(Verdict::CannotTell),
    }
}

/// The short way for most sides that differ in the usual reading: whole numbers in no unit, with `+`,
/// `-` and `*` between them. Whether they agree in another one; `None` for all others.
fn whole_numbers_agree(left: &Side, right: &Side, tolerance: Ratio) -> Option<bool> {
    /// From here on a calculator may lose 1.
    const LARGE: u64 = 1_000_000_000_000;
    if !tolerance.is_zero() || !left.units_with(right).is_empty() {
        return None;
    }
    let [usual, in_order, _] = whole_readings(&left.items)?;
    let rights = whole_readings(&right.items)?;
    if rights.iter().any(|r| r.unsigned_abs() >= LARGE) {
        return None;
    }
    Some(rights.contains(&usual) || rights.contains(&in_order))
}

/// Compares all readings of the sides; `None` where something does not fit.
fn compare(left: &Side, right: &Side, tolerance: Ratio) -> Option<Verdict> {
    let (lefts, rights) = (left.values(), right.values());
    if lefts[0].is_none() || rights[0].is_none() {
        return None;
    }
    let percent = left.has(Item::Percent) || right.has(Item::Percent);
    let converted = percent || !left.units_with(right).is_empty();
    let place = right.last_place();
    let whole_place = place.filter(|_| !right.calculates());
    // "1/8" is no total that begins with a rounded 1.
    let one = Some(Ratio::whole(1));
    let first_place = place.filter(|_| place != one || !right.has(Item::Over));
    let total = right.first_number().map(|value| (value, first_place));
    let rights = rights.into_iter().flatten().map(|r| (r, whole_place));
    for (r, place) in rights.chain(total) {
        for l in lefts.into_iter().flatten() {
            if agree(l, r, place, tolerance)? || (converted && convert(l.exact, r.exact)) {
                return Some(Verdict::Holds);
            }
        }
    }
    Some(Verdict::Fails)
}

/// Whether the values are equal but for rounding; `None` where comparing them does not fit.
fn agree(left: Value, right: Value, last_place: Option<Ratio>, tolerance: Ratio) -> Option<bool> {
    let difference = left.exact.subtract(right.exact)?.absolute()?;
    if difference.is_zero() {
        return Some(true);
    }
    let slack = tolerance.add(left.slack)?.add(right.slack)?;
    if difference.compare(slack) != Ordering::Greater {
        return Some(true);
    }
    // Cut, rounded or rounded up to the last digit that is written; whole numbers that differ do
    // so by 1 at least.
    if let Some(place) = last_place
        && difference.compare(place) == Ordering::Less
    {
        return Some(true);
    }
    // What the arithmetic of calculators loses.
    let lost = right.exact.absolute()?.multiply(CALCULATOR)?;
    Some(difference.compare(lost) != Ordering::Greater)
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

#[cfg(test)]
mod tests {
    use super::super::super::number::Number;
    use super::*;
    use proptest::prelude::*;

    /// Numbers, few of them large, with operators between them that mostly have a short way.
    fn side() -> impl Strategy<Value = Side> {
        let number = prop_oneof![
            8 => 0..13_u64,
            1 => 0..u64::from(u32::MAX),
        ];
        let operator = prop::sample::select(vec![
            Item::Plus,
            Item::Plus,
            Item::Plus,
            Item::Minus,
            Item::Minus,
            Item::Minus,
            Item::Times,
            Item::Times,
            Item::Times,
            Item::Over,
            Item::Percent,
        ]);
        let terms = prop::collection::vec((number, operator), 1..5);
        (terms, any::<[u8; 2]>()).prop_map(|(terms, [money, units])| {
            let mut side = Side::default();
            for (n, operator) in terms {
                side.items
                    .extend([Item::Number(Number::whole(n)), operator]);
            }
            side.items.pop();
            side.money = money == 0;
            if units == 0 {
                side.units = Units::DOLLAR;
            }
            side
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_short_way_compares_as_the_long_one(left in side(), right in side(), passes in 0..20_u8) {
            let tolerance = Ratio::whole(i128::from(passes / 19));
            let differ = left.calculates() && !left.plainly_equals(&right);
            let agree = whole_numbers_agree(&left, &right, tolerance).filter(|_| differ);
            if let Some(agree) = agree {
                let verdict = if agree { Verdict::Holds } else { Verdict::Fails };
                prop_assert_eq!(compare(&left, &right, tolerance), Some(verdict));
            }
        }
    }

    #[test]
    fn the_short_way_is_for_whole_numbers_without_a_unit() {
        let side = |items: &[Item]| Side {
            items: items.to_vec(),
            ..Side::default()
        };
        let number = |n| Item::Number(Number::whole(n));
        let sum = side(&[number(1), Item::Plus, number(2), Item::Times, number(3)]);
        let agree = |right: &Side| whole_numbers_agree(&sum, right, Ratio::ZERO);
        assert_eq!(agree(&side(&[number(8)])), Some(false));
        assert_eq!(agree(&side(&[number(9)])), Some(true), "from left to right");
        assert_eq!(
            agree(&side(&[number(9), Item::Plus, number(5)])),
            Some(true),
            "a running total"
        );
        assert_eq!(agree(&side(&[number(8), Item::Over, number(1)])), None);
        assert_eq!(
            agree(&Side {
                money: true,
                ..side(&[number(8)])
            }),
            None
        );
        let large = u64::from(u32::MAX);
        let large = side(&[number(large), Item::Times, number(large)]);
        assert_eq!(agree(&large), None);
        assert_eq!(
            whole_numbers_agree(&sum, &side(&[number(8)]), CALCULATOR),
            None
        );
    }
}
