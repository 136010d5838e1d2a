//! A policy applied to every generation of a table, as outcomes.

use super::rejections::Rejections;
use super::{Judgement, Place, Schedule, ScheduleError, Stop, Table, judge};
use crate::outcome::{Covariate, Frame, Knowledge, NEVER, OutcomeBatch};
use crate::policy::{Checkpoint, PolicyFile, Position};

/// A checkpoint at every token that asks nobody.
static ANYWHERE: [Checkpoint<Position>; 1] = [Checkpoint {
    at: Position::EveryTokens(1),
    validators: Vec::new(),
    threshold: 0.0,
    cost_tokens: 0.0,
}];

/// What a policy does to each generation of a table.
pub struct Replay<'t> {
    table: &'t Table,
    checkpoints: &'t [Checkpoint<Position>],
    schedule: Schedule,
    judgements: Vec<Judgement>,
    problem_generated: bool,
}

impl<'t> Replay<'t> {
    /// Judges every generation of `table` at `checkpoints`, whose validators are those of `policy`
    /// and whose expected lengths come from it. Where the problem was generated too, its tokens
    /// are paid and it can be checked.
    pub fn new(
        table: &'t Table,
        policy: &PolicyFile,
        checkpoints: &'t [Checkpoint<Position>],
        problem_generated: bool,
    ) -> Result<Self, ScheduleError> {
        let positions: Vec<Position> = checkpoints.iter().map(|c| c.at).collect();
        let schedule = Schedule::new(table, policy, &positions, problem_generated)?;
        Ok(Self::scheduled(
            table,
            checkpoints,
            schedule,
            problem_generated,
        ))
    }

    fn scheduled(
        table: &'t Table,
        checkpoints: &'t [Checkpoint<Position>],
        schedule: Schedule,
        problem_generated: bool,
    ) -> Self {
        let rows = table.rows().iter().enumerate();
        let judgements = rows
            .map(|(i, row)| judge(checkpoints, schedule.places(i), table.alarms(i), row.tokens))
            .collect();
        Self {
            table,
            checkpoints,
            schedule,
            judgements,
            problem_generated,
        }
    }

    /// The checkpoints with those of their validators that are to be kept; one without any is gone.
    pub fn checkpoints_of(&self, keep: impl Fn(usize) -> bool) -> Vec<Checkpoint<Position>> {
        let mut kept = self.checkpoints.to_vec();
        for checkpoint in &mut kept {
            checkpoint.validators.retain(|&v| keep(v));
        }
        kept.retain(|checkpoint| !checkpoint.validators.is_empty());
        kept
    }

    /// The same generations under some of the checkpoints, see [`Replay::checkpoints_of`].
    pub fn at<'c>(&self, checkpoints: &'c [Checkpoint<Position>]) -> Replay<'c>
    where
        't: 'c,
    {
        let number = |c: &Checkpoint<Position>| self.checkpoints.iter().position(|d| d.at == c.at);
        let kept: Vec<usize> = checkpoints.iter().filter_map(number).collect();
        assert_eq!(kept.len(), checkpoints.len(), "each is one of these");
        let schedule = self.schedule.of(&kept);
        Replay::scheduled(self.table, checkpoints, schedule, self.problem_generated)
    }

    /// The same for a stop that is told from outside instead of by validators: generation number i
    /// is rejected after `stops[i]` solution tokens, at most as many as it has, if that is given.
    /// Nothing is charged, and the stop may stand at every token.
    pub fn stopping(
        table: &'t Table,
        policy: &PolicyFile,
        stops: &[Option<u64>],
        problem_generated: bool,
    ) -> Result<Self, ScheduleError> {
        let mut replay = Self::new(table, policy, &ANYWHERE, problem_generated)?;
        for (judgement, stop) in replay.judgements.iter_mut().zip(stops) {
            judgement.stop = stop.map(|tokens| Stop {
                checkpoint: 0,
                tokens,
            });
        }
        Ok(replay)
    }

    /// The generations.
    pub fn table(&self) -> &'t Table {
        self.table
    }

    /// The checkpoints at which they are judged.
    pub fn checkpoints(&self) -> &'t [Checkpoint<Position>] {
        self.checkpoints
    }

    /// Where the checkpoints stand.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Whether the problem was generated, too.
    pub fn problem_generated(&self) -> bool {
        self.problem_generated
    }

    /// What happened to generation number `row`.
    pub fn judgement(&self, row: usize) -> &Judgement {
        &self.judgements[row]
    }

    /// Tokens of generation number `row` in full; those of its problem count where it was
    /// generated.
    pub fn tokens_full(&self, row: usize) -> u64 {
        let row = &self.table.rows()[row];
        row.tokens + self.problem_tokens(row.problem_tokens)
    }

    /// Tokens generated of generation number `row` until its rejection or its end.
    pub fn tokens_generated(&self, row: usize) -> u64 {
        let stop = self.judgements[row].stop;
        let row = &self.table.rows()[row];
        stop.map_or(row.tokens, |stop| stop.tokens) + self.problem_tokens(row.problem_tokens)
    }

    fn problem_tokens(&self, tokens: u64) -> u64 {
        if self.problem_generated { tokens } else { 0 }
    }

    /// The outcomes of some generations, `rows`, of which at least `knowledge` is known; with the
    /// table's covariates, or without any.
    pub fn outcomes(
        &self,
        rows: &[usize],
        knowledge: Knowledge,
        covariates: bool,
    ) -> (Frame, OutcomeBatch) {
        let table = self.table;
        let covariates = if covariates { table.covariates() } else { &[] };
        // All generations of a prompt stand next to each other.
        let mut rows = rows.to_vec();
        rows.sort_by_key(|&i| table.rows()[i].prompt);
        let rejections = self.rejections(&rows);
        let several = self.has_several_places();
        let mut batch = OutcomeBatch {
            covariates: vec![Vec::new(); covariates.len()],
            ..OutcomeBatch::default()
        };
        for &i in &rows {
            let (row, judgement) = (&table.rows()[i], &self.judgements[i]);
            let stop = judgement.stop;
            batch.prompt.push(row.prompt as u64);
            batch.tokens_full.push(self.tokens_full(i) as f64);
            batch
                .tokens_paid
                .push(self.tokens_generated(i) as f64 + judgement.cost);
            batch.checkpoint_cost.push(judgement.cost);
            let at = stop.and_then(|stop| u32::try_from(stop.checkpoint).ok());
            batch.rejected_at.push(at.unwrap_or(NEVER));
            for (place, rejections) in self.schedule.places(i).iter().zip(&rejections) {
                batch.remaining.push(match *place {
                    Place::Nowhere | Place::End => 0.0,
                    Place::After(p) => row.tokens.saturating_sub(p) as f64,
                    Place::Every(_) => rejections.saved_by_coin(row.tokens),
                });
            }
            if several {
                let excess =
                    stop.map_or(0.0, |stop| match self.schedule.places(i)[stop.checkpoint] {
                        Place::Every(_) => rejections[stop.checkpoint].excess(stop.tokens),
                        _ => 0.0,
                    });
                batch.place_excess.push(excess);
            }
            if knowledge.verdict {
                batch.accepted.push(row.accepted == Some(true));
            }
            if knowledge.utility {
                batch.utility.push(row.utility.unwrap_or(0.0));
            }
            for (covariate, column) in batch.covariates.iter_mut().enumerate() {
                column.push(table.level(covariate, i));
            }
        }
        (self.frame(&batch, knowledge, covariates), batch)
    }

    fn has_several_places(&self) -> bool {
        let every = |c: &Checkpoint<Position>| matches!(c.at, Position::EveryTokens(_));
        self.checkpoints.iter().any(every)
    }

    /// Rejections among `rows`, by checkpoint.
    fn rejections(&self, rows: &[usize]) -> Vec<Rejections> {
        let mut tokens: Vec<u64> = rows.iter().map(|&i| self.table.rows()[i].tokens).collect();
        tokens.sort_unstable();
        (0..self.checkpoints.len())
            .map(|c| {
                let stops = rows.iter().filter_map(|&i| self.judgements[i].stop);
                let here = stops.filter(|stop| stop.checkpoint == c);
                Rejections::new(here.map(|stop| stop.tokens), &tokens)
            })
            .collect()
    }

    fn frame(&self, batch: &OutcomeBatch, knowledge: Knowledge, covariates: &[Covariate]) -> Frame {
        let largest = |values: &[f64]| values.iter().fold(1.0, |top: f64, &x| top.max(x));
        Frame {
            checkpoints: self.checkpoints.len(),
            covariates: covariates.to_vec(),
            typical_tokens: largest(&batch.tokens_full),
            typical_cost: largest(&batch.checkpoint_cost),
            knowledge,
        }
    }
}
