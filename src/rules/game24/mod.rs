//! Rule `game24`: a step of the Game of 24 that cannot lead to a solution.
//!
//! The problem names four numbers; 24 is to be made of them with `+ - * /`, each used once. Reads
//! the problem and the solution: expressions, equations (`10 - 4 = 6`) and lists of what is left
//! (`(left: 5 6 6)`), and keeps account of the numbers that are held. An expression may go on from
//! the last step or begin anew with the four numbers, as behind any of the `markers`; what cannot
//! be told apart is kept as both. Alarms when
//! - an expression uses a number that is neither held nor one step away (of 6, 8 and 12 some write
//!   `12 * 2` first and `8 - 6 = 2` later; the account then waits for the answer);
//! - an equation is wrong (results may be cut or rounded to the decimals that are written);
//! - a list of what is left is not what is left;
//! - the numbers left cannot make 24 any more: by search over all exact results. A parenthesis
//!   that closes counts as a step;
//! - the solution ends, and no expression of the four numbers, and no last step, made 24.
//!
//! Only lines of steps and answers are judged; in a line with words beyond those of [`PLAIN`]
//! (`because 4 * 6 = 24`) what follows the word may reach 24, but raises no alarm. What is asked (`= 24?`)
//! passes. Silent where the problem names no four numbers or they cannot make 24, and, at the end,
//! where something was not readable. All alarms are final.
//!
//! What fools it: solutions that search aloud and take back dead ends are rejected at the first
//! one, and answers in a form that is not read (powers, fractions of LaTeX) are missed.

mod expression;
mod pool;

use self::expression::{Expression, Operator};
use self::pool::{Operand, Pool};
use super::lexer::{Lexeme, Lexer, Symbol};
use super::number::Number;
use super::of_problem::OfProblem;
use super::ratio::Ratio;
use super::scope::markers;
use super::texts::Texts;
use super::{Detector, MARKERS, Rule, Settings};

pub(super) const RULE: Rule = Rule {
    name: "game24",
    meaning: "a step of the Game of 24 that cannot lead to a solution",
    parameters: &[MARKERS],
    build,
};

/// Words that a line of steps or answers may have.
const PLAIN: [&str; 28] = [
    "step",
    "steps",
    "answer",
    "final",
    "solution",
    "expression",
    "equation",
    "result",
    "first",
    "second",
    "third",
    "last",
    "then",
    "next",
    "finally",
    "so",
    "thus",
    "therefore",
    "hence",
    "now",
    "the",
    "is",
    "and",
    "boxed",
    "combine",
    "calculate",
    "compute",
    "numbers",
];

/// Accounts that are kept side by side.
const ACCOUNTS: usize = 16;

/// Expressions of one solution that are judged; where there are more, nothing can be told.
const JUDGED: usize = 1000;

/// Numbers of a list of what is left that are kept.
const LISTED: usize = 8;

#[expect(clippy::unnecessary_wraps, reason = "the signature of all rules")]
fn build(settings: &Settings) -> Result<Box<dyn Detector>, String> {
    Ok(Box::new(Game24 {
        lexer: Lexer::default(),
        lexemes: Vec::new(),
        markers: markers(settings),
        pool: OfProblem::new(),
        game: None,
    }))
}

struct Game24 {
    lexer: Lexer,
    /// What the last character has ended.
    lexemes: Vec<Lexeme>,
    markers: Texts,
    /// A problem's numbers, where 24 can be made of them; the search is long.
    pool: OfProblem<Option<Pool>>,
    /// `None` where nothing can be told.
    game: Option<Game>,
}

impl Game24 {
    /// Reads what has ended; whether that alarms.
    fn take(&mut self) -> bool {
        let Some(game) = &mut self.game else {
            self.lexemes.clear();
            return false;
        };
        let alarm = self
            .lexemes
            .drain(..)
            .any(|lexeme| game.read(&lexeme.symbol));
        if game.judged > JUDGED {
            self.game = None;
            return false;
        }
        alarm
    }
}

impl Detector for Game24 {
    fn start(&mut self, problem: Option<&str>) -> bool {
        self.lexer.restart();
        self.lexemes.clear();
        self.markers.restart();
        let pool = self.pool.get(problem.unwrap_or_default(), |problem| {
            Pool::of_problem(problem).filter(Pool::makes_target)
        });
        self.game = pool.map(Game::new);
        false
    }

    fn read(&mut self, c: char) -> bool {
        if self.game.is_none() {
            return false;
        }
        self.lexer.read(c, &mut self.lexemes);
        if self.markers.read(c) {
            // What stood right before the marker has ended.
            self.lexer.restart();
            return self.take() || self.game.as_mut().is_some_and(Game::mark);
        }
        self.take()
    }

    fn finish(&mut self) -> bool {
        self.lexer.finish(&mut self.lexemes);
        self.take() || self.game.as_mut().is_some_and(Game::ends_wrong)
    }
}

/// One solution so far.
struct Game {
    /// The numbers of the problem.
    dealt: Pool,
    /// What may be held now.
    held: Vec<Pool>,
    progress: Progress,
    /// Whether the line has had words of steps and answers alone.
    plain: bool,
    /// Whether the account was lost, since rounded or foreseen numbers were calculated with.
    lost: bool,
    expression: Option<Expression>,
    left_side: Option<Side>,
    /// The list of what is left that is being read.
    list: Option<List>,
    /// Expressions judged.
    judged: usize,
}

/// How far the solution has come.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Progress {
    /// The last expression did not make 24 of all numbers.
    Short,
    /// Nor did it, but something was not readable since.
    Unread,
    /// It did.
    Reached,
}

/// The side before the last equals sign.
#[derive(Debug, Clone, Copy)]
struct Side {
    /// Its value, where it has one.
    value: Option<Operand>,
    /// Whether it calculates, and so was a step.
    calculates: bool,
}

#[derive(Debug, Default)]
struct List {
    numbers: Vec<Operand>,
    negative: bool,
    /// Whether the next number stands below a bar.
    over: bool,
    /// Whether a number was not readable.
    unread: bool,
}

impl Game {
    fn new(dealt: Pool) -> Self {
        Self {
            held: vec![dealt.clone()],
            dealt,
            progress: Progress::Short,
            plain: true,
            lost: false,
            expression: None,
            left_side: None,
            list: None,
            judged: 0,
        }
    }

    /// An answer begins: with the numbers of the problem.
    fn mark(&mut self) -> bool {
        let alarm = self.end_list() || self.end(true);
        self.held = vec![self.dealt.clone()];
        self.plain = true;
        self.lost = false;
        if self.progress == Progress::Unread {
            self.progress = Progress::Short;
        }
        alarm
    }

    /// Whether what is said now is judged.
    fn judges(&self) -> bool {
        self.plain && !self.lost
    }

    fn ends_wrong(&mut self) -> bool {
        self.end_list() || self.end(true) || self.progress == Progress::Short
    }

    /// Reads on; whether that alarms.
    fn read(&mut self, symbol: &Symbol) -> bool {
        if self.list.is_some() {
            if self.lists(symbol) {
                return false;
            }
            if self.end_list() {
                return true;
            }
        }
        match symbol {
            Symbol::Number(number) => self.number(number),
            Symbol::Plus => self.operator(Operator::Plus),
            Symbol::Minus => self.operator(Operator::Minus),
            Symbol::Times => self.operator(Operator::Times),
            Symbol::Over => self.operator(Operator::Over),
            Symbol::Open => self.open(),
            Symbol::Close => self.close(),
            Symbol::Equals => self.equals(),
            Symbol::Word(word) => self.word(&word.to_lowercase()),
            Symbol::Question => self.end(false),
            Symbol::Newline => {
                let alarm = self.end(true);
                self.plain = true;
                alarm
            }
            Symbol::Power | Symbol::Relation | Symbol::Fraction | Symbol::Percent => {
                self.give_up();
                false
            }
            Symbol::Currency | Symbol::AnnotationOpen => false,
            Symbol::Comma
            | Symbol::Stop
            | Symbol::Stars
            | Symbol::Bullet
            | Symbol::AnnotationClose
            | Symbol::Other => self.end(true),
        }
    }

    /// Something was not readable.
    fn miss(&mut self) {
        if self.progress == Progress::Short {
            self.progress = Progress::Unread;
        }
    }

    /// The expression that is being read is none that can be judged.
    fn give_up(&mut self) {
        if self.expression.take().is_some() {
            self.miss();
        }
        self.left_side = None;
    }

    fn number(&mut self, number: &Number) -> bool {
        let Some(value) = number.value() else {
            self.give_up();
            return false;
        };
        let mut alarm = false;
        if self
            .expression
            .as_ref()
            .is_some_and(|e| !e.expects_operand())
        {
            alarm = self.end(true);
        }
        let operand = Operand {
            decimals: number.decimals,
            ..Operand::exact(value)
        };
        let decimal = !value.is_whole();
        let accounts = || self.held.iter().chain([&self.dealt]);
        let is_fraction = |value| accounts().any(|held| held.has_fraction(value, Some(value)));
        let mut expression = self.expression.take().unwrap_or_default();
        if !expression.number(operand, is_fraction) {
            self.miss();
            self.left_side = None;
            return alarm;
        }
        self.lost |= decimal && self.left_side.is_none();
        // What stands right of an equals sign are results.
        if self.judges() && self.left_side.is_none() && expression.calculates() {
            let above_a_bar = accounts().any(|held| held.has_fraction(value, None));
            let operands = expression.operands();
            if !above_a_bar && accounts().all(|held| held.without_all(operands).is_none()) {
                let foreseen = accounts().any(|held| held.foresees(operands));
                self.lost |= foreseen;
                alarm |= !foreseen;
            }
        }
        self.expression = Some(expression);
        alarm
    }

    fn operator(&mut self, operator: Operator) -> bool {
        let operand_next = self
            .expression
            .as_ref()
            .is_none_or(Expression::expects_operand);
        let operator = match operator {
            // A sign at the beginning of a line may be that of a list's entry.
            Operator::Minus if operand_next => Operator::Negate,
            _ if operand_next => {
                self.give_up();
                return false;
            }
            _ => operator,
        };
        let expression = self.expression.get_or_insert_default();
        if !expression.operator(operator) {
            self.give_up();
        }
        false
    }

    fn open(&mut self) -> bool {
        let mut alarm = false;
        if self
            .expression
            .as_ref()
            .is_some_and(|e| !e.expects_operand())
        {
            alarm = self.end(true);
        }
        let expression = self.expression.get_or_insert_default();
        let from = expression.operands().len();
        if !expression.operator(Operator::Open(from)) {
            self.give_up();
        }
        alarm
    }

    fn close(&mut self) -> bool {
        let Some(expression) = self.expression.as_mut().filter(|e| e.has_open()) else {
            return self.end(true);
        };
        if expression.expects_operand() {
            self.give_up();
            return false;
        }
        expression.close();
        self.judges() && self.left_side.is_none() && self.is_stuck()
    }

    /// Whether 24 cannot be made of the parentheses that are closed and the numbers outside.
    fn is_stuck(&mut self) -> bool {
        let Some(expression) = &self.expression else {
            return false;
        };
        self.judged += 1;
        if self.judged > JUDGED || expression.groups().is_empty() {
            return false;
        }
        let outside = |held: &Pool| {
            let mut left = held.clone();
            for (range, value) in expression.groups() {
                left = left.without_all(&expression.operands()[range.clone()])?;
                left.push((*value)?);
            }
            Some(left)
        };
        let accounts = self.held.iter().chain([&self.dealt]);
        !accounts.filter_map(outside).any(|left| left.makes_target())
    }

    fn equals(&mut self) -> bool {
        let Some(expression) = self.expression.take().filter(Expression::is_complete) else {
            self.give_up();
            return false;
        };
        let calculates = expression.calculates();
        let value = match expression.operands() {
            [only] if !calculates => Some(*only),
            _ => expression.clone().value().map(Operand::exact),
        };
        let alarm = self.side(&expression, true);
        let calculates = calculates || self.left_side.is_some_and(|side| side.calculates);
        self.left_side = Some(Side { value, calculates });
        alarm
    }

    fn word(&mut self, word: &str) -> bool {
        let operand_before = self
            .expression
            .as_ref()
            .is_some_and(|e| !e.expects_operand());
        if word == "x" && operand_before {
            return self.operator(Operator::Times);
        }
        let alarm = self.end(true);
        match word {
            "left" | "remaining" => self.list = Some(List::default()),
            _ => self.plain &= PLAIN.contains(&word),
        }
        alarm
    }

    /// The expression ends, and with it the equation; `said` unless it is asked.
    fn end(&mut self, said: bool) -> bool {
        let expression = self.expression.take();
        let alarm = match expression {
            Some(expression) if expression.is_complete() => self.side(&expression, said),
            Some(expression) => {
                if expression.calculates() {
                    self.miss();
                }
                false
            }
            None => false,
        };
        self.left_side = None;
        alarm
    }

    /// Judges a side of an equation, or an expression that is in none.
    fn side(&mut self, expression: &Expression, said: bool) -> bool {
        let value = expression.clone().value();
        let Some(before) = self.left_side else {
            return expression.calculates() && self.step(expression, value);
        };
        let goes_on = before.calculates
            && expression.calculates()
            && expression.operands().first().map(|first| first.value)
                == before.value.map(|before| before.value);
        let written = match expression.operands() {
            [only] if !expression.calculates() => Operand {
                value: value.unwrap_or(only.value),
                ..*only
            },
            _ => match value {
                Some(value) => Operand::exact(value),
                // Undefined.
                None => return self.judges() && said,
            },
        };
        let equal = before
            .value
            .is_some_and(|before| written.means(before.value) || before.means(written.value));
        if !equal && !goes_on {
            return self.judges() && said;
        }
        // `24 = 4 * 6`, or a running total: `10 - 4 = 6 * 5 = 30`.
        if expression.calculates() && (goes_on && !equal || !before.calculates) {
            return self.step(expression, value);
        }
        false
    }

    /// Takes the operands out of what is held and puts the result back.
    fn step(&mut self, expression: &Expression, value: Option<Ratio>) -> bool {
        self.judged += 1;
        if self.judged > JUDGED {
            return false;
        }
        let mut next: Vec<Pool> = Vec::new();
        for held in self.held.iter().chain([&self.dealt]) {
            if let Some(mut left) = held.without_all(expression.operands())
                && let Some(value) = value
            {
                left.push(value);
                if next.len() < ACCOUNTS
                    && left.makes_target()
                    && !next.iter().any(|known| known.is_same(&left))
                {
                    next.push(left);
                }
            }
        }
        let reached = next.iter().any(Pool::is_target);
        if reached {
            self.progress = Progress::Reached;
        } else if self.lost {
            self.miss();
        } else if self.plain {
            self.progress = Progress::Short;
        }
        if self.lost {
            return false;
        }
        if self.plain {
            self.held = next;
            return self.held.is_empty();
        }
        // Said in passing, or meant: both.
        for left in next {
            if self.held.len() < ACCOUNTS && !self.held.iter().any(|known| known.is_same(&left)) {
                self.held.push(left);
            }
        }
        false
    }

    /// Reads on in a list of what is left; whether the symbol belongs to it.
    fn lists(&mut self, symbol: &Symbol) -> bool {
        let Some(list) = &mut self.list else {
            return false;
        };
        match symbol {
            Symbol::Number(number) if list.numbers.len() < LISTED => {
                let value = number.value().and_then(|value| {
                    if list.negative {
                        value.negative()
                    } else {
                        Some(value)
                    }
                });
                let below = list.over.then(|| list.numbers.pop()).flatten();
                let value = match (value, below) {
                    (Some(value), Some(above)) => above.value.divide(value),
                    (value, _) => value,
                };
                match value {
                    Some(value) => list.numbers.push(Operand {
                        decimals: number.decimals,
                        ..Operand::exact(value)
                    }),
                    None => list.unread = true,
                }
                (list.negative, list.over) = (false, false);
                true
            }
            Symbol::Minus => {
                list.negative = true;
                true
            }
            Symbol::Over if !list.numbers.is_empty() => {
                list.over = true;
                true
            }
            Symbol::Comma | Symbol::Open => true,
            Symbol::Word(word) => matches!(&**word, "and" | "numbers" | "are" | "is"),
            Symbol::Stop | Symbol::Stars => list.numbers.is_empty(),
            _ => false,
        }
    }

    /// Holds a list of what is left against what is held.
    fn end_list(&mut self) -> bool {
        let Some(list) = self.list.take().filter(|list| !list.numbers.is_empty()) else {
            return false;
        };
        if list.unread {
            self.miss();
            return false;
        }
        let holds = |held: &&Pool| held.holds_exactly(&list.numbers);
        let same: Vec<Pool> = self.held.iter().filter(holds).cloned().collect();
        if !self.judges() {
            return false;
        }
        self.held = same;
        self.held.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Reading;
    use super::super::probe::{arithmetic, check, check_causality, detector, long_texts};
    use super::*;
    use proptest::prelude::*;

    const PROBLEM: &str =
        "Use the numbers and basic arithmetic operations (+ - * /) to obtain 24: 4 5 6 10";

    #[test]
    fn steps_that_cannot_lead_to_24_alarm() {
        let solutions = [
            // Dead ends.
            "Steps:\n5 + 4 = ¦9 (left: 6 9 10)",
            "10 - 4 = 6 (left: 5 6 6)\n10 * 5 = ¦50",
            // Not held, nor one step away.
            "10 - 4 = 6 (left: 5 6 6)\n6 * 7 ¦= 42",
            "10 - 4 = 6 (left: 5 6 6)\n10 * 13 ¦= 130",
            "Answer: 8 * 3 ¦= 24",
            // Wrong arithmetic.
            "10 - 4 = 7 (¦left: 5 6 7)",
            "10 - 4 = 6, 6 * 5 = 31\n¦",
            "Answer: (10 - 4) * 5 - 6 = 25‖",
            // A wrong list.
            "10 - 4 = 6 (left: 5 6 7)¦\n",
            "10 - 4 = 6 (left: 5 6)¦\n",
            // A parenthesis is a step.
            "Answer: (4 + 5)¦ * (10 - 6) = 24",
            // Not arrived.
            "10 - 4 = 6 (left: 5 6 6)\nAnswer: None‖",
            "10 - 4 = 6 (left: 5 6 6)\n6 * 30 = 180\nAnswer: None‖",
            "I do not know.‖",
            "‖",
            // Not of the four numbers.
            "10 - 4 = 6 (left: 5 6 6)\n6 * 5 = 30 (left: 6 30)\n30 - 6 = 24 (left: 24)\nAnswer: 30 - 6 ¦= 24",
        ];
        check(&RULE, Some(PROBLEM), &solutions);
    }

    #[test]
    fn solutions_pass() {
        let solutions = [
            "Steps:\n10 - 4 = 6 (left: 5 6 6)\n6 * 5 = 30 (left: 6 30)\n30 - 6 = 24 (left: 24)\nAnswer: (10 - 4) * 5 - 6 = 24",
            "Step 1: 10 - 4 = 6\nStep 2: 5 × 6 = 30\nStep 3: 30 − 6 = 24",
            "1. 10 - 4 = 6, remaining: 6, 6, 5\n2) 6*5 = 30\n3) 30-6 = 24.",
            "Answer: 5 * (10 - 4) - 6",
            "(10-4)*5-6",
            "24 = (10 - 4) * 5 - 6",
            "10 - 4 = 6 * 5 = 30 - 6 = 24",
            "The answer is $\\boxed{(10 - 4) \\times 5 - 6 = 24}$.",
            "**(10 - 4) x 5 - 6 = 24**",
            // In passing.
            "We know that 4 * 6 = 24, and 8 * 3 = 24.\nAnswer: (10 - 4) * 5 - 6 = 24",
            "Because (10 - 4) * 5 - 6 = 24 it is solved.",
            "Is (10 - 4) * 5 - 6 = 25? No, (10 - 4) * 5 - 6 = 24.",
            // A step ahead.
            "10 - 4 = 6 (left: 5 6 6)\n6 * 30 = 180\n6 * 7 = 41\nAnswer: (10 - 4) * 5 - 6 = 24",
            // Not read.
            "\\frac{10}{5} + 6 ^ 2",
        ];
        check(&RULE, Some(PROBLEM), &solutions);
    }

    #[test]
    fn fractions_and_negative_numbers_are_held() {
        let problem = "Input: 3 3 8 8";
        check(
            &RULE,
            Some(problem),
            &[
                "8 / 3 = 8/3 (left: 3 8 8/3)\n3 - 8/3 = 1/3 (left: 8 1/3)\n8 / (1/3) = 24 (left: 24)\nAnswer: 8 / (3 - 8/3) = 24",
                "8 / 3 = 2.67 (left: 2.67 3 8)\n3 - 2.67 = 0.33 (left: 0.33 8)\n8 / 0.33 = 24\n",
                "8 / 3 = 2.5 (¦left: 2.5 3 8)",
                // With rounded numbers the account ends, up to an answer.
                "8 / 3 = 2.67 (left: 2.67 3 8)\n3 - 2.67 = 0.4 (left: 0.4 8)\nAnswer: 8 / (3 - 8/3) = 23‖",
            ],
        );
        check(
            &RULE,
            Some("Input: 1 5 6 12"),
            &["1 - 5 = -4 (left: -4 6 12)\n6 + -4 = 2 (left: 2 12)\n2 * 12 = 24"],
        );
    }

    #[test]
    fn where_nothing_can_be_told_it_is_silent() {
        for problem in [
            None,
            Some("Make 24."),
            Some("Input: 1 1 1 1"),
            Some("Input: 1 2 3"),
        ] {
            check(&RULE, problem, &["", "1 + 1 = 3\nAnswer: 7 * 7"]);
        }
    }

    #[test]
    fn a_long_text_costs_no_more_than_its_length() {
        let mut detector = detector(&RULE, &[]);
        let steps = [
            "4*6=24\n",
            "4*6\n",
            "(4*6)",
            "We (4*6)",
            "so we 4*6=24, ",
            "(left: 4 5 6 10)\n",
        ];
        let steps = steps.iter().map(|step| step.repeat(200_000));
        for text in long_texts(1 << 20).chain(steps) {
            let mut reading = Reading::start(&mut *detector, Some("Input: 4 6 1 1"));
            reading.push(text.as_bytes());
            reading.finish();
        }
    }

    proptest! {
        #[test]
        fn an_alarm_depends_on_what_is_before_it_alone(text in arithmetic(), more in arithmetic()) {
            check_causality(&RULE, &text, &more);
        }
    }
}
