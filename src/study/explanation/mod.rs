//! Why two scenarios save differently: the Shapley decomposition of the difference into parts.
//!
//! A coalition is a set of parts taken from the second scenario, the others from the first; its worth is
//! the exact figure of that mixture. A part's share is its mean contribution over all orders in which
//! parts may be exchanged. Shares add up to the difference, equal parts get equal shares, and a part in
//! which the two do not differ gets 0 (Shapley, 1953).

mod factors;
pub mod logs;

pub use factors::{FACTORS, Factor};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Interrupt;
use crate::scenario::Scenario;
use crate::scenario::spec::ScenarioSpec;
use crate::theory::Exact;

/// Version of the JSON form.
pub const SCHEMA: &str = "foldem.explanation/1";

/// What a part does to a figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Which part.
    pub factor: Factor,
    /// Whether the two scenarios differ in it.
    pub differs: bool,
    /// Its share of the difference; null where some mixture has no such figure.
    pub shapley: Option<f64>,
    /// What changes if it alone is taken from the second.
    pub first: Option<f64>,
    /// What changes if it is taken from the second after all others.
    pub last: Option<f64>,
}

/// A figure in both scenarios.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explained {
    /// `savings` or `cost_ratio`.
    pub name: String,
    /// In the first scenario.
    pub of_first: Option<f64>,
    /// In the second.
    pub of_second: Option<f64>,
    /// Second less first.
    pub difference: Option<f64>,
    /// By part.
    pub parts: Vec<Part>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplanationFindings {
    /// [`SCHEMA`].
    pub schema: String,
    /// Name of the first scenario.
    pub first: String,
    /// Name of the second.
    pub second: String,
    /// Mixtures that were evaluated.
    pub mixtures: usize,
    /// Figure by figure.
    pub figures: Vec<Explained>,
}

/// Why there is no explanation.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ExplanationError {
    /// Their parts cannot be exchanged.
    #[error("{0}")]
    Mismatch(String),
    /// Parts that are valid each in its scenario are not together.
    #[error("a mixture of the two is no valid scenario: {0}")]
    Mixture(String),
    /// Ended by the user.
    #[error("interrupted")]
    Interrupted,
}

/// Savings and cost ratio of a mixture.
type Worth = [Option<f64>; 2];
const NAMES: [&str; 2] = ["savings", "cost_ratio"];

/// Explains how `second` differs from `first`.
pub fn explain(
    first: &Scenario,
    second: &Scenario,
    interrupt: &Interrupt,
) -> Result<ExplanationFindings, ExplanationError> {
    let (a, b) = (first.spec(), &factors::renamed(first.spec(), second.spec()));
    if let Some(message) = factors::mismatch(a, b) {
        return Err(ExplanationError::Mismatch(message));
    }
    // Parts in which the two do not differ need no mixtures of their own: their share is 0.
    let shown = factors::shown(a, b);
    let players: Vec<Factor> = shown
        .iter()
        .copied()
        .filter(|&f| factors::differs(a, b, f))
        .collect();
    let worths: Result<Vec<Worth>, ExplanationError> = (0..1_u32 << players.len())
        .into_par_iter()
        .map(|coalition| worth(a, b, &players, coalition, interrupt))
        .collect();
    let worths = worths?;
    let figures = NAMES.iter().enumerate().map(|(i, name)| {
        let values: Vec<Option<f64>> = worths.iter().map(|worth| worth[i]).collect();
        explained(name, &values, &players, &shown)
    });
    Ok(ExplanationFindings {
        schema: SCHEMA.to_owned(),
        first: a.name.clone(),
        second: b.name.clone(),
        mixtures: worths.len(),
        figures: figures.collect(),
    })
}

fn worth(
    a: &ScenarioSpec,
    b: &ScenarioSpec,
    players: &[Factor],
    coalition: u32,
    interrupt: &Interrupt,
) -> Result<Worth, ExplanationError> {
    if interrupt.raised() {
        return Err(ExplanationError::Interrupted);
    }
    let present = players
        .iter()
        .enumerate()
        .filter(|(i, _)| coalition >> i & 1 == 1);
    let set = present.fold(0, |set, (_, factor)| set | factor.bit());
    let scenario = Scenario::new(factors::mixed(a, b, set)).map_err(|wrong| {
        let wrong: Vec<String> = wrong
            .iter()
            .map(|(key, message)| format!("{key}: {message}"))
            .collect();
        ExplanationError::Mixture(wrong.join("; "))
    })?;
    let exact = Exact::new(&scenario);
    Ok([exact.savings(), exact.cost_ratio()])
}

fn explained(
    name: &str,
    values: &[Option<f64>],
    players: &[Factor],
    shown: &[Factor],
) -> Explained {
    let (of_first, of_second) = (values[0], values[values.len() - 1]);
    let all: Option<Vec<f64>> = values.iter().copied().collect();
    let shares = all.map(|all| shapley(&all, players.len()));
    let whole = values.len() - 1;
    let less = |to: usize, from: usize| values[to].zip(values[from]).map(|(to, from)| to - from);
    let part = |factor| match players.iter().position(|&player| player == factor) {
        None => Part {
            factor,
            differs: false,
            shapley: Some(0.0),
            first: Some(0.0),
            last: Some(0.0),
        },
        Some(i) => Part {
            factor,
            differs: true,
            shapley: shares.as_ref().map(|shares| shares[i]),
            first: less(1 << i, 0),
            last: less(whole, whole - (1 << i)),
        },
    };
    Explained {
        name: name.to_owned(),
        of_first,
        of_second,
        difference: of_second
            .zip(of_first)
            .map(|(second, first)| second - first),
        parts: shown.iter().copied().map(part).collect(),
    }
}

/// Shapley values of a game of `players`, by its worth at every coalition.
pub fn shapley(worth: &[f64], players: usize) -> Vec<f64> {
    // P(a set of this size comes before a player) over the number of such sets: s! (n − s − 1)!/n!.
    let mut weights = vec![1.0 / players.max(1) as f64; players.max(1)];
    for size in 1..players {
        weights[size] = weights[size - 1] * size as f64 / (players - size) as f64;
    }
    (0..players)
        .map(|i| {
            let without = (0..worth.len()).filter(|set| set >> i & 1 == 0);
            without
                .map(|set| weights[set.count_ones() as usize] * (worth[set | 1 << i] - worth[set]))
                .sum()
        })
        .collect()
}
