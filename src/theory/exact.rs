//! The exact value of every estimate, from integrated numerators and denominators.

use super::chain::Chain;
use super::conditional::{self, ByStage, ByState};
use super::difficulty::{Population, distance};
use crate::scenario::{CLEAN, Scenario};

/// Relative change per estimate that the quadrature promises.
const PROMISED: f64 = 1e-10;

/// All exact figures of a scenario under its policy.
///
/// Probabilities are shares in [0, 1]; tokens are per attempt. A value that is undefined (a
/// condition of probability 0) or infinite is `None`.
#[derive(Debug)]
pub struct Exact {
    population: Population,
    checkpoint_cost: f64,
    accepts: Vec<f64>,
    utility: Vec<f64>,
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
        let population = Population::new(&chain);
        Self {
            checkpoint_cost: conditional::checkpoint_cost(&chain, &population.figures),
            population,
            accepts: scenario.accepts().to_vec(),
            utility: scenario.utility().to_vec(),
        }
    }

    /// Largest relative disagreement between the last two quadrature levels; 0 where nothing was
    /// integrated. Above 1e-10 the figures are not as exact as promised, see
    /// [`Exact::keeps_promise`].
    pub fn quadrature_error(&self) -> f64 {
        self.population.error
    }

    /// Whether the quadrature converged to 1e-10.
    pub fn keeps_promise(&self) -> bool {
        self.population.error <= PROMISED
    }

    fn stage_sum(&self, row: ByStage) -> f64 {
        self.population.figures.by_stage(row).iter().sum()
    }

    fn accepted_mass(&self) -> f64 {
        self.population
            .figures
            .weighted(ByState::All, |x| self.accepts[x])
    }

    fn retained_mass(&self) -> f64 {
        self.population
            .figures
            .weighted(ByState::Surviving, |x| self.accepts[x])
    }

    fn falsely_rejected_mass(&self) -> f64 {
        self.population
            .figures
            .weighted(ByState::Rejected, |x| self.accepts[x])
    }

    fn surviving_mass(&self) -> f64 {
        self.population
            .figures
            .weighted(ByState::Surviving, |_| 1.0)
    }

    /// `E[U 1 of row and accepted]` / P(`row` and accepted).
    fn utility_given_accepted(&self, row: ByState) -> Option<f64> {
        ratio(
            self.population
                .figures
                .weighted(row, |x| self.accepts[x] * self.utility[x]),
            self.population.figures.weighted(row, |x| self.accepts[x]),
        )
    }

    /// `E[C_K]`: tokens of the full generation.
    pub fn tokens_full(&self) -> f64 {
        self.stage_sum(ByStage::Tokens)
    }

    /// `E[L_i]` by stage.
    pub fn stage_tokens(&self) -> &[f64] {
        self.population.figures.by_stage(ByStage::Tokens)
    }

    /// Σ `v_k` P(τ ≥ k): tokens charged by checkpoints.
    pub fn checkpoint_cost(&self) -> f64 {
        self.checkpoint_cost
    }

    /// Gross savings in tokens, Σ `E[L_i 1{τ < i}]`.
    pub fn gross_tokens(&self) -> f64 {
        self.stage_sum(ByStage::Avoided)
    }

    /// `E[L_i 1{τ < i}]` by stage i.
    pub fn avoided_by_stage(&self) -> &[f64] {
        self.population.figures.by_stage(ByStage::Avoided)
    }

    /// `q_k` `E[C_K − C_k | τ = k]` by stage k: the other route to the gross savings.
    pub fn avoided_by_checkpoint(&self) -> &[f64] {
        self.population.figures.by_stage(ByStage::AvoidedBy)
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
        self.population.figures.by_stage(ByStage::Rejected)
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
            self.population
                .figures
                .weighted(ByState::Rejected, |x| 1.0 - self.accepts[x]),
            self.population
                .figures
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
        let (policy, full) = self.population.retry?;
        ratio(policy, full)
    }

    /// `E[U]`.
    pub fn utility_mean(&self) -> f64 {
        self.population
            .figures
            .weighted(ByState::All, |x| self.utility[x])
    }

    /// `E[U | S]`.
    pub fn utility_surviving(&self) -> Option<f64> {
        ratio(
            self.population
                .figures
                .weighted(ByState::Surviving, |x| self.utility[x]),
            self.surviving_mass(),
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
        let all = self.population.figures.by_state(ByState::All);
        let rejected = self.population.figures.by_state(ByState::Rejected);
        (CLEAN..all.len())
            .map(|x| ratio(self.accepts[x] * rejected[x], self.accepts[x] * all[x]))
            .collect()
    }

    /// f by decile of difficulty; empty without difficulty.
    pub fn false_rejection_by_decile(&self) -> Vec<Option<f64>> {
        self.population
            .deciles
            .iter()
            .map(|&(a, r)| ratio(a - r, a))
            .collect()
    }

    /// Distances between the retained and the accepted.
    pub fn shifts(&self) -> Shifts {
        let all = self.population.figures.by_state(ByState::All);
        let surviving = self.population.figures.by_state(ByState::Surviving);
        let states =
            (CLEAN..all.len()).map(|x| (self.accepts[x] * all[x], self.accepts[x] * surviving[x]));
        let total = (self.accepted_mass(), self.retained_mass());
        Shifts {
            final_state: distance(total, states),
            difficulty_decile: (!self.population.deciles.is_empty())
                .then(|| distance(total, self.population.deciles.iter().copied()))
                .flatten(),
            difficulty: self.population.difficulty_tv,
        }
    }
}

/// `numerator / denominator`, `None` where the denominator is 0 or either is not finite.
fn ratio(numerator: f64, denominator: f64) -> Option<f64> {
    let value = numerator / denominator;
    (denominator != 0.0 && value.is_finite()).then_some(value)
}
