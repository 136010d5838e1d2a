//! One pass over outcomes: the columns whose means and cross products carry every estimate.

mod columns;
mod expected;
mod gathered;

use serde::{Deserialize, Serialize};

use super::figures::Means;
use super::proportion::Proportion;
use crate::outcome::{Fold, Frame, OutcomeBatch};
use crate::stats::{CrossProducts, Linear, Scale, Stored};

/// A column of the tally: one number per generation, summed over the generations of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// 1.
    Count,
    /// Tokens of the full generation.
    Full,
    /// Tokens generated until rejection or the end: those paid less what checkpoints charge.
    Generated,
    /// Tokens charged by checkpoints.
    Cost,
    /// 1 if accepted.
    Accepted,
    /// 1 if it survives.
    Surviving,
    /// 1 if retained.
    Retained,
    /// U.
    Utility,
    /// U if it survives.
    UtilitySurviving,
    /// U if accepted.
    UtilityAccepted,
    /// U if retained.
    UtilityRetained,
    /// What a coin saves where the generation was rejected beyond the checkpoint's mean.
    PlaceExcess,
    /// 1 if rejected at this checkpoint.
    Rejected(usize),
    /// Tokens that a coin saves at this checkpoint.
    Remaining(usize),
    /// The same if rejected there, else 0.
    Avoided(usize),
    /// 1 if accepted and at this level (covariate, level).
    AcceptedAt(usize, usize),
    /// 1 if retained and at this level (covariate, level).
    RetainedAt(usize, usize),
}

/// Shares whose prompts are counted, for exact intervals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    Rejected,
    FalselyRejected,
    Detected,
    Accepted,
    Retained,
    RetainedAmongSurviving,
    RejectedAt(usize),
    /// Among the accepted at a level (covariate, level).
    FalselyRejectedAt(usize, usize),
}

const SINGLE: usize = 12;
/// Columns of each checkpoint.
const EACH: usize = 3;
const SHARES: usize = 6;

/// Exact sums over outcomes, mergeable in any order.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    frame: Frame,
    /// First column of each covariate.
    covariate_start: Vec<usize>,
    moments: CrossProducts,
    /// Empty where columns hold expectations: no event was counted.
    shares: Vec<Proportion>,
    /// Values too large to be counted as they are.
    cut: u64,
}

/// The integers of a [`Tally`], as a file holds them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredTally {
    moments: Stored,
    shares: Vec<Proportion>,
    cut: u64,
}

impl Tally {
    /// The sums without their units, to be stored.
    pub fn stored(&self) -> StoredTally {
        StoredTally {
            moments: self.moments.stored(),
            shares: self.shares.clone(),
            cut: self.cut,
        }
    }

    /// The tally of batches of `frame` that was stored; `None` if it does not fit.
    pub fn restored(frame: &Frame, stored: StoredTally) -> Option<Self> {
        let mut tally = Self::new(frame);
        let fits =
            stored.shares.len() == tally.shares.len() && tally.moments.restore(stored.moments);
        tally.shares = stored.shares;
        tally.cut = stored.cut;
        fits.then_some(tally)
    }

    /// An empty tally for batches of `frame`.
    pub fn new(frame: &Frame) -> Self {
        let tokens = Scale::for_values_near(frame.typical_tokens);
        let value = Scale::for_values_near(1.0);
        let mut scales = vec![Scale::COUNT; SINGLE];
        for column in [Column::Full, Column::Generated, Column::PlaceExcess] {
            scales[single(column)] = tokens;
        }
        scales[single(Column::Cost)] = Scale::for_values_near(frame.typical_cost.max(1.0));
        for column in [
            Column::Utility,
            Column::UtilitySurviving,
            Column::UtilityAccepted,
            Column::UtilityRetained,
        ] {
            scales[single(column)] = value;
        }
        for _ in 0..frame.checkpoints {
            scales.extend([Scale::COUNT, tokens, tokens]);
        }
        let mut covariate_start = Vec::new();
        let levels: usize = frame.covariates.iter().map(|c| c.levels.len()).sum();
        for covariate in &frame.covariates {
            covariate_start.push(scales.len());
            scales.extend(vec![Scale::COUNT; 2 * covariate.levels.len()]);
        }
        Self {
            frame: frame.clone(),
            covariate_start,
            moments: CrossProducts::new(scales),
            shares: vec![Proportion::default(); SHARES + frame.checkpoints + levels],
            cut: 0,
        }
    }

    /// The tally of the same generations at the checkpoints number `kept` alone, in ascending order,
    /// where the others neither reject nor charge anything.
    pub fn at(&self, kept: &[usize]) -> Self {
        let frame = Frame {
            checkpoints: kept.len(),
            ..self.frame.clone()
        };
        let mut tally = Self::new(&frame);
        let start = |checkpoints: usize| SINGLE + EACH * checkpoints;
        let of = |c: &usize| start(*c)..start(*c + 1);
        let covariates = start(self.frame.checkpoints)..self.moments.width();
        let columns = (0..SINGLE)
            .chain(kept.iter().flat_map(of))
            .chain(covariates);
        tally.moments = self.moments.of_columns(&columns.collect::<Vec<_>>());
        let levels = SHARES + self.frame.checkpoints..self.shares.len();
        let shares = (0..SHARES)
            .chain(kept.iter().map(|c| SHARES + c))
            .chain(levels);
        tally.shares = shares
            .filter_map(|share| self.shares.get(share).copied())
            .collect();
        tally.cut = self.cut;
        tally
    }

    /// The same tally without its covariates.
    pub fn without_covariates(&self) -> Self {
        let frame = Frame {
            covariates: Vec::new(),
            ..self.frame.clone()
        };
        let mut tally = Self::new(&frame);
        let columns: Vec<usize> = (0..tally.moments.width()).collect();
        tally.moments = self.moments.of_columns(&columns);
        let shares = self.shares.iter().take(tally.shares.len());
        tally.shares = shares.copied().collect();
        tally.cut = self.cut;
        tally
    }

    /// The tally of the same generations at the same checkpoints if none of them rejected anything;
    /// they charge nothing, and what a coin saves at one of them does not depend on what is rejected.
    /// Without covariates, and where events were counted.
    pub fn of_nobody(&self) -> Self {
        assert!(self.frame.covariates.is_empty(), "there are no covariates");
        let same = |column: Column| self.index(column);
        let mut of: Vec<Option<usize>> = (0..self.moments.width()).map(Some).collect();
        for (column, equal) in [
            (Column::Generated, Some(Column::Full)),
            (Column::Surviving, Some(Column::Count)),
            (Column::Retained, Some(Column::Accepted)),
            (Column::UtilitySurviving, Some(Column::Utility)),
            (Column::UtilityRetained, Some(Column::UtilityAccepted)),
            (Column::Cost, None),
            (Column::PlaceExcess, None),
        ] {
            of[same(column)] = equal.map(same);
        }
        for c in 0..self.frame.checkpoints {
            of[same(Column::Rejected(c))] = None;
            of[same(Column::Avoided(c))] = None;
        }
        let accepted = self.shares[self.share_index(Share::Accepted)];
        let retained =
            [Share::Retained, Share::RetainedAmongSurviving].map(|s| self.share_index(s));
        let shares = self.shares.iter().enumerate().map(|(place, share)| {
            if place == self.share_index(Share::Accepted) || retained.contains(&place) {
                accepted
            } else {
                share.without_events()
            }
        });
        Self {
            shares: shares.collect(),
            moments: self.moments.equated(&of),
            frame: self.frame.clone(),
            covariate_start: Vec::new(),
            cut: self.cut,
        }
    }

    /// What the batches hold.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// Values that were cut because they exceed the typical one thousands of times; the estimates
    /// of tokens are too low where there are any.
    pub fn cut(&self) -> u64 {
        self.cut
    }

    /// Number of prompts.
    pub fn prompts(&self) -> u64 {
        self.moments.clusters()
    }

    /// Largest value of a column that is not negative, over prompts.
    pub fn largest(&self, column: Column) -> f64 {
        self.moments.largest(self.index(column))
    }

    /// Share of the spread of a column that a single prompt brings, see
    /// [`CrossProducts::dominance`].
    pub fn dominance(&self, column: Column) -> f64 {
        self.moments.dominance(self.index(column))
    }

    fn index(&self, column: Column) -> usize {
        match column {
            Column::Rejected(c) => SINGLE + EACH * c,
            Column::Remaining(c) => SINGLE + EACH * c + 1,
            Column::Avoided(c) => SINGLE + EACH * c + 2,
            Column::AcceptedAt(v, level) => self.covariate_start[v] + 2 * level,
            Column::RetainedAt(v, level) => self.covariate_start[v] + 2 * level + 1,
            other => single(other),
        }
    }

    /// The unit in which a column is counted.
    pub fn unit(&self, column: Column) -> f64 {
        self.moments.scale(self.index(column)).unit()
    }

    /// The mean of a column per prompt, with its gradient.
    pub fn mean(&self, column: Column) -> Linear {
        self.moments.mean(self.index(column))
    }

    /// The sum of a column that counts.
    pub fn count(&self, column: Column) -> u64 {
        u64::try_from(self.moments.sum(self.index(column))).unwrap_or(0)
    }

    /// Standard error of a function of column means.
    pub fn stderr(&self, function: &Linear) -> f64 {
        self.moments.stderr(function)
    }

    /// A number that does not depend on the sample.
    pub fn constant(&self, value: f64) -> Linear {
        Linear::constant(value, self.moments.width())
    }

    /// `None` where no events were counted.
    pub(super) fn share(&self, share: Share) -> Option<Proportion> {
        self.shares.get(self.share_index(share)).copied()
    }

    /// Whether a share rests on few events; not so where none were counted, but expectations.
    pub(super) fn is_rare(&self, share: Share) -> bool {
        self.share(share)
            .is_some_and(super::proportion::Proportion::is_rare)
    }

    fn share_index(&self, share: Share) -> usize {
        match share {
            Share::Rejected => 0,
            Share::FalselyRejected => 1,
            Share::Detected => 2,
            Share::Accepted => 3,
            Share::Retained => 4,
            Share::RetainedAmongSurviving => 5,
            Share::RejectedAt(c) => SHARES + c,
            Share::FalselyRejectedAt(v, level) => {
                let levels_before = (self.covariate_start[v] - self.covariate_start[0]) / 2;
                SHARES + self.frame.checkpoints + levels_before + level
            }
        }
    }

    /// Takes in what another tally of the same frame has gathered.
    fn take_in(&mut self, later: Self) {
        assert_eq!(
            self.frame, later.frame,
            "parts of one run share their frame"
        );
        self.moments.merge(&later.moments);
        self.cut += later.cut;
        for (share, other) in self.shares.iter_mut().zip(later.shares) {
            share.merge(other);
        }
    }
}

/// The place of a column that stands by itself.
pub(super) fn single(column: Column) -> usize {
    match column {
        Column::Count => 0,
        Column::Full => 1,
        Column::Generated => 2,
        Column::Cost => 3,
        Column::Accepted => 4,
        Column::Surviving => 5,
        Column::Retained => 6,
        Column::Utility => 7,
        Column::UtilitySurviving => 8,
        Column::UtilityAccepted => 9,
        Column::PlaceExcess => 10,
        _ => 11,
    }
}

impl Means for Tally {
    fn mean(&self, column: Column) -> Linear {
        self.mean(column)
    }
}

impl Fold<OutcomeBatch> for Tally {
    fn fold(&mut self, batch: &OutcomeBatch) {
        let tokens = self.moments.scale(self.index(Column::Full));
        let cut = batch.tokens_full.iter().filter(|n| !tokens.holds(**n));
        self.cut += cut.count() as u64;
        let columns = self.columns(batch);
        self.add_shares(1, &columns);
        self.moments.add_columns(&columns);
    }

    fn merge(&mut self, later: Self) {
        self.take_in(later);
    }
}

/// The first of several policies is tallied; the others are for folds that compare.
impl Fold<[OutcomeBatch]> for Tally {
    fn fold(&mut self, under_each_policy: &[OutcomeBatch]) {
        Fold::<OutcomeBatch>::fold(self, &under_each_policy[0]);
    }

    fn merge(&mut self, later: Self) {
        self.take_in(later);
    }
}
