//! Correlated validators in studies that vary or hold apart scenarios, and what is refused.

use std::path::Path;

use approx::assert_relative_eq;
use foldem::scenario::{Parameter, Scenario};
use foldem::study::Interrupt;
use foldem::study::explanation::{Factor, explain};
use foldem::study::stress::{Mode, Subject, stress};
use foldem::theory::Exact;

use super::cli::root;
use super::correlated::{pair, parse, random};
use super::every_policy::uniform;
use super::stress::request;

/// The stress mode goes from the scenario to one validator; sweeps reach the number by its key.
#[test]
fn stress_and_sweeps_vary_the_common_number() {
    let base = pair([0.5, 0.3], [0.04, 0.1], 0.0);
    let free = parse(&base[..base.find("[[correlated]]").unwrap()]);
    let found = stress(
        &free,
        &request(&["correlation"]),
        &|_, _| (),
        &Interrupt::default(),
    );
    let found = found.unwrap();
    let mut spec = parse(&pair([0.5, 0.3], [0.04, 0.1], 0.4)).spec().clone();
    let parameter = Parameter::find("correlated.v0.common", &spec).unwrap();
    let mut before = f64::INFINITY;
    for point in &found.modes[0].points {
        parameter.set(&mut spec, point.strength);
        let exact = Exact::new(&Scenario::new(spec.clone()).unwrap());
        let f = point.figures.false_rejection_rate.unwrap();
        assert_relative_eq!(
            f,
            exact.false_rejection_rate().unwrap(),
            max_relative = 1e-14
        );
        assert!(f < before);
        before = f;
    }
    assert_eq!(found.modes[0].points.len(), 51);
    assert_relative_eq!(before, 0.1, max_relative = 1e-14);
    let error = Parameter::find("correlated.v1.common", &spec).unwrap_err();
    assert!(
        error.contains("did you mean `correlated.v0.common`?"),
        "{error}"
    );
    // What is correlated already, alone, or sticky is left out, with the reason.
    let scenario = parse(&pair([0.5, 0.3], [0.04, 0.1], 0.4));
    let subject = Subject::new(&scenario, &[]).unwrap();
    let error = subject.under(&Mode::Correlation, 0.5).unwrap_err();
    assert!(error.contains("vary `correlated.v0.common`"), "{error}");
    for text in [
        base.replace("['v0', 'v1']\n[[val", "['v0']\n[[val"),
        base.replace("false_alarm = 0.1\n", "false_alarm = 0.1\nsticky = true\n"),
    ] {
        let scenario = parse(&text[..text.find("[[correlated]]").unwrap()]);
        let subject = Subject::new(&scenario, &[]).unwrap();
        let error = subject.under(&Mode::Correlation, 0.5).unwrap_err();
        assert!(error.contains("no checkpoint consults two"), "{error}");
    }
}

/// Drift gives each later checkpoint a validator of its own, which stays in its group.
#[test]
fn drift_keeps_groups() {
    let scenario = parse(&random(&mut uniform(5)).replace("sticky = true", "sticky = false"));
    let subject = Subject::new(&scenario, &[]).unwrap();
    let drifted = subject.under(&Mode::Drift, 1e-12).unwrap();
    let names = |s: &Scenario| s.correlated()[0].validators.len();
    assert!(names(&drifted) > names(&scenario));
    let f = |s: &Scenario| Exact::new(s).false_rejection_rate().unwrap();
    assert_relative_eq!(f(&drifted), f(&scenario), max_relative = 1e-9);
}

#[test]
fn explain_tells_correlation_as_a_part_of_its_own() {
    let [a, b] = [0.1, 0.9].map(|common| parse(&pair([0.5, 0.3], [0.04, 0.1], common)));
    let found = explain(&a, &b, &Interrupt::default()).unwrap();
    let savings = &found.figures[0];
    let part = |factor| savings.parts.iter().find(|p| p.factor == factor).unwrap();
    assert_eq!(part(Factor::Correlation).shapley, savings.difference);
    assert_eq!(part(Factor::Detection).shapley, Some(0.0));
    assert_eq!(savings.parts.len(), 9);
    // Where there is none, it is no part.
    let five = Scenario::load(&root().join("experiments/five-stage.toml")).unwrap();
    let found = explain(&five, &five, &Interrupt::default()).unwrap();
    assert_eq!(found.figures[0].parts.len(), 8);
}

#[test]
fn what_cannot_be_correlated_is_refused_with_the_reason() {
    let base = pair([0.5, 0.3], [0.04, 0.1], 0.5);
    let group = "[[correlated]]\nvalidators = ['v0', 'v1']\n";
    for (text, key, why) in [
        (base.replace("common = 0.5", "common = 1.5"), "correlated[0].common", "lie in [0, 1]"),
        (base.replace("common = 0.5", ""), "correlated[0].common", "is missing"),
        (base.replace("common = 0.5", "comon = 0.5"), "correlated[0]", "did you mean `common`?"),
        (base.replace(group, "[[correlated]]\n"), "correlated[0].validators", "is missing"),
        (base.replace(group, "[[correlated]]\nvalidators = ['v0']\n"), "correlated[0].validators", "fewer than two"),
        (base.replace(group, "[[correlated]]\nvalidators = ['v0', 'v0']\n"), "validators[1]", "repeats `v0`"),
        (base.replace(group, "[[correlated]]\nvalidators = ['v0', 'w1']\n"), "validators[1]", "did you mean `v1`?"),
        (base.clone() + group + "common = 0.1\n", "correlated[1].validators[0]", "which group 1 has already"),
        (base.replace("false_alarm = 0.1\n", "false_alarm = 0.1\nsticky = true\n"), "validators[1]", "drawn when the fault starts"),
        (
            base.replace(
                "detects = { x = 0.3 }\nfalse_alarm = 0.1\n",
                "score = { clean = { dist = 'beta', a = 9, b = 1 }, faulty = { dist = 'beta', a = 2, b = 2 } }\n",
            )
            .replace("['v0', 'v1']\n[[val", "['v0', 'v1']\nthreshold = 0.3\n[[val"),
            "validators[1]",
            "a score has none",
        ),
    ] {
        let error = Scenario::parse("test", &text, Path::new(".")).unwrap_err().to_string();
        assert!(error.contains(key) && error.contains(why), "{error}\n{text}");
        assert!(error.lines().count() <= 2, "{error}");
    }
    let words = parse(&base).describe().join("\n");
    assert!(
        words.contains("v0, v1 read one common number with probability 0.5"),
        "{words}"
    );
}
