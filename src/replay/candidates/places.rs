//! Where checkpoints stand in the rows of the columns.

use super::block::{AT_END, NEVER};
use super::{Candidates, CandidatesError};
use crate::policy::Position;
use crate::replay::{Place, Schedule};

/// Where a checkpoint stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stand {
    Nowhere,
    /// After so many tokens of every generation.
    After(i32),
    /// After a number of tokens of its own in each generation, in a column of places.
    Own(usize),
    Every(u32),
    End,
}

/// A number of tokens as a place; what is beyond all generations is never reached.
pub(super) fn place(tokens: u64) -> i32 {
    i32::try_from(tokens).unwrap_or(NEVER).min(AT_END)
}

/// Places that differ between generations.
pub(super) struct Places {
    positions: Vec<Position>,
    pub(super) columns: Vec<Vec<i32>>,
}

impl Places {
    pub(super) fn new(
        columns: &Candidates<'_>,
        used: impl Iterator<Item = Position>,
    ) -> Result<Self, CandidatesError> {
        let mut positions: Vec<Position> = Vec::new();
        for at in used {
            let own = matches!(
                at,
                Position::ExpectedFraction(_) | Position::FinalFractionLookahead(_)
            );
            if own && !positions.contains(&at) {
                positions.push(at);
            }
        }
        let table = columns.table;
        let generated = columns.problem_generated;
        let schedule = Schedule::new(table, columns.policy, &positions, generated)?;
        let column = |k: usize| {
            let place = |row: usize| match schedule.place(k, row) {
                Place::After(tokens) => place(tokens),
                other => unreachable!("a fraction stands after some tokens, not {other:?}"),
            };
            (0..table.rows().len()).map(place).collect()
        };
        Ok(Self {
            columns: (0..positions.len()).map(column).collect(),
            positions,
        })
    }

    pub(super) fn stand(&self, columns: &Candidates<'_>, at: Position) -> Stand {
        match at {
            Position::Problem if columns.problem_generated => Stand::After(0),
            Position::Problem => Stand::Nowhere,
            Position::Tokens(tokens) => Stand::After(place(tokens)),
            Position::EveryTokens(step) => Stand::Every(place(step).unsigned_abs()),
            Position::Solution => Stand::End,
            Position::ExpectedFraction(_) | Position::FinalFractionLookahead(_) => {
                let column = self.positions.iter().position(|p| *p == at);
                Stand::Own(column.expect("all fractions have a column"))
            }
        }
    }

    /// The place in generation number `row` of a checkpoint that stands after some tokens, else 0.
    pub(super) fn own(&self, stand: Stand, row: usize) -> i32 {
        match stand {
            Stand::After(p) => p,
            Stand::Own(k) => self.columns[k][row],
            Stand::Nowhere | Stand::Every(_) | Stand::End => 0,
        }
    }
}

/// Where a checkpoint after `p` tokens rejects a generation of `n` tokens whose first alarm is
/// after `first`; [`NEVER`] if it does not.
pub(super) fn due_after(p: i32, first: i32, n: i32) -> i32 {
    if first <= p && p < n { p } else { NEVER }
}

/// The same for a checkpoint after every `step` tokens.
pub(super) fn due_every(step: u32, first: i32, n: i32) -> i32 {
    let place = u64::from(first.unsigned_abs().max(1).div_ceil(step)) * u64::from(step);
    if first < AT_END && place < u64::from(n.unsigned_abs()) {
        i32::try_from(place).unwrap_or(NEVER)
    } else {
        NEVER
    }
}

/// The same for a checkpoint at the complete solution.
pub(super) fn due_at_end(first: i32) -> i32 {
    if first < NEVER { AT_END } else { NEVER }
}

/// How often checkpoint number `c`, which stands at `own` where that is after some tokens, is
/// reached in a generation of `n` tokens that is stopped at the place and by the checkpoint of
/// `stop`: where it is due before, or is the stop itself.
pub(super) fn visits(stand: Stand, own: i32, c: i32, stop: (i32, i32), n: i32) -> u64 {
    let (stop, by) = stop;
    let in_turn = c <= by;
    match stand {
        Stand::Nowhere => 0,
        Stand::After(_) | Stand::Own(_) => {
            u64::from(own < n && (own < stop || (own == stop && in_turn)))
        }
        Stand::Every(step) => {
            let until = stop.min(n).unsigned_abs();
            let there = stop < AT_END && until > 0 && until % step == 0 && in_turn;
            u64::from(until.saturating_sub(1) / step) + u64::from(there)
        }
        Stand::End => u64::from(stop == NEVER || (stop == AT_END && in_turn)),
    }
}
