//! §3 and §4: martingale, optional stopping, and what the retained data are.

use super::super::verdict::{Claim, Statement, Verdict};
use super::{Evidence, Text, agrees};
use crate::estimate::{Column, false_rejection_rate, retained_bias, total_variation};

/// A distance above this is far enough from its kink at 0 to be compared with its exact value.
const FAR_FROM_ZERO: f64 = 0.01;

impl Evidence<'_> {
    pub(super) fn martingale(&self) -> Vec<Claim> {
        let text = (
            "the true posterior's expected utility has mean increment 0 in every bin and stage \
             (shown: the worst bin)",
            "predictions are the posterior given all alarms and scores seen",
        );
        let bins = match self.martingale.worst(self.bin_delta) {
            None => Claim {
                verdict: Verdict::Undecided,
                ..Claim::not_applicable("martingale-increments", text)
            },
            Some((worst, missed)) => Claim {
                estimate: Some(worst.mean),
                ci: Some(worst.ci),
                exact: Some(0.0),
                verdict: if missed {
                    Verdict::Fails
                } else if self.martingale.typical_half_width(self.bin_delta) <= 0.01 {
                    Verdict::Holds
                } else {
                    Verdict::Undecided
                },
                ..Claim::not_applicable("martingale-increments", text)
            },
        };
        let stopping = Claim::judged(
            "optional-stopping",
            (
                "E[m_{τ∧K}] = E[U] (shown: their difference)",
                "m is a bounded martingale",
            ),
            self.number(self.martingale.stopping_gap(), 2.0, 1.0),
            Statement::Equals(0.0),
            Some(0.0),
        );
        let survivors_text = (
            "E[U|S] − E[U] = q/(1−q) (E[U] − E[m_τ | τ<∞]) (shown: their difference)",
            "0 < q < 1 and m is a bounded martingale",
        );
        let q = self.exact.rejection_rate();
        let survivors = if q > 0.0 && q < 1.0 {
            let range = 3.0 / self.share(Column::Surviving);
            Claim::judged(
                "survivors-identity",
                survivors_text,
                self.number(self.martingale.survivors_gap(), range, 1.0),
                Statement::Equals(0.0),
                Some(0.0),
            )
        } else {
            Claim::not_applicable("survivors-identity", survivors_text)
        };
        vec![bins, stopping, survivors]
    }

    pub(super) fn bias(&self) -> Vec<Claim> {
        let delta = retained_bias(self.tally);
        let f = false_rejection_rate(self.tally);
        let exact_bias = self.exact.retained_bias();
        // One generation moves each conditional mean by at most 1 over the share it is among.
        let range = 2.0 / self.share(Column::Retained);
        let mut claims = vec![agrees(
            "retained-bias-identity",
            ("E[U|R] − E[U|A] = f (E[U|R] − E[U|A, τ<∞])", "0 < f < 1"),
            self.measured(&delta, range, 1.0),
            exact_bias,
        )];
        let exact_f = self.exact.false_rejection_rate();
        let bounded =
            |id: &str, text: Text, distance: &crate::stats::Linear, exact: Option<f64>| {
                let Some((exact_f, exact)) = exact_f.zip(exact) else {
                    return Claim::not_applicable(id, text);
                };
                let gap = exact_f - exact.abs();
                let statement = if gap < -1e-9 {
                    // The exact values themselves would contradict the theory.
                    Statement::Above(f64::INFINITY)
                } else if exact.abs() > FAR_FROM_ZERO {
                    Statement::Equals(gap)
                } else {
                    Statement::AtLeast(0.0)
                };
                let measured = self.measured(&(&f - distance), 2.0 * range, 1.0);
                let claim = Claim::judged(id, text, measured, statement, Some(gap));
                Claim {
                    verdict: if gap < -1e-9 {
                        Verdict::Fails
                    } else {
                        claim.verdict
                    },
                    ..claim
                }
            };
        claims.push(bounded(
            "bias-at-most-f",
            ("|E[U|R] − E[U|A]| ≤ f (shown: f − |bias|)", "U in [0, 1]"),
            &delta.abs(),
            exact_bias,
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
                exact,
            ));
        }
        let text = (
            "nothing falsely rejected, nothing biased: f = 0 implies E[U|R] = E[U|A]",
            "f = 0",
        );
        claims.push(if exact_f == Some(0.0) {
            let measured = self.measured(&delta, range, 1.0);
            agrees("unbiased-when-f-zero", text, measured, Some(0.0))
        } else {
            Claim::not_applicable("unbiased-when-f-zero", text)
        });
        claims
    }
}
