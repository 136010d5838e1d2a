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
    let mut candidate = next(text, 0);
    let mut gap = last_gap(text, 0, candidate);
    loop {
        let start = gap.map_or(0, |gap| gap.end);
        let read = match text.get(candidate) {
            Some(b'=') => plain::holds(text, start, gap.is_some(), candidate),
            Some(b'<') => plain::annotated(text, candidate),
            _ => None,
        };
        // It is forgotten behind the next gap, if that comes in time.
        let Some((later, behind)) = read.and_then(|read| forgotten(text, read)) else {
            return Ahead { candidate, gap };
        };
        (candidate, gap) = (later, Some(behind));
    }
}

/// The next place that may be a candidate.
fn next(text: &[u8], from: usize) -> usize {
    memchr3(b'=', b'<', b'{', &text[from..]).map_or(text.len(), |found| from + found)
}

/// The next place behind `read` that may be a candidate and is none of the equation that was read
/// up to there, with the last gap before it. One annotation may stand before the gap: it compares
/// its own sides alone.
fn forgotten(text: &[u8], read: usize) -> Option<(usize, Gap)> {
    // The gap may begin with what was read last.
    let gap = |read: usize, later| last_gap(text, read.saturating_sub(2), later);
    let later = next(text, read);
    if let Some(gap) = gap(read, later) {
        return Some((later, gap));
    }
    let read = plain::annotated(text, later)?;
    let later = next(text, read);
    Some((later, gap(read, later)?))
}

/// The last gap of a text between two places, which is one whatever stands before.
///
/// A gap is white space after a sign that ends a sentence or a part of one, which stands right
/// behind a letter, a digit or a closing parenthesis (`\,` and `..` are none); or the end of a
/// line that ends in a digit, behind which no operator can stand that goes on below, unless the
/// next line may begin with an equals sign.
fn last_gap(text: &[u8], from: usize, to: usize) -> Option<Gap> {
    let text = &text[..to];
    let windows = text.get(from..)?.windows(3).enumerate().rev();
    for (k, window) in windows {
        let &[before, sign, space] = window else {
            continue;
        };
        let sign = SIGNS[usize::from(sign)];
        if sign == Sign::Other {
            continue;
        }
        let (end, ends_line) = (from + k + 3, space == b'\n');
        let ends = match sign {
            Sign::EndsPart => {
                (ends_line || space == b' ') && (before.is_ascii_alphanumeric() || before == b')')
            }
            Sign::Digit => ends_line && !is_blank(&text[end..]),
            Sign::Other => false,
        };
        if ends {
            return Some(Gap { end, ends_line });
        }
    }
    None
}

/// What stands before the white space of a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Other,
    /// Of a sentence or of a part of one.
    EndsPart,
    Digit,
}

/// By byte; most say nothing, and one look tells.
const SIGNS: [Sign; 256] = {
    let mut signs = [Sign::Other; 256];
    let mut byte: u8 = 0;
    while byte.is_ascii() {
        signs[byte as usize] = match byte {
            b'.' | b',' | b':' | b';' | b'!' | b'?' => Sign::EndsPart,
            b'0'..=b'9' => Sign::Digit,
            _ => Sign::Other,
        };
        byte += 1;
    }
    signs
};

/// Whether a text may say nothing: white space, quotes, or commands of LaTeX that are no more.
fn is_blank(text: &[u8]) -> bool {
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return true,
            [b'\\', behind @ ..] => {
                let letters = behind.iter().take_while(|b| b.is_ascii_alphabetic());
                // A command, or a backslash and a sign.
                behind.get(letters.count().max(1)..).unwrap_or_default()
            }
            [b, behind @ ..] if b.is_ascii_whitespace() || !b.is_ascii() => behind,
            [b'&' | b'"' | b'\'' | b'`' | b'\x0b', behind @ ..] => behind,
            _ => return false,
        }
    }
}
