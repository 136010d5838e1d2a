//! Pieces of a text that can be read by themselves, because white space ends every number.

use memchr::memrchr2;

/// The first byte of `²` and `³`, which are numbers, too.
const SUPERSCRIPT: u8 = 0xc2;

/// Where the last piece between white space that holds a number begins; nothing but text stands
/// behind it.
pub(super) fn last_with_number(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let number = |b: &u8| b.is_ascii_digit() || *b == SUPERSCRIPT;
    let place = bytes.iter().rposition(number)?;
    Some(memrchr2(b' ', b'\n', &bytes[..place]).map_or(0, |space| space + 1))
}

/// Where, from `from` on, the first piece begins that holds a number of at least `digits` digits, 2
/// or more.
pub(super) fn next_with_digits(text: &str, from: usize, digits: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = from + digits - 1;
    loop {
        // A number that long leaves no gap of so many bytes.
        while !may_be_within(*bytes.get(at)?) {
            at += digits;
        }
        let start = bytes[from..at].iter().rposition(|b| !may_be_within(*b));
        let start = start.map_or(from, |before| from + before + 1);
        let length = bytes[at..].iter().position(|b| !may_be_within(*b));
        let end = length.map_or(bytes.len(), |length| at + length);
        let written = bytes[start..end].iter().filter(|b| b.is_ascii_digit());
        if written.count() >= digits {
            let space = memrchr2(b' ', b'\n', &bytes[from..start]);
            return Some(space.map_or(from, |space| from + space + 1));
        }
        at = end + digits;
    }
}

/// Whether a byte may stand between the first and the last digit of a number.
fn may_be_within(b: u8) -> bool {
    b.is_ascii_digit() || matches!(b, b',' | b'.' | b':' | b'{' | b'}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_found_from_both_ends() {
        let text = "so 12 + (7) = 1,234,567.\nThen x5² of it";
        assert_eq!(last_with_number(text), Some(30));
        assert_eq!(last_with_number(&text[..30]), Some(14));
        assert_eq!(last_with_number("none"), None);
        for (digits, expected) in [(2, Some(3)), (3, Some(14)), (7, Some(14)), (8, None)] {
            assert_eq!(next_with_digits(text, 0, digits), expected, "{digits}");
        }
        assert_eq!(next_with_digits(text, 25, 2), None);
        assert_eq!(next_with_digits("", 0, 2), None);
    }

    #[test]
    fn no_number_is_passed_over() {
        for digits in 2..7 {
            for before in 0..20 {
                let text = format!("{} {}", "a".repeat(before), "1".repeat(digits));
                assert_eq!(
                    next_with_digits(&text, 0, digits),
                    Some(before + 1),
                    "{text}"
                );
                assert_eq!(next_with_digits(&text, 0, digits + 1), None, "{text}");
            }
        }
    }
}
