//! The policies that are looked at, and those of them that are worth a test.
//!
//! A candidate is a set of the checkpoints of a grid and a set of validators: each chosen
//! checkpoint consults those of the chosen validators that it lists, and one that would consult nobody is
//! not there. If there are few enough of both, every pair of sets is looked at, all sets of validators at once
//! (`replay::Lattices`). Otherwise a beam search looks at some (`beam`).
//!
//! What is worth a test is the Pareto front of the objective against the false rejection rate, among
//! candidates that keep within all other limits and beat full generation. Ties go to fewer
//! validators, then to fewer checkpoints, then to those listed first.

use std::cmp::Ordering;

use rayon::prelude::*;

use super::beam;
use super::objective::{Full, Limits, Objective, corrected, keeps};
use crate::estimate::JudgeQuality;
use crate::policy::{Checkpoint, Position};
use crate::replay::{CandidateFigures, Candidates, CandidatesError, Lattices, MOST_IN_LATTICE};
use crate::study::Interrupt;

/// Pairs of sets that are all looked at, at most.
const MOST_PAIRS: u64 = 1 << 24;
/// Sets of checkpoints that are all looked at, at most.
const MOST_SCHEDULES: u64 = 1 << 12;

/// Candidates that are kept before those are left out that another is better than.
const MOST_KEPT: usize = 1 << 16;

/// A set of a grid's checkpoints and one of its validators, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Choice {
    pub(super) checkpoints: u64,
    pub(super) validators: u64,
}

/// A policy that was looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub(super) choice: Choice,
    pub(super) figures: CandidateFigures,
    /// Smaller is better.
    pub(super) objective: f64,
    pub(super) false_rejection_rate: f64,
}

/// What a search looks at, and by which rules.
pub(super) struct Space<'s> {
    pub(super) columns: &'s Candidates<'s>,
    pub(super) grid: &'s [Checkpoint<Position>],
    pub(super) validators: usize,
    pub(super) objective: Objective,
    pub(super) limits: &'s Limits,
    pub(super) max_frr: f64,
    pub(super) full: Full,
    pub(super) judge: Option<JudgeQuality>,
}

impl Found {
    /// Those of the front whose false rejection rate is at most `limit`.
    pub(super) fn within(&self, limit: f64) -> Vec<Candidate> {
        let front = self.front.iter();
        front
            .filter(|c| c.false_rejection_rate <= limit)
            .copied()
            .collect()
    }
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// Policies looked at.
    pub(super) examined: u64,
    /// Whether these are all.
    pub(super) exhaustive: bool,
    /// The front, by rising false rejection rate and falling objective.
    pub(super) front: Vec<Candidate>,
    /// Of all that keep within the other limits, the best whatever it rejects.
    pub(super) best: Option<Candidate>,
}

impl Space<'_> {
    /// Number of sets of checkpoints, of pairs of sets; `None` where they are too many to look at.
    fn sizes(&self) -> Option<(u64, u64)> {
        let schedules = 1_u64.checked_shl(u32::try_from(self.grid.len()).ok()?)? - 1;
        let subsets = 1_u64.checked_shl(u32::try_from(self.validators).ok()?)?;
        let pairs = schedules.checked_mul(subsets - 1)?;
        let few = schedules <= MOST_SCHEDULES && pairs <= MOST_PAIRS;
        (few && self.validators <= MOST_IN_LATTICE).then_some((schedules, pairs))
    }

    /// Looks at the candidates; `step` hears how far it is, in [0, 1].
    pub(super) fn search(
        &self,
        step: &(dyn Fn(f64) + Sync),
        interrupt: &Interrupt,
    ) -> Result<Option<Found>, CandidatesError> {
        let Some((schedules, pairs)) = self.sizes() else {
            return beam::search(self, step, interrupt);
        };
        let lattices = Lattices::new(self.columns, self.grid)?;
        let done = std::sync::atomic::AtomicU64::new(0);
        let fronts: Vec<Option<Front>> = (1..=schedules)
            .into_par_iter()
            .map(|checkpoints| {
                if interrupt.raised() {
                    return None;
                }
                let front = self.front_of(&lattices, checkpoints);
                let done = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
                step(done as f64 / schedules as f64);
                Some(front)
            })
            .collect();
        let Some(fronts) = fronts.into_iter().collect::<Option<Vec<Front>>>() else {
            return Ok(None);
        };
        let mut all = Front::default();
        for front in fronts {
            all.candidates.extend(front.candidates);
            all.best = better(all.best, front.best);
        }
        Ok(Some(all.found(pairs, true)))
    }

    /// The front at the set `checkpoints` of checkpoints.
    fn front_of(&self, lattices: &Lattices<'_>, checkpoints: u64) -> Front {
        let chosen: Vec<usize> = (0..self.grid.len())
            .filter(|&c| checkpoints >> c & 1 == 1)
            .collect();
        let lattice = lattices.at(&chosen);
        let mut front = Front::default();
        for present in 1..lattice.subsets() {
            let choice = Choice {
                checkpoints,
                validators: present as u64,
            };
            front.push(self.candidate(choice, lattice.figures(present)), self);
        }
        front.thin();
        front
    }

    /// The candidate, if it keeps within the limits beside the false rejection rate.
    pub(super) fn candidate(&self, choice: Choice, figures: CandidateFigures) -> Option<Candidate> {
        let figures = corrected(figures, self.full, self.judge);
        if !keeps(self.limits, figures.worth) {
            return None;
        }
        Some(Candidate {
            choice,
            figures,
            objective: self.objective.of(&figures, self.full)?,
            false_rejection_rate: figures.false_rejection_rate?,
        })
    }
}

impl Choice {
    /// The checkpoints of `grid` that it stands for.
    pub(super) fn checkpoints(self, grid: &[Checkpoint<Position>]) -> Vec<Checkpoint<Position>> {
        let grid = grid.iter().enumerate();
        let chosen = grid.filter(|(c, _)| self.checkpoints >> c & 1 == 1);
        let mut chosen: Vec<_> = chosen.map(|(_, checkpoint)| checkpoint.clone()).collect();
        for checkpoint in &mut chosen {
            checkpoint
                .validators
                .retain(|v| self.validators >> v & 1 == 1);
        }
        chosen.retain(|checkpoint| !checkpoint.validators.is_empty());
        chosen
    }
}

/// Candidates of which none is worse than another in both respects, once thinned.
#[derive(Default)]
pub(super) struct Front {
    candidates: Vec<Candidate>,
    best: Option<Candidate>,
}

impl Front {
    /// Adds a candidate; only one that beats full generation can be on the front.
    pub(super) fn push(&mut self, candidate: Option<Candidate>, space: &Space<'_>) {
        let Some(candidate) = candidate else {
            return;
        };
        if candidate.figures.rejection_rate > 0.0 {
            self.best = better(self.best, Some(candidate));
        }
        if candidate.objective < space.objective.of_full_generation(space.full) {
            self.candidates.push(candidate);
            if self.candidates.len() > MOST_KEPT {
                self.thin();
            }
        }
    }

    /// Leaves out what another is better than.
    pub(super) fn thin(&mut self) {
        let order = |a: &Candidate, b: &Candidate| {
            let rates = a.false_rejection_rate.total_cmp(&b.false_rejection_rate);
            rates.then_with(|| preference(a, b))
        };
        self.candidates.sort_unstable_by(order);
        let mut best = f64::INFINITY;
        self.candidates.retain(|candidate| {
            let keeps = candidate.objective < best;
            best = best.min(candidate.objective);
            keeps
        });
    }

    pub(super) fn found(mut self, examined: u64, exhaustive: bool) -> Found {
        self.thin();
        Found {
            examined,
            exhaustive,
            front: self.candidates,
            best: self.best,
        }
    }
}

/// The one with the better objective.
fn better(a: Option<Candidate>, b: Option<Candidate>) -> Option<Candidate> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if preference(&b, &a).is_lt() { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// By objective, then by simplicity, then by place in the list.
pub(super) fn preference(a: &Candidate, b: &Candidate) -> Ordering {
    let sizes = |c: &Candidate| {
        let Choice {
            checkpoints,
            validators,
        } = c.choice;
        (validators.count_ones(), checkpoints.count_ones())
    };
    let objectives = a.objective.total_cmp(&b.objective);
    objectives
        .then_with(|| sizes(a).cmp(&sizes(b)))
        .then_with(|| a.choice.cmp(&b.choice))
}

#[cfg(test)]
mod tests {
    use super::super::beam;
    use super::super::made_up::{PLACES, candidates, table};
    use super::*;
    use crate::policy::PolicyFile;
    use crate::replay::Table;

    struct World {
        policy: PolicyFile,
        table: Table,
        limits: Limits,
    }

    fn world(validators: usize, places: usize, seed: u64) -> World {
        let policy = candidates(validators, &PLACES[..places]);
        World {
            table: table(&policy, 400, 2, seed),
            policy,
            limits: Limits::default(),
        }
    }

    impl World {
        fn with<T>(&self, objective: Objective, look: impl FnOnce(&Space<'_>) -> T) -> T {
            let columns = Candidates::new(&self.table, &self.policy, false).expect("fits");
            let columns = columns.watching(None, None);
            look(&Space {
                full: Full {
                    tokens: 70.0,
                    accepted: 0.6,
                    good: 0.6,
                },
                columns: &columns,
                grid: self.policy.checkpoints(),
                validators: self.policy.validators().len(),
                objective,
                limits: &self.limits,
                max_frr: 0.05,
                judge: None,
            })
        }
    }

    /// Every pair of sets, each evaluated by itself.
    fn all(space: &Space<'_>) -> Vec<Candidate> {
        let mut all = Vec::new();
        for checkpoints in 1..1 << space.grid.len() {
            for validators in 1..1 << space.validators {
                let choice = Choice {
                    checkpoints,
                    validators,
                };
                let policy = choice.checkpoints(space.grid);
                let figures = space.columns.evaluate(&[policy]).expect("places")[0];
                all.extend(space.candidate(choice, figures));
            }
        }
        all
    }

    fn rates(front: &[Candidate]) -> Vec<(f64, f64)> {
        let pair = |c: &Candidate| (c.false_rejection_rate, c.objective);
        front.iter().map(pair).collect()
    }

    #[test]
    fn the_front_is_what_no_candidate_dominates() {
        for (seed, objective) in [
            (1, Objective::CostRatio),
            (2, Objective::Savings),
            (3, Objective::UtilityCost),
        ] {
            let world = world(3, 4, seed);
            world.with(objective, |space| {
                let found = space
                    .search(&|_| {}, &Interrupt::default())
                    .expect("places");
                let found = found.expect("not interrupted");
                assert!(found.exhaustive);
                assert_eq!(found.examined, 15 * 7);
                let all = all(space);
                let mut front: Vec<(f64, f64)> = Vec::new();
                for c in &all {
                    let (f, cost) = (c.false_rejection_rate, c.objective);
                    let beaten = all.iter().any(|d| {
                        let (g, other) = (d.false_rejection_rate, d.objective);
                        g <= f && other <= cost && (g < f || other < cost)
                    });
                    if !beaten && cost < 1.0 {
                        front.push((f, cost));
                    }
                }
                front.sort_by(|a, b| a.0.total_cmp(&b.0));
                front.dedup();
                assert_eq!(rates(&found.front), front);
                assert!(front.len() > 2, "{front:?}");
                let best = all
                    .iter()
                    .map(|c| c.objective)
                    .fold(f64::INFINITY, f64::min);
                assert!((found.best.expect("some").objective - best).abs() < 1e-15);
            });
        }
    }

    /// The greedy search, written anew: from the best pair the best addition, as long as it helps.
    fn greedy(space: &Space<'_>) -> f64 {
        let value = |choice: Choice| {
            let policy = choice.checkpoints(space.grid);
            let figures = space.columns.evaluate(&[policy]).expect("places")[0];
            let candidate = space.candidate(choice, figures);
            let allowed = candidate.filter(|c| c.false_rejection_rate <= space.max_frr);
            allowed.map_or(f64::INFINITY, |c| c.objective)
        };
        let mut best = (
            f64::INFINITY,
            Choice {
                checkpoints: 0,
                validators: 0,
            },
        );
        for c in 0..space.grid.len() {
            for v in 0..space.validators {
                let pair = Choice {
                    checkpoints: 1 << c,
                    validators: 1 << v,
                };
                let reached = value(pair);
                if reached < best.0 {
                    best = (reached, pair);
                }
            }
        }
        loop {
            let at = best.1;
            let more = (0..space.grid.len())
                .map(|c| Choice {
                    checkpoints: at.checkpoints | 1 << c,
                    ..at
                })
                .chain((0..space.validators).map(|v| Choice {
                    validators: at.validators | 1 << v,
                    ..at
                }));
            let next = more
                .map(|c| (value(c), c))
                .fold(best, |a, b| if b.0 < a.0 { b } else { a });
            if next.0 >= best.0 {
                return best.0;
            }
            best = next;
        }
    }

    #[test]
    fn a_beam_search_never_loses_to_the_greedy_one_nor_beats_all() {
        for seed in 0..6 {
            let world = world(6, 5, seed);
            world.with(Objective::CostRatio, |space| {
                let found = beam::search(space, &|_| {}, &Interrupt::default()).expect("places");
                let found = found.expect("not interrupted");
                let all = space
                    .search(&|_| {}, &Interrupt::default())
                    .expect("places");
                let all = all.expect("not interrupted");
                let best = |found: &Found| {
                    let last = found.within(space.max_frr).last().copied();
                    last.map_or(f64::INFINITY, |c| c.objective)
                };
                assert!(!found.exhaustive);
                assert!(found.examined < all.examined);
                assert!(best(&found) <= greedy(space), "seed {seed}");
                assert!(best(&found) >= best(&all));
            });
        }
    }

    #[test]
    fn an_interrupted_search_finds_nothing() {
        let world = world(2, 2, 1);
        let interrupt = Interrupt::default();
        interrupt.raise();
        world.with(Objective::CostRatio, |space| {
            assert_eq!(space.search(&|_| {}, &interrupt).expect("places"), None);
            assert_eq!(
                beam::search(space, &|_| {}, &interrupt).expect("places"),
                None
            );
        });
    }
}
