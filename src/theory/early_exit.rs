//! Exact figures of early exit and rejection: the four arms – full generation, rejection alone, early
//! exit alone, both.
//!
//! The chain of states runs once for each arm: with killing at checkpoints where the arm rejects, with
//! exits behind them where it exits early, and the rejected weighted by what the same arm without
//! rejection would have made of them (a backward recursion). The recursion is written apart from that
//! of [`Exact`](super::Exact), with which its first two arms must agree. Over difficulty, numerators
//! and denominators are integrated apart.

use super::chain::{Chain, Fate};
use super::difficulty::panel_edges;
use super::quadrature::GaussLegendre;
use crate::scenario::{CLEAN, Conditions, ExitLaw, Scenario};
use crate::stats::product_tails;

/// Number of arms; arm number a rejects if a & 1, and exits early if a & 2.
const ARMS: usize = 4;
const REJECTS: usize = 1;
const EXITS: usize = 2;
/// Figures of each arm.
const PER_ARM: usize = 6;
/// Figures beside those of the arms: what early exit loses and gains.
const SHARED: usize = 2;

/// What an arm comes to per attempt: tokens, and shares in [0, 1].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arm {
    /// Tokens paid; checkpoints, probes and early answers included.
    pub tokens: f64,
    /// Not rejected: what reaches the final filter.
    pub delivered: f64,
    /// Delivered and accepted.
    pub retained: f64,
    /// Value of what is retained.
    pub utility: f64,
    /// Exited early.
    pub exited: f64,
    /// Rejected, but accepted by the same arm without rejection.
    pub falsely_rejected: f64,
}

/// The four arms of a scenario.
#[derive(Debug, Clone)]
pub struct Arms {
    values: Vec<f64>,
    probes: usize,
    error: f64,
}

impl Arms {
    /// Evaluates `scenario`; `None` if it knows no early exit.
    pub fn new(scenario: &Scenario) -> Option<Self> {
        if scenario.probes().is_empty() {
            return None;
        }
        let chain = Chain::new(scenario);
        let gates = Exits::new(scenario);
        let sd = scenario.difficulty_sd();
        let at = |z: f64| given(&chain, &gates, sd * z);
        let (values, error) = if sd > 0.0 {
            let (panels, error) = GaussLegendre::new().integrate(&panel_edges(), &mut |z| at(z));
            let mut total = vec![0.0; panels[0].len()];
            for panel in panels {
                for (t, part) in total.iter_mut().zip(panel) {
                    *t += part;
                }
            }
            (total, error)
        } else {
            (at(0.0), 0.0)
        };
        Some(Self {
            values,
            probes: scenario.probes().len(),
            error,
        })
    }

    /// Largest relative disagreement that the quadrature left; above 1e-10 the figures are not as exact
    /// as promised.
    pub fn quadrature_error(&self) -> f64 {
        self.error
    }

    /// Arm number `arm`: 0 full generation, 1 rejection alone, 2 early exit alone, 3 both.
    pub fn arm(&self, arm: usize) -> Arm {
        let [
            tokens,
            delivered,
            retained,
            utility,
            exited,
            falsely_rejected,
        ] = std::array::from_fn(|i| self.values[PER_ARM * arm + i]);
        Arm {
            tokens,
            delivered,
            retained,
            utility,
            exited,
            falsely_rejected,
        }
    }

    /// P(accepted in full, but not after the early exit), in the arm of early exit alone.
    pub fn lost(&self) -> f64 {
        self.values[PER_ARM * ARMS]
    }

    /// P(accepted after the early exit, but not in full), likewise.
    pub fn gained(&self) -> f64 {
        self.values[PER_ARM * ARMS + 1]
    }

    /// P(exit at each probe) in the arm of early exit alone, or with rejection.
    pub fn exits(&self, with_rejection: bool) -> &[f64] {
        let start = PER_ARM * ARMS + SHARED + usize::from(with_rejection) * self.probes;
        &self.values[start..start + self.probes]
    }
}

/// Probabilities of exit, prepared once for all difficulties where they do not depend on it.
struct Exits<'s> {
    scenario: &'s Scenario,
    /// Index of the probe after each stage.
    by_stage: Vec<Option<usize>>,
    /// `[probe][state]`: (exit, no exit) of a confidence; empty for probabilities.
    confident: Vec<Vec<Fate>>,
}

impl<'s> Exits<'s> {
    fn new(scenario: &'s Scenario) -> Self {
        let probes = scenario.probes();
        let at = |k: usize| probes.iter().position(|probe| probe.at == k);
        let confident = |law: &ExitLaw| match law {
            ExitLaw::Probability { .. } => Vec::new(),
            ExitLaw::Confidence { laws, threshold } => laws
                .iter()
                .map(|law| {
                    let (below, above) = product_tails(&[(law.a, law.b)], *threshold);
                    Fate {
                        passes: below,
                        stops: above,
                    }
                })
                .collect(),
        };
        Self {
            scenario,
            by_stage: (0..scenario.stages().len()).map(at).collect(),
            confident: probes.iter().map(|probe| confident(&probe.law)).collect(),
        }
    }

    /// What probe number `probe` does to a generation in `state` of a prompt of difficulty `delta`.
    fn fate(&self, probe: usize, state: usize, delta: f64) -> Fate {
        let law = &self.scenario.probes()[probe].law;
        match law.probability_at(state, delta) {
            Some((stops, passes)) => Fate { passes, stops },
            None => self.confident[probe][state],
        }
    }
}

/// All figures for prompts of difficulty `delta`.
fn given(chain: &Chain<'_>, exits: &Exits<'_>, delta: f64) -> Vec<f64> {
    let conditions = chain.scenario.conditions(delta);
    let run = Run {
        chain,
        exits,
        conditions: &conditions,
        delta,
    };
    let probes = chain.scenario.probes().len();
    let mut values = vec![0.0; PER_ARM * ARMS + SHARED + 2 * probes];
    for arm in 0..ARMS {
        let (own, rest) = values.split_at_mut(PER_ARM * ARMS);
        let exits = match arm {
            2 => Some(&mut rest[SHARED..SHARED + probes]),
            3 => Some(&mut rest[SHARED + probes..]),
            _ => None,
        };
        run.arm(arm, &mut own[PER_ARM * arm..][..PER_ARM], exits);
    }
    let [lost, gained] = run.changes();
    values[PER_ARM * ARMS] = lost;
    values[PER_ARM * ARMS + 1] = gained;
    values
}

/// The chain for prompts of one difficulty.
struct Run<'r> {
    chain: &'r Chain<'r>,
    exits: &'r Exits<'r>,
    conditions: &'r Conditions,
    delta: f64,
}

/// Who is under way: clean, and `[fault][stage of onset]`, as sticky verdicts need it.
struct Alive {
    clean: f64,
    faulty: Vec<Vec<f64>>,
}

impl Alive {
    /// By state.
    fn by_state(&self) -> Vec<f64> {
        let faulty = self.faulty.iter().map(|by_onset| by_onset.iter().sum());
        std::iter::once(self.clean).chain(faulty).collect()
    }
}

impl Run<'_> {
    fn states(&self) -> usize {
        self.chain.scenario.states().len()
    }

    fn tokens_in(&self, k: usize, state: usize) -> f64 {
        let factor = self.chain.scenario.length_factor(state);
        self.chain.mean_tokens[k] * self.conditions.length * factor
    }

    /// P(state `y` at the end of stage `k` | state `x` at the end of the stage before).
    fn transition(&self, k: usize, x: usize, y: usize) -> f64 {
        if x == CLEAN {
            return match y {
                CLEAN => self.conditions.stays_clean[k],
                fault => self.conditions.hazard[k][fault - 1],
            };
        }
        let recovery = self.chain.scenario.recovery(k, x - 1);
        match y {
            CLEAN => recovery,
            y if y == x => 1.0 - recovery,
            _ => 0.0,
        }
    }

    /// `[k][state]`: P(accepted in an arm without rejection | state at the end of stage `k`, not exited
    /// before), with early exit or without.
    fn acceptance(&self, with_exits: bool) -> Vec<Vec<f64>> {
        let scenario = self.chain.scenario;
        let stages = scenario.stages().len();
        let mut by_stage = vec![scenario.accepts().to_vec(); stages];
        for k in (0..stages - 1).rev() {
            let later = std::mem::take(&mut by_stage[k + 1]);
            for (x, here) in by_stage[k].iter_mut().enumerate() {
                let goes_on: f64 = (0..self.states())
                    .map(|y| self.transition(k + 1, x, y) * later[y])
                    .sum();
                *here = match self.exits.by_stage[k].filter(|_| with_exits) {
                    None => goes_on,
                    Some(probe) => {
                        let fate = self.exits.fate(probe, x, self.delta);
                        let after = scenario.probes()[probe].accepts[x];
                        fate.stops * after + fate.passes * goes_on
                    }
                };
            }
            by_stage[k + 1] = later;
        }
        by_stage
    }

    /// The figures of arm number `arm` into `figures`, in the order of [`Arm`]; exits by probe into
    /// `exits`.
    fn arm(&self, arm: usize, figures: &mut [f64], mut exits: Option<&mut [f64]>) {
        let scenario = self.chain.scenario;
        let stages = scenario.stages().len();
        let acceptance = self.acceptance(arm & EXITS != 0);
        let (mut tokens, mut falsely) = (0.0, 0.0);
        let (mut delivered, mut retained, mut utility, mut exited) = (0.0, 0.0, 0.0, 0.0);
        let mut alive = Alive {
            clean: 1.0,
            faulty: vec![vec![0.0; stages]; self.states() - 1],
        };
        for k in 0..stages {
            self.step(k, &mut alive);
            let here = alive.by_state();
            let paid = (0..self.states()).map(|x| here[x] * self.tokens_in(k, x));
            tokens += paid.sum::<f64>();
            if let Some(gate) = self.chain.checkpoints[k]
                .as_ref()
                .filter(|_| arm & REJECTS != 0)
            {
                tokens += gate.cost_tokens * here.iter().sum::<f64>();
                let mut stop = |mass: &mut f64, fate: Fate, x: usize| {
                    falsely += *mass * fate.stops * acceptance[k][x];
                    *mass *= fate.passes;
                };
                stop(&mut alive.clean, gate.clean(self.conditions), CLEAN);
                for (fault, by_onset) in alive.faulty.iter_mut().enumerate() {
                    for (onset, mass) in by_onset[..=k].iter_mut().enumerate() {
                        stop(mass, gate.faulty(fault, onset), fault + 1);
                    }
                }
            }
            let Some(number) = self.exits.by_stage[k].filter(|_| arm & EXITS != 0) else {
                continue;
            };
            let probe = &scenario.probes()[number];
            let here = alive.by_state();
            tokens += probe.cost_tokens * here.iter().sum::<f64>();
            for (x, mass) in here.iter().enumerate() {
                let fate = self.exits.fate(number, x, self.delta);
                let exit = mass * fate.stops;
                tokens += exit * probe.answer_tokens;
                exited += exit;
                delivered += exit;
                retained += exit * probe.accepts[x];
                utility += exit * probe.accepts[x] * probe.utility[x];
                if let Some(exits) = &mut exits {
                    exits[number] += exit;
                }
                match x {
                    CLEAN => alive.clean *= fate.passes,
                    fault => alive.faulty[fault - 1]
                        .iter_mut()
                        .for_each(|m| *m *= fate.passes),
                }
            }
        }
        for (x, mass) in alive.by_state().iter().enumerate() {
            delivered += mass;
            retained += mass * scenario.accepts()[x];
            utility += mass * scenario.accepts()[x] * scenario.utility()[x];
        }
        figures.copy_from_slice(&[tokens, delivered, retained, utility, exited, falsely]);
    }

    /// One change of state.
    fn step(&self, k: usize, alive: &mut Alive) {
        let mut recovered = 0.0;
        for (fault, by_onset) in alive.faulty.iter_mut().enumerate() {
            let recovery = self.chain.scenario.recovery(k, fault);
            for mass in &mut by_onset[..k] {
                recovered += *mass * recovery;
                *mass *= 1.0 - recovery;
            }
            by_onset[k] = alive.clean * self.conditions.hazard[k][fault];
        }
        alive.clean = alive.clean * self.conditions.stays_clean[k] + recovered;
    }

    /// P(accepted in full, not after the early exit) and the reverse. One draw decides on both answers,
    /// so of acceptances a and b the smaller implies the other.
    fn changes(&self) -> [f64; 2] {
        let scenario = self.chain.scenario;
        let (stages, states) = (scenario.stages().len(), self.states());
        // `[x][y]`: P(final state y | state x at the end of stage k), from the last stage backwards.
        let mut final_state: Vec<Vec<f64>> = (0..states)
            .map(|x| (0..states).map(|y| f64::from(u8::from(x == y))).collect())
            .collect();
        let mut by_stage = vec![final_state.clone()];
        for k in (1..stages).rev() {
            final_state = (0..states)
                .map(|x| {
                    let to = |y: usize| {
                        let via = (0..states).map(|m| self.transition(k, x, m) * final_state[m][y]);
                        via.sum()
                    };
                    (0..states).map(to).collect()
                })
                .collect();
            by_stage.push(final_state.clone());
        }
        by_stage.reverse();
        let mut under_way = vec![0.0; states];
        under_way[CLEAN] = 1.0;
        let [mut lost, mut gained] = [0.0; 2];
        for (k, to_the_end) in by_stage.iter().enumerate() {
            under_way = (0..states)
                .map(|y| {
                    (0..states)
                        .map(|x| under_way[x] * self.transition(k, x, y))
                        .sum()
                })
                .collect();
            let Some(number) = self.exits.by_stage[k] else {
                continue;
            };
            for x in 0..states {
                let fate = self.exits.fate(number, x, self.delta);
                let after = scenario.probes()[number].accepts[x];
                for (y, full) in scenario.accepts().iter().enumerate() {
                    let mass = under_way[x] * fate.stops * to_the_end[x][y];
                    lost += mass * (full - after).max(0.0);
                    gained += mass * (after - full).max(0.0);
                }
                under_way[x] *= fate.passes;
            }
        }
        [lost, gained]
    }
}
