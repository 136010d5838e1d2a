//! Stressed scenarios by a second route: Monte Carlo at points of the curves, the worst case against all
//! corners and the inside of the ball, and scenarios written out by hand.

use approx::assert_relative_eq;
use foldem::rng::{Purpose, stream};
use foldem::scenario::Scenario;
use foldem::stats::normal_quantile;
use foldem::study::Interrupt;
use foldem::study::simulation;
use foldem::study::stress::{Choice, Corner, Figures, Mode, Request, Subject, worst_case};
use foldem::theory::Exact;
use rand_xoshiro::rand_core::Rng;

use super::agreement::everything;
use super::stress::{found, logit, parse, request as stress_request};

/// Probability that any of the comparisons with Monte Carlo would fail by chance.
const FALSE_ALARM: f64 = 1e-3;

#[test]
fn monte_carlo_agrees_with_three_points_of_each_curve() {
    let scenario = Scenario::load(&super::cli::root().join("experiments/gsm8k-like.toml")).unwrap();
    let everything = everything();
    let five = Scenario::load(&super::cli::root().join("experiments/five-stage.toml")).unwrap();
    let mut compared = Vec::new();
    let mut seed = 700;
    for (scenario, modes) in [
        (&scenario, Mode::all(&scenario)),
        (&five, vec![Mode::Drift]),
        (&everything, Mode::all(&everything)),
    ] {
        let subject = Subject::new(scenario, &[]).unwrap();
        for mode in modes {
            let strengths = match mode {
                Mode::Drift if !scenario.name().starts_with("five") => continue,
                // Its Monte Carlo stands in `correlated.rs`: nobody here has two fresh validators.
                Mode::Correlation => continue,
                Mode::Blindness(_) | Mode::LabelNoise => [0.1, 0.4, 0.9],
                Mode::WorstCase => [0.3, 1.0, 2.0],
                _ => [-1.0, 0.7, 1.5],
            };
            for strength in strengths {
                let stressed = subject.under(&mode, strength).unwrap();
                seed += 1;
                let request = simulation::Request {
                    attempts: 100_000,
                    seed,
                    per_prompt: 1,
                };
                let drawn =
                    simulation::simulate(&stressed, request, &|_| (), &Interrupt::default());
                let point = found(
                    scenario,
                    &Request {
                        modes: vec![Choice {
                            name: mode.name(),
                            range: Some((if strength < 0.0 { -2.0 } else { 0.0 }, strength)),
                        }],
                        steps: 1,
                        ..stress_request(&[])
                    },
                );
                let figures = point.modes[0].points.last().unwrap().figures;
                for (name, exact) in &figures.named()[..5] {
                    let estimate = drawn.estimates.iter().find(|e| e.name == *name).unwrap();
                    let estimate = estimate.value.estimate;
                    let what = format!("{} {} at {strength}: {name}", scenario.name(), mode.name());
                    compared.push((
                        what,
                        estimate.mean.unwrap(),
                        estimate.stderr.unwrap(),
                        exact.unwrap(),
                    ));
                }
            }
        }
    }
    assert!(compared.len() > 200, "{}", compared.len());
    let z = -normal_quantile(FALSE_ALARM / (2.0 * compared.len() as f64));
    for (what, mean, stderr, exact) in &compared {
        assert!(
            (mean - exact).abs() <= z * stderr + 1e-9,
            "{what}: {mean} ± {stderr}, not {exact}"
        );
    }
    // The comparison can fail: figures of another strength are told apart.
    let subject = Subject::new(&scenario, &[]).unwrap();
    let other = Exact::new(&subject.under(&Mode::FalseAlarmShift, 2.0).unwrap());
    let (_, mean, stderr, _) = compared
        .iter()
        .find(|(what, ..)| what.ends_with("false-alarm-shift at 0.7: false_rejection_rate"))
        .unwrap();
    assert!((mean - other.false_rejection_rate().unwrap()).abs() > z * stderr);
}

/// Two validators, each consulted once; the filter likes what recovers, so that detecting `y` is harm.
const SINGLE_LOOKS: &str = "
schema = 'foldem.scenario/1'
name = 'looks'
[[fault]]
kind = 'x'
hazard = [0.2, 0.1, 0.1]
length_factor = 1.5
[[fault]]
kind = 'y'
hazard = [0.2, 0.1, 0.0]
recovery = 0.6
[[stage]]
name = 'a'
tokens = { dist = 'fixed', value = 30 }
[[stage]]
name = 'b'
tokens = { dist = 'fixed', value = 20 }
[[stage]]
name = 'c'
tokens = { dist = 'fixed', value = 50 }
[[validator]]
name = 'early'
detects = { x = 0.5, y = 0.3 }
false_alarm = 0.03
[[validator]]
name = 'late'
detects = { x = 0.4, y = 0.2 }
false_alarm = 0.02
sticky = true
[[validator]]
name = 'sure'
detects = { x = 1.0 }
false_alarm = 0.0
[final_filter]
accepts = { clean = 0.9, x = 0.05, y = 0.6 }
[[policy.checkpoint]]
at = 'a'
validators = ['early']
[[policy.checkpoint]]
at = 'b'
validators = ['late', 'sure']
cost_tokens = 1
";

#[test]
fn the_worst_case_beats_every_corner_and_the_inside_of_the_ball() {
    let scenario = parse(SINGLE_LOOKS);
    let subject = Subject::new(&scenario, &[]).unwrap();
    let cost = |s: &Scenario| Exact::new(s).cost_ratio().unwrap();
    let mut random = stream(5, Purpose::Control, 0);
    let mut last = cost(&scenario);
    for epsilon in [0.1, 0.7, 1.5, 3.0] {
        let (worst, corner) = worst_case(&subject, epsilon).unwrap();
        let highest = cost(&worst);
        // Certain and impossible alarms do not move: six of nine are left.
        assert_eq!(corner.raised.len(), 6);
        let mut all = Vec::new();
        for mask in 0..1_u32 << 6 {
            let raised = corner.raised.iter().enumerate();
            let raised = raised
                .map(|(i, &(at, _))| (at, mask >> i & 1 == 1))
                .collect();
            all.push(cost(
                &Corner { raised }.scenario(&subject, epsilon).unwrap(),
            ));
        }
        let most = all.iter().copied().fold(0.0, f64::max);
        assert_relative_eq!(highest, most, max_relative = 1e-13);
        assert!(
            all.iter().filter(|&&c| c < most - 1e-6).count() > 50,
            "corners differ"
        );
        for _ in 0..2000 {
            let inside: Vec<_> = corner
                .raised
                .iter()
                .map(|&(at, _)| {
                    let uniform = (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
                    (at, epsilon * (2.0 * uniform - 1.0))
                })
                .collect();
            assert!(cost(&subject.shifted(&inside).unwrap()) <= highest + 1e-13);
        }
        // A larger ball holds the smaller one.
        assert!(highest > last);
        last = highest;
        let at = |v, x| {
            corner
                .raised
                .iter()
                .find(|(at, _)| *at == (v, x))
                .unwrap()
                .1
        };
        assert!(at(0, 0) && at(1, 0), "false alarms are raised");
        assert!(
            !at(0, 1) && !at(1, 1),
            "detections of what is worthless are lowered"
        );
        assert!(at(0, 2), "rejecting early what mostly recovers is harm");
    }
}

/// The obvious corner is not the worst one where a fault is worth finishing.
#[test]
fn flips_matter() {
    let scenario = parse(SINGLE_LOOKS);
    let subject = Subject::new(&scenario, &[]).unwrap();
    let (worst, corner) = worst_case(&subject, 1.0).unwrap();
    let obvious = corner
        .raised
        .iter()
        .map(|&((v, x), _)| ((v, x), x == 0))
        .collect();
    let obvious = Corner { raised: obvious }.scenario(&subject, 1.0).unwrap();
    let cost = |s: &Scenario| Exact::new(s).cost_ratio().unwrap();
    assert!(cost(&worst) > cost(&obvious) + 1e-4);
}

#[test]
fn stressed_scenarios_are_those_written_out_by_hand() {
    let text = "
schema = 'foldem.scenario/1'
name = 'hand'
[difficulty]
sd = 0.5
[[fault]]
kind = 'x'
hazard = [0.2, 0.1, 0.1]
[[stage]]
name = 'a'
tokens = { dist = 'fixed', value = 30 }
[[stage]]
name = 'b'
tokens = { dist = 'fixed', value = 20 }
[[stage]]
name = 'c'
tokens = { dist = 'fixed', value = 50 }
[[validator]]
name = 'v'
detects = { x = 0.5 }
false_alarm = 0.2
difficulty_effect = 0.3
[[policy.checkpoint]]
at = 'b'
validators = ['v']
[[policy.checkpoint]]
at = 'a'
validators = ['v']
";
    let scenario = parse(text);
    let subject = Subject::new(&scenario, &[]).unwrap();
    let p = |x: f64| 1.0 / (1.0 + (-x).exp());
    let drifted = text.replacen("validators = ['v']", "validators = ['w']", 1)
        + &format!(
            "[[validator]]\nname = 'w'\ndetects = {{ x = {} }}\nfalse_alarm = {}\ndifficulty_effect = 0.3\n",
            p(0.8),
            p(logit(0.2) + 0.8)
        );
    for (mode, strength, by_hand) in [
        (Mode::Drift, 0.8, drifted),
        (
            Mode::Blindness("x".to_owned()),
            1.0,
            text.replace("x = 0.5", "x = 0.2"),
        ),
        (
            Mode::DifficultyEffect,
            0.4,
            text.replace("effect = 0.3", "effect = 1.1"),
        ),
        (
            Mode::Temperature,
            2.0_f64.ln(),
            text.replace("effect = 0.3", "effect = 0.15").replace(
                "false_alarm = 0.2",
                &format!("false_alarm = {}", p(0.5 * logit(0.2))),
            ),
        ),
    ] {
        let stressed = Figures::of(&Exact::new(&subject.under(&mode, strength).unwrap()));
        let by_hand = Figures::of(&Exact::new(&parse(&by_hand)));
        let today = Figures::of(&Exact::new(&scenario));
        let mut moved = 0.0_f64;
        for (((name, a), (_, b)), (_, c)) in stressed
            .named()
            .into_iter()
            .zip(by_hand.named())
            .zip(today.named())
        {
            assert_relative_eq!(a.unwrap(), b.unwrap(), epsilon = 1e-12);
            moved = moved.max((a.unwrap() - c.unwrap()).abs());
            assert!(a.is_some(), "{name}");
        }
        assert!(moved > 1e-3, "{} moves something", mode.name());
    }
}
