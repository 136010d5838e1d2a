//! Rule `literal`: any of the given texts.
//!
//! Reads the solution, or the part of it that `scope` names. `patterns` are looked for character
//! by character, upper and lower case told apart, within words too; the last character of the
//! first one that is complete raises the alarm, which is final.
//!
//! What fools it: other spellings of the same (`hallucination-phrase` forgives some of them), and
//! words that contain the text.

use super::scope::scoped;
use super::texts::Texts;
use super::{Detector, Kind, Rule, SCOPE, Settings, required};

pub(super) const RULE: Rule = Rule {
    name: "literal",
    meaning: "any of the given texts",
    parameters: &[
        required("patterns", "texts to look for", Kind::Texts),
        SCOPE,
    ],
    build,
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of all rules")]
fn build(settings: &Settings) -> Result<Box<dyn Detector>, String> {
    let texts = Texts::new(settings.texts("patterns").unwrap_or_default());
    Ok(scoped(settings, Box::new(Literal(texts))))
}

struct Literal(Texts);

impl Detector for Literal {
    fn start(&mut self, _: Option<&str>) -> bool {
        self.0.restart();
        false
    }

    fn read(&mut self, c: char) -> bool {
        self.0.read(c)
    }

    fn read_text(&mut self, text: &str) -> Option<usize> {
        let mut at = 0;
        loop {
            at += self.0.idle(&text.as_bytes()[at..]);
            let c = text[at..].chars().next()?;
            at += c.len_utf8();
            if self.0.read(c) {
                return Some(at);
            }
        }
    }

    fn finish(&mut self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Alarm, Reading, Setting};
    use super::*;

    fn alarm(scope: &'static str, text: &str) -> Option<Alarm> {
        let patterns = ["TODO", "...", "<|im_end|>"].map(str::to_owned).to_vec();
        let settings = [
            ("patterns", Setting::Texts(patterns)),
            ("scope", Setting::Name(scope)),
        ];
        let mut detector = build(&settings.into_iter().collect()).unwrap();
        let mut reading = Reading::start(detector.as_mut(), Some("TODO?"));
        reading.push(text.as_bytes());
        reading.finish()
    }

    #[test]
    fn the_first_complete_text_alarms() {
        let cases = [
            ("So TODO and ...", Some(Alarm::After(7))),
            ("and so on....", Some(Alarm::After(12))),
            ("He has METHODTODOS.", Some(Alarm::After(17))),
            ("ß🙂 <|im_end|>", Some(Alarm::After(17))),
            ("todo, T O D O, .. .", None),
            ("<|im_end|", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(alarm("all", text), expected, "{text}");
        }
    }

    #[test]
    fn a_scope_restricts_it() {
        let text = "TODO\n#### ...";
        assert_eq!(alarm("reasoning", text), Some(Alarm::After(4)));
        assert_eq!(alarm("answer", text), Some(Alarm::After(13)));
    }
}
