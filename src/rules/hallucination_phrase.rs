//! Rule `hallucination-phrase`: a phrase that gives away a lost or invented train of thought.
//!
//! Reads the solution, or the part of it that `scope` names. `phrases` are the phrases to look
//! for, by default our own list: contradiction and retreat, missing information, refusal, what is
//! left of prompts. Upper and lower case, typographic and straight quotes and hyphens, and white
//! space of any length are the same; a phrase that begins or ends with a letter or digit is found
//! as whole words only. The alarm, which is final, is raised by the phrase's last character, or by
//! the next one where that must show that the last word is complete, or at the end.
//!
//! What fools it: phrases that are quoted or denied ("it cannot be determined whether"), and
//! solutions that find a slip and mend it. Phrases that are as common in right solutions as in
//! wrong ones ("let's assume", "there seems to be a mistake") are not in the list. Models that
//! never doubt themselves are never caught: on GSM8K by 13 chat models the list finds 1.5 % of the
//! wrong solutions and 0.05 % of the right ones, on MATH level 5 2.5 % and 0.2 %, and nothing where
//! small models were shown worked examples.

use aho_corasick::Span;
use aho_corasick::packed::Searcher;

use super::scope::scoped;
use super::texts::Texts;
use super::{Alarm, Detector, Kind, Rule, SCOPE, Settings, optional};

pub(super) const RULE: Rule = Rule {
    name: "hallucination-phrase",
    meaning: "a phrase that gives away a lost or invented train of thought",
    parameters: &[
        optional(
            "phrases",
            "phrases to look for; default: our own list",
            Kind::Texts,
        ),
        SCOPE,
    ],
    build,
};

/// The default phrases.
const PHRASES: [&str; 40] = [
    // Contradiction and retreat.
    "that's not right",
    "doesn't make sense",
    "does not make sense",
    "there must be a mistake",
    "there must be an error",
    "error in the problem",
    "mistake in the problem",
    "error in our",
    "I made a mistake",
    "let me start over",
    "let's start over",
    "let me try again",
    "let's try again",
    "let me reconsider",
    "let's reconsider",
    // Missing information.
    "not enough information",
    "insufficient information",
    "more information",
    "cannot be determined",
    "can't be determined",
    "cannot determine",
    "can't determine",
    "not possible to determine",
    "unable to determine",
    "the problem does not specify",
    "the problem doesn't specify",
    "the problem does not provide",
    "the problem does not state",
    "not provided",
    // Refusal.
    "as an AI",
    "as a language model",
    "I cannot answer",
    "I can't answer",
    "I'm sorry",
    // What is left of prompts.
    "Human:",
    "### Instruction",
    "### Response",
    "<|im_start|>",
    "<|im_end|>",
    "<|endoftext|>",
];

#[expect(clippy::unnecessary_wraps, reason = "the signature of all rules")]
fn build(settings: &Settings) -> Result<Box<dyn Detector>, String> {
    let phrases: Vec<String> = match settings.texts("phrases") {
        Some(phrases) => phrases.iter().map(|phrase| spelled(phrase)).collect(),
        None => PHRASES.iter().map(|phrase| spelled(phrase)).collect(),
    };
    let detector = Phrases {
        words: Words::of(&phrases),
        texts: Texts::new(&phrases),
        spelling: Spelling::default(),
        small: Vec::new(),
    };
    Ok(scoped(settings, Box::new(detector)))
}

struct Phrases {
    texts: Texts,
    spelling: Spelling,
    /// `None` where a phrase has no word that can be looked for.
    words: Option<Words>,
    /// The text in small letters.
    small: Vec<u8>,
}

impl Phrases {
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
        let Some(words) = self.words.take_if(|_| !text.contains(KELVIN)) else {
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

/// The one character beside ASCII whose small letter is ASCII.
const KELVIN: char = '\u{212a}';

/// A word of each phrase, all of which are looked for at once.
struct Words {
    searcher: Searcher,
    /// Length of the longest phrase in characters.
    longest: usize,
}

impl Words {
    /// The longest word of each of the spelled `phrases`, or the longest run of other signs where
    /// there is none; `None` where that is not ASCII or there are too many.
    fn of(phrases: &[String]) -> Option<Self> {
        let mut words = Vec::new();
        for phrase in phrases {
            let parts = phrase.split([EDGE, ' ', '\'', '"', '-']);
            let parts = parts.filter(|part| part.is_ascii() && !part.is_empty());
            words.push(parts.max_by_key(|part| {
                let letters = part.bytes().all(|b| b.is_ascii_alphanumeric());
                (letters, part.len())
            })?);
        }
        let longest = phrases.iter().map(|phrase| phrase.chars().count());
        Some(Self {
            longest: longest.max()?,
            searcher: Searcher::new(words)?,
        })
    }

    /// Where, from `from` on, the next of the words may stand in a text in small letters.
    fn next(&self, small: &[u8], from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            let found = self.searcher.find_in(small, Span::from(at..small.len()))?;
            let start = found.start();
            // A word does not stand within another.
            let within = start > 0
                && small[start].is_ascii_alphanumeric()
                && small[start - 1].is_ascii_alphanumeric();
            if !within {
                return Some(start);
            }
            at = start + 1;
        }
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
fn spelled(text: &str) -> String {
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
    use super::super::{Reading, Setting};
    use super::*;
    use std::collections::BTreeSet;

    /// Checks for an alarm where `¦` stands in `marked`, or at the end where `‖` does.
    fn check(phrases: &[&str], marked: &str) {
        let given = phrases.iter().map(|&p| p.to_owned()).collect();
        let settings = (!phrases.is_empty()).then_some(("phrases", Setting::Texts(given)));
        let mut detector = build(&settings.into_iter().collect()).unwrap();
        Reading::start(detector.as_mut(), None).push("As an AI".as_bytes());
        let mut reading = Reading::start(detector.as_mut(), Some("I'm sorry?"));
        reading.push(marked.replace(['¦', '‖'], "").as_bytes());
        let expected = match (marked.find('¦'), marked.ends_with('‖')) {
            (Some(at), _) => Some(Alarm::After(at)),
            (None, true) => Some(Alarm::AtEnd),
            (None, false) => None,
        };
        assert_eq!(reading.finish(), expected, "{marked}");
    }

    #[test]
    fn the_phrases_of_the_list_are_found_however_they_are_spelled() {
        for marked in [
            "9-11=-2 cookies. That doesn't make sense.¦ Let",
            "This DOES NOT\n  make\tsense,¦ so",
            "Wait, that’s not right!¦ He has 4",
            "Its height cannot be determined‖",
            "As an AI ¦language model I",
            "He has 4.\n\nHuman:¦ How many",
            "4 <|im_end|>¦\n",
        ] {
            check(&[], marked);
        }
    }

    #[test]
    fn right_solutions_and_parts_of_words_are_left_alone() {
        for text in [
            "48/2 = <<48/2=24>>24 clips.\n#### 24",
            "Let's assume the price is x. Then there seems to be a mistake in the sum.",
            "She works as an aid in a hospital; it was an AI.",
            "Superhuman: 4",
            "as an AIé",
            "",
        ] {
            check(&[], text);
        }
    }

    #[test]
    fn phrases_may_be_chosen() {
        check(
            &["größer als"],
            "Das ist GRÖSSER als 4, also größer\u{a0}als ¦5",
        );
        check(&["--", "x?"], "ab--¦c");
        check(&["oops"], "as an AI, oops.¦ Hm");
        check(&["oops"], "whoopsie, oops2, oops‖");
        check(&["re-check"], "We re\u{2011}check‖");
        check(&["\u{ffff}"], "a b\u{ffff}¦");
    }

    #[test]
    fn no_phrase_of_the_list_is_idle() {
        let all: BTreeSet<String> = PHRASES.iter().map(|phrase| spelled(phrase)).collect();
        assert_eq!(all.len(), PHRASES.len());
        for a in &all {
            assert!(all.iter().all(|b| a == b || !a.contains(b.as_str())), "{a}");
        }
    }
}
