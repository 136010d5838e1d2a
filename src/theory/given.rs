//! What is expected of a generation of one prompt: the recursion alone, nothing integrated.
//!
//! Averaged over prompts whose difficulties are drawn, these expectations estimate what
//! [`Exact`](super::Exact) integrates, without the noise of single generations.

use super::chain::Chain;
use super::conditional::{self, ByStage, ByState, Numerators, Recursion};
use crate::scenario::{CLEAN, Scenario};

/// A scenario prepared for prompts of any difficulty.
#[derive(Debug)]
pub struct Prompts<'s> {
    chain: Chain<'s>,
}

/// Evaluates one prompt after another in the same memory.
#[derive(Debug)]
pub struct Evaluator<'p, 's> {
    chain: &'p Chain<'s>,
    recursion: Recursion,
}

/// What is expected of a generation of one prompt. Tokens are per generation, shares in [0, 1].
#[derive(Debug, Clone, Copy)]
pub struct Given<'e, 's> {
    chain: &'e Chain<'s>,
    figures: &'e Numerators,
}

impl<'s> Prompts<'s> {
    /// Prepares `scenario` under its own policy.
    pub fn new(scenario: &'s Scenario) -> Self {
        Self {
            chain: Chain::new(scenario),
        }
    }

    /// An evaluator: one for each thread.
    pub fn evaluator(&self) -> Evaluator<'_, 's> {
        Evaluator {
            chain: &self.chain,
            recursion: Recursion::new(&self.chain),
        }
    }
}

impl<'s> Evaluator<'_, 's> {
    /// What is expected given the difficulty `delta`.
    pub fn given(&mut self, delta: f64) -> Given<'_, 's> {
        Given {
            chain: self.chain,
            figures: self.recursion.at(self.chain, delta),
        }
    }
}

impl Given<'_, '_> {
    /// `E[C_K]`: tokens of the full generation.
    pub fn tokens_full(&self) -> f64 {
        self.figures.by_stage(ByStage::Tokens).iter().sum()
    }

    /// Tokens generated until rejection or the end, without what checkpoints charge.
    pub fn tokens_generated(&self) -> f64 {
        self.tokens_full() - self.figures.by_stage(ByStage::Avoided).iter().sum::<f64>()
    }

    /// Σ `v_k` P(τ ≥ k): tokens charged by checkpoints.
    pub fn checkpoint_cost(&self) -> f64 {
        conditional::checkpoint_cost(self.chain, self.figures)
    }

    /// P(τ = k) after stage `k`.
    pub fn rejected_after(&self, k: usize) -> f64 {
        self.figures.by_stage(ByStage::Rejected)[k]
    }

    /// `E[C_K − C_k]`: tokens after stage `k` of the full generation.
    pub fn remaining_after(&self, k: usize) -> f64 {
        self.figures.by_stage(ByStage::Tokens)[k + 1..].iter().sum()
    }

    /// `E[(C_K − C_k) 1{τ = k}]` after stage `k`.
    pub fn avoided_after(&self, k: usize) -> f64 {
        self.figures.by_stage(ByStage::AvoidedBy)[k]
    }

    /// P(A, final state).
    pub fn accepted_in(&self, state: usize) -> f64 {
        self.chain.scenario.accepts()[state] * self.figures.by_state(ByState::All)[state]
    }

    /// P(R, final state).
    pub fn retained_in(&self, state: usize) -> f64 {
        self.chain.scenario.accepts()[state] * self.figures.by_state(ByState::Surviving)[state]
    }

    /// P(A).
    pub fn accepted(&self) -> f64 {
        self.over_states(|x| self.accepted_in(x))
    }

    /// P(R).
    pub fn retained(&self) -> f64 {
        self.over_states(|x| self.retained_in(x))
    }

    /// P(S).
    pub fn surviving(&self) -> f64 {
        self.figures.weighted(ByState::Surviving, |_| 1.0)
    }

    /// `E[U]`.
    pub fn utility(&self) -> f64 {
        self.figures.weighted(ByState::All, |x| self.value(x))
    }

    /// `E[U 1_S]`.
    pub fn utility_surviving(&self) -> f64 {
        self.figures.weighted(ByState::Surviving, |x| self.value(x))
    }

    /// `E[U 1_A]`.
    pub fn utility_accepted(&self) -> f64 {
        self.over_states(|x| self.accepted_in(x) * self.value(x))
    }

    /// `E[U 1_R]`.
    pub fn utility_retained(&self) -> f64 {
        self.over_states(|x| self.retained_in(x) * self.value(x))
    }

    /// Tokens paid until the prompt yields, (policy, full generation); infinite where it never
    /// does.
    pub fn retry(&self) -> [f64; 2] {
        conditional::retry_accounts(self.chain, self.figures)
    }

    fn value(&self, state: usize) -> f64 {
        self.chain.scenario.utility()[state]
    }

    fn over_states(&self, of: impl Fn(usize) -> f64) -> f64 {
        (CLEAN..self.chain.scenario.states().len()).map(of).sum()
    }
}
