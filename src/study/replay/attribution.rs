//! Which validator earns its keep?
//!
//! Each is asked alone, at the policy's own checkpoints; left out of the policy; and given its
//! Shapley value. A checkpoint of which no validator is left is not there and charges nothing; one
//! that keeps some charges in full.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::parts::{Known, Parts};
use super::{ByVerdict, by_prompt, chosen, plain_estimates};
use crate::estimate::{self, Attribution, Estimate, Estimates, MOST_PLAYERS};
use crate::outcome::MOST_VALIDATORS;
use crate::policy::{Checkpoint, PolicyFile, Position};
use crate::replay::{Replay, Table};
use crate::study::Named;
use crate::study::named::as_map;

/// Fewer rejections cannot be told from a coin's.
const FEW_REJECTIONS: u64 = 10;

/// What there is to say of the validators of a policy.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct AttributionFindings {
    /// Each of them, in the policy's order.
    pub validators: Vec<ValidatorAttribution>,
    /// What could not be computed, and why.
    pub remarks: Vec<String>,
}

/// What one validator is worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValidatorAttribution {
    /// Its name.
    pub name: String,
    /// Its rule.
    pub rule: String,
    /// Whether a checkpoint that applies consults it.
    pub consulted: bool,
    /// Generations that it rejects alone, at the policy's checkpoints.
    pub rejected: ByVerdict,
    /// Those of them that no other validator of the policy rejects.
    pub rejected_by_no_other: ByVerdict,
    /// Alone, beside a coin at its own rates.
    pub against_coin: AgainstCoin,
    /// The policy with this validator alone.
    pub alone: Figures,
    /// The policy without it.
    pub left_out: Figures,
    /// The policy's figures less those without it, on the same generations.
    pub contribution: Contribution,
    /// Its Shapley values: they add up to the policy's figures less those of no policy.
    pub shapley: Contribution,
}

/// Whether a validator alone is better than a coin that rejects as often at each checkpoint:
/// the interval of its `cost_beyond_coin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgainstCoin {
    /// Below 0.
    Better,
    /// Around 0.
    NotToldApart,
    /// Above 0: it is worse than noise.
    Worse,
    /// It rejects too few generations with a verdict for the interval to be trusted.
    TooFewRejections,
    /// It rejects none.
    NeverRejects,
    /// Undefined: no verdicts, or nothing accepted is retained.
    Unknown,
}

/// The figures of a policy that matter for comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// By name, see [`FIGURES`](super::FIGURES).
    #[serde(with = "as_map")]
    pub estimates: Vec<Named<Estimate>>,
    /// What its checkpoints charge, in tokens per attempt.
    pub charged_tokens: Estimate,
    /// `cost_ratio` − `null_cost_ratio`.
    pub cost_beyond_coin: Estimate,
}

impl Figures {
    pub(in crate::study) fn new(estimates: &Estimates) -> Self {
        Self {
            estimates: chosen(estimates),
            charged_tokens: estimates.charged,
            cost_beyond_coin: estimates.cost_beyond_coin,
        }
    }

    pub(super) fn set(&mut self, name: &str, value: Estimate) {
        let named = self.estimates.iter_mut().filter(|e| e.name == name);
        named.for_each(|estimate| estimate.value = value);
    }

    /// The estimate called `name`.
    pub fn get(&self, name: &str) -> Estimate {
        let found = self.estimates.iter().find(|e| e.name == name);
        found.map_or_else(Estimate::default, |e| e.value)
    }
}

/// What a validator contributes to the policy's figures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    /// To `savings`.
    pub savings: Estimate,
    /// To `false_rejection_rate`.
    pub false_rejection_rate: Estimate,
    /// To `detection_rate`.
    pub detection_rate: Estimate,
    /// To `cost_ratio`: below 0 it makes a retained sample cheaper.
    pub cost_ratio: Estimate,
}

impl From<estimate::Contribution> for Contribution {
    fn from(of: estimate::Contribution) -> Self {
        Self {
            savings: of.savings,
            false_rejection_rate: of.false_rejection_rate,
            detection_rate: of.detection_rate,
            cost_ratio: of.cost_ratio,
        }
    }
}

/// Attribution of what `replay`, of `policy` on `table`, did.
pub(super) fn attribution(
    policy: &PolicyFile,
    table: &Table,
    replay: &Replay<'_>,
    by_part: Option<(&Parts, &Known)>,
) -> AttributionFindings {
    let count = policy.validators().len();
    if count > MOST_VALIDATORS {
        let remark = format!(
            "the policy has {count} validators; attribution is for at most {MOST_VALIDATORS}: \
             replay a policy with fewer, or join literal and regex patterns in one validator"
        );
        return AttributionFindings {
            validators: Vec::new(),
            remarks: vec![remark],
        };
    }
    let generated = replay.problem_generated();
    let figures = || figures(table, replay, by_part);
    let rows = by_prompt(table);
    let generations = || rows.iter().map(|&i| replay.under_subsets(i));
    let longest = || {
        let tokens = rows.iter().map(|&i| replay.tokens_full(i));
        tokens.max().unwrap_or(0) as f64
    };
    let alone = || {
        let mut rejected = vec![(ByVerdict::default(), ByVerdict::default()); count];
        let silent = |&&i: &&usize| table.alarms(i).are_silent();
        let alarmed = rows.iter().filter(|i| !silent(i));
        for generation in alarmed.map(|&i| replay.under_subsets(i)) {
            for (v, (rejected, by_no_other)) in rejected.iter_mut().enumerate() {
                if generation.rejected(1 << v) {
                    rejected.add(generation.accepted);
                    if generation.rejecting == 1 << v {
                        by_no_other.add(generation.accepted);
                    }
                }
            }
        }
        rejected
    };
    let (figures, (attribution, rejected)) = rayon::join(figures, || {
        rayon::join(|| Attribution::new(count, longest(), &generations), alone)
    });
    let applies = |c: &Checkpoint<Position>| c.at != Position::Problem || generated;
    let consulted = |v: usize| {
        let mut checkpoints = policy.checkpoints().iter().filter(|c| applies(c));
        checkpoints.any(|c| c.validators.contains(&v))
    };
    let validators = policy.validators().iter().zip(figures).enumerate();
    let validators = validators.map(|(v, (validator, (alone, left_out)))| {
        let (rejected, rejected_by_no_other) = rejected[v];
        ValidatorAttribution {
            name: validator.name.clone(),
            rule: validator.rule.to_owned(),
            consulted: consulted(v),
            rejected,
            rejected_by_no_other,
            against_coin: against_coin(rejected, alone.cost_beyond_coin),
            alone,
            left_out,
            contribution: attribution.left_out[v].into(),
            shapley: attribution.shapley[v].into(),
        }
    });
    let remarks = (attribution.players > MOST_PLAYERS).then(|| {
        format!(
            "{} validators reject or are charged for: the Shapley value of the cost ratio, which \
             takes all their subsets, is computed for at most {MOST_PLAYERS}; those of savings, \
             false rejections and detection are exact all the same",
            attribution.players
        )
    });
    AttributionFindings {
        validators: validators.collect(),
        remarks: remarks.into_iter().collect(),
    }
}

/// The figures of each validator alone, and of the policy without it.
fn figures(
    table: &Table,
    replay: &Replay<'_>,
    by_part: Option<(&Parts, &Known)>,
) -> Vec<(Figures, Figures)> {
    let all: Vec<usize> = (0..table.rows().len()).collect();
    let alone = |v: usize| replay.checkpoints_of(|w| w == v);
    let validators = 0..table.validators().len();
    let Some((parts, known)) = by_part else {
        let evaluate = |checkpoints: &[Checkpoint<Position>]| {
            Figures::new(&plain_estimates(table, &replay.at(checkpoints), &all))
        };
        let figures = |v: usize| {
            let without = replay.checkpoints_of(|w| w != v);
            (evaluate(&alone(v)), evaluate(&without))
        };
        return validators.into_par_iter().map(figures).collect();
    };
    let figures = |v: usize| {
        let checkpoints = replay.checkpoints().iter().enumerate();
        let consulting = checkpoints.filter(|(_, c)| c.validators.contains(&v));
        let consulting: Vec<usize> = consulting.map(|(c, _)| c).collect();
        let checkpoints = alone(v);
        // Where a validator is silent, it alone is as good as nobody at its checkpoints; where no
        // other alarms, as good as all.
        let nobody = known.nobody.of(&consulting);
        let whole = known.whole.of(&consulting);
        let alone = parts.estimates(&replay.at(&checkpoints), v, &nobody, Some(&whole));
        let without = replay.checkpoints_of(|w| w != v);
        let left_out = if without.len() == replay.checkpoints().len() {
            let nobody = Some(&known.nobody);
            parts.estimates(&replay.at(&without), v, &known.whole, nobody)
        } else {
            // Without it a checkpoint is gone, for everybody.
            plain_estimates(table, &replay.at(&without), &all)
        };
        (Figures::new(&alone), Figures::new(&left_out))
    };
    validators.into_par_iter().map(figures).collect()
}

fn against_coin(rejected: ByVerdict, beyond: Estimate) -> AgainstCoin {
    if rejected.total() == 0 {
        return AgainstCoin::NeverRejects;
    }
    let Some([low, high]) = beyond.ci else {
        return AgainstCoin::Unknown;
    };
    if rejected.accepted + rejected.refused < FEW_REJECTIONS {
        AgainstCoin::TooFewRejections
    } else if high < 0.0 {
        AgainstCoin::Better
    } else if low > 0.0 {
        AgainstCoin::Worse
    } else {
        AgainstCoin::NotToldApart
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_on_a_validator_follows_the_interval() {
        let rejected = |accepted, refused, unknown| ByVerdict {
            accepted,
            refused,
            unknown,
        };
        let beyond = |low: f64, high: f64| Estimate {
            mean: Some(0.5 * (low + high)),
            stderr: Some(0.1),
            ci: Some([low, high]),
        };
        let cases = [
            (rejected(5, 5, 0), beyond(-0.2, -0.1), AgainstCoin::Better),
            (
                rejected(5, 5, 0),
                beyond(-0.2, 0.1),
                AgainstCoin::NotToldApart,
            ),
            (rejected(5, 5, 0), beyond(0.1, 0.2), AgainstCoin::Worse),
            (
                rejected(5, 4, 9),
                beyond(0.1, 0.2),
                AgainstCoin::TooFewRejections,
            ),
            (
                rejected(0, 0, 0),
                beyond(0.0, 0.0),
                AgainstCoin::NeverRejects,
            ),
            (
                rejected(0, 0, 30),
                Estimate::default(),
                AgainstCoin::Unknown,
            ),
        ];
        for (rejected, beyond, expected) in cases {
            assert_eq!(against_coin(rejected, beyond), expected);
        }
    }
}
