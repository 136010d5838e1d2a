//! `foldem explain`: the axioms of the Shapley value on scenarios whose parts are known, against all
//! orders, and end to end.

use std::path::Path;

use foldem::scenario::Scenario;
use foldem::study::Interrupt;
use foldem::study::explanation::{
    Explained, ExplanationError, ExplanationFindings, FACTORS, Factor, explain, shapley,
};
use foldem::theory::Exact;
use serde_json::Value;

use super::cli::{code, foldem, root, stderr, stdout};

/// A scenario with two kinds of faults; what varies is replaced in its text.
const BASE: &str = "\
schema = \"foldem.scenario/1\"
name = \"base\"
[difficulty]
sd = 0.5
length_effect = 0.1
[[fault]]
kind = \"slip\"
hazard = [0.1, 0.05, 0.02]
difficulty_effect = 0.4
length_factor = 1.5
[[fault]]
kind = \"runaway\"
hazard = [0.02, 0.04, 0.0]
length_factor = 4.0
[[stage]]
name = \"one\"
tokens = { dist = \"fixed\", value = 40 }
[[stage]]
name = \"two\"
tokens = { dist = \"fixed\", value = 60 }
[[stage]]
name = \"three\"
tokens = { dist = \"fixed\", value = 30 }
[[validator]]
name = \"check\"
detects = { slip = 0.4, runaway = 0.8 }
false_alarm = 0.02
[[policy.checkpoint]]
at = \"one\"
validators = [\"check\"]
[[policy.checkpoint]]
at = \"two\"
validators = [\"check\"]
";

fn scenario(changes: &[(&str, &str)]) -> Scenario {
    let text = changes.iter().fold(BASE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    });
    Scenario::parse("test", &text, Path::new(".")).unwrap_or_else(|e| panic!("{e}"))
}

fn explained(a: &Scenario, b: &Scenario) -> ExplanationFindings {
    explain(a, b, &Interrupt::default()).unwrap()
}

fn share(figure: &Explained, factor: Factor) -> f64 {
    figure
        .parts
        .iter()
        .find(|part| part.factor == factor)
        // Correlation is no part where there is none.
        .map_or(0.0, |part| part.shapley.unwrap())
}

const EVERYTHING: [(&str, &str); 8] = [
    ("hazard = [0.1, 0.05, 0.02]", "hazard = [0.02, 0.1, 0.2]"),
    ("slip = 0.4", "slip = 0.9"),
    ("false_alarm = 0.02", "false_alarm = 0.1"),
    ("value = 60", "value = 200"),
    ("length_factor = 4.0", "length_factor = 0.5"),
    (
        "at = \"two\"\nvalidators = [\"check\"]",
        "at = \"two\"\nvalidators = [\"check\"]\ncost_tokens = 5",
    ),
    ("sd = 0.5", "sd = 0.9"),
    ("hazard = [0.02, 0.04, 0.0]", "hazard = [0.0, 0.0, 0.0]"),
];

#[test]
fn shares_add_up_to_the_difference() {
    let (a, b) = (scenario(&[]), scenario(&EVERYTHING));
    let found = explained(&a, &b);
    assert_eq!(found.mixtures, 256);
    let exact = [&a, &b].map(Exact::new);
    for (figure, ends) in found.figures.iter().zip([
        exact.each_ref().map(|e| e.savings().unwrap()),
        exact.each_ref().map(|e| e.cost_ratio().unwrap()),
    ]) {
        // Hazards are put together from onsets, so that only rounding is between the ends and the theory.
        assert!((figure.of_first.unwrap() - ends[0]).abs() < 1e-12);
        assert!((figure.of_second.unwrap() - ends[1]).abs() < 1e-12);
        let sum: f64 = FACTORS.map(|factor| share(figure, factor)).iter().sum();
        assert!(
            (sum - (ends[1] - ends[0])).abs() < 1e-12,
            "{}: {sum}",
            figure.name
        );
        assert!(
            FACTORS
                .iter()
                .filter(|&&factor| share(figure, factor).abs() > 1e-4)
                .count()
                >= 5
        );
    }
    // The other way round every share changes its sign.
    let back = explained(&b, &a);
    for (there, back) in found.figures.iter().zip(&back.figures) {
        for factor in FACTORS {
            assert!(
                (share(there, factor) + share(back, factor)).abs() < 1e-12,
                "{factor:?}"
            );
        }
    }
}

/// Two scenarios that differ in one part: it has all of the difference, the others nothing.
#[test]
fn parts_that_do_not_differ_have_no_share() {
    let a = scenario(&[]);
    for (changes, factor) in [
        (vec![("slip = 0.4", "slip = 0.9")], Factor::Detection),
        (
            vec![("false_alarm = 0.02", "false_alarm = 0.2")],
            Factor::FalseAlarms,
        ),
        (vec![("value = 40", "value = 80")], Factor::LengthShape),
        (
            vec![("length_factor = 4.0", "length_factor = 2.0")],
            Factor::LengthFaultCovariance,
        ),
        (
            vec![(
                "at = \"one\"\nvalidators = [\"check\"]",
                "at = \"one\"\nvalidators = [\"check\"]\ncost_tokens = 9",
            )],
            Factor::Policy,
        ),
        (vec![("sd = 0.5", "sd = 1.5")], Factor::Population),
    ] {
        let found = explained(&a, &scenario(&changes));
        assert_eq!(found.mixtures, 2);
        for figure in &found.figures {
            for other in FACTORS {
                let wanted = if other == factor {
                    figure.difference.unwrap()
                } else {
                    0.0
                };
                assert!(
                    (share(figure, other) - wanted).abs() < 1e-15,
                    "{factor:?}, {other:?}"
                );
            }
            assert!(figure.difference.unwrap().abs() > 1e-6);
        }
    }
    let same = explained(&a, &scenario(&[]));
    assert_eq!(same.mixtures, 1);
    assert!(
        same.figures
            .iter()
            .all(|f| FACTORS.iter().all(|&factor| share(f, factor) == 0.0))
    );
}

/// One kind of fault: rates of first onsets and their timing, by hand.
#[test]
fn how_often_and_how_early_are_told_apart() {
    let one = |hazard: &str| {
        scenario(&[
            ("hazard = [0.02, 0.04, 0.0]", "hazard = [0.0, 0.0, 0.0]"),
            ("hazard = [0.1, 0.05, 0.02]", hazard),
        ])
    };
    // First onsets .2, .2, 0 and .1, .1, 0 have one timing; .2, .2, 0 and 0, .2, .2 one rate.
    let halves = one("hazard = [0.1, 0.1111111111111111, 0.0]");
    let twice = one("hazard = [0.2, 0.25, 0.0]");
    let later = one("hazard = [0.0, 0.2, 0.25]");
    for (a, b, factor, none) in [
        (&halves, &twice, Factor::HowOften, Factor::HowEarly),
        (&twice, &later, Factor::HowEarly, Factor::HowOften),
    ] {
        for figure in &explained(a, b).figures {
            assert!((share(figure, factor) - figure.difference.unwrap()).abs() < 1e-12);
            assert!(share(figure, none).abs() < 1e-12);
            assert!(figure.difference.unwrap().abs() > 1e-3);
        }
    }
    // The control: where both change, each has a share.
    let both = explained(&halves, &later);
    assert!(share(&both.figures[0], Factor::HowEarly).abs() > 1e-3);
    assert!(share(&both.figures[0], Factor::HowOften).abs() > 1e-3);
}

/// Against the definition: the mean over all orders; equal players get equal shares.
#[test]
fn shapley_values_are_means_over_all_orders() {
    let players = 4;
    let worth: Vec<f64> = (0..1_u32 << players)
        .map(|set| f64::from((set * 37 + set * set * 11) % 101))
        .collect();
    let mut sums = vec![0.0; players];
    let mut orders = 0.0;
    for order in 0..256_usize {
        let order: Vec<usize> = (0..players).map(|i| order >> (2 * i) & 3).collect();
        if (0..players).any(|i| order[..i].contains(&order[i])) {
            continue;
        }
        orders += 1.0;
        let mut set = 0;
        for &i in &order {
            sums[i] += worth[set | 1 << i] - worth[set];
            set |= 1 << i;
        }
    }
    assert!((orders - 24.0_f64).abs() < 1e-12);
    for (value, sum) in shapley(&worth, players).iter().zip(&sums) {
        assert!((value - sum / orders).abs() < 1e-12);
    }
    // Players 0 and 1 are worth the same to every coalition, player 2 nothing.
    let symmetric: Vec<f64> = (0..8_u32)
        .map(|set| f64::from((set & 3).count_ones().pow(2)))
        .collect();
    assert_eq!(shapley(&symmetric, 3), [2.0, 2.0, 0.0]);
    assert!(shapley(&[1.0], 0).is_empty());
}

#[test]
fn scenarios_that_cannot_be_compared_are_explained() {
    let a = scenario(&[]);
    for (changes, words) in [
        (vec![("name = \"three\"", "name = \"last\"")], "same stages"),
        (
            vec![
                ("kind = \"slip\"", "kind = \"error\""),
                ("slip = 0.4", "error = 0.4"),
            ],
            "same fault kinds",
        ),
        (
            vec![
                (
                    "detects = { slip = 0.4, runaway = 0.8 }\nfalse_alarm = 0.02",
                    "score = { clean = { dist = \"beta\", a = 9, b = 1 }, faulty = { dist = \"beta\", a = 2, b = 2 } }",
                ),
                (
                    "at = \"one\"\nvalidators = [\"check\"]",
                    "at = \"one\"\nvalidators = [\"check\"]\nthreshold = 0.4",
                ),
                (
                    "at = \"two\"\nvalidators = [\"check\"]",
                    "at = \"two\"\nvalidators = [\"check\"]\nthreshold = 0.4",
                ),
            ],
            "gives scores",
        ),
    ] {
        let error = explain(&a, &scenario(&changes), &Interrupt::default()).unwrap_err();
        assert!(matches!(error, ExplanationError::Mismatch(_)));
        assert!(error.to_string().contains(words), "{error}");
    }
    let interrupt = Interrupt::default();
    interrupt.raise();
    assert_eq!(
        explain(&a, &a, &interrupt),
        Err(ExplanationError::Interrupted)
    );
}

#[test]
fn the_command_prints_every_form_and_tells_exit_codes() {
    let path = |name: &str| {
        root()
            .join("experiments")
            .join(name)
            .to_str()
            .unwrap()
            .to_owned()
    };
    let (a, b) = (path("runaway.toml"), path("runaway-undetected.toml"));
    for form in ["table", "csv", "markdown", "html", "json"] {
        let output = foldem(&["explain", &a, &b, "--format", form]);
        assert_eq!(code(&output), 0, "{form}: {}", stderr(&output));
        assert!(
            stdout(&output).contains(if form == "json" {
                "how_often"
            } else {
                "savings"
            }),
            "{form}"
        );
    }
    let output = foldem(&["explain", &a, &b, "--format", "json"]);
    let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(found["schema"], "foldem.explanation/1");
    assert_eq!(found["figures"][1]["name"], "cost_ratio");
    let single = foldem(&["explain", &a, &b, "--format", "json", "--threads", "1"]);
    assert_eq!(stdout(&single), stdout(&output));
    let other = foldem(&["explain", &a, &path("five-stage.toml")]);
    assert_eq!(code(&other), 3);
    assert!(
        stderr(&other).contains("must have the same"),
        "{}",
        stderr(&other)
    );
    assert_eq!(code(&foldem(&["explain", &a])), 2);
    assert_eq!(code(&foldem(&["explain", &a, "nowhere.toml"])), 3);
}
