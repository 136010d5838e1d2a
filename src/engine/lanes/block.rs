//! A block of generations, drawn stage by stage with whole columns at a time.
//!
//! Every row draws every word, whether its state needs it or not: there are no branches on data,
//! and which word decides what depends on the scenario alone. Words are drawn in this order: one
//! for each sticky validator; stage by stage the change of state, new words of the sticky validators
//! where a second fault can start, the tokens, one word for each validator consulted; last the
//! final filter's.

use rand_distr::Distribution;

use super::chance::{ByState, Chance};
use super::change::{Change, Parts};
use super::column::{Column, columns};
use super::law::{Given, Source};
use super::normal::{EXP2, Normals, exp2, unit};
use super::world::{Judge, LookKind, Seat, Stage, World};
use crate::policy::{ALARM, Checkpoint, SILENCE};
use crate::rng::{LaneStream, Stream};

/// Room for a block and for what its drawing needs.
#[derive(Debug)]
pub(super) struct Block {
    /// Difficulty in standard deviations.
    pub(super) z: Column<f32>,
    /// Final state, and the state during the drawing.
    pub(super) state: Column<i32>,
    /// Tokens by stage, in steps plus the magic number; of no meaning for a fixed law.
    pub(super) tokens: Vec<Column<f32>>,
    /// 1 for an alarm.
    pub(super) alarms: Vec<Column<i32>>,
    pub(super) scores: Vec<Column<f64>>,
    /// 1 if accepted.
    pub(super) accepted: Column<i32>,
    normals: Normals,
    normal: Column<f32>,
    words: [Column<u32>; 2],
    sticky: Vec<Column<u32>>,
    tilts: Vec<Column<f32>>,
    length: Column<f32>,
    gammas: [Column<f32>; 2],
    composite: Column<f64>,
    change: Change,
    /// What was drawn, in the terms of the plain kernel.
    #[cfg(test)]
    pub(super) record: super::twin::Record,
}

impl Block {
    pub(super) fn new(world: &World) -> Self {
        Self {
            z: Column::new(0.0),
            state: Column::new(0),
            tokens: columns(world.stages.len()),
            alarms: columns(world.alarms),
            scores: columns(world.scores),
            accepted: Column::new(0),
            normals: Normals::new(),
            normal: Column::new(0.0),
            words: [Column::new(0), Column::new(0)],
            sticky: columns(world.sticky.len()),
            tilts: columns(world.tilts.len()),
            length: Column::new(1.0),
            gammas: [Column::new(0.0), Column::new(0.0)],
            composite: Column::new(SILENCE),
            change: Change::new(),
            #[cfg(test)]
            record: super::twin::Record::default(),
        }
    }

    /// Begins a batch: nothing is left over from the last. Draws difficulties.
    #[inline(always)]
    pub(super) fn begin(&mut self, lanes: &mut LaneStream, difficulties: &mut [Column<f32>]) {
        self.normals.reset();
        for column in difficulties {
            self.normals.fill(lanes, column);
        }
    }

    /// Draws a block whose difficulties are in `z`; the first `rows` are wanted.
    #[inline(always)]
    pub(super) fn draw(
        &mut self,
        world: &World,
        rows: usize,
        lanes: &mut LaneStream,
        one: &mut Stream,
    ) {
        self.tilt(world);
        for words in &mut self.sticky {
            lanes.fill(&mut **words);
        }
        #[cfg(test)]
        self.record.verdicts(0, &world.sticky, &self.sticky);
        self.state.fill(0);
        for (k, stage) in world.stages.iter().enumerate() {
            let mut parts = Parts {
                state: &mut self.state,
                tilts: &self.tilts,
                sticky: &mut self.sticky,
                words: &mut self.words,
            };
            self.change.draw(stage, &mut parts, lanes);
            #[cfg(test)]
            self.record.change(k, stage, &self.words[0]);
            #[cfg(test)]
            if stage.again {
                self.record.verdicts(k, &world.sticky, &self.sticky);
            }
            let mut source = Source {
                lanes,
                single: one,
                normals: &mut self.normals,
                normal: &mut self.normal,
                words: &mut self.words,
            };
            let given = Given {
                state: &self.state,
                length: &self.length,
                rows,
            };
            stage
                .law
                .fill(&mut source, &stage.factors, &given, &mut self.tokens[k]);
            #[cfg(test)]
            self.record.tokens(k, &stage.law, &self.normal);
            self.look(stage, rows, lanes, one);
            #[cfg(test)]
            for look in &stage.looks {
                self.record.look(k, look, &self.scores);
            }
        }
        lanes.fill(&mut *self.words[0]);
        #[cfg(test)]
        self.record.acceptance(&self.words[0]);
        let (words, accepted) = (&self.words[0], &mut self.accepted);
        world.accepts.for_each(&self.state, |l, chance| {
            accepted[l] = i32::from(chance.happens(words[l]));
        });
    }

    /// What follows from difficulty.
    #[inline(always)]
    fn tilt(&mut self, world: &World) {
        for (column, &exponent) in self.tilts.iter_mut().zip(&world.tilts) {
            if exponent == 0.0 {
                column.fill(1.0);
                continue;
            }
            for (tilt, z) in column.iter_mut().zip(self.z.iter()) {
                *tilt = exp2(exponent * z, &EXP2);
            }
        }
        if let Some(exponent) = world.length {
            for (length, z) in self.length.iter_mut().zip(self.z.iter()) {
                *length = exp2(exponent * z, &EXP2);
            }
        }
    }

    /// Consults the validators after a stage.
    #[inline(always)]
    fn look(&mut self, stage: &Stage, rows: usize, lanes: &mut LaneStream, one: &mut Stream) {
        for look in &stage.looks {
            match &look.kind {
                LookKind::Alarm {
                    chance,
                    tilted,
                    sticky,
                } => {
                    lanes.fill(&mut *self.words[0]);
                    #[cfg(test)]
                    self.record.words(look.column, &self.words[0]);
                    let alarms = &mut self.alarms[look.column];
                    let (words, state) = (&*self.words[0], &self.state);
                    match sticky {
                        None => alarm(chance, state, words, words, alarms),
                        Some(slot) => alarm(chance, state, words, &*self.sticky[*slot], alarms),
                    }
                    if let &Some((odds, against, tilt)) = tilted {
                        let (tilts, alarms) = (&*self.tilts[tilt], &mut **alarms);
                        for l in 0..alarms.len() {
                            let odds = odds * tilts[l];
                            let falsely = unit(words[l]) * (odds + against) <= odds;
                            alarms[l] = if state[l] == 0 {
                                i32::from(falsely)
                            } else {
                                alarms[l]
                            };
                        }
                    }
                }
                LookKind::Score(laws) => {
                    let mut source = Source {
                        lanes,
                        single: one,
                        normals: &mut self.normals,
                        normal: &mut self.normal,
                        words: &mut self.words,
                    };
                    let scores = &mut self.scores[look.column];
                    laws.fill(&mut source, &self.state, rows, &mut self.gammas, scores);
                }
                LookKind::SingleScore(laws) => {
                    let scores = self.scores[look.column].iter_mut();
                    for (score, &state) in scores.zip(self.state.iter()).take(rows) {
                        let law = &laws[state.cast_unsigned() as usize];
                        *score = law.sample(one).max(f64::MIN_POSITIVE);
                    }
                }
            }
        }
    }

    /// Writes the checkpoint that rejects each row under a policy, or their number.
    #[inline(always)]
    pub(super) fn judge(
        &mut self,
        judge: &Judge,
        policy: &[Checkpoint<usize>],
        rejected_at: &mut Column<i32>,
    ) {
        let mut checkpoint = i32::try_from(policy.len()).expect("few checkpoints");
        rejected_at.fill(checkpoint);
        for (seats, rule) in judge.checkpoints().iter().zip(policy).rev() {
            checkpoint -= 1;
            if seats.iter().any(|seat| matches!(seat, Seat::Score(_))) {
                self.multiply(seats);
                for (at, &composite) in rejected_at.iter_mut().zip(self.composite.iter()) {
                    *at = if rule.rejects(composite) {
                        checkpoint
                    } else {
                        *at
                    };
                }
                continue;
            }
            for seat in seats {
                if let &Seat::Alarm(column) = seat {
                    for (at, &alarm) in rejected_at.iter_mut().zip(self.alarms[column].iter()) {
                        *at = if alarm != 0 { checkpoint } else { *at };
                    }
                }
            }
        }
    }

    /// The score that a validator gave to row `l`.
    pub(super) fn score(&self, seat: Seat, l: usize) -> f64 {
        match seat {
            Seat::Alarm(column) if self.alarms[column][l] != 0 => ALARM,
            Seat::Alarm(_) => SILENCE,
            Seat::Score(column) => self.scores[column][l],
        }
    }

    /// Multiplies the scores; without an alarm the product is positive, even where doubles underflow.
    #[inline(always)]
    fn multiply(&mut self, seats: &[Seat]) {
        self.composite.fill(SILENCE);
        for &seat in seats {
            if let Seat::Score(column) = seat {
                let scores = self.scores[column].iter();
                for (product, &score) in self.composite.iter_mut().zip(scores) {
                    *product = (*product * score).max(f64::MIN_POSITIVE);
                }
            }
        }
        for &seat in seats {
            if let Seat::Alarm(column) = seat {
                let alarms = self.alarms[column].iter();
                for (product, &alarm) in self.composite.iter_mut().zip(alarms) {
                    *product = if alarm != 0 { ALARM } else { *product };
                }
            }
        }
    }
}

/// Alarms by state: a fresh word decides in the clean state, `lasting` while a fault lasts.
#[inline(always)]
fn alarm(
    chance: &ByState<Chance>,
    state: &Column<i32>,
    fresh: &[u32],
    lasting: &[u32],
    alarms: &mut Column<i32>,
) {
    let (fresh, lasting) = (&fresh[..state.len()], &lasting[..state.len()]);
    chance.for_each(state, |l, chance| {
        // Both are read; a choice between two places would be gathered from memory.
        let faulty = u32::from(state[l] != 0).wrapping_neg();
        let word = fresh[l] ^ ((fresh[l] ^ lasting[l]) & faulty);
        alarms[l] = i32::from(chance.happens(word));
    });
}
