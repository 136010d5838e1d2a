//! Rule `hallucination-phrase`: a phrase that gives away a lost or invented train of thought.
//!
//! Reads the solution, or the part of it that `scope` names. `phrases` are the phrases to look
//! for, by default our own list: contradiction and retreat, and missing information. Refusals are
//! what `refusal` looks for, what is left of prompts `template-leftover`. Upper and lower case, typographic and straight quotes and hyphens, and white
//! space of any length are the same; a phrase that begins or ends with a letter or digit is found
//! as whole words only. The alarm, which is final, is raised by the phrase's last character, or by
//! the next one where that must show that the last word is complete, or at the end.
//!
//! What fools it: phrases that are quoted or denied ("it cannot be determined whether"), and
//! solutions that find a slip and mend it. Phrases that are as common in right solutions as in
//! wrong ones ("let's assume", "there seems to be a mistake") are not in the list. Models that
//! never doubt themselves are never caught: on GSM8K by 13 chat models the list finds 1.5 % of the
//! wrong solutions and 0.05 % of the right ones, on MATH level 5 2.5 % and 0.2 %, and nothing where
//! small models were shown worked examples.

use super::phrases::Phrases;
use super::scope::scoped;
use super::{Detector, Kind, Rule, SCOPE, Settings, optional};

pub(super) const RULE: Rule = Rule {
    name: "hallucination-phrase",
    meaning: "a phrase that gives away a lost or invented train of thought",
    parameters: &[
        optional(
            "phrases",
            "phrases to look for; default: our own list",
            Kind::Texts,
        ),
        SCOPE,
    ],
    build,
};

/// The default phrases.
const PHRASES: [&str; 29] = [
    // Contradiction and retreat.
    "that's not right",
    "doesn't make sense",
    "does not make sense",
    "there must be a mistake",
    "there must be an error",
    "error in the problem",
    "mistake in the problem",
    "error in our",
    "I made a mistake",
    "let me start over",
    "let's start over",
    "let me try again",
    "let's try again",
    "let me reconsider",
    "let's reconsider",
    // Missing information.
    "not enough information",
    "insufficient information",
    "more information",
    "cannot be determined",
    "can't be determined",
    "cannot determine",
    "can't determine",
    "not possible to determine",
    "unable to determine",
    "the problem does not specify",
    "the problem doesn't specify",
    "the problem does not provide",
    "the problem does not state",
    "not provided",
];

#[expect(clippy::unnecessary_wraps, reason = "the signature of all rules")]
fn build(settings: &Settings) -> Result<Box<dyn Detector>, String> {
    let phrases = match settings.texts("phrases") {
        Some(phrases) => Phrases::new(phrases),
        None => Phrases::new(&PHRASES),
    };
    Ok(scoped(settings, Box::new(phrases)))
}

#[cfg(test)]
mod tests {
    use super::super::phrases::spelled;
    use super::super::{Alarm, Reading, Setting};
    use super::*;
    use std::collections::BTreeSet;

    /// Checks for an alarm where `¦` stands in `marked`, or at the end where `‖` does.
    fn check(phrases: &[&str], marked: &str) {
        let given = phrases.iter().map(|&p| p.to_owned()).collect();
        let settings = (!phrases.is_empty()).then_some(("phrases", Setting::Texts(given)));
        let mut detector = build(&settings.into_iter().collect()).unwrap();
        Reading::start(detector.as_mut(), None).push("not provided".as_bytes());
        let mut reading = Reading::start(detector.as_mut(), Some("not provided?"));
        reading.push(marked.replace(['¦', '‖'], "").as_bytes());
        let expected = match (marked.find('¦'), marked.ends_with('‖')) {
            (Some(at), _) => Some(Alarm::After(at)),
            (None, true) => Some(Alarm::AtEnd),
            (None, false) => None,
        };
        assert_eq!(reading.finish(), expected, "{marked}");
    }

    #[test]
    fn the_phrases_of_the_list_are_found_however_they_are_spelled() {
        for marked in [
            "9-11=-2 cookies. That doesn't make sense.¦ Let",
            "This DOES NOT\n  make\tsense,¦ so",
            "Wait, that’s not right!¦ He has 4",
            "Its height cannot be determined‖",
            "So let me start over:¦ 3",
        ] {
            check(&[], marked);
        }
    }

    #[test]
    fn right_solutions_and_parts_of_words_are_left_alone() {
        for text in [
            "48/2 = <<48/2=24>>24 clips.\n#### 24",
            "Let's assume the price is x. Then there seems to be a mistake in the sum.",
            "The errors in the problems are 4; it is notprovided.",
            "",
        ] {
            check(&[], text);
        }
    }

    #[test]
    fn phrases_may_be_chosen() {
        check(&["oops"], "That doesn't make sense, oops.¦ Hm");
    }

    #[test]
    fn no_phrase_of_the_list_is_idle() {
        let all: BTreeSet<String> = PHRASES.iter().map(|phrase| spelled(phrase)).collect();
        assert_eq!(all.len(), PHRASES.len());
        for a in &all {
            assert!(all.iter().all(|b| a == b || !a.contains(b.as_str())), "{a}");
        }
    }
}
