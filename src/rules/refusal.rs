//! Rule `refusal`: the model declines instead of solving.
//!
//! Reads the solution, or the part of it that `scope` names. `phrases` are the phrases to look
//! for, by default our own list of what models say when they decline: in the first person and
//! about themselves, so that "she cannot answer" of a story passes. Spelling is forgiven as by
//! [`Phrases`]. The alarm is final.
//!
//! What fools it: a person of the story who speaks ("I'm sorry", she says), refusals in other words or
//! languages, and apologies after which the solution goes on.

use super::phrases::Phrases;
use super::scope::scoped;
use super::{Detector, Kind, Rule, SCOPE, Settings, optional};

pub(super) const RULE: Rule = Rule {
    name: "refusal",
    meaning: "a phrase with which models decline",
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
const PHRASES: [&str; 34] = [
    // What it is.
    "as an AI",
    "as a language model",
    "as a large language model",
    "I am an AI",
    "I'm an AI",
    "I am a language model",
    "I'm a language model",
    "my training data",
    "my guidelines",
    // That it is sorry.
    "I'm sorry",
    "I am sorry",
    "I apologize, but",
    "sorry, but I",
    "I regret to inform",
    // What it does not do.
    "I cannot answer",
    "I can't answer",
    "I cannot help",
    "I can't help",
    "I cannot assist",
    "I can't assist",
    "I cannot provide",
    "I can't provide",
    "I cannot solve",
    "I can't solve",
    "I cannot fulfill",
    "I can't fulfill",
    "I cannot comply",
    "I can't comply",
    "I am unable to",
    "I'm unable to",
    "I am not able to",
    "I'm not able to",
    "I must decline",
    "I won't be able to",
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
    use super::super::probe::check;
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn who_declines_alarms() {
        let solutions = [
            "I'm sorry,¦ but I cannot do that.",
            "As an AI ¦language model, I have no eggs.",
            "Unfortunately, I’m unable to ¦solve this.",
            "i can't  help‖",
        ];
        check(&RULE, None, &solutions);
    }

    #[test]
    fn who_solves_passes() {
        let solutions = [
            "She cannot answer 3 of 10 questions, so she answers 10 - 3 = 7.",
            "She works as an aid in a hospital; it was an AI.",
            "We cannot provide more than 4 eggs. Sorry, Ann!",
            "as an AIé",
            "",
        ];
        check(&RULE, Some("I'm sorry, as an AI?"), &solutions);
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
