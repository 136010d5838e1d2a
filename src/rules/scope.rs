//! The part of a solution that a rule reads: all of it, its answer or the reasoning before.
//!
//! The answer begins after the first marker that is complete; everything up to there, the marker
//! included, is the reasoning. A solution without a marker is all reasoning. At the marker the
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

/// Restricts a detector to the part of the solution that `scope` names; without one, to nothing
/// less than all.
pub(super) fn scoped(settings: &Settings, inner: Box<dyn Detector>) -> Box<dyn Detector> {
    let markers = markers(settings);
    match settings.name("scope") {
        Some("answer") => Box::new(Answer {
            inner,
            markers,
            begun: false,
        }),
        Some("reasoning") => Box::new(Reasoning {
            inner,
            markers,
            complete: false,
        }),
        _ => inner,
    }
}

/// Passes on what comes after the first marker.
struct Answer {
    inner: Box<dyn Detector>,
    markers: Texts,
    begun: bool,
}

impl Detector for Answer {
    fn start(&mut self, problem: Option<&str>) -> bool {
        self.markers.restart();
        self.begun = false;
        self.inner.start(problem)
    }

    fn read(&mut self, c: char) -> bool {
        if self.begun {
            return self.inner.read(c);
        }
        self.begun = self.markers.read(c);
        false
    }

    fn finish(&mut self) -> bool {
        self.begun && self.inner.finish()
    }

    fn read_all(&mut self, text: &str) -> Option<Alarm> {
        let begin = self.markers.find(text)?.end;
        match self.inner.read_all(&text[begin..])? {
            Alarm::After(end) => Some(Alarm::After(begin + end)),
            Alarm::AtEnd => Some(Alarm::AtEnd),
        }
    }
}

/// Passes on what comes up to the end of the first marker.
struct Reasoning {
    inner: Box<dyn Detector>,
    markers: Texts,
    complete: bool,
}

impl Detector for Reasoning {
    fn start(&mut self, problem: Option<&str>) -> bool {
        self.markers.restart();
        self.complete = false;
        self.inner.start(problem)
    }

    fn read(&mut self, c: char) -> bool {
        if self.complete {
            return false;
        }
        self.complete = self.markers.read(c);
        self.inner.read(c) || (self.complete && self.inner.finish())
    }

    fn finish(&mut self) -> bool {
        !self.complete && self.inner.finish()
    }

    fn read_all(&mut self, text: &str) -> Option<Alarm> {
        let Some(marker) = self.markers.find(text) else {
            return self.inner.read_all(text);
        };
        let alarm = self.inner.read_all(&text[..marker.end])?;
        Some(alarm.min(Alarm::After(marker.end)))
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
