//! The world a policy acts in: stages with token laws, fault kinds with hazards, difficulty of
//! prompts, operating characteristics of validators, the final filter and the utility.
//!
//! Order within a stage: at most one change of state (clean → one fault, or fault → clean), then
//! the tokens, then the checkpoint. Given state and difficulty all draws are independent.
//! A [`Scenario`] is checked once, when it is made; whoever holds one need not check again.

mod check;
mod correlated;
mod describe;
mod early_exit;
mod onset;
mod parameter;
mod read;
mod referred;
pub mod spec;
mod tilt;
mod tokens;
mod validator;
mod write;

use std::path::Path;

pub use correlated::Correlated;
pub use early_exit::{ExitLaw, Probe};
pub use onset::Onsets;
pub use parameter::Parameter;
pub use read::{SCHEMA, checkpoints as read_checkpoints};
pub use referred::Referred;
pub use tokens::TokenLaw;
pub use validator::{Beta, Response, Validator, shift_log_odds};

use crate::input::{Document, InputError, Mistakes};
use crate::policy::Checkpoint;
use spec::{PerStage, ScenarioSpec};
use tilt::Tilt;

/// Index of the clean state; fault kind j has index j + 1.
pub const CLEAN: usize = 0;

/// Deciles of difficulty in units of its standard deviation: the inner edges of the ten equally
/// likely groups of prompts by which shifts are shown.
pub const DIFFICULTY_DECILES: [f64; 9] = [
    -1.281_551_565_544_600_4,
    -0.841_621_233_572_914_2,
    -0.524_400_512_708_040_9,
    -0.253_347_103_135_799_8,
    0.0,
    0.253_347_103_135_799_8,
    0.524_400_512_708_040_9,
    0.841_621_233_572_914_2,
    1.281_551_565_544_600_4,
];

/// A generation process with its policy, known to be valid.
#[derive(Debug, Clone)]
pub struct Scenario {
    spec: ScenarioSpec,
    states: Vec<String>,
    stages: Vec<TokenLaw>,
    /// `[stage][fault]`
    hazard: Vec<Vec<f64>>,
    /// `[stage][fault]`
    recovery: Vec<Vec<f64>>,
    validators: Vec<Validator>,
    correlated: Vec<Correlated>,
    accepts: Vec<f64>,
    utility: Vec<f64>,
    checkpoints: Vec<Checkpoint<usize>>,
    probes: Vec<Probe>,
}

/// What a scenario's rates are for prompts of one difficulty δ.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Conditions {
    /// `[stage][fault]`: P(fault starts in the stage | clean at the end of the stage before).
    pub hazard: Vec<Vec<f64>>,
    /// `[stage]`: P(stays clean | clean at the end of the stage before), without cancellation.
    pub stays_clean: Vec<f64>,
    /// `[validator]`: P(alarm | clean); 0 for score validators.
    pub false_alarm: Vec<f64>,
    /// `[validator]`: P(no alarm | clean), without cancellation; 1 for score validators.
    pub silence: Vec<f64>,
    /// Factor on every token draw.
    pub length: f64,
}

impl Scenario {
    /// Checks a specification. On failure: each mistake as (key, message).
    pub fn new(spec: ScenarioSpec) -> Result<Self, Vec<(String, String)>> {
        let mut mistakes = Mistakes::default();
        check::check(&spec, &mut mistakes);
        if mistakes.is_empty() {
            Ok(Self::compile(spec))
        } else {
            Err(mistakes.into_list())
        }
    }

    /// Reads a `foldem.scenario/1` file.
    pub fn load(path: &Path) -> Result<Self, InputError> {
        Self::load_for(path, None)
    }

    fn load_for(path: &Path, study: Option<&str>) -> Result<Self, InputError> {
        let text = Document::read(path)?;
        let directory = path.parent().unwrap_or(Path::new("."));
        Self::parse_for(&path.display().to_string(), &text, directory, study)
    }

    /// Reads a scenario from TOML text. `path` names it in messages; files that it names are
    /// looked for in `directory`.
    pub fn parse(path: &str, text: &str, directory: &Path) -> Result<Self, InputError> {
        Self::parse_for(path, text, directory, None)
    }

    /// [`Scenario::parse`] for a `study` that knows no early exit, if one is named.
    fn parse_for(
        path: &str,
        text: &str,
        directory: &Path,
        study: Option<&str>,
    ) -> Result<Self, InputError> {
        let document = Document::parse(path, text)?;
        let mut mistakes = Mistakes::default();
        if let Some(other) = read::other_kind(&document) {
            // Everything else in the file would be a consequence.
            mistakes.push("schema", other);
            return Err(document.error(mistakes));
        }
        let spec = read::read(&document, directory, &mut mistakes);
        check::check(&spec, &mut mistakes);
        if let (Some(study), Some(_)) = (study, &spec.early_exit) {
            mistakes.push("early_exit", early_exit::refusal(study));
        }
        if mistakes.is_empty() {
            Ok(Self::compile(spec))
        } else {
            Err(document.error(mistakes))
        }
    }

    fn compile(spec: ScenarioSpec) -> Self {
        let states: Vec<String> = std::iter::once("clean".to_owned())
            .chain(spec.faults.iter().map(|f| f.kind.clone()))
            .collect();
        let by_stage = |value: &dyn Fn(&spec::FaultSpec, usize) -> f64| -> Vec<Vec<f64>> {
            (0..spec.stages.len())
                .map(|k| spec.faults.iter().map(|f| value(f, k)).collect())
                .collect()
        };
        let hazard = by_stage(&|fault, k| fault.hazard[k]);
        let recovery = by_stage(&|fault, k| match &fault.recovery {
            PerStage::Same(p) => *p,
            PerStage::Each(list) => list[k],
        });
        let by_state = |values: &std::collections::BTreeMap<String, f64>| {
            let default = |i| if i == CLEAN { 1.0 } else { 0.0 };
            let value = |(i, s)| values.get(s).copied().unwrap_or_else(|| default(i));
            states.iter().enumerate().map(value).collect::<Vec<f64>>()
        };
        let known = |position: Option<usize>| position.expect("names were checked before");
        let mut checkpoints: Vec<Checkpoint<usize>> = spec
            .checkpoints
            .iter()
            .map(|c| Checkpoint {
                at: known(spec.stages.iter().position(|s| s.name == c.at)),
                validators: c
                    .validators
                    .iter()
                    .map(|name| known(spec.validators.iter().position(|v| v.name == *name)))
                    .collect(),
                threshold: c.threshold.unwrap_or(0.0),
                cost_tokens: c.cost_tokens,
            })
            .collect();
        checkpoints.sort_by_key(|c| c.at);
        let (accepts, utility) = (by_state(&spec.accepts), by_state(&spec.utility));
        let stage = |name: &str| known(spec.stages.iter().position(|s| s.name == name));
        let probes = spec.early_exit.as_ref().map(|early_exit| {
            early_exit::compile(early_exit, stage, &states, (&accepts, &utility))
        });
        Self {
            probes: probes.unwrap_or_default(),
            stages: spec
                .stages
                .iter()
                .map(|s| TokenLaw::new(&s.tokens))
                .collect(),
            validators: spec
                .validators
                .iter()
                .map(|v| Validator::new(v, &states[1..]))
                .collect(),
            correlated: Correlated::all(&spec),
            accepts,
            utility,
            hazard,
            recovery,
            states,
            checkpoints,
            spec,
        }
    }

    /// The scenario as written, for variation and for messages.
    pub fn spec(&self) -> &ScenarioSpec {
        &self.spec
    }

    /// Short name.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// Names of the states: `clean`, then the fault kinds.
    pub fn states(&self) -> &[String] {
        &self.states
    }

    /// Token laws of the K stages.
    pub fn stages(&self) -> &[TokenLaw] {
        &self.stages
    }

    /// Name of stage `k`, from 0.
    pub fn stage_name(&self, k: usize) -> &str {
        &self.spec.stages[k].name
    }

    /// P(back to clean in stage `k` | fault kind `fault` at the end of the stage before).
    pub fn recovery(&self, k: usize, fault: usize) -> f64 {
        self.recovery[k][fault]
    }

    /// Factor on the tokens of a stage that ends in `state`.
    pub fn length_factor(&self, state: usize) -> f64 {
        if state == CLEAN {
            1.0
        } else {
            self.spec.faults[state - 1].length_factor
        }
    }

    /// The validators.
    pub fn validators(&self) -> &[Validator] {
        &self.validators
    }

    /// Validators whose verdicts at a checkpoint go together; each in one group at most.
    pub fn correlated(&self) -> &[Correlated] {
        &self.correlated
    }

    /// P(accepted | final state), by state.
    pub fn accepts(&self) -> &[f64] {
        &self.accepts
    }

    /// Value in [0, 1] of the full generation, by final state.
    pub fn utility(&self) -> &[f64] {
        &self.utility
    }

    /// The policy's checkpoints in order of their stages.
    pub fn checkpoints(&self) -> &[Checkpoint<usize>] {
        &self.checkpoints
    }

    /// Standard deviation of δ; 0 when all prompts are alike.
    pub fn difficulty_sd(&self) -> f64 {
        self.spec.difficulty.map_or(0.0, |d| d.sd)
    }

    /// ln of the factor on token draws per unit of δ.
    pub fn length_effect(&self) -> f64 {
        self.spec.difficulty.map_or(0.0, |d| d.length_effect)
    }

    /// The same process under other checkpoints, in order of their stages.
    pub fn with_checkpoints(&self, checkpoints: Vec<Checkpoint<usize>>) -> Self {
        let spec = ScenarioSpec {
            checkpoints: checkpoints
                .iter()
                .map(|c| spec::CheckpointSpec {
                    at: self.stage_name(c.at).to_owned(),
                    validators: c
                        .validators
                        .iter()
                        .map(|&v| self.validators[v].name.clone())
                        .collect(),
                    threshold: Some(c.threshold),
                    cost_tokens: c.cost_tokens,
                })
                .collect(),
            ..self.spec.clone()
        };
        Self {
            spec,
            checkpoints,
            ..self.clone()
        }
    }

    /// Rates for prompts of difficulty `delta`.
    pub fn conditions(&self, delta: f64) -> Conditions {
        let mut conditions = Conditions::default();
        self.set_conditions(delta, &mut conditions);
        conditions
    }

    /// [`Scenario::conditions`] in the memory of those of other prompts.
    pub fn set_conditions(&self, delta: f64, conditions: &mut Conditions) {
        let effects: Vec<f64> = self
            .spec
            .faults
            .iter()
            .map(|f| f.difficulty_effect * delta)
            .collect();
        let mut tilt = Tilt::new();
        conditions.hazard.resize_with(self.hazard.len(), Vec::new);
        conditions.stays_clean.clear();
        for (hazard, tilted) in self.hazard.iter().zip(&mut conditions.hazard) {
            let clean = tilt.apply(hazard, &effects, tilted);
            conditions.stays_clean.push(clean);
        }
        conditions.false_alarm.clear();
        conditions.silence.clear();
        for validator in &self.validators {
            let (alarm, silent) = validator.false_alarm_at(delta);
            conditions.false_alarm.push(alarm);
            conditions.silence.push(silent);
        }
        conditions.length = libm::exp(self.length_effect() * delta);
    }
}
