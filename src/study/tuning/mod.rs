//! Which policy is the cheapest of those that can be shown to keep their limits?
//!
//! The log is split by prompt into three parts. On the first the candidates are looked at and ordered
//! (`search`); on the second they are tested in that order until one fails (`certificate`); on the third,
//! which neither has seen, the policy chosen is reported. So the certificate is not spoilt by the choice,
//! and the figures are not flattered by it.

mod beam;
mod certificate;
mod choice;
mod claims;
mod findings;
#[cfg(test)]
mod made_up;
mod objective;
mod obstacles;
mod remarks;
mod search;
mod split;

pub use super::plan::Test;
pub use certificate::TestedClaim;
pub(in crate::study) use choice::{Chosen, choose, choose_naively};
pub use claims::{Claim, Estimand};
pub use findings::{DataNeeded, FrontPoint, Judge, Part, PolicyFigures, TuningFindings};
pub use objective::{Limits, Objective, Prices};
pub use split::{PARTS, Shares};

use certificate::Testing;
use objective::Full;
use search::{Candidate, Space};

use super::Interrupt;
use crate::estimate::{JudgeQuality, PromptEvidence};
use crate::policy::{Checkpoint, ExpectedTokens, PolicyFile, Position};
use crate::replay::{Candidates, CandidatesError, Group, ScheduleError, Table};

/// Version of the JSON form of what tuning found.
pub const SCHEMA: &str = "foldem.tuning/1";
/// Checkpoints and validators that a search can tell apart, each.
const MOST_BITS: usize = 63;

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct TuningRequest {
    /// Largest false rejection rate, in (0, 1).
    pub max_frr: f64,
    /// Probability, in (0, 1), that the certificate is right.
    pub confidence: f64,
    /// How the prompts are divided.
    pub shares: Shares,
    /// Seed of the split.
    pub seed: u64,
    /// What is made small.
    pub objective: Objective,
    /// What else is to be kept.
    pub limits: Limits,
    /// What the false rejection rate is a rate of.
    pub estimand: Estimand,
    /// How it is tested; `None` leaves that to the log: exactly where it has one generation per prompt,
    /// else by betting.
    pub test: Option<Test>,
    /// The most labelled generations that a prompt may have, ≥ 1; `None` takes what the log has.
    pub per_prompt: Option<u32>,
    /// The judge that labelled the log, where its quality is given.
    pub judge: Option<JudgeQuality>,
    /// Whether problems were generated, too.
    pub problem_generated: bool,
}

/// Why nothing was tuned.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TuningError {
    /// There is nothing to choose from.
    #[error("the policy of candidates has no {0}; a search needs at least one")]
    NoCandidates(&'static str),
    /// There is too much to choose from.
    #[error("the policy of candidates has {given} {what}; a search takes up to {MOST_BITS}")]
    TooManyCandidates {
        /// What there is too much of.
        what: &'static str,
        /// How many.
        given: usize,
    },
    /// A checkpoint that cannot be deployed.
    #[error(
        "checkpoint {0} looks into the future: no policy with it can be deployed; use \
         expected_fraction, tokens or every_tokens"
    )]
    LooksAhead(Position),
    /// A covariate that the log has not.
    #[error("the log has no covariate `{name}` with 2 to 20 values; it has {known}")]
    UnknownCovariate {
        /// Its name.
        name: String,
        /// Those it has, as a list.
        known: String,
    },
    /// A test that is not valid for this log.
    #[error("{0}")]
    InvalidTest(String),
    /// A checkpoint has no place, or lengths do not fit.
    #[error("{0}")]
    Candidates(#[from] CandidatesError),
    /// A checkpoint has no place.
    #[error("{0}")]
    Schedule(#[from] ScheduleError),
    /// It was interrupted.
    #[error("interrupted before anything was chosen")]
    Interrupted,
}

/// Tunes on `table`, whose columns are the validators of `candidates`: the checkpoints of this policy
/// are the grid of places, its validators the rules to choose from. `step` hears how far it is, in [0, 1].
pub fn tune(
    table: &Table,
    candidates: &PolicyFile,
    request: &TuningRequest,
    step: &(dyn Fn(f64) + Sync),
    interrupt: &Interrupt,
) -> Result<TuningFindings, TuningError> {
    check(candidates)?;
    let limits = &request.limits;
    let covariate = |limit: &Option<(String, f64)>| match limit {
        None => Ok(None),
        Some((name, _)) => covariate(table, name).map(Some),
    };
    let (strata, law) = (covariate(&limits.stratum)?, covariate(&limits.shift)?);
    if request.judge.is_some() {
        check_judge(request)?;
    }
    let claims = claims::claims(table, request, strata)?;
    let testing = Testing {
        judge: request.judge,
        delta: 1.0 - request.confidence,
    };
    let [tuning, calibration, reporting] =
        split::split(table, request.shares, request.seed).map(|rows| table.select(&rows));
    let parts = Part::all([&tuning, &calibration, &reporting]);
    let mut findings = TuningFindings::new(candidates, request, &claims[0], parts);
    findings.warnings = remarks::remarks(table, candidates, request, &claims);
    if let Some((reason, claim)) =
        obstacles::hopeless(table, [&tuning, &calibration], &claims, testing)
    {
        findings.reason = reason;
        if let Some(claim) = claim {
            let spared = vec![false; calibration.rows().len()];
            let evidence = certificate::evidence(&calibration, &spared, claim);
            findings.more_data.push(DataNeeded {
                policy: "a policy that rejects nothing accepted".to_owned(),
                false_rejection_rate: 0.0,
                objective: None,
                calibration_prompts: testing.prompts_needed(
                    claim,
                    &evidence,
                    request.seed,
                    interrupt,
                ),
            });
        }
        return Ok(findings);
    }
    // From here on E is what the tuning part says.
    let frozen = candidates.expecting(expected(candidates, table, &tuning));
    let generated = request.problem_generated;
    let on_tuning = Candidates::new(&tuning, &frozen, generated)?.watching(strata, law);
    let space = space((&tuning, &on_tuning), &frozen, request);
    let found = space
        .search(step, interrupt)?
        .ok_or(TuningError::Interrupted)?;
    // The front is ordered by the rate over generations; another rate has no limit on that axis.
    let promising = found.within(match request.estimand {
        Estimand::Generation => request.max_frr,
        Estimand::Prompt => 1.0,
    });
    let grid = candidates.checkpoints();
    let on_calibration = Candidates::new(&calibration, &frozen, generated)?;
    let sequence = certificate::sequence(
        (&calibration, &on_calibration),
        grid,
        &promising,
        &claims,
        testing,
    )?;
    let chosen = sequence.certified.checked_sub(1).map(|i| promising[i]);
    findings.note_search(candidates, &found, &sequence);
    findings.more_data = more_data(
        (&tuning, &on_tuning, grid),
        (&promising, sequence.certified),
        &claims,
        &|claim, evidence| testing.prompts_needed(claim, evidence, request.seed, interrupt),
    )?;
    match chosen {
        Some(chosen) => {
            // A log may be large: what is not needed any more is given back.
            drop(on_tuning);
            drop(tuning);
            let rejected = on_calibration.rejected(&chosen.choice.checkpoints(grid))?;
            let evidence = certificate::evidence(&calibration, &rejected, &claims[0]);
            let policy = frozen.narrowed(
                format!("{}-tuned", candidates.name()),
                description(&claims[0], request),
                &chosen.choice.checkpoints(grid),
            );
            let bound = testing.bound(&claims[0], &evidence);
            drop(on_calibration);
            drop(calibration);
            findings.certify(policy, bound, (table, reporting), request)?;
        }
        None => findings.reason = obstacles::why_not(&found, &promising, &sequence, testing),
    }
    Ok(findings)
}

/// What it takes to certify the next policy of the front, and the cheapest within the limit: by the claim that
/// needs most, if prompts are like those of the tuning part.
fn more_data(
    (table, columns, grid): (&Table, &Candidates<'_>, &[Checkpoint<Position>]),
    (promising, certified): (&[Candidate], usize),
    claims: &[Claim],
    needed: &dyn Fn(&Claim, &[PromptEvidence]) -> Option<u64>,
) -> Result<Vec<DataNeeded>, CandidatesError> {
    let last = promising.len().checked_sub(1);
    let next = (certified < promising.len()).then_some(certified);
    let wanted = next.into_iter().chain(last.filter(|i| *i > certified));
    wanted
        .map(|i| {
            let candidate = &promising[i];
            let rejected = columns.rejected(&candidate.choice.checkpoints(grid))?;
            let each = claims.iter().map(|claim| {
                let evidence = certificate::evidence(table, &rejected, claim);
                needed(claim, &evidence)
            });
            let each: Option<Vec<u64>> = each.collect();
            Ok(DataNeeded {
                policy: format!("point {} of the front", i + 1),
                false_rejection_rate: candidate.false_rejection_rate,
                objective: Some(candidate.objective),
                calibration_prompts: each.and_then(|each| each.into_iter().max()),
            })
        })
        .collect()
}

/// What the quality of a judge can correct.
fn check_judge(request: &TuningRequest) -> Result<(), TuningError> {
    let message = if request.estimand == Estimand::Prompt {
        "the false rejection rate per prompt cannot be corrected for wrong labels; leave the quality of the judge \
         out, or ask for the rate per generation"
    } else if request.objective == Objective::UtilityCost {
        "the cost of utility cannot be corrected for wrong labels; leave the quality of the judge out, or choose \
         another objective"
    } else {
        return Ok(());
    };
    Err(TuningError::InvalidTest(message.to_owned()))
}

/// What is searched on the tuning part, `columns` of `table`.
fn space<'s>(
    (table, columns): (&Table, &'s Candidates<'s>),
    candidates: &'s PolicyFile,
    request: &'s TuningRequest,
) -> Space<'s> {
    Space {
        full: Full::of(table, request),
        columns,
        grid: candidates.checkpoints(),
        validators: candidates.validators().len(),
        objective: request.objective,
        limits: &request.limits,
        max_frr: request.max_frr,
        judge: request.judge,
    }
}

/// The generations that report: neither the choice nor the test has seen them.
pub fn reporting_part(table: &Table, request: &TuningRequest) -> Table {
    let [.., rows] = split::split(table, request.shares, request.seed);
    table.select(&rows)
}

/// Whether a policy of candidates spans a space that can be searched and deployed.
fn check(candidates: &PolicyFile) -> Result<(), TuningError> {
    let sizes = [
        ("validator", candidates.validators().len()),
        ("checkpoint", candidates.checkpoints().len()),
    ];
    for (what, given) in sizes {
        if given == 0 {
            return Err(TuningError::NoCandidates(what));
        }
        if given > MOST_BITS {
            let what = if what == "validator" {
                "validators"
            } else {
                "checkpoints"
            };
            return Err(TuningError::TooManyCandidates { what, given });
        }
    }
    let ahead = |at: &Position| matches!(at, Position::FinalFractionLookahead(_));
    match candidates.checkpoints().iter().map(|c| c.at).find(ahead) {
        Some(at) => Err(TuningError::LooksAhead(at)),
        None => Ok(()),
    }
}

fn covariate(table: &Table, name: &str) -> Result<usize, TuningError> {
    let found = table.covariates().iter().position(|c| c.name == name);
    found.ok_or_else(|| {
        let known: Vec<String> = table
            .covariates()
            .iter()
            .map(|c| format!("`{}`", c.name))
            .collect();
        TuningError::UnknownCovariate {
            name: name.to_owned(),
            known: if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            },
        }
    })
}

/// E by model and benchmark on the tuning part; groups that it lacks expect what all of it does.
/// What the policy of candidates says stays.
fn expected(candidates: &PolicyFile, table: &Table, tuning: &Table) -> Option<ExpectedTokens> {
    let expects = |at: Position| matches!(at, Position::ExpectedFraction(_));
    let given = candidates.expected_tokens();
    if given.is_some() || !candidates.checkpoints().iter().any(|c| expects(c.at)) {
        return given.cloned();
    }
    let mean = |group: Option<&Group>| {
        let rows = tuning.rows().iter();
        let of_group = rows.filter(|row| group.is_none_or(|g| tuning.groups()[row.group] == *g));
        let (sum, count) = of_group.fold((0_u64, 0_u64), |(sum, n), r| (sum + r.tokens, n + 1));
        // A hundredth of a token is more than anybody knows, and can be read.
        (count > 0).then(|| ((100.0 * sum as f64 / count as f64).round() / 100.0).max(1.0))
    };
    let overall = mean(None)?;
    let mut models = std::collections::BTreeMap::new();
    for group in table.groups() {
        let name = |name: &Option<String>| name.clone().unwrap_or_default();
        let of_model: &mut std::collections::BTreeMap<String, f64> =
            models.entry(name(&group.model)).or_default();
        of_model.insert(name(&group.benchmark), mean(Some(group)).unwrap_or(overall));
    }
    Some(ExpectedTokens::ByGroup(models))
}

fn description(claim: &Claim, request: &TuningRequest) -> String {
    format!(
        "certified: {} at most {} with confidence {}",
        claim.name, claim.limit, request.confidence
    )
}

impl Full {
    fn of(table: &Table, request: &TuningRequest) -> Self {
        let known = table.rows().iter().filter(|row| row.accepted.is_some());
        let (mut count, mut accepted, mut tokens) = (0_u64, 0_u64, 0_u64);
        for row in known {
            count += 1;
            accepted += u64::from(row.accepted == Some(true));
            tokens += row.tokens + u64::from(request.problem_generated) * row.problem_tokens;
        }
        let count = count.max(1) as f64;
        let accepted = accepted as f64 / count;
        Self {
            tokens: tokens as f64 / count,
            accepted,
            good: request.judge.map_or(accepted, |judge| {
                let informedness = judge.sensitivity() + judge.specificity() - 1.0;
                ((accepted - 1.0 + judge.specificity()) / informedness).clamp(0.0, 1.0)
            }),
        }
    }
}
