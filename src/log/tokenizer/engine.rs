//! The `tokenizers` crate: which bytes of a text each token is.
//!
//! Its offsets say of every part of a character that is split over tokens that it is the whole
//! character. So the tokens are first spelt out in bytes – byte-level alphabets, `▁` for a space,
//! `<0xE2>` for a byte – and followed through the text; only where that does not work out, because
//! a normaliser changed the text, its offsets are taken.

use std::path::Path;

use super::TokenizerError;

/// A tokenizer that neither truncates nor pads.
pub(super) struct Engine(tokenizers::Tokenizer);

impl Engine {
    pub(super) fn load(path: &Path) -> Result<Self, TokenizerError> {
        let failed = |e: tokenizers::Error| TokenizerError::File(e.to_string());
        let mut tokenizer = tokenizers::Tokenizer::from_file(path).map_err(failed)?;
        tokenizer.with_truncation(None).map_err(failed)?;
        tokenizer.with_padding(None);
        Ok(Self(tokenizer))
    }

    /// Byte offsets of the ends of all tokens, if the tokenizer takes the text.
    pub(super) fn ends(&self, text: &str) -> Option<Vec<usize>> {
        let encoding = self.0.encode(text, false).ok()?;
        spelt(text, encoding.get_tokens())
            .or_else(|| Some(encoding.get_offsets().iter().map(|(_, end)| *end).collect()))
    }
}

/// The ends of tokens that, spelt out one after the other, are the text.
fn spelt(text: &str, tokens: &[String]) -> Option<Vec<usize>> {
    let mut at = 0;
    let mut ends = Vec::with_capacity(tokens.len());
    for (i, token) in tokens.iter().enumerate() {
        let rest = &text.as_bytes()[at..];
        let spaced = token.replace('▁', " ");
        // A tokenizer may put a space before the text.
        let unspaced = spaced.strip_prefix(' ').filter(|_| i == 0);
        let spellings = [
            byte_level(token),
            byte(token).map(|b| vec![b]),
            Some(spaced.as_bytes().to_vec()),
            unspaced.map(|s| s.as_bytes().to_vec()),
        ];
        let spelling = spellings
            .into_iter()
            .flatten()
            .find(|s| rest.starts_with(s))?;
        at += spelling.len();
        ends.push(at);
    }
    (at == text.len()).then_some(ends)
}

/// The bytes of a token in the alphabet of byte-level BPE: printable bytes of Latin-1 stand for
/// themselves, the other 68 for the characters from U+0100 on, in their order.
fn byte_level(token: &str) -> Option<Vec<u8>> {
    let printable = |c: u32| matches!(c, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    token
        .chars()
        .map(|c| match u32::from(c) {
            c if printable(c) => u8::try_from(c).ok(),
            c => {
                let place = usize::try_from(c.checked_sub(0x100)?).ok()?;
                (0..=u8::MAX)
                    .filter(|b| !printable(u32::from(*b)))
                    .nth(place)
            }
        })
        .collect()
}

/// The byte of a token such as `<0xE2>`.
fn byte(token: &str) -> Option<u8> {
    let digits = token.strip_prefix("<0x")?.strip_suffix('>')?;
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_spelt_out_in_bytes() {
        let spelt = |text: &str, tokens: &[&str]| {
            let tokens: Vec<String> = tokens.iter().map(|&t| t.to_owned()).collect();
            spelt(text, &tokens)
        };
        assert_eq!(spelt("a é", &["a", "Ġ", "Ã", "©"]), Some(vec![1, 2, 3, 4]));
        assert_eq!(spelt("a\nb", &["a", "Ċ", "b"]), Some(vec![1, 2, 3]));
        assert_eq!(
            spelt("the €", &["▁the", "▁", "<0xE2>", "<0x82>", "<0xAC>"]),
            Some(vec![3, 4, 5, 6, 7])
        );
        assert_eq!(spelt(" x", &["▁x"]), Some(vec![2]));
        assert_eq!(spelt("", &[]), Some(vec![]));
        assert_eq!(spelt("The", &["the"]), None);
        assert_eq!(spelt("ab", &["a"]), None);
        assert_eq!(byte_level("Ā"), Some(vec![0]));
        assert_eq!(byte_level("Ń"), Some(vec![0xad]));
        assert_eq!(byte_level("ń"), None);
    }
}
