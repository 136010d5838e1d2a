//! One mistake at a time in a valid scenario: each has its own message with line, key and, for a
//! misspelt name, the nearest valid one.

use std::panic::catch_unwind;
use std::path::Path;

use foldem::scenario::Scenario;

const VALID: &str = "\
schema = \"foldem.scenario/1\"
name = \"valid\"
[difficulty]
sd = 0.9
length_effect = 0.15
[[fault]]
kind = \"arithmetic\"
hazard = [0.0, 0.11, 0.07]
recovery = 0.05
difficulty_effect = 0.8
length_factor = 1.5
[[fault]]
kind = \"format\"
hazard = [0.1, 0.1, 0.1]
recovery = [0.0, 0.1, 0.1]
[[stage]]
name = \"problem\"
tokens = { dist = \"lognormal\", mean = 60.0, cv = 0.4 }
[[stage]]
name = \"middle\"
tokens = { dist = \"neg-binomial\", mean = 50.0, cv = 0.4 }
[[stage]]
name = \"end\"
tokens = { dist = \"empirical\", values = [1, 2, 3] }
[[validator]]
name = \"trace\"
detects = { arithmetic = 0.62 }
false_alarm = 0.012
sticky = true
difficulty_effect = 1.1
[[validator]]
name = \"judge\"
score = { clean = { dist = \"beta\", a = 9, b = 1 }, faulty = { dist = \"beta\", a = 2, b = 2 } }
[final_filter]
accepts = { clean = 0.96, arithmetic = 0.07 }
[utility]
clean = 1.0
[[policy.checkpoint]]
at = \"problem\"
validators = [\"trace\"]
threshold = 0.0
cost_tokens = 0.5
[[policy.checkpoint]]
at = \"middle\"
validators = [\"trace\", \"judge\"]
threshold = 0.4
";

/// What is replaced by what, and where the mistake must be reported: line, part of the key, part
/// of the message.
#[rustfmt::skip]
const MISTAKES: [(&str, &str, usize, &str, &str); 62] = [
    ("foldem.scenario/1", "foldem.scenario/2", 1, "schema", "foldem.scenario/1"),
    ("name = \"valid\"", "nmae = \"valid\"", 2, "nmae", "`name`"),
    ("name = \"valid\"", "name = 7", 2, "name", "string"),
    ("name = \"valid\"", "name = \"\"", 2, "name", "empty"),
    ("sd = 0.9", "sd = -0.9", 4, "difficulty.sd", "[0.0, 1000.0]"),
    ("sd = 0.9", "sd = nan", 4, "difficulty.sd", "finite"),
    ("sd = 0.9", "sd = inf", 4, "difficulty.sd", "finite"),
    ("sd = 0.9", "sd = 1e999", 4, "difficulty.sd", "finite"),
    ("sd = 0.9", "sd = \"0.9\"", 4, "difficulty.sd", "number"),
    ("sd = 0.9\n", "", 3, "difficulty.sd", "missing"),
    ("length_effect", "length_efect", 5, "length_efect", "`length_effect`"),
    ("kind = \"arithmetic\"", "kind = \"clean\"", 7, "kind", "reserved"),
    ("kind = \"format\"", "kind = \"arithmetic\"", 13, "fault[1].kind", "already"),
    ("hazard = [0.0, 0.11, 0.07]", "hazard = [0.0, 0.11]", 8, "hazard", "3 in all"),
    ("hazard = [0.0, 0.11, 0.07]", "hazard = [0.0, 1.1, 0.07]", 8, "hazard[1]", "1.1"),
    ("hazard = [0.0, 0.11, 0.07]", "hazard = [0.0, 0.95, 0.07]", 14, "hazard[1]", "at most 1"),
    ("hazard = [0.0, 0.11, 0.07]", "hazard = 0.1", 8, "hazard", "list"),
    ("hazard = [0.0, 0.11, 0.07]", "hazards = [0.0, 0.11, 0.07]", 8, "hazards", "`hazard`"),
    ("hazard = [0.0, 0.11, 0.07]\n", "", 6, "hazard", "missing"),
    ("recovery = 0.05", "recovery = 1.05", 9, "recovery", "[0, 1]"),
    ("recovery = [0.0, 0.1, 0.1]", "recovery = [0.0, 0.1]", 15, "recovery", "3 in all"),
    ("recovery = [0.0, 0.1, 0.1]", "recovery = [0.0, 0.1, -1]", 15, "recovery[2]", "-1"),
    ("length_factor = 1.5", "length_factor = -1", 11, "length_factor", "(0, "),
    ("name = \"middle\"", "name = \"problem\"", 20, "stage[1].name", "already"),
    ("\"lognormal\"", "\"lognorml\"", 18, "tokens.dist", "`lognormal`"),
    ("dist = \"lognormal\", ", "", 18, "tokens.dist", "missing"),
    ("mean = 60.0", "mean = 0", 18, "tokens.mean", "(0, "),
    ("mean = 60.0, cv = 0.4", "mean = 60.0, cv = -0.4", 18, "tokens.cv", "0 or lie"),
    ("mean = 60.0, cv = 0.4", "mean = 60.0, value = 3", 18, "tokens.value", "`mean`"),
    ("mean = 50.0, cv = 0.4", "mean = 5.0, cv = 0.4", 21, "tokens.cv", "0.447"),
    ("values = [1, 2, 3]", "values = []", 24, "values", "at least one"),
    ("values = [1, 2, 3]", "values = [1, -2, 3]", 24, "values[1]", "-2"),
    ("values = [1, 2, 3]", "file = \"no-such.txt\"", 24, "file", "no-such.txt"),
    (", values = [1, 2, 3]", "", 24, "values", "missing"),
    ("values = [1, 2, 3]", "values = [1], file = \"x\"", 24, "file", "one of the two"),
    ("name = \"judge\"", "name = \"trace\"", 32, "validator[1].name", "already"),
    ("{ arithmetic = 0.62 }", "{ arithmetc = 0.62 }", 27, "detects.arithmetc", "`arithmetic`"),
    ("{ arithmetic = 0.62 }", "{ clean = 0.62 }", 27, "detects.clean", "false_alarm"),
    ("{ arithmetic = 0.62 }", "{ arithmetic = 62 }", 27, "detects.arithmetic", "[0, 1]"),
    ("{ arithmetic = 0.62 }", "0.62", 27, "detects", "table"),
    ("false_alarm = 0.012", "false_alarm = 1.012", 28, "false_alarm", "[0, 1]"),
    ("sticky = true", "sticky = 1", 29, "sticky", "true or false"),
    ("sticky = true", "stickey = true", 29, "stickey", "`sticky`"),
    ("score = {", "sticky = true\nscore = {", 33, "sticky", "score"),
    ("score = {", "detects = {}\nscore = {", 33, "detects", "score"),
    ("score = {", "scores = {", 33, "scores", "`score`"),
    ("a = 9, b = 1", "a = 9, b = 0", 33, "clean.b", "(0, 1e6]"),
    ("a = 9, b = 1", "a = 9", 33, "clean.b", "missing"),
    ("faulty =", "format =", 33, "faulty", "arithmetic"),
    ("faulty =", "fautly =", 33, "fautly", "`faulty`"),
    ("{ clean = 0.96, arith", "{ claen = 0.96, arith", 35, "accepts.claen", "`clean`"),
    ("{ clean = 0.96, arith", "{ clean = 1.96, arith", 35, "accepts.clean", "[0, 1]"),
    ("accepts = {", "accept = {", 35, "accept", "`accepts`"),
    ("clean = 1.0", "clean = 1.5", 37, "utility.clean", "[0, 1]"),
    ("clean = 1.0", "formt = 0.5", 37, "utility.formt", "`format`"),
    ("at = \"problem\"", "at = \"porblem\"", 39, "at", "`problem`"),
    ("at = \"problem\"", "at = \"end\"", 39, "at", "last stage"),
    ("at = \"problem\"", "at = \"middle\"", 44, "checkpoint[1].at", "already"),
    ("[\"trace\", \"judge\"]", "[\"trace\", \"trace\"]", 45, "validators[1]", "repeats"),
    ("[\"trace\", \"judge\"]", "[]", 45, "validators", "at least one"),
    ("[\"trace\", \"judge\"]", "[\"trace\", \"juge\"]", 45, "validators[1]", "`judge`"),
    ("threshold = 0.4\n", "", 43, "threshold", "needs a threshold"),
];

fn parse(text: &str) -> Result<Scenario, foldem::input::InputError> {
    Scenario::parse("file.toml", text, Path::new("."))
}

#[test]
fn the_base_is_valid() {
    parse(VALID).unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn each_mistake_is_reported_where_it_is() {
    for (find, put, line, key, message) in MISTAKES {
        assert_eq!(VALID.matches(find).count().min(1), 1, "{find}");
        let error = parse(&VALID.replacen(find, put, 1))
            .map(|_| ())
            .expect_err(&format!("{put} is accepted"));
        let found = error.mistakes.iter().any(|m| {
            m.line == Some(line)
                && m.key.contains(key)
                && (m.message.contains(message) || m.key.contains(message))
        });
        assert!(
            found,
            "{put}: expected line {line}, {key}, {message}; got\n{error}"
        );
        assert!(
            error.mistakes.len() <= 2,
            "{put}: consequences are reported too\n{error}"
        );
        assert!(
            error
                .to_string()
                .starts_with(&format!("file.toml:{}", error.mistakes[0].line.unwrap()))
        );
    }
}

#[test]
fn all_mistakes_are_reported_together() {
    let text = VALID
        .replacen("sd = 0.9", "sd = -1", 1)
        .replacen("false_alarm = 0.012", "false_alarm = 2", 1)
        .replacen("at = \"problem\"", "at = \"end\"", 1);
    let error = parse(&text).expect_err("three mistakes");
    let lines: Vec<_> = error.mistakes.iter().map(|m| m.line.unwrap()).collect();
    assert_eq!(lines, [4, 28, 39]);
}

/// Cutting and damaging a valid file anywhere never panics, and what is accepted can be evaluated.
#[test]
fn no_damage_leads_to_a_panic() {
    let mut damaged: Vec<String> = (0..VALID.len())
        .map(|cut| VALID[..cut].to_owned())
        .collect();
    for (at, _) in VALID.match_indices(['=', '[', '{', '"', ',', '.']) {
        for put in ["", "=", "]", "\u{0}", "é", "-", "9e9"] {
            damaged.push(format!("{}{put}{}", &VALID[..at], &VALID[at + 1..]));
        }
    }
    for text in damaged {
        let result = catch_unwind(|| {
            if let Ok(scenario) = parse(&text) {
                let _ = foldem::theory::Exact::new(&scenario).savings();
                let _ = scenario.describe();
            }
        });
        assert!(result.is_ok(), "panic on:\n{text}");
    }
}
