//! `false-equation`: an equation in numbers whose two sides differ.

mod chain;
mod expression;
mod side;
mod words;

use super::lexer::{Lexeme, Lexer, Symbol};
use super::scope::scoped;
use super::{Detector, Kind, Rule, SCOPE, Settings, optional};
use chain::Chain;

pub(super) const RULE: Rule = Rule {
    name: "false-equation",
    meaning: "an equation in numbers whose two sides differ",
    parameters: &[
        optional(
            "tolerance",
            "largest difference of the two sides that passes, beyond the rounding that their \
             digits show; default 0",
            Kind::NotNegative,
        ),
        SCOPE,
    ],
    build,
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of every rule")]
fn build(settings: &Settings) -> Result<Box<dyn Detector>, String> {
    let detector = FalseEquation {
        tolerance: settings.number("tolerance").unwrap_or(0.0),
        lexer: Lexer::default(),
        lexemes: Vec::new(),
        chain: Chain::start(),
        outer: None,
    };
    Ok(scoped(settings, Box::new(detector)))
}

struct FalseEquation {
    tolerance: f64,
    lexer: Lexer,
    /// What the last character has ended.
    lexemes: Vec<Lexeme>,
    chain: Chain,
    /// What stands around the annotation `<<…>>` that is being read.
    outer: Option<Chain>,
}

impl FalseEquation {
    fn take(&mut self) -> bool {
        let lexemes = std::mem::take(&mut self.lexemes);
        let found = lexemes.iter().any(|lexeme| self.symbol(lexeme));
        self.lexemes = lexemes;
        self.lexemes.clear();
        found
    }

    fn symbol(&mut self, lexeme: &Lexeme) -> bool {
        match lexeme.symbol {
            Symbol::AnnotationOpen if self.outer.is_none() => {
                self.outer = Some(std::mem::take(&mut self.chain));
                false
            }
            Symbol::AnnotationClose => match self.outer.take() {
                Some(outer) => {
                    let found = self.chain.end(self.tolerance);
                    self.chain = outer;
                    found
                }
                None => self.chain.read(lexeme, self.tolerance),
            },
            _ => self.chain.read(lexeme, self.tolerance),
        }
    }
}

impl Detector for FalseEquation {
    fn start(&mut self, _: Option<&str>) -> bool {
        self.lexer.restart();
        self.chain = Chain::start();
        self.outer = None;
        false
    }

    fn read(&mut self, c: char) -> bool {
        self.lexer.read(c, &mut self.lexemes);
        self.take()
    }

    fn finish(&mut self) -> bool {
        self.lexer.finish(&mut self.lexemes);
        let found = self.take();
        found || self.chain.end(self.tolerance)
    }
}
