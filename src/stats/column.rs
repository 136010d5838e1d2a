//! A column of whole numbers, one per cluster, and exact sums of products of two of them.
//!
//! Most columns are small numbers times a power of two: counts, and whole tokens in a fine unit.
//! Their products add up within 64 bits, or 32, which a machine multiplies several at a time. A column
//! that is hardly ever other than 0 is gone through by its entries. Anything else takes 128 bits.

/// A column is gone through by its entries where it has one among so many clusters, or fewer.
const SELDOM: usize = 6;

/// One number per cluster.
pub(super) struct Column<'v> {
    values: &'v [i64],
    /// Places of those that are not 0, if they are few.
    entries: Option<Vec<usize>>,
    /// The values without a common power of two, if they are small and none is negative.
    small: Option<Small>,
    /// How many are not 0.
    pub(super) nonzero: usize,
    /// Smallest and largest of those.
    pub(super) range: (i64, i64),
}

struct Small {
    /// Values are 2^shift times these.
    values: Vec<u32>,
    /// The same again, if they have at most 15 bits.
    narrow: Option<Vec<i16>>,
    shift: u32,
    /// Bits of the largest of them.
    bits: u32,
}

impl Small {
    fn of(values: &[i64]) -> Option<Self> {
        let all = values.iter().fold(0, |all, x| all | x);
        let shift = all.trailing_zeros();
        let bits = i64::BITS - (all.checked_shr(shift)?).leading_zeros();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative and of at most 32 bits, or 15"
        )]
        let small = || Self {
            values: values.iter().map(|x| (x >> shift) as u32).collect(),
            narrow: (bits < i16::BITS)
                .then(|| values.iter().map(|x| (x >> shift) as i16).collect()),
            shift,
            bits,
        };
        (all > 0 && bits <= u32::BITS).then(small)
    }

    /// The sum of products, if it is sure to fit in 64 bits.
    fn product(&self, other: &Self) -> Option<i128> {
        let terms = usize::BITS - self.values.len().leading_zeros();
        let bits = self.bits + other.bits + terms;
        let sum: u64 = match (&self.narrow, &other.narrow) {
            (Some(these), Some(those)) if bits < i32::BITS => {
                let pairs = these.iter().zip(those);
                let sum: i32 = pairs.map(|(&x, &y)| i32::from(x) * i32::from(y)).sum();
                sum.unsigned_abs().into()
            }
            _ if bits <= u64::BITS => {
                let pairs = self.values.iter().zip(&other.values);
                pairs.map(|(&x, &y)| u64::from(x) * u64::from(y)).sum()
            }
            _ => return None,
        };
        Some(i128::from(sum) << (self.shift + other.shift))
    }
}

impl<'v> Column<'v> {
    /// A column with these values.
    pub(super) fn new(values: &'v [i64]) -> Self {
        let nonzero = values.iter().filter(|x| **x != 0).count();
        let entries = (SELDOM * nonzero <= values.len()).then(|| {
            let mut entries = Vec::with_capacity(nonzero);
            entries.extend((0..values.len()).filter(|&i| values[i] != 0));
            entries
        });
        let is_entry = values.iter().copied().filter(|x| *x != 0);
        Self {
            range: is_entry.fold((i64::MAX, i64::MIN), |(low, high), x| {
                (low.min(x), high.max(x))
            }),
            small: entries.is_none().then(|| Small::of(values)).flatten(),
            values,
            entries,
            nonzero,
        }
    }

    /// The sum of the values.
    pub(super) fn sum(&self) -> i128 {
        // At most 2^50 each, see `Scale::round`, times the generations of a cluster.
        self.values.iter().map(|x| i128::from(*x)).sum()
    }

    /// The sum of the products with the values of another column of the same clusters.
    pub(super) fn product(&self, other: &Self) -> i128 {
        let at = |i: usize| i128::from(self.values[i]) * i128::from(other.values[i]);
        let entries = match (&self.entries, &other.entries) {
            (Some(few), Some(fewer)) if fewer.len() < few.len() => Some(fewer),
            (Some(few), _) | (None, Some(few)) => Some(few),
            (None, None) => None,
        };
        if let Some(entries) = entries {
            return entries.iter().map(|&i| at(i)).sum();
        }
        let small = self.small.as_ref().zip(other.small.as_ref());
        small
            .and_then(|(a, b)| a.product(b))
            .unwrap_or_else(|| (0..self.values.len()).map(at).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Columns of a kind: counts, tokens in a fine unit, anything, hardly anything.
    fn values() -> impl Strategy<Value = Vec<i64>> {
        let of = |value: BoxedStrategy<i64>| prop::collection::vec(value, 100..=100);
        prop_oneof![
            of((0..5_i64).boxed()),
            of((0..5000_i64).prop_map(|x| x << 26).boxed()),
            of((0..1_i64 << 32).boxed()),
            of((0..=1_i64 << 32).boxed()),
            of((-(1_i64 << 52)..1 << 52).boxed()),
            of(prop_oneof![30 => Just(0_i64), 1 => -9..9_i64].boxed()),
            of(Just(0).boxed()),
            of(Just(-8).boxed()),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn sums_are_those_of_128_bits(a in values(), b in values()) {
            let (x, y) = (Column::new(&a), Column::new(&b));
            let product = |(&x, &y): (&i64, &i64)| i128::from(x) * i128::from(y);
            let expected: i128 = a.iter().zip(&b).map(product).sum();
            prop_assert_eq!(x.product(&y), expected);
            prop_assert_eq!(y.product(&x), expected);
            prop_assert_eq!(x.product(&x), a.iter().zip(&a).map(product).sum::<i128>());
            prop_assert_eq!(x.sum(), a.iter().map(|x| i128::from(*x)).sum::<i128>());
            let others: Vec<i64> = a.iter().copied().filter(|x| *x != 0).collect();
            prop_assert_eq!(x.nonzero, others.len());
            if let Some(least) = others.iter().min() {
                prop_assert_eq!(x.range, (*least, *others.iter().max().unwrap()));
            }
        }
    }
}
