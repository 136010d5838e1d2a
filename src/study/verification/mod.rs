//! Does what is claimed of in-flight rejection hold for this scenario? Each claim of the theory
//! is a row with its assumption, an estimate, the exact value or bound, an interval and a verdict.
//!
//! All intervals are simultaneous: the probability that any true claim is called false is at most
//! [`FAMILY_ALPHA`], half of it for the claims and half for the bins of the martingale test. They
//! are empirical Bernstein intervals, which stay honest for rare events and for any number of
//! attempts; lengths, which have no upper limit, decide nothing while one of them dominates.
//! Beside the claims stand negative controls on built-in processes with a planted violation; a
//! control holds when the violation is found.

mod claims;
mod controls;
mod martingale;
mod monotone;
mod verdict;

use serde::{Deserialize, Serialize};

use crate::engine::{Interrupt, Simulation};
use crate::estimate::Tally;
use crate::outcome::{Fold, OutcomeBatch};
use crate::scenario::Scenario;
use crate::theory::{BayesFilter, Exact};

pub use controls::{Control, controls};
pub use martingale::{Increment, SHARP, STAGE_BINS};
pub(in crate::study) use martingale::{Martingale, Posterior};
pub use verdict::{Claim, Verdict};

use super::part::{Progress, retry_tally};
use monotone::Monotone;

/// Version of the JSON form.
pub const SCHEMA: &str = "foldem.verification/1";
/// Probability that any true claim is called false.
pub const FAMILY_ALPHA: f64 = 0.01;
/// More statistical claims than any scenario has besides one per checkpoint; each has an equal
/// share of half of [`FAMILY_ALPHA`].
const CLAIMS: usize = 30;

/// What verification has found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerificationFindings {
    /// [`SCHEMA`].
    pub schema: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Attempts that the verdicts rest on.
    pub attempts: u64,
    /// Root seed.
    pub seed: u64,
    /// Whether the run was interrupted.
    pub partial: bool,
    /// [`FAMILY_ALPHA`].
    pub family_alpha: f64,
    /// Whether nothing fails.
    pub ok: bool,
    /// The claims, then the controls.
    pub claims: Vec<Claim>,
    /// Mean increments of the posterior's expected utility, by stage and bin.
    pub increments: Vec<Increment>,
}

/// Everything that one pass over the generations gathers.
struct Gathered<'p> {
    tally: Tally,
    martingale: Martingale,
    monotone: Option<Monotone>,
    posterior: &'p Posterior<'p>,
}

impl Fold<[OutcomeBatch]> for Gathered<'_> {
    fn fold(&mut self, under_each_policy: &[OutcomeBatch]) {
        Fold::<[OutcomeBatch]>::fold(&mut self.tally, under_each_policy);
        self.martingale
            .follow(self.posterior, &under_each_policy[0]);
        if let Some(monotone) = &mut self.monotone {
            monotone.compare(&under_each_policy[0], &under_each_policy[1]);
        }
    }

    fn merge(&mut self, later: Self) {
        Fold::<[OutcomeBatch]>::merge(&mut self.tally, later.tally);
        self.martingale.merge(&later.martingale);
        if let (Some(monotone), Some(later)) = (&mut self.monotone, &later.monotone) {
            monotone.merge(later);
        }
    }
}

/// Verifies every claim on `scenario` with `attempts` generations, and runs the negative controls.
/// `progress` hears of what is finished.
pub fn verify(
    scenario: &Scenario,
    attempts: u64,
    seed: u64,
    progress: &(dyn Fn(Progress) + Sync),
    interrupt: &Interrupt,
) -> VerificationFindings {
    let mut findings = verify_claims(scenario, attempts, seed, progress, interrupt);
    if findings.partial {
        return findings;
    }
    let controls = controls(seed).into_iter().map(|c| c.claim(true));
    findings.claims.extend(controls);
    findings.ok = findings.claims.iter().all(|c| c.verdict != Verdict::Fails);
    findings
}

/// The claims alone, without the controls, which do not depend on the scenario.
pub fn verify_claims(
    scenario: &Scenario,
    attempts: u64,
    seed: u64,
    progress: &(dyn Fn(Progress) + Sync),
    interrupt: &Interrupt,
) -> VerificationFindings {
    let checkpoints = scenario.checkpoints();
    let without_first = checkpoints.get(1..).map(<[_]>::to_vec);
    let mut simulation = Simulation::new(scenario, attempts, seed).traced();
    if let Some(fewer) = &without_first {
        simulation = simulation.also(scenario, vec![fewer]);
    }
    let filter = BayesFilter::new(scenario);
    let posterior = Posterior::new(scenario, &filter);
    let frame = simulation.frame(0);
    let stages = scenario.stages().len();
    let run = simulation.run(
        || Gathered {
            tally: Tally::new(&frame),
            martingale: Martingale::new(stages),
            monotone: without_first
                .is_some()
                .then(|| Monotone::new(frame.typical_tokens)),
            posterior: &posterior,
        },
        &|done| progress(Progress::Attempts(done)),
        interrupt,
    );
    let retry = retry_tally(scenario, &simulation, attempts, progress, interrupt);
    let bins = stages * STAGE_BINS;
    let evidence = claims::Evidence {
        scenario,
        exact: &Exact::new(scenario),
        reduced: without_first.map(|fewer| Exact::new(&scenario.with_checkpoints(fewer))),
        tally: &run.fold.tally,
        martingale: &run.fold.martingale,
        monotone: run.fold.monotone.as_ref(),
        retry: retry.as_ref(),
        delta: FAMILY_ALPHA / 2.0 / (CLAIMS + checkpoints.len()) as f64,
        bin_delta: FAMILY_ALPHA / 2.0 / bins as f64,
    };
    let claims = claims::all(&evidence);
    VerificationFindings {
        schema: SCHEMA.to_owned(),
        scenario: scenario.name().to_owned(),
        attempts: run.attempts,
        seed,
        partial: run.partial || interrupt.raised(),
        family_alpha: FAMILY_ALPHA,
        ok: claims.iter().all(|c| c.verdict != Verdict::Fails),
        increments: run.fold.martingale.increments(evidence.bin_delta),
        claims,
    }
}
