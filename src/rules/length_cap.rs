//! Rule `length-cap`: a solution that is longer than it should be.
//!
//! Reads the solution, or the part of it that `scope` names, and alarms with the first character
//! beyond `cap`. Characters are Unicode scalar values, since a rule sees text and no tokens; with
//! `cap = 0` it alarms at any solution, so that a checkpoint `{ tokens = N }` that consults it is a
//! cap in tokens. The alarm is final.
//!
//! What fools it: long solutions that are right. A cap knows nothing of what is written.

use super::scope::scoped;
use super::{Detector, Kind, Rule, SCOPE, Settings, required};

pub(super) const RULE: Rule = Rule {
    name: "length-cap",
    meaning: "more characters than a cap",
    parameters: &[
        required("cap", "most characters that pass", Kind::Count),
        SCOPE,
    ],
    build,
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of all rules")]
fn build(settings: &Settings) -> Result<Box<dyn Detector>, String> {
    let cap = settings.number("cap").unwrap_or_default();
    Ok(scoped(settings, Box::new(LengthCap { cap, read: 0.0 })))
}

struct LengthCap {
    cap: f64,
    /// Characters read. Whole numbers up to 2^53 are exact.
    read: f64,
}

impl Detector for LengthCap {
    fn start(&mut self, _: Option<&str>) -> bool {
        self.read = 0.0;
        false
    }

    fn read(&mut self, _: char) -> bool {
        self.read += 1.0;
        self.read > self.cap
    }

    fn finish(&mut self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Alarm, Reading, Setting};
    use super::*;

    fn alarm(cap: f64, scope: &'static str, text: &str) -> Option<Alarm> {
        let settings = [
            ("cap", Setting::Number(cap)),
            ("scope", Setting::Name(scope)),
        ];
        let mut detector = build(&settings.into_iter().collect()).unwrap();
        Reading::start(detector.as_mut(), None).push(b"something before");
        let mut reading = Reading::start(detector.as_mut(), Some("a long problem"));
        reading.push(text.as_bytes());
        reading.finish()
    }

    #[test]
    fn the_first_character_beyond_the_cap_alarms() {
        for (cap, scope, text, expected) in [
            (3.0, "all", "abc", None),
            (3.0, "all", "abcd", Some(Alarm::After(4))),
            (3.0, "all", "äöü🙂x", Some(Alarm::After(10))),
            (0.0, "all", "", None),
            (0.0, "all", "a", Some(Alarm::After(1))),
            (3.0, "answer", "abcdef #### 12", None),
            (3.0, "answer", "abcdef #### 1234", Some(Alarm::After(15))),
            (1e300, "all", "abc", None),
        ] {
            assert_eq!(alarm(cap, scope, text), expected, "{text}");
        }
    }
}
