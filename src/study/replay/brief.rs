//! The figures by which policies are compared, the ceiling where steps are labelled, and the remarks
//! that go with them: what a table of many replays shows of each. The figures are those of
//! [`findings`](super::findings), by the same code; all that is costly and not shown is left out.

use super::attribution::Figures;
use super::baselines::{Baseline, oracle_at_first_wrong_step};
use super::estimation::estimates;
use super::warnings;
use crate::policy::PolicyFile;
use crate::replay::{Replay, ScheduleError, Table};

/// A replay in brief.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::study) struct Brief {
    /// Figures of the policy and its coin.
    pub(in crate::study) figures: Figures,
    /// The oracle that stops the refused at the end of their first wrong step, and the figures of the policy
    /// on the same generations; `None` where no steps are labelled.
    pub(in crate::study) ceiling: Option<(Baseline, Figures)>,
    /// What a reader has to know before trusting these figures, as of a log of its own.
    pub(in crate::study) warnings: Vec<String>,
}

/// What `replay`, of `policy` on `table`, did to the generations, in brief.
pub(in crate::study) fn brief(
    policy: &PolicyFile,
    table: &Table,
    replay: &Replay<'_>,
) -> Result<Brief, ScheduleError> {
    let all: Vec<usize> = (0..table.rows().len()).collect();
    let (tally, estimates) = estimates(table, replay, &all, false);
    let rejected = all.iter().filter(|&&i| replay.judgement(i).stop.is_some());
    let rejected = rejected.count() as u64;
    Ok(Brief {
        figures: Figures::new(&estimates),
        ceiling: oracle_at_first_wrong_step(policy, table, replay)?,
        warnings: warnings::of_group(policy, table, replay, rejected, &tally),
    })
}
