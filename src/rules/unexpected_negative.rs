//! `unexpected-negative`: a negative result where nothing in the problem is negative.
//!
//! A result is a negative number right after an equals sign, after the marker of a final answer,
//! or an amount of money (`-$5`, `$-5`), unless an operator goes on from it (`= -5 + 8`). It is
//! judged when the symbol after it has come. Alarms are final.
//!
//! The problem says negative when a minus sign stands before a number or a letter without being a
//! subtraction, a hyphen or a range, or when it uses the word "negative", "minus" or "below". A
//! problem that is not known may say it too, so nothing alarms then.
//!
//! Fooled by solutions that pass through a negative number on the way to a right answer (a
//! difference taken the wrong way round, a coordinate, a solved variable): false alarms. Negative
//! results in words ("a loss of 5") are missed.

use super::lexer::{Lexeme, Lexer, Symbol};
use super::scope::{markers, scoped};
use super::texts::Texts;
use super::{Detector, Rule, SCOPE, Settings};

pub(super) const RULE: Rule = Rule {
    name: "unexpected-negative",
    meaning: "a negative result where nothing in the problem is negative",
    parameters: &[SCOPE],
    build,
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of every rule")]
fn build(settings: &Settings) -> Result<Box<dyn Detector>, String> {
    let detector = UnexpectedNegative {
        expected: true,
        lexer: Lexer::default(),
        lexemes: Vec::new(),
        markers: markers(settings),
        place: Place::Elsewhere,
    };
    Ok(scoped(settings, Box::new(detector)))
}

/// What the symbols so far make of the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Right of an equals sign or a marker, where a result stands.
    Result,
    /// After the minus sign of a result.
    Minus,
    /// After a negative result, unless an operator follows.
    Negative,
    /// After an operand, where a minus sign subtracts.
    Operand,
    Elsewhere,
}

struct UnexpectedNegative {
    /// Whether the problem says something negative, or is not known.
    expected: bool,
    lexer: Lexer,
    /// What the last character has ended.
    lexemes: Vec<Lexeme>,
    markers: Texts,
    place: Place,
}

impl UnexpectedNegative {
    fn take(&mut self) -> bool {
        let place = &mut self.place;
        self.lexemes.drain(..).any(|lexeme| {
            let (next, found) = place.after(&lexeme);
            *place = next;
            found
        })
    }
}

impl Place {
    /// The place after the next symbol, and whether that shows a negative result.
    fn after(self, lexeme: &Lexeme) -> (Self, bool) {
        let operator = matches!(
            lexeme.symbol,
            Symbol::Plus
                | Symbol::Minus
                | Symbol::Times
                | Symbol::Over
                | Symbol::Power
                | Symbol::Stars
        );
        if self == Self::Negative {
            let goes_on = operator && lexeme.symbol != Symbol::Stars;
            return (Self::Elsewhere, !goes_on);
        }
        let next = match (&lexeme.symbol, self) {
            (Symbol::Equals, _) => Self::Result,
            (Symbol::Minus, Self::Result) => Self::Minus,
            (Symbol::Currency, Self::Elsewhere) => Self::Result,
            (Symbol::Currency | Symbol::Open | Symbol::Stars, Self::Result | Self::Minus) => self,
            (Symbol::Number(number), Self::Minus) => match number.size {
                Some(size) if size > 0.0 => Self::Negative,
                _ => Self::Operand,
            },
            (Symbol::Number(_) | Symbol::Close | Symbol::Percent, _) => Self::Operand,
            _ => Self::Elsewhere,
        };
        (next, false)
    }
}

/// Whether a text says something negative.
fn says_negative(text: &str) -> bool {
    let mut lexer = Lexer::default();
    let mut lexemes = Vec::new();
    for c in text.chars() {
        lexer.read(c, &mut lexemes);
    }
    lexer.finish(&mut lexemes);
    let word = lexemes.iter().any(|lexeme| match &lexeme.symbol {
        Symbol::Word(word) => {
            ["negative", "minus", "below"].contains(&word.to_lowercase().as_str())
        }
        _ => false,
    });
    let operand = |symbol: &Symbol| {
        matches!(
            symbol,
            Symbol::Number(_) | Symbol::Word(_) | Symbol::Close | Symbol::Percent
        )
    };
    let sign = lexemes.iter().enumerate().any(|(place, lexeme)| {
        let before = place.checked_sub(1).map(|place| &lexemes[place].symbol);
        let after = lexemes.get(place + 1);
        lexeme.symbol == Symbol::Minus
            && after.is_some_and(|after| !after.spaced && after.symbol != Symbol::Minus)
            && (lexeme.spaced || !before.is_some_and(operand))
    });
    word || sign
}

impl Detector for UnexpectedNegative {
    fn start(&mut self, problem: Option<&str>) -> bool {
        self.lexer.restart();
        self.lexemes.clear();
        self.markers.restart();
        self.place = Place::Elsewhere;
        self.expected = problem.is_none_or(says_negative);
        false
    }

    fn read(&mut self, c: char) -> bool {
        if self.expected {
            return false;
        }
        self.lexer.read(c, &mut self.lexemes);
        let found = self.take();
        if self.markers.read(c) {
            self.lexer.restart();
            self.place = Place::Result;
        }
        found
    }

    fn finish(&mut self) -> bool {
        if self.expected {
            return false;
        }
        self.lexer.finish(&mut self.lexemes);
        self.take() || self.place == Place::Negative
    }
}
