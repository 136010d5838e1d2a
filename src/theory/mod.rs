//! The exact figures of a scenario: the oracle of every Monte Carlo estimate.
//!
//! Given the difficulty δ of the prompt everything is a finite sum over the Markov chain of
//! latent states (`conditional.rs`). Over δ numerators and denominators are integrated separately
//! (`quadrature.rs`) and divided afterwards ([`Exact`]). Sticky verdicts need no explicit bits: a
//! generation is alive only while every sticky validator consulted since its fault began has been
//! silent, so the stage of onset says all.

mod chain;
mod conditional;
mod difficulty;
mod early_exit;
mod exact;
mod filter;
mod given;
mod joint;
pub mod optimal;
mod quadrature;

pub use early_exit::{Arm, Arms};
pub use exact::{Exact, Shifts};
pub use filter::{BayesFilter, Belief};
pub use given::{Evaluator, Given, Prompts};
