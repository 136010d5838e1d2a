//! Monte Carlo against the exact theory on many scenarios, and the standard errors against the
//! bootstrap.

use std::path::{Path, PathBuf};

use approx::assert_relative_eq;
use foldem::engine::Simulation;
use foldem::estimate::{Estimates, Tally};
use foldem::outcome::{Fold, OutcomeBatch};
use foldem::scenario::Scenario;
use foldem::stats::normal_quantile;
use foldem::study::Interrupt;
use foldem::study::simulation::{Compared, Request, simulate};

/// Probability that any of the comparisons below would be called a disagreement by chance.
const FALSE_ALARM: f64 = 1e-3;

pub(crate) fn shipped() -> Vec<Scenario> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    paths.sort();
    assert!(paths.len() >= 6, "at least six scenarios are shipped");
    paths
        .iter()
        .map(|p| Scenario::load(p).unwrap_or_else(|e| panic!("{e}")))
        .collect()
}

/// Everything at once: three kinds, recovery, several sticky validators on one fault, a score
/// validator beside alarms, every token law, checkpoint costs.
const EVERYTHING: &str = "
schema = 'foldem.scenario/1'
name = 'everything'
[difficulty]
sd = 0.8
length_effect = 0.1
[[fault]]
kind = 'x'
hazard = [0.08, 0.05, 0.1, 0.0, 0.05]
difficulty_effect = 0.7
length_factor = 2.0
recovery = [0.0, 0.2, 0.1, 0.3, 0.0]
[[fault]]
kind = 'y'
hazard = [0.0, 0.1, 0.05, 0.1, 0.05]
difficulty_effect = -0.4
recovery = 0.15
length_factor = 0.5
[[fault]]
kind = 'z'
hazard = [0.02, 0.02, 0.02, 0.02, 0.02]
[[stage]]
name = 'a'
tokens = { dist = 'fixed', value = 30 }
[[stage]]
name = 'b'
tokens = { dist = 'lognormal', mean = 60, cv = 0.5 }
[[stage]]
name = 'c'
tokens = { dist = 'gamma', mean = 40, cv = 0.7 }
[[stage]]
name = 'd'
tokens = { dist = 'neg-binomial', mean = 50, cv = 0.4 }
[[stage]]
name = 'e'
tokens = { dist = 'empirical', values = [5, 10, 10, 40] }
[[validator]]
name = 'sticky-one'
detects = { x = 0.4, y = 0.2 }
false_alarm = 0.02
sticky = true
difficulty_effect = 0.9
[[validator]]
name = 'sticky-two'
detects = { x = 0.3, z = 0.5 }
false_alarm = 0.01
sticky = true
[[validator]]
name = 'fresh'
detects = { y = 0.25, z = 0.25 }
false_alarm = 0.015
[[validator]]
name = 'score'
score = { clean = { dist = 'beta', a = 8, b = 2 }, faulty = { dist = 'beta', a = 3, b = 3 }, z = { dist = 'beta', a = 2, b = 4 } }
[final_filter]
accepts = { clean = 0.9, x = 0.3, y = 0.2 }
[utility]
clean = 0.9
x = 0.5
y = 0.1
[[policy.checkpoint]]
at = 'a'
validators = ['sticky-one', 'fresh']
cost_tokens = 0.5
[[policy.checkpoint]]
at = 'b'
validators = ['sticky-two', 'score']
threshold = 0.3
[[policy.checkpoint]]
at = 'd'
validators = ['sticky-one', 'sticky-two', 'fresh']
cost_tokens = 2
";

pub(crate) fn everything() -> Scenario {
    Scenario::parse("everything", EVERYTHING, Path::new(".")).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn every_estimate_agrees_with_its_exact_value() {
    let mut scenarios = shipped();
    scenarios.push(everything());
    let mut compared: Vec<(String, Compared)> = Vec::new();
    for (n, scenario) in (1_u64..).zip(&scenarios) {
        for per_prompt in [1, 5] {
            let request = Request {
                attempts: 150_000,
                seed: 1000 * n + per_prompt,
                per_prompt,
            };
            let found = simulate(scenario, request, &|_| (), &Interrupt::default());
            let name = |what: &str| format!("{} ×{per_prompt}: {what}", scenario.name());
            compared.extend(found.estimates.iter().map(|e| (name(&e.name), e.value)));
            // A distance estimated from a sample is biased where it is near 0.
            let shifts = found.shifts.iter().filter(|s| {
                let v = s.value;
                v.exact
                    .zip(v.estimate.stderr)
                    .is_some_and(|(x, s)| x > 8.0 * s)
            });
            compared.extend(shifts.map(|s| (name(&s.name), s.value)));
            compared.extend(
                found
                    .rejections_by_stage
                    .iter()
                    .map(|r| (name(&r.stage), r.rate)),
            );
            compared.extend(
                found
                    .groups
                    .iter()
                    .map(|g| (name(&g.level), g.false_rejection_rate)),
            );
        }
    }
    let z = -normal_quantile(FALSE_ALARM / (2.0 * compared.len() as f64));
    let mut checked = 0;
    for (name, c) in &compared {
        let (Some(mean), Some(stderr), Some(exact)) = (c.estimate.mean, c.estimate.stderr, c.exact)
        else {
            continue;
        };
        // With few events the normal approximation is no yardstick; the exact interval is.
        if (mean - exact).abs() > z * stderr + 1e-9 * exact.abs().max(1e-3) {
            let [lo, hi] = c.estimate.ci.unwrap();
            let exact_interval = (hi - mean - (mean - lo)).abs() > 1e-9 * hi.abs();
            assert!(
                exact_interval && lo - (hi - lo) <= exact && exact <= hi + (hi - lo),
                "{name}: {mean} ± {stderr}, exact {exact}"
            );
        }
        checked += 1;
    }
    assert!(checked > 400, "{checked}");
}

fn batches(
    scenario: &Scenario,
    attempts: u64,
    per_prompt: u64,
    seed: u64,
) -> (Simulation<'_>, Vec<OutcomeBatch>) {
    let simulation = Simulation::new(scenario, attempts, seed).per_prompt(per_prompt);
    let batches = (0..simulation.batches())
        .map(|n| simulation.draw(n).swap_remove(0))
        .collect();
    (simulation, batches)
}

/// The prompts of `batch`, drawn anew with replacement by `pick`.
fn resample(
    batch: &OutcomeBatch,
    per_prompt: usize,
    pick: &mut dyn FnMut(usize) -> usize,
) -> OutcomeBatch {
    let prompts = batch.len() / per_prompt;
    let checkpoints = batch.remaining.len() / batch.len();
    let mut drawn = OutcomeBatch {
        covariates: vec![Vec::new(); batch.covariates.len()],
        ..OutcomeBatch::default()
    };
    for number in 0..prompts {
        let chosen = pick(prompts);
        for i in chosen * per_prompt..(chosen + 1) * per_prompt {
            drawn.prompt.push(number as u64);
            drawn.tokens_full.push(batch.tokens_full[i]);
            drawn.tokens_paid.push(batch.tokens_paid[i]);
            drawn.checkpoint_cost.push(batch.checkpoint_cost[i]);
            drawn.rejected_at.push(batch.rejected_at[i]);
            drawn
                .remaining
                .extend(&batch.remaining[i * checkpoints..(i + 1) * checkpoints]);
            drawn.accepted.push(batch.accepted[i]);
            drawn.utility.push(batch.utility[i]);
            for (column, levels) in drawn.covariates.iter_mut().zip(&batch.covariates) {
                column.push(levels[i]);
            }
        }
    }
    drawn
}

/// 600 replications: the bootstrap's own error is 3 %, so 15 % is five of its deviations.
#[test]
fn standard_errors_agree_with_the_bootstrap_over_prompts() {
    let scenario = everything();
    let per_prompt = 4;
    let (simulation, batches) = batches(&scenario, 4000, per_prompt as u64, 11);
    let tally = |batch: &OutcomeBatch| {
        let mut tally = Tally::new(&simulation.frame(0));
        Fold::<OutcomeBatch>::fold(&mut tally, batch);
        Estimates::new(&tally)
    };
    let sample = &batches[0];
    let original = tally(sample);
    let mut word = 99_u64;
    let mut pick = move |n: usize| {
        word = word
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((word >> 33) % n as u64) as usize
    };
    let replications: Vec<Estimates> = (0..600)
        .map(|_| tally(&resample(sample, per_prompt, &mut pick)))
        .collect();
    for (name, estimate) in &original.by_name {
        let values: Vec<f64> = replications
            .iter()
            .map(|r| r.by_name[name].mean.unwrap())
            .collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance =
            values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64;
        let ratio = estimate.stderr.unwrap() / variance.sqrt();
        assert!(
            (0.85..1.15).contains(&ratio),
            "{name}: delta / bootstrap = {ratio}"
        );
    }
}

/// Ignoring that generations share a prompt makes intervals too narrow: the tally must see it.
#[test]
fn clusters_widen_the_intervals() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/hard-prompts.toml");
    let scenario = Scenario::load(&path).unwrap();
    let (simulation, batches) = batches(&scenario, 40_000, 8, 5);
    let mut clustered = Tally::new(&simulation.frame(0));
    let mut naive = Tally::new(&simulation.frame(0));
    for batch in &batches {
        Fold::<OutcomeBatch>::fold(&mut clustered, batch);
        let mut apart = batch.clone();
        apart.prompt = (0..apart.len() as u64).collect();
        Fold::<OutcomeBatch>::fold(&mut naive, &apart);
    }
    let stderr = |tally: &Tally, name: &str| Estimates::new(tally).by_name[name].stderr.unwrap();
    for name in ["accepted_rate", "retained_rate"] {
        let ratio = stderr(&clustered, name) / stderr(&naive, name);
        assert!(ratio > 1.15, "{name}: {ratio}");
    }
    // The means themselves do not depend on who belongs together.
    let mean = |tally: &Tally| Estimates::new(tally).by_name["savings"].mean.unwrap();
    assert_relative_eq!(mean(&clustered), mean(&naive), max_relative = 1e-12);
}

#[test]
fn any_order_of_batches_gives_the_same_tally() {
    let scenario = everything();
    let (simulation, batches) = batches(&scenario, 20_000, 1, 3);
    let fold = |order: &mut dyn Iterator<Item = &OutcomeBatch>| {
        let mut total = Tally::new(&simulation.frame(0));
        for batch in order {
            let mut part = Tally::new(&simulation.frame(0));
            Fold::<OutcomeBatch>::fold(&mut part, batch);
            Fold::<OutcomeBatch>::merge(&mut total, part);
        }
        total
    };
    assert_eq!(fold(&mut batches.iter()), fold(&mut batches.iter().rev()));
}
