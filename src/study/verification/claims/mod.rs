//! The claims of the theory, §1–§5, held against one scenario.

mod cost;
mod data;
mod savings;

use super::martingale::Martingale;
use super::monotone::Monotone;
use super::verdict::{Claim, Measured, Statement};
use crate::estimate::{Column, DOMINANT, RetryTally, Tally};
use crate::scenario::{Scenario, TokenLaw};
use crate::stats::Linear;
use crate::theory::Exact;

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
    /// Probability with which the interval of one claim may miss.
    pub(super) delta: f64,
    /// The same for one bin of the martingale test.
    pub(super) bin_delta: f64,
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

/// Generations that are needed per unit of squared coefficient of variation of lengths.
const PER_SPREAD: f64 = 100.0;

/// Squared coefficient of variation that the heaviest part of the length brings: a stage's law,
/// the spread between prompts, or a fault that makes text run on.
fn heaviness(scenario: &Scenario) -> f64 {
    let total: f64 = scenario.stages().iter().map(TokenLaw::mean).sum();
    let stages = scenario.stages().iter().map(|law| {
        let share = law.mean() / total;
        law.squared_cv() * share * share
    });
    let spread = scenario.length_effect() * scenario.difficulty_sd();
    let faults = scenario.spec().faults.iter().map(|fault| {
        let often: f64 = fault.hazard.iter().sum::<f64>().min(1.0);
        let mean = 1.0 + often * fault.length_factor;
        often * (fault.length_factor / mean).powi(2)
    });
    stages
        .chain(faults)
        .fold(libm::expm1(spread * spread), f64::max)
}

/// The estimate equals its exact value, where that is defined.
fn agrees(id: &str, text: Text, measured: Measured, exact: Option<f64>) -> Claim {
    match exact {
        Some(value) => Claim::judged(id, text, measured, Statement::Equals(value), exact),
        None => Claim::not_applicable(id, text),
    }
}

impl Evidence<'_> {
    fn mean(&self, column: Column) -> Linear {
        self.tally.mean(column)
    }

    /// Share of generations for which `column` counts 1.
    fn share(&self, column: Column) -> f64 {
        (self.mean(column) / self.mean(Column::Count)).value
    }

    /// Mean tokens of the generations drawn: the scale of token claims.
    fn full(&self) -> f64 {
        (self.mean(Column::Full) / self.mean(Column::Count)).value
    }

    /// The longest generation drawn stands for the range of lengths; where it brings much of their
    /// spread, or the laws are so skewed that the long ones may not have come yet, nothing can be
    /// decided.
    fn longest(&self) -> f64 {
        let few = (self.tally.prompts() as f64) < PER_SPREAD * (1.0 + heaviness(self.scenario));
        if few || self.tally.dominance(Column::Full) > DOMINANT {
            f64::INFINITY
        } else {
            self.tally.largest(Column::Full)
        }
    }

    /// A function of means whose influence on one generation spans at most `range`.
    fn measured(&self, function: &Linear, range: f64, scale: f64) -> Measured {
        let mean = (function.value, self.tally.stderr(function));
        self.number(mean, range, scale)
    }

    fn number(&self, mean: (f64, f64), range: f64, scale: f64) -> Measured {
        Measured::mean(mean, self.tally.prompts(), range, self.delta, scale)
    }

    /// Gross savings in tokens per attempt by what was paid.
    fn gross(&self) -> Linear {
        (self.mean(Column::Full) - self.mean(Column::Generated)) / self.mean(Column::Count)
    }
}
