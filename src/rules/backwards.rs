//! The numbers of a text from its end on: whoever asks for the last one has not to read the text.

use std::collections::VecDeque;

use super::lexer::{Lexeme, Lexer, Symbol};
use super::pieces::last_with_number;
use super::ratio::Ratio;

/// Reads texts backwards, piece by piece; keeps its memory from one text to the next.
#[derive(Default)]
pub(super) struct Backwards {
    lexer: Lexer,
    lexemes: Vec<Lexeme>,
    /// Numbers of the last piece that was read.
    found: VecDeque<Ratio>,
}

impl Backwards {
    /// The last `window` numbers of a text that have a value, from the last one back. What its end leaves
    /// open is none of them.
    pub(super) fn numbers<'t>(
        &'t mut self,
        text: &'t str,
        window: usize,
    ) -> impl Iterator<Item = Ratio> + 't {
        self.found.clear();
        let mut rest = text;
        std::iter::from_fn(move || {
            while self.found.is_empty() {
                let start = last_with_number(rest)?;
                self.piece(&rest[start..], window);
                rest = &rest[..start];
            }
            self.found.pop_front()
        })
        .take(window)
    }

    /// Reads the numbers of a piece, which white space ends.
    fn piece(&mut self, piece: &str, window: usize) {
        self.lexer.restart();
        for c in piece.chars() {
            self.lexer.read(c, &mut self.lexemes);
            for lexeme in self.lexemes.drain(..) {
                if let Symbol::Number(number) = lexeme.symbol
                    && let Some(value) = number.value()
                {
                    self.found.truncate(window - 1);
                    self.found.push_front(value);
                }
            }
            if matches!(c, ' ' | '\n') {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_numbers_come_first_and_what_is_open_is_none() {
        let mut backwards = Backwards::default();
        let mut last =
            |text: &str, window| -> Vec<Ratio> { backwards.numbers(text, window).collect() };
        let whole = |numbers: &[i32]| -> Vec<Ratio> {
            let numbers = numbers.iter();
            numbers.map(|&n| Ratio::whole(n.into())).collect()
        };
        let text = "so 3 and 4+5=9 eggs, 12";
        assert_eq!(last(text, 12), whole(&[9, 5, 4, 3]));
        assert_eq!(last(text, 2), whole(&[9, 5]));
        assert_eq!(last("so 3 and 12 ", 12), whole(&[12, 3]));
        assert_eq!(last("none", 12), whole(&[]));
    }
}
