//! What a watch has found so far.

use serde::{Deserialize, Serialize};

use super::{Counts, Monitor};
use crate::stats::RatioSequence;

/// Version of the JSON form of what a monitor found.
pub const MONITOR_SCHEMA: &str = "foldem.monitor/1";
/// Audits further from what they should be than so many standard deviations are remarked upon.
const FAR: f64 = 4.0;

/// What is established of the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The false rejection rate is above the bound.
    Exceeded,
    /// It is below the bound.
    Kept,
    /// Neither is established.
    Undecided,
}

/// A quantity under watch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Watched {
    /// Estimate from all prompts counted.
    pub estimate: Option<f64>,
    /// The interval of the confidence sequence; `None` where none is kept.
    pub ci: Option<[f64; 2]>,
}

/// What a watch has found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MonitorFindings {
    /// Version of this form.
    pub schema: &'static str,
    /// The bound.
    pub max_frr: f64,
    /// Confidence of each sequence, for all times together.
    pub confidence: f64,
    /// What is established.
    pub verdict: Verdict,
    /// Prompts counted when it was first established.
    pub established_at: Option<u64>,
    /// Lines of the log that have been read.
    pub lines: u64,
    /// Prompts begun and not complete: not counted yet.
    pub open_prompts: u64,
    /// What was counted.
    pub records: u64,
    /// Prompts counted.
    pub prompts: u64,
    /// Rejected generations.
    pub rejected: u64,
    /// Of these, completed and judged.
    pub audited: u64,
    /// Of these, accepted.
    pub false_rejections: u64,
    /// False rejection rate.
    pub false_rejection_rate: Watched,
    /// Tokens saved of those of full generations, by the policy without audits.
    pub savings: Watched,
    /// What to know before trusting the numbers.
    pub warnings: Vec<String>,
}

impl Monitor {
    /// What has been found so far.
    pub fn findings(&self) -> MonitorFindings {
        let counts = &self.counts;
        MonitorFindings {
            schema: MONITOR_SCHEMA,
            max_frr: self.settings.max_frr,
            confidence: self.settings.confidence,
            verdict: self.verdict,
            established_at: self.established,
            lines: self.position.lines,
            open_prompts: self.prompts.open(),
            records: counts.records,
            prompts: counts.prompts,
            rejected: counts.rejected,
            audited: counts.audited,
            false_rejections: counts.false_rejections,
            false_rejection_rate: Watched {
                estimate: self.frr.estimate(),
                ci: Some(self.frr.interval()),
            },
            savings: Watched {
                estimate: (self.full > 0.0).then(|| self.saved / self.full),
                ci: self.savings.as_ref().map(RatioSequence::interval),
            },
            warnings: warnings(counts, self.frr.interval()),
        }
    }
}

fn warnings(counts: &Counts, [low, high]: [f64; 2]) -> Vec<String> {
    let mut warnings = Vec::new();
    if low >= high {
        warnings.push(
            "every false rejection rate is excluded: the rate has changed while it was watched, or an \
             assumption fails"
                .to_owned(),
        );
    }
    let apart = counts.audited as f64 - counts.audits_expected;
    if apart.abs() > FAR * counts.audits_variance.sqrt() + 1e-6 {
        warnings.push(format!(
            "{} rejected generations have a verdict where {:.1} were to be audited: rejected \
             generations that were not completed must have none, and audited ones need one; otherwise \
             the false rejection rate is wrong",
            counts.audited, counts.audits_expected
        ));
    }
    if counts.unlabelled > 0 {
        warnings.push(format!(
            "{} generations that were not rejected have no verdict and are left out of the false \
             rejection rate, which then holds for labelled ones",
            counts.unlabelled
        ));
    }
    if counts.late > 0 {
        warnings.push(format!(
            "{} generations came after their prompt had been counted and are left out: give the \
             most generations that a prompt has (--per-prompt), or more open prompts (--open)",
            counts.late
        ));
    }
    if counts.estimated > 0 {
        warnings.push(format!(
            "{} generations have no solution_tokens: a quarter of their bytes was taken",
            counts.estimated
        ));
    }
    warnings
}
