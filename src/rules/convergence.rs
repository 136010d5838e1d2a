//! `convergence`: a complete solution without one final answer that its last steps arrive at.
//!
//! Speaks at the end of the solution alone, when it alarms if
//! - none of the `markers` occurs (default `####`, `Answer:` and `\boxed{`), or
//! - two markers announce different numbers (the same number again is fine; that there is no
//!   second marker is what `answer-marker` looks for), or
//! - the first announced number is none of the last [`STEPS`] numbers before its marker.
//!
//! Numbers are compared by their exact sizes, without sign and unit; a per cent (`25%`) may also be
//! meant as hundredths. A heading with a number (`#### 2. Find the cost`) announces nothing, as for
//! `answer-marker`. Of an answer that is no single number – words, a letter, a fraction, a formula –
//! only the presence is checked, and so it is where no number stands before the marker.
//!
//! Fooled by a last step that is left out or in words ("so four remain"), by answers that are only
//! rounded or converted on the last line (a per cent without its sign, cents), and by `\boxed{}` around intermediate results: false
//! alarms. An answer that is wrong all along converges, `#### ` may be a headline, and what looks
//! like a heading (`Answer: 13. So`) is not checked: misses.

use std::collections::VecDeque;

use super::heading::{Behind, Next};
use super::lexer::{Lexeme, Lexer, Symbol};
use super::ratio::Ratio;
use super::scope::markers;
use super::texts::Texts;
use super::{Detector, MARKERS, Rule, Settings};

pub(super) const RULE: Rule = Rule {
    name: "convergence",
    meaning: "a complete solution without a final answer, with several, or with one that its last \
              steps do not arrive at",
    parameters: &[MARKERS],
    build,
};

/// Numbers before the marker that the answer may be.
const STEPS: usize = 12;

#[expect(clippy::unnecessary_wraps, reason = "the signature of every rule")]
fn build(settings: &Settings) -> Result<Box<dyn Detector>, String> {
    Ok(Box::new(Convergence {
        lexer: Lexer::default(),
        lexemes: Vec::new(),
        markers: markers(settings),
        behind: None,
        state: State::default(),
    }))
}

struct Convergence {
    lexer: Lexer,
    /// What the last character has ended.
    lexemes: Vec<Lexeme>,
    markers: Texts,
    /// What stands behind the last marker, until that is known to be a heading or not.
    behind: Option<Behind>,
    state: State,
}

/// What a solution has said so far.
#[derive(Default)]
struct State {
    /// The last numbers.
    steps: VecDeque<Ratio>,
    marked: bool,
    place: Place,
    answers: Answers,
    /// The answers before the last marker, which may begin a heading.
    before: Answers,
}

/// What has been announced.
#[derive(Default, Clone, Copy)]
struct Answers {
    /// The first announced number.
    first: Option<Ratio>,
    /// Whether that was among the numbers before it, or there were none.
    arrived: bool,
    /// Whether another number was announced later.
    several: bool,
}

/// Where the next symbol stands.
#[derive(Default, Clone, Copy)]
enum Place {
    #[default]
    Steps,
    /// Behind a marker.
    Answer,
    /// Behind a number behind a marker, which is the answer unless a formula goes on with it.
    Announced(Ratio),
}

impl State {
    fn read(&mut self, lexeme: &Lexeme) {
        match self.place {
            Place::Answer => match &lexeme.symbol {
                Symbol::Number(number) => {
                    self.place = number.value().map_or(Place::Steps, Place::Announced);
                    return;
                }
                Symbol::Minus
                | Symbol::Currency
                | Symbol::Open
                | Symbol::Stars
                | Symbol::Newline => return,
                _ => self.place = Place::Steps,
            },
            Place::Announced(number) => {
                self.place = Place::Steps;
                if !goes_on(lexeme) {
                    self.announce(number, is_percent(lexeme));
                }
            }
            Place::Steps => {}
        }
        if let Symbol::Number(number) = &lexeme.symbol
            && let Some(value) = number.value()
        {
            if self.steps.len() == STEPS {
                self.steps.pop_front();
            }
            self.steps.push_back(value);
        }
    }

    fn announce(&mut self, number: Ratio, percent: bool) {
        let answers = &mut self.answers;
        if let Some(first) = answers.first {
            answers.several |= first != number;
            return;
        }
        let hundredths = || number.divide(Ratio::whole(100));
        answers.first = Some(number);
        answers.arrived = self.steps.is_empty()
            || self.steps.contains(&number)
            || (percent && hundredths().is_some_and(|number| self.steps.contains(&number)));
    }

    /// Announces the number that nothing followed.
    fn settle(&mut self) {
        if let Place::Announced(number) = self.place {
            self.announce(number, false);
        }
        self.place = Place::Steps;
    }

    fn mark(&mut self) {
        self.settle();
        self.marked = true;
        self.before = self.answers;
        self.place = Place::Answer;
    }

    /// The last marker begins a heading, and its number is none that was announced.
    fn retract(&mut self) {
        self.answers = self.before;
        self.place = Place::Steps;
    }

    fn diverges(&mut self) -> bool {
        self.settle();
        let answers = &self.answers;
        !self.marked || answers.several || (answers.first.is_some() && !answers.arrived)
    }
}

fn is_percent(lexeme: &Lexeme) -> bool {
    match &lexeme.symbol {
        Symbol::Percent => true,
        Symbol::Word(word) => word == "percent",
        _ => false,
    }
}

/// Whether a number with this behind it is only the beginning of a formula.
fn goes_on(lexeme: &Lexeme) -> bool {
    match &lexeme.symbol {
        Symbol::Plus
        | Symbol::Minus
        | Symbol::Times
        | Symbol::Over
        | Symbol::Power
        | Symbol::Fraction
        | Symbol::Equals
        | Symbol::Comma
        | Symbol::Number(_)
        | Symbol::Open => true,
        Symbol::Word(word) => !lexeme.spaced || word.starts_with('\\'),
        _ => false,
    }
}

impl Convergence {
    fn take(&mut self) {
        for lexeme in self.lexemes.drain(..) {
            self.state.read(&lexeme);
        }
    }
}

impl Detector for Convergence {
    fn start(&mut self, _: Option<&str>) -> bool {
        self.lexer.restart();
        self.lexemes.clear();
        self.markers.restart();
        self.behind = None;
        self.state = State::default();
        false
    }

    fn read(&mut self, c: char) -> bool {
        self.lexer.read(c, &mut self.lexemes);
        if self.markers.read(c) {
            // A number right before the marker has ended; the marker itself is no step.
            self.take();
            self.lexer.restart();
            self.state.mark();
            self.behind = Some(Behind::Nothing);
            return false;
        }
        self.take();
        if let Some(behind) = self.behind.take() {
            match behind.read(c) {
                Next::Open(behind) => self.behind = Some(behind),
                Next::Heading => self.state.retract(),
                Next::Counts | Next::CountsNot => {}
            }
        }
        false
    }

    fn finish(&mut self) -> bool {
        self.lexer.finish(&mut self.lexemes);
        self.take();
        self.state.diverges()
    }
}

#[cfg(test)]
mod tests {
    use super::super::probe::{arithmetic, check, check_causality, detector, long_texts};
    use super::super::{Alarm, Reading, Setting};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn solutions_that_do_not_arrive_at_their_answer_alarm_at_the_end() {
        let solutions = [
            // No answer.
            "‖",
            "She has 3*4=12 eggs.‖",
            // Not what the steps arrive at.
            "She has 3*4=12 eggs.\n#### 13‖",
            "She has 3*4=12 eggs.\nAnswer: $13.00‖",
            "She has 3*4=12 eggs, so \\boxed{13}.‖",
            // Two answers.
            "She has 3*4=12 eggs.\n#### 12\n#### 3‖",
            "So \\boxed{12}. No: 12+1=13. Answer: 13‖",
            // Hundredths, but no per cent.
            "She has 48-30=18.\n#### 1800‖",
            // Behind a heading.
            "#### 1. Cost\n3*4=12\n#### 13‖",
            // What fools it: converted, to per cent and to cents.
            "It is 0.25 of them.\nAnswer: 25‖",
            "They cost $0.84.\n#### 84‖",
            // Too long ago.
            "She has 7 eggs. 1 2 3 4 5 6 8 9 10 11 12 13\n#### 7‖",
        ];
        check(&RULE, None, &solutions);
    }

    #[test]
    fn solutions_that_arrive_pass() {
        let solutions = [
            "She has 3*4=12 eggs.\n#### 12",
            "She has 3*4=12 eggs.\n#### $12.00\n",
            "She has 3*4=12 eggs.\nAnswer: **12 eggs**.",
            "They cost $1,200.\nAnswer:\n1200",
            "So \\boxed{12} since 3*4=12. Answer: 12",
            "She has 3*4=12 eggs.\nFinal Answer: \\boxed{12}",
            "It falls by 4.\n#### -4",
            "It is 0.25 of them.\n#### 25%",
            "It is 0.25 of them.\nAnswer: 25 percent",
            "#### 1. Cost\n3*4=12\n#### 2. Sum\n12+1=13\n#### 13",
            "#### 1) Cost\n3*4=12\n#### 2: Sum\n12+1=13\n#### 13",
            "7 eggs. 1 2 3 4 5 6 8 9 10 11 12\n#### 7",
            // Only the presence of these is checked.
            "#### 7",
            "It is 5.\nAnswer: C",
            "It is 5.\nAnswer: about 6",
            "It is 5.\nAnswer: 3/4",
            "It is 5.\nAnswer: 3:45",
            "It is 5, so \\boxed{3\\sqrt{2}} or \\boxed{2x} or \\boxed{\\frac{1}{2}}",
            // Misses.
            "She has 3*4=11 eggs.\n#### 11",
            "#### Step 1\nShe has 3*4=12 eggs.",
            "#### 1. Cost\nShe has 3*4=12 eggs.",
            "She has 3*4=12 eggs.\nAnswer: 13. So",
        ];
        check(&RULE, None, &solutions);
    }

    #[test]
    fn the_markers_can_be_set() {
        let markers = Setting::Texts(vec!["A:".to_owned(), "so".to_owned()]);
        let settings = Settings::from_iter([("markers", markers)]);
        let mut detector = (RULE.build)(&settings).expect("a detector");
        for (solution, found) in [
            ("It is 4.\nA: 4", None),
            ("It is 4, so 4", None),
            ("It is 4, so 5", Some(Alarm::AtEnd)),
            ("It is 4.\n#### 4", Some(Alarm::AtEnd)),
        ] {
            let mut reading = Reading::start(&mut *detector, None);
            reading.push(solution.as_bytes());
            assert_eq!(reading.finish(), found, "{solution}");
        }
    }

    #[test]
    fn a_long_text_costs_no_more_than_its_length() {
        let mut detector = detector(&RULE, &[]);
        for text in long_texts(1 << 20) {
            let mut reading = Reading::start(&mut *detector, None);
            reading.push(text.as_bytes());
            assert_eq!(reading.alarm(), None);
            assert_eq!(reading.finish(), Some(Alarm::AtEnd), "{}", &text[..6]);
        }
    }

    proptest! {
        #[test]
        fn an_alarm_depends_on_what_is_before_it_alone(text in arithmetic(), more in arithmetic()) {
            check_causality(&RULE, &text, &more);
        }
    }
}
