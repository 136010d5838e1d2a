//! The point estimates that decide between policies, of very many policies on one table.
//!
//! The table becomes columns of 32-bit integers: first alarms by validator, lengths, verdicts, and
//! the places of each checkpoint that stands elsewhere in every generation. A policy is then a few
//! passes of comparisons over each block of rows, which stays in the cache for all policies. All
//! sums are whole numbers, so neither threads nor blocks can change a bit. The figures are those of
//! [`Replay`](super::Replay) and its estimates, without intervals and the coin.

mod block;

use rayon::prelude::*;

use block::{AT_END, BLOCK, Block, NEVER, Scratch, Stand, Sums, Total};

use super::{FirstAlarm, Place, Schedule, ScheduleError, Table};
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

/// The figures of a policy; `None` where undefined. Their meaning is that of the estimates of the
/// same names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CandidateFigures {
    /// Share of the generations that are rejected.
    pub rejection_rate: f64,
    /// Tokens saved, checks paid, as a share of the full tokens.
    pub savings: Option<f64>,
    /// Share of the accepted that is rejected.
    pub false_rejection_rate: Option<f64>,
    /// Share of the refused that is rejected.
    pub detection_rate: Option<f64>,
    /// Cost of a retained sample, relative to that without a policy.
    pub cost_ratio: Option<f64>,
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
            let alarm = |row: usize| match table.alarms(row)[v] {
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
            table,
            policy,
            problem_generated,
        })
    }

    /// The figures of each of `candidates`, policies by their checkpoints.
    pub fn evaluate<C: AsRef<[Checkpoint<Position>]> + Sync>(
        &self,
        candidates: &[C],
    ) -> Result<Vec<CandidateFigures>, CandidatesError> {
        let places = Places::new(self, candidates)?;
        let rows = self.tokens.len();
        let mut figures = Vec::with_capacity(candidates.len());
        for some in candidates.chunks(TOGETHER) {
            let zero = || {
                let visits = |c: &C| vec![Total::default(); c.as_ref().len()];
                let sums = some.iter().map(|candidate| Sums {
                    visits: visits(candidate),
                    ..Sums::default()
                });
                sums.collect::<Vec<Sums>>()
            };
            let stands: Vec<Vec<Stand>> = some
                .iter()
                .map(|c| {
                    c.as_ref()
                        .iter()
                        .map(|c| places.stand(self, c.at))
                        .collect()
                })
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

    fn figures(&self, sums: &Sums, checkpoints: &[Checkpoint<Position>]) -> CandidateFigures {
        let [accepted, refused] = self.by_verdict.map(|n| n as f64);
        let costs = checkpoints.iter().zip(&sums.visits);
        let (mut all, mut known) = (0.0, 0.0);
        for (checkpoint, visits) in costs {
            all += visits.all as f64 * checkpoint.cost_tokens;
            known += visits.known as f64 * checkpoint.cost_tokens;
        }
        // Problems are paid in full: what is not generated is missing of the solutions.
        all -= (self.solutions.all - sums.generated.all) as f64;
        known -= (self.solutions.known - sums.generated.known) as f64;
        let ratio = |a: f64, b: f64| (b > 0.0).then(|| a / b);
        let retained = accepted - sums.rejected_accepted as f64;
        let paid = ratio(self.full.known as f64 + known, self.full.known as f64);
        CandidateFigures {
            rejection_rate: sums.rejected as f64 / self.tokens.len() as f64,
            savings: ratio(-all, self.full.all as f64),
            false_rejection_rate: ratio(sums.rejected_accepted as f64, accepted),
            detection_rate: ratio(sums.rejected_refused as f64, refused),
            cost_ratio: paid
                .zip(ratio(accepted, retained))
                .map(|(paid, lost)| paid * lost),
        }
    }
}

/// A number of tokens as a place; what is beyond all generations is never reached.
fn place(tokens: u64) -> i32 {
    i32::try_from(tokens).unwrap_or(NEVER).min(AT_END)
}

/// Places that differ between generations.
struct Places {
    positions: Vec<Position>,
    columns: Vec<Vec<i32>>,
}

impl Places {
    fn new<C: AsRef<[Checkpoint<Position>]>>(
        columns: &Candidates<'_>,
        candidates: &[C],
    ) -> Result<Self, CandidatesError> {
        let mut positions: Vec<Position> = Vec::new();
        for checkpoint in candidates.iter().flat_map(AsRef::as_ref) {
            let own = matches!(
                checkpoint.at,
                Position::ExpectedFraction(_) | Position::FinalFractionLookahead(_)
            );
            if own && !positions.contains(&checkpoint.at) {
                positions.push(checkpoint.at);
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

    fn stand(&self, columns: &Candidates<'_>, at: Position) -> Stand {
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
}
