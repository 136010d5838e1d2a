//! The columns of a tally for a batch of outcomes: one sum per prompt.

use super::{Column, Share, Tally};
use crate::outcome::{Covariate, NEVER, OutcomeBatch};
use crate::stats::Scale;

/// Columns of a tally, in its order, with one value per prompt.
pub(super) type Columns = Vec<Vec<i64>>;

/// Sums over the generations of prompts.
struct ByPrompt {
    /// Behind the last generation of each prompt.
    ends: Vec<usize>,
}

impl ByPrompt {
    fn of(batch: &OutcomeBatch) -> Self {
        let prompt = &batch.prompt;
        let last = |i: &usize| prompt.get(i + 1) != Some(&prompt[*i]);
        Self {
            ends: (0..prompt.len()).filter(last).map(|i| i + 1).collect(),
        }
    }

    fn sums(&self, of: impl Fn(usize) -> i64) -> Vec<i64> {
        let [sums] = self.sums_of(|i| [of(i)]);
        sums
    }

    /// Sums of several values of each generation, which is looked at once.
    fn sums_of<const N: usize>(&self, of: impl Fn(usize) -> [i64; N]) -> [Vec<i64>; N] {
        let mut sums = [(); N].map(|()| Vec::with_capacity(self.ends.len()));
        let mut start = 0;
        for &end in &self.ends {
            let mut prompt = [0; N];
            for i in start..end {
                for (sum, value) in prompt.iter_mut().zip(of(i)) {
                    *sum += value;
                }
            }
            for (sums, sum) in sums.iter_mut().zip(prompt) {
                sums.push(sum);
            }
            start = end;
        }
        sums
    }

    /// Sums of values that are rounded to `scale` one by one.
    fn rounded(&self, scale: Scale, of: impl Fn(usize) -> f64) -> Vec<i64> {
        self.sums(|i| scale.round(of(i)))
    }

    /// For each of `levels`: how many generations of the prompt are of it, of those that count.
    fn levels(&self, levels: usize, at: &[u32], counts: impl Fn(usize) -> bool) -> Columns {
        let mut columns = vec![vec![0; self.ends.len()]; levels];
        let mut start = 0;
        for (prompt, &end) in self.ends.iter().enumerate() {
            for i in (start..end).filter(|&i| counts(i)) {
                columns[at[i] as usize][prompt] += 1;
            }
            start = end;
        }
        columns
    }
}

impl Tally {
    /// The columns of the prompts of `batch`.
    pub(super) fn columns(&self, batch: &OutcomeBatch) -> Columns {
        let prompts = ByPrompt::of(batch);
        let nothing = vec![0; prompts.ends.len()];
        let mut columns = vec![nothing; self.moments.width()];
        let mut set = |column: Column, values: Vec<i64>| columns[self.index(column)] = values;
        let scale = |column: Column| self.moments.scale(self.index(column));
        let checkpoints = self.frame.checkpoints;
        let survives = |i: usize| batch.rejected_at[i] == NEVER;
        set(Column::Count, prompts.sums(|_| 1));
        let tokens = scale(Column::Full);
        let cost = scale(Column::Cost);
        let [full, generated, costs, surviving] = prompts.sums_of(|i| {
            let charged = batch.checkpoint_cost[i];
            [
                tokens.round(batch.tokens_full[i]),
                tokens.round(batch.tokens_paid[i] - charged),
                cost.round(charged),
                i64::from(survives(i)),
            ]
        });
        set(Column::Full, full);
        set(Column::Generated, generated);
        set(Column::Cost, costs);
        set(Column::Surviving, surviving);
        if !batch.place_excess.is_empty() {
            let excess = |i: usize| batch.place_excess[i];
            let excess = prompts.rounded(scale(Column::PlaceExcess), excess);
            set(Column::PlaceExcess, excess);
        }
        for c in 0..checkpoints {
            let [rejected, remaining, avoided] = prompts.sums_of(|i| {
                let remaining = tokens.round(batch.remaining[i * checkpoints + c]);
                let here = i64::from(batch.rejected_at[i] as usize == c);
                [here, remaining, here * remaining]
            });
            set(Column::Rejected(c), rejected);
            set(Column::Remaining(c), remaining);
            set(Column::Avoided(c), avoided);
        }
        let knowledge = self.frame.knowledge;
        let accepted = |i: usize| knowledge.verdict && batch.accepted[i];
        let retained = |i: usize| accepted(i) && survives(i);
        if knowledge.verdict {
            let verdicts = |i: usize| [accepted(i), retained(i)].map(i64::from);
            let [of_accepted, of_retained] = prompts.sums_of(verdicts);
            set(Column::Accepted, of_accepted);
            set(Column::Retained, of_retained);
            let covariates = self.frame.covariates.iter().zip(&batch.covariates);
            for (v, (Covariate { levels, .. }, at)) in covariates.enumerate() {
                let of_accepted = prompts.levels(levels.len(), at, accepted);
                let of_retained = prompts.levels(levels.len(), at, retained);
                let both = of_accepted.into_iter().zip(of_retained);
                for (level, (accepted, retained)) in both.enumerate() {
                    set(Column::AcceptedAt(v, level), accepted);
                    set(Column::RetainedAt(v, level), retained);
                }
            }
        }
        if knowledge.utility {
            let value = scale(Column::Utility);
            let [all, surviving, of_accepted, of_retained] = prompts.sums_of(|i| {
                let value = value.round(batch.utility[i]);
                let if_so = |counts: bool| if counts { value } else { 0 };
                [
                    value,
                    if_so(survives(i)),
                    if_so(accepted(i)),
                    if_so(retained(i)),
                ]
            });
            set(Column::Utility, all);
            set(Column::UtilitySurviving, surviving);
            set(Column::UtilityAccepted, of_accepted);
            set(Column::UtilityRetained, of_retained);
        }
        columns
    }

    /// Adds the shares of prompts with these `columns`, so many `alike` each.
    pub(super) fn add_shares(&mut self, alike: u64, columns: &Columns) {
        let mut shares = std::mem::take(&mut self.shares);
        {
            let column = |column: Column| &*columns[self.index(column)];
            let mut add = |share: Share, events: &[i64], trials: &[i64]| {
                let share = &mut shares[self.share_index(share)];
                for (&events, &trials) in events.iter().zip(trials) {
                    share.add_alike(alike, events, trials);
                }
            };
            let all = column(Column::Count);
            let accepted = column(Column::Accepted);
            let surviving = column(Column::Surviving);
            let retained = column(Column::Retained);
            let rejected = difference(all, surviving);
            let false_rejections = difference(accepted, retained);
            add(Share::Rejected, &rejected, all);
            add(Share::FalselyRejected, &false_rejections, accepted);
            let detected = difference(&rejected, &false_rejections);
            add(Share::Detected, &detected, &difference(all, accepted));
            add(Share::Accepted, accepted, all);
            add(Share::Retained, retained, all);
            add(Share::RetainedAmongSurviving, retained, surviving);
            for c in 0..self.frame.checkpoints {
                add(Share::RejectedAt(c), column(Column::Rejected(c)), all);
            }
            for (v, covariate) in self.frame.covariates.iter().enumerate() {
                for level in 0..covariate.levels.len() {
                    let accepted = column(Column::AcceptedAt(v, level));
                    let retained = column(Column::RetainedAt(v, level));
                    let share = Share::FalselyRejectedAt(v, level);
                    add(share, &difference(accepted, retained), accepted);
                }
            }
        }
        self.shares = shares;
    }
}

fn difference(a: &[i64], b: &[i64]) -> Vec<i64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}
