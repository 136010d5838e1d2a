//! A scenario as a source of logs whose policies have known false rejection rates.
//!
//! The engine draws generations with the verdict of every validator at every checkpoint; the first alarm
//! of each becomes a row of a first-alarm table. As in a text, an alarm stays: a checkpoint sees it
//! whenever it came. So a policy of validators B whose last checkpoint is number c rejects whoever has
//! an alarm of B at any checkpoint up to c, and its false rejection rate is exactly that of the scenario
//! under a policy that asks B at all of these.

use std::fmt::Write as _;

use std::collections::BTreeMap;

use crate::engine::Simulation;
use crate::policy::{ALARM, Checkpoint, PolicyFile, Rule};
use crate::replay::{Definition, FirstAlarm, Row, Table};
use crate::scenario::{Scenario, TokenLaw};
use crate::theory::Exact;

/// The name of the rule that stands for a scenario's validator.
const DRAWN: &str = "drawn";

/// A scenario that can serve as a source of logs.
#[derive(Debug)]
pub(super) struct World {
    scenario: Scenario,
    /// Its validators at its checkpoints, as a policy for logs.
    pub(super) policy: PolicyFile,
    /// C_k, tokens until the end of each stage.
    ends: Vec<u64>,
}

impl World {
    /// Why a scenario will not do, or the source.
    pub(super) fn new(scenario: Scenario) -> Result<Self, String> {
        let mut ends = Vec::new();
        let mut end = 0;
        for (k, law) in scenario.stages().iter().enumerate() {
            let TokenLaw::Fixed(tokens) = law else {
                return Err(format!(
                    "stage `{}` has random tokens; a guarantee needs fixed ones, so that a place in \
                     the text is a place in the process",
                    scenario.stage_name(k)
                ));
            };
            if tokens.fract() > 0.0 || *tokens < 1.0 {
                return Err(format!(
                    "stage `{}` has {tokens} tokens; give it a whole number, at least 1",
                    scenario.stage_name(k)
                ));
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "whole and positive"
            )]
            let tokens = *tokens as u64;
            end += tokens;
            ends.push(end);
        }
        let varies =
            (0..scenario.states().len()).any(|x| (scenario.length_factor(x) - 1.0).abs() > 0.0);
        if varies || scenario.length_effect().abs() > 0.0 {
            return Err(
                "its lengths depend on faults or difficulty; leave length_factor and \
                        length_effect out"
                    .to_owned(),
            );
        }
        let all: Vec<usize> = (0..scenario.validators().len()).collect();
        let complete = |c: &Checkpoint<usize>| {
            let mut consulted = c.validators.clone();
            consulted.sort_unstable();
            consulted == all && c.cost_tokens <= 0.0 && c.threshold <= 0.0
        };
        if !scenario.checkpoints().iter().all(complete) || scenario.checkpoints().is_empty() {
            return Err("each of its checkpoints must consult all validators, charge nothing and reject at \
                        any alarm"
                .to_owned());
        }
        let policy = policy(&scenario, &ends)?;
        Ok(Self {
            scenario,
            policy,
            ends,
        })
    }

    /// A log of `prompts` prompts with `per_prompt` generations each.
    pub(super) fn table(&self, prompts: u64, per_prompt: u64, seed: u64) -> Table {
        let simulation = Simulation::new(&self.scenario, prompts * per_prompt, seed)
            .per_prompt(per_prompt)
            .traced();
        let checkpoints = self.scenario.checkpoints();
        let validators = self.policy.validators().len();
        let (mut rows, mut alarms) = (Vec::new(), Vec::new());
        let tokens = self.ends.last().copied().unwrap_or(0);
        for number in 0..simulation.batches() {
            let batch = &simulation.draw(number)[0];
            let scores = batch.trace.as_ref().map_or(&[][..], |trace| &trace.scores);
            let each = scores.chunks_exact(checkpoints.len() * validators);
            for (i, scores) in each.enumerate() {
                let mut first = vec![FirstAlarm::Never; validators];
                let looks = checkpoints.iter().zip(scores.chunks_exact(validators));
                for (checkpoint, scores) in looks {
                    let at = FirstAlarm::Tokens(self.ends[checkpoint.at]);
                    for (&v, &score) in checkpoint.validators.iter().zip(scores) {
                        if score <= ALARM {
                            first[v] = first[v].min(at);
                        }
                    }
                }
                alarms.extend(first);
                rows.push(Row {
                    prompt: usize::try_from(batch.prompt[i]).unwrap_or(usize::MAX),
                    group: 0,
                    tokens,
                    problem_tokens: 0,
                    accepted: Some(batch.accepted[i]),
                    utility: Some(batch.utility[i]),
                    rare: None,
                });
            }
        }
        let validators = self.policy.validators().iter().map(Definition::of);
        Table::of_alarms(validators.collect(), rows, &alarms)
    }

    /// The exact false rejection rate by set of validators and number of the last checkpoint.
    pub(super) fn rates(&self) -> BTreeMap<(u64, usize), f64> {
        let mut rates = BTreeMap::new();
        for last in 0..self.scenario.checkpoints().len() {
            for set in 1..1_u64 << self.policy.validators().len() {
                let mut asked = self.scenario.checkpoints()[..=last].to_vec();
                for checkpoint in &mut asked {
                    checkpoint.validators.retain(|v| set >> v & 1 == 1);
                }
                let exact = Exact::new(&self.scenario.with_checkpoints(asked));
                rates.insert((set, last), exact.false_rejection_rate().unwrap_or(0.0));
            }
        }
        rates
    }
}

/// The validators of a scenario as those of a policy for logs.
fn policy(scenario: &Scenario, ends: &[u64]) -> Result<PolicyFile, String> {
    let quoted = |name: &str| serde_json::Value::from(name).to_string();
    let mut text = format!(
        "schema = \"foldem.policy/1\"\nname = {}\n",
        quoted(scenario.name())
    );
    for validator in scenario.validators() {
        let _ = write!(
            text,
            "[[validator]]\nname = {}\nrule = \"{DRAWN}\"\n",
            quoted(&validator.name)
        );
    }
    let names: Vec<String> = scenario
        .validators()
        .iter()
        .map(|v| quoted(&v.name))
        .collect();
    for checkpoint in scenario.checkpoints() {
        let _ = write!(
            text,
            "[[checkpoint]]\nat = {{ tokens = {} }}\nvalidators = [{}]\n",
            ends[checkpoint.at],
            names.join(", ")
        );
    }
    let rule = Rule {
        name: DRAWN,
        parameters: Vec::new(),
    };
    PolicyFile::parse("the scenario's policy", &text, &[rule]).map_err(|e| e.to_string())
}
