//! The choice of a policy alone, as tuning makes it and as people make it without a certificate: for the
//! experiment that holds them against each other.

use super::certificate::{self, Testing};
use super::search::{Candidate, Found};
use super::{Claim, Test, TuningRequest, claims, space, split};
use crate::policy::PolicyFile;
use crate::replay::{Candidates, CandidatesError, Table};
use crate::study::Interrupt;

/// A policy that was chosen: which checkpoints and which validators of the candidates, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::study) struct Chosen {
    pub(in crate::study) checkpoints: u64,
    pub(in crate::study) validators: u64,
}

impl From<Candidate> for Chosen {
    fn from(candidate: Candidate) -> Self {
        Self {
            checkpoints: candidate.choice.checkpoints,
            validators: candidate.choice.validators,
        }
    }
}

/// What is chosen from the front of the tuning part.
pub(in crate::study) struct Choices {
    /// By the test that tuning takes.
    pub(in crate::study) certified: Option<Chosen>,
    /// By Hoeffding–Bentkus.
    pub(in crate::study) by_hoeffding_bentkus: Option<Chosen>,
    /// By a binomial test of generations.
    pub(in crate::study) by_generation: Option<Chosen>,
    /// The cheapest whose rate on the calibration part is within the limit.
    pub(in crate::study) by_point_estimate: Option<Chosen>,
}

fn search(
    table: &Table,
    policy: &PolicyFile,
    request: &TuningRequest,
) -> Result<Vec<Candidate>, CandidatesError> {
    let columns = Candidates::new(table, policy, request.problem_generated)?;
    let space = space((table, &columns), policy, request);
    let found = space.search(&|_| {}, &Interrupt::default())?;
    Ok(found.map_or_else(Vec::new, |found: Found| found.within(request.max_frr)))
}

/// Chooses by each test, from the same front. E is the policy's own.
pub(in crate::study) fn choose(
    table: &Table,
    policy: &PolicyFile,
    request: &TuningRequest,
) -> Result<Choices, CandidatesError> {
    let parts = split::split(table, request.shares, request.seed);
    let [tuning, calibration, _] = parts.map(|rows| table.select(&rows));
    let promising = search(&tuning, policy, request)?;
    let columns = Candidates::new(&calibration, policy, request.problem_generated)?;
    let claims = claims::claims(table, request, None).expect("no test was asked for");
    let testing = Testing {
        judge: request.judge,
        delta: 1.0 - request.confidence,
    };
    let grid = policy.checkpoints();
    let by = |test: Test| {
        let of_test = |claim: &Claim| Claim {
            test,
            ..claim.clone()
        };
        let claims: Vec<Claim> = claims.iter().map(of_test).collect();
        let part = (&calibration, &columns);
        let tested = certificate::sequence(part, grid, &promising, &claims, testing)?;
        let last = tested.certified.checked_sub(1);
        Ok::<_, CandidatesError>(last.map(|i| promising[i].into()))
    };
    let policies: Vec<_> = promising
        .iter()
        .map(|c| c.choice.checkpoints(grid))
        .collect();
    let figures = columns.evaluate(&policies)?;
    let within = figures.iter().rposition(|figures| {
        let rate = figures.false_rejection_rate;
        rate.is_some_and(|rate| rate <= request.max_frr)
    });
    Ok(Choices {
        certified: by(claims[0].test)?,
        by_hoeffding_bentkus: by(Test::HoeffdingBentkus)?,
        by_generation: by(Test::Binomial)?,
        by_point_estimate: within.map(|i| promising[i].into()),
    })
}

/// Chooses the best on all of the log whose rate there is within the limit.
pub(in crate::study) fn choose_naively(
    table: &Table,
    policy: &PolicyFile,
    request: &TuningRequest,
) -> Result<Option<Chosen>, CandidatesError> {
    Ok(search(table, policy, request)?
        .last()
        .map(|&best| best.into()))
}
