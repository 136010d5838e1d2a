//! What published numbers imply (theory, section 5): the audit of rows of savings, accuracies and error
//! rates.
//!
//! Every figure says what would have to hold if the published numbers hold, for one population, one
//! meaning of "good" and a stated account of savings. Numbers may be intervals; what is implied is then
//! the exact range over all values in them that can hold together.

mod conflict;
mod early_exit;
mod joint;
mod lengths;
mod range;
mod read;
mod region;
mod row;
mod spec;

pub use conflict::{Condition, Failure};
pub use early_exit::EarlyExit;
pub use joint::{QUANTITIES, Quantity};
pub use range::Range;
pub use read::SPEC_SCHEMA;
pub use region::Place;
pub use row::{Account, Reading, Share};
pub use spec::{Accounting, Spec};

use serde::{Deserialize, Serialize};

use super::Interrupt;

/// Version of the JSON form.
pub const SCHEMA: &str = "foldem.audit-result/1";

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditFindings {
    /// [`SCHEMA`].
    pub schema: String,
    /// Name of the audit.
    pub name: String,
    /// What the file says of itself.
    pub description: String,
    /// Row by row.
    pub rows: Vec<RowFindings>,
}

/// What a row implies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowFindings {
    /// Name of the row.
    pub name: String,
    /// Where its numbers come from.
    pub source: String,
    /// Under the account that the row states, else per attempt.
    #[serde(flatten)]
    pub account: Account,
    /// Per retained sample, where the row states no account.
    pub per_retained: Option<Account>,
    /// Early exit, where the row has it.
    pub early_exit: Option<EarlyExit>,
    /// The least length ratio over false rejection rates, under the first account.
    pub region: Vec<Place>,
}

/// Audits all rows; `None` when interrupted.
pub fn audit(spec: &Spec, interrupt: &Interrupt) -> Option<AuditFindings> {
    let rows = spec.rows.iter().map(|row| {
        if interrupt.raised() {
            return None;
        }
        let early_exit = early_exit::early_exit(row, row.common_savings().ok().flatten());
        let under = |accounting| row::account(row, accounting, early_exit.as_ref());
        let first = row.accounting.unwrap_or(Accounting::PerAttempt);
        let savings = row.savings.or(row.tokens.map(|[full, _]| full));
        Some(RowFindings {
            name: row.name.clone(),
            source: row.source.clone(),
            account: under(first),
            // Without savings there is nothing to account for.
            per_retained: savings
                .filter(|_| row.accounting.is_none())
                .map(|_| under(Accounting::PerRetained)),
            region: region::region(row, first),
            early_exit,
        })
    });
    let rows: Option<Vec<RowFindings>> = rows.collect();
    Some(AuditFindings {
        schema: SCHEMA.to_owned(),
        name: spec.name.clone(),
        description: spec.description.clone(),
        rows: rows?,
    })
}
