//! Every look that a policy takes at each generation, and where the generation is stopped once its
//! alarms are uncertain.
//!
//! A look is a checkpoint at one of its places in one generation. What may happen to alarms is a
//! [`Change`]; where it leaves a generation is not drawn but summed: alarms of different validators and
//! alarms out of nothing come and go independently of each other, so that the probability of passing a
//! look is a product.

use super::{FirstAlarm, Place, Replay};

/// A checkpoint at a place of a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Look {
    /// Whether it is at the complete solution.
    pub complete: bool,
    /// Solution tokens that have been generated; all of them at the complete solution.
    pub tokens: u64,
    /// Number of the checkpoint.
    pub checkpoint: usize,
}

/// What happens to the alarms on one generation; by default nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Change<'m> {
    /// Probability of an alarm out of nothing, anew at each look.
    pub added: f64,
    /// Probability that all alarms of validators on the generation are withdrawn together.
    pub withdrawn: f64,
    /// By validator: the probability that its alarm is lost, independently of others; empty for never.
    pub lost: &'m [f64],
    /// Alarms are raised so many tokens later, at the latest when the solution is complete.
    pub delay_tokens: f64,
    /// A validator's alarm is heard so many of its later places later; a fraction is the probability
    /// of one more. Beyond the last place it is never heard.
    pub delay_looks: f64,
    /// Probability of an alarm out of nothing at the last look.
    pub at_last: f64,
}

/// The looks at all generations of a replay.
pub struct Looks<'r> {
    replay: &'r Replay<'r>,
    all: Vec<Look>,
    /// Behind the looks at each generation.
    ends: Vec<usize>,
    charges: bool,
}

/// A look at which an alarm may be heard, and the factor by which the chance to pass shrinks there.
pub type Candidate = (usize, f64);

impl<'r> Looks<'r> {
    /// The looks that the policy of `replay` takes at each generation that it does not stop.
    pub fn new(replay: &'r Replay<'r>) -> Self {
        let mut all = Vec::new();
        let mut ends = Vec::new();
        for (i, row) in replay.table().rows().iter().enumerate() {
            let start = all.len();
            let schedule = replay.schedule();
            for checkpoint in 0..schedule.checkpoints() {
                let place = schedule.place(checkpoint, i);
                let look = |complete, tokens| Look {
                    complete,
                    tokens,
                    checkpoint,
                };
                match place {
                    Place::After(p) if p < row.tokens => all.push(look(false, p)),
                    Place::Nowhere | Place::After(_) => {}
                    Place::Every(step) => {
                        let places = (1..).map(|k| k * step).take_while(|p| *p < row.tokens);
                        all.extend(places.map(|p| look(false, p)));
                    }
                    Place::End => all.push(look(true, row.tokens)),
                }
            }
            all[start..].sort_unstable();
            ends.push(all.len());
        }
        Self {
            replay,
            all,
            ends,
            charges: replay.checkpoints().iter().any(|c| c.cost_tokens > 0.0),
        }
    }

    /// The replay.
    pub fn replay(&self) -> &'r Replay<'r> {
        self.replay
    }

    /// The looks at generation number `row` while nothing stops it, in their order.
    pub fn of(&self, row: usize) -> &[Look] {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.all[start..self.ends[row]]
    }

    /// How many looks generation number `row` is given: all, or those until it is rejected.
    pub fn taken(&self, row: usize) -> usize {
        let looks = self.of(row);
        let Some(stop) = self.replay.judgement(row).stop else {
            return looks.len();
        };
        let stopped =
            |look: &Look| look.tokens == stop.tokens && look.checkpoint == stop.checkpoint;
        looks
            .iter()
            .position(stopped)
            .map_or(looks.len(), |j| j + 1)
    }

    /// The look at which validator number `validator`, which first alarms at `alarm`, is heard when
    /// its alarm is raised `later` tokens later.
    fn heard(
        &self,
        looks: &[Look],
        validator: usize,
        alarm: FirstAlarm,
        later: f64,
    ) -> Option<usize> {
        let sees = |look: &Look| match alarm {
            FirstAlarm::Never => false,
            FirstAlarm::AtEnd => look.complete,
            FirstAlarm::Tokens(first) => {
                look.complete || first as f64 + later <= look.tokens as f64
            }
        };
        let from = looks.partition_point(|look| !sees(look));
        self.consulted(looks, validator, from)
    }

    /// The first look from number `from` on at which `validator` is consulted.
    fn consulted(&self, looks: &[Look], validator: usize, from: usize) -> Option<usize> {
        let checkpoints = self.replay.checkpoints();
        let mut rest = looks.iter().enumerate().skip(from);
        let consults = |look: &Look| checkpoints[look.checkpoint].validators.contains(&validator);
        rest.find(|(_, look)| consults(look)).map(|(j, _)| j)
    }

    /// The look at which an alarm heard at look number `at` is heard `places` places of its validator
    /// later.
    pub(super) fn later(
        &self,
        looks: &[Look],
        validator: usize,
        mut at: usize,
        places: u64,
    ) -> Option<usize> {
        for _ in 0..places {
            let place = |look: &Look| (look.complete, look.tokens);
            let here = place(&looks[at]);
            let beyond = at + looks[at..].partition_point(|look| place(look) <= here);
            at = self.consulted(looks, validator, beyond)?;
        }
        Some(at)
    }

    /// Where alarms of validators may be heard on generation number `row`, in the order of looks.
    fn candidates(&self, row: usize, change: &Change<'_>, found: &mut Vec<Candidate>) {
        found.clear();
        let looks = self.of(row);
        for (v, alarm) in self.replay.table().alarms(row).raised() {
            let Some(heard) = self.heard(looks, v, alarm, change.delay_tokens) else {
                continue;
            };
            let kept = 1.0 - change.lost.get(v).copied().unwrap_or(0.0);
            let (whole, further) = (change.delay_looks.floor(), change.delay_looks.fract());
            let soon = self.later(looks, v, heard, count(whole));
            found.extend(soon.map(|j| (j, 1.0 - kept * (1.0 - further))));
            if further > 0.0 {
                let late = soon.and_then(|j| self.later(looks, v, j, 1));
                let passed = 1.0 - kept * (1.0 - further);
                found.extend(late.map(|j| (j, (1.0 - kept) / passed)));
            }
        }
        found.sort_unstable_by_key(|(j, _)| *j);
    }

    /// Tells `stopped` the probability that generation number `row` under `change` is rejected at each
    /// look where that may be, with what checkpoints have charged by then; gives the probability that
    /// it survives and what is charged then. `scratch` is memory to work in.
    pub fn stops(
        &self,
        row: usize,
        change: &Change<'_>,
        scratch: &mut Vec<Candidate>,
        stopped: &mut impl FnMut(Look, f64, f64),
    ) -> (f64, f64) {
        let mut survives = (0.0, 0.0);
        if change.withdrawn < 1.0 {
            self.candidates(row, change, scratch);
            survives = self.walk(row, change, scratch, 1.0 - change.withdrawn, stopped);
        }
        if change.withdrawn > 0.0 {
            let (alive, charged) = self.walk(row, change, &[], change.withdrawn, stopped);
            survives = (survives.0 + alive, charged);
        }
        survives
    }

    /// The same for alarms that may be heard at `candidates`, from a generation that is there with
    /// probability `alive`.
    fn walk(
        &self,
        row: usize,
        change: &Change<'_>,
        candidates: &[Candidate],
        mut alive: f64,
        stopped: &mut impl FnMut(Look, f64, f64),
    ) -> (f64, f64) {
        let looks = self.of(row);
        let mut stop_at = |look: Look, factor: f64, charged: f64| {
            let stops = alive * (1.0 - factor);
            if stops > 0.0 {
                stopped(look, stops, charged);
            }
            alive *= factor;
        };
        let mut charged = 0.0;
        if change.added > 0.0 || change.at_last > 0.0 || self.charges {
            let mut next = candidates.iter().peekable();
            for (j, look) in looks.iter().enumerate() {
                charged += self.replay.checkpoints()[look.checkpoint].cost_tokens;
                let mut factor = 1.0 - change.added;
                while let Some((_, of_alarm)) = next.next_if(|(at, _)| *at == j) {
                    factor *= of_alarm;
                }
                if j + 1 == looks.len() {
                    factor *= 1.0 - change.at_last;
                }
                stop_at(*look, factor, charged);
            }
        } else {
            for &(j, factor) in candidates {
                stop_at(looks[j], factor, 0.0);
            }
        }
        (alive, charged)
    }
}

pub(super) fn count(whole: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole, not negative, and beyond what a generation has it does not matter how far"
    )]
    let count = whole as u64;
    count
}
