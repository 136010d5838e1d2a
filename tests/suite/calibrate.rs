//! Calibration: whether intervals hold, a scenario's posterior against its scores, the martingale test with
//! both counterexamples of the theory, and the command with an end for every exit code.

use std::fs;
use std::path::PathBuf;

use foldem::estimate::{Estimate, ReliabilityTally};
use foldem::rng::{Purpose, stream};
use foldem::scenario::Scenario;
use foldem::study::Interrupt;
use foldem::study::calibration::{Predicted, Request, Stops, Verdict, examine, of_scenario};
use rand_xoshiro::rand_core::Rng;
use serde_json::{Value, json};

use super::cli::{code, foldem, root, stderr, stdout};

const LOG: &str = "experiments/calibration/predicted.jsonl.zst";

fn uniform(stream: &mut impl Rng) -> f64 {
    (stream.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// 200 drawn samples of 80 prompts with ten forecasts of .3 or .7 each; a prompt's forecasts are good or bad
/// together. Of the truth, .45 and .6, Brier and calibration error follow by hand. Nominal misses are 5 %; more
/// than 24 happen with probability 5e-5. Taking forecasts for prompts is the negative control.
#[test]
fn intervals_hold_over_samples_of_prompts() {
    let (low, high) = ((0.3, 0.45), (0.7, 0.6));
    let brier = |(m, p): (f64, f64)| p * (1.0 - m) * (1.0 - m) + (1.0 - p) * m * m;
    let truth = [
        0.5 * ((low.1 - low.0) + (high.0 - high.1)),
        0.5 * (brier(low) + brier(high)),
    ];
    let misses = |by_prompt: bool| {
        let mut missed = [0; 2];
        for seed in 0..200 {
            let mut draws = stream(seed, Purpose::Control, 11);
            let mut tally = ReliabilityTally::new(10);
            for _ in 0..80 {
                let (m, p) = if uniform(&mut draws) < 0.5 { low } else { high };
                // A prompt is easy or hard: P(good) is p on average.
                let p = if uniform(&mut draws) < 0.5 {
                    p + 0.35
                } else {
                    p - 0.35
                };
                let forecasts: Vec<(f64, f64)> = (0..10)
                    .map(|_| (m, f64::from(uniform(&mut draws) < p)))
                    .collect();
                if by_prompt {
                    tally.add_prompt(&forecasts);
                } else {
                    for forecast in forecasts {
                        tally.add_prompt(&[forecast]);
                    }
                }
            }
            let found = tally.calibration().unwrap();
            let figures = [found.ece, found.brier];
            for (missed, (estimate, truth)) in missed.iter_mut().zip(figures.iter().zip(truth)) {
                let [lo, hi] = estimate.ci.unwrap();
                *missed += usize::from(truth < lo || truth > hi);
            }
        }
        missed
    };
    let right = misses(true);
    assert!(
        right.iter().all(|m| (1..=24).contains(m)),
        "{right:?} of 200 missed"
    );
    let naive = misses(false);
    assert!(naive.iter().all(|m| *m > 50), "{naive:?} of 200 missed");
}

/// The posterior is off by what chance brings, scores are not calibrated and are told apart.
#[test]
fn a_posterior_is_calibrated_and_a_score_need_not_be() {
    let scenario = Scenario::load(&root().join("experiments/calibrated.toml")).unwrap();
    let request = Request {
        bins: 10,
        attempts: 20_000,
        per_prompt: 1,
        seed: 3,
    };
    let found = of_scenario(&scenario, request, &Interrupt::default()).unwrap();
    let mut kinds = [0, 0];
    for series in &found.series {
        let c = &series.calibration;
        let beyond = c.ece.mean.unwrap() / c.ece_by_chance.unwrap();
        if series.name.starts_with("posterior") {
            assert!(beyond < 3.0, "{}: {beyond}", series.name);
            kinds[0] += 1;
        } else {
            assert!(beyond > 10.0, "{}: {beyond}", series.name);
            kinds[1] += 1;
        }
        let mean = |e: Estimate| e.mean.unwrap();
        let parts = mean(c.reliability) - mean(c.resolution)
            + mean(c.uncertainty)
            + mean(c.within_bin_variance)
            - 2.0 * mean(c.within_bin_covariance);
        assert!((parts - mean(c.brier)).abs() < 1e-12);
    }
    assert!(
        kinds[0] == scenario.stages().len() && kinds[1] > 1,
        "{kinds:?}"
    );
}

fn generation(i: usize, path: &[f64], utility: f64) -> Predicted {
    Predicted {
        prompt: i / 4,
        record: i,
        path: path.to_vec(),
        at: None,
        utility,
    }
}

/// theory.md §3 (a): m_1 = E[U|Z] ∈ {.9, .1}, m_2 = .5, each calibrated; stopping at .9 gives .7.
#[test]
fn calibrated_predictions_that_are_no_martingale_are_found() {
    let mut draws = stream(1, Purpose::Control, 12);
    let generations: Vec<Predicted> = (0..8000)
        .map(|i| {
            let m = if uniform(&mut draws) < 0.5 { 0.9 } else { 0.1 };
            let utility = f64::from(uniform(&mut draws) < m);
            generation(i, &[m, 0.5], utility)
        })
        .collect();
    let found = examine(&generations, &[]);
    assert_eq!(found.verdict, Verdict::Fails, "{}", found.in_words);
    let stop = found
        .stopping
        .iter()
        .find(|s| s.policy == "m >= 0.9")
        .unwrap();
    assert!(
        stop.verdict == Verdict::Fails && (stop.gap - 0.2).abs() < 0.03,
        "{stop:?}"
    );
}

/// theory.md §3 (b): m_1 = .5, m_2 = U = Z, known at the start; all steps average 0, and stopping at 1 where
/// Z = 1 gives .25. Only that stop tells.
#[test]
fn steps_that_average_nothing_are_not_enough() {
    let mut draws = stream(2, Purpose::Control, 13);
    let generations: Vec<Predicted> = (0..8000)
        .map(|i| {
            let z = f64::from(uniform(&mut draws) < 0.5);
            generation(i, &[0.5, z], z)
        })
        .collect();
    let without = examine(&generations, &[]);
    assert_ne!(without.verdict, Verdict::Fails, "{}", without.in_words);
    let at = generations
        .iter()
        .map(|g| (g.utility > 0.5).then_some(0))
        .collect();
    let policy = "knows Z".to_owned();
    let with = examine(&generations, &[Stops { policy, at }]);
    assert_eq!(with.verdict, Verdict::Fails);
    let stop = with.stopping.last().unwrap();
    assert!((stop.gap + 0.25).abs() < 0.03, "{stop:?}");
    assert!(
        with.increments
            .iter()
            .all(|i| i.ci[0] <= 0.0 && i.ci[1] >= 0.0)
    );
}

/// An urn's share of good balls is a martingale: none of 40 logs fails, though all ten generations of a prompt
/// are the same. (At 1 % each at most, more than three of 40 would happen with probability 1e-3.)
#[test]
fn a_martingale_passes_however_prompts_depend() {
    let mut failed = 0;
    for seed in 0..40 {
        let mut draws = stream(seed, Purpose::Control, 14);
        let mut generations = Vec::new();
        for prompt in 0..60 {
            let (mut good, mut bad) = (1.0, 1.0);
            let mut path = Vec::new();
            for _ in 0..4 {
                path.push(good / (good + bad));
                if uniform(&mut draws) < good / (good + bad) {
                    good += 1.0;
                } else {
                    bad += 1.0;
                }
            }
            let utility = f64::from(uniform(&mut draws) < good / (good + bad));
            path.push(good / (good + bad));
            for g in 0..10 {
                let mut one = generation(10 * prompt + g, &path, utility);
                one.prompt = prompt;
                generations.push(one);
            }
        }
        failed += usize::from(examine(&generations, &[]).verdict == Verdict::Fails);
    }
    assert!(failed <= 3, "{failed} of 40");
}

#[test]
fn every_form_renders_and_the_json_says_it_all() {
    for (format, mark) in [
        ("table", "Does stopping keep the mean?"),
        (
            "csv",
            "forecast,from,to,forecasts,prompts,predicted,observed,observed_lo,observed_hi",
        ),
        ("markdown", "| all predictions |"),
        ("html", "<svg"),
    ] {
        let output = foldem(&["calibrate", LOG, "--format", format]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(stdout(&output).contains(mark), "{format}");
    }
    let output = foldem(&["calibrate", LOG, "--policy", "paper", "--format", "json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(found["schema"], "foldem.calibration/1");
    assert_eq!(
        [&found["generations"], &found["prompts"]],
        [&json!(4000), &json!(2000)]
    );
    assert_eq!(found["series"].as_array().unwrap().len(), 5);
    let test = &found["martingale"];
    assert_eq!(test["verdict"], "holds", "{}", test["in_words"]);
    let stopping = test["stopping"].as_array().unwrap();
    assert_eq!(stopping.len(), 19);
    assert_eq!(stopping[18]["policy"], "paper");
    let run = |threads: &str| {
        let scenario = "experiments/calibrated.toml";
        let arguments = [
            "calibrate",
            scenario,
            "--attempts",
            "5000",
            "--format",
            "json",
            "--threads",
            threads,
        ];
        let output = foldem(&arguments);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        output.stdout
    };
    assert!(run("1") == run("4"));
}

fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    fs::write(&path, text).unwrap();
    (folder, path)
}

/// Two records of one prompt, with these attributes and labels.
fn log(attributes: &Value, labels: [Option<bool>; 2]) -> String {
    let line = |i: usize| {
        let mut record = json!({"id": i.to_string(), "prompt_id": "p", "solution": "text", "attributes": attributes});
        if let Some(label) = labels[i] {
            record["correct"] = json!(label);
        }
        record.to_string() + "\n"
    };
    line(0) + &line(1)
}

#[test]
fn logs_that_cannot_be_examined_exit_3_and_say_why() {
    let (yes, no) = (Some(true), Some(false));
    let path = json!({"predicted_utility": [0.4, 0.6]});
    for (text, why) in [
        (log(&json!({}), [yes, no]), "no record carries a prediction"),
        (
            log(&json!({"predicted_utility": []}), [yes, no]),
            "no record carries a prediction",
        ),
        (log(&path, [None, None]), "none has a utility"),
        (log(&path, [yes, yes]), "one outcome alone"),
        (
            log(&json!({"predicted_utility": [0.4, 1.6]}), [yes, no]),
            "predicted_utility[1] is 1.6",
        ),
        (
            log(&json!({"predicted_utility": ["x"]}), [yes, no]),
            "must be a number in [0, 1]",
        ),
        (
            log(
                &json!({"predicted_utility": [0.4, 0.6], "predicted_at": [9, 3]}),
                [yes, no],
            ),
            "do not decrease",
        ),
        ("nonsense\n".to_owned(), "log.jsonl"),
    ] {
        let (_folder, path) = written(&text);
        let output = foldem(&["calibrate", path.to_str().unwrap()]);
        assert_eq!(code(&output), 3, "{}", stderr(&output));
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
    // One prompt: figures without intervals.
    let (_folder, path) = written(&log(&path, [yes, no]));
    let output = foldem(&["calibrate", path.to_str().unwrap(), "--format", "json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert!(
        found["warnings"]
            .to_string()
            .contains("one prompt: there are no intervals")
    );
    assert!(
        found["series"][0]["brier"]["ci"].is_null()
            && found["series"][0]["brier"]["mean"].is_number()
    );
    assert_eq!(found["martingale"]["verdict"], "undecided");
}

#[test]
fn what_is_typed_wrong_exits_2() {
    let toml = "experiments/calibrated.toml";
    for (arguments, why) in [
        (vec!["calibrate"], "LOG|SCENARIO"),
        (vec!["calibrate", LOG, "--bins", "0"], "bins"),
        (
            vec!["calibrate", LOG, "--attempts", "10"],
            "nothing is drawn from a log",
        ),
        (
            vec!["calibrate", LOG, "--seed", "7"],
            "--seed: nothing is drawn from a log",
        ),
        (
            vec!["calibrate", LOG, "--per-prompt", "2"],
            "--per-prompt: nothing is drawn from a log",
        ),
        (
            vec!["calibrate", toml, "--policy", "paper"],
            "go with a log",
        ),
        (vec!["calibrate", toml, "--figure", "x.pdf"], ".svg"),
        (vec!["calibrate", LOG, "--report", LOG], "ending"),
    ] {
        let output = foldem(&arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
    }
    let (_folder, path) = written(&log(
        &json!({"predicted_utility": [0.4, 0.6]}),
        [Some(true), Some(false)],
    ));
    let output = foldem(&["calibrate", path.to_str().unwrap(), "--policy", "paper"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("predicted_at"));
}
