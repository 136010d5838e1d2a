//! Changes of state: faults that start, and faults that end, for whole columns.

use super::column::Column;
use super::normal::unit;
use super::world::{Hazard, Stage};
use crate::rng::LaneStream;

/// Room for a change of state.
#[derive(Debug)]
pub(super) struct Change {
    next: Column<i32>,
    onset: Column<i32>,
    cumulative: Column<f32>,
    goal: Column<f32>,
}

/// What a change of state reads and writes in a block.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    pub(super) state: &'a mut Column<i32>,
    pub(super) tilts: &'a [Column<f32>],
    pub(super) sticky: &'a mut [Column<u32>],
    pub(super) words: &'a mut [Column<u32>; 2],
}

impl Change {
    pub(super) fn new() -> Self {
        Self {
            next: Column::new(0),
            onset: Column::new(0),
            cumulative: Column::new(0.0),
            goal: Column::new(0.0),
        }
    }

    /// Draws what a stage does to the state of each row.
    #[inline(always)]
    pub(super) fn draw(&mut self, stage: &Stage, parts: &mut Parts<'_>, lanes: &mut LaneStream) {
        if matches!(stage.hazard, Hazard::None) && stage.recovery.is_none() {
            return;
        }
        let words = &mut parts.words[0];
        lanes.fill(&mut **words);
        let (words, state) = (&**words, &mut *parts.state);
        let next = &mut self.next;
        match &stage.hazard {
            Hazard::Same(faults)
                if faults.len() == 1 && stage.recovery.is_none() && !stage.again =>
            {
                // The usual case in one pass.
                let (fault, chance) = faults[0];
                for (s, &word) in state.iter_mut().zip(words) {
                    let starts = (*s == 0) & chance.happens(word);
                    *s = if starts { fault } else { *s };
                }
                return;
            }
            Hazard::None => next.fill(0),
            Hazard::Same(faults) => {
                next.fill(0);
                for &(fault, chance) in faults.iter().rev() {
                    for (next, &word) in next.iter_mut().zip(words) {
                        *next = if chance.happens(word) { fault } else { *next };
                    }
                }
            }
            Hazard::Tilted { clean, faults } => {
                let (cumulative, goal) = (&mut self.cumulative, &mut self.goal);
                cumulative.fill(0.0);
                for &(_, odds, tilt) in faults {
                    for (sum, tilt) in cumulative.iter_mut().zip(parts.tilts[tilt].iter()) {
                        *sum += odds * tilt;
                    }
                }
                // A fault starts if u·(clean + Σ odds) does not exceed the odds up to it: no quotient is needed.
                let (sums, goal) = (&**cumulative, &mut **goal);
                for l in 0..sums.len() {
                    goal[l] = unit(words[l]) * (sums[l] + clean);
                }
                next.fill(0);
                cumulative.fill(0.0);
                for &(fault, odds, tilt) in faults {
                    let (sums, tilts) = (&mut **cumulative, &*parts.tilts[tilt]);
                    let next = &mut **next;
                    for l in 0..sums.len() {
                        sums[l] += odds * tilts[l];
                        let reached = goal[l] <= sums[l];
                        let starts = (next[l] == 0) & reached;
                        next[l] = if starts { fault } else { next[l] };
                    }
                }
            }
        }
        let (next, onset) = (&mut **next, &mut *self.onset);
        if let Some(recovery) = &stage.recovery {
            recovery.for_each(state, |l, chance| {
                let kept = if chance.happens(words[l]) {
                    0
                } else {
                    state[l]
                };
                onset[l] = if state[l] == 0 { next[l] } else { 0 };
                next[l] = if state[l] == 0 { next[l] } else { kept };
            });
        } else {
            for l in 0..next.len() {
                onset[l] = if state[l] == 0 { next[l] } else { 0 };
                next[l] = if state[l] == 0 { next[l] } else { state[l] };
            }
        }
        state.copy_from_slice(next);
        if stage.again {
            for sticky in &mut *parts.sticky {
                lanes.fill(&mut *parts.words[1]);
                for ((word, fresh), onset) in sticky
                    .iter_mut()
                    .zip(parts.words[1].iter())
                    .zip(onset.iter())
                {
                    *word = if *onset != 0 { *fresh } else { *word };
                }
            }
        }
    }
}
