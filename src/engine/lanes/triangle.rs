//! Sums and sums of products of columns, as exact integers.

use super::column::{Column, ROWS};

/// Columns whose sums are kept in registers together.
const TOGETHER: usize = 6;

/// Adds the sums of products of columns, each with those from itself on.
#[inline(always)]
pub(super) fn products(columns: &[Column<i32>], sums: &mut [i64]) {
    match columns.len() {
        1 => products_of::<1>(columns, sums),
        2 => products_of::<2>(columns, sums),
        3 => products_of::<3>(columns, sums),
        4 => products_of::<4>(columns, sums),
        5 => products_of::<5>(columns, sums),
        TOGETHER => products_of::<TOGETHER>(columns, sums),
        _ => {
            let pairs = (0..columns.len()).flat_map(|i| (i..columns.len()).map(move |j| (i, j)));
            for (sum, (i, j)) in sums.iter_mut().zip(pairs) {
                for (&x, &y) in columns[i].iter().zip(columns[j].iter()) {
                    *sum += i64::from(x) * i64::from(y);
                }
            }
        }
    }
}

#[expect(
    clippy::needless_range_loop,
    reason = "rows of several columns at once"
)]
#[inline(always)]
fn products_of<const N: usize>(columns: &[Column<i32>], sums: &mut [i64]) {
    let columns: [&Column<i32>; N] = std::array::from_fn(|i| &columns[i]);
    let mut products = [[0_i64; N]; N];
    for l in 0..ROWS {
        for i in 0..N {
            for j in i..N {
                products[i][j] += i64::from(columns[i][l]) * i64::from(columns[j][l]);
            }
        }
    }
    let pairs = (0..N).flat_map(|i| (i..N).map(move |j| (i, j)));
    for (sum, (i, j)) in sums.iter_mut().zip(pairs) {
        *sum += products[i][j];
    }
}

/// Adds the sums of columns over the rows of each class; as many classes as `sums` has room for.
/// No column's sum may exceed an `i32`. Rows are counted where there is one count per class.
#[inline(always)]
pub(super) fn masked(
    columns: &[Column<i32>],
    class: &Column<i32>,
    sums: &mut [i64],
    counts: &mut [u64],
) {
    let width = columns.len();
    let counted = counts.len() * width == sums.len();
    for (number, sums) in sums.chunks_exact_mut(width).enumerate() {
        let mut rows = 0;
        for (columns, sums) in columns.chunks(TOGETHER).zip(sums.chunks_mut(TOGETHER)) {
            let which = i32::try_from(number).expect("few classes");
            rows = match columns.len() {
                1 => masked_of::<1>(columns, class, which, sums),
                2 => masked_of::<2>(columns, class, which, sums),
                3 => masked_of::<3>(columns, class, which, sums),
                4 => masked_of::<4>(columns, class, which, sums),
                5 => masked_of::<5>(columns, class, which, sums),
                _ => masked_of::<TOGETHER>(columns, class, which, sums),
            };
        }
        if counted {
            counts[number] += rows;
        }
    }
}

/// Counts rows by two classes, the second of `seconds`; a negative first one is not counted.
#[inline(always)]
pub(super) fn histogram(
    first: &Column<i32>,
    second: &Column<i32>,
    seconds: i32,
    counts: &mut [u64],
) {
    for (&first, &second) in first.iter().zip(second.iter()) {
        let place = (first * seconds + second).cast_unsigned() as usize;
        if let Some(count) = counts.get_mut(place) {
            *count += 1;
        }
    }
}

#[inline(always)]
fn masked_of<const N: usize>(
    columns: &[Column<i32>],
    class: &Column<i32>,
    number: i32,
    sums: &mut [i64],
) -> u64 {
    let columns: [&Column<i32>; N] = std::array::from_fn(|i| &columns[i]);
    let mut parts = [0_i32; N];
    let mut rows = 0_i32;
    for l in 0..ROWS {
        let here = class[l] == number;
        rows += i32::from(here);
        for i in 0..N {
            parts[i] += if here { columns[i][l] } else { 0 };
        }
    }
    for (sum, part) in sums.iter_mut().zip(parts) {
        *sum += i64::from(part);
    }
    u64::from(rows.cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_columns_is_added_up() {
        for number in 1..=9_usize {
            let columns: Vec<Column<i32>> = (0..number)
                .map(|j| {
                    let mut column = Column::new(0);
                    for (x, l) in column.iter_mut().zip(0_i32..) {
                        *x = l * 37 % 1009 + i32::try_from(j).unwrap() * 1000;
                    }
                    column
                })
                .collect();
            let mut class = Column::new(0);
            for (c, l) in class.iter_mut().zip(0_i32..) {
                *c = l % 3;
            }
            let mut by_columns = vec![0; number * (number + 1) / 2];
            let mut by_rows = by_columns.clone();
            products(&columns, &mut by_columns);
            let mut by_class = vec![0; 3 * number];
            let mut rows = [0; 3];
            masked(&columns, &class, &mut by_class, &mut rows);
            assert_eq!(rows, [171, 171, 170]);
            let mut expected = vec![0; 3 * number];
            for l in 0..ROWS {
                let row: Vec<i64> = columns.iter().map(|c| i64::from(c[l])).collect();
                let pairs = (0..number).flat_map(|i| (i..number).map(move |j| (i, j)));
                for (sum, (i, j)) in by_rows.iter_mut().zip(pairs) {
                    *sum += row[i] * row[j];
                }
                for (j, x) in row.iter().enumerate() {
                    expected[l % 3 * number + j] += x;
                }
            }
            assert_eq!(by_columns, by_rows);
            assert_eq!(by_class, expected);
        }
    }
}
