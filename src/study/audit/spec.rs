//! What was published or claimed, row by row.

use serde::{Deserialize, Serialize};

use super::joint::Given;
use super::range::Range;

/// Rows to audit, as a file has them.
#[derive(Debug, Clone)]
pub struct Spec {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) rows: Vec<RowSpec>,
}

/// How a published saving was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Accounting {
    /// Tokens of equally many attempts: s itself.
    PerAttempt,
    /// Tokens of equally many retained samples: s = 1 − (1 − r)(1 − f).
    PerRetained,
}

impl Accounting {
    /// Its name in files.
    pub fn key(self) -> &'static str {
        match self {
            Self::PerAttempt => "per-attempt",
            Self::PerRetained => "per-retained",
        }
    }
}

/// The published numbers of one setting. Whatever is absent is unknown.
#[derive(Debug, Clone)]
pub(super) struct RowSpec {
    pub(super) name: String,
    pub(super) source: String,
    /// As stated; absent: both are considered.
    pub(super) accounting: Option<Accounting>,
    pub(super) shares: Vec<Given>,
    /// Share of the tokens that is saved, in [0, 1).
    pub(super) savings: Option<Range>,
    /// Tokens in full and tokens paid.
    pub(super) tokens: Option<[Range; 2]>,
    /// φ = E[C_τ | τ<∞]/E[C_K | τ<∞].
    pub(super) paid_share: Option<Range>,
    /// m_R/m_S.
    pub(super) length_ratio: Option<Range>,
    pub(super) early_exit: Option<EarlyExitSpec>,
}

/// What early exit saves, alone and together with rejection.
#[derive(Debug, Clone, Copy)]
pub(super) struct EarlyExitSpec {
    pub(super) alone: Option<Published>,
    pub(super) both: Published,
}

/// A saving as it was published.
#[derive(Debug, Clone, Copy)]
pub(super) enum Published {
    /// A share of the tokens.
    Savings(Range),
    /// Tokens paid, against `tokens_full`.
    Tokens(Range),
}

impl RowSpec {
    /// Savings by the numbers that tell them; `None` where none do, an error where they differ.
    pub(super) fn common_savings(&self) -> Result<Option<Range>, [Range; 2]> {
        match (self.savings, self.savings_by_tokens()) {
            (Some(a), Some(b)) => a.and(b).map(Some).ok_or([a, b]),
            (a, b) => Ok(a.or(b)),
        }
    }

    /// 1 − paid/full; what is paid is at most what is full.
    fn savings_by_tokens(&self) -> Option<Range> {
        self.tokens.map(|[full, paid]| Range {
            lo: (1.0 - paid.hi / full.lo).max(0.0),
            hi: (1.0 - paid.lo / full.hi).max(0.0),
        })
    }
}
