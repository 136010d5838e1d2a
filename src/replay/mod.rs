//! Logged generations under a policy: records and rules become a first-alarm table, and the table
//! becomes the outcomes of any policy.
//!
//! Every rule reads every generation once and leaves the number of tokens after which it first
//! alarms. That a generation was logged in full makes this exact: what the policy would have seen
//! at a checkpoint is a prefix of what was written. It assumes that generations are complete, that
//! rules see nothing but the text, that the final filter judges each generation by itself, and
//! that decoding does not depend on who else was rejected.

mod alarm;
mod alarms;
mod attributes;
mod auditor;
mod candidates;
mod censored;
mod definition;
mod drawn;
mod early_exit;
mod excerpt;
mod expected;
mod from_alarms;
mod judge;
mod looks;
mod part;
mod rejections;
mod row;
mod rule_times;
mod run;
mod running_coin;
mod saved;
mod schedule;
mod selection;
mod steps;
mod strata;
mod subsets;
mod table;
mod tokens;

pub use alarm::FirstAlarm;
pub use alarms::RowAlarms;
pub use auditor::{Auditor, PolicyError};
pub use candidates::{
    CandidateFigures, Candidates, CandidatesError, Lattice, Lattices, MOST_IN_LATTICE, Worth,
};
pub use definition::{Definition, MissingValidator};
pub use drawn::DrawnTable;
pub use early_exit::LoggedExit;
pub use excerpt::Excerpt;
pub use expected::{Expected, Selection};
pub use judge::{Judgement, Stop, judge};
pub use looks::{Candidate, Change, Look, Looks};
pub use part::Part;
pub use row::{Caveats, Group, Rare, Row};
pub use rule_times::RuleTime;
pub use run::{Outcomes, Replay};
pub use running_coin::BesideRunningCoin;
pub use saved::{SCHEMA, SavedTable, SourceLog};
pub use schedule::{Place, Schedule, ScheduleError};
pub use steps::FirstError;
pub use table::{Table, TableBuilder};
pub use tokens::Tokens;
