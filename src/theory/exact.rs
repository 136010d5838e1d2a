//! The exact value of every estimate, from integrated numerators and denominators.

use super::chain::Chain;
use super::conditional::{self, ByStage, ByState, Layout, Numerators, Retry};
use super::quadrature::{FURTHEST, GaussLegendre};
use crate::scenario::{CLEAN, DIFFICULTY_DECILES, Scenario};

/// Relative change per estimate that the quadrature promises.
const PROMISED: f64 = 1e-10;

/// All exact figures of a scenario under its policy.
///
/// Probabilities are shares in [0, 1]; tokens are per attempt. A value that is undefined (a
/// condition of probability 0) or infinite is `None`.
#[derive(Debug, Clone)]
pub struct Exact {
    integrated: Numerators,
    accepts: Vec<f64>,
    utility: Vec<f64>,
    costs: Vec<f64>,
    retry: Option<(f64, f64)>,
    /// (P(A), P(R)) within each decile of difficulty, in order; empty without difficulty.
    deciles: Vec<(f64, f64)>,
    difficulty_tv: Option<f64>,
    quadrature_error: f64,
}

/// Distances between what is retained and what would have been accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Shifts {
    /// TV of the final state.
    pub final_state: Option<f64>,
    /// TV of the decile of difficulty.
    pub difficulty_decile: Option<f64>,
    /// TV of difficulty itself, at least that of its deciles.
    pub difficulty: Option<f64>,
}

impl Exact {
    /// Evaluates `scenario` under its own policy.
    pub fn new(scenario: &Scenario) -> Self {
        let chain = Chain::new(scenario);
        let costs = scenario.checkpoints().iter();
        let mut by_stage = vec![0.0; scenario.stages().len()];
        for checkpoint in costs {
            by_stage[checkpoint.at] = checkpoint.cost_tokens;
        }
        let mut exact = Self {
            integrated: conditional::evaluate(&chain, &scenario.conditions(0.0)),
            accepts: scenario.accepts().to_vec(),
            utility: scenario.utility().to_vec(),
            costs: by_stage,
            retry: None,
            deciles: Vec::new(),
            difficulty_tv: None,
            quadrature_error: 0.0,
        };
        if scenario.difficulty_sd() > 0.0 {
            exact.integrate(&chain);
        } else {
            let accounts = [Retry::Policy, Retry::Full].map(|r| exact.integrated.retry(r));
            exact.retry = accounts
                .iter()
                .all(|a| a.is_finite())
                .then_some((accounts[0], accounts[1]));
        }
        exact
    }

    fn integrate(&mut self, chain: &Chain<'_>) {
        let scenario = chain.scenario;
        let sd = scenario.difficulty_sd();
        let layout = Layout {
            stages: scenario.stages().len(),
            states: scenario.states().len(),
        };
        let rule = GaussLegendre::new();
        let mut seen: Vec<(f64, f64, f64)> = Vec::new();
        let accepts = |x: usize| scenario.accepts()[x];
        let at = |z: f64| conditional::evaluate(chain, &scenario.conditions(sd * z));

        let edges = panel_edges();
        let mut retry_density: Vec<(f64, f64)> = Vec::new();
        let (panels, mut error) = rule.integrate(&edges, &mut |z| {
            let mut figures = at(z);
            seen.push((
                z,
                figures.weighted(ByState::All, accepts),
                figures.weighted(ByState::Surviving, accepts),
            ));
            let accounts = [Retry::Policy, Retry::Full].map(|which| layout.retry(which));
            let sum = figures.values[accounts[0]] + figures.values[accounts[1]];
            if sum.is_finite() {
                retry_density.push((z, sum * libm::exp(-0.5 * z * z)));
            } else {
                for j in accounts {
                    figures.values[j] = 0.0;
                }
            }
            figures.values
        });
        let mut integrated = Numerators::zero(layout);
        for panel in &panels {
            for (total, part) in integrated.values.iter_mut().zip(panel) {
                *total += part;
            }
        }
        self.retry = has_died_out(retry_density).then(|| {
            (
                integrated.retry(Retry::Policy),
                integrated.retry(Retry::Full),
            )
        });
        self.integrated = integrated;

        // Deciles: the panels that lie in each.
        let mut deciles = vec![(0.0, 0.0); DIFFICULTY_DECILES.len() + 1];
        for (panel, edge) in panels.iter().zip(edges.windows(2)) {
            let middle = 0.5 * (edge[0] + edge[1]);
            let decile = DIFFICULTY_DECILES.iter().filter(|&&d| middle > d).count();
            let part = Numerators::from_values(layout, panel.clone());
            deciles[decile].0 += part.weighted(ByState::All, accepts);
            deciles[decile].1 += part.weighted(ByState::Surviving, accepts);
        }
        self.deciles = deciles;

        let (accepted, retained) = (self.accepted_mass(), self.retained_mass());
        if accepted > 0.0 && retained > 0.0 {
            seen.sort_by(|a, b| a.0.total_cmp(&b.0));
            let sign = |a: f64, r: f64| r / retained > a / accepted;
            let mut crossings = vec![-FURTHEST];
            for pair in seen.windows(2) {
                let (mut lo, mut hi) = (pair[0].0, pair[1].0);
                let above = sign(pair[0].1, pair[0].2);
                if above == sign(pair[1].1, pair[1].2) {
                    continue;
                }
                for _ in 0..60 {
                    let middle = 0.5 * (lo + hi);
                    let figures = at(middle);
                    let here = sign(
                        figures.weighted(ByState::All, accepts),
                        figures.weighted(ByState::Surviving, accepts),
                    );
                    if here == above {
                        lo = middle;
                    } else {
                        hi = middle;
                    }
                }
                crossings.push(0.5 * (lo + hi));
            }
            crossings.push(FURTHEST);
            let mut kinked: Vec<f64> = crossings.iter().chain(&edges).copied().collect();
            kinked.sort_by(f64::total_cmp);
            kinked.dedup();
            let (pieces, left) = rule.integrate(&kinked, &mut |z| {
                let figures = at(z);
                vec![
                    figures.weighted(ByState::All, accepts),
                    figures.weighted(ByState::Surviving, accepts),
                ]
            });
            // Between two crossings the densities do not cross.
            self.difficulty_tv = self.distance(pieces.iter().map(|p| (p[0], p[1])));
            error = error.max(left);
        }
        self.quadrature_error = error;
    }

    /// Largest relative disagreement between the last two quadrature levels; 0 where nothing was
    /// integrated. Above 1e-10 the figures are not as exact as promised, see
    /// [`Exact::keeps_promise`].
    pub fn quadrature_error(&self) -> f64 {
        self.quadrature_error
    }

    /// Whether the quadrature converged to 1e-10.
    pub fn keeps_promise(&self) -> bool {
        self.quadrature_error <= PROMISED
    }

    fn stage_sum(&self, row: ByStage) -> f64 {
        self.integrated.by_stage(row).iter().sum()
    }

    fn accepted_mass(&self) -> f64 {
        self.integrated.weighted(ByState::All, |x| self.accepts[x])
    }

    fn retained_mass(&self) -> f64 {
        self.integrated
            .weighted(ByState::Surviving, |x| self.accepts[x])
    }

    fn falsely_rejected_mass(&self) -> f64 {
        self.integrated
            .weighted(ByState::Rejected, |x| self.accepts[x])
    }

    fn surviving_mass(&self) -> f64 {
        self.integrated.weighted(ByState::Surviving, |_| 1.0)
    }

    /// `E[U 1 of row and accepted]` / P(`row` and accepted).
    fn utility_given_accepted(&self, row: ByState) -> Option<f64> {
        ratio(
            self.integrated
                .weighted(row, |x| self.accepts[x] * self.utility[x]),
            self.integrated.weighted(row, |x| self.accepts[x]),
        )
    }

    /// `E[C_K]`: tokens of the full generation.
    pub fn tokens_full(&self) -> f64 {
        self.stage_sum(ByStage::Tokens)
    }

    /// `E[L_i]` by stage.
    pub fn stage_tokens(&self) -> &[f64] {
        self.integrated.by_stage(ByStage::Tokens)
    }

    /// Σ `v_k` P(τ ≥ k): tokens charged by checkpoints.
    pub fn checkpoint_cost(&self) -> f64 {
        let reached = self.integrated.by_stage(ByStage::Reached);
        reached.iter().zip(&self.costs).map(|(r, v)| r * v).sum()
    }

    /// Gross savings in tokens, Σ `E[L_i 1{τ < i}]`.
    pub fn gross_tokens(&self) -> f64 {
        self.stage_sum(ByStage::Avoided)
    }

    /// `E[L_i 1{τ < i}]` by stage i.
    pub fn avoided_by_stage(&self) -> &[f64] {
        self.integrated.by_stage(ByStage::Avoided)
    }

    /// `q_k` `E[C_K − C_k | τ = k]` by stage k: the other route to the gross savings.
    pub fn avoided_by_checkpoint(&self) -> &[f64] {
        self.integrated.by_stage(ByStage::AvoidedBy)
    }

    /// `E[T]`: tokens paid, checkpoints included.
    pub fn tokens_paid(&self) -> f64 {
        self.tokens_full() - self.gross_tokens() + self.checkpoint_cost()
    }

    /// 1 − `E[T]`/`E[C_K]`, net of checkpoint cost.
    pub fn savings(&self) -> Option<f64> {
        ratio(
            self.gross_tokens() - self.checkpoint_cost(),
            self.tokens_full(),
        )
    }

    /// Σ `q_k` Σ_{i>k} `E[L_i]` in tokens: what the coin at the same rates saves.
    pub fn null_tokens(&self) -> f64 {
        let tokens = self.stage_tokens();
        self.rejections_by_stage()
            .iter()
            .enumerate()
            .map(|(k, q)| q * tokens[k + 1..].iter().sum::<f64>())
            .sum()
    }

    /// Σ Cov(1{τ < i}, `L_i`) in tokens: by how much the gross savings exceed the coin's. The
    /// bound is one where this is not negative.
    pub fn covariance_slack(&self) -> f64 {
        self.gross_tokens() - self.null_tokens()
    }

    /// (Σ `q_k` Σ_{i>k} `E[L_i]` − Σ `v_k` P(τ ≥ k)) / `E[C_K]`.
    pub fn savings_bound(&self) -> Option<f64> {
        ratio(
            self.null_tokens() - self.checkpoint_cost(),
            self.tokens_full(),
        )
    }

    /// `q_k` = P(τ = k) by stage.
    pub fn rejections_by_stage(&self) -> &[f64] {
        self.integrated.by_stage(ByStage::Rejected)
    }

    /// q = P(τ < ∞).
    pub fn rejection_rate(&self) -> f64 {
        self.stage_sum(ByStage::Rejected)
    }

    /// f = P(τ < ∞ | A).
    pub fn false_rejection_rate(&self) -> Option<f64> {
        ratio(self.falsely_rejected_mass(), self.accepted_mass())
    }

    /// d = P(τ < ∞ | not A).
    pub fn detection_rate(&self) -> Option<f64> {
        ratio(
            self.integrated
                .weighted(ByState::Rejected, |x| 1.0 - self.accepts[x]),
            self.integrated
                .weighted(ByState::All, |x| 1.0 - self.accepts[x]),
        )
    }

    /// P(A).
    pub fn accepted_rate(&self) -> f64 {
        self.accepted_mass()
    }

    /// P(R).
    pub fn retained_rate(&self) -> f64 {
        self.retained_mass()
    }

    /// (1 − s)/(1 − f): cost per retained sample relative to full generation.
    pub fn cost_ratio(&self) -> Option<f64> {
        let full = ratio(self.tokens_full(), self.accepted_mass())?;
        ratio(ratio(self.tokens_paid(), self.retained_mass())?, full)
    }

    /// The same when every prompt is retried until it yields.
    pub fn cost_ratio_retry(&self) -> Option<f64> {
        let (policy, full) = self.retry?;
        ratio(policy, full)
    }

    /// `E[U]`.
    pub fn utility_mean(&self) -> f64 {
        self.integrated.weighted(ByState::All, |x| self.utility[x])
    }

    /// `E[U | S]`.
    pub fn utility_surviving(&self) -> Option<f64> {
        ratio(
            self.integrated
                .weighted(ByState::Surviving, |x| self.utility[x]),
            self.surviving_mass(),
        )
    }

    /// `E[U | τ < ∞]`.
    pub fn utility_rejected(&self) -> Option<f64> {
        ratio(
            self.integrated
                .weighted(ByState::Rejected, |x| self.utility[x]),
            self.rejection_rate(),
        )
    }

    /// `E[U | A]`.
    pub fn utility_accepted(&self) -> Option<f64> {
        self.utility_given_accepted(ByState::All)
    }

    /// `E[U | R]`.
    pub fn utility_retained(&self) -> Option<f64> {
        self.utility_given_accepted(ByState::Surviving)
    }

    /// `E[U | A, τ < ∞]`.
    pub fn utility_falsely_rejected(&self) -> Option<f64> {
        self.utility_given_accepted(ByState::Rejected)
    }

    /// Δ = `E[U | R]` − `E[U | A]` = f (`E[U | R]` − `E[U | A, τ < ∞]`).
    pub fn retained_bias(&self) -> Option<f64> {
        let retained = self.utility_retained()?;
        let f = self.false_rejection_rate()?;
        Some(match self.utility_falsely_rejected() {
            Some(rejected) => f * (retained - rejected),
            None => 0.0,
        })
    }

    /// P(A).
    pub fn purity_before(&self) -> f64 {
        self.accepted_mass()
    }

    /// P(A | S).
    pub fn purity_after(&self) -> Option<f64> {
        ratio(self.retained_mass(), self.surviving_mass())
    }

    /// Savings of the coin at the policy's stage-wise rates, which pays for no checkpoint.
    pub fn null_savings(&self) -> Option<f64> {
        ratio(self.null_tokens(), self.tokens_full())
    }

    /// (1 − `null_savings`)/(1 − q).
    pub fn null_cost_ratio(&self) -> Option<f64> {
        ratio(1.0 - self.null_savings()?, self.surviving_mass())
    }

    /// f by final state: P(τ < ∞ | A, state).
    pub fn false_rejection_by_state(&self) -> Vec<Option<f64>> {
        let all = self.integrated.by_state(ByState::All);
        let rejected = self.integrated.by_state(ByState::Rejected);
        (CLEAN..all.len())
            .map(|x| ratio(self.accepts[x] * rejected[x], self.accepts[x] * all[x]))
            .collect()
    }

    /// f by decile of difficulty; empty without difficulty.
    pub fn false_rejection_by_decile(&self) -> Vec<Option<f64>> {
        self.deciles.iter().map(|&(a, r)| ratio(a - r, a)).collect()
    }

    /// Distances between the retained and the accepted.
    pub fn shifts(&self) -> Shifts {
        let all = self.integrated.by_state(ByState::All);
        let surviving = self.integrated.by_state(ByState::Surviving);
        let states =
            (CLEAN..all.len()).map(|x| (self.accepts[x] * all[x], self.accepts[x] * surviving[x]));
        Shifts {
            final_state: self.distance(states),
            difficulty_decile: (!self.deciles.is_empty())
                .then(|| self.distance(self.deciles.iter().copied()))
                .flatten(),
            difficulty: self.difficulty_tv,
        }
    }

    /// TV between two laws given as masses (accepted, retained).
    fn distance(&self, masses: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
        let (accepted, retained) = (self.accepted_mass(), self.retained_mass());
        (accepted > 0.0 && retained > 0.0).then(|| {
            let gaps = masses.map(|(a, r)| (r / retained - a / accepted).abs());
            0.5 * gaps.sum::<f64>()
        })
    }
}

/// `numerator / denominator`, `None` where the denominator is 0 or either is not finite.
fn ratio(numerator: f64, denominator: f64) -> Option<f64> {
    let value = numerator / denominator;
    (denominator != 0.0 && value.is_finite()).then_some(value)
}

/// Whether a density given at scattered points is negligible at the outermost two: if not, its
/// integral goes on where doubles end.
fn has_died_out(mut points: Vec<(f64, f64)>) -> bool {
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let highest = points.iter().fold(0.0, |top: f64, p| top.max(p.1));
    let negligible = |end: Option<&(f64, f64)>| end.is_some_and(|p| p.1 <= 1e-14 * highest);
    highest.is_finite() && negligible(points.first()) && negligible(points.last())
}

/// Panels of the normal law: the deciles, then ever wider ones into the tails.
fn panel_edges() -> Vec<f64> {
    const TAIL: [f64; 6] = [2.5, 4.5, 7.0, 11.0, 18.0, FURTHEST];
    let left = TAIL.iter().rev().map(|x| -x);
    left.chain(DIFFICULTY_DECILES).chain(TAIL).collect()
}
