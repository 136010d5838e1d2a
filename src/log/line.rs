//! One line of a log and what it turns out to be.

use super::fields::Fields;
use super::read_error::in_words;
use super::scan::{Scanned, Scratch, scan};

/// What a line is.
pub(super) enum Line<'a> {
    /// White space.
    Blank,
    /// The beginning of a file that is one JSON array.
    Array,
    /// No JSON object, for this reason.
    Faulty(String),
    /// A valid record that is written plainly.
    Plain(Scanned<'a>),
    /// An object, valid or not.
    Fields(Fields),
}

/// Reads line number `number`, of at most `longest` bytes.
pub(super) fn understand<'a>(
    line: &'a [u8],
    number: usize,
    longest: usize,
    scratch: &'a mut Scratch,
) -> Line<'a> {
    if line.len() > longest {
        return Line::Faulty(format!(
            "is longer than {}, the limit for one record",
            in_words(longest)
        ));
    }
    if line.trim_ascii_start().is_empty() {
        return Line::Blank;
    }
    let text = match simdutf8::compat::from_utf8(line) {
        Ok(text) => text,
        Err(e) => {
            return Line::Faulty(format!(
                "is not UTF-8 text from byte {} of the line on",
                e.valid_up_to() + 1
            ));
        }
    };
    if let Some(scanned) = scan(text, scratch) {
        return Line::Plain(scanned);
    }
    match serde_json::from_str::<Fields>(text) {
        Ok(fields) => Line::Fields(fields),
        Err(_) if number == 1 && text.trim_start().starts_with('[') => Line::Array,
        Err(e) => Line::Faulty(not_an_object(&e)),
    }
}

/// The parser's message with the column alone: to it, every line is line 1.
fn not_an_object(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(what, _)| what);
    let place = if error.is_data() {
        String::new()
    } else {
        format!(" at column {}", error.column())
    };
    format!("is not a JSON object: {what}{place}; every line must hold one whole record")
}
