//! Stress tests: closed forms of one checkpoint, strength 0, all crossings, and what must change
//! nothing.

use std::path::Path;

use approx::assert_relative_eq;
use foldem::scenario::Scenario;
use foldem::study::Interrupt;
use foldem::study::stress::{
    Choice, Crossing, Failure, Figures, Mode, ModeFindings, Quantity, Request, StressFindings,
    Subject, stress,
};
use foldem::theory::Exact;

use super::agreement::{everything, shipped};

pub(crate) fn parse(text: &str) -> Scenario {
    Scenario::parse("test", text, Path::new(".")).unwrap_or_else(|e| panic!("{e}"))
}

const HAZARD: f64 = 0.3;
const DETECTS: f64 = 0.6;
const FALSE: f64 = 0.02;
/// Share of the tokens that comes after the checkpoint.
const AFTER: f64 = 0.7;

/// One kind of fault, in the first of two stages; one checkpoint between them.
fn one_checkpoint(validator: &str, rest: &str) -> Scenario {
    parse(&format!(
        "schema = 'foldem.scenario/1'\nname = 'one'\n\
         [[fault]]\nkind = 'x'\nhazard = [{HAZARD}, 0.0]\n\
         [[stage]]\nname = 'a'\ntokens = {{ dist = 'fixed', value = 30 }}\n\
         [[stage]]\nname = 'b'\ntokens = {{ dist = 'fixed', value = 70 }}\n\
         [[validator]]\nname = 'v'\n{validator}\n\
         [[policy.checkpoint]]\nat = 'a'\nvalidators = ['v']\n{rest}"
    ))
}

fn plain() -> Scenario {
    one_checkpoint(
        &format!("detects = {{ x = {DETECTS} }}\nfalse_alarm = {FALSE}"),
        "",
    )
}

pub(crate) fn request(modes: &[&str]) -> Request {
    Request {
        modes: modes
            .iter()
            .map(|&name| Choice {
                name: name.to_owned(),
                range: None,
            })
            .collect(),
        validators: Vec::new(),
        steps: 50,
        tolerance: 0.01,
        attempts: 0,
        seed: 42,
    }
}

pub(crate) fn found(scenario: &Scenario, request: &Request) -> StressFindings {
    stress(scenario, request, &|_, _| (), &Interrupt::default()).unwrap()
}

fn mode<'f>(findings: &'f StressFindings, name: &str) -> &'f ModeFindings {
    findings.modes.iter().find(|m| m.mode == name).unwrap()
}

fn of(mode: &ModeFindings, quantity: Quantity) -> Vec<&Crossing> {
    mode.crossings
        .iter()
        .filter(|c| c.quantity == quantity)
        .collect()
}

pub(crate) fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

fn bits(figures: &Figures) -> Vec<Option<u64>> {
    figures
        .named()
        .iter()
        .map(|(_, x)| x.map(f64::to_bits))
        .collect()
}

/// s = AFTER (h d + (1 − h) a), f = a, and it pays iff s > f.
#[test]
fn break_even_is_where_the_closed_form_says() {
    let findings = found(&plain(), &request(&[]));
    let false_alarm = HAZARD * DETECTS * AFTER / (1.0 - (1.0 - HAZARD) * AFTER);
    let detection = FALSE * (1.0 - (1.0 - HAZARD) * AFTER) / (HAZARD * AFTER);
    for (name, strength, rises) in [
        ("false-alarm-shift", logit(false_alarm) - logit(FALSE), true),
        (
            "sensitivity-shift",
            logit(detection) - logit(DETECTS),
            false,
        ),
        // A share of the faults looks clean: d becomes (1 − w) d + w a.
        (
            "blindness.x",
            (DETECTS - detection) / (DETECTS - FALSE),
            true,
        ),
    ] {
        let crossings = of(mode(&findings, name), Quantity::CostRatio);
        assert_eq!(crossings.len(), 1, "{name}");
        assert_relative_eq!(crossings[0].strength, strength, epsilon = 2e-8);
        assert_eq!(crossings[0].rises, rises, "{name}");
        let [lo, hi] = crossings[0].interval;
        assert!(
            hi - lo <= 1e-8 && lo <= strength + 1e-12 && strength - 1e-12 <= hi,
            "{name}"
        );
    }
    let shift = mode(&findings, "false-alarm-shift");
    let times = format!("{:.2}x today's false-alarm rate", false_alarm / FALSE);
    let times = if false_alarm / FALSE < 10.0 {
        times
    } else {
        format!("{:.1}x", false_alarm / FALSE)
    };
    assert!(
        shift.verdict.contains("pays today")
            && shift.verdict.contains(&format!("breaks even at {times}")),
        "{} for {times}",
        shift.verdict
    );
    for point in &shift.points {
        let a = 1.0 / (1.0 + (-(logit(FALSE) + point.strength)).exp());
        let q = HAZARD * DETECTS + (1.0 - HAZARD) * a;
        let figures = point.figures;
        for (value, exact) in [
            (figures.savings, AFTER * q),
            (figures.false_rejection_rate, a),
            (figures.cost_ratio, (1.0 - AFTER * q) / (1.0 - a)),
            (figures.null_cost_ratio, (1.0 - AFTER * q) / (1.0 - q)),
            (figures.retained_bias, 0.0),
        ] {
            assert_relative_eq!(value.unwrap(), exact, epsilon = 1e-12, max_relative = 1e-12);
        }
    }
    let heat = mode(&findings, "temperature");
    for point in &heat.points {
        let at = |p: f64| 1.0 / (1.0 + (-logit(p) / point.strength.exp()).exp());
        let q = HAZARD * at(DETECTS) + (1.0 - HAZARD) * at(FALSE);
        assert_relative_eq!(
            point.figures.savings.unwrap(),
            AFTER * q,
            max_relative = 1e-12
        );
    }
    // Verdicts turned round with probability w: good are (1 − w) of the clean and w of the faulty.
    let noise = mode(&findings, "label-noise");
    for point in &noise.points {
        let w = point.strength;
        let (clean, faulty) = ((1.0 - HAZARD) * (1.0 - w), HAZARD * w);
        let f = (clean * FALSE + faulty * DETECTS) / (clean + faulty);
        assert_relative_eq!(
            point.figures.false_rejection_rate.unwrap(),
            f,
            max_relative = 1e-12
        );
    }
}

/// With two kinds of accepted ends the bias has a closed form: Δ = E[U|R] − E[U|A].
#[test]
fn bias_and_variation_cross_the_tolerance_where_the_closed_form_says() {
    let rest =
        "[final_filter]\naccepts = { clean = 1.0, x = 0.5 }\n[utility]\nclean = 1.0\nx = 0.2\n";
    let validator = format!("detects = {{ x = {DETECTS} }}\nfalse_alarm = {FALSE}");
    let scenario = one_checkpoint(&validator, rest);
    let accepted = (1.0 - HAZARD, 0.5 * HAZARD);
    let share = accepted.1 / (accepted.0 + accepted.1);
    let variation = |detects: f64| {
        let retained = (accepted.0 * (1.0 - FALSE), accepted.1 * (1.0 - detects));
        share - retained.1 / (retained.0 + retained.1)
    };
    let asked = Request {
        tolerance: 0.05,
        ..request(&["sensitivity-shift"])
    };
    let findings = found(&scenario, &asked);
    let shift = mode(&findings, "sensitivity-shift");
    for point in &shift.points {
        let p = 1.0 / (1.0 + (-(logit(DETECTS) + point.strength)).exp());
        let tv = variation(p);
        assert_relative_eq!(
            point.figures.tv_final_state.unwrap(),
            tv.abs(),
            epsilon = 1e-13
        );
        assert_relative_eq!(
            point.figures.retained_bias.unwrap(),
            0.8 * tv,
            epsilon = 1e-13
        );
    }
    // variation(d) = level, solved for d.
    let solved = |level: f64| {
        let odds = (share - level) / (1.0 - share + level);
        1.0 - odds * accepted.0 * (1.0 - FALSE) / accepted.1
    };
    for (quantity, level) in [
        (Quantity::TvFinalState, 0.05),
        (Quantity::RetainedBias, 0.05 / 0.8),
    ] {
        let crossings = of(shift, quantity);
        assert_eq!(crossings.len(), 1);
        assert!(crossings[0].rises);
        let expected = logit(solved(level)) - logit(DETECTS);
        assert_relative_eq!(crossings[0].strength, expected, epsilon = 2e-8);
    }
}

#[test]
fn strength_zero_is_the_scenario_bit_for_bit() {
    let mut scenarios = shipped();
    scenarios.push(everything());
    let mut seen = 0;
    for scenario in &scenarios {
        let today = bits(&Figures::of(&Exact::new(scenario)));
        let asked = Request {
            steps: 3,
            ..request(&[])
        };
        let findings = found(scenario, &asked);
        assert_eq!(bits(&findings.today), today);
        for mode in &findings.modes {
            // An odd number of steps has no middle: 0 is put in.
            let zero = mode.points.iter().find(|p| p.strength == 0.0);
            let zero = zero.unwrap_or_else(|| panic!("{} lacks 0", mode.mode));
            assert_eq!(
                bits(&zero.figures),
                today,
                "{}: {}",
                scenario.name(),
                mode.mode
            );
            seen += 1;
        }
        // And the curve leads there: nothing jumps at 0.
        let subject = Subject::new(scenario, &[]).unwrap();
        for mode in &Mode::all(scenario) {
            let near = match subject.under(mode, 1e-9) {
                Ok(near) => Figures::of(&Exact::new(&near)),
                Err(why) => {
                    let told = match mode {
                        Mode::Drift => why.contains("sticky"),
                        Mode::Correlation => {
                            why.contains("correlat") || why.contains("consults two")
                        }
                        _ => false,
                    };
                    assert!(told, "{}: {why}", mode.name());
                    continue;
                }
            };
            let pairs = near.named().into_iter().zip(findings.today.named());
            for ((name, near), (_, today)) in pairs {
                let (near, today) = (near.unwrap_or(-9.0), today.unwrap_or(-9.0));
                assert!((near - today).abs() < 1e-6, "{} {name}", mode.name());
            }
        }
    }
    assert!(seen > 60, "{seen}");
}

/// Every crossing is one, on both sides of its interval, and a grid too coarse loses a pair of them.
#[test]
fn all_crossings_of_the_shipped_scenarios_are_crossings() {
    let mut seen = 0;
    for scenario in &shipped() {
        let subject = Subject::new(scenario, &[]).unwrap();
        let findings = found(
            scenario,
            &request(&["false-alarm-shift", "temperature", "difficulty-effect"]),
        );
        for (modes, mode) in findings.modes.iter().zip([
            Mode::FalseAlarmShift,
            Mode::Temperature,
            Mode::DifficultyEffect,
        ]) {
            for crossing in &modes.crossings {
                let above = |strength: f64| {
                    let figures =
                        Figures::of(&Exact::new(&subject.under(&mode, strength).unwrap()));
                    let value = match crossing.quantity {
                        Quantity::CostRatio => figures.cost_ratio,
                        Quantity::RetainedBias => figures.retained_bias.map(f64::abs),
                        Quantity::TvFinalState => figures.tv_final_state,
                        Quantity::TvDifficulty => figures.tv_difficulty,
                    };
                    value.unwrap() > crossing.level
                };
                let [lo, hi] = crossing.interval;
                assert!(hi - lo <= 1e-8);
                assert_eq!(
                    above(lo - 1e-6),
                    !crossing.rises,
                    "{} {crossing:?}",
                    scenario.name()
                );
                assert_eq!(
                    above(hi + 1e-6),
                    crossing.rises,
                    "{} {crossing:?}",
                    scenario.name()
                );
                seen += 1;
            }
        }
    }
    assert!(seen >= 10, "{seen}");
    let five = shipped()
        .into_iter()
        .find(|s| s.name() == "five-stage")
        .unwrap();
    let count = |steps| {
        let asked = Request {
            modes: vec![Choice {
                name: "false-alarm-shift".to_owned(),
                range: Some((0.0, 6.0)),
            }],
            steps,
            ..request(&[])
        };
        of(&found(&five, &asked).modes[0], Quantity::RetainedBias).len()
    };
    assert_eq!((count(50), count(1)), (2, 0), "down and up again");
}

#[test]
fn what_moves_nothing_crosses_nothing_and_says_so() {
    // Certain, impossible, and no difficulty. The cost ratio is 1 − savings.
    let fixed = one_checkpoint("detects = { x = 1.0 }\nfalse_alarm = 0.0", "");
    let findings = found(&fixed, &request(&[]));
    for name in [
        "sensitivity-shift",
        "false-alarm-shift",
        "temperature",
        "drift",
        "difficulty-effect",
        "worst-case",
    ] {
        let mode = mode(&findings, name);
        assert!(!mode.moves && mode.crossings.is_empty(), "{name}");
        assert_eq!(mode.verdict, "changes nothing: no figure moves", "{name}");
    }
    assert!(
        findings
            .warnings
            .iter()
            .any(|w| w.contains("0 and 1 do not move, and v"))
    );
    // What looks clean is alarmed at the false-alarm rate, which is 0 here.
    let blind = mode(&findings, "blindness.x");
    assert!(blind.moves);
    let last = blind.points.last().unwrap().figures;
    assert_eq!((last.savings, last.cost_ratio), (Some(0.0), Some(1.0)));
    assert!(
        of(blind, Quantity::CostRatio).is_empty(),
        "1 is reached, not passed"
    );
    // A policy that never rejects has cost ratio 1 throughout: on the level is not a crossing.
    let silent = one_checkpoint("detects = { x = 0.0 }\nfalse_alarm = 0.0", "");
    let findings = found(&silent, &request(&[]));
    assert!(
        findings
            .modes
            .iter()
            .all(|m| m.crossings.is_empty() && !m.moves)
    );
    // The control of the control: with one probability inside (0, 1) the same modes move.
    let findings = found(&plain(), &request(&["sensitivity-shift", "worst-case"]));
    assert!(
        findings
            .modes
            .iter()
            .all(|m| m.moves && !m.crossings.is_empty())
    );
}

/// With one checkpoint and worthless faults theory gives every direction.
#[test]
fn figures_go_the_way_that_theory_gives() {
    let findings = found(&plain(), &request(&[]));
    let rising = |name: &str, of: fn(&Figures) -> Option<f64>, sign: f64| {
        let points = &mode(&findings, name).points;
        for pair in points.windows(2) {
            let step = of(&pair[1].figures).unwrap() - of(&pair[0].figures).unwrap();
            assert!(sign * step > 0.0, "{name} from {}", pair[0].strength);
        }
    };
    rising("false-alarm-shift", |f| f.false_rejection_rate, 1.0);
    rising("false-alarm-shift", |f| f.savings, 1.0);
    rising("false-alarm-shift", |f| f.cost_ratio, 1.0);
    rising("sensitivity-shift", |f| f.cost_ratio, -1.0);
    rising("blindness.x", |f| f.cost_ratio, 1.0);
    rising("worst-case", |f| f.cost_ratio, 1.0);
}

#[test]
fn sticky_validators_do_not_drift_and_others_can_be_left_alone() {
    let gsm = shipped()
        .into_iter()
        .find(|s| s.name() == "gsm8k-like")
        .unwrap();
    let asked = Request {
        steps: 2,
        ..request(&["drift"])
    };
    let findings = found(&gsm, &asked);
    assert!(findings.modes.is_empty());
    assert!(
        findings.left_out[0]
            .reason
            .contains("sticky validator trace")
    );
    let others = Request {
        validators: vec!["convergence".to_owned()],
        ..asked
    };
    let findings = found(&gsm, &others);
    assert_eq!(findings.validators, ["convergence"]);
    assert_eq!(findings.modes.len(), 1);
}

#[test]
fn what_is_wrong_is_said() {
    let choice = |name: &str, range| Choice {
        name: name.to_owned(),
        range,
    };
    let plain = plain();
    let fails = |request: &Request| match stress(&plain, request, &|_, _| (), &Interrupt::default())
        .unwrap_err()
    {
        Failure::Mode(why) | Failure::Validator(why) => why,
        Failure::Interrupted => "interrupted".to_owned(),
    };
    for (choices, why) in [
        (
            vec![choice("temprature", None)],
            "did you mean `temperature`?",
        ),
        (
            vec![choice("blindness.y", None)],
            "did you mean `blindness.x`?",
        ),
        (
            vec![choice("drift", None), choice("drift", None)],
            "named twice",
        ),
        (
            vec![choice("label-noise", Some((0.0, 2.0)))],
            "0 <= FROM < TO <= 1",
        ),
        (vec![choice("worst-case", Some((-1.0, 1.0)))], "0 <= FROM"),
        (vec![choice("temperature", Some((1.0, 1.0)))], "FROM < TO"),
        (vec![choice("drift", Some((0.0, f64::NAN)))], "is no range"),
    ] {
        let asked = Request {
            modes: choices,
            ..request(&[])
        };
        let said = fails(&asked);
        assert!(said.contains(why), "{said}");
    }
    let asked = Request {
        validators: vec!["w".to_owned()],
        ..request(&[])
    };
    assert!(fails(&asked).contains("Known: `v`"), "{}", fails(&asked));
    let interrupt = Interrupt::default();
    interrupt.raise();
    let ended = stress(&plain, &request(&[]), &|_, _| (), &interrupt);
    assert!(matches!(ended, Err(Failure::Interrupted)));
}
