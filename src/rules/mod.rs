//! Text validators: rules that read a generation while it is written and raise an alarm.
//!
//! A [`Rule`] is plain data – its name in policy files, what it looks for, its parameters with units
//! and defaults – and builds a [`Detector`], which reads one generation after the other, character
//! by character. A [`Reading`] feeds it bytes in pieces of any size and remembers where it alarmed.
//! The built-in rules follow the paper's validators (arXiv 2605.14062, stages S1 to S3); `literal`
//! and `regex` look for whatever a policy gives them. A `scope` restricts a rule to the part of
//! the solution that holds the final answer or to the reasoning before it.
//!
//! Alarms of all these rules are final: no further text takes one back.

mod answer_marker;
mod backwards;
mod code_fence;
mod convergence;
mod end_tokens;
mod false_equation;
mod game24;
mod hallucination_phrase;
mod heading;
mod length_cap;
mod lexer;
mod literal;
mod magnitude;
mod marks;
mod number;
mod of_problem;
mod phrases;
mod pieces;
#[cfg(test)]
mod probe;
#[cfg(test)]
mod properties;
mod ratio;
mod reading;
mod refusal;
mod regex;
mod repetition;
mod scope;
mod script;
mod settings;
mod template_leftover;
mod texts;
mod unexpected_negative;
mod well_posed;

pub use reading::{Alarm, Reading};
pub use settings::{Setting, Settings};

/// All rules, in the order of the pipeline: problem, trace, answer, and then the general ones.
pub const RULES: [&Rule; 16] = [
    &well_posed::RULE,
    &false_equation::RULE,
    &magnitude::RULE,
    &unexpected_negative::RULE,
    &hallucination_phrase::RULE,
    &answer_marker::RULE,
    &convergence::RULE,
    &game24::RULE,
    &repetition::RULE,
    &length_cap::RULE,
    &refusal::RULE,
    &template_leftover::RULE,
    &script::RULE,
    &code_fence::RULE,
    &literal::RULE,
    &regex::RULE,
];

/// A text rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Name in policy files.
    pub name: &'static str,
    /// What raises its alarm.
    pub meaning: &'static str,
    /// Its parameters; what is not given has the rule's default.
    pub parameters: &'static [Parameter],
    /// Makes a detector with these settings, which are of the kinds that the parameters ask for;
    /// or says in words which of them do not go together.
    pub build: fn(&Settings) -> Result<Box<dyn Detector>, String>,
}

/// Reads generations and raises the alarm of one rule, with its parameters.
///
/// What it says depends on the problem and the characters read since [`Detector::start`] alone.
pub trait Detector: Send {
    /// Forgets everything and begins a generation for `problem`, where that is known; whether the
    /// problem alone raises the alarm.
    fn start(&mut self, problem: Option<&str>) -> bool;

    /// Reads the next character of the solution; whether it raises the alarm.
    ///
    /// Not called again after it has.
    fn read(&mut self, c: char) -> bool;

    /// Reads the next piece of the solution; if it raises the alarm, the number of bytes of the
    /// piece up to the end of the character that does.
    ///
    /// Means reading its characters one by one. A rule that knows what it may pass over says the
    /// same faster.
    fn read_text(&mut self, text: &str) -> Option<usize> {
        let mut characters = text.char_indices();
        let (at, c) = characters.find(|&(_, c)| self.read(c))?;
        Some(at + c.len_utf8())
    }

    /// Told that the solution is complete; whether that raises the alarm, where nothing did before.
    fn finish(&mut self) -> bool;

    /// Reads a whole solution, right after its start: the alarm on it.
    ///
    /// Means reading its characters one by one and then its end. A rule that can see from what
    /// comes later that most of a text does not matter says the same faster.
    fn read_all(&mut self, text: &str) -> Option<Alarm> {
        match self.read_text(text) {
            Some(end) => Some(Alarm::After(end)),
            None => self.finish().then_some(Alarm::AtEnd),
        }
    }
}

/// A parameter of a rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Key in policy files.
    pub name: &'static str,
    /// What it sets, with unit and default.
    pub meaning: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// Whether it must be given.
    pub required: bool,
}

/// What values a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A finite number, 0 or more.
    NotNegative,
    /// A finite number above 0.
    Positive,
    /// A whole number, 0 or more.
    Count,
    /// At least one text, none of them empty.
    Texts,
    /// At least one regular expression of the `regex` crate, none of them empty.
    Regexes,
    /// One of these names.
    OneOf(&'static [&'static str]),
}

const SCOPE: Parameter = optional(
    "scope",
    "part of the solution that the rule reads; default all",
    Kind::OneOf(&["answer", "reasoning", "all"]),
);

const MARKERS: Parameter = optional(
    "markers",
    "texts that announce the final answer; default `####`, `Answer:`, `\\boxed{`",
    Kind::Texts,
);

const fn optional(name: &'static str, meaning: &'static str, kind: Kind) -> Parameter {
    Parameter {
        name,
        meaning,
        kind,
        required: false,
    }
}

const fn required(name: &'static str, meaning: &'static str, kind: Kind) -> Parameter {
    Parameter {
        name,
        meaning,
        kind,
        required: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_leave_the_keys_of_a_validator_alone() {
        let rules: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
        assert_eq!(rules.len(), RULES.len());
        for rule in RULES {
            let mut keys = BTreeSet::from(["name", "rule"]);
            for parameter in rule.parameters {
                assert!(
                    keys.insert(parameter.name),
                    "{} {}",
                    rule.name,
                    parameter.name
                );
            }
        }
    }
}
