//! What the tests of the rules share.

use proptest::prelude::*;

use super::{Alarm, Detector, Reading, Rule, Setting, Settings};

/// A detector of the rule with these numbers for its parameters.
pub(super) fn detector(rule: &Rule, numbers: &[(&'static str, f64)]) -> Box<dyn Detector> {
    let settings: Settings = numbers
        .iter()
        .map(|&(name, x)| (name, Setting::Number(x)))
        .collect();
    (rule.build)(&settings).expect("settings that go together")
}

/// The alarm on a solution.
pub(super) fn alarm(rule: &Rule, problem: Option<&str>, solution: &str) -> Option<Alarm> {
    let mut detector = detector(rule, &[]);
    let mut reading = Reading::start(&mut *detector, problem);
    reading.push(solution.as_bytes());
    reading.finish()
}

/// Checks solutions in which `¦` stands where the alarm comes and `‖` at the end means that it
/// comes there; a solution with neither has none.
pub(super) fn check(rule: &Rule, problem: Option<&str>, marked: &[&str]) {
    let mut wrong = Vec::new();
    for solution in marked {
        let expected = match (solution.find('¦'), solution.strip_suffix('‖')) {
            (Some(place), _) => Some(Alarm::After(place)),
            (None, Some(_)) => Some(Alarm::AtEnd),
            (None, None) => None,
        };
        let found = alarm(rule, problem, &solution.replace(['¦', '‖'], ""));
        if found != expected {
            wrong.push(format!("{solution:?}: {found:?} and not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Texts that are full of what the rules look for.
pub(super) fn arithmetic() -> impl Strategy<Value = String> {
    let pieces = [
        "1",
        "2",
        "7",
        "10",
        "0.5",
        "3.33",
        "1,000",
        "3:4",
        "%",
        "$",
        "+",
        "-",
        "*",
        "/",
        "=",
        " = ",
        "(",
        ")",
        " ",
        "\n",
        ". ",
        ", ",
        "x",
        " x ",
        " eggs ",
        " of ",
        " and ",
        " hours ",
        " so ",
        " half ",
        "<<",
        ">>",
        "**",
        "^",
        "{",
        "}",
        "\\frac{1}{2}",
        "\\text{",
        "\\boxed{",
        "\\",
        "#### ",
        "Answer: ",
        "−",
        "×",
        "≈",
        "é",
        "½",
        "…",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..40)
        .prop_map(|pieces| pieces.concat())
}

/// Checks that the alarm on `text` is the alarm on its beginning up to there, and on `text` with
/// `more` behind it.
pub(super) fn check_causality(rule: &Rule, text: &str, more: &str) {
    let problem = Some("Ann has 10 eggs. How many are left?");
    let mut detector = detector(rule, &[]);
    let mut push = |text: &str| {
        let mut reading = Reading::start(&mut *detector, problem);
        reading.push(text.as_bytes());
        (reading.alarm(), reading.finish())
    };
    let longer = push(&format!("{text}{more}")).0;
    let (alarm, finished) = push(text);
    match alarm {
        Some(Alarm::After(place)) => {
            assert_eq!(longer, alarm);
            assert_eq!(finished, alarm);
            assert_eq!(push(&text[..place]).0, alarm);
        }
        _ => assert!(longer.is_none_or(|later| later > Alarm::After(text.len()))),
    }
}

/// Texts of `length` characters or so whose reading must cost neither time nor stack beyond their
/// length.
pub(super) fn long_texts(length: usize) -> impl Iterator<Item = String> {
    [
        "1+", "(", "9", "9,", "=1", "{", "a", "-", "\\frac{", "<<", "1/3+", "2^", "\\", "7 7 ",
    ]
    .into_iter()
    .map(move |piece| piece.repeat(length / piece.len()))
}
