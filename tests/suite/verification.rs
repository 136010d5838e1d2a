//! The family-wise false-alarm rate of verify is what it says.

use std::path::Path;

use foldem::scenario::Scenario;
use foldem::study::Interrupt;
use foldem::study::verification::{FAMILY_ALPHA, Verdict, verify, verify_claims};

fn shipped(name: &str) -> Scenario {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments");
    Scenario::load(&directory.join(name)).unwrap_or_else(|e| panic!("{e}"))
}

/// 400 runs of true claims. At a family-wise rate of 1 % the number of runs with any false alarm
/// is binomial(400, 0.01) at worst: 12 or more has probability 0.0007.
#[test]
fn true_claims_are_rarely_called_false() {
    let mut alarms = Vec::new();
    for name in ["five-stage.toml", "runaway.toml"] {
        let scenario = shipped(name);
        for seed in 0..200 {
            let found = verify_claims(&scenario, 10_000, seed, &|_| (), &Interrupt::default());
            let failed: Vec<String> = found
                .claims
                .iter()
                .filter(|c| c.verdict == Verdict::Fails)
                .map(|c| format!("{name} seed {seed}: {}", c.id))
                .collect();
            if !failed.is_empty() {
                alarms.push(failed.join(", "));
            }
        }
    }
    const { assert!(FAMILY_ALPHA <= 0.01) };
    assert!(
        alarms.len() < 12,
        "{} alarms:\n{}",
        alarms.len(),
        alarms.join("\n")
    );
}

#[test]
fn every_shipped_scenario_verifies() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments");
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "toml") {
            continue;
        }
        let scenario = Scenario::load(&path).unwrap_or_else(|e| panic!("{e}"));
        let found = verify(&scenario, 200_000, 42, &|_| (), &Interrupt::default());
        let failed: Vec<_> = found
            .claims
            .iter()
            .filter(|c| c.verdict == Verdict::Fails)
            .collect();
        assert!(
            found.ok && failed.is_empty(),
            "{}: {failed:#?}",
            path.display()
        );
        assert!(found.claims.iter().filter(|c| c.control).count() >= 8);
    }
}

/// Claims whose assumption fails are recognised as such, and those that matter here hold.
#[test]
fn assumptions_decide_what_applies() {
    let verdict = |name: &str, id: &str| {
        let found = verify_claims(&shipped(name), 400_000, 1, &|_| (), &Interrupt::default());
        found.claims.iter().find(|c| c.id == id).unwrap().verdict
    };
    assert_eq!(
        verdict("five-stage.toml", "savings-equal-null"),
        Verdict::Holds
    );
    assert_eq!(
        verdict("runaway.toml", "savings-equal-null"),
        Verdict::NotApplicable
    );
    assert_eq!(
        verdict("runaway-undetected.toml", "savings-bound"),
        Verdict::NotApplicable
    );
    assert_eq!(
        verdict("five-stage.toml", "retry-account"),
        Verdict::NotApplicable
    );
    assert_eq!(verdict("gsm8k-like.toml", "retry-account"), Verdict::Holds);
    assert_eq!(
        verdict("no-false-alarm.toml", "unbiased-when-f-zero"),
        Verdict::Holds
    );
    assert_eq!(
        verdict("biased.toml", "retained-bias-identity"),
        Verdict::Holds
    );
}
