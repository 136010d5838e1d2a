//! JSON that is not quite: what Python writes and the standard forbids.
//!
//! `NaN`, `Infinity` and `-Infinity` are no numbers to a JSON parser, and half a surrogate pair in
//! an escape is no character. Both stand in files of well-known tools. They are read as `null` and
//! as U+FFFD, and counted; nothing else is mended.

use serde_json::Value;

/// How many rows were mended, and of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Repairs {
    /// Rows with a number that is none.
    not_numbers: u64,
    /// Rows with half a surrogate pair.
    surrogates: u64,
}

impl Repairs {
    pub(super) fn add(&mut self, other: Self) {
        self.not_numbers += other.not_numbers;
        self.surrogates += other.surrogates;
    }

    pub(super) fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.not_numbers > 0 {
            remarks.push(format!(
                "NaN or Infinity, which JSON does not have, is read as null in {} rows",
                self.not_numbers
            ));
        }
        if self.surrogates > 0 {
            remarks.push(format!(
                "half a surrogate pair is read as U+FFFD in {} rows: token ends of these are not \
                 those of the original text",
                self.surrogates
            ));
        }
        remarks
    }
}

/// Parses a text, mending it only where it cannot be parsed as it is.
pub(super) fn parse(text: &str) -> Result<(Value, Repairs), serde_json::Error> {
    let error = match serde_json::from_str(text) {
        Ok(value) => return Ok((value, Repairs::default())),
        Err(error) => error,
    };
    let (mended, repairs) = mend(text);
    if repairs == Repairs::default() {
        return Err(error);
    }
    // What else is wrong is told of the text as it was written.
    match serde_json::from_str(&mended) {
        Ok(value) => Ok((value, repairs)),
        Err(_) => Err(error),
    }
}

fn mend(text: &str) -> (String, Repairs) {
    let mut mended = String::with_capacity(text.len());
    let (mut numbers, mut surrogates) = (false, false);
    let mut rest = text;
    let mut inside = false;
    while let Some(c) = rest.chars().next() {
        let mut taken = c.len_utf8();
        if inside && c == '\\' {
            if let Some(first) = escaped_unit(rest).filter(|u| (0xd800..0xe000).contains(u)) {
                let low = escaped_unit(&rest[6..]).filter(|u| (0xdc00..0xe000).contains(u));
                if first < 0xdc00 && low.is_some() {
                    taken = 12;
                    mended.push_str(&rest[..taken]);
                } else {
                    surrogates = true;
                    taken = 6;
                    mended.push_str("\\ufffd");
                }
            } else {
                taken += rest[1..].chars().next().map_or(0, char::len_utf8);
                mended.push_str(&rest[..taken]);
            }
        } else if let Some(word) = not_a_number(rest).filter(|_| !inside) {
            numbers = true;
            taken = word.len();
            mended.push_str("null");
        } else {
            inside ^= c == '"';
            mended.push(c);
        }
        rest = &rest[taken..];
    }
    let repairs = Repairs {
        not_numbers: u64::from(numbers),
        surrogates: u64::from(surrogates),
    };
    (mended, repairs)
}

fn not_a_number(text: &str) -> Option<&'static str> {
    ["NaN", "Infinity", "-Infinity"]
        .into_iter()
        .find(|word| text.starts_with(word))
}

/// The 16-bit unit of an escape such as `\ud83d` that a text begins with.
fn escaped_unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_python_writes_is_read_and_counted() {
        let cases = [
            ("{\"a\":NaN}", json!({"a": null}), 1, 0),
            ("[-Infinity, Infinity,1]", json!([null, null, 1]), 1, 0),
            (
                "{\"NaN\":\"Infinity \\\" NaN\"}",
                json!({"NaN": "Infinity \" NaN"}),
                0,
                0,
            ),
            ("[\"\\ud83d\"]", json!(["\u{fffd}"]), 0, 1),
            ("[\"x\\ude00\\ud83d\\ude00\"]", json!(["x\u{fffd}😀"]), 0, 1),
            ("[\"\\\\ud83d\", NaN]", json!(["\\ud83d", null]), 1, 0),
            ("[\"\\ud83d\\ud83d\\ude00\"]", json!(["\u{fffd}😀"]), 0, 1),
        ];
        for (text, value, not_numbers, surrogates) in cases {
            let repairs = Repairs {
                not_numbers,
                surrogates,
            };
            assert_eq!(parse(text).expect(text), (value, repairs), "{text}");
        }
    }

    #[test]
    fn nothing_else_is_mended() {
        for text in ["{\"a\":NaN", "{'a':1}", "[\"\\ud83", "[nan]", "\\", "\"\\u"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
