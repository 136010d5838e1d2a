//! Probes of early exit on the generations of the plain kernel.

use rand_distr::Beta;

use super::draws::{Draw, Draws};
use super::kernel::Generation;
use crate::outcome::{EarlyExitBatch, NEVER};
use crate::scenario::{ExitLaw, Probe, Scenario};

/// The probes of a scenario, ready to be drawn.
#[derive(Debug)]
pub(super) struct Probes<'s> {
    all: &'s [Probe],
    /// Index of the probe after each stage.
    by_stage: Vec<Option<usize>>,
    /// `[probe][state]`: laws of confidence; empty for a probe with probabilities.
    confidence: Vec<Vec<Beta<f64>>>,
    utility: &'s [f64],
}

/// An exit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exit {
    probe: usize,
    state: usize,
    accepted: bool,
}

impl<'s> Probes<'s> {
    pub(super) fn new(scenario: &'s Scenario) -> Self {
        let all = scenario.probes();
        let at = |k: usize| all.iter().position(|probe| probe.at == k);
        let laws = |probe: &Probe| match &probe.law {
            ExitLaw::Probability { .. } => Vec::new(),
            ExitLaw::Confidence { laws, .. } => laws
                .iter()
                .map(|law| Beta::new(law.a, law.b).expect("shapes of a checked law are positive"))
                .collect(),
        };
        Self {
            all,
            by_stage: (0..scenario.stages().len()).map(at).collect(),
            confidence: all.iter().map(laws).collect(),
            utility: scenario.utility(),
        }
    }

    /// Whether there are any.
    pub(super) fn any(&self) -> bool {
        !self.all.is_empty()
    }

    /// Whether the probe after stage `k`, if there is one, ends the reasoning of a generation that is
    /// in `state`.
    pub(super) fn look(
        &self,
        k: usize,
        state: usize,
        difficulty: f64,
        draws: &mut impl Draws,
    ) -> Option<Exit> {
        let probe = self.by_stage[k]?;
        let law = &self.all[probe].law;
        let exits = match (law, law.probability_at(state, difficulty)) {
            (_, Some((exit, _))) => draws.uniform(Draw::Exit { stage: k }) < exit,
            (ExitLaw::Confidence { threshold, .. }, None) => {
                let draw = Draw::Confidence { stage: k };
                draws.score(draw, &self.confidence[probe][state]) >= *threshold
            }
            (ExitLaw::Probability { .. }, None) => false,
        };
        exits.then_some(Exit {
            probe,
            state,
            accepted: false,
        })
    }

    /// The final filter is as strict with the early answer as with the full generation: one draw
    /// decides on both.
    pub(super) fn accept(&self, exit: &mut Exit, strictness: f64) {
        exit.accepted = strictness < self.all[exit.probe].accepts[exit.state];
    }

    /// Appends what becomes of `generation`; `rejected` are the stage after which the policy rejects it
    /// and the tokens paid until then, `charged` what its checkpoints up to a stage charge.
    pub(super) fn record(
        &self,
        generation: &Generation,
        rejected: Option<(usize, f64)>,
        charged: &dyn Fn(usize) -> f64,
        columns: &mut EarlyExitBatch,
    ) {
        // What probes charge that stand after stages for which `due` holds.
        let looks = |due: &dyn Fn(usize) -> bool| -> f64 {
            let due = self.all.iter().filter(|probe| due(probe.at));
            due.map(|probe| probe.cost_tokens).sum()
        };
        let last = self.by_stage.len() - 1;
        let exit = generation.exit.map(|exit| (exit, &self.all[exit.probe]));
        let (end, answer) = exit.map_or((last, 0.0), |(_, p)| (p.at, p.answer_tokens));
        let alone = generation.up_to(end) + looks(&|at| at <= end) + answer;
        let first = rejected.filter(|(stage, _)| *stage <= end);
        let both = match first {
            // The checkpoint comes before the probe at its stage.
            Some((stage, paid)) => paid + looks(&|at| at < stage),
            None => alone + charged(end),
        };
        columns.tokens_exit.push(alone);
        columns.tokens_both.push(both);
        columns.rejected_first.push(first.is_some());
        let index = |(exit, _): (Exit, _)| u32::try_from(exit.probe).expect("few probes");
        columns.exited_at.push(exit.map_or(NEVER, index));
        let accepted = exit.map_or(generation.accepted, |(exit, _)| exit.accepted);
        columns.accepted.push(accepted);
        let value = |(exit, probe): (Exit, &Probe)| probe.utility[exit.state];
        let utility = exit.map_or(self.utility[generation.state], value);
        columns.utility.push(utility);
    }
}
