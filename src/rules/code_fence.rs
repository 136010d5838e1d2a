//! Rule `code-fence`: a block of code where prose is wanted.
//!
//! Reads the solution, or the part of it that `scope` names. A fence is a line that begins with
//! three backticks or tildes, after at most three spaces, as in Markdown. `languages` are names behind the fence
//! that pass, in any case; without them every fence alarms with its third character, else a fence
//! alarms when its line shows that its name is none of them. A line that closes an open fence is
//! no new one. The alarm is final.
//!
//! What fools it: formulas or answers that are set as code, code without a fence, fences within
//! quotes (`> `) or entries of lists.

use super::scope::scoped;
use super::{Detector, Kind, Rule, SCOPE, Settings, optional};

/// Spaces that may stand before a fence.
const INDENT: u8 = 3;

/// Most characters that are kept of the name behind a fence.
const KEPT: usize = 64;

pub(super) const RULE: Rule = Rule {
    name: "code-fence",
    meaning: "a block of code",
    parameters: &[
        optional(
            "languages",
            "names behind the fence that pass; default: none",
            Kind::Texts,
        ),
        SCOPE,
    ],
    build,
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of all rules")]
fn build(settings: &Settings) -> Result<Box<dyn Detector>, String> {
    let languages = settings.texts("languages").unwrap_or_default();
    let detector = CodeFence {
        languages: languages.iter().map(|name| name.to_lowercase()).collect(),
        place: Place::default(),
        open: None,
        name: String::new(),
    };
    Ok(scoped(settings, Box::new(detector)))
}

struct CodeFence {
    languages: Vec<String>,
    place: Place,
    /// The sign of the fence that is open.
    open: Option<char>,
    /// The name behind the fence that has just been opened.
    name: String,
}

/// Where on its line the next character stands.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// Behind so many spaces and nothing else.
    Indent(u8),
    /// Behind so many fence signs.
    Fence(char, u8),
    /// Behind a fence that opens.
    Name,
    /// Anywhere else.
    Inside,
}

impl Default for Place {
    fn default() -> Self {
        Self::Indent(0)
    }
}

impl CodeFence {
    /// Whether the name that was read is none of those that pass.
    fn is_foreign(&self) -> bool {
        let name = self.name.trim_start_matches(['`', '~']).trim();
        !self.languages.iter().any(|known| known == name)
    }

    /// Reads the third sign of a fence; whether it alarms.
    fn fence(&mut self, sign: char) -> bool {
        self.place = match self.open {
            Some(open) if open == sign => {
                self.open = None;
                Place::Inside
            }
            Some(_) => Place::Inside,
            None => {
                self.open = Some(sign);
                self.name.clear();
                Place::Name
            }
        };
        self.open.is_some() && self.languages.is_empty()
    }
}

impl Detector for CodeFence {
    fn start(&mut self, _: Option<&str>) -> bool {
        self.place = Place::default();
        self.open = None;
        self.name.clear();
        false
    }

    fn read(&mut self, c: char) -> bool {
        if matches!(c, '\n' | '\r') {
            let opened = matches!(self.place, Place::Name);
            self.place = Place::default();
            return opened && self.is_foreign();
        }
        match (self.place, c) {
            (Place::Indent(spaces), ' ') if spaces < INDENT => {
                self.place = Place::Indent(spaces + 1);
            }
            (Place::Indent(_), '`' | '~') => self.place = Place::Fence(c, 1),
            (Place::Fence(sign, 1), _) if c == sign => self.place = Place::Fence(sign, 2),
            (Place::Fence(sign, 2), _) if c == sign => return self.fence(sign),
            (Place::Name, _) => {
                if self.name.len() < KEPT {
                    self.name.extend(c.to_lowercase());
                }
            }
            _ => self.place = Place::Inside,
        }
        false
    }

    fn finish(&mut self) -> bool {
        matches!(self.place, Place::Name) && self.is_foreign()
    }
}

#[cfg(test)]
mod tests {
    use super::super::probe::check;
    use super::super::{Alarm, Reading, Setting};
    use super::*;

    #[test]
    fn any_fence_alarms() {
        check(
            &RULE,
            None,
            &[
                "```¦python\nx = 1\n```",
                "So:\n  ~~~¦\nx",
                "So:\r\n```¦",
                "a ``` b, ``x``\n    ```\n`` `\n~~`",
                "",
            ],
        );
    }

    #[test]
    fn languages_may_pass() {
        let languages = Setting::Texts(vec!["Python".to_owned(), "output".to_owned()]);
        let mut detector = build(&[("languages", languages)].into_iter().collect()).unwrap();
        for (text, expected) in [
            ("```python\nx = 1\n```\n```output\n1\n```\nSo 1.", None),
            ("```` PYTHON \nx\n````\n", None),
            ("```python\n~~~\n```\nSo 1.", None),
            ("~~~ json", Some(Alarm::AtEnd)),
            ("```python\nx\n```\n```json\n{}", Some(Alarm::After(24))),
            ("```\n", Some(Alarm::After(4))),
        ] {
            let mut reading = Reading::start(detector.as_mut(), None);
            reading.push(text.as_bytes());
            assert_eq!(reading.finish(), expected, "{text}");
        }
    }
}
