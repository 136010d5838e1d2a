//! `cargo bench --bench tuning`: search, certificate and report on first-alarm tables of 10⁴ to 10⁶
//! generations, ten rules and eight places: 261,120 policies.
//!
//! Peak memory is that of the process, where the system tells; it includes the table.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock and prints what it finds"
)]

use std::time::Instant;

use foldem::policy::{PolicyFile, Rule};
use foldem::replay::{Definition, FirstAlarm, Row, Table};
use foldem::study::Interrupt;
use foldem::study::tuning::{Estimand, Limits, Objective, Shares, TuningRequest, tune};

const VALIDATORS: usize = 10;
const PER_PROMPT: usize = 8;
const PLACES: [&str; 8] = [
    "{ every_tokens = 8 }",
    "{ every_tokens = 32 }",
    "{ every_tokens = 128 }",
    "{ tokens = 100 }",
    "{ expected_fraction = 0.25 }",
    "{ expected_fraction = 0.5 }",
    "{ expected_fraction = 0.75 }",
    "\"solution\"",
];

fn candidates() -> PolicyFile {
    let names: Vec<String> = (0..VALIDATORS).map(|v| format!("\"v{v}\"")).collect();
    let list = names.join(", ");
    let each = names
        .iter()
        .map(|name| format!("[[validator]]\nname = {name}\nrule = \"drawn\"\n"));
    let grid = PLACES
        .iter()
        .map(|at| format!("[[checkpoint]]\nat = {at}\nvalidators = [{list}]\n"));
    let text = format!(
        "schema = \"foldem.policy/1\"\nname = \"bench\"\n{}{}",
        each.collect::<String>(),
        grid.collect::<String>()
    );
    let rule = Rule {
        name: "drawn",
        parameters: Vec::new(),
    };
    PolicyFile::parse("bench", &text, &[rule]).expect("a valid policy")
}

/// Generations of 100 to 400 tokens. Every rule alarms on some bad and on fewer good ones; on about half of the
/// generations nobody alarms.
fn table(candidates: &PolicyFile, records: usize) -> Table {
    let mut state = 1_u64;
    let mut below = |n: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % n
    };
    let (mut rows, mut alarms) = (Vec::new(), Vec::new());
    for i in 0..records {
        let good = below(3) > 0;
        let tokens = 100 + below(300);
        for v in 0..VALIDATORS as u64 {
            let per_mille = if good { 2 + v } else { 40 + 20 * v };
            alarms.push(if below(1000) < per_mille {
                FirstAlarm::Tokens(1 + below(tokens))
            } else {
                FirstAlarm::Never
            });
        }
        rows.push(Row {
            prompt: i / PER_PROMPT,
            group: 0,
            tokens,
            problem_tokens: 0,
            accepted: Some(good),
            utility: Some(f64::from(u8::from(good))),
            rare: None,
        });
    }
    let definitions = candidates.validators().iter().map(Definition::of);
    Table::of_alarms(definitions.collect(), rows, &alarms)
}

/// Most memory that the process has had, in MB.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1000)
}

fn main() {
    let candidates = candidates();
    let request = TuningRequest {
        max_frr: 0.02,
        confidence: 0.95,
        shares: Shares::default(),
        seed: 42,
        objective: Objective::CostRatio,
        limits: Limits::default(),
        estimand: Estimand::Generation,
        test: None,
        per_prompt: None,
        judge: None,
        problem_generated: false,
    };
    println!("  records   seconds   policies  certified  peak memory");
    for records in [10_000, 100_000, 1_000_000] {
        let table = table(&candidates, records);
        let start = Instant::now();
        let found = tune(
            &table,
            &candidates,
            &request,
            &|_| {},
            &Interrupt::default(),
        );
        let seconds = start.elapsed().as_secs_f64();
        let found = found.expect("a table that can be tuned on");
        let memory = peak_memory().map_or_else(|| "not told".to_owned(), |mb| format!("{mb} MB"));
        println!(
            "{records:>9} {seconds:>9.2} {:>10} {:>10}  {memory:>11}",
            found.examined, found.certified
        );
    }
}
