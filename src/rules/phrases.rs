//! Phrases found in a stream of characters, however they are spelled.
//!
//! Upper and lower case, typographic and straight quotes and hyphens, and white space of any length
//! are the same; a phrase that begins or ends with a letter or digit is found as whole words only.
//! It is found with its last character, or with the next one where that must show that the last
//! word is complete, or at the end.

use aho_corasick::Span;
use aho_corasick::packed::Searcher;
use memchr::memchr_iter;

use super::texts::Texts;
use super::{Alarm, Detector};

/// Looks for any of several phrases.
pub(super) struct Phrases {
    texts: Texts,
    spelling: Spelling,
    /// `None` where a phrase has no word that can be looked for.
    words: Option<Box<Words>>,
    /// The text in small letters.
    small: Vec<u8>,
}

impl Phrases {
    pub(super) fn new(phrases: &[impl AsRef<str>]) -> Self {
        let phrases: Vec<String> = phrases
            .iter()
            .map(|phrase| spelled(phrase.as_ref()))
            .collect();
        Self {
            words: Words::of(&phrases).map(Box::new),
            texts: Texts::new(&phrases),
            spelling: Spelling::default(),
            small: Vec::new(),
        }
    }

    /// Reads the text around `word`, the place of a word of a phrase, as far as a phrase that holds
    /// it may reach: the alarm, and where reading ended.
    fn read_around(&mut self, text: &str, word: usize, longest: usize) -> (Option<usize>, usize) {
        let mut start = word;
        let (mut spelled, mut in_space) = (0, false);
        for (at, c) in text[..word].char_indices().rev() {
            if spelled > longest {
                break;
            }
            let space = c.is_whitespace();
            spelled += usize::from(!(space && in_space));
            (start, in_space) = (at, space);
        }
        self.texts.restart();
        let before = text[..start].chars().next_back();
        self.spelling = Spelling {
            in_word: before.is_some_and(char::is_alphanumeric),
            in_space: before.is_some_and(char::is_whitespace),
        };
        let mut at = start;
        for c in text[start..].chars() {
            at += c.len_utf8();
            if self.read(c) {
                return (Some(at), at);
            }
            if at > word && self.texts.is_idle() {
                break;
            }
        }
        (None, at)
    }
}

impl Detector for Phrases {
    fn start(&mut self, _: Option<&str>) -> bool {
        self.texts.restart();
        self.spelling = Spelling::default();
        false
    }

    fn read(&mut self, c: char) -> bool {
        let mut spelled = self.spelling.read(c).into_iter().flatten();
        spelled.any(|c| self.texts.read(c))
    }

    fn finish(&mut self) -> bool {
        let edge = self.spelling.finish();
        edge.is_some_and(|c| self.texts.read(c))
    }

    fn read_all(&mut self, text: &str) -> Option<Alarm> {
        let Some(words) = self.words.take_if(|_| !holds_kelvin(text)) else {
            return match self.read_text(text) {
                Some(end) => Some(Alarm::After(end)),
                None => self.finish().then_some(Alarm::AtEnd),
            };
        };
        let mut small = std::mem::take(&mut self.small);
        small.clear();
        small.extend_from_slice(text.as_bytes());
        small.make_ascii_lowercase();
        let mut alarm = None;
        let mut at = 0;
        while let Some(word) = words.next(&small, at) {
            let (found, end) = self.read_around(text, word, words.longest);
            alarm = found.map(Alarm::After);
            if alarm.is_none() && end == text.len() && self.finish() {
                alarm = Some(Alarm::AtEnd);
            }
            if alarm.is_some() {
                break;
            }
            at = word + 1;
        }
        (self.small, self.words) = (small, Some(words));
        alarm
    }
}

/// Whether a text holds U+212A, the one character beside ASCII whose small letter is ASCII.
fn holds_kelvin(text: &str) -> bool {
    let last = memchr_iter(0xaa, text.as_bytes());
    last.map(|at| &text.as_bytes()[..=at])
        .any(|before| before.ends_with("\u{212a}".as_bytes()))
}

/// A word of each phrase, all of which are looked for at once.
struct Words {
    searcher: Searcher,
    /// By phrase.
    anchors: Vec<Anchor>,
    /// By phrase: those whose words may stand where its word stands.
    alike: Vec<Vec<usize>>,
    /// Length of the longest phrase in characters.
    longest: usize,
}

impl Words {
    /// The longest word of each of the spelled `phrases`, or the longest run of other signs where
    /// there is none; `None` where that is not ASCII or there are too many.
    fn of(phrases: &[String]) -> Option<Self> {
        let anchors: Vec<Anchor> = phrases
            .iter()
            .map(|phrase| Anchor::of(phrase))
            .collect::<Option<_>>()?;
        let alike = |a: &Anchor| {
            let alike = |b: &Anchor| a.word.starts_with(&b.word) || b.word.starts_with(&a.word);
            (0..anchors.len()).filter(|&b| alike(&anchors[b])).collect()
        };
        let longest = phrases.iter().map(|phrase| phrase.chars().count());
        Some(Self {
            longest: longest.max()?,
            alike: anchors.iter().map(alike).collect(),
            searcher: Searcher::new(anchors.iter().map(|anchor| &anchor.word))?,
            anchors,
        })
    }

    /// Where, from `from` on, the next of the words may stand in its phrase in a text in small
    /// letters.
    fn next(&self, small: &[u8], from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            let found = self.searcher.find_in(small, Span::from(at..small.len()))?;
            let start = found.start();
            // A word does not stand within another.
            let within = start > 0
                && small[start].is_ascii_alphanumeric()
                && small[start - 1].is_ascii_alphanumeric();
            let mut alike = self.alike[found.pattern().as_usize()].iter();
            if !within && alike.any(|&phrase| self.anchors[phrase].may_stand(small, start)) {
                return Some(start);
            }
            at = start + 1;
        }
    }
}

/// A word of a spelled phrase with the rest of the phrase.
struct Anchor {
    before: String,
    word: String,
    after: String,
}

impl Anchor {
    fn of(phrase: &str) -> Option<Self> {
        let parts = phrase.split([EDGE, ' ', '\'', '"', '-']);
        let parts = parts.filter(|part| part.is_ascii() && !part.is_empty());
        let word = parts.max_by_key(|part| {
            let letters = part.bytes().all(|b| b.is_ascii_alphanumeric());
            (letters, part.len())
        })?;
        let (before, after) = phrase.split_once(word)?;
        Some(Self {
            before: before.to_owned(),
            word: word.to_owned(),
            after: after.to_owned(),
        })
    }

    /// Whether the phrase may stand around what stands at `start`; what is not ASCII may mean
    /// anything.
    fn may_stand(&self, small: &[u8], start: usize) -> bool {
        let (before, rest) = small.split_at(start);
        let Some(after) = rest.strip_prefix(self.word.as_bytes()) else {
            return false;
        };
        may_be(self.before.chars().rev(), before.iter().rev())
            && may_be(self.after.chars(), after.iter())
    }
}

/// Whether the beginning of a text in small letters may be spelled like this.
fn may_be<'t>(spelled: impl Iterator<Item = char>, text: impl Iterator<Item = &'t u8>) -> bool {
    let is_space = |b: &u8| char::from(*b).is_whitespace();
    let mut text = text.copied().peekable();
    for c in spelled.filter(|c| *c != EDGE) {
        match text.next() {
            Some(b) if !b.is_ascii() => return true,
            Some(b) if c == ' ' && is_space(&b) => {
                while text.next_if(|b| b.is_ascii() && is_space(b)).is_some() {}
            }
            Some(b) if c == char::from(b) => {}
            _ => return false,
        }
    }
    true
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
    use super::super::Reading;
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
