//! A policy applied to every generation of a table, as outcomes.

use std::ops::Range;

use super::alarms::Set;
use super::rejections::Rejections;
use super::{Judgement, Place, Row, Schedule, ScheduleError, Stop, Table, judge};
use crate::outcome::{Frame, Knowledge, NEVER, OutcomeBatch};
use crate::policy::{Checkpoint, PolicyFile, Position};

/// A checkpoint at every token that asks nobody.
static ANYWHERE: [Checkpoint<Position>; 1] = [Checkpoint {
    at: Position::EveryTokens(1),
    validators: Vec::new(),
    threshold: 0.0,
    cost_tokens: 0.0,
}];

/// What a policy does to each generation of a table.
///
/// Generations are judged when they are asked for, which takes little longer than to look up what was
/// known: of many policies only some of the generations matter.
pub struct Replay<'t> {
    table: &'t Table,
    checkpoints: &'t [Checkpoint<Position>],
    schedule: Schedule,
    /// By validator: the checkpoints that consult it.
    consulting: Vec<Vec<usize>>,
    /// Validators that any checkpoint consults.
    consulted: Set,
    /// Whether no checkpoint charges anything.
    free: bool,
    /// What stops generations in place of the checkpoints, see [`Replay::stopping`].
    stops: Option<&'t [Option<u64>]>,
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
        let validators = table.validators().len();
        let consults = |c: usize, v: usize| checkpoints[c].validators.contains(&v);
        let consulting = |v: usize| (0..checkpoints.len()).filter(|&c| consults(c, v)).collect();
        let consulting: Vec<Vec<usize>> = (0..validators).map(consulting).collect();
        let consulted = (0..validators).filter(|&v| !consulting[v].is_empty());
        Self {
            table,
            checkpoints,
            schedule,
            consulted: Set::of(consulted, validators),
            consulting,
            free: checkpoints.iter().all(|c| c.cost_tokens <= 0.0),
            stops: None,
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
        stops: &'t [Option<u64>],
        problem_generated: bool,
    ) -> Result<Self, ScheduleError> {
        let mut replay = Self::new(table, policy, &ANYWHERE, problem_generated)?;
        replay.stops = Some(stops);
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

    /// The checkpoints that consult validator number `validator`.
    pub(super) fn consulting(&self, validator: usize) -> &[usize] {
        &self.consulting[validator]
    }

    /// Whether the problem was generated, too.
    pub fn problem_generated(&self) -> bool {
        self.problem_generated
    }

    /// What happened to generation number `row`.
    pub fn judgement(&self, row: usize) -> Judgement {
        let at = |tokens| Stop {
            checkpoint: 0,
            tokens,
        };
        if let Some(stops) = self.stops {
            return Judgement {
                stop: stops[row].map(at),
                cost: 0.0,
            };
        }
        // On most generations nobody alarms, and nothing more is to be known.
        if self.is_spared(row) {
            return Judgement::default();
        }
        let place = |c: usize| self.schedule.place(c, row);
        let raised = self.table.alarms(row).raised();
        let tokens = self.table.rows()[row].tokens;
        judge(self.checkpoints, place, raised, tokens)
    }

    /// Whether nothing is charged and no validator that is consulted alarms on generation number `row`.
    pub(super) fn is_spared(&self, row: usize) -> bool {
        self.free && self.table.are_silent(row, &self.consulted)
    }

    /// Tokens of generation number `row` in full; those of its problem count where it was
    /// generated.
    pub fn tokens_full(&self, row: usize) -> u64 {
        let row = &self.table.rows()[row];
        row.tokens + self.problem_tokens(row.problem_tokens)
    }

    /// Tokens generated of generation number `row` until its rejection or its end.
    pub fn tokens_generated(&self, row: usize) -> u64 {
        self.tokens_until(row, self.judgement(row).stop)
    }

    pub(super) fn tokens_until(&self, row: usize, stop: Option<Stop>) -> u64 {
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
        let frame = self.frame(rows, knowledge, covariates);
        let outcomes = self.prepared(rows.to_vec(), frame);
        let batch = outcomes.batch(0..rows.len());
        (outcomes.frame, batch)
    }

    /// What outcomes of the generations number `rows` have in common, of which at least `knowledge`
    /// is known; with the table's covariates, or without any.
    pub fn frame(&self, rows: &[usize], knowledge: Knowledge, covariates: bool) -> Frame {
        let covariates = if covariates {
            self.table.covariates()
        } else {
            &[]
        };
        let longest = rows.iter().map(|&i| self.tokens_full(i)).max();
        let costs = rows.iter().map(|&i| self.judgement(i).cost);
        Frame {
            checkpoints: self.checkpoints.len(),
            covariates: covariates.to_vec(),
            typical_tokens: longest.unwrap_or(0).max(1) as f64,
            typical_cost: if self.free {
                1.0
            } else {
                costs.fold(1.0, f64::max)
            },
            knowledge,
        }
    }

    /// The outcomes of some generations, `rows`, to be had in batches of `frame`.
    pub fn prepared(&self, rows: Vec<usize>, frame: Frame) -> Outcomes<'_> {
        self.of_prompts(self.table.by_prompt(rows), frame)
    }

    /// The same of generations those of one prompt of which stand next to each other already.
    pub fn of_prompts(&self, rows: Vec<usize>, frame: Frame) -> Outcomes<'_> {
        Outcomes {
            rejections: self.rejections(&rows),
            replay: self,
            rows,
            frame,
        }
    }

    fn has_several_places(&self, checkpoint: usize) -> bool {
        matches!(self.checkpoints[checkpoint].at, Position::EveryTokens(_))
    }

    /// Rejections among `rows` at each checkpoint that stands at several places.
    fn rejections(&self, rows: &[usize]) -> Vec<Option<Rejections>> {
        let mut tokens = Vec::new();
        let mut rejections = |c: usize| {
            if tokens.is_empty() {
                tokens.extend(rows.iter().map(|&i| self.table.rows()[i].tokens));
                tokens.sort_unstable();
            }
            let stops = rows.iter().filter_map(|&i| self.judgement(i).stop);
            let here = stops.filter(|stop| stop.checkpoint == c);
            Rejections::new(here.map(|stop| (stop.tokens, 1.0)), &tokens)
        };
        (0..self.checkpoints.len())
            .map(|c| self.has_several_places(c).then(|| rejections(c)))
            .collect()
    }
}

/// Generations in a batch, more or less: whole prompts.
const BATCH: usize = 1 << 12;

/// Outcomes of some generations that can be had batch by batch.
pub struct Outcomes<'r> {
    replay: &'r Replay<'r>,
    /// Those of one prompt next to each other.
    rows: Vec<usize>,
    /// By checkpoint; of those that stand at several places.
    rejections: Vec<Option<Rejections>>,
    frame: Frame,
}

impl Outcomes<'_> {
    /// What the batches have in common.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// Ranges of generations for [`Outcomes::batch`], all of them together.
    pub fn ranges(&self) -> Vec<Range<usize>> {
        ranges(self.replay.table.rows(), &self.rows)
    }

    /// The outcomes of all of them in one batch.
    pub fn whole(&self) -> OutcomeBatch {
        self.batch(0..self.rows.len())
    }

    /// The outcomes of a range of the generations, in the order of their prompts.
    pub fn batch(&self, range: Range<usize>) -> OutcomeBatch {
        let (replay, knowledge) = (self.replay, self.frame.knowledge);
        let (table, rows) = (replay.table, &self.rows[range]);
        let of = |i: usize| &table.rows()[i];
        let checkpoints = 0..replay.checkpoints.len();
        let remaining =
            |i: usize, c: usize| match (replay.schedule.place(c, i), &self.rejections[c]) {
                (Place::After(p), _) => of(i).tokens.saturating_sub(p) as f64,
                (Place::Every(_), Some(rejections)) => rejections.saved_by_coin(of(i).tokens),
                _ => 0.0,
            };
        let judgements = column(rows, true, |i| replay.judgement(i));
        let rejected_at = |judgement: &Judgement| {
            let checkpoint = judgement.stop?.checkpoint;
            u32::try_from(checkpoint).ok()
        };
        let excess = |judgement: &Judgement| {
            let stop = judgement.stop?;
            let rejections = self.rejections[stop.checkpoint].as_ref()?;
            Some(rejections.excess(stop.tokens))
        };
        let each = judgements.iter();
        let paid = each.clone().zip(rows).map(|(judgement, &i)| {
            let generated = replay.tokens_until(i, judgement.stop);
            generated as f64 + judgement.cost
        });
        let several = self.rejections.iter().any(Option::is_some);
        let excesses = each.clone().filter(|_| several);
        let mut remain = Vec::with_capacity(rows.len() * checkpoints.len());
        for &i in rows {
            remain.extend(checkpoints.clone().map(|c| remaining(i, c)));
        }
        OutcomeBatch {
            prompt: column(rows, true, |i| of(i).prompt as u64),
            tokens_full: column(rows, true, |i| replay.tokens_full(i) as f64),
            tokens_paid: paid.collect(),
            checkpoint_cost: each.clone().map(|judgement| judgement.cost).collect(),
            rejected_at: each.map(|j| rejected_at(j).unwrap_or(NEVER)).collect(),
            remaining: remain,
            place_excess: excesses.map(|j| excess(j).unwrap_or(0.0)).collect(),
            accepted: column(rows, knowledge.verdict, |i| of(i).accepted == Some(true)),
            utility: column(rows, knowledge.utility, |i| of(i).utility.unwrap_or(0.0)),
            covariates: (0..self.frame.covariates.len())
                .map(|covariate| column(rows, true, |i| table.level(covariate, i)))
                .collect(),
            trace: None,
            early_exit: None,
        }
    }
}

/// Ranges of some generations, those of one prompt of which stand next to each other: some whole
/// prompts each.
pub(super) fn ranges(table: &[Row], rows: &[usize]) -> Vec<Range<usize>> {
    let prompt = |i: usize| table[rows[i]].prompt;
    let mut ranges = Vec::new();
    let mut start = 0;
    while start < rows.len() {
        let mut end = (start + BATCH).min(rows.len());
        while end < rows.len() && prompt(end) == prompt(end - 1) {
            end += 1;
        }
        ranges.push(start..end);
        start = end;
    }
    ranges
}

/// A value for each of `rows`, where there is something to say.
fn column<T>(rows: &[usize], known: bool, of: impl Fn(usize) -> T) -> Vec<T> {
    let rows = if known { rows } else { &[] };
    rows.iter().map(|&i| of(i)).collect()
}
