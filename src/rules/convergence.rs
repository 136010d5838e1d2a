//! `convergence`: a complete solution without one final answer that its last steps arrive at.
//!
//! Speaks at the end of the solution alone, when it alarms if
//! - none of the `markers` occurs (default `####`, `Answer:` and `\boxed{`), or
//! - two markers announce different numbers (the same number again is fine; that there is no
//!   second marker is what `answer-marker` looks for), or
//! - the first announced number is none of the last `window` numbers before its marker (default 12).
//!   With `among = "results"` only numbers count that stand right of an equals sign and end there: the
//!   values computed. `window = 1` then asks that the answer be the last value computed.
//!
//! What a thought that ends with `</think>` announces does not count behind it; its numbers do.
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

use super::backwards::Backwards;
use super::heading::{Behind, Next};
use super::lexer::{Lexeme, Lexer, Symbol};
use super::marks::{Mark, Marks};
use super::ratio::Ratio;
use super::scope::marker_texts;
use super::{Alarm, Detector, Kind, MARKERS, Rule, Settings, optional};

pub(super) const RULE: Rule = Rule {
    name: "convergence",
    meaning: "a complete solution without a final answer, with several, or with one that its last \
              steps do not arrive at",
    parameters: &[
        MARKERS,
        optional(
            "window",
            "last numbers before the marker that the answer may be; default 12",
            Kind::Count,
        ),
        optional(
            "among",
            "numbers that count: all, or results of equations; default numbers",
            Kind::OneOf(&["numbers", "results"]),
        ),
    ],
    build,
};

/// Numbers before the marker that the answer may be, unless a policy says otherwise.
const WINDOW: usize = 12;

fn build(settings: &Settings) -> Result<Box<dyn Detector>, String> {
    let window = settings.whole("window", WINDOW, 1..=10_000)?;
    Ok(Box::new(Convergence {
        lexer: Lexer::default(),
        lexemes: Vec::new(),
        marks: Marks::new(&marker_texts(settings)),
        backwards: Backwards::default(),
        behind: None,
        state: State {
            window,
            results: settings.name("among") == Some("results"),
            ..State::default()
        },
    }))
}

struct Convergence {
    lexer: Lexer,
    /// What the last character has ended.
    lexemes: Vec<Lexeme>,
    marks: Marks,
    backwards: Backwards,
    /// What stands behind the last marker, until that is known to be a heading or not.
    behind: Option<Behind>,
    state: State,
}

/// What a solution has said so far.
#[derive(Default)]
struct State {
    /// Numbers that the answer may be.
    window: usize,
    /// Whether only results count.
    results: bool,
    /// The last numbers that count.
    steps: VecDeque<Ratio>,
    /// Whether the next number stands right of an equals sign.
    equated: bool,
    /// A number right of an equals sign, which is a result unless a formula goes on with it.
    result: Option<Ratio>,
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
    /// Whether a per cent sign stands behind the first one.
    percent: bool,
}

impl Answers {
    /// Whether the first number is one of `steps`, from the last one back, or there are none.
    fn arrives(&self, steps: impl Iterator<Item = Ratio>) -> bool {
        let Some(first) = self.first else {
            return false;
        };
        let hundredth = || first.divide(Ratio::whole(100));
        let hundredths = self.percent.then(hundredth).flatten();
        let mut steps = steps.peekable();
        steps.peek().is_none() || steps.any(|step| step == first || Some(step) == hundredths)
    }
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
        if self.results {
            self.equate(lexeme);
        } else if let Symbol::Number(number) = &lexeme.symbol
            && let Some(value) = number.value()
        {
            self.count(value);
        }
    }

    /// Looks for results of equations.
    fn equate(&mut self, lexeme: &Lexeme) {
        if let Some(result) = self.result.take()
            && !matches!(
                lexeme.symbol,
                Symbol::Plus
                    | Symbol::Minus
                    | Symbol::Times
                    | Symbol::Over
                    | Symbol::Power
                    | Symbol::Fraction
            )
        {
            self.count(result);
        }
        match &lexeme.symbol {
            Symbol::Equals | Symbol::Relation | Symbol::AnnotationClose => self.equated = true,
            Symbol::Number(number) if self.equated => {
                self.result = number.value();
                self.equated = false;
            }
            Symbol::Currency | Symbol::Minus | Symbol::Stars => {}
            _ => self.equated = false,
        }
    }

    fn count(&mut self, value: Ratio) {
        if self.steps.len() == self.window {
            self.steps.pop_front();
        }
        self.steps.push_back(value);
    }

    /// Forgets all: a new solution begins.
    fn restart(&mut self) {
        *self = Self {
            window: self.window,
            results: self.results,
            ..Self::default()
        };
    }

    /// A thought ends: what it announced is no answer.
    fn forget_answers(&mut self) {
        *self = Self {
            window: self.window,
            results: self.results,
            steps: std::mem::take(&mut self.steps),
            ..Self::default()
        };
    }

    fn announce(&mut self, number: Ratio, percent: bool) {
        let answers = &mut self.answers;
        if let Some(first) = answers.first {
            answers.several |= first != number;
            return;
        }
        (answers.first, answers.percent) = (Some(number), percent);
        answers.arrived = answers.arrives(self.steps.iter().rev().copied());
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
        if let Some(result) = self.result.take() {
            self.count(result);
        }
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

    /// Reads the next character: the mark that ends with it.
    fn read_on(&mut self, c: char) -> Option<Mark> {
        self.lexer.read(c, &mut self.lexemes);
        let mark = self.marks.read(c);
        self.take();
        match mark {
            Some(Mark::ThoughtEnd) => {
                self.state.forget_answers();
                self.behind = None;
            }
            Some(Mark::Marker(_)) => {
                // A number right before the marker has ended; the marker itself is no step.
                self.lexer.restart();
                self.state.mark();
                self.behind = Some(Behind::Nothing);
            }
            None => match self.behind.take().map(|behind| behind.read(c)) {
                Some(Next::Open(behind)) => self.behind = Some(behind),
                Some(Next::Heading) => self.state.retract(),
                Some(Next::Counts | Next::CountsNot) | None => {}
            },
        }
        mark
    }

    /// Reads on, of `text` from `at` on, behind the first marker and each further one, as far as
    /// something is announced. `None` unless the first one announces a number, since the steps of
    /// later ones would matter; nor where a thought ends, which takes back what it announces.
    fn read_answers(&mut self, text: &str, mut at: usize) -> Option<()> {
        self.state.mark();
        self.behind = Some(Behind::Nothing);
        while at < text.len() {
            if self.behind.is_none() && matches!(self.state.place, Place::Steps) {
                self.state.answers.first?;
                at += self.marks.idle(&text.as_bytes()[at..]);
            }
            let Some(c) = text[at..].chars().next() else {
                break;
            };
            at += c.len_utf8();
            match self.read_on(c) {
                Some(Mark::Marker(_)) => self.state.answers.first.map(drop)?,
                Some(Mark::ThoughtEnd) => return None,
                None => {}
            }
        }
        self.lexer.finish(&mut self.lexemes);
        self.take();
        self.state.settle();
        self.state.answers.first.map(drop)
    }
}

impl Detector for Convergence {
    fn start(&mut self, _: Option<&str>) -> bool {
        self.lexer.restart();
        self.lexemes.clear();
        self.marks.restart();
        self.behind = None;
        self.state.restart();
        false
    }

    fn read(&mut self, c: char) -> bool {
        self.read_on(c);
        false
    }

    fn finish(&mut self) -> bool {
        self.lexer.finish(&mut self.lexemes);
        self.take();
        self.state.diverges()
    }

    fn read_all(&mut self, text: &str) -> Option<Alarm> {
        let Some((mark, end)) = self.marks.read_to_first(text) else {
            return Some(Alarm::AtEnd);
        };
        // What a thought announces is forgotten, and what is a result is seen from the left alone.
        let plain = !self.state.results && mark != Mark::ThoughtEnd;
        if !plain || self.read_answers(text, end).is_none() {
            self.start(None);
            text.chars().for_each(|c| {
                self.read_on(c);
            });
            return self.finish().then_some(Alarm::AtEnd);
        }
        let steps = self.backwards.numbers(&text[..end], self.state.window);
        let answers = &mut self.state.answers;
        answers.arrived = answers.arrives(steps);
        self.state.diverges().then_some(Alarm::AtEnd)
    }
}

#[cfg(test)]
mod tests {
    use super::super::probe::{arithmetic, check, check_causality, detector, long_texts};
    use super::super::{Reading, Setting};
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
    fn the_answer_may_have_to_be_the_last_value_computed() {
        let settings = [
            ("window", Setting::Number(1.0)),
            ("among", Setting::Name("results")),
        ];
        let mut detector = (RULE.build)(&settings.into_iter().collect()).expect("a detector");
        let end = Some(Alarm::AtEnd);
        for (solution, found) in [
            ("3*4=12 and 12-5=7, of 20 eggs.\n#### 7", None),
            ("3*4=12 and 12-5=7, of 20 eggs.\n#### 20", end),
            ("3*4=12 and 12-5=7.\n#### 12", end),
            ("12-5 = 4+3 = 7\n#### 7", None),
            ("12-5 = 3+4\n#### 4", None),
            ("48/2 = <<48/2=24>>24 clips\n#### 24", None),
            ("It costs 3*4 = $12.\nAnswer: $12.00", None),
            ("3*4=12#### 12", None),
            ("There are 7.\n#### 8", None),
            ("<think>3*4=12\n#### 5</think>\n#### 12", None),
            ("<think>3*4=12\n#### 12</think>\n12", end),
        ] {
            for _ in 0..2 {
                let mut reading = Reading::start(&mut *detector, None);
                reading.push(solution.as_bytes());
                assert_eq!(reading.finish(), found, "{solution}");
            }
        }
        for x in [0.0, 1e9] {
            let settings = [("window", Setting::Number(x))];
            assert!((RULE.build)(&settings.into_iter().collect()).is_err());
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
