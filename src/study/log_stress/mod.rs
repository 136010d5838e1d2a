//! What becomes of a policy's figures on a log once alarms and labels are not what they are in it? The
//! first-alarm table is perturbed, one way at a time and ever more, and told is where the figures tip
//! (theory.md §9).
//!
//! Nothing is drawn for the curves: for each generation the probability of being stopped at each look is
//! summed in closed form, and every figure is that of a replay with expectations in place of events.
//! Intervals are over prompts, at a fixed strength. Rates of "today" are those of the log as it is.

mod confirmation;
mod curve;
mod findings;
mod mode;
mod subject;
mod verdict;
mod worst;

use std::sync::atomic::AtomicU64;

use rayon::prelude::*;

use super::replay::{Intake, of_log};
use super::stress::{Choice, LeftOut, SAME, strengths};
use crate::engine::Interrupt;
use crate::policy::PolicyFile;
use crate::replay::{Replay, ScheduleError, Table};
use curve::{Curve, Found};
pub use findings::{
    Crossing, LogFigures, LogStressFindings, ModeFindings, Point, Quantity, SCHEMA, Today,
    WorstCaseFound,
};
pub use mode::Mode;
pub use subject::{Perturbation, Subject};

/// Covariates whose total variation is shown; those of modes that were asked for come besides.
const SHOWN: [&str; 3] = ["model", "benchmark", "prompt_pass_rate"];
/// Generations of all tables drawn at a strength.
const DRAWN: usize = 200_000;
/// Victims of a worst case that are named.
const NAMED: usize = 5;

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Modes with their ranges; none for all.
    pub modes: Vec<Choice>,
    /// Equal steps from the first strength to the last, at least 1.
    pub steps: u32,
    /// Level for bias and total variation, in (0, 1).
    pub tolerance: f64,
    /// Whether the problems count as generated.
    pub problem_generated: bool,
    /// Tables drawn at each of three strengths of each mode, 0 for none; `None` for as many as hold
    /// 200,000 generations, between 1 and 1000.
    pub draws: Option<u32>,
    /// Their root seed.
    pub seed: u64,
}

/// Why there are no findings.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A mode or its range does not fit the log.
    #[error("{0}")]
    Mode(String),
    /// The log cannot be put under stress.
    #[error("{0}")]
    Log(&'static str),
    /// A checkpoint has no place.
    #[error("{0}")]
    Schedule(#[from] ScheduleError),
    /// Ended before it was done.
    #[error("interrupted")]
    Interrupted,
}

/// Why nothing can be told of a log.
fn obstacle(table: &Table) -> Option<&'static str> {
    if table.is_censored() {
        return Some(
            "was written under a live policy: what would have been alarmed at behind its cuts is not \
             known, so alarms cannot be perturbed; use a log of full generations",
        );
    }
    let mut labels = table
        .rows()
        .iter()
        .filter_map(|row| row.accepted)
        .peekable();
    if labels.peek().is_none() {
        return Some(
            "has no label (`accepted` or `correct`): what a false alarm is cannot be told; label the \
             records, or grade them by --grade numeric in `foldem import`",
        );
    }
    (!labels.any(|accepted| accepted)).then_some(
        "has no accepted generation: nothing is retained, with or without the policy, so there is no \
         cost per retained sample",
    )
}

/// Puts `policy` on the generations of `table` under stress. `progress` hears how many of how many
/// strengths are done, in any order.
pub fn stress(
    policy: &PolicyFile,
    table: &Table,
    request: &Request,
    intake: &Intake,
    progress: &(dyn Fn(u64, u64) + Sync),
    interrupt: &Interrupt,
) -> Result<LogStressFindings, Failure> {
    if let Some(obstacle) = obstacle(table) {
        return Err(Failure::Log(obstacle));
    }
    let checkpoints = policy.checkpoints();
    let replay = Replay::new(table, policy, checkpoints, request.problem_generated)?;
    let subject = Subject::new(&replay, covariates(table, &request.modes));
    let stressed = |covariate| subject.stressed_level(covariate);
    let all = Mode::all(table, &subject.selection().covariates, stressed);
    let chosen = Mode::chosen(table, &all, &request.modes).map_err(Failure::Mode)?;
    let mut left_out = Vec::new();
    let mut curves = Vec::new();
    for (mode, range) in chosen {
        if let Some(reason) = subject.inexpressible(mode) {
            let mode = mode.name(table);
            left_out.push(LeftOut { mode, reason });
            continue;
        }
        let curve = Curve {
            subject: &subject,
            mode,
            range,
            tolerance: request.tolerance,
            interrupt,
        };
        curves.push((curve, strengths(range, request.steps)));
    }
    let today = subject.figures(&Perturbation::default());
    let total: usize = curves.iter().map(|(_, strengths)| strengths.len()).sum();
    let done = AtomicU64::new(0);
    let modes: Option<Vec<ModeFindings>> = curves
        .par_iter()
        .map(|(curve, strengths)| {
            let points = curve.over(strengths, &done, &|done| progress(done, total as u64))?;
            of_mode(curve, points, &today)
        })
        .collect();
    let modes = modes.ok_or(Failure::Interrupted)?;
    let generations = subject.selection().rows.len();
    let enough = u32::try_from(DRAWN / generations).unwrap_or(u32::MAX);
    let draws = request.draws.unwrap_or(enough.clamp(1, 1000));
    let confirmation = if draws > 0 && !curves.is_empty() {
        let drawn = (draws, request.seed);
        Some(confirmation::confirm(&curves, policy, drawn).ok_or(Failure::Interrupted)?)
    } else {
        None
    };
    let [detections, false_alarms] = subject.rates();
    Ok(LogStressFindings {
        schema: SCHEMA,
        policy: policy.name().to_owned(),
        records: subject.selection().rows.len() as u64,
        prompts: subject.prompts(),
        skipped: intake.skipped,
        partial: intake.partial,
        seed: request.seed,
        tolerance: request.tolerance,
        bias_informative: subject.bias_informative(),
        rates: Today {
            false_alarms_per_look: false_alarms,
            detections_per_look: detections,
        },
        warnings: remarks(table, &subject, intake),
        today,
        modes,
        confirmation,
        left_out,
    })
}

/// Numbers of the covariates that are shown.
fn covariates(table: &Table, choices: &[Choice]) -> Vec<usize> {
    let asked = |name: &str| {
        choices.iter().any(|choice| {
            let of_group = choice.name.strip_prefix("attribute.");
            let of_group = of_group.and_then(|group| group.strip_prefix(name));
            of_group.is_some_and(|rest| rest.starts_with('='))
                || choice.name.strip_prefix("worst-case.") == Some(name)
        })
    };
    let named = table.covariates().iter().enumerate();
    named
        .filter(|(_, c)| SHOWN.contains(&c.name.as_str()) || asked(&c.name))
        .map(|(v, _)| v)
        .collect()
}

fn of_mode(curve: &Curve<'_, '_>, points: Vec<Point>, today: &LogFigures) -> Option<ModeFindings> {
    let (subject, mode) = (curve.subject, curve.mode);
    let meaning = |strength| verdict::meaning(subject, mode, strength);
    let told = |found: Found| Crossing {
        quantity: found.quantity.name(today),
        in_words: found.quantity.in_words(today),
        level: found.quantity.level(curve.tolerance),
        strength: found.strength,
        ci: found.ci,
        rises: found.rises,
        meaning: meaning(found.strength),
        meaning_ci: found.ci.map(|end| end.map(meaning)),
    };
    let crossings: Vec<Crossing> = curve
        .crossings(&points, today)?
        .into_iter()
        .map(told)
        .collect();
    let moves = points.iter().any(|point| differ(&point.figures, today));
    let gaps = points.windows(2).map(|p| p[1].strength - p[0].strength);
    Some(ModeFindings {
        mode: mode.name(subject.looks().replay().table()),
        unit: mode.unit(),
        verdict: verdict::verdict(today, &points, &crossings, moves, curve.tolerance),
        moves,
        resolution: gaps.fold(0.0, f64::max),
        crossings,
        worst_case: worst_case(curve, points.last()?.strength),
        points,
    })
}

fn worst_case(curve: &Curve<'_, '_>, strength: f64) -> Option<WorstCaseFound> {
    let Mode::WorstCase(of) = curve.mode else {
        return None;
    };
    let subject = curve.subject;
    let table = subject.looks().replay().table();
    let (taken, levels) = subject.victims(of, strength);
    let (tokens_saved, complete) = subject.saved(&taken);
    let name = |v: usize, level: usize| table.covariates()[v].levels[level].clone();
    let levels = of.map(|v| levels.into_iter().map(|level| name(v, level)).collect());
    Some(WorstCaseFound {
        strength,
        rejected: taken.iter().map(|(_, part)| part).sum(),
        complete,
        tokens_saved,
        levels: levels.unwrap_or_default(),
        examples: taken
            .iter()
            .take(NAMED)
            .map(|(i, _)| table.id(*i).to_owned())
            .collect(),
    })
}

/// Whether a figure differs by more than the rounding of sums; the bias of label noise, which is
/// undefined today, does not count.
fn differ(a: &LogFigures, b: &LogFigures) -> bool {
    let pairs = a.named().into_iter().zip(b.named());
    let mut means = pairs.map(|((name, a), (_, b))| (name, a.mean, b.mean));
    means.any(|(name, a, b)| match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() > SAME.max(1e-9),
        _ => name != "retained_bias" && a.is_some() != b.is_some(),
    })
}

fn remarks(table: &Table, subject: &Subject<'_>, intake: &Intake) -> Vec<String> {
    let mut remarks = of_log(table, intake);
    let unlabelled = table.rows().len() - subject.selection().rows.len();
    if unlabelled > 0 {
        remarks.push(format!(
            "{unlabelled} of {} records have no label and are left out",
            table.rows().len()
        ));
    }
    if subject.prompts() < 2 {
        remarks.push("all records are of one prompt: there are no intervals".to_owned());
    }
    if !subject.bias_informative() {
        let message = "retained_bias is not informative: all accepted records have the same utility, \
                       or some have none, so it is 0 or unknown whatever alarms do; look at total \
                       variation (only label-noise, which takes today's utilities for right, tells of it)";
        remarks.push(message.to_owned());
    }
    let rows = &subject.selection().rows;
    if rows.iter().all(|&i| subject.looks().of(i).is_empty()) {
        remarks.push(
            "no checkpoint looks at any generation: no perturbation can change anything".to_owned(),
        );
    }
    remarks
}
