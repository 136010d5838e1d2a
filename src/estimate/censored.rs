//! Figures of the live policy under which a log was written.
//!
//! What it rejected is cut, unless it was completed all the same with a known probability π, which
//! was decided on by chance alone. A completed one then stands for 1/π (see
//! [`WeightedTally`](super::WeightedTally)). Only what is not known of everybody is weighted: what
//! was paid, how many were rejected, and all of the survivors are known. Without such audits, or
//! beside them, bounds say what the cut generations may have been.

use super::estimates::Estimate;
use super::proportion::Proportion;
use crate::outcome::CensoredOutcome;
use crate::stats::{CrossProducts, Linear, Scale};

/// The figures of the live policy, in the order in which they are shown. Savings and costs are
/// gross: what its checks cost no log tells.
pub const LIVE_FIGURES: [&str; 7] = [
    "savings",
    "rejection_rate",
    "false_rejection_rate",
    "detection_rate",
    "accepted_rate",
    "cost_ratio",
    "purity_after",
];

/// The figures that have bounds.
pub const LIVE_BOUNDS: [&str; 4] = [
    "savings",
    "false_rejection_rate",
    "detection_rate",
    "cost_ratio",
];

/// What audits cost, in the order in which it is shown.
pub const AUDIT_PRICES: [&str; 3] = ["savings", "false_rejection_rate", "tokens"];

/// The columns, summed by prompt. Of the completed, those with a verdict are judged.
#[derive(Debug, Clone, Copy)]
enum Sum {
    Count,
    /// Tokens until rejection or the end.
    Paid,
    Rejected,
    Surviving,
    SurvivingJudged,
    Retained,
    Cut,
    /// Completed, weighted: those with a verdict, those accepted, and the tokens after the
    /// rejection.
    Weight,
    WeightJudged,
    LostAccepted,
    LostTokens,
    /// The same last two less what stands for itself: weights of 1/π − 1.
    SparedAccepted,
    SparedTokens,
    /// Completed, as they are.
    KnownAccepted,
    KnownRefused,
    KnownTokens,
    /// The most tokens that the cut may have had after the rejection.
    CutTokens,
}

const SUMS: usize = 17;

/// Sums over the generations of a censored log.
#[derive(Debug, Clone)]
pub struct LiveTally {
    moments: CrossProducts,
    row: [i64; SUMS],
    open: Option<u64>,
    /// Of the rejected, those that had no known chance of being completed.
    unchanced: u64,
    rejected: u64,
    completed: u64,
    /// Chances of completion, added up, and their variance.
    expected: [f64; 2],
    /// Least and greatest weight, the sum and the sum of squares over the completed.
    weights: [f64; 4],
    /// Whether the tokens of all cut generations have a limit.
    limited: bool,
    shares: [Events; 5],
}

/// Events of a prompt that is open, and those of closed ones.
#[derive(Debug, Clone, Copy, Default)]
struct Events {
    open: (i64, i64),
    closed: Proportion,
}

/// Shares whose events are counted.
const REJECTED: usize = 0;
const LOST: usize = 1;
const DETECTED: usize = 2;
const PURE: usize = 3;
/// Of the accepted, those that are rejected if all that were cut would have been accepted.
const LOST_AT_MOST: usize = 4;

impl LiveTally {
    /// No generations yet; full ones have about `typical_tokens`, and the largest weight is
    /// `largest`, at least 1.
    pub fn new(typical_tokens: f64, largest: f64) -> Self {
        let mut scales = vec![Scale::COUNT; SUMS];
        for sum in [Sum::Paid, Sum::KnownTokens, Sum::CutTokens] {
            scales[sum as usize] = Scale::for_values_near(typical_tokens);
        }
        for sum in [
            Sum::Weight,
            Sum::WeightJudged,
            Sum::LostAccepted,
            Sum::SparedAccepted,
        ] {
            scales[sum as usize] = Scale::for_values_near(largest);
        }
        for sum in [Sum::LostTokens, Sum::SparedTokens] {
            scales[sum as usize] = Scale::for_values_near(largest * typical_tokens);
        }
        Self {
            moments: CrossProducts::new(scales),
            row: [0; SUMS],
            open: None,
            unchanced: 0,
            rejected: 0,
            completed: 0,
            expected: [0.0; 2],
            weights: [f64::INFINITY, 1.0, 0.0, 0.0],
            limited: true,
            shares: [Events::default(); 5],
        }
    }

    /// Adds a generation; those of one prompt follow each other.
    pub fn add(&mut self, outcome: &CensoredOutcome) {
        if self.open.replace(outcome.prompt) != Some(outcome.prompt) {
            self.close();
            self.open = Some(outcome.prompt);
        }
        self.put(Sum::Count, 1.0);
        self.put(Sum::Paid, outcome.tokens_paid);
        self.event(REJECTED, outcome.rejection.is_some());
        let Some(rejection) = outcome.rejection else {
            self.put(Sum::Surviving, 1.0);
            if let Some(accepted) = outcome.accepted {
                self.put(Sum::SurvivingJudged, 1.0);
                self.event(PURE, accepted);
                self.event(if accepted { LOST } else { DETECTED }, false);
                if accepted {
                    self.put(Sum::Retained, 1.0);
                    self.event(LOST_AT_MOST, false);
                }
            }
            return;
        };
        self.put(Sum::Rejected, 1.0);
        self.rejected += 1;
        let weight = rejection.pass_through.map(f64::recip);
        match rejection.pass_through {
            Some(p) => {
                self.expected[0] += p;
                self.expected[1] += p * (1.0 - p);
                let w = 1.0 / p;
                self.weights[0] = self.weights[0].min(w);
                self.weights[1] = self.weights[1].max(w);
            }
            None => self.unchanced += 1,
        }
        let Some(remaining) = rejection.remaining else {
            self.put(Sum::Cut, 1.0);
            self.event(LOST_AT_MOST, true);
            match rejection.most_remaining {
                Some(most) => self.put(Sum::CutTokens, most),
                None => self.limited = false,
            }
            return;
        };
        self.completed += 1;
        self.put(Sum::KnownTokens, remaining);
        if let Some(accepted) = outcome.accepted {
            self.event(if accepted { LOST } else { DETECTED }, true);
            if accepted {
                self.event(LOST_AT_MOST, true);
                self.put(Sum::KnownAccepted, 1.0);
            } else {
                self.put(Sum::KnownRefused, 1.0);
            }
        }
        let Some(weight) = weight else {
            return;
        };
        self.weights[2] += weight;
        self.weights[3] += weight * weight;
        self.put(Sum::Weight, weight);
        self.put(Sum::LostTokens, weight * remaining);
        self.put(Sum::SparedTokens, (weight - 1.0) * remaining);
        if let Some(accepted) = outcome.accepted {
            self.put(Sum::WeightJudged, weight);
            if accepted {
                self.put(Sum::LostAccepted, weight);
                self.put(Sum::SparedAccepted, weight - 1.0);
            }
        }
    }

    fn put(&mut self, sum: Sum, value: f64) {
        let j = sum as usize;
        self.row[j] += self.moments.scale(j).round(value);
    }

    fn event(&mut self, share: usize, happens: bool) {
        let (events, trials) = &mut self.shares[share].open;
        *events += i64::from(happens);
        *trials += 1;
    }

    /// Closes the last prompt.
    fn close(&mut self) {
        if self.open.take().is_none() {
            return;
        }
        for share in &mut self.shares {
            let (events, trials) = std::mem::take(&mut share.open);
            share.closed.add_alike(1, events, trials);
        }
        let nonzero = self.row.iter().copied().enumerate();
        let nonzero: Vec<_> = nonzero.filter(|(_, x)| *x != 0).collect();
        self.moments.add(&nonzero);
        self.row = [0; SUMS];
    }

    /// What the sums say.
    pub fn finish(mut self) -> LiveEstimates {
        self.close();
        let by_name = |names: &[&'static str], of: &dyn Fn(&str) -> Estimate| {
            names.iter().map(|name| (*name, of(name))).collect()
        };
        let chanced = self.unchanced == 0 && self.rejected > 0;
        let [.., sum, squares] = self.weights;
        LiveEstimates {
            rejected: self.rejected,
            completed: self.completed,
            unchanced: self.unchanced,
            expected: chanced.then_some(self.expected[0]),
            surprise: (chanced && self.expected[1] > 0.0)
                .then(|| (self.completed as f64 - self.expected[0]) / self.expected[1].sqrt()),
            effective: (sum > 0.0).then(|| sum * sum / squares),
            figures: chanced.then(|| by_name(&LIVE_FIGURES, &|name| self.figure(name))),
            price: chanced.then(|| by_name(&AUDIT_PRICES, &|name| self.price(name))),
            bounds: LIVE_BOUNDS.map(|name| (name, self.bounds(name))).to_vec(),
        }
    }

    fn mean(&self, sum: Sum) -> Linear {
        self.moments.mean(sum as usize)
    }

    fn total(&self, sum: Sum) -> i128 {
        self.moments.sum(sum as usize)
    }

    fn of(&self, function: &Linear) -> Estimate {
        let stderr = self.moments.stderr(function);
        Estimate::around(function.value, stderr, self.moments.clusters())
    }

    /// Survivors that the filter accepts; those without a verdict are like the others.
    fn retained(&self) -> Linear {
        let judged = self.mean(Sum::Retained);
        if self.total(Sum::Surviving) == self.total(Sum::SurvivingJudged) {
            return judged;
        }
        judged * (self.mean(Sum::Surviving) / self.mean(Sum::SurvivingJudged))
    }

    /// A weighted sum over the completed with a verdict; those without are like the others.
    fn weighted(&self, sum: Sum) -> Linear {
        let judged = self.mean(sum);
        if self.total(Sum::Weight) == self.total(Sum::WeightJudged) {
            return judged;
        }
        judged * (self.mean(Sum::Weight) / self.mean(Sum::WeightJudged))
    }

    fn full(&self) -> Linear {
        self.mean(Sum::Paid) + self.mean(Sum::LostTokens)
    }

    fn accepted(&self) -> Linear {
        self.retained() + self.weighted(Sum::LostAccepted)
    }

    fn false_rejection_rate(&self) -> Linear {
        self.weighted(Sum::LostAccepted) / self.accepted()
    }

    fn figure(&self, name: &str) -> Estimate {
        // Of the accepted (and of the refused) those that survive are all known, and those that
        // were rejected with the chances that weights tell: so are the odds.
        let odds = [self.weights[0].min(self.weights[1]), self.weights[1]];
        let share = |share: usize| self.shares[share].closed;
        match name {
            "savings" => self.of(&(self.mean(Sum::LostTokens) / self.full())),
            "rejection_rate" => {
                let rate = self.mean(Sum::Rejected) / self.mean(Sum::Count);
                self.of(&rate).with_odds_of(share(REJECTED), [1.0; 2])
            }
            "false_rejection_rate" => {
                let rate = self.of(&self.false_rejection_rate());
                rate.with_odds_of(share(LOST), odds)
            }
            "detection_rate" => {
                let lost = self.weighted(Sum::WeightJudged) - self.weighted(Sum::LostAccepted);
                let refused = self.mean(Sum::Surviving) - self.retained() + &lost;
                self.of(&(lost / refused))
                    .with_odds_of(share(DETECTED), odds)
            }
            "accepted_rate" => self.of(&(self.accepted() / self.mean(Sum::Count))),
            "cost_ratio" => {
                let paid = self.mean(Sum::Paid) / self.full();
                self.of(&(paid / (1.0 - self.false_rejection_rate())))
            }
            "purity_after" => {
                let rate = self.mean(Sum::Retained) / self.mean(Sum::SurvivingJudged);
                self.of(&rate).with_odds_of(share(PURE), [1.0; 2])
            }
            _ => Estimate::default(),
        }
    }

    /// With audits: gross savings, the false rejection rate if what they find accepted is kept, and
    /// the tokens that they take per attempt.
    fn price(&self, name: &str) -> Estimate {
        match name {
            "savings" => self.of(&(self.mean(Sum::SparedTokens) / self.full())),
            "false_rejection_rate" => {
                self.of(&(self.weighted(Sum::SparedAccepted) / self.accepted()))
            }
            _ => self.of(&(self.mean(Sum::KnownTokens) / self.mean(Sum::Count))),
        }
    }

    /// The least and the greatest value that a figure may have, whatever the cut generations would
    /// have become; undefined where there is no limit.
    fn bounds(&self, name: &str) -> [Estimate; 2] {
        let mean = |sum| self.mean(sum);
        let (paid, known) = (mean(Sum::Paid), mean(Sum::KnownTokens));
        let most = &known + mean(Sum::CutTokens);
        let retained = self.retained();
        let accepted = &retained + mean(Sum::KnownAccepted);
        let share = |known: Linear, kept: Linear| {
            let most = &known + mean(Sum::Cut);
            [&known / (&kept + &known), &most / (kept + &most)].map(|bound| self.of(&bound))
        };
        match name {
            "savings" => {
                let low = self.of(&(&known / (&paid + &known)));
                let high = self.of(&(&most / (paid + &most)));
                [
                    low,
                    if self.limited {
                        high
                    } else {
                        Estimate::default()
                    },
                ]
            }
            "false_rejection_rate" => {
                let [low, high] = share(mean(Sum::KnownAccepted), retained);
                let closed = |share: usize| self.shares[share].closed;
                [
                    low.with_odds_of(closed(LOST), [1.0; 2]),
                    high.with_odds_of(closed(LOST_AT_MOST), [1.0; 2]),
                ]
            }
            "detection_rate" => share(mean(Sum::KnownRefused), mean(Sum::Surviving) - retained),
            _ => {
                let low = &paid / (&paid + &most) * (&accepted / &retained);
                let high = &paid / (&paid + known) * ((accepted + mean(Sum::Cut)) / retained);
                let low = self.of(&low);
                [
                    if self.limited {
                        low
                    } else {
                        Estimate::default()
                    },
                    self.of(&high),
                ]
            }
        }
    }
}

/// What a censored log says of the live policy.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveEstimates {
    /// Generations that it rejected.
    pub rejected: u64,
    /// Of these, those completed all the same.
    pub completed: u64,
    /// Of the rejected, those with no known chance of completion.
    pub unchanced: u64,
    /// How many of the rejected were expected to be completed; `None` where chances are missing.
    pub expected: Option<f64>,
    /// How many standard deviations more were.
    pub surprise: Option<f64>,
    /// The completed, as so many of equal weight (Kish 1965): (Σw)²/Σw².
    pub effective: Option<f64>,
    /// By name, see [`LIVE_FIGURES`]; `None` where chances are missing.
    pub figures: Option<Vec<(&'static str, Estimate)>>,
    /// What audits make of gross savings, of the false rejection rate if what they find accepted is
    /// kept, and the tokens that they take per attempt, see [`AUDIT_PRICES`].
    pub price: Option<Vec<(&'static str, Estimate)>>,
    /// Least and greatest value by name, see [`LIVE_BOUNDS`]; undefined where there is none.
    pub bounds: Vec<(&'static str, [Estimate; 2])>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::CensoredRejection;
    use approx::assert_relative_eq;

    fn survivor(prompt: u64, tokens: f64, accepted: bool) -> CensoredOutcome {
        CensoredOutcome {
            prompt,
            tokens_paid: tokens,
            accepted: Some(accepted),
            rejection: None,
        }
    }

    /// Rejected after so many tokens; completed ones have some more and a verdict.
    fn rejected(prompt: u64, at: f64, chance: f64, became: Option<(f64, bool)>) -> CensoredOutcome {
        CensoredOutcome {
            prompt,
            tokens_paid: at,
            accepted: became.map(|(_, accepted)| accepted),
            rejection: Some(CensoredRejection {
                pass_through: (chance > 0.0).then_some(chance),
                remaining: became.map(|(remaining, _)| remaining),
                most_remaining: Some(100.0 - at),
            }),
        }
    }

    fn estimates(last_chance: f64) -> LiveEstimates {
        let mut tally = LiveTally::new(100.0, 4.0);
        for outcome in [
            survivor(0, 100.0, true),
            survivor(1, 80.0, false),
            rejected(2, 30.0, 0.5, Some((70.0, true))),
            rejected(3, 40.0, 0.25, None),
            rejected(4, 20.0, last_chance, Some((60.0, false))),
        ] {
            tally.add(&outcome);
        }
        tally.finish()
    }

    /// By hand: 270 tokens are paid, 70/0.5 + 60/0.25 = 380 lost.
    #[test]
    fn the_completed_stand_for_the_others() {
        let found = estimates(0.25);
        let figures = found.figures.unwrap();
        let price = found.price.unwrap();
        for (named, name, expected) in [
            (&figures, "savings", 380.0 / 650.0),
            (&figures, "rejection_rate", 0.6),
            (&figures, "false_rejection_rate", 2.0 / 3.0),
            (&figures, "detection_rate", 0.8),
            (&figures, "accepted_rate", 0.6),
            (&figures, "cost_ratio", 3.0 * 270.0 / 650.0),
            (&figures, "purity_after", 0.5),
            (&price, "savings", (70.0 + 3.0 * 60.0) / 650.0),
            (&price, "false_rejection_rate", 1.0 / 3.0),
            (&price, "tokens", 26.0),
        ] {
            let (_, value) = named.iter().find(|(n, _)| *n == name).unwrap();
            assert_relative_eq!(value.mean.unwrap(), expected, epsilon = 1e-9);
        }
        assert_relative_eq!(found.effective.unwrap(), 36.0 / 20.0, epsilon = 1e-12);
        assert_relative_eq!(found.expected.unwrap(), 1.0, epsilon = 1e-12);
        assert_eq!(
            (found.rejected, found.completed, found.unchanced),
            (3, 2, 0)
        );
    }

    #[test]
    fn bounds_need_no_chances_and_figures_do() {
        let found = estimates(0.0);
        assert_eq!(
            (found.figures, found.price, found.expected),
            (None, None, None)
        );
        assert_eq!(found.unchanced, 1);
        for (name, [least, most]) in [
            ("savings", [130.0 / 400.0, 190.0 / 460.0]),
            ("false_rejection_rate", [1.0 / 2.0, 2.0 / 3.0]),
            ("detection_rate", [1.0 / 2.0, 2.0 / 3.0]),
            ("cost_ratio", [2.0 * 270.0 / 460.0, 3.0 * 270.0 / 400.0]),
        ] {
            let (_, bounds) = found.bounds.iter().find(|(n, _)| *n == name).unwrap();
            assert_relative_eq!(bounds[0].mean.unwrap(), least, epsilon = 1e-9);
            assert_relative_eq!(bounds[1].mean.unwrap(), most, epsilon = 1e-9);
        }
    }
}
