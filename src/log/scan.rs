//! The fields of a line that is written plainly, found without building anything.
//!
//! Reads what programs write: an object in one line whose keys have no escapes and stand once. The
//! strings are borrowed from the line, those with escapes from a scratch space. Everything else –
//! another value than a field wants, whatever is no JSON – is left to [`Fields`], which also knows
//! what is wrong with it: a scan either says what [`Fields`] would say or says nothing.

#[cfg(doc)]
use super::fields::Fields;
use serde::de::IgnoredAny;

use super::View;
use super::cursor::{Cursor, Once};
use crate::input::Mistakes;

/// Fields of the format.
const FIELDS: usize = 17;

/// Room for what a line does not hold as it is meant; used for one line after the other.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Strings without their escapes.
    texts: [String; FIELDS],
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
    let mut cursor = Cursor {
        line,
        at: 0,
        room: scratch.texts.iter_mut(),
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
        // Bytes are told apart by branches, texts one after the other.
        match key.as_bytes() {
            b"id" => view.id = cursor.identifier(seen.once(0)?)??,
            b"prompt_id" => view.prompt_id = cursor.identifier(seen.once(1)?)?,
            b"model" => view.model = cursor.text(seen.once(2)?)?,
            b"benchmark" => view.benchmark = cursor.text(seen.once(3)?)?,
            b"problem" => view.problem = cursor.text(seen.once(4)?)?,
            b"solution" => view.solution = cursor.text(seen.once(5)?)??,
            b"problem_tokens" => view.problem_tokens = cursor.count(seen.once(6)?)?,
            b"solution_tokens" => view.solution_tokens = cursor.count(seen.once(7)?)?,
            b"token_ends" => view.token_ends = cursor.ends(seen.once(8)?, ends.take()?)?,
            b"correct" => view.correct = cursor.truth(seen.once(9)?)?,
            b"accepted" => view.accepted = cursor.truth(seen.once(10)?)?,
            b"utility" => view.utility = cursor.number(seen.once(11)?)?,
            b"rejected_at" => view.rejected_at = cursor.count(seen.once(12)?)?,
            b"pass_through" => view.pass_through = cursor.number(seen.once(13)?)?,
            b"gold" => view.gold = cursor.text(seen.once(14)?)?,
            b"finish_reason" => view.finish_reason = cursor.text(seen.once(15)?)?,
            b"attributes" => view.attributes = cursor.attributes(seen.once(16)?)?,
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
