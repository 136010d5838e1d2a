//! §2: what a retained sample costs, in both accounts, and what the coin does.

use super::super::verdict::{Claim, Measured, Statement, Verdict};
use super::{Evidence, agrees};
use crate::estimate::{
    Column, DOMINANT, RetryTally, cost_ratio, false_rejection_rate, null_cost_ratio, null_tokens,
    savings,
};

impl Evidence<'_> {
    pub(super) fn cost(&self) -> Vec<Claim> {
        let lengths = self.longest() / self.full();
        let by_identity = self.exact.savings().zip(self.exact.false_rejection_rate());
        let ratio = by_identity
            .map(|(s, f)| (1.0 - s) / (1.0 - f))
            .filter(|r| r.is_finite());
        let estimate = cost_ratio(self.tally);
        let range = 2.0 * estimate.value * (lengths + 1.0 / self.share(Column::Retained));
        let identity = agrees(
            "cost-ratio-identity",
            (
                "cost per retained sample relative to full generation = (1 − s)/(1 − f)",
                "the number of attempts per prompt does not depend on outcomes",
            ),
            self.measured(&estimate, range, 1.0),
            ratio,
        );
        let mut claims = vec![identity, self.break_even()];
        claims.extend(self.retry());
        claims
    }

    fn break_even(&self) -> Claim {
        let margin = savings(self.tally) - false_rejection_rate(self.tally);
        let range = 2.0 * self.longest() / self.full() + 1.0 / self.share(Column::Accepted);
        let exact = self
            .exact
            .savings()
            .zip(self.exact.false_rejection_rate())
            .map(|(s, f)| s - f);
        let mut claim = agrees(
            "break-even",
            (
                "the policy pays per retained sample iff s > f (shown: s − f)",
                "the number of attempts per prompt does not depend on outcomes",
            ),
            self.measured(&margin, range, 1.0),
            exact,
        );
        if let Some((margin, ratio)) = exact.zip(self.exact.cost_ratio()) {
            // The ratio comes from tokens and retained mass, not from s and f.
            let near = margin.abs() < 1e-9;
            if !near && (margin > 0.0) != (ratio < 1.0) {
                claim.verdict = Verdict::Fails;
            }
            let pays = match margin {
                _ if near => "it makes no difference",
                m if m > 0.0 => "it pays",
                _ => "it does not pay",
            };
            claim.statement = format!("{}: here {pays}", claim.statement);
        }
        claim
    }

    fn retry_measured(&self, tally: &RetryTally) -> Measured {
        // Costs of prompts are heavy-tailed: where one prompt matters, worse ones are to come.
        let range = if tally.dominance() > DOMINANT {
            f64::INFINITY
        } else {
            2.0 * tally.largest() / tally.mean_full()
        };
        Measured::mean(tally.cost_ratio(), tally.prompts(), range, self.delta, 1.0)
    }

    fn retry(&self) -> Vec<Claim> {
        let text = (
            "cost ratio when every prompt is retried until it yields = \
             E_δ[E[T|δ]/P(R|δ)] / E_δ[E[C_K|δ]/P(A|δ)]",
            "prompts differ in difficulty; each has a chance to yield",
        );
        let differs = (
            "the retry account differs from fixed attempts, so s > f does not decide it",
            "rejection or yield depends on difficulty",
        );
        let exact = self.exact.cost_ratio_retry();
        let Some(exact) = exact.filter(|_| self.scenario.difficulty_sd() > 0.0) else {
            return vec![
                Claim::not_applicable("retry-account", text),
                Claim::not_applicable("retry-differs", differs),
            ];
        };
        let measured = self.retry.map_or(
            Measured {
                estimate: f64::NAN,
                half: f64::INFINITY,
                scale: 1.0,
            },
            |tally| self.retry_measured(tally),
        );
        let account = Claim::judged(
            "retry-account",
            text,
            measured,
            Statement::Equals(exact),
            Some(exact),
        );
        let fixed = self.exact.cost_ratio().unwrap_or(exact);
        let differs = if (fixed - exact).abs() > 1e-9 {
            Claim::judged(
                "retry-differs",
                differs,
                measured,
                Statement::Differs(fixed),
                Some(exact),
            )
        } else {
            Claim::not_applicable("retry-differs", differs)
        };
        vec![account, differs]
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

    pub(super) fn null(&self) -> Vec<Claim> {
        let loses = (
            "a coin that rejects as often costs more per retained sample than full generation",
            "0 < q < 1 and something is generated before a checkpoint that rejects",
        );
        let rejects = self.exact.rejection_rate() > 0.0;
        let estimate = null_cost_ratio(self.tally);
        let lengths = self.longest() / self.full();
        let null_loses = match self.exact.null_cost_ratio() {
            Some(ratio) if rejects && ratio > 1.0 + 1e-12 => {
                let range = 2.0 * estimate.value * (lengths + 1.0 / self.share(Column::Surviving));
                Claim::judged(
                    "null-loses",
                    loses,
                    self.measured(&estimate, range, 1.0),
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
        let equals_null = if rejects && self.lengths_vary_with_nothing() {
            let measured = self.measured(&excess, 3.0 * self.longest(), self.full());
            agrees("savings-equal-null", equal, measured, Some(0.0))
        } else {
            Claim::not_applicable("savings-equal-null", equal)
        };
        vec![null_loses, equals_null]
    }
}
