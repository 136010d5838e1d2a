//! The family-wise false-alarm rate of verify is what it says.

use std::path::Path;

use foldem::scenario::Scenario;
use foldem::study::Interrupt;
use foldem::study::verification::{FAMILY_ALPHA, Verdict, verify, verify_claims};

fn shipped(name: &str) -> Scenario {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments");
    Scenario::load(&directory.join(name)).unwrap_or_else(|e| panic!("{e}"))
}

const RARE: &str = "
schema = 'foldem.scenario/1'
name = 'rare'
[[fault]]
kind = 'rare'
hazard = [1e-4, 0.0, 0.0]
length_factor = 3.0
[[fault]]
kind = 'common'
hazard = [0.1, 0.1, 0.1]
[[stage]]
name = 'a'
tokens = { dist = 'lognormal', mean = 50, cv = 2.0 }
[[stage]]
name = 'b'
tokens = { dist = 'gamma', mean = 50, cv = 3.0 }
[[stage]]
name = 'c'
tokens = { dist = 'fixed', value = 50 }
[[validator]]
name = 'v'
detects = { rare = 0.5, common = 0.3 }
false_alarm = 0.001
[[validator]]
name = 'hardly'
detects = { rare = 0.5, common = 0.0 }
false_alarm = 1e-5
[final_filter]
accepts = { clean = 0.9, rare = 0.9, common = 0.01 }
[[policy.checkpoint]]
at = 'a'
validators = ['hardly']
[[policy.checkpoint]]
at = 'b'
validators = ['v']
";

/// 800 runs of true claims: mild worlds and nasty ones (rare events, heavy tails, hard prompts),
/// at few and at more attempts. At the family-wise rate of 1 % the number of runs with any false
/// alarm is at worst binomial(800, 0.01): 17 or more has probability 0.004.
#[test]
fn true_claims_are_rarely_called_false() {
    let template = include_str!("../../src/cli/templates/scenario.toml");
    let parse = |text: &str| Scenario::parse("text", text, Path::new(".")).unwrap();
    let worlds = [
        shipped("five-stage.toml"),
        shipped("runaway.toml"),
        shipped("hard-prompts.toml"),
        parse(template),
        parse(RARE),
    ];
    let mut alarms = Vec::new();
    for scenario in &worlds {
        for attempts in [2_000, 10_000] {
            for seed in 0..80 {
                let found = verify_claims(scenario, attempts, seed, &|_| (), &Interrupt::default());
                let failed = found.claims.iter().filter(|c| c.verdict == Verdict::Fails);
                let failed: Vec<&str> = failed.map(|c| c.id.as_str()).collect();
                if !failed.is_empty() {
                    let name = scenario.name();
                    alarms.push(format!("{name} {attempts} seed {seed}: {failed:?}"));
                }
            }
        }
    }
    const { assert!(FAMILY_ALPHA <= 0.01) };
    assert!(
        alarms.len() < 17,
        "{} alarms:\n{}",
        alarms.len(),
        alarms.join("\n")
    );
}

/// A fault that makes text a million times longer coarsens the sums of all lengths: the identity
/// must allow for their rounding, and no more.
#[test]
fn the_savings_identity_allows_for_rounding_alone() {
    let text = RARE.replace("length_factor = 3.0", "length_factor = 1e6");
    let scenario = Scenario::parse("long", &text, Path::new(".")).unwrap();
    for seed in 0..20 {
        let found = verify_claims(&scenario, 1000, seed, &|_| (), &Interrupt::default());
        let identity = found
            .claims
            .iter()
            .find(|c| c.id == "savings-identity")
            .unwrap();
        assert_eq!(
            identity.verdict,
            Verdict::Holds,
            "seed {seed}: {identity:?}"
        );
        let [lo, hi] = identity.ci.unwrap();
        assert!(
            hi - lo < 0.2,
            "a tenth of a token on each side: {identity:?}"
        );
    }
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
    assert_eq!(
        verdict("hard-prompts.toml", "retry-differs"),
        Verdict::Holds
    );
    assert_eq!(
        verdict("no-false-alarm.toml", "unbiased-when-f-zero"),
        Verdict::Holds
    );
    assert_eq!(
        verdict("biased.toml", "retained-bias-identity"),
        Verdict::Holds
    );
}
