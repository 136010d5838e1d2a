//! Requests for outcomes of a scenario, and what comes of them.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use super::kernel::{Generation, Kernel};
use super::lanes::{self, Batch, Lanes};
use super::reduce::reduce;
use super::retry;
use crate::outcome::{Fold, Frame, Gathered, OutcomeBatch, RetryBatch};
use crate::policy::Checkpoint;
use crate::rng::{Purpose, stream};
use crate::scenario::Scenario;

/// Attempts per batch; belongs to the meaning of a seed.
const BATCH: u64 = 4096;
/// Batches that are gathered together.
const TOGETHER: u64 = 64;

/// A request for outcomes of a scenario.
#[derive(Debug)]
pub struct Simulation<'s> {
    kernel: Kernel<'s>,
    /// The fast kernel, where it can draw the scenario.
    lanes: Option<Lanes<'s>>,
    attempts: u64,
    per_prompt: u64,
    seed: u64,
    traced: bool,
    /// Batches that are drawn; `None` for all.
    only: Option<Range<u64>>,
}

/// A switch that ends a run after the batches in flight.
#[derive(Debug, Default)]
pub struct Interrupt(AtomicBool);

impl Interrupt {
    /// Asks the run to end.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the run was asked to end.
    pub fn raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a run has brought.
#[derive(Debug)]
pub struct Run<F> {
    /// The reduced outcomes.
    pub fold: F,
    /// Attempts that are in it: whole batches.
    pub attempts: u64,
    /// Whether the run was interrupted before the last batch.
    pub partial: bool,
    /// The batches that are in it.
    pub batches: Range<u64>,
}

/// What retrying prompts has brought.
#[derive(Debug)]
pub struct Retried<F> {
    /// The reduced costs; of no use where it was hopeless.
    pub fold: F,
    /// The batches of prompts that are in it.
    pub batches: Range<u64>,
    /// Whether some prompt hardly ever yields: nothing finite can then be said.
    pub hopeless: bool,
}

impl<'s> Simulation<'s> {
    /// `attempts` generations of `scenario`, one per prompt, under its own policy.
    pub fn new(scenario: &'s Scenario, attempts: u64, seed: u64) -> Self {
        let (kernel, lanes) = kernels(scenario, vec![scenario.checkpoints()]);
        Self {
            kernel,
            lanes,
            attempts,
            per_prompt: 1,
            seed,
            traced: false,
            only: None,
        }
    }

    /// Draws `generations` for each prompt, which share its difficulty; the last prompt may have
    /// fewer.
    pub fn per_prompt(mut self, generations: u64) -> Self {
        self.per_prompt = generations.max(1);
        self
    }

    /// Draws with the plain kernel even what the fast one can draw: other generations of the same
    /// law, for comparing the two.
    pub fn plainly(mut self) -> Self {
        self.lanes = None;
        self
    }

    /// Keeps a trace of every generation.
    pub fn traced(mut self) -> Self {
        self.traced = true;
        self
    }

    /// Draws only these batches of the run: a shard of it, or what is left of it.
    pub fn only(mut self, batches: Range<u64>) -> Self {
        self.only = Some(batches);
        self
    }

    /// Applies further policies to the same generations. Which validators are consulted after a
    /// stage decides what is drawn, so the outcomes differ from those of a run without them.
    pub fn also(self, scenario: &'s Scenario, policies: Vec<&'s [Checkpoint<usize>]>) -> Self {
        let mut all = self.kernel.policies().to_vec();
        all.extend(policies);
        let (kernel, lanes) = kernels(scenario, all);
        Self {
            kernel,
            lanes,
            ..self
        }
    }

    /// What batches under policy number `policy` hold.
    pub fn frame(&self, policy: usize) -> Frame {
        self.kernel.frame(policy)
    }

    fn prompts_per_batch(&self) -> u64 {
        (BATCH / self.per_prompt).max(1)
    }

    fn attempts_per_batch(&self) -> u64 {
        self.prompts_per_batch() * self.per_prompt
    }

    /// Number of batches.
    pub fn batches(&self) -> u64 {
        self.attempts.div_ceil(self.attempts_per_batch())
    }

    /// The batches that are drawn.
    fn span(&self) -> Range<u64> {
        self.only.clone().unwrap_or(0..self.batches())
    }

    /// Number of attempts in batches.
    pub fn attempts_in(&self, batches: &Range<u64>) -> u64 {
        let before = |batch: u64| (batch * self.attempts_per_batch()).min(self.attempts);
        before(batches.end) - before(batches.start)
    }

    fn batch(&self, number: u64) -> Batch {
        let first = number * self.attempts_per_batch();
        let rows = self.attempts_per_batch().min(self.attempts - first);
        let size = |n: u64| usize::try_from(n).expect("a batch fits into memory");
        Batch {
            seed: self.seed,
            number,
            rows: size(rows),
            per_prompt: size(self.per_prompt),
            first_prompt: number * self.prompts_per_batch(),
        }
    }

    /// Draws batch number `number`: its generations under each policy.
    pub fn draw(&self, number: u64) -> Vec<OutcomeBatch> {
        let policies = self.kernel.policies().len();
        let mut batches: Vec<OutcomeBatch> = (0..policies)
            .map(|policy| self.kernel.empty_batch(policy, self.traced))
            .collect();
        let batch = self.batch(number);
        if let Some(lanes) = &self.lanes {
            return lanes.outcomes(batch, batches);
        }
        let mut rng = stream(self.seed, Purpose::Outcomes, number);
        let mut left = batch.rows as u64;
        let mut prompt_number = batch.first_prompt;
        let mut generation = Generation::default();
        while left > 0 {
            let prompt = self.kernel.draw_prompt(&mut rng);
            for _ in 0..self.per_prompt.min(left) {
                self.kernel.draw(&prompt, &mut generation, &mut rng);
                for (policy, batch) in batches.iter_mut().enumerate() {
                    self.kernel
                        .record(policy, prompt_number, &prompt, &generation, batch);
                }
                left -= 1;
            }
            prompt_number += 1;
        }
        batches
    }

    /// Draws all batches and reduces them in order. `progress` hears of finished attempts.
    pub fn run<F: Fold<[OutcomeBatch]>>(
        &self,
        empty: impl Fn() -> F + Sync,
        progress: &(dyn Fn(u64) + Sync),
        interrupt: &Interrupt,
    ) -> Run<F> {
        let span = self.span();
        let work = |number| {
            (!interrupt.raised()).then(|| {
                let mut fold = empty();
                fold.fold(&self.draw(span.start + number));
                fold
            })
        };
        let done = |batches: u64| span.start..span.start + batches;
        let (fold, batches) = reduce(
            span.end - span.start,
            work,
            empty(),
            |total: &mut F, part| total.merge(part),
            &|batches| progress(self.attempts_in(&done(batches))),
        );
        self.ran(fold, done(batches))
    }

    /// Draws all batches and adds them up under the first policy, without telling generations
    /// apart: the same sums as [`Simulation::run`] gives, much faster. `None` with several generations per
    /// prompt, and where only the plain kernel can draw the scenario.
    pub fn gather(
        &self,
        progress: &(dyn Fn(u64) + Sync),
        interrupt: &Interrupt,
    ) -> Option<Run<Gathered>> {
        let lanes = self.lanes.as_ref().filter(|_| self.per_prompt == 1)?;
        let span = self.span();
        let work = |task: u64| {
            let start = span.start + task * TOGETHER;
            let end = span.end.min(start + TOGETHER);
            (!interrupt.raised())
                .then(|| lanes.gather((start..end).map(|number| self.batch(number))))
        };
        let done = |tasks: u64| span.start..span.end.min(span.start + tasks * TOGETHER);
        let (fold, tasks) = reduce(
            (span.end - span.start).div_ceil(TOGETHER),
            work,
            lanes.gather(std::iter::empty()),
            |total: &mut Gathered, part| total.merge(&part),
            &|tasks| progress(self.attempts_in(&done(tasks))),
        );
        Some(self.ran(fold, done(tasks)))
    }

    fn ran<F>(&self, fold: F, batches: Range<u64>) -> Run<F> {
        Run {
            fold,
            attempts: self.attempts_in(&batches),
            partial: batches.end < self.span().end,
            batches,
        }
    }

    /// Number of batches in which `prompts` prompts are retried.
    pub fn retry_batches(&self, prompts: u64) -> u64 {
        prompts.div_ceil(self.retried_together())
    }

    /// How many of `prompts` prompts are retried in `batches`.
    pub fn prompts_in(&self, prompts: u64, batches: &Range<u64>) -> u64 {
        let before = |batch: u64| (batch * self.retried_together()).min(prompts);
        before(batches.end) - before(batches.start)
    }

    fn retried_together(&self) -> u64 {
        match self.lanes {
            Some(_) => lanes::retry::PROMPTS,
            None => retry::PROMPTS,
        }
    }

    /// Retries those of `prompts` prompts that are in `batches` under the first policy until each
    /// yields. `progress` hears of prompts that have yielded.
    pub fn retry<F: Fold<RetryBatch>>(
        &self,
        prompts: u64,
        batches: Range<u64>,
        empty: impl Fn() -> F + Sync,
        progress: &(dyn Fn(u64) + Sync),
        interrupt: &Interrupt,
    ) -> Retried<F> {
        let size = self.retried_together();
        let hopeless = Interrupt::default();
        // A batch may take long; both are asked between attempts.
        let stop = || interrupt.raised() || hopeless.raised();
        let work = |number: u64| {
            let number = batches.start + number;
            let here = size.min(prompts - number * size);
            let mut rng = stream(self.seed, Purpose::Retry, number);
            let batch = match &self.lanes {
                Some(lanes) => lanes.retry(here, rng, &stop),
                None => retry::draw(&self.kernel, here, &mut rng, &stop),
            };
            let mut fold = empty();
            match batch {
                Some(batch) => {
                    if batch.unfinished > 0 {
                        hopeless.raise();
                    }
                    fold.fold(&batch);
                }
                None if interrupt.raised() => return None,
                // Hopeless: no account is left to be given.
                None => {}
            }
            Some(fold)
        };
        let done = |merged: u64| batches.start..batches.start + merged;
        let (fold, merged) = reduce(
            batches.end - batches.start,
            work,
            empty(),
            |total: &mut F, part| total.merge(part),
            &|merged| progress(self.prompts_in(prompts, &done(merged))),
        );
        Retried {
            fold,
            batches: done(merged),
            hopeless: hopeless.raised(),
        }
    }
}

/// The plain kernel, and the fast one where it can draw the scenario.
fn kernels<'s>(
    scenario: &'s Scenario,
    policies: Vec<&'s [Checkpoint<usize>]>,
) -> (Kernel<'s>, Option<Lanes<'s>>) {
    let kernel = Kernel::new(scenario, policies.clone());
    let lanes = Lanes::new(scenario, policies, kernel.consulted(), &kernel.frame(0));
    (kernel, lanes)
}
