//! What a reader of a replay has to know before trusting its numbers.

use super::Intake;
use crate::estimate::{Column, DOMINANT, Estimates, Tally};
use crate::log::Shape;
use crate::policy::{PolicyFile, Position};
use crate::replay::{Replay, Table};

/// Fewer prompts make rough intervals.
const FEW_PROMPTS: u64 = 50;
/// Fewer rejections make rough intervals.
const FEW_REJECTIONS: u64 = 10;

/// One sentence each, the gravest first; `replay` has `rejected` so many generations.
pub(super) fn warnings(
    policy: &PolicyFile,
    table: &Table,
    replay: &Replay<'_>,
    rejected: u64,
    (tally, estimates): (&Tally, &Estimates),
    intake: &Intake,
) -> Vec<String> {
    let mut warnings = reading(intake);
    future(policy, &mut warnings);
    warnings.extend(shape(table).warnings());
    warnings.extend(pass_rates(table));
    utilities(table, estimates, &mut warnings);
    generations(table, replay, &mut warnings);
    tokens(table, replay, &mut warnings);
    sample(policy, table, replay, rejected, tally, &mut warnings);
    let slack = estimates.covariance_slack;
    if slack.ci.is_some_and(|[_, hi]| hi < 0.0) {
        warnings.push(format!(
            "savings_bound is not a bound here: rejected generations would have run shorter than \
             others (slack {:.4} of the tokens)",
            slack.mean.unwrap_or(0.0)
        ));
    }
    warnings
}

/// What there is to know of the log itself, whatever is done with it.
pub(in crate::study) fn of_log(table: &Table, intake: &Intake) -> Vec<String> {
    let mut warnings = reading(intake);
    warnings.extend(shape(table).warnings());
    estimated(table, &mut warnings);
    warnings.extend(few_prompts(table.prompts() as u64));
    warnings
}

/// What there is to know of one group of a log, replayed alone, that is not said of the log already: its
/// labels and its size. `replay` has `rejected` so many of its generations.
pub(super) fn of_group(
    policy: &PolicyFile,
    table: &Table,
    replay: &Replay<'_>,
    rejected: u64,
    tally: &Tally,
) -> Vec<String> {
    let mut warnings = Vec::new();
    future(policy, &mut warnings);
    warnings.extend(shape(table).warnings());
    sample(policy, table, replay, rejected, tally, &mut warnings);
    if !replay.schedule().expected_from_log().is_empty() {
        warnings.push(
            "expected lengths are the means over the other prompts of the same model and benchmark; \
             set `expected_tokens` in the policy before you deploy it"
                .to_owned(),
        );
    }
    warnings
}

fn reading(intake: &Intake) -> Vec<String> {
    let skipped =
        (intake.skipped > 0).then(|| format!("{} malformed lines were left out", intake.skipped));
    skipped
        .into_iter()
        .chain(intake.remarks.iter().cloned())
        .collect()
}

fn few_prompts(prompts: u64) -> Option<String> {
    (prompts < FEW_PROMPTS)
        .then(|| format!("the log holds {prompts} prompts only: all intervals are rough"))
}

fn future(policy: &PolicyFile, warnings: &mut Vec<String>) {
    let ahead = |at: Position| matches!(at, Position::FinalFractionLookahead(_));
    for checkpoint in policy.checkpoints().iter().filter(|c| ahead(c.at)) {
        warnings.push(format!(
            "the checkpoint {} looks into the future: nobody knows the final length while the \
             text is being written, so no deployed policy can do this",
            checkpoint.at
        ));
    }
}

/// What kind of log the table is of.
fn shape(table: &Table) -> Shape {
    let caveats = table.caveats();
    let verdicts = table.rows().iter().filter_map(|row| row.accepted);
    let (known, accepted) = verdicts.fold((0, 0), |(n, a), v| (n + 1, a + u64::from(v)));
    Shape {
        records: table.rows().len() as u64,
        prompts: table.prompts() as u64,
        known,
        accepted,
        cut: caveats.cut,
        rejected: caveats.already_rejected,
        interrupted: caveats.interrupted,
        at_stop_text: caveats.at_stop_text,
    }
}

/// Whether nothing tells how hard a prompt is.
fn pass_rates(table: &Table) -> Option<String> {
    let mut of_prompt = vec![0_u32; table.prompts()];
    for row in table.rows().iter().filter(|row| row.accepted.is_some()) {
        of_prompt[row.prompt] += 1;
    }
    of_prompt.iter().all(|verdicts| *verdicts < 2).then(|| {
        "no prompt has two generations with a verdict: how hard a prompt is cannot be told, so \
         there is no stratum by pass rate"
            .to_owned()
    })
}

fn utilities(table: &Table, estimates: &Estimates, warnings: &mut Vec<String>) {
    // Utilities of the accepted that are all alike cannot be biased.
    let mut utilities = table.rows().iter().filter(|row| row.accepted == Some(true));
    let first = utilities.next().and_then(|row| row.utility);
    let alike = first.is_some_and(|first| {
        utilities.all(|row| {
            row.utility
                .is_some_and(|u| (u - first).abs() < f64::EPSILON)
        })
    });
    if alike && estimates.by_name.contains_key("retained_bias") {
        warnings.push(
            "all accepted records have the same utility, so retained_bias is 0 whatever the policy \
             does: not informative; look at shifts and strata"
                .to_owned(),
        );
    }
}

fn generations(table: &Table, replay: &Replay<'_>, warnings: &mut Vec<String>) {
    let caveats = table.caveats();
    let records = table.rows().len();
    if caveats.without_problem > 0 {
        warnings.push(format!(
            "{} of {records} records have no problem text: rules that need one are silent on them",
            caveats.without_problem
        ));
    }
    if replay.problem_generated() && caveats.problems_estimated > 0 {
        warnings.push(format!(
            "problem tokens are estimated (4 bytes each) for {} of {records} records",
            caveats.problems_estimated
        ));
    }
}

fn estimated(table: &Table, warnings: &mut Vec<String>) {
    let caveats = table.caveats();
    let records = table.rows().len();
    if caveats.counts_estimated > 0 {
        warnings.push(format!(
            "token counts are estimated (4 bytes each) for {} of {records} records",
            caveats.counts_estimated
        ));
    }
    if caveats.ends_estimated > 0 {
        warnings.push(format!(
            "token positions are estimated (equal shares of the bytes) for {} of {records} records",
            caveats.ends_estimated
        ));
    }
}

fn tokens(table: &Table, replay: &Replay<'_>, warnings: &mut Vec<String>) {
    estimated(table, warnings);
    let from_log = replay.schedule().expected_from_log();
    if !from_log.is_empty() {
        let names = from_log.iter().map(|&g| table.groups()[g].to_string());
        warnings.push(format!(
            "expected lengths are the means over the other prompts of this log ({}); set \
             `expected_tokens` in the policy before you deploy it",
            names.collect::<Vec<_>>().join("; ")
        ));
    }
}

fn sample(
    policy: &PolicyFile,
    table: &Table,
    replay: &Replay<'_>,
    rejected: u64,
    tally: &Tally,
    warnings: &mut Vec<String>,
) {
    let at_problem = policy
        .checkpoints()
        .iter()
        .any(|c| c.at == Position::Problem);
    if at_problem && !replay.problem_generated() {
        warnings.push(
            "the checkpoint at the problem does not apply: problems were not generated (say \
             --problem generated if they were)"
                .to_owned(),
        );
    }
    if let Some(few) = few_prompts(tally.prompts()) {
        warnings.push(few);
    } else if tally.dominance(Column::Full) > DOMINANT {
        warnings.push(format!(
            "one prompt brings {:.0} % of the spread of lengths: the intervals of token figures \
             are too narrow",
            100.0 * tally.dominance(Column::Full)
        ));
    }
    if !policy.checkpoints().is_empty() && rejected < FEW_REJECTIONS {
        let all = table.rows().len();
        let rejected = match rejected {
            0 => format!("none of {all} records is"),
            n if n == all as u64 && n > 1 => {
                format!("all {all} records of the log, few as they are, are")
            }
            1 => format!("only 1 of {all} records is"),
            n => format!("only {n} of {all} records are"),
        };
        warnings.push(format!(
            "{rejected} rejected: the intervals of savings and cost ratios are not reliable"
        ));
    }
}
