//! Logged generations under a policy: records and rules become a first-alarm table, and the table
//! becomes the outcomes of any policy.
//!
//! Every rule reads every generation once and leaves the number of tokens after which it first
//! alarms. That a generation was logged in full makes this exact: what the policy would have seen
//! at a checkpoint is a prefix of what was written. It assumes that generations are complete, that
//! rules see nothing but the text, that the final filter judges each generation by itself, and
//! that decoding does not depend on who else was rejected.

mod alarm;
mod attributes;
mod auditor;
mod excerpt;
mod judge;
mod rejections;
mod run;
mod schedule;
mod table;
mod tokens;

pub use alarm::FirstAlarm;
pub use auditor::{Auditor, PolicyError};
pub use excerpt::Excerpt;
pub use judge::{Judgement, Stop, judge};
pub use run::Replay;
pub use schedule::{Place, Schedule, ScheduleError};
pub use table::{Caveats, Group, Row, Table, TableBuilder};
pub use tokens::Tokens;
