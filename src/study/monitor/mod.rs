//! Watching a deployed policy: what its log says of its false rejection rate and its savings, at every
//! moment.
//!
//! A policy that runs rejects some generations; of these a known share π is completed all the same (audited) so
//! that the final filter can judge it. With weight w = 1 for a generation that was not rejected, 1/π for
//! one that was rejected and audited, 0 for one that was rejected and not, a prompt with accepted
//! generations A gives x = Σ w A 1{rejected} and n = Σ w A, whose expectations are those of a log in which
//! all were completed: FRR = `E[x]/E[n]`, watched by [`RatioSequence`]. Likewise for savings: x = Σ w (tokens saved)
//! and n = Σ w (tokens in full), in tokens of the policy without audits.
//!
//! Assumes that audits are drawn independently of everything but what the policy saw, with a probability
//! of at least π; that prompts are independent and alike, and come in an order that does not depend on what
//! becomes of them; and at most m generations per prompt. A prompt counts once it is complete – it has m
//! generations, or `open` others have begun since – as a whole, since its generations depend on each other.
//!
//! Theory: section 8 of the design's theory, last point.

mod findings;
mod prompts;

use serde::{Deserialize, Serialize};

use crate::log::{Position, Record};
use crate::stats::RatioSequence;
pub use findings::{MONITOR_SCHEMA, MonitorFindings, Verdict, Watched};
use prompts::{Generation, Prompts, Told};

/// Version of the JSON form of a monitor's state.
pub const STATE_SCHEMA: &str = "foldem.monitor-state/1";

/// What is watched. A state goes on only under the settings it began with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// α, the bound on the false rejection rate, in (0, 1).
    pub max_frr: f64,
    /// Confidence of each sequence, in (0, 1).
    pub confidence: f64,
    /// m, the most generations that a prompt has, ≥ 1.
    pub per_prompt: u32,
    /// The least probability π of an audit, in (0, 1].
    pub pass_through: f64,
    /// The most tokens that a generation has, ≥ 1; `None` where savings have no interval.
    pub max_tokens: Option<u64>,
    /// Prompts that may be incomplete at a time, ≥ 1.
    pub open: u32,
}

/// What has been counted, by generation.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Generations read.
    pub records: u64,
    /// Those that the policy rejected.
    pub rejected: u64,
    /// Rejected ones that were completed and judged.
    pub audited: u64,
    /// Accepted ones among the audited.
    pub false_rejections: u64,
    /// Not rejected, and without a verdict: left out of the false rejection rate.
    pub unlabelled: u64,
    /// Of a prompt that had been counted before: left out.
    pub late: u64,
    /// Completed ones without `solution_tokens`: ⌈bytes/4⌉ was taken.
    pub estimated: u64,
    /// Prompts that have been counted.
    pub prompts: u64,
    /// Σπ and Σπ(1 − π) over the rejected.
    audits_expected: f64,
    audits_variance: f64,
}

/// A watch as it stands; its JSON form is the state file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Monitor {
    schema: String,
    settings: Settings,
    /// How far the log has been read; kept by whoever reads.
    pub position: Position,
    counts: Counts,
    frr: RatioSequence,
    savings: Option<RatioSequence>,
    /// Σ saved and Σ full tokens, weighted.
    saved: f64,
    full: f64,
    prompts: Prompts,
    verdict: Verdict,
    /// Prompts counted when the verdict was first established.
    established: Option<u64>,
}

/// Why a record or a state cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MonitorError {
    /// A record contradicts the settings.
    #[error("{key}: {message}")]
    Record {
        /// Its field.
        key: &'static str,
        /// What is wrong, and how to mend it.
        message: String,
    },
    /// A file is no state.
    #[error("is not the state of a monitor ({STATE_SCHEMA}): {0}")]
    Form(String),
    /// A state of other settings.
    #[error(
        "was begun with other settings ({0}); go on with those, or begin anew with another state file"
    )]
    Settings(String),
}

impl Monitor {
    /// A watch that has seen nothing.
    pub fn new(settings: Settings) -> Self {
        let delta = 1.0 - settings.confidence;
        let most = f64::from(settings.per_prompt);
        let audited = most / settings.pass_through;
        let fine = (1..=100).map(|k| f64::from(k) / 1000.0);
        let coarse = (11..100).map(|k| f64::from(k) / 100.0);
        let rates: Vec<f64> = fine.chain(coarse).chain([settings.max_frr]).collect();
        let shares: Vec<f64> = (1..200).map(|k| f64::from(k) / 200.0).collect();
        let savings = settings.max_tokens.map(|tokens| {
            let most = audited * tokens as f64;
            RatioSequence::new(&shares, delta, most, most)
        });
        Self {
            schema: STATE_SCHEMA.to_owned(),
            settings,
            position: Position::default(),
            counts: Counts::default(),
            frr: RatioSequence::new(&rates, delta, most, audited),
            savings,
            saved: 0.0,
            full: 0.0,
            prompts: Prompts::default(),
            verdict: Verdict::Undecided,
            established: None,
        }
    }

    /// Goes on with the state in `text`, which must have been begun with `settings`.
    pub fn resume(text: &str, settings: Settings) -> Result<Self, MonitorError> {
        let form = |e: serde_json::Error| MonitorError::Form(e.to_string());
        let monitor: Self = serde_json::from_str(text).map_err(form)?;
        if monitor.schema != STATE_SCHEMA {
            let message = format!("its schema is \"{}\"", monitor.schema);
            return Err(MonitorError::Form(message));
        }
        if monitor.settings != settings {
            let begun = serde_json::to_string(&monitor.settings).map_err(form)?;
            return Err(MonitorError::Settings(begun));
        }
        Ok(monitor)
    }

    /// Takes in the next generation of the log.
    pub fn add(&mut self, record: &Record) -> Result<(), MonitorError> {
        let generation = self.generation(record)?;
        self.counts.records += 1;
        let key = (record.benchmark.clone(), record.prompt().to_owned());
        match self.prompts.add(key, generation, &self.settings) {
            Told::Late => self.counts.late += 1,
            Told::Complete(complete) => {
                for prompt in complete {
                    self.count(prompt);
                }
            }
        }
        Ok(())
    }

    /// What a record says, with its weight; counts what it is.
    fn generation(&mut self, record: &Record) -> Result<Generation, MonitorError> {
        let weight = self.weight(record)?;
        let verdict = record.verdict();
        let rejected = record.rejected_at.is_some();
        let audited = rejected && verdict.is_some();
        let completed = audited || !rejected;
        let mut generation = Generation::default();
        if completed {
            let tokens = self.tokens(record)?;
            generation.full = weight * tokens as f64;
            if let Some(at) = record.rejected_at {
                if at > tokens {
                    return Err(MonitorError::Record {
                        key: "rejected_at",
                        message: format!(
                            "is {at}, but the completed generation has {tokens} tokens; a generation \
                             is rejected at one of its tokens"
                        ),
                    });
                }
                generation.saved = weight * (tokens - at) as f64;
            }
        }
        if verdict == Some(true) {
            generation.accepted = weight;
            generation.rejected = if rejected { weight } else { 0.0 };
        }
        let counts = &mut self.counts;
        counts.rejected += u64::from(rejected);
        counts.audited += u64::from(audited);
        counts.false_rejections += u64::from(rejected && verdict == Some(true));
        counts.estimated += u64::from(completed && record.solution_tokens.is_none());
        counts.unlabelled += u64::from(!rejected && verdict.is_none());
        if rejected {
            counts.audits_expected += 1.0 / weight;
            counts.audits_variance += (1.0 - 1.0 / weight) / weight;
        }
        Ok(generation)
    }

    /// 1, or one over the probability of an audit.
    fn weight(&self, record: &Record) -> Result<f64, MonitorError> {
        if record.rejected_at.is_none() {
            return Ok(1.0);
        }
        let least = self.settings.pass_through;
        let probability = record.pass_through.unwrap_or(least);
        if probability < least {
            return Err(MonitorError::Record {
                key: "pass_through",
                message: format!(
                    "is {probability}, below --pass-through {least}; that must be the least \
                     probability with which any rejected generation is completed, and above 0"
                ),
            });
        }
        Ok(1.0 / probability)
    }

    fn tokens(&self, record: &Record) -> Result<u64, MonitorError> {
        let estimate = record.solution.len().div_ceil(4) as u64;
        let tokens = record.solution_tokens.unwrap_or(estimate);
        match self.settings.max_tokens {
            Some(most) if tokens > most => Err(MonitorError::Record {
                key: "solution_tokens",
                message: format!(
                    "is {tokens}, above --max-tokens {most}; that must be the most that a \
                     generation can have"
                ),
            }),
            _ => Ok(tokens),
        }
    }

    fn count(&mut self, prompt: Generation) {
        self.counts.prompts += 1;
        self.frr.add(prompt.rejected, prompt.accepted);
        self.saved += prompt.saved;
        self.full += prompt.full;
        if let Some(savings) = &mut self.savings {
            savings.add(prompt.saved, prompt.full);
        }
        if self.verdict == Verdict::Undecided {
            let [low, high] = self.frr.interval();
            let bound = self.settings.max_frr;
            self.verdict = if low >= bound {
                Verdict::Exceeded
            } else if high <= bound {
                Verdict::Kept
            } else {
                return;
            };
            self.established = Some(self.counts.prompts);
        }
    }

    /// Whether the bound is known to be exceeded, or kept.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }
}

#[cfg(test)]
mod tests;
