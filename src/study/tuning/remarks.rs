//! What a reader of a tuning has to know before trusting it.

use super::{Claim, TuningRequest};
use crate::policy::{PolicyFile, Position};
use crate::replay::Table;
use crate::study::replay::{Intake, of_log};

/// One sentence each: of the log first, then of the request.
pub(super) fn remarks(
    table: &Table,
    candidates: &PolicyFile,
    request: &TuningRequest,
    claims: &[Claim],
) -> Vec<String> {
    let mut remarks = of_log(table, &Intake::default());
    let alone = table.caveats().without_prompt;
    if alone > 0 {
        remarks.push(format!(
            "{alone} of {} records name no prompt_id and are taken for prompts of their own; if some of them \
             answer one problem they are not independent, and nothing is certified by counting them as if they were: \
             give them a prompt_id",
            table.rows().len()
        ));
    }
    if request.per_prompt.is_none() && claims.iter().any(|claim| claim.per_prompt > 1) {
        remarks.push(format!(
            "the most labelled generations of a prompt, {}, is taken from this log; where prompts may have more, \
             say so by --per-prompt",
            claims.iter().map(|claim| claim.per_prompt).max().unwrap_or(1)
        ));
    }
    let at_problem = |at: Position| at == Position::Problem;
    if !request.problem_generated && candidates.checkpoints().iter().any(|c| at_problem(c.at)) {
        let remark = "the candidates' checkpoint at the problem does nothing where problems are given; use \
                      --problem generated if they were generated";
        remarks.push(remark.to_owned());
    }
    if let Some(judge) = request.judge {
        remarks.push(format!(
            "rates and tests are corrected for a judge of sensitivity {} and specificity {}, on whose word the \
             certificate stands: a specificity stated too low makes it EASIER to get, and errors must not depend on \
             rejection given the truth",
            judge.sensitivity(),
            judge.specificity()
        ));
    }
    remarks
}
