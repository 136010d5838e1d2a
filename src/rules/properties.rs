//! What holds for every rule on any text.

use proptest::prelude::*;

use super::{Alarm, Detector, RULES, Reading, Rule, Setting, Settings};

/// The rule with its defaults, and with something for what has none.
fn detector(rule: &Rule) -> Box<dyn Detector> {
    let texts = |texts: &[&str]| {
        let texts = texts.iter().map(|&text| text.to_owned()).collect();
        Settings::from_iter([("patterns", Setting::Texts(texts))])
    };
    let settings = match rule.name {
        "literal" => texts(&["ß🙂", "= -", "####\n"]),
        "length-cap" => Settings::from_iter([("cap", Setting::Number(20.0))]),
        "regex" => texts(&[r"\bAI\b", r"(?i)answer:\s*-\d+$", "(?m)^#+ßß$", "🙂{2}|🙂a"]),
        _ => Settings::default(),
    };
    (rule.build)(&settings).expect("settings that go together")
}

fn detectors() -> impl Iterator<Item = (&'static str, Box<dyn Detector>)> {
    RULES.iter().map(|rule| (rule.name, detector(rule)))
}

/// Fragments that rules look at, and arbitrary characters.
fn text() -> impl Strategy<Value = String> {
    let fragments = vec![
        "####",
        "#",
        "Answer:",
        "\\boxed{",
        "}",
        "3",
        "48",
        "1,000",
        "2.5",
        "1e9",
        " = ",
        "=",
        " + ",
        "-",
        "*",
        "/",
        "%",
        "$",
        "<<",
        ">>",
        "(",
        ")",
        ".",
        ",",
        ":",
        " ",
        "\n",
        "\r\n",
        "**",
        "Step",
        "As an AI",
        " cannot be determined",
        "doesn’t make sense",
        "error in the",
        "  problem",
        "more \u{a0}information",
        "let me try\n",
        "again",
        "so",
        "ß",
        "ßß",
        "🙂",
        "a",
        "e\u{301}",
        "½",
        "?",
        "how many are there",
        "I'm sorry",
        "</s>",
        "<|im_start|>",
        "```",
        "~~~json",
        "所",
        "ответ",
        "(left: ",
        "<think>",
        "</think>",
        "\u{0}",
        "\u{ffff}",
    ];
    let fragment = prop_oneof![
        12 => prop::sample::select(fragments).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(fragment, 0..24).prop_map(|fragments| fragments.concat())
}

fn problem() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        Just(None),
        Just(Some("Use 3 48 1 2 to make 24.".to_owned())),
        Just(Some(
            "Ann has 48 eggs. How many are left of them if she sells 3?".to_owned()
        )),
        text().prop_map(Some),
    ]
}

/// The alarm when `pieces` come one after the other.
fn read<'p>(
    detector: &mut dyn Detector,
    problem: Option<&str>,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> Option<Alarm> {
    let mut reading = Reading::start(detector, problem);
    for piece in pieces {
        reading.push(piece);
    }
    reading.finish()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn how_a_text_is_cut_changes_no_alarm(
        problem in problem(),
        text in text(),
        noise in prop::collection::vec(any::<u8>(), 0..3),
        sizes in prop::collection::vec(1..7_usize, 1..9),
    ) {
        // What is no UTF-8 must not hang on the cuts either.
        let mut bytes = text.into_bytes();
        bytes.splice(bytes.len() / 2..bytes.len() / 2, noise);
        let mut pieces = Vec::new();
        let mut rest = bytes.as_slice();
        for &size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at(size.min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        for (name, mut detector) in detectors() {
            let whole = read(detector.as_mut(), problem.as_deref(), [bytes.as_slice()]);
            let cut = read(detector.as_mut(), problem.as_deref(), pieces.iter().copied());
            prop_assert_eq!(cut, whole, "{}", name);
        }
    }

    #[test]
    fn reading_a_text_means_reading_its_characters(
        problem in problem(),
        text in text(),
        sizes in prop::collection::vec(0..9_usize, 1..9),
    ) {
        for (name, mut detector) in detectors() {
            // One by one, by the very function whose shorthand is tested.
            let mut by_character = detector.start(problem.as_deref()).then_some(0);
            for (at, c) in text.char_indices() {
                if by_character.is_none() && detector.read(c) {
                    by_character = Some(at + c.len_utf8());
                }
            }
            let at_end = by_character.is_none() && detector.finish();
            // Single characters and longer pieces in turn.
            let mut by_text = detector.start(problem.as_deref()).then_some(0);
            let (mut read, mut rest) = (0, text.as_str());
            for &size in sizes.iter().cycle() {
                if by_text.is_some() || rest.is_empty() {
                    break;
                }
                let mut ends = rest.char_indices().map(|(at, c)| at + c.len_utf8());
                let end = ends.nth(size).unwrap_or(rest.len());
                by_text = match rest.chars().next() {
                    Some(c) if size == 0 => detector.read(c).then_some(read + end),
                    _ => detector.read_text(&rest[..end]).map(|n| read + n),
                };
                (read, rest) = (read + end, &rest[end..]);
            }
            prop_assert_eq!(by_text, by_character, "{}", name);
            prop_assert_eq!(by_text.is_none() && detector.finish(), at_end, "{}", name);
            let expected = by_character.map(Alarm::After).or(at_end.then_some(Alarm::AtEnd));
            let whole = Reading::whole(detector.as_mut(), problem.as_deref(), &text);
            prop_assert_eq!(whole, expected, "{}", name);
        }
    }

    #[test]
    fn an_alarm_stands_where_the_shortest_beginning_raises_it(
        problem in problem(),
        text in text(),
    ) {
        for (name, mut detector) in detectors() {
            let found = read(detector.as_mut(), problem.as_deref(), [text.as_bytes()]);
            let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
            let shortest = std::iter::once(0).chain(ends).find(|&n| {
                let mut reading = Reading::start(detector.as_mut(), problem.as_deref());
                reading.push(&text.as_bytes()[..n]);
                reading.alarm().is_some()
            });
            match (found, shortest) {
                (Some(Alarm::After(n)), Some(at)) => prop_assert_eq!(n, at, "{}", name),
                (None | Some(Alarm::AtEnd), None) => {}
                _ => prop_assert!(false, "{}: {:?} {:?}", name, found, shortest),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_unicode_is_read_the_same_at_once_and_by_characters(
        problem in any::<Option<String>>(),
        text in any::<String>(),
    ) {
        for (name, mut detector) in detectors() {
            let whole = read(detector.as_mut(), problem.as_deref(), [text.as_bytes()]);
            let mut found = detector.start(problem.as_deref()).then_some(Alarm::After(0));
            for (at, c) in text.char_indices() {
                if found.is_none() && detector.read(c) {
                    found = Some(Alarm::After(at + c.len_utf8()));
                }
            }
            if found.is_none() && detector.finish() {
                found = Some(Alarm::AtEnd);
            }
            prop_assert_eq!(found, whole, "{}", name);
        }
    }
}

#[test]
fn a_long_text_costs_no_rule_more_than_its_length() {
    let pieces = [
        "</s>",
        "<|",
        "aaaaaaaaaaaaaaab",
        "```\n",
        "####",
        "(1+1)",
        "所",
        "I'm ",
        "ab",
        "\n",
        "<think>",
        "\\frac{",
        "Answer ",
        "x = -\n",
        "{ = -\n",
        "the problem ",
        "so 1 + 1 ",
        "so \\(1 + 1 = 2\\) ",
        "so <<1+1=2>>2 ",
        "so 1 + 1 = 2 <<1+1=2>>2\n",
        "so $1 + 1 = 2$ 2 + 1 = 3\n",
        "12345 ",
    ];
    let problem = Some("Use 1 2 3 4 to make 24.");
    for (_, mut detector) in detectors() {
        for piece in pieces {
            // Reading this often what lies ahead would take minutes.
            let text = piece.repeat((1 << 21) / piece.len());
            read(detector.as_mut(), problem, [text.as_bytes()]);
            Reading::whole(detector.as_mut(), problem, &text);
        }
    }
}

#[test]
fn every_rule_alarms_at_some_text() {
    // Texts made up as above must not pass every rule by.
    let problem = "Ann has 48 eggs. How many are left of them if she sells 3 of them each day?";
    let texts = [
        "48 + 3 = 52 \n#### 52",
        "48 - 100 = -52 = -52\n#### -52\n",
        "48 * 1000000 = 48000000 eggs\n#### 48000000\n",
        "As an AI, I say 48 ß🙂\n#### 48\n",
        "48 - 3 = 45\n#### 45 eggs\n#### 44 eggs\n",
        "48 - 3 = 45\n#### 7\n",
        "1 * 2 = 2 (left: 2 3 4)\n2 * 7 = 14",
        "Not provided: so 45, 所以答案是 45.\n```\n<|im_start|> I'm sorry, but no.",
        &"and again, ".repeat(40),
    ];
    for (name, mut detector) in detectors() {
        let game = "Use 1 2 3 4 to make 24.";
        let alarms = [problem, game].iter().any(|problem| {
            let mut alarm = |text: &&str| read(detector.as_mut(), Some(problem), [text.as_bytes()]);
            texts.iter().any(|text| alarm(text).is_some())
        });
        let of_problem = Reading::start(detector.as_mut(), Some("x"))
            .alarm()
            .is_some();
        assert!(alarms || of_problem, "{name}");
    }
}
