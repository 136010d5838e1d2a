//! Why does one policy save differently on two logs? Exact Shapley values of what the logs differ in, with
//! intervals over prompts.
//!
//! Each part is a functional of a log's empirical law (`world.rs`); a mixture takes it from one log or the
//! other and is evaluated exactly, so shares add up to the difference between the logs. Prompts of each
//! log are drawn anew, independently of the other's (percentile bootstrap); the places of the
//! checkpoints are held.

mod findings;
mod sample;
mod world;

pub use findings::{
    LogExplanation, LogExplanationError, LogFigure, LogPart, LogRequest, LogSide, Quantity,
};
pub use world::{LOG_FACTORS, LogFactor};

use rayon::prelude::*;

use super::super::replay::{Intake, of_log};
use super::super::{Estimate, Interrupt};
use super::{NAMES, shapley};
use crate::policy::{Checkpoint, PolicyFile, Position};
use crate::replay::Table;
use crate::rng::{Purpose, stream};
use sample::{Sampled, redrawn, sampled};
use world::{BAD, FALSE_REJECTION_RATE, GOOD, QUANTITIES, REJECTED, World, figures, mixed, world};

/// Version of the JSON form.
pub const LOG_SCHEMA: &str = "foldem.log-explanation/1";

/// With fewer prompts behind a part than this in either log it has no interval: resampled prompts would hardly ever
/// hold what it is about.
const FEW: u64 = 10;

/// What a sample of prompts says: quantities of both logs, figures of all mixtures, shares.
struct Evaluation {
    worlds: [World; 2],
    /// By figure: every mixture, if all are defined; not kept of what is drawn.
    values: [Option<Vec<f64>>; 2],
    ends: [[Option<f64>; 2]; 2],
    shares: [Option<Vec<f64>>; 2],
}

/// Explains how `policy` does on the second log, by name and first-alarm table, beside the first. Tables have
/// columns for all validators of the policy.
pub fn explain_logs(
    policy: &PolicyFile,
    logs: [(&str, &Table, &Intake); 2],
    request: LogRequest,
    interrupt: &Interrupt,
) -> Result<LogExplanation, LogExplanationError> {
    let [first, second] = logs.map(|(name, table, _)| sampled(policy, name, table, request));
    let (first, second) = (first?, second?);
    let point = evaluation(&first.world, &second.world);
    let drawn = resampled(&first, &second, request, interrupt)?;
    let mut warnings = Vec::new();
    for (name, table, intake) in logs {
        let about = of_log(table, intake).into_iter();
        warnings.extend(about.map(|warning| format!("{name}: {warning}")));
    }
    warnings.extend(own_warnings(policy, [&first, &second], &drawn));
    // Where some samples lack a verdict the others say nothing of the spread.
    let drawn: Option<Vec<Evaluation>> = drawn.into_iter().collect();
    let single = [&first, &second].iter().any(|log| log.prompts.len() < 2);
    let drawn = drawn.filter(|_| !single).unwrap_or_default();
    let quantities = (0..QUANTITIES.len()).map(|i| quantity(i, &point, &drawn, [&first, &second]));
    let quantities: Vec<Quantity> = quantities.collect();
    let figures = (0..NAMES.len()).map(|f| figure(f, &point, &drawn, &quantities));
    Ok(LogExplanation {
        schema: LOG_SCHEMA.to_owned(),
        policy: policy.name().to_owned(),
        problem_generated: request.problem_generated,
        resamples: request.resamples,
        seed: request.seed,
        figures: figures.collect(),
        quantities,
        first: first.side,
        second: second.side,
        warnings,
    })
}

fn evaluation(first: &World, second: &World) -> Evaluation {
    let players = LOG_FACTORS.len();
    let worth = (0..1_usize << players).map(|set| figures(&mixed(first, second, set)));
    let worth: Vec<[Option<f64>; 2]> = worth.collect();
    let values = [0, 1].map(|f| worth.iter().map(|w| w[f]).collect::<Option<Vec<f64>>>());
    let shares = values
        .each_ref()
        .map(|v| v.as_ref().map(|v| shapley(v, players)));
    Evaluation {
        worlds: [*first, *second],
        ends: [worth[0], worth[worth.len() - 1]],
        values,
        shares,
    }
}

/// What prompts drawn anew would have said; nothing where a verdict is missing among them.
fn resampled(
    first: &Sampled,
    second: &Sampled,
    request: LogRequest,
    interrupt: &Interrupt,
) -> Result<Vec<Option<Evaluation>>, LogExplanationError> {
    let drawn: Vec<Option<Evaluation>> = (0..request.resamples)
        .into_par_iter()
        .map(|number| {
            if interrupt.raised() {
                return None;
            }
            let mut draws = stream(request.seed, Purpose::Bootstrap, number);
            let [first, second] = [first, second].map(|log| world(&redrawn(log, &mut draws)));
            // Values of mixtures have no interval, and a million samples hold gigabytes of them.
            Some(Evaluation {
                values: [None, None],
                ..evaluation(&first?, &second?)
            })
        })
        .collect();
    if interrupt.raised() {
        return Err(LogExplanationError::Interrupted);
    }
    Ok(drawn)
}

/// The estimate with standard error and percentile interval of what was drawn, if all draws know it.
fn estimate(value: Option<f64>, drawn: impl Iterator<Item = Option<f64>>) -> Estimate {
    let drawn: Option<Vec<f64>> = drawn.collect();
    let mut drawn = drawn.filter(|_| value.is_some()).unwrap_or_default();
    drawn.sort_by(f64::total_cmp);
    let count = drawn.len();
    let spread = (count > 1).then(|| {
        let mean = drawn.iter().sum::<f64>() / count as f64;
        let squares: f64 = drawn.iter().map(|x| (x - mean) * (x - mean)).sum();
        // As many of the draws lie beyond either end: 2.5 %.
        let beyond = count / 40;
        let ends = [drawn[beyond], drawn[count - 1 - beyond]];
        (libm::sqrt(squares / (count - 1) as f64), ends)
    });
    Estimate {
        mean: value,
        stderr: spread.map(|(stderr, _)| stderr),
        ci: spread.map(|(_, ci)| ci),
    }
}

/// An estimate of which too few prompts know anything.
fn without_interval(estimate: Estimate) -> Estimate {
    Estimate {
        stderr: None,
        ci: None,
        ..estimate
    }
}

fn quantity(i: usize, point: &Evaluation, drawn: &[Evaluation], logs: [&Sampled; 2]) -> Quantity {
    let (name, factor) = QUANTITIES[i];
    let prompts = logs.map(|log| log.behind[i]);
    let [first, second] = [0, 1].map(|side| {
        let value = point.worlds[side][i];
        let found = estimate(value, drawn.iter().map(|d| d.worlds[side][i]));
        if prompts[side] < FEW {
            without_interval(found)
        } else {
            found
        }
    });
    Quantity {
        name: name.to_owned(),
        factor,
        first,
        second,
        prompts,
    }
}

/// Whether enough prompts of both logs know something of a part.
fn is_known(quantities: &[Quantity], factor: LogFactor) -> bool {
    let of_factor = quantities.iter().filter(|q| q.factor == factor);
    // Of a part with a quantity for either verdict, one may be known: the other then weighs little.
    let best = of_factor.map(|q| q.prompts[0].min(q.prompts[1])).max();
    best.is_some_and(|prompts| prompts >= FEW)
}

fn figure(
    f: usize,
    point: &Evaluation,
    drawn: &[Evaluation],
    quantities: &[Quantity],
) -> LogFigure {
    let end = |of: &Evaluation, side: usize| of.ends[side][f];
    let difference = |of: &Evaluation| end(of, 1).zip(end(of, 0)).map(|(b, a)| b - a);
    let [of_first, of_second] =
        [0, 1].map(|side| estimate(end(point, side), drawn.iter().map(|d| end(d, side))));
    let values = point.values[f].as_ref();
    let whole = (1 << LOG_FACTORS.len()) - 1;
    let part = |(i, factor): (usize, LogFactor)| {
        let share = |of: &Evaluation| of.shares[f].as_ref().map(|shares| shares[i]);
        let found = estimate(share(point), drawn.iter().map(share));
        let differs = {
            let [a, b] = [0, 1 << i].map(|set| mixed(&point.worlds[0], &point.worlds[1], set));
            a != b
        };
        LogPart {
            factor,
            differs,
            shapley: if is_known(quantities, factor) {
                found
            } else {
                without_interval(found)
            },
            first: values.map(|v| v[1 << i] - v[0]),
            last: values.map(|v| v[whole] - v[whole - (1 << i)]),
        }
    };
    LogFigure {
        name: NAMES[f].to_owned(),
        of_first,
        of_second,
        difference: estimate(difference(point), drawn.iter().map(difference)),
        parts: LOG_FACTORS.into_iter().enumerate().map(part).collect(),
    }
}

fn own_warnings(
    policy: &PolicyFile,
    logs: [&Sampled; 2],
    drawn: &[Option<Evaluation>],
) -> Vec<String> {
    let mut warnings = Vec::new();
    for log in logs {
        let side = &log.side;
        let unlabelled = side.records - side.with_verdict;
        if unlabelled > 0 {
            warnings.push(format!(
                "{}: {unlabelled} records without a verdict are left out, of savings too",
                side.name
            ));
        }
        if side.prompts < 2 {
            warnings.push(format!(
                "{}: one prompt tells nothing of the spread over prompts, so nothing has an interval",
                side.name
            ));
        }
        let rejected = [GOOD, BAD].map(|verdict| log.all.count[verdict][REJECTED] > 0.0);
        let none = match rejected {
            [true, true] => continue,
            [false, false] => "no generation",
            [false, true] => "no good generation",
            [true, false] => "no bad generation",
        };
        warnings.push(format!(
            "{}: the policy rejects {none}; where such would be stopped and how long they would be is taken from \
             the other log, or from nobody",
            side.name
        ));
    }
    let rejected_good = logs.map(|log| log.behind[FALSE_REJECTION_RATE]);
    if rejected_good.iter().any(|&prompts| prompts < FEW) {
        warnings.push(format!(
            "only {} and {} prompts have a good generation that is rejected: false alarms have no interval, and those              of the cost ratio are rough",
            rejected_good[0], rejected_good[1]
        ));
    }
    let undefined = drawn.iter().filter(|d| d.is_none()).count();
    if undefined > 0 {
        warnings.push(format!(
            "in {undefined} of {} draws of the prompts a verdict did not occur: nothing has an interval",
            drawn.len()
        ));
    }
    let expects = |c: &Checkpoint<Position>| matches!(c.at, Position::ExpectedFraction(_));
    if policy.checkpoints().iter().any(expects) && policy.expected_tokens().is_none() {
        warnings.push(
            "expected lengths are means of each log by itself, so that checkpoints stand at other places in the two; \
             that belongs to how early it shows"
                .to_owned(),
        );
    }
    warnings
}

#[cfg(test)]
mod tests;
