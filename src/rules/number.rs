//! Numbers as they are written.
//!
//! Digits with a decimal point, with commas (or LaTeX's `{,}`) between groups of three, or with
//! neither. Times of day and ratios (`3:4`) are recognised and have no value.

use super::ratio::Ratio;

/// Digits that are kept; those after them leave a number without an exact value.
const KEPT: u128 = 10_u128.pow(37);

/// A number without its sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    /// The digits that are kept, as one whole number.
    kept: u128,
    /// How many of them stand after the point.
    kept_decimals: u32,
    /// Digits before the point that are not kept.
    dropped: u32,
    /// Digits after the point.
    pub(super) decimals: u32,
    exactness: Exactness,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Exactness {
    #[default]
    Exact,
    /// Too long: only the first digits are kept.
    Cut,
    /// No single number.
    None,
}

impl Number {
    /// The whole number `n`.
    pub(super) fn whole(n: u64) -> Self {
        Self {
            kept: n.into(),
            kept_decimals: 0,
            dropped: 0,
            decimals: 0,
            exactness: Exactness::Exact,
        }
    }

    /// Its exact value; `None` for what is no single number and for what does not fit.
    pub(super) fn value(&self) -> Option<Ratio> {
        if self.exactness != Exactness::Exact {
            return None;
        }
        let kept = i128::try_from(self.kept).ok()?;
        Ratio::new(kept, 10_i128.checked_pow(self.kept_decimals)?)
    }

    /// Its value, if that is a whole number of at most 32 bits, written without a point.
    pub(super) fn small(&self) -> Option<i64> {
        let exact = self.exactness == Exactness::Exact && self.kept_decimals == 0;
        u32::try_from(self.kept)
            .ok()
            .filter(|_| exact)
            .map(i64::from)
    }

    /// Its value, rounded; `None` for what is no single number.
    pub(super) fn size(&self) -> Option<f64> {
        if self.exactness == Exactness::None {
            return None;
        }
        let power = |n: u32| 10_f64.powi(n.try_into().unwrap_or(i32::MAX));
        Some(self.kept as f64 / power(self.kept_decimals) * power(self.dropped))
    }
}

/// A number that is being written.
#[derive(Debug, Clone, Default)]
pub(super) struct Digits {
    last: Last,
    kept: u128,
    kept_decimals: u32,
    dropped: u32,
    decimals: u32,
    exactness: Exactness,
    /// Whether the point has come.
    point: bool,
    /// Whether a separator of groups has come.
    grouped: bool,
    /// Digits of the group that is being written: 4 for more than 3.
    group: u8,
}

/// The last character of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Last {
    #[default]
    Nothing,
    Digit,
    Point,
    Comma,
    Colon,
    /// `{`, and then what of `{,}` has come.
    Brace,
    BraceComma,
    Braces,
}

impl Digits {
    pub(super) fn is_empty(&self) -> bool {
        self.last == Last::Nothing
    }

    /// Takes the next character if the number may go on with it.
    pub(super) fn take(&mut self, c: char) -> bool {
        let after_digit = self.last == Last::Digit;
        self.last = match (c, self.last) {
            ('0'..='9', Last::Brace | Last::BraceComma) => return false,
            ('0'..='9', last) => {
                match last {
                    Last::Comma => self.separate(),
                    Last::Colon => self.exactness = Exactness::None,
                    _ => {}
                }
                self.digit(u128::from(c) - u128::from('0'));
                Last::Digit
            }
            ('.', last) if (after_digit || last == Last::Nothing) && !self.point => {
                self.point = true;
                Last::Point
            }
            (',', Last::Brace) => Last::BraceComma,
            (',', _) if after_digit && !self.point => Last::Comma,
            (':', _) if after_digit => Last::Colon,
            ('{', _) if after_digit => Last::Brace,
            ('}', Last::BraceComma) => {
                self.separate();
                Last::Braces
            }
            _ => return false,
        };
        true
    }

    fn digit(&mut self, digit: u128) {
        let keep = self.kept < KEPT;
        if keep {
            self.kept = 10 * self.kept + digit;
        } else if self.exactness == Exactness::Exact {
            self.exactness = Exactness::Cut;
        }
        if self.point {
            self.decimals = self.decimals.saturating_add(1);
            self.kept_decimals += u32::from(keep);
        } else {
            self.dropped = self.dropped.saturating_add(u32::from(!keep));
            self.group = (self.group + 1).min(4);
        }
    }

    /// Begins a group after a separator.
    fn separate(&mut self) {
        let fits = if self.grouped {
            self.group == 3
        } else {
            (1..=3).contains(&self.group)
        };
        if !fits || self.point {
            self.exactness = Exactness::None;
        }
        self.grouped = true;
        self.group = 0;
    }

    /// Ends the number: its value, and the characters at its end that turned out not to be part of
    /// it. `None` where there was no digit.
    pub(super) fn end(&mut self) -> (Option<Number>, &'static str) {
        let ended = std::mem::take(self);
        let rest = match ended.last {
            Last::Nothing | Last::Digit | Last::Braces => "",
            Last::Point => ".",
            Last::Comma => ",",
            Last::Colon => ":",
            Last::Brace => "{",
            Last::BraceComma => "{,",
        };
        if ended.last == Last::Point && ended.group == 0 {
            return (None, rest);
        }
        let number = Number {
            kept: ended.kept,
            kept_decimals: ended.kept_decimals,
            dropped: ended.dropped,
            decimals: ended.decimals,
            exactness: if ended.grouped && ended.group != 3 {
                Exactness::None
            } else {
                ended.exactness
            },
        };
        ((ended.last != Last::Nothing).then_some(number), rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read from the beginning of `text`, and the characters it does not use.
    fn read(text: &str) -> (Option<Number>, String) {
        let mut digits = Digits::default();
        let used = text.chars().take_while(|&c| digits.take(c)).count();
        let (number, rest) = digits.end();
        (
            number,
            rest.to_owned() + &text.chars().skip(used).collect::<String>(),
        )
    }

    #[test]
    fn numbers_have_their_value_and_leave_the_rest() {
        let cases = [
            ("8", 8, 1, 0, ""),
            ("8.", 8, 1, 0, "."),
            ("8.50 ", 17, 2, 2, " "),
            (".5x", 1, 2, 1, "x"),
            ("1,200.", 1200, 1, 0, "."),
            ("12,345,678.9.", 123_456_789, 10, 1, "."),
            ("12{,}000", 12000, 1, 0, ""),
            ("3, 4", 3, 1, 0, ", 4"),
            ("7{x", 7, 1, 0, "{x"),
            ("7{,x", 7, 1, 0, "{,x"),
            ("5: 3", 5, 1, 0, ": 3"),
            ("0.125,", 1, 8, 3, ","),
            ("007", 7, 1, 0, ""),
        ];
        for (text, numerator, denominator, decimals, rest) in cases {
            let (number, left) = read(text);
            let number = number.expect(text);
            assert_eq!(number.value(), Ratio::new(numerator, denominator), "{text}");
            assert_eq!((number.decimals, left.as_str()), (decimals, rest), "{text}");
        }
    }

    #[test]
    fn what_is_no_single_number_has_no_value() {
        for text in ["3:4", "10:30", "1,2", "1,00,000", "1234,567", "1,2345"] {
            let (number, rest) = read(text);
            let number = number.expect(text);
            assert_eq!((number.value(), number.size()), (None, None), "{text}");
            assert_eq!(rest, "", "{text}");
        }
        assert_eq!(read("..").0, None);
    }

    #[test]
    fn numbers_of_any_length_are_read_in_bounded_memory() {
        let (number, _) = read(&"9".repeat(45));
        let number = number.expect("a number");
        assert_eq!(number.value(), None);
        assert!(number.size().is_some_and(|size| size > 9e44 && size < 2e45));
        let (number, _) = read(&"9".repeat(1 << 20));
        assert_eq!(number.expect("a number").size(), Some(f64::INFINITY));
        let (number, _) = read(&format!("0.{}", "3".repeat(1 << 20)));
        let number = number.expect("a number");
        assert!(
            number
                .size()
                .is_some_and(|size| (size - 1.0 / 3.0).abs() < 1e-9)
        );
        let mut digits = Digits::default();
        assert!((0..1 << 20).all(|_| digits.take('1')));
        assert_eq!(digits.dropped, (1 << 20) - 38);
    }
}
