//! The part of a solution that a rule reads: all of it, its answer or the reasoning before.
//!
//! The answer begins after the first marker that is complete; everything up to there, the marker
//! included, is the reasoning. A solution without a marker is all reasoning. Where a model thinks between
//! `<think>` and `</think>`, markers within are part of the thought: the reasoning ends with `</think>` and
//! the answer is all that comes behind it. A `</think>` alone, as where the prompt has the other,
//! ends the reasoning like a marker. At its end the
//! reasoning is complete, so what a rule only says of complete texts it says right there.
//! Markers are the rule's own `markers` where it has such a parameter, else the usual ones.
//!
//! Assumes that markers stand nowhere else: what looks like one – a Markdown heading `#### Step 1`
//! for `####` – ends the reasoning all the same.

use super::texts::Texts;
use super::{Alarm, Detector, Settings};

/// What announces a final answer: in GSM8K, in plain words, in MATH.
const USUAL: [&str; 3] = ["####", "Answer:", "\\boxed{"];

/// The texts that announce the final answer.
pub(super) fn marker_texts(settings: &Settings) -> Vec<String> {
    match settings.texts("markers") {
        Some(texts) => texts.to_vec(),
        None => USUAL.map(str::to_owned).to_vec(),
    }
}

/// Looks for what announces the final answer.
pub(super) fn markers(settings: &Settings) -> Texts {
    Texts::new(&marker_texts(settings))
}

/// What begins and ends a thought.
const THOUGHT: [&str; 2] = ["<think>", THOUGHT_END];

/// What ends a thought, behind which the solution proper begins.
pub(super) const THOUGHT_END: &str = "</think>";

/// Restricts a detector to the part of the solution that `scope` names; without one, to nothing
/// less than all.
pub(super) fn scoped(settings: &Settings, inner: Box<dyn Detector>) -> Box<dyn Detector> {
    let parts = || Parts {
        markers: markers(settings),
        thought: Texts::new(&THOUGHT),
        part: Part::Reasoning,
    };
    match settings.name("scope") {
        Some("answer") => Box::new(Answer {
            inner,
            parts: parts(),
        }),
        Some("reasoning") => Box::new(Reasoning {
            inner,
            parts: parts(),
        }),
        _ => inner,
    }
}

/// Follows a solution through its parts.
struct Parts {
    markers: Texts,
    thought: Texts,
    part: Part,
}

/// The part to which the next character belongs.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Reasoning,
    /// Reasoning that nothing but the end of the thought ends.
    Thought,
    Answer,
}

impl Parts {
    fn restart(&mut self) {
        self.markers.restart();
        self.thought.restart();
        self.part = Part::Reasoning;
    }

    /// Reads the next character of the reasoning.
    fn read(&mut self, c: char) {
        let marked = self.markers.read(c);
        self.thought.read(c);
        let thought = self.thought.ending().next();
        self.part = match (self.part, thought) {
            (_, Some(1)) => Part::Answer,
            (_, Some(_)) => Part::Thought,
            (Part::Reasoning, None) if marked => Part::Answer,
            (part, None) => part,
        };
    }

    /// Where the answer in a complete solution begins, if it has one.
    fn answer_in(&mut self, text: &str) -> Option<usize> {
        if self.thought.find(text).is_none() {
            return self.markers.find(text).map(|marker| marker.end);
        }
        self.restart();
        text.char_indices().find_map(|(at, c)| {
            self.read(c);
            self.in_answer().then(|| at + c.len_utf8())
        })
    }

    fn in_answer(&self) -> bool {
        self.part == Part::Answer
    }
}

/// Passes on what comes behind the reasoning.
struct Answer {
    inner: Box<dyn Detector>,
    parts: Parts,
}

impl Detector for Answer {
    fn start(&mut self, problem: Option<&str>) -> bool {
        self.parts.restart();
        self.inner.start(problem)
    }

    fn read(&mut self, c: char) -> bool {
        if self.parts.in_answer() {
            return self.inner.read(c);
        }
        self.parts.read(c);
        false
    }

    fn finish(&mut self) -> bool {
        self.parts.in_answer() && self.inner.finish()
    }

    fn read_all(&mut self, text: &str) -> Option<Alarm> {
        let begin = self.parts.answer_in(text)?;
        match self.inner.read_all(&text[begin..])? {
            Alarm::After(end) => Some(Alarm::After(begin + end)),
            Alarm::AtEnd => Some(Alarm::AtEnd),
        }
    }
}

/// Passes on the reasoning.
struct Reasoning {
    inner: Box<dyn Detector>,
    parts: Parts,
}

impl Detector for Reasoning {
    fn start(&mut self, problem: Option<&str>) -> bool {
        self.parts.restart();
        self.inner.start(problem)
    }

    fn read(&mut self, c: char) -> bool {
        if self.parts.in_answer() {
            return false;
        }
        self.parts.read(c);
        self.inner.read(c) || (self.parts.in_answer() && self.inner.finish())
    }

    fn finish(&mut self) -> bool {
        !self.parts.in_answer() && self.inner.finish()
    }

    fn read_all(&mut self, text: &str) -> Option<Alarm> {
        let Some(end) = self.parts.answer_in(text) else {
            return self.inner.read_all(text);
        };
        let alarm = self.inner.read_all(&text[..end])?;
        Some(alarm.min(Alarm::After(end)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Reading, Setting};
    use super::*;

    /// Alarms at `!` and at the end of a part that ends with `?` or with a marker's `#`.
    struct Probe(char);

    impl Detector for Probe {
        fn start(&mut self, problem: Option<&str>) -> bool {
            self.0 = ' ';
            problem == Some("!")
        }

        fn read(&mut self, c: char) -> bool {
            self.0 = c;
            c == '!'
        }

        fn finish(&mut self) -> bool {
            self.0 == '?' || self.0 == '#'
        }
    }

    fn alarm(scope: Option<&'static str>, problem: &str, text: &str) -> Option<Alarm> {
        let settings = scope.map(|name| ("scope", Setting::Name(name)));
        let mut detector = scoped(&settings.into_iter().collect(), Box::new(Probe(' ')));
        // Twice, since a detector must forget the generation before.
        Reading::start(detector.as_mut(), None).push("!####!?".as_bytes());
        let mut reading = Reading::start(detector.as_mut(), Some(problem));
        reading.push(text.as_bytes());
        reading.finish()
    }

    #[test]
    fn a_rule_reads_its_part_alone() {
        let (at, end) = (|n| Some(Alarm::After(n)), Some(Alarm::AtEnd));
        let cases = [
            // (text, all, reasoning, answer)
            ("a! #### b", at(2), at(2), None),
            ("a #### b!", at(9), at(6), at(9)),
            ("a Answer: b!", at(12), None, at(12)),
            ("a Answer: b?", end, None, end),
            ("a Answer: b? ", None, None, None),
            ("a #### b", None, at(6), None),
            ("a Answer:! \\boxed{!}", at(10), None, at(10)),
            ("\\boxed{", None, None, None),
            ("a?", end, end, None),
            ("a!", at(2), at(2), None),
            ("", None, None, None),
            // Markers within a thought are part of it.
            ("<think>#### a!", at(14), at(14), None),
            ("<think>####</think>b!", at(21), None, at(21)),
            ("<think>####?</think>#### b!", at(27), None, at(27)),
            ("a</think>b! #### c", at(11), None, at(11)),
            ("#### a <think> b!", at(17), at(4), at(17)),
            ("<think>a? <think>b</think>!", at(27), None, at(27)),
            ("<think>a!", at(9), at(9), None),
        ];
        for (text, all, reasoning, answer) in cases {
            assert_eq!(alarm(None, "", text), all, "{text}");
            assert_eq!(alarm(Some("all"), "", text), all, "{text}");
            assert_eq!(alarm(Some("reasoning"), "", text), reasoning, "{text}");
            assert_eq!(alarm(Some("answer"), "", text), answer, "{text}");
        }
    }

    #[test]
    fn what_the_problem_gives_away_counts_in_every_scope() {
        for scope in [None, Some("all"), Some("reasoning"), Some("answer")] {
            assert_eq!(alarm(scope, "!", "x"), Some(Alarm::After(0)), "{scope:?}");
        }
    }

    #[test]
    fn a_rule_with_markers_of_its_own_has_its_parts_cut_there() {
        let settings = [
            ("scope", Setting::Name("answer")),
            ("markers", Setting::Texts(vec!["So:".to_owned()])),
        ];
        let mut detector = scoped(&settings.into_iter().collect(), Box::new(Probe(' ')));
        let mut reading = Reading::start(detector.as_mut(), None);
        reading.push(b"#### ! So: !");
        assert_eq!(reading.finish(), Some(Alarm::After(12)));
    }
}
