//! Does a certificate keep its promise?
//!
//! Many logs are drawn from a scenario whose policies have known false rejection rates; each is tuned
//! as `foldem tune` does, and it is counted how often the certified policy breaks the limit. Beside it
//! stand the ways in which people choose without a certificate, on the same logs: each must be seen to
//! break the limit more often than the certificate allows, or the experiment could not have found a
//! fault.

mod read;
mod world;

pub use read::SPEC_SCHEMA;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use rand_xoshiro::rand_core::Rng as _;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Interrupt;
use super::tuning::{Chosen, Limits, Objective, Shares, TuningRequest, choose, choose_naively};
use crate::replay::CandidatesError;
use crate::rng::{Purpose, stream};
use crate::stats::clopper_pearson;
use crate::study::tuning::Estimand;
use world::World;

/// Version of the JSON form.
pub const SCHEMA: &str = "foldem.violations/1";
/// Probability that one interval of the table misses, two-sided.
const MISS: f64 = 0.01;

/// Logs on which the negative control must be seen.
const TELLING: u64 = 200;

/// What logs are drawn and what is asked of them.
#[derive(Debug)]
pub struct Spec {
    name: String,
    scenario_file: String,
    scenario_text: String,
    world: World,
    prompts: u64,
    per_prompt: u64,
    max_frr: f64,
    confidence: f64,
    /// Logs that are drawn, unless asked otherwise.
    pub replications: u64,
    seed: u64,
}

impl Spec {
    /// The scenario's file, relative to the experiment's.
    pub fn scenario_file(&self) -> &str {
        &self.scenario_file
    }

    /// What it holds.
    pub fn scenario_text(&self) -> &str {
        &self.scenario_text
    }
}

/// A way to choose a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// As `foldem tune` does, with the test that it would take.
    Certified,
    /// The same with Hoeffding–Bentkus.
    CertifiedByHoeffdingBentkus,
    /// The same with a binomial test that takes generations for independent.
    BinomialByGeneration,
    /// The cheapest whose rate on the calibration part is within the limit.
    PointEstimate,
    /// The cheapest whose rate on all of the log is within the limit.
    BestOnAllData,
}

/// All methods, in the order in which they are shown.
pub const METHODS: [Method; 5] = [
    Method::Certified,
    Method::CertifiedByHoeffdingBentkus,
    Method::BinomialByGeneration,
    Method::PointEstimate,
    Method::BestOnAllData,
];

impl Method {
    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Certified => "certified (foldem tune)",
            Self::CertifiedByHoeffdingBentkus => "certified by Hoeffding–Bentkus",
            Self::BinomialByGeneration => "binomial test by generation",
            Self::PointEstimate => "point estimate within the limit",
            Self::BestOnAllData => "best on all data",
        }
    }
}

/// Whether a method keeps the promise of the certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The share of violations is not above delta, as far as these logs tell.
    Keeps,
    /// It is above delta.
    Breaks,
    /// It chose no policy on any log, so it kept nothing.
    NothingChosen,
}

/// What became of a method's choices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MethodFindings {
    /// The method.
    pub method: Method,
    /// Logs on which it chose a policy.
    pub chosen: u64,
    /// Of all logs, those on which it chose one whose false rejection rate is above the limit.
    pub violations: u64,
    /// Violations as a share of all logs.
    pub rate: f64,
    /// Its exact 99 % interval.
    pub ci: [f64; 2],
    /// Mean true false rejection rate of the policies chosen.
    pub mean_frr: Option<f64>,
    /// Whether violations are more than delta allows.
    pub verdict: Verdict,
}

/// What the experiment found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GuaranteeFindings {
    /// [`SCHEMA`].
    pub schema: String,
    /// Name of the experiment.
    pub name: String,
    /// The limit.
    pub max_frr: f64,
    /// The confidence asked for.
    pub confidence: f64,
    /// Prompts of a log.
    pub prompts: u64,
    /// Generations of a prompt.
    pub per_prompt: u64,
    /// Policies that each log is searched for.
    pub policies: u64,
    /// Of these, how many break the limit in truth.
    pub policies_above: u64,
    /// Logs.
    pub replications: u64,
    /// Seed.
    pub seed: u64,
    /// Whether it was interrupted.
    pub partial: bool,
    /// By method.
    pub methods: Vec<MethodFindings>,
    /// Whether the certified methods keep the promise, `tune` chooses a policy at all, and, on 200 logs or more,
    /// choosing the best on all data is seen to break it.
    pub ok: bool,
}

/// What one log led to: by method, the true rate of the policy chosen.
type Truths = BTreeMap<Method, Option<f64>>;

/// Draws `replications` logs and tunes each; `progress` hears how many are done.
pub fn run(
    spec: &Spec,
    replications: u64,
    progress: &(dyn Fn(u64) + Sync),
    interrupt: &Interrupt,
) -> Result<GuaranteeFindings, CandidatesError> {
    let rates = spec.world.rates();
    let done = AtomicU64::new(0);
    let logs: Result<Vec<Option<Truths>>, CandidatesError> = (0..replications)
        .into_par_iter()
        .map(|number| {
            if interrupt.raised() {
                return Ok(None);
            }
            let truths = one_log(spec, number, &rates)?;
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
            Ok(Some(truths))
        })
        .collect();
    // Which logs were done when it was interrupted depends on the threads; the first ones do not.
    let logs: Vec<Truths> = logs?.into_iter().map_while(|log| log).collect();
    let methods: Vec<MethodFindings> = METHODS
        .iter()
        .filter(|&&method| method != Method::BinomialByGeneration || spec.per_prompt > 1)
        .map(|&method| of_method(spec, method, &logs))
        .collect();
    let verdict = |method: Method| {
        let found = methods.iter().find(|m| m.method == method);
        found.map(|m| m.verdict)
    };
    let kept = verdict(Method::Certified) == Some(Verdict::Keeps)
        && verdict(Method::CertifiedByHoeffdingBentkus) != Some(Verdict::Breaks);
    let control = verdict(Method::BestOnAllData) == Some(Verdict::Breaks);
    let schedules = (1_u64 << spec.world.policy.checkpoints().len()) - 1;
    let sets = (1_u64 << spec.world.policy.validators().len()) - 1;
    // As many schedules end at checkpoint c as there are sets of those before it.
    let above = rates.iter().filter(|(_, rate)| **rate > spec.max_frr);
    Ok(GuaranteeFindings {
        schema: SCHEMA.to_owned(),
        name: spec.name.clone(),
        max_frr: spec.max_frr,
        confidence: spec.confidence,
        prompts: spec.prompts,
        per_prompt: spec.per_prompt,
        policies: schedules * sets,
        policies_above: above.map(|((_, last), _)| 1_u64 << last).sum(),
        replications: logs.len() as u64,
        seed: spec.seed,
        partial: (logs.len() as u64) < replications,
        ok: kept && (control || (logs.len() as u64) < TELLING),
        methods,
    })
}

fn of_method(spec: &Spec, method: Method, logs: &[Truths]) -> MethodFindings {
    let rates = logs
        .iter()
        .filter_map(|truths| truths.get(&method).copied().flatten());
    let rates: Vec<f64> = rates.collect();
    let violations = rates.iter().filter(|&&rate| rate > spec.max_frr).count() as u64;
    let all = logs.len() as u64;
    let (lo, hi) = clopper_pearson(violations, all, MISS).unwrap_or((0.0, 1.0));
    let chosen = rates.len();
    MethodFindings {
        method,
        chosen: chosen as u64,
        violations,
        rate: violations as f64 / all.max(1) as f64,
        ci: [lo, hi],
        mean_frr: (chosen > 0).then(|| rates.iter().sum::<f64>() / chosen as f64),
        verdict: if chosen == 0 {
            Verdict::NothingChosen
        } else if lo > 1.0 - spec.confidence {
            Verdict::Breaks
        } else {
            Verdict::Keeps
        },
    }
}

/// Draws log number `number` and lets every method choose.
fn one_log(
    spec: &Spec,
    number: u64,
    rates: &BTreeMap<(u64, usize), f64>,
) -> Result<Truths, CandidatesError> {
    let mut seeds = stream(spec.seed, Purpose::Guarantee, number);
    let table = spec
        .world
        .table(spec.prompts, spec.per_prompt, seeds.next_u64());
    let request = TuningRequest {
        max_frr: spec.max_frr,
        confidence: spec.confidence,
        shares: Shares::default(),
        seed: seeds.next_u64(),
        objective: Objective::CostRatio,
        limits: Limits::default(),
        estimand: Estimand::Generation,
        test: None,
        per_prompt: None,
        judge: None,
        problem_generated: false,
    };
    let truth = |chosen: Option<Chosen>| {
        chosen.and_then(|chosen| {
            let last = 63 - chosen.checkpoints.leading_zeros() as usize;
            rates.get(&(chosen.validators, last)).copied()
        })
    };
    let policy = &spec.world.policy;
    let by = choose(&table, policy, &request)?;
    let naive = choose_naively(&table, policy, &request)?;
    Ok(BTreeMap::from([
        (Method::Certified, truth(by.certified)),
        (
            Method::CertifiedByHoeffdingBentkus,
            truth(by.by_hoeffding_bentkus),
        ),
        (Method::BinomialByGeneration, truth(by.by_generation)),
        (Method::PointEstimate, truth(by.by_point_estimate)),
        (Method::BestOnAllData, truth(naive)),
    ]))
}
