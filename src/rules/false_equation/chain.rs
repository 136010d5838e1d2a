//! Equations found among the symbols of a solution.
//!
//! Collects the items of one side after the other and compares each side with the one before it
//! when the side is complete. What is no calculation in numbers alone becomes an unknown item, so
//! that the side that holds it has no value.

use super::super::lexer::{Lexeme, Symbol};
use super::super::ratio::Ratio;
use super::expression::{Item, LONGEST};
use super::side::{Side, Verdict, judge};
use super::words::Kind;

/// Words between a number and its operator or the end of its side: "9 fresh eggs * 2".
const UNIT_WORDS: u32 = 2;

/// Words from one that changes the number after it to that number: "half of the 10".
const CONTEXT_WORDS: u32 = 2;

#[derive(Debug, Default)]
pub(super) struct Chain {
    /// The side before the last equals sign, if there is one.
    left: Side,
    has_left: bool,
    side: Side,
    /// Room for the part of a side that becomes one of its own.
    spare: Vec<Item>,
    /// Open parentheses of the side.
    depth: usize,
    /// Words since the last item of the side.
    words: u32,
    /// The last of them.
    last_word: Option<Kind>,
    /// Words since one that changes the number after it.
    context: Option<u32>,
    /// Whether the side is the label of a list entry: "b)".
    label: bool,
    pending: Pending,
}

/// What the last symbol leaves to the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Pending {
    #[default]
    Nothing,
    /// Nothing of the line has been read, but for bullets.
    LineStart,
    /// A minus sign at the beginning of a line: a bullet where white space follows.
    Bullet,
    /// A minus sign at the beginning of a side elsewhere: it goes on from what is not read, as in
    /// "4! - 2", where white space follows.
    Dash,
    /// "is": refutes the equation where "not" or "wrong" follows.
    Is,
    /// An `x`: a times sign where an operand follows.
    Cross,
    /// Two asterisks: a power where an operand follows, and else bold type.
    Stars,
}

impl Chain {
    /// Begins a line of which nothing has been read.
    pub(super) fn begin_line(&mut self) {
        self.clear();
        self.pending = Pending::LineStart;
    }

    /// Forgets everything, as behind the end of a sentence.
    pub(super) fn clear(&mut self) {
        self.left.clear();
        self.has_left = false;
        self.clear_side();
        self.pending = Pending::Nothing;
    }

    /// Begins a side of which nothing has been read.
    fn clear_side(&mut self) {
        self.side.clear();
        self.depth = 0;
        self.words = 0;
        self.last_word = None;
        self.context = None;
        self.label = false;
    }

    /// Whether a false equation can end here: one that has begun to be read.
    pub(super) fn compares(&self) -> bool {
        self.has_left
    }

    /// Reads the next symbol; whether it shows that an equation is false.
    pub(super) fn read(&mut self, lexeme: &Lexeme, tolerance: Ratio) -> bool {
        let symbol = &lexeme.symbol;
        if self.pending == Pending::Is && !is_hedge(symbol) && self.lead(tolerance) {
            return true;
        }
        let line_start = self.settle(lexeme) && self.side.items.is_empty();
        match symbol {
            Symbol::Number(number) => {
                let item = Item::Number(*number);
                return self.operand(item, lexeme.spaced, tolerance);
            }
            Symbol::Fraction => return self.operand(Item::Fraction, lexeme.spaced, tolerance),
            Symbol::Open => return self.open(lexeme.spaced, tolerance),
            Symbol::Close => return self.close(tolerance),
            Symbol::Plus => self.operator(Item::Plus),
            Symbol::Minus if line_start => {
                self.push(Item::Minus);
                self.pending = Pending::Bullet;
            }
            Symbol::Minus => {
                let begins = self.side.items.is_empty() && !self.has_left;
                self.operator(Item::Minus);
                if begins {
                    self.pending = Pending::Dash;
                }
            }
            Symbol::Times | Symbol::Bullet if line_start => self.pending = Pending::LineStart,
            Symbol::Times => self.operator(Item::Times),
            Symbol::Over => self.operator(Item::Over),
            Symbol::Power => self.operator(Item::Power),
            Symbol::Stars if self.ends_in_operand() && self.words == 0 => {
                self.pending = Pending::Stars;
            }
            Symbol::Stars => {}
            Symbol::Percent if self.ends_in_operand() && self.words == 0 => {
                self.push(Item::Percent);
            }
            Symbol::Percent | Symbol::Bullet | Symbol::Other => self.unknown(),
            Symbol::Currency => self.side.money = true,
            Symbol::Equals => return self.equals(tolerance),
            Symbol::Word(word) => {
                let glued = !lexeme.spaced && self.ends_in_operand();
                return self.word(Kind::of(*word, glued), tolerance);
            }
            Symbol::Newline => {
                if self.goes_on_below() {
                    return false;
                }
                let found = self.end(tolerance);
                self.begin_line();
                return found;
            }
            // What is asked is not said.
            Symbol::Question => self.clear(),
            Symbol::Relation
            | Symbol::Comma
            | Symbol::Stop
            | Symbol::AnnotationOpen
            | Symbol::AnnotationClose => return self.end(tolerance),
        }
        false
    }

    /// Decides what the last symbol has left open; whether the next one begins a line.
    fn settle(&mut self, lexeme: &Lexeme) -> bool {
        let operand = match lexeme.symbol {
            Symbol::Number(_) | Symbol::Currency | Symbol::Fraction => true,
            Symbol::Open => lexeme.spaced,
            _ => false,
        };
        match std::mem::take(&mut self.pending) {
            Pending::LineStart => return true,
            Pending::Bullet if lexeme.spaced => {
                self.side.items.clear();
                return true;
            }
            Pending::Dash if lexeme.spaced => self.unknown(),
            Pending::Nothing | Pending::Bullet | Pending::Dash | Pending::Is => {}
            Pending::Cross if operand => self.push(Item::Times),
            Pending::Cross => self.push(Item::Unknown),
            Pending::Stars => {
                if matches!(lexeme.symbol, Symbol::Number(_) | Symbol::Open) {
                    self.push(Item::Power);
                }
            }
        }
        false
    }

    /// The side is complete and nothing goes on from it; whether it shows a false equation.
    pub(super) fn end(&mut self, tolerance: Ratio) -> bool {
        if self.pending == Pending::Cross {
            self.push(Item::Unknown);
        }
        let found = self.compare(tolerance);
        self.clear();
        found
    }

    /// Whether the side has no end at the end of its line: it ends in an operator.
    fn goes_on_below(&self) -> bool {
        let items = &self.side.items;
        let open = items.len() <= LONGEST && items.last().copied().is_some_and(is_operator);
        open && !items.iter().copied().all(is_operator)
    }

    /// Whether the side, which ends here, shows a false equation.
    fn compare(&self, tolerance: Ratio) -> bool {
        self.has_left
            && self.ends_in_operand()
            && judge(&self.left, &self.side, tolerance) == Verdict::Fails
    }

    fn ends_in_operand(&self) -> bool {
        self.side
            .items
            .last()
            .is_some_and(|item| !is_operator(*item) && *item != Item::Open)
    }

    fn push(&mut self, item: Item) {
        if self.side.items.len() <= LONGEST {
            self.side.items.push(item);
        }
        self.words = 0;
        self.last_word = None;
        self.context = None;
        self.label = false;
    }

    /// Whether the last word is one that nothing is counted in: "5 and", "15 and a".
    fn ends_in_joint(&self) -> bool {
        matches!(self.last_word, Some(Kind::And | Kind::Article))
    }

    /// Whether the next number is changed by a word before it.
    fn in_context(&self) -> bool {
        self.context.is_some_and(|words| words <= CONTEXT_WORDS)
    }

    /// What has been read of the side has no value.
    fn unknown(&mut self) {
        self.side.items.clear();
        self.depth = 0;
        self.push(Item::Unknown);
    }

    fn operand(&mut self, item: Item, spaced: bool, tolerance: Ratio) -> bool {
        let context = self.in_context();
        let mut found = false;
        if self.side.items.is_empty() {
            if self.words > 0 {
                self.has_left = false;
            }
        } else if self.ends_in_operand() {
            let label = spaced && (self.label || self.is_numeral_in_parentheses());
            if self.words > 0 || label {
                // "A 15% tip on $40": a share of what follows.
                let share = !self.has_left && self.side.items.last() == Some(&Item::Percent);
                let goes_on = matches!(self.last_word, Some(Kind::Unit(_) | Kind::And));
                if goes_on || share {
                    self.unknown();
                } else {
                    found = self.restart(tolerance);
                }
            }
        } else if self.words > 0 {
            self.unknown();
        }
        if context {
            self.push(Item::Unknown);
        }
        self.push(item);
        found
    }

    /// A factor, or the label of a list entry.
    fn is_numeral_in_parentheses(&self) -> bool {
        let items = self.side.items.as_slice();
        matches!(items, [Item::Open, Item::Number(_), Item::Close])
    }

    /// A word of the sentence around calculations; whether it ends a false equation.
    fn lead(&mut self, tolerance: Ratio) -> bool {
        let found = self.restart(tolerance);
        self.words = 1;
        self.last_word = Some(Kind::Lead);
        found
    }

    /// Compares the side, which has ended, and begins another one that nothing is known of.
    fn restart(&mut self, tolerance: Ratio) -> bool {
        let found = self.compare(tolerance);
        let context = self.context;
        self.clear();
        self.context = context;
        found
    }

    fn operator(&mut self, item: Item) {
        let sign = matches!(item, Item::Plus | Item::Minus);
        let known = if self.ends_in_operand() {
            self.words <= UNIT_WORDS && self.context.is_none() && !self.ends_in_joint()
        } else {
            let lead = self.words == 0 || self.last_word == Some(Kind::Lead);
            lead && sign && (!self.side.items.is_empty() || item == Item::Minus)
        };
        if !known {
            self.unknown();
        }
        self.push(item);
    }

    fn open(&mut self, spaced: bool, tolerance: Ratio) -> bool {
        let mut found = false;
        if self.words > 0 {
            if !spaced || self.in_context() {
                // A function, or a group that a word changes.
                self.unknown();
            } else if self.ends_in_operand() {
                // "5 apples (3 red) + 2": what stands before the remark is lost.
                found = self.restart(tolerance);
                self.push(Item::Unknown);
            } else if self.side.items.is_empty() {
                found = self.restart(tolerance);
            } else {
                self.unknown();
            }
        } else if spaced && self.may_be_remarked() {
            self.push(Item::Aside);
        }
        self.depth += 1;
        self.push(Item::Open);
        found
    }

    /// Whether a parenthesis with white space before it may be a remark here, not a factor.
    fn may_be_remarked(&self) -> bool {
        let last = self.side.items.last();
        matches!(last, Some(Item::Number(_) | Item::Percent)) || self.is_numeral_in_parentheses()
    }

    /// Removes the last open parenthesis, and that it may be a remark.
    fn reopen(&mut self) {
        self.side.items.pop();
        if self.side.items.last() == Some(&Item::Aside) {
            self.side.items.pop();
        }
    }

    fn close(&mut self, tolerance: Ratio) -> bool {
        if self.depth > 0 && self.ends_in_operand() && self.words <= UNIT_WORDS {
            self.depth -= 1;
            self.push(Item::Close);
            return false;
        }
        let label = self.depth == 0;
        let found = label && self.compare(tolerance);
        self.has_left = false;
        self.side.clear();
        self.unknown();
        self.label = label;
        found
    }

    fn equals(&mut self, tolerance: Ratio) -> bool {
        let mut found = false;
        if self.side.items.len() > LONGEST {
            // Its end is lost, and so is what a parenthesis holds.
            self.unknown();
        }
        if self.depth > 0 {
            // The equation began within parentheses.
            let open = self.last_open();
            self.spare.clear();
            self.spare.extend(self.side.items.drain(open + 1..));
            self.reopen();
            found = self.compare(tolerance);
            std::mem::swap(&mut self.side.items, &mut self.spare);
        } else {
            found |= self.compare(tolerance);
        }
        if self.context.is_some() || self.ends_in_joint() {
            self.unknown();
        }
        std::mem::swap(&mut self.left, &mut self.side);
        self.has_left = !self.left.items.is_empty();
        self.clear_side();
        self.pending = Pending::Nothing;
        found
    }

    /// The place of the last parenthesis that is still open.
    fn last_open(&self) -> usize {
        let mut closed = 0;
        for (place, item) in self.side.items.iter().enumerate().rev() {
            match item {
                Item::Close => closed += 1,
                Item::Open if closed == 0 => return place,
                Item::Open => closed -= 1,
                _ => {}
            }
        }
        0
    }

    fn word(&mut self, kind: Kind, tolerance: Ratio) -> bool {
        let operand = self.ends_in_operand();
        match kind {
            Kind::Cross if operand => {
                self.pending = Pending::Cross;
                return false;
            }
            Kind::Of if operand && self.words == 0 && self.of_is_times() => {
                self.push(Item::Of);
                return false;
            }
            Kind::Cross | Kind::Variable => {
                self.unknown();
                return false;
            }
            Kind::Hedge => {
                self.has_left = false;
                self.unknown();
            }
            Kind::Context => self.context = Some(0),
            Kind::Of if operand || matches!(self.last_word, Some(Kind::Unit(_))) => {
                self.context = Some(0);
            }
            Kind::To if self.side.items.first() == Some(&Item::Unknown) => self.context = Some(0),
            Kind::Unit(unit) => self.side.units = self.side.units.with(unit),
            _ => {}
        }
        if kind != Kind::Context
            && let Some(words) = &mut self.context
        {
            *words += 1;
        }
        match self.side.items.last() {
            Some(Item::Over) if kind != Kind::Article && self.side.items.len() <= LONGEST => {
                self.side.items.pop();
            }
            Some(Item::Open) => return self.comment(tolerance),
            Some(item) if is_operator(*item) => {
                self.unknown();
                self.context = Some(0);
            }
            _ => {}
        }
        self.words = self.words.saturating_add(1);
        self.last_word = Some(kind);
        if kind == Kind::Is {
            self.pending = Pending::Is;
        } else if matches!(kind, Kind::Lead | Kind::To) {
            return self.lead(tolerance);
        } else if self.has_left && self.words > UNIT_WORDS {
            let found = self.lead(tolerance);
            self.last_word = Some(kind);
            return found;
        }
        false
    }

    /// Whether "of" after the last item multiplies: after a per cent or a fraction.
    fn of_is_times(&self) -> bool {
        let items = &self.side.items;
        matches!(
            items.as_slice(),
            [.., Item::Percent] | [.., Item::Number(_), Item::Over, Item::Number(_)]
        ) || (items.first() == Some(&Item::Fraction) && items.last() == Some(&Item::Close))
    }

    /// The parenthesis that was just opened holds words.
    fn comment(&mut self, tolerance: Ratio) -> bool {
        self.reopen();
        self.depth -= 1;
        let found = self.depth == 0 && self.compare(tolerance);
        let context = self.context;
        self.clear();
        self.context = context;
        self.words = 1;
        found
    }
}

fn is_hedge(symbol: &Symbol) -> bool {
    matches!(symbol, Symbol::Word(word) if Kind::of(*word, false) == Kind::Hedge)
}

fn is_operator(item: Item) -> bool {
    matches!(
        item,
        Item::Plus | Item::Minus | Item::Times | Item::Over | Item::Power | Item::Of
    )
}
