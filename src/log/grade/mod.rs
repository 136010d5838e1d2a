//! Labels from the right answer: is the number that a solution arrives at the one in `gold`?
//!
//! Numbers are compared exactly, as fractions of whole numbers; there is no tolerance. Where either
//! cannot be read as one number, nothing is said: a wrong label is worse than none.

mod answer;
mod exact;

use super::Record;
use answer::{Number, Reading};

/// What a grader did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GradeCounts {
    /// Records that got a label: right.
    pub right: u64,
    /// Records that got a label: wrong.
    pub wrong: u64,
    /// Records that have a label of their own, which stays.
    pub labelled: u64,
    /// Of these, the ones that the comparison contradicts.
    pub contradicted: u64,
    /// Records without `gold`.
    pub without_gold: u64,
    /// Records whose `gold` is not one number.
    pub gold_unread: u64,
    /// Records that mark no answer.
    pub without_answer: u64,
    /// Records whose answer is not one number.
    pub answer_unread: u64,
}

/// Labels records that have none.
#[derive(Debug, Default)]
pub struct Grader {
    counts: GradeCounts,
}

/// What grading came to for one record.
#[derive(Debug, Clone, Copy)]
pub struct Graded {
    grade: Grade,
    /// The label that it had.
    label: Option<bool>,
}

/// What a comparison can say.
#[derive(Debug, Clone, Copy)]
enum Grade {
    Right,
    Wrong,
    WithoutGold,
    GoldUnread,
    WithoutAnswer,
    AnswerUnread,
}

/// Sets `correct` where it is not given and the comparison can tell.
pub fn grade(record: &mut Record) -> Graded {
    let (grade, label) = (compared(record), record.correct);
    record.correct = label.or(match grade {
        Grade::Right => Some(true),
        Grade::Wrong => Some(false),
        _ => None,
    });
    Graded { grade, label }
}

fn compared(record: &Record) -> Grade {
    let Some(gold) = &record.gold else {
        return Grade::WithoutGold;
    };
    let gold = match answer::of_solution(gold) {
        Reading::Number(number) => number,
        Reading::Unread => return Grade::GoldUnread,
        // The right answer may stand there without any marker.
        Reading::Absent => match answer::number(gold) {
            Some(number) => number,
            None => return Grade::GoldUnread,
        },
    };
    match answer::of_solution(&record.solution) {
        Reading::Number(number) if number.equals(&gold) => Grade::Right,
        Reading::Number(_) => Grade::Wrong,
        Reading::Unread => Grade::AnswerUnread,
        Reading::Absent => Grade::WithoutAnswer,
    }
}

impl Grader {
    /// Sets `correct` where it is not given and the comparison can tell.
    pub fn grade(&mut self, record: &mut Record) {
        let graded = grade(record);
        self.count(graded);
    }

    /// Counts a record that was graded elsewhere.
    pub fn count(&mut self, Graded { grade, label }: Graded) {
        let counts = &mut self.counts;
        if let Some(correct) = label {
            counts.labelled += 1;
            let contradicts = match grade {
                Grade::Right => !correct,
                Grade::Wrong => correct,
                _ => false,
            };
            counts.contradicted += u64::from(contradicts);
            return;
        }
        match grade {
            Grade::Right => counts.right += 1,
            Grade::Wrong => counts.wrong += 1,
            Grade::WithoutGold => counts.without_gold += 1,
            Grade::GoldUnread => counts.gold_unread += 1,
            Grade::WithoutAnswer => counts.without_answer += 1,
            Grade::AnswerUnread => counts.answer_unread += 1,
        }
    }

    /// What was done so far.
    pub fn counts(&self) -> GradeCounts {
        self.counts
    }

    /// What was done so far, one sentence each.
    pub fn remarks(&self) -> Vec<String> {
        let c = self.counts;
        let mut remarks = vec![format!(
            "labels by exact numeric comparison with `gold`: {} right, {} wrong",
            c.right, c.wrong
        )];
        let unknown = [
            (c.without_gold, "without gold"),
            (c.gold_unread, "gold is not one number"),
            (c.without_answer, "no answer is marked"),
            (c.answer_unread, "the answer is not one number"),
        ];
        let total: u64 = unknown.iter().map(|(count, _)| count).sum();
        if total > 0 {
            let listed = unknown.iter().filter(|(count, _)| *count > 0);
            let listed: Vec<String> = listed.map(|(n, why)| format!("{why}: {n}")).collect();
            remarks.push(format!(
                "{total} records could not be graded and stay without a label ({}): what follows \
                 from labels is about the others, which may differ",
                listed.join(", ")
            ));
        }
        if c.labelled > 0 {
            remarks.push(format!(
                "{} records have a label of their own, which stays; the comparison contradicts {}",
                c.labelled, c.contradicted
            ));
        }
        remarks
    }
}

impl Number {
    /// Whether two answers are the same number. A per-cent sign on one side alone may mean a
    /// hundredth or be a unit.
    fn equals(&self, other: &Self) -> bool {
        self.value == other.value
            || (self.percent != other.percent && self.of_one() == other.of_one())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graded(gold: &str, solution: &str) -> Option<bool> {
        let mut record = Record {
            gold: Some(gold.to_owned()),
            solution: solution.to_owned(),
            ..Record::default()
        };
        Grader::default().grade(&mut record);
        record.correct
    }

    #[test]
    fn equal_numbers_are_right_however_they_are_written() {
        for (gold, solution) in [
            ("18", "…\n#### 18"),
            ("18", "#### $18.00"),
            ("1,234", "The answer is 1234."),
            ("1234.5", "\\boxed{1{,}234.50}"),
            ("Tom has 3 left.\n#### 3", "Answer: **3 apples**"),
            ("1/2", "\\boxed{\\frac{1}{2}}"),
            ("0.5", "\\boxed{\\dfrac12}"),
            ("50%", "#### 0.5"),
            ("50", "#### 50%"),
            ("0.5", "#### 50 percent"),
            ("\\$3.50", "\\boxed{\\$3.5}"),
            ("1.5", "Answer: 1 1/2"),
            ("7/2", "\\boxed{3\\frac{1}{2}}"),
            ("-4", "\\boxed{x = -4}"),
            ("3000", "\\boxed{3 \\times 10^3}"),
            ("0.002", "\\boxed{2 \\cdot 10^{-3}}"),
            ("12", "\\boxed{12\\text{ cm}^2}"),
            ("3000", "#### 3 \\times 10^3}"),
            ("30", "\\boxed{30^\\circ}"),
            ("5", "\\boxed{1} no, wait. \\boxed{5}"),
            (
                "42",
                "The final answer is $\\boxed{42}$. I hope it is correct.",
            ),
            ("0.1", "#### 1/10"),
            ("72.0", "#### 72"),
        ] {
            assert_eq!(graded(gold, solution), Some(true), "{gold} | {solution}");
        }
    }

    #[test]
    fn other_numbers_are_wrong_and_there_is_no_tolerance() {
        for (gold, solution) in [
            ("18", "#### 19"),
            ("0.3333333333", "\\boxed{1/3}"),
            ("1", "#### 0.9999999999999999999999"),
            ("50%", "#### 5"),
            ("4", "#### -4"),
            (
                "123456789012345678901234567890",
                "#### 123456789012345678901234567891",
            ),
        ] {
            assert_eq!(graded(gold, solution), Some(false), "{gold} | {solution}");
        }
    }

    #[test]
    fn what_cannot_be_told_stays_unknown() {
        for (gold, solution) in [
            ("18", "It is eighteen."),
            ("18", "\\boxed{x+1}"),
            ("18", "\\boxed{18 \\text{ or } 19}"),
            ("18", "\\boxed{(1, 18)}"),
            ("18", "#### 2x"),
            ("18", "#### 18 x"),
            ("18", "#### 18 - x"),
            ("18", "#### 18-20"),
            ("18", "#### 18!"),
            ("18", "#### H2O"),
            ("18", "#### 10:30"),
            ("18", "\\boxed{\\sqrt{18}}"),
            ("x+1", "#### 18"),
            ("east", "#### 18"),
            ("18", "#### 1,23"),
            ("18", "#### 18/0"),
            ("18", "\\boxed{18"),
            ("18", ""),
            ("1", &format!("#### {}", "9".repeat(60))),
        ] {
            assert_eq!(graded(gold, solution), None, "{gold} | {solution}");
        }
    }

    /// Words that make another number of the one beside them, or no single number at all. The control:
    /// words that do not.
    #[test]
    fn a_word_that_changes_a_number_leaves_it_unknown() {
        for word in [
            "or 19",
            "and 19",
            "to 20",
            "times 2",
            "plus 1",
            "minus 1",
            "not",
            "x",
            "y",
            "z",
            "n",
            "hundred",
            "Thousand",
            "million",
            "billions",
            "trillion",
            "dozen",
            "dozens",
            "half",
            "third",
            "quarter",
            "double",
            "twice",
            "triple",
            "squared",
            "cubed",
            "negative",
            "less",
            "more",
            "over 2",
            "more than that",
            "cent",
            "cents",
        ] {
            let solution = format!("#### 18 {word}");
            assert_eq!(graded("18", &solution), None, "{solution}");
        }
        for word in [
            "apples",
            "dollars",
            "organs",
            "thousandths",
            "tons",
            "centres",
        ] {
            let solution = format!("#### 18 {word}");
            assert_eq!(graded("18", &solution), Some(true), "{solution}");
        }
    }

    #[test]
    fn labels_that_are_there_stay_and_are_compared() {
        let mut grader = Grader::default();
        for (correct, solution) in [(Some(false), "#### 3"), (Some(true), "#### 3"), (None, "?")] {
            let mut record = Record {
                gold: Some("3".to_owned()),
                correct,
                solution: solution.to_owned(),
                ..Record::default()
            };
            grader.grade(&mut record);
            assert_eq!(record.correct, correct);
        }
        let counts = grader.counts();
        assert_eq!((counts.labelled, counts.contradicted), (2, 1));
        assert_eq!(counts.without_answer, 1);
        assert_eq!(grader.remarks().len(), 3);
    }
}
