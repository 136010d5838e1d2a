//! Each validator by itself: how often and where it first alarms on complete generations.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::alarms::{self, Places};
use super::estimation::plain_estimates;
use super::parts::{Known, Parts, Tallies};
use crate::estimate::Estimate;
use crate::policy::{Checkpoint, PolicyFile, Position};
use crate::replay::{Replay, ScheduleError, Table};

/// What one validator alone says of the full generations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValidatorFindings {
    /// Its name.
    pub name: String,
    /// Its rule.
    pub rule: String,
    /// Share of all generations on which it alarms, at the latest when they are complete.
    pub alarm_rate: Estimate,
    /// The same among the accepted.
    pub false_rejection_rate: Estimate,
    /// The same among the refused.
    pub detection_rate: Estimate,
    /// Median of the first alarm, as a share in [0, 1] of the generation's tokens; of those on
    /// which it alarms.
    pub first_alarm_median: Option<f64>,
    /// Its 95 % interval; `None` with alarms in fewer than ten prompts.
    pub first_alarm_median_ci: Option<[f64; 2]>,
    /// Where first alarms fall.
    pub first_alarm_places: Places,
}

/// What a checkpoint at the end does if nobody rejects anything at it, by part, where that is known of
/// one of the policy's own and the problem does not count.
pub(super) fn silent_at_end(
    replay: &Replay<'_>,
    by_part: Option<(&Parts, &Known)>,
) -> Option<Tallies> {
    let (_, known) = by_part.filter(|_| !replay.problem_generated())?;
    let mut checkpoints = replay.checkpoints().iter();
    let end = checkpoints.position(|c| c.at == Position::Solution)?;
    Some(known.nobody.of(&[end]))
}

/// Each validator by itself, as a policy that consults nothing else and only at the end.
pub(super) fn validators(
    policy: &PolicyFile,
    table: &Table,
    parts: Option<&Parts>,
    silent: Option<Tallies>,
) -> Result<Vec<ValidatorFindings>, ScheduleError> {
    let all: Vec<usize> = (0..table.rows().len()).collect();
    let at_end = |validators: Vec<usize>| {
        [Checkpoint {
            at: Position::Solution,
            validators,
            threshold: 0.0,
            cost_tokens: 0.0,
        }]
    };
    let nobody = at_end(Vec::new());
    let nobody = Replay::new(table, policy, &nobody, false)?;
    let by_part = parts.map(|parts| {
        let silent = silent.unwrap_or_else(|| parts.tallies(&nobody, false));
        (parts, silent)
    });
    let alarmed = alarms::alarmed(table);
    let validators: Vec<_> = policy.validators().iter().enumerate().collect();
    validators
        .into_par_iter()
        .map(|(v, validator)| {
            let alone = at_end(vec![v]);
            let replay = Replay::new(table, policy, &alone, false)?;
            let estimates = match &by_part {
                Some((parts, silent)) => parts.estimates(&replay, v, silent, None),
                None => plain_estimates(table, &replay, &all),
            };
            let rate = |name: &str| estimates.by_name.get(name).copied().unwrap_or_default();
            let (first_alarm_median, first_alarm_median_ci) =
                alarms::median_place(table, v, &alarmed[v]);
            Ok(ValidatorFindings {
                name: validator.name.clone(),
                rule: validator.rule.to_owned(),
                alarm_rate: rate("rejection_rate"),
                false_rejection_rate: rate("false_rejection_rate"),
                detection_rate: rate("detection_rate"),
                first_alarm_median,
                first_alarm_median_ci,
                first_alarm_places: alarms::places(table, v, &alarmed[v]),
            })
        })
        .collect()
}
