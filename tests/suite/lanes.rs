//! The fast kernel: the same sums by columns as outcome by outcome, and the same bytes on every
//! instruction set.

use std::process::Command;

use foldem::engine::Simulation;
use foldem::estimate::{RetryTally, Tally};
use foldem::outcome::Fold;
use foldem::scenario::Scenario;
use foldem::study::Interrupt;

use super::agreement::{everything, shipped};
use super::cli::root;

/// Gathered by columns, and one generation after the other.
fn tallies(scenario: &Scenario, attempts: u64) -> Option<(Tally, Tally)> {
    let simulation = Simulation::new(scenario, attempts, 9);
    let frame = simulation.frame(0);
    let gathered = simulation.gather(&|_| (), &Interrupt::default())?.fold;
    let mut one_by_one = Tally::new(&frame);
    for number in 0..simulation.batches() {
        Fold::<[_]>::fold(&mut one_by_one, &simulation.draw(number));
    }
    Some((Tally::of(&frame, &gathered), one_by_one))
}

#[test]
fn sums_by_cell_are_those_of_the_outcomes() {
    let mut scenarios = shipped();
    // Correlated validators are drawn by the plain kernel alone.
    scenarios.retain(|scenario| scenario.correlated().is_empty());
    scenarios.push(everything());
    for scenario in &scenarios {
        // Many blocks and a rest; less than a block; a single generation.
        for attempts in [60_123, 300, 1] {
            let (gathered, one_by_one) = tallies(scenario, attempts)
                .unwrap_or_else(|| panic!("{} is not drawn fast", scenario.name()));
            assert!(gathered == one_by_one, "{} {attempts}", scenario.name());
        }
    }
}

/// Lengths far beyond what a block holds in small integers, empty stages, checkpoints everywhere, more states and
/// segments than registers.
#[test]
fn awkward_worlds_are_added_up_exactly() {
    let mut text = "schema = 'foldem.scenario/1'\nname = 'awkward'\n".to_owned();
    for kind in ["a", "b", "c", "d", "e"] {
        text += &format!(
            "[[fault]]\nkind = '{kind}'\nhazard = [{}]\nlength_factor = 3.0\n",
            ["0.02"; 9].join(", ")
        );
    }
    for k in 0..9 {
        let law = match k % 3 {
            0 => "{ dist = 'lognormal', mean = 50, cv = 2.1 }",
            1 => "{ dist = 'empirical', values = [0, 0, 0, 2] }",
            _ => "{ dist = 'fixed', value = 0 }",
        };
        text += &format!("[[stage]]\nname = 's{k}'\ntokens = {law}\n");
    }
    text += "[[validator]]\nname = 'v'\nfalse_alarm = 0.05\n";
    for k in 0..8 {
        text += &format!("[[policy.checkpoint]]\nat = 's{k}'\nvalidators = ['v']\n");
    }
    let scenario = Scenario::parse("awkward", &text, root()).unwrap_or_else(|e| panic!("{e}"));
    let (gathered, one_by_one) = tallies(&scenario, 200_000).unwrap();
    assert!(gathered == one_by_one);
}

/// A scenario whose prompts yield once in a hundred thousand attempts, drawn by either kernel.
fn hardly_ever(cv: &str) -> Scenario {
    let text = format!(
        "schema = 'foldem.scenario/1'\nname = 'hard'\ndifficulty = {{ sd = 0.5 }}\n\
         [[fault]]\nkind = 'x'\nhazard = [0.5]\n\
         [[stage]]\nname = 's'\ntokens = {{ dist = 'lognormal', mean = 50, cv = {cv} }}\n\
         [final_filter]\naccepts = {{ clean = 1e-5, x = 0.0 }}\n"
    );
    Scenario::parse("hard", &text, root()).unwrap_or_else(|e| panic!("{e}"))
}

/// A batch of these takes many seconds: only one that asks while it draws can be left.
#[test]
fn retries_hear_an_interrupt_within_a_batch() {
    for cv in ["0.5", "3.0"] {
        let scenario = hardly_ever(cv);
        let simulation = Simulation::new(&scenario, 1, 1);
        let prompts = 400;
        let batches = simulation.retry_batches(prompts);
        assert_eq!(batches, 1);
        let interrupt = Interrupt::default();
        let retried = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(std::time::Duration::from_millis(100));
                interrupt.raise();
            });
            let empty = || RetryTally::new(50.0);
            simulation.retry(prompts, 0..batches, empty, &|_| (), &interrupt)
        });
        assert_eq!(retried.batches, 0..0, "cv {cv}");
        assert!(!retried.hopeless);
    }
}

#[test]
fn retries_tell_how_many_prompts_have_yielded() {
    let shipped = shipped();
    let hard = shipped.iter().find(|s| s.name() == "hard-prompts").unwrap();
    let simulation = Simulation::new(hard, 1, 1);
    let (prompts, heard) = (10_000, std::sync::Mutex::new(Vec::new()));
    let batches = simulation.retry_batches(prompts);
    let retried = simulation.retry(
        prompts,
        0..batches,
        || RetryTally::new(50.0),
        &|done| heard.lock().unwrap().push(done),
        &Interrupt::default(),
    );
    assert_eq!(retried.fold.prompts(), prompts);
    let heard = heard.into_inner().unwrap();
    assert!(
        heard.is_sorted() && heard.last() == Some(&prompts),
        "{heard:?}"
    );
}

#[test]
fn every_instruction_set_and_number_of_threads_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let run = |scenario: &str, isa: &str, threads: &str| {
        let log = folder.path().join("log.jsonl");
        let output = Command::new(env!("CARGO_BIN_EXE_foldem"))
            .args([
                "simulate",
                scenario,
                "--attempts",
                "30000",
                "--format",
                "json",
            ])
            .args(["--threads", threads, "--write-log"])
            .arg(&log)
            .env("FOLDEM_ISA", isa)
            .current_dir(root())
            .output()
            .unwrap();
        assert!(output.status.success());
        (output.stdout, std::fs::read(log).unwrap())
    };
    for scenario in ["five-stage", "hard-prompts", "gsm8k-like", "calibrated"] {
        let path = format!("experiments/{scenario}.toml");
        let scalar = run(&path, "scalar", "1");
        for isa in ["avx2", "avx512"] {
            for threads in ["2", "8"] {
                assert!(
                    run(&path, isa, threads) == scalar,
                    "{scenario} {isa} {threads}"
                );
            }
        }
    }
}
