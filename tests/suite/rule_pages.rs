//! The pages of the rules: one each, and what they say of parameters, examples and figures holds.

use std::collections::BTreeSet;
use std::fs;

use foldem::rules::{Alarm, RULES, Reading, Rule, Setting, Settings};
use serde_json::Value;

use super::cli::{foldem, root, stderr, stdout};

const FOLDER: &str = "docs/rules";

const SECTIONS: [&str; 7] = [
    "What it reads",
    "When it alarms",
    "Parameters",
    "Reversible?",
    "What fools it",
    "Measured",
    "Example policy",
];

/// Rules that have no figures, since what they look for is the user's.
const UNMEASURED: [&str; 3] = ["length-cap", "literal", "regex"];

/// What `README.md` and the pages say is measured, by the very command that they name.
fn measured() -> Vec<Value> {
    let policies = ["paper", "experiments/policies/further-rules.toml"];
    policies.map(measured_under).concat()
}

fn measured_under(policy: &str) -> Vec<Value> {
    let output = foldem(&[
        "replay",
        "experiments/logs/qwen2.5-coder-0.5b.jsonl.zst",
        "experiments/logs/qwen2.5-coder-1.5b.jsonl.zst",
        "--policy",
        policy,
        "--format",
        "json",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    let result: Value = serde_json::from_str(&stdout(&output)).unwrap();
    result["validators"].as_array().unwrap().clone()
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join(FOLDER).join(format!("{name}.md"))).unwrap()
}

/// The text below the heading `title` up to the next one.
fn section<'p>(page: &'p str, title: &str) -> Option<&'p str> {
    let from = page.split_once(&format!("\n## {title}\n"))?.1;
    Some(
        from.split_once("\n## ")
            .map_or(from, |(section, _)| section),
    )
}

/// Rows of the table whose header begins with the cell `first`, without header and rule.
fn rows<'p>(section: &'p str, first: &str) -> Vec<Vec<&'p str>> {
    let cells = |line: &'p str| -> Vec<&'p str> {
        let inner = line.trim().trim_matches('|');
        inner.split(" | ").map(str::trim).collect()
    };
    let lines = section.lines();
    lines
        .skip_while(|line| !line.starts_with(&format!("| {first} |")))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(cells)
        .collect()
}

/// What stands in backticks.
fn code(cell: &str) -> Option<&str> {
    cell.strip_prefix('`')?.strip_suffix('`')
}

/// A share with its interval, in per cent as the pages write it.
fn percent(estimate: &Value) -> String {
    let percent = |x: &Value| format!("{:.2}", 100.0 * x.as_f64().unwrap());
    let [mean, lo, hi] = [&estimate["mean"], &estimate["ci"][0], &estimate["ci"][1]].map(percent);
    format!("{mean} % [{lo}, {hi}]")
}

fn median(validator: &Value) -> String {
    let median = validator["first_alarm_median"].as_f64();
    median.map_or_else(|| "–".to_owned(), |median| format!("{median:.2}"))
}

/// The row of figures of a rule's page.
fn figures(validator: &Value) -> String {
    format!(
        "| {} | {} | {} | {} |",
        percent(&validator["alarm_rate"]),
        percent(&validator["false_rejection_rate"]),
        percent(&validator["detection_rate"]),
        median(validator)
    )
}

/// The end of a rule's row in the index.
fn figures_of_index(validator: &Value) -> String {
    let percent = |name: &str| 100.0 * validator[name]["mean"].as_f64().unwrap();
    format!(
        "| {:.2} % | {:.2} % | {} |",
        percent("false_rejection_rate"),
        percent("detection_rate"),
        median(validator)
    )
}

/// Where a rule with these settings alarms.
fn alarm(rule: &Rule, settings: &Settings, problem: Option<&str>, text: &str) -> Option<Alarm> {
    let mut detector = (rule.build)(settings).unwrap();
    let mut reading = Reading::start(detector.as_mut(), problem);
    reading.push(text.as_bytes());
    reading.finish()
}

/// Checks the examples: `¦` stands where the alarm comes, `‖` at the end if only the end raises
/// it, `⏎` for the end of a line.
fn example_mistakes(rule: &Rule, section: &str) -> Vec<String> {
    let line = |start: &str| {
        let mut lines = section.lines();
        lines.find_map(|line| line.strip_prefix(start)?.split('`').nth(1))
    };
    let given = line("With ").map(|given| {
        let lines = given.replace(", length", "\nlength");
        lines.parse::<toml::Table>().unwrap()
    });
    let setting = |value: &toml::Value| {
        if let Some(n) = value.as_integer() {
            return Setting::Number(f64::from(i32::try_from(n).unwrap()));
        }
        let texts = value.as_array().unwrap().iter();
        Setting::Texts(texts.map(|t| t.as_str().unwrap().to_owned()).collect())
    };
    let parameters = rule.parameters.iter();
    let settings: Settings = parameters
        .filter_map(|p| Some((p.name, setting(given.as_ref()?.get(p.name)?))))
        .collect();
    let of_problem = rows(section, "problem");
    let examples = [rows(section, "solution"), of_problem.clone()].concat();
    let mut mistakes = Vec::new();
    if !(3..=8).contains(&examples.len()) {
        mistakes.push(format!("{} examples", examples.len()));
    }
    for cells in examples {
        let Some(marked) = code(cells[0]) else {
            mistakes.push(format!("no example: {cells:?}"));
            continue;
        };
        let marked = marked.replace('⏎', "\n");
        let text = marked.replace(['¦', '‖'], "");
        let expected = match (marked.find('¦'), marked.ends_with('‖')) {
            (Some(place), _) => Some(Alarm::After(place)),
            (None, true) => Some(Alarm::AtEnd),
            (None, false) => None,
        };
        let found = if of_problem.is_empty() {
            alarm(rule, &settings, line("Problem: "), &text)
        } else {
            alarm(rule, &settings, Some(&text), "48/2 = 24\n#### 24")
        };
        if found != expected {
            mistakes.push(format!("example {marked:?}: {found:?}, not {expected:?}"));
        }
    }
    mistakes
}

/// What is wrong with the page of a rule.
fn mistakes(rule: &Rule, page: &str, validators: &[Value]) -> Vec<String> {
    let mut mistakes = Vec::new();
    if !page.starts_with(&format!("# {}\n", rule.name)) {
        mistakes.push("the title is not the rule's name".to_owned());
    }
    let headings = page.lines().filter_map(|line| line.strip_prefix("## "));
    if headings.ne(SECTIONS) {
        mistakes.push(format!("the sections are not {SECTIONS:?}"));
        return mistakes;
    }
    let [examples, parameters, figured, policy] =
        ["When it alarms", "Parameters", "Measured", "Example policy"]
            .map(|title| section(page, title).unwrap());

    mistakes.extend(example_mistakes(rule, examples));

    let named = rows(parameters, "parameter").into_iter();
    let named: Vec<Option<&str>> = named.map(|cells| code(cells[0])).collect();
    let known: Vec<Option<&str>> = rule.parameters.iter().map(|p| Some(p.name)).collect();
    if named != known {
        mistakes.push(format!("parameters {named:?}, not {known:?}"));
    }
    for (cells, parameter) in rows(parameters, "parameter").iter().zip(rule.parameters) {
        if (cells.get(2) == Some(&"required")) != parameter.required {
            mistakes.push(format!("{}: required or not", parameter.name));
        }
    }

    match validators.iter().find(|v| v["rule"] == rule.name) {
        Some(validator) => {
            let figures = figures(validator);
            if figured.lines().filter(|line| *line == figures).count() != 1 {
                mistakes.push(format!("the figures are not {figures}"));
            }
        }
        None if UNMEASURED.contains(&rule.name) => {
            if figured.contains('%') {
                mistakes.push("figures that nothing measures".to_owned());
            }
        }
        None => mistakes.push("not measured".to_owned()),
    }

    if !policy.contains("```toml") || !policy.contains(&format!("rule = \"{}\"", rule.name)) {
        mistakes.push("no policy that uses the rule".to_owned());
    }
    mistakes
}

/// What is wrong with the index.
fn index_mistakes(index: &str, validators: &[Value]) -> Vec<String> {
    let mut mistakes = Vec::new();
    let found = rows(index, "rule");
    let names: Vec<String> = found.iter().map(|cells| cells[0].to_owned()).collect();
    let expected = RULES.map(|rule| format!("[{0}]({0}.md)", rule.name));
    if names != expected {
        mistakes.push(format!("rules {names:?}, not {expected:?}"));
        return mistakes;
    }
    for (rule, cells) in RULES.iter().zip(&found) {
        let parameters: BTreeSet<&str> = cells[3].split('`').skip(1).step_by(2).collect();
        let known: BTreeSet<&str> = rule.parameters.iter().map(|p| p.name).collect();
        if parameters != known {
            mistakes.push(format!("{}: {parameters:?}, not {known:?}", rule.name));
        }
        let validator = validators.iter().find(|v| v["rule"] == rule.name);
        let figures = validator.map_or_else(|| "| – | – | – |".to_owned(), figures_of_index);
        if format!("| {} |", cells[4..].join(" | ")) != figures {
            mistakes.push(format!("{}: not {figures}", rule.name));
        }
    }
    mistakes
}

#[test]
fn every_rule_has_a_page_and_no_page_is_without_a_rule() {
    let files = fs::read_dir(root().join(FOLDER)).unwrap();
    let files: BTreeSet<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    let rules = RULES.iter().map(|rule| format!("{}.md", rule.name));
    let expected: BTreeSet<String> = rules.chain(["README.md".to_owned()]).collect();
    assert_eq!(files, expected);
}

#[test]
fn pages_and_index_say_what_the_rules_do_and_what_replay_measures() {
    let validators = measured();
    let mut wrong = index_mistakes(&page("README"), &validators);
    for rule in RULES {
        let mistakes = mistakes(rule, &page(rule.name), &validators);
        wrong.extend(mistakes.iter().map(|m| format!("{}: {m}", rule.name)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    // The check can fail: each of these slips is found, by itself.
    let rule = RULES
        .into_iter()
        .find(|rule| rule.name == "false-equation")
        .unwrap();
    let right = page(rule.name);
    let validator = validators.iter().find(|v| v["rule"] == rule.name).unwrap();
    let figures = figures(validator);
    let wrong_figures = figures.replacen("% [", "% [9", 1);
    for (from, to, message) in [
        (figures.as_str(), wrong_figures.as_str(), "the figures"),
        ("| `scope` |", "| `part` |", "parameters"),
        ("| `tolerance` |", "| `scope` |", "parameters"),
        ("eggs.⏎¦", "eggs.⏎", "example"),
        ("## Reversible?", "## Final", "the sections"),
        ("# false-equation", "# false-equations", "the title"),
        ("rule = \"false-equation\"", "rule = \"regex\"", "no policy"),
    ] {
        let altered = right.replacen(from, to, 1);
        assert_ne!(altered, right, "{from} does not occur");
        let found = mistakes(rule, &altered, &validators);
        assert!(
            matches!(found.as_slice(), [only] if only.starts_with(message)),
            "{from}: {found:?}"
        );
    }
    let index = page("README");
    let figures = figures_of_index(validator);
    for (from, to) in [
        (figures.as_str(), figures.replace(" %", "1 %").as_str()),
        ("[regex](regex.md)", "[regexp](regex.md)"),
        ("`tolerance`", "`tolerances`"),
    ] {
        let altered = index.replacen(from, to, 1);
        assert_ne!(altered, index, "{from} does not occur");
        assert_eq!(index_mistakes(&altered, &validators).len(), 1, "{from}");
    }
}

/// The policies of a page.
fn policies(page: &str) -> Vec<&str> {
    let blocks = page.split("```toml\n").skip(1);
    blocks.map(|b| b.split_once("```").unwrap().0).collect()
}

#[test]
fn every_policy_of_the_pages_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.toml");
    let check = |text: &str| {
        fs::write(&file, text).unwrap();
        foldem(&["check", file.to_str().unwrap()])
    };
    let names = RULES.iter().map(|rule| rule.name).chain(["README"]);
    for name in names {
        let page = page(name);
        let policies = policies(&page);
        assert!(!policies.is_empty(), "{name}");
        for policy in policies {
            let output = check(policy);
            assert!(output.status.success(), "{name}: {}", stdout(&output));
            assert!(stdout(&output).contains("policy"), "{}", stdout(&output));
            let misspelt = policy.replacen("rule = \"", "rule = \"un", 1);
            assert!(!check(&misspelt).status.success(), "{name}: {misspelt}");
        }
    }
}
