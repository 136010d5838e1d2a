//! What a policy does to one generation, given the first alarms on it.

use super::{FirstAlarm, Place};
use crate::policy::{Checkpoint, Position};

/// Where a generation was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    /// Index of the checkpoint.
    pub checkpoint: usize,
    /// Solution tokens that had been generated.
    pub tokens: u64,
}

/// What a policy does to a generation; by default nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Judgement {
    /// Where it was rejected; `None` if it survives.
    pub stop: Option<Stop>,
    /// Tokens charged by the checkpoints that were reached.
    pub cost: f64,
}

/// When a checkpoint is due: by tokens, the complete solution last, then in the policy's order.
pub(super) type Due = (bool, u64, usize);

/// When checkpoint number `c`, which stands at `place`, rejects a generation of `tokens` solution
/// tokens on which its validators first alarm at `first`; `None` if it does not.
pub(super) fn due(place: Place, c: usize, first: FirstAlarm, tokens: u64) -> Option<Due> {
    match place {
        Place::Nowhere => None,
        Place::After(p) => (p < tokens && first.by(p)).then_some((false, p, c)),
        Place::Every(step) => {
            let FirstAlarm::Tokens(first) = first else {
                return None;
            };
            let p = first.max(1).div_ceil(step).checked_mul(step)?;
            (p < tokens).then_some((false, p, c))
        }
        Place::End => (first < FirstAlarm::Never).then_some((true, tokens, c)),
    }
}

/// How often checkpoint number `c`, which stands at `place`, is reached in a generation of
/// `tokens` solution tokens that is stopped at `stop`: where it is due before, or is the stop
/// itself.
pub(super) fn visits(place: Place, c: usize, stop: Option<Due>, tokens: u64) -> u64 {
    let in_time = |due: Due| stop.is_none_or(|stop| due <= stop);
    match place {
        Place::Nowhere => 0,
        Place::After(p) => u64::from(p < tokens && in_time((false, p, c))),
        Place::Every(step) => match stop {
            Some((false, p, _)) => {
                let before = p.saturating_sub(1) / step;
                before + u64::from(p > 0 && p % step == 0 && in_time((false, p, c)))
            }
            _ => tokens.saturating_sub(1) / step,
        },
        Place::End => u64::from(in_time((true, tokens, c))),
    }
}

/// Judges a generation of `tokens` solution tokens.
///
/// A checkpoint after p tokens is reached if p < `tokens` and nothing has rejected before; one at
/// the complete solution if nothing has. `place` tells where checkpoint number c stands, and `raised`
/// which validators alarm and when they first do. Text rules alarm or are silent and a threshold
/// lies in [0, 1), so a checkpoint rejects when one of its validators alarms.
pub fn judge(
    checkpoints: &[Checkpoint<Position>],
    place: impl Fn(usize) -> Place,
    raised: impl Iterator<Item = (usize, FirstAlarm)>,
    tokens: u64,
) -> Judgement {
    let mut stop: Option<Due> = None;
    for (v, alarm) in raised {
        for (c, checkpoint) in checkpoints.iter().enumerate() {
            // Most are later than what is known, and need not be searched.
            if let Some(due) = due(place(c), c, alarm, tokens)
                && stop.is_none_or(|stop| due < stop)
                && checkpoint.validators.contains(&v)
            {
                stop = Some(due);
            }
        }
    }
    let cost = |(c, checkpoint): (usize, &Checkpoint<Position>)| {
        visits(place(c), c, stop, tokens) as f64 * checkpoint.cost_tokens
    };
    Judgement {
        cost: checkpoints.iter().enumerate().map(cost).sum(),
        stop: stop.map(|(_, tokens, checkpoint)| Stop { checkpoint, tokens }),
    }
}
