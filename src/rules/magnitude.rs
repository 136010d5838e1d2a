//! `magnitude`: a number far larger than the numbers of the problem.
//!
//! Alarms when a number of the solution exceeds `cap`, or `factor` times the largest number of the
//! problem where one is known (arXiv 2605.14062 writes 10 million and 100). Sizes count, not
//! signs. A number is judged when the character after it has come, or the next one that is no
//! white space where a per cent sign could save it (250000 % is 2500). Alarms are final.
//!
//! Reads digits with a point and with commas between groups of three. In the problem a per cent
//! counts as the number before its sign, which allows more. Not read: number words ("three
//! dozen", "2 million"), powers (10^9), numbers spread over spaces. So a problem whose large
//! numbers are words makes false alarms, and a large result in words or powers is missed. Years
//! and serial numbers count like any other number.

use super::lexer::{Lexeme, Lexer, Symbol};
use super::of_problem::OfProblem;
use super::pieces::{last_with_number, next_above};
use super::scope::scoped;
use super::{Alarm, Detector, Kind, Rule, SCOPE, Settings, optional};

pub(super) const RULE: Rule = Rule {
    name: "magnitude",
    meaning: "a number far larger than the numbers of the problem",
    parameters: &[
        optional(
            "factor",
            "largest multiple of the problem's largest number; default 100",
            Kind::Positive,
        ),
        optional(
            "cap",
            "largest number, whatever the problem; default 1e7",
            Kind::Positive,
        ),
        SCOPE,
    ],
    build,
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of every rule")]
fn build(settings: &Settings) -> Result<Box<dyn Detector>, String> {
    let cap = settings.number("cap").unwrap_or(1e7);
    let detector = Magnitude {
        factor: settings.number("factor").unwrap_or(100.0),
        cap,
        largest: OfProblem::new(),
        limit: cap,
        lexer: Lexer::default(),
        lexemes: Vec::new(),
        unless_percent: false,
    };
    Ok(scoped(settings, Box::new(detector)))
}

/// Digits that are counted; of numbers with more the size is not exact.
const MOST_DIGITS: usize = 30;

struct Magnitude {
    factor: f64,
    cap: f64,
    /// The largest number of a problem.
    largest: OfProblem<Option<f64>>,
    /// The largest number that passes.
    limit: f64,
    lexer: Lexer,
    /// What the last character has ended.
    lexemes: Vec<Lexeme>,
    /// Whether the last number is too large unless a per cent sign follows.
    unless_percent: bool,
}

impl Magnitude {
    /// Digits that a number above the limit has at least.
    fn fewest_digits(&self) -> usize {
        let (mut digits, mut least) = (1, 10.0);
        while least <= self.limit && digits < MOST_DIGITS {
            (digits, least) = (digits + 1, 10.0 * least);
        }
        digits
    }

    fn take(&mut self) -> bool {
        let (limit, unless_percent) = (self.limit, &mut self.unless_percent);
        self.lexemes.drain(..).any(|lexeme| {
            let waiting = std::mem::take(unless_percent);
            match lexeme.symbol {
                Symbol::Percent => false,
                _ if waiting => true,
                Symbol::Number(number) => {
                    let size = number.size().unwrap_or(0.0);
                    *unless_percent = size > limit;
                    size / 100.0 > limit
                }
                _ => false,
            }
        })
    }
}

/// The largest number of a text.
fn largest(text: &str) -> Option<f64> {
    let mut lexer = Lexer::default();
    let mut lexemes = Vec::new();
    let mut largest: Option<f64> = None;
    let mut rest = text;
    while let Some(start) = last_with_number(rest) {
        lexer.restart();
        for c in rest[start..]
            .chars()
            .take_while(|c| !matches!(c, ' ' | '\n'))
        {
            lexer.read(c, &mut lexemes);
        }
        lexer.finish(&mut lexemes);
        for lexeme in lexemes.drain(..) {
            if let Symbol::Number(number) = lexeme.symbol {
                largest = largest.into_iter().chain(number.size()).reduce(f64::max);
            }
        }
        rest = &rest[..start];
    }
    largest
}

impl Detector for Magnitude {
    fn start(&mut self, problem: Option<&str>) -> bool {
        self.lexer.restart();
        self.lexemes.clear();
        self.unless_percent = false;
        // A problem of zeros says nothing about sizes.
        let largest = problem.and_then(|problem| self.largest.get(problem, largest));
        let largest = largest.filter(|&largest| largest > 0.0);
        self.limit = largest.map_or(self.cap, |largest| self.cap.min(self.factor * largest));
        false
    }

    fn read(&mut self, c: char) -> bool {
        self.lexer.read(c, &mut self.lexemes);
        // A backslash may begin LaTeX's per cent sign.
        let no_percent = !c.is_whitespace() && c != '%' && c != '\\';
        self.take() || (self.unless_percent && no_percent)
    }

    fn finish(&mut self) -> bool {
        self.lexer.finish(&mut self.lexemes);
        self.take() || self.unless_percent
    }

    fn read_all(&mut self, text: &str) -> Option<Alarm> {
        let digits = self.fewest_digits();
        if digits == 1 {
            // Nearly every number could be too large.
            return match self.read_text(text) {
                Some(end) => Some(Alarm::After(end)),
                None => self.finish().then_some(Alarm::AtEnd),
            };
        }
        let mut at = 0;
        while let Some(start) = next_above(text, at, self.limit, digits) {
            self.lexer.restart();
            at = start;
            for c in text[start..].chars() {
                at += c.len_utf8();
                if self.read(c) {
                    return Some(Alarm::After(at));
                }
                if !self.unless_percent && matches!(c, ' ' | '\n') {
                    break;
                }
            }
            if at == text.len() {
                return self.finish().then_some(Alarm::AtEnd);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::Reading;
    use super::super::probe::{arithmetic, check, check_causality, detector, long_texts};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_beyond_the_multiple_of_the_largest_alarm() {
        let problem = "Ann has 1,000 beads and 12 boxes at 30 % off. How many boxes are left?";
        let solutions = [
            "She has 100000 of them.",
            "She has 100,001 o¦f them.",
            "She has 100,001. ¦Then",
            "12*9000=108000 b¦eads",
            "12*9000=-108000\n¦",
            "108000‖",
            // A per cent sign divides by 100.
            "That is 250000%.",
            "That is 250000 \\%.",
            "That is 250000 \\p¦i.",
            "That is 11000000 ¦% more.",
            // Not read: words, powers, groups with spaces, times of day.
            "two million, 10^9, 100 000 000, 10000000:30",
        ];
        check(&RULE, Some(problem), &solutions);
    }

    #[test]
    fn the_cap_holds_whatever_the_problem() {
        let solutions = ["10,000,000 beads", "10,000,001 b¦eads"];
        check(&RULE, None, &solutions);
        check(&RULE, Some("How many beads has Ann?"), &solutions);
        check(&RULE, Some("Ann has 0 beads. How many?"), &solutions);
        check(
            &RULE,
            Some("Ann has 9,000,000 beads. How many?"),
            &solutions,
        );
        check(
            &RULE,
            Some("Ann has three dozen. 5?"),
            &["500 ", "501 b¦eads"],
        );
    }

    #[test]
    fn both_parameters_can_be_set() {
        let found = |numbers: &[(&'static str, f64)]| {
            let mut detector = detector(&RULE, numbers);
            let mut reading = Reading::start(&mut *detector, Some("Ann has 2 or 3 beads?"));
            reading.push(b"4 5 6 7 8 9 ");
            reading.finish()
        };
        assert_eq!(found(&[("factor", 2.0)]), Some(Alarm::After(9)));
        assert_eq!(found(&[("cap", 4.5)]), Some(Alarm::After(5)));
        assert_eq!(found(&[]), None);
    }

    #[test]
    fn a_long_text_costs_no_more_than_its_length() {
        let mut detector = detector(&RULE, &[]);
        for text in long_texts(1 << 20) {
            let mut reading = Reading::start(&mut *detector, Some(&text));
            reading.push(text.as_bytes());
            let endless = text.starts_with("99");
            assert_eq!(reading.finish().is_some(), endless, "{}", &text[..6]);
        }
    }

    proptest! {
        #[test]
        fn an_alarm_depends_on_what_is_before_it_alone(text in arithmetic(), more in arithmetic()) {
            check_causality(&RULE, &text, &more);
        }
    }
}
