//! Sobol indices over ranges of a scenario: closed forms, what is refused, the command.

use std::fs;
use std::path::Path;

use foldem::scenario::{Onsets, Parameter, Scenario};
use foldem::study::sensitivity::{Ranges, SensitivityFindings, evaluate};
use foldem::study::{Estimate, Interrupt};
use foldem::theory::Exact;
use serde_json::Value;

use super::cli::{code, foldem, root, stderr, stdout};

/// One fault that starts in the first stage, one look after it, no false alarms, lengths alike: what is saved is
/// hazard × detection × the share of the second stage, 3/4.
const SCENARIO: &str = "\
schema = \"foldem.scenario/1\"
name = \"product\"
[[fault]]
kind = \"wrong\"
hazard = [0.3, 0.0]
[[stage]]
name = \"one\"
tokens = { dist = \"fixed\", value = 50 }
[[stage]]
name = \"two\"
tokens = { dist = \"fixed\", value = 150 }
[[validator]]
name = \"check\"
detects = { wrong = 0.5 }
false_alarm = 0.0
[[policy.checkpoint]]
at = \"one\"
validators = [\"check\"]
";

const RANGES: &str = "\
schema = \"foldem.ranges/1\"
name = \"product\"
scenario = \"product.toml\"
rows = 2048
seed = 7
[[range]]
name = \"errors\"
keys = [\"fault.wrong.hazard.one\"]
from = 0.1
to = 0.5
[[range]]
name = \"detection\"
keys = [\"validator.check.detects.wrong\"]
from = 0.2
to = 0.9
law = \"log-uniform\"
";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("product.toml"), SCENARIO).unwrap();
    folder
}

fn evaluated(text: &str) -> SensitivityFindings {
    let folder = folder();
    let ranges = Ranges::parse("ranges", text, folder.path()).unwrap_or_else(|e| panic!("{e}"));
    evaluate(&ranges, &|_| (), &Interrupt::default()).unwrap()
}

fn holds(estimate: Estimate, truth: f64) -> bool {
    let [lo, hi] = estimate.ci.unwrap();
    lo <= truth && truth <= hi
}

/// Savings are a product of independent factors, so everything has a closed form: with m and v the mean and variance
/// of either factor over its range, V = v₁v₂ + v₁m₂² + v₂m₁², and V₁ = v₁m₂².
#[test]
fn indices_of_a_product_are_those_of_its_closed_form() {
    let found = evaluated(RANGES);
    let (a, b) = (0.1_f64, 0.5_f64);
    let (m1, v1) = (0.5 * (a + b), (b - a).powi(2) / 12.0);
    let (a, b) = (0.2_f64, 0.9_f64);
    let log = (b / a).ln();
    let m2 = (b - a) / log;
    let v2 = (b * b - a * a) / (2.0 * log) - m2 * m2;
    let [one, two, both] = [v1 * m2 * m2, v2 * m1 * m1, v1 * v2];
    let all = one + two + both;
    let savings = &found.figures[0];
    assert_eq!(savings.name, "savings");
    let [errors, detection] = [savings.indices[0], savings.indices[1]];
    // Six intervals at 5 %; two or more miss with a probability of 3 %, at a fixed seed.
    let truths = [
        (savings.mean, 0.75 * m1 * m2),
        (savings.sd, 0.75 * all.sqrt()),
        (errors.first, one / all),
        (errors.total, (one + both) / all),
        (detection.first, two / all),
        (detection.total, (two + both) / all),
    ];
    let missed = truths
        .iter()
        .filter(|(found, truth)| !holds(*found, *truth))
        .count();
    assert!(missed <= 1, "{truths:?}");
    for (found, truth) in truths {
        assert!(
            (found.mean.unwrap() - truth).abs() < 0.06,
            "{found:?} {truth}"
        );
    }
    // Means over the ends: hazards from .1 to .2 and from .4 to .5.
    assert!(holds(errors.lowest_quarter, 0.75 * 0.15 * m2), "{errors:?}");
    assert!(
        holds(errors.highest_quarter, 0.75 * 0.45 * m2),
        "{errors:?}"
    );
    let (least, greatest) = (
        savings.least.as_ref().unwrap(),
        savings.greatest.as_ref().unwrap(),
    );
    assert!((least.value - 0.75 * 0.1 * 0.2).abs() < 1e-12 && least.at == [0.1, 0.2]);
    assert!((greatest.value - 0.75 * 0.5 * 0.9).abs() < 1e-12 && greatest.at == [0.5, 0.9]);
    // Without false alarms nothing good is rejected, whatever the ranges.
    let false_rejections = &found.figures[2];
    assert!(false_rejections.indices[0].first.mean.is_none());
    assert!(false_rejections.mean.mean.unwrap().abs() < 1e-15);
}

/// Two numbers in one range move together: the indices are those of one input.
#[test]
fn numbers_of_one_range_move_together() {
    let text = RANGES.replace(
        "keys = [\"fault.wrong.hazard.one\"]",
        "keys = [\"fault.wrong.hazard.one\", \"final_filter.wrong\"]",
    );
    let found = evaluated(&text);
    assert_eq!(found.ranges[0].keys.len(), 2);
    let (alone, together) = (evaluated(RANGES), found);
    assert_eq!(
        alone.figures[0], together.figures[0],
        "savings do not know of the filter"
    );
    assert!(alone.figures[1] != together.figures[1], "costs do");
}

#[test]
fn every_mistake_is_told_where_it_stands() {
    let folder = folder();
    for (from, to, line, words) in [
        ("foldem.ranges/1", "foldem.sweep/1", 1, "ranges have schema"),
        ("name = \"product\"\n", "", 1, "`name` is required"),
        ("product.toml", "none.toml", 3, "cannot be used"),
        ("rows = 2048", "rows = 100", 4, "multiple of 128"),
        ("rows = 2048", "rows = 0", 4, "multiple of 128"),
        ("seed = 7", "sed = 7", 5, "did you mean `seed`"),
        (
            "name = \"detection\"",
            "name = \"errors\"",
            12,
            "names must differ",
        ),
        ("name = \"detection\"", "name = \" \"", 12, "needs a name"),
        ("detects.wrong", "detect.wrong", 13, "did you mean"),
        (
            "[\"validator.check.detects.wrong\"]",
            "[\"fault.wrong.hazard.one\"]",
            13,
            "lies in one range",
        ),
        ("[\"validator.check.detects.wrong\"]", "[]", 13, "is empty"),
        ("to = 0.9", "to = 0.2", 15, "must be above `from`"),
        (
            "to = 0.9",
            "to = 1.2",
            11,
            "no valid scenario (and in 1 more corners): with errors = 0.1, detection = 1.2",
        ),
        ("from = 0.2", "from = 0.0", 14, "must be above 0"),
        (
            "log-uniform",
            "log-unifrom",
            16,
            "did you mean `log-uniform`",
        ),
        ("[[range]]", "[[rnge]]", 6, "did you mean `range`"),
    ] {
        let text = RANGES.replacen(from, to, 1);
        // Of what stands in both ranges the second is meant.
        let text = if from == "[[range]]" {
            RANGES.replace(from, to)
        } else {
            text
        };
        assert!(text != RANGES, "{from}");
        let error = Ranges::parse("ranges.toml", &text, folder.path())
            .err()
            .unwrap();
        let said = error.to_string();
        assert!(said.contains(words), "{to}: {said}");
        let lines: Vec<usize> = error.mistakes.iter().filter_map(|m| m.line).collect();
        assert!(
            lines.contains(&line) || words.contains("corners"),
            "{to}: {lines:?} {said}"
        );
    }
    let range =
        |i: usize| format!("[[range]]\nname = \"{i}\"\nkeys = [\"k{i}\"]\nfrom = 0\nto = 1\n");
    let many: Vec<String> = (0..13).map(range).collect();
    let many = many.concat();
    let error = Ranges::parse("r", &format!("{RANGES}{many}"), folder.path())
        .err()
        .unwrap();
    assert!(error.to_string().contains("the most is 12"), "{error}");
    let none = RANGES.split("[[range]]").next().unwrap();
    let error = Ranges::parse("r", none, folder.path()).err().unwrap();
    assert!(
        error.to_string().contains("at least one [[range]]"),
        "{error}"
    );
}

/// Hazards that are valid one by one and not together.
#[test]
fn a_combination_that_makes_no_scenario_is_named() {
    let folder = folder();
    let two = SCENARIO.replace(
        "[[stage]]\nname = \"one\"",
        "[[fault]]\nkind = \"odd\"\nhazard = [0.1, 0.0]\n[[stage]]\nname = \"one\"",
    );
    fs::write(folder.path().join("product.toml"), two).unwrap();
    let text = RANGES
        .replace("validator.check.detects.wrong", "fault.odd.hazard.one")
        .replace("name = \"detection\"", "name = \"odd\"");
    let error = Ranges::parse("ranges.toml", &text, folder.path())
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("with errors = 0.5, odd = 0.9"), "{error}");
    assert!(error.contains("make the ranges narrower"), "{error}");
    assert!(Ranges::parse("r", &text.replace("to = 0.9", "to = 0.4"), folder.path()).is_ok());
}

/// Where nothing is retained there is no cost ratio, and so none of its indices.
#[test]
fn an_undefined_figure_has_no_indices() {
    let text = RANGES
        .replace(
            "keys = [\"fault.wrong.hazard.one\"]",
            "keys = [\"final_filter.clean\"]",
        )
        .replace("from = 0.1", "from = 0.0");
    let found = evaluated(&text);
    let cost = &found.figures[1];
    assert!(cost.undefined > 0 && cost.mean.mean.is_none() && cost.least.is_none());
    assert_eq!(
        cost.undefined_at.as_ref().unwrap()[0].to_bits(),
        0.0_f64.to_bits()
    );
    assert!(found.figures[0].undefined == 0 && found.figures[0].mean.mean.is_some());
}

/// What onsets mean: every fault that starts stays, and the filter refuses it.
#[test]
fn onsets_set_how_often_and_when_faults_start() {
    let path = root().join("experiments/explain/processes/published.toml");
    let base = Scenario::load(&path).unwrap();
    let set = |changes: &[(&str, f64)]| {
        let mut spec = base.spec().clone();
        for (key, value) in changes {
            Parameter::find(key, &spec).unwrap().set(&mut spec, *value);
        }
        spec
    };
    let (rate, delay) = ("fault.wrong.onset_rate", "fault.wrong.onset_delay");
    for wanted in [0.0, 0.1, 0.7, 1.0] {
        for changes in [
            vec![(rate, wanted)],
            vec![(delay, 3.0), (rate, wanted)],
            vec![(rate, wanted), (delay, 3.0)],
        ] {
            let spec = set(&changes);
            let exact = Exact::new(&Scenario::new(spec.clone()).unwrap());
            assert!(
                (exact.accepted_rate() - (1.0 - wanted)).abs() < 1e-12,
                "{changes:?}"
            );
            let timing = Onsets::of(&spec).timing(0);
            if wanted > 0.0 && changes.len() == 2 {
                let before = Onsets::of(base.spec()).timing(0).unwrap();
                let ratios = timing.unwrap();
                for k in 1..ratios.len() {
                    let factor = ratios[k] / ratios[k - 1] * before[k - 1] / before[k];
                    assert!((factor - 3.0).abs() < 1e-9, "{factor}");
                }
            }
        }
    }
    let same = set(&[(delay, 1.0)]);
    for (x, y) in same.faults[0]
        .hazard
        .iter()
        .zip(&base.spec().faults[0].hazard)
    {
        assert!((x - y).abs() < 1e-12);
    }
    for (key, value) in [(rate, 1.1), (rate, -0.1), (delay, -1.0)] {
        assert!(
            Scenario::new(set(&[(key, value)])).is_err(),
            "{key} = {value}"
        );
    }
}

#[test]
fn the_command_prints_every_form_writes_figures_and_tells_exit_codes() {
    let folder = folder();
    let path = folder.path().join("ranges.toml");
    fs::write(&path, RANGES.replace("rows = 2048", "rows = 256")).unwrap();
    let ranges = path.to_str().unwrap();
    for (form, words) in [
        ("table", "`detection` takes part in"),
        ("csv", "figure,range,first,first_stderr"),
        ("markdown", "| errors |"),
        ("html", "<svg"),
        ("json", "\"foldem.sensitivity/1\""),
    ] {
        let run = foldem(&["explain", "--over", ranges, "--format", form]);
        assert_eq!(code(&run), 0, "{}", stderr(&run));
        assert!(stdout(&run).contains(words), "{form}: {}", stdout(&run));
    }
    let json = |more: &[&str]| {
        let run = foldem(&[&["explain", "--over", ranges, "--format", "json"], more].concat());
        assert_eq!(code(&run), 0, "{}", stderr(&run));
        stdout(&run)
    };
    let one = json(&["--threads", "1"]);
    assert!(json(&["--threads", "3"]) == one);
    let found: Value = serde_json::from_str(&one).unwrap();
    assert_eq!(found["points"], 4 + 256 * 4);
    fs::write(
        &path,
        RANGES.replace("rows = 2048\nseed = 7", "rows = 256\nseed = 8"),
    )
    .unwrap();
    assert!(json(&[]) != one, "the seed matters");
    let svg = folder.path().join("s.svg");
    let run = foldem(&[
        "explain",
        "--over",
        ranges,
        "--figure",
        svg.to_str().unwrap(),
        "--quiet",
    ]);
    assert_eq!(code(&run), 0, "{}", stderr(&run));
    assert!(
        fs::read_to_string(&svg)
            .unwrap()
            .contains("with interactions")
    );
    let check = foldem(&["check", ranges]);
    assert_eq!(code(&check), 0);
    assert!(
        stdout(&check).contains("ranges valid"),
        "{}",
        stdout(&check)
    );
    fs::write(&path, RANGES.replace("to = 0.9", "to = 1.9")).unwrap();
    for command in [vec!["explain", "--over", ranges], vec!["check", ranges]] {
        let run = foldem(&command);
        assert_eq!(code(&run), 3);
        let said = stdout(&run) + &stderr(&run);
        assert!(
            said.contains("with errors = 0.1, detection = 1.9"),
            "{said}"
        );
    }
    assert_eq!(code(&foldem(&["explain", "--over", "nowhere.toml"])), 3);
    assert_eq!(code(&foldem(&["explain", "--over", ranges, ranges])), 2);
    assert_eq!(
        code(&foldem(&["explain", "--over", ranges, "--figure", ranges])),
        2
    );
}

/// What the shipped ranges and their page say.
#[test]
fn the_shipped_ranges_answer_the_question() {
    let text =
        fs::read_to_string(root().join("results/explain-published-savings/sensitivity.json"))
            .unwrap();
    let found: Value = serde_json::from_str(&text).unwrap();
    let savings = &found["figures"][0];
    let value = |pointer: &str| savings.pointer(pointer).unwrap().as_f64().unwrap();
    assert!(value("/least/value") < 0.11 && value("/greatest/value") > 0.77);
    let folder = root().join("experiments/explain");
    assert!(Ranges::load(&folder.join("published-savings.toml")).is_ok());
    assert!(Path::new(&folder).join("processes").is_dir());
}
