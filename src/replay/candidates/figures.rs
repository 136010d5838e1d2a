//! From whole numbers to the figures by which policies are compared.

use super::Candidates;
use super::sums::{Sums, UTILITY_STEPS};
use crate::policy::{Checkpoint, Position};

/// The figures of a policy; `None` where undefined. Their meaning is that of the estimates of the
/// same names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CandidateFigures {
    /// Share of the generations that are rejected.
    pub rejection_rate: f64,
    /// Tokens saved, checks paid, as a share of the full tokens.
    pub savings: Option<f64>,
    /// Share of the accepted that is rejected.
    pub false_rejection_rate: Option<f64>,
    /// Share of the refused that is rejected.
    pub detection_rate: Option<f64>,
    /// Cost of a retained sample, relative to that without a policy.
    pub cost_ratio: Option<f64>,
    /// Tokens paid for a generation with a verdict, relative to the full tokens of these.
    pub paid: Option<f64>,
    /// What becomes of the accepted; see [`Candidates::watching`].
    pub worth: Option<Worth>,
}

/// What a policy does to what is watched of the accepted; `None` where undefined.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worth {
    /// Share of the accepted utility that is rejected, `f_U`.
    pub utility_lost: Option<f64>,
    /// E[U|R] − E[U|A].
    pub retained_bias: Option<f64>,
    /// The largest false rejection rate of a level of the covariate watched for that.
    pub largest_stratum_rate: Option<f64>,
    /// TV between the retained and the accepted in the covariate watched for that.
    pub shift: Option<f64>,
}

fn ratio(a: f64, b: f64) -> Option<f64> {
    (b > 0.0).then(|| a / b)
}

impl Candidates<'_> {
    pub(super) fn figures(
        &self,
        sums: &Sums,
        checkpoints: &[Checkpoint<Position>],
    ) -> CandidateFigures {
        let [accepted, refused] = self.by_verdict.map(|n| n as f64);
        let costs = checkpoints.iter().zip(&sums.visits);
        let (mut all, mut known) = (0.0, 0.0);
        for (checkpoint, visits) in costs {
            all += visits.all as f64 * checkpoint.cost_tokens;
            known += visits.known as f64 * checkpoint.cost_tokens;
        }
        // Problems are paid in full: what is not generated is missing of the solutions.
        all -= (self.solutions.all - sums.generated.all) as f64;
        known -= (self.solutions.known - sums.generated.known) as f64;
        let retained = accepted - sums.rejected_accepted as f64;
        let paid = ratio(self.full.known as f64 + known, self.full.known as f64);
        CandidateFigures {
            rejection_rate: sums.rejected as f64 / self.tokens.len() as f64,
            savings: ratio(-all, self.full.all as f64),
            false_rejection_rate: ratio(sums.rejected_accepted as f64, accepted),
            detection_rate: ratio(sums.rejected_refused as f64, refused),
            cost_ratio: paid
                .zip(ratio(accepted, retained))
                .map(|(paid, lost)| paid * lost),
            paid,
            worth: self.worth(sums),
        }
    }

    fn worth(&self, sums: &Sums) -> Option<Worth> {
        let watched = self.watched.as_ref()?;
        let (all, lost) = (watched.valued, sums.lost);
        let utility = |steps: u64| steps as f64 / UTILITY_STEPS;
        let retained = ratio(
            utility(all.utility - lost.utility),
            (all.count - lost.count) as f64,
        );
        let accepted = ratio(utility(all.utility), all.count as f64);
        let strata = watched.accepted[watched.strata.clone()].iter();
        let strata = strata.zip(&sums.lost_by_level);
        let rates = strata.filter_map(|(all, lost)| ratio(*lost as f64, *all as f64));
        Some(Worth {
            utility_lost: ratio(utility(lost.utility), utility(all.utility)),
            retained_bias: retained.zip(accepted).map(|(r, a)| r - a),
            largest_stratum_rate: rates.reduce(f64::max),
            shift: self.shift(sums),
        })
    }

    /// TV(law(X|R), law(X|A)) of the covariate X that is watched for it.
    fn shift(&self, sums: &Sums) -> Option<f64> {
        let watched = self.watched.as_ref()?;
        let accepted = self.by_verdict[0];
        let retained = accepted - sums.rejected_accepted;
        let levels = watched.law.clone()?;
        let lost = &sums.lost_by_level[levels.clone()];
        let moved = watched.accepted[levels]
            .iter()
            .zip(lost)
            .map(|(&all, &lost)| {
                let before = ratio(all as f64, accepted as f64)?;
                let after = ratio((all - lost) as f64, retained as f64)?;
                Some((after - before).abs())
            });
        moved.sum::<Option<f64>>().map(|sum| 0.5 * sum)
    }
}
