//! Phrases found in a stream of characters, however they are spelled.
//!
//! Upper and lower case, typographic and straight quotes and hyphens, and white space of any length
//! are the same; a phrase that begins or ends with a letter or digit is found as whole words only.
//! It is found with its last character, or with the next one where that must show that the last
//! word is complete, or at the end.

use super::Detector;
use super::texts::Texts;

/// Looks for any of several phrases.
pub(super) struct Phrases {
    phrases: Texts,
    spelling: Spelling,
}

impl Phrases {
    pub(super) fn new(phrases: &[impl AsRef<str>]) -> Self {
        let phrases: Vec<String> = phrases
            .iter()
            .map(|phrase| spelled(phrase.as_ref()))
            .collect();
        Self {
            phrases: Texts::new(&phrases),
            spelling: Spelling::default(),
        }
    }
}

impl Detector for Phrases {
    fn start(&mut self, _: Option<&str>) -> bool {
        self.phrases.restart();
        self.spelling = Spelling::default();
        false
    }

    fn read(&mut self, c: char) -> bool {
        let mut spelled = self.spelling.read(c).into_iter().flatten();
        spelled.any(|c| self.phrases.read(c))
    }

    fn finish(&mut self) -> bool {
        let edge = self.spelling.finish();
        edge.is_some_and(|c| self.phrases.read(c))
    }
}

/// Stands between what is of a word and what is not; no character of a text.
const EDGE: char = '\u{ffff}';

/// Spells texts alike that differ in case, quotes, hyphens and white space alone, with an
/// [`EDGE`] wherever a word begins or ends.
#[derive(Default)]
struct Spelling {
    in_word: bool,
    in_space: bool,
}

impl Spelling {
    /// The next characters of the spelling.
    fn read(&mut self, c: char) -> [Option<char>; 2] {
        let word = c.is_alphanumeric();
        let space = c.is_whitespace();
        let edge = (word != self.in_word).then_some(EDGE);
        let again = space && self.in_space;
        (self.in_word, self.in_space) = (word, space);
        [edge, (!again).then(|| plain(c))]
    }

    /// The last character of the spelling, if any.
    fn finish(&mut self) -> Option<char> {
        std::mem::take(&mut self.in_word).then_some(EDGE)
    }
}

/// The spelling of a text on its own.
pub(super) fn spelled(text: &str) -> String {
    let mut spelling = Spelling::default();
    let mut spelled: String = text
        .chars()
        .flat_map(|c| spelling.read(c).into_iter().flatten())
        .collect();
    spelled.extend(spelling.finish());
    spelled
}

/// One character for all that mean the same.
fn plain(c: char) -> char {
    match c {
        '‘' | '’' | 'ʼ' | '′' => '\'',
        '“' | '”' | '„' => '"',
        '\u{2010}' | '\u{2011}' => '-',
        EDGE => char::REPLACEMENT_CHARACTER,
        _ if c.is_whitespace() => ' ',
        _ => {
            let mut lower = c.to_lowercase();
            match (lower.next(), lower.next()) {
                (Some(one), None) => one,
                _ => c,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Alarm, Reading};
    use super::*;

    /// Checks for an alarm where `¦` stands in `marked`, or at the end where `‖` does.
    fn check(phrases: &[&str], marked: &str) {
        let mut detector = Phrases::new(phrases);
        // What was read before must be forgotten.
        Reading::start(&mut detector, None).push(phrases[0].as_bytes());
        let mut reading = Reading::start(&mut detector, Some(phrases[0]));
        reading.push(marked.replace(['¦', '‖'], "").as_bytes());
        let expected = match (marked.find('¦'), marked.ends_with('‖')) {
            (Some(at), _) => Some(Alarm::After(at)),
            (None, true) => Some(Alarm::AtEnd),
            (None, false) => None,
        };
        assert_eq!(reading.finish(), expected, "{marked}");
    }

    #[test]
    fn spelling_does_not_matter_and_words_are_whole() {
        check(
            &["größer als"],
            "Das ist GRÖSSER als 4, also größer\u{a0}als ¦5",
        );
        check(&["--", "x?"], "ab--¦c");
        check(&["oops"], "as an AI, oops.¦ Hm");
        check(&["oops"], "whoopsie, oops2, oops‖");
        check(&["re-check"], "We re\u{2011}check‖");
        check(&["\u{ffff}"], "a b\u{ffff}¦");
        check(&["as an AI"], "as an AIé");
        check(&["as an AI"], "");
    }
}
