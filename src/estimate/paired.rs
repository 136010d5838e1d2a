//! Two policies on the same generations: what the second does beyond the first.
//!
//! One tally holds the columns of both, so their covariance counts: what moves both alike moves no
//! difference. As everywhere, columns are summed by prompt before products are taken. Where policies
//! differ on few generations a normal interval is not to be trusted: shares then have an exact one.
//! Cost ratio and purity take over that of false rejections; where the rest of them, or savings, hangs
//! on few generations as well, that is said.

use super::estimates::{ALPHA, Estimate, student_interval};
use super::figures::{
    Means, cost_ratio, detection_rate, false_rejection_rate, paid, purity_after, rejection_rate,
    savings,
};
use super::tally::Column;
use crate::outcome::{Fold, Frame, Knowledge, NEVER, OutcomeBatch};
use crate::stats::{CrossProducts, Linear, Scale, clopper_pearson, paired_difference};

/// The figures whose differences are estimated, in the order in which they are shown.
pub const DIFFERENCES: [&str; 6] = [
    "savings",
    "rejection_rate",
    "false_rejection_rate",
    "detection_rate",
    "cost_ratio",
    "purity_after",
];

/// Where policies differ in fewer prompts, or on fewer generations, normal intervals are too narrow.
const FEW: u64 = 10;

/// Columns that both policies share.
const SHARED: usize = 3;
/// Columns that each policy has.
const OWN: usize = 4;

/// The shares whose discordant generations are counted: of all, of the accepted, of the refused.
const SHARES: usize = 3;
/// Of these, that of the accepted.
const LOST: usize = 1;

/// A figure of the second policy less that of the first.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Difference {
    /// With the 95 % interval of this difference alone.
    pub estimate: Estimate,
    /// The interval that holds together with those of all policies compared.
    pub simultaneous: Option<[f64; 2]>,
    /// Whether the policies differ too seldom for a normal interval.
    pub few: bool,
    /// Whether the intervals are exact or conservative instead. If not, those from few differences
    /// are not to be relied on.
    pub conservative: bool,
}

/// Exact sums over the outcomes of the same generations under two policies.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedTally {
    knowledge: Knowledge,
    moments: CrossProducts,
    discordances: [Discordance; SHARES],
    /// Prompts in which the policies differ, by column of one policy.
    differing: [u64; OWN],
}

/// Where a share of generations differs between two policies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Discordance {
    /// Generations, and prompts that have any.
    trials: u64,
    prompts: u64,
    /// Generations with the event under one policy alone: the first, the second.
    only: [u64; 2],
    /// Prompts in which one policy has more events: the first, the second.
    more: [u64; 2],
}

impl PairedTally {
    /// No generations yet; the frames are those of the outcomes under the first policy and under
    /// the second.
    pub fn new(first: &Frame, second: &Frame) -> Self {
        let tokens = Scale::for_values_near(first.typical_tokens.max(second.typical_tokens));
        let cost = first.typical_cost.max(second.typical_cost).max(1.0);
        let own = [
            tokens,
            Scale::for_values_near(cost),
            Scale::COUNT,
            Scale::COUNT,
        ];
        let shared = [Scale::COUNT, tokens, Scale::COUNT];
        Self {
            knowledge: first.knowledge,
            moments: CrossProducts::new([&shared[..], &own, &own].concat()),
            discordances: [Discordance::default(); SHARES],
            differing: [0; OWN],
        }
    }

    /// Number of prompts.
    pub fn prompts(&self) -> u64 {
        self.moments.clusters()
    }

    /// The difference in the figure called `name`, one of [`DIFFERENCES`]; undefined where one of
    /// the two is. Its simultaneous interval is one of `comparisons` (Bonferroni).
    pub fn difference(&self, name: &str, comparisons: u64) -> Difference {
        let share = match name {
            "rejection_rate" => Some(0),
            "false_rejection_rate" => Some(LOST),
            "detection_rate" => Some(2),
            _ => None,
        };
        let needs_verdict = !matches!(name, "savings" | "rejection_rate");
        if needs_verdict && !self.knowledge.verdict {
            return Difference::default();
        }
        let [first, second] = [0, 1].map(|policy| self.figure(name, policy));
        let difference = second - first;
        let stderr = self.moments.stderr(&difference);
        let normal = |alpha: f64| student_interval(difference.value, stderr, self.prompts(), alpha);
        let together = ALPHA / comparisons.max(1) as f64;
        let estimate = Estimate::around(difference.value, stderr, self.prompts());
        if estimate.mean.is_none() {
            return Difference::default();
        }
        let Some(share) = share.map(|share| self.discordances[share]) else {
            let few = self.rests_on_few(name);
            let spared = !few && name != "savings" && self.discordances[LOST].is_rare();
            let conservative = |alpha| self.given_losses(name, alpha).filter(|_| spared);
            return Difference {
                estimate: Estimate {
                    ci: conservative(ALPHA).or(estimate.ci),
                    ..estimate
                },
                simultaneous: conservative(together).or(normal(together)),
                few: few || spared,
                conservative: conservative(ALPHA).is_some() && conservative(together).is_some(),
            };
        };
        Difference {
            estimate: Estimate {
                // The counts are exact.
                mean: share.difference(),
                ci: share.interval(normal(ALPHA), ALPHA),
                ..estimate
            },
            simultaneous: share.interval(normal(together), together),
            few: share.is_rare(),
            conservative: share.is_rare(),
        }
    }

    /// The interval of the difference in cost ratio or purity where the policies lose nearly the
    /// same of the accepted: half of `alpha` is spent on what their false rejection rates may differ
    /// by, which has an exact interval, the other half on everything else at either end of it.
    fn given_losses(&self, name: &str, alpha: f64) -> Option<[f64; 2]> {
        let losses = [0, 1].map(|policy| self.figure("false_rejection_rate", policy));
        let [first, second] = &losses;
        let normal = |difference: &Linear, alpha: f64| {
            let stderr = self.moments.stderr(difference);
            student_interval(difference.value, stderr, self.prompts(), alpha)
        };
        let exact = self.discordances[LOST];
        let ends = exact.interval(normal(&(second - first), 0.5 * alpha), 0.5 * alpha)?;
        // The rates lie evenly about their mean, so that swapping the policies changes the sign.
        let level = &(first + second) * 0.5;
        let figure = |policy: usize, loss: Linear| {
            let side = Side {
                tally: self,
                policy,
            };
            let kept = 1.0 - &loss;
            let possible = kept.value > 0.0;
            let figure = match name {
                "cost_ratio" => paid(&side) / side.mean(Column::Full) / kept,
                _ => side.mean(Column::Accepted) / side.mean(Column::Surviving) * kept,
            };
            possible.then_some(figure)
        };
        let at = |change: f64| {
            let [less, more] = [-0.5, 0.5].map(|part| &level + &self.constant(part * change));
            let difference = figure(1, more)? - figure(0, less)?;
            normal(&difference, 0.5 * alpha)
        };
        let [[a, b], [c, d]] = [at(ends[0])?, at(ends[1])?];
        Some([a.min(c), b.max(d)])
    }

    fn constant(&self, value: f64) -> Linear {
        Linear::constant(value, self.moments.width())
    }

    fn figure(&self, name: &str, policy: usize) -> Linear {
        let side = Side {
            tally: self,
            policy,
        };
        match name {
            "savings" => savings(&side),
            "rejection_rate" => rejection_rate(&side),
            "false_rejection_rate" => false_rejection_rate(&side),
            "detection_rate" => detection_rate(&side),
            "cost_ratio" => cost_ratio(&side),
            "purity_after" => purity_after(&side),
            _ => self.constant(f64::NAN),
        }
    }

    /// Whether what a smooth figure is made of, beside false rejections, differs in few prompts only.
    fn rests_on_few(&self, name: &str) -> bool {
        let column = match name {
            "purity_after" => Column::Surviving,
            _ => Column::Generated,
        };
        self.differing[own(column)] < FEW.min(self.prompts())
    }

    fn index(column: Column, policy: usize) -> usize {
        match column {
            Column::Count => 0,
            Column::Full => 1,
            Column::Accepted => 2,
            column => SHARED + OWN * policy + own(column),
        }
    }

    fn add_generation(&mut self, batches: [&OutcomeBatch; 2], i: usize, row: &mut [i64]) {
        let accepted = self.knowledge.verdict && batches[0].accepted[i];
        let mut add = |j: usize, value: f64| row[j] += self.moments.scale(j).round(value);
        add(Self::index(Column::Count, 0), 1.0);
        add(Self::index(Column::Full, 0), batches[0].tokens_full[i]);
        add(
            Self::index(Column::Accepted, 0),
            f64::from(u8::from(accepted)),
        );
        let mut rejects = [false; 2];
        for (policy, batch) in batches.into_iter().enumerate() {
            rejects[policy] = batch.rejected_at[i] != NEVER;
            let survives = f64::from(u8::from(!rejects[policy]));
            let cost = batch.checkpoint_cost[i];
            add(
                Self::index(Column::Generated, policy),
                batch.tokens_paid[i] - cost,
            );
            add(Self::index(Column::Cost, policy), cost);
            add(Self::index(Column::Surviving, policy), survives);
            if accepted {
                add(Self::index(Column::Retained, policy), survives);
            }
        }
        let only = match rejects {
            [true, false] => Some(0),
            [false, true] => Some(LOST),
            _ => None,
        };
        let trials = [true, accepted, !accepted];
        for (share, is_trial) in self.discordances.iter_mut().zip(trials) {
            if let (true, Some(policy)) = (is_trial, only) {
                share.only[policy] += 1;
            }
        }
    }

    fn close_prompt(&mut self, row: &mut [i64]) {
        let of = |column: Column, policy: usize| row[Self::index(column, policy)];
        let (count, accepted) = (of(Column::Count, 0), of(Column::Accepted, 0));
        let trials = [count, accepted, count - accepted];
        let more = |column: Column| of(column, 0) - of(column, 1);
        let [rejected, falsely] = [more(Column::Surviving), more(Column::Retained)];
        let excess = [rejected, falsely, rejected - falsely];
        for ((share, trials), excess) in self.discordances.iter_mut().zip(trials).zip(excess) {
            share.trials += u64::try_from(trials).unwrap_or(0);
            share.prompts += u64::from(trials > 0);
            share.more[0] += u64::from(excess < 0);
            share.more[1] += u64::from(excess > 0);
        }
        for column in [
            Column::Generated,
            Column::Cost,
            Column::Surviving,
            Column::Retained,
        ] {
            self.differing[own(column)] += u64::from(more(column) != 0);
        }
        let nonzero = row.iter().copied().enumerate().filter(|(_, x)| *x != 0);
        self.moments.add(&nonzero.collect::<Vec<_>>());
        row.fill(0);
    }
}

/// The place of a column among those that each policy has.
fn own(column: Column) -> usize {
    match column {
        Column::Generated => 0,
        Column::Cost => 1,
        Column::Surviving => 2,
        _ => 3,
    }
}

/// One of the two policies.
struct Side<'t> {
    tally: &'t PairedTally,
    policy: usize,
}

impl Means for Side<'_> {
    fn mean(&self, column: Column) -> Linear {
        let index = PairedTally::index(column, self.policy);
        self.tally.moments.mean(index)
    }
}

impl Discordance {
    /// The share under the second policy less that under the first.
    fn difference(self) -> Option<f64> {
        let [first, second] = self.only.map(|n| n as f64);
        (self.trials > 0).then(|| (second - first) / self.trials as f64)
    }

    fn is_rare(self) -> bool {
        let prompts = self.more[0] + self.more[1];
        self.only[0] + self.only[1] < FEW || prompts < FEW.min(self.prompts)
    }

    /// Replaces the `normal` interval where the policies differ too seldom for it.
    ///
    /// With one trial per prompt the exact one of [`paired_difference`] takes its place. With
    /// several, a prompt is the trial, and how much more one policy rejects in it is not known
    /// beforehand: the share of generations by which it rejects more lies between that of prompts
    /// in which it does divided by their number per prompt, and that of prompts. The ends are those
    /// of exact intervals for either policy that hold together, and cover the normal interval, too.
    fn interval(self, normal: Option<[f64; 2]>, alpha: f64) -> Option<[f64; 2]> {
        if !self.is_rare() {
            return normal;
        }
        let [first, second] = self.more;
        if self.trials == self.prompts {
            return paired_difference(first, second, self.trials, alpha);
        }
        let per_prompt = self.trials as f64 / self.prompts as f64;
        let exact = |more: u64| clopper_pearson(more, self.prompts, alpha / 2.0);
        let ((least_first, most_first), (least, most)) = exact(first).zip(exact(second))?;
        let [low, high] = normal.unwrap_or_default();
        Some([
            low.min(least / per_prompt - most_first).max(-1.0),
            high.max(most - least_first / per_prompt).min(1.0),
        ])
    }
}

/// The first two of the policies are compared.
impl Fold<[OutcomeBatch]> for PairedTally {
    fn fold(&mut self, under_each_policy: &[OutcomeBatch]) {
        let [first, second, ..] = under_each_policy else {
            return;
        };
        let mut row = vec![0_i64; self.moments.width()];
        for i in 0..first.len() {
            self.add_generation([first, second], i, &mut row);
            if first.prompt.get(i + 1) != Some(&first.prompt[i]) {
                self.close_prompt(&mut row);
            }
        }
    }

    fn merge(&mut self, later: Self) {
        self.moments.merge(&later.moments);
        for (share, later) in self.discordances.iter_mut().zip(later.discordances) {
            share.trials += later.trials;
            share.prompts += later.prompts;
            for policy in 0..2 {
                share.only[policy] += later.only[policy];
                share.more[policy] += later.more[policy];
            }
        }
        for (differing, later) in self.differing.iter_mut().zip(later.differing) {
            *differing += later;
        }
    }
}
