//! Blocks written out as outcomes, one generation after the other.

use super::block::Block;
use super::column::Column;
use super::gather::{deciles, many_steps};
use super::{Batch, Lanes, Sink};
use crate::outcome::{NEVER, OutcomeBatch};

/// Writes the outcomes of a batch under each policy.
pub(super) struct Writer<'a, 's> {
    lanes: &'a Lanes<'s>,
    batch: Batch,
    batches: Vec<OutcomeBatch>,
    at: Column<i32>,
    decile: Column<i32>,
    /// Tokens of a generation from each stage on, in units; last: 0.
    from: Vec<i64>,
}

impl<'a, 's> Writer<'a, 's> {
    pub(super) fn new(lanes: &'a Lanes<'s>, batch: Batch, mut batches: Vec<OutcomeBatch>) -> Self {
        for (out, policy) in batches.iter_mut().zip(&lanes.policies) {
            out.reserve(batch.rows, policy.len());
        }
        Self {
            lanes,
            batch,
            batches,
            at: Column::new(0),
            decile: Column::new(0),
            from: vec![0; lanes.fixed.len() + 1],
        }
    }

    pub(super) fn into_batches(self) -> Vec<OutcomeBatch> {
        self.batches
    }

    /// Writes row `l` of a block under policy number `policy`.
    fn write(&mut self, policy: usize, number: u64, block: &Block, l: usize) {
        let lanes = self.lanes;
        let checkpoints = lanes.policies[policy];
        let batch = &mut self.batches[policy];
        let unit = lanes.shape.unit;
        let tokens = |units: i64| units as f64 * unit;
        for (k, fixed) in lanes.fixed.iter().enumerate().rev() {
            let drawn = || many_steps(block.tokens[k][l]) << super::STEP_BITS;
            self.from[k] = self.from[k + 1] + fixed.unwrap_or_else(drawn);
        }
        let from = &self.from;
        let at = self.at[l].cast_unsigned();
        let rejected = checkpoints.get(at as usize);
        let avoided = rejected.map_or(0, |c| from[c.at + 1]);
        let charged = checkpoints.iter().take(at as usize + 1);
        let cost = charged.fold(0.0, |sum, c| sum + c.cost_tokens);
        let state = block.state[l].cast_unsigned();
        batch.prompt.push(number);
        batch.tokens_full.push(tokens(from[0]));
        batch.tokens_paid.push(tokens(from[0] - avoided) + cost);
        batch.checkpoint_cost.push(cost);
        batch
            .rejected_at
            .push(if rejected.is_some() { at } else { NEVER });
        let after = checkpoints.iter().map(|c| tokens(from[c.at + 1]));
        batch.remaining.extend(after);
        batch.accepted.push(block.accepted[l] != 0);
        batch.utility.push(lanes.shape.utility[state as usize]);
        batch.covariates[0].push(state);
        if let Some(decile) = batch.covariates.get_mut(1) {
            decile.push(self.decile[l].cast_unsigned());
        }
        if let Some(trace) = &mut batch.trace {
            let sd = lanes.scenario.difficulty_sd();
            trace.difficulty.push(sd * f64::from(block.z[l]));
            trace.final_state.push(state);
            let stages = from.windows(2).map(|from| tokens(from[0] - from[1]));
            trace.stage_tokens.extend(stages);
            let seats = lanes.judges[policy].checkpoints().iter().flatten();
            trace.scores.extend(seats.map(|&seat| block.score(seat, l)));
        }
    }
}

impl Sink for Writer<'_, '_> {
    #[inline(always)]
    fn take(&mut self, block: &mut Block, first: usize, rows: usize) {
        deciles(&block.z, &mut self.decile);
        for policy in 0..self.batches.len() {
            let lanes = self.lanes;
            block.judge(&lanes.judges[policy], lanes.policies[policy], &mut self.at);
            for l in 0..rows {
                let prompt = (first + l) / self.batch.per_prompt;
                self.write(policy, self.batch.first_prompt + prompt as u64, block, l);
            }
        }
    }
}
