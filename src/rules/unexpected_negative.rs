//! `unexpected-negative`: a negative result where nothing in the problem is negative.
//!
//! A result is a negative number right after an equals sign, after the marker of a final answer,
//! or right after a currency sign (`$-5`), unless an operator goes on from it (`= -5 + 8`,
//! `= (-5)^2`). It is judged when the symbol after it and its brackets has come, or the first
//! letter of a word. Alarms are final.
//!
//! The problem says negative when a minus sign stands before a number or a letter without being a
//! subtraction, a hyphen or a range, or when it uses the word "negative", "minus" or "below". A
//! problem with unknowns (an equals sign, a LaTeX command, a single letter) may have a negative
//! answer, and a problem that is not known may say anything, so nothing alarms with either.
//!
//! Fooled by solutions that pass through a negative number on the way to a right answer (a
//! difference taken the wrong way round, a coordinate, a solved variable): false alarms. Negative
//! results in words ("a loss of 5") or elsewhere ("leaves -5") are missed.

use memchr::{memchr, memchr_iter, memchr2_iter, memrchr};

use super::lexer::{Lexeme, Lexer, Symbol};
use super::scope::{markers, scoped};
use super::texts::Texts;
use super::{Alarm, Detector, Rule, SCOPE, Settings};

pub(super) const RULE: Rule = Rule {
    name: "unexpected-negative",
    meaning: "a negative result where nothing in the problem is negative",
    parameters: &[SCOPE],
    build,
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of every rule")]
fn build(settings: &Settings) -> Result<Box<dyn Detector>, String> {
    let detector = UnexpectedNegative {
        problem: None,
        expected: None,
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
    problem: Option<String>,
    /// Whether the problem may have a negative answer; not looked for before it matters.
    expected: Option<bool>,
    lexer: Lexer,
    /// What the last character has ended.
    lexemes: Vec<Lexeme>,
    markers: Texts,
    place: Place,
}

impl UnexpectedNegative {
    /// To the beginning of a line.
    fn start_over(&mut self) {
        self.lexer.restart();
        self.lexemes.clear();
        self.markers.restart();
        self.place = Place::Elsewhere;
    }

    fn expects(&mut self) -> bool {
        let problem = self.problem.as_deref();
        *self
            .expected
            .get_or_insert_with(|| problem.is_none_or(may_be_negative))
    }

    /// Reads on in a solution to a problem without anything negative.
    fn read_on(&mut self, c: char) -> bool {
        self.lexer.read(c, &mut self.lexemes);
        // Letters go on with no calculation, unless they are a times sign or those of `\times`.
        let word = c.is_alphabetic() && !matches!(c, 'x' | 'X') && !self.lexer.in_command();
        let found = self.take() || (self.place == Place::Negative && word);
        if self.markers.read(c) {
            self.lexer.restart();
            self.place = Place::Result;
        }
        found
    }

    /// From `from` on, the first minus sign that may belong to a result: what stands before it is
    /// neither a number nor a word, a closing parenthesis, another minus sign or the start of its
    /// line, unless a marker can end like that.
    fn next_minus(&self, text: &str, from: usize) -> Option<usize> {
        let bytes = text.as_bytes();
        let mut signs = memchr2_iter(b'-', MINUS[0], &bytes[from..]).map(|at| from + at);
        signs.find(|&at| {
            if bytes[at] != b'-' && ![MINUS, DASH].iter().any(|s| bytes[at..].starts_with(s)) {
                return false;
            }
            let spaces = bytes[..at].iter().rposition(|b| *b != b' ');
            let Some(before) = spaces else {
                return self.markers.may_end_with(b' ');
            };
            let byte = bytes[before];
            let letter = |b: &u8| !b.is_ascii_alphabetic();
            let passes = match byte {
                b'0'..=b'9' | b'-' | b'\n' => true,
                b')' => before == 0 || bytes[before - 1] != b'\\',
                // A command of LaTeX may mean nothing.
                _ if byte.is_ascii_alphabetic() => {
                    let start = bytes[..before].iter().rposition(letter);
                    start.is_none_or(|start| bytes[start] != b'\\')
                }
                _ => false,
            };
            let gap = at > before + 1 && self.markers.may_end_with(b' ');
            !passes || gap || self.markers.may_end_with(byte)
        })
    }
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
        if self == Self::Negative {
            if matches!(lexeme.symbol, Symbol::Close | Symbol::Stars) {
                return (self, false);
            }
            let goes_on = match &lexeme.symbol {
                Symbol::Word(word) => word == "x" || word == "X",
                // A factor, or else a remark.
                Symbol::Open => !lexeme.spaced,
                symbol => matches!(
                    symbol,
                    Symbol::Plus | Symbol::Minus | Symbol::Times | Symbol::Over | Symbol::Power
                ),
            };
            return (Self::Elsewhere, !goes_on);
        }
        let next = match (&lexeme.symbol, self) {
            (Symbol::Equals, _) | (Symbol::Currency, Self::Elsewhere) => Self::Result,
            (Symbol::Minus, Self::Result) => Self::Minus,
            (Symbol::Currency | Symbol::Open | Symbol::Stars, Self::Result | Self::Minus) => self,
            (Symbol::Number(number), Self::Minus) => match number.size() {
                Some(size) if size > 0.0 => Self::Negative,
                _ => Self::Operand,
            },
            (Symbol::Number(_) | Symbol::Close | Symbol::Percent, _) => Self::Operand,
            _ => Self::Elsewhere,
        };
        (next, false)
    }
}

/// The minus sign that is no hyphen, and the dash that is one.
const MINUS: [u8; 3] = [0xe2, 0x88, 0x92];
const DASH: [u8; 3] = [0xe2, 0x80, 0x93];

/// Most braces that the lexer keeps apart.
const FEW_BRACES: usize = 64;

/// Whether every brace that a line closes was opened on it.
fn has_own_braces(line: &[u8]) -> bool {
    let mut open = 0_usize;
    for &b in line {
        match b {
            b'{' => open += 1,
            b'}' if open == 0 => return false,
            b'}' => open -= 1,
            _ => {}
        }
    }
    true
}

/// Whether a text says something negative, or holds unknowns.
fn may_be_negative(text: &str) -> bool {
    let mut lexer = Lexer::default();
    let mut lexemes = Vec::new();
    for c in text.chars() {
        lexer.read(c, &mut lexemes);
    }
    lexer.finish(&mut lexemes);
    let word = lexemes.iter().any(|lexeme| match &lexeme.symbol {
        Symbol::Word(word) => {
            let unknown = word.starts_with('\\')
                || (word.chars().count() == 1 && !["a", "A", "I"].contains(&&**word));
            let word = word.to_lowercase();
            unknown || ["negative", "minus", "below"].contains(&word.as_str())
        }
        Symbol::Equals => true,
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
        self.start_over();
        if self.problem.as_deref() != problem {
            self.problem = problem.map(ToOwned::to_owned);
            self.expected = None;
        }
        false
    }

    fn read(&mut self, c: char) -> bool {
        !self.expects() && self.read_on(c)
    }

    fn finish(&mut self) -> bool {
        if self.expects() {
            return false;
        }
        self.lexer.finish(&mut self.lexemes);
        self.take() || self.place == Place::Negative
    }

    fn read_all(&mut self, text: &str) -> Option<Alarm> {
        let bytes = text.as_bytes();
        let mut at = 0;
        // Braces that were opened up to where they have been counted.
        let (mut braces, mut counted) = (0, 0);
        while let Some(minus) = self.next_minus(text, at) {
            if self.expects() {
                return None;
            }
            // A line is read by itself, unless braces or markers reach over its ends.
            let start = memrchr(b'\n', &bytes[..minus]).map_or(0, |end| end + 1);
            let end = memchr(b'\n', &bytes[minus..]);
            let end = end.map_or(text.len(), |length| minus + length + 1);
            braces += memchr_iter(b'{', &bytes[counted..end]).count();
            counted = end;
            let apart = braces < FEW_BRACES && has_own_braces(&bytes[start..end]);
            if self.markers.may_hold(b'\n') || !apart {
                self.start_over();
                return match self.read_text(text) {
                    Some(end) => Some(Alarm::After(end)),
                    None => self.finish().then_some(Alarm::AtEnd),
                };
            }
            self.start_over();
            at = start;
            for c in text[start..end].chars() {
                at += c.len_utf8();
                if self.read_on(c) {
                    return Some(Alarm::After(at));
                }
            }
            if end == text.len() {
                return self.finish().then_some(Alarm::AtEnd);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::Reading;
    use super::super::probe::{alarm, arithmetic, check, check_causality, detector, long_texts};
    use super::*;
    use proptest::prelude::*;

    const PROBLEM: Option<&str> =
        Some("Ann, a 10-year-old, has 9-11 eggs and eats 3 a day for 2 days. How many are left?");

    #[test]
    fn negative_results_alarm() {
        let solutions = [
            "She has 9-11=-2 e¦ggs.",
            "9 - 11 = -2\n¦",
            "9 - 11 = −2. ¦So",
            "9 - 11 = -2‖",
            "9 - 11 = $-2\n¦",
            "9 - 11 = -$2\n¦",
            "9 - 11 = (-2)\n¦",
            "9 - 11 = (-2) (¦owed)",
            "9 - 11 = (-2)‖",
            "9 - 11 = **-2**\n¦",
            "9 - 11 = -2 \\text{ e¦ggs}",
            "9 - 11 = -2 \\neq ¦3",
            "<<9-11=-2>>¦",
            "She owes $-5 n¦ow.",
            "#### -2\n¦",
            "Answer: -2‖",
            "$\\boxed{-2}$¦.",
        ];
        check(&RULE, PROBLEM, &solutions);
    }

    #[test]
    fn minus_signs_without_a_result_pass() {
        let solutions = [
            "9-11 eggs, 3-4 days, a 10-year-old, 2020-11-05",
            "- 3 apples\n- 4 pears\n",
            "9 - 11 = 11 - 9\n= -5 + 8\n= -5 * 2\n",
            "5 * -2 + 12 = 2\n(-2) + 4 = 2\n",
            "10 = -0\n2^-1\n$9 - $2 = $7\n",
            "= - x\n= -\n#### 5\nAnswer: 3 - 4\n",
            "a loss of 5 leaves -$5 and (-5)",
            "3 - 5 = -2 x 4\n= -2(4 + 1)\n",
            "= -5 \\times 2 + 12\n= -5 \\cdot 2\n= (-2) + 10 = 8\n= (-5)^2 = 25\n= **-2** + 3\n",
        ];
        check(&RULE, PROBLEM, &solutions);
    }

    #[test]
    fn a_problem_that_may_have_a_negative_answer_silences_the_rule() {
        for problem in [
            "It is -5 degrees. How cold?",
            "It is (-5) degrees.",
            "It is −5 degrees.",
            "It is 5 degrees below zero.",
            "What is 3 minus 5?",
            "Name a negative number.",
            "If x + 3 = 1, what is it?",
            "For which n is it true?",
            "Find $\\sqrt{2}$.",
        ] {
            assert_eq!(alarm(&RULE, Some(problem), "9-11=-2 so"), None, "{problem}");
        }
        assert_eq!(alarm(&RULE, None, "9-11=-2 so"), None);
        for problem in [
            "It is 5 - 3.",
            "5-3 days, A pre-war car.",
            "I ate a pie - 3 pies.",
        ] {
            let found = alarm(&RULE, Some(problem), "9-11=-2 so");
            assert_eq!(found, Some(Alarm::After(9)), "{problem}");
        }
    }

    #[test]
    fn a_long_text_costs_no_more_than_its_length() {
        let mut detector = detector(&RULE, &[]);
        for text in long_texts(1 << 20) {
            let mut reading = Reading::start(&mut *detector, PROBLEM);
            reading.push(text.as_bytes());
            assert_eq!(reading.finish(), None, "{}", &text[..6]);
        }
    }

    proptest! {
        #[test]
        fn an_alarm_depends_on_what_is_before_it_alone(text in arithmetic(), more in arithmetic()) {
            check_causality(&RULE, &text, &more);
        }
    }
}
