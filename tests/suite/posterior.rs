//! The Bayes filter against brute force: E[U | what was seen] by summing over all trajectories
//! with explicit sticky bits.

use std::collections::BTreeMap;
use std::path::Path;

use approx::assert_relative_eq;
use foldem::scenario::{Response, Scenario};
use foldem::theory::BayesFilter;

use super::correlated::probability;

pub(crate) const TEXT: &str = "
schema = 'foldem.scenario/1'
name = 'posterior'
[[fault]]
kind = 'x'
hazard = [0.3, 0.2, 0.25, 0.1]
recovery = [0.0, 0.4, 0.3, 0.2]
[[fault]]
kind = 'y'
hazard = [0.1, 0.2, 0.1, 0.3]
recovery = 0.2
[[stage]]
name = 'a'
tokens = { dist = 'fixed', value = 10 }
[[stage]]
name = 'b'
tokens = { dist = 'fixed', value = 10 }
[[stage]]
name = 'c'
tokens = { dist = 'fixed', value = 10 }
[[stage]]
name = 'd'
tokens = { dist = 'fixed', value = 10 }
[[validator]]
name = 'sticky-one'
detects = { x = 0.6, y = 0.3 }
false_alarm = 0.1
sticky = true
[[validator]]
name = 'sticky-two'
detects = { x = 0.2, y = 0.7 }
false_alarm = 0.05
sticky = true
[[validator]]
name = 'fresh'
detects = { x = 0.4 }
false_alarm = 0.15
[utility]
clean = 0.9
x = 0.3
y = 0.0
[[policy.checkpoint]]
at = 'a'
validators = ['sticky-one', 'sticky-two']
[[policy.checkpoint]]
at = 'b'
validators = ['fresh', 'sticky-one']
[[policy.checkpoint]]
at = 'c'
validators = ['sticky-two', 'sticky-one', 'fresh']
";

/// (probability, state, bits of the present fault, everything seen) of one trajectory.
type Trajectory = (f64, usize, Vec<bool>, Vec<bool>);

fn alarm_probability(scenario: &Scenario, v: usize, state: usize, bits: &[bool]) -> f64 {
    match &scenario.validators()[v].response {
        Response::Alarm { false_alarm, .. } if state == 0 => *false_alarm,
        Response::Alarm { sticky: true, .. } => f64::from(u8::from(bits[v])),
        Response::Alarm { detects, .. } => detects[state - 1],
        Response::Score(_) => unreachable!("alarms only"),
    }
}

fn step(scenario: &Scenario, k: usize, trajectories: &[Trajectory]) -> Vec<Trajectory> {
    let conditions = scenario.conditions(0.0);
    let validators = scenario.validators().len();
    let mut next: Vec<Trajectory> = Vec::new();
    for (p, state, bits, seen) in trajectories {
        if *state == 0 {
            next.push((p * conditions.stays_clean[k], 0, vec![], seen.clone()));
            for fault in 0..2 {
                for pattern in 0..1_u32 << validators {
                    let mut q = p * conditions.hazard[k][fault];
                    let drawn: Vec<bool> = (0..validators).map(|v| pattern >> v & 1 == 1).collect();
                    for (v, &bit) in drawn.iter().enumerate() {
                        let Response::Alarm { detects, .. } = &scenario.validators()[v].response
                        else {
                            unreachable!("alarms only")
                        };
                        q *= if bit {
                            detects[fault]
                        } else {
                            1.0 - detects[fault]
                        };
                    }
                    next.push((q, fault + 1, drawn, seen.clone()));
                }
            }
        } else {
            let r = scenario.recovery(k, state - 1);
            next.push((p * r, 0, vec![], seen.clone()));
            next.push((p * (1.0 - r), *state, bits.clone(), seen.clone()));
        }
    }
    let Some(checkpoint) = scenario.checkpoints().iter().find(|c| c.at == k) else {
        return next;
    };
    let mut observed = Vec::new();
    for (p, state, bits, seen) in next {
        for pattern in 0..1_u32 << checkpoint.validators.len() {
            let alarm = |v| alarm_probability(scenario, v, state, &bits);
            let p = p * probability(scenario, &checkpoint.validators, &alarm, pattern);
            let mut seen = seen.clone();
            seen.extend((0..checkpoint.validators.len()).map(|i| pattern >> i & 1 == 1));
            if p > 0.0 {
                observed.push((p, state, bits.clone(), seen));
            }
        }
    }
    observed
}

#[test]
fn the_filter_is_the_posterior_over_explicit_bits() {
    compare(TEXT);
}

/// The filter of a scenario of alarms on two kinds of faults is the posterior.
pub(crate) fn compare(text: &str) {
    let scenario = Scenario::parse("posterior", text, Path::new(".")).unwrap();
    let filter = BayesFilter::new(&scenario);
    let stages = scenario.stages().len();
    // Everything seen after each stage -> (mass, E[U] mass) at the end.
    let mut trajectories: Vec<Trajectory> = vec![(1.0, 0, vec![], vec![])];
    let mut seen_after = vec![0; stages];
    for (k, seen) in seen_after.iter_mut().enumerate() {
        trajectories = step(&scenario, k, &trajectories);
        *seen = trajectories[0].3.len();
    }
    let mut expected: Vec<BTreeMap<Vec<bool>, (f64, f64)>> = vec![BTreeMap::new(); stages];
    for (p, state, _, seen) in &trajectories {
        for (expected, &length) in expected.iter_mut().zip(&seen_after) {
            let entry = expected.entry(seen[..length].to_vec()).or_default();
            entry.0 += p;
            entry.1 += p * scenario.utility()[*state];
        }
    }
    let full = expected[stages - 1].clone();
    assert!(full.len() > 100, "{} patterns", full.len());
    for pattern in full.keys() {
        let mut belief = filter.start();
        let mut at = 0;
        for k in 0..stages {
            filter.advance(&mut belief, k);
            if let Some(checkpoint) = scenario.checkpoints().iter().find(|c| c.at == k) {
                let here = &pattern[at..at + checkpoint.validators.len()];
                at += here.len();
                let scores: Vec<f64> = here.iter().map(|&a| if a { 0.0 } else { 1.0 }).collect();
                filter.observe(&mut belief, checkpoint, &scores);
            }
            let (mass, utility) = expected[k][&pattern[..at]];
            let m = filter.expected_utility(&belief, k);
            assert_relative_eq!(m, utility / mass, max_relative = 1e-11);
        }
    }
}
