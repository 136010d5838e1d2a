//! What may be passed over where no equation is being read.
//!
//! Without an equals sign nothing alarms, and an end of a sentence forgets what stands before it.
//! So of text without a candidate – an equals sign, an annotation, or a brace, which changes what
//! symbols behind it mean – all up to the last gap between sentences, parts of sentences or lines
//! can be left unread.

/// The end of a sentence, of a part of one or of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    /// Bytes up to its end.
    pub(super) end: usize,
    /// Whether that is the end of a line.
    pub(super) ends_line: bool,
}

/// Bytes before the first candidate of a text, or all where there is none.
pub(super) fn candidate(text: &[u8]) -> usize {
    const BLOCK: usize = 32;
    let is_candidate = |b: u8| matches!(b, b'=' | b'<' | b'{');
    let blocks = text.chunks_exact(BLOCK);
    let whole = blocks.len();
    // Without a branch in the block, so that it is done in a few instructions.
    let found = |block: &[u8]| block.iter().fold(false, |any, &b| any | is_candidate(b));
    let block = blocks.clone().position(found).unwrap_or(whole) * BLOCK;
    let rest = text[block..].iter().position(|&b| is_candidate(b));
    block + rest.unwrap_or(text.len() - block)
}

/// The last gap of a text that is one whatever stands before the text.
///
/// A gap is white space after a sign that ends a sentence or a part of one, which stands right
/// behind a letter, a digit or a closing parenthesis (`\,` and `..` are none); or the end of a
/// line that ends in a digit, behind which no operator can stand that goes on below.
pub(super) fn last_gap(text: &[u8]) -> Option<Gap> {
    let mut end = text.len();
    while end >= 3 {
        let &[before, sign, last] = &text[end - 3..end] else {
            return None;
        };
        let ends_line = last == b'\n';
        let part = matches!(sign, b'.' | b',' | b':' | b';' | b'!' | b'?')
            && (before.is_ascii_alphanumeric() || before == b')');
        if last <= b' '
            && (part && matches!(last, b' ' | b'\n') || ends_line && sign.is_ascii_digit())
        {
            return Some(Gap { end, ends_line });
        }
        end -= 1;
    }
    None
}
