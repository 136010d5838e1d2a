//! A policy for logs, as written in a `foldem.policy/1` file: which rules are consulted where, and
//! when they reject.
//!
//! Assumes nothing about the rules but their catalogue, which the caller passes in. A
//! [`PolicyFile`] is checked once, when it is read; whoever holds one need not check again.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Checkpoint, ParameterValue, Position, Rule, read};
use crate::input::{Document, InputError, Mistakes};

/// What replay, tuning and a live guard execute, known to be valid.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyFile {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) expected_tokens: Option<ExpectedTokens>,
    pub(super) validators: Vec<TextValidator>,
    pub(super) checkpoints: Vec<Checkpoint<Position>>,
}

/// A rule with its parameters, under the name that checkpoints refer to.
#[derive(Debug, Clone, PartialEq)]
pub struct TextValidator {
    /// Name that checkpoints refer to.
    pub name: String,
    /// Name of the rule, one of the catalogue.
    pub rule: &'static str,
    /// The parameters given, by name; the rule has defaults for the others.
    pub parameters: BTreeMap<String, ParameterValue>,
}

/// E, the number of solution tokens that `expected_fraction` refers to.
#[derive(Debug, Clone, PartialEq)]
pub enum ExpectedTokens {
    /// One number, > 0, for all records.
    Same(f64),
    /// Numbers, each > 0, by model and then by benchmark.
    ByGroup(BTreeMap<String, BTreeMap<String, f64>>),
}

impl ExpectedTokens {
    /// E for records of this model and benchmark (`""` where a record names none), if the policy
    /// gives it.
    pub fn of(&self, model: &str, benchmark: &str) -> Option<f64> {
        match self {
            Self::Same(tokens) => Some(*tokens),
            Self::ByGroup(models) => models.get(model)?.get(benchmark).copied(),
        }
    }
}

impl PolicyFile {
    /// Reads a `foldem.policy/1` file; `rules` is the catalogue of known rules.
    pub fn load(path: &Path, rules: &[Rule]) -> Result<Self, InputError> {
        let text = Document::read(path)?;
        Self::parse(&path.display().to_string(), &text, rules)
    }

    /// Reads a policy from TOML text; `path_name` names it in messages.
    pub fn parse(path_name: &str, text: &str, rules: &[Rule]) -> Result<Self, InputError> {
        let document = Document::parse(path_name, text)?;
        let mut mistakes = Mistakes::default();
        let policy = read::read(&document, rules, &mut mistakes);
        if mistakes.is_empty() {
            Ok(policy)
        } else {
            Err(document.error(mistakes))
        }
    }

    /// Short name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the policy is for; empty when not given.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// E as the policy freezes it; `None` when it is left to the log.
    pub fn expected_tokens(&self) -> Option<&ExpectedTokens> {
        self.expected_tokens.as_ref()
    }

    /// The validators; checkpoints refer to their indices.
    pub fn validators(&self) -> &[TextValidator] {
        &self.validators
    }

    /// The checkpoints in the order of the file, each at a position of its own.
    pub fn checkpoints(&self) -> &[Checkpoint<Position>] {
        &self.checkpoints
    }

    /// The same policy with E as given.
    pub fn expecting(&self, expected_tokens: Option<ExpectedTokens>) -> Self {
        Self {
            expected_tokens,
            ..self.clone()
        }
    }

    /// A policy of this one's validators with `checkpoints`, under another name and description;
    /// validators that no checkpoint consults are left out.
    pub fn narrowed(
        &self,
        name: String,
        description: String,
        checkpoints: &[Checkpoint<Position>],
    ) -> Self {
        let consulted = |v: &usize| checkpoints.iter().any(|c| c.validators.contains(v));
        let kept: Vec<usize> = (0..self.validators.len()).filter(consulted).collect();
        let mut checkpoints = checkpoints.to_vec();
        for v in checkpoints.iter_mut().flat_map(|c| &mut c.validators) {
            *v = kept.binary_search(v).expect("whoever is consulted is kept");
        }
        Self {
            name,
            description,
            expected_tokens: self.expected_tokens.clone(),
            validators: kept.iter().map(|&v| self.validators[v].clone()).collect(),
            checkpoints,
        }
    }

    /// What the policy says, one statement a line.
    pub fn describe(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.validators.iter().map(validator_in_words).collect();
        lines.extend(self.checkpoints.iter().map(|c| {
            let names: Vec<&str> = c
                .validators
                .iter()
                .map(|&v| self.validators[v].name.as_str())
                .collect();
            format!(
                "Checkpoint {}: rejects when the product of {} is at most {}; costs {} tokens \
                 each time.",
                c.at,
                names.join(" × "),
                c.threshold,
                c.cost_tokens
            )
        }));
        if self.checkpoints.is_empty() {
            lines.push("No checkpoint: the policy never rejects.".to_owned());
        }
        lines.extend(self.expected_tokens_in_words());
        let unused = (0..self.validators.len())
            .filter(|v| !self.checkpoints.iter().any(|c| c.validators.contains(v)));
        lines.extend(unused.map(|v| {
            let name = &self.validators[v].name;
            format!("Note: no checkpoint consults validator {name}.")
        }));
        let ahead = self.checkpoints.iter().map(|c| c.at);
        let ahead = ahead.filter(|at| matches!(at, Position::FinalFractionLookahead(_)));
        lines.extend(ahead.map(|at| {
            format!(
                "Warning: the checkpoint {at} looks into the future, since nobody knows the final \
                 length while the text is being written; use it only to reproduce the paper."
            )
        }));
        lines
    }

    fn expected_tokens_in_words(&self) -> Option<String> {
        let needed = self
            .checkpoints
            .iter()
            .any(|c| matches!(c.at, Position::ExpectedFraction(_)));
        match (&self.expected_tokens, needed) {
            (None, false) => None,
            (Some(_), false) => Some(
                "Note: no checkpoint stands at an expected_fraction, so expected_tokens is not \
                 used."
                    .to_owned(),
            ),
            (None, true) => Some(
                "Expected tokens: the mean over the records of other prompts of the same model \
                 and benchmark."
                    .to_owned(),
            ),
            (Some(ExpectedTokens::Same(tokens)), true) => {
                Some(format!("Expected tokens: {tokens} for every record."))
            }
            (Some(ExpectedTokens::ByGroup(models)), true) => {
                let each: Vec<String> = models
                    .iter()
                    .flat_map(|(model, benchmarks)| {
                        let words = move |(name, e)| format!("{model} on {name} {e}");
                        benchmarks.iter().map(words)
                    })
                    .collect();
                Some(format!("Expected tokens: {}.", each.join(", ")))
            }
        }
    }
}

fn validator_in_words(validator: &TextValidator) -> String {
    let given: Vec<String> = validator
        .parameters
        .iter()
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    format!(
        "Validator {}: rule {}{}{}.",
        validator.name,
        validator.rule,
        if given.is_empty() { "" } else { " with " },
        given.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> PolicyFile {
        let trace = Rule {
            name: "trace",
            parameters: Vec::new(),
        };
        let text = format!("schema = \"foldem.policy/1\"\nname = \"p\"\n{text}");
        PolicyFile::parse("p.toml", &text, &[trace]).expect("a valid policy")
    }

    const AUDITOR: &str = "[[validator]]\nname = \"auditor\"\nrule = \"trace\"\n";

    #[test]
    fn only_a_checkpoint_that_needs_the_final_length_is_warned_about() {
        let warnings = |at: &str| -> Vec<String> {
            let checkpoint = format!("[[checkpoint]]\nat = {at}\nvalidators = [\"auditor\"]\n");
            let policy = parse(&format!("{AUDITOR}{checkpoint}"));
            let lines = policy.describe();
            lines
                .into_iter()
                .filter(|l| l.starts_with("Warning"))
                .collect()
        };
        let looking_ahead = warnings("{ final_fraction_lookahead = 0.5 }");
        assert_eq!(looking_ahead.len(), 1);
        assert!(looking_ahead[0].contains("looks into the future"));
        assert!(warnings("{ expected_fraction = 0.5 }").is_empty());
    }

    #[test]
    fn words_tell_what_happens_and_what_is_not_used() {
        let idle = parse(&format!("expected_tokens = 300\n{AUDITOR}"));
        assert_eq!(
            idle.describe(),
            [
                "Validator auditor: rule trace.",
                "No checkpoint: the policy never rejects.",
                "Note: no checkpoint stands at an expected_fraction, so expected_tokens is not \
                 used.",
                "Note: no checkpoint consults validator auditor.",
            ]
        );
        let checkpoint = "[[checkpoint]]\nat = { expected_fraction = 0.5 }\n\
                          validators = [\"auditor\"]\ncost_tokens = 2\n";
        let busy = parse(&format!("expected_tokens = 300\n{AUDITOR}{checkpoint}"));
        assert_eq!(
            busy.describe()[1..],
            [
                "Checkpoint at 0.5 of the expected tokens: rejects when the product of auditor \
                 is at most 0; costs 2 tokens each time.",
                "Expected tokens: 300 for every record.",
            ]
        );
    }

    #[test]
    fn expected_tokens_are_found_by_model_and_benchmark() {
        let table = "[expected_tokens.\"Qwen2.5-7B\"]\nGSM8K = 310.5\n[expected_tokens.\"\"]\n\
                     \"\" = 90\n";
        let policy = parse(table);
        let expected = policy.expected_tokens().expect("given");
        assert_eq!(expected.of("Qwen2.5-7B", "GSM8K"), Some(310.5));
        assert_eq!(expected.of("Qwen2.5-7B", "SVAMP"), None);
        assert_eq!(expected.of("", ""), Some(90.0));
    }
}
