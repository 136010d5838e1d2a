//! Token positions as stages: what a generation of a log is in the terms of a scenario.
//!
//! Each place of the policy ends a stage, and a last stage reaches to the end. A generation of n tokens
//! has min(n, p_k) − min(n, p_{k−1}) of them in the stage that ends at p_k. One that ends before p_k has
//! none in later stages: in the scenario it goes through them with zero tokens, passes their
//! checkpoints unseen, and is neither alarmed nor charged there. So rates per stage are those of all
//! generations that are still alive, ended or not. This keeps the three figures: savings are
//! Σ `E[L_i 1{τ < i}]` (theory.md, §1), and whoever has ended has no tokens left to save.
//!
//! A validator's alarm stands in a text from where it is raised. Its stage is the one in which it is raised; where
//! the scenario would see it at a checkpoint that the generation does not reach, it is the one behind the last of these.
//! A checkpoint at every m tokens becomes a stage for each multiple, or for several where there would
//! be more than [`MOST_OF_ONE`]. "solution" ends the last stage that has tokens; a last one without
//! any follows, since a scenario ends at the final filter.

use super::FitError;
use crate::policy::Position;
use crate::replay::{FirstAlarm, FirstError, Place, Replay, Stop};

/// Most stages that one checkpoint at every m tokens makes.
pub(super) const MOST_OF_ONE: u64 = 24;

/// Where a generation first goes wrong, as far as the log tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Onset {
    /// Its steps are not labelled.
    Unlabelled,
    /// In no stage.
    Never,
    /// In this stage.
    In(usize),
}

/// The alarm that rejects a generation, or that would have been the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Alarm {
    pub(super) validator: usize,
    /// Stage in which it is raised.
    pub(super) stage: usize,
    /// Stage whose checkpoint rejects; `None` where none sees it.
    pub(super) seen: Option<usize>,
    /// Tokens that are saved.
    pub(super) saved: f64,
}

/// A generation in the terms of a scenario.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Generation {
    /// By stage.
    pub(super) tokens: Vec<f64>,
    pub(super) accepted: bool,
    pub(super) onset: Onset,
    pub(super) alarm: Option<Alarm>,
    /// What each checkpoint charges, by its stage: one fewer than there are stages.
    pub(super) charges: Vec<f64>,
}

/// The process as seen through a policy: stages, and who is asked after each but the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    /// Names of the stages.
    pub(super) names: Vec<String>,
    /// In words: where each ends.
    pub(super) ends: Vec<String>,
    /// Validators consulted after each stage but the last, by number.
    pub(super) consulted: Vec<Vec<usize>>,
    /// Names of the validators.
    pub(super) validators: Vec<String>,
}

impl Layout {
    /// Number of stages.
    pub(super) fn stages(&self) -> usize {
        self.names.len()
    }
}

/// A checkpoint of the scenario: a place, or several multiples of one.
struct Stand {
    checkpoint: usize,
    cost: f64,
    /// Multiples of a step, from the first, not included, to the last.
    multiples: Option<Multiples>,
}

#[derive(Clone, Copy)]
struct Multiples {
    step: u64,
    after: u64,
    up_to: u64,
    /// Whether all later ones belong to it.
    open: bool,
}

/// The stages that a policy makes of the generations of a log.
pub(super) struct Stages<'r> {
    replay: &'r Replay<'r>,
    stands: Vec<Stand>,
    pub(super) layout: Layout,
    /// What people have to know of them.
    pub(super) remarks: Vec<String>,
}

impl<'r> Stages<'r> {
    /// The stages of the generations number `rows`; `validators` are the names of the table's columns.
    pub(super) fn new(
        replay: &'r Replay<'r>,
        rows: &[usize],
        validators: Vec<String>,
    ) -> Result<Self, FitError> {
        let mut remarks = Vec::new();
        let mut stands = Vec::new();
        for (checkpoint, c) in replay.checkpoints().iter().enumerate() {
            let stand = |multiples| Stand {
                checkpoint,
                cost: c.cost_tokens,
                multiples,
            };
            match c.at {
                Position::Problem if !replay.problem_generated() => {}
                Position::EveryTokens(step) => {
                    let groups = multiples(replay, rows, checkpoint, step, &mut remarks);
                    stands.extend(groups.into_iter().map(|group| stand(Some(group))));
                }
                _ => stands.push(stand(None)),
            }
        }
        if stands.is_empty() {
            return Err(FitError::NoCheckpoint);
        }
        // Where they stand in most generations decides their order.
        let mean = |stand: &Stand| {
            if let Some(multiples) = stand.multiples {
                return multiples.up_to as f64;
            }
            let place = |&i: &usize| match replay.schedule().place(stand.checkpoint, i) {
                Place::After(p) => p as f64,
                _ => f64::INFINITY,
            };
            rows.iter().map(place).sum::<f64>() / rows.len().max(1) as f64
        };
        stands.sort_by(|a, b| mean(a).total_cmp(&mean(b)));
        let position = |stand: &Stand| replay.checkpoints()[stand.checkpoint].at;
        let ends_last = stands
            .last()
            .is_some_and(|stand| position(stand) == Position::Solution);
        let mut names: Vec<String> = Vec::new();
        let mut ends = Vec::new();
        for stand in &stands {
            let (name, end) = named(position(stand), stand.multiples);
            names.push(unused(&names, &name));
            ends.push(end);
        }
        let last = if ends_last { "end" } else { "rest" };
        names.push(unused(&names, last));
        ends.push("at the end".to_owned());
        let consulted = stands
            .iter()
            .map(|stand| replay.checkpoints()[stand.checkpoint].validators.clone())
            .collect();
        Ok(Self {
            replay,
            stands,
            layout: Layout {
                names,
                ends,
                consulted,
                validators,
            },
            remarks,
        })
    }

    /// Where stand number `s` ends its stage in generation number `row`.
    fn end(&self, s: usize, row: usize) -> u64 {
        let stand = &self.stands[s];
        match (
            stand.multiples,
            self.replay.schedule().place(stand.checkpoint, row),
        ) {
            (Some(multiples), _) => multiples.up_to,
            (None, Place::After(p)) => p,
            (None, _) => u64::MAX,
        }
    }

    /// Whether some place of it is reached by a generation of `tokens` that nobody stops.
    fn reached(&self, s: usize, row: usize, tokens: u64) -> bool {
        match self.stands[s].multiples {
            Some(multiples) => multiples.after.saturating_add(multiples.step) < tokens,
            None => match self.end(s, row) {
                u64::MAX => true,
                p => p < tokens,
            },
        }
    }

    /// The stage of an alarm that no checkpoint sees.
    fn unseen(&self, validator: usize, alarm: FirstAlarm, row: usize) -> usize {
        let last = self.stands.len();
        let raised = match alarm {
            FirstAlarm::Tokens(at) => (0..last).find(|&s| self.end(s, row) >= at).unwrap_or(last),
            _ => last,
        };
        let mut asked = self.layout.consulted.iter();
        let final_look = asked.rposition(|asked| asked.contains(&validator));
        raised.max(final_look.map_or(0, |s| s + 1))
    }

    /// Generation number `row` of the table, which must have a verdict.
    pub(super) fn generation(&self, row: usize, accepted: bool) -> Generation {
        let (replay, table) = (self.replay, self.replay.table());
        let of = &table.rows()[row];
        let n = of.tokens;
        let stop = replay.judgement(row).stop;
        let last = self.stands.len();
        let mut tokens = vec![0.0; last + 1];
        let mut before = 0;
        for (s, tokens) in tokens.iter_mut().enumerate() {
            let end = if s < last { self.end(s, row) } else { n };
            let end = end.clamp(before, n.max(before));
            *tokens = (end - before) as f64;
            before = end;
        }
        // Problem tokens count where the problem was generated.
        tokens[0] += (replay.tokens_full(row) - n) as f64;
        let seen = stop.map(|stop| {
            let here = |stand: &Stand| match stand.multiples {
                _ if stand.checkpoint != stop.checkpoint => false,
                Some(multiples) => multiples.open || stop.tokens <= multiples.up_to,
                None => true,
            };
            self.stands.iter().position(here).unwrap_or(last - 1)
        });
        let stage = |at: u64| {
            let here = |&s: &usize| self.end(s, row) >= at && self.reached(s, row, n);
            (0..last).find(here).unwrap_or(last)
        };
        let alarms = table.alarms(row);
        let alarm = if let (Some(stop), Some(seen)) = (stop, seen) {
            let asked = &replay.checkpoints()[stop.checkpoint].validators;
            let first = asked.iter().copied().min_by_key(|&v| alarms.of(v));
            first.map(|validator| Alarm {
                validator,
                stage: match alarms.of(validator) {
                    FirstAlarm::Tokens(at) => stage(at).min(seen),
                    _ => seen,
                },
                seen: Some(seen),
                saved: (n - stop.tokens) as f64,
            })
        } else {
            let asked = self.layout.consulted.iter().flatten().copied();
            let raised = asked.filter(|&v| alarms.raises(v));
            let first = raised.min_by_key(|&v| (alarms.of(v), v));
            first.map(|validator| Alarm {
                validator,
                stage: self.unseen(validator, alarms.of(validator), row),
                seen: None,
                saved: 0.0,
            })
        };
        let charges = self.stands.iter().enumerate().map(|(s, stand)| {
            if stand.cost <= 0.0 {
                return 0.0;
            }
            // By place, not by stage: a stop within a group of multiples may come before a place that ends an
            // earlier stage.
            let not_before = |stop: Stop| {
                (self.end(s, row).min(n), stand.checkpoint) <= (stop.tokens, stop.checkpoint)
            };
            let visits = match stand.multiples {
                Some(multiples) => multiples.visited(match stop {
                    Some(stop) if stop.tokens < n => {
                        let first = u64::from(stop.checkpoint < stand.checkpoint);
                        stop.tokens.saturating_sub(first)
                    }
                    _ => n.saturating_sub(1),
                }),
                None => u64::from(self.reached(s, row, n) && stop.is_none_or(not_before)),
            };
            visits as f64 * stand.cost
        });
        Generation {
            accepted,
            onset: match of.first_error() {
                FirstError::Unlabelled => Onset::Unlabelled,
                FirstError::Never => Onset::Never,
                FirstError::After(at) => Onset::In(stage(at)),
            },
            alarm,
            charges: charges.collect(),
            tokens,
        }
    }
}

impl Multiples {
    /// How many of them a generation reaches that comes as far as `last`, included.
    fn visited(self, last: u64) -> u64 {
        let last = if self.open {
            last
        } else {
            last.min(self.up_to)
        };
        (last / self.step).saturating_sub(self.after / self.step)
    }
}

/// The multiples of `step` that generations reach, in groups that end stages.
fn multiples(
    replay: &Replay<'_>,
    rows: &[usize],
    checkpoint: usize,
    step: u64,
    remarks: &mut Vec<String>,
) -> Vec<Multiples> {
    let table = replay.table();
    let mut lengths: Vec<u64> = rows.iter().map(|&i| table.rows()[i].tokens).collect();
    lengths.sort_unstable();
    // Where hardly anybody writes any more, nothing is to be told apart.
    let usual = lengths.get(lengths.len() * 95 / 100).copied().unwrap_or(0);
    let stops = rows.iter().filter_map(|&i| replay.judgement(i).stop);
    let here = stops.filter(|stop| stop.checkpoint == checkpoint);
    let furthest = here.map(|stop| stop.tokens).max().unwrap_or(0);
    let count = (usual.max(furthest) / step).max(1);
    let together = count.div_ceil(MOST_OF_ONE);
    let groups = count.div_ceil(together);
    if together > 1 {
        remarks.push(format!(
            "{count} places at every {step} tokens are put together by {together}: a scenario of as many \
             stages would tell no more"
        ));
    }
    let group = |g: u64| Multiples {
        step,
        after: g * together * step,
        up_to: (g + 1) * together * step,
        open: g + 1 == groups,
    };
    (0..groups).map(group).collect()
}

/// A name for the stage that ends at a position, and where that is in words.
fn named(at: Position, multiples: Option<Multiples>) -> (String, String) {
    match at {
        Position::Problem => ("problem".to_owned(), "after the problem".to_owned()),
        Position::Solution => ("solution".to_owned(), "at the complete solution".to_owned()),
        Position::Tokens(n) => (format!("to-{n}"), format!("after {n} tokens")),
        Position::EveryTokens(step) => {
            let n = multiples.map_or(step, |multiples| multiples.up_to);
            (format!("to-{n}"), format!("after {n} tokens"))
        }
        Position::ExpectedFraction(x) => (
            format!("to-{x}-expected"),
            format!("at {x} of the expected tokens"),
        ),
        Position::FinalFractionLookahead(x) => (
            format!("to-{x}-final"),
            format!("at {x} of the generation's own final tokens"),
        ),
    }
}

fn unused(taken: &[String], name: &str) -> String {
    let mut free = name.to_owned();
    let mut number = 2;
    while taken.contains(&free) {
        free = format!("{name}-{number}");
        number += 1;
    }
    free
}
