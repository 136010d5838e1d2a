//! Retrying prompts until they yield, a block of attempts at a time.
//!
//! Each prompt at work has an equal share of the rows; the attempts in its rows count in their
//! order, and those after the one that yields do not. While there are prompts enough every row has
//! its own; the last and hardest share all rows among them.

use super::block::Block;
use super::column::{Column, ROWS};
use super::normal::MAGIC;
use super::{Lanes, dispatch};
use crate::engine::retry::{PATIENCE, draw_weighted};
use crate::outcome::RetryBatch;
use crate::rng::{LaneStream, Stream};

/// Prompts per batch; belongs to the meaning of a seed.
pub(in crate::engine) const PROMPTS: u64 = 4096;

/// A prompt at work.
#[derive(Debug, Clone, Copy)]
struct Prompt {
    number: usize,
    z: f32,
    weight: f64,
    attempts: u32,
    paid: f64,
    full: f64,
    accepted: bool,
}

impl Lanes<'_> {
    /// Retries `prompts` prompts under the first policy; `None` if told to `stop` before all have
    /// yielded.
    pub(in crate::engine) fn retry(
        &self,
        prompts: u64,
        mut stream: Stream,
        stop: &dyn Fn() -> bool,
    ) -> Option<RetryBatch> {
        let mut batch = None;
        dispatch::run(Retrying {
            lanes: self,
            prompts: usize::try_from(prompts).expect("at most a batch"),
            stream: &mut stream,
            stop,
            batch: &mut batch,
        });
        batch
    }
}

struct Retrying<'a, 's> {
    lanes: &'a Lanes<'s>,
    prompts: usize,
    stream: &'a mut Stream,
    stop: &'a dyn Fn() -> bool,
    /// What has come of it, at the end.
    batch: &'a mut Option<RetryBatch>,
}

impl dispatch::Work for Retrying<'_, '_> {
    #[inline(always)]
    fn run(self) {
        let lanes = self.lanes;
        let mut rng = LaneStream::new(self.stream);
        let mut block = Block::new(&lanes.world);
        let mut costs = Costs::new();
        let mut batch = RetryBatch {
            paid_until_retained: vec![0.0; self.prompts],
            full_until_accepted: vec![0.0; self.prompts],
            unfinished: 0,
        };
        let mut drawn = 0;
        let mut at_work: Vec<Prompt> = Vec::new();
        loop {
            while drawn < self.prompts && at_work.len() < ROWS {
                let (z, weight) = draw_weighted(self.stream);
                at_work.push(Prompt {
                    number: drawn,
                    z: super::alias::single(z),
                    weight,
                    attempts: 0,
                    paid: 0.0,
                    full: 0.0,
                    accepted: false,
                });
                drawn += 1;
            }
            if at_work.is_empty() {
                break;
            }
            if (self.stop)() {
                return;
            }
            let share = ROWS / at_work.len();
            for (l, z) in block.z.iter_mut().enumerate() {
                *z = at_work[(l / share).min(at_work.len() - 1)].z;
            }
            block.draw(&lanes.world, ROWS, &mut rng, self.stream);
            block.judge(&lanes.judges[0], lanes.policies[0], &mut costs.at);
            costs.add_up(lanes, &block);
            let mut row = 0;
            at_work.retain_mut(|prompt| {
                let rows = row..row + share;
                row += share;
                !rows
                    .into_iter()
                    .any(|l| prompt.try_once(lanes, &block, &costs, l))
                    || {
                        batch.paid_until_retained[prompt.number] = prompt.weight * prompt.paid;
                        batch.full_until_accepted[prompt.number] = prompt.weight * prompt.full;
                        false
                    }
            });
            if at_work.iter().any(|prompt| prompt.attempts >= PATIENCE) {
                batch.unfinished += 1;
                break;
            }
        }
        *self.batch = Some(batch);
    }
}

impl Prompt {
    /// Counts the attempt in row `l`; whether it is retained.
    #[inline(always)]
    fn try_once(&mut self, lanes: &Lanes<'_>, block: &Block, costs: &Costs, l: usize) -> bool {
        let at = costs.at[l].cast_unsigned() as usize;
        let accepted = block.accepted[l] != 0;
        self.attempts += 1;
        self.paid += costs.generated[l] + lanes.shape.cost[at];
        if !self.accepted {
            // What is retained is accepted, so full generation has yielded by then.
            self.full += costs.full[l];
            self.accepted = accepted;
        }
        accepted && at == lanes.shape.checkpoints
    }
}

/// What each row of a block costs.
struct Costs {
    /// The checkpoint that rejects, or their number.
    at: Column<i32>,
    full: Column<f64>,
    generated: Column<f64>,
}

impl Costs {
    fn new() -> Self {
        Self {
            at: Column::new(0),
            full: Column::new(0.0),
            generated: Column::new(0.0),
        }
    }

    #[inline(always)]
    fn add_up(&mut self, lanes: &Lanes<'_>, block: &Block) {
        let (at, full, generated) = (&*self.at, &mut *self.full, &mut *self.generated);
        full.fill(0.0);
        generated.fill(0.0);
        let unit = lanes.shape.unit;
        let step = unit * f64::from(1_u32 << super::STEP_BITS);
        for (k, fixed) in lanes.fixed.iter().enumerate() {
            // A stage is generated unless a checkpoint before it rejects.
            let before = lanes.policies[0].iter().filter(|c| c.at < k).count();
            let before = i32::try_from(before).expect("few checkpoints");
            let drawn = &*block.tokens[k];
            for l in 0..ROWS {
                let tokens = match fixed {
                    Some(units) => *units as f64 * unit,
                    None => f64::from(drawn[l] - MAGIC) * step,
                };
                full[l] += tokens;
                generated[l] += if at[l] >= before { tokens } else { 0.0 };
            }
        }
    }
}
