//! Which scenario does a log look like?
//!
//! A labelled log and its first alarms under a policy become a scenario: stages by token position
//! (`stages.rs`), sums by prompt (`evidence.rs`), a form (`form.rs`), and the parameters for which the
//! scenario's moments are those of the log (`solve.rs`, `difficulty.rs`). Intervals are from prompts drawn
//! again (`bootstrap.rs`). Each parameter is said to be estimated or assumed (`parameters.rs`). Whether the
//! scenario tells what replay tells – savings, f, cost ratio – is checked on the log itself and, fitted on half of
//! the prompts, on the other half (`agreement.rs`).

mod agreement;
mod bootstrap;
mod difficulty;
mod evidence;
#[cfg(test)]
mod expected_sums;
mod form;
mod parameters;
pub mod recovery;
mod scenario;
mod solve;
mod stages;

pub use agreement::{FigureAgreement, HalfAgreement, RoundTrip};
pub use parameters::{Parameter, Status};
pub use scenario::FIGURES;

use serde::Serialize;

use super::Interrupt;
use super::replay::{Intake, of_log};
use crate::policy::PolicyFile;
use crate::replay::{FirstError, Replay, Table};
use crate::scenario::spec::ScenarioSpec;
use bootstrap::Fitted;
use evidence::Evidence;
use form::Form;
use stages::{Generation, Stages};

/// Version of the JSON form.
pub const SCHEMA: &str = "foldem.fit/1";
/// Resamples of a fit on half of the prompts have numbers from here on.
const OF_HALF: u64 = 1 << 32;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// Resamples for the intervals, ≥ 2.
    pub resamples: u64,
    /// Root of all randomness.
    pub seed: u64,
    /// Whether to fit on half of the prompts and to compare with the other half.
    pub round_trip: bool,
}

/// How onsets of faults are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Onsets {
    /// From labels of steps.
    Steps,
    /// From first alarms.
    Alarms,
}

/// A stage of the fitted scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FittedStage {
    /// Its name.
    pub name: String,
    /// In words: where it ends.
    pub ends: String,
    /// Validators consulted there.
    pub validators: Vec<String>,
}

/// What a fit found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FitFindings {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Name of the policy.
    pub policy: String,
    /// Generations that the fit rests on: with a verdict, and, where steps of most of the refused are labelled,
    /// accepted or with such labels.
    pub records: u64,
    /// Other generations, left out.
    pub unlabelled: u64,
    /// Prompts of the generations that it rests on.
    pub prompts: u64,
    /// How onsets are known.
    pub onsets: Onsets,
    /// The stages.
    pub stages: Vec<FittedStage>,
    /// Names of the fault kinds.
    pub kinds: Vec<String>,
    /// Every parameter of the scenario.
    pub parameters: Vec<Parameter>,
    /// The scenario's figures beside those of replay, on the same generations.
    pub figures: Vec<FigureAgreement>,
    /// Fitted on half of the prompts, compared with the other half; `None` where it was not asked for.
    pub round_trip: Option<RoundTrip>,
    /// Resamples.
    pub resamples: u64,
    /// Of these, how many determined no scenario.
    pub resamples_lost: u64,
    /// Seed.
    pub seed: u64,
    /// What a reader has to know before trusting it.
    pub warnings: Vec<String>,
    /// The scenario.
    #[serde(skip)]
    pub scenario: ScenarioSpec,
}

/// Why there is no scenario.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FitError {
    /// No checkpoint applies.
    #[error(
        "has no checkpoint that applies to this log, so nothing divides its generations into stages; give it one, \
         such as at = {{ tokens = 128 }} (one at the problem applies with --problem generated alone)"
    )]
    NoCheckpoint,
    /// No verdicts.
    #[error(
        "cannot be fitted: no record of the log says whether it is accepted or correct, so what goes wrong is not \
         known; add labels (--grade numeric compares answers with `gold`)"
    )]
    NoLabels,
    /// One class alone.
    #[error(
        "cannot be fitted: all {0} labelled records are {1}; a scenario needs both, to tell detection from false \
         alarms"
    )]
    OneClass(u64, &'static str),
    /// One prompt alone.
    #[error(
        "cannot be fitted: all labelled records answer one prompt, so nothing is known of other prompts; give a log of \
         many prompts (prompt_id tells them apart)"
    )]
    OnePrompt,
    /// No alarm on what goes wrong.
    #[error(
        "cannot be fitted: the validators that its checkpoints consult alarm on none of the {0} generations that go \
         wrong, so neither when faults start nor how well they are detected is known; add validators that find \
         something on this log, or label steps"
    )]
    NoAlarms(u64),
    /// No accepted generation survives.
    #[error(
        "cannot be fitted: it rejects all {accepted} accepted generations, {rejections} of them for an alarm of \
         `{validator}`, so its cost per retained sample is infinite; take that validator out of the policy, or put it \
         right (its rule may not suit these texts; those of `simulate --write-log` are placeholders, on which rules \
         tell nothing: to check fits on drawn logs, use `foldem recovery`)"
    )]
    NothingRetained {
        /// Accepted generations.
        accepted: u64,
        /// The validator that rejects most of them.
        validator: String,
        /// How many it rejects.
        rejections: u64,
    },
    /// Steps are labelled, and no alarm can be held against one.
    #[error(
        "cannot be fitted: no fault that starts before the last checkpoint is alarmed on, so sensitivity is not known; \
         add a later checkpoint or another validator"
    )]
    NothingDetected,
    /// Interrupted.
    #[error("interrupted")]
    Interrupted,
}

/// Fits a scenario to what `replay`, of `policy` on `table`, shows; `progress` hears how many resamples are
/// done, of all.
pub fn fit(
    policy: &PolicyFile,
    table: &Table,
    replay: &Replay<'_>,
    (request, intake): (&Request, &Intake),
    progress: &(dyn Fn(u64) + Sync),
    interrupt: &Interrupt,
) -> Result<FitFindings, FitError> {
    let rows = labelled(table);
    let names = policy.validators().iter().map(|v| v.name.clone());
    let names: Vec<String> = names.collect();
    check_labels(table, &rows)?;
    let stages = Stages::new(replay, &rows, names)?;
    let of_rows = |rows: &[usize]| evidence(table, &stages, rows);
    let evidence = of_rows(&rows);
    let name = format!("{}-fitted", policy.name());
    let fitted = fitted(&stages, &evidence, &name)?;
    let draws = (request.seed, 0, request.resamples);
    let resamples = fitted.resamples(&evidence, draws, progress, interrupt);
    let resamples = resamples.ok_or(FitError::Interrupted)?;
    let replayed = super::replay::plain_estimates(table, replay, &rows);
    let round_trip = if request.round_trip {
        let done = |n| progress(request.resamples + n);
        let halves = agreement::halves(table, &rows, request.seed);
        let fit_half = |rows: &[usize]| {
            let evidence = of_rows(rows);
            check_labels(table, rows)?;
            let half = self::fitted(&stages, &evidence, &name)?;
            let draws = (request.seed, OF_HALF, request.resamples);
            let resamples = half.resamples(&evidence, draws, &done, interrupt);
            Ok((half, resamples.ok_or(FitError::Interrupted)?))
        };
        let trip = agreement::round_trip(&halves, table, fit_half, |rows| {
            super::replay::plain_estimates(table, replay, rows)
        });
        Some(trip?)
    } else {
        None
    };
    let mut warnings = of_log(table, intake);
    warnings.extend(stages.remarks.iter().cloned());
    let lost = request.resamples - resamples.len() as u64;
    let figures = agreement::on_the_same(&fitted, &evidence, &resamples, &replayed);
    warnings.extend(remarks(table, &fitted, &figures, (lost, request.resamples)));
    let layout = &stages.layout;
    let stage = |k: usize| FittedStage {
        name: layout.names[k].clone(),
        ends: layout.ends[k].clone(),
        validators: layout.consulted.get(k).map_or_else(Vec::new, |asked| {
            asked
                .iter()
                .map(|&v| layout.validators[v].clone())
                .collect()
        }),
    };
    Ok(FitFindings {
        schema: SCHEMA,
        policy: policy.name().to_owned(),
        records: rows.len() as u64,
        unlabelled: (table.rows().len() - rows.len()) as u64,
        prompts: evidence.prompts() as u64,
        onsets: if evidence.by_steps {
            Onsets::Steps
        } else {
            Onsets::Alarms
        },
        stages: (0..layout.stages()).map(stage).collect(),
        kinds: fitted.form.kinds.clone(),
        parameters: parameters::describe(&fitted, &evidence, &resamples),
        figures,
        round_trip,
        resamples: request.resamples,
        resamples_lost: lost,
        seed: request.seed,
        warnings,
        scenario: fitted.spec,
    })
}

/// Numbers of the generations that have a verdict, those of a prompt next to each other. Where steps of most of
/// the refused are labelled, the other refused are left out: where they go wrong is not known.
fn labelled(table: &Table) -> Vec<usize> {
    let has = |&i: &usize| table.rows()[i].accepted.is_some();
    let mut rows: Vec<usize> = (0..table.rows().len()).filter(has).collect();
    let steps = |&i: &usize| table.rows()[i].first_error() != FirstError::Unlabelled;
    let accepted = |&i: &usize| table.rows()[i].accepted == Some(true);
    let refused = rows.iter().filter(|i| !accepted(i));
    let (refused, known) = refused.fold((0, 0), |(n, k), i| (n + 1, k + usize::from(steps(i))));
    if 2 * known > refused {
        rows.retain(|i| steps(i) || accepted(i));
    }
    rows.sort_by_key(|&i| table.rows()[i].prompt);
    rows
}

fn check_labels(table: &Table, rows: &[usize]) -> Result<(), FitError> {
    let first = *rows.first().ok_or(FitError::NoLabels)?;
    let accepted = rows
        .iter()
        .filter(|&&i| table.rows()[i].accepted == Some(true));
    let accepted = accepted.count();
    if accepted == 0 || accepted == rows.len() {
        let which = if accepted == 0 { "refused" } else { "accepted" };
        return Err(FitError::OneClass(rows.len() as u64, which));
    }
    let prompt = |i: usize| table.rows()[i].prompt;
    if rows.iter().all(|&i| prompt(i) == prompt(first)) {
        return Err(FitError::OnePrompt);
    }
    Ok(())
}

/// The evidence of generations number `rows`, which have verdicts.
fn evidence(table: &Table, stages: &Stages<'_>, rows: &[usize]) -> Evidence {
    let generation = |&i: &usize| {
        let row = &table.rows()[i];
        (row.prompt, stages.generation(i, row.accepted == Some(true)))
    };
    let generations: Vec<(usize, Generation)> = rows.iter().map(generation).collect();
    Evidence::new(&stages.layout, &generations)
}

/// The scenario of some evidence, or why there is none.
fn fitted(stages: &Stages<'_>, evidence: &Evidence, name: &str) -> Result<Fitted, FitError> {
    let form = Form::new(&stages.layout, evidence);
    Fitted::new(form, evidence, name).ok_or_else(|| {
        let total = evidence.total();
        let wrong = total[evidence::WRONG];
        if total[evidence::RETAINED] <= 0.0 {
            nothing_retained(&stages.layout, evidence)
        } else if evidence.by_steps {
            FitError::NothingDetected
        } else {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a count of records"
            )]
            FitError::NoAlarms(wrong as u64)
        }
    })
}

/// That no accepted generation is left, and whose alarms reject most of them.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of records"
)]
fn nothing_retained(layout: &stages::Layout, evidence: &Evidence) -> FitError {
    let total = evidence.total();
    let rejections = total[evidence.columns.false_alarms()].iter();
    let named = layout.validators.iter().zip(rejections);
    let most = named.max_by(|a, b| a.1.total_cmp(b.1));
    let (validator, rejections) = most.map_or((String::new(), 0.0), |(v, n)| (v.clone(), *n));
    FitError::NothingRetained {
        accepted: total[evidence::ACCEPTED] as u64,
        validator,
        rejections: rejections as u64,
    }
}

/// What a reader has to know of this fit, one sentence each.
fn remarks(
    table: &Table,
    fitted: &Fitted,
    figures: &[FigureAgreement],
    (lost, resamples): (u64, u64),
) -> Vec<String> {
    let mut remarks = Vec::new();
    if table.groups().len() > 1 {
        remarks.push(format!(
            "the log holds {} groups of model and benchmark, which one scenario cannot tell apart: difficulty then holds \
             what sets benchmarks apart, and models are mixed; fit them one by one where that matters",
            table.groups().len()
        ));
    }
    if !fitted.form.clustered {
        let remark = "every prompt has one generation, so difficulty is not identified: the scenario has none, and costs \
                      of retrying a prompt would be too low";
        remarks.push(remark.to_owned());
    }
    let cut = |phi: &f64| *phi <= solve::FACTORS[0] || *phi >= solve::FACTORS[1];
    if fitted.solution.length_factor.iter().any(cut) {
        let remark = "the tokens saved cannot be explained by any length factor: it stands at the end of its range, and \
                      the scenario need not reproduce the savings. In a scenario lengths depend on faults alone; here what \
                      is rejected runs longer than that, be it wrong or not";
        remarks.push(remark.to_owned());
    } else if figures.iter().any(|figure| !figure.within) {
        let remark = "the scenario does not reproduce what replay shows: in a scenario false alarms are as frequent at every \
                      checkpoint, and what is rejected falsely runs as long as what is not; here it is otherwise";
        remarks.push(remark.to_owned());
    }
    if lost > 0 {
        remarks.push(format!(
            "{lost} of {resamples} resamples determine no scenario and are left out: intervals are too narrow"
        ));
    }
    remarks
}
