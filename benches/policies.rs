//! `cargo bench --bench policies`: policies per second on a first-alarm table of a million
//! generations, one replay after the other and many at once.
//!
//! The best of several runs is shown: other work on the machine can only slow one down.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock and prints what it finds"
)]

use std::time::Instant;

use foldem::estimate::{Estimates, Tally};
use foldem::log::Record;
use foldem::outcome::{Fold as _, Knowledge};
use foldem::policy::{Checkpoint, PolicyFile, Position};
use foldem::replay::{Auditor, Candidates, Replay, Table, TableBuilder};

#[path = "../tests/suite/literal_policy.rs"]
mod literal_policy;

use literal_policy::literal_policy;

const RECORDS: u64 = 1_000_000;
const LETTERS: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];
const RUNS: usize = 3;

/// Seven validators, as many as the paper's policy has rules for the solution.
fn policy() -> PolicyFile {
    literal_policy("", &LETTERS.map(|letter| (letter, letter)), "")
}

/// Generations of 100 to 400 tokens; each validator alarms on about a tenth of them.
fn table(policy: &PolicyFile) -> Table {
    let auditor = Auditor::new(policy).expect("literals work");
    let mut builder = TableBuilder::new(&auditor);
    let mut state = 1_u64;
    let mut below = |n: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % n
    };
    for i in 0..RECORDS {
        let mut solution = vec![b'.'; 50];
        for letter in LETTERS {
            if let Some(place) = solution.get_mut(usize::try_from(below(500)).unwrap_or(0)) {
                *place = letter.as_bytes()[0];
            }
        }
        builder.push(Record {
            id: i.to_string(),
            prompt_id: Some((i / 8).to_string()),
            solution: String::from_utf8_lossy(&solution).into_owned(),
            solution_tokens: Some(100 + below(300)),
            accepted: Some(below(3) > 0),
            ..Record::default()
        });
    }
    builder.finish()
}

/// Policies of three checkpoints that ask three or four validators each.
fn candidates(number: u64) -> Vec<[Checkpoint<Position>; 3]> {
    let checkpoint = |at, odd: bool, cost_tokens| Checkpoint {
        at,
        validators: (0..LETTERS.len()).filter(|v| (v % 2 == 1) == odd).collect(),
        threshold: 0.0,
        cost_tokens,
    };
    (0..number)
        .map(|i| {
            let fraction = 0.1 * (1 + i % 9) as f64;
            [
                checkpoint(Position::Tokens(20 + i % 80), true, 0.0),
                checkpoint(Position::ExpectedFraction(fraction), false, 1.0),
                checkpoint(Position::Solution, true, 0.0),
            ]
        })
        .collect()
}

/// Policies per second, the best of several runs.
fn rate(policies: usize, work: impl Fn()) -> f64 {
    let seconds = (0..RUNS).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    });
    policies as f64 / seconds.fold(f64::INFINITY, f64::min)
}

fn main() {
    let policy = policy();
    let table = table(&policy);
    let rows: Vec<usize> = (0..table.rows().len()).collect();
    let one = &candidates(1)[0];
    let replayed = rate(1, || {
        let replay = Replay::new(&table, &policy, one, false).expect("lengths are known");
        let knowledge = Knowledge {
            verdict: true,
            utility: false,
        };
        let (frame, batch) = replay.outcomes(&rows, knowledge, false);
        let mut tally = Tally::new(&frame);
        tally.fold(&batch);
        std::hint::black_box(Estimates::new(&tally));
    });
    let prepared = Candidates::new(&table, &policy, false).expect("short generations");
    let many = candidates(1000);
    let compared = rate(many.len(), || {
        std::hint::black_box(prepared.evaluate(&many).expect("lengths are known"));
    });
    println!(
        "{RECORDS} records, {} validators, 3 checkpoints: {replayed:.2} policies/s with intervals, \
         {compared:.0} policies/s as point estimates",
        LETTERS.len()
    );
}
