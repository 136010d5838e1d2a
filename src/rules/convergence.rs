//! `convergence`: a complete solution without one final answer that its last steps arrive at.
//!
//! Speaks at the end of the solution alone, when it alarms if
//! - none of the `markers` occurs (default `####`, `Answer:` and `\boxed{`), or
//! - two markers announce different numbers (the same number again is fine; that there is no
//!   second marker is what `answer-marker` looks for), or
//! - the first announced number is none of the last [`STEPS`] numbers before its marker.
//!
//! Numbers are compared by their exact sizes, without sign and unit; a per cent may also be meant
//! as hundredths. Of an answer that is no single number – words, a letter, a fraction, a formula –
//! only the presence is checked, and so it is where no number stands before the marker.
//!
//! Fooled by steps in words ("so four remain"), by answers that are only rounded or converted on
//! the last line, and by `\boxed{}` around intermediate results: false alarms. An answer that is
//! wrong all along converges, and `#### ` may be a headline: misses.

use std::collections::VecDeque;

use super::lexer::{Lexeme, Lexer, Symbol};
use super::ratio::Ratio;
use super::scope::markers;
use super::texts::Texts;
use super::{Detector, MARKERS, Rule, Settings};

pub(super) const RULE: Rule = Rule {
    name: "convergence",
    meaning: "a complete solution without a final answer, with several, or with one that its last \
              steps do not arrive at",
    parameters: &[MARKERS],
    build,
};

/// Numbers before the marker that the answer may be.
const STEPS: usize = 12;

#[expect(clippy::unnecessary_wraps, reason = "the signature of every rule")]
fn build(settings: &Settings) -> Result<Box<dyn Detector>, String> {
    Ok(Box::new(Convergence {
        lexer: Lexer::default(),
        lexemes: Vec::new(),
        markers: markers(settings),
        state: State::default(),
    }))
}

struct Convergence {
    lexer: Lexer,
    /// What the last character has ended.
    lexemes: Vec<Lexeme>,
    markers: Texts,
    state: State,
}

/// What a solution has said so far.
#[derive(Default)]
struct State {
    /// The last numbers.
    steps: VecDeque<Ratio>,
    marked: bool,
    place: Place,
    /// The first announced number.
    answer: Option<Ratio>,
    /// Whether that was among the numbers before it, or there were none.
    arrived: bool,
    /// Whether another number was announced later.
    several: bool,
}

/// Where the next symbol stands.
#[derive(Default, Clone, Copy)]
enum Place {
    #[default]
    Steps,
    /// Behind a marker.
    Answer,
    /// Behind a number behind a marker, which is the answer unless a formula goes on with it.
    Announced(Ratio),
}

impl State {
    fn read(&mut self, lexeme: &Lexeme) {
        match self.place {
            Place::Answer => match &lexeme.symbol {
                Symbol::Number(number) => {
                    self.place = number.value.map_or(Place::Steps, Place::Announced);
                    return;
                }
                Symbol::Minus
                | Symbol::Currency
                | Symbol::Open
                | Symbol::Stars
                | Symbol::Newline => return,
                _ => self.place = Place::Steps,
            },
            Place::Announced(number) => {
                self.place = Place::Steps;
                if !goes_on(lexeme) {
                    self.announce(number);
                }
            }
            Place::Steps => {}
        }
        if let Symbol::Number(number) = &lexeme.symbol
            && let Some(value) = number.value
        {
            if self.steps.len() == STEPS {
                self.steps.pop_front();
            }
            self.steps.push_back(value);
        }
    }

    fn announce(&mut self, number: Ratio) {
        let hundredths = number.divide(Ratio::whole(100));
        match self.answer {
            None => {
                self.answer = Some(number);
                self.arrived = self.steps.is_empty()
                    || self.steps.contains(&number)
                    || hundredths.is_some_and(|number| self.steps.contains(&number));
            }
            Some(answer) => self.several |= answer != number,
        }
    }

    fn mark(&mut self) {
        if let Place::Announced(number) = self.place {
            self.announce(number);
        }
        self.marked = true;
        self.place = Place::Answer;
    }

    fn diverges(&mut self) -> bool {
        if let Place::Announced(number) = self.place {
            self.announce(number);
        }
        self.place = Place::Steps;
        !self.marked || self.several || (self.answer.is_some() && !self.arrived)
    }
}

/// Whether a number with this behind it is only the beginning of a formula.
fn goes_on(lexeme: &Lexeme) -> bool {
    match &lexeme.symbol {
        Symbol::Plus
        | Symbol::Minus
        | Symbol::Times
        | Symbol::Over
        | Symbol::Power
        | Symbol::Fraction
        | Symbol::Equals
        | Symbol::Comma
        | Symbol::Number(_)
        | Symbol::Open => true,
        Symbol::Word(word) => !lexeme.spaced || word.starts_with('\\'),
        _ => false,
    }
}

impl Convergence {
    fn take(&mut self) {
        for lexeme in self.lexemes.drain(..) {
            self.state.read(&lexeme);
        }
    }
}

impl Detector for Convergence {
    fn start(&mut self, _: Option<&str>) -> bool {
        self.lexer.restart();
        self.lexemes.clear();
        self.markers.restart();
        self.state = State::default();
        false
    }

    fn read(&mut self, c: char) -> bool {
        self.lexer.read(c, &mut self.lexemes);
        if self.markers.read(c) {
            // A number right before the marker has ended; the marker itself is no step.
            self.take();
            self.lexer.restart();
            self.state.mark();
        } else {
            self.take();
        }
        false
    }

    fn finish(&mut self) -> bool {
        self.lexer.finish(&mut self.lexemes);
        self.take();
        self.state.diverges()
    }
}
