//! §1: what is saved per attempt, when the bound is one, and that adding a checkpoint adds savings.

use super::super::verdict::{Claim, Measured, Statement, Verdict};
use super::{Evidence, Text, agrees};
use crate::estimate::{Column, null_tokens, savings};

impl Evidence<'_> {
    pub(super) fn savings(&self) -> Vec<Claim> {
        let (full, longest) = (self.full(), self.longest());
        let count = self.mean(Column::Count);
        let checkpoints = self.scenario.checkpoints();
        let mut by_checkpoint = self.tally.constant(0.0);
        for c in 0..checkpoints.len() {
            by_checkpoint = by_checkpoint + self.mean(Column::Avoided(c)) / &count;
        }
        let gap = self.gross() - by_checkpoint;
        // An identity of every single generation: no sampling error, only the rounding of three
        // columns, each to half a unit.
        let identity = Measured {
            half: 2.0 * self.tally.unit(Column::Full),
            ..self.measured(&gap, 0.0, full)
        };
        let mut claims = vec![
            agrees(
                "savings-identity",
                (
                    "tokens full − tokens paid for text = Σ_k q_k E[C_K − C_k | τ = k]",
                    "none: it holds generation by generation",
                ),
                identity,
                Some(0.0),
            ),
            agrees(
                "gross-savings",
                ("gross savings in tokens = Σ_i E[L_i 1{τ < i}]", "none"),
                self.measured(&self.gross(), longest, full),
                Some(self.exact.gross_tokens()),
            ),
        ];
        for (c, checkpoint) in checkpoints.iter().enumerate() {
            let name = self.scenario.stage_name(checkpoint.at);
            let avoided = self.mean(Column::Avoided(c)) / &count;
            let mut claim = agrees(
                &format!("savings-at-{name}"),
                (
                    "tokens saved at this checkpoint = q_k E[C_K − C_k | τ = k]",
                    "none",
                ),
                self.measured(&avoided, longest, full),
                Some(self.exact.avoided_by_checkpoint()[checkpoint.at]),
            );
            claim.statement = format!("after {name}: {}", claim.statement);
            claims.push(claim);
        }
        let strict = (
            "a policy that rejects before tokens that would still have come saves (gross)",
            "with positive probability something is rejected before the last token",
        );
        let exact_gross = self.exact.gross_tokens();
        claims.push(if exact_gross > 0.0 {
            Claim::judged(
                "strict-savings",
                strict,
                self.measured(&self.gross(), longest, full),
                Statement::Above(0.0),
                Some(exact_gross),
            )
        } else {
            Claim::not_applicable("strict-savings", strict)
        });
        claims.push(agrees(
            "net-savings",
            (
                "net savings = (gross − Σ v_k P(τ ≥ k)) / E[C_K]: positive iff what is avoided \
                 outweighs what checking costs",
                "none",
            ),
            self.measured(&savings(self.tally), 2.0 * longest / full, 1.0),
            self.exact.savings(),
        ));
        claims
    }

    pub(super) fn bound(&self) -> Vec<Claim> {
        let slack = self.exact.covariance_slack();
        let excess = self.gross() - null_tokens(self.tally);
        let measured = self.measured(&excess, 3.0 * self.longest(), self.full());
        let covariance = agrees(
            "covariance-form",
            (
                "gross savings − Σ_k q_k Σ_{i>k} E[L_i] = Σ_i Cov(1{τ < i}, L_i)",
                "none",
            ),
            measured,
            Some(slack),
        );
        let text = (
            "savings ≥ savings_bound (shown: the slack in tokens)",
            "rejected generations would have run at least as long as others: \
             Σ Cov(1{τ < i}, L_i) ≥ 0",
        );
        let bound = if slack >= -1e-12 * self.exact.tokens_full() {
            Claim::judged(
                "savings-bound",
                text,
                measured,
                Statement::AtLeast(0.0),
                Some(slack),
            )
        } else {
            Claim {
                statement: format!("not a bound here: its slack is {slack:.4} tokens, negative"),
                estimate: Some(measured.estimate),
                exact: Some(slack),
                ..Claim::not_applicable("savings-bound", text)
            }
        };
        vec![covariance, bound]
    }

    pub(super) fn monotone(&self) -> Vec<Claim> {
        let text: Text = (
            "adding a checkpoint never rejects later and never saves fewer tokens (gross), \
             generation by generation (shown: violations)",
            "the checkpoint is added, not moved; checked against the policy without its first",
        );
        let gain_text: Text = (
            "what the first checkpoint adds to the gross savings, in tokens",
            "common random numbers",
        );
        let gain = self.reduced.as_ref().map_or(0.0, |reduced| {
            self.exact.gross_tokens() - reduced.gross_tokens()
        });
        let Some(monotone) = self.monotone.filter(|_| gain > 0.0) else {
            return vec![
                Claim::not_applicable("monotone-adding", text),
                Claim::not_applicable("monotone-gain", gain_text),
            ];
        };
        let adding = Claim {
            estimate: Some(monotone.violations as f64),
            exact: Some(0.0),
            verdict: if monotone.violations == 0 {
                Verdict::Holds
            } else {
                Verdict::Fails
            },
            ..Claim::not_applicable("monotone-adding", text)
        };
        let measured = self.number(monotone.gain.mean(), self.longest(), self.full());
        let gain = agrees("monotone-gain", gain_text, measured, Some(gain));
        vec![adding, gain]
    }
}
