//! A place in a line of a log that is read on from there: strings, numbers and lists as programs
//! write them. What is written otherwise is not understood, and left to the parser.

#![expect(
    clippy::option_option,
    reason = "what is not understood is one thing, a value that is not given another"
)]

use std::borrow::Cow;
use std::slice;

use memchr::memchr2;
use serde::de::DeserializeOwned;
use serde_json::{Deserializer, Map, Value};

/// Most brackets of a value that is not a string; the parser counts how deep they are nested.
const MOST_BRACKETS: usize = 64;

/// That a field has not been seen before.
pub(super) struct Once;

/// A place in a line. Its functions read on from there; they return `None` for what they do not
/// understand, and `Some(None)` for `null`.
pub(super) struct Cursor<'a> {
    pub(super) line: &'a str,
    pub(super) at: usize,
    /// Room for strings without their escapes.
    pub(super) room: slice::IterMut<'a, String>,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.line.as_bytes().get(self.at).copied()
    }

    pub(super) fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// Passes over white space. The line has no other than this.
    pub(super) fn blanks(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    /// Passes over white space and this byte.
    pub(super) fn expect(&mut self, byte: u8) -> Option<()> {
        self.blanks();
        (self.take()? == byte).then_some(())
    }

    /// Whether this text comes next; passes over it.
    fn literal(&mut self, text: &str) -> bool {
        let found = self.line.as_bytes()[self.at..].starts_with(text.as_bytes());
        if found {
            self.at += text.len();
        }
        found
    }

    /// A key, after its quote.
    pub(super) fn key(&mut self) -> Option<&'a str> {
        let rest = &self.line[self.at..];
        let end = rest.bytes().position(|b| b == b'"' || b == b'\\')?;
        self.at += end + 1;
        (rest.as_bytes()[end] == b'"').then(|| &rest[..end])
    }

    pub(super) fn text(&mut self, _: Once) -> Option<Option<&'a str>> {
        match self.take()? {
            b'"' => self.string().map(Some),
            b'n' => self.literal("ull").then_some(None),
            _ => None,
        }
    }

    /// A string, after its quote.
    fn string(&mut self) -> Option<&'a str> {
        let rest = &self.line[self.at..];
        let end = memchr2(b'"', b'\\', rest.as_bytes())?;
        if rest.as_bytes()[end] == b'"' {
            self.at += end + 1;
            return Some(&rest[..end]);
        }
        let text = self.room.next()?;
        text.clear();
        loop {
            let rest = &self.line[self.at..];
            let end = next_special(rest.as_bytes())?;
            text.push_str(&rest[..end]);
            self.at += end + 1;
            if rest.as_bytes()[end] == b'"' {
                return Some(text);
            }
            text.push(self.escape()?);
        }
    }

    /// What an escape means, after its backslash.
    fn escape(&mut self) -> Option<char> {
        Some(match self.take()? {
            b'n' => '\n',
            c @ (b'"' | b'\\' | b'/') => char::from(c),
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => {
                let first = self.hexadecimal()?;
                let unit = if (0xd800..0xdc00).contains(&first) && self.literal("\\u") {
                    let second = self.hexadecimal()?.checked_sub(0xdc00)?;
                    if second >= 0x400 {
                        return None;
                    }
                    0x10000 + ((first - 0xd800) << 10) + second
                } else {
                    first
                };
                char::from_u32(unit)?
            }
            _ => return None,
        })
    }

    fn hexadecimal(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |number, _| {
            Some(number << 4 | char::from(self.take()?).to_digit(16)?)
        })
    }

    /// A string, or the digits of a whole number.
    pub(super) fn identifier(&mut self, once: Once) -> Option<Option<&'a str>> {
        let start = self.at;
        match self.peek()? {
            b'"' | b'n' => self.text(once),
            b'-' => {
                self.at += 1;
                // Minus zero is no whole number to the parser.
                (self.digits()? != 0).then(|| Some(&self.line[start..self.at]))
            }
            _ => {
                self.digits()?;
                Some(Some(&self.line[start..self.at]))
            }
        }
    }

    /// A whole number that no sign, point or exponent is part of.
    pub(super) fn count(&mut self, _: Once) -> Option<Option<u64>> {
        if self.peek()? == b'n' {
            return self.literal("null").then_some(None);
        }
        self.digits().map(Some)
    }

    /// At most 18 digits without leading zeros.
    fn digits(&mut self) -> Option<u64> {
        let start = self.at;
        let mut number = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            number = 10 * number + u64::from(digit - b'0');
            self.at += 1;
            if self.at - start > 18 {
                return None;
            }
        }
        let length = self.at - start;
        let leading = length > 1 && self.line.as_bytes()[start] == b'0';
        let goes_on = matches!(self.peek(), Some(b'.' | b'e' | b'E'));
        (length > 0 && !leading && !goes_on).then_some(number)
    }

    pub(super) fn truth(&mut self, _: Once) -> Option<Option<bool>> {
        match self.take()? {
            b't' => self.literal("rue").then_some(Some(true)),
            b'f' => self.literal("alse").then_some(Some(false)),
            b'n' => self.literal("ull").then_some(None),
            _ => None,
        }
    }

    pub(super) fn number(&mut self, _: Once) -> Option<Option<f64>> {
        let rest = &self.line[self.at..];
        if self.literal("null") {
            return Some(None);
        }
        let number = |b: &u8| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E');
        let length = rest.bytes().take_while(number).count();
        self.at += length;
        serde_json::from_str(&rest[..length]).ok().map(Some)
    }

    pub(super) fn ends(
        &mut self,
        _: Once,
        ends: &'a mut Vec<usize>,
    ) -> Option<Option<&'a [usize]>> {
        match self.take()? {
            b'n' => return self.literal("ull").then_some(None),
            b'[' => {}
            _ => return None,
        }
        ends.clear();
        self.blanks();
        if self.peek()? == b']' {
            self.at += 1;
            return Some(Some(ends));
        }
        loop {
            self.blanks();
            ends.push(usize::try_from(self.digits()?).ok()?);
            self.blanks();
            match self.take()? {
                b',' => {}
                b']' => return Some(Some(ends)),
                _ => return None,
            }
        }
    }

    pub(super) fn attributes(&mut self, _: Once) -> Option<Option<Cow<'a, Map<String, Value>>>> {
        match self.peek()? {
            b'{' => Some(Some(Cow::Owned(self.value()?))),
            b'n' => self.literal("null").then_some(None),
            _ => None,
        }
    }

    /// Any value, read by the parser.
    pub(super) fn value<T: DeserializeOwned>(&mut self) -> Option<T> {
        let rest = &self.line[self.at..];
        let mut values = Deserializer::from_str(rest).into_iter();
        let value = values.next()?.ok()?;
        let length = values.byte_offset();
        self.at += length;
        if matches!(rest.as_bytes()[0], b'[' | b'{') {
            let brackets = rest.as_bytes()[..length].iter();
            let brackets = brackets.filter(|b| matches!(b, b'[' | b'{')).count();
            return (brackets <= MOST_BRACKETS).then_some(value);
        }
        Some(value)
    }
}

/// Bytes within which an escape is so near that a search of its own would take longer to begin.
const NEAR: usize = 16;

/// Where the first quote or backslash stands; near ones are looked for eight bytes at a time.
fn next_special(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const TOPS: u64 = u64::from_le_bytes([0x80; 8]);
    // The lowest byte that is set is the first one equal to `byte`; later ones may be wrong.
    let equal = |eight: u64, byte: u8| {
        let differ = eight ^ (ONES * u64::from(byte));
        differ.wrapping_sub(ONES) & !differ & TOPS
    };
    let (eights, _) = bytes.as_chunks::<8>();
    let near = &eights[..eights.len().min(NEAR / 8)];
    for (k, eight) in near.iter().enumerate() {
        let eight = u64::from_le_bytes(*eight);
        let found = equal(eight, b'"') | equal(eight, b'\\');
        if found != 0 {
            return Some(8 * k + found.trailing_zeros() as usize / 8);
        }
    }
    let far = 8 * near.len();
    Some(far + memchr2(b'"', b'\\', &bytes[far..])?)
}

#[cfg(test)]
mod tests {
    use super::next_special;

    #[test]
    fn the_first_special_byte_is_found_wherever_it_stands() {
        for length in 0..40 {
            // All that differ from a special byte in one bit, and some more.
            for other in [
                b'#',
                b' ',
                b'&',
                b'\\' ^ 1,
                b'\\' ^ 0x80,
                b'"' ^ 0x80,
                0,
                0xff,
            ] {
                let text = vec![other; length];
                assert_eq!(next_special(&text), None);
                for at in 0..length {
                    for second in at..length {
                        let mut text = text.clone();
                        (text[second], text[at]) = (b'\\', b'"');
                        assert_eq!(next_special(&text), Some(at), "{text:?}");
                        text[at] = b'\\';
                        assert_eq!(next_special(&text), Some(at), "{text:?}");
                    }
                }
            }
        }
    }
}
