//! `cargo bench`: attempts per second of the kernels, and of the same scenario in NumPy and JAX where
//! `python3` (or `FOLDEM_PYTHON`) has them.
//!
//! Every estimate's sums are gathered. The best of several runs is shown: other work on the machine can only slow one down.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock and prints what it finds"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use foldem::engine::{Interrupt, Simulation};
use foldem::estimate::Tally;
use foldem::scenario::Scenario;

const RUNS: usize = 5;

/// Millions of attempts per second, the best of several runs.
fn rate(attempts: u64, work: impl Fn(u64)) -> f64 {
    let seconds = (0..RUNS).map(|_| {
        let start = Instant::now();
        work(attempts);
        start.elapsed().as_secs_f64()
    });
    attempts as f64 / 1e6 / seconds.fold(f64::INFINITY, f64::min)
}

fn scenario(root: &Path, path: &str) -> Scenario {
    Scenario::load(&root.join(path)).expect("shipped scenarios are valid")
}

fn main() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    for path in [
        "experiments/five-stage.toml",
        "benches/three-faults.toml",
        "experiments/hard-prompts.toml",
        "experiments/gsm8k-like.toml",
        "experiments/calibrated.toml",
    ] {
        let scenario = scenario(&root, path);
        let gathered = rate(20_000_000, |attempts| {
            let simulation = Simulation::new(&scenario, attempts, 42);
            let frame = simulation.frame(0);
            let run = simulation.gather(&|_| (), &Interrupt::default());
            let run = run.expect("the fast kernel draws the benchmarks");
            std::hint::black_box(Tally::of(&frame, &run.fold));
        });
        let one_by_one = rate(500_000, |attempts| {
            let simulation = Simulation::new(&scenario, attempts, 42);
            let frame = simulation.frame(0);
            let run = simulation.run(|| Tally::new(&frame), &|_| (), &Interrupt::default());
            std::hint::black_box(run.fold);
        });
        println!("foldem, {path}: {gathered:.1} M/s gathered, {one_by_one:.1} M/s as outcomes");
    }
    let python = std::env::var_os("FOLDEM_PYTHON").unwrap_or_else(|| "python3".into());
    for peer in ["five_stage_numpy.py", "five_stage_jax.py"] {
        let script = root.join("benches/peers").join(peer);
        let output = Command::new(&python).arg(script).output();
        match output {
            Ok(output) if output.status.success() => {
                print!("{}", String::from_utf8_lossy(&output.stdout));
            }
            _ => println!("{peer}: not run (its library is missing)"),
        }
    }
}
