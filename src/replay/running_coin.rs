//! A coin that strikes only what still runs.
//!
//! The coin of the theory draws a checkpoint whatever the length: it strikes generations that ended
//! before, too, saves nothing there and loses good ones. A rule that knows nothing but that a
//! generation still runs is better than it. This coin knows that much. Where checkpoint k stands
//! after p tokens it strikes a generation of n > p tokens with probability
//! `h_k = D_k / N_k`, the `D_k` that the policy rejects there over the `N_k` that are longer than
//! their p, blind to all else, and never twice: so it rejects `D_k` in expectation, and of those that
//! it has not struck before the share `h_k / (1 − Σ_{j before k} h_j)`. Where fewer are left than
//! that it strikes all of them. A checkpoint at every m tokens is one checkpoint per place. At the
//! complete solution all that are left are struck with one probability.
//!
//! Nothing is drawn: what is saved is `Σ_k h_k (n − p_k)` over the places that a generation
//! reaches, linear in the rates, so derivatives are sums, too. The rates are estimated:
//! generation i adds `(d_ik − h_k a_ik)/N_k` to `h_k` (d: rejected there, a: longer than p), which
//! times the derivatives of a sum is the generation's part in it (the linearisation of
//! a ratio, as for place_excess).

use std::ops::Range;

use rayon::prelude::*;

use super::run::ranges;
use super::{Judgement, Place, Replay};
use crate::outcome::RunningCoinOutcome;

/// What the coin is summed into: tokens saved, survivors before the complete solution, and those of
/// them that are accepted.
const SUMS: usize = 3;

/// Rounding of a sum of rates.
const ROUNDING: f64 = 1e-9;

/// A place at which a checkpoint rejects.
#[derive(Debug, Clone, Default)]
struct Cell {
    /// Tokens before it; 0 of a checkpoint that stands once in a generation, where tokens are
    /// counted from there on.
    place: u64,
    rejected: f64,
    running: f64,
    /// h.
    rate: f64,
    /// Derivatives of the sums by h, and by what is added to `rejected`.
    by_rate: [f64; SUMS],
    by_rejected: [f64; SUMS],
}

/// The places of one checkpoint in ascending order, and sums over the first so many of them.
#[derive(Debug, Default)]
struct Cells {
    places: Vec<Cell>,
    /// Of h, and of h times the place.
    rates: Vec<[f64; 2]>,
    /// Of h times `by_rejected`.
    drift: Vec<[f64; SUMS]>,
}

impl Cells {
    /// How many of the places a generation of so many `tokens` gets beyond, and its tokens from
    /// where places are counted. `None` if it reaches none.
    fn reached(&self, stands: Place, tokens: u64) -> Option<(usize, u64)> {
        let (count, tokens) = match stands {
            Place::After(p) if p < tokens => (self.places.len(), tokens - p),
            Place::After(_) | Place::Nowhere | Place::End => (0, tokens),
            Place::Every(_) => (self.places.partition_point(|c| c.place < tokens), tokens),
        };
        (count > 0).then_some((count, tokens))
    }

    /// The cell at which a generation was rejected after so many `tokens`.
    fn rejecting(&self, stands: Place, tokens: u64) -> &Cell {
        match stands {
            Place::Every(_) => &self.places[self.places.partition_point(|c| c.place < tokens)],
            _ => &self.places[0],
        }
    }

    fn sum_rates(&mut self) {
        let mut sums = [0.0; 2];
        self.rates.push(sums);
        for cell in &mut self.places {
            cell.rate = cell.rejected / cell.running;
            sums[0] += cell.rate;
            sums[1] += cell.rate * cell.place as f64;
            self.rates.push(sums);
        }
    }

    fn sum_drift(&mut self) {
        let mut sums = [0.0; SUMS];
        self.drift.push(sums);
        for cell in &mut self.places {
            cell.by_rejected = cell.by_rate.map(|slope| slope / cell.running);
            for (sum, slope) in sums.iter_mut().zip(cell.by_rejected) {
                *sum += cell.rate * slope;
            }
            self.drift.push(sums);
        }
    }
}

/// The coin beside a replay of some generations.
struct Coin<'r> {
    replay: &'r Replay<'r>,
    /// What the policy does, by generation of the table; nothing to those that are not replayed.
    judgements: Vec<Judgement>,
    /// By checkpoint.
    checkpoints: Vec<Cells>,
    /// Rejected at the complete solution.
    rejected_at_end: f64,
    /// Survivors before it, and the accepted among them.
    left: f64,
    accepted_left: f64,
}

impl<'r> Coin<'r> {
    fn new(replay: &'r Replay<'r>, rows: &[usize]) -> Self {
        let count = replay.checkpoints().len();
        let mut judgements = vec![Judgement::default(); replay.table().rows().len()];
        for &i in rows {
            judgements[i] = replay.judgement(i);
        }
        let mut coin = Self {
            replay,
            judgements,
            checkpoints: (0..count).map(|_| Cells::default()).collect(),
            rejected_at_end: 0.0,
            left: 0.0,
            accepted_left: 0.0,
        };
        coin.count_rejected(rows);
        coin.count_running(rows);
        coin.checkpoints.iter_mut().for_each(Cells::sum_rates);
        coin.differentiate(rows);
        coin.checkpoints.iter_mut().for_each(Cells::sum_drift);
        coin
    }

    /// Where checkpoint number `c` stands in generation number `row`.
    fn stands(&self, c: usize, row: usize) -> Place {
        self.replay.schedule().place(c, row)
    }

    fn tokens(&self, row: usize) -> u64 {
        self.replay.table().rows()[row].tokens
    }

    fn accepted(&self, row: usize) -> f64 {
        let accepted = self.replay.table().rows()[row].accepted == Some(true);
        f64::from(u8::from(accepted))
    }

    /// The checkpoints that generation number `row` reaches: their cells, how many of them, and the
    /// tokens from where they are counted.
    fn reached(&self, row: usize) -> impl Iterator<Item = (usize, usize, u64)> {
        let tokens = self.tokens(row);
        let checkpoints = self.checkpoints.iter().enumerate();
        checkpoints.filter_map(move |(c, cells)| {
            let (count, tokens) = cells.reached(self.stands(c, row), tokens)?;
            Some((c, count, tokens))
        })
    }

    fn count_rejected(&mut self, rows: &[usize]) {
        let mut stops: Vec<Vec<u64>> = vec![Vec::new(); self.checkpoints.len()];
        for &i in rows {
            let Some(stop) = self.judgements[i].stop else {
                continue;
            };
            match self.stands(stop.checkpoint, i) {
                Place::End | Place::Nowhere => self.rejected_at_end += 1.0,
                Place::After(_) => stops[stop.checkpoint].push(0),
                Place::Every(_) => stops[stop.checkpoint].push(stop.tokens),
            }
        }
        for (cells, mut stops) in self.checkpoints.iter_mut().zip(stops) {
            stops.sort_unstable();
            let places = stops.chunk_by(|a, b| a == b);
            cells.places = places
                .map(|alike| Cell {
                    place: alike[0],
                    rejected: alike.len() as f64,
                    ..Cell::default()
                })
                .collect();
        }
    }

    fn count_running(&mut self, rows: &[usize]) {
        for &i in rows {
            for c in 0..self.checkpoints.len() {
                let (stands, tokens) = (self.stands(c, i), self.tokens(i));
                let cells = &mut self.checkpoints[c];
                if let Some((count, _)) = cells.reached(stands, tokens) {
                    cells.places[count - 1].running += 1.0;
                }
            }
        }
        // Who gets beyond a place gets beyond those before it.
        for cells in &mut self.checkpoints {
            let mut running = 0.0;
            for cell in cells.places.iter_mut().rev() {
                running += cell.running;
                cell.running = running;
            }
        }
    }

    /// Tokens saved of generation number `row`, and the probability that it is left before the
    /// complete solution; `None` where the coin would strike more than there is.
    fn plain(&self, row: usize) -> Option<(f64, f64)> {
        let (mut saved, mut struck) = (0.0, 0.0);
        for (c, count, tokens) in self.reached(row) {
            let [rates, places] = self.checkpoints[c].rates[count];
            struck += rates;
            saved += tokens as f64 * rates - places;
        }
        (struck <= 1.0 + ROUNDING).then_some((saved, (1.0 - struck).max(0.0)))
    }

    /// Tokens saved of a generation of which the coin would strike more than there is, by walking
    /// its places; `slope` is told the derivative by each rate (checkpoint, place) that counts.
    fn walked(&self, row: usize, mut slope: impl FnMut(usize, usize, f64)) -> f64 {
        let mut due: Vec<(u64, usize, usize)> = Vec::new();
        for (c, count, tokens) in self.reached(row) {
            let places = self.checkpoints[c].places[..count].iter().enumerate();
            due.extend(places.map(|(j, cell)| (tokens - cell.place, c, j)));
        }
        // The more tokens remain, the earlier.
        due.sort_unstable_by_key(|&(remaining, c, j)| (std::cmp::Reverse(remaining), c, j));
        let (mut saved, mut left) = (0.0, 1.0);
        for (k, &(remaining, c, j)) in due.iter().enumerate() {
            let rate = self.checkpoints[c].places[j].rate;
            if rate < left {
                saved += rate * remaining as f64;
                left -= rate;
                continue;
            }
            saved += left * remaining as f64;
            for &(before, c, j) in &due[..k] {
                slope(c, j, (before - remaining) as f64);
            }
            break;
        }
        saved
    }

    /// Fills in the derivatives and what is left before the complete solution.
    fn differentiate(&mut self, rows: &[usize]) {
        let mut struck_out = Vec::new();
        for &i in rows {
            let accepted = self.accepted(i);
            let Some((_, left)) = self.plain(i) else {
                struck_out.push(i);
                continue;
            };
            self.left += left;
            self.accepted_left += accepted * left;
            for c in 0..self.checkpoints.len() {
                let (stands, tokens) = (self.stands(c, i), self.tokens(i));
                let cells = &mut self.checkpoints[c];
                let Some((count, tokens)) = cells.reached(stands, tokens) else {
                    continue;
                };
                let sums = &mut cells.places[count - 1].by_rate;
                for (sum, part) in sums.iter_mut().zip([tokens as f64, 1.0, accepted]) {
                    *sum += part;
                }
            }
        }
        for cells in &mut self.checkpoints {
            let mut beyond = [0.0; SUMS];
            for cell in cells.places.iter_mut().rev() {
                for (sum, here) in beyond.iter_mut().zip(cell.by_rate) {
                    *sum += here;
                }
                let [tokens, count, accepted] = beyond;
                cell.by_rate = [tokens - count * cell.place as f64, -count, -accepted];
            }
        }
        for i in struck_out {
            let mut slopes = Vec::new();
            self.walked(i, |c, j, slope| slopes.push((c, j, slope)));
            for (c, j, slope) in slopes {
                self.checkpoints[c].places[j].by_rate[0] += slope;
            }
        }
    }

    /// What generation number `row` adds to the sums through the rates.
    fn drift(&self, row: usize) -> [f64; SUMS] {
        let mut drift = [0.0; SUMS];
        for (c, count, _) in self.reached(row) {
            for (sum, part) in drift.iter_mut().zip(self.checkpoints[c].drift[count]) {
                *sum -= part;
            }
        }
        if let Some(stop) = self.judgements[row].stop {
            let stands = self.stands(stop.checkpoint, row);
            if !matches!(stands, Place::End | Place::Nowhere) {
                let cell = self.checkpoints[stop.checkpoint].rejecting(stands, stop.tokens);
                for (sum, part) in drift.iter_mut().zip(cell.by_rejected) {
                    *sum += part;
                }
            }
        }
        drift
    }

    /// Tokens of a generation in full, and those paid under the policy.
    fn tokens_of(&self, row: usize) -> (f64, f64) {
        let (replay, judgement) = (self.replay, self.judgements[row]);
        let paid = replay.tokens_until(row, judgement.stop) as f64 + judgement.cost;
        (replay.tokens_full(row) as f64, paid)
    }

    fn outcome(&self, row: usize) -> RunningCoinOutcome {
        let (replay, accepted) = (self.replay, self.accepted(row));
        let judgement = self.judgements[row];
        let (saved, left) = self
            .plain(row)
            .unwrap_or_else(|| (self.walked(row, |_, _, _| {}), 0.0));
        let [more_saved, more_left, more_accepted] = self.drift(row);
        let (left, accepted_left) = (left + more_left, accepted * left + more_accepted);
        let at_end = judgement
            .stop
            .is_some_and(|stop| self.stands(stop.checkpoint, row) == Place::End);
        // The share of those left that is struck at the complete solution, and how it varies.
        let (surviving, retained) = if self.left - self.rejected_at_end > ROUNDING {
            let struck = self.rejected_at_end / self.left;
            let here = f64::from(u8::from(at_end));
            let more_struck = (here - struck * left) / self.left;
            let retained = (1.0 - struck) * accepted_left - self.accepted_left * more_struck;
            (left - here, retained)
        } else {
            (0.0, 0.0)
        };
        let generation = &replay.table().rows()[row];
        let (tokens_full, tokens_paid) = self.tokens_of(row);
        RunningCoinOutcome {
            prompt: generation.prompt as u64,
            tokens_full,
            accepted: generation.accepted,
            tokens_paid,
            rejected: judgement.stop.is_some(),
            saved: saved + more_saved,
            surviving,
            retained,
        }
    }
}

impl Replay<'_> {
    /// Generations number `rows` under a coin that strikes only what still runs, as many at each
    /// place as this policy rejects of them there.
    pub fn beside_running_coin(&self, rows: &[usize]) -> BesideRunningCoin<'_> {
        BesideRunningCoin {
            coin: Coin::new(self, rows),
            rows: self.table().by_prompt(rows.to_vec()),
        }
    }
}

/// Generations under the coin.
pub struct BesideRunningCoin<'r> {
    coin: Coin<'r>,
    /// Those of one prompt next to each other.
    rows: Vec<usize>,
}

impl BesideRunningCoin<'_> {
    /// The most tokens that any of them has or costs.
    pub fn most_tokens(&self) -> f64 {
        let tokens = |&i: &usize| {
            let (full, paid) = self.coin.tokens_of(i);
            full.max(paid)
        };
        self.rows.iter().map(tokens).fold(0.0, f64::max)
    }

    /// What happens to them, some whole prompts at a time.
    pub fn outcomes(&self) -> impl ParallelIterator<Item = Vec<RunningCoinOutcome>> {
        let ranges = ranges(self.coin.replay.table().rows(), &self.rows);
        let outcome = |&i: &usize| self.coin.outcome(i);
        let outcomes = move |range: Range<usize>| self.rows[range].iter().map(outcome).collect();
        ranges.into_par_iter().map(outcomes)
    }
}
