//! How many labelled prompts it takes to certify that a policy's false rejection rate is below a bound.
//!
//! Given what the policy is expected to be like – its false rejection rate f, the share a that is accepted,
//! how rejections of one prompt go together – each design (a test, a number of generations per prompt) has a
//! power: the probability that a log of so many prompts certifies. The exact binomial test needs one
//! generation per prompt and its power is exact; the others are simulated. Designs see the same random
//! numbers.
//!
//! Assumes independent prompts, and that generations are accepted independently of each other. After a
//! log has been collected, [`prompts_needed`] says the same of prompts like those observed.
//!
//! Theory: section 8 of the design's theory; Learn-then-Test for what is certified.

mod binomial;
mod law;
mod simulated;

use serde::Serialize;

use super::Interrupt;
pub use crate::estimate::{FrrHypothesis, JudgeQuality, PromptEvidence};
pub use law::PromptLaw;

/// Version of the JSON form of a plan.
pub const PLAN_SCHEMA: &str = "foldem.plan/1";

/// What is to be certified, and how surely.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Question {
    /// α, the bound on the false rejection rate, in (0, 1).
    pub max_frr: f64,
    /// Probability of a wrong certificate, in (0, 1).
    pub delta: f64,
    /// Probability with which the certificate is to be reached, in (0, 1).
    pub power: f64,
    /// Logs that are drawn.
    pub replications: u64,
    /// The largest log considered, in prompts.
    pub most_prompts: u64,
    /// Root seed.
    pub seed: u64,
}

/// What the policy is expected to be like.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// False rejection rate f, in [0, 1).
    pub frr: f64,
    /// Share of the generations that the final filter accepts, in (0, 1].
    pub accepted: f64,
    /// Correlation of the rejections of two accepted generations of a prompt, in [0, 1).
    pub icc: f64,
    /// Generations per prompt, each number a design.
    pub per_prompt: Vec<u32>,
}

/// How the log is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// The exact binomial test, for one generation per prompt.
    Binomial,
    /// Betting on prompts.
    Betting,
    /// Hoeffding–Bentkus on prompts.
    HoeffdingBentkus,
}

impl Test {
    /// Its name in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Binomial => "exact binomial",
            Self::Betting => "betting",
            Self::HoeffdingBentkus => "Hoeffding–Bentkus",
        }
    }
}

/// The probability of a certificate with so many prompts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// Labelled prompts.
    pub prompts: u64,
    /// Probability of a certificate.
    pub power: f64,
    /// Its standard error, 0 where it is exact.
    pub stderr: f64,
}

/// A test with a number of generations per prompt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Design {
    /// The test.
    pub test: Test,
    /// Generations per prompt.
    pub per_prompt: u32,
    /// Whether its power is exact.
    pub exact: bool,
    /// Prompts that reach the power asked for; `None` where the largest log does not.
    pub prompts: Option<u64>,
    /// Generations of those prompts.
    pub generations: Option<u64>,
    /// Accepted ones among them, as expected.
    pub accepted: Option<f64>,
    /// Power over the number of prompts.
    pub curve: Vec<Point>,
}

/// Fewest labels that can certify anything.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Fewest {
    /// Accepted generations, one per prompt, none of them rejected: ⌈ln delta/ln(1 − α)⌉.
    pub accepted: u64,
    /// Prompts with that many accepted generations, as expected.
    pub prompts: f64,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// Version of this form.
    pub schema: &'static str,
    /// The bound.
    pub max_frr: f64,
    /// 1 − delta.
    pub confidence: f64,
    /// What the policy is expected to be like.
    pub frr: f64,
    /// Share accepted.
    pub accepted: f64,
    /// Correlation of rejections within a prompt.
    pub icc: f64,
    /// The power asked for.
    pub power: f64,
    /// Root seed.
    pub seed: u64,
    /// Logs drawn for each simulated design.
    pub replications: u64,
    /// The largest log considered, in prompts.
    pub most_prompts: u64,
    /// Whether the run was interrupted: curves end early.
    pub partial: bool,
    /// The least that could do.
    pub fewest: Fewest,
    /// The designs, by generations per prompt.
    pub designs: Vec<Design>,
}

/// ⌈ln delta/ln(1 − α)⌉: accepted generations without a false rejection that certify `max_frr`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positive, and a cast saturates"
)]
pub fn fewest_accepted(max_frr: f64, delta: f64) -> u64 {
    (delta.ln() / (-max_frr).ln_1p()).ceil() as u64
}

/// Steps of the simulation of one design, at most.
pub fn steps(question: &Question) -> u64 {
    simulated::sizes(question.most_prompts).len().div_ceil(16) as u64
}

/// The plan; `progress` is told how many steps of all designs are done. `None` where a value lies
/// outside its range.
pub fn plan(
    question: &Question,
    expectation: &Expectation,
    progress: &dyn Fn(u64),
    interrupt: &Interrupt,
) -> Option<Plan> {
    let fewest = fewest_accepted(question.max_frr, question.delta);
    let mut designs = Vec::new();
    for (number, &per_prompt) in (0_u64..).zip(&expectation.per_prompt) {
        let hypothesis = FrrHypothesis::new(question.max_frr, per_prompt, None)?;
        let Expectation {
            frr, accepted, icc, ..
        } = *expectation;
        let law = PromptLaw::beta_binomial(per_prompt, frr, accepted, icc);
        if per_prompt == 1 {
            designs.push(exact_design(question, frr, accepted));
        }
        let done = std::cell::Cell::new(number * steps(question));
        let step = || {
            done.set(done.get() + 1);
            progress(done.get());
        };
        let simulated = simulated::power(
            &law,
            &hypothesis,
            question,
            &simulated::BOTH,
            &step,
            interrupt,
        );
        designs.extend(simulated.into_iter().map(|power| {
            let generations = power.prompts.map(|n| n * u64::from(per_prompt));
            Design {
                test: power.test,
                per_prompt,
                exact: false,
                prompts: power.prompts,
                generations,
                accepted: generations.map(|n| n as f64 * accepted),
                curve: power.curve,
            }
        }));
    }
    Some(Plan {
        schema: PLAN_SCHEMA,
        max_frr: question.max_frr,
        confidence: 1.0 - question.delta,
        frr: expectation.frr,
        accepted: expectation.accepted,
        icc: expectation.icc,
        power: question.power,
        seed: question.seed,
        replications: question.replications,
        most_prompts: question.most_prompts,
        partial: interrupt.raised(),
        fewest: Fewest {
            accepted: fewest,
            prompts: fewest as f64 / expectation.accepted,
        },
        designs,
    })
}

/// The exact binomial test.
fn exact_design(question: &Question, frr: f64, accepted: f64) -> Design {
    let most = question.most_prompts;
    let table = binomial::given_accepted(most, question.max_frr, question.delta, frr);
    let power = |n| binomial::power(n, accepted, &table);
    let prompts = binomial::needed(most, question.power, power);
    let shown = prompts.map_or(most, |n| (2 * n).min(most));
    let sizes = simulated::sizes(most).into_iter();
    let curve = sizes.take_while(|&n| n <= shown).map(|prompts| Point {
        prompts,
        power: power(prompts),
        stderr: 0.0,
    });
    Design {
        test: Test::Binomial,
        per_prompt: 1,
        exact: true,
        prompts,
        generations: prompts,
        accepted: prompts.map(|n| n as f64 * accepted),
        curve: curve.collect(),
    }
}

/// How many prompts like `observed` certify the hypothesis by `test` with the power asked for: logs
/// are drawn from the observed prompts, each as likely as another. For the binomial test, which is for
/// one generation per prompt, the observed rates are taken for the true ones.
///
/// `None` where the largest log does not, and without prompts. With few prompts it is a rough guess, and too
/// hopeful where none was falsely rejected.
pub fn prompts_needed(
    observed: &[PromptEvidence],
    hypothesis: &FrrHypothesis,
    test: Test,
    question: &Question,
    interrupt: &Interrupt,
) -> Option<u64> {
    let law = PromptLaw::observed(observed)?;
    if test == Test::Binomial {
        let sum =
            |of: fn(&PromptEvidence) -> u32| observed.iter().map(|e| f64::from(of(e))).sum::<f64>();
        let accepted = sum(|e| e.accepted);
        if accepted <= 0.0 {
            return None;
        }
        let frr = sum(|e| e.false_rejections) / accepted;
        let share = accepted / sum(|e| e.generations);
        return (frr < 1.0)
            .then(|| exact_design(question, frr, share).prompts)
            .flatten();
    }
    // Whose rate is not below the bound is never certified.
    if law.mean(|cell| hypothesis.z(cell).unwrap_or_default()) >= hypothesis.mu0() {
        return None;
    }
    let powers = simulated::power(&law, hypothesis, question, &[test], &|| {}, interrupt);
    powers.first()?.prompts
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: Question = Question {
        max_frr: 0.2,
        delta: 0.1,
        power: 0.8,
        replications: 500,
        most_prompts: 3000,
        seed: 1,
    };

    fn prompts(of: &[(u32, u32, usize)]) -> Vec<PromptEvidence> {
        let alike = of.iter().flat_map(|&(false_rejections, accepted, times)| {
            let evidence = PromptEvidence {
                generations: 2,
                rejected: false_rejections,
                accepted,
                false_rejections,
            };
            std::iter::repeat_n(evidence, times)
        });
        alike.collect()
    }

    fn needed(observed: &[PromptEvidence], test: Test) -> Option<u64> {
        let hypothesis = FrrHypothesis::new(0.2, 2, None).expect("valid");
        prompts_needed(
            observed,
            &hypothesis,
            test,
            &QUESTION,
            &Interrupt::default(),
        )
    }

    /// Prompts in the very shares of a law ask for as many as the law: ICC 1/2, f 0.1, all accepted.
    #[test]
    fn observed_prompts_ask_for_as_many_as_their_law() {
        let observed = prompts(&[(0, 2, 855), (1, 2, 90), (2, 2, 55)]);
        let expectation = Expectation {
            frr: 0.1,
            accepted: 1.0,
            icc: 0.5,
            per_prompt: vec![2],
        };
        let plan = plan(&QUESTION, &expectation, &|_| {}, &Interrupt::default());
        for design in plan.expect("valid").designs {
            assert_eq!(needed(&observed, design.test), design.prompts);
        }
    }

    #[test]
    fn what_cannot_be_certified_asks_for_nothing() {
        for test in [Test::Binomial, Test::Betting, Test::HoeffdingBentkus] {
            assert_eq!(needed(&[], test), None);
            assert_eq!(needed(&prompts(&[(1, 2, 3), (0, 2, 4)]), test), None);
            assert_eq!(needed(&prompts(&[(0, 0, 5)]), test), None);
        }
    }

    /// Without false rejections and with all accepted, the binomial test asks for the fewest possible.
    #[test]
    fn the_fewest_possible_is_the_closed_form() {
        assert_eq!(fewest_accepted(0.05, 0.05), 59);
        assert_eq!(fewest_accepted(0.01, 0.05), 299);
        assert_eq!(
            needed(&prompts(&[(0, 2, 3)]), Test::Binomial),
            Some(fewest_accepted(0.2, 0.1))
        );
    }
}
