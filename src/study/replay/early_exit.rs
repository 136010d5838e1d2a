//! Rejection and early exit on a log that tells where early exit would have ended the reasoning.

use rayon::prelude::*;

use super::by_prompt;
use crate::estimate::{ArmsTally, Estimate};
use crate::outcome::{Fold, Knowledge, OutcomeBatch};
use crate::replay::{Replay, Table};
use crate::study::early_exit::{EarlyExitFindings, few_exits};

/// The four arms of `replay`; `None` where the log tells of no exit, or not so that it could be read. And
/// what a reader has to know.
pub(super) fn early_exit(
    table: &Table,
    replay: &Replay<'_>,
) -> (Option<EarlyExitFindings<Estimate>>, Vec<String>) {
    let (told, unreadable) = table.exits();
    if told == 0 {
        return (None, Vec::new());
    }
    if unreadable > 0 {
        let message = format!(
            "{unreadable} of {told} records with early_exit_tokens have early_exit_tokens or \
             early_exit_answer_tokens that are no whole numbers, or early_exit_accepted that is not true \
             or false: nothing is said of early exit"
        );
        return (None, vec![message]);
    }
    let all = by_prompt(table);
    let known = |&i: &usize| {
        let [full, early] = [table.rows()[i].accepted, table.accepted_with_exit(i)];
        full.is_some() && early.is_some()
    };
    let with_verdicts: Vec<usize> = all.iter().copied().filter(known).collect();
    let tokens = tally(table, replay, &all, false);
    let verdicts = tally(table, replay, &with_verdicts, true);
    let first = |estimate: Estimate, other: &dyn Fn() -> Estimate| match estimate.mean {
        Some(_) => estimate,
        None => other(),
    };
    let findings = EarlyExitFindings::new(
        |arm, name| first(tokens.of_arm(arm, name), &|| verdicts.of_arm(arm, name)),
        |name| first(tokens.composition(name), &|| verdicts.composition(name)),
    );
    let mut warnings: Vec<String> = few_exits(&tokens).into_iter().collect();
    let unknown = all.len() - with_verdicts.len();
    if unknown > 0 {
        let all = all.len();
        let rests = match with_verdicts.len() {
            0 => "cannot be known".to_owned(),
            known => format!("rests on the other {known}"),
        };
        warnings.push(format!(
            "{unknown} of {all} records do not tell both whether their full generation and whether their \
             early answer is accepted: what early exit does to acceptance {rests}"
        ));
    }
    if table.caveats().already_rejected > 0 {
        let message = "the four arms of early exit take cut texts for whole generations";
        warnings.push(message.to_owned());
    }
    (Some(findings), warnings)
}

/// The tally of generations number `rows`, those of one prompt next to each other.
fn tally(table: &Table, replay: &Replay<'_>, rows: &[usize], verdict: bool) -> ArmsTally {
    let knowledge = Knowledge {
        verdict,
        utility: false,
    };
    let frame = replay.frame(rows, knowledge, false);
    let answers = rows.iter().map(|&i| table.answer_tokens(i));
    let empty = ArmsTally::new(&frame, 0, answers.max().unwrap_or(0) as f64);
    let prompts: Vec<&[usize]> = rows
        .chunk_by(|&a, &b| table.rows()[a].prompt == table.rows()[b].prompt)
        .collect();
    // Sums are exact: how they are split does not show.
    let tallies = prompts.par_chunks(512).map(|prompts| {
        let rows = prompts.concat();
        let batch = OutcomeBatch {
            early_exit: Some(replay.early_exit(&rows, verdict)),
            ..replay.prepared(rows, frame.clone()).whole()
        };
        let mut tally = empty.clone();
        tally.fold(&batch);
        tally
    });
    let merged = tallies.reduce_with(|mut tally, later| {
        tally.take_in(&later);
        tally
    });
    merged.unwrap_or(empty)
}
