//! Conditional Monte Carlo: only the difficulties of prompts are drawn.
//!
//! Given its difficulty, the exact recursion tells what is expected of a generation of a prompt
//! (the latent chain and all verdicts are integrated out); the expectations are averaged over the
//! prompts by the formulas that serve outcomes (Rao and Blackwell: no linear estimate varies more
//! than that of outcomes with one generation per prompt). What remains is the variance between
//! prompts. Of the exact side it checks the integral over difficulty, and nothing else.
//!
//! The retry account hangs on the hardest prompts. It has as many prompts of its own, drawn more
//! often from both ends of difficulty and weighted back, as those that the kernels retry.

use rand_distr::{Distribution, StandardNormal};

use super::simulation::{Drawn, Sample, SimulationFindings, evaluate_sample};
use crate::engine::{Interrupt, Simulation, draw_weighted, reduce};
use crate::estimate::{RetryTally, Tally};
use crate::outcome::{ExpectedBatch, Fold, Frame, RetryBatch};
use crate::rng::{Purpose, stream};
use crate::scenario::{DIFFICULTY_DECILES, Scenario};
use crate::theory::{Given, Prompts};

/// Prompts per batch; belongs to the meaning of a seed.
const BATCH: u64 = 1024;

/// There is nothing to draw: all prompts are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the scenario has no [difficulty], so all prompts are alike and nothing is left to draw: the \
     exact values of simulate are what this would print"
)]
pub struct AllAlike;

/// Prompts of a scenario, ready to be drawn.
#[derive(Debug)]
pub struct Conditional<'s> {
    scenario: &'s Scenario,
    prompts: Prompts<'s>,
    frame: Frame,
}

/// What prompts have brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectations {
    /// Sums over prompts of what is expected of their generations.
    pub tally: Tally,
    /// The same of the costs of retrying; `None` where some prompt never yields, or so seldom that
    /// its cost cannot be counted.
    pub retried: Option<RetryTally>,
    /// Prompts that are in it: whole batches.
    pub prompts: u64,
    /// Whether the run was interrupted before the last batch.
    pub partial: bool,
}

impl<'s> Conditional<'s> {
    /// Prepares the prompts of `scenario` under its own policy.
    pub fn new(scenario: &'s Scenario) -> Result<Self, AllAlike> {
        if scenario.difficulty_sd() <= 0.0 {
            return Err(AllAlike);
        }
        Ok(Self {
            scenario,
            prompts: Prompts::new(scenario),
            frame: Simulation::new(scenario, 1, 0).frame(0),
        })
    }

    /// Draws `prompts` prompts from the streams of `seed`. `progress` hears of finished prompts.
    pub fn draw(
        &self,
        prompts: u64,
        seed: u64,
        progress: &(dyn Fn(u64) + Sync),
        interrupt: &Interrupt,
    ) -> Expectations {
        let empty = || Expectations {
            tally: Tally::of_prompts(&self.frame, 1),
            retried: Some(RetryTally::new(self.frame.typical_tokens)),
            prompts: 0,
            partial: false,
        };
        let work = |number: u64| {
            if interrupt.raised() {
                return None;
            }
            let here = BATCH.min(prompts - number * BATCH);
            let (expected, retried) = self.batch(seed, number, here);
            let mut sums = empty();
            sums.tally.fold(&expected);
            match &mut sums.retried {
                Some(tally) if retried.unfinished == 0 => tally.fold(&retried),
                _ => sums.retried = None,
            }
            sums.prompts = here;
            Some(sums)
        };
        let (mut sums, _) = reduce(
            prompts.div_ceil(BATCH),
            work,
            empty(),
            Expectations::merge,
            &|batches| progress((batches * BATCH).min(prompts)),
        );
        sums.partial = sums.prompts < prompts;
        sums
    }

    /// Draws `prompts` prompts and evaluates the scenario exactly.
    pub fn simulate(
        &self,
        prompts: u64,
        seed: u64,
        progress: &(dyn Fn(u64) + Sync),
        interrupt: &Interrupt,
    ) -> SimulationFindings {
        let sums = self.draw(prompts, seed, progress, interrupt);
        let sample = Sample {
            drawn: Drawn::Prompts,
            attempts: sums.prompts,
            per_prompt: 1,
            seed,
            partial: sums.partial,
            tally: &sums.tally,
            arms: None,
            retried: sums.retried.as_ref().filter(|t| t.prompts() > 0),
        };
        evaluate_sample(self.scenario, &sample)
    }

    fn batch(&self, seed: u64, number: u64, prompts: u64) -> (ExpectedBatch, RetryBatch) {
        let mut rng = stream(seed, Purpose::Difficulty, number);
        let mut evaluator = self.prompts.evaluator();
        let mut expected = ExpectedBatch::default();
        let mut retried = RetryBatch::default();
        let sd = self.scenario.difficulty_sd();
        for _ in 0..prompts {
            let z: f64 = StandardNormal.sample(&mut rng);
            self.record(z, &evaluator.given(sd * z), &mut expected);
            let (z, weight) = draw_weighted(&mut rng);
            let [policy, full] = evaluator.given(sd * z).retry().map(|cost| weight * cost);
            if RetryTally::holds(self.frame.typical_tokens, policy.max(full)) {
                retried.paid_until_retained.push(policy);
                retried.full_until_accepted.push(full);
            } else {
                retried.unfinished += 1;
            }
        }
        (expected, retried)
    }

    /// Appends the row of a prompt whose difficulty is `z` standard deviations.
    fn record(&self, z: f64, given: &Given<'_, '_>, batch: &mut ExpectedBatch) {
        let (accepted, retained) = (given.accepted(), given.retained());
        batch.generations.push(1);
        batch.tokens_full.push(given.tokens_full());
        batch.tokens_generated.push(given.tokens_generated());
        batch.checkpoint_cost.push(given.checkpoint_cost());
        batch.accepted.push(accepted);
        batch.surviving.push(given.surviving());
        batch.retained.push(retained);
        batch.utility.push([
            given.utility(),
            given.utility_surviving(),
            given.utility_accepted(),
            given.utility_retained(),
        ]);
        for checkpoint in self.scenario.checkpoints() {
            let k = checkpoint.at;
            batch.at_checkpoint.push([
                given.rejected_after(k),
                given.remaining_after(k),
                given.avoided_after(k),
            ]);
        }
        for state in 0..self.scenario.states().len() {
            let masses = [given.accepted_in(state), given.retained_in(state)];
            batch.at_level.push(masses);
        }
        let decile = DIFFICULTY_DECILES.partition_point(|&edge| edge < z);
        for level in 0..=DIFFICULTY_DECILES.len() {
            let here = if level == decile {
                [accepted, retained]
            } else {
                [0.0; 2]
            };
            batch.at_level.push(here);
        }
    }
}

impl Expectations {
    fn merge(&mut self, later: Self) {
        Fold::<ExpectedBatch>::merge(&mut self.tally, later.tally);
        self.retried = self.retried.take().zip(later.retried).map(|(mut a, b)| {
            a.merge(b);
            a
        });
        self.prompts += later.prompts;
    }
}
