//! The catalogue of text rules, as policies need it: names, parameters and what values they take.
//!
//! Policies do not know the rules themselves; whoever reads a policy file passes the catalogue in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::input::{Item, Mistakes, Table, nearest, quoted_list};

/// A rule that a validator may name.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Name in policy files.
    pub name: &'static str,
    /// Its parameters, beside `name` and `rule`.
    pub parameters: Vec<Parameter>,
}

/// A parameter of a rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Key in policy files.
    pub name: &'static str,
    /// What values it takes.
    pub kind: ParameterKind,
    /// Whether it must be given.
    pub required: bool,
}

/// What values a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ParameterKind {
    /// A finite number in [`min`, `max`]; `max` may be infinite.
    Number {
        /// Least value.
        min: f64,
        /// Greatest value.
        max: f64,
    },
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

/// A parameter's value, of its kind.
#[derive(Debug, Clone, PartialEq)]
pub enum ParameterValue {
    /// Of [`ParameterKind::Number`] and [`ParameterKind::Positive`].
    Number(f64),
    /// Of [`ParameterKind::Count`].
    Count(u64),
    /// Of [`ParameterKind::Texts`] and [`ParameterKind::Regexes`].
    Texts(Vec<String>),
    /// Of [`ParameterKind::OneOf`].
    Name(&'static str),
}

/// As in a policy file.
impl fmt::Display for ParameterValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(x) => write!(f, "{x}"),
            Self::Count(n) => write!(f, "{n}"),
            Self::Texts(texts) => {
                let quoted: Vec<String> = texts.iter().map(|t| format!("\"{t}\"")).collect();
                f.write_str(&quoted.join(", "))
            }
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Reads `rule` and its parameters from a validator's table, and finishes the table.
///
/// The name of the rule and the parameters given; `None` when the rule is missing or unknown.
pub(super) fn read(
    mut table: Table<'_, '_>,
    rules: &[Rule],
    mistakes: &mut Mistakes,
) -> Option<(&'static str, BTreeMap<String, ParameterValue>)> {
    let item = table.required("rule");
    let named = item.as_ref().and_then(|item| item.string(mistakes));
    let rule = named.and_then(|name| {
        let rule = rules.iter().find(|rule| rule.name == name);
        if let (None, Some(item)) = (rule, &item) {
            let known = || rules.iter().map(|rule| rule.name);
            mistakes.push(item.path(), unknown(&name, "rule", known()));
        }
        rule
    });
    let Some(rule) = rule else {
        // Without the rule its parameters cannot be judged, but no parameter of any is unknown.
        let parameters = rules.iter().flat_map(|rule| &rule.parameters);
        let names: BTreeSet<&str> = parameters.map(|parameter| parameter.name).collect();
        for name in names {
            table.optional(name);
        }
        table.finish(mistakes);
        return None;
    };
    let mut values = BTreeMap::new();
    for parameter in &rule.parameters {
        let item = if parameter.required {
            table.required(parameter.name)
        } else {
            table.optional(parameter.name)
        };
        if let Some(value) = item.and_then(|item| parameter.kind.read(&item, mistakes)) {
            values.insert(parameter.name.to_owned(), value);
        }
    }
    table.finish(mistakes);
    Some((rule.name, values))
}

impl ParameterKind {
    fn read(self, item: &Item<'_, '_>, mistakes: &mut Mistakes) -> Option<ParameterValue> {
        match self {
            Self::Number { min, max } => {
                let x = item.number(mistakes)?;
                if !(min..=max).contains(&x) {
                    let range = if max.is_finite() {
                        format!("[{min}, {max}]")
                    } else {
                        format!("[{min}, ∞)")
                    };
                    mistakes.push(item.path(), format!("is {x}; it must lie in {range}"));
                }
                Some(ParameterValue::Number(x))
            }
            Self::Positive => {
                let x = item.number(mistakes)?;
                if x <= 0.0 {
                    mistakes.push(item.path(), format!("is {x}; it must lie in (0, ∞)"));
                }
                Some(ParameterValue::Number(x))
            }
            Self::Count => item.count(mistakes).map(ParameterValue::Count),
            Self::Texts => texts(item, mistakes).map(ParameterValue::Texts),
            Self::Regexes => {
                let patterns = texts(item, mistakes)?;
                for (i, pattern) in patterns.iter().enumerate() {
                    if let Err(error) = regex::Regex::new(pattern) {
                        let message = format!(
                            "is not a valid regular expression: {}",
                            last_line(&error.to_string())
                        );
                        mistakes.push(format!("{}[{i}]", item.path()), message);
                    }
                }
                Some(ParameterValue::Texts(patterns))
            }
            Self::OneOf(names) => {
                let given = item.string(mistakes)?;
                let known = || names.iter().copied();
                let name = known().find(|name| *name == given);
                if name.is_none() {
                    mistakes.push(item.path(), unknown(&given, "value", known()));
                }
                name.map(ParameterValue::Name)
            }
        }
    }
}

fn texts(item: &Item<'_, '_>, mistakes: &mut Mistakes) -> Option<Vec<String>> {
    let texts = item.strings(mistakes)?;
    if texts.is_empty() {
        mistakes.push(item.path(), "is empty; give at least one text");
    }
    for (i, text) in texts.iter().enumerate() {
        if text.is_empty() {
            let message = "is empty, and an empty text is found everywhere; remove it";
            mistakes.push(format!("{}[{i}]", item.path()), message);
        }
    }
    Some(texts)
}

/// The `regex` crate draws the pattern first; what is wrong with it comes last.
fn last_line(error: &str) -> &str {
    let line = error.lines().next_back().unwrap_or(error).trim();
    line.strip_prefix("error: ").unwrap_or(line)
}

/// The message for a name that does not exist, with the nearest that does.
pub(super) fn unknown<'a>(
    name: &str,
    what: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> String {
    let hint = match nearest(name, known.clone()) {
        Some(meant) => format!("; did you mean `{meant}`?"),
        None => ".".to_owned(),
    };
    let list = quoted_list(known);
    if list.is_empty() {
        format!("`{name}` is not a known {what}; there is none")
    } else {
        format!("`{name}` is not a known {what}{hint} Known: {list}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::PolicyFile;

    fn catalogue() -> Vec<Rule> {
        let parameter = |name, kind, required| Parameter {
            name,
            kind,
            required,
        };
        let scope = parameter(
            "scope",
            ParameterKind::OneOf(&["answer", "reasoning", "all"]),
            false,
        );
        let tolerance = ParameterKind::Number {
            min: 0.0,
            max: f64::INFINITY,
        };
        vec![
            Rule {
                name: "well-posed",
                parameters: vec![
                    parameter("min_words", ParameterKind::Count, false),
                    parameter("share", ParameterKind::Number { min: 0.0, max: 1.0 }, false),
                ],
            },
            Rule {
                name: "false-equation",
                parameters: vec![parameter("tolerance", tolerance, false), scope],
            },
            Rule {
                name: "magnitude",
                parameters: vec![parameter("cap", ParameterKind::Positive, false)],
            },
            Rule {
                name: "literal",
                parameters: vec![parameter("patterns", ParameterKind::Texts, true), scope],
            },
            Rule {
                name: "regex",
                parameters: vec![parameter("patterns", ParameterKind::Regexes, true)],
            },
        ]
    }

    /// The values of the parameters, or the mistakes as `line: key: message`.
    fn read(rest: &str) -> Result<BTreeMap<String, ParameterValue>, Vec<String>> {
        let head = "schema = \"foldem.policy/1\"\nname = \"p\"\n[[validator]]\nname = \"v\"";
        match PolicyFile::parse("p.toml", &format!("{head}\n{rest}\n"), &catalogue()) {
            Ok(policy) => Ok(policy.validators()[0].parameters.clone()),
            Err(error) => {
                let lines = error.to_string();
                Err(lines
                    .lines()
                    .map(|l| l.replacen("p.toml:", "", 1))
                    .collect())
            }
        }
    }

    #[test]
    fn values_are_of_the_kind_of_their_parameter() {
        let cases = [
            ("well-posed", "min_words", "8", ParameterValue::Count(8)),
            (
                "false-equation",
                "tolerance",
                "0",
                ParameterValue::Number(0.0),
            ),
            ("magnitude", "cap", "1e7", ParameterValue::Number(1e7)),
            (
                "literal",
                "patterns",
                "['(']",
                ParameterValue::Texts(vec!["(".to_owned()]),
            ),
            (
                "regex",
                "patterns",
                "['\\d']",
                ParameterValue::Texts(vec!["\\d".to_owned()]),
            ),
        ];
        for (rule, name, written, value) in cases {
            let values = read(&format!("rule = \"{rule}\"\n{name} = {written}")).expect(rule);
            assert_eq!(values, BTreeMap::from([(name.to_owned(), value)]), "{rule}");
        }
        let values = read("rule = \"false-equation\"\nscope = \"answer\"").expect("valid");
        assert_eq!(values["scope"], ParameterValue::Name("answer"));
    }

    #[test]
    fn each_wrong_validator_has_its_own_message() {
        let cases = [
            ("", "3: validator[0].rule: is missing", ""),
            (
                "rule = \"false-equations\"\ntolerance = 3",
                "5: validator[0].rule: `false-equations` is not a known rule",
                "did you mean `false-equation`?",
            ),
            (
                "rul = \"literal\"",
                "5: validator[0].rul: is not",
                "did you mean `rule`?",
            ),
            (
                "rule = \"literal\"",
                "3: validator[0].patterns: is missing",
                "",
            ),
            (
                "rule = \"regex\"",
                "3: validator[0].patterns: is missing",
                "",
            ),
            (
                "rule = \"literal\"\npatterns = []",
                "6: validator[0].patterns: is empty",
                "at least one text",
            ),
            (
                "rule = \"regex\"\npatterns = []",
                "6: validator[0].patterns: is empty",
                "at least one text",
            ),
            (
                "rule = \"literal\"\npatterns = [\"a\",\n\"\"]",
                "7: validator[0].patterns[1]: is empty",
                "found everywhere",
            ),
            (
                "rule = \"regex\"\npatterns = [\"a\", \"(b\"]",
                "6: validator[0].patterns[1]: is not a valid regular expression",
                "unclosed group",
            ),
            (
                "rule = \"false-equation\"\ntolerance = -0.5",
                "6: validator[0].tolerance: is -0.5",
                "[0, ∞)",
            ),
            (
                "rule = \"well-posed\"\nshare = 1.5",
                "6: validator[0].share: is 1.5",
                "[0, 1]",
            ),
            (
                "rule = \"magnitude\"\ncap = 0",
                "6: validator[0].cap: is 0",
                "(0, ∞)",
            ),
            (
                "rule = \"well-posed\"\nmin_words = -8",
                "6: validator[0].min_words: is -8",
                "whole number",
            ),
            (
                "rule = \"false-equation\"\nscope = \"anser\"",
                "6: validator[0].scope: `anser`",
                "did you mean `answer`?",
            ),
            (
                "rule = \"false-equation\"\ntolerence = 0.5",
                "6: validator[0].tolerence: is not a known key",
                "did you mean `tolerance`?",
            ),
        ];
        for (rest, start, hint) in cases {
            let found = read(rest).expect_err(rest);
            assert_eq!(found.len(), 1, "{found:#?}");
            assert!(found[0].starts_with(start), "{}", found[0]);
            assert!(found[0].contains(hint), "{}", found[0]);
        }
    }
}
