//! Numbers as they are written.
//!
//! Digits with a decimal point, with commas (or LaTeX's `{,}`) between groups of three, or with
//! neither. Times of day and ratios (`3:4`) are recognised and have no value.

use super::ratio::Ratio;

/// Characters of one number that are kept.
const KEPT: usize = 64;

/// A number without its sign.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Number {
    /// Its exact value; `None` for what is no single number and for what does not fit.
    pub(super) value: Option<Ratio>,
    /// Its value, rounded; infinite beyond 10^60 or so, `None` for what is no single number.
    pub(super) size: Option<f64>,
    /// Digits after the point.
    pub(super) decimals: u32,
}

/// A number that is being written.
#[derive(Debug, Clone, Default)]
pub(super) struct Digits {
    written: String,
    /// Digits of the whole part that were not kept.
    dropped: bool,
}

impl Digits {
    pub(super) fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    /// Takes the next character if the number may go on with it.
    pub(super) fn take(&mut self, c: char) -> bool {
        let mut back = self.written.chars().rev();
        let (last, before) = (back.next(), back.next());
        let after_digit = last.is_some_and(|d| d.is_ascii_digit());
        let goes_on = match c {
            '0'..='9' => last != Some('{') && !(last == Some(',') && before == Some('{')),
            '.' => (after_digit || last.is_none()) && !self.written.contains('.'),
            ',' => (after_digit && !self.written.contains('.')) || last == Some('{'),
            ':' | '{' => after_digit,
            '}' => last == Some(',') && before == Some('{'),
            _ => false,
        };
        if goes_on {
            if self.written.len() < KEPT {
                self.written.push(c);
            } else if !self.written.contains('.') {
                self.dropped = true;
            }
        }
        goes_on
    }

    /// Ends the number: its value, and the characters at its end that turned out not to be part of
    /// it. `None` where there was no digit.
    pub(super) fn end(&mut self) -> (Option<Number>, String) {
        let written = std::mem::take(&mut self.written);
        let dropped = std::mem::take(&mut self.dropped);
        let digits = written.trim_end_matches(['.', ',', ':', '{']);
        let rest = written[digits.len()..].to_owned();
        if digits.is_empty() {
            return (None, rest);
        }
        (Some(parse(&digits.replace("{,}", ","), dropped)), rest)
    }
}

fn parse(written: &str, dropped: bool) -> Number {
    let (whole, decimals) = written.split_once('.').unwrap_or((written, ""));
    let mut number = Number {
        value: None,
        size: None,
        decimals: u32::try_from(decimals.len()).unwrap_or(u32::MAX),
    };
    if !groups_of_three(whole) || !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return number;
    }
    let whole = whole.replace(',', "");
    if dropped {
        number.size = Some(f64::INFINITY);
        return number;
    }
    number.size = format!("0{whole}.{decimals}0").parse().ok();
    number.value = format!("0{whole}{decimals}")
        .parse()
        .ok()
        .and_then(|n| Ratio::whole(n).multiply(Ratio::last_place(number.decimals)?));
    number
}

/// Whether the digits have no commas, or have them before each three from the end.
fn groups_of_three(whole: &str) -> bool {
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or("");
    let digits = |group: &str| group.bytes().all(|b| b.is_ascii_digit());
    let grouped = whole.contains(',');
    digits(first)
        && (!grouped || (1..=3).contains(&first.len()))
        && groups.all(|group| group.len() == 3 && digits(group))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read from the beginning of `text`, and the characters it does not use.
    fn read(text: &str) -> (Option<Number>, String) {
        let mut digits = Digits::default();
        let used = text.chars().take_while(|&c| digits.take(c)).count();
        let (number, rest) = digits.end();
        (number, rest + &text.chars().skip(used).collect::<String>())
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
            assert_eq!(number.value, Ratio::new(numerator, denominator), "{text}");
            assert_eq!((number.decimals, left.as_str()), (decimals, rest), "{text}");
        }
    }

    #[test]
    fn what_is_no_single_number_has_no_value() {
        for text in ["3:4", "10:30", "1,2", "1,00,000", "1234,567", "1,2345"] {
            let (number, rest) = read(text);
            let number = number.expect(text);
            assert_eq!((number.value, number.size), (None, None), "{text}");
            assert_eq!(rest, "", "{text}");
        }
        assert_eq!(read("..").0, None);
    }

    #[test]
    fn numbers_of_any_length_are_read_in_bounded_memory() {
        let (number, _) = read(&"9".repeat(45));
        let number = number.expect("a number");
        assert_eq!(number.value, None);
        assert!(number.size.is_some_and(|size| size > 9e44 && size < 2e45));
        let (number, _) = read(&"9".repeat(1 << 20));
        assert_eq!(number.expect("a number").size, Some(f64::INFINITY));
        let (number, _) = read(&format!("0.{}", "3".repeat(1 << 20)));
        let number = number.expect("a number");
        assert!(
            number
                .size
                .is_some_and(|size| (size - 1.0 / 3.0).abs() < 1e-9)
        );
        let mut digits = Digits::default();
        assert!((0..1 << 20).all(|_| digits.take('1')));
        assert!(digits.written.len() <= KEPT);
    }
}
