//! Why nothing is certified: the log is not one to tune on, it is too small whatever the policy, or no candidate
//! passed.

use super::certificate::{self, Sequence, Testing};
use super::claims::{Claim, Estimand};
use super::search::{Candidate, Found};
use crate::replay::Table;

/// Why nothing on this log can be certified, whatever the policy.
pub(super) fn hopeless<'c>(
    table: &Table,
    [tuning, calibration]: [&Table; 2],
    claims: &'c [Claim],
    testing: Testing,
) -> Option<(String, Option<&'c Claim>)> {
    if let Some(reason) = unsuited(table, tuning) {
        return Some((reason, None));
    }
    // The best that could happen: no policy rejects anything good.
    let spared = vec![false; calibration.rows().len()];
    claims.iter().find_map(|claim| {
        let evidence = certificate::evidence(calibration, &spared, claim);
        let p = testing.p_value(claim, &evidence, claim.limit);
        let good = evidence.iter().filter(|e| e.accepted > 0).count();
        (p > testing.delta).then(|| {
            let mut reason = format!(
                "the calibration part has {good} prompts with something accepted for the claim `{} at most \
                 {}`: even without a single false rejection the p-value would be {p:.3}, above {:.3}",
                claim.name, claim.limit, testing.delta
            );
            if claim.per_prompt > 1 && claim.estimand == Estimand::Generation {
                reason += ". The rate of a prompt, averaged over prompts, is another quantity, which \
                           --estimand prompt certifies with fewer generations per prompt";
            }
            (reason, Some(claim))
        })
    })
}

/// Why the log is not one to tune on.
fn unsuited(table: &Table, tuning: &Table) -> Option<String> {
    let rows = table.rows().iter();
    // Whatever is always completed is as good as not rejected.
    let always = |chance: Option<f64>| chance.is_some_and(|chance| chance >= 1.0);
    let rejected = rows.filter(|row| {
        row.live()
            .is_some_and(|live| !(live.completed && always(live.pass_through)))
    });
    let rejected = rejected.count();
    if rejected > 0 {
        return Some(format!(
            "{rejected} records were rejected by a live policy (`rejected_at`), and such records are only sometimes \
             completed: those that are in the log stand for others that are not, and those that are cut tell nothing \
             of another policy; tune on a log that was generated in full (replay tells what this one says of the \
             live policy)"
        ));
    }
    let count = |table: &Table, wanted: bool| {
        let rows = table.rows().iter();
        rows.filter(|row| row.accepted == Some(wanted)).count()
    };
    if count(table, true) + count(table, false) == 0 {
        return Some(
            "no record has a verdict (`accepted` or `correct`), so no false rejection can be \
                     seen; label some, or use --grade"
                .to_owned(),
        );
    }
    if count(table, true) == 0 {
        return Some(
            "no record is accepted, so there is nothing that could be falsely rejected".to_owned(),
        );
    }
    if count(table, false) == 0 {
        return Some(
            "every record with a verdict is accepted: no rejection can be right, and none pays; check \
             that the log holds what the final filter refuses, too"
                .to_owned(),
        );
    }
    if count(tuning, true) == 0 || count(tuning, false) == 0 {
        return Some(format!(
            "the tuning part ({} prompts) holds generations of one verdict alone; the log has too few \
             prompts to be split",
            tuning.prompts()
        ));
    }
    None
}

/// Why no policy was certified.
pub(super) fn why_not(
    found: &Found,
    promising: &[Candidate],
    sequence: &Sequence,
    testing: Testing,
) -> String {
    if found.best.is_none() {
        return "no candidate keeps the other limits on the tuning part".to_owned();
    }
    if found.front.is_empty() {
        return "no candidate beats full generation on the tuning part, so there is nothing to \
                certify"
            .to_owned();
    }
    if promising.is_empty() {
        return "every candidate that beats full generation exceeds the largest false rejection rate \
                on the tuning part"
            .to_owned();
    }
    let weakest = sequence
        .tested
        .last()
        .and_then(|claims| claims.iter().max_by(|a, b| a.p_value.total_cmp(&b.p_value)));
    weakest.map_or_else(String::new, |claim| {
        format!(
            "the safest candidate failed its test on the calibration part: for the claim `{} at most {}` the \
             p-value is {:.3}, above {:.3} ({} false rejections among {} accepted generations of {} \
             prompts)",
            claim.claim.name,
            claim.claim.limit,
            claim.p_value,
            testing.delta,
            claim.false_rejections,
            claim.good,
            claim.prompts
        )
    })
}
