//! A test of the equations: the sums that a scenario leads to, exactly, by listing everything that can
//! happen; a fit of them must be the scenario.

use super::bootstrap::{Fitted, replayed};
use super::difficulty::Nodes;
use super::evidence::{Columns, Evidence};
use super::form::Form;
use super::scenario::{exact, figures, spec};
use super::solve::{Solution, solve};
use super::stages::{Alarm, Generation, Layout, Onset};
use approx::assert_relative_eq;

/// The truth: three stages, one validator after the first two.
struct Truth {
    onset: [f64; 3],
    detects: f64,
    false_alarm: f64,
    sticky: bool,
    accepts: [f64; 2],
    mean: [f64; 3],
    cv: [f64; 3],
    factor: f64,
    charge: f64,
}

const TRUTH: Truth = Truth {
    onset: [0.2, 0.15, 0.0],
    detects: 0.6,
    false_alarm: 0.05,
    sticky: true,
    accepts: [1.0, 0.0],
    mean: [60.0, 90.0, 40.0],
    cv: [0.3, 0.4, 0.7],
    factor: 1.7,
    charge: 2.0,
};

fn layout() -> Layout {
    Layout {
        names: ["a", "b", "c"].map(str::to_owned).to_vec(),
        ends: ["a", "b", "c"].map(str::to_owned).to_vec(),
        consulted: vec![vec![0], vec![0]],
        validators: vec!["trace".to_owned()],
    }
}

/// Everything that can happen to the first alarm and the verdict, as (probability, onset, first look that
/// alarms, accepted).
fn histories(truth: &Truth) -> Vec<(f64, Option<usize>, Option<usize>, bool)> {
    let never = 1.0 - truth.onset.iter().sum::<f64>();
    let onsets = truth.onset.iter().enumerate().map(|(k, o)| (Some(k), *o));
    let mut all = Vec::new();
    for (onset, p) in onsets.chain([(None, never)]) {
        // Bit by bit: whether each look alarms, and the sticky bit.
        for bits in 0..8_usize {
            let bit = |i: usize| bits >> i & 1 == 1;
            let mut weight = p;
            let mut first = None;
            for look in 0..2_usize {
                let wrong = onset.is_some_and(|k| k <= look);
                let (alarms, chance) = match (wrong, truth.sticky) {
                    // The third bit is the sticky one; the looks' own bits then say nothing.
                    (true, true) => (bit(2), 0.5),
                    (true, false) => (bit(look), truth.detects),
                    (false, _) => (bit(look), truth.false_alarm),
                };
                let own = bit(look);
                weight *= if own { chance } else { 1.0 - chance };
                if alarms && first.is_none() {
                    first = Some(look);
                }
            }
            weight *= if bit(2) {
                truth.detects
            } else {
                1.0 - truth.detects
            };
            let accepts = truth.accepts[usize::from(onset.is_some())];
            all.push((weight * accepts, onset, first, true));
            all.push((weight * (1.0 - accepts), onset, first, false));
        }
    }
    all
}

/// How lengths vary about their mean, at two points.
#[derive(Clone, Copy)]
enum Points {
    /// With the law's first two moments.
    Moments,
    /// With its mean, and the variance that the logarithm of a log-normal law has.
    Logarithms,
}

impl Points {
    /// One of the two, as a multiple of the mean.
    fn at(self, sign: f64, cv: f64) -> f64 {
        match self {
            Points::Moments => 1.0 + sign * cv,
            Points::Logarithms => {
                let sigma = (1.0 + cv * cv).ln().sqrt();
                (sign * sigma).exp() / sigma.cosh()
            }
        }
    }
}

/// Expected sums per generation: each history's generation with lengths at two points.
fn sums(truth: &Truth, labels: bool, points: Points) -> (Form, Columns, Vec<f64>) {
    let layout = layout();
    let mut generations = Vec::new();
    let mut weights = Vec::new();
    for (weight, onset, first, accepted) in histories(truth) {
        for sign in [-1.0, 1.0] {
            let tokens: Vec<f64> = (0..3)
                .map(|k| {
                    let wrong = onset.is_some_and(|o| o <= k);
                    let factor = if wrong { truth.factor } else { 1.0 };
                    truth.mean[k] * factor * points.at(sign, truth.cv[k])
                })
                .collect();
            let alarm = first.map(|look| Alarm {
                validator: 0,
                stage: look,
                seen: Some(look),
                saved: tokens[look + 1..].iter().sum(),
            });
            generations.push(Generation {
                accepted,
                onset: match (labels, onset) {
                    (false, _) => Onset::Unlabelled,
                    (true, None) => Onset::Never,
                    (true, Some(k)) => Onset::In(k),
                },
                alarm,
                charges: vec![0.0, if first == Some(0) { 0.0 } else { truth.charge }],
                tokens,
            });
            weights.push(0.5 * weight);
        }
    }
    let each: Vec<(usize, Generation)> = generations.into_iter().enumerate().collect();
    let evidence = Evidence::new(&layout, &each);
    let mut total = vec![0.0; evidence.columns.width()];
    for (i, weight) in weights.iter().enumerate() {
        for (total, x) in total.iter_mut().zip(evidence.sum(std::iter::once(i))) {
            *total += weight * x;
        }
    }
    // Impossible histories must not decide the form.
    let mut form = Form::new(&layout, &evidence);
    form.by_steps = labels;
    form.sticky = truth.sticky;
    form.log_normal = vec![matches!(points, Points::Logarithms); 3];
    (form, evidence.columns, total)
}

fn found(truth: &Truth, labels: bool, points: Points) -> (Form, Solution, Columns, Vec<f64>) {
    let (form, columns, total) = sums(truth, labels, points);
    let solution = solve(&form, columns, &total).expect("determined");
    (form, solution, columns, total)
}

fn assert_is(solution: &Solution, truth: &Truth) {
    for (k, onset) in solution.onset.iter().enumerate() {
        assert_relative_eq!(onset[0], truth.onset[k], epsilon = 1e-9);
        let (mean, cv) = solution.tokens[k];
        assert_relative_eq!(mean, truth.mean[k], max_relative = 1e-8);
        assert_relative_eq!(cv, truth.cv[k], max_relative = 1e-7);
    }
    assert_relative_eq!(solution.sensitivity[0], truth.detects, epsilon = 1e-9);
    assert_relative_eq!(solution.false_alarm[0], truth.false_alarm, epsilon = 1e-9);
    assert_relative_eq!(solution.length_factor[0], truth.factor, max_relative = 1e-8);
    assert_relative_eq!(solution.charge[0], 0.0);
    assert_relative_eq!(solution.charge[1], truth.charge, epsilon = 1e-9);
    for (found, accepts) in solution.accepts.iter().zip(truth.accepts) {
        assert_relative_eq!(*found, accepts, epsilon = 1e-9);
    }
}

#[test]
fn first_alarms_determine_the_scenario() {
    for points in [Points::Moments, Points::Logarithms] {
        let (form, solution, columns, total) = found(&TRUTH, false, points);
        assert_is(&solution, &TRUTH);
        // And its figures are those of the policy on these generations.
        let figures = figures(&form, &solution).expect("defined");
        for (fitted, replayed) in figures.iter().zip(replayed(columns, &total)) {
            assert_relative_eq!(*fitted, replayed, epsilon = 1e-10);
        }
    }
}

#[test]
fn labels_of_steps_determine_the_scenario() {
    for sticky in [true, false] {
        let truth = Truth {
            sticky,
            onset: [0.2, 0.1, 0.15],
            accepts: [0.9, 0.1],
            ..TRUTH
        };
        let (form, solution, columns, total) = found(&truth, true, Points::Moments);
        assert_is(&solution, &truth);
        let figures = figures(&form, &solution).expect("defined");
        for (fitted, replayed) in figures.iter().zip(replayed(columns, &total)) {
            assert_relative_eq!(*fitted, replayed, epsilon = 1e-9);
        }
    }
}

/// What is assumed matters: faults that start behind the last checkpoint count as missed ones.
#[test]
fn a_fault_behind_the_last_checkpoint_is_taken_for_a_missed_one() {
    let truth = Truth {
        onset: [0.2, 0.15, 0.1],
        ..TRUTH
    };
    let (_, solution, _, _) = found(&truth, false, Points::Moments);
    assert!(solution.sensitivity[0] < truth.detects - 0.1);
    assert_relative_eq!(solution.onset[2][0], 0.0);
}

/// The figures that the bootstrap computes without difficulty are those with it.
#[test]
fn the_three_figures_do_not_depend_on_difficulty() {
    let (mut form, mut solution, _, _) = found(&TRUTH, false, Points::Moments);
    let plain = figures(&form, &solution).expect("defined");
    form.clustered = true;
    solution.covariance = 0.05;
    let with = spec(&form, &solution, &Nodes::new(), "with");
    assert!(with.difficulty.is_some_and(|d| d.sd > 0.5));
    for (with, without) in exact(with).expect("defined").iter().zip(plain) {
        assert_relative_eq!(*with, without, epsilon = 1e-9);
    }
}

/// Missed faults that are shorter than found ones: one factor cannot be, and one for each is found.
#[test]
fn missed_faults_have_lengths_of_their_own_where_they_must() {
    let layout = layout();
    let generation = |i: usize| {
        // Found faults run for 1000 tokens, missed ones for 1, right ones for 100.
        let (wrong, found) = (i % 10 < 6, i % 10 < 2);
        let last = if found {
            1000.0
        } else {
            1.0 + 99.0 * f64::from(u8::from(!wrong))
        };
        Generation {
            accepted: !wrong,
            onset: Onset::Unlabelled,
            alarm: found.then_some(Alarm {
                validator: 0,
                stage: i % 2,
                seen: Some(i % 2),
                saved: last + if i.is_multiple_of(2) { 50.0 } else { 0.0 },
            }),
            charges: vec![0.0, 0.0],
            tokens: vec![50.0, 50.0, last],
        }
    };
    let each: Vec<(usize, Generation)> = (0..400).map(|i| (i, generation(i))).collect();
    let evidence = Evidence::new(&layout, &each);
    let form = Form::new(&layout, &evidence);
    assert!(!form.missed);
    let fitted = Fitted::new(form, &evidence, "f").expect("determined");
    assert!(fitted.form.missed, "{:?}", fitted.solution);
    assert_eq!(fitted.form.kinds, ["wrong", "missed"]);
    for (fitted, replayed) in fitted
        .figures
        .iter()
        .zip(replayed(evidence.columns, &evidence.total()))
    {
        assert_relative_eq!(*fitted, replayed, epsilon = 1e-8);
    }
}

/// A fit of `n` generations: in the last stage lengths are evenly spaced quantiles of a log-normal law, in the first
/// they are cut, and some have none in the second.
fn of_quantiles(n: usize, cv: f64) -> Fitted {
    let layout = layout();
    let sigma = (1.0 + cv * cv).ln().sqrt();
    let generation = |i: usize| {
        let z = crate::stats::normal_quantile((i as f64 + 0.5) / n as f64);
        let (wrong, found) = (i.is_multiple_of(2), i.is_multiple_of(4));
        let last = 50.0 * (sigma * z).exp();
        let cut = if i % 20 == 7 { 5.0 } else { 128.0 };
        Generation {
            accepted: !wrong,
            onset: Onset::Unlabelled,
            alarm: found.then_some(Alarm {
                validator: 0,
                stage: i / 4 % 2,
                seen: Some(i / 4 % 2),
                saved: last + if (i / 4).is_multiple_of(2) { 60.0 } else { 0.0 },
            }),
            charges: vec![0.0, 0.0],
            tokens: vec![cut, if i.is_multiple_of(50) { 0.0 } else { 60.0 }, last],
        }
    };
    let each: Vec<(usize, Generation)> = (0..n).map(|i| (i, generation(i))).collect();
    let evidence = Evidence::new(&layout, &each);
    let form = Form::new(&layout, &evidence);
    Fitted::new(form, &evidence, "f").expect("determined")
}

/// Lengths of a log-normal law are told from cut ones: 19 in 20 texts reach the token at which a stage ends.
#[test]
fn logarithms_tell_the_variation_of_log_normal_lengths_alone() {
    let fitted = of_quantiles(2000, 0.8);
    assert_eq!(fitted.form.log_normal, [false, false, true]);
    assert_relative_eq!(fitted.solution.tokens[2].1, 0.8, max_relative = 0.01);
}

/// A second moment that misses what is in the tail does not speak against a log-normal law: of 200 quantiles with
/// cv 3 it is 2.26, which is more than a quarter off, and less than two standard errors.
#[test]
fn a_second_moment_that_is_off_by_chance_is_not_taken() {
    let fitted = of_quantiles(200, 3.0);
    assert!(fitted.form.log_normal[2]);
    assert_relative_eq!(fitted.solution.tokens[2].1, 3.0, max_relative = 0.02);
}
