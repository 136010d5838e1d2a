//! What a policy does to generations whose alarms, and verdicts, are uncertain, in expectation: the
//! columns of outcomes, prompt by prompt.

use super::Place;
use super::looks::{Change, Looks};
use super::rejections::Rejections;
use crate::outcome::{ExpectedBatch, Frame, Knowledge};
use crate::policy::Position;

/// Which generations are looked at, and by what they are told apart.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Their numbers, those of a prompt next to each other; each has a verdict.
    pub rows: Vec<usize>,
    /// Numbers of covariates of the table.
    pub covariates: Vec<usize>,
    /// Whether the utility of all of them is known.
    pub utility: bool,
}

/// A generation in expectation, as one accepted with probability `accepted`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Expected<'m> {
    /// What happens to its alarms.
    pub change: Change<'m>,
    /// Probability that the final filter accepts it.
    pub accepted: f64,
}

impl Looks<'_> {
    /// What the batches of [`Looks::expected`] have in common.
    pub fn frame(&self, selection: &Selection) -> Frame {
        let knowledge = Knowledge {
            verdict: true,
            utility: selection.utility,
        };
        let table = self.replay().table();
        let chosen = selection.covariates.iter();
        Frame {
            covariates: chosen.map(|&v| table.covariates()[v].clone()).collect(),
            ..self.replay().frame(&selection.rows, knowledge, false)
        }
    }

    /// The columns of the generations of `selection`, each of which is as `of` says, summed by prompt.
    ///
    /// Where a checkpoint stands at several places the coin's tokens are right on average, and
    /// their spread over places is left out: intervals of the coin are not to be taken from here.
    pub fn expected<'m>(
        &self,
        selection: &Selection,
        of: impl Fn(usize) -> Expected<'m>,
    ) -> ExpectedBatch {
        let (table, replay) = (self.replay().table(), self.replay());
        let checkpoints = replay.checkpoints().len();
        let levels = selection.covariates.iter();
        let levels: Vec<usize> = levels
            .map(|&v| table.covariates()[v].levels.len())
            .collect();
        let width = levels.iter().sum::<usize>();
        let mut batch = ExpectedBatch::default();
        let mut coins = Coins::new(self);
        let mut scratch = Vec::new();
        let mut before = None;
        for &i in &selection.rows {
            let row = &table.rows()[i];
            if before.replace(row.prompt) != Some(row.prompt) {
                push_prompt(&mut batch, checkpoints, width);
            }
            let last = batch.len() - 1;
            let expected = of(i);
            let at = last * checkpoints;
            let problem = (replay.tokens_full(i) - row.tokens) as f64;
            let (mut generated, mut cost) = (problem, 0.0);
            let stopped = &mut |look: super::Look, probability: f64, charged: f64| {
                generated += probability * look.tokens as f64;
                cost += probability * charged;
                let left = (row.tokens - look.tokens) as f64;
                let here = &mut batch.at_checkpoint[at + look.checkpoint];
                here[0] += probability;
                here[2] += probability * left;
                coins.rejects(look.checkpoint, look.tokens, probability);
            };
            let (survives, charged) = self.stops(i, &expected.change, &mut scratch, stopped);
            generated += survives * row.tokens as f64;
            cost += survives * charged;
            batch.generations[last] += 1;
            batch.tokens_full[last] += replay.tokens_full(i) as f64;
            batch.tokens_generated[last] += generated;
            batch.checkpoint_cost[last] += cost;
            batch.accepted[last] += expected.accepted;
            batch.surviving[last] += survives;
            let retained = expected.accepted * survives;
            batch.retained[last] += retained;
            let value = row.utility.unwrap_or(0.0);
            for (sum, share) in
                batch.utility[last]
                    .iter_mut()
                    .zip([1.0, survives, expected.accepted, retained])
            {
                *sum += value * share;
            }
            let mut first = last * width;
            for (&v, levels) in selection.covariates.iter().zip(&levels) {
                let level = &mut batch.at_level[first + table.level(v, i) as usize];
                level[0] += expected.accepted;
                level[1] += retained;
                first += levels;
            }
        }
        coins.finish(selection, &mut batch);
        batch
    }
}

fn push_prompt(batch: &mut ExpectedBatch, checkpoints: usize, levels: usize) {
    batch.generations.push(0);
    for column in [
        &mut batch.tokens_full,
        &mut batch.tokens_generated,
        &mut batch.checkpoint_cost,
        &mut batch.accepted,
        &mut batch.surviving,
        &mut batch.retained,
    ] {
        column.push(0.0);
    }
    batch.utility.push([0.0; 4]);
    let prompts = batch.generations.len();
    batch.at_checkpoint.resize(prompts * checkpoints, [0.0; 3]);
    batch.at_level.resize(prompts * levels, [0.0; 2]);
}

/// What coins with the policy's rates save.
struct Coins<'l, 'r> {
    looks: &'l Looks<'r>,
    /// By checkpoint that stands at several places: its step and the rejections at each multiple.
    places: Vec<Option<(u64, Vec<f64>)>>,
}

impl<'l, 'r> Coins<'l, 'r> {
    fn new(looks: &'l Looks<'r>) -> Self {
        let checkpoints = looks.replay().checkpoints().iter();
        let places = checkpoints.map(|c| match c.at {
            Position::EveryTokens(step) => Some((step, Vec::new())),
            _ => None,
        });
        Self {
            places: places.collect(),
            looks,
        }
    }

    fn rejects(&mut self, checkpoint: usize, tokens: u64, probability: f64) {
        let Some((step, places)) = &mut self.places[checkpoint] else {
            return;
        };
        let place = usize::try_from(tokens / *step).unwrap_or(usize::MAX);
        if places.len() <= place {
            places.resize(place + 1, 0.0);
        }
        places[place] += probability;
    }

    /// Fills in what the coin saves at each checkpoint.
    fn finish(self, selection: &Selection, batch: &mut ExpectedBatch) {
        let replay = self.looks.replay();
        let (rows, checkpoints) = (replay.table().rows(), self.places.len());
        let mut tokens = Vec::new();
        if self.places.iter().any(Option::is_some) {
            tokens.extend(selection.rows.iter().map(|&i| rows[i].tokens));
            tokens.sort_unstable();
        }
        for (c, places) in self.places.iter().enumerate() {
            let several = places.as_ref().map(|(step, places)| {
                let places = (0..).zip(places).filter(|(_, weight)| **weight > 0.0);
                Rejections::new(places.map(|(k, &weight)| (k * step, weight)), &tokens)
            });
            let (mut last, mut before) = (0, None);
            for &i in &selection.rows {
                let row = &rows[i];
                if before.is_some_and(|before| before != row.prompt) {
                    last += 1;
                }
                before = Some(row.prompt);
                let saved = match (&several, replay.schedule().place(c, i)) {
                    (Some(rejections), _) => rejections.saved_by_coin(row.tokens),
                    (None, Place::After(p)) => row.tokens.saturating_sub(p) as f64,
                    _ => 0.0,
                };
                batch.at_checkpoint[last * checkpoints + c][1] += saved;
            }
        }
    }
}
