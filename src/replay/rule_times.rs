//! How long rules take to read generations.
//!
//! Each rule reads all texts alone, from start to alarm or end, in rounds until enough time has gone
//! by; the fastest round counts, as whatever else the machine does only adds to it. A first round
//! that is not counted warms caches.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::auditor::first_alarm;
use super::{Auditor, Tokens};
use crate::log::Record;

/// Time for each rule, and rounds in it at least.
const TIME: Duration = Duration::from_millis(100);
const ROUNDS: usize = 3;

/// What one rule takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RuleTime {
    /// Generations that it read.
    pub records: u64,
    /// Solution tokens of these.
    pub tokens: u64,
    /// Nanoseconds for all of them, in the fastest round.
    pub nanoseconds: f64,
}

impl RuleTime {
    /// Nanoseconds per solution token; `None` without tokens.
    pub fn per_token(&self) -> Option<f64> {
        (self.tokens > 0).then(|| self.nanoseconds / self.tokens as f64)
    }
}

impl Auditor {
    /// What each validator takes to read `records`, on this thread.
    pub fn times(&self, records: &[Record]) -> Vec<RuleTime> {
        let tokens = records.iter().map(|r| Tokens::of(&r.view()).count()).sum();
        let mut detectors = self.borrow_detectors();
        let times = detectors.iter_mut().map(|detector| {
            let mut round = || {
                let begun = Instant::now();
                for record in records {
                    let view = record.view();
                    let tokens = Tokens::of(&view);
                    let (problem, solution) = (view.problem, view.solution);
                    black_box(first_alarm(&mut **detector, problem, solution, tokens));
                }
                begun.elapsed()
            };
            let begun = Instant::now();
            round();
            let mut fastest = round();
            let mut rounds = 1;
            while rounds < ROUNDS || begun.elapsed() < TIME {
                fastest = fastest.min(round());
                rounds += 1;
            }
            RuleTime {
                records: records.len() as u64,
                tokens,
                nanoseconds: fastest.as_secs_f64() * 1e9,
            }
        });
        let times = times.collect();
        self.return_detectors(detectors);
        times
    }
}
