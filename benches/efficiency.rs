//! `cargo bench`: what a given precision costs by the plain kernel, by the fast one, and by drawing
//! prompts alone (`simulate --conditional`).
//!
//! The yardstick is variance × time: the variance of an estimate from one attempt times the seconds
//! that an attempt takes. The time that a standard error takes is in proportion to it. The retry
//! account of the kernels is that of prompts retried until they yield, and costs the time of these.
//! Times are the best of several runs: other work on the machine can only slow one down.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock and prints what it finds"
)]

use std::path::Path;
use std::time::Instant;

use foldem::engine::{Interrupt, Simulation};
use foldem::estimate::{Estimates, RetryTally, Tally};
use foldem::scenario::Scenario;
use foldem::study::conditional::Conditional;

const RUNS: usize = 5;
const RETRY: &str = "cost_ratio_retry";
const ESTIMATES: [&str; 6] = [
    "savings",
    "false_rejection_rate",
    "cost_ratio",
    "retained_bias",
    "null_cost_ratio",
    RETRY,
];

/// One way to estimate: what an attempt costs and how much its estimates vary.
struct Way {
    /// Seconds per attempt; per prompt where the retry account is drawn apart.
    seconds: [f64; 2],
    /// Variance × attempts by estimate, in the order of [`ESTIMATES`].
    variance: Vec<f64>,
}

impl Way {
    fn new(attempts: [u64; 2], seconds: [f64; 2], stderr: impl Fn(&str) -> Option<f64>) -> Self {
        let which = |name: &str| usize::from(name == RETRY);
        Self {
            seconds: [0, 1].map(|i| seconds[i] / attempts[i] as f64),
            variance: ESTIMATES
                .iter()
                .map(|name| {
                    let stderr = stderr(name).expect("every estimate has a standard error");
                    stderr * stderr * attempts[which(name)] as f64
                })
                .collect(),
        }
    }

    /// Variance × time of the estimate at `place`.
    fn cost(&self, place: usize) -> f64 {
        self.variance[place] * self.seconds[usize::from(ESTIMATES[place] == RETRY)]
    }
}

/// What `work` brings, and the seconds that it takes at best.
fn timed<T>(work: impl Fn() -> T) -> (T, f64) {
    let mut best = f64::INFINITY;
    let mut run = || {
        let start = Instant::now();
        let result = work();
        best = best.min(start.elapsed().as_secs_f64());
        result
    };
    for _ in 1..RUNS {
        run();
    }
    (run(), best)
}

/// A kernel: generations of `attempts` prompts, and `prompts` that are retried.
fn kernel(simulation: &Simulation<'_>, attempts: u64, prompts: u64) -> Way {
    let frame = simulation.frame(0);
    let interrupt = Interrupt::default();
    let empty = || Tally::new(&frame);
    let (tally, seconds) = timed(|| {
        let gathered = simulation.gather(&|_| (), &interrupt);
        gathered.map_or_else(
            || simulation.run(empty, &|_| (), &interrupt).fold,
            |run| Tally::of(&frame, &run.fold),
        )
    });
    let (retried, retry_seconds) = timed(|| {
        let batches = 0..simulation.retry_batches(prompts);
        let empty = || RetryTally::new(frame.typical_tokens);
        simulation
            .retry(prompts, batches, empty, &|_| (), &interrupt)
            .fold
    });
    let estimates = Estimates::new(&tally);
    Way::new([attempts, prompts], [seconds, retry_seconds], |name| {
        if name == RETRY {
            Some(retried.cost_ratio().1)
        } else {
            estimates.by_name[name].stderr
        }
    })
}

/// Prompts of which expectations are taken; the retry account comes with them, in the same time.
fn conditional(scenario: &Scenario, prompts: u64) -> Way {
    let conditional = Conditional::new(scenario).expect("the scenario has difficulty");
    let interrupt = Interrupt::default();
    let (sums, seconds) = timed(|| conditional.draw(prompts, 42, &|_| (), &interrupt));
    let estimates = Estimates::new(&sums.tally);
    let retried = sums.retried.expect("every prompt yields");
    Way::new([prompts; 2], [seconds; 2], |name| {
        if name == RETRY {
            Some(retried.cost_ratio().1)
        } else {
            estimates.by_name[name].stderr
        }
    })
}

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for path in [
        "experiments/hard-prompts.toml",
        "experiments/gsm8k-like.toml",
        "benches/three-faults.toml",
    ] {
        let scenario = Scenario::load(&root.join(path)).expect("shipped scenarios are valid");
        let plain = kernel(
            &Simulation::new(&scenario, 400_000, 42).plainly(),
            400_000,
            20_000,
        );
        let fast = kernel(
            &Simulation::new(&scenario, 8_000_000, 42),
            8_000_000,
            200_000,
        );
        let prompts = conditional(&scenario, 400_000);
        println!("variance × time, {path}");
        let ns = |way: &Way| way.seconds.map(|s| s * 1e9);
        println!(
            "  ns per attempt (per retried prompt): plain {:.0} ({:.0}), fast {:.1} ({:.0}), \
             conditional {:.0}",
            ns(&plain)[0],
            ns(&plain)[1],
            ns(&fast)[0],
            ns(&fast)[1],
            ns(&prompts)[0],
        );
        println!(
            "  {:<21} {:>10} {:>10} {:>10}   plain/fast  plain/cond.  fast/cond.",
            "", "plain", "fast", "cond."
        );
        for (place, name) in ESTIMATES.iter().enumerate() {
            let [a, b, c] = [&plain, &fast, &prompts].map(|way| way.cost(place));
            println!(
                "  {name:<21} {a:>10.2e} {b:>10.2e} {c:>10.2e}   {:>10.2} {:>12.2} {:>11.3}",
                a / b,
                a / c,
                b / c
            );
        }
    }
}
