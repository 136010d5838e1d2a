//! Where in a logged generation a checkpoint stands.
//!
//! Positions count solution tokens from 0. Fractions are turned into tokens by the replay, which
//! alone knows the expected and the final length.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::input::{Item, Mistakes, nearest};

/// Names of the positions that are tables with one key.
const MEASURED: [&str; 4] = [
    "tokens",
    "every_tokens",
    "expected_fraction",
    "final_fraction_lookahead",
];
/// Names of the positions that are words.
const WORDS: [&str; 2] = ["problem", "solution"];
/// What `at` may hold, for messages.
const WANTED: &str = "\"problem\", \"solution\", { tokens = 128 }, { every_tokens = 32 }, \
                      { expected_fraction = 0.5 } or { final_fraction_lookahead = 0.5 }";

/// A place in a logged generation; in JSON as in a policy file: a word, or an object with one key.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// After the problem and before the solution; only where the problem was generated too.
    Problem,
    /// After this many solution tokens, ≥ 1.
    Tokens(u64),
    /// After each multiple of this many solution tokens, ≥ 1.
    EveryTokens(u64),
    /// At this fraction, in (0, 1], of the expected number of solution tokens.
    ExpectedFraction(f64),
    /// At the complete solution, before the final filter.
    Solution,
    /// At this fraction, in (0, 1], of the generation's own final length: it uses the future.
    FinalFractionLookahead(f64),
}

impl Position {
    /// Reads the value of `at`.
    pub(super) fn read(item: &Item<'_, '_>, mistakes: &mut Mistakes) -> Option<Self> {
        if item.is_string() {
            let word = item.string(mistakes)?;
            return match word.as_str() {
                "problem" => Some(Self::Problem),
                "solution" => Some(Self::Solution),
                _ => {
                    mistakes.push(item.path(), unknown_word(&word));
                    None
                }
            };
        }
        let mut table = item.table(WANTED, mistakes)?;
        let given: Vec<(&str, Item<'_, '_>)> = MEASURED
            .into_iter()
            .filter_map(|name| table.optional(name).map(|value| (name, value)))
            .collect();
        let empty = table.keys().is_empty();
        table.finish(mistakes);
        match given.as_slice() {
            [(name, value)] => Self::measured(name, value, mistakes),
            [] => {
                // A table with other keys only has its misspelt key reported.
                if empty {
                    let message = format!("is an empty table; it must be {WANTED}");
                    mistakes.push(item.path(), message);
                }
                None
            }
            [(first, _), (second, _), ..] => {
                let message = format!(
                    "holds both `{first}` and `{second}`; a checkpoint has one position: write a \
                     [[checkpoint]] for each"
                );
                mistakes.push(item.path(), message);
                None
            }
        }
    }

    fn measured(name: &str, value: &Item<'_, '_>, mistakes: &mut Mistakes) -> Option<Self> {
        match name {
            "tokens" => tokens(value, mistakes).map(Self::Tokens),
            "every_tokens" => tokens(value, mistakes).map(Self::EveryTokens),
            "expected_fraction" => fraction(value, mistakes).map(Self::ExpectedFraction),
            _ => fraction(value, mistakes).map(Self::FinalFractionLookahead),
        }
    }
}

fn tokens(item: &Item<'_, '_>, mistakes: &mut Mistakes) -> Option<u64> {
    let shown = item.number(mistakes)?;
    if shown < 1.0 {
        let message = format!("is {shown}; it must be a whole number of tokens, at least 1");
        mistakes.push(item.path(), message);
        return None;
    }
    item.count(mistakes)
}

fn fraction(item: &Item<'_, '_>, mistakes: &mut Mistakes) -> Option<f64> {
    let fraction = item.number(mistakes)?;
    if fraction > 0.0 && fraction <= 1.0 {
        return Some(fraction);
    }
    let message = format!("is {fraction}; a fraction must lie in (0, 1]");
    mistakes.push(item.path(), message);
    None
}

/// The message for a word that is no position.
fn unknown_word(word: &str) -> String {
    let hint = match nearest(word, WORDS.into_iter().chain(MEASURED)) {
        Some(name) if WORDS.contains(&name) => format!("did you mean \"{name}\"? "),
        Some(name) => format!("`{name}` needs a number and stands in a table. "),
        None => String::new(),
    };
    format!("is \"{word}\", not a known position; {hint}Known: {WANTED}")
}

/// In words that follow "Checkpoint".
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problem => f.write_str("after the problem, where that is generated too"),
            Self::Tokens(n) => write!(f, "after {n} tokens"),
            Self::EveryTokens(n) => write!(f, "after every {n} tokens"),
            Self::ExpectedFraction(x) => write!(f, "at {x} of the expected tokens"),
            Self::Solution => f.write_str("at the complete solution, before the final filter"),
            Self::FinalFractionLookahead(x) => {
                write!(f, "at {x} of the generation's own final tokens")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Document;

    /// The position written as `at = …`, or the (key, message) of each mistake.
    fn read(at: &str) -> Result<Position, Vec<(String, String)>> {
        let text = format!("at = {at}\n");
        let document = Document::parse("p.toml", &text).expect("TOML");
        let mut mistakes = Mistakes::default();
        let item = document.root().optional("at").expect("at");
        let position = Position::read(&item, &mut mistakes);
        if mistakes.is_empty() {
            Ok(position.expect("no mistake, so a position"))
        } else {
            assert_eq!(position, None, "{at}");
            Err(mistakes.into_list())
        }
    }

    #[test]
    fn every_kind_of_position_is_read() {
        let cases = [
            ("\"problem\"", Position::Problem),
            ("\"solution\"", Position::Solution),
            ("{ tokens = 1 }", Position::Tokens(1)),
            ("{ tokens = 1_024 }", Position::Tokens(1024)),
            ("{ every_tokens = 32 }", Position::EveryTokens(32)),
            ("{ expected_fraction = 1 }", Position::ExpectedFraction(1.0)),
            (
                "{ final_fraction_lookahead = 0.5 }",
                Position::FinalFractionLookahead(0.5),
            ),
        ];
        for (at, position) in cases {
            assert_eq!(read(at), Ok(position), "{at}");
        }
    }

    #[test]
    fn each_wrong_position_has_its_own_message_at_its_own_key() {
        let cases = [
            ("\"solutoin\"", "at", "did you mean \"solution\"?"),
            ("\"tokens\"", "at", "`tokens` needs a number"),
            ("\"midway\"", "at", "is \"midway\", not a known position"),
            ("128", "at", "is 128; it must be \"problem\""),
            ("{}", "at", "is an empty table"),
            ("{ token = 128 }", "at.token", "did you mean `tokens`?"),
            ("{ tokens = 0 }", "at.tokens", "is 0; it must be a whole"),
            ("{ tokens = -3 }", "at.tokens", "is -3; it must be a whole"),
            (
                "{ tokens = 1.5 }",
                "at.tokens",
                "is 1.5; it must be a whole",
            ),
            ("{ every_tokens = 0 }", "at.every_tokens", "at least 1"),
            (
                "{ expected_fraction = 0 }",
                "at.expected_fraction",
                "is 0; a fraction must lie in (0, 1]",
            ),
            (
                "{ expected_fraction = 50 }",
                "at.expected_fraction",
                "is 50; a fraction",
            ),
            (
                "{ final_fraction_lookahead = -0.5 }",
                "at.final_fraction_lookahead",
                "is -0.5; a fraction",
            ),
            (
                "{ tokens = 8, expected_fraction = 0.5 }",
                "at",
                "holds both `tokens` and `expected_fraction`",
            ),
        ];
        for (at, key, message) in cases {
            let mistakes = read(at).expect_err(at);
            assert_eq!(mistakes.len(), 1, "{at}: {mistakes:?}");
            assert_eq!(mistakes[0].0, key, "{at}");
            assert!(mistakes[0].1.contains(message), "{at}: {}", mistakes[0].1);
        }
    }
}
