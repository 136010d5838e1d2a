//! Early exit: probes that may end the reasoning of a generation before it is complete and have the
//! answer given at once.
//!
//! A probe stands after a stage, behind the checkpoint there: who was rejected is not probed, and who
//! has exited is not checked any more. Given state and difficulty, probes are fresh draws, independent
//! of all verdicts. After an exit the answer tokens are paid instead of the rest, and the state at the
//! exit is final: faults that would have begun later do not, and what would have recovered has not.

mod check;
mod describe;
mod read;
mod spec;

use std::collections::BTreeMap;
use std::path::Path;

pub(super) use check::check;
pub(super) use read::read;
pub use spec::{EarlyExitSpec, ExitSpec, ProbeSpec};

use super::validator::score_laws;
use super::{Beta, Scenario, shift_log_odds};
use crate::input::InputError;

/// A probe, known to be valid.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// Index of the stage after which it stands; not the last.
    pub at: usize,
    /// When it ends the reasoning.
    pub law: ExitLaw,
    /// Tokens charged each time it looks, the exits included.
    pub cost_tokens: f64,
    /// Tokens of the answer that is given after an exit.
    pub answer_tokens: f64,
    /// P(the final filter accepts the answer | state at the exit), by state.
    pub accepts: Vec<f64>,
    /// Value in [0, 1] of the answer, by state at the exit.
    pub utility: Vec<f64>,
}

/// When a probe ends the reasoning.
#[derive(Debug, Clone, PartialEq)]
pub enum ExitLaw {
    /// With a probability.
    Probability {
        /// P(exit | state) at δ = 0, by state.
        by_state: Vec<f64>,
        /// Log-odds of the exit per unit of δ.
        difficulty_effect: f64,
    },
    /// When its confidence, a beta draw by state, is at least the threshold.
    Confidence {
        /// Law of the confidence, by state.
        laws: Vec<Beta>,
        /// In (0, 1).
        threshold: f64,
    },
}

impl ExitLaw {
    /// (P(exit), P(no exit)) in `state` for prompts of difficulty `delta`; `None` for a confidence,
    /// whose law says it.
    pub fn probability_at(&self, state: usize, delta: f64) -> Option<(f64, f64)> {
        match self {
            Self::Probability {
                by_state,
                difficulty_effect,
            } => Some(shift_log_odds(by_state[state], difficulty_effect * delta)),
            Self::Confidence { .. } => None,
        }
    }
}

impl Scenario {
    /// The probes of early exit in order of their stages; none where the scenario knows no early exit.
    pub fn probes(&self) -> &[Probe] {
        &self.probes
    }

    /// Reads a scenario file for a study that knows no early exit: one that has it is refused, not
    /// read as if it had none. `study` names the study in the message.
    pub fn load_without_early_exit(path: &Path, study: &str) -> Result<Self, InputError> {
        Self::load_for(path, Some(study))
    }

    /// The same of a text, see [`Scenario::parse`].
    pub fn parse_without_early_exit(
        path: &str,
        text: &str,
        directory: &Path,
        study: &str,
    ) -> Result<Self, InputError> {
        Self::parse_for(path, text, directory, Some(study))
    }
}

/// Why `study` does not take a scenario with early exit.
pub(super) fn refusal(study: &str) -> String {
    format!(
        "is not known to {study}, which would leave it out; `foldem simulate` evaluates it. Remove \
         the table to study rejection alone"
    )
}

/// The probes of a checked specification, in order of their stages. `accepts` and `utility` are those
/// of the final states.
pub(super) fn compile(
    spec: &EarlyExitSpec,
    stage: impl Fn(&str) -> usize,
    states: &[String],
    (accepts, utility): (&[f64], &[f64]),
) -> Vec<Probe> {
    let over = |values: &BTreeMap<String, f64>, default: &[f64]| -> Vec<f64> {
        let named = states.iter().zip(default);
        let value =
            |(state, default): (&String, &f64)| values.get(state).copied().unwrap_or(*default);
        named.map(value).collect()
    };
    let mut probes: Vec<Probe> = spec
        .probes
        .iter()
        .map(|probe| Probe {
            at: stage(&probe.at),
            law: match &probe.exits {
                ExitSpec::Probability {
                    exits,
                    difficulty_effect,
                } => ExitLaw::Probability {
                    by_state: over(exits, &vec![0.0; states.len()]),
                    difficulty_effect: *difficulty_effect,
                },
                ExitSpec::Confidence {
                    clean,
                    faulty,
                    kinds,
                    threshold,
                } => ExitLaw::Confidence {
                    laws: score_laws(*clean, *faulty, kinds, &states[1..]),
                    threshold: *threshold,
                },
            },
            cost_tokens: probe.cost_tokens,
            answer_tokens: probe.answer_tokens,
            accepts: over(&probe.accepts, accepts),
            utility: over(&probe.utility, utility),
        })
        .collect();
    probes.sort_by_key(|probe| probe.at);
    probes
}
