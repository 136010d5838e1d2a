//! Estimates from generations of a table under a policy: each from those of them that enough is known of.

use rayon::prelude::*;

use crate::estimate::{Estimates, Tally};
use crate::outcome::{Fold, Knowledge, OutcomeBatch};
use crate::replay::{Outcomes, Replay, Table};

/// Numbers of all generations, those of one prompt next to each other.
pub(in crate::study) fn by_prompt(table: &Table) -> Vec<usize> {
    table.by_prompt((0..table.rows().len()).collect())
}

/// Estimates from generations number `rows`, without covariates.
pub(in crate::study) fn plain_estimates(
    table: &Table,
    replay: &Replay<'_>,
    rows: &[usize],
) -> Estimates {
    estimates(table, replay, rows, false).1
}

/// Estimates from generations number `rows`: each from those of them that enough is known of. The
/// tally is of all.
pub(super) fn estimates(
    table: &Table,
    replay: &Replay<'_>,
    rows: &[usize],
    covariates: bool,
) -> (Tally, Estimates) {
    let complete = rows.iter().all(|&i| known(table, i) == Knowledge::FULL);
    if complete {
        let frame = replay.frame(rows, Knowledge::FULL, covariates);
        let tally = tally_of(&replay.prepared(rows.to_vec(), frame));
        let estimates = Estimates::new(&tally);
        return (tally, estimates);
    }
    let with = |verdict: bool, utility: bool| {
        let knowledge = Knowledge { verdict, utility };
        tally(table, replay, rows, knowledge, covariates)
    };
    let all = with(false, false);
    let estimates = [(true, false), (false, true), (true, true)]
        .into_iter()
        .fold(Estimates::new(&all), |estimates, (verdict, utility)| {
            estimates.or(Estimates::new(&with(verdict, utility)))
        });
    (all, estimates)
}

/// What is known of generation number `row`.
pub(super) fn known(table: &Table, row: usize) -> Knowledge {
    let row = &table.rows()[row];
    Knowledge {
        verdict: row.accepted.is_some(),
        utility: row.utility.is_some(),
    }
}

/// The tally of those of the generations number `rows` of which `knowledge` is known.
pub(super) fn tally(
    table: &Table,
    replay: &Replay<'_>,
    rows: &[usize],
    knowledge: Knowledge,
    covariates: bool,
) -> Tally {
    let enough = |&&i: &&usize| {
        let known = known(table, i);
        (known.verdict || !knowledge.verdict) && (known.utility || !knowledge.utility)
    };
    let rows: Vec<usize> = rows.iter().filter(enough).copied().collect();
    let frame = replay.frame(&rows, knowledge, covariates);
    tally_of(&replay.prepared(rows, frame))
}

pub(super) fn tally_of(outcomes: &Outcomes<'_>) -> Tally {
    // Sums are exact: how they are split does not show.
    let tallies = outcomes.ranges().into_par_iter().map(|range| {
        let mut tally = Tally::new(outcomes.frame());
        tally.fold(&outcomes.batch(range));
        tally
    });
    let merged = tallies.reduce_with(|mut tally, later| {
        <Tally as Fold<OutcomeBatch>>::merge(&mut tally, later);
        tally
    });
    merged.unwrap_or_else(|| Tally::new(outcomes.frame()))
}
