//! From a TOML document to a [`PolicyFile`]: types, names, ranges, every mistake at its own key.

use std::collections::BTreeMap;

use super::file::{ExpectedTokens, PolicyFile, TextValidator};
use super::rule::{self, Rule};
use super::{Checkpoint, Position};
use crate::input::{Document, Item, Mistakes, Table};

/// Schema identifier of a policy file.
pub const SCHEMA: &str = "foldem.policy/1";

/// Reads the policy; it is usable only when no mistake was noted.
pub(super) fn read(document: &Document<'_>, rules: &[Rule], mistakes: &mut Mistakes) -> PolicyFile {
    let mut root = document.root();
    if let Some(item) = root.required("schema")
        && let Some(schema) = item.string(mistakes)
        && schema != SCHEMA
    {
        let message = format!("is \"{schema}\"; a policy has schema = \"{SCHEMA}\"");
        mistakes.push("schema", message);
    }
    let name = root.required("name").and_then(|i| i.string(mistakes));
    if name.as_ref().is_some_and(|name| name.trim().is_empty()) {
        mistakes.push("name", "is empty; give the policy a short name");
    }
    let description = root.string("description", mistakes).unwrap_or_default();
    let expected_tokens = root
        .optional("expected_tokens")
        .and_then(|item| expected_tokens(&item, mistakes));
    let validators = validators(&mut root, rules, mistakes);
    let checkpoints = checkpoints(&mut root, &validators, mistakes);
    root.finish(mistakes);
    PolicyFile {
        name: name.unwrap_or_default(),
        description,
        expected_tokens,
        validators,
        checkpoints,
    }
}

fn expected_tokens(item: &Item<'_, '_>, mistakes: &mut Mistakes) -> Option<ExpectedTokens> {
    // Whether the value is a number decides how it is read; a wrong one is reported as a table
    // that is missing, whose message names both forms.
    if item.number(&mut Mistakes::default()).is_some() {
        return above_zero(item, mistakes).map(ExpectedTokens::Same);
    }
    let wanted = "a number above 0, or a table by model of tables by benchmark of such numbers";
    let mut table = item.table(wanted, mistakes)?;
    let mut models = BTreeMap::new();
    for model in filled_keys(&table, item, mistakes) {
        let Some(item) = table.optional(&model) else {
            continue;
        };
        let Some(mut by_benchmark) = item.table("a table by benchmark of numbers", mistakes) else {
            continue;
        };
        let mut benchmarks = BTreeMap::new();
        for name in filled_keys(&by_benchmark, &item, mistakes) {
            let value = by_benchmark.optional(&name);
            if let Some(tokens) = value.and_then(|value| above_zero(&value, mistakes)) {
                benchmarks.insert(name, tokens);
            }
        }
        models.insert(model, benchmarks);
    }
    Some(ExpectedTokens::ByGroup(models))
}

fn filled_keys(table: &Table<'_, '_>, item: &Item<'_, '_>, mistakes: &mut Mistakes) -> Vec<String> {
    let keys = table.keys();
    if keys.is_empty() {
        let message = "is an empty table; name at least one group or remove it";
        mistakes.push(item.path(), message);
    }
    keys
}

fn above_zero(item: &Item<'_, '_>, mistakes: &mut Mistakes) -> Option<f64> {
    let x = item.number(mistakes)?;
    if x <= 0.0 {
        mistakes.push(item.path(), format!("is {x}; it must lie in (0, ∞)"));
    }
    Some(x)
}

/// One validator per table, faulty ones included, so that references keep their meaning.
fn validators(
    root: &mut Table<'_, '_>,
    rules: &[Rule],
    mistakes: &mut Mistakes,
) -> Vec<TextValidator> {
    let mut validators: Vec<TextValidator> = Vec::new();
    for mut table in root.tables("validator", mistakes) {
        let key = table.key("name");
        let name = table.required_string("name", mistakes);
        let first = validators.iter().position(|v| v.name == name);
        let (rule, parameters) = rule::read(table, rules, mistakes).unwrap_or_default();
        if name.trim().is_empty() {
            mistakes.push(key, "is empty; every validator needs a name");
        } else if let Some(first) = first {
            let message = format!(
                "is \"{name}\", the name of validator {} already; names must differ",
                first + 1
            );
            mistakes.push(key, message);
        }
        validators.push(TextValidator {
            name,
            rule,
            parameters,
        });
    }
    validators
}

fn checkpoints(
    root: &mut Table<'_, '_>,
    validators: &[TextValidator],
    mistakes: &mut Mistakes,
) -> Vec<Checkpoint<Position>> {
    let mut taken: Vec<Option<Position>> = Vec::new();
    let mut checkpoints = Vec::new();
    for mut table in root.tables("checkpoint", mistakes) {
        let at = table.required("at");
        let position = at.as_ref().and_then(|item| Position::read(item, mistakes));
        let first = taken.iter().position(|p| p.is_some() && *p == position);
        if let (Some(at), Some(first)) = (&at, first) {
            let message = format!(
                "is where checkpoint {} stands already; merge the two",
                first + 1
            );
            mistakes.push(at.path(), message);
        }
        taken.push(position);
        let consulted = table
            .required("validators")
            .map(|item| consulted(&item, validators, mistakes));
        let threshold = table.number_or("threshold", 0.0, mistakes);
        if !(0.0..1.0).contains(&threshold) {
            let message = format!("is {threshold}; a threshold must lie in [0, 1)");
            mistakes.push(table.key("threshold"), message);
        }
        let cost_tokens = table.number_or("cost_tokens", 0.0, mistakes);
        if cost_tokens < 0.0 {
            let message = format!("is {cost_tokens}; it must lie in [0, ∞)");
            mistakes.push(table.key("cost_tokens"), message);
        }
        table.finish(mistakes);
        checkpoints.extend(position.map(|at| Checkpoint {
            at,
            validators: consulted.unwrap_or_default(),
            threshold,
            cost_tokens,
        }));
    }
    checkpoints
}

/// Indices of the validators named.
fn consulted(
    item: &Item<'_, '_>,
    validators: &[TextValidator],
    mistakes: &mut Mistakes,
) -> Vec<usize> {
    let Some(names) = item.strings(mistakes) else {
        return Vec::new();
    };
    if names.is_empty() {
        let message = "is empty; a checkpoint consults at least one validator";
        mistakes.push(item.path(), message);
    }
    let mut indices = Vec::new();
    for (n, name) in names.iter().enumerate() {
        let key = format!("{}[{n}]", item.path());
        match validators.iter().position(|v| v.name == *name) {
            None => {
                let known = validators.iter().map(|v| v.name.as_str());
                mistakes.push(key, rule::unknown(name, "validator", known));
            }
            Some(index) if indices.contains(&index) => {
                mistakes.push(key, format!("repeats `{name}`; name each validator once"));
            }
            Some(index) => indices.push(index),
        }
    }
    indices
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Parameter, ParameterKind, ParameterValue};

    fn catalogue() -> [Rule; 2] {
        let parameter = |name, kind| Parameter {
            name,
            kind,
            required: false,
        };
        [
            Rule {
                name: "false-equation",
                parameters: vec![parameter("tolerance", ParameterKind::Positive)],
            },
            Rule {
                name: "regex",
                parameters: vec![parameter("patterns", ParameterKind::Regexes)],
            },
        ]
    }

    const HEAD: &str = "schema = \"foldem.policy/1\"\nname = \"p\"\n";
    const TRACE: &str = "[[validator]]\nname = \"trace\"\nrule = \"false-equation\"\n";

    /// Mistakes of the file as `line: key: message`.
    fn mistakes(text: &str) -> Vec<String> {
        let error = PolicyFile::parse("p.toml", text, &catalogue()).expect_err(text);
        let one = |m: &crate::input::Mistake| {
            let line = m.line.expect("every mistake has a line");
            format!("{line}: {}: {}", m.key, m.message)
        };
        error.mistakes.iter().map(one).collect()
    }

    #[track_caller]
    fn assert_only(text: &str, start: &str, hint: &str) {
        let found = mistakes(text);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].starts_with(start), "{}", found[0]);
        assert!(found[0].contains(hint), "{}", found[0]);
    }

    #[test]
    fn a_whole_policy_is_read() {
        let text = format!(
            "{HEAD}description = \"d\"\n{TRACE}tolerance = 1\n\
             [[validator]]\nname = \"loops\"\nrule = \"regex\"\npatterns = ['(again )+', '\\d']\n\
             [[checkpoint]]\nat = \"problem\"\nvalidators = [\"loops\"]\n\
             [[checkpoint]]\nat = {{ every_tokens = 32 }}\nvalidators = [\"loops\", \"trace\"]\n\
             threshold = 0.25\ncost_tokens = 3\n"
        );
        let policy = PolicyFile::parse("p.toml", &text, &catalogue()).expect("valid");
        assert_eq!((policy.name(), policy.description()), ("p", "d"));
        let [trace, loops] = policy.validators() else {
            panic!("two validators");
        };
        assert_eq!((trace.rule, loops.rule), ("false-equation", "regex"));
        assert_eq!(trace.parameters["tolerance"], ParameterValue::Number(1.0));
        let patterns = vec!["(again )+".to_owned(), "\\d".to_owned()];
        assert_eq!(
            loops.parameters["patterns"],
            ParameterValue::Texts(patterns)
        );
        let checkpoint = |at, validators: &[usize], threshold, cost_tokens| Checkpoint {
            at,
            validators: validators.to_vec(),
            threshold,
            cost_tokens,
        };
        let expected = [
            checkpoint(Position::Problem, &[1], 0.0, 0.0),
            checkpoint(Position::EveryTokens(32), &[1, 0], 0.25, 3.0),
        ];
        assert_eq!(policy.checkpoints(), expected);
    }

    #[test]
    fn each_wrong_checkpoint_has_its_own_message() {
        let checkpoint = |rest: &str| format!("{HEAD}{TRACE}[[checkpoint]]\n{rest}\n");
        let at = "at = \"solution\"\n";
        let cases = [
            (
                "validators = [\"trace\"]",
                "6: checkpoint[0].at: is missing",
                "",
            ),
            (
                "at = \"solution\"",
                "6: checkpoint[0].validators: is missing",
                "",
            ),
            (
                &format!("{at}validators = []"),
                "8: checkpoint[0].validators: is empty",
                "at least one",
            ),
            (
                &format!("{at}validators = [\"trcae\"]"),
                "8: checkpoint[0].validators[0]: `trcae` is not a known validator",
                "did you mean `trace`?",
            ),
            (
                &format!("{at}validators = [\"zzz\"]"),
                "8: checkpoint[0].validators[0]: `zzz` is not a known validator. Known: `trace`",
                "",
            ),
            (
                &format!("{at}validators = [\"trace\", \"trace\"]"),
                "8: checkpoint[0].validators[1]: repeats `trace`",
                "",
            ),
            (
                &format!("{at}validators = [\"trace\"]\nthreshold = 1"),
                "9: checkpoint[0].threshold: is 1",
                "[0, 1)",
            ),
            (
                &format!("{at}validators = [\"trace\"]\ncost_tokens = -1"),
                "9: checkpoint[0].cost_tokens: is -1",
                "[0, ∞)",
            ),
            (
                &format!("{at}validators = [\"trace\"]\ncost_token = 1"),
                "9: checkpoint[0].cost_token: is not a known key",
                "did you mean `cost_tokens`?",
            ),
        ];
        for (rest, start, hint) in cases {
            assert_only(&checkpoint(rest), start, hint);
        }
    }

    #[test]
    fn positions_and_names_must_differ() {
        let checkpoint =
            |at: &str| format!("[[checkpoint]]\nat = {at}\nvalidators = [\"trace\"]\n");
        let text = |first: &str, second: &str| {
            format!("{HEAD}{TRACE}{}{}", checkpoint(first), checkpoint(second))
        };
        let twice = text("{ tokens = 8 }", "{ tokens = 8 }");
        assert_only(
            &twice,
            "10: checkpoint[1].at: is where checkpoint 1 stands",
            "merge",
        );
        let different = text("{ tokens = 8 }", "{ every_tokens = 8 }");
        assert!(PolicyFile::parse("p.toml", &different, &catalogue()).is_ok());
        let unreadable = mistakes(&text("{ token = 8 }", "{ token = 9 }"));
        assert_eq!(unreadable.len(), 2, "{unreadable:#?}");
        let names = format!("{HEAD}{TRACE}{TRACE}");
        assert_only(
            &names,
            "7: validator[1].name: is \"trace\", the name of validator 1",
            "",
        );
    }

    #[test]
    fn the_head_of_the_file_is_checked() {
        assert_only(
            "schema = \"foldem.scenario/1\"\nname = \"p\"\n",
            "1: schema: is \"foldem.scenario/1\"",
            "foldem.policy/1",
        );
        let head = |rest: &str| format!("{HEAD}{rest}\n");
        let cases = [
            ("expected_tokens = 0", "3: expected_tokens: is 0", "(0, ∞)"),
            (
                "expected_tokens = \"many\"",
                "3: expected_tokens: is the string \"many\"",
                "by model of tables by benchmark",
            ),
            (
                "expected_tokens = { m = 3 }",
                "3: expected_tokens.m: is 3",
                "by benchmark",
            ),
            (
                "[expected_tokens.m]\nb = -3",
                "4: expected_tokens.m.b: is -3",
                "(0, ∞)",
            ),
            (
                "[expected_tokens]",
                "3: expected_tokens: is an empty table",
                "",
            ),
            (
                "[[validators]]",
                "3: validators: is not a known key",
                "`validator`",
            ),
        ];
        for (rest, start, hint) in cases {
            assert_only(&head(rest), start, hint);
        }
    }

    #[test]
    fn all_mistakes_come_at_once_in_order() {
        let text = "schema = 1\nname = \"\"\n[[validator]]\nname = \"a\"\nrule = \"x-ray\"\n\
                    [[checkpoint]]\nat = \"end\"\nvalidators = [\"b\"]\nthreshold = 2\n";
        let lines: Vec<String> = mistakes(text)
            .iter()
            .map(|m| m.split(": ").take(2).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(
            lines,
            [
                "1 schema",
                "2 name",
                "5 validator[0].rule",
                "7 checkpoint[0].at",
                "8 checkpoint[0].validators[0]",
                "9 checkpoint[0].threshold",
            ]
        );
    }
}
