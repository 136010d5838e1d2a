//! The best policy: the traps of the theory (§7), bounds for scores and lengths against closed forms,
//! Monte Carlo, and the shipped scenarios. Brute force stands in `every_policy.rs`.

use approx::assert_relative_eq;
use foldem::scenario::Scenario;
use foldem::stats::normal_quantile;
use foldem::study::Interrupt;
use foldem::study::optimal::{Failure, Request, optimal};
use foldem::study::simulation::{self, simulate};
use foldem::theory::Exact;
use foldem::theory::optimal::{
    Detail, FullInformation, OptimalError, Per, Program, Sight, Solution, solve,
};

use super::agreement::shipped;
use super::every_policy::{ALIKE, parse, program, suspicious};

/// Trap: looking is a choice. The dearer it is, the less of it, down to none.
#[test]
fn checks_that_cost_more_than_they_tell_are_not_made() {
    let looks = |cost: f64| {
        let optimum = program(&suspicious(false, cost), &ALIKE, Per::Utility).optimum();
        (optimum.consulted.iter().sum::<f64>(), optimum.cost)
    };
    let (free, cheap, dear) = (looks(0.0), looks(10.0), looks(60.0));
    assert!(free.0 > cheap.0 && cheap.0 > 0.0, "{free:?} {cheap:?}");
    assert!(dear.0 <= 0.0, "{dear:?}");
    assert_relative_eq!(dear.1, 160.0 / 0.6, max_relative = 1e-12);
    // Where looking is forced, the same check makes the policy dearer than none.
    let forced = Exact::new(&suspicious(false, 60.0)).cost_ratio().unwrap();
    assert!(forced > 1.0);
}

/// Trap: "kill at fault onset" is the bound only for absorbing, worthless faults without difficulty.
#[test]
fn killing_at_onset_is_no_bound() {
    let world = |recovery: f64, accepts: f64| {
        parse(&format!(
            "schema = 'foldem.scenario/1'\nname = 's'\n\
             [[fault]]\nkind = 'slip'\nhazard = [0.5, 0]\nrecovery = {recovery}\n\
             [[stage]]\nname = 'a'\ntokens = {{ dist = 'fixed', value = 100 }}\n\
             [[stage]]\nname = 'b'\ntokens = {{ dist = 'fixed', value = 20 }}\n\
             [[validator]]\nname = 'v'\ndetects = {{ slip = 0.5 }}\n\
             [final_filter]\naccepts = {{ slip = {accepts} }}\n[utility]\nslip = 1\n\
             [[policy.checkpoint]]\nat = 'a'\nvalidators = ['v']\n"
        ))
    };
    let costs = |scenario: &Scenario| {
        let full = FullInformation::new(scenario, Per::Utility).unwrap();
        let optimum = solve(scenario, Per::Utility, false).unwrap().optimum;
        (full.best.cost(), optimum.cost, full.at_onset.cost())
    };
    let (full, optimum, onset) = costs(&world(0.0, 0.0));
    assert_relative_eq!(full, onset, max_relative = 1e-12);
    assert!(onset < optimum);
    for (recovery, accepts) in [(0.9, 0.0), (0.0, 0.9)] {
        let (full, optimum, onset) = costs(&world(recovery, accepts));
        assert!(full < 0.8 * onset && optimum < 0.8 * onset);
        assert!(full <= optimum * (1.0 + 1e-12));
    }
    // Difficulty: who sees that a prompt is hopeless goes by it, not by the onset alone.
    let hard = shipped()
        .into_iter()
        .find(|s| s.name() == "hard-prompts")
        .unwrap();
    let full = FullInformation::new(&hard, Per::Utility).unwrap();
    assert!(full.best.cost() < full.at_onset.cost() * (1.0 - 1e-4));
}

/// A clean share rejected by a threshold on one score: with one look the best policy has one.
fn scored(clean: (u32, u32), wrong: (u32, u32)) -> Scenario {
    parse(&format!(
        "schema = 'foldem.scenario/1'\nname = 's'\n\
         [[fault]]\nkind = 'wrong'\nhazard = [0.4, 0]\n\
         [[stage]]\nname = 'a'\ntokens = {{ dist = 'fixed', value = 50 }}\n\
         [[stage]]\nname = 'b'\ntokens = {{ dist = 'fixed', value = 100 }}\n\
         [[validator]]\nname = 'v'\nscore.clean = {{ dist = 'beta', a = {}, b = {} }}\n\
         score.faulty = {{ dist = 'beta', a = {}, b = {} }}\n\
         [[policy.checkpoint]]\nat = 'a'\nvalidators = ['v']\nthreshold = 0.5\n",
        clean.0, clean.1, wrong.0, wrong.1
    ))
}

/// The least value of `of` on (lo, hi), on a grid that is refined around its best point.
fn least(mut lo: f64, mut hi: f64, of: impl Fn(f64) -> f64) -> f64 {
    let mut best = (f64::INFINITY, lo);
    for _ in 0..12 {
        let step = (hi - lo) / 60.0;
        for i in 1..60 {
            let x = lo + step * f64::from(i);
            let value = of(x);
            if value < best.0 {
                best = (value, x);
            }
        }
        (lo, hi) = (best.1 - step, best.1 + step);
    }
    best.0
}

fn assert_bracket(solution: &Solution<'_>, truth: f64) {
    let lower = solution.lower.unwrap();
    let upper = solution.optimum.cost;
    assert!(solution.is_close(), "{lower} {upper}");
    assert!(
        lower <= truth * (1.0 + 1e-9) && truth <= upper * (1.0 + 1e-9),
        "{lower} {truth} {upper}"
    );
}

/// Monotone likelihood ratios: P(score ≤ t) is t^a for Beta(a, 1).
#[test]
fn scores_are_bounded_from_both_sides() {
    let scenario = scored((4, 1), (1, 1));
    let truth = least(0.0, 1.0, |t| {
        (50.0 + 100.0 * (0.6 * (1.0 - t.powi(4)) + 0.4 * (1.0 - t))) / (0.6 * (1.0 - t.powi(4)))
    });
    let solution = solve(&scenario, Per::Utility, false).unwrap();
    assert_bracket(&solution, truth);
    assert!(
        truth < 0.97 * solution.optimum.steps[0],
        "the score is worth something"
    );
    // The control: a single cell tells nothing to one side, and too much to the other.
    let one = |detail| {
        let sight = Sight {
            cells: 1,
            detail,
            ..Sight::default()
        };
        let program = Program::new(&scenario, &ALIKE, Per::Utility, sight).unwrap();
        program.optimum().cost
    };
    assert_relative_eq!(one(Detail::Attainable), 250.0, max_relative = 1e-12);
    assert!(one(Detail::Bound) < 0.98 * truth);
}

/// The likelihood ratio of Beta(3, 3) to Beta(1, 1) rises and falls: the best policy rejects at both
/// ends, which no threshold can, and the bounds hold all the same.
#[test]
fn a_score_that_is_suspicious_at_both_ends() {
    let scenario = scored((3, 3), (1, 1));
    // P(score ≤ t) under Beta(3, 3).
    let below = |t: f64| t.powi(3) * (10.0 - 15.0 * t + 6.0 * t * t);
    let truth = least(0.0, 0.5, |t| {
        let (clean, wrong) = (1.0 - 2.0 * below(t), 1.0 - 2.0 * t);
        (50.0 + 100.0 * (0.6 * clean + 0.4 * wrong)) / (0.6 * clean)
    });
    assert_bracket(&solve(&scenario, Per::Utility, false).unwrap(), truth);
    let threshold = least(0.0, 0.5, |t| {
        let (clean, wrong) = (1.0 - below(t), 1.0 - t);
        (50.0 + 100.0 * (0.6 * clean + 0.4 * wrong)) / (0.6 * clean)
    });
    assert!(truth < 0.99 * threshold);
}

/// Three laws, two looks, an alarm beside the score: what tells more never costs more than what may be
/// followed, however few cells the one and many the other has.
#[test]
fn bounds_hold_with_three_laws() {
    let scenario = parse(
        "schema = 'foldem.scenario/1'\nname = 's'\n\
         [[fault]]\nkind = 'wrong'\nhazard = [0.3, 0.2, 0]\nrecovery = 0.1\n\
         [[fault]]\nkind = 'clumsy'\nhazard = [0.2, 0.1, 0]\n\
         [[stage]]\nname = 'a'\ntokens = { dist = 'fixed', value = 30 }\n\
         [[stage]]\nname = 'b'\ntokens = { dist = 'fixed', value = 60 }\n\
         [[stage]]\nname = 'c'\ntokens = { dist = 'fixed', value = 90 }\n\
         [[validator]]\nname = 'v'\nscore.clean = { dist = 'beta', a = 6, b = 2 }\n\
         score.wrong = { dist = 'beta', a = 2, b = 3 }\n\
         score.clumsy = { dist = 'beta', a = 5, b = 5 }\n\
         [[validator]]\nname = 'w'\ndetects = { wrong = 0.4 }\nfalse_alarm = 0.02\nsticky = true\n\
         [utility]\nclumsy = 0.5\n[final_filter]\naccepts = { clumsy = 0.8 }\n\
         [[policy.checkpoint]]\nat = 'a'\nvalidators = ['v', 'w']\nthreshold = 0.3\n\
         [[policy.checkpoint]]\nat = 'b'\nvalidators = ['v', 'w']\nthreshold = 0.3\n",
    );
    let cost = |cells, detail| {
        let sight = Sight {
            tokens: false,
            cells,
            detail,
        };
        let program = Program::new(&scenario, &ALIKE, Per::Utility, sight).unwrap();
        program.optimum().cost
    };
    let follow = [4, 16, 64].map(|cells| cost(cells, Detail::Attainable));
    let bound = [4, 16, 64].map(|cells| cost(cells, Detail::Bound));
    assert!(
        bound.iter().all(|b| follow.iter().all(|f| b < f)),
        "{bound:?} {follow:?}"
    );
    assert!(bound[0] < bound[1] && bound[1] < bound[2], "{bound:?}");
    assert!(follow[0] > follow[1] && follow[1] > follow[2], "{follow:?}");
    assert!(
        follow[2] - bound[2] < 0.01 * follow[2],
        "{bound:?} {follow:?}"
    );
}

/// A fault that doubles the tokens of its stages, in a first stage of the given law.
fn long(tokens: &str) -> Scenario {
    parse(&format!(
        "schema = 'foldem.scenario/1'\nname = 's'\n\
         [[fault]]\nkind = 'wrong'\nhazard = [0.4, 0]\nlength_factor = 2\n\
         [[stage]]\nname = 'a'\ntokens = {tokens}\n\
         [[stage]]\nname = 'b'\ntokens = {{ dist = 'fixed', value = 100 }}\n"
    ))
}

#[test]
fn token_counts_tell_of_faults_that_change_them() {
    // A fixed length gives the fault away: 10 or 20 tokens, and all that goes on is clean.
    let scenario = long("{ dist = 'fixed', value = 10 }");
    let seen = solve(&scenario, Per::Utility, true).unwrap();
    assert_relative_eq!(seen.optimum.cost, (14.0 + 60.0) / 0.6, max_relative = 1e-12);
    assert_eq!(seen.cells, None);
    let unseen = solve(&scenario, Per::Utility, false).unwrap();
    assert_relative_eq!(
        unseen.optimum.cost,
        (14.0 + 140.0) / 0.6,
        max_relative = 1e-12
    );
    // Log-normal with σ = ½ (cv² = e^¼ − 1): the ratio is monotone, so a cap on the length is best.
    let cv = 0.25_f64.exp_m1().sqrt();
    let scenario = long(&format!("{{ dist = 'lognormal', mean = 10, cv = {cv:?} }}"));
    let mu = 10.0_f64.ln() - 0.125;
    let below = |t: f64, mu: f64| 0.5 * libm::erfc((mu - t.ln()) / (0.5 * 2.0_f64.sqrt()));
    let truth = least(1.0, 80.0, |t| {
        let (clean, wrong) = (below(t, mu), below(t, mu + 2.0_f64.ln()));
        (14.0 + 100.0 * (0.6 * clean + 0.8 * wrong)) / (0.6 * clean)
    });
    assert_bracket(&solve(&scenario, Per::Utility, true).unwrap(), truth);
    // Gamma with shape 4: P(length ≤ t) in closed form.
    let scenario = long("{ dist = 'gamma', mean = 10, cv = 0.5 }");
    let below = |t: f64, scale: f64| {
        let x = t / scale;
        1.0 - (-x).exp() * (1.0 + x + x * x / 2.0 + x.powi(3) / 6.0)
    };
    let truth = least(1.0, 80.0, |t| {
        let (clean, wrong) = (below(t, 2.5), below(t, 5.0));
        (14.0 + 100.0 * (0.6 * clean + 0.8 * wrong)) / (0.6 * clean)
    });
    assert_bracket(&solve(&scenario, Per::Utility, true).unwrap(), truth);
    // What is not computed is said.
    let lattice = long("{ dist = 'neg-binomial', mean = 10, cv = 0.5 }");
    let refused = solve(&lattice, Per::Utility, true);
    assert!(matches!(refused, Err(OptimalError::Lengths(_))));
}

/// Where the optimum rejects on any alarm at some checkpoints, it is a policy of the exact theory.
#[test]
fn an_optimum_that_is_a_fixed_policy_has_its_exact_figures() {
    let scenarios = shipped();
    let gsm = scenarios.iter().find(|s| s.name() == "gsm8k-like").unwrap();
    let solution = solve(gsm, Per::Sample, false).unwrap();
    assert!(solution.has_converged(), "{}", solution.quadrature_error);
    let optimum = &solution.optimum;
    assert!(optimum.consulted[1] > 0.9 && optimum.consulted[2] <= 0.0);
    let exact = Exact::new(&two_checks(gsm));
    assert_relative_eq!(
        exact.tokens_paid(),
        optimum.account.tokens,
        max_relative = 1e-9
    );
    assert_relative_eq!(
        exact.retained_rate(),
        optimum.account.retained,
        max_relative = 1e-9
    );
    for (a, b) in exact.rejections_by_stage().iter().zip(&optimum.rejected) {
        assert_relative_eq!(*a, *b, max_relative = 1e-9, epsilon = 1e-12);
    }
    // Another rule over difficulty: equally likely prompts at the middles of their shares.
    let n = 2000;
    let share = 1.0 / f64::from(n);
    let middles: Vec<(f64, f64)> = (0..n)
        .map(|i| (share, 0.9 * normal_quantile((f64::from(i) + 0.5) * share)))
        .collect();
    let other = program(gsm, &middles, Per::Sample).optimum();
    assert_relative_eq!(other.cost, optimum.cost, max_relative = 1e-4);
}

/// gsm8k-like without its last checkpoint: its optimum.
fn two_checks(gsm: &Scenario) -> Scenario {
    gsm.with_checkpoints(gsm.checkpoints()[..2].to_vec())
}

/// The engine draws what the program computes. False-alarm rate 0.1 %, divided over the comparisons.
#[test]
fn monte_carlo_agrees_with_the_optimum() {
    const COMPARISONS: f64 = 5.0;
    let scenarios = shipped();
    let gsm = scenarios.iter().find(|s| s.name() == "gsm8k-like").unwrap();
    let optimum = solve(gsm, Per::Sample, false).unwrap().optimum;
    let request = simulation::Request {
        attempts: 400_000,
        seed: 7,
        per_prompt: 1,
    };
    let drawn = simulate(&two_checks(gsm), request, &|_| (), &Interrupt::default());
    let z = normal_quantile(1.0 - 1e-3 / (2.0 * COMPARISONS));
    let misses = |mean: Option<f64>, stderr: Option<f64>, value: f64| {
        (mean.unwrap() - value).abs() > z * stderr.unwrap()
    };
    let account = optimum.account;
    let values = [
        ("tokens_paid", account.tokens),
        ("retained_rate", account.retained),
        ("rejection_rate", 1.0 - account.surviving),
    ];
    for (name, value) in values {
        let estimate = drawn.get(name).unwrap().estimate;
        assert!(!misses(estimate.mean, estimate.stderr, value), "{name}");
        // The control: two per cent off is seen.
        assert!(
            misses(estimate.mean, estimate.stderr, value * 1.02),
            "{name}"
        );
    }
    for (k, by_stage) in drawn.rejections_by_stage.iter().enumerate().take(2) {
        let estimate = by_stage.rate.estimate;
        assert!(!misses(estimate.mean, estimate.stderr, optimum.rejected[k]));
    }
}

/// All shipped scenarios: bounds in their order, the own policy never better than the optimum.
#[test]
fn every_shipped_scenario_has_its_optimum() {
    for scenario in shipped() {
        for per in [Per::Utility, Per::Sample] {
            let request = Request {
                per,
                tokens_seen: false,
            };
            let found = optimal(&scenario, request, &Interrupt::default()).unwrap();
            let cost = |name: &str| found.get(name).unwrap().cost.unwrap();
            let optimum = &found.optima[0];
            let lower = optimum.lower_bound.unwrap();
            assert!(
                cost("full-information") <= lower * (1.0 + 1e-9),
                "{}",
                found.scenario
            );
            assert!(lower <= cost("optimal") && cost("optimal") - lower <= 1e-3 * lower);
            for name in ["never-reject", "own", "best-fixed"] {
                assert!(
                    lower <= cost(name) * (1.0 + 1e-9),
                    "{} {name}",
                    found.scenario
                );
            }
            assert!(cost("best-fixed") <= cost("own") * (1.0 + 1e-12));
            assert!(cost("optimal") <= cost("best-fixed") * (1.0 + 1e-3));
            let efficiency = found.get("optimal").unwrap().efficiency;
            assert!(efficiency.is_none_or(|e| (e - 1.0).abs() < 1e-12));
        }
    }
}

#[test]
fn what_is_not_computed_is_said() {
    let worthless = parse(
        "schema = 'foldem.scenario/1'\nname = 's'\n\
         [[stage]]\nname = 'a'\ntokens = { dist = 'fixed', value = 10 }\n\
         [utility]\nclean = 0\n",
    );
    assert!(matches!(
        solve(&worthless, Per::Utility, false),
        Err(OptimalError::Worthless)
    ));
    // One stage and nothing to decide.
    let optimum = solve(&worthless, Per::Sample, false).unwrap().optimum;
    assert_relative_eq!(optimum.cost, 10.0, max_relative = 1e-15);

    let interrupt = Interrupt::default();
    interrupt.raise();
    let request = Request {
        per: Per::Utility,
        tokens_seen: false,
    };
    let ended = optimal(&suspicious(true, 0.0), request, &interrupt);
    assert!(matches!(ended, Err(Failure::Interrupted)));
}
