//! What generations cost in money, from the columns of a tally.
//!
//! A token has a price by its kind: generated, charged by a checkpoint, or of the prompt, which every
//! attempt pays whatever becomes of it. So money is a linear function of columns, and its figures are the
//! same functions of means as those of tokens, with standard errors that respect prompts.

use std::collections::BTreeMap;

use super::estimates::{Estimate, saved_by_coin};
use super::figures::{Means, cost_ratio, false_rejection_rate, paid, savings};
use super::tally::{Column, Tally};
use crate::stats::Linear;

/// Prices in money.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Of a generated token.
    pub generated: f64,
    /// Of a token that a checkpoint charges.
    pub check: f64,
    /// Of the prompt of an attempt.
    pub prompt: f64,
}

/// A tally in money: attempts that are paid in full or until they are rejected, and their prompts.
struct InMoney<'t> {
    tally: &'t Tally,
    rates: Rates,
}

impl Means for InMoney<'_> {
    fn mean(&self, column: Column) -> Linear {
        let tokens = self.tally.mean(column);
        match column {
            Column::Full | Column::Generated => {
                &tokens * self.rates.generated + &self.tally.mean(Column::Count) * self.rates.prompt
            }
            Column::Cost => &tokens * self.rates.check,
            Column::PlaceExcess | Column::Remaining(_) | Column::Avoided(_) => {
                &tokens * self.rates.generated
            }
            _ => tokens,
        }
    }
}

/// Figures in money by name, see `study::money`; what needs verdicts is left out where they are not
/// known.
pub fn money(tally: &Tally, rates: Rates) -> BTreeMap<&'static str, Estimate> {
    let means = InMoney { tally, rates };
    let mean = |column| means.mean(column);
    let count = mean(Column::Count);
    let full = mean(Column::Full) / &count;
    let paid = paid(&means) / &count;
    let null = saved_by_coin(&means, tally.frame().checkpoints);
    let mut figures = vec![
        ("full", full.clone()),
        ("paid", paid.clone()),
        ("saved", &full - &paid),
        ("savings", savings(&means)),
        ("null_savings", &null / &full),
    ];
    if tally.frame().knowledge.verdict {
        let full_per_retained = mean(Column::Full) / mean(Column::Accepted);
        let paid_per_retained = &paid * &count / mean(Column::Retained);
        let null_ratio = (1.0 - null / &full) / (mean(Column::Surviving) / &count);
        // What may be added to each attempt before the ratio is 1: to the checks, and to the prompt.
        let kept = 1.0 - false_rejection_rate(&means);
        let spare = &kept * &full - &paid;
        figures.extend([
            (
                "saved_per_million",
                &(&full_per_retained - &paid_per_retained) * 1e6,
            ),
            ("full_per_retained", full_per_retained),
            ("paid_per_retained", paid_per_retained),
            ("cost_ratio", cost_ratio(&means)),
            ("null_cost_ratio", null_ratio),
            ("break_even_check", spare.clone()),
            ("break_even_prompt", spare / (1.0 - kept)),
        ]);
    }
    let estimate = |f: Linear| Estimate::around(f.value, tally.stderr(&f), tally.prompts());
    let figures = figures.into_iter();
    figures.map(|(name, f)| (name, estimate(f))).collect()
}
