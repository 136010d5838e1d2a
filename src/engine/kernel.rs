//! One generation at a time, as the scenario says it: the plain kernel, written to be obviously
//! right.

use rand_distr::{Beta, Distribution, StandardNormal};

use super::draws::{Draw, Draws};
use super::early_exit::{Exit, Probes};
use super::sampler::{TokenSampler, score_laws};
use crate::outcome::{Covariate, EarlyExitBatch, Frame, Knowledge, NEVER, OutcomeBatch, Trace};
use crate::policy::{ALARM, Checkpoint, SILENCE};
use crate::rng::Stream;
use crate::scenario::{CLEAN, Conditions, DIFFICULTY_DECILES, Response, Scenario, TokenLaw};

/// A scenario prepared for drawing, with the policies that are applied to each generation.
#[derive(Debug)]
pub(super) struct Kernel<'s> {
    scenario: &'s Scenario,
    policies: Vec<&'s [Checkpoint<usize>]>,
    /// Validators that any policy consults after each stage, ascending.
    consulted: Vec<Vec<usize>>,
    tokens: Vec<TokenSampler>,
    scores: Vec<Vec<Beta<f64>>>,
    probes: Probes<'s>,
}

/// A prompt: its difficulty and the rates that follow from it.
#[derive(Debug)]
pub(super) struct Prompt {
    difficulty: f64,
    conditions: Conditions,
}

/// One full generation, whatever any policy does about it.
#[derive(Debug, Default)]
pub(super) struct Generation {
    /// Tokens of each stage.
    tokens: Vec<f64>,
    pub(super) state: usize,
    pub(super) accepted: bool,
    /// `[stage][validator]`: score, where the stage's validator is consulted.
    scores: Vec<Vec<f64>>,
    /// Verdicts of sticky validators on the fault that lasts: whether each alarms.
    sticky: Vec<bool>,
    /// Where early exit would end it; `None` if nowhere.
    pub(super) exit: Option<Exit>,
    /// `[validator]`: the number that it reads at the present checkpoint, where that is a common one.
    shared: Vec<Option<f64>>,
}

/// What a policy does to a generation.
#[derive(Debug)]
pub(super) struct Judgement {
    rejected_at: u32,
    checkpoint_cost: f64,
    pub(super) paid: f64,
}

impl Judgement {
    pub(super) fn survives(&self) -> bool {
        self.rejected_at == NEVER
    }
}

impl Generation {
    pub(super) fn full(&self) -> f64 {
        self.tokens.iter().sum()
    }

    /// Tokens of the stages up to `stage`.
    pub(super) fn up_to(&self, stage: usize) -> f64 {
        self.tokens[..=stage].iter().sum()
    }
}

impl<'s> Kernel<'s> {
    pub(super) fn new(scenario: &'s Scenario, policies: Vec<&'s [Checkpoint<usize>]>) -> Self {
        let consulted = (0..scenario.stages().len())
            .map(|k| {
                let here = policies.iter().flat_map(|p| p.iter()).filter(|c| c.at == k);
                let mut validators: Vec<usize> =
                    here.flat_map(|c| c.validators.iter().copied()).collect();
                validators.sort_unstable();
                validators.dedup();
                validators
            })
            .collect();
        Self {
            scenario,
            policies,
            consulted,
            tokens: scenario.stages().iter().map(TokenSampler::new).collect(),
            scores: scenario
                .validators()
                .iter()
                .map(|v| score_laws(&v.response))
                .collect(),
            probes: Probes::new(scenario),
        }
    }

    /// Validators that any policy consults after each stage, ascending.
    pub(super) fn consulted(&self) -> &[Vec<usize>] {
        &self.consulted
    }

    pub(super) fn policies(&self) -> &[&'s [Checkpoint<usize>]] {
        &self.policies
    }

    /// What batches hold under policy number `policy`.
    pub(super) fn frame(&self, policy: usize) -> Frame {
        let mut covariates = vec![Covariate {
            name: "final_state".to_owned(),
            levels: self.scenario.states().to_vec(),
        }];
        if self.scenario.difficulty_sd() > 0.0 {
            covariates.push(Covariate {
                name: "difficulty_decile".to_owned(),
                levels: (1..=DIFFICULTY_DECILES.len() + 1)
                    .map(|d| d.to_string())
                    .collect(),
            });
        }
        Frame {
            checkpoints: self.policies[policy].len(),
            covariates,
            typical_tokens: self.typical_tokens(),
            typical_cost: self.policies[policy].iter().map(|c| c.cost_tokens).sum(),
            knowledge: Knowledge::FULL,
        }
    }

    /// Tokens of a long generation: what a clean one has, times the largest length factor and the
    /// spread between prompts.
    fn typical_tokens(&self) -> f64 {
        let scenario = self.scenario;
        let spread = scenario.length_effect() * scenario.difficulty_sd();
        let clean: f64 = scenario.stages().iter().map(TokenLaw::mean).sum();
        let faults = scenario.spec().faults.iter();
        let factor = faults
            .filter(|f| f.hazard.iter().any(|&h| h > 0.0))
            .fold(1.0, |top: f64, f| top.max(f.length_factor));
        // Beyond this spread means are those of a few monsters and no sample finds them.
        clean * factor * libm::exp((0.5 * spread * spread).min(20.0))
    }

    pub(super) fn draw_prompt(&self, rng: &mut Stream) -> Prompt {
        let sd = self.scenario.difficulty_sd();
        let z: f64 = if sd > 0.0 {
            StandardNormal.sample(rng)
        } else {
            0.0
        };
        self.prompt(z)
    }

    /// A prompt whose difficulty lies `z` standard deviations above the mean.
    pub(super) fn prompt(&self, z: f64) -> Prompt {
        let difficulty = self.scenario.difficulty_sd() * z;
        Prompt {
            difficulty,
            conditions: self.scenario.conditions(difficulty),
        }
    }

    pub(super) fn draw(
        &self,
        prompt: &Prompt,
        generation: &mut Generation,
        draws: &mut impl Draws,
    ) {
        let scenario = self.scenario;
        let mut state = CLEAN;
        generation.tokens.clear();
        generation.exit = None;
        generation.scores.resize(self.consulted.len(), Vec::new());
        for k in 0..self.consulted.len() {
            if state == CLEAN {
                let u = draws.uniform(Draw::Onset { stage: k });
                let mut cumulative = 0.0;
                for (fault, hazard) in prompt.conditions.hazard[k].iter().enumerate() {
                    cumulative += hazard;
                    if u < cumulative {
                        state = fault + 1;
                        self.draw_sticky(k, fault, generation, draws);
                        break;
                    }
                }
            } else if draws.uniform(Draw::Recovery { stage: k }) < scenario.recovery(k, state - 1) {
                state = CLEAN;
            }
            let tokens = draws.tokens(Draw::Tokens { stage: k }, &self.tokens[k]);
            generation
                .tokens
                .push(tokens * scenario.length_factor(state) * prompt.conditions.length);
            self.draw_shared(k, generation, draws);
            generation.scores[k].clear();
            for &v in &self.consulted[k] {
                let score = self.score((k, v), state, prompt, generation, draws);
                generation.scores[k].push(score);
            }
            if generation.exit.is_none() {
                generation.exit = self.probes.look(k, state, prompt.difficulty, draws);
            }
        }
        generation.state = state;
        let strictness = draws.uniform(Draw::Acceptance);
        generation.accepted = strictness < scenario.accepts()[state];
        if let Some(exit) = &mut generation.exit {
            self.probes.accept(exit, strictness);
        }
    }

    /// One verdict per sticky validator for the fault that starts.
    fn draw_sticky(
        &self,
        stage: usize,
        fault: usize,
        generation: &mut Generation,
        draws: &mut impl Draws,
    ) {
        generation.sticky.clear();
        for (v, validator) in self.scenario.validators().iter().enumerate() {
            let verdict = match &validator.response {
                Response::Alarm {
                    detects,
                    sticky: true,
                    ..
                } => {
                    let draw = Draw::Verdict {
                        stage,
                        validator: v,
                    };
                    draws.uniform(draw) < detects[fault]
                }
                _ => false,
            };
            generation.sticky.push(verdict);
        }
    }

    /// The common numbers after stage `k`, for the groups that read one.
    fn draw_shared(&self, k: usize, generation: &mut Generation, draws: &mut impl Draws) {
        let validators = self.scenario.validators().len();
        generation.shared.clear();
        generation.shared.resize(validators, None);
        for (group, of) in self.scenario.correlated().iter().enumerate() {
            let asked = |v| self.consulted[k].contains(v);
            let draw = Draw::Common { stage: k, group };
            if of.validators.iter().any(asked) && draws.uniform(draw) < of.common {
                let shared = draws.uniform(Draw::Shared { stage: k, group });
                for &v in &of.validators {
                    generation.shared[v] = Some(shared);
                }
            }
        }
    }

    fn score(
        &self,
        (stage, v): (usize, usize),
        state: usize,
        prompt: &Prompt,
        generation: &Generation,
        draws: &mut impl Draws,
    ) -> f64 {
        let validator = v;
        let shared = generation.shared[v];
        let mut uniform = |draw| shared.unwrap_or_else(|| draws.uniform(draw));
        let alarmed = match &self.scenario.validators()[v].response {
            Response::Score(_) => {
                let draw = Draw::Score { stage, validator };
                return draws
                    .score(draw, &self.scores[v][state])
                    .max(f64::MIN_POSITIVE);
            }
            Response::Alarm { .. } if state == CLEAN => {
                let draw = Draw::FalseAlarm { stage, validator };
                uniform(draw) < prompt.conditions.false_alarm[v]
            }
            Response::Alarm { sticky: true, .. } => generation.sticky[v],
            Response::Alarm { detects, .. } => {
                let draw = Draw::Detection { stage, validator };
                uniform(draw) < detects[state - 1]
            }
        };
        if alarmed { ALARM } else { SILENCE }
    }

    /// The score of `validator` after stage `k`, where it is consulted.
    fn score_of(&self, generation: &Generation, k: usize, validator: usize) -> f64 {
        let place = self.consulted[k].binary_search(&validator);
        generation.scores[k][place.expect("every policy's validators were consulted")]
    }

    pub(super) fn judge(&self, policy: usize, generation: &Generation) -> Judgement {
        let mut judgement = Judgement {
            rejected_at: NEVER,
            checkpoint_cost: 0.0,
            paid: 0.0,
        };
        let mut generated = generation.tokens.len();
        for (i, checkpoint) in (0_u32..).zip(self.policies[policy]) {
            judgement.checkpoint_cost += checkpoint.cost_tokens;
            let scores = checkpoint.validators.iter();
            let scores = scores.map(|&v| self.score_of(generation, checkpoint.at, v));
            // Without an alarm the product is positive, even where doubles underflow.
            let composite = scores.fold(SILENCE, |product, score| {
                if product <= ALARM || score <= ALARM {
                    ALARM
                } else {
                    (product * score).max(f64::MIN_POSITIVE)
                }
            });
            if checkpoint.rejects(composite) {
                judgement.rejected_at = i;
                generated = checkpoint.at + 1;
                break;
            }
        }
        judgement.paid =
            generation.tokens[..generated].iter().sum::<f64>() + judgement.checkpoint_cost;
        judgement
    }

    /// Appends the outcome of `generation` under policy number `policy`.
    pub(super) fn record(
        &self,
        policy: usize,
        number: u64,
        prompt: &Prompt,
        generation: &Generation,
        batch: &mut OutcomeBatch,
    ) {
        let judgement = self.judge(policy, generation);
        let state = u32::try_from(generation.state).expect("few states");
        batch.prompt.push(number);
        batch.tokens_full.push(generation.full());
        batch.tokens_paid.push(judgement.paid);
        batch.checkpoint_cost.push(judgement.checkpoint_cost);
        batch.rejected_at.push(judgement.rejected_at);
        for checkpoint in self.policies[policy] {
            let after = &generation.tokens[checkpoint.at + 1..];
            batch.remaining.push(after.iter().sum());
        }
        batch.accepted.push(generation.accepted);
        batch
            .utility
            .push(self.scenario.utility()[generation.state]);
        batch.covariates[0].push(state);
        if let Some(deciles) = batch.covariates.get_mut(1) {
            let z = prompt.difficulty / self.scenario.difficulty_sd();
            let decile = DIFFICULTY_DECILES.partition_point(|&edge| edge < z);
            deciles.push(u32::try_from(decile).expect("ten deciles"));
        }
        if let Some(columns) = &mut batch.early_exit {
            let rejected_at = self.policies[policy].get(judgement.rejected_at as usize);
            let rejected = rejected_at.map(|c| (c.at, judgement.paid));
            let charged = |stage| {
                let due = self.policies[policy].iter().take_while(|c| c.at <= stage);
                due.map(|c| c.cost_tokens).sum()
            };
            self.probes.record(generation, rejected, &charged, columns);
        }
        if let Some(trace) = &mut batch.trace {
            trace.difficulty.push(prompt.difficulty);
            trace.final_state.push(state);
            trace.stage_tokens.extend(&generation.tokens);
            for checkpoint in self.policies[policy] {
                let scores = checkpoint.validators.iter();
                let scores = scores.map(|&v| self.score_of(generation, checkpoint.at, v));
                trace.scores.extend(scores);
            }
        }
    }

    /// An empty batch for policy number `policy`.
    pub(super) fn empty_batch(&self, policy: usize, traced: bool) -> OutcomeBatch {
        OutcomeBatch {
            covariates: vec![Vec::new(); self.frame(policy).covariates.len()],
            trace: traced.then(Trace::default),
            early_exit: self.probes.any().then(EarlyExitBatch::default),
            ..OutcomeBatch::default()
        }
    }
}
