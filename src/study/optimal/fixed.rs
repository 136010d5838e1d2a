//! The best policy with fixed thresholds: at each of the scenario's checkpoints a subset of its
//! validators, or none, with one threshold, whatever was seen before.
//!
//! Validators that alarm leave nothing to a threshold, so their subsets are all tried. Where scores
//! are consulted, or where there are too many subsets, the checkpoints are improved one at a time
//! until none can be, from the scenario's own policy and from no policy: a local best, which is said.

use super::Cost;
use crate::engine::Interrupt;
use crate::policy::Checkpoint;
use crate::scenario::{Response, Scenario};
use crate::theory::Exact;

/// Most policies that are all tried.
const MOST_POLICIES: usize = 2048;
/// Validators of a checkpoint whose subsets are all tried, where not all policies are.
const MOST_VALIDATORS: usize = 8;
/// Thresholds that are tried first: i/GRID for i below it.
const GRID: usize = 20;
/// Thresholds are then moved by ever smaller steps, down to this.
const FINEST: f64 = 1e-5;

/// What stands at each of the scenario's checkpoints; or what might stand at one of them.
type Plan = Vec<Option<Checkpoint<usize>>>;

/// The best that was found.
#[derive(Debug)]
pub(super) struct Fixed {
    pub(super) checkpoints: Vec<Checkpoint<usize>>,
    pub(super) exact: Exact,
    pub(super) examined: usize,
    pub(super) exhaustive: bool,
}

/// Evaluates policies, counts them and keeps the best.
struct Search<'s> {
    scenario: &'s Scenario,
    cost: Cost,
    interrupt: &'s Interrupt,
    best: Option<(f64, Plan, Exact)>,
    examined: usize,
}

impl Search<'_> {
    /// Whether `policy` is better than the best so far, which it then is. Of equals the first stays.
    fn improves(&mut self, policy: &[Option<Checkpoint<usize>>]) -> bool {
        if self.interrupt.raised() {
            return false;
        }
        let checkpoints = policy.iter().flatten().cloned().collect();
        let exact = Exact::new(&self.scenario.with_checkpoints(checkpoints));
        self.examined += 1;
        let Some(cost) = self.cost.of(&exact) else {
            return false;
        };
        let bar = self.best.as_ref().map_or(f64::INFINITY, |best| best.0);
        let better = cost < bar * (1.0 - 1e-13);
        if better {
            self.best = Some((cost, policy.to_vec(), exact));
        }
        better
    }

    /// Improves the best policy one checkpoint at a time.
    fn descend(&mut self, start: Plan, options: &[Plan]) {
        let mut policy = start;
        self.improves(&policy);
        loop {
            let mut moved = false;
            for (i, options) in options.iter().enumerate() {
                for option in options {
                    let mut other = policy.clone();
                    other[i].clone_from(option);
                    if self.improves(&other) {
                        policy = other;
                        moved = true;
                    }
                }
            }
            if !moved {
                break;
            }
        }
        let mut step = 0.5 / GRID as f64;
        while step > FINEST {
            let mut moved = false;
            for i in 0..policy.len() {
                for sign in [-1.0, 1.0] {
                    let mut other = policy.clone();
                    let Some(checkpoint) = other[i].as_mut() else {
                        continue;
                    };
                    let threshold = checkpoint.threshold + sign * step;
                    if !has_score(self.scenario, &checkpoint.validators)
                        || !(0.0..1.0).contains(&threshold)
                    {
                        continue;
                    }
                    checkpoint.threshold = threshold;
                    if self.improves(&other) {
                        policy = other;
                        moved = true;
                    }
                }
            }
            if !moved {
                step *= 0.5;
            }
        }
    }
}

/// The best fixed thresholds and subsets of the scenario's own checkpoints; nothing where a
/// checkpoint has more validators than subsets can be tried of.
pub(super) fn best(scenario: &Scenario, cost: Cost, interrupt: &Interrupt) -> Option<Fixed> {
    let own = scenario.checkpoints();
    let subsets = own.iter().map(|c| c.validators.len());
    let widest = subsets.clone().max().unwrap_or(0);
    let bits: usize = subsets.sum();
    let scored = own.iter().any(|c| has_score(scenario, &c.validators));
    let exhaustive = !scored && bits < 63 && 1_usize << bits <= MOST_POLICIES;
    if !exhaustive && widest > MOST_VALIDATORS {
        return None;
    }
    let options: Vec<Plan> = own.iter().map(|c| options(scenario, c)).collect();
    let mut search = Search {
        scenario,
        cost,
        interrupt,
        best: None,
        examined: 0,
    };
    let none = vec![None; own.len()];
    if exhaustive {
        let mut at = vec![0; own.len()];
        loop {
            let policy: Vec<_> = at
                .iter()
                .zip(&options)
                .map(|(&i, options)| options[i].clone())
                .collect();
            search.improves(&policy);
            // The next combination, the last checkpoint fastest.
            let Some(i) = (0..at.len()).rev().find(|&i| at[i] + 1 < options[i].len()) else {
                break;
            };
            at[i] += 1;
            at[i + 1..].fill(0);
        }
    } else {
        search.descend(none, &options);
        search.descend(own.iter().cloned().map(Some).collect(), &options);
    }
    let (_, policy, exact) = search.best?;
    Some(Fixed {
        checkpoints: policy.into_iter().flatten().collect(),
        exact,
        examined: search.examined,
        exhaustive,
    })
}

/// Whether a threshold matters to these validators.
fn has_score(scenario: &Scenario, validators: &[usize]) -> bool {
    validators
        .iter()
        .any(|&v| matches!(scenario.validators()[v].response, Response::Score(_)))
}

/// No checkpoint, and every subset of its validators, with every threshold of the grid where there
/// are scores.
fn options(scenario: &Scenario, checkpoint: &Checkpoint<usize>) -> Plan {
    let mut options = vec![None];
    for subset in 1_usize..1 << checkpoint.validators.len() {
        let chosen = checkpoint.validators.iter().enumerate();
        let chosen = chosen.filter(|(i, _)| subset >> i & 1 == 1);
        let validators: Vec<usize> = chosen.map(|(_, &v)| v).collect();
        let thresholds = if has_score(scenario, &validators) {
            GRID
        } else {
            1
        };
        options.extend((0..thresholds).map(|i| {
            Some(Checkpoint {
                validators: validators.clone(),
                threshold: i as f64 / GRID as f64,
                ..checkpoint.clone()
            })
        }));
    }
    options
}
