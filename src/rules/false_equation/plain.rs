//! Plain equations that hold, recognised without reading them as symbols.
//!
//! Most equations are `so she has 16 - 3 - 4 = 9 eggs`: numbers, units, `+ - * / x`, other signs and
//! commands of LaTeX for these, and dollar signs between a word and a word or the end of a part of a
//! sentence; all of it perhaps between `\(` and `\)`, which are white space. Where such a one holds
//! exactly, none of the readings that the careful way could give it and to what stands around it
//! fails: its left side begins at the number behind the word, or has no value, and whatever goes
//! on from the number on the right is a running total that begins with the right number. An equals
//! sign without a number before it compares nothing. Whether anything else holds, or does not, is
//! left to the careful way.

use super::super::lexer::Word;
use super::fraction::Fraction;
use super::words::Kind;

/// What else means an operator.
const SIGNS: [(&str, u8); 6] = [
    ("×", b'*'),
    ("\\times", b'*'),
    ("\\cdot", b'*'),
    ("÷", b'/'),
    ("\\div", b'/'),
    ("−", b'-'),
];

/// Whether the equals sign at `equals`, and those that go on from it, are of plain equations that
/// hold, up to which byte they were read. Nothing before `start` is looked at; `fresh` says that a
/// sentence, a part of one or a line begins there.
pub(super) fn holds(text: &[u8], start: usize, fresh: bool, equals: usize) -> Option<usize> {
    let before = &text[start..equals];
    let mut left = if fresh && !before.iter().rev().any(|&b| says_number(b)) {
        None
    } else {
        Some(last_calculation(before, fresh)?)
    };
    let mut right = Scanner {
        text,
        at: equals + 1,
    };
    loop {
        let begin = right.at;
        match right.side() {
            Some(Side::Last(value)) if left.is_none_or(|left| left.equals(value)) => {
                return Some(right.at);
            }
            Some(Side::Middle { value, first }) => {
                let total = |left: Fraction| {
                    let mut totals = [value, first].into_iter().flatten();
                    value.is_none() || totals.any(|r| left.equals(r))
                };
                if !left.is_none_or(total) {
                    return None;
                }
                left = value;
            }
            // Nothing is compared with the right side of what is no equation in numbers.
            _ => return left.is_none().then_some(begin),
        }
    }
}

/// Whether an annotation of equal sides begins at `at`, right behind which a number stands, where the
/// annotation ends.
pub(super) fn annotated(text: &[u8], at: usize) -> Option<usize> {
    // A backslash would change what the first sign means.
    let begins = at == 0 || matches!(text[at - 1], b' ' | b'\n' | b'0'..=b'9');
    let mut scanner = Scanner { text, at };
    if !begins || !scanner.rest().starts_with(b"<<") {
        return None;
    }
    scanner.annotation()?;
    scanner
        .peek()
        .is_some_and(|b| b.is_ascii_digit())
        .then_some(scanner.at)
}

/// Whether a byte may say a number, or be part of a sign or command that does.
const fn says_number(b: u8) -> bool {
    b.is_ascii_digit() || b == b'\\' || !b.is_ascii()
}

/// Whether each byte may be part of a plain equation, or of words before it.
const IS_PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut b: u8 = 0;
    while b.is_ascii() {
        plain[b as usize] = b.is_ascii_alphanumeric()
            || matches!(
                b,
                b' ' | b'.'
                    | b','
                    | b':'
                    | b'$'
                    | b'+'
                    | b'-'
                    | b'*'
                    | b'/'
                    | b'('
                    | b')'
                    | b'\''
                    | b'\\'
            );
        b += 1;
    }
    let mut sign = 0;
    while sign < SIGNS.len() {
        let bytes = SIGNS[sign].0.as_bytes();
        let mut k = 0;
        while k < bytes.len() {
            plain[bytes[k] as usize] = true;
            k += 1;
        }
        sign += 1;
    }
    plain
};

/// The value of the calculation that ends a text.
fn last_calculation(text: &[u8], fresh: bool) -> Option<Fraction> {
    let begin = text
        .iter()
        .rposition(|b| !IS_PLAIN[usize::from(*b)])
        .map_or(0, |at| at + 1);
    let mut scanner = Scanner { text, at: begin };
    let mut begins = fresh && begin == 0;
    while scanner.at < text.len() {
        scanner.skip(b' ');
        if begins && scanner.rest().starts_with(b"\\(") {
            scanner.at += 2;
            scanner.skip(b' ');
        }
        if begins && matches!(scanner.peek()?, b'0'..=b'9' | b'$' | b'(') {
            let from = scanner.at;
            if let Some((value, _)) = scanner.calculation(true)
                && scanner.at == text.len()
            {
                return Some(value);
            }
            scanner.at = from;
        }
        // On to the number behind the next word.
        let word = scanner.skip_to_space();
        let first = fresh && scanner.at == begin + word.len() && begin == 0;
        begins = stands_before(word, first, text, scanner.at);
    }
    None
}

/// Whether what stands behind `word`, which ends at `end`, is sure to begin a calculation or to be
/// part of one without a value. Not behind `x`, and not where "of" may be a times sign. `first`
/// says that a sentence, a part of one or a line begins with the word.
fn stands_before(word: &[u8], first: bool, text: &[u8], end: usize) -> bool {
    if let [.., letter, b':', b'*', b'*'] = word {
        return letter.is_ascii_alphabetic();
    }
    let letters = |b: &u8| b.is_ascii_alphabetic() || *b == b'\'';
    let before = &text[..end - word.len()];
    let of = word.eq_ignore_ascii_case(b"of")
        && !before
            .trim_ascii_end()
            .last()
            .is_some_and(u8::is_ascii_alphabetic);
    (first || before.last() == Some(&b' ')) && word.len() > 1 && word.iter().all(letters) && !of
}

/// A side after an equals sign.
enum Side {
    /// A number, and then something that ends the equation.
    Last(Fraction),
    /// A calculation, the first number of it, and another equals sign. It has no value where two
    /// formulas meet in it.
    Middle {
        value: Option<Fraction>,
        first: Option<Fraction>,
    },
}

struct Scanner<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Scanner<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn rest(&self) -> &'t [u8] {
        &self.text[self.at..]
    }

    fn skip(&mut self, byte: u8) {
        while self.peek() == Some(byte) {
            self.at += 1;
        }
    }

    /// What stands up to the next space.
    fn skip_to_space(&mut self) -> &'t [u8] {
        let rest = self.rest();
        let end = rest.iter().position(|b| *b == b' ').unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn side(&mut self) -> Option<Side> {
        self.skip(b' ');
        self.skip(b'$');
        if self.rest().starts_with(b"<<") {
            self.annotation()?;
            self.skip(b'$');
        }
        let begin = self.at;
        if let Some(number) = self.number()
            && self.ends()
        {
            return Some(Side::Last(number));
        }
        let (value, first) = if self.meets_another_formula() {
            self.calculation(true)?;
            (None, None)
        } else {
            self.at = begin;
            let (value, first) = self.calculation(true)?;
            (Some(value), first)
        };
        let more = self.peek() == Some(b'=');
        self.at += 1;
        more.then_some(Side::Middle { value, first })
    }

    /// Whether a formula ends here, right behind its number, and the next one begins with another
    /// number, as in `= 7$ 7 * 2`; goes on to that. Two numbers in a row have no value, unless the
    /// second one is part of a fraction.
    fn meets_another_formula(&mut self) -> bool {
        if !self.rest().starts_with(b"$ ") {
            return false;
        }
        self.at += 1;
        self.skip(b' ');
        let begin = self.at;
        let number = self.number().is_some();
        self.skip(b' ');
        let operator = matches!(self.peek(), Some(b'+' | b'-' | b'*'));
        self.at = begin;
        number && operator
    }

    /// `<<48/2=24>>` with equal sides.
    fn annotation(&mut self) -> Option<()> {
        self.at += 2;
        let (left, _) = self.calculation(true)?;
        (self.peek()? == b'=').then_some(())?;
        self.at += 1;
        let right = self.number()?;
        let closed = self.rest().starts_with(b">>");
        self.at += 2;
        (closed && left.equals(right)).then_some(())
    }

    /// Numbers, or groups in parentheses where these may be, with operators between them, as far as
    /// they go: the value, and the first number, unless a group comes first.
    fn calculation(&mut self, groups: bool) -> Option<(Fraction, Option<Fraction>)> {
        let mut sum = Fraction {
            numerator: 0,
            denominator: 1,
        };
        let (mut term, number) = self.operand(groups)?;
        let first = number.then_some(term);
        loop {
            let Some(operator) = self.operator() else {
                return Some((sum.add(term)?, first));
            };
            let (mut operand, _) = self.operand(groups)?;
            match operator {
                b'*' => term = term.multiply(operand)?,
                b'/' => term = term.divide(operand)?,
                _ => {
                    sum = sum.add(term)?;
                    if operator == b'-' {
                        operand.numerator = -operand.numerator;
                    }
                    term = operand;
                }
            }
        }
    }

    /// `+`, `-`, `*` or `/` for an operator, if one stands here.
    fn operator(&mut self) -> Option<u8> {
        let rest = self.rest();
        let (operator, length) = match *rest.first()? {
            b'x' => rest.starts_with(b"x ").then_some((b'*', 1))?,
            operator @ (b'+' | b'-' | b'*' | b'/') => (operator, 1),
            _ => {
                let mut signs = SIGNS.iter();
                let &(sign, operator) =
                    signs.find(|(sign, _)| rest.starts_with(sign.as_bytes()))?;
                // A command goes on as long as there are letters.
                let longer = rest.get(sign.len()).is_some_and(u8::is_ascii_alphabetic);
                (!longer).then_some((operator, sign.len()))?
            }
        };
        self.at += length;
        Some(operator)
    }

    /// A number or group, and the white space, currency sign and unit around it: `$3 per`,
    /// `5 miles/day`. Whether it is a number.
    fn operand(&mut self, groups: bool) -> Option<(Fraction, bool)> {
        self.skip(b' ');
        self.skip(b'$');
        let group = groups && self.peek() == Some(b'(');
        let value = if group {
            self.at += 1;
            let (value, _) = self.calculation(false)?;
            (self.peek()? == b')').then_some(())?;
            self.at += 1;
            value
        } else {
            self.number()?
        };
        if self.peek() == Some(b' ') {
            self.skip(b' ');
            self.unit();
        }
        if self.peek() == Some(b'/') {
            self.at += 1;
            if !self.unit() {
                self.at -= 1;
            }
        }
        self.skip(b' ');
        Some((value, !group))
    }

    /// A word that only says what is counted, if one stands here.
    fn unit(&mut self) -> bool {
        let rest = self.rest();
        let letters = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        let end = rest.get(letters).is_some_and(|b| matches!(b, b' ' | b'/'));
        let unit = letters > 2 && end && {
            let word = Word::new(&rest[..letters]);
            matches!(Kind::of(&word, false), Kind::Plain | Kind::Unit(_))
        };
        if unit {
            self.at += letters;
            self.skip(b' ');
        }
        unit
    }

    fn number(&mut self) -> Option<Fraction> {
        let begin = self.at;
        let mut numerator = self.digits(0)?;
        let mut group = self.at - begin;
        while self.peek() == Some(b',') && self.followed_by_digit() {
            let first = self.at;
            self.at += 1;
            numerator = self.digits(numerator)?;
            if group > 3 || self.at - first != 4 {
                return None;
            }
            group = 3;
        }
        let mut denominator = 1;
        if self.peek() == Some(b'.') && self.followed_by_digit() {
            self.at += 1;
            let first = self.at;
            numerator = self.digits(numerator)?;
            denominator = 10_i64.checked_pow(u32::try_from(self.at - first).ok()?)?;
        }
        Some(Fraction {
            numerator,
            denominator,
        })
    }

    fn followed_by_digit(&self) -> bool {
        self.text.get(self.at + 1).is_some_and(u8::is_ascii_digit)
    }

    /// Digits that go on with those of `number`; `None` where there are none or too many.
    fn digits(&mut self, mut number: i64) -> Option<i64> {
        let first = self.at;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            number = number
                .checked_mul(10)?
                .checked_add(i64::from(digit - b'0'))?;
            self.at += 1;
        }
        (self.at > first).then_some(number)
    }

    /// Whether the number before ends a line or a part of a sentence, or a word stands behind it.
    fn ends(&self) -> bool {
        let mut rest = self.rest();
        // The end of a formula.
        rest = rest.strip_prefix(b"$").unwrap_or(rest);
        while let Some(behind) = rest.strip_prefix(b" \\)").or(rest.strip_prefix(b"\\)")) {
            rest = behind;
        }
        match rest {
            [b'\n', ..] | [b' ', b'\n', ..] | [b'.' | b',' | b';' | b'!', b' ' | b'\n', ..] => true,
            [b' ', a, b, ..] => a.is_ascii_alphabetic() && b.is_ascii_alphabetic(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(text: &str) -> bool {
        let equals = text.find('=').expect("an equation");
        holds(text.as_bytes(), 0, true, equals).is_some()
    }

    #[test]
    fn annotations_that_hold_are_told_from_all_others() {
        for (text, at) in [
            ("<<86-26=60>>60", 0),
            ("is <<3*4=12>>12", 3),
            ("7\n<<7*2=14>>14", 2),
        ] {
            assert_eq!(
                annotated(text.as_bytes(), at),
                text.find(">>").map(|end| end + 2)
            );
        }
        for text in [
            "\\<<3*4=12>>12",
            " <<3*4=13>>13",
            " <<3*4=12>> 12",
            " <<3*4=12>",
            " <3*4=12>>12",
        ] {
            assert_eq!(annotated(text.as_bytes(), 1), None, "{text}");
        }
    }

    #[test]
    fn plain_equations_that_hold_are_told_from_all_others() {
        for text in [
            "16 - 3 - 4 = 9 eggs",
            "12 + 5*2 = 22\n",
            "so she has $1,200 + $300.50 = $1,500.50. Then",
            "10 / 4 = 2.5, so",
            "100/20 * 3 / 2 - 0.5 = 7; then",
            "the 2 - 5 + 3 = 0!\n",
            "he has 7 and that's 3 x 4 = 12 eggs",
            "at 10 miles/day * 5 days/week = 50 miles",
            "2 * 15 + 8 = 30 + 8 = 38 eggs",
            "3 + 4 = 7 + 5 = 12 eggs",
            "we get x = 20 / 8 = 2.5. So",
            "we get x = y + 3",
            "48/2 = <<48/2=24>>24 clips",
            "48/2 = $<<48/2=24>>24\n",
            "so 3 + 4 = 7 eggs",
            "14 = (3 + 4) * 2 = 14 + 0 = 14 eggs",
            "**The sum:** 3 eggs * 4 = 12 eggs",
            "that is (20/100) * 25 + (3 + 4) = 12 eggs",
            "the total is \\( 3 \\times 4 = 12 \\) eggs",
            "that is \\(3 \\cdot 4 \\div 2 - 1 = 5\\).\nSo",
            "they have 3 × 4 − 2 = 10 eggs",
            "they have 12 ÷ 4 = 3 eggs",
            "so $3 + 4 = 7$ eggs",
            "so $3 + 4 = 7$. Then",
            "so $3 + 4 = 7$ \n",
            "so $3 + 4 = 7$ 7 * 2 = 14\n",
        ] {
            assert!(held(text), "{text}");
        }
        for text in [
            "16 - 3 - 4 = 10 eggs",
            "5 x 16 - 3 = 13 eggs",
            "20 of 16 - 3 = 13 eggs",
            "5 + of 16 - 3 = 13 eggs",
            "\\times 16 - 3 = 13 eggs",
            "20% of 16 - 3 = 13 eggs",
            "2 * 3) + 4 = 7 eggs",
            "eggs + 4 = 4 eggs",
            "3 + 4 = 7%",
            "37 (5 + 3) = 296 eggs",
            "((3 + 4) * 2) = 14 eggs",
            "f(3 + 4) = 7 eggs",
            "3 = (3) + 4 = 7 eggs",
            "3 + 4 = 7",
            "3 + 4 = 7 x 2",
            "3 + 4 = 7 + 2",
            "3 + 4 == 7 eggs",
            "3 4 = 34 eggs",
            "1,2 + 3 = 15 eggs",
            "3 / 0 = 0 eggs",
            "- 3 + 4 = 7 eggs",
            "5 so - 3 + 1 = 3 eggs",
            "10 miles twice * 5 = 50 miles",
            "48/2 = <<48/2=23>>24 clips",
            "48/2 = <<48/2=24>>23 clips",
            "99999999999 * 99999999999 = 1 eggs",
            "the total is \\( 3 \\times 4 = 13 \\) eggs",
            "the total is \\( 3 \\times 4 = 12 \\) \\times 2",
            "the total is \\( 3 \\timesx 4 = 12 \\) eggs",
            "the total is \\\\( 3 \\times 4 = 12 eggs",
            "the total\\( 3 \\times 4 = 12 eggs",
            "\\log \\( 3 \\times 4 = 12 eggs",
            "∈ 3 × 4 = 12 eggs",
            "they have 3 ± 4 = 7 eggs",
            "they have 2 − 3 ∸ 4 = 7 eggs",
            "so $3 + 4 = 8$ eggs",
            "so $3 + 4 = 7$ 1/2 = 14\n",
            "so $3 + 4 = 7$ -2 = 14\n",
            "so $3 + 4 = 7$7 * 2 = 14\n",
        ] {
            assert!(!held(text), "{text}");
        }
    }
}
