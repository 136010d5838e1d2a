//! What each validator of a policy contributes: what is lost when it is left out, and its Shapley
//! value.
//!
//! A figure v of the policy that consults the validators of S alone is a game. Left out, validator
//! i takes v(N) − v(N∖{i}) with it. Its Shapley value
//! `φ_i = Σ_{S⊆N∖{i}} |S|!(n−|S|−1)!/n! · (v(S∪{i}) − v(S))` is its contribution averaged over all
//! orders in which validators can be added; `Σ_i φ_i` = v(N) − v(∅), and one that changes nothing
//! gets nothing (Shapley 1953).
//!
//! Savings, false rejections and detections are sums over generations, divided by what does not
//! depend on S. A generation's part consists of terms x · 1{none of E is present}
//! ([`SubsetOutcome`]), whose Shapley value is −x/|E| for each of E and 0 for the others: no subset
//! is ever enumerated. The cost ratio is not of this kind, see [`CostGame`].
//!
//! Standard errors come from cross products over prompts, as elsewhere.

use super::cost_game::{CostGame, CostSums};
use super::estimates::Estimate;
use super::prompt_sums::Sums;
use crate::outcome::{SubsetOutcome, Validators, members};
use crate::stats::Scale;

/// What one validator contributes to the figures of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Contribution {
    /// To the savings, net of what checkpoints charge.
    pub savings: Estimate,
    /// To the false rejection rate.
    pub false_rejection_rate: Estimate,
    /// To the detection rate.
    pub detection_rate: Estimate,
    /// To the cost ratio: below 0 it makes a retained sample cheaper.
    pub cost_ratio: Estimate,
}

/// Contributions by validator.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribution {
    /// v(N) − v(N∖{i}).
    pub left_out: Vec<Contribution>,
    /// φ_i.
    pub shapley: Vec<Contribution>,
    /// Validators that change anything at all; with more than
    /// [`MOST_PLAYERS`](super::MOST_PLAYERS) the cost ratio has no Shapley value here.
    pub players: usize,
}

impl Attribution {
    /// Attribution to so many `validators`, at most as many as a set of them holds. `generations`
    /// is called at most twice and must give the same each time, those of one prompt next to each other; the
    /// longest in full has `longest` tokens. Savings are about all of them, the other figures about
    /// those with a verdict.
    pub fn new<I>(validators: usize, longest: f64, generations: &impl Fn() -> I) -> Self
    where
        I: Iterator<Item = SubsetOutcome>,
    {
        let scale = Scale::for_values_near(longest.max(1.0));
        let mut all = All::new(validators, scale);
        let mut labelled = Labelled::new(validators, scale);
        let mut cost = CostSums::default();
        for generation in generations() {
            all.add(&generation);
            if let Some(accepted) = generation.accepted {
                labelled.add(&generation, accepted);
                cost.add(&generation, accepted);
            }
        }
        all.sums.close();
        labelled.sums.close();
        let game = CostGame::new(cost);
        let players = game.players();
        let cost = game.shapley(validators, generations);
        let (mut left_out, mut shapley) = (Vec::new(), Vec::new());
        for (v, cost_ratio) in cost.into_iter().enumerate() {
            left_out.push(Contribution {
                savings: all.share_of_full(v, All::LAST),
                false_rejection_rate: labelled.last(v, ACCEPTED),
                detection_rate: labelled.last(v, REFUSED),
                cost_ratio: labelled.cost_of_last(v),
            });
            shapley.push(Contribution {
                savings: all.share_of_full(v, All::SHAPLEY),
                false_rejection_rate: labelled.shapley(v, ACCEPTED),
                detection_rate: labelled.shapley(v, REFUSED),
                cost_ratio,
            });
        }
        Self {
            left_out,
            shapley,
            players,
        }
    }
}

fn everyone(validators: usize) -> Validators {
    (0..validators).fold(0, |set, v| set | 1 << v)
}

/// Of all generations: what validators save.
struct All {
    sums: Sums,
}

impl All {
    const FULL: usize = 0;
    const SHAPLEY: usize = 0;
    const LAST: usize = 1;

    fn new(validators: usize, tokens: Scale) -> Self {
        Self {
            sums: Sums::new(vec![tokens; 1 + 2 * validators], &[]),
        }
    }

    fn column(kind: usize, v: usize) -> usize {
        1 + 2 * v + kind
    }

    fn add(&mut self, generation: &SubsetOutcome) {
        self.sums.of_prompt(generation.prompt);
        self.sums.add(Self::FULL, generation.tokens_full);
        for &(absent, tokens) in &generation.paid {
            let share = tokens / f64::from(absent.count_ones());
            for v in members(absent) {
                self.sums.add(Self::column(Self::SHAPLEY, v), share);
                // Paid as soon as v is left out, all others being there.
                if absent == 1 << v {
                    self.sums.add(Self::column(Self::LAST, v), tokens);
                }
            }
        }
    }

    fn share_of_full(&self, v: usize, kind: usize) -> Estimate {
        let saved = self.sums.moments.mean(Self::column(kind, v));
        self.sums
            .estimate(&(saved / self.sums.moments.mean(Self::FULL)))
    }
}

/// Columns of [`Labelled`].
const FULL: usize = 0;
const ACCEPTED: usize = 1;
const REFUSED: usize = 2;
const PAID: usize = 3;
const RETAINED: usize = 4;
const SINGLE: usize = 5;
/// Further ones of each validator; three for the accepted are followed by those for the refused.
const EXTRA_PAID: usize = 0;
const ONLY: usize = 1;
const ANY: usize = 2;
const PART: usize = 3;
const EACH: usize = 7;

/// Of generations with a verdict: whom validators reject.
struct Labelled {
    sums: Sums,
    validators: usize,
}

impl Labelled {
    fn new(validators: usize, tokens: Scale) -> Self {
        let mut scales = vec![Scale::COUNT; SINGLE];
        (scales[FULL], scales[PAID]) = (tokens, tokens);
        let mut shares = Vec::new();
        for v in 0..validators {
            let part = Scale::for_values_near(1.0);
            let verdict = [Scale::COUNT, Scale::COUNT, part];
            scales.push(tokens);
            scales.extend([verdict, verdict].concat());
            for verdict in [ACCEPTED, REFUSED] {
                shares.push((Self::column(v, ONLY, verdict), verdict));
                shares.push((Self::column(v, ANY, verdict), verdict));
            }
        }
        Self {
            sums: Sums::new(scales, &shares),
            validators,
        }
    }

    fn column(v: usize, kind: usize, verdict: usize) -> usize {
        SINGLE + EACH * v + kind + if verdict == REFUSED { 3 } else { 0 }
    }

    fn add(&mut self, generation: &SubsetOutcome, accepted: bool) {
        let everyone = everyone(self.validators);
        let verdict = if accepted { ACCEPTED } else { REFUSED };
        let rejecting = generation.rejecting;
        self.sums.of_prompt(generation.prompt);
        self.sums.add(FULL, generation.tokens_full);
        self.sums.add(verdict, 1.0);
        self.sums.add(PAID, generation.paid(everyone));
        if accepted && rejecting == 0 {
            self.sums.add(RETAINED, 1.0);
        }
        for &(absent, tokens) in &generation.paid {
            for v in members(absent).filter(|v| absent == 1 << v) {
                self.sums.add(Self::column(v, EXTRA_PAID, ACCEPTED), tokens);
            }
        }
        for v in members(rejecting) {
            let share = 1.0 / f64::from(rejecting.count_ones());
            self.sums.add(Self::column(v, PART, verdict), share);
            self.sums.add(Self::column(v, ANY, verdict), 1.0);
            if rejecting == 1 << v {
                self.sums.add(Self::column(v, ONLY, verdict), 1.0);
            }
        }
    }

    /// Of the generations with `verdict`, those that only `v` rejects.
    fn last(&self, v: usize, verdict: usize) -> Estimate {
        self.sums.share(Self::number(v, verdict))
    }

    /// Number of the share ONLY; ANY follows.
    fn number(v: usize, verdict: usize) -> usize {
        4 * v + if verdict == REFUSED { 2 } else { 0 }
    }

    /// Of the generations with `verdict`, v's part in the rejections.
    ///
    /// It lies between the share that only `v` rejects and the share that `v` rejects; where these
    /// are too rare for a normal interval, so does its interval lie between theirs.
    fn shapley(&self, v: usize, verdict: usize) -> Estimate {
        let moments = &self.sums.moments;
        let part = moments.mean(Self::column(v, PART, verdict)) / moments.mean(verdict);
        let normal = self.sums.estimate(&part);
        let number = Self::number(v, verdict);
        if !self.sums.shares[number + 1].2.is_rare() {
            return normal;
        }
        let (only, any) = (self.sums.share(number), self.sums.share(number + 1));
        let ci = only.ci.zip(any.ci).map(|(only, any)| {
            let [low, high] = normal.ci.unwrap_or([only[0], any[1]]);
            [low.max(0.0).min(only[0]), high.min(1.0).max(any[1])]
        });
        Estimate { ci, ..normal }
    }

    /// The cost ratio less that without `v`.
    fn cost_of_last(&self, v: usize) -> Estimate {
        let mean = |column| self.sums.moments.mean(column);
        let full = mean(FULL) / mean(ACCEPTED);
        let paid = mean(PAID) + mean(Self::column(v, EXTRA_PAID, ACCEPTED));
        let retained = mean(RETAINED) + mean(Self::column(v, ONLY, ACCEPTED));
        let difference = mean(PAID) / mean(RETAINED) - paid / retained;
        self.sums.estimate(&(difference / full))
    }
}
