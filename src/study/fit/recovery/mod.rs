//! Are the parameters found again, and do their intervals keep 95 %?
//!
//! Many logs are drawn from a known scenario, each is fitted as `foldem fit` does, and it is counted how often the
//! interval of each parameter contains the truth. If intervals are nominal, the count of a parameter is
//! binomial with 95 %. The test is of all parameters together: one is short if so few hits have a probability
//! below 1 % divided by the number of parameters, so nominal intervals are called short in 1 % of
//! experiments at most (Bonferroni; misses of one log need not be independent). Intervals may be too wide: where
//! few events are known they are.
//!
//! The negative control is what people do who forget that generations of a prompt go together: resamples of
//! generations instead of prompts. It must be seen to be short, or the experiment could not have found a
//! fault.

mod read;

pub use read::SPEC_SCHEMA;

use std::sync::atomic::{AtomicU64, Ordering};

use rand_xoshiro::rand_core::Rng as _;
use rayon::prelude::*;
use serde::Serialize;

use super::bootstrap::Fitted;
use super::evidence::Evidence;
use super::form::Form;
use super::parameters::{Parameter, Status, describe};
use super::scenario::parameters;
use super::stages::{Alarm, Generation, Layout, Onset};
use crate::engine::Simulation;
use crate::policy::ALARM;
use crate::rng::{Purpose, stream};
use crate::scenario::Scenario;
use crate::stats::binomial_p;
use crate::study::Interrupt;

/// Version of the JSON form.
pub const SCHEMA: &str = "foldem.coverage/1";
/// Probability that nominal intervals of all parameters together are called short.
const FALSE_ALARM: f64 = 0.01;
/// Confidence of the intervals.
const CONFIDENCE: f64 = 0.95;
/// Logs on which the negative control must be seen.
const TELLING: u64 = 40;

/// What logs are drawn and how each is fitted.
#[derive(Debug)]
pub struct Spec {
    name: String,
    scenario_file: String,
    scenario_text: String,
    scenario: Scenario,
    layout: Layout,
    prompts: u64,
    per_prompt: u64,
    resamples: u64,
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

/// How often the interval of a parameter contains the truth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// Logs on which it does.
    pub covered: u64,
    /// As a share of the logs that were fitted.
    pub rate: f64,
    /// Probability of so few or fewer, if intervals are nominal.
    pub p_value: f64,
    /// Whether that is too little to be chance.
    pub short: bool,
}

/// What became of a parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParameterRecovery {
    /// Its key.
    pub name: String,
    /// Its value in the scenario that logs are drawn from.
    pub truth: f64,
    /// Mean over logs of what was estimated.
    pub mean: f64,
    /// Standard deviation over logs.
    pub spread: f64,
    /// Intervals from prompts drawn again.
    pub by_prompt: Coverage,
    /// The negative control: from generations drawn again.
    pub by_generation: Coverage,
}

/// What the experiment found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecoveryFindings {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Name of the experiment.
    pub name: String,
    /// Prompts of a log.
    pub prompts: u64,
    /// Generations of a prompt.
    pub per_prompt: u64,
    /// Resamples of a log.
    pub resamples: u64,
    /// Logs.
    pub replications: u64,
    /// Of these, how many led to a scenario of another form, or to none: they cover nothing.
    pub lost: u64,
    /// Seed.
    pub seed: u64,
    /// Whether it was interrupted.
    pub partial: bool,
    /// A parameter is short where its p value is below this.
    pub threshold: f64,
    /// By parameter that is estimated.
    pub parameters: Vec<ParameterRecovery>,
    /// Whether no parameter is short, and, on 40 logs or more, the control is.
    pub ok: bool,
}

/// What one log led to: for each parameter, the estimate, and whether the interval from prompts and
/// that from generations contain the truth.
type Hits = Vec<(f64, bool, bool)>;

/// Draws `replications` logs and fits each; `progress` hears how many are done.
pub fn run(
    spec: &Spec,
    replications: u64,
    progress: &(dyn Fn(u64) + Sync),
    interrupt: &Interrupt,
) -> RecoveryFindings {
    let truths = truths(spec);
    let done = AtomicU64::new(0);
    let logs: Vec<Option<Option<Hits>>> = (0..replications)
        .into_par_iter()
        .map(|number| {
            if interrupt.raised() {
                return None;
            }
            let hits = one_log(spec, number, &truths, interrupt);
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
            (!interrupt.raised()).then_some(hits)
        })
        .collect();
    // Which logs were done when it was interrupted depends on the threads; the first ones do not.
    let logs: Vec<Option<Hits>> = logs.into_iter().map_while(|log| log).collect();
    let fitted: Vec<&Hits> = logs.iter().flatten().collect();
    let threshold = FALSE_ALARM / truths.len() as f64;
    let coverage = |hit: &dyn Fn(&Hits) -> bool| {
        let covered = fitted.iter().filter(|hits| hit(hits)).count() as u64;
        let all = logs.len() as u64;
        let p_value = binomial_p(covered, all, CONFIDENCE);
        Coverage {
            covered,
            rate: covered as f64 / all.max(1) as f64,
            p_value,
            short: p_value < threshold,
        }
    };
    let each = truths.iter().enumerate().map(|(i, (name, truth))| {
        let values = || fitted.iter().map(|hits| hits[i].0);
        ParameterRecovery {
            name: name.clone(),
            truth: *truth,
            mean: values().sum::<f64>() / fitted.len().max(1) as f64,
            spread: super::bootstrap::spread(values()),
            by_prompt: coverage(&|hits| hits[i].1),
            by_generation: coverage(&|hits| hits[i].2),
        }
    });
    let parameters: Vec<ParameterRecovery> = each.collect();
    let short = parameters.iter().any(|p| p.by_prompt.short);
    let control = parameters.iter().any(|p| p.by_generation.short);
    let all = logs.len() as u64;
    RecoveryFindings {
        schema: SCHEMA,
        name: spec.name.clone(),
        prompts: spec.prompts,
        per_prompt: spec.per_prompt,
        resamples: spec.resamples,
        replications: all,
        lost: all - fitted.len() as u64,
        seed: spec.seed,
        partial: all < replications,
        threshold,
        ok: !short && (control || all < TELLING || spec.per_prompt == 1),
        parameters,
    }
}

/// The parameters that a fit of the scenario's logs estimates, with their values.
fn truths(spec: &Spec) -> Vec<(String, f64)> {
    let last = spec.layout.names.len() - 1;
    let estimated = |role| !read::is_assumed(role, last);
    let all = parameters(spec.scenario.spec()).into_iter();
    all.filter(|(_, role, _)| estimated(*role))
        .map(|(name, _, value)| (name, value))
        .collect()
}

/// Draws log number `number` and fits it; `None` where that leads to no scenario, or to one of another
/// form.
fn one_log(
    spec: &Spec,
    number: u64,
    truths: &[(String, f64)],
    interrupt: &Interrupt,
) -> Option<Hits> {
    let mut seeds = stream(spec.seed, Purpose::Recovery, number);
    let generations = generations(spec, seeds.next_u64());
    let evidence = Evidence::new(&spec.layout, &generations);
    let form = Form::new(&spec.layout, &evidence);
    let fitted = Fitted::new(form, &evidence, &spec.name)?;
    // For the control every generation is a prompt of its own.
    let alone = generations.into_iter().enumerate();
    let alone: Vec<(usize, Generation)> = alone.map(|(i, (_, g))| (i, g)).collect();
    let alone = Evidence::new(&spec.layout, &alone);
    let seed = seeds.next_u64();
    let intervals = |evidence: &Evidence, first: u64| {
        let draws = (seed, first, spec.resamples);
        let resamples = fitted.resamples(evidence, draws, &|_| {}, interrupt)?;
        Some(describe(&fitted, evidence, &resamples))
    };
    let by_prompt = intervals(&evidence, 0)?;
    let by_generation = intervals(&alone, spec.resamples)?;
    let contains =
        |found: &Parameter, truth: f64| found.ci.is_some_and(|[lo, hi]| (lo..=hi).contains(&truth));
    let estimated = |found: &[Parameter], name: &str| {
        let found = found.iter().find(|p| p.name == name);
        found.filter(|p| p.status == Status::Estimated).cloned()
    };
    let hits = truths.iter().map(|(name, truth)| {
        let found = estimated(&by_prompt, name)?;
        let control = estimated(&by_generation, name)?;
        Some((
            found.value,
            contains(&found, *truth),
            contains(&control, *truth),
        ))
    });
    hits.collect()
}

/// The generations of a drawn log, in the terms of its scenario.
fn generations(spec: &Spec, seed: u64) -> Vec<(usize, Generation)> {
    let attempts = spec.prompts * spec.per_prompt;
    let simulation = Simulation::new(&spec.scenario, attempts, seed)
        .per_prompt(spec.per_prompt)
        .traced();
    let (stages, checkpoints) = (spec.layout.stages(), spec.scenario.checkpoints());
    let looks: usize = checkpoints.iter().map(|c| c.validators.len()).sum();
    let mut generations = Vec::new();
    for number in 0..simulation.batches() {
        let batch = &simulation.draw(number)[0];
        let Some(trace) = &batch.trace else { continue };
        for i in 0..batch.len() {
            let tokens = trace.stage_tokens[i * stages..(i + 1) * stages].to_vec();
            let mut scores = trace.scores[i * looks..(i + 1) * looks].iter();
            let mut alarm = None;
            for (stage, checkpoint) in checkpoints.iter().enumerate() {
                for (&validator, &score) in checkpoint.validators.iter().zip(scores.by_ref()) {
                    if score <= ALARM && alarm.is_none() {
                        alarm = Some(Alarm {
                            validator,
                            stage,
                            seen: Some(stage),
                            saved: tokens[stage + 1..].iter().sum(),
                        });
                    }
                }
            }
            let stop = alarm.and_then(|alarm: Alarm| alarm.seen);
            let charge = |(stage, c): (usize, &crate::policy::Checkpoint<usize>)| {
                if stop.is_none_or(|stop| stop >= stage) {
                    c.cost_tokens
                } else {
                    0.0
                }
            };
            let generation = Generation {
                accepted: batch.accepted[i],
                onset: Onset::Unlabelled,
                alarm,
                charges: checkpoints.iter().enumerate().map(charge).collect(),
                tokens,
            };
            let prompt = usize::try_from(batch.prompt[i]).unwrap_or(usize::MAX);
            generations.push((prompt, generation));
        }
    }
    generations
}
