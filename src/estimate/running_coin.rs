//! Estimates of a coin that strikes only what still runs, from its expectations.
//!
//! The formulas are those of a policy. Nothing is drawn, so there are no events to count: a share
//! has the interval of the delta method. Where the policy whose rates the coin has rejects too few
//! for that, the exact interval of its rejection rate is taken in proportion: what the coin rejects
//! of any part of the generations is that rate, up to the part's lengths.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::estimates::Estimate;
use super::prompt_sums::Sums;
use crate::outcome::RunningCoinOutcome;
use crate::stats::{Linear, Scale};

/// Columns.
const COUNT: usize = 0;
const FULL: usize = 1;
const SAVED: usize = 2;
const SURVIVING: usize = 3;
const ACCEPTED: usize = 4;
const RETAINED: usize = 5;
/// Of the policy.
const PAID: usize = 6;
const REJECTED: usize = 7;
const POLICY_RETAINED: usize = 8;

/// The figures of the coin.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunningCoin {
    /// By name, as of a policy; those that need verdicts are missing where one is not known.
    pub by_name: BTreeMap<&'static str, Estimate>,
    /// `cost_ratio` of the policy less that of the coin, on the same generations: below 0 the
    /// validators know more than that a generation still runs. Undefined without verdicts.
    pub cost_beyond: Estimate,
}

fn add(sums: &mut Sums, generation: &RunningCoinOutcome) {
    let (accepted, rejected) = (generation.accepted == Some(true), generation.rejected);
    let event = |happened: bool| f64::from(u8::from(happened));
    sums.of_prompt(generation.prompt);
    sums.add(COUNT, 1.0);
    sums.add(FULL, generation.tokens_full);
    sums.add(SAVED, generation.saved);
    sums.add(SURVIVING, generation.surviving);
    sums.add(ACCEPTED, event(accepted));
    sums.add(RETAINED, generation.retained);
    sums.add(PAID, generation.tokens_paid);
    sums.add(REJECTED, event(rejected));
    sums.add(POLICY_RETAINED, event(accepted && !rejected));
}

impl RunningCoin {
    /// The figures from `parts` of some generations, of which none has or costs more than
    /// `most_tokens`: whole prompts each, and the generations of a prompt next to each other.
    pub fn new(
        most_tokens: f64,
        parts: impl ParallelIterator<Item = Vec<RunningCoinOutcome>>,
    ) -> Self {
        let tokens = Scale::for_values_near(most_tokens.max(1.0));
        let part = Scale::for_values_near(1.0);
        let mut scales = vec![Scale::COUNT; POLICY_RETAINED + 1];
        (scales[FULL], scales[SAVED], scales[PAID]) = (tokens, tokens, tokens);
        (scales[SURVIVING], scales[RETAINED]) = (part, part);
        let nothing = || Sums::new(scales.clone(), &[(REJECTED, COUNT)]);
        let summed = parts.map(|generations| {
            let mut sums = nothing();
            for generation in &generations {
                add(&mut sums, generation);
            }
            sums.close();
            (sums, generations.iter().all(|g| g.accepted.is_some()))
        });
        // Sums are exact: how they are split does not show.
        let merged = summed.reduce_with(|(mut sums, verdicts), (later, too)| {
            sums.merge(&later);
            (sums, verdicts && too)
        });
        let (sums, verdicts) = merged.unwrap_or_else(|| (nothing(), true));
        Self::of(&sums, verdicts)
    }

    fn of(sums: &Sums, verdicts: bool) -> Self {
        let mean = |column| sums.moments.mean(column);
        let struck = mean(COUNT) - mean(SURVIVING);
        let wrongly = mean(ACCEPTED) - mean(RETAINED);
        let mut by_name = BTreeMap::from([
            ("savings", sums.estimate(&(mean(SAVED) / mean(FULL)))),
            ("rejection_rate", share(sums, &(&struck / mean(COUNT)))),
        ]);
        if !verdicts {
            return Self {
                by_name,
                ..Self::default()
            };
        }
        let per_accepted = mean(FULL) / mean(ACCEPTED);
        let cost = (mean(FULL) - mean(SAVED)) / mean(RETAINED) / &per_accepted;
        let policy = mean(PAID) / mean(POLICY_RETAINED) / per_accepted;
        let detected = (struck - &wrongly) / (mean(COUNT) - mean(ACCEPTED));
        by_name.extend([
            (
                "false_rejection_rate",
                share(sums, &(wrongly / mean(ACCEPTED))),
            ),
            ("detection_rate", share(sums, &detected)),
            ("cost_ratio", sums.estimate(&cost)),
            (
                "purity_after",
                sums.estimate(&(mean(RETAINED) / mean(SURVIVING))),
            ),
        ]);
        Self {
            by_name,
            cost_beyond: sums.estimate(&(policy - cost)),
        }
    }

    /// Takes from `more`, the figures of the generations with a verdict, what is not known of all.
    pub fn or(mut self, more: Self) -> Self {
        for (name, estimate) in more.by_name {
            self.by_name.entry(name).or_insert(estimate);
        }
        self.cost_beyond = more.cost_beyond;
        self
    }
}

/// A share of generations that the coin strikes.
fn share(sums: &Sums, function: &Linear) -> Estimate {
    let estimate = sums.estimate(function);
    let policy = sums.share(0);
    let (Some(share), Some(normal), Some(exact), Some(rate)) =
        (estimate.mean, estimate.ci, policy.ci, policy.mean)
    else {
        return estimate;
    };
    if !sums.shares[0].2.is_rare() {
        return estimate;
    }
    let scale = if rate > 0.0 { share / rate } else { 1.0 };
    let ci = [
        normal[0].max(0.0).min(scale * exact[0]),
        normal[1].max(scale * exact[1]).min(1.0),
    ];
    Estimate {
        ci: Some(ci),
        ..estimate
    }
}
