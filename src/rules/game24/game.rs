//! The account of one solution: what is held after each step, and what shows that 24 is out of reach.

use super::expression::{Expression, Operator};
use super::pool::{Operand, Pool};
use crate::rules::lexer::Symbol;
use crate::rules::number::Number;
use crate::rules::ratio::Ratio;

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
pub(super) const JUDGED: usize = 1000;

/// Numbers of a list of what is left that are kept.
const LISTED: usize = 8;

/// One solution so far.
pub(super) struct Game {
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
    pub(super) judged: usize,
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
    pub(super) fn new(dealt: Pool) -> Self {
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
    pub(super) fn mark(&mut self) -> bool {
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

    pub(super) fn ends_wrong(&mut self) -> bool {
        self.end_list() || self.end(true) || self.progress == Progress::Short
    }

    /// Reads on; whether that alarms.
    pub(super) fn read(&mut self, symbol: &Symbol) -> bool {
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
