//! A place in a line of a log that is read on from there: strings, numbers and lists as programs
//! write them. What is written otherwise is not understood, and left to the parser.

#![expect(
    clippy::option_option,
    reason = "what is not understood is one thing, a value that is not given another"
)]

use std::borrow::Cow;

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
    pub(super) room: &'a mut [u8],
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
        let bytes = self.line.as_bytes();
        let room = std::mem::take(&mut self.room);
        let mut written = 0;
        loop {
            let rest = &bytes[self.at..];
            let end = memchr2(b'"', b'\\', rest)?;
            room[written..written + end].copy_from_slice(&rest[..end]);
            written += end;
            self.at += end + 1;
            if rest[end] == b'"' {
                break;
            }
            let c = self.escape()?;
            written += c.encode_utf8(&mut room[written..]).len();
        }
        let (text, room) = room.split_at_mut(written);
        self.room = room;
        std::str::from_utf8(text).ok()
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
