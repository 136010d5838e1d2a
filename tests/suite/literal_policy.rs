//! Policies whose validators look for single texts, for tests and benchmarks.

use foldem::policy::{Parameter, ParameterKind, PolicyFile, Rule};

/// A policy with `validators`, each a name and what it looks for; `head` stands before them in its
/// file and `rest` after them.
pub(crate) fn literal_policy(head: &str, validators: &[(&str, &str)], rest: &str) -> PolicyFile {
    let literal = Rule {
        name: "literal",
        parameters: vec![Parameter {
            name: "patterns",
            kind: ParameterKind::Texts,
            required: true,
        }],
    };
    let tables = validators.iter().map(|(name, pattern)| {
        format!(
            "[[validator]]\nname = \"{name}\"\nrule = \"literal\"\npatterns = [\"{pattern}\"]\n"
        )
    });
    let tables: String = tables.collect();
    let text = format!("schema = \"foldem.policy/1\"\nname = \"p\"\n{head}{tables}{rest}");
    PolicyFile::parse("p.toml", &text, &[literal]).expect("a valid policy")
}
