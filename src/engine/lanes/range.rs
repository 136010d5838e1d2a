//! Ranges of columns, in units.

use super::column::Column;
use super::gather::STEP_BITS;
use crate::outcome::Range;

/// The range of numbers of steps, in units, when `fixed` units are added to each.
#[inline(always)]
pub(super) fn range(column: &[i32], fixed: i64) -> Range {
    let (mut low, mut high) = (i32::MAX, 0);
    for &x in column {
        low = low.min(x);
    }
    for &x in column {
        high = high.max(x);
    }
    let mut nonzero = column.len();
    if fixed == 0 && low == 0 {
        nonzero = column.iter().filter(|x| **x != 0).count();
        low = column.iter().fold(i32::MAX, |low, &x| {
            low.min(if x == 0 { i32::MAX } else { x })
        });
        if nonzero == 0 {
            return Range::EMPTY;
        }
    }
    in_units([low, high], fixed, nonzero)
}

/// The same of those rows that are not negative.
#[inline(always)]
pub(super) fn range_of_survivors(full: &Column<i32>, fixed: i64) -> Range {
    let (mut low, mut high, mut survivors) = (u32::MAX, -1, 0);
    for &x in full.iter() {
        low = low.min(x.cast_unsigned());
    }
    for &x in full.iter() {
        high = high.max(x);
    }
    for &x in full.iter() {
        survivors += i32::from(x >= 0);
    }
    if low == 0 && fixed == 0 {
        let mut range = Range::EMPTY;
        let unit = |steps: i32| i64::from(steps) << STEP_BITS;
        full.iter()
            .filter(|x| **x > 0)
            .for_each(|&x| range.add(unit(x)));
        range
    } else if survivors == 0 {
        Range::EMPTY
    } else {
        in_units(
            [low.cast_signed(), high],
            fixed,
            survivors.cast_unsigned() as usize,
        )
    }
}

fn in_units([low, high]: [i32; 2], fixed: i64, nonzero: usize) -> Range {
    let unit = |steps: i32| fixed + (i64::from(steps) << STEP_BITS);
    Range {
        low: unit(low),
        high: unit(high),
        nonzero: nonzero as u64,
    }
}
