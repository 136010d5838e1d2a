//! What would a policy have saved, cost and done to the data of a log?
//!
//! The figures of a simulation, from generations that were logged in full. Nothing is drawn:
//! intervals are about the prompts that the log might have held instead.

mod outcome;
pub mod positions;
mod warnings;

pub use crate::policy::Position;
pub use crate::replay::{Excerpt, FirstAlarm};
pub use outcome::{FirstAlarmOutcome, GenerationOutcome, outcomes};

use serde::Serialize;

use super::named::as_map;
use super::{Named, RESULT_SCHEMA};
use crate::estimate::{self, Estimate, Estimates, NAMES, Tally};
use crate::outcome::{Fold, Knowledge};
use crate::policy::{Checkpoint, PolicyFile};
use crate::replay::{Group, Replay, ScheduleError, Table};

/// How the log was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Intake {
    /// Malformed lines that were left out.
    pub skipped: u64,
    /// Whether reading was interrupted.
    pub partial: bool,
}

/// Generations by what the final filter says of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ByVerdict {
    /// It accepts them.
    pub accepted: u64,
    /// It does not.
    pub refused: u64,
    /// That is not known.
    pub unknown: u64,
}

impl ByVerdict {
    fn add(&mut self, accepted: Option<bool>) {
        *match accepted {
            Some(true) => &mut self.accepted,
            Some(false) => &mut self.refused,
            None => &mut self.unknown,
        } += 1;
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.accepted + self.refused + self.unknown
    }
}

/// Rejections at one checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckpointRejections {
    /// Where it stands.
    pub at: Position,
    /// `q_k`; undefined where the checkpoint does not apply.
    #[serde(flatten)]
    pub rate: Estimate,
    /// Generations that it rejects.
    pub rejected: ByVerdict,
}

/// What one validator alone says of the full generations.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ValidatorFindings {
    /// Its name.
    pub name: String,
    /// Its rule.
    pub rule: &'static str,
    /// Share of all generations on which it alarms, at the latest when they are complete.
    pub alarm_rate: Estimate,
    /// The same among the accepted.
    pub false_rejection_rate: Estimate,
    /// The same among the refused.
    pub detection_rate: Estimate,
    /// Median of the first alarm, as a share in [0, 1] of the generation's tokens; of those on
    /// which it alarms.
    pub first_alarm_median: Option<f64>,
}

/// The generations of one model on one benchmark.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupEstimates {
    /// Model and benchmark.
    #[serde(flatten)]
    pub group: Group,
    /// Generations.
    pub records: u64,
    /// All estimates in the order of [`NAMES`].
    #[serde(serialize_with = "as_map")]
    pub estimates: Vec<Named<Estimate>>,
}

/// The result of a replay.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReplayFindings {
    /// [`RESULT_SCHEMA`].
    pub schema: &'static str,
    /// Name of the policy.
    pub policy: String,
    /// Generations that the estimates rest on.
    pub records: u64,
    /// Pairs of benchmark and prompt.
    pub prompts: u64,
    /// Malformed lines that were left out.
    pub skipped: u64,
    /// `None`: nothing is drawn.
    pub seed: Option<u64>,
    /// Whether reading was interrupted.
    pub partial: bool,
    /// Whether the problems count as generated.
    pub problem_generated: bool,
    /// All estimates in the order of [`NAMES`].
    #[serde(serialize_with = "as_map")]
    pub estimates: Vec<Named<Estimate>>,
    /// Gross savings less the coin's, as a share of the full tokens.
    pub covariance_slack: Estimate,
    /// `cost_ratio` − `null_cost_ratio` on the same generations: below 0 the validators know
    /// something.
    pub cost_beyond_coin: Estimate,
    /// One per checkpoint of the policy.
    pub rejections_by_stage: Vec<CheckpointRejections>,
    /// Generations that survive.
    pub surviving: ByVerdict,
    /// TV between what is retained and what would have been accepted, by covariate.
    #[serde(serialize_with = "as_map")]
    pub shifts: Vec<Named<Estimate>>,
    /// By model and benchmark.
    pub groups: Vec<GroupEstimates>,
    /// f and factor by model, benchmark and attribute.
    pub strata: Vec<estimate::Group>,
    /// Each validator of the policy by itself.
    pub validators: Vec<ValidatorFindings>,
    /// What a reader has to know before trusting the numbers.
    pub warnings: Vec<String>,
}

impl ReplayFindings {
    /// The estimate called `name`.
    pub fn get(&self, name: &str) -> Option<Estimate> {
        let found = self.estimates.iter().find(|e| e.name == name);
        found.map(|e| e.value)
    }
}

/// What `replay`, of `policy` on `table`, did to the generations.
pub fn findings(
    policy: &PolicyFile,
    table: &Table,
    replay: &Replay<'_>,
    intake: Intake,
) -> Result<ReplayFindings, ScheduleError> {
    let all: Vec<usize> = (0..table.rows().len()).collect();
    let (tally, estimates) = estimates(table, replay, &all, true);
    let by_group = table.groups().iter().enumerate().map(|(g, group)| {
        let rows = all.iter().copied().filter(|&i| table.rows()[i].group == g);
        let rows: Vec<usize> = rows.collect();
        GroupEstimates {
            group: group.clone(),
            records: rows.len() as u64,
            estimates: named(&plain_estimates(table, replay, &rows)),
        }
    });
    let shift = |(name, value): &(String, Estimate)| Named {
        name: name.clone(),
        value: *value,
    };
    let surviving = all.iter().filter(|&&i| replay.judgement(i).stop.is_none());
    Ok(ReplayFindings {
        schema: RESULT_SCHEMA,
        policy: policy.name().to_owned(),
        records: all.len() as u64,
        prompts: table.prompts() as u64,
        skipped: intake.skipped,
        seed: None,
        partial: intake.partial,
        problem_generated: replay.problem_generated(),
        covariance_slack: estimates.covariance_slack,
        cost_beyond_coin: estimates.cost_beyond_coin,
        rejections_by_stage: rejections(policy, table, replay, &estimates),
        surviving: by_verdict(table, surviving.copied()),
        groups: by_group.collect(),
        validators: validators(policy, table)?,
        warnings: warnings::warnings(policy, table, replay, (&tally, &estimates), intake),
        estimates: named(&estimates),
        shifts: estimates.shifts.iter().map(shift).collect(),
        strata: estimates.groups,
    })
}

fn named(estimates: &Estimates) -> Vec<Named<Estimate>> {
    let named = |&name: &&str| Named {
        name: name.to_owned(),
        value: estimates.by_name.get(name).copied().unwrap_or_default(),
    };
    NAMES.iter().map(named).collect()
}

/// Estimates from generations number `rows`, without covariates.
fn plain_estimates(table: &Table, replay: &Replay<'_>, rows: &[usize]) -> Estimates {
    estimates(table, replay, rows, false).1
}

/// Estimates from generations number `rows`: each from those of them that enough is known of. The
/// tally is of all.
fn estimates(
    table: &Table,
    replay: &Replay<'_>,
    rows: &[usize],
    covariates: bool,
) -> (Tally, Estimates) {
    let known = |i: usize| {
        let row = &table.rows()[i];
        Knowledge {
            verdict: row.accepted.is_some(),
            utility: row.utility.is_some(),
        }
    };
    let tally = |knowledge: Knowledge| {
        let enough = |i: &usize| {
            let known = known(*i);
            (known.verdict || !knowledge.verdict) && (known.utility || !knowledge.utility)
        };
        let rows: Vec<usize> = rows.iter().copied().filter(enough).collect();
        let (frame, batch) = replay.outcomes(&rows, knowledge, covariates);
        let mut tally = Tally::new(&frame);
        tally.fold(&batch);
        tally
    };
    if rows.iter().all(|&i| known(i) == Knowledge::FULL) {
        let tally = tally(Knowledge::FULL);
        let estimates = Estimates::new(&tally);
        return (tally, estimates);
    }
    let with = |verdict: bool, utility: bool| tally(Knowledge { verdict, utility });
    let all = with(false, false);
    let estimates = [(true, false), (false, true), (true, true)]
        .into_iter()
        .fold(Estimates::new(&all), |estimates, (verdict, utility)| {
            estimates.or(Estimates::new(&with(verdict, utility)))
        });
    (all, estimates)
}

fn by_verdict(table: &Table, rows: impl Iterator<Item = usize>) -> ByVerdict {
    let mut counts = ByVerdict::default();
    rows.for_each(|i| counts.add(table.rows()[i].accepted));
    counts
}

fn rejections(
    policy: &PolicyFile,
    table: &Table,
    replay: &Replay<'_>,
    estimates: &Estimates,
) -> Vec<CheckpointRejections> {
    let checkpoints = policy.checkpoints().iter().enumerate();
    checkpoints
        .map(|(c, checkpoint)| {
            let rejected_here = |i: &usize| {
                let stop = replay.judgement(*i).stop;
                stop.is_some_and(|stop| stop.checkpoint == c)
            };
            let applies = checkpoint.at != Position::Problem || replay.problem_generated();
            CheckpointRejections {
                at: checkpoint.at,
                rate: if applies {
                    estimates.rejections[c]
                } else {
                    Estimate::default()
                },
                rejected: by_verdict(table, (0..table.rows().len()).filter(rejected_here)),
            }
        })
        .collect()
}

/// Each validator by itself, as a policy that consults nothing else and only at the end.
fn validators(policy: &PolicyFile, table: &Table) -> Result<Vec<ValidatorFindings>, ScheduleError> {
    let all: Vec<usize> = (0..table.rows().len()).collect();
    let validators = policy.validators().iter().enumerate();
    validators
        .map(|(v, validator)| {
            let alone = [Checkpoint {
                at: Position::Solution,
                validators: vec![v],
                threshold: 0.0,
                cost_tokens: 0.0,
            }];
            let replay = Replay::new(table, policy, &alone, false)?;
            let estimates = plain_estimates(table, &replay, &all);
            let rate = |name: &str| estimates.by_name.get(name).copied().unwrap_or_default();
            Ok(ValidatorFindings {
                name: validator.name.clone(),
                rule: validator.rule,
                alarm_rate: rate("rejection_rate"),
                false_rejection_rate: rate("false_rejection_rate"),
                detection_rate: rate("detection_rate"),
                first_alarm_median: median_place(table, v),
            })
        })
        .collect()
}

/// Median of the validator's first alarm as a share of the tokens.
fn median_place(table: &Table, validator: usize) -> Option<f64> {
    let rows = table.rows().iter().enumerate();
    let mut places: Vec<f64> = rows
        .filter_map(|(i, row)| match table.alarms(i)[validator] {
            FirstAlarm::Tokens(tokens) => Some(tokens as f64 / row.tokens.max(1) as f64),
            FirstAlarm::AtEnd => Some(1.0),
            FirstAlarm::Never => None,
        })
        .collect();
    places.sort_by(f64::total_cmp);
    let upper = places.get(places.len() / 2)?;
    let lower = places[(places.len() - 1) / 2];
    Some(0.5 * (lower + upper))
}
