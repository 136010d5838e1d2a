//! What would a policy have saved, cost and done to the data of a log?
//!
//! The figures of a simulation, from generations that were logged in full. Nothing is drawn:
//! intervals are about the prompts that the log might have held instead.

mod alarms;
mod attribution;
mod baselines;
mod brief;
mod censored;
mod early_exit;
mod estimation;
mod label_noise;
mod outcome;
mod parts;
pub mod positions;
mod validators;
mod warnings;

pub use crate::estimate::JudgeQuality;
pub use crate::policy::Position;
pub use crate::replay::{Excerpt, FirstAlarm, RuleTime};
pub use alarms::{Overlap, Places};
pub use attribution::{
    AgainstCoin, AttributionFindings, Contribution, Figures, ValidatorAttribution,
};
pub use baselines::{Baseline, COIN_ON_RUNNING};
pub use censored::{CensoredFindings, censored};
pub use label_noise::{Bounds, CorrectedFigure, LabelNoiseFindings, label_noise};
pub use outcome::{FirstAlarmOutcome, GenerationOutcome, outcomes};
pub use validators::ValidatorFindings;

pub(super) use brief::brief;
pub(super) use estimation::{by_prompt, plain_estimates};
pub(super) use warnings::of_log;

use serde::{Deserialize, Serialize};

use super::early_exit::EarlyExitFindings;
use super::named::as_map;
use super::{Named, RESULT_SCHEMA};
use crate::estimate::{self, Estimate, Estimates, NAMES};
use crate::policy::PolicyFile;
use crate::replay::{Group, Replay, ScheduleError, Table};
use estimation::estimates;
use parts::Parts;
use validators::{silent_at_end, validators};

/// Names of the estimates by which policies are compared, in the order in which they are shown.
pub const FIGURES: [&str; 8] = [
    "savings",
    "null_savings",
    "rejection_rate",
    "false_rejection_rate",
    "detection_rate",
    "cost_ratio",
    "null_cost_ratio",
    "purity_after",
];

/// How the log was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Intake {
    /// Malformed lines that were left out.
    pub skipped: u64,
    /// Whether reading was interrupted.
    pub partial: bool,
    /// What was left out, added or not known on the way to records, one sentence each.
    pub remarks: Vec<String>,
}

/// Generations by what the final filter says of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ByVerdict {
    /// It accepts them.
    pub accepted: u64,
    /// It does not.
    pub refused: u64,
    /// That is not known.
    pub unknown: u64,
}

impl FromIterator<Option<bool>> for ByVerdict {
    fn from_iter<I: IntoIterator<Item = Option<bool>>>(verdicts: I) -> Self {
        let mut counts = Self::default();
        verdicts
            .into_iter()
            .for_each(|accepted| counts.add(accepted));
        counts
    }
}

impl ByVerdict {
    pub(in crate::study) fn add(&mut self, accepted: Option<bool>) {
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckpointRejections {
    /// Where it stands.
    pub at: Position,
    /// `q_k`; undefined where the checkpoint does not apply.
    #[serde(flatten)]
    pub rate: Estimate,
    /// Generations that it rejects.
    pub rejected: ByVerdict,
}

/// The generations of one model on one benchmark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupEstimates {
    /// Model and benchmark.
    #[serde(flatten)]
    pub group: Group,
    /// Generations.
    pub records: u64,
    /// All estimates in the order of [`NAMES`].
    #[serde(with = "as_map")]
    pub estimates: Vec<Named<Estimate>>,
}

/// Records of which the log does not say what tokens they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Estimated {
    /// Those whose number of tokens is estimated.
    pub token_counts: u64,
    /// Those whose token ends are estimated.
    pub token_ends: u64,
}

impl Estimated {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// The result of a replay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReplayFindings {
    /// [`RESULT_SCHEMA`].
    pub schema: String,
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
    /// What is estimated of the records; not written where nothing is.
    #[serde(default, skip_serializing_if = "Estimated::is_nothing")]
    pub estimated: Estimated,
    /// Whether the problems count as generated.
    pub problem_generated: bool,
    /// All estimates in the order of [`NAMES`].
    #[serde(with = "as_map")]
    pub estimates: Vec<Named<Estimate>>,
    /// Gross savings less the coin's, as a share of the full tokens.
    pub covariance_slack: Estimate,
    /// `cost_ratio` − `null_cost_ratio` on the same generations: below 0 the validators know
    /// something.
    pub cost_beyond_coin: Estimate,
    /// `cost_ratio` less that of a coin that strikes only what still runs: below 0 the validators
    /// know more than that.
    pub cost_beyond_running_coin: Estimate,
    /// What checkpoints charge, in tokens per attempt.
    pub charged_tokens: Estimate,
    /// One per checkpoint of the policy.
    pub rejections_by_stage: Vec<CheckpointRejections>,
    /// Generations that survive.
    pub surviving: ByVerdict,
    /// TV between what is retained and what would have been accepted, by covariate.
    #[serde(with = "as_map")]
    pub shifts: Vec<Named<Estimate>>,
    /// TV as a share of f, its bound: TV between what is retained and what is wrongly rejected.
    #[serde(with = "as_map")]
    pub shift_shares: Vec<Named<Estimate>>,
    /// By model and benchmark.
    pub groups: Vec<GroupEstimates>,
    /// f and factor by model, benchmark and attribute.
    pub strata: Vec<estimate::Group>,
    /// Each validator of the policy by itself, on complete generations.
    pub validators: Vec<ValidatorFindings>,
    /// Pairs of validators that alarm on the same generations.
    pub overlaps: Vec<Overlap>,
    /// What each validator is worth to the policy.
    pub attribution: AttributionFindings,
    /// What the policy is to be held against.
    pub baselines: Vec<Baseline>,
    /// The figures if labels were right, where the quality of the judge is given.
    pub label_noise: Option<LabelNoiseFindings>,
    /// What a log that was written under a live policy tells of it; not written for other logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub censored: Option<CensoredFindings>,
    /// Rejection and early exit in four arms, where the log tells of early exit; not written for other
    /// logs. All other figures are of rejection alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_exit: Option<EarlyExitFindings<Estimate>>,
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
    intake: &Intake,
) -> Result<ReplayFindings, ScheduleError> {
    let records = table.rows().len();
    let (verdicts, parts) = rayon::join(|| ByStage::of(table, replay), || Parts::new(table));
    let parts = parts.as_ref();
    let known = parts.filter(|_| Parts::suit(replay.checkpoints()));
    let known = known.map(|parts| (parts, parts.known(table, replay)));
    let by_part = known.as_ref().map(|(parts, known)| (*parts, known));
    let (tally, estimates) = match by_part {
        Some((_, known)) => (known.tally.clone(), Estimates::new(&known.tally)),
        None => estimates(table, replay, &(0..records).collect::<Vec<_>>(), true),
    };
    let by_group = || -> Vec<GroupEstimates> {
        let mut rows = vec![Vec::new(); table.groups().len()];
        for (i, row) in table.rows().iter().enumerate() {
            rows[row.group].push(i);
        }
        let groups = table.groups().iter().zip(&rows);
        let of = |(group, rows): (&Group, &Vec<usize>)| GroupEstimates {
            group: group.clone(),
            records: rows.len() as u64,
            estimates: if rows.len() == records {
                named(&estimates)
            } else {
                named(&plain_estimates(table, replay, rows))
            },
        };
        groups.map(of).collect()
    };
    let beside = || {
        let running = baselines::running_coin(table, replay);
        let rejected = verdicts.rejected();
        let baselines = baselines::baselines(policy, table, replay, rejected, &estimates, &running);
        (running, baselines)
    };
    let of_validators = || {
        let silent = silent_at_end(replay, by_part);
        rayon::join(
            || validators(policy, table, parts, silent),
            || {
                rayon::join(
                    || alarms::overlaps(policy, table),
                    || attribution::attribution(policy, table, replay, by_part),
                )
            },
        )
    };
    let remarks = || {
        let rejected = verdicts.rejected();
        let estimated = (&tally, &estimates);
        let warnings = warnings::warnings(policy, table, replay, rejected, estimated, intake);
        (warnings, early_exit::early_exit(table, replay))
    };
    let ((running, baselines), ((validators, (overlaps, attribution)), (groups, remarks))) =
        rayon::join(beside, || {
            rayon::join(of_validators, || rayon::join(by_group, remarks))
        });
    let (warnings, (early_exit, of_early_exit)) = remarks;
    let shift = |(name, value): &(String, Estimate)| Named {
        name: name.clone(),
        value: *value,
    };
    let caveats = table.caveats();
    Ok(ReplayFindings {
        schema: RESULT_SCHEMA.to_owned(),
        policy: policy.name().to_owned(),
        records: records as u64,
        prompts: table.prompts() as u64,
        skipped: intake.skipped,
        seed: None,
        partial: intake.partial,
        estimated: Estimated {
            token_counts: caveats.counts_estimated,
            token_ends: caveats.ends_estimated,
        },
        problem_generated: replay.problem_generated(),
        covariance_slack: estimates.covariance_slack,
        cost_beyond_coin: estimates.cost_beyond_coin,
        cost_beyond_running_coin: running.cost_beyond,
        charged_tokens: estimates.charged,
        rejections_by_stage: rejections(policy, replay, &verdicts, &estimates),
        surviving: verdicts.surviving,
        groups,
        validators: validators?,
        overlaps,
        attribution,
        baselines: baselines?,
        label_noise: None,
        censored: None,
        early_exit,
        warnings: warnings.into_iter().chain(of_early_exit).collect(),
        estimates: named(&estimates),
        shifts: estimates.shifts.iter().map(shift).collect(),
        shift_shares: estimates.shift_shares.iter().map(shift).collect(),
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

/// Those by which policies are compared.
fn chosen(estimates: &Estimates) -> Vec<Named<Estimate>> {
    let mut named = named(estimates);
    named.retain(|estimate| FIGURES.contains(&estimate.name.as_str()));
    named.sort_by_key(|e| FIGURES.iter().position(|name| *name == e.name));
    named
}

/// The figures by which policies are compared, of `replay` on all of `table`.
pub(in crate::study) fn figures(table: &Table, replay: &Replay<'_>) -> Figures {
    let all: Vec<usize> = (0..table.rows().len()).collect();
    Figures::new(&plain_estimates(table, replay, &all))
}

/// Generations by what a policy did to them.
struct ByStage {
    /// Rejected, by checkpoint.
    rejected: Vec<ByVerdict>,
    surviving: ByVerdict,
}

impl ByStage {
    fn of(table: &Table, replay: &Replay<'_>) -> Self {
        let mut counts = Self {
            rejected: vec![ByVerdict::default(); replay.checkpoints().len()],
            surviving: ByVerdict::default(),
        };
        for (i, row) in table.rows().iter().enumerate() {
            match replay.judgement(i).stop {
                Some(stop) => counts.rejected[stop.checkpoint].add(row.accepted),
                None => counts.surviving.add(row.accepted),
            }
        }
        counts
    }

    /// Generations that are rejected anywhere.
    fn rejected(&self) -> u64 {
        self.rejected.iter().map(ByVerdict::total).sum()
    }
}

fn rejections(
    policy: &PolicyFile,
    replay: &Replay<'_>,
    verdicts: &ByStage,
    estimates: &Estimates,
) -> Vec<CheckpointRejections> {
    let checkpoints = policy.checkpoints().iter().enumerate();
    checkpoints
        .map(|(c, checkpoint)| {
            let applies = checkpoint.at != Position::Problem || replay.problem_generated();
            CheckpointRejections {
                at: checkpoint.at,
                rate: if applies {
                    estimates.rejections[c]
                } else {
                    Estimate::default()
                },
                rejected: verdicts.rejected[c],
            }
        })
        .collect()
}
