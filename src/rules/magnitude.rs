//! `magnitude`: a number far larger than the numbers of the problem.
//!
//! Alarms when a number of the solution exceeds `cap`, or `factor` times the largest number of the
//! problem where one is known (arXiv 2605.14062 writes 10 million and 100). Sizes count, not
//! signs. A number is judged when the character after it has come; where only a per cent sign
//! could save it (250000 % is 2500), after the next symbol. Alarms are final.
//!
//! Reads digits with a point and with commas between groups of three. In the problem a per cent
//! counts as the number before its sign, which allows more. Not read: number words ("three
//! dozen", "2 million"), powers (10^9), numbers spread over spaces. So a problem whose large
//! numbers are words makes false alarms, and a large result in words or powers is missed. Years
//! and serial numbers count like any other number.

use super::lexer::{Lexeme, Lexer, Symbol};
use super::scope::scoped;
use super::{Detector, Kind, Rule, SCOPE, Settings, optional};

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
        limit: cap,
        lexer: Lexer::default(),
        lexemes: Vec::new(),
        unless_percent: false,
    };
    Ok(scoped(settings, Box::new(detector)))
}

struct Magnitude {
    factor: f64,
    cap: f64,
    /// The largest number that passes.
    limit: f64,
    lexer: Lexer,
    /// What the last character has ended.
    lexemes: Vec<Lexeme>,
    /// Whether the last number is too large unless a per cent sign follows.
    unless_percent: bool,
}

impl Magnitude {
    fn take(&mut self) -> bool {
        let (limit, unless_percent) = (self.limit, &mut self.unless_percent);
        self.lexemes.drain(..).any(|lexeme| {
            let waiting = std::mem::take(unless_percent);
            match lexeme.symbol {
                Symbol::Percent => false,
                _ if waiting => true,
                Symbol::Number(number) => {
                    let size = number.size.unwrap_or(0.0);
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
    let mut note = |lexemes: &mut Vec<Lexeme>| {
        for lexeme in lexemes.drain(..) {
            if let Symbol::Number(number) = lexeme.symbol {
                largest = largest.into_iter().chain(number.size).reduce(f64::max);
            }
        }
    };
    for c in text.chars() {
        lexer.read(c, &mut lexemes);
        note(&mut lexemes);
    }
    lexer.finish(&mut lexemes);
    note(&mut lexemes);
    largest
}

impl Detector for Magnitude {
    fn start(&mut self, problem: Option<&str>) -> bool {
        self.lexer.restart();
        self.lexemes.clear();
        self.unless_percent = false;
        // A problem of zeros says nothing about sizes.
        let largest = problem.and_then(largest).filter(|&largest| largest > 0.0);
        self.limit = largest.map_or(self.cap, |largest| self.cap.min(self.factor * largest));
        false
    }

    fn read(&mut self, c: char) -> bool {
        self.lexer.read(c, &mut self.lexemes);
        self.take()
    }

    fn finish(&mut self) -> bool {
        self.lexer.finish(&mut self.lexemes);
        self.take() || self.unless_percent
    }
}
