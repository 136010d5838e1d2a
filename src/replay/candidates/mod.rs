//! The point estimates that decide between policies, of very many policies on one table.
//!
//! The table becomes columns of 32-bit integers: first alarms by validator, lengths, verdicts, and
//! the places of each checkpoint that stands elsewhere in every generation. A policy is then a few
//! passes of comparisons over each block of rows, which stays in the cache for all policies. All
//! sums are whole numbers, so neither threads nor blocks can change a bit. The figures are those of
//! [`Replay`](super::Replay) and its estimates, without intervals and the coin.

mod block;
mod figures;
mod lattice;
mod places;
mod sums;

pub use figures::{CandidateFigures, Worth};
pub use lattice::{Lattice, Lattices, MOST_IN_LATTICE};

use rayon::prelude::*;

use block::{AT_END, BLOCK, Block, NEVER, Scratch};
use places::{Places, Stand, place};
use sums::{Sums, Total, UTILITY_STEPS, Valued};

use super::{FirstAlarm, ScheduleError, Table};
use crate::policy::{Checkpoint, PolicyFile, Position};

/// Policies whose sums are kept at a time.
const TOGETHER: usize = 256;

/// Why policies were not compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CandidatesError {
    /// Lengths do not fit.
    #[error("a generation has {0} tokens; up to {most} can be compared", most = AT_END - 1)]
    TooLong(u64),
    /// A checkpoint has no place.
    #[error("{0}")]
    Schedule(#[from] ScheduleError),
}

/// A table as columns, for comparing policies.
pub struct Candidates<'t> {
    table: &'t Table,
    policy: &'t PolicyFile,
    problem_generated: bool,
    tokens: Vec<i32>,
    /// By validator.
    alarms: Vec<Vec<i32>>,
    /// 1 where the final filter accepts, else 0.
    accepted: Vec<i32>,
    /// 1 where it refuses, else 0.
    refused: Vec<i32>,
    /// Number of the accepted and of the refused.
    by_verdict: [u64; 2],
    /// Tokens in full.
    full: Total,
    /// Tokens of the solutions.
    solutions: Total,
    /// What is watched of the accepted that a policy rejects.
    watched: Option<Watched>,
}

/// What the accepted are, beside accepted.
struct Watched {
    /// Covariates of the table, with the number of the first level of each.
    covariates: Vec<(usize, usize)>,
    /// Levels of the covariate whose false rejection rates are watched.
    strata: std::ops::Range<usize>,
    /// Levels of the covariate whose law is watched.
    law: Option<std::ops::Range<usize>>,
    /// The accepted by level, covariate by covariate.
    accepted: Vec<u64>,
    /// The accepted whose utility is known.
    valued: Valued,
}

impl<'t> Candidates<'t> {
    /// Prepares a table whose columns are the validators of `policy`, from which expected lengths
    /// come.
    pub fn new(
        table: &'t Table,
        policy: &'t PolicyFile,
        problem_generated: bool,
    ) -> Result<Self, CandidatesError> {
        let rows = table.rows();
        let tokens = rows.iter().map(|row| {
            let tokens = i32::try_from(row.tokens).ok().filter(|n| *n < AT_END);
            tokens.ok_or(CandidatesError::TooLong(row.tokens))
        });
        let alarms = (0..table.validators().len()).map(|v| {
            let alarm = |row: usize| match table.alarms(row).of(v) {
                FirstAlarm::Tokens(tokens) => place(tokens),
                FirstAlarm::AtEnd => AT_END,
                FirstAlarm::Never => NEVER,
            };
            (0..rows.len()).map(alarm).collect()
        });
        let verdict = |wanted| {
            rows.iter()
                .map(move |row| i32::from(row.accepted == wanted))
        };
        let (mut full, mut solutions) = (Total::default(), Total::default());
        for row in rows {
            let of = |tokens: u64| Total {
                all: tokens,
                known: u64::from(row.accepted.is_some()) * tokens,
            };
            solutions.add(of(row.tokens));
            full.add(of(row.tokens));
            full.add(of(u64::from(problem_generated) * row.problem_tokens));
        }
        let count =
            |wanted: bool| rows.iter().filter(|r| r.accepted == Some(wanted)).count() as u64;
        Ok(Self {
            by_verdict: [count(true), count(false)],
            tokens: tokens.collect::<Result<_, _>>()?,
            alarms: alarms.collect(),
            accepted: verdict(Some(true)).collect(),
            refused: verdict(Some(false)).collect(),
            full,
            solutions,
            watched: None,
            table,
            policy,
            problem_generated,
        })
    }

    /// Also follows what becomes of the utility of the accepted, of their levels in the table's
    /// covariate number `strata`, and of their law over its covariate number `law`.
    pub fn watching(mut self, strata: Option<usize>, law: Option<usize>) -> Self {
        let levels = |covariate: Option<usize>| {
            covariate.map_or(0, |c| self.table.covariates()[c].levels.len())
        };
        let (first, all) = (levels(strata), levels(strata) + levels(law));
        let covariates = strata.map(|c| (c, 0)).into_iter();
        let watched = Watched {
            covariates: covariates.chain(law.map(|c| (c, first))).collect(),
            strata: 0..first,
            law: law.map(|_| first..all),
            accepted: vec![0; all],
            valued: Valued::default(),
        };
        self.watched = Some(watched);
        let mut sums = Sums::new(0, all);
        for row in 0..self.tokens.len() {
            if self.accepted[row] == 1 {
                self.add_lost(row, &mut sums);
            }
        }
        if let Some(watched) = &mut self.watched {
            watched.accepted = sums.lost_by_level;
            watched.valued = sums.lost;
        }
        self
    }

    fn is_watching(&self) -> bool {
        self.watched.is_some()
    }

    /// Number of levels of all watched covariates.
    fn levels(&self) -> usize {
        let watched = self.watched.as_ref();
        watched.map_or(0, |watched| watched.accepted.len())
    }

    /// Notes that accepted generation number `row` is lost.
    fn add_lost(&self, row: usize, sums: &mut Sums) {
        let Some(watched) = &self.watched else {
            return;
        };
        if let Some(utility) = self.table.rows()[row].utility {
            sums.lost.count += 1;
            sums.lost.utility += steps(utility);
        }
        for &(covariate, first) in &watched.covariates {
            sums.lost_by_level[first + self.table.level(covariate, row) as usize] += 1;
        }
    }

    /// Whether `candidate`, a policy by its checkpoints, rejects each generation.
    pub fn rejected(
        &self,
        candidate: &[Checkpoint<Position>],
    ) -> Result<Vec<bool>, CandidatesError> {
        let places = Places::new(self, candidate.iter().map(|c| c.at))?;
        let stands = self.stands(&places, candidate);
        let rows = self.tokens.len();
        let blocks = (0..rows.div_ceil(BLOCK)).into_par_iter();
        let rejected = blocks.map(|block| {
            let range = block * BLOCK..rows.min((block + 1) * BLOCK);
            let mut scratch = Scratch::new();
            let block = Block {
                columns: self,
                places: &places,
                range: range.clone(),
                checkpoints: candidate,
                stands: &stands,
            };
            block.judge(&mut scratch);
            scratch.rejected(range.len())
        });
        let rejected: Vec<Vec<bool>> = rejected.collect();
        Ok(rejected.concat())
    }

    fn stands(&self, places: &Places, candidate: &[Checkpoint<Position>]) -> Vec<Stand> {
        let stand = |c: &Checkpoint<Position>| places.stand(self, c.at);
        candidate.iter().map(stand).collect()
    }

    /// The figures of each of `candidates`, policies by their checkpoints.
    pub fn evaluate<C: AsRef<[Checkpoint<Position>]> + Sync>(
        &self,
        candidates: &[C],
    ) -> Result<Vec<CandidateFigures>, CandidatesError> {
        let used = candidates.iter().flat_map(AsRef::as_ref).map(|c| c.at);
        let places = Places::new(self, used)?;
        let rows = self.tokens.len();
        let mut figures = Vec::with_capacity(candidates.len());
        for some in candidates.chunks(TOGETHER) {
            let zero = || {
                let sums = some
                    .iter()
                    .map(|candidate| Sums::new(candidate.as_ref().len(), self.levels()));
                sums.collect::<Vec<Sums>>()
            };
            let stands: Vec<Vec<Stand>> = some
                .iter()
                .map(|c| self.stands(&places, c.as_ref()))
                .collect();
            let sums = (0..rows.div_ceil(BLOCK))
                .into_par_iter()
                .fold(zero, |mut sums, block| {
                    let start = block * BLOCK;
                    let range = start..rows.min(start + BLOCK);
                    let mut scratch = Scratch::new();
                    for ((sum, candidate), stands) in sums.iter_mut().zip(some).zip(&stands) {
                        let block = Block {
                            columns: self,
                            places: &places,
                            range: range.clone(),
                            checkpoints: candidate.as_ref(),
                            stands,
                        };
                        block.judge(&mut scratch);
                        block.count(&scratch, sum);
                    }
                    sums
                })
                .reduce(zero, |mut sums, more| {
                    for (sum, more) in sums.iter_mut().zip(&more) {
                        sum.add(more);
                    }
                    sums
                });
            let each = sums.iter().zip(some);
            figures.extend(each.map(|(sums, c)| self.figures(sums, c.as_ref())));
        }
        Ok(figures)
    }
}

/// A utility in [0, 1] as a whole number of steps.
fn steps(utility: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and UTILITY_STEPS"
    )]
    let steps = (utility * UTILITY_STEPS).round() as u64;
    steps
}
