//! One row under one account: what the published numbers imply, and whether they can hold together.

use serde::{Deserialize, Serialize};

use super::conflict::{Condition, Failure, conflicts, shown};
use super::early_exit::EarlyExit;
use super::joint::{Cells, GOOD_KEPT, Given, Laws, QUANTITIES, Quantity};
use super::lengths::Lengths;
use super::range::Range;
use super::spec::{Accounting, RowSpec};

/// A share as it was published, and as the other numbers of the row have it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// A row under one account.
#[derive(Debug)]
struct Claims<'r> {
    row: &'r RowSpec,
    savings: Option<Range>,
    lengths: Option<Lengths>,
    /// What savings ask of a law, see [`Lengths::conditions`].
    conditions: Vec<Cells>,
}

impl<'r> Claims<'r> {
    fn new(row: &'r RowSpec, accounting: Accounting, savings: Option<Range>) -> Self {
        let lengths = savings.map(|savings| Lengths {
            accounting,
            savings,
            paid_share: row.paid_share,
        });
        Self {
            row,
            savings,
            lengths,
            conditions: lengths.map(Lengths::conditions).unwrap_or_default(),
        }
    }

    fn laws(&self, given: &[Given]) -> Laws {
        let laws = Laws::new(given, &self.conditions);
        match self.lengths {
            // Savings per retained sample are of something that is retained.
            Some(lengths) if lengths.accounting == Accounting::PerRetained => {
                laws.with_some(&GOOD_KEPT)
            }
            _ => laws,
        }
    }

    fn published(&self, wanted: Quantity) -> Option<Range> {
        let found = self.row.shares.iter().find(|(q, _)| *q == wanted);
        found.map(|(_, range)| *range)
    }

    /// What `laws` say of lengths, if something can be saved on them.
    fn lengths_on(&self, laws: &Laws) -> Option<Lengths> {
        let saves = self.savings.is_some_and(|s| s.lo > 0.0);
        self.lengths
            .filter(|_| !laws.is_empty() && (laws.may_reject() || !saves))
    }

    /// The row without one share at a time.
    fn readings(&self) -> Vec<Reading> {
        let read = |&(without, _): &Given| {
            let laws = self.laws(&except(&self.row.shares, without));
            Some(Reading {
                without,
                implied: laws.range(without)?,
                rejected_share: laws.range(Quantity::RejectedShare),
                length_ratio: self.lengths_on(&laws).and_then(|l| l.ratio(&laws)),
            })
        };
        self.row.shares.iter().filter_map(read).collect()
    }
}

/// All but one of `given`.
fn except(given: &[Given], quantity: Quantity) -> Vec<Given> {
    let others = given.iter().filter(|(q, _)| *q != quantity);
    others.copied().collect()
}

/// Evaluates a row under one account.
pub(super) fn account(
    row: &RowSpec,
    accounting: Accounting,
    early_exit: Option<&EarlyExit>,
) -> Account {
    let mut fails = conflicts(&row.shares);
    let whole = fails.is_empty();
    let savings = row.common_savings();
    fails.extend(savings.as_ref().err().map(different_savings));
    let claims = Claims::new(row, accounting, savings.ok().flatten());
    // In a row that contradicts itself, what it says without its detection rate, as the theory reads it.
    let leave_out =
        (!whole && claims.published(Quantity::Detection).is_some()).then_some(Quantity::Detection);
    let used = leave_out.map_or_else(|| row.shares.clone(), |d| except(&row.shares, d));
    let laws = claims.laws(&used);
    let lengths = claims.lengths_on(&laws);
    if whole && laws.is_empty() {
        fails.push(no_room(row, claims.savings));
    }
    if !laws.is_empty() && lengths.is_none() && claims.lengths.is_some() {
        fails.push(no_rejections(&used, claims.savings));
    }
    let ratio = lengths.and_then(|lengths| lengths.ratio(&laws));
    if let (Some(published), Some(implied)) = (row.length_ratio, ratio)
        && published.and(implied).is_none()
    {
        fails.push(other_lengths(published, implied));
    }
    fails.extend(early_exit.filter(|e| !e.consistent).map(dear_early_exit));
    let f = laws.range(Quantity::FalseRejection);
    let before = claims.published(Quantity::AccuracyBefore);
    let accuracies = before.zip(claims.published(Quantity::AccuracyAfter));
    let by_others = |given: &[Given], name| claims.laws(&except(given, name)).range(name);
    let share = |name| Share {
        name,
        published: claims.published(name),
        by_others: by_others(&row.shares, name),
        together: laws.range(name).filter(|_| whole),
    };
    Account {
        accounting,
        detection_implied: by_others(&used, Quantity::Detection),
        rejected_share_implied: by_others(&used, Quantity::RejectedShare),
        length_ratio_implied: ratio,
        length_ratio_min: lengths.and_then(|lengths| lengths.least_ratio(&laws)),
        frr_min_equal_lengths: lengths
            .zip(accuracies)
            .map(|(lengths, (a, after))| lengths.frr_at_equal_lengths(a, after)),
        savings_per_attempt: lengths.and_then(|lengths| lengths.per_attempt(f)),
        cost_ratio_implied: lengths.and_then(|lengths| lengths.cost_ratio(f)),
        consistent: fails.is_empty(),
        implied_without: leave_out.filter(|_| !laws.is_empty()),
        fails,
        shares: QUANTITIES.map(share).to_vec(),
        readings: if whole { Vec::new() } else { claims.readings() },
    }
}

/// Savings and token counts differ.
fn different_savings([by_share, by_tokens]: &[Range; 2]) -> Failure {
    let message = format!(
        "savings = {} and the token counts, which are savings of {}, cannot both hold under one \
         account; nothing that needs savings is implied",
        shown(Some(*by_share)),
        shown(Some(*by_tokens))
    );
    let keys = ["savings", "tokens_full", "tokens_paid"];
    Failure::new(Condition::SavingsAndTokens, &keys, message)
}

/// The published lengths are not those implied.
fn other_lengths(published: Range, implied: Range) -> Failure {
    let message = format!(
        "length_ratio = {}, where the other numbers imply {}",
        shown(Some(published)),
        shown(Some(implied))
    );
    Failure::new(Condition::LengthRatio, &["length_ratio"], message)
}

/// Both together save less than rejection alone.
fn dear_early_exit(early_exit: &EarlyExit) -> Failure {
    let message = format!(
        "rejection alone saves more than both together: early exit would save {} of what rejection \
         leaves, so it would have to cost more than it saves",
        shown(Some(early_exit.of_what_rejection_leaves))
    );
    Failure::new(Condition::EarlyExit, &["early_exit"], message)
}

/// What the rejected paid leaves too little to save, or nothing is retained to save it on.
fn no_room(row: &RowSpec, savings: Option<Range>) -> Failure {
    if row.paid_share.is_none() {
        let mut keys: Vec<&str> = row.shares.iter().map(|(q, _)| q.key()).collect();
        let message = format!(
            "savings = {} per retained sample need good generations that are kept, and with {} there are none",
            shown(savings),
            keys.join(", ")
        );
        keys.push("savings");
        return Failure::new(Condition::OnePopulation, &keys, message);
    }
    let message = format!(
        "savings = {} and paid_share = {} cannot both hold: per attempt they add up to less than 1, as the \
         kept generations pay in full",
        shown(savings),
        shown(row.paid_share)
    );
    Failure::new(Condition::PaidShare, &["savings", "paid_share"], message)
}

/// Something is saved, but nothing is rejected.
fn no_rejections(given: &[Given], savings: Option<Range>) -> Failure {
    let mut keys: Vec<&str> = given.iter().map(|(quantity, _)| quantity.key()).collect();
    let message = format!(
        "savings = {} need rejections, and with {} nothing is rejected",
        shown(savings),
        keys.join(", ")
    );
    keys.push("savings");
    Failure::new(Condition::SavingsNeedRejections, &keys, message)
}
