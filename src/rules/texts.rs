//! Texts found in a stream of characters, by the automaton of Aho and Corasick (1975).
//!
//! The cost is linear in what is read, however many and however long the texts are. What holds none
//! of them may be passed over; where all are short they are looked for at many places at once.

use std::collections::BTreeSet;
use std::ops::Range;

use aho_corasick::Anchored;
use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::packed::Searcher;
use memchr::{memchr, memchr2, memchr3};

/// Longest texts that are compared wherever they may stand.
const SHORT: usize = 32;

/// Looks for any of several texts, none of them empty.
#[derive(Debug, Clone)]
pub(super) struct Texts {
    automaton: NFA,
    begin: StateID,
    state: StateID,
    /// Finds the first of the texts, if there are several, not too many, and all are short.
    searcher: Option<Searcher>,
    /// The bytes with which texts begin, each once.
    first: Vec<u8>,
    /// The two bytes with which each text begins; none where a text has but one.
    pairs: Vec<[u8; 2]>,
    /// The bytes with which texts end.
    last: Vec<u8>,
    /// All their bytes.
    held: Vec<u8>,
    /// Lengths of the texts.
    lengths: Vec<usize>,
}

impl Texts {
    pub(super) fn new(texts: &[impl AsRef<str>]) -> Self {
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        // Those that are taken from the texts, each once.
        let bytes = |taken: &dyn Fn(&[u8]) -> &[u8]| {
            let taken = texts.iter().flat_map(|text| taken(text.as_bytes()));
            let bytes: BTreeSet<u8> = taken.copied().collect();
            Vec::from_iter(bytes)
        };
        let lengths: Vec<usize> = texts.iter().map(|text| text.len()).collect();
        let several_short = lengths.len() > 1 && lengths.iter().all(|length| *length <= SHORT);
        let pairs: Option<Vec<[u8; 2]>> = texts
            .iter()
            .map(|text| text.as_bytes().first_chunk().copied())
            .collect();
        let automaton =
            NFA::new(&texts).expect("a policy holds less than the 2 GiB of texts that fit");
        let begin = automaton
            .start_state(Anchored::No)
            .expect("an automaton starts unanchored unless told otherwise");
        Self {
            automaton,
            begin,
            state: begin,
            searcher: several_short.then(|| Searcher::new(&texts)).flatten(),
            last: bytes(&|text| &text[text.len() - 1..]),
            held: bytes(&|text| text),
            first: bytes(&|text| &text[..1]),
            pairs: pairs.unwrap_or_default(),
            lengths,
        }
    }

    /// Forgets what was read.
    pub(super) fn restart(&mut self) {
        self.state = self.begin;
    }

    /// Whether none of the texts has begun.
    pub(super) fn is_idle(&self) -> bool {
        self.state == self.begin
    }

    /// Reads the next character; whether one of the texts ends with it.
    pub(super) fn read(&mut self, c: char) -> bool {
        for &byte in c.encode_utf8(&mut [0; 4]).as_bytes() {
            self.state = self.automaton.next_state(Anchored::No, self.state, byte);
        }
        // Texts consist of whole characters, so none ends inside of one.
        self.automaton.is_match(self.state)
    }

    /// How many bytes at the beginning of `text` can be left unread: none of the texts has begun, and
    /// none that begins there is found or may go on behind `text`. They are whole characters.
    pub(super) fn idle(&self, text: &[u8]) -> usize {
        if !self.is_idle() {
            return 0;
        }
        let Some(searcher) = &self.searcher else {
            return self.begins(text, 0);
        };
        let found = searcher
            .find(text)
            .map_or(text.len(), |found| found.start());
        // What begins so late may go on behind the end.
        let longest = self.lengths.iter().max().copied().unwrap_or(1);
        let late = text.len().saturating_sub(longest - 1);
        if found < late {
            found
        } else {
            self.begins(text, late)
        }
    }

    /// Where, from `from` on, the first of the texts may begin, whole or not.
    fn begins(&self, text: &[u8], from: usize) -> usize {
        let mut at = from;
        loop {
            let rest = &text[at..];
            let next = match *self.first {
                [] => None,
                [a] => memchr(a, rest),
                [a, b] => memchr2(a, b, rest),
                [a, b, c] => memchr3(a, b, c, rest),
                ref many => rest.iter().position(|b| many.contains(b)),
            };
            let Some(next) = next else {
                return text.len();
            };
            at += next;
            // The byte behind tells most places where a text seems to begin.
            let begins = match text[at..].first_chunk::<2>() {
                Some(pair) if !self.pairs.is_empty() => self.pairs.contains(pair),
                _ => true,
            };
            if begins {
                return at;
            }
            at += 1;
        }
    }

    /// Whether one of the texts ends with this byte.
    pub(super) fn may_end_with(&self, b: u8) -> bool {
        self.last.contains(&b)
    }

    /// Whether this byte is part of one of the texts.
    pub(super) fn may_hold(&self, b: u8) -> bool {
        self.held.contains(&b)
    }

    /// Where the first text that is complete stands in `text`, the longest of those that end
    /// there; looks for it from a restart on.
    pub(super) fn find(&mut self, text: &str) -> Option<Range<usize>> {
        self.restart();
        let mut at = 0;
        loop {
            at += self.idle(&text.as_bytes()[at..]);
            let c = text[at..].chars().next()?;
            at += c.len_utf8();
            if self.read(c) {
                let longest = self.ending().next()?;
                return Some(at - self.lengths[longest]..at);
            }
        }
    }

    /// The texts that end with the last character, by their places in the list; longest first.
    pub(super) fn ending(&self) -> impl Iterator<Item = usize> {
        let count = if self.automaton.is_match(self.state) {
            self.automaton.match_len(self.state)
        } else {
            0
        };
        (0..count).map(|k| self.automaton.match_pattern(self.state, k).as_usize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_within_texts_are_found_where_they_end() {
        let mut texts = Texts::new(&["####", "##", "a#", "ß", "🙂🙂"]);
        let found: Vec<Vec<usize>> = "a###🙂🙂🙂ß#"
            .chars()
            .map(|c| {
                let any = texts.read(c);
                let ending: Vec<usize> = texts.ending().collect();
                assert_eq!(any, !ending.is_empty());
                ending
            })
            .collect();
        let none = Vec::new;
        let expected = [
            none(),
            vec![2],
            vec![1],
            vec![1],
            none(),
            vec![4],
            vec![4],
            vec![3],
            none(),
        ];
        assert_eq!(found, expected);
        texts.restart();
        assert!(
            !texts.read('#'),
            "what was read before a restart is forgotten"
        );
        assert!(!Texts::new(&[""; 0]).read('x'));
    }

    /// Ends of all texts that are found in pieces of a text, passing over what may be left unread.
    fn ends(texts: &mut Texts, pieces: &[&str]) -> Vec<(usize, Vec<usize>)> {
        texts.restart();
        let (mut ends, mut before) = (Vec::new(), 0);
        for piece in pieces {
            let mut at = 0;
            loop {
                at += texts.idle(&piece.as_bytes()[at..]);
                let Some(c) = piece[at..].chars().next() else {
                    break;
                };
                at += c.len_utf8();
                if texts.read(c) {
                    ends.push((before + at, texts.ending().collect()));
                }
            }
            before += piece.len();
        }
        ends
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_passed_over_holds_nothing(
            patterns in prop::collection::vec("[aß🙂]{1,4}", 2..6),
            text in "[aßb🙂]{0,120}",
            cut in any::<prop::sample::Index>(),
        ) {
            let mut texts = Texts::new(&patterns);
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let (one, two) = text.split_at(places[cut.index(places.len())]);
            let mut expected = Vec::new();
            for (at, c) in text.char_indices() {
                if texts.read(c) {
                    expected.push((at + c.len_utf8(), texts.ending().collect()));
                }
            }
            prop_assert_eq!(&ends(&mut texts, &[one, two]), &expected);
            prop_assert!(texts.searcher.is_some());
            texts.searcher = None;
            prop_assert_eq!(ends(&mut texts, &[one, two]), expected);
        }

        #[test]
        fn a_text_is_found_where_what_was_read_ends_with_it(
            patterns in prop::collection::vec("[aß🙂]{1,4}", 0..6),
            text in "[aßb🙂]{0,30}",
        ) {
            let mut texts = Texts::new(&patterns);
            for (at, c) in text.char_indices() {
                let read = &text[..at + c.len_utf8()];
                let mut ending: Vec<usize> =
                    (0..patterns.len()).filter(|&k| read.ends_with(&patterns[k])).collect();
                prop_assert_eq!(texts.read(c), !ending.is_empty());
                ending.sort_by_key(|&k| std::cmp::Reverse(patterns[k].len()));
                prop_assert_eq!(texts.ending().collect::<Vec<_>>(), ending);
            }
        }
    }
}
