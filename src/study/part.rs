//! A part of a run: the exact sums of some of its batches.
//!
//! A run is what scenario, seed and number of attempts say; its batches are numbered. A part holds
//! the sums of a range of them as integers, so that parts of one run, drawn anywhere and merged in
//! any order, give the bytes of the one run.

use std::ops::Range;

use super::simulation::Request;
use crate::engine::{Interrupt, Run, Simulation};
use crate::estimate::{ArmsTally, RetryTally, Tally};
use crate::outcome::{Fold, OutcomeBatch};
use crate::scenario::Scenario;
use crate::theory::Exact;

/// Retrying takes about so large a share of the run's attempts …
const SHARE_RETRIED: f64 = 0.25;
/// … but no more prompts than this.
const MOST_RETRIED: f64 = 1_048_576.0;

/// How far a part's drawing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// So many attempts are finished.
    Attempts(u64),
    /// After them, so many prompts have been retried until they yielded, of so many.
    Retried(u64, u64),
}

/// Batches that are planned, and those of them that are done: always the first.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Span {
    /// Number of the first.
    pub from: u64,
    /// Number after the last that is done.
    pub done: u64,
    /// Number after the last that is planned.
    pub to: u64,
    /// Number of batches of the whole run.
    pub of: u64,
}

impl Span {
    /// Part number `index`, from 0, of `parts` about equal ones of a run of so many batches.
    fn shard(batches: u64, [index, parts]: [u64; 2]) -> Self {
        let cut = |i: u64| {
            let product = u128::from(batches) * u128::from(i) / u128::from(parts.max(1));
            u64::try_from(product).unwrap_or(batches)
        };
        Self {
            from: cut(index),
            done: cut(index),
            to: cut(index + 1),
            of: batches,
        }
    }

    /// What is left to do.
    fn left(&self) -> Range<u64> {
        self.done..self.to
    }

    fn is_done(&self) -> bool {
        self.done == self.to
    }
}

/// The sums of some batches of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The run.
    pub request: Request,
    /// Batches of generations.
    pub batches: Span,
    /// Attempts in them.
    pub attempts: u64,
    /// Their sums.
    pub tally: Tally,
    /// Their sums in four arms, where the scenario knows early exit.
    pub arms: Option<ArmsTally>,
    /// Batches of prompts that are retried until they yield.
    pub retries: Span,
    /// Their sums.
    pub retried: RetryTally,
    /// Whether some prompt hardly ever yields, so that retrying has no finite account.
    pub hopeless: bool,
}

/// Why parts do not make up a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// There is none.
    #[error("there is no part to merge")]
    Nothing,
    /// Two parts are of different runs.
    #[error("part {1} is of another run than part {0}: its {2} differs")]
    AnotherRun(usize, usize, &'static str),
    /// Two parts have batches in common.
    #[error("parts {0} and {1} both hold batches {2} to {3}: leave one out")]
    Overlap(usize, usize, u64, u64),
    /// Batches are in no part.
    #[error(
        "batches {0} to {1} of {2} are in no part: draw the shard that is missing, or resume the \
         part that was interrupted"
    )]
    Gap(u64, u64, u64),
}

impl Part {
    /// Part number `shard[0]`, from 0, of `shard[1]` of a run of `scenario`, nothing drawn yet.
    pub fn planned(scenario: &Scenario, request: Request, shard: [u64; 2]) -> Self {
        let simulation = simulation(scenario, request);
        let frame = simulation.frame(0);
        let prompts = prompts_to_retry(scenario, request.attempts);
        Self {
            request,
            batches: Span::shard(simulation.batches(), shard),
            attempts: 0,
            tally: Tally::new(&frame),
            arms: super::early_exit::empty(scenario, &frame),
            retries: Span::shard(simulation.retry_batches(prompts), shard),
            retried: RetryTally::new(frame.typical_tokens),
            hopeless: false,
        }
    }

    /// The same without retrying prompts: for whoever does not ask for that account.
    pub(super) fn without_retries(mut self) -> Self {
        self.retries.to = self.retries.done;
        self
    }

    /// Draws what is left to do. `progress` hears of what is finished.
    pub fn draw(
        &mut self,
        scenario: &Scenario,
        progress: &(dyn Fn(Progress) + Sync),
        interrupt: &Interrupt,
    ) {
        let simulation = simulation(scenario, self.request).only(self.batches.left());
        let frame = simulation.frame(0);
        let before = self.attempts;
        let attempts = |done: u64| progress(Progress::Attempts(before + done));
        // Sums by cell where that is possible: the same tally, much sooner.
        let run = match (simulation.gather(&attempts, interrupt), &mut self.arms) {
            (Some(run), _) => Run {
                fold: Tally::of(&frame, &run.fold),
                attempts: run.attempts,
                partial: run.partial,
                batches: run.batches,
            },
            (None, None) => simulation.run(|| Tally::new(&frame), &attempts, interrupt),
            (None, Some(arms)) => super::early_exit::draw(&simulation, arms, &attempts, interrupt),
        };
        Fold::<OutcomeBatch>::merge(&mut self.tally, run.fold);
        self.attempts += run.attempts;
        self.batches.done = run.batches.end;
        if self.hopeless || !self.batches.is_done() {
            return;
        }
        if self.retries.is_done() {
            return;
        }
        let empty = || RetryTally::new(frame.typical_tokens);
        let prompts = prompts_to_retry(scenario, self.request.attempts);
        let of = simulation.prompts_in(prompts, &self.retries.left());
        let heard = |done: u64| progress(Progress::Retried(done, of));
        let retried = simulation.retry(prompts, self.retries.left(), empty, &heard, interrupt);
        self.hopeless = retried.hopeless;
        if self.hopeless {
            // What was done before that showed depends on the threads.
            self.retried = empty();
        } else {
            self.retried.merge(retried.fold);
        }
        self.retries.done = retried.batches.end;
    }

    /// Whether all that was planned is done.
    pub fn is_done(&self) -> bool {
        self.batches.is_done() && (self.retries.is_done() || self.hopeless)
    }

    /// The costs of retrying, if the whole run's are known and finite.
    pub fn retry_account(&self) -> Option<&RetryTally> {
        let whole = self.retries.is_done() && self.retries.from < self.retries.to;
        (whole && !self.hopeless && self.retried.prompts() > 0).then_some(&self.retried)
    }

    /// The whole run that `parts` make up, in any order.
    pub fn merged(parts: &[Self]) -> Result<Self, MergeError> {
        let first = parts.first().ok_or(MergeError::Nothing)?;
        for (i, part) in parts.iter().enumerate() {
            let (a, b) = (first.request, part.request);
            let differs = [
                (a.seed != b.seed, "seed"),
                (a.attempts != b.attempts, "number of attempts"),
                (
                    a.per_prompt != b.per_prompt,
                    "number of generations per prompt",
                ),
                (first.tally.frame() != part.tally.frame(), "scenario"),
            ];
            if let Some((_, what)) = differs.into_iter().find(|(differs, _)| *differs) {
                return Err(MergeError::AnotherRun(1, i + 1, what));
            }
        }
        let hopeless = parts.iter().any(|part| part.hopeless);
        cover(parts, |part| &part.batches)?;
        if !hopeless {
            cover(parts, |part| &part.retries)?;
        }
        let mut whole = first.clone();
        if hopeless {
            whole.retried = RetryTally::new(whole.tally.frame().typical_tokens);
        }
        for part in &parts[1..] {
            Fold::<OutcomeBatch>::merge(&mut whole.tally, part.tally.clone());
            if !hopeless {
                whole.retried.merge(part.retried.clone());
            }
            if let (Some(arms), Some(others)) = (&mut whole.arms, &part.arms) {
                arms.take_in(others);
            }
            whole.attempts += part.attempts;
        }
        whole.hopeless = hopeless;
        for span in [&mut whole.batches, &mut whole.retries] {
            (span.from, span.done, span.to) = (0, span.of, span.of);
        }
        Ok(whole)
    }
}

/// Every batch is in exactly one part.
fn cover(parts: &[Part], span: impl Fn(&Part) -> &Span) -> Result<(), MergeError> {
    let mut spans: Vec<(usize, &Span)> = parts.iter().map(&span).enumerate().collect();
    spans.retain(|(_, span)| span.from < span.done);
    spans.sort_by_key(|(_, span)| span.from);
    let of = span(&parts[0]).of;
    let mut end = 0;
    let mut before = 0;
    for (i, span) in spans {
        if span.from < end {
            let last = end.min(span.done) - 1;
            return Err(MergeError::Overlap(before + 1, i + 1, span.from, last));
        }
        if span.from > end {
            return Err(MergeError::Gap(end, span.from - 1, of));
        }
        (end, before) = (span.done, i);
    }
    if end < of {
        return Err(MergeError::Gap(end, of - 1, of));
    }
    Ok(())
}

/// Attempts in those batches of a run that are done.
pub(super) fn attempts_in(scenario: &Scenario, request: Request, batches: &Span) -> u64 {
    simulation(scenario, request).attempts_in(&(batches.from..batches.done))
}

fn simulation(scenario: &Scenario, request: Request) -> Simulation<'_> {
    Simulation::new(scenario, request.attempts, request.seed).per_prompt(request.per_prompt)
}

/// How many prompts a run of `scenario` retries: as scenario and attempts say, not what came of
/// them, so that parts know their share.
fn prompts_to_retry(scenario: &Scenario, attempts: u64) -> u64 {
    // Without difficulty retrying a prompt is trying another; what never yields has no account.
    if scenario.difficulty_sd() <= 0.0 {
        return 0;
    }
    let yields = Exact::new(scenario).retained_rate();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 2^20"
    )]
    let prompts = (SHARE_RETRIED * yields * attempts as f64)
        .ceil()
        .min(MOST_RETRIED) as u64;
    prompts
}

/// The costs of retrying the prompts of a whole run; `None` where nothing finite can be said.
pub(super) fn retry_tally(
    scenario: &Scenario,
    simulation: &Simulation<'_>,
    attempts: u64,
    progress: &(dyn Fn(Progress) + Sync),
    interrupt: &Interrupt,
) -> Option<RetryTally> {
    let prompts = prompts_to_retry(scenario, attempts);
    let batches = simulation.retry_batches(prompts);
    let typical = simulation.frame(0).typical_tokens;
    let heard = |done: u64| progress(Progress::Retried(done, prompts));
    let empty = || RetryTally::new(typical);
    let retried = simulation.retry(prompts, 0..batches, empty, &heard, interrupt);
    let known = prompts > 0 && !retried.hopeless && retried.batches.end == batches;
    known.then_some(retried.fold)
}
