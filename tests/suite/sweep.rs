//! Sweeps: each mistake of the file where it stands, the order of the grid, every point the
//! scenario that it should be.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use foldem::scenario::Scenario;
use foldem::study::Interrupt;
use foldem::study::simulation::{Request, simulate};
use foldem::study::sweep::{Point, Sweep, SweepFindings, evaluate};

use super::cli::root;

pub(super) const VALID: &str = "\
schema = \"foldem.sweep/1\"
name = \"valid\"
scenario = \"alarms.toml\"
attempts = 0
seed = 7
[[axis]]
key = \"validator.check.false_alarm\"
values = [0.0, 0.1]
[[axis]]
key = \"fault.wrong.hazard_factor\"
range = { from = 0.1, to = 0.3, steps = 3, scale = \"linear\" }
[[policy]]
name = \"early\"
[[policy.checkpoint]]
at = \"first\"
validators = [\"check\"]
[[policy]]
name = \"never\"
";

/// What is replaced by what, and where the mistake must be reported: line, part of the key, part
/// of the message.
#[rustfmt::skip]
const MISTAKES: [(&str, &str, usize, &str, &str); 40] = [
    ("foldem.sweep/1", "foldem.sweep/2", 1, "schema", "foldem.sweep/1"),
    ("foldem.sweep/1", "foldem.scenario/1", 1, "schema", "a sweep has"),
    ("name = \"valid\"", "nmae = \"valid\"", 2, "nmae", "`name`"),
    ("name = \"valid\"", "name = \" \"", 2, "name", "empty"),
    ("alarms.toml", "no-such.toml", 3, "scenario", "cannot be read"),
    ("alarms.toml", "broken.toml", 3, "scenario", "cannot be used"),
    ("scenario = \"alarms.toml\"\n", "", 1, "scenario", "missing"),
    ("attempts = 0", "attempts = -1", 4, "attempts", "whole number"),
    ("attempts = 0", "attempts = 2000000000000", 4, "attempts", "must lie in"),
    ("attempts = 0", "atempts = 0", 4, "atempts", "`attempts`"),
    ("seed = 7", "seed = 0.5", 5, "seed", "whole number"),
    ("[[axis]]\nkey = \"v", "[axis]\nkey = \"v", 9, "axis", "TOML"),
    ("key = \"validator", "ky = \"validator", 7, "ky", "`key`"),
    ("check.false_alarm", "chek.false_alarm", 7, "axis[0].key", "`validator.check.false_alarm`"),
    ("check.false_alarm", "check.sticky", 7, "axis[0].key", "Known after `validator.check.`: `detects`"),
    ("fault.wrong.hazard_factor", "fault.wrong.hazard", 10, "axis[1].key", "hazard.first"),
    ("fault.wrong.hazard_factor", "fault.wrong.hazard.frist", 10, "axis[1].key", "`fault.wrong.hazard.first`"),
    ("fault.wrong.hazard_factor", "difficulty.length_effect", 10, "axis[1].key", "Known after `difficulty.`: `sd`"),
    ("fault.wrong.hazard_factor", "stage.first.tokens.mean", 10, "axis[1].key", "`stage.first.tokens.value`"),
    ("fault.wrong.hazard_factor", "temperature", 10, "axis[1].key", "Known: `difficulty`, `fault`"),
    ("fault.wrong.hazard_factor", "policy.checkpoint.first.threshold", 10, "axis[1].key", "policy `never`"),
    ("fault.wrong.hazard_factor", "validator.check.false_alarm", 10, "axis[1].key", "already"),
    ("values = [0.0, 0.1]", "values = []", 8, "values", "at least one"),
    ("values = [0.0, 0.1]", "values = [0.0, true]", 8, "values[1]", "number"),
    ("values = [0.0, 0.1]", "values = [0.1, 0.0, 0.1]", 8, "values[2]", "repeats 0.1"),
    ("values = [0.0, 0.1]", "values = [0.0, 1.5]", 8, "axis[0].values[1]", "`validator.check.false_alarm` = 1.5"),
    ("values = [0.0, 0.1]", "values = [0.0, 1.5]", 8, "axis[0].values[1]", "probability must lie in [0, 1]"),
    ("values = [0.0, 0.1]\n", "", 6, "axis[0].values", "missing"),
    ("values = [0.0, 0.1]", "range = 3", 8, "axis[0].range", "table"),
    ("values = [0.0, 0.1]\n", "values = [0.0]\nrange = { from = 0, to = 1, steps = 2 }\n", 9, "range", "one of the two"),
    ("steps = 3", "steps = 1", 11, "range.steps", "[2, "),
    ("steps = 3", "stepps = 3", 11, "range.stepps", "`steps`"),
    ("to = 0.3, ", "", 11, "range.to", "missing"),
    ("scale = \"linear\"", "scale = \"lin\"", 11, "range.scale", "`linear`"),
    ("from = 0.1, to = 0.3, steps = 3, scale = \"linear\"", "from = 0, to = 1, steps = 3, scale = \"log\"", 11, "range.from", "above 0"),
    ("to = 0.3", "to = 300", 11, "axis[1].range", "makes the scenario invalid"),
    ("steps = 3", "steps = 300000", 6, "axis", "at most 1000000"),
    ("name = \"never\"", "name = \"early\"", 18, "policy[1].name", "already"),
    ("at = \"first\"", "at = \"frist\"", 15, "policy[0].checkpoint[0].at", "`first`"),
    ("at = \"first\"", "at = \"second\"", 15, "policy[0].checkpoint[0].at", "last stage"),
];

pub(super) fn fixtures() -> std::path::PathBuf {
    root().join("tests/fixtures/golden")
}

fn parse(text: &str) -> Result<Sweep, foldem::input::InputError> {
    Sweep::parse("file.toml", text, &fixtures())
}

fn sweep(text: &str) -> Sweep {
    parse(text).unwrap_or_else(|e| panic!("{e}"))
}

pub(super) fn evaluated(text: &str) -> SweepFindings {
    evaluate(&sweep(text), &|_| (), &Interrupt::default())
}

#[test]
fn each_mistake_is_reported_where_it_is() {
    assert_eq!(sweep(VALID).points(), 12);
    for (find, put, line, key, message) in MISTAKES {
        assert!(VALID.contains(find), "{find}");
        let error = parse(&VALID.replacen(find, put, 1))
            .map(|_| ())
            .expect_err(&format!("{put} is accepted"));
        let found = error
            .mistakes
            .iter()
            .any(|m| m.line == Some(line) && m.key.contains(key) && m.message.contains(message));
        assert!(
            found,
            "{put}: expected line {line}, {key}, {message}; got\n{error}"
        );
        assert!(
            error.mistakes.len() <= 2,
            "{put}: consequences are reported too\n{error}"
        );
    }
}

#[test]
fn all_mistakes_are_reported_together() {
    let text = VALID
        .replacen("check.false_alarm", "chek.false_alarm", 1)
        .replacen("steps = 3", "steps = 0", 1)
        .replacen("at = \"first\"", "at = \"frist\"", 1);
    let lines: Vec<_> = parse(&text)
        .unwrap_err()
        .mistakes
        .iter()
        .map(|m| m.line.unwrap())
        .collect();
    assert_eq!(lines, [7, 11, 15]);
}

/// Values that are fine one by one and wrong together are told with a point at which they meet;
/// a value that another axis mends is no mistake.
#[test]
fn a_grid_is_judged_point_by_point() {
    let base = "schema = \"foldem.scenario/1\"\nname = \"two\"\n\
        [[fault]]\nkind = \"a\"\nhazard = [0.4]\n[[fault]]\nkind = \"b\"\nhazard = [0.4]\n\
        [[stage]]\nname = \"only\"\ntokens = { dist = \"fixed\", value = 1 }\n";
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("two.toml"), base).unwrap();
    let grid = |a: &str, b: &str| {
        let mut text =
            "schema = \"foldem.sweep/1\"\nname = \"s\"\nscenario = \"two.toml\"\n".to_owned();
        for (kind, values) in [("a", a), ("b", b)] {
            writeln!(
                text,
                "[[axis]]\nkey = \"fault.{kind}.hazard.only\"\nvalues = {values}"
            )
            .unwrap();
        }
        Sweep::parse("s.toml", &text, folder.path())
    };
    let error = grid("[0.1, 0.5]", "[0.2, 0.6]").unwrap_err();
    assert_eq!(error.mistakes.len(), 1, "{error}");
    let message = &error.mistakes[0].message;
    assert!(
        message.contains("`fault.a.hazard.only` = 0.5, `fault.b.hazard.only` = 0.6"),
        "{message}"
    );
    assert!(message.contains("at most 1"), "{message}");
    assert!(
        grid("[0.7]", "[0.1, 0.3]").is_ok(),
        "0.7 + 0.4 is too much, 0.7 + 0.3 is not"
    );
}

#[test]
fn policies_go_round_slowest_and_the_last_axis_fastest() {
    let findings = evaluated(VALID);
    let at: Vec<String> = findings
        .points
        .iter()
        .map(|p| {
            let values: Vec<f64> = findings.values(p).map(|(_, value)| value).collect();
            format!("{} {values:?}", findings.policy(p).unwrap())
        })
        .collect();
    // The range is rounded: 0.2 and not 0.20000000000000001 or its neighbour.
    assert_eq!(
        at[..4],
        [
            "early [0.0, 0.1]",
            "early [0.0, 0.2]",
            "early [0.0, 0.3]",
            "early [0.1, 0.1]"
        ]
    );
    assert_eq!((at.len(), at[6].as_str()), (12, "never [0.0, 0.1]"));
    let rejected = |p: &Point| p.get("rejection_rate").exact.unwrap();
    assert!(findings.points[..6].iter().all(|p| rejected(p) > 0.0));
    assert!(findings.points[6..].iter().all(|p| rejected(p) <= 0.0));
}

#[test]
fn a_logarithmic_range_has_equal_ratios() {
    let text = VALID.replace(
        "{ from = 0.1, to = 0.3, steps = 3, scale = \"linear\" }",
        "{ from = 0.001, to = 1, steps = 4, scale = \"log\" }",
    );
    assert_eq!(evaluated(&text).axes[1].values, [0.001, 0.01, 0.1, 1.0]);
}

/// A change of the text of a scenario, and the axis that must come to the same.
#[rustfmt::skip]
const CHANGES: [(&str, &str, &str, f64); 19] = [
    ("sd = 0.9", "sd = 0.4", "difficulty.sd", 0.4),
    ("length_effect = 0.15", "length_effect = 0.3", "difficulty.length_effect", 0.3),
    ("[0.2, 0.1]", "[0.3, 0.1]", "fault.wrong.hazard.first", 0.3),
    ("[0.2, 0.1]", "[0.4, 0.2]", "fault.wrong.hazard_factor", 2.0),
    ("recovery = 0.1", "recovery = 0.2", "fault.wrong.recovery", 0.2),
    ("difficulty_effect = 0.8", "difficulty_effect = 1.5", "fault.wrong.difficulty_effect", 1.5),
    ("length_factor = 1.5", "length_factor = 2.5", "fault.wrong.length_factor", 2.5),
    ("mean = 30", "mean = 45", "stage.second.tokens.mean", 45.0),
    ("cv = 0.5", "cv = 0.25", "stage.second.tokens.cv", 0.25),
    ("value = 10", "value = 17", "stage.first.tokens.value", 17.0),
    ("{ wrong = 0.5 }", "{ wrong = 0.7 }", "validator.check.detects.wrong", 0.7),
    ("false_alarm = 0.1", "false_alarm = 0.05", "validator.check.false_alarm", 0.05),
    ("difficulty_effect = 0.7", "difficulty_effect = 0.9", "validator.check.difficulty_effect", 0.9),
    ("{ clean = 0.9 }", "{ clean = 0.8 }", "final_filter.clean", 0.8),
    ("{ clean = 0.9 }", "{ clean = 0.9, wrong = 0.2 }", "final_filter.wrong", 0.2),
    ("clean = 1.0", "clean = 0.5", "utility.clean", 0.5),
    ("clean = 1.0", "clean = 1.0\nwrong = 0.25", "utility.wrong", 0.25),
    ("threshold = 0.0", "threshold = 0.5", "policy.checkpoint.first.threshold", 0.5),
    ("cost_tokens = 0.5", "cost_tokens = 2.5", "policy.checkpoint.first.cost_tokens", 2.5),
];

/// All keys at once in one small world.
const WORLD: &str = "\
schema = \"foldem.scenario/1\"
name = \"world\"
[difficulty]
sd = 0.9
length_effect = 0.15
[[fault]]
kind = \"wrong\"
hazard = [0.2, 0.1]
recovery = 0.1
difficulty_effect = 0.8
length_factor = 1.5
[[stage]]
name = \"first\"
tokens = { dist = \"fixed\", value = 10 }
[[stage]]
name = \"second\"
tokens = { dist = \"lognormal\", mean = 30, cv = 0.5 }
[[validator]]
name = \"check\"
detects = { wrong = 0.5 }
false_alarm = 0.1
difficulty_effect = 0.7
[final_filter]
accepts = { clean = 0.9 }
[utility]
clean = 1.0
[[policy.checkpoint]]
at = \"first\"
validators = [\"check\"]
threshold = 0.0
cost_tokens = 0.5
";

/// By every key, a point is bit for bit what `simulate` says of the scenario changed by hand.
#[test]
fn a_point_is_the_scenario_changed_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("world.toml"), WORLD).unwrap();
    let request = Request {
        attempts: 2000,
        seed: 9,
        per_prompt: 1,
    };
    let before = Scenario::parse("world.toml", WORLD, Path::new(".")).unwrap();
    let before = simulate(&before, request, &|_| (), &Interrupt::default());
    for (find, put, key, value) in CHANGES {
        assert!(WORLD.contains(find), "{find}");
        let by_hand = WORLD.replacen(find, put, 1);
        let by_hand = Scenario::parse("world.toml", &by_hand, Path::new(".")).unwrap();
        let one = simulate(&by_hand, request, &|_| (), &Interrupt::default());
        for attempts in [0, 2000] {
            let text = format!(
                "schema = \"foldem.sweep/1\"\nname = \"s\"\nscenario = \"world.toml\"\nseed = 9\n\
                 attempts = {attempts}\n[[axis]]\nkey = \"{key}\"\nvalues = [{value}]\n"
            );
            let sweep = Sweep::parse("s.toml", &text, folder.path()).unwrap();
            let point = evaluate(&sweep, &|_| (), &Interrupt::default())
                .points
                .remove(0);
            for estimate in &one.estimates {
                let here = point.get(&estimate.name);
                assert_eq!(here.exact, estimate.value.exact, "{key}: {}", estimate.name);
                if attempts > 0 {
                    let (drawn, by_hand) = (here.estimate, estimate.value.estimate);
                    assert_eq!(drawn, by_hand, "{key}: {}", estimate.name);
                }
            }
        }
        let moved = before.estimates.iter().zip(&one.estimates);
        let moved = moved.filter(|(a, b)| a.value != b.value).count();
        assert_eq!(
            moved == 0,
            key.ends_with("threshold"),
            "{key} must move something"
        );
    }
}

/// One seed for all points makes differences between them surer than the points; with another seed
/// for each (the control) they are not.
#[test]
fn common_random_numbers_make_differences_sure() {
    let savings = |seed: u64, alarm: &str| {
        let text = VALID
            .replace("attempts = 0", "attempts = 4096")
            .replace("seed = 7", &format!("seed = {seed}"))
            .replace("values = [0.0, 0.1]", &format!("values = [{alarm}]"));
        let findings = evaluated(&text);
        findings.points[1].get("savings").estimate.mean.unwrap()
    };
    let spread = |differences: Vec<f64>| {
        let mean = differences.iter().sum::<f64>() / differences.len() as f64;
        let squares = differences.iter().map(|d| (d - mean).powi(2));
        (squares.sum::<f64>() / differences.len() as f64).sqrt()
    };
    let paired = spread(
        (0..30)
            .map(|s| savings(s, "0.12") - savings(s, "0.1"))
            .collect(),
    );
    let apart = spread(
        (0..30)
            .map(|s| savings(s, "0.12") - savings(s + 100, "0.1"))
            .collect(),
    );
    assert!(paired < 0.6 * apart, "{paired} against {apart}");
}

#[test]
fn an_interrupted_sweep_keeps_the_points_done() {
    let interrupt = Interrupt::default();
    let sweep = sweep(&VALID.replace("steps = 3", "steps = 200"));
    let findings = evaluate(
        &sweep,
        &|done| {
            if done == 3 {
                interrupt.raise();
            }
        },
        &interrupt,
    );
    assert!(findings.partial);
    assert!((1..800).contains(&findings.points.len()));
    let whole = evaluate(&sweep, &|_| (), &Interrupt::default());
    assert!(!whole.partial);
    assert!(
        findings
            .points
            .iter()
            .all(|point| whole.points.contains(point))
    );
}
