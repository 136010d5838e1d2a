//! One row under one account: what the published numbers imply, and whether they can hold together.

use serde::Serialize;

use super::conflict::{Condition, Failure, conflicts, shown};
use super::early_exit::EarlyExit;
use super::joint::{Given, Laws, QUANTITIES, Quantity};
use super::lengths::Lengths;
use super::range::Range;
use super::spec::{Accounting, RowSpec};

/// A share as it was published, and as the other numbers of the row have it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Share {
    /// Which.
    pub name: Quantity,
    /// As published.
    pub published: Option<Range>,
    /// What the other numbers of the row imply; null where they contradict each other.
    pub by_others: Option<Range>,
    /// What all of them leave; null where they contradict each other.
    pub together: Option<Range>,
}

/// A row that contradicts itself, read without one of its numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reading {
    /// The number left out.
    pub without: Quantity,
    /// What the others imply it to be.
    pub implied: Range,
    /// The rejected share then.
    pub rejected_share: Option<Range>,
    /// m_R/m_S then.
    pub length_ratio: Option<Range>,
}

/// What a row implies under one account.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Account {
    /// How savings are counted.
    pub accounting: Accounting,
    /// Detection rate d by the other numbers.
    pub detection_implied: Option<Range>,
    /// Rejected share q by the other numbers.
    pub rejected_share_implied: Option<Range>,
    /// m_R/m_S.
    pub length_ratio_implied: Option<Range>,
    /// Its lower limit: m_R/m_S if rejections cost nothing.
    pub length_ratio_min: Option<Range>,
    /// The least false rejection rate at equal lengths.
    pub frr_min_equal_lengths: Option<Range>,
    /// Gross savings per attempt.
    pub savings_per_attempt: Option<Range>,
    /// Cost per retained sample against full generation.
    pub cost_ratio_implied: Option<Range>,
    /// Whether all numbers can hold together.
    pub consistent: bool,
    /// The published number that the implied ones leave out, in a row that contradicts itself.
    pub implied_without: Option<Quantity>,
    /// Which conditions fail.
    pub fails: Vec<Failure>,
    /// Share by share.
    pub shares: Vec<Share>,
    /// In a row that contradicts itself: what it says without one of its shares.
    pub readings: Vec<Reading>,
}

/// Evaluates a row under one account.
pub(super) fn account(
    row: &RowSpec,
    accounting: Accounting,
    early_exit: Option<&EarlyExit>,
) -> Account {
    let mut fails = Vec::new();
    let savings = row.common_savings().unwrap_or_else(|[by_share, by_tokens]| {
        fails.push(Failure {
            condition: Condition::SavingsAndTokens,
            quantities: vec!["savings", "tokens_full", "tokens_paid"],
            message: format!(
                "savings = {} and the token counts, which are savings of {}, cannot both hold under one account; \
                 nothing that needs savings is implied",
                shown(Some(by_share)),
                shown(Some(by_tokens))
            ),
        });
        None
    });
    let lengths = savings.map(|savings| Lengths {
        accounting,
        savings,
        paid_share: row.paid_share,
    });
    let joint = conflicts(&row.shares);
    let whole = joint.is_empty();
    fails.extend(joint);
    let conditions = lengths.map(Lengths::conditions).unwrap_or_default();
    let laws = |given: &[Given]| Laws::new(given, &conditions);
    let without = |quantity| -> Vec<Given> {
        let others = row.shares.iter().filter(|(q, _)| *q != quantity);
        others.copied().collect()
    };

    // In a row that contradicts itself, what it says without its detection rate, as theory.md reads it.
    let implied_without = (!whole).then_some(Quantity::Detection);
    let implied_without = implied_without.filter(|d| row.shares.iter().any(|(q, _)| q == d));
    let kept = implied_without.map_or_else(|| row.shares.clone(), without);
    let all = laws(&kept);
    let implied_without = implied_without.filter(|_| !all.is_empty());
    if whole && all.is_empty() {
        fails.push(no_room(row, savings));
    }
    let saves = savings.is_some_and(|s| s.lo > 0.0);
    if saves && !all.is_empty() && !all.may_reject() {
        fails.push(no_rejections(&kept, savings));
    }
    let possible = !all.is_empty() && (all.may_reject() || !saves);
    let lengths = lengths.filter(|_| possible);
    let ratio = lengths.and_then(|lengths| lengths.ratio(&all));
    if let (Some(published), Some(implied)) = (row.length_ratio, ratio)
        && published.and(implied).is_none()
    {
        fails.push(Failure {
            condition: Condition::LengthRatio,
            quantities: vec!["length_ratio"],
            message: format!(
                "length_ratio = {}, where the other numbers imply {}",
                shown(Some(published)),
                shown(Some(implied))
            ),
        });
    }
    if early_exit.is_some_and(|e| !e.consistent) {
        fails.push(Failure {
            condition: Condition::EarlyExit,
            quantities: vec!["early_exit"],
            message: format!(
                "rejection alone saves more than both together: early exit would save {} of what rejection leaves, \
                 so it would have to cost more than it saves",
                shown(early_exit.map(|e| e.of_what_rejection_leaves))
            ),
        });
    }
    let f = all.range(Quantity::FalseRejection);
    let published = |wanted| {
        row.shares
            .iter()
            .find(|(q, _)| *q == wanted)
            .map(|(_, range)| *range)
    };
    let accuracies = published(Quantity::AccuracyBefore).zip(published(Quantity::AccuracyAfter));
    let by_others = |quantity| {
        let others = kept.iter().filter(|(q, _)| *q != quantity).copied();
        laws(&others.collect::<Vec<_>>()).range(quantity)
    };
    Account {
        accounting,
        detection_implied: by_others(Quantity::Detection),
        rejected_share_implied: by_others(Quantity::RejectedShare),
        length_ratio_implied: ratio,
        length_ratio_min: lengths.and_then(|lengths| lengths.least_ratio(&all)),
        frr_min_equal_lengths: lengths
            .zip(accuracies)
            .map(|(l, (a, after))| l.frr_at_equal_lengths(a, after)),
        savings_per_attempt: lengths.and_then(|lengths| lengths.per_attempt(f)),
        cost_ratio_implied: lengths.and_then(|lengths| lengths.cost_ratio(f)),
        consistent: fails.is_empty(),
        implied_without,
        shares: QUANTITIES
            .map(|name| Share {
                name,
                published: published(name),
                by_others: laws(&without(name)).range(name),
                together: if whole { all.range(name) } else { None },
            })
            .to_vec(),
        readings: if whole {
            Vec::new()
        } else {
            readings(row, savings, accounting)
        },
        fails,
    }
}

fn readings(row: &RowSpec, savings: Option<Range>, accounting: Accounting) -> Vec<Reading> {
    let lengths = savings.map(|savings| Lengths {
        accounting,
        savings,
        paid_share: row.paid_share,
    });
    let conditions = lengths.map(Lengths::conditions).unwrap_or_default();
    let read = |&(without, _): &Given| {
        let others: Vec<Given> = row
            .shares
            .iter()
            .filter(|(q, _)| *q != without)
            .copied()
            .collect();
        let laws = Laws::new(&others, &conditions);
        Some(Reading {
            without,
            implied: laws.range(without)?,
            rejected_share: laws.range(Quantity::RejectedShare),
            length_ratio: lengths
                .filter(|_| laws.may_reject())
                .and_then(|lengths| lengths.ratio(&laws)),
        })
    };
    row.shares.iter().filter_map(read).collect()
}

/// What the rejected paid leaves too little to save.
fn no_room(row: &RowSpec, savings: Option<Range>) -> Failure {
    Failure {
        condition: Condition::PaidShare,
        quantities: vec!["savings", "paid_share"],
        message: format!(
            "savings = {} and paid_share = {} cannot both hold: per attempt they add up to less than 1, as the \
             kept generations pay in full",
            shown(savings),
            shown(row.paid_share)
        ),
    }
}

/// Something is saved, but nothing is rejected.
fn no_rejections(given: &[Given], savings: Option<Range>) -> Failure {
    let keys: Vec<&'static str> = given.iter().map(|(quantity, _)| quantity.key()).collect();
    Failure {
        condition: Condition::SavingsNeedRejections,
        message: format!(
            "savings = {} need rejections, and with {} nothing is rejected",
            shown(savings),
            keys.join(", ")
        ),
        quantities: [keys, vec!["savings"]].concat(),
    }
}
