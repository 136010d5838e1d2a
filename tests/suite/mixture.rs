//! Difficulty: the adaptive quadrature against a plain trapezoid over scenarios that are written
//! out for each difficulty, so that the tilting of rates is done here a second time.

use std::f64::consts::PI;
use std::path::Path;

use approx::assert_relative_eq;
use foldem::scenario::Scenario;
use foldem::scenario::spec::{ResponseSpec, ScenarioSpec, TokenSpec};
use foldem::theory::Exact;

const TEXT: &str = "
schema = 'foldem.scenario/1'
name = 'difficult'
[difficulty]
sd = 1.3
length_effect = 0.2
[[fault]]
kind = 'x'
hazard = [0.1, 0.05, 0.1]
difficulty_effect = 0.9
length_factor = 1.5
[[fault]]
kind = 'y'
hazard = [0.0, 0.2, 0.1]
recovery = 0.3
difficulty_effect = -0.5
[[stage]]
name = 'a'
tokens = { dist = 'fixed', value = 40 }
[[stage]]
name = 'b'
tokens = { dist = 'gamma', mean = 70, cv = 0.3 }
[[stage]]
name = 'c'
tokens = { dist = 'lognormal', mean = 30, cv = 0.9 }
[[validator]]
name = 'v'
detects = { x = 0.6, y = 0.3 }
false_alarm = 0.04
difficulty_effect = 1.4
sticky = true
[final_filter]
accepts = { clean = 0.9, x = 0.2, y = 0.1 }
[[policy.checkpoint]]
at = 'a'
validators = ['v']
cost_tokens = 1.0
[[policy.checkpoint]]
at = 'b'
validators = ['v']
";

/// The scenario of prompts with difficulty `delta`, without any difficulty in it.
fn at_difficulty(spec: &ScenarioSpec, delta: f64) -> Scenario {
    let mut spec = spec.clone();
    let length = (spec.difficulty.unwrap().length_effect * delta).exp();
    spec.difficulty = None;
    let odds: Vec<f64> = spec
        .faults
        .iter()
        .map(|f| (f.difficulty_effect * delta).exp())
        .collect();
    for k in 0..spec.stages.len() {
        let sum: f64 = spec.faults.iter().map(|f| f.hazard[k]).sum();
        let weighted: f64 = spec
            .faults
            .iter()
            .zip(&odds)
            .map(|(f, o)| f.hazard[k] * o)
            .sum();
        for (fault, o) in spec.faults.iter_mut().zip(&odds) {
            fault.hazard[k] = fault.hazard[k] * o / (1.0 - sum + weighted);
        }
    }
    for stage in &mut spec.stages {
        stage.tokens = TokenSpec::Fixed(
            length
                * match stage.tokens {
                    TokenSpec::Fixed(mean)
                    | TokenSpec::Gamma { mean, .. }
                    | TokenSpec::LogNormal { mean, .. } => mean,
                    _ => unreachable!("not in the text above"),
                },
        );
    }
    for validator in &mut spec.validators {
        if let ResponseSpec::Alarm {
            false_alarm,
            difficulty_effect,
            ..
        } = &mut validator.response
        {
            let odds = *false_alarm / (1.0 - *false_alarm) * (*difficulty_effect * delta).exp();
            *false_alarm = odds / (1.0 + odds);
        }
    }
    Scenario::new(spec).unwrap()
}

#[test]
fn integrals_over_difficulty_agree_with_the_trapezoid() {
    let scenario = Scenario::parse("difficult", TEXT, Path::new(".")).unwrap();
    let exact = Exact::new(&scenario);
    assert!(exact.keeps_promise());
    let sd = scenario.difficulty_sd();
    // Numerators and denominators apart; the step is far below what the smoothness needs.
    let h = 0.05;
    let mut sums = [0.0; 8];
    let mut deciles: Vec<(f64, f64, f64)> = Vec::new();
    for i in -240..=240 {
        let z = f64::from(i) * h;
        let weight = (-0.5 * z * z).exp() * h / (2.0 * PI).sqrt();
        let here = Exact::new(&at_difficulty(scenario.spec(), sd * z));
        let values = [
            1.0,
            here.tokens_full(),
            here.tokens_paid(),
            here.accepted_rate(),
            here.retained_rate(),
            here.rejection_rate(),
            here.tokens_paid() / here.retained_rate(),
            here.tokens_full() / here.accepted_rate(),
        ];
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum += weight * value;
        }
        deciles.push((weight, here.accepted_rate(), here.retained_rate()));
    }
    let [
        mass,
        full,
        paid,
        accepted,
        retained,
        rejected,
        retry_policy,
        retry_full,
    ] = sums;
    assert_relative_eq!(mass, 1.0, max_relative = 1e-13);
    let tight = 1e-10;
    assert_relative_eq!(exact.tokens_full(), full, max_relative = tight);
    assert_relative_eq!(exact.tokens_paid(), paid, max_relative = tight);
    assert_relative_eq!(exact.accepted_rate(), accepted, max_relative = tight);
    assert_relative_eq!(exact.retained_rate(), retained, max_relative = tight);
    assert_relative_eq!(exact.rejection_rate(), rejected, max_relative = tight);
    assert_relative_eq!(
        exact.cost_ratio().unwrap(),
        paid / retained * accepted / full,
        max_relative = tight
    );
    assert_relative_eq!(
        exact.cost_ratio_retry().unwrap(),
        retry_policy / retry_full,
        max_relative = tight
    );
    // Total variation of difficulty by its definition; the kink limits the trapezoid.
    let tv: f64 = deciles
        .iter()
        .map(|(w, a, r)| 0.5 * w * (r / retained - a / accepted).abs())
        .sum();
    let shifts = exact.shifts();
    assert_relative_eq!(shifts.difficulty.unwrap(), tv, max_relative = 1e-3);
    let f = exact.false_rejection_rate().unwrap();
    assert!(shifts.difficulty_decile.unwrap() <= shifts.difficulty.unwrap());
    assert!(shifts.difficulty.unwrap() <= f && shifts.final_state.unwrap() <= f);
    // Conditioning on averaged rates instead would be visible: the test can fail.
    let naive = Exact::new(&at_difficulty(scenario.spec(), 0.0));
    assert!((naive.cost_ratio().unwrap() - exact.cost_ratio().unwrap()).abs() > 1e-3);
}

#[test]
fn no_spread_is_the_same_as_no_difficulty() {
    let without =
        Scenario::parse("d", &TEXT.replace("sd = 1.3", "sd = 0.0"), Path::new(".")).unwrap();
    let same = at_difficulty(without.spec(), 0.0);
    let (a, b) = (Exact::new(&without), Exact::new(&same));
    assert_relative_eq!(
        a.cost_ratio().unwrap(),
        b.cost_ratio().unwrap(),
        max_relative = 1e-13
    );
    assert_relative_eq!(
        a.cost_ratio_retry().unwrap(),
        a.cost_ratio().unwrap(),
        max_relative = 1e-13
    );
}
