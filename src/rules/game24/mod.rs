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
//! Only lines of steps and answers are judged; in a line with words that do not belong there
//! (`because 4 * 6 = 24`) what follows the word may reach 24, but raises no alarm. What is asked (`= 24?`)
//! passes. Silent where the problem names no four numbers or they cannot make 24, and, at the end,
//! where something was not readable. All alarms are final.
//!
//! What fools it: solutions that search aloud and take back dead ends are rejected at the first
//! one, and answers in a form that is not read (powers, fractions of LaTeX) are missed.

mod expression;
mod game;
mod pool;

use self::game::{Game, JUDGED};
use self::pool::Pool;
use super::lexer::{Lexeme, Lexer};
use super::of_problem::OfProblem;
use super::scope::markers;
use super::texts::Texts;
use super::{Detector, MARKERS, Rule, Settings};

pub(super) const RULE: Rule = Rule {
    name: "game24",
    meaning: "a step of the Game of 24 that cannot lead to a solution",
    parameters: &[MARKERS],
    build,
};

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
