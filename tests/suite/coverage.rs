//! Do 95 % intervals contain the truth 95 % of the time? Over many seeds, not only at end points.

use std::path::Path;

use foldem::engine::Simulation;
use foldem::estimate::{Estimate, Estimates, RetryTally, Tally};
use foldem::outcome::Fold;
use foldem::scenario::Scenario;
use foldem::study::Interrupt;
use foldem::study::precision::{PLANNED, PrecisionError, attempts_for};
use foldem::study::simulation::{Request, exact_value, simulate};
use foldem::theory::Exact;

const SEEDS: u64 = 1000;

/// Share of seeds whose interval contains the exact value, by estimate; `widen` scales intervals.
fn coverage(scenario: &Scenario, attempts: u64, per_prompt: u64, widen: f64) -> Vec<(String, f64)> {
    let exact = Exact::new(scenario);
    let mut counts: Vec<(String, u64)> = Vec::new();
    for seed in 0..SEEDS {
        let simulation = Simulation::new(scenario, attempts, seed).per_prompt(per_prompt);
        let mut tally = Tally::new(&simulation.frame(0));
        for n in 0..simulation.batches() {
            Fold::<[_]>::fold(&mut tally, &simulation.draw(n));
        }
        let estimates = Estimates::new(&tally);
        for (name, estimate) in &estimates.by_name {
            let truth = exact_value(&exact, name).unwrap();
            let covered = contains(estimate, truth, widen);
            match counts.iter_mut().find(|(n, _)| n == name) {
                Some((_, count)) => *count += u64::from(covered),
                None => counts.push(((*name).to_owned(), u64::from(covered))),
            }
        }
    }
    counts
        .into_iter()
        .map(|(n, c)| (n, c as f64 / SEEDS as f64))
        .collect()
}

fn contains(estimate: &Estimate, truth: f64, widen: f64) -> bool {
    let (mean, [lo, hi]) = (estimate.mean.unwrap(), estimate.ci.unwrap());
    mean - widen * (mean - lo) <= truth && truth <= mean + widen * (hi - mean)
}

fn world(extra: &str) -> Scenario {
    let text = format!(
        "schema = 'foldem.scenario/1'\nname = 'coverage'\n{extra}\n\
         [[fault]]\nkind = 'x'\nhazard = [0.1, 0.2, 0.1]\ndifficulty_effect = 0.8\nlength_factor = 1.4\n\
         [[stage]]\nname = 'a'\ntokens = {{ dist = 'lognormal', mean = 60, cv = 0.5 }}\n\
         [[stage]]\nname = 'b'\ntokens = {{ dist = 'gamma', mean = 60, cv = 0.5 }}\n\
         [[stage]]\nname = 'c'\ntokens = {{ dist = 'fixed', value = 50 }}\n\
         [[validator]]\nname = 'v'\ndetects = {{ x = 0.4 }}\nfalse_alarm = 0.05\nsticky = true\n\
         [final_filter]\naccepts = {{ clean = 0.8, x = 0.3 }}\n\
         [utility]\nclean = 0.9\nx = 0.2\n\
         [[policy.checkpoint]]\nat = 'a'\nvalidators = ['v']\n\
         [[policy.checkpoint]]\nat = 'b'\nvalidators = ['v']\ncost_tokens = 1\n"
    );
    Scenario::parse("coverage", &text, Path::new(".")).unwrap_or_else(|e| panic!("{e}"))
}

/// The deviation of a coverage over 1,000 seeds is 0.7 %; the limits are the issue's.
fn assert_nominal(coverage: &[(String, f64)]) {
    assert_eq!(coverage.len(), 19);
    for (name, share) in coverage {
        assert!((0.92..=0.975).contains(share), "{name}: {share}");
    }
}

#[test]
fn independent_generations() {
    assert_nominal(&coverage(&world(""), 2000, 1, 1.0));
}

#[test]
fn clustered_generations() {
    assert_nominal(&coverage(
        &world("[difficulty]\nsd = 1.0\nlength_effect = 0.3"),
        3000,
        6,
        1.0,
    ));
}

/// Intervals four fifths as wide must be caught.
#[test]
fn too_narrow_intervals_are_caught() {
    let narrow = coverage(&world(""), 2000, 1, 0.8);
    assert!(narrow.iter().all(|(_, share)| *share < 0.92), "{narrow:?}");
}

/// The retry account is heavy-tailed; on a world with hard prompts its interval still covers.
#[test]
fn retried_prompts() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/hard-prompts.toml");
    let scenario = Scenario::load(&path).unwrap();
    let truth = Exact::new(&scenario).cost_ratio_retry().unwrap();
    let mut covered = 0;
    for seed in 0..SEEDS {
        let simulation = Simulation::new(&scenario, 1, seed);
        let typical = simulation.frame(0).typical_tokens;
        let tally = simulation
            .retry(
                2000,
                0..simulation.retry_batches(2000),
                || RetryTally::new(typical),
                &|_| (),
                &Interrupt::default(),
            )
            .fold;
        let (ratio, stderr) = tally.cost_ratio();
        let estimate = Estimate::around(ratio, stderr, tally.prompts());
        covered += u64::from(contains(&estimate, truth, 1.0));
    }
    let share = covered as f64 / SEEDS as f64;
    assert!((0.92..=0.975).contains(&share), "{share}");
}

/// Nine prompts of many generations each: few clusters need Student's law.
#[test]
fn few_large_prompts() {
    let coverage = coverage(
        &world("[difficulty]\nsd = 1.0\nlength_effect = 0.3"),
        9 * 60,
        60,
        1.0,
    );
    for name in [
        "rejection_rate",
        "accepted_rate",
        "savings",
        "false_rejection_rate",
    ] {
        let share = coverage.iter().find(|(n, _)| n == name).unwrap().1;
        assert!((0.90..=0.99).contains(&share), "{name}: {share}");
    }
}

/// A run whose length a pilot has fixed: its interval is as narrow as asked for, and still covers.
/// Stopping when the interval looks narrow enough would not keep that.
#[test]
fn intervals_of_a_given_precision() {
    let scenario = world("");
    let truth = Exact::new(&scenario).savings().unwrap();
    let (half_width, runs) = (0.004, 400);
    let (mut covered, mut too_narrow, mut narrow) = (0, 0, 0);
    for seed in 0..runs {
        let interrupt = Interrupt::default();
        let attempts = attempts_for(&scenario, half_width, seed, 1, &|_| (), &interrupt).unwrap();
        let request = Request {
            attempts,
            seed,
            per_prompt: 1,
        };
        let findings = simulate(&scenario, request, &|_| (), &interrupt);
        let get = |name: &str| findings.get(name).unwrap().estimate;
        covered += u64::from(contains(&get("savings"), truth, 1.0));
        too_narrow += u64::from(contains(&get("savings"), truth, 0.7));
        let wide = |name: &&str| {
            let [lo, hi] = get(name).ci.unwrap();
            hi - lo > 2.0 * half_width
        };
        narrow += u64::from(!PLANNED.iter().any(wide));
    }
    let share = covered as f64 / runs as f64;
    // Beyond 92.6 to 97.4 % by chance once in 1000.
    assert!((0.914..=0.980).contains(&share), "{share}");
    // The control: intervals 0.7 times as wide, which cover 83 %, are caught.
    assert!((too_narrow as f64) < 0.914 * runs as f64, "{too_narrow}");
    assert!(
        narrow >= 9 * runs / 10,
        "{narrow} of {runs} are as narrow as asked for"
    );
    // However little is asked for, an interval needs a sample; what never happens needs no pilot.
    let interrupt = Interrupt::default();
    let least = attempts_for(&scenario, 1.0, 1, 4, &|_| (), &interrupt).unwrap();
    assert!(least >= 4000 && least.is_multiple_of(4), "{least}");
    // The pilot grows with the generations per prompt: a thousand prompts at least, whole ones.
    let crowded = attempts_for(&scenario, 1.0, 1, 2000, &|_| (), &interrupt).unwrap();
    assert!(
        crowded >= 2_000_000 && crowded.is_multiple_of(2000),
        "{crowded}"
    );
    let never = scenario.with_checkpoints(Vec::new());
    let refused = attempts_for(&never, 0.01, 1, 1, &|_| (), &interrupt);
    assert!(matches!(refused, Err(PrecisionError::TooRare { .. })));
}
