//! What a log that was written under a live policy tells of that policy, and of the one replayed.
//!
//! The other figures of a replay take every text for its generation; those that the live policy cut
//! are not. Here they count as what they are: unknown. Where every rejected generation had a known
//! chance of being completed, the completed stand for the others, whatever policy is replayed: its
//! decisions are functions of full texts, and weights depend on the live policy alone. Where some
//! had none, the live policy's figures have bounds, and the replayed policy's are not known.

use serde::{Deserialize, Serialize};

use super::Bounds;
use crate::estimate::{self, DIFFERENCES, Estimate, LiveTally, WeightedTally};
use crate::outcome::Knowledge;
use crate::replay::{Replay, Table};
use crate::study::Named;
use crate::study::named::{as_map, as_optional_map};

/// Beyond so many standard deviations the number of completed generations contradicts its chances:
/// once in 1,000 logs by chance.
const SURPRISING: f64 = 3.3;
/// From fewer completed generations normal intervals are too narrow.
const FEW: u64 = 10;

/// What a censored log tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CensoredFindings {
    /// Generations that the live policy rejected.
    pub rejected: u64,
    /// Of these, those completed all the same.
    pub completed: u64,
    /// How many were to be expected; `None` where chances are missing.
    pub expected_completed: Option<f64>,
    /// Of the rejected, those without a known chance of completion (`pass_through` above 0).
    pub without_pass_through: u64,
    /// The completed as so many of equal weight.
    pub effective_completed: Option<f64>,
    /// The most tokens that a solution may have, as given.
    pub token_limit: Option<u64>,
    /// Figures of the live policy, gross of what its checks cost; `None` where chances are missing.
    #[serde(with = "as_optional_map")]
    pub live: Vec<Named<Estimate>>,
    /// What audits make of its savings and of f if what they find accepted is kept, and the tokens
    /// that they take per attempt.
    #[serde(with = "as_optional_map")]
    pub price: Vec<Named<Estimate>>,
    /// What its figures may be whatever was cut; needs no chances.
    #[serde(with = "as_map")]
    pub bounds: Vec<Named<Bounds>>,
    /// Figures of the replayed policy.
    #[serde(with = "as_optional_map")]
    pub replayed: Vec<Named<Estimate>>,
    /// What to know before trusting this.
    pub remarks: Vec<String>,
}

/// What the log tells of the live policy and of that of `replay`; `None` if no live policy rejected
/// anything. Solutions have at most `token_limit` tokens, which only bounds need.
pub fn censored(
    table: &Table,
    replay: &Replay<'_>,
    token_limit: Option<u64>,
) -> Option<CensoredFindings> {
    if !table.is_censored() {
        return None;
    }
    let typical = table.longest().max(token_limit.unwrap_or(0)).max(1) as f64;
    let mut tally = LiveTally::new(typical, table.largest_weight());
    replay
        .censored(token_limit)
        .for_each(|outcome| tally.add(&outcome));
    let found = tally.finish();
    let named = |figures: &Option<Vec<(&'static str, Estimate)>>| {
        let named = |(name, value): &(&'static str, Estimate)| Named {
            name: (*name).to_owned(),
            value: *value,
        };
        figures.iter().flatten().map(named).collect()
    };
    let bounds = |(name, [low, high]): &(&'static str, [Estimate; 2])| Named {
        name: (*name).to_owned(),
        value: Bounds {
            lo: low.mean,
            hi: high.mean,
            ci: [low.ci.map(|ci| ci[0]), high.ci.map(|ci| ci[1])],
        },
    };
    Some(CensoredFindings {
        rejected: found.rejected,
        completed: found.completed,
        expected_completed: found.expected,
        without_pass_through: found.unchanced,
        effective_completed: found.effective,
        token_limit,
        live: named(&found.figures),
        price: named(&found.price),
        bounds: found.bounds.iter().map(bounds).collect(),
        replayed: if found.figures.is_some() {
            replayed(table, replay)
        } else {
            Vec::new()
        },
        remarks: remarks(table, &found, token_limit),
    })
}

/// The figures of the replayed policy, from weighted generations.
fn replayed(table: &Table, replay: &Replay<'_>) -> Vec<Named<Estimate>> {
    let rows = table.rows();
    let mut known: Vec<usize> = (0..rows.len()).filter(|&i| !rows[i].is_cut()).collect();
    known.sort_by_key(|&i| rows[i].prompt);
    let labelled = known.iter().copied();
    let labelled: Vec<usize> = labelled.filter(|&i| rows[i].accepted.is_some()).collect();
    let tally = |order: &[usize], verdict: bool| {
        let knowledge = Knowledge {
            verdict,
            utility: false,
        };
        let frame = replay.frame(order, knowledge, false);
        let outcomes = replay.prepared(order.to_vec(), frame);
        let mut tally = WeightedTally::new(outcomes.frame(), table.largest_weight());
        for range in outcomes.ranges() {
            let weights = order[range.clone()].iter();
            let weights: Vec<f64> = weights.filter_map(|&i| rows[i].weight()).collect();
            tally.add(&outcomes.batch(range), &weights);
        }
        tally
    };
    let [all, labelled] = [(&known, false), (&labelled, true)].map(|(rows, v)| tally(rows, v));
    let figure = |name: &&str| Named {
        name: (*name).to_owned(),
        value: match *name {
            "savings" | "rejection_rate" => all.estimate(name),
            _ => labelled.estimate(name),
        },
    };
    DIFFERENCES.iter().map(figure).collect()
}

fn remarks(
    table: &Table,
    found: &estimate::LiveEstimates,
    token_limit: Option<u64>,
) -> Vec<String> {
    let mut remarks = Vec::new();
    if found.unchanced > 0 {
        remarks.push(format!(
            "{} of {} rejected records had no known chance of being completed (`pass_through` above \
             0): what became of such generations nobody can know, so there are bounds and no \
             estimates",
            found.unchanced, found.rejected
        ));
    }
    if found.surprise.is_some_and(|z| z.abs() > SURPRISING) {
        remarks.push(format!(
            "{} of {} rejected records were completed where {:.1} were to be expected: `pass_through` \
             is not the probability with which they were, or completed ones are missing from the \
             log; the estimates are then wrong",
            found.completed,
            found.rejected,
            found.expected.unwrap_or(0.0)
        ));
    }
    if found.figures.is_some() && found.completed < FEW {
        remarks.push(format!(
            "only {} rejected generations were completed: savings and cost ratios are not reliable",
            found.completed
        ));
    }
    if token_limit.is_none() && found.completed < found.rejected {
        remarks.push(
            "without --token-limit nothing says how long cut generations might have become, so \
             savings have no upper bound"
                .to_owned(),
        );
    }
    let caveats = table.caveats();
    if caveats.counts_estimated > 0 {
        remarks.push(
            "token counts are estimated: which rejected generations were completed is told from \
             their length and may be told wrongly"
                .to_owned(),
        );
    }
    remarks
}
