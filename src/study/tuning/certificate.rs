//! Fixed-sequence testing: which policies of a front keep their limits, with one probability of error
//! for the whole choice.
//!
//! The order is that of the front on the tuning part, the safest policy first. Each is tested on the
//! calibration part, at the full level delta, until one fails; whatever was certified before may be
//! used, and the chance that any of these breaks a limit is at most delta. The front's last
//! certified policy has the best objective, so it is chosen.
//!
//! A policy is certified if every claim is: that of the false rejection rate, and one for every other limit.
//! The null hypothesis of the policy is the union of those of its claims, so its p-value is the largest of theirs
//! (intersection–union), without any correction. TV and |retained bias| are at most f (design's theory,
//! section 4), so claims on them are tested as claims on f.
//!
//! Source: Angelopoulos, Bates, Candès, Jordan & Lei (2021), "Learn then Test"; Berger (1982).

use serde::Serialize;

use super::claims::{Claim, Estimand};
use super::search::Candidate;
use crate::estimate::{FrrHypothesis, JudgeQuality, PromptEvidence};
use crate::policy::{Checkpoint, Position};
use crate::replay::{Candidates, CandidatesError, Table};
use crate::stats::{betting, binomial_p, hoeffding_bentkus};
use crate::study::Interrupt;
use crate::study::plan::{Question, Test, prompts_needed};

/// What the calibration part says of a claim.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TestedClaim {
    /// The claim.
    #[serde(flatten)]
    pub claim: Claim,
    /// Prompts with an accepted generation that it is about.
    pub prompts: u64,
    /// Accepted generations that it is about.
    pub good: u64,
    /// Of these, rejected.
    pub false_rejections: u64,
    /// p-value of the hypothesis that the limit is not kept.
    pub p_value: f64,
}

/// What all tests have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Testing {
    pub(super) judge: Option<JudgeQuality>,
    /// 1 − confidence.
    pub(super) delta: f64,
}

/// What was tested of a front, in order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sequence {
    /// Claims of each tested policy; all but perhaps the last are certified.
    pub(super) tested: Vec<Vec<TestedClaim>>,
    /// How many are certified.
    pub(super) certified: usize,
}

/// The p-value of a policy: that of its weakest claim.
pub(super) fn p_value(claims: &[TestedClaim]) -> f64 {
    claims.iter().map(|claim| claim.p_value).fold(0.0, f64::max)
}

/// Tests the policies of a front on the calibration part, `columns` of `table`.
pub(super) fn sequence(
    (table, columns): (&Table, &Candidates<'_>),
    grid: &[Checkpoint<Position>],
    front: &[Candidate],
    claims: &[Claim],
    testing: Testing,
) -> Result<Sequence, CandidatesError> {
    let mut sequence = Sequence {
        tested: Vec::new(),
        certified: 0,
    };
    for candidate in front {
        let rejected = columns.rejected(&candidate.choice.checkpoints(grid))?;
        let tested: Vec<TestedClaim> = claims
            .iter()
            .map(|claim| testing.claim(claim, &evidence(table, &rejected, claim)))
            .collect();
        let holds = p_value(&tested) <= testing.delta;
        sequence.tested.push(tested);
        if !holds {
            break;
        }
        sequence.certified += 1;
    }
    Ok(sequence)
}

/// What each prompt, in the table's order, says of a claim.
pub(super) fn evidence(table: &Table, rejected: &[bool], claim: &Claim) -> Vec<PromptEvidence> {
    let mut prompts = vec![PromptEvidence::default(); table.prompts()];
    for (i, row) in table.rows().iter().enumerate() {
        if let (true, Some(accepted)) = (claim.about.holds(table, i), row.accepted) {
            prompts[row.prompt].add(rejected[i], accepted);
        }
    }
    prompts
}

/// Prompts of which each says one thing, whether anything was accepted; `None` where something was falsely
/// rejected, for then a prompt's rate is no matter of yes or no.
fn spared_prompts(evidence: &[PromptEvidence]) -> Option<Vec<PromptEvidence>> {
    let each = evidence.iter().map(|prompt| {
        (prompt.false_rejections == 0).then(|| PromptEvidence {
            generations: 1,
            accepted: prompt.accepted.min(1),
            ..PromptEvidence::default()
        })
    });
    each.collect()
}

impl Testing {
    fn claim(&self, claim: &Claim, evidence: &[PromptEvidence]) -> TestedClaim {
        let sum = |of: fn(&PromptEvidence) -> u32| evidence.iter().map(|e| u64::from(of(e))).sum();
        TestedClaim {
            claim: claim.clone(),
            prompts: evidence.iter().filter(|e| e.accepted > 0).count() as u64,
            good: sum(|e| e.accepted),
            false_rejections: sum(|e| e.false_rejections),
            p_value: self.p_value(claim, evidence, claim.limit),
        }
    }

    /// p-value of the hypothesis that the rate of `claim` is at least `limit`, in (0, 1).
    pub(super) fn p_value(&self, claim: &Claim, evidence: &[PromptEvidence], limit: f64) -> f64 {
        if claim.test == Test::Binomial {
            let sum =
                |of: fn(&PromptEvidence) -> u32| evidence.iter().map(|e| u64::from(of(e))).sum();
            return binomial_p(sum(|e| e.false_rejections), sum(|e| e.accepted), limit);
        }
        let Some((z, mu0)) = self.z(claim, evidence, limit) else {
            return 1.0;
        };
        if claim.test == Test::Betting {
            return betting(&z, mu0);
        }
        let mean = z.iter().sum::<f64>() / z.len() as f64;
        hoeffding_bentkus(mean, z.len() as u64, mu0)
    }

    /// A value in [0, 1] for each prompt, and the mean that they have at least under the hypothesis.
    /// `None` without prompts, or where one has more generations than the cap.
    fn z(&self, claim: &Claim, evidence: &[PromptEvidence], limit: f64) -> Option<(Vec<f64>, f64)> {
        let (z, mu0) = match claim.estimand {
            Estimand::Prompt => {
                let with_good = evidence.iter().filter(|e| e.accepted > 0);
                let rate =
                    |e: &PromptEvidence| f64::from(e.false_rejections) / f64::from(e.accepted);
                (with_good.map(rate).collect::<Vec<f64>>(), limit)
            }
            Estimand::Generation => {
                let hypothesis = FrrHypothesis::new(limit, claim.per_prompt, self.judge)?;
                let z = evidence.iter().map(|e| hypothesis.z(e));
                (z.collect::<Option<_>>()?, hypothesis.mu0())
            }
        };
        (!z.is_empty()).then_some((z, mu0))
    }

    /// How many prompts like those of `evidence` certify `claim` in four logs of five; `None` if more than a
    /// hundred thousand, or where that is not known.
    pub(super) fn prompts_needed(
        &self,
        claim: &Claim,
        evidence: &[PromptEvidence],
        seed: u64,
        interrupt: &Interrupt,
    ) -> Option<u64> {
        let question = Question {
            max_frr: claim.limit,
            delta: self.delta,
            power: 0.8,
            replications: 400,
            most_prompts: 100_000,
            seed,
        };
        let (evidence, cap) = match claim.estimand {
            Estimand::Generation => (evidence.to_vec(), claim.per_prompt),
            Estimand::Prompt => (spared_prompts(evidence)?, 1),
        };
        let hypothesis = FrrHypothesis::new(claim.limit, cap, self.judge)?;
        prompts_needed(&evidence, &hypothesis, claim.test, &question, interrupt)
    }

    /// A limit that the evidence certifies, the smallest to within 1e-6 where p-values fall as limits grow; 1 if
    /// none.
    pub(super) fn bound(&self, claim: &Claim, evidence: &[PromptEvidence]) -> f64 {
        let (mut low, mut high) = (0.0, 1.0);
        while high - low > 1e-6 {
            let middle = 0.5 * (low + high);
            if self.p_value(claim, evidence, middle) <= self.delta {
                high = middle;
            } else {
                low = middle;
            }
        }
        high
    }
}

#[cfg(test)]
mod tests {
    use super::super::claims::About;
    use super::super::made_up::{PLACES, candidates, table};
    use super::super::search::Choice;
    use super::*;
    use crate::replay::CandidateFigures;

    const TESTING: Testing = Testing {
        judge: None,
        delta: 0.1,
    };

    fn claim(test: Test, limit: f64) -> Claim {
        Claim {
            name: format!("at most {limit}"),
            limit,
            estimand: Estimand::Generation,
            test,
            per_prompt: 2,
            about: About::All,
        }
    }

    fn prompt(false_rejections: u32, accepted: u32) -> PromptEvidence {
        PromptEvidence {
            generations: 2,
            rejected: false_rejections,
            accepted,
            false_rejections,
        }
    }

    /// No event in n trials has the p-value (1 − limit)ⁿ.
    #[test]
    fn without_a_false_rejection_the_binomial_test_is_known() {
        let evidence = vec![prompt(0, 1); 30];
        let p = TESTING.p_value(&claim(Test::Binomial, 0.05), &evidence, 0.05);
        assert!((p - 0.95_f64.powi(30)).abs() < 1e-12);
        let bound = TESTING.bound(&claim(Test::Binomial, 0.05), &evidence);
        assert!((bound - (1.0 - 0.1_f64.powf(1.0 / 30.0))).abs() < 2e-6);
    }

    #[test]
    fn a_rate_per_prompt_counts_prompts_alike() {
        let evidence = [
            vec![prompt(0, 2); 80],
            vec![prompt(1, 1); 4],
            vec![prompt(0, 0); 50],
        ]
        .concat();
        let by_prompt = Claim {
            estimand: Estimand::Prompt,
            ..claim(Test::HoeffdingBentkus, 0.2)
        };
        let expected = hoeffding_bentkus(4.0 / 84.0, 84, 0.2);
        assert!((TESTING.p_value(&by_prompt, &evidence, 0.2) - expected).abs() < 1e-12);
    }

    #[test]
    fn the_sequence_stops_at_the_first_failure_and_the_weakest_claim_decides() {
        let policy = candidates(3, &PLACES[..1]);
        let table = table(&policy, 600, 2, 4);
        let columns = Candidates::new(&table, &policy, false).expect("fits");
        let candidate = |validators: u64| Candidate {
            choice: Choice {
                checkpoints: 1,
                validators,
            },
            figures: CandidateFigures {
                rejection_rate: 0.0,
                savings: None,
                false_rejection_rate: None,
                detection_rate: None,
                cost_ratio: None,
                paid: None,
                worth: None,
            },
            objective: 0.0,
            false_rejection_rate: 0.0,
        };
        // Nobody, then all three, which fail, then nobody again, who would pass.
        let front = [candidate(0), candidate(7), candidate(0)];
        let claims = [claim(Test::Betting, 0.01), claim(Test::Betting, 0.2)];
        let part = (&table, &columns);
        let found = sequence(part, policy.checkpoints(), &front, &claims, TESTING);
        let found = found.expect("places");
        assert_eq!(found.certified, 1);
        assert_eq!(found.tested.len(), 2);
        let [narrow, wide] = &found.tested[1][..] else {
            panic!("two claims");
        };
        assert!(
            narrow.p_value > 0.1 && wide.p_value < 0.1,
            "{narrow:?} {wide:?}"
        );
        assert!((p_value(&found.tested[1]) - narrow.p_value).abs() < 1e-15);
    }

    #[test]
    fn a_prompt_beyond_the_cap_certifies_nothing() {
        let mut evidence = vec![prompt(0, 2); 1000];
        let small = Claim {
            per_prompt: 1,
            ..claim(Test::Betting, 0.05)
        };
        assert!(TESTING.p_value(&claim(Test::Betting, 0.05), &evidence, 0.05) < 1e-3);
        assert!((TESTING.p_value(&small, &evidence, 0.05) - 1.0).abs() < 1e-15);
        evidence.clear();
        assert!((TESTING.p_value(&small, &evidence, 0.05) - 1.0).abs() < 1e-15);
    }
}
