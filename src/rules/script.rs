//! Rule `script`: letters of a script that neither the problem nor mathematics uses.
//!
//! Reads the solution, or the part of it that `scope` names, and the problem. Alarms with the
//! `letters`-th letter of a Unicode script that stands neither in `scripts` (default: Latin, and
//! Greek for formulas) nor in the problem; letters of several such scripts count together. Where
//! the problem has Japanese kana, Chinese characters pass, too. Only the scripts of [`SCRIPTS`] are
//! told apart; all else counts as no letter. Without a problem the rule is silent, unless a policy
//! names `scripts`. The alarm is final.
//!
//! What fools it: names and quotations in their own script, and problems that ask for a
//! translation. Languages that share a script are not told apart.

use std::ops::RangeInclusive;

use regex_syntax::hir::{Class, HirKind};

use super::scope::scoped;
use super::{Detector, Kind, Rule, SCOPE, Settings, optional};

pub(super) const RULE: Rule = Rule {
    name: "script",
    meaning: "letters of a script that the problem does not use",
    parameters: &[
        optional(
            "scripts",
            "Unicode scripts that always pass; default `Latin`, `Greek`",
            Kind::Texts,
        ),
        optional("letters", "letters that it takes; default 2", Kind::Count),
        SCOPE,
    ],
    build,
};

/// The scripts that are told apart, by their Unicode names.
const SCRIPTS: [&str; 24] = [
    "Latin",
    "Greek",
    "Han",
    "Hiragana",
    "Katakana",
    "Hangul",
    "Bopomofo",
    "Cyrillic",
    "Arabic",
    "Hebrew",
    "Devanagari",
    "Bengali",
    "Gujarati",
    "Gurmukhi",
    "Tamil",
    "Telugu",
    "Kannada",
    "Malayalam",
    "Thai",
    "Lao",
    "Khmer",
    "Myanmar",
    "Georgian",
    "Armenian",
];

/// Letters of other scripts that it takes, unless a policy says otherwise: a single one may be a sign.
const LETTERS: f64 = 2.0;

fn build(settings: &Settings) -> Result<Box<dyn Detector>, String> {
    let given = settings.texts("scripts");
    let mut always = [false; SCRIPTS.len()];
    match given {
        Some(names) => {
            for name in names {
                let known = SCRIPTS.iter().position(|script| script == name);
                let known = known.ok_or_else(|| {
                    format!(
                        "script {name:?} is not known; known are {}",
                        SCRIPTS.join(", ")
                    )
                })?;
                always[known] = true;
            }
        }
        None => always[..2].fill(true),
    }
    let detector = Script {
        ranges: ranges(),
        always,
        without_problem: given.is_some(),
        letters: settings.number("letters").unwrap_or(LETTERS).max(1.0),
        passes: None,
        foreign: 0.0,
    };
    Ok(scoped(settings, Box::new(detector)))
}

struct Script {
    /// Where the characters of the scripts stand, in order, with the script's place in the list.
    ranges: Vec<(RangeInclusive<char>, usize)>,
    always: [bool; SCRIPTS.len()],
    /// Whether it speaks where the problem is not known.
    without_problem: bool,
    letters: f64,
    /// The scripts that pass in this solution; `None` where nothing can be told.
    passes: Option<[bool; SCRIPTS.len()]>,
    /// Letters that do not pass.
    foreign: f64,
}

impl Script {
    fn of(&self, c: char) -> Option<usize> {
        let next = self.ranges.partition_point(|(range, _)| *range.end() < c);
        let (range, script) = self.ranges.get(next)?;
        range.contains(&c).then_some(*script)
    }
}

impl Detector for Script {
    fn start(&mut self, problem: Option<&str>) -> bool {
        self.foreign = 0.0;
        let mut passes = self.always;
        for script in problem
            .unwrap_or_default()
            .chars()
            .filter_map(|c| self.of(c))
        {
            passes[script] = true;
        }
        let [_, _, han, hiragana, katakana, ..] = &mut passes;
        *han |= *hiragana || *katakana;
        self.passes = (problem.is_some() || self.without_problem).then_some(passes);
        false
    }

    fn read(&mut self, c: char) -> bool {
        // Digits and signs of ASCII are the most of any solution, and of no script.
        if c.is_ascii() && !c.is_ascii_alphabetic() {
            return false;
        }
        let Some(passes) = self.passes else {
            return false;
        };
        if self.of(c).is_some_and(|script| !passes[script]) {
            self.foreign += 1.0;
            return self.foreign >= self.letters;
        }
        false
    }

    fn read_text(&mut self, text: &str) -> Option<usize> {
        // Nothing of ASCII is foreign where Latin passes.
        let latin_passes = self.passes.is_none_or(|[latin, ..]| latin);
        if latin_passes && text.is_ascii() {
            return None;
        }
        let mut characters = text.char_indices();
        let (at, c) = characters.find(|&(_, c)| self.read(c))?;
        Some(at + c.len_utf8())
    }

    fn finish(&mut self) -> bool {
        false
    }
}

/// The characters of all scripts, by the tables of Unicode.
fn ranges() -> Vec<(RangeInclusive<char>, usize)> {
    let mut ranges = Vec::new();
    for (place, name) in SCRIPTS.iter().enumerate() {
        let parsed = regex_syntax::parse(&format!(r"\p{{Script={name}}}"));
        let class = parsed.map(regex_syntax::hir::Hir::into_kind);
        if let Ok(HirKind::Class(Class::Unicode(class))) = class {
            let found = class.ranges().iter();
            ranges.extend(found.map(|range| (range.start()..=range.end(), place)));
        }
    }
    ranges.sort_by_key(|(range, _)| *range.start());
    ranges
}

#[cfg(test)]
mod tests {
    use super::super::probe::check;
    use super::super::{Alarm, Reading, Setting};
    use super::*;

    #[test]
    fn letters_of_another_script_alarm() {
        let problem = Some("How many eggs are left?");
        let solutions = [
            "So 4 eggs. 所以¦答案是 4",
            "So 4 所, и¦ 5",
            "От¦вет",
            "αβγ ≤ π, ½ é ß ﬁ, x² → ∞, “4” – ℵ № ℃",
            "So 4 所 eggs, 🙂.",
        ];
        check(&RULE, problem, &solutions);
    }

    #[test]
    fn scripts_of_the_problem_pass() {
        check(
            &RULE,
            Some("有几个鸡蛋?"),
            &["所以答案是 4, so 4 eggs", "от¦вет"],
        );
        check(&RULE, Some("いくつ?"), &["答案は四", "정답¦은"]);
        check(&RULE, None, &["所以答案是 4"]);
    }

    #[test]
    fn scripts_and_letters_can_be_set() {
        let build = |scripts: &[&str], letters: f64| {
            let scripts = scripts.iter().map(|&s| s.to_owned()).collect();
            let settings = [
                ("scripts", Setting::Texts(scripts)),
                ("letters", Setting::Number(letters)),
            ];
            build(&settings.into_iter().collect())
        };
        let mut detector = build(&["Han"], 3.0).unwrap();
        let mut reading = Reading::start(detector.as_mut(), None);
        reading.push("答案是四: egg".as_bytes());
        assert_eq!(reading.finish(), Some(Alarm::After(17)));
        let error = build(&["Latin", "Klingon"], 1.0).err().unwrap();
        assert!(
            error.starts_with("script \"Klingon\" is not known; known are Latin,"),
            "{error}"
        );
    }

    #[test]
    fn every_script_of_the_list_has_characters_and_none_two_scripts() {
        let ranges = ranges();
        for (place, name) in SCRIPTS.iter().enumerate() {
            assert!(ranges.iter().any(|&(_, script)| script == place), "{name}");
        }
        for pair in ranges.windows(2) {
            assert!(pair[0].0.end() < pair[1].0.start());
        }
    }
}
