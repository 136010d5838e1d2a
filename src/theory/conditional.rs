//! Forward recursion for prompts of one difficulty, with killing (who is still alive) and without
//! (what everybody would have come to), and the rejected mass carried on to the end.
//!
//! Every figure is a sum of products of probabilities and mean tokens: nothing is obtained as a
//! difference of two large numbers, so small rates keep their digits.

use super::chain::{Chain, Fate};
use crate::scenario::{CLEAN, Conditions};

/// Numerators and denominators of all exact figures, given δ or integrated over it.
///
/// Flat, so that the quadrature can treat it as a vector; the accessors know the layout.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Numerators {
    layout: Layout,
    pub(super) values: Vec<f64>,
}

/// Numbers of stages and states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    stages: usize,
    states: usize,
}

/// Per-stage rows of the layout.
#[derive(Debug, Clone, Copy)]
pub(super) enum ByStage {
    /// `E[L_i]`
    Tokens,
    /// P(τ = k)
    Rejected,
    /// `E[L_i 1{τ < i}]`
    Avoided,
    /// `q_k` `E[C_K − C_k | τ = k]`
    AvoidedBy,
    /// P(τ ≥ k), the checkpoint being reached; 0 without one
    Reached,
}

/// Per-state rows of the layout.
#[derive(Debug, Clone, Copy)]
pub(super) enum ByState {
    /// P(final state)
    All,
    /// P(final state, survives)
    Surviving,
    /// P(final state, rejected)
    Rejected,
}

impl Layout {
    fn of(chain: &Chain<'_>) -> Self {
        Self {
            stages: chain.scenario.stages().len(),
            states: chain.scenario.states().len(),
        }
    }

    fn len(self) -> usize {
        5 * self.stages + 3 * self.states
    }

    fn stage(self, row: ByStage, k: usize) -> usize {
        row as usize * self.stages + k
    }

    fn state(self, row: ByState, x: usize) -> usize {
        5 * self.stages + row as usize * self.states + x
    }
}

impl Numerators {
    pub(super) fn zero(chain: &Chain<'_>) -> Self {
        let layout = Layout::of(chain);
        Self {
            layout,
            values: vec![0.0; layout.len()],
        }
    }

    pub(super) fn from_values(chain: &Chain<'_>, values: Vec<f64>) -> Self {
        Self {
            layout: Layout::of(chain),
            values,
        }
    }

    pub(super) fn by_stage(&self, row: ByStage) -> &[f64] {
        let start = self.layout.stage(row, 0);
        &self.values[start..start + self.layout.stages]
    }

    pub(super) fn by_state(&self, row: ByState) -> &[f64] {
        let start = self.layout.state(row, 0);
        &self.values[start..start + self.layout.states]
    }

    /// Σ over final states of P(state, …) · `weight`.
    pub(super) fn weighted(&self, row: ByState, weight: impl Fn(usize) -> f64) -> f64 {
        let masses = self.by_state(row).iter().enumerate();
        masses.map(|(x, mass)| mass * weight(x)).sum()
    }
}

/// What the recursion works in, kept from one difficulty to the next.
#[derive(Debug)]
struct Workspace {
    /// `[k · states + state]`: see [`remaining_tokens`].
    remaining: Vec<f64>,
    /// Tokens that a state at the end of a stage has in it and after it.
    after: Vec<f64>,
    /// Everybody, by state.
    all: Vec<f64>,
    /// The rejected, by state.
    rejected: Vec<f64>,
    /// The alive, `[fault · stages + stage of onset]`.
    alive_faulty: Vec<f64>,
}

impl Workspace {
    fn new(layout: Layout) -> Self {
        Self {
            remaining: vec![0.0; layout.stages * layout.states],
            after: vec![0.0; layout.states],
            all: vec![0.0; layout.states],
            rejected: vec![0.0; layout.states],
            alive_faulty: vec![0.0; (layout.states - 1) * layout.stages],
        }
    }
}

/// Evaluates numerators at one difficulty after another, without asking for memory each time.
#[derive(Debug)]
pub(super) struct Recursion {
    conditions: Conditions,
    work: Workspace,
    figures: Numerators,
}

impl Recursion {
    pub(super) fn new(chain: &Chain<'_>) -> Self {
        let figures = Numerators::zero(chain);
        Self {
            conditions: Conditions::default(),
            work: Workspace::new(figures.layout),
            figures,
        }
    }

    /// All numerators for prompts of difficulty `delta`, of the chain that this was made for.
    pub(super) fn at(&mut self, chain: &Chain<'_>, delta: f64) -> &Numerators {
        chain.scenario.set_conditions(delta, &mut self.conditions);
        evaluate(chain, &self.conditions, &mut self.work, &mut self.figures);
        &self.figures
    }
}

/// All numerators for prompts under `conditions`, into `figures`.
fn evaluate(
    chain: &Chain<'_>,
    conditions: &Conditions,
    work: &mut Workspace,
    figures: &mut Numerators,
) {
    let scenario = chain.scenario;
    let layout = figures.layout;
    let tokens_in = |k: usize, state: usize| {
        chain.mean_tokens[k] * conditions.length * scenario.length_factor(state)
    };
    let Workspace {
        remaining,
        after,
        all,
        rejected,
        alive_faulty,
    } = work;
    remaining_tokens(chain, conditions, &tokens_in, after, remaining);
    figures.values.fill(0.0);
    for mass in [&mut *all, rejected, alive_faulty] {
        mass.fill(0.0);
    }
    all[CLEAN] = 1.0;
    let mut alive_clean = 1.0;

    for k in 0..layout.stages {
        let hazard = &conditions.hazard[k];
        let stays_clean = conditions.stays_clean[k];
        for mass in [&mut *all, rejected] {
            step(mass, hazard, stays_clean, |j| scenario.recovery(k, j));
        }
        let mut recovered = 0.0;
        for (j, by_onset) in alive_faulty.chunks_exact_mut(layout.stages).enumerate() {
            let recovery = scenario.recovery(k, j);
            for mass in &mut by_onset[..k] {
                recovered += *mass * recovery;
                *mass *= 1.0 - recovery;
            }
            by_onset[k] = alive_clean * hazard[j];
        }
        alive_clean = alive_clean * stays_clean + recovered;

        for x in 0..layout.states {
            let tokens = tokens_in(k, x);
            figures.values[layout.stage(ByStage::Tokens, k)] += all[x] * tokens;
            figures.values[layout.stage(ByStage::Avoided, k)] += rejected[x] * tokens;
        }
        let Some(gate) = &chain.checkpoints[k] else {
            continue;
        };
        let mut reached = alive_clean;
        let mut stop = |mass: &mut f64, fate: Fate, state: usize| {
            let lost = *mass * fate.stops;
            *mass *= fate.passes;
            rejected[state] += lost;
            figures.values[layout.stage(ByStage::Rejected, k)] += lost;
            figures.values[layout.stage(ByStage::AvoidedBy, k)] +=
                lost * remaining[k * layout.states + state];
        };
        stop(&mut alive_clean, gate.clean(conditions), CLEAN);
        for (j, by_onset) in alive_faulty.chunks_exact_mut(layout.stages).enumerate() {
            for (onset, mass) in by_onset[..=k].iter_mut().enumerate() {
                reached += *mass;
                stop(mass, gate.faulty(j, onset), j + 1);
            }
        }
        figures.values[layout.stage(ByStage::Reached, k)] = reached;
    }

    for x in 0..layout.states {
        let surviving = if x == CLEAN {
            alive_clean
        } else {
            alive_faulty[(x - 1) * layout.stages..x * layout.stages]
                .iter()
                .sum()
        };
        figures.values[layout.state(ByState::All, x)] = all[x];
        figures.values[layout.state(ByState::Surviving, x)] = surviving;
        figures.values[layout.state(ByState::Rejected, x)] = rejected[x];
    }
}

/// One stage of the chain without killing.
fn step(mass: &mut [f64], hazard: &[f64], stays_clean: f64, recovery: impl Fn(usize) -> f64) {
    let clean = mass[CLEAN];
    let mut recovered = 0.0;
    for (j, h) in hazard.iter().enumerate() {
        let returns = recovery(j);
        recovered += mass[j + 1] * returns;
        mass[j + 1] = mass[j + 1] * (1.0 - returns) + clean * h;
    }
    mass[CLEAN] = clean * stays_clean + recovered;
}

/// `[k · states + state]`: `E[C_K − C_k | state at the end of stage k]`, by backward recursion.
fn remaining_tokens(
    chain: &Chain<'_>,
    conditions: &Conditions,
    tokens_in: &impl Fn(usize, usize) -> f64,
    after: &mut [f64],
    remaining: &mut [f64],
) {
    let scenario = chain.scenario;
    let stages = scenario.stages().len();
    let states = scenario.states().len();
    remaining[(stages - 1) * states..].fill(0.0);
    for k in (1..stages).rev() {
        let (before, here) = remaining[(k - 1) * states..(k + 1) * states].split_at_mut(states);
        for (x, (after, here)) in after.iter_mut().zip(here).enumerate() {
            *after = tokens_in(k, x) + *here;
        }
        let hazard = &conditions.hazard[k];
        let onset: f64 = hazard.iter().zip(&after[1..]).map(|(h, v)| h * v).sum();
        before[CLEAN] = conditions.stays_clean[k] * after[CLEAN] + onset;
        for j in 0..states - 1 {
            let recovery = scenario.recovery(k, j);
            before[j + 1] = recovery * after[CLEAN] + (1.0 - recovery) * after[j + 1];
        }
    }
}

/// Cost of retrying a prompt until it yields, (policy, full): infinite where it never does.
pub(super) fn retry_accounts(chain: &Chain<'_>, figures: &Numerators) -> [f64; 2] {
    let accepts = chain.scenario.accepts();
    let full: f64 = figures.by_stage(ByStage::Tokens).iter().sum();
    let avoided: f64 = figures.by_stage(ByStage::Avoided).iter().sum();
    let paid = full - avoided + checkpoint_cost(chain, figures);
    let retained = figures.weighted(ByState::Surviving, |x| accepts[x]);
    let accepted = figures.weighted(ByState::All, |x| accepts[x]);
    [paid / retained, full / accepted]
}

/// Σ `v_k` P(τ ≥ k).
pub(super) fn checkpoint_cost(chain: &Chain<'_>, figures: &Numerators) -> f64 {
    let reached = figures.by_stage(ByStage::Reached);
    chain
        .scenario
        .checkpoints()
        .iter()
        .map(|c| c.cost_tokens * reached[c.at])
        .sum()
}
