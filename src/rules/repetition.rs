//! Rule `repetition`: the text has begun to go round in circles.
//!
//! Reads the solution, or the part of it that `scope` names. Alarms when what was written last is
//! one block again and again: at least `times` times, and at least `length` bytes in all, where
//! the block has at most `period` bytes. Bytes are those of UTF-8: characters, in English. The
//! alarm is final, and comes at most [`ANCHOR`] bytes after the last byte that it takes.
//!
//! After every few bytes the last [`ANCHOR`] ones are looked for in what was written before. Where they
//! stand p bytes earlier, p may be the period, and the text is compared with itself p bytes on. The
//! work per byte is bounded: of each such look only the nearest [`CANDIDATES`] are compared. A block
//! that holds all of its parts so many times over could escape.
//!
//! Tokens that end a text ([`END_TOKENS`]) begin the count anew: generations that were padded with them
//! are not caught in a loop.
//!
//! What fools it: tables, series and long decimals that repeat by right, where `length` is too
//! small for them; loops in which something changes each time (a counter) pass.

use memchr::memrchr_iter;

use super::end_tokens::END_TOKENS;
use super::scope::scoped;
use super::texts::Texts;
use super::{Detector, Kind, Rule, SCOPE, Settings, optional};

pub(super) const RULE: Rule = Rule {
    name: "repetition",
    meaning: "the same block of text again and again",
    parameters: &[
        optional("times", "how often, 2 to 100; default 6", Kind::Count),
        optional(
            "length",
            "bytes that all of them have together, 8 to 100,000; default 240",
            Kind::Count,
        ),
        optional(
            "period",
            "most bytes of the block, 1 to 10,000; default 500",
            Kind::Count,
        ),
        SCOPE,
    ],
    build,
};

/// Bytes that are looked for, at most, and between two looks.
const ANCHOR: usize = 32;

/// Places that are compared at one look.
const CANDIDATES: usize = 16;

/// The default settings.
const TIMES: usize = 6;
const LENGTH: usize = 240;
const PERIOD: usize = 500;

fn build(settings: &Settings) -> Result<Box<dyn Detector>, String> {
    let times = settings.whole("times", TIMES, 2..=100)?;
    let length = settings.whole("length", LENGTH, 8..=100_000)?;
    let period = settings.whole("period", PERIOD, 1..=10_000)?;
    let detector = Repetition {
        times,
        length,
        period,
        anchor: ANCHOR.min(length / 2),
        ends: Texts::new(&END_TOKENS),
        written: Vec::new(),
        unseen: 0,
    };
    Ok(scoped(settings, Box::new(detector)))
}

struct Repetition {
    times: usize,
    length: usize,
    period: usize,
    /// Bytes that are looked for: any repetition that counts holds them twice.
    anchor: usize,
    ends: Texts,
    /// What was written last, as much as can matter and at most as much again.
    written: Vec<u8>,
    /// Bytes since the last look.
    unseen: usize,
}

impl Repetition {
    /// Bytes that a repetition with this period takes.
    fn needed(&self, period: usize) -> usize {
        self.length.max(self.times * period)
    }

    /// Whether what was written last repeats.
    fn repeats(&self) -> bool {
        let end = self.written.len();
        let Some(from) = end.checked_sub(self.anchor) else {
            return false;
        };
        let anchor = &self.written[from..];
        // The rarest byte of the anchor is looked for; the rest is compared.
        let (place, &byte) = anchor
            .iter()
            .enumerate()
            .min_by_key(|(_, byte)| {
                COMMON
                    .iter()
                    .position(|c| c == *byte)
                    .map_or(0, |k| COMMON.len() - k)
            })
            .expect("an anchor has bytes");
        let first = from.saturating_sub(self.period);
        // A byte at `first + k` stands for an anchor that begins at `first + k - place`.
        let range = &self.written[first + place..from + place];
        memrchr_iter(byte, range)
            .map(|k| from - first - k)
            .filter(|&period| self.written[from - period..end - period] == *anchor)
            .take(CANDIDATES)
            .any(|period| {
                let needed = self.needed(period);
                end >= needed
                    && self.written[end - needed + period..]
                        == self.written[end - needed..end - period]
            })
    }

    /// Forgets what cannot matter any more.
    fn forget(&mut self) {
        let kept = self.needed(self.period);
        if self.written.len() > 2 * kept {
            self.written.drain(..self.written.len() - kept);
        }
    }
}

/// The most common bytes of solutions, the first ones most.
const COMMON: &[u8] = b" etaoinsrhldcu0mfp12gy=wb.,53v4$";

impl Detector for Repetition {
    fn start(&mut self, _: Option<&str>) -> bool {
        self.ends.restart();
        self.written.clear();
        self.unseen = 0;
        false
    }

    fn read(&mut self, c: char) -> bool {
        if self.ends.read(c) {
            self.written.clear();
            self.unseen = 0;
            return false;
        }
        let mut buffer = [0; 4];
        let bytes = c.encode_utf8(&mut buffer).as_bytes();
        self.written.extend_from_slice(bytes);
        self.unseen += bytes.len();
        if self.unseen < self.anchor {
            return false;
        }
        self.unseen = 0;
        self.forget();
        self.repeats()
    }

    fn finish(&mut self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Alarm, Reading, Setting};
    use super::*;
    use proptest::prelude::*;

    fn rule(times: usize, length: usize, period: usize) -> Box<dyn Detector> {
        let numbers = [("times", times), ("length", length), ("period", period)];
        let settings = numbers.map(|(name, n)| (name, Setting::Number(n as f64)));
        build(&settings.into_iter().collect()).unwrap()
    }

    fn place(detector: &mut dyn Detector, text: &str) -> Option<usize> {
        let mut reading = Reading::start(detector, Some("aaaaaaaa"));
        reading.push(text.as_bytes());
        reading.finish().map(|alarm| match alarm {
            Alarm::After(place) => place,
            Alarm::AtEnd => panic!("it never waits for the end"),
        })
    }

    #[test]
    fn loops_alarm_soon_after_they_are_long_enough() {
        let mut detector = rule(6, 240, 500);
        let opening = "Ann has 4 eggs. She buys 3 more of them, so that she has 3 + 4 = 7. Then ";
        for (block, needed) in [
            ("0", 240),
            ("81", 240),
            (" = 24", 240),
            ("We can use the formula to find it. ", 240),
            (
                "Since $b = t$, we have $a + b = t$. Since $t = b$, we have $a + b = b$. ",
                6 * 73,
            ),
            ("所以答案是四。", 240),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 276),
        ] {
            let text = format!("{opening}{}", block.repeat(500));
            let place = place(detector.as_mut(), &text).expect(block);
            let least = opening.len() + needed;
            // Letters of the opening may belong to the loop by chance.
            assert!(
                (least - 8..least + 2 * ANCHOR).contains(&place),
                "{block}: {place}, {least}"
            );
        }
        let long = "x".repeat(70) + &"y".repeat(70) + "<z>";
        assert!(place(detector.as_mut(), &long.repeat(10)).is_some());
    }

    #[test]
    fn what_repeats_less_or_not_quite_passes() {
        let mut detector = rule(6, 240, 500);
        let counted: Vec<String> = (0..200).map(|n| format!("{n} + 1 = {}, ", n + 1)).collect();
        let counted = counted.concat();
        let block = "No more than five times this sentence of some sixty letters. ";
        for text in [
            "",
            &"-".repeat(239),
            &block.repeat(5),
            &counted,
            &format!("So 4.{}", "</s>".repeat(300)),
        ] {
            assert_eq!(place(detector.as_mut(), text), None, "{text}");
        }
        let mut detector = rule(6, 240, 40);
        assert_eq!(place(detector.as_mut(), &block.repeat(50)), None);
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        for (name, n) in [
            ("times", 1.0),
            ("length", 7.0),
            ("period", 0.0),
            ("period", 1e9),
        ] {
            let error = build(&[(name, Setting::Number(n))].into_iter().collect())
                .err()
                .unwrap();
            assert!(
                error.starts_with(&format!("{name} must be a whole number from")),
                "{error}"
            );
        }
    }

    #[test]
    fn a_long_text_costs_no_more_than_its_length() {
        let mut detector = rule(100, 100_000, 10_000);
        let block = "a".repeat(9_000) + "b";
        for text in [
            "ab".repeat(5_000) + &block.repeat(30),
            block.repeat(40),
            "xyz".repeat(1 << 14),
        ] {
            place(detector.as_mut(), &text);
        }
    }

    /// Whether the text ends with a repetition of any period.
    fn repeats(text: &[u8], times: usize, length: usize, period: usize) -> bool {
        (1..=period).any(|p| {
            let needed = length.max(times * p);
            text.len() >= needed && {
                let tail = &text[text.len() - needed..];
                tail[p..] == tail[..needed - p]
            }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn loops_are_those_of_brute_force(
            opening in "[ab]{0,40}",
            block in "[abcß]{1,24}",
            count in 0..12_usize,
            closing in "[ab]{0,20}",
        ) {
            let (times, length, period) = (3, 40, 30);
            let text = format!("{opening}{}{closing}", block.repeat(count));
            let bytes = text.as_bytes();
            let found = place(rule(times, length, period).as_mut(), &text);
            let first = (0..=bytes.len()).find(|&n| repeats(&bytes[..n], times, length, period));
            match (found, first) {
                // No alarm without a repetition that stands there.
                (Some(place), _) => prop_assert!(repeats(&bytes[..place], times, length, period)),
                // A loop that lasts longer than two looks is seen.
                (None, Some(n)) => {
                    let lasts = (n..=bytes.len()).take_while(|&m| repeats(&bytes[..m], times, length, period)).count();
                    prop_assert!(lasts <= 2 * 20 + 4, "{} after {}", text, n);
                }
                (None, None) => {}
            }
        }
    }
}
