//! Text validators: rules that read a generation while it is written and raise an alarm.
//!
//! This is their catalogue, plain data: the names that policy files use, what each rule looks for
//! and which parameters it takes, with their units and, where the rule has them, their defaults.
//! The built-in rules follow the paper's validators (arXiv 2605.14062, stages S1 to S3); `literal`
//! and `regex` look for whatever a policy gives them. A `scope` restricts a rule to the part of
//! the solution that holds the final answer or to the reasoning before it.

/// A text rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Name in policy files.
    pub name: &'static str,
    /// What raises its alarm.
    pub meaning: &'static str,
    /// Its parameters; what is not given has the rule's default.
    pub parameters: &'static [Parameter],
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

/// All rules, in the order of the pipeline: problem, trace, answer, and then the general ones.
pub const RULES: [Rule; 9] = [
    Rule {
        name: "well-posed",
        meaning: "the problem has no question mark, too few or too many words, or is not English",
        parameters: &[
            optional(
                "min_words",
                "fewest words of a problem; default 8",
                Kind::Count,
            ),
            optional(
                "max_words",
                "most words of a problem; default 100",
                Kind::Count,
            ),
        ],
    },
    Rule {
        name: "false-equation",
        meaning: "an equation in numbers whose two sides differ",
        parameters: &[
            optional(
                "tolerance",
                "largest difference of the two sides that passes for rounding",
                Kind::NotNegative,
            ),
            SCOPE,
        ],
    },
    Rule {
        name: "magnitude",
        meaning: "a number far larger than the numbers of the problem",
        parameters: &[
            optional(
                "factor",
                "largest multiple of the problem's largest number; default 100",
                Kind::Positive,
            ),
            optional(
                "cap",
                "largest number, whatever the problem; default 1e7",
                Kind::Positive,
            ),
            SCOPE,
        ],
    },
    Rule {
        name: "unexpected-negative",
        meaning: "a negative result where nothing in the problem is negative",
        parameters: &[SCOPE],
    },
    Rule {
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
    },
    Rule {
        name: "answer-marker",
        meaning: "an answer marker that comes too early or a second time",
        parameters: &[MARKERS],
    },
    Rule {
        name: "convergence",
        meaning: "a complete solution without exactly one final answer, or one that its last \
                  steps do not arrive at",
        parameters: &[MARKERS],
    },
    Rule {
        name: "literal",
        meaning: "any of the given texts",
        parameters: &[
            required("patterns", "texts to look for", Kind::Texts),
            SCOPE,
        ],
    },
    Rule {
        name: "regex",
        meaning: "a match of any of the given regular expressions",
        parameters: &[
            required("patterns", "regular expressions to look for", Kind::Regexes),
            SCOPE,
        ],
    },
];

const SCOPE: Parameter = optional(
    "scope",
    "part of the solution that the rule reads",
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
