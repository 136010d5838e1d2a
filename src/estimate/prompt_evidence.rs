//! What one prompt says for or against a false rejection rate, as one number in [0, 1].
//!
//! With X false rejections among N accepted generations of a prompt, FRR ≥ α is E[X − αN] ≥ 0. At most
//! m generations of a prompt make X − αN lie in [−αm, (1−α)m], so **Z = α + (X − αN)/m** lies in [0, 1],
//! and the hypothesis is E[Z] ≥ α: a test for the mean of independent bounded variables (`stats`) is a
//! test of the FRR, however the generations of a prompt depend on each other, and however N depends on X.
//!
//! **Labels by a judge** of sensitivity η and specificity θ: in place of the label a' ∈ {0, 1}, a
//! generation counts w = (a' − (1−θ))/(η+θ−1). E[w] is the probability that it is good, whatever it is,
//! so X = Σ w 1{rejected} and N = Σ w keep their expectations – if errors do not depend on
//! rejection given the truth, as in `label_noise`. w lies in [−(1−θ)/J, θ/J], J = η+θ−1, so a generation's w (1{rejected} − α)
//! lies in [low, high] with low = min(−(1−θ)(1−α), −αθ)/J and high = max(θ(1−α), α(1−θ))/J; that
//! of one without a label, or not generated, is 0. So Z = (Σ w (1{rejected} − α)/m − low)/(high − low)
//! lies in [0, 1], and the hypothesis is E[Z] ≥ mu0 = −low/(high − low). With a perfect judge, low = −α, high = 1−α:
//! the former.
//!
//! Source: the design's theory, section 8; Rogan & Gladen (1978) for the weights.

use super::JudgeQuality;

/// What happened to the labelled generations of one prompt under one policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PromptEvidence {
    /// Generations with a verdict.
    pub generations: u32,
    /// Of these, those that the policy rejects.
    pub rejected: u32,
    /// Of these, those that the verdict accepts: N.
    pub accepted: u32,
    /// Generations that the policy rejects and the verdict accepts: X.
    pub false_rejections: u32,
}

impl PromptEvidence {
    /// Adds one generation with a verdict.
    pub fn add(&mut self, rejected: bool, accepted: bool) {
        self.generations += 1;
        self.rejected += u32::from(rejected);
        self.accepted += u32::from(accepted);
        self.false_rejections += u32::from(rejected && accepted);
    }
}

/// The hypothesis that the false rejection rate is at least α, and what evidence counts against it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrrHypothesis {
    alpha: f64,
    cap: u32,
    /// 1 − θ, and η + θ − 1.
    false_accepts: f64,
    informedness: f64,
    low: f64,
    high: f64,
}

impl FrrHypothesis {
    /// FRR ≥ `alpha`, for prompts of at most `cap` generations, labelled without error or by `judge`.
    /// `None` unless `alpha` lies in (0, 1) and `cap` is at least 1.
    pub fn new(alpha: f64, cap: u32, judge: Option<JudgeQuality>) -> Option<Self> {
        if !(alpha > 0.0 && alpha < 1.0 && cap > 0) {
            return None;
        }
        let (eta, theta) = judge.map_or((1.0, 1.0), |j| (j.sensitivity(), j.specificity()));
        let (false_accepts, informedness) = (1.0 - theta, eta + theta - 1.0);
        let least = (false_accepts * (1.0 - alpha)).max(alpha * theta);
        let most = (theta * (1.0 - alpha)).max(alpha * false_accepts);
        Some(Self {
            alpha,
            cap,
            false_accepts,
            informedness,
            low: -least / informedness,
            high: most / informedness,
        })
    }

    /// α.
    pub fn alpha(&self) -> f64 {
        self.alpha
    }

    /// m, the most generations that a prompt may have.
    pub fn cap(&self) -> u32 {
        self.cap
    }

    /// The mean that Z has at least under the hypothesis; α where labels are right.
    pub fn mu0(&self) -> f64 {
        -self.low / (self.high - self.low)
    }

    /// Z of one prompt, in [0, 1]; `None` where it has more generations than the cap.
    pub fn z(&self, evidence: &PromptEvidence) -> Option<f64> {
        if evidence.generations > self.cap {
            return None;
        }
        let weight = |called: u32, of: u32| {
            (f64::from(called) - self.false_accepts * f64::from(of)) / self.informedness
        };
        let rejected = weight(evidence.false_rejections, evidence.rejected);
        let accepted = weight(evidence.accepted, evidence.generations);
        let excess = (rejected - self.alpha * accepted) / f64::from(self.cap);
        // Rounding alone can leave the interval.
        Some(((excess - self.low) / (self.high - self.low)).clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn all(cap: u32) -> Vec<PromptEvidence> {
        let mut found = Vec::new();
        for kept_bad in 0..=cap {
            for kept_good in 0..=cap {
                for rejected_bad in 0..=cap {
                    for rejected_good in 0..=cap {
                        let generations = kept_bad + kept_good + rejected_bad + rejected_good;
                        if generations <= cap {
                            found.push(PromptEvidence {
                                generations,
                                rejected: rejected_bad + rejected_good,
                                accepted: kept_good + rejected_good,
                                false_rejections: rejected_good,
                            });
                        }
                    }
                }
            }
        }
        found
    }

    #[test]
    fn with_right_labels_it_is_the_formula_of_the_theory() {
        for judge in [None, JudgeQuality::new(1.0, 1.0)] {
            let hypothesis = FrrHypothesis::new(0.05, 4, judge).expect("valid");
            assert_relative_eq!(hypothesis.mu0(), 0.05, max_relative = 1e-14);
            for evidence in all(4) {
                let (x, n) = (
                    f64::from(evidence.false_rejections),
                    f64::from(evidence.accepted),
                );
                let z = hypothesis.z(&evidence).expect("within the cap");
                assert_relative_eq!(z, 0.05 + (x - 0.05 * n) / 4.0, epsilon = 1e-14);
            }
        }
    }

    /// Both ends of [0, 1] are reached and never passed: the rescaling wastes nothing.
    #[test]
    fn z_fills_the_unit_interval() {
        for (eta, theta) in [(1.0, 1.0), (0.9, 0.95), (0.7, 0.5), (1.0, 0.2), (0.3, 1.0)] {
            for alpha in [0.02, 0.05, 0.5, 0.9] {
                let judge = JudgeQuality::new(eta, theta);
                let hypothesis = FrrHypothesis::new(alpha, 3, judge).expect("valid");
                let unclamped = |e: &PromptEvidence| {
                    let w = |a: u32, g: u32| {
                        (f64::from(a) - (1.0 - theta) * f64::from(g)) / (eta + theta - 1.0)
                    };
                    let sum =
                        w(e.false_rejections, e.rejected) - alpha * w(e.accepted, e.generations);
                    (sum / 3.0 - hypothesis.low) / (hypothesis.high - hypothesis.low)
                };
                let (mut low, mut high) = (1.0_f64, 0.0_f64);
                for evidence in all(3) {
                    let z = hypothesis.z(&evidence).expect("within the cap");
                    assert_relative_eq!(z, unclamped(&evidence), epsilon = 1e-12);
                    (low, high) = (low.min(z), high.max(z));
                }
                assert_relative_eq!(low, 0.0, epsilon = 1e-12);
                assert_relative_eq!(high, 1.0, epsilon = 1e-12);
            }
        }
    }

    /// A prompt without evidence stands exactly on the hypothesis: it neither helps nor harms.
    #[test]
    fn no_generation_is_no_evidence() {
        for judge in [None, JudgeQuality::new(0.9, 0.8)] {
            let hypothesis = FrrHypothesis::new(0.05, 2, judge).expect("valid");
            let z = hypothesis.z(&PromptEvidence::default()).expect("within");
            assert_relative_eq!(z, hypothesis.mu0(), max_relative = 1e-14);
        }
    }

    /// One generation that is good with probability a and then rejected with probability f, bad ones
    /// with probability d, labelled by the judge: E[Z] − mu0 has the sign of f − α, by enumeration.
    #[test]
    fn the_judge_is_corrected_in_expectation() {
        let (eta, theta, alpha, a, d) = (0.85, 0.7, 0.1, 0.6, 0.8);
        let judge = JudgeQuality::new(eta, theta);
        let hypothesis = FrrHypothesis::new(alpha, 1, judge).expect("valid");
        for f in [0.0, 0.05, 0.1, 0.2, 1.0] {
            let mut mean = 0.0;
            for (good, p) in [(true, a), (false, 1.0 - a)] {
                let rejects: f64 = if good { f } else { d };
                let accepts: f64 = if good { eta } else { 1.0 - theta };
                for (rejected, q) in [(true, rejects), (false, 1.0 - rejects)] {
                    for (called, r) in [(true, accepts), (false, 1.0 - accepts)] {
                        let mut evidence = PromptEvidence::default();
                        evidence.add(rejected, called);
                        mean += p * q * r * hypothesis.z(&evidence).expect("within");
                    }
                }
            }
            let expected = a * (f - alpha) / (hypothesis.high - hypothesis.low);
            assert_relative_eq!(mean - hypothesis.mu0(), expected, epsilon = 1e-12);
        }
    }

    #[test]
    fn what_is_no_hypothesis_is_refused() {
        for (alpha, cap) in [(0.0, 1), (1.0, 1), (f64::NAN, 1), (0.05, 0)] {
            assert!(FrrHypothesis::new(alpha, cap, None).is_none());
        }
        let hypothesis = FrrHypothesis::new(0.05, 1, None).expect("valid");
        let mut evidence = PromptEvidence::default();
        evidence.add(true, true);
        assert_relative_eq!(hypothesis.z(&evidence).expect("within"), 1.0);
        evidence.add(true, true);
        assert_eq!(hypothesis.z(&evidence), None);
    }
}
