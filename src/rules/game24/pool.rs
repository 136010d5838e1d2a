//! The numbers that a player of the Game of 24 holds, and what can still be made of them.

use super::super::ratio::Ratio;

/// What is to be made.
const TARGET: Ratio = Ratio::whole(24);

/// Numbers in a problem.
const NUMBERS: usize = 4;

/// Numbers that are held, in no order.
#[derive(Debug, Clone)]
pub(super) struct Pool(Vec<Ratio>);

impl Pool {
    /// The last list of exactly four whole numbers in a problem: with nothing but spaces, commas and
    /// "and" between them, on one line.
    pub(super) fn of_problem(problem: &str) -> Option<Self> {
        let mut lists: Vec<Vec<Ratio>> = vec![Vec::new()];
        let mut rest = problem;
        while let Some(from) = rest.find(|c: char| c.is_ascii_digit()) {
            let (gap, number) = rest.split_at(from);
            let words = number.find(|c: char| !c.is_ascii_digit());
            let (digits, after) = number.split_at(words.unwrap_or(number.len()));
            let joins = !gap.contains(['\n', '\r'])
                && gap
                    .split([' ', ',', '\t'])
                    .all(|word| word.is_empty() || word == "and");
            if !joins || gap.is_empty() {
                lists.push(Vec::new());
            }
            // Numbers with a sign, a point or letters are none of the four.
            let whole = !gap.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '-'))
                && !after.starts_with(|c: char| c.is_alphabetic())
                && !after
                    .strip_prefix('.')
                    .is_some_and(|after| after.starts_with(|c: char| c.is_ascii_digit()));
            match digits.parse::<u32>() {
                Ok(n) if whole => {
                    if let Some(list) = lists.last_mut() {
                        list.push(Ratio::whole(n.into()));
                    }
                }
                _ => lists.extend([Vec::new(), Vec::new()]),
            }
            rest = after;
        }
        let last = lists.into_iter().rfind(|list| list.len() == NUMBERS);
        last.map(Self)
    }

    /// Whether all of it is 24.
    pub(super) fn is_target(&self) -> bool {
        self.0 == [TARGET]
    }

    /// Whether 24 can be made of it with `+ - * /`, each number once.
    pub(super) fn makes_target(&self) -> bool {
        makes(&self.0)
    }

    /// What is left when `operand` is taken out.
    pub(super) fn without(&self, operand: Operand) -> Option<Self> {
        let place = self.0.iter().position(|&held| operand.means(held))?;
        let mut left = self.0.clone();
        left.swap_remove(place);
        Some(Self(left))
    }

    /// What is left when all of `operands` are taken out.
    pub(super) fn without_all(&self, operands: &[Operand]) -> Option<Self> {
        let mut left = self.clone();
        for &operand in operands {
            left = left.without(operand)?;
        }
        Some(left)
    }

    /// Whether all of `operands` but one are held, and two of the others make that one in a step.
    pub(super) fn foresees(&self, operands: &[Operand]) -> bool {
        let mut left = self.clone();
        let mut missing = operands
            .iter()
            .filter(|&&operand| match left.without(operand) {
                Some(less) => {
                    left = less;
                    false
                }
                None => true,
            })
            .copied()
            .collect::<Vec<_>>()
            .into_iter();
        let (Some(missing), None) = (missing.next(), missing.next()) else {
            return false;
        };
        let pairs = left.0.iter().enumerate();
        let mut pairs = pairs.flat_map(|(k, &a)| left.0[..k].iter().map(move |&b| (a, b)));
        pairs.any(|(a, b)| {
            results(a, b)
                .into_iter()
                .flatten()
                .any(|made| missing.means(made))
        })
    }

    pub(super) fn push(&mut self, value: Ratio) {
        self.0.push(value);
    }

    /// Whether both hold the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let others: Vec<Operand> = other.0.iter().map(|&value| Operand::exact(value)).collect();
        self.holds_exactly(&others)
    }

    /// Whether it holds these and nothing else.
    pub(super) fn holds_exactly(&self, operands: &[Operand]) -> bool {
        self.0.len() == operands.len() && self.without_all(operands).is_some()
    }

    /// Whether it holds a fraction that is written with this number above the bar, or as exactly
    /// `value`.
    pub(super) fn has_fraction(&self, numerator: Ratio, value: Option<Ratio>) -> bool {
        self.0.iter().any(|&held| {
            !held.is_whole()
                && match value {
                    Some(value) => held == value,
                    None => held.divide(numerator).is_some_and(is_unit_fraction),
                }
        })
    }
}

fn is_unit_fraction(x: Ratio) -> bool {
    Ratio::whole(1).divide(x).is_some_and(Ratio::is_whole)
}

/// A number as it is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Operand {
    pub(super) value: Ratio,
    /// Digits after the point.
    pub(super) decimals: u32,
    /// Whether a minus stands before it, which may be its sign.
    pub(super) signed: bool,
}

impl Operand {
    pub(super) fn exact(value: Ratio) -> Self {
        Self {
            value,
            decimals: 0,
            signed: false,
        }
    }

    /// Whether it may stand for `exact`: the same, or what that is when cut or rounded to the
    /// decimals that are written.
    pub(super) fn means(self, exact: Ratio) -> bool {
        if self.value == exact || (self.signed && self.value.negative() == Some(exact)) {
            return true;
        }
        let off = || {
            let off = self.value.subtract(exact)?.absolute()?;
            Some(off.compare(Ratio::last_place(self.decimals)?))
        };
        self.decimals > 0 && !exact.is_whole() && off().is_some_and(std::cmp::Ordering::is_lt)
    }
}

/// What one operation makes of two numbers.
fn results(a: Ratio, b: Ratio) -> [Option<Ratio>; 6] {
    [
        a.add(b),
        a.multiply(b),
        a.subtract(b),
        b.subtract(a),
        a.divide(b),
        b.divide(a),
    ]
}

/// Whether 24 can be made of the numbers; what does not fit counts as no way.
fn makes(numbers: &[Ratio]) -> bool {
    if let [only] = numbers {
        return *only == TARGET;
    }
    for i in 0..numbers.len() {
        for j in 0..i {
            let others = (0..numbers.len()).filter(|&k| k != i && k != j);
            let mut next: Vec<Ratio> = others.map(|k| numbers[k]).collect();
            for result in results(numbers[i], numbers[j]).into_iter().flatten() {
                next.push(result);
                if makes(&next) {
                    return true;
                }
                next.pop();
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(numbers: &[i128]) -> Pool {
        Pool(numbers.iter().map(|&n| Ratio::whole(n)).collect())
    }

    #[test]
    fn the_four_numbers_are_found_in_the_problem() {
        for (problem, numbers) in [
            (
                "Use the numbers and operations (+ - * /) to obtain 24: 4 5 6 10",
                [4, 5, 6, 10],
            ),
            ("Input: 1 1 4 6", [1, 1, 4, 6]),
            ("Make 24 of [4, 5, 6, and 10].", [4, 5, 6, 10]),
            (
                "Using 4, 5, 6, 10 you get 24 in 1 2 3 steps, 1.5 times",
                [4, 5, 6, 10],
            ),
            (
                "Input: 4 4 6 8\n4 + 8 = 12 (left: 4 6 12)\nInput: 2 9 10 12\n",
                [2, 9, 10, 12],
            ),
        ] {
            let found = Pool::of_problem(problem).expect(problem);
            assert!(found.is_same(&pool(&numbers)), "{problem}: {found:?}");
        }
        for problem in [
            "",
            "4 5 6",
            "1 2 3 4 5",
            "1 2\n3 4",
            "1 2 3 4.5",
            "1 2 3 x4",
            "1 2 3 99999999999",
        ] {
            assert!(Pool::of_problem(problem).is_none(), "{problem}");
        }
    }

    #[test]
    fn what_makes_24_is_known() {
        for numbers in [
            &[24][..],
            &[4, 6],
            &[3, 8],
            &[1, 5, 5, 5],
            &[3, 3, 8, 8],
            &[1, 3, 4, 6],
            &[-24, -1],
        ] {
            assert!(pool(numbers).makes_target(), "{numbers:?}");
        }
        for numbers in [
            &[][..],
            &[23],
            &[5, 5],
            &[1, 1, 1, 1],
            &[0, 0, 7],
            &[1, 1, 1, 2],
        ] {
            assert!(!pool(numbers).makes_target(), "{numbers:?}");
        }
    }

    /// All values of expressions of the numbers in this order, by splitting: another route.
    fn values(numbers: &[Ratio]) -> Vec<Ratio> {
        if let [only] = numbers {
            return vec![*only];
        }
        let mut all = Vec::new();
        for split in 1..numbers.len() {
            let (left, right) = numbers.split_at(split);
            for &a in &values(left) {
                for &b in &values(right) {
                    let results = [a.add(b), a.subtract(b), a.multiply(b), a.divide(b)];
                    all.extend(results.into_iter().flatten());
                }
            }
        }
        all
    }

    #[test]
    fn the_search_agrees_with_all_orders_and_splits() {
        let mut bits = 7_u32;
        let mut solvable = 0;
        for _ in 0..12 {
            let numbers: Vec<i128> = (0..4)
                .map(|_| {
                    bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    i128::from(bits >> 24) % 13 + 1
                })
                .collect();
            let mut found = false;
            for a in 0..4 {
                for b in (0..4).filter(|&b| b != a) {
                    for c in (0..4).filter(|&c| c != a && c != b) {
                        let order = [a, b, c, 6 - a - b - c].map(|k| Ratio::whole(numbers[k]));
                        found |= values(&order).contains(&TARGET);
                    }
                }
            }
            assert_eq!(pool(&numbers).makes_target(), found, "{numbers:?}");
            solvable += usize::from(found);
        }
        assert!(
            (1..12).contains(&solvable),
            "both kinds must occur: {solvable}"
        );
    }

    #[test]
    fn a_number_one_step_away_is_foreseen() {
        let of = |numbers: &[i128]| -> Vec<Operand> {
            numbers
                .iter()
                .map(|&n| Operand::exact(Ratio::whole(n)))
                .collect()
        };
        for (held, operands, foreseen) in [
            (&[6, 8, 12][..], &[12, 2][..], true),
            (&[6, 8, 12], &[2, 12], true),
            (&[6, 8, 12], &[12, 3], false),
            (&[6, 12], &[6, 2], false),
            (&[6, 8, 12], &[2, 14], false),
            (&[6, 8, 12], &[6, 8], false),
        ] {
            assert_eq!(pool(held).foresees(&of(operands)), foreseen, "{operands:?}");
        }
    }

    #[test]
    fn written_numbers_stand_for_what_they_round() {
        let third = Ratio::new(8, 3).unwrap();
        let written = |value, decimals| Operand {
            decimals,
            ..Operand::exact(value)
        };
        assert!(written(Ratio::new(267, 100).unwrap(), 2).means(third));
        assert!(written(Ratio::new(266, 100).unwrap(), 2).means(third));
        assert!(!written(Ratio::new(268, 100).unwrap(), 2).means(third));
        assert!(!written(Ratio::whole(3), 0).means(third));
        assert!(!written(Ratio::new(39, 10).unwrap(), 1).means(Ratio::whole(4)));
    }
}
