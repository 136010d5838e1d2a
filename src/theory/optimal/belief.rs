//! What may be believed of a generation: masses over (latent state, sticky verdicts known so far)
//! at each node of difficulty.
//!
//! A sticky validator that is consulted at several checkpoints repeats its verdict while a fault
//! lasts. Whoever has heard it on a fault knows what it will say of that fault, and does not know
//! what it will say of the next one. A belief over the latent state alone forgets the difference,
//! so a cell holds both.

use super::experiment::{Experiment, Verdict};
use crate::scenario::{CLEAN, Conditions, Response, Scenario};
use crate::theory::joint::{self, Look};

/// Bits of a verdict in [`Cell::known`]: 0 is not heard yet.
const BITS: usize = 2;
const SILENT: u128 = 1;
const ALARMED: u128 = 2;
/// Sticky validators that fit a cell.
pub(super) const MOST_STICKY: usize = 64;

/// A latent state, and what each sticky validator is known to say of the present fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell {
    pub(super) state: usize,
    pub(super) known: u128,
}

const IN_CLEAN: Cell = Cell {
    state: CLEAN,
    known: 0,
};

/// Masses, not negative; their sum is the probability of what was seen unless it was divided out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Belief {
    /// In order, each once.
    cells: Vec<Cell>,
    /// `[cell · nodes + node]`
    mass: Vec<f64>,
}

/// The scenario at finitely many difficulties.
#[derive(Debug)]
pub(super) struct World<'s> {
    pub(super) scenario: &'s Scenario,
    /// Weight and rates of each node of difficulty.
    nodes: Vec<(f64, Conditions)>,
    /// Place in [`Cell::known`] of each validator whose verdict has to be remembered.
    slots: Vec<Option<usize>>,
    /// `[stage][node · states + state]`: mean tokens of the stage given the state before it.
    tokens: Vec<Vec<f64>>,
}

impl<'s> World<'s> {
    /// `prompts` are (weight, δ).
    pub(super) fn new(scenario: &'s Scenario, prompts: &[(f64, f64)]) -> Self {
        let nodes: Vec<(f64, Conditions)> = prompts
            .iter()
            .map(|&(weight, delta)| (weight, scenario.conditions(delta)))
            .collect();
        let mut sticky = 0;
        let slots = (0..scenario.validators().len())
            .map(|v| {
                is_remembered(scenario, v).then(|| {
                    sticky += 1;
                    sticky - 1
                })
            })
            .collect();
        let mut world = Self {
            scenario,
            nodes,
            slots,
            tokens: Vec::new(),
        };
        world.tokens = (0..scenario.stages().len())
            .map(|k| {
                let mean = scenario.stages()[k].mean();
                world.ahead(k, |conditions, x| {
                    mean * conditions.length * scenario.length_factor(x)
                })
            })
            .collect();
        world
    }

    pub(super) fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Validators whose verdicts have to be remembered.
    pub(super) fn sticky(&self) -> usize {
        self.slots.iter().flatten().count()
    }

    /// `[node · states + state]`: the mean of `of` the state after the change of stage `k`, given
    /// the state before it.
    pub(super) fn ahead(&self, k: usize, of: impl Fn(&Conditions, usize) -> f64) -> Vec<f64> {
        let states = self.scenario.states().len();
        let mut table = Vec::with_capacity(self.nodes.len() * states);
        for (_, conditions) in &self.nodes {
            let after: Vec<f64> = (0..states).map(|x| of(conditions, x)).collect();
            let onset = conditions.hazard[k].iter().zip(&after[1..]);
            table.push(
                conditions.stays_clean[k] * after[CLEAN] + onset.map(|(h, a)| h * a).sum::<f64>(),
            );
            for fault in 0..states - 1 {
                let recovery = self.scenario.recovery(k, fault);
                table.push(recovery * after[CLEAN] + (1.0 - recovery) * after[fault + 1]);
            }
        }
        table
    }

    /// Mean tokens of stage `k`, times the mass of `belief`, which is that before the stage.
    pub(super) fn tokens(&self, belief: &Belief, k: usize) -> f64 {
        self.mean(belief, &self.tokens[k])
    }

    /// Sum of mass · table; the table is as [`World::ahead`] makes it.
    pub(super) fn mean(&self, belief: &Belief, table: &[f64]) -> f64 {
        let states = self.scenario.states().len();
        let rows = belief
            .cells
            .iter()
            .zip(belief.mass.chunks_exact(self.nodes()));
        rows.map(|(cell, row)| {
            let terms = row.iter().zip(table.chunks_exact(states));
            terms
                .map(|(m, by_state)| m * by_state[cell.state])
                .sum::<f64>()
        })
        .sum()
    }

    /// Before the first stage.
    pub(super) fn start(&self) -> Belief {
        Belief {
            cells: vec![IN_CLEAN],
            mass: self.nodes.iter().map(|(weight, _)| *weight).collect(),
        }
    }

    /// After the change of state in stage `k`.
    pub(super) fn advance(&self, belief: &Belief, k: usize) -> Belief {
        let n = self.nodes();
        let faults = self.scenario.states().len() - 1;
        let mut rows: Vec<(Cell, Vec<f64>)> = Vec::with_capacity(belief.cells.len() + faults);
        let mut clean = vec![0.0; n];
        let mut recovered = vec![0.0; n];
        for (&cell, row) in belief.cells.iter().zip(belief.mass.chunks_exact(n)) {
            if cell.state == CLEAN {
                clean.copy_from_slice(row);
                continue;
            }
            let recovery = self.scenario.recovery(k, cell.state - 1);
            add(&mut recovered, row.iter().map(|m| m * recovery));
            rows.push((cell, row.iter().map(|m| m * (1.0 - recovery)).collect()));
        }
        for fault in 0..faults {
            let onset = clean.iter().zip(&self.nodes);
            let onset = onset.map(|(m, (_, conditions))| m * conditions.hazard[k][fault]);
            let fresh = Cell {
                state: fault + 1,
                known: 0,
            };
            if let Some((_, row)) = rows.iter_mut().find(|(cell, _)| *cell == fresh) {
                add(row, onset);
            } else {
                rows.push((fresh, onset.collect()));
            }
        }
        let stays = clean.iter().zip(&self.nodes).zip(&recovered);
        let stays = stays.map(|((m, (_, conditions)), back)| m * conditions.stays_clean[k] + back);
        rows.push((IN_CLEAN, stays.collect()));
        rows.sort_by_key(|(cell, _)| *cell);
        let mut after = Belief::nowhere();
        for (cell, row) in rows {
            after.push(cell, row.into_iter());
        }
        after
    }

    /// `belief` once `verdict` of `experiment` has been seen, its mass multiplied by the
    /// probability of it.
    pub(super) fn see(&self, belief: &Belief, experiment: &Experiment, verdict: usize) -> Belief {
        let n = self.nodes();
        let rows = belief.cells.iter().zip(belief.mass.chunks_exact(n));
        let mut seen = Belief::nowhere();
        match experiment {
            Experiment::Table(verdicts) => {
                for (&cell, row) in rows {
                    let likelihood = verdicts[verdict].by_state[cell.state];
                    seen.push(cell, row.iter().map(|m| m * likelihood));
                }
            }
            Experiment::Together(look) => {
                for (&cell, row) in rows {
                    let likelihoods = self.together(look, verdict, cell.state);
                    seen.push(cell, row.iter().zip(likelihoods).map(|(m, p)| m * p));
                }
            }
            Experiment::Alarm { validator } => {
                let alarmed = verdict == Verdict::ALARM;
                let heard = rows.map(|(&cell, row)| self.hear(cell, row, *validator, alarmed));
                let mut heard: Vec<(Cell, Vec<f64>)> = heard.collect();
                // Two cells may become one: a verdict heard before and the same one heard now.
                heard.sort_by_key(|(cell, _)| *cell);
                heard.dedup_by(|(cell, row), (kept, sum)| {
                    let same = cell == kept;
                    if same {
                        add(sum, row.iter().copied());
                    }
                    same
                });
                for (cell, row) in heard {
                    seen.push(cell, row.into_iter());
                }
            }
        }
        seen
    }

    /// P(verdict | state) of a group at each node of difficulty.
    fn together(&self, look: &Look, verdict: usize, state: usize) -> Vec<f64> {
        let place = |v: usize| look.validators().iter().position(|&other| other == v);
        let alarms = |v: usize| place(v).is_some_and(|i| Verdict::alarms(verdict, i));
        let nodes = self.nodes.iter();
        nodes
            .map(|(_, conditions)| {
                look.says(alarms, |v| match state {
                    CLEAN => (conditions.false_alarm[v], conditions.silence[v]),
                    _ => joint::detection(self.scenario, state - 1, v),
                })
            })
            .collect()
    }

    /// One cell once `validator` has alarmed or been silent.
    fn hear(&self, cell: Cell, row: &[f64], validator: usize, alarmed: bool) -> (Cell, Vec<f64>) {
        let Response::Alarm { detects, .. } = &self.scenario.validators()[validator].response
        else {
            unreachable!("alarms come from validators that alarm")
        };
        if cell.state == CLEAN {
            let nodes = row.iter().zip(&self.nodes);
            let seen = nodes.map(|(m, (_, conditions))| {
                m * if alarmed {
                    conditions.false_alarm[validator]
                } else {
                    conditions.silence[validator]
                }
            });
            return (cell, seen.collect());
        }
        let fresh = if alarmed {
            detects[cell.state - 1]
        } else {
            1.0 - detects[cell.state - 1]
        };
        let Some(slot) = self.slots[validator] else {
            return (cell, row.iter().map(|m| m * fresh).collect());
        };
        let says = if alarmed { ALARMED } else { SILENT };
        let likelihood = match cell.known >> (BITS * slot) & 3 {
            0 => fresh,
            known => f64::from(u8::from(known == says)),
        };
        let known = cell.known & !(3 << (BITS * slot)) | says << (BITS * slot);
        let row = row.iter().map(|m| m * likelihood).collect();
        (Cell { known, ..cell }, row)
    }
}

fn add(sum: &mut [f64], terms: impl Iterator<Item = f64>) {
    for (to, m) in sum.iter_mut().zip(terms) {
        *to += m;
    }
}

/// A sticky validator that at most one checkpoint consults is never heard twice.
fn is_remembered(scenario: &Scenario, v: usize) -> bool {
    let looks = scenario.checkpoints().iter();
    let looks = looks.filter(|c| c.validators.contains(&v)).count();
    let sticky = matches!(
        scenario.validators()[v].response,
        Response::Alarm { sticky: true, .. }
    );
    sticky && looks > 1
}

impl Belief {
    /// No mass at all.
    fn nowhere() -> Self {
        Self {
            cells: Vec::new(),
            mass: Vec::new(),
        }
    }

    /// Adds a cell behind the others; one without mass is left out.
    fn push(&mut self, cell: Cell, row: impl Iterator<Item = f64>) {
        let start = self.mass.len();
        self.mass.extend(row);
        if self.mass[start..].iter().any(|&m| m > 0.0) {
            self.cells.push(cell);
        } else {
            self.mass.truncate(start);
        }
    }

    /// Numbers that it holds.
    pub(super) fn len(&self) -> usize {
        self.mass.len()
    }

    /// Its mass, which is divided out.
    pub(super) fn normalise(&mut self) -> f64 {
        let total: f64 = self.mass.iter().sum();
        if total > 0.0 {
            for m in &mut self.mass {
                *m /= total;
            }
        }
        total
    }

    /// Equal for beliefs that differ by rounding alone (by less than 2^-40 in every mass).
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "masses lie in [0, 1]"
    )]
    pub(super) fn key(&self) -> (Vec<Cell>, Vec<u64>) {
        let grid = (1_u64 << 40) as f64;
        let mass = self.mass.iter().map(|m| (m * grid).round() as u64);
        (self.cells.clone(), mass.collect())
    }
}
