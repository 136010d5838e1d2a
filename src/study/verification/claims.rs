//! The claims of the theory, §1–§5, held against one scenario.

use super::martingale::Martingale;
use super::monotone::Monotone;
use super::verdict::{Claim, Measured, Statement, Verdict};
use crate::estimate::{
    Column, DOMINANT, RetryTally, Tally, cost_ratio, false_rejection_rate, null_cost_ratio,
    null_tokens, retained_bias, savings, total_variation,
};
use crate::scenario::Scenario;
use crate::stats::Linear;
use crate::theory::Exact;

/// Fewer events than this leave the normal approximation open.
const ENOUGH: u64 = 100;

/// What the claims are held against.
pub(super) struct Evidence<'e> {
    pub(super) scenario: &'e Scenario,
    pub(super) exact: &'e Exact,
    /// The policy without its first checkpoint.
    pub(super) reduced: Option<Exact>,
    pub(super) tally: &'e Tally,
    pub(super) martingale: &'e Martingale,
    pub(super) monotone: Option<&'e Monotone>,
    pub(super) retry: Option<&'e RetryTally>,
    /// Critical |z| of a claim.
    pub(super) z: f64,
    /// Critical |z| of a bin of the martingale test.
    pub(super) bin_z: f64,
}

/// Statement and assumption.
type Text = (&'static str, &'static str);

/// All claims, in the order of the theory.
pub(super) fn all(evidence: &Evidence<'_>) -> Vec<Claim> {
    let mut claims = evidence.savings();
    claims.extend(evidence.bound());
    claims.extend(evidence.monotone());
    claims.extend(evidence.cost());
    claims.extend(evidence.null());
    claims.extend(evidence.martingale());
    claims.extend(evidence.bias());
    claims
}

impl Evidence<'_> {
    fn rejects(&self) -> bool {
        self.exact.rejection_rate() > 0.0
    }

    fn lengths_vary_with_nothing(&self) -> bool {
        let spec = self.scenario.spec();
        let same_by_fault = spec
            .faults
            .iter()
            .all(|f| (f.length_factor - 1.0).abs() < 1e-12 || f.hazard.iter().all(|&h| h <= 0.0));
        let same_by_prompt =
            self.scenario.difficulty_sd() == 0.0 || self.scenario.length_effect() == 0.0;
        same_by_fault && same_by_prompt
    }

    /// Whether rejections and survivals, and acceptances, are frequent enough.
    fn enough(&self) -> bool {
        let all = self.tally.count(Column::Count);
        let surviving = self.tally.count(Column::Surviving);
        let accepted = self.tally.count(Column::Accepted);
        let retained = self.tally.count(Column::Retained);
        let rare = |part: u64, whole: u64| part.min(whole - part) < ENOUGH;
        let constant = |p: f64| p == 0.0 || (1.0 - p).abs() < 1e-12;
        (!rare(surviving, all) || constant(self.exact.rejection_rate()))
            && (!rare(accepted, all) || constant(self.exact.accepted_rate()))
            && (!rare(retained, accepted)
                || self.exact.false_rejection_rate().is_some_and(constant))
    }

    /// A number of tokens, or one that rests on tokens: nothing is decided while a few monsters
    /// make the spread of lengths.
    fn tokens(&self, function: &Linear, scale: f64) -> Measured {
        let measured = self.measured(function, scale);
        Measured {
            enough: measured.enough && self.tally.length_dominance() <= DOMINANT,
            ..measured
        }
    }

    /// Mean tokens of the generations drawn: the scale of token claims.
    fn full(&self) -> f64 {
        (self.mean(Column::Full) / self.mean(Column::Count)).value
    }

    fn measured(&self, function: &Linear, scale: f64) -> Measured {
        self.number((function.value, self.tally.stderr(function)), scale)
    }

    fn number(&self, (estimate, stderr): (f64, f64), scale: f64) -> Measured {
        Measured {
            estimate,
            stderr,
            z: self.z,
            scale,
            enough: self.enough(),
        }
    }

    /// The estimate equals its exact value, where that is defined.
    fn agrees(
        &self,
        id: &str,
        text: Text,
        function: &Linear,
        scale: f64,
        exact: Option<f64>,
    ) -> Claim {
        match exact {
            Some(value) => {
                let measured = self.tokens(function, scale);
                Claim::judged(id, text, measured, Statement::Equals(value), exact)
            }
            None => Claim::not_applicable(id, text),
        }
    }

    fn mean(&self, column: Column) -> Linear {
        self.tally.mean(column)
    }

    /// Gross savings in tokens per attempt by what was paid.
    fn gross(&self) -> Linear {
        let paid_for_text = self.mean(Column::Paid) - self.mean(Column::Cost);
        (self.mean(Column::Full) - paid_for_text) / self.mean(Column::Count)
    }

    fn savings(&self) -> Vec<Claim> {
        let full = self.full();
        let count = self.mean(Column::Count);
        let checkpoints = self.scenario.checkpoints();
        let mut by_checkpoint = self.tally.constant(0.0);
        for c in 0..checkpoints.len() {
            by_checkpoint = by_checkpoint + self.mean(Column::Avoided(c)) / &count;
        }
        let mut claims = vec![
            self.agrees(
                "savings-identity",
                (
                    "tokens full − tokens paid for text = Σ_k q_k E[C_K − C_k | τ = k]",
                    "none: it holds generation by generation",
                ),
                &(self.gross() - by_checkpoint),
                full,
                Some(0.0),
            ),
            self.agrees(
                "gross-savings",
                ("gross savings in tokens = Σ_i E[L_i 1{τ < i}]", "none"),
                &self.gross(),
                full,
                Some(self.exact.gross_tokens()),
            ),
        ];
        for (c, checkpoint) in checkpoints.iter().enumerate() {
            let name = self.scenario.stage_name(checkpoint.at);
            let mut claim = self.agrees(
                &format!("savings-at-{name}"),
                (
                    "tokens saved at this checkpoint = q_k E[C_K − C_k | τ = k]",
                    "none",
                ),
                &(self.mean(Column::Avoided(c)) / &count),
                full,
                Some(self.exact.avoided_by_checkpoint()[checkpoint.at]),
            );
            claim.statement = format!("after {name}: {}", claim.statement);
            claims.push(claim);
        }
        claims.push(self.positive(
            "strict-savings",
            (
                "a policy that rejects before tokens that would still have come saves (gross)",
                "with positive probability something is rejected before the last token",
            ),
            &self.gross(),
            self.exact.gross_tokens(),
        ));
        let net = savings(self.tally);
        let exact_net = self.exact.savings();
        claims.push(self.agrees(
            "net-savings",
            (
                "net savings = (gross − Σ v_k P(τ ≥ k)) / E[C_K]: positive iff what is avoided \
                 outweighs what checking costs",
                "none",
            ),
            &net,
            1.0,
            exact_net,
        ));
        claims
    }

    /// A number that the theory says is above 0 here.
    fn positive(&self, id: &str, text: Text, function: &Linear, exact: f64) -> Claim {
        if exact <= 0.0 {
            return Claim::not_applicable(id, text);
        }
        let measured = self.tokens(function, self.full());
        Claim::judged(id, text, measured, Statement::Above(0.0), Some(exact))
    }

    fn bound(&self) -> Vec<Claim> {
        let full = self.full();
        let slack = self.exact.covariance_slack();
        let excess = self.gross() - null_tokens(self.tally);
        let covariance = self.agrees(
            "covariance-form",
            (
                "gross savings − Σ_k q_k Σ_{i>k} E[L_i] = Σ_i Cov(1{τ < i}, L_i)",
                "none",
            ),
            &excess,
            full,
            Some(slack),
        );
        let text = (
            "savings ≥ savings_bound",
            "rejected generations would have run at least as long as others: \
             Σ Cov(1{τ < i}, L_i) ≥ 0",
        );
        let bound = if slack >= -1e-12 * full {
            let measured = self.tokens(&excess, full);
            Claim::judged(
                "savings-bound",
                text,
                measured,
                Statement::AtLeast(0.0),
                Some(slack),
            )
        } else {
            let measured = self.tokens(&excess, full);
            Claim {
                statement: format!("not a bound here: its slack is {slack:.4} tokens, negative"),
                estimate: Some(measured.estimate),
                ci: Some(measured.interval()),
                exact: Some(slack),
                ..Claim::not_applicable("savings-bound", text)
            }
        };
        vec![covariance, bound]
    }

    fn monotone(&self) -> Vec<Claim> {
        let text = (
            "adding a checkpoint never rejects later and never saves fewer tokens (gross), \
             generation by generation",
            "the checkpoint is added, not moved; checked against the policy without its first",
        );
        let gain_text = (
            "what the first checkpoint adds to the gross savings, in tokens",
            "common random numbers",
        );
        let (Some(monotone), Some(reduced)) = (self.monotone, &self.reduced) else {
            return vec![
                Claim::not_applicable("monotone-adding", text),
                Claim::not_applicable("monotone-gain", gain_text),
            ];
        };
        let violations = monotone.violations as f64;
        let adding = Claim {
            estimate: Some(violations),
            exact: Some(0.0),
            verdict: if monotone.violations == 0 {
                Verdict::Holds
            } else {
                Verdict::Fails
            },
            ..Claim::not_applicable("monotone-adding", text)
        };
        let gain = self.exact.gross_tokens() - reduced.gross_tokens();
        let measured = Measured {
            enough: self.tokens(&self.gross(), 1.0).enough,
            ..self.number(monotone.gain.mean(), self.full())
        };
        vec![
            adding,
            Claim::judged(
                "monotone-gain",
                gain_text,
                measured,
                Statement::Equals(gain),
                Some(gain),
            ),
        ]
    }

    fn cost(&self) -> Vec<Claim> {
        let by_identity = self.exact.savings().zip(self.exact.false_rejection_rate());
        let ratio = by_identity
            .map(|(s, f)| (1.0 - s) / (1.0 - f))
            .filter(|r| r.is_finite());
        let identity = self.agrees(
            "cost-ratio-identity",
            (
                "cost per retained sample relative to full generation = (1 − s)/(1 − f)",
                "the number of attempts per prompt does not depend on outcomes",
            ),
            &cost_ratio(self.tally),
            1.0,
            ratio,
        );
        let margin = savings(self.tally) - false_rejection_rate(self.tally);
        let exact_margin = by_identity.map(|(s, f)| s - f);
        let mut break_even = self.agrees(
            "break-even",
            (
                "the policy pays per retained sample iff s > f (shown: s − f)",
                "the number of attempts per prompt does not depend on outcomes",
            ),
            &margin,
            1.0,
            exact_margin,
        );
        if let Some(margin) = exact_margin {
            let pays = if margin > 0.0 {
                "it pays"
            } else {
                "it does not pay"
            };
            break_even.statement = format!("{}: here {pays}", break_even.statement);
        }
        let text = (
            "when every prompt is retried until it yields the ratio is another, and s > f does \
             not decide whether it pays",
            "prompts differ in difficulty; each has a chance to yield",
        );
        let retry = match (self.retry, self.exact.cost_ratio_retry()) {
            (Some(tally), Some(exact)) => {
                let measured = Measured {
                    enough: self.enough() && tally.dominance() <= DOMINANT,
                    ..self.number(tally.cost_ratio(), 1.0)
                };
                Claim::judged(
                    "retry-account",
                    text,
                    measured,
                    Statement::Equals(exact),
                    Some(exact),
                )
            }
            (None, Some(exact)) if self.scenario.difficulty_sd() > 0.0 => Claim {
                exact: Some(exact),
                verdict: Verdict::Undecided,
                ..Claim::not_applicable("retry-account", text)
            },
            _ => Claim::not_applicable("retry-account", text),
        };
        vec![identity, break_even, retry]
    }

    fn null(&self) -> Vec<Claim> {
        let loses = (
            "a coin that rejects as often costs more per retained sample than full generation",
            "0 < q < 1 and something is generated before a checkpoint that rejects",
        );
        let null_loses = match self.exact.null_cost_ratio() {
            Some(ratio) if self.rejects() && ratio > 1.0 + 1e-12 => {
                let measured = self.tokens(&null_cost_ratio(self.tally), 1.0);
                Claim::judged(
                    "null-loses",
                    loses,
                    measured,
                    Statement::Above(1.0),
                    Some(ratio),
                )
            }
            _ => Claim::not_applicable("null-loses", loses),
        };
        let equal = (
            "gross savings equal the coin's: savings alone say nothing about validators",
            "lengths depend neither on faults nor on what rejects",
        );
        let excess = self.gross() - null_tokens(self.tally);
        let equals_null = if self.rejects() && self.lengths_vary_with_nothing() {
            let full = self.full();
            self.agrees("savings-equal-null", equal, &excess, full, Some(0.0))
        } else {
            Claim::not_applicable("savings-equal-null", equal)
        };
        vec![null_loses, equals_null]
    }

    fn martingale(&self) -> Vec<Claim> {
        let increments = self.martingale.increments(self.bin_z);
        let tested: Vec<_> = increments.iter().filter(|i| i.tested).collect();
        let text = (
            "the true posterior's expected utility has mean increment 0 in every bin and stage \
             (shown: the worst bin)",
            "predictions are the posterior given all alarms and scores seen",
        );
        let distance = |i: &super::Increment| {
            let half = 0.5 * (i.ci[1] - i.ci[0]);
            if half > 0.0 {
                i.mean.abs() / half
            } else {
                i.mean.abs() * 1e12
            }
        };
        let worst = tested
            .iter()
            .max_by(|a, b| distance(a).total_cmp(&distance(b)));
        let bins = match worst {
            None => Claim {
                verdict: Verdict::Undecided,
                ..Claim::not_applicable("martingale-increments", text)
            },
            Some(worst) => {
                let all = increments.iter().map(|i| i.generations).sum::<u64>() as f64;
                let width: f64 = increments
                    .iter()
                    .map(|i| i.generations as f64 / all * 0.5 * (i.ci[1] - i.ci[0]))
                    .sum();
                Claim {
                    estimate: Some(worst.mean),
                    ci: Some(worst.ci),
                    exact: Some(0.0),
                    verdict: if distance(worst) > 1.0 && worst.mean.abs() > 1e-9 {
                        Verdict::Fails
                    } else if width <= 0.01 {
                        Verdict::Holds
                    } else {
                        Verdict::Undecided
                    },
                    ..Claim::not_applicable("martingale-increments", text)
                }
            }
        };
        let stopping = Claim::judged(
            "optional-stopping",
            (
                "E[m_{τ∧K}] = E[U] (shown: their difference)",
                "m is a bounded martingale",
            ),
            self.number(self.martingale.stopping_gap(), 1.0),
            Statement::Equals(0.0),
            Some(0.0),
        );
        let survivors_text = (
            "E[U|S] − E[U] = q/(1−q) (E[U] − E[m_τ | τ<∞]) (shown: their difference)",
            "0 < q < 1 and m is a bounded martingale",
        );
        let q = self.exact.rejection_rate();
        let survivors = if q > 0.0 && q < 1.0 {
            Claim::judged(
                "survivors-identity",
                survivors_text,
                self.number(self.martingale.survivors_gap(), 1.0),
                Statement::Equals(0.0),
                Some(0.0),
            )
        } else {
            Claim::not_applicable("survivors-identity", survivors_text)
        };
        vec![bins, stopping, survivors]
    }

    fn bias(&self) -> Vec<Claim> {
        let delta = retained_bias(self.tally);
        let f = false_rejection_rate(self.tally);
        let exact_bias = self.exact.retained_bias();
        let mut claims = vec![self.agrees(
            "retained-bias-identity",
            ("E[U|R] − E[U|A] = f (E[U|R] − E[U|A, τ<∞])", "0 < f < 1"),
            &delta,
            1.0,
            exact_bias,
        )];
        let bounded = |id: &str, text: Text, distance: &Linear, exact: Option<f64>| match exact {
            Some(exact) => Claim::judged(
                id,
                text,
                self.measured(&(&f - distance), 1.0),
                Statement::AtLeast(0.0),
                Some(exact),
            ),
            None => Claim::not_applicable(id, text),
        };
        let exact_f = self.exact.false_rejection_rate();
        let below_f = |x: Option<f64>| exact_f.zip(x).map(|(f, x)| f - x.abs());
        claims.push(bounded(
            "bias-at-most-f",
            ("|E[U|R] − E[U|A]| ≤ f (shown: f − |bias|)", "U in [0, 1]"),
            &delta.abs(),
            below_f(exact_bias),
        ));
        let shifts = self.exact.shifts();
        for (v, covariate) in self.tally.frame().covariates.iter().enumerate() {
            let exact = if v == 0 {
                shifts.final_state
            } else {
                shifts.difficulty_decile
            };
            claims.push(bounded(
                &format!("tv-at-most-f-{}", covariate.name),
                ("TV(law(X|R), law(X|A)) ≤ f (shown: f − TV)", "none"),
                &total_variation(self.tally, v),
                below_f(exact),
            ));
        }
        let text = (
            "nothing falsely rejected, nothing biased: f = 0 implies E[U|R] = E[U|A]",
            "f = 0",
        );
        claims.push(if exact_f == Some(0.0) {
            self.agrees("unbiased-when-f-zero", text, &delta, 1.0, Some(0.0))
        } else {
            Claim::not_applicable("unbiased-when-f-zero", text)
        });
        claims
    }
}
