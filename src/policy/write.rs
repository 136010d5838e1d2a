//! A policy as the text of a `foldem.policy/1` file, for programs that make policies.
//!
//! What is written reads back as the same policy, to the last bit of every number.

use std::fmt::Write as _;

use super::{ExpectedTokens, ParameterValue, PolicyFile, Position, SCHEMA};
use crate::input::written::{self, string};

impl PolicyFile {
    /// The policy as TOML, below `comment`, of which each line becomes a comment.
    pub fn to_toml(&self, comment: &str) -> String {
        let mut text = written::comment(comment);
        let _ = writeln!(text, "schema = {}", string(SCHEMA));
        let _ = writeln!(text, "name = {}", string(&self.name));
        if !self.description.is_empty() {
            let _ = writeln!(text, "description = {}", string(&self.description));
        }
        if let Some(ExpectedTokens::Same(tokens)) = &self.expected_tokens {
            let _ = writeln!(text, "expected_tokens = {}", number(*tokens));
        }
        for validator in &self.validators {
            let _ = write!(
                text,
                "\n[[validator]]\nname = {}\nrule = {}\n",
                string(&validator.name),
                string(validator.rule)
            );
            for (name, parameter) in &validator.parameters {
                let _ = writeln!(text, "{} = {}", string(name), value(parameter));
            }
        }
        for checkpoint in &self.checkpoints {
            let names = checkpoint.validators.iter();
            let names = names.map(|&v| self.validators[v].name.as_str());
            let _ = write!(
                text,
                "\n[[checkpoint]]\nat = {}\nvalidators = {}\nthreshold = {}\ncost_tokens = {}\n",
                position(checkpoint.at),
                strings(names),
                number(checkpoint.threshold),
                number(checkpoint.cost_tokens)
            );
        }
        if let Some(ExpectedTokens::ByGroup(models)) = &self.expected_tokens {
            for (model, benchmarks) in models {
                let _ = write!(text, "\n[expected_tokens.{}]\n", string(model));
                for (benchmark, tokens) in benchmarks {
                    let _ = writeln!(text, "{} = {}", string(benchmark), number(*tokens));
                }
            }
        }
        text
    }
}

fn strings<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let quoted: Vec<String> = texts.map(string).collect();
    format!("[{}]", quoted.join(", "))
}

/// The shortest text that reads back as the same number.
fn number(x: f64) -> String {
    format!("{x:?}")
}

fn value(parameter: &ParameterValue) -> String {
    match parameter {
        ParameterValue::Number(x) => number(*x),
        ParameterValue::Count(n) => n.to_string(),
        ParameterValue::Texts(texts) => strings(texts.iter().map(String::as_str)),
        ParameterValue::Name(name) => string(name),
    }
}

fn position(at: Position) -> String {
    match at {
        Position::Problem => string("problem"),
        Position::Solution => string("solution"),
        Position::Tokens(n) => format!("{{ tokens = {n} }}"),
        Position::EveryTokens(n) => format!("{{ every_tokens = {n} }}"),
        Position::ExpectedFraction(x) => format!("{{ expected_fraction = {} }}", number(x)),
        Position::FinalFractionLookahead(x) => {
            format!("{{ final_fraction_lookahead = {} }}", number(x))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Parameter, ParameterKind, Rule};

    fn catalogue() -> Vec<Rule> {
        let parameter = |name, kind| Parameter {
            name,
            kind,
            required: false,
        };
        let scope = ParameterKind::OneOf(&["answer", "all"]);
        vec![Rule {
            name: "some-rule",
            parameters: vec![
                parameter("texts", ParameterKind::Texts),
                parameter("cap", ParameterKind::Positive),
                parameter("count", ParameterKind::Count),
                parameter("scope", scope),
            ],
        }]
    }

    /// Everything that a policy can hold, with what TOML finds hard.
    const HARD: &str = r##"
schema = "foldem.policy/1"
name = "quotes \" and \\ and \n lines"
description = "tab\tand unicode ü 数"
[[validator]]
name = "a \"b\""
rule = "some-rule"
texts = ["\n", "'", "\"\"\"", "\u0000", "# no comment"]
cap = 1e-300
count = 12345678901
[[validator]]
name = "c"
rule = "some-rule"
cap = 0.1
scope = "answer"
[[checkpoint]]
at = "problem"
validators = ["c"]
[[checkpoint]]
at = { expected_fraction = 0.30000000000000004 }
validators = ["c", "a \"b\""]
threshold = 0.25
cost_tokens = 1e21
[[checkpoint]]
at = { every_tokens = 32 }
validators = ["c"]
[[checkpoint]]
at = { tokens = 7 }
validators = ["c"]
[[checkpoint]]
at = { final_fraction_lookahead = 1 }
validators = ["c"]
[[checkpoint]]
at = "solution"
validators = ["a \"b\""]
"##;

    #[test]
    fn what_is_written_reads_back_as_the_same_policy() {
        let by_group = "[expected_tokens.\"a.b\\n\\\\ \\u007F\"]\n\"\" = 3\n\"x y\" = 0.1\n[expected_tokens.\"\"]\nb = 7.25\n";
        let same = HARD.replacen("\n[[", "\nexpected_tokens = 310.25\n[[", 1);
        for text in [HARD.to_owned(), format!("{HARD}{by_group}"), same] {
            let policy = PolicyFile::parse("p.toml", &text, &catalogue()).expect("valid");
            let written = policy.to_toml("certified\nby \u{7} nobody");
            assert!(
                written.starts_with("# certified\n# by  nobody\nschema"),
                "{written}"
            );
            let read = PolicyFile::parse("w.toml", &written, &catalogue());
            assert_eq!(read.expect(&written), policy);
        }
    }
}
