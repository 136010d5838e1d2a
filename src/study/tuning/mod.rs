//! Which policy is the cheapest of those that can be shown to keep their limits?
//!
//! The log is split by prompt into three parts. On the first the candidates are looked at and ordered
//! (`search`); on the second they are tested in that order until one fails (`certificate`); on the third,
//! which neither has seen, the policy chosen is reported. So the certificate is not spoilt by the choice,
//! and the figures are not flattered by it.

mod beam;
mod certificate;
mod choice;
mod findings;
#[cfg(test)]
mod made_up;
mod objective;
mod obstacles;
mod search;
mod split;

pub use super::plan::Test;
pub use certificate::{Claim, Estimand, TestedClaim};
pub(in crate::study) use choice::{Chosen, choose, choose_naively};
pub use findings::{DataNeeded, FrontPoint, Part, PolicyFigures, TuningFindings};
pub use objective::{Limits, Objective, Prices};
pub use split::{PARTS, Shares};

use certificate::Testing;
use objective::Full;
use search::Space;

use super::Interrupt;
use crate::estimate::JudgeQuality;
use crate::policy::{ExpectedTokens, PolicyFile, Position};
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
    #[error("the log has no covariate `{name}`; it has {known}")]
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
    let testing = testing(table, request)?;
    let claims = claims(table, request, strata);
    let [tuning, calibration, reporting] =
        split::split(table, request.shares, request.seed).map(|rows| table.select(&rows));
    let parts = Part::all([&tuning, &calibration, &reporting]);
    let mut findings = TuningFindings::new(candidates, request, testing.test, parts);
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
                    &evidence,
                    claim.limit,
                    request.seed,
                    interrupt,
                ),
            });
        }
        return Ok(findings);
    }
    // From here on E is what the tuning part says.
    let frozen = candidates.expecting(expected(candidates, table, &tuning));
    let columns = |table| Candidates::new(table, &frozen, request.problem_generated);
    let on_tuning = columns(&tuning)?.watching(strata, law);
    let space = space((&tuning, &on_tuning), &frozen, request);
    let found = space
        .search(step, interrupt)?
        .ok_or(TuningError::Interrupted)?;
    let promising = found.within(request.max_frr);
    let grid = candidates.checkpoints();
    let on_calibration = columns(&calibration)?;
    let sequence = certificate::sequence(
        (&calibration, &on_calibration),
        grid,
        &promising,
        &claims,
        testing,
    )?;
    let chosen = sequence.certified.checked_sub(1).map(|i| promising[i]);
    findings.note_search(candidates, &found, &sequence);
    // The next policy that more data could certify, and the cheapest within the limit.
    let mut wanted: Vec<usize> = Vec::new();
    wanted.extend((sequence.certified < promising.len()).then_some(sequence.certified));
    wanted.extend(
        promising
            .len()
            .checked_sub(1)
            .filter(|i| *i > sequence.certified),
    );
    for i in wanted {
        let candidate = &promising[i];
        let rejected = on_tuning.rejected(&candidate.choice.checkpoints(grid))?;
        let evidence = certificate::evidence(&tuning, &rejected, &claims[0]);
        findings.more_data.push(DataNeeded {
            policy: format!("point {} of the front", i + 1),
            false_rejection_rate: candidate.false_rejection_rate,
            objective: Some(candidate.objective),
            calibration_prompts: testing.prompts_needed(
                &evidence,
                request.max_frr,
                request.seed,
                interrupt,
            ),
        });
    }
    match chosen {
        Some(chosen) => {
            let rejected = on_calibration.rejected(&chosen.choice.checkpoints(grid))?;
            let evidence = certificate::evidence(&calibration, &rejected, &claims[0]);
            let policy = frozen.narrowed(
                format!("{}-tuned", candidates.name()),
                description(request),
                &chosen.choice.checkpoints(grid),
            );
            let bound = testing.bound(&evidence);
            findings.certify(policy, bound, [table, &reporting], request)?;
        }
        None => findings.reason = obstacles::why_not(&found, &promising, &sequence, testing),
    }
    Ok(findings)
}

/// What is searched on the tuning part, `columns` of `table`.
fn space<'s>(
    (table, columns): (&Table, &'s Candidates<'s>),
    candidates: &'s PolicyFile,
    request: &'s TuningRequest,
) -> Space<'s> {
    Space {
        full: Full::of(table, request.problem_generated),
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

/// How the claims are tested on this log.
fn testing(table: &Table, request: &TuningRequest) -> Result<Testing, TuningError> {
    let cap = certificate::largest_prompt(table);
    let exact = cap == 1 && request.judge.is_none();
    let invalid = |message: String| Err(TuningError::InvalidTest(message));
    if request.test == Some(Test::Binomial) && !exact {
        return invalid(if cap > 1 {
            format!(
                "the binomial test needs one generation per prompt, and a prompt of this log has {cap}: \
                 they are not independent; use betting or hoeffding-bentkus"
            )
        } else {
            "the binomial test needs right labels; with the quality of a judge use betting or \
             hoeffding-bentkus"
                .to_owned()
        });
    }
    if request.estimand == Estimand::Prompt && request.judge.is_some() {
        let message = "the false rejection rate per prompt cannot be corrected for wrong labels; leave \
                       the quality of the judge out, or ask for the rate per generation";
        return invalid(message.to_owned());
    }
    Ok(Testing {
        estimand: request.estimand,
        test: request
            .test
            .unwrap_or(if exact { Test::Binomial } else { Test::Betting }),
        cap,
        judge: request.judge,
        delta: 1.0 - request.confidence,
    })
}

/// What a policy has to be certified for; the false rejection rate first.
fn claims(table: &Table, request: &TuningRequest, strata: Option<usize>) -> Vec<Claim> {
    let claim = |name: String, limit: f64, stratum| Claim {
        name,
        limit,
        stratum,
    };
    let mut claims = vec![claim(
        "false rejection rate".to_owned(),
        request.max_frr,
        None,
    )];
    if let (Some(covariate), Some((name, limit))) = (strata, &request.limits.stratum) {
        let levels = table.covariates()[covariate].levels.iter().zip(0..);
        claims.extend(levels.map(|(level, number)| {
            let name = format!("false rejection rate where {name} is {level}");
            claim(name, *limit, Some((covariate, number)))
        }));
    }
    if let Some((name, limit)) = &request.limits.shift {
        let name = format!("total variation in {name}, by f");
        claims.push(claim(name, *limit, None));
    }
    if let Some(limit) = request.limits.bias {
        claims.push(claim("|retained bias|, by f".to_owned(), limit, None));
    }
    claims
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

fn description(request: &TuningRequest) -> String {
    format!(
        "certified: false rejection rate at most {} with confidence {}",
        request.max_frr, request.confidence
    )
}

impl Full {
    fn of(table: &Table, problem_generated: bool) -> Self {
        let known = table.rows().iter().filter(|row| row.accepted.is_some());
        let (mut count, mut accepted, mut tokens) = (0_u64, 0_u64, 0_u64);
        for row in known {
            count += 1;
            accepted += u64::from(row.accepted == Some(true));
            tokens += row.tokens + u64::from(problem_generated) * row.problem_tokens;
        }
        let count = count.max(1) as f64;
        Self {
            tokens: tokens as f64 / count,
            accepted: accepted as f64 / count,
        }
    }
}
