//! Early exit and rejection: the exact arms against all trajectories listed one by one, and against a plain
//! rule over difficulty.

use std::path::Path;

use approx::assert_relative_eq;
use foldem::scenario::spec::{ExitSpec, PerStage, ResponseSpec, ScenarioSpec, TokenSpec};
use foldem::scenario::{Scenario, shift_log_odds};
use foldem::study::early_exit::{ARM_NAMES, ExactArms};
use foldem::theory::{Arm, Arms, Exact};

use super::agreement::everything;

pub(crate) const SMALL: &str = "
schema = 'foldem.scenario/1'
name = 'small'
[[fault]]
kind = 'x'
hazard = [0.2, 0.1, 0.15]
recovery = 0.3
length_factor = 2
[[fault]]
kind = 'y'
hazard = [0.1, 0.05, 0.1]
length_factor = 0.5
[[stage]]
name = 'a'
tokens = { dist = 'fixed', value = 10 }
[[stage]]
name = 'b'
tokens = { dist = 'fixed', value = 20 }
[[stage]]
name = 'c'
tokens = { dist = 'fixed', value = 40 }
[[validator]]
name = 'sticky'
detects = { x = 0.5, y = 0.2 }
false_alarm = 0.05
sticky = true
[[validator]]
name = 'fresh'
detects = { x = 0.3 }
false_alarm = 0.1
[final_filter]
accepts = { clean = 0.9, x = 0.2, y = 0.1 }
[utility]
clean = 1.0
x = 0.5
y = 0.2
[[policy.checkpoint]]
at = 'a'
validators = ['sticky', 'fresh']
cost_tokens = 1
[[policy.checkpoint]]
at = 'b'
validators = ['sticky']
cost_tokens = 2
[[early_exit.probe]]
at = 'b'
confidence = { clean = { dist = 'beta', a = 2, b = 1 }, faulty = { dist = 'beta', a = 1, b = 2 } }
threshold = 0.6
cost_tokens = 0.25
answer_tokens = 5
[[early_exit.probe]]
at = 'a'
exits = { clean = 0.3, x = 0.2 }
cost_tokens = 0.5
answer_tokens = 3
accepts = { clean = 0.8, x = 0.4 }
utility = { clean = 0.9 }
";

pub(crate) fn parsed(text: &str) -> Scenario {
    Scenario::parse("test", text, Path::new(".")).unwrap_or_else(|e| panic!("{e}"))
}

pub(crate) fn shipped() -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/early-exit/probes.toml");
    Scenario::load(&path).unwrap_or_else(|e| panic!("{e}"))
}

/// One trajectory of [`SMALL`], as far as it has come.
#[derive(Clone, Default)]
struct Path3 {
    weight: f64,
    /// Index of the state: clean, x, y.
    state: usize,
    /// What the sticky validator says of the fault that lasts.
    sticky: bool,
    tokens: Vec<f64>,
    states: Vec<usize>,
    rejects: Vec<bool>,
    exits: Vec<bool>,
}

/// Every trajectory of [`SMALL`] with every verdict and every probe, by the words of its file.
fn trajectories() -> Vec<Path3> {
    let hazard = [[0.2, 0.1], [0.1, 0.05], [0.15, 0.1]];
    let recovery = [0.3, 0.0];
    let tokens = [10.0, 20.0, 40.0];
    let length = [1.0, 2.0, 0.5];
    let detects = [0.5, 0.2];
    // A beta(2, 1) variable is at least t with probability 1 − t², a beta(1, 2) one with (1 − t)².
    let exits = [[0.3, 0.2, 0.0], [0.64, 0.16, 0.16]];
    let mut open = vec![Path3 {
        weight: 1.0,
        ..Path3::default()
    }];
    for k in 0..3 {
        let mut next = Vec::new();
        for path in open {
            // State and sticky verdict at the end of the stage.
            let mut moves = Vec::new();
            if path.state == 0 {
                let [x, y] = hazard[k];
                moves.push((1.0 - x - y, 0, false));
                for (fault, h) in [(1, x), (2, y)] {
                    moves.push((h * detects[fault - 1], fault, true));
                    moves.push((h * (1.0 - detects[fault - 1]), fault, false));
                }
            } else {
                let back = recovery[path.state - 1];
                moves.push((back, 0, false));
                moves.push((1.0 - back, path.state, path.sticky));
            }
            for (p, state, sticky) in moves {
                let says = |on_clean: f64| match state {
                    0 => on_clean,
                    _ => f64::from(u8::from(sticky)),
                };
                let silent = match k {
                    0 => (1.0 - says(0.05)) * (1.0 - [0.1, 0.3, 0.0][state]),
                    1 => 1.0 - says(0.05),
                    _ => 1.0,
                };
                let exit = if k < 2 { exits[k][state] } else { 0.0 };
                for (rejects, of_verdict) in [(true, 1.0 - silent), (false, silent)] {
                    for (exits, of_probe) in [(true, exit), (false, 1.0 - exit)] {
                        let mut path = path.clone();
                        path.weight *= p * of_verdict * of_probe;
                        (path.state, path.sticky) = (state, sticky);
                        path.tokens.push(tokens[k] * length[state]);
                        path.states.push(state);
                        path.rejects.push(rejects);
                        path.exits.push(exits);
                        next.push(path);
                    }
                }
            }
        }
        open = next.into_iter().filter(|p| p.weight > 0.0).collect();
    }
    open
}

/// The arms by adding up trajectories, walked stage by stage; then lost, gained. At a stage with both
/// the probe may look before the checkpoint, which is not the order of the format.
fn enumerated(probe_first: bool) -> ([Arm; 4], [f64; 2]) {
    const ACCEPTS: [f64; 3] = [0.9, 0.2, 0.1];
    const UTILITY: [f64; 3] = [1.0, 0.5, 0.2];
    const AFTER_EXIT: [[f64; 3]; 2] = [[0.8, 0.4, 0.1], ACCEPTS];
    const VALUE: [[f64; 3]; 2] = [[0.9, 0.5, 0.2], UTILITY];
    let mut arms = [[0.0; 6]; 4];
    let mut changes = [0.0; 2];
    for path in trajectories() {
        // Acceptance and value of what early exit alone delivers.
        let exit = path.exits.iter().position(|&exits| exits);
        let last = path.states[2];
        let (accepts, value) = exit.map_or((ACCEPTS[last], UTILITY[last]), |k| {
            (AFTER_EXIT[k][path.states[k]], VALUE[k][path.states[k]])
        });
        changes[0] += path.weight * (ACCEPTS[last] - accepts).max(0.0);
        changes[1] += path.weight * (accepts - ACCEPTS[last]).max(0.0);
        for (number, arm) in arms.iter_mut().enumerate() {
            let (rejecting, exiting) = (number % 2 == 1, number >= 2);
            let (accepts, value) = if exiting {
                (accepts, value)
            } else {
                (ACCEPTS[last], UTILITY[last])
            };
            let (mut tokens, mut rejected, mut exited) = (0.0, false, false);
            for k in 0..3 {
                tokens += path.tokens[k];
                for probes in if probe_first {
                    [true, false]
                } else {
                    [false, true]
                } {
                    if rejected || exited || k == 2 {
                        continue;
                    }
                    if probes && exiting {
                        exited = path.exits[k];
                        tokens += [0.5, 0.25][k] + if exited { [3.0, 5.0][k] } else { 0.0 };
                    } else if !probes && rejecting {
                        rejected = path.rejects[k];
                        tokens += [1.0, 2.0][k];
                    }
                }
                if rejected || exited {
                    break;
                }
            }
            let kept = if rejected { 0.0 } else { path.weight };
            arm[0] += path.weight * tokens;
            arm[1] += kept;
            arm[2] += kept * accepts;
            arm[3] += kept * accepts * value;
            arm[4] += if exited { path.weight } else { 0.0 };
            arm[5] += (path.weight - kept) * accepts;
        }
    }
    let arms = arms.map(
        |[
            tokens,
            delivered,
            retained,
            utility,
            exited,
            falsely_rejected,
        ]| Arm {
            tokens,
            delivered,
            retained,
            utility,
            exited,
            falsely_rejected,
        },
    );
    (arms, changes)
}

fn numbers(arm: Arm) -> [f64; 6] {
    [
        arm.tokens,
        arm.delivered,
        arm.retained,
        arm.utility,
        arm.exited,
        arm.falsely_rejected,
    ]
}

fn assert_close(found: Arm, expected: Arm, what: &str) {
    for (i, (x, y)) in numbers(found).iter().zip(numbers(expected)).enumerate() {
        assert!(
            (x - y).abs() <= 1e-10 * y.abs().max(1.0),
            "{what}, figure {i}: {x} {y}"
        );
    }
}

#[test]
fn the_exact_arms_are_those_of_all_trajectories() {
    let arms = Arms::new(&parsed(SMALL)).unwrap();
    let (expected, [lost, gained]) = enumerated(false);
    for (number, expected) in expected.into_iter().enumerate() {
        assert_close(arms.arm(number), expected, ARM_NAMES[number]);
    }
    assert_relative_eq!(arms.lost(), lost, max_relative = 1e-12);
    assert_relative_eq!(arms.gained(), gained, max_relative = 1e-12);
    assert!(lost > 0.01 && gained > 0.01, "both happen: {lost} {gained}");
    let exits: f64 = arms.exits(true).iter().sum();
    assert_relative_eq!(exits, arms.arm(3).exited, max_relative = 1e-12);
}

/// The negative controls: a probe that looks before the checkpoint of its stage, and an exit probability of
/// 0.31 instead of 0.30, are told apart.
#[test]
fn another_order_or_probability_is_not_what_was_enumerated() {
    let arms = Arms::new(&parsed(SMALL)).unwrap();
    let (expected, _) = enumerated(true);
    for (arm, same) in [(0, true), (1, true), (2, true), (3, false)] {
        let gap = (arms.arm(arm).tokens - expected[arm].tokens).abs();
        assert_eq!(gap < 1e-9, same, "{}: {gap}", ARM_NAMES[arm]);
    }
    let (expected, _) = enumerated(false);
    let other = parsed(&SMALL.replace("clean = 0.3,", "clean = 0.31,"));
    let tokens = Arms::new(&other).unwrap().arm(2).tokens;
    assert!((tokens - expected[2].tokens).abs() > 1e-3);
}

/// [`everything`] with probes at two of its stages: three kinds of fault, scores, difficulty.
pub(crate) fn everything_with_probes() -> Scenario {
    let spec = everything().spec().clone();
    let probes = shipped().spec().early_exit.clone().map(|mut exit| {
        for (probe, at) in exit.probes.iter_mut().zip(["a", "b", "c"]) {
            at.clone_into(&mut probe.at);
            let renamed = |name: &String| match name.as_str() {
                "slip" => "x".to_owned(),
                "loop" => "y".to_owned(),
                other => other.to_owned(),
            };
            for values in [&mut probe.accepts, &mut probe.utility] {
                *values = values.iter().map(|(k, v)| (renamed(k), *v)).collect();
            }
            if let ExitSpec::Probability { exits, .. } = &mut probe.exits {
                *exits = exits.iter().map(|(k, v)| (renamed(k), *v)).collect();
            }
        }
        exit
    });
    Scenario::new(ScenarioSpec {
        early_exit: probes,
        ..spec
    })
    .unwrap()
}

/// The arms without exits are those of the theory of rejection, which is another recursion.
#[test]
fn without_exits_the_arms_are_full_generation_and_rejection() {
    for scenario in [parsed(SMALL), shipped(), everything_with_probes()] {
        let (arms, exact) = (Arms::new(&scenario).unwrap(), Exact::new(&scenario));
        let [full, reject] = [arms.arm(0), arms.arm(1)];
        let close = |x: f64, y: f64| assert_relative_eq!(x, y, max_relative = 1e-9);
        close(full.tokens, exact.tokens_full());
        close(full.retained, exact.accepted_rate());
        close(reject.tokens, exact.tokens_paid());
        close(reject.retained, exact.retained_rate());
        close(1.0 - reject.delivered, exact.rejection_rate());
        let utility = reject.utility / reject.retained;
        close(utility, exact.utility_retained().unwrap());
        let f = reject.falsely_rejected / full.retained;
        close(f, exact.false_rejection_rate().unwrap());
        // What is falsely rejected and what is retained is what the arm without rejection accepts.
        for (with, without) in [(1, 0), (3, 2)] {
            let arm = arms.arm(with);
            close(
                arm.falsely_rejected + arm.retained,
                arms.arm(without).retained,
            );
        }
        close(
            arms.arm(2).retained - full.retained,
            arms.gained() - arms.lost(),
        );
        assert!(arms.quadrature_error() <= 1e-10);
    }
}

/// 1 − s_both = (1 − s)(1 − e), and rejection on top of early exit pays iff it saves more than f.
#[test]
fn savings_compose() {
    for scenario in [parsed(SMALL), shipped()] {
        let exact = ExactArms::new(&scenario).unwrap();
        let s = |arm: usize| exact.of_arm(arm, "savings").unwrap();
        let composition = |name: &str| exact.composition(name).unwrap();
        let e = composition("exit_of_what_rejection_leaves");
        assert_relative_eq!(1.0 - s(3), (1.0 - s(1)) * (1.0 - e), max_relative = 1e-12);
        let coefficient = composition("overlap_coefficient");
        assert_relative_eq!(e, s(2) * (1.0 - coefficient), max_relative = 1e-9);
        let points = composition("overlap_points");
        assert_relative_eq!(s(3), s(1) + s(2) - points, max_relative = 1e-12);
        let left = composition("rejection_of_what_exit_leaves");
        let f = exact.of_arm(3, "false_rejection_rate").unwrap();
        let ratio = (1.0 - left) / (1.0 - f);
        assert_relative_eq!(
            composition("cost_ratio_on_exit"),
            ratio,
            max_relative = 1e-9
        );
    }
}

/// A probe that never exits changes nothing but its price; one that always exits at the first stage
/// leaves rejection nothing but that stage.
#[test]
fn probes_at_their_limits() {
    let limit = |p: f64| {
        let mut spec = parsed(SMALL).spec().clone();
        let exit = spec.early_exit.as_mut().unwrap();
        exit.probes.remove(0);
        exit.probes[0].exits = ExitSpec::Probability {
            exits: ["clean", "x", "y"].map(|s| (s.to_owned(), p)).into(),
            difficulty_effect: 0.0,
        };
        exit.probes[0].cost_tokens = 0.0;
        Arms::new(&Scenario::new(spec).unwrap()).unwrap()
    };
    let never = limit(0.0);
    assert_close(never.arm(2), never.arm(0), "never exits");
    assert_close(never.arm(3), never.arm(1), "never exits, rejects");
    let always = limit(1.0);
    let [exit, both] = [always.arm(2), always.arm(3)];
    assert_relative_eq!(exit.exited, 1.0, max_relative = 1e-12);
    // Stage a, then three answer tokens: 10 · (0.7 + 0.2 · 2 + 0.1 / 2) + 3.
    assert_relative_eq!(exit.tokens, 14.5, max_relative = 1e-12);
    assert_relative_eq!(both.exited, both.delivered, max_relative = 1e-12);
    assert_relative_eq!(
        both.tokens,
        11.5 + 1.0 + 3.0 * both.exited,
        max_relative = 1e-12
    );
}

/// `scenario` for prompts of difficulty `delta` alone.
fn at_difficulty(scenario: &Scenario, delta: f64) -> Scenario {
    let conditions = scenario.conditions(delta);
    let mut spec = scenario.spec().clone();
    spec.difficulty = None;
    for (j, fault) in spec.faults.iter_mut().enumerate() {
        fault.hazard = conditions.hazard.iter().map(|h| h[j]).collect();
        fault.difficulty_effect = 0.0;
        if let PerStage::Each(list) = &mut fault.recovery {
            list[0] = 0.0;
        }
    }
    for stage in &mut spec.stages {
        if let TokenSpec::Gamma { mean, .. } = &mut stage.tokens {
            *mean *= conditions.length;
        }
    }
    for (v, validator) in spec.validators.iter_mut().enumerate() {
        if let ResponseSpec::Alarm {
            false_alarm,
            difficulty_effect,
            ..
        } = &mut validator.response
        {
            *false_alarm = conditions.false_alarm[v];
            *difficulty_effect = 0.0;
        }
    }
    for probe in &mut spec.early_exit.as_mut().unwrap().probes {
        if let ExitSpec::Probability {
            exits,
            difficulty_effect,
        } = &mut probe.exits
        {
            for p in exits.values_mut() {
                *p = shift_log_odds(*p, *difficulty_effect * delta).0;
            }
            *difficulty_effect = 0.0;
        }
    }
    Scenario::new(spec).unwrap()
}

/// The second route over difficulty: scenarios without it, averaged by the trapezoid rule.
#[test]
fn difficulty_is_a_mixture() {
    let scenario = shipped();
    let arms = Arms::new(&scenario).unwrap();
    let step = 0.1;
    let mut mixed = [[0.0; 6]; 4];
    for i in -80..=80 {
        let z = f64::from(i) * step;
        let weight = step * (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let given = Arms::new(&at_difficulty(&scenario, scenario.difficulty_sd() * z)).unwrap();
        for (number, mixed) in mixed.iter_mut().enumerate() {
            for (sum, x) in mixed.iter_mut().zip(numbers(given.arm(number))) {
                *sum += weight * x;
            }
        }
    }
    for (number, expected) in mixed.iter().enumerate() {
        for (x, y) in numbers(arms.arm(number)).iter().zip(expected) {
            assert!(
                (x - y).abs() <= 1e-9 * y.abs().max(1.0),
                "{number}: {x} {y}"
            );
        }
    }
}
