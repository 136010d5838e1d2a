//! Correlated validators: the joint law of their verdicts by cutting the common number into the
//! intervals between alarm probabilities, and everything that is built on it against that; Monte
//! Carlo; the limits of no and full correlation.

use std::path::Path;

use approx::assert_relative_eq;
use foldem::scenario::Scenario;
use foldem::stats::normal_quantile;
use foldem::study::Interrupt;
use foldem::study::optimal::Per;
use foldem::study::simulation::{Compared, Request, simulate};
use foldem::theory::Exact;
use foldem::theory::optimal::solve;

use super::every_policy::uniform;
use super::{enumeration, every_policy, posterior};

/// P(the validators `asked` say what the bits of `says` tell) given their alarm probabilities: groups
/// one by one, the common number in each interval between two alarm probabilities.
pub(crate) fn probability(
    scenario: &Scenario,
    asked: &[usize],
    alarm: &dyn Fn(usize) -> f64,
    says: u32,
) -> f64 {
    let one = |(i, v): (usize, usize), u: f64| (u < alarm(v)) == (says >> i & 1 == 1);
    let alone = |(i, v): (usize, usize)| {
        if says >> i & 1 == 1 {
            alarm(v)
        } else {
            1.0 - alarm(v)
        }
    };
    let members = |in_it: &dyn Fn(usize) -> bool| {
        let asked = asked.iter().copied().enumerate();
        asked.filter(|(_, v)| in_it(*v)).collect::<Vec<_>>()
    };
    let mut p = 1.0;
    for group in scenario.correlated() {
        let members = members(&|v| group.validators.contains(&v));
        let mut cuts: Vec<f64> = members.iter().map(|&(_, v)| alarm(v)).collect();
        cuts.extend([0.0, 1.0]);
        cuts.sort_by(f64::total_cmp);
        let common = cuts.windows(2).map(|cut| {
            let middle = 0.5 * (cut[0] + cut[1]);
            if members.iter().all(|&member| one(member, middle)) {
                cut[1] - cut[0]
            } else {
                0.0
            }
        });
        let apart: f64 = members.iter().map(|&member| alone(member)).product();
        p *= group.common * common.sum::<f64>() + (1.0 - group.common) * apart;
    }
    let ungrouped = members(&|v| {
        let mut groups = scenario.correlated().iter();
        !groups.any(|group| group.validators.contains(&v))
    });
    p * ungrouped.into_iter().map(alone).product::<f64>()
}

pub(crate) fn parse(text: &str) -> Scenario {
    Scenario::parse("test", text, Path::new(".")).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// Six validators: groups of three and of two fresh ones, and a sticky one, at checkpoints that ask for some.
pub(crate) fn random(next: &mut dyn FnMut() -> f64) -> String {
    let mut text = String::from("schema = 'foldem.scenario/1'\nname = 'random'\n");
    for kind in ["x", "y"] {
        let hazard: Vec<f64> = (0..4).map(|_| next() * 0.4).collect();
        text += &format!(
            "[[fault]]\nkind = '{kind}'\nhazard = {hazard:?}\nrecovery = {:?}\nlength_factor = {:?}\n",
            0.4 * next(),
            0.3 + 2.0 * next()
        );
    }
    for k in 0..4 {
        text += &format!(
            "[[stage]]\nname = 's{k}'\ntokens = {{ dist = 'fixed', value = {:?} }}\n",
            10.0 + 90.0 * next()
        );
    }
    for v in 0..6 {
        text += &format!(
            "[[validator]]\nname = 'v{v}'\ndetects = {{ x = {:?}, y = {:?} }}\nfalse_alarm = {:?}\n\
             sticky = {}\n",
            next(),
            next(),
            0.3 * next(),
            v == 4
        );
    }
    for names in ["'v0', 'v1', 'v2'", "'v5', 'v3'"] {
        text += &format!(
            "[[correlated]]\nvalidators = [{names}]\ncommon = {:?}\n",
            next()
        );
    }
    text += "[final_filter]\naccepts = { clean = 0.9, x = 0.3, y = 0.1 }\n[utility]\nclean = 0.8\nx = 0.4\n";
    for k in 0..3 {
        // The sticky one is asked twice, the group in parts and as a whole.
        let names = [
            "'v0', 'v4', 'v1'",
            "'v3', 'v0', 'v1', 'v5', 'v2'",
            "'v2', 'v4'",
        ][k];
        text += &format!(
            "[[policy.checkpoint]]\nat = 's{k}'\nvalidators = [{names}]\ncost_tokens = {:?}\n",
            next()
        );
    }
    text
}

#[test]
fn every_figure_equals_the_sum_over_all_joint_verdicts() {
    let mut next = uniform(20_261_128);
    for _ in 0..20 {
        let scenario = parse(&random(&mut next));
        enumeration::hold_against(&scenario, &scenario);
    }
}

/// The comparison can fail: who multiplies silences as if validators were independent is caught.
#[test]
#[should_panic(expected = "assert_relative_eq!(value, other")]
fn independence_is_caught() {
    let text = random(&mut uniform(20_261_128));
    let at = text.find("[[correlated]]").unwrap();
    let end = at + text[at..].find("[final_filter]").unwrap();
    let independent = parse(&(text[..at].to_owned() + &text[end..]));
    let correlated = parse(&text);
    let figure = |s: &Scenario| Exact::new(s).savings().unwrap();
    assert!((figure(&independent) - figure(&correlated)).abs() > 1e-4);
    enumeration::hold_against(&correlated, &independent);
}

/// P(any alarms) = c max p + (1 − c)(1 − Π(1 − p)), by hand, in both states.
#[test]
fn the_chance_of_any_alarm_is_the_closed_form() {
    for common in [0.2, 0.6, 1.0] {
        let exact = Exact::new(&parse(&pair([0.5, 0.3], [0.04, 0.1], common)));
        let any = |p: [f64; 2]| {
            common * p[0].max(p[1]) + (1.0 - common) * (1.0 - (1.0 - p[0]) * (1.0 - p[1]))
        };
        let found = [exact.false_rejection_rate(), exact.detection_rate()].map(Option::unwrap);
        assert_relative_eq!(found[0], any([0.04, 0.1]), max_relative = 1e-14);
        assert_relative_eq!(found[1], any([0.5, 0.3]), max_relative = 1e-14);
    }
}

/// One checkpoint with two validators; only clean text is accepted.
pub(crate) fn pair(detects: [f64; 2], false_alarm: [f64; 2], common: f64) -> String {
    let mut text = String::from(
        "schema = 'foldem.scenario/1'\nname = 'pair'\n\
         [[fault]]\nkind = 'x'\nhazard = [0.3, 0.0]\n\
         [[stage]]\nname = 'a'\ntokens = { dist = 'lognormal', mean = 30, cv = 0.5 }\n\
         [[stage]]\nname = 'b'\ntokens = { dist = 'lognormal', mean = 70, cv = 0.5 }\n\
         [[policy.checkpoint]]\nat = 'a'\nvalidators = ['v0', 'v1']\n",
    );
    for v in 0..2 {
        text += &format!(
            "[[validator]]\nname = 'v{v}'\ndetects = {{ x = {} }}\nfalse_alarm = {}\n",
            detects[v], false_alarm[v]
        );
    }
    text + &format!("[[correlated]]\nvalidators = ['v0', 'v1']\ncommon = {common}\n")
}

#[test]
fn the_filter_is_the_posterior_over_joint_verdicts() {
    let text = posterior::TEXT
        .replace(
            "sticky = true\n[[validator]]\nname = 'fresh'",
            "[[validator]]\nname = 'fresh'",
        )
        .replace(
            "[utility]",
            "[[correlated]]\nvalidators = ['sticky-two', 'fresh']\ncommon = 0.7\n[utility]",
        );
    assert_eq!(parse(&text).correlated().len(), 1);
    posterior::compare(&text);
}

#[test]
fn the_optimum_is_the_cheapest_of_all_policies() {
    let mut next = uniform(7);
    for round in 0..6 {
        let (cost, common) = (3.0 * next(), [0.3, 0.8, 1.0][round % 3]);
        let mut text = String::from(
            "schema = 'foldem.scenario/1'\nname = 'two'\n[difficulty]\nsd = 1\n\
             [[fault]]\nkind = 'x'\nhazard = [0.3, 0.2, 0.1]\ndifficulty_effect = 0.8\n\
             [[fault]]\nkind = 'y'\nhazard = [0.1, 0.2, 0.3]\nrecovery = 0.2\n",
        );
        for k in 0..3 {
            text += &format!(
                "[[stage]]\nname = 's{k}'\ntokens = {{ dist = 'fixed', value = {:?} }}\n",
                5.0 + 90.0 * next()
            );
        }
        for v in 0..2 {
            text += &format!(
                "[[validator]]\nname = 'v{v}'\ndetects = {{ x = {:?}, y = {:?} }}\n\
                 false_alarm = {:?}\ndifficulty_effect = {:?}\n",
                next(),
                next(),
                0.3 * next(),
                next()
            );
        }
        text += &format!("[[correlated]]\nvalidators = ['v1', 'v0']\ncommon = {common}\n");
        for k in 0..2 {
            text += &format!(
                "[[policy.checkpoint]]\nat = 's{k}'\nvalidators = ['v0', 'v1']\ncost_tokens = {cost:?}\n"
            );
        }
        let prompts: &[(f64, f64)] = if round < 3 {
            &every_policy::TWO
        } else {
            &every_policy::ALIKE
        };
        every_policy::compare(&parse(&text), prompts, Per::Utility);
    }
}

/// Difficulty at which two of a group change places, recovery, scores beside the group.
const WITH_DIFFICULTY: &str = "
schema = 'foldem.scenario/1'
name = 'crossing'
[difficulty]
sd = 1.2
length_effect = 0.1
[[fault]]
kind = 'x'
hazard = [0.1, 0.1, 0.1]
difficulty_effect = 0.6
recovery = 0.2
length_factor = 1.5
[[stage]]
name = 'a'
tokens = { dist = 'lognormal', mean = 60, cv = 0.5 }
[[stage]]
name = 'b'
tokens = { dist = 'gamma', mean = 40, cv = 0.5 }
[[stage]]
name = 'c'
tokens = { dist = 'fixed', value = 50 }
[[validator]]
name = 'steady'
detects = { x = 0.5 }
false_alarm = 0.05
[[validator]]
name = 'steep'
detects = { x = 0.4 }
false_alarm = 0.04
difficulty_effect = 1.5
[[validator]]
name = 'score'
score = { clean = { dist = 'beta', a = 8, b = 2 }, faulty = { dist = 'beta', a = 3, b = 3 } }
[[correlated]]
validators = ['steady', 'steep']
common = 0.7
[final_filter]
accepts = { clean = 0.9, x = 0.2 }
[utility]
x = 0.3
[[policy.checkpoint]]
at = 'a'
validators = ['steady', 'steep']
[[policy.checkpoint]]
at = 'b'
validators = ['steep', 'score', 'steady']
threshold = 0.3
cost_tokens = 1
";

/// Where the greater of two probabilities changes, integrals are cut: they keep their promise, and agree
/// with a fine sum.
#[test]
fn difficulty_is_integrated_over_the_kinks() {
    let scenario = parse(WITH_DIFFICULTY);
    let exact = Exact::new(&scenario);
    assert!(exact.keeps_promise(), "{}", exact.quadrature_error());
    // f by the midpoint rule, one checkpoint: P(any) at each difficulty in closed form.
    let one = WITH_DIFFICULTY
        .split("[[policy.checkpoint]]\nat = 'b'")
        .next();
    let one = one
        .unwrap()
        .replace("accepts = { clean = 0.9, x = 0.2 }", "accepts.clean = 1");
    let scenario = parse(&one.replace("recovery = 0.2\n", ""));
    let (mut accepted, mut rejected) = (0.0, 0.0);
    let steps = 200_000;
    for i in 0..steps {
        let z = -8.0 + 16.0 * (f64::from(i) + 0.5) / f64::from(steps);
        let conditions = scenario.conditions(1.2 * z);
        let [p, q] = [conditions.false_alarm[0], conditions.false_alarm[1]];
        let any = 0.7 * p.max(q) + 0.3 * (p + q - p * q);
        let clean: f64 = conditions.stays_clean.iter().product();
        let weight = (-0.5 * z * z).exp() * clean;
        accepted += weight;
        rejected += weight * any;
    }
    let f = Exact::new(&scenario).false_rejection_rate().unwrap();
    assert_relative_eq!(f, rejected / accepted, max_relative = 1e-8);
}

/// Probability that any of the comparisons with Monte Carlo would fail by chance.
const FALSE_ALARM: f64 = 1e-3;

fn drawn(scenario: &Scenario, seed: u64) -> Vec<(String, Compared)> {
    let request = Request {
        attempts: 120_000,
        seed,
        per_prompt: 2,
    };
    let found = simulate(scenario, request, &|_| (), &Interrupt::default());
    let estimates = found.estimates.into_iter().map(|e| (e.name, e.value));
    let stages = found.rejections_by_stage.into_iter();
    let all = estimates.chain(stages.map(|r| (r.stage, r.rate)));
    all.collect()
}

fn furthest(
    compared: &[(String, Compared)],
    exact: impl Fn(usize) -> Option<f64>,
) -> (String, f64) {
    let mut furthest = (String::new(), 0.0);
    for (i, (name, c)) in compared.iter().enumerate() {
        let known = c.estimate.mean.zip(c.estimate.stderr).zip(exact(i));
        let Some(((mean, stderr), exact)) = known else {
            continue;
        };
        let off = (mean - exact).abs() / (stderr + 1e-9 * exact.abs().max(1e-3));
        if off > furthest.1 {
            furthest = (name.clone(), off);
        }
    }
    furthest
}

#[test]
fn monte_carlo_agrees_with_the_exact_values() {
    let mut next = uniform(99);
    let mut scenarios = vec![parse(WITH_DIFFICULTY)];
    scenarios.extend((0..3).map(|_| parse(&random(&mut next))));
    scenarios.push(parse(&pair([0.5, 0.3], [0.04, 0.1], 1.0)));
    let mut compared = Vec::new();
    for (seed, scenario) in (1..).zip(&scenarios) {
        compared.extend(drawn(scenario, seed));
    }
    assert!(compared.len() > 80, "{}", compared.len());
    let z = -normal_quantile(FALSE_ALARM / (2.0 * compared.len() as f64));
    let (name, off) = furthest(&compared, |i| compared[i].1.exact);
    assert!(off <= z, "{name}: {off} standard errors");
    // The comparison can fail: the figures of independent validators are told apart.
    let text = WITH_DIFFICULTY.replace("common = 0.7", "common = 0.0");
    let (independent, correlated) = (drawn(&parse(&text), 1), drawn(&scenarios[0], 1));
    let (_, off) = furthest(&correlated, |i| independent[i].1.exact);
    assert!(off > z, "{off}");
}

/// `common = 0` is no group: the same figures, bit for bit, and the same draws.
#[test]
fn without_a_common_number_nothing_changes() {
    let none = WITH_DIFFICULTY.replace("common = 0.7", "common = 0");
    let at = none.find("[[correlated]]").unwrap();
    let without = none[..at].to_owned() + &none[none.find("[final_filter]").unwrap()..];
    let [none, without] = [parse(&none), parse(&without)];
    assert!(none.correlated().is_empty());
    assert_eq!(drawn(&none, 3), drawn(&without, 3));
}

/// Two equal validators that always read a common number are one of them.
#[test]
fn wholly_correlated_twins_are_one_validator() {
    let twins = parse(&pair([0.5, 0.5], [0.04, 0.04], 1.0));
    let one = pair([0.5, 0.5], [0.04, 0.04], 1.0).replace("['v0', 'v1']\n[[val", "['v0']\n[[val");
    let one = parse(&one);
    let figures = |s: &Scenario| {
        let e = Exact::new(s);
        [
            e.savings(),
            e.false_rejection_rate(),
            e.detection_rate(),
            e.cost_ratio(),
            Some(solve(s, Per::Utility, false).unwrap().optimum.cost),
        ]
        .map(Option::unwrap)
    };
    for (a, b) in figures(&twins).into_iter().zip(figures(&one)) {
        assert_relative_eq!(a, b, max_relative = 1e-14);
    }
    let both = figures(&parse(&pair([0.5, 0.5], [0.04, 0.04], 0.0)));
    assert!(both[2] > figures(&one)[2] + 0.2);
}
