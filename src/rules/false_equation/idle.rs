//! What may be passed over where no equation is being read.
//!
//! Without an equals sign nothing alarms, and an end of a sentence forgets what stands before it.
//! So of text without a candidate – an equals sign that is not plainly right, an annotation, or a
//! brace, which changes what symbols behind it mean – all up to the last gap between sentences,
//! parts of sentences or lines can be left unread.

use memchr::memchr3;

use super::plain;

/// What lies ahead of a place where no equation is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ahead {
    /// Bytes before the first candidate, or all where there is none.
    pub(super) candidate: usize,
    /// The last gap before it.
    pub(super) gap: Option<Gap>,
}

/// The end of a sentence, of a part of one or of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    /// Bytes up to its end.
    pub(super) end: usize,
    /// Whether that is the end of a line.
    pub(super) ends_line: bool,
}

/// Looks for the first candidate of a text.
pub(super) fn look_ahead(text: &[u8]) -> Ahead {
    let next = |from: usize| {
        memchr3(b'=', b'<', b'{', &text[from..]).map_or(text.len(), |found| from + found)
    };
    let mut candidate = next(0);
    let mut gap = last_gap(text, 0, candidate);
    while text.get(candidate) == Some(&b'=') {
        let start = gap.map_or(0, |gap| gap.end);
        if !plain::holds(text, start, gap.is_some(), candidate) {
            break;
        }
        // It is forgotten behind the next gap, if that comes in time.
        let later = next(candidate + 1);
        let Some(behind) = last_gap(text, candidate + 1, later) else {
            break;
        };
        (candidate, gap) = (later, Some(behind));
    }
    Ahead { candidate, gap }
}

/// The last gap of a text between two places, which is one whatever stands before.
///
/// A gap is white space after a sign that ends a sentence or a part of one, which stands right
/// behind a letter, a digit or a closing parenthesis (`\,` and `..` are none); or the end of a
/// line that ends in a digit, behind which no operator can stand that goes on below.
fn last_gap(text: &[u8], from: usize, to: usize) -> Option<Gap> {
    let text = &text[from..to];
    let mut spaces = text.iter().enumerate().rev().take(text.len().saturating_sub(2));
    let end = spaces.find_map(|(place, &last)| {
        let (before, sign) = (text[place - 2], text[place - 1]);
        let ends_part = || {
            matches!(sign, b'.' | b',' | b':' | b';' | b'!' | b'?')
                && (before.is_ascii_alphanumeric() || before == b')')
        };
        let ends = match last {
            b' ' => ends_part(),
            b'\n' => sign.is_ascii_digit() || ends_part(),
            _ => false,
        };
        ends.then_some(place + 1)
    })?;
    Some(Gap {
        end: from + end,
        ends_line: text[end - 1] == b'\n',
    })
}
