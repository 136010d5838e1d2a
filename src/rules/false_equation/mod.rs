//! `false-equation`: an equation in numbers whose two sides differ.
//!
//! Reads calculations with `+ - * / ^`, the signs × · ÷ − and `x`, LaTeX, parentheses, signs,
//! thousands separators, decimals, fractions, mixed numbers, money, per cent (`20% of 50`) and
//! units between the numbers (`9 eggs * $2 per egg`), and GSM8K's annotations `<<48/2=24>>`; with
//! exact fractions. In `a = b = c` each side is compared with the next one. A left side that
//! calculates nothing (`5 = 6`, `Week 2 = 60`) is not compared. A side is complete, and judged,
//! when the symbol after it shows that no operator follows: the end of the line or sentence, the
//! third word after the number, or a word of the sentence such as "so". Alarms are final.
//!
//! `tolerance` (in the unit of the equation, default 0) is the largest difference that passes
//! beyond these habits of right solutions, which always pass:
//! - results cut or rounded to the digits that are written, and operands that have two decimals
//!   or more taken as rounded (`33.33 * 3 = 100`);
//! - running totals: the left side may equal the first number on the right alone
//!   (`3 + 4 = 7 + 5 = 12`);
//! - operations from left to right, and a slash over everything after it or over a fraction
//!   (`60 / 2 * 3 = 10`, `7.5 / 1/2 = 15`);
//! - with money, per cent or units of measure: sides whose ratio is a factor between units
//!   (`$1.50 * 2 = 300`), and sides with two units that convert (`$2 + 50 cents = $2.50`).
//!
//! Silent when in doubt: where words before or between change the numbers ("half of 10 - 3"),
//! where a parenthesis after a number may be a remark (`37 (2008) + 296`), behind questions and
//! denials ("is wrong"), with variables, functions, other relations (≈, ≠, ≤, ==), "about",
//! "rounded", "mod", "million" and the like, times of day, factorials, negative exponents, numbers
//! that do not fit in 128 bits, and sides of more than 128 items. All that are misses; so are
//! errors below one in the last written digit of an inexact result (`22 / 7 = 4`), equations in
//! words, `5x3`, degrees, `½`, `\frac12` and `1 000`.
//!
//! Fooled, so false alarms, by equations that are refuted on purpose or hold in another base or
//! modulus that is named elsewhere, by slips that do not reach the answer, and by numbers that are
//! cut with dots (`8.333..%`).
//!
//! Whole texts are read faster than their characters: what cannot alarm is passed over (`idle`),
//! and plain equations that hold are recognised at sight (`plain`). Verdicts are the same.

mod chain;
mod expression;
mod fraction;
mod idle;
mod plain;
mod side;
mod words;

use super::lexer::{Lexeme, Lexer, Symbol};
use super::ratio::Ratio;
use super::scope::scoped;
use super::{Detector, Kind, Rule, SCOPE, Settings, optional};
use chain::Chain;
use idle::look_ahead;

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

fn build(settings: &Settings) -> Result<Box<dyn Detector>, String> {
    let tolerance = settings.number("tolerance").unwrap_or(0.0);
    let Some(tolerance) = Ratio::of_shortest_decimal(tolerance) else {
        return Err(format!(
            "the tolerance {tolerance:e} is no fraction of 128 bits: give one between 1e-30 and 1e30"
        ));
    };
    let detector = FalseEquation {
        tolerance,
        lexer: Lexer::default(),
        lexemes: Vec::new(),
        chain: Chain::default(),
        outer: Chain::default(),
        annotated: false,
    };
    Ok(scoped(settings, Box::new(detector)))
}

struct FalseEquation {
    tolerance: Ratio,
    lexer: Lexer,
    /// What the last character has ended.
    lexemes: Vec<Lexeme>,
    chain: Chain,
    /// What stands around the annotation `<<…>>` that is being read.
    outer: Chain,
    annotated: bool,
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
            Symbol::AnnotationOpen if !self.annotated => {
                self.annotated = true;
                std::mem::swap(&mut self.outer, &mut self.chain);
                self.chain.clear();
                false
            }
            Symbol::AnnotationClose if self.annotated => {
                self.annotated = false;
                let found = self.chain.end(self.tolerance);
                std::mem::swap(&mut self.outer, &mut self.chain);
                found
            }
            Symbol::Newline => {
                // An annotation that is not closed on its line is none.
                self.annotated = false;
                self.chain.read(lexeme, self.tolerance)
            }
            _ => self.chain.read(lexeme, self.tolerance),
        }
    }

    /// Whether all that has been read is forgotten at the next end of a sentence, unless an
    /// equals sign, an annotation or a brace comes before.
    fn is_idle(&self) -> bool {
        !self.annotated && !self.chain.compares() && self.lexer.forgets()
    }
}

impl Detector for FalseEquation {
    fn start(&mut self, _: Option<&str>) -> bool {
        self.lexer.restart();
        self.chain.begin_line();
        self.annotated = false;
        false
    }

    fn read(&mut self, c: char) -> bool {
        self.lexer.read(c, &mut self.lexemes);
        self.take()
    }

    fn read_text(&mut self, text: &str) -> Option<usize> {
        let bytes = text.as_bytes();
        let mut at = 0;
        // Up to where nothing is left to pass over.
        let mut searched = 0;
        while at < bytes.len() {
            if at >= searched && self.is_idle() {
                let rest = look_ahead(&bytes[at..]);
                searched = at + rest.candidate + 1;
                if let Some(gap) = rest.gap {
                    at += gap.end;
                    self.lexer.restart_spaced();
                    if gap.ends_line {
                        self.chain.begin_line();
                    } else {
                        self.chain.clear();
                    }
                    continue;
                }
            }
            let (whole, lexeme) = self.lexer.read_whole(&bytes[at..]);
            if whole > 0 {
                // The byte behind, which shows the end of the symbol, is the one that alarms.
                if lexeme.is_some_and(|lexeme| self.symbol(&lexeme)) {
                    let c = text[at + whole..].chars().next()?;
                    return Some(at + whole + c.len_utf8());
                }
                at += whole;
                continue;
            }
            let c = text[at..].chars().next()?;
            at += c.len_utf8();
            self.lexer.read(c, &mut self.lexemes);
            if !self.lexemes.is_empty() && self.take() {
                return Some(at);
            }
        }
        None
    }

    fn finish(&mut self) -> bool {
        self.lexer.finish(&mut self.lexemes);
        let found = self.take();
        found || self.chain.end(self.tolerance)
    }
}

#[cfg(test)]
mod tests {
    use super::super::probe::{alarm, arithmetic, check, check_causality, detector, long_texts};
    use super::super::{Alarm, Reading};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn false_equations_alarm_as_soon_as_their_right_side_is_complete() {
        let solutions = [
            "She has 9-11=3 eggs.\n¦Then she buys more.",
            "5 + 3 = 9. ¦That is all.",
            "3*4=13\n¦",
            "3*4=13‖",
            "3 * 4 = 13 so ¦she has 13.",
            "3 * 4 = 13 eggs are ¦left.",
            "A total of 10 - 3 = 8\n¦",
            "1. 3 + 4 = 8\n¦",
            "- 3 + 4 = 8\n¦",
            "**3 + 4 = 8**\n¦",
            "16 - 3 - 4 = 10\n¦",
            "12 + 5 * 2 = 25\n¦",
            "(5 + 3) * 2 = 18\n¦",
            "2(3 + 4) = 15\n¦",
            "-3 * -4 = -12\n¦",
            "((-8 + 2) * 3) = -24\n¦",
            "9 eggs * $2 per egg = $17\n¦",
            "5 boxes x 12 cookies/box = 50 cookies\n¦",
            "20% of 50 = 11\n¦",
            "2/3 of 30 = 15\n¦",
            "1,200 + 300 = 1,600\n¦",
            "1 1/2 + 2 = 5\n¦",
            "10 / 3 = 3.53\n¦",
            "22 / 7 = 5\n¦",
            "1/4 + 1/4 = 1/8\n¦",
            "1/2 + 1/3 = 1/6\n¦",
            "3/4 - 1/4 = 1/4\n¦",
            "48/2 = <<48/2=23>>¦23 clips",
            "2 + 2 = << 1\n>> 5\n3 + 4 = 8\n¦",
            "48/2 = <<48/2=24>>23 clips in May ¦too",
            "\\frac{3}{4} \\times 8 = 7\n¦",
            "\\(3 \\cdot 4 = 13\\)\n¦",
            "3 \\left(4 + 1\\right) = 16\n¦",
            "$\\frac{1}{2} + \\frac{1}{3} = \\frac{2}{5}$\n¦",
            "3 × 4 − 2 = 11\n¦",
            "10 ÷ 2 = 4\n¦",
            "2^5 = 30\n¦",
            "2**5 = 30\n¦",
            "3² + 1 = 9\n¦",
            "3 + 4 = 8 = ¦2 * 4",
            "3 + 4 = 7 + 5 = 13\n¦",
            "3 + 4 = 9 + 5 = ¦14",
            "(since 3 * 4 = 13)¦ so",
            "They weigh 2 * 5 = 10 (5 * 2 = 11)¦.",
            "$3 \\times 4 = 24$\n¦",
            "3 + 4\n= 8\n¦",
            "So 3 + 4\n  \\]\n  \\[\n  = 8\n¦",
            "so $3 + 4 = 7$ 7 * 2 = 14 + 0 = 15\n¦",
            "3 + 4\n<<7*2=14>> = 8\n¦",
            "x &= 3 + 4 \\\\ &= 8 \\\\¦ &= 9",
        ];
        check(&RULE, None, &solutions);
    }

    #[test]
    fn true_equations_pass_however_they_are_written() {
        let solutions = [
            "16 - 3 - 4 = 9\n",
            "12 + 5 * 2 = 22\n",
            "-3 * -4 = 12\n",
            "((-8 + 2) * 3) = -18\n",
            "2(3 + 4) = 14 and (2)(3) = 6\n",
            "3+4 = 8 - 1 = 7\n",
            "9 eggs * $2 per egg = $18\n",
            "5 boxes x 12 cookies/box = 60 cookies\n",
            "50 cents * 4 = $2\n",
            "20% of 50 = 10\n100 * 20% = 20\n20/100 * 50 = 10\n20 / 50 * 100 = 40%\n20/50 = 40%\n",
            "1,200 + 300 = 1,500 and 12{,}000 + 5 = 12{,}005\n",
            "1 1/2 + 2 = 3.5\n1/2 + 1/4 = 3/4\n",
            "48/2 = <<48/2=24>>24\n",
            "$\\frac{1}{2} + \\frac{1}{3} = \\frac{5}{6}$\n",
            "3 \\times \\$4 = \\$12\n12 \\text{ eggs} \\div 4 = \\boxed{3}\n",
            "**3 + 4 = 7**\n3 + 4 = **7**\n",
            "- 3 + 4 = 7\n* 3 + 4 = 7\n1) 3 + 4 = 7\n",
            "3 + 4\n= 7\n= 5 + 2\n\n3 + 4\nso = 8\n",
            "3² + 1 = 10 and 2**5 = 32\n",
        ];
        check(&RULE, None, &solutions);
    }

    #[test]
    fn habits_of_right_solutions_pass() {
        let solutions = [
            // Running totals.
            "3 + 4 = 7 + 5 = 12\n5 * 2 = 10 / 2 = 5\n",
            // Rounding to the digits that are written, of the result and of the operands.
            "10 / 3 = 3.33\n10 / 3 = 3.34\n10/4 = 2\n10/4 = 3\n7.25 * 3 = 22\n",
            "33.33 * 3 = 100\n0.1 + 0.2 = 0.30000000000000004\n",
            // Orders of operations that are common though wrong, and ambiguous fractions.
            "10 - 3 * 2 = 14\n60 / 2 * 3 = 10\n7.5 / 1/2 = 15\n",
            // Units that convert.
            "$2 + 50 cents = $2.50\n$1.25 + 75 cents = $2\n50 cents + $1 = $1.50\n",
            "4 quarters + $3 = $4\n$1.50 * 2 = 300\n",
            "2 * 60 = 2 hours\n2 hours + 30 minutes = 150\n45 + 45 = 1 hour 30 minutes\n",
            "3 * 12 = 3 feet\n3 feet * 12 = 36 inches\n",
            "100 - 20% = 80\n22 / 7 = 4\n",
        ];
        check(&RULE, None, &solutions);
    }

    #[test]
    fn what_is_not_sure_to_be_an_equation_in_numbers_passes() {
        let solutions = [
            // Something on the left that is not read.
            "half of 10 - 3 = 2\nhalf of the 10 - 3 = 2\neggs - 3 = 9\nx - 3 = 9\ntwice 4 + 1 = 9\n",
            "3 + eggs - 2 = 9\n3 + another 4 - 2 = 9\nA - 3 + 2 = 4\n3 more than 4 * 2 = 11\n",
            // Variables, functions and names.
            "2x + 3 = 7\n2a + 1 = 7\nf(2) + 1 = 9\n3x = 12\nx1 + 2 = 3\n5n - 2 = 8\n2\\sqrt{4} + 1 = 9\n",
            "M + 20 = 80 and A + 45 = 80\nb = 3/5 and a = 15\n",
            // Other relations.
            "3 + 4 ≠ 8\n3 + 4 != 8\n3 + 4 <= 8\n3 + 4 == 8\n10 / 3 ≈ 4\n3 + 4 \\neq 8\n3 + 4 => 9\n",
            // Said not to be exact, or not to be ordinary arithmetic.
            "17 + 4 = about 20\n17 + 4 = 20 rounded\n17 + 4 = 1 (mod 4)\n17 + 4 = 1 \\pmod 4\n",
            "17 % 5 = 2\n2^{-1} = 4\n5! + 1 = 121\n",
            // Times of day, ratios, words for large numbers, plain equations.
            "9:30 + 2 = 11:30\n3:4 * 2 = 6:8\n2 million + 1 = 2000001\n3 dozen + 4 = 40\n5 = 6\n",
            "2 hours = 120 minutes\nWeek 2 = 30 * 2 = 60\n12 * 5 = x\n3 * = 4\n3 + 4 = \n",
        ];
        check(&RULE, None, &solutions);
    }

    #[test]
    fn what_goes_on_from_something_unread_is_not_read() {
        let solutions = [
            // A remark, where a factor might stand.
            "37 (2008) + 296 (2009-2016) = 333 days\n40 (20 x 2) + 5 = 45\n",
            "50 (5 years) + 150 (6 years) + 350 (7 years) = 550\n5 apples (3 red) + 2 = 7\n",
            // The argument of a sign or a function.
            "\\log_2 8 + 1 = 4\n\\sqrt 9 + 1 = 4\n\\sin 30 + 1 = 1.5\n5 choose 2 + 1 = 11\n",
            "3 \\star 4 + 1 = 15\n3 \\ast 4 = 5\n3 @ 4 + 2 = 14\n5 ± 3 + 1 = 9\n5 \\pm 3 + 1 = 9\n",
            // A minus after what ends a side.
            "4! - 2 \\cdot 3 = 18\n|3 - 5| - 1 + 4 = 5\n1 - 2 + 3 - ... - 10 + 11 = 6\n",
            "So - 5 + 3 = 8\n",
            // Labels and rules.
            "(2) 5 * 3 = 15\n[2] 3 + 4 = 7\n(2) (5 * 3) = 15\n---\n\n3 + 4 = 7\n",
            // Times of day.
            "5 pm - 9 am = 8 hours\n8 am + 9 hours = 5 pm\n8 o'clock + 9 = 5 o'clock\n",
            // Words that change numbers.
            "two-thirds of 30 + 5 = 25\none-half of 10 - 2 = 3\na quarter of 20 + 3 = 8\n",
            "negative 3 + 5 = 2\n10 doubled + 3 = 23\n5 factorial + 1 = 121\n",
            "Divide 12 by 3 + 1 = 5\nSubtract 2 from 10 - 3 = 5\nAdding 10 to 5 + 3 = 18\n",
            "15% tip on $40 + $20 = $9\n",
        ];
        check(&RULE, None, &solutions);
    }

    #[test]
    fn what_is_asked_or_denied_passes() {
        let solutions = [
            "Is 3 + 4 = 8? No.\n3 + 4 = 8 is wrong\n3 + 4 = 8 is not correct\n",
            "3 * 4 = 13 is what ¦she has",
            "3 * 4 = 13 was‖",
            "Is 3 * 4 = 13 = ¦14?",
        ];
        check(&RULE, None, &solutions);
    }

    #[test]
    fn a_parenthesis_may_be_a_remark_after_a_false_equation_too() {
        let solutions = [
            "3 * 4 = 13 (eggs)¦",
            "3 * 4 = 13 eggs (¦5 * 2 = 10)",
            "3 * 4 = 13 (5 * 2 = ¦10)",
            "(3 + 4)(2) = 15\n¦",
            "1) 3 + 4 = 8\n¦",
            "(1) 3 + 4 = 8\n¦",
            "• 3 + 4 = 8\n¦",
        ];
        check(&RULE, None, &solutions);
    }

    #[test]
    fn what_fools_the_rule_is_known() {
        let solutions = [
            "Suppose 3 + 4 = 8. ¦That cannot be.",
            "In base 7 we have 5 + 4 = 12\n¦",
            "10 / 120 = 8.333..¦.%",
            // Misses.
            "5x3 = 16\n3 + 4 = 8 ✓\n3° + 4° = 8°\n",
            "\\frac12 + 1 = 2\n½ + 1 = 2\n1 000 + 1 = 1002\n3 (4 + 1) = 16\n60 mph * 2 hours = 130\n",
        ];
        check(&RULE, None, &solutions);
    }

    #[test]
    fn sides_that_are_too_long_or_too_large_are_not_read() {
        let long = |terms: usize| format!("{}1 = 2\n", "1 + ".repeat(terms));
        let huge = format!("{} * {} = 5\n", "9".repeat(30), "9".repeat(30));
        assert!(alarm(&RULE, None, &long(60)).is_some());
        assert_eq!(alarm(&RULE, None, &long(64)), None);
        assert_eq!(alarm(&RULE, None, &huge), None);
        let divided = format!("{}1 /word = 2\n", "1 + ".repeat(64));
        assert_eq!(alarm(&RULE, None, &divided), None);
        // What a parenthesis holds beyond the limit is lost.
        let inner = format!("{}(3 + 4 = 8)\n", "1 + ".repeat(64));
        assert_eq!(alarm(&RULE, None, &inner), None);
    }

    #[test]
    fn the_tolerance_is_the_largest_difference_that_passes() {
        let found = |tolerance: f64, solution: &str| {
            let mut detector = detector(&RULE, &[("tolerance", tolerance)]);
            let mut reading = Reading::start(&mut *detector, None);
            reading.push(solution.as_bytes());
            reading.finish()
        };
        assert_eq!(found(1.0, "3 + 4 = 8\n"), None);
        assert_eq!(found(0.9, "3 + 4 = 8\n"), Some(Alarm::After(10)));
        assert_eq!(
            found(2.0, "3 + 4 = 8\n3 + 4 = 10\n"),
            Some(Alarm::After(21))
        );
    }

    #[test]
    fn a_long_text_costs_no_more_than_its_length() {
        let mut detector = detector(&RULE, &[]);
        let length = 10 << 20;
        let more = [
            "=",
            "= ",
            "1=",
            "=1 = ",
            "x = ",
            "a 1 = ",
            "1\n",
            "2 eggs + ",
            "and 1 + 1 ",
            "(1+",
            ". ",
        ];
        let more = more.map(|piece| piece.repeat(length / piece.len()));
        for text in long_texts(length).chain(more) {
            let mut reading = Reading::start(&mut *detector, None);
            let (before, after) = text.as_bytes().split_at(length / 2);
            reading.push(before);
            reading.push(after);
            reading.push(b"=2\n");
            assert_eq!(reading.finish(), None, "{}", &text[..6]);
        }
    }

    /// Sentences around equations that hold, nearly hold, or go on.
    fn sentences() -> impl Strategy<Value = String> {
        let pieces = vec![
            "so she has ",
            "The total is ",
            "we get ",
            "eggs",
            " eggs ",
            "x",
            " of ",
            "3",
            "12",
            " ",
            "3 + 4",
            "3 \\times 4",
            "2 × 5",
            "9 − 2",
            "12 ÷ 4",
            "12 \\div 4",
            "2 \\cdot 6",
            "(3 + 4)",
            " = 7",
            " = 12",
            " = 10",
            " = 3",
            "= 7",
            " + 2",
            " - 5",
            " \\times 2",
            " × 2",
            "\\(",
            "\\( ",
            " \\)",
            "\\)",
            "\\times",
            "\\timesx",
            "\\",
            "\\\\",
            ".",
            ". ",
            ", ",
            ".\n",
            "\n",
            "$",
            "%",
            "<<3+4=7>>7",
            "<<3×4=12>>12",
            "{",
            "}",
            "\\text{ eggs}",
            "−",
            "×",
            "∈",
            "é",
            "**",
            ": ",
            "?",
        ];
        prop::collection::vec(prop::sample::select(pieces), 0..20)
            .prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_passed_over_cannot_alarm(text in sentences()) {
            let mut detector = detector(&RULE, &[]);
            let whole = Reading::whole(&mut *detector, None, &text);
            detector.start(None);
            let mut one_by_one = text.char_indices();
            let after = one_by_one.find(|&(_, c)| detector.read(c));
            let alarm = match after {
                Some((at, c)) => Some(Alarm::After(at + c.len_utf8())),
                None => detector.finish().then_some(Alarm::AtEnd),
            };
            prop_assert_eq!(whole, alarm, "{}", text);
        }
    }

    proptest! {
        #[test]
        fn an_alarm_depends_on_what_is_before_it_alone(text in arithmetic(), more in arithmetic()) {
            check_causality(&RULE, &text, &more);
        }
    }
}
