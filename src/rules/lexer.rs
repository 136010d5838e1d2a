//! The symbols of a solution: numbers, operators, words and what lies between them.
//!
//! Reads plain text, the Unicode signs of arithmetic, the LaTeX that solutions use, and GSM8K's
//! `<<48/2=24>>`. A symbol comes out as soon as the next character shows that it has ended. The
//! memory is bounded whatever the text.

use super::number::{Digits, Number};

/// Bytes of a word that are kept, but for the end of the last character.
const KEPT: usize = 24;

/// Braces that are kept open; those within are taken for parentheses.
const NESTED: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Symbol {
    /// Without its sign.
    Number(Number),
    Plus,
    Minus,
    Times,
    Over,
    Power,
    /// `**`: a power, or bold type.
    Stars,
    Open,
    Close,
    Equals,
    /// Any other relation: about equal, greater, not equal and so on.
    Relation,
    /// `<<`
    AnnotationOpen,
    /// `>>`
    AnnotationClose,
    Currency,
    Percent,
    /// LaTeX's `\frac`, before its two braces.
    Fraction,
    /// A word, or a LaTeX command with its backslash.
    Word(Word),
    Comma,
    /// The end of a sentence or of a part of one.
    Stop,
    /// The end of a question.
    Question,
    Newline,
    /// The sign before the entry of a list.
    Bullet,
    /// Something that is none of these.
    Other,
}

/// The beginning of a word, as much of it as is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Word {
    bytes: [u8; KEPT + 3],
    length: u8,
}

impl Word {
    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// Adds a character, unless enough is kept.
    fn push(&mut self, c: char) {
        let length = usize::from(self.length);
        if length < KEPT {
            c.encode_utf8(&mut self.bytes[length..]);
            self.length += u8::try_from(c.len_utf8()).unwrap_or(4);
        }
    }

    /// Adds ASCII letters, as far as they are kept.
    fn extend(&mut self, letters: &[u8]) {
        let length = usize::from(self.length);
        let kept = letters.len().min(KEPT.saturating_sub(length));
        self.bytes[length..length + kept].copy_from_slice(&letters[..kept]);
        self.length += u8::try_from(kept).unwrap_or(0);
    }

    fn last(&self) -> Option<u8> {
        self.as_bytes().last().copied()
    }
}

impl std::ops::Deref for Word {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl PartialEq<str> for Word {
    fn eq(&self, text: &str) -> bool {
        self.as_bytes() == text.as_bytes()
    }
}

/// A symbol and whether white space stands before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lexeme {
    pub(super) symbol: Symbol,
    pub(super) spaced: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Lexer {
    digits: Digits,
    /// A word or a LaTeX command.
    word: Word,
    /// The first character of what may be a sign of two.
    sign: Option<char>,
    /// Whether white space stands before the symbol that is being read.
    spaced: bool,
    /// Whether the next brace belongs to a command such as `\text`.
    bare_next: bool,
    /// For each open brace whether it belongs to such a command.
    bare: Vec<bool>,
}

impl Lexer {
    /// Forgets what was read.
    pub(super) fn restart(&mut self) {
        self.bare.clear();
        *self = Self {
            bare: std::mem::take(&mut self.bare),
            ..Self::default()
        };
    }

    /// Reads the next character and adds what has ended with it.
    pub(super) fn read(&mut self, c: char, out: &mut Vec<Lexeme>) {
        if let Some(first) = self.sign.take() {
            if self.pair(first, c, out) {
                return;
            }
            self.single(first, out);
        } else if !self.word.is_empty() {
            if self.word_goes_on(c) {
                self.word.push(c);
                return;
            }
            if self.word.as_bytes() == b"\\" {
                self.word = Word::default();
                self.escaped(c, out);
                return;
            }
            self.end_word(out);
        } else if !self.digits.is_empty() {
            if self.digits.take(c) {
                return;
            }
            self.end_number(out);
        }
        self.begin(c, out);
    }

    /// Whether a LaTeX command is being read.
    pub(super) fn in_command(&self) -> bool {
        self.word.bytes[0] == b'\\' && !self.word.is_empty()
    }

    /// Reads the ASCII letters at the beginning of `text` that only go on with a word; how many.
    pub(super) fn go_on(&mut self, text: &[u8]) -> usize {
        if self.word.is_empty() {
            return 0;
        }
        let other = text.iter().position(|b| !b.is_ascii_alphabetic());
        let letters = &text[..other.unwrap_or(text.len())];
        // A backslash before them is a command's; that all of them go on with it, too.
        self.word.extend(letters);
        letters.len()
    }

    /// Whether all that has been read is forgotten behind the next end of a sentence: no brace is
    /// open, and no sign is left that may be a relation.
    pub(super) fn forgets(&self) -> bool {
        self.bare.is_empty() && self.sign.is_none()
    }

    /// Forgets what was read, as behind white space.
    pub(super) fn restart_spaced(&mut self) {
        self.restart();
        self.spaced = true;
    }

    /// Ends the symbol that is being read.
    pub(super) fn finish(&mut self, out: &mut Vec<Lexeme>) {
        if let Some(first) = self.sign.take() {
            self.single(first, out);
        }
        self.end_word(out);
        self.end_number(out);
    }

    fn begin(&mut self, c: char, out: &mut Vec<Lexeme>) {
        match c {
            '\n' => self.put(Symbol::Newline, out),
            _ if c.is_whitespace() => self.spaced = true,
            '\\' | '_' => self.word.push(c),
            '0'..='9' | '.' => {
                self.digits.take(c);
            }
            _ if c.is_alphabetic() => self.word.push(c),
            '=' | '<' | '>' | '!' | '*' | '-' => self.sign = Some(c),
            _ => self.single(c, out),
        }
    }

    fn word_goes_on(&self, c: char) -> bool {
        if self.in_command() {
            c.is_ascii_alphabetic()
        } else if self.word.last() == Some(b'-') {
            c.is_alphabetic()
        } else {
            c.is_alphanumeric() || matches!(c, '_' | '\'' | '’' | '-')
        }
    }

    fn put(&mut self, symbol: Symbol, out: &mut Vec<Lexeme>) {
        let spaced = std::mem::take(&mut self.spaced) || symbol == Symbol::Newline;
        self.spaced = symbol == Symbol::Newline;
        self.bare_next = false;
        out.push(Lexeme { symbol, spaced });
    }

    fn end_number(&mut self, out: &mut Vec<Lexeme>) {
        let (number, rest) = self.digits.end();
        if let Some(number) = number {
            self.put(Symbol::Number(number), out);
        }
        for c in rest.chars() {
            self.single(c, out);
        }
    }

    fn end_word(&mut self, out: &mut Vec<Lexeme>) {
        if self.word.is_empty() {
            return;
        }
        let mut word = std::mem::take(&mut self.word);
        if let Some(name) = word.strip_prefix('\\') {
            match command(name) {
                Some(Command::Means(symbol)) => self.put(symbol, out),
                Some(Command::Bare) => self.bare_next = true,
                Some(Command::Space) => self.spaced = true,
                Some(Command::Fits) => self.spaced = false,
                None => self.put(Symbol::Word(word), out),
            }
            return;
        }
        let minus = word.last() == Some(b'-');
        if minus {
            word.length -= 1;
            word.bytes[usize::from(word.length)] = 0;
        }
        self.put(Symbol::Word(word), out);
        if minus {
            self.put(Symbol::Minus, out);
        }
    }

    /// A backslash and a character that is no letter.
    fn escaped(&mut self, c: char, out: &mut Vec<Lexeme>) {
        match c {
            '\\' | '\n' => self.put(Symbol::Newline, out),
            '$' => self.put(Symbol::Currency, out),
            '%' => self.put(Symbol::Percent, out),
            '*' => self.put(Symbol::Times, out),
            // Delimiters of formulas, and thin spaces.
            '(' | ')' | '[' | ']' | ',' | ';' | ':' | '!' | ' ' => self.spaced = true,
            _ => self.put(Symbol::Other, out),
        }
    }

    /// Whether the two characters are one sign; if so it is put out.
    fn pair(&mut self, first: char, second: char, out: &mut Vec<Lexeme>) -> bool {
        let symbol = match (first, second) {
            ('<', '<') => Symbol::AnnotationOpen,
            ('>', '>') => Symbol::AnnotationClose,
            ('*', '*') => Symbol::Stars,
            ('=' | '<' | '>' | '!', '=') => Symbol::Relation,
            ('=' | '-', '>') => Symbol::Stop,
            _ => return false,
        };
        self.put(symbol, out);
        true
    }

    fn single(&mut self, c: char, out: &mut Vec<Lexeme>) {
        let symbol = match c {
            '+' => Symbol::Plus,
            '-' | '−' | '–' => Symbol::Minus,
            '*' | '×' | '·' | '⋅' | '∗' => Symbol::Times,
            '/' | '÷' | '∕' => Symbol::Over,
            '^' => Symbol::Power,
            '²' | '³' => {
                self.put(Symbol::Power, out);
                Symbol::Number(Number::whole(if c == '²' { 2 } else { 3 }))
            }
            '(' | '[' => Symbol::Open,
            ')' | ']' => Symbol::Close,
            '{' => {
                let bare = self.bare_next;
                if self.bare.len() < NESTED {
                    self.bare.push(bare);
                }
                if bare {
                    self.bare_next = false;
                    self.spaced = true;
                    return;
                }
                Symbol::Open
            }
            '}' => {
                if self.bare.pop() == Some(true) {
                    return;
                }
                Symbol::Close
            }
            '=' => Symbol::Equals,
            '<' | '>' | '≈' | '≠' | '≤' | '≥' | '~' | '≡' | '∼' | '≃' | '≅' => {
                Symbol::Relation
            }
            '$' | '€' | '£' | '¥' => Symbol::Currency,
            '%' => Symbol::Percent,
            ',' => Symbol::Comma,
            '?' => Symbol::Question,
            '•' | '◦' | '▪' | '●' => Symbol::Bullet,
            '.' | ';' | ':' | '!' | '—' | '…' | '#' | '→' | '⇒' | '|' => Symbol::Stop,
            // Quotes and the alignment of formulas.
            '"' | '\'' | '`' | '“' | '”' | '‘' | '’' | '&' => return,
            _ => Symbol::Other,
        };
        self.put(symbol, out);
    }
}

enum Command {
    /// Stands for a symbol.
    Means(Symbol),
    /// Its braces only hold text, or one number.
    Bare,
    Space,
    /// Makes the sign behind it fit; white space before it means nothing.
    Fits,
}

/// What a LaTeX command does to a calculation; `None` for all others.
fn command(name: &str) -> Option<Command> {
    Some(match name {
        "times" | "cdot" => Command::Means(Symbol::Times),
        "div" => Command::Means(Symbol::Over),
        "frac" | "dfrac" | "tfrac" | "cfrac" => Command::Means(Symbol::Fraction),
        "approx" | "neq" | "ne" | "le" | "leq" | "ge" | "geq" | "lt" | "gt" | "equiv" | "sim"
        | "simeq" | "cong" => Command::Means(Symbol::Relation),
        "implies" | "Rightarrow" | "rightarrow" | "to" | "iff" => Command::Means(Symbol::Stop),
        "text" | "textbf" | "textit" | "mathrm" | "mathbf" | "mbox" | "boxed" => Command::Bare,
        "left" | "right" | "big" | "Big" | "bigl" | "bigr" => Command::Fits,
        "quad" | "qquad" | "displaystyle" => Command::Space,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The symbols of a text in a short form.
    fn read(text: &str) -> String {
        let mut lexer = Lexer::default();
        let mut lexemes = Vec::new();
        for c in text.chars() {
            lexer.read(c, &mut lexemes);
        }
        lexer.finish(&mut lexemes);
        let names = lexemes.iter().map(|lexeme| {
            let space = if lexeme.spaced { " " } else { "" };
            let name = match &lexeme.symbol {
                Symbol::Number(number) => format!("{}", number.size().unwrap_or(f64::NAN)),
                Symbol::Word(word) => format!("[{}]", &**word),
                symbol => format!("{symbol:?}"),
            };
            format!("{space}{name}")
        });
        names.collect::<Vec<_>>().join(",")
    }

    #[test]
    fn texts_become_symbols() {
        let cases = [
            ("3+4 = 7.", "3,Plus,4, Equals, 7,Stop"),
            ("$1,200 − 5%", "Currency,1200, Minus, 5,Percent"),
            ("ten-year-old x-3", "[ten-year-old], [x],Minus,3"),
            ("2**3 * 4²", "2,Stars,3, Times, 4,Power,2"),
            ("<<1=2>>", "AnnotationOpen,1,Equals,2,AnnotationClose"),
            (
                "a<=b == c => d -> e",
                "[a],Relation,[b], Relation, [c], Stop, [d], Stop, [e]",
            ),
            ("\\frac{1}{2}", "Fraction,Open,1,Close,Open,2,Close"),
            ("\\text{ eggs } {3}", " [eggs], Open,3,Close"),
            ("\\boxed{\\{5\\}}", " Other,5,Other"),
            (
                "\\(3 \\times 4\\) \\neq \\sqrt2",
                " 3, Times, 4, Relation, [\\sqrt],2",
            ),
            ("1\\\\2\\,3\\$4", "1, Newline, 2, 3,Currency,4"),
            ("3:4 5: 6", "NaN, 5,Stop, 6"),
            ("2 \\left(3\\right)\\quad(4", "2,Open,3,Close, Open,4"),
            ("don't \"5\"\n", "[don't], 5, Newline"),
            ("5kg x_1 ½", "5,[kg], [x_1], Other"),
            ("• 3 ± 4?", "Bullet, 3, Other, 4,Question"),
            ("3 \\pm 4 \\ast 5", "3, [\\pm], 4, [\\ast], 5"),
        ];
        for (text, symbols) in cases {
            assert_eq!(read(text), symbols, "{text}");
        }
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut lexer = Lexer::default();
        let mut lexemes = Vec::new();
        for text in ["a", "\\text{", "{", "\\x", "1,", "é"] {
            for c in text.repeat(1 << 16).chars() {
                lexer.read(c, &mut lexemes);
                assert!(lexemes.len() < 8);
                lexemes.clear();
            }
        }
        assert!(lexer.word.as_bytes().len() <= KEPT + 3 && lexer.bare.len() <= NESTED);
    }
}
