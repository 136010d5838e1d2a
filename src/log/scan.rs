//! The fields of a line that is written plainly, found without building anything.
//!
//! Reads what programs write: an object in one line whose keys have no escapes and stand once. The
//! strings are borrowed from the line, those with escapes from a scratch space. Everything else –
//! another value than a field wants, whatever is no JSON – is left to [`Fields`], which also knows
//! what is wrong with it: a scan either says what [`Fields`] would say or says nothing.

#![expect(
    clippy::option_option,
    reason = "what is not understood is one thing, a value that is not given another"
)]

use std::borrow::Cow;

#[cfg(doc)]
use super::fields::Fields;
use memchr::memchr2;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Deserializer, Map, Value};

use super::View;
use crate::input::Mistakes;

/// Most brackets of a value that is not a string; the parser counts how deep they are nested.
const MOST_BRACKETS: usize = 64;

/// Room for what a line does not hold as it is meant; used for one line after the other.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Strings without their escapes.
    text: Vec<u8>,
    ends: Vec<usize>,
}

/// A line that was understood.
#[derive(Debug)]
pub(super) struct Scanned<'a> {
    pub(super) view: View<'a>,
    /// Names of fields that the format does not know.
    pub(super) unknown: Vec<&'a str>,
}

/// The fields of a line, if it is written plainly and they are valid.
pub(super) fn scan<'a>(line: &'a str, scratch: &'a mut Scratch) -> Option<Scanned<'a>> {
    // One pass without branches. Control characters may not stand in strings.
    if line
        .bytes()
        .map(|b| u8::from(b < b' '))
        .fold(0, |a, b| a | b)
        != 0
    {
        return None;
    }
    // What is written without escapes is shorter.
    if scratch.text.len() < line.len() {
        scratch.text.resize(line.len(), 0);
    }
    let mut cursor = Cursor {
        line,
        at: 0,
        room: &mut scratch.text,
    };
    let mut ends = Some(&mut scratch.ends);
    let mut view = View::default();
    let mut unknown = Vec::new();
    let mut seen = Seen::default();
    cursor.expect(b'{')?;
    loop {
        cursor.expect(b'"')?;
        let key = cursor.key()?;
        cursor.expect(b':')?;
        cursor.blanks();
        match key {
            "id" => view.id = cursor.identifier(seen.once(0)?)??,
            "prompt_id" => view.prompt_id = cursor.identifier(seen.once(1)?)?,
            "model" => view.model = cursor.text(seen.once(2)?)?,
            "benchmark" => view.benchmark = cursor.text(seen.once(3)?)?,
            "problem" => view.problem = cursor.text(seen.once(4)?)?,
            "solution" => view.solution = cursor.text(seen.once(5)?)??,
            "problem_tokens" => view.problem_tokens = cursor.count(seen.once(6)?)?,
            "solution_tokens" => view.solution_tokens = cursor.count(seen.once(7)?)?,
            "token_ends" => view.token_ends = cursor.ends(seen.once(8)?, ends.take()?)?,
            "correct" => view.correct = cursor.truth(seen.once(9)?)?,
            "accepted" => view.accepted = cursor.truth(seen.once(10)?)?,
            "utility" => view.utility = cursor.number(seen.once(11)?)?,
            "rejected_at" => view.rejected_at = cursor.count(seen.once(12)?)?,
            "pass_through" => view.pass_through = cursor.number(seen.once(13)?)?,
            "gold" => view.gold = cursor.text(seen.once(14)?)?,
            "finish_reason" => view.finish_reason = cursor.text(seen.once(15)?)?,
            "attributes" => view.attributes = cursor.attributes(seen.once(16)?)?,
            _ => {
                cursor.value::<IgnoredAny>()?;
                unknown.push(key);
            }
        }
        cursor.blanks();
        match cursor.take()? {
            b',' => cursor.blanks(),
            b'}' => break,
            _ => return None,
        }
    }
    cursor.blanks();
    let complete = cursor.at == line.len() && seen.has(0) && seen.has(5);
    let mut mistakes = Mistakes::default();
    view.check(&mut mistakes);
    (complete && mistakes.is_empty()).then_some(Scanned { view, unknown })
}

/// Which fields stand in the line, by their places in the table of the format.
#[derive(Default)]
struct Seen(u32);

/// That a field has not been seen before.
struct Once;

impl Seen {
    fn once(&mut self, field: u32) -> Option<Once> {
        let new = !self.has(field);
        self.0 |= 1 << field;
        new.then_some(Once)
    }

    fn has(&self, field: u32) -> bool {
        self.0 >> field & 1 == 1
    }
}

/// A place in a line. Its functions read on from there; they return `None` for what they do not
/// understand, and `Some(None)` for `null`.
struct Cursor<'a> {
    line: &'a str,
    at: usize,
    /// Room for strings without their escapes.
    room: &'a mut [u8],
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.line.as_bytes().get(self.at).copied()
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// Passes over white space. The line has no other than this.
    fn blanks(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    /// Passes over white space and this byte.
    fn expect(&mut self, byte: u8) -> Option<()> {
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
    fn key(&mut self) -> Option<&'a str> {
        let rest = &self.line[self.at..];
        let end = rest.bytes().position(|b| b == b'"' || b == b'\\')?;
        self.at += end + 1;
        (rest.as_bytes()[end] == b'"').then(|| &rest[..end])
    }

    fn text(&mut self, _: Once) -> Option<Option<&'a str>> {
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
    fn identifier(&mut self, once: Once) -> Option<Option<&'a str>> {
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
    fn count(&mut self, _: Once) -> Option<Option<u64>> {
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

    fn truth(&mut self, _: Once) -> Option<Option<bool>> {
        match self.take()? {
            b't' => self.literal("rue").then_some(Some(true)),
            b'f' => self.literal("alse").then_some(Some(false)),
            b'n' => self.literal("ull").then_some(None),
            _ => None,
        }
    }

    fn number(&mut self, _: Once) -> Option<Option<f64>> {
        let rest = &self.line[self.at..];
        if self.literal("null") {
            return Some(None);
        }
        let number = |b: &u8| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E');
        let length = rest.bytes().take_while(number).count();
        self.at += length;
        serde_json::from_str(&rest[..length]).ok().map(Some)
    }

    fn ends(&mut self, _: Once, ends: &'a mut Vec<usize>) -> Option<Option<&'a [usize]>> {
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

    fn attributes(&mut self, _: Once) -> Option<Option<Cow<'a, Map<String, Value>>>> {
        match self.peek()? {
            b'{' => Some(Some(Cow::Owned(self.value()?))),
            b'n' => self.literal("null").then_some(None),
            _ => None,
        }
    }

    /// Any value, read by the parser.
    fn value<T: DeserializeOwned>(&mut self) -> Option<T> {
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

#[cfg(test)]
mod tests {
    use super::super::Record;
    use super::super::fields::Fields;
    use super::*;
    use proptest::prelude::*;

    /// What a scan says, as a record and the unknown fields.
    fn scanned(line: &str) -> Option<(Record, Vec<String>)> {
        let mut scratch = Scratch::default();
        let found = scan(line, &mut scratch)?;
        let unknown = found.unknown.iter().map(|&name| name.to_owned());
        Some((found.view.to_record(), unknown.collect()))
    }

    /// What the fields of the line say; `None` where anything is wrong with it.
    fn defined(line: &str) -> Option<(Record, Vec<String>)> {
        let mut fields: Fields = serde_json::from_str(line).ok()?;
        let unknown = std::mem::take(&mut fields.unknown);
        let mut mistakes = Mistakes::default();
        let record = fields.into_record(&mut mistakes);
        mistakes.is_empty().then_some((record, unknown))
    }

    #[test]
    fn what_programs_write_is_scanned() {
        for line in [
            r#"{"id":"a","solution":"x"}"#,
            r#" { "solution" : "1 + 1 = 2\n\"\\\u00e9\ud83d\ude42\/\t" , "id" : 12 } "#,
            r#"{"id":-3,"prompt_id":"p","model":null,"benchmark":"b","problem":"\u2212","solution":"hä",
                "problem_tokens":0,"solution_tokens":2,"token_ends":[1, 3],"correct":true,
                "accepted":false,"utility":1.5e-1,"rejected_at":2,"pass_through":1,"gold":"7",
                "finish_reason":"stop","attributes":{"a":[1,{"b":null}],"c":"\u00e9"}}"#,
            r#"{"id":"a","solution":"","seed":[1,"]"],"x":{"y":1.5},"z":"\n","n":-1e3,"t":true,"token_ends":[]}"#,
        ] {
            let line = line.replace('\n', " ");
            let found = scanned(&line);
            assert!(found.is_some(), "{line}");
            assert_eq!(found, defined(&line), "{line}");
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_parser() {
        for line in [
            "",
            "{}",
            "[1]",
            r#"{"id":"a"}"#,
            r#"{"id":null,"solution":"x"}"#,
            r#"{"id":"a","solution":"x"} x"#,
            r#"{"id":"a","solution":"x",}"#,
            r#"{"id":"a","id":"b","solution":"x"}"#,
            r#"{"\u0069d":"a","solution":"x"}"#,
            r#"{"id":"a","solution":"\ud800"}"#,
            r#"{"id":"a","solution":"\ud800\u0041"}"#,
            r#"{"id":"a","solution":"\x"}"#,
            r#"{"id":01,"solution":""}"#,
            r#"{"id":-0,"solution":""}"#,
            r#"{"id":1.5,"solution":""}"#,
            r#"{"id":"a","solution":"","utility":2}"#,
            r#"{"id":"a","solution":"","correct":1}"#,
            r#"{"id":"a","solution":"","solution_tokens":-1}"#,
            r#"{"id":"a","solution":"","token_ends":[1]}"#,
            r#"{"id":"a","solution":"","x":[1}"#,
            "{\"id\":\"a\",\"solution\":\"a\tb\"}",
        ] {
            assert_eq!(scanned(line), None, "{line}");
        }
    }

    fn value() -> impl Strategy<Value = String> {
        let plain = [
            "null",
            "true",
            "false",
            "0",
            "-0",
            "7",
            "-3",
            "1.5",
            "0.25",
            "1e-2",
            "01",
            "1e400",
            "12345678901234567890",
            "\"\"",
            "\"a\"",
            "\"h\u{e4}\\n\\\"\"",
            "\"\\ud83d\\ude42\"",
            "\"\\udc00\"",
            "\"\\u212a\"",
            "[]",
            "[1, 2]",
            "[0,0]",
            "[[{}]]",
            "{}",
            "{\"a\":1,\"a\":\"b\"}",
            "nul",
            "\"open",
        ];
        prop::sample::select(plain.to_vec()).prop_map(str::to_owned)
    }

    fn line() -> impl Strategy<Value = String> {
        let names = [
            "id",
            "prompt_id",
            "model",
            "benchmark",
            "problem",
            "solution",
            "problem_tokens",
            "solution_tokens",
            "token_ends",
            "correct",
            "accepted",
            "utility",
            "rejected_at",
            "pass_through",
            "gold",
            "finish_reason",
            "attributes",
            "seed",
            "s\u{e9}ed",
            "i\\u0064",
        ];
        let field = (prop::sample::select(names.to_vec()), value())
            .prop_map(|(name, value)| format!("\"{name}\":{value}"));
        let fields = prop::collection::vec(field, 0..4);
        let required = prop::sample::select(vec![
            "\"id\":\"a\",\"solution\":\"x\"",
            "\"id\":5, \"solution\" : \"x \\u00d7 y\"",
            "\"solution\":\"\"",
        ]);
        (required, fields).prop_map(|(required, fields)| {
            let mut all = vec![required.to_owned()];
            all.extend(fields);
            format!("{{{}}}", all.join(","))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_scan_says_what_the_fields_say_or_nothing(
            line in line(),
            changes in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(
                vec!["", "\"", "\\", "{", "}", "[", "]", ",", ":", " ", "0", "-", "e", "u", "\t", "\u{e9}"],
            )), 0..3),
        ) {
            let mut line = line;
            for (place, with) in changes {
                let places: Vec<(usize, char)> = line.char_indices().collect();
                if !places.is_empty() {
                    let (at, c) = places[place.index(places.len())];
                    line.replace_range(at..at + c.len_utf8(), with);
                }
            }
            if let Some(found) = scanned(&line) {
                prop_assert_eq!(Some(found), defined(&line), "{}", line);
            }
        }
    }
}
