//! The fast kernel: generations drawn by columns, sixteen lanes of random words at a time.
//!
//! A block of rows is drawn stage by stage ([`block`]) and either written out as outcomes or added up
//! at once ([`gather`]). Everything is ordinary code on arrays, compiled once for each
//! instruction set ([`dispatch`]); integers, and floating-point operations one by one, give the same bits on all of them.
//! Scenarios beyond what single precision and the grid of tokens can hold are left to the plain
//! kernel; which of the two draws depends on the scenario alone.

#![expect(
    clippy::inline_always,
    reason = "what is inlined into a kernel is compiled for its instruction set"
)]

mod alias;
mod block;
mod chance;
mod change;
mod column;
mod dispatch;
mod gamma;
mod gather;
mod law;
mod normal;
mod outcomes;
mod range;
pub(super) mod retry;
mod steps;
mod triangle;
#[cfg(test)]
mod twin;
mod world;

use block::Block;
use column::{Column, ROWS, columns};
use gather::{STEP_BITS, Segments, Sums};
use world::{Judge, World};

use crate::outcome::{Frame, Gathered, OutcomeBatch, Shape};
use crate::policy::Checkpoint;
use crate::rng::{LaneStream, Purpose, stream};
use crate::scenario::{DIFFICULTY_DECILES, Scenario, TokenLaw};

/// Generations after which sums in small integers are emptied.
const FLUSH: usize = 1 << 15;

/// A scenario prepared for drawing by columns, with the policies that are applied.
#[derive(Debug)]
pub(super) struct Lanes<'s> {
    scenario: &'s Scenario,
    policies: Vec<&'s [Checkpoint<usize>]>,
    world: World,
    judges: Vec<Judge>,
    /// Tokens by stage, in units, where they are always the same.
    fixed: Vec<Option<i64>>,
    segments: Segments,
    shape: Shape,
}

/// A batch: its number under a seed, and how many generations of how many prompts it has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batch {
    pub(super) seed: u64,
    pub(super) number: u64,
    pub(super) rows: usize,
    pub(super) per_prompt: usize,
    /// Number of its first prompt.
    pub(super) first_prompt: u64,
}

/// What is done with the blocks of a batch.
trait Sink {
    fn take(&mut self, block: &mut Block, first: usize, rows: usize);
}

impl<'s> Lanes<'s> {
    /// `consulted` are the validators that any of the policies consults after each stage.
    pub(super) fn new(
        scenario: &'s Scenario,
        policies: Vec<&'s [Checkpoint<usize>]>,
        consulted: &[Vec<usize>],
        frame: &Frame,
    ) -> Option<Self> {
        // Sums count in 2^-34 of a long generation.
        let unit = libm::ldexp(1.0, libm::frexp(frame.typical_tokens).1 - 34);
        let step = libm::ldexp(unit, STEP_BITS.cast_signed());
        let world = World::new(scenario, consulted, step)?;
        let judges = policies.iter().map(|p| Judge::new(&world, p)).collect();
        let fixed: Vec<Option<i64>> = world
            .stages
            .iter()
            .zip(scenario.stages())
            .map(|(stage, law)| match (&stage.law, law) {
                (law::Law::Fixed, TokenLaw::Fixed(value)) => Some(units(*value, unit)),
                _ => None,
            })
            .collect();
        let mut cost = vec![0.0];
        for checkpoint in policies[0] {
            cost.push(cost[cost.len() - 1] + checkpoint.cost_tokens);
        }
        // Whoever is rejected has paid for the checkpoint that did it.
        cost.remove(0);
        cost.push(cost.last().copied().unwrap_or(0.0));
        let shape = Shape {
            checkpoints: policies[0].len(),
            states: scenario.states().len(),
            deciles: if scenario.difficulty_sd() > 0.0 {
                DIFFICULTY_DECILES.len() + 1
            } else {
                1
            },
            unit,
            cost,
            utility: scenario.utility().to_vec(),
        };
        Some(Self {
            segments: Segments::new(&world, policies[0], &fixed),
            scenario,
            policies,
            judges,
            fixed,
            world,
            shape,
        })
    }

    /// Draws a batch and writes its outcomes under each policy.
    pub(super) fn outcomes(&self, batch: Batch, empty: Vec<OutcomeBatch>) -> Vec<OutcomeBatch> {
        let mut writer = outcomes::Writer::new(self, batch, empty);
        let mut block = Block::new(&self.world);
        dispatch::run(Drawing {
            lanes: self,
            batch,
            block: &mut block,
            sink: &mut writer,
        });
        writer.into_batches()
    }

    /// Draws batches of one generation per prompt and adds up their outcomes under the first policy.
    pub(super) fn gather(&self, batches: impl Iterator<Item = Batch>) -> Gathered {
        let mut sums = Sums::new(&self.shape);
        let mut block = Block::new(&self.world);
        let mut at = Column::new(0);
        let mut since = 0;
        for batch in batches {
            since += batch.rows;
            let mut sink = Summing {
                lanes: self,
                sums: &mut sums,
                at: &mut at,
            };
            dispatch::run(Drawing {
                lanes: self,
                batch,
                block: &mut block,
                sink: &mut sink,
            });
            if since >= FLUSH {
                sums.flush(&self.segments);
                since = 0;
            }
        }
        sums.finish(&self.segments);
        sums.into_total()
    }
}

/// A batch that is drawn block by block.
struct Drawing<'a, 's, S> {
    lanes: &'a Lanes<'s>,
    batch: Batch,
    block: &'a mut Block,
    sink: &'a mut S,
}

impl<S: Sink> dispatch::Work for Drawing<'_, '_, S> {
    #[inline(always)]
    fn run(self) {
        let (batch, block) = (self.batch, self.block);
        // The first words of the batch's stream are the lanes' states, the rest is for what is
        // drawn one at a time.
        let mut one = stream(batch.seed, Purpose::Outcomes, batch.number);
        let mut lanes = LaneStream::new(&mut one);
        let prompts = batch.rows.div_ceil(batch.per_prompt);
        let difficult = self.lanes.scenario.difficulty_sd() > 0.0;
        let mut difficulties = columns(if difficult { prompts.div_ceil(ROWS) } else { 0 });
        block.begin(&mut lanes, &mut difficulties);
        let mut first = 0;
        while first < batch.rows {
            let rows = ROWS.min(batch.rows - first);
            if difficult && batch.per_prompt == 1 {
                block.z.copy_from_slice(&*difficulties[first / ROWS]);
            } else if difficult {
                for (l, z) in block.z.iter_mut().enumerate() {
                    let prompt = ((first + l) / batch.per_prompt).min(prompts - 1);
                    *z = difficulties[prompt / ROWS][prompt % ROWS];
                }
            }
            block.draw(&self.lanes.world, rows, &mut lanes, &mut one);
            self.sink.take(block, first, rows);
            first += rows;
        }
    }
}

/// A fixed number of tokens in units.
#[expect(
    clippy::cast_possible_truncation,
    reason = "at most 2^50: bounded when the world was made"
)]
fn units(tokens: f64, unit: f64) -> i64 {
    (tokens / unit).round_ties_even() as i64
}

/// Judges blocks by the first policy and adds them up.
struct Summing<'a, 's> {
    lanes: &'a Lanes<'s>,
    sums: &'a mut Sums,
    at: &'a mut Column<i32>,
}

impl Sink for Summing<'_, '_> {
    #[inline(always)]
    fn take(&mut self, block: &mut Block, _first: usize, rows: usize) {
        block.judge(&self.lanes.judges[0], self.lanes.policies[0], self.at);
        self.sums.add(block, self.at, &self.lanes.segments, rows);
    }
}
