//! The fast kernel: the same sums by columns as outcome by outcome, and the same bytes on every
//! instruction set.

use std::process::Command;

use foldem::engine::Simulation;
use foldem::estimate::Tally;
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
