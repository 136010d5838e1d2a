//! Where the tokens of a logged solution end.

use crate::log::View;

/// Bytes of text per token where a log does not tell the number of tokens.
const BYTES_PER_TOKEN: usize = 4;

/// The tokens of a solution: their number n and where each ends.
#[derive(Debug, Clone, Copy)]
pub struct Tokens<'r> {
    count: u64,
    bytes: usize,
    ends: Option<&'r [usize]>,
    counted: bool,
}

impl<'r> Tokens<'r> {
    /// The tokens of a record's solution.
    ///
    /// Without `token_ends`, token t ends at byte ⌊t · bytes / n⌋; without `solution_tokens`
    /// either, n is a quarter of the bytes, rounded up.
    pub fn of(record: &View<'r>) -> Self {
        let bytes = record.solution.len();
        let ends = record.token_ends;
        let known = record
            .solution_tokens
            .or(ends.map(|ends| ends.len() as u64));
        Self {
            count: known.unwrap_or_else(|| estimate(record.solution)),
            bytes,
            ends,
            counted: known.is_some(),
        }
    }

    /// n, the number of tokens.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether n was estimated.
    pub fn count_is_estimated(&self) -> bool {
        !self.counted
    }

    /// Whether the ends were estimated.
    pub fn ends_are_estimated(&self) -> bool {
        self.ends.is_none()
    }

    /// The least number of tokens that holds the first `bytes` bytes, a whole number of
    /// characters, of the solution.
    ///
    /// A token that ends inside a character shows what lies before that character: it ends at
    /// `bytes` or later exactly if the unrounded end does.
    pub fn holding(&self, bytes: usize) -> u64 {
        if bytes == 0 {
            return 0;
        }
        let tokens = if let Some(ends) = self.ends {
            ends.partition_point(|end| *end < bytes) as u64 + 1
        } else {
            let product = bytes as u128 * u128::from(self.count);
            u64::try_from(product.div_ceil(self.bytes as u128)).unwrap_or(u64::MAX)
        };
        tokens.min(self.count)
    }
}

/// The number of tokens that a text may have.
pub(super) fn estimate(text: &str) -> u64 {
    text.len().div_ceil(BYTES_PER_TOKEN) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Record;

    fn record(solution: &str, tokens: Option<u64>, ends: Option<Vec<usize>>) -> Record {
        Record {
            id: "a".to_owned(),
            solution: solution.to_owned(),
            solution_tokens: tokens,
            token_ends: ends,
            ..Record::default()
        }
    }

    /// The least t whose prefix, cut at a character, is at least `bytes` long: by trying all.
    fn by_trying(solution: &str, end: impl Fn(u64) -> usize, n: u64, bytes: usize) -> u64 {
        let cut = |mut end: usize| {
            while !solution.is_char_boundary(end) {
                end -= 1;
            }
            end
        };
        (0..=n)
            .find(|&t| t == n || cut(if t == 0 { 0 } else { end(t) }) >= bytes)
            .unwrap()
    }

    #[test]
    fn the_least_number_of_tokens_is_found() {
        let solution = "a€b 🙂ß.";
        let places: Vec<usize> = solution
            .char_indices()
            .map(|(at, _)| at)
            .chain([solution.len()])
            .collect();
        for n in 1..30 {
            let record = record(solution, Some(n), None);
            let tokens = Tokens::of(&record.view());
            let end =
                |t: u64| usize::try_from(t).unwrap() * solution.len() / usize::try_from(n).unwrap();
            for &bytes in &places {
                assert_eq!(
                    tokens.holding(bytes),
                    by_trying(solution, end, n, bytes),
                    "{n} {bytes}"
                );
            }
        }
        let ends = vec![0, 2, 4, 4, 7, 9, solution.len()];
        let record = record(solution, Some(8), Some(ends.clone()));
        let tokens = Tokens::of(&record.view());
        let end = |t: u64| ends[usize::try_from(t - 1).unwrap().min(ends.len() - 1)];
        for &bytes in &places {
            assert_eq!(
                tokens.holding(bytes),
                by_trying(solution, end, 8, bytes),
                "{bytes}"
            );
        }
    }

    #[test]
    fn what_is_not_given_is_estimated_and_says_so() {
        let given = record("abcdefghi", Some(2), Some(vec![4, 9]));
        let tokens = Tokens::of(&given.view());
        assert!(!tokens.count_is_estimated() && !tokens.ends_are_estimated());
        let counted = record("abcdefghi", Some(2), None);
        let tokens = Tokens::of(&counted.view());
        assert!(!tokens.count_is_estimated() && tokens.ends_are_estimated());
        let bare = record("abcdefghi", None, None);
        let tokens = Tokens::of(&bare.view());
        assert!(tokens.count_is_estimated() && tokens.ends_are_estimated());
        assert_eq!(tokens.count(), 3);
        let ends = record("abc", None, Some(vec![1, 3]));
        assert_eq!(Tokens::of(&ends.view()).count(), 2);
        assert!(!Tokens::of(&ends.view()).count_is_estimated());
        assert_eq!(Tokens::of(&record("", None, None).view()).count(), 0);
    }
}
