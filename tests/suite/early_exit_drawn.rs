//! Early exit and rejection: the generations that the engine draws against the exact arms, and standard errors
//! against the spread between runs.

use approx::assert_relative_eq;
use foldem::estimate::ARM_FIGURES;
use foldem::scenario::Scenario;
use foldem::stats::normal_quantile;
use foldem::study::Interrupt;
use foldem::study::simulation::{Compared, Request, SimulationFindings, simulate};

use super::early_exit::{SMALL, everything_with_probes, parsed, shipped};

/// Probability that any of the comparisons of a test would be called a disagreement by chance.
const FALSE_ALARM: f64 = 1e-3;

fn simulated(scenario: &Scenario, per_prompt: u64, seed: u64) -> SimulationFindings {
    let request = Request {
        attempts: 60_000,
        seed,
        per_prompt,
    };
    simulate(scenario, request, &|_| (), &Interrupt::default())
}

/// All figures of the four arms.
fn all(findings: &SimulationFindings) -> Vec<(String, Compared)> {
    let early_exit = findings.early_exit.as_ref().unwrap();
    let mut all = Vec::new();
    for arm in &early_exit.arms {
        let figures = arm.figures.iter();
        all.extend(figures.map(|f| (format!("{} {}", arm.name, f.name), f.value)));
    }
    let composition = early_exit.composition.iter();
    all.extend(composition.map(|f| (f.name.clone(), f.value)));
    for probe in &early_exit.exits_by_stage {
        all.push((format!("exit {}", probe.stage), probe.alone));
        all.push((format!("both {}", probe.stage), probe.with_rejection));
    }
    all
}

/// Names of figures that lie further from their exact value than chance allows.
fn disagreements(compared: &[(String, Compared)]) -> Vec<String> {
    let z = -normal_quantile(FALSE_ALARM / (2.0 * compared.len() as f64));
    let far = compared.iter().filter(|(name, c)| {
        let (Some(mean), Some(stderr)) = (c.estimate.mean, c.estimate.stderr) else {
            return c.exact.is_some() || !name.contains("tokens");
        };
        let exact = c.exact.unwrap_or(f64::NAN);
        let near = (mean - exact).abs() <= z * stderr + 1e-9 * exact.abs().max(1e-3);
        !near
    });
    far.map(|(name, _)| name.clone()).collect()
}

/// Nothing to be compared with is no cost ratio of 0: the filter takes early answers alone.
#[test]
fn what_costs_without_end_makes_nothing_free() {
    let taken = "accepts = { clean = 0.9, x = 0.2, y = 0.1 }";
    assert!(SMALL.contains(taken));
    let scenario = parsed(&SMALL.replace(taken, "accepts = { clean = 0.0 }"));
    let findings = simulated(&scenario, 1, 5);
    let early_exit = findings.early_exit.as_ref().unwrap();
    for arm in ["exit", "both"] {
        let retained = early_exit.of_arm(arm, "retained_rate").unwrap();
        assert!(retained.exact.unwrap() > 0.0, "{arm}");
        let ratio = early_exit.of_arm(arm, "cost_ratio").unwrap();
        assert_eq!((ratio.exact, ratio.estimate.mean), (None, None), "{arm}");
    }
    let ratio = early_exit.composition("cost_ratio_on_rejection").unwrap();
    assert_eq!((ratio.exact, ratio.estimate.mean), (None, None));
    let ratio = early_exit.composition("cost_ratio_on_exit").unwrap();
    assert!(ratio.exact.unwrap() > 0.0);
}

#[test]
fn generations_agree_with_the_exact_arms() {
    let scenarios = [parsed(SMALL), shipped(), everything_with_probes()];
    let mut compared = Vec::new();
    for (n, scenario) in (1..).zip(&scenarios) {
        for per_prompt in [1, 5] {
            let findings = simulated(scenario, per_prompt, 100 * n + per_prompt);
            let name = |what: String| format!("{} ×{per_prompt}: {what}", scenario.name());
            let figures = all(&findings).into_iter();
            compared.extend(figures.map(|(what, figure)| (name(what), figure)));
            // Rejection alone is what the rest of the findings is about.
            let early_exit = findings.early_exit.as_ref().unwrap();
            for name in ["savings", "cost_ratio", "false_rejection_rate"] {
                let arm = early_exit.of_arm("reject", name).unwrap().estimate;
                let alone = findings.get(name).unwrap().estimate;
                assert_relative_eq!(arm.mean.unwrap(), alone.mean.unwrap(), max_relative = 1e-12);
                let [a, b] = [arm, alone].map(|e| e.stderr.unwrap());
                assert_relative_eq!(a, b, max_relative = 1e-6);
            }
        }
    }
    assert!(
        compared.len() > 6 * 4 * ARM_FIGURES.len(),
        "{}",
        compared.len()
    );
    assert_eq!(disagreements(&compared), Vec::<String>::new());
}

/// The negative control: exact values of a scenario whose probe exits a little more often.
#[test]
fn generations_of_another_scenario_disagree() {
    let found = simulated(&parsed(SMALL), 1, 7);
    let other = simulated(
        &parsed(&SMALL.replace("clean = 0.3,", "clean = 0.32,")),
        1,
        7,
    );
    let mixed: Vec<(String, Compared)> = all(&found)
        .into_iter()
        .zip(all(&other))
        .map(|((name, found), (_, other))| {
            let exact = other.exact;
            (name, Compared { exact, ..found })
        })
        .collect();
    let far = disagreements(&mixed);
    assert!(far.contains(&"exit savings".to_owned()), "{far:?}");
    assert!(
        !far.iter().any(|name| name.starts_with("reject ")),
        "{far:?}"
    );
}

/// Standard errors of the composition against those over independent runs: of 40 runs, a ratio outside
/// of [0.66, 1.5] has a probability below 1e-3 for each of four figures.
#[test]
fn standard_errors_are_those_between_runs() {
    let scenario = shipped();
    let names = [
        "exit_of_what_rejection_leaves",
        "overlap_coefficient",
        "cost_ratio_on_exit",
        "overlap_points",
    ];
    let mut runs = vec![Vec::new(); names.len()];
    let mut stated = vec![0.0; names.len()];
    for seed in 0..40 {
        let request = Request {
            attempts: 2000,
            seed: 900 + seed,
            per_prompt: 4,
        };
        let found = simulate(&scenario, request, &|_| (), &Interrupt::default());
        let early_exit = found.early_exit.unwrap();
        for (i, name) in names.iter().enumerate() {
            let estimate = early_exit.composition(name).unwrap().estimate;
            runs[i].push(estimate.mean.unwrap());
            stated[i] += estimate.stderr.unwrap() / 40.0;
        }
    }
    for (i, values) in runs.iter().enumerate() {
        let mean = values.iter().sum::<f64>() / 40.0;
        let spread = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 39.0;
        let ratio = spread.sqrt() / stated[i];
        assert!((0.66..1.5).contains(&ratio), "{}: {ratio}", names[i]);
    }
}
