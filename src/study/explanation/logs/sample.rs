//! A log under a policy as sums over the generations of each prompt, and prompts drawn anew.

use super::world::{BAD, GOOD, QUANTITIES, REJECTED, SURVIVING, Sums, World, world};
use super::{LogExplanationError, LogRequest, LogSide};
use crate::policy::PolicyFile;
use crate::replay::{Replay, Table};
use crate::rng::{Stream, below};

/// A log as sums over the generations of each prompt.
pub(super) struct Sampled {
    pub(super) side: LogSide,
    pub(super) prompts: Vec<Sums>,
    pub(super) all: Sums,
    pub(super) world: World,
    /// Prompts behind each quantity.
    pub(super) behind: [u64; QUANTITIES.len()],
}

/// The generations of a log that have a verdict, prompt by prompt.
pub(super) fn sampled(
    policy: &PolicyFile,
    name: &str,
    table: &Table,
    request: LogRequest,
) -> Result<Sampled, LogExplanationError> {
    let checkpoints = table.checkpoints_of(policy)?;
    let replay =
        Replay::new(table, policy, &checkpoints, request.problem_generated).map_err(Box::new)?;
    let mut prompts: Vec<Option<Sums>> = vec![None; table.prompts()];
    let mut with_verdict = 0;
    for (i, row) in table.rows().iter().enumerate() {
        let Some(accepted) = row.accepted else {
            continue;
        };
        with_verdict += 1;
        let judgement = replay.judgement(i);
        let verdict = if accepted { GOOD } else { BAD };
        let sums = prompts[row.prompt].get_or_insert_default();
        let fate = if judgement.stop.is_some() {
            sums.stopped[verdict] += replay.tokens_generated(i) as f64;
            REJECTED
        } else {
            SURVIVING
        };
        sums.count[verdict][fate] += 1.0;
        sums.full[verdict][fate] += replay.tokens_full(i) as f64;
        sums.charges += judgement.cost;
    }
    let side = LogSide {
        name: name.to_owned(),
        records: table.rows().len() as u64,
        with_verdict,
        prompts: prompts.iter().flatten().count() as u64,
    };
    Sampled::new(side, prompts.into_iter().flatten().collect())
}

impl Sampled {
    /// A log of these prompts, if it has quantities.
    pub(super) fn new(side: LogSide, prompts: Vec<Sums>) -> Result<Self, LogExplanationError> {
        if prompts.is_empty() {
            return Err(LogExplanationError::NoVerdict(side.name));
        }
        let all = total(prompts.iter());
        let generations = all.count.map(|fates| fates[SURVIVING] + fates[REJECTED]);
        if generations.iter().any(|&n| n <= 0.0) {
            return Err(LogExplanationError::OneVerdict {
                log: side.name,
                accepted: generations[GOOD] > 0.0,
            });
        }
        let Some(world) = world(&all) else {
            return Err(LogExplanationError::Empty(side.name));
        };
        Ok(Self {
            behind: behind(&prompts),
            side,
            prompts,
            all,
            world,
        })
    }
}

fn total<'s>(prompts: impl Iterator<Item = &'s Sums>) -> Sums {
    prompts.fold(Sums::default(), |mut all, prompt| {
        all.add(prompt);
        all
    })
}

/// Prompts with a generation that each quantity is about.
fn behind(prompts: &[Sums]) -> [u64; QUANTITIES.len()] {
    let with = |found: &dyn Fn(&Sums) -> bool| prompts.iter().filter(|p| found(p)).count() as u64;
    let bad = with(&|p| p.count[BAD].iter().sum::<f64>() > 0.0);
    let rejected = [GOOD, BAD].map(|verdict| with(&|p| p.count[verdict][REJECTED] > 0.0));
    let charged = with(&|p| p.charges > 0.0);
    let [good, detected] = rejected;
    [
        bad, detected, good, detected, good, detected, good, bad, charged,
    ]
}

/// As many prompts as the log has, with replacement.
pub(super) fn redrawn(log: &Sampled, draws: &mut Stream) -> Sums {
    let count = log.prompts.len();
    total((0..count).map(|_| &log.prompts[below(draws, count)]))
}
