//! Which of several policies does better on the same logged generations, and is that more than
//! chance?
//!
//! Every policy is held against the first one. Figures of two policies move together from log to
//! log, so differences are estimated as such, generation by generation, with intervals over prompts.
//! Of many policies one looks best by chance alone: the simultaneous intervals of a figure hold for
//! all policies together with 95 % (Bonferroni, which holds however the differences depend on each
//! other and serves exact intervals as well), and verdicts are taken from them.

mod disagreement;
mod expectation;

use rayon::prelude::*;
use serde::Serialize;

pub use crate::estimate::DIFFERENCES;
pub use disagreement::Disagreement;

use super::Named;
use super::named::as_map;
use super::replay::{ByVerdict, Figures, Intake, of_log, plain_estimates};
use crate::estimate::{self, Estimate, PairedTally};
use crate::outcome::{Fold as _, Knowledge};
use crate::policy::{Checkpoint, PolicyFile, Position};
use crate::replay::{MissingValidator, Replay, ScheduleError, Table};

/// Version of the JSON form.
pub const SCHEMA: &str = "foldem.comparison/1";

/// How policies are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Request {
    /// Whether the problems count as generated.
    pub problem_generated: bool,
    /// Whether policies may expect different lengths: each is then replayed with its own.
    pub own_expected_tokens: bool,
}

/// Why policies were not compared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ComparisonError {
    /// There is no column for a validator.
    #[error("{reason}")]
    Missing {
        /// Number of the policy, from 0.
        policy: usize,
        /// What is missing.
        reason: MissingValidator,
    },
    /// A checkpoint has no place.
    #[error("{reason}")]
    Schedule {
        /// Number of the policy, from 0.
        policy: usize,
        /// Why.
        reason: Box<ScheduleError>,
    },
    /// Checkpoints at a fraction of the expected length would stand at different places for no
    /// other reason than that.
    #[error(
        "expects {own} tokens of {group}, where policy `{other}` expects {others}: what differs \
         may then be the lengths alone; give both the same `expected_tokens`, or compare each with \
         its own by --own-expected-tokens"
    )]
    Expectation {
        /// Number of the policy, from 0.
        policy: usize,
        /// What it expects, as written or as "the log's mean".
        own: String,
        /// Model and benchmark.
        group: String,
        /// Name of the policy that it differs from.
        other: String,
        /// What that one expects.
        others: String,
    },
}

impl ComparisonError {
    /// Number of the policy, from 0, that it is about.
    pub fn policy(&self) -> usize {
        match self {
            Self::Missing { policy, .. }
            | Self::Schedule { policy, .. }
            | Self::Expectation { policy, .. } => *policy,
        }
    }
}

/// What is said of a difference, from its simultaneous interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The figure is higher than under the first policy.
    Higher,
    /// It is lower.
    Lower,
    /// The interval holds 0.
    NotToldApart,
    /// The policies differ so seldom that the interval is not to be relied on.
    TooFewDifferences,
    /// It is the same policy.
    SamePolicy,
    /// The figure is undefined under one of the policies.
    #[default]
    Undefined,
}

/// A figure of a policy less that of the first one.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Difference {
    /// With the 95 % interval of this difference alone.
    #[serde(flatten)]
    pub estimate: Estimate,
    /// The interval that holds together with those of all other policies.
    pub simultaneous: Option<[f64; 2]>,
    /// Whether the policies differ too seldom for a normal interval: it is then exact or
    /// conservative, or not to be relied on, as the verdict says.
    pub few: bool,
    /// What follows.
    pub verdict: Verdict,
}

/// A policy by itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PolicyFigures {
    /// Its name; a number behind it where an earlier one has the same.
    pub policy: String,
    /// E by model and benchmark, `None` where it is left to the log; empty if no checkpoint refers to
    /// it.
    #[serde(with = "as_map")]
    pub expected_tokens: Vec<Named<Option<f64>>>,
    /// Generations that it rejects.
    pub rejected: ByVerdict,
    /// Its figures, and its coin's.
    #[serde(flatten)]
    pub figures: Figures,
}

/// A policy against the first one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgainstFirst {
    /// Its name.
    pub policy: String,
    /// On which generations the two disagree.
    pub generations: Disagreement,
    /// Its figures less those of the first, by name, see [`DIFFERENCES`].
    #[serde(with = "as_map")]
    pub differences: Vec<Named<Difference>>,
}

/// The result of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparisonFindings {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Generations.
    pub records: u64,
    /// Pairs of benchmark and prompt.
    pub prompts: u64,
    /// Malformed lines that were left out.
    pub skipped: u64,
    /// Whether reading was interrupted.
    pub partial: bool,
    /// Whether the problems count as generated.
    pub problem_generated: bool,
    /// Policies held against the first: simultaneous intervals are for so many.
    pub comparisons: u64,
    /// The policies, the first one first.
    pub policies: Vec<PolicyFigures>,
    /// The others against it.
    pub against_first: Vec<AgainstFirst>,
    /// What a reader has to know before trusting the numbers.
    pub warnings: Vec<String>,
}

/// A policy made ready for the table.
struct Ready<'p> {
    name: String,
    policy: &'p PolicyFile,
    checkpoints: Vec<Checkpoint<Position>>,
}

/// Compares `policies`, at least two, on the generations of `table`, which has columns for all their
/// validators.
pub fn compare(
    policies: &[PolicyFile],
    table: &Table,
    request: Request,
    intake: &Intake,
) -> Result<ComparisonFindings, ComparisonError> {
    let ready = ready(policies, table)?;
    if !request.own_expected_tokens {
        expectation::agree(policies, table)?;
    }
    let rows: Vec<usize> = (0..table.rows().len()).collect();
    let replay = |n: usize| {
        let Ready {
            policy,
            checkpoints,
            ..
        } = &ready[n];
        Replay::new(table, policy, checkpoints, request.problem_generated).map_err(|reason| {
            ComparisonError::Schedule {
                policy: n,
                reason: Box::new(reason),
            }
        })
    };
    let first = replay(0)?;
    let comparisons = (policies.len() as u64).saturating_sub(1);
    let evaluated = (0..policies.len()).into_par_iter().map(|n| {
        let other = replay(n)?;
        let same = same(&ready[0], &ready[n]);
        let against = (n > 0).then(|| AgainstFirst {
            policy: ready[n].name.clone(),
            generations: Disagreement::new([&first, &other]),
            differences: differences([&first, &other], &rows, comparisons, same),
        });
        Ok((figures(&ready[n], &other, &rows), against))
    });
    let evaluated: Vec<_> = evaluated.collect::<Result<_, _>>()?;
    let (policies, against): (Vec<_>, Vec<_>) = evaluated.into_iter().unzip();
    let mut findings = ComparisonFindings {
        schema: SCHEMA,
        records: rows.len() as u64,
        prompts: table.prompts() as u64,
        skipped: intake.skipped,
        partial: intake.partial,
        problem_generated: request.problem_generated,
        comparisons,
        policies,
        against_first: against.into_iter().flatten().collect(),
        warnings: of_log(table, intake),
    };
    let more = warnings(&findings);
    findings.warnings.extend(more);
    Ok(findings)
}

/// Names of policies; one that an earlier policy has gets a number.
pub(super) fn names(policies: &[PolicyFile]) -> Vec<String> {
    let name = |(n, policy): (usize, &PolicyFile)| {
        let before = policies[..n].iter().filter(|p| p.name() == policy.name());
        match before.count() {
            0 => policy.name().to_owned(),
            times => format!("{} ({})", policy.name(), times + 1),
        }
    };
    policies.iter().enumerate().map(name).collect()
}

/// The policies with their columns.
fn ready<'p>(policies: &'p [PolicyFile], table: &Table) -> Result<Vec<Ready<'p>>, ComparisonError> {
    let named = names(policies).into_iter().zip(policies).enumerate();
    let ready = named.map(|(n, (name, policy))| {
        let checkpoints = table
            .checkpoints_of(policy)
            .map_err(|reason| ComparisonError::Missing { policy: n, reason })?;
        Ok(Ready {
            name,
            policy,
            checkpoints,
        })
    });
    ready.collect()
}

/// Whether two policies do the same to every generation, whatever their names.
fn same(one: &Ready<'_>, other: &Ready<'_>) -> bool {
    let expects = |c: &Checkpoint<Position>| matches!(c.at, Position::ExpectedFraction(_));
    one.checkpoints == other.checkpoints
        && (one.policy.expected_tokens() == other.policy.expected_tokens()
            || !one.checkpoints.iter().any(expects))
}

fn figures(ready: &Ready<'_>, replay: &Replay<'_>, rows: &[usize]) -> PolicyFigures {
    let table = replay.table();
    let rejected = rows.iter().filter(|&&i| replay.judgement(i).stop.is_some());
    PolicyFigures {
        policy: ready.name.clone(),
        expected_tokens: expectation::of(ready.policy, table),
        rejected: rejected.map(|&i| table.rows()[i].accepted).collect(),
        figures: Figures::new(&plain_estimates(table, replay, rows)),
    }
}

/// The figures of the second policy less those of the first, each from the generations of which
/// enough is known.
fn differences(
    replays: [&Replay<'_>; 2],
    rows: &[usize],
    comparisons: u64,
    same: bool,
) -> Vec<Named<Difference>> {
    let of_rows = replays[0].table().rows();
    let labelled = rows.iter().copied();
    let labelled: Vec<usize> = labelled
        .filter(|&i| of_rows[i].accepted.is_some())
        .collect();
    let [all, labelled] =
        [(rows, false), (&labelled[..], true)].map(|(rows, verdict)| tally(replays, rows, verdict));
    let difference = |name: &&str| {
        let tally = if matches!(*name, "savings" | "rejection_rate") {
            &all
        } else {
            &labelled
        };
        Named {
            name: (*name).to_owned(),
            value: judged(tally.difference(name, comparisons), same),
        }
    };
    DIFFERENCES.iter().map(difference).collect()
}

fn tally(replays: [&Replay<'_>; 2], rows: &[usize], verdict: bool) -> PairedTally {
    let knowledge = Knowledge {
        verdict,
        utility: false,
    };
    let [first, second] = replays.map(|replay| {
        let frame = replay.frame(rows, knowledge, false);
        replay.prepared(rows.to_vec(), frame)
    });
    let empty = || PairedTally::new(first.frame(), second.frame());
    // Sums are exact: how they are split does not show.
    let parts = first.ranges().into_par_iter().map(|range| {
        let mut part = empty();
        part.fold(&[first.batch(range.clone()), second.batch(range)]);
        part
    });
    let merged = parts.reduce_with(|mut tally, later| {
        tally.merge(later);
        tally
    });
    merged.unwrap_or_else(empty)
}

fn judged(found: estimate::Difference, same: bool) -> Difference {
    let estimate::Difference {
        mut estimate,
        mut simultaneous,
        mut few,
        conservative,
    } = found;
    let verdict = if estimate.mean.is_none() {
        Verdict::Undefined
    } else if same {
        (estimate.ci, simultaneous, few) = (Some([0.0; 2]), Some([0.0; 2]), false);
        Verdict::SamePolicy
    } else if few && !conservative {
        Verdict::TooFewDifferences
    } else {
        match simultaneous {
            Some([low, _]) if low > 0.0 => Verdict::Higher,
            Some([_, high]) if high < 0.0 => Verdict::Lower,
            _ => Verdict::NotToldApart,
        }
    };
    Difference {
        estimate,
        simultaneous,
        few,
        verdict,
    }
}

fn warnings(findings: &ComparisonFindings) -> Vec<String> {
    let mut warnings = Vec::new();
    if findings.comparisons > 1 {
        warnings.push(format!(
            "{} policies are held against the first: verdicts are from the simultaneous intervals \
             (Bonferroni over the policies, figure by figure); looking at several figures at once \
             is not allowed for",
            findings.comparisons
        ));
    }
    for against in &findings.against_first {
        let few = |d: &&Named<Difference>| d.value.few;
        let names = against.differences.iter().filter(few);
        let names: Vec<&str> = names.map(|d| d.name.as_str()).collect();
        if !names.is_empty() {
            warnings.push(format!(
                "{} differs from the first policy on so few generations that normal intervals are \
                 too narrow ({}): they are exact or conservative instead, or, with the verdict \
                 too-few-differences, not to be relied on",
                against.policy,
                names.join(", ")
            ));
        }
    }
    let expected = findings.policies.iter().map(|p| &p.expected_tokens);
    let expected: Vec<_> = expected.filter(|groups| !groups.is_empty()).collect();
    if expected.windows(2).any(|pair| pair[0] != pair[1]) {
        warnings.push(
            "policies expect different lengths: their checkpoints at an expected_fraction stand at \
             different places for that reason, too"
                .to_owned(),
        );
    }
    if expected
        .into_iter()
        .flatten()
        .any(|group| group.value.is_none())
    {
        warnings.push(
            "expected lengths are means over the other prompts of this log; set `expected_tokens` \
             in the policies before you deploy one"
                .to_owned(),
        );
    }
    warnings
}
