//! A scenario explained in words, as `foldem check` prints it.

use super::{CLEAN, Response, Scenario};
use crate::policy::Checkpoint;

impl Scenario {
    /// What the scenario says, one statement a line.
    pub fn describe(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.spec.description.is_empty() {
            lines.push(self.spec.description.clone());
        }
        lines.push(self.stages_in_words());
        lines.push(self.difficulty_in_words());
        lines.extend((1..self.states.len()).map(|state| self.fault_in_words(state)));
        if self.states.len() == 1 {
            lines.push("Nothing goes wrong: there is no fault kind.".to_owned());
        }
        lines.extend(self.validators.iter().map(|v| self.validator_in_words(v)));
        lines.extend(self.correlated.iter().map(|group| group.in_words(self)));
        lines.extend(self.checkpoints.iter().map(|c| self.checkpoint_in_words(c)));
        if self.checkpoints.is_empty() {
            lines.push("No checkpoint: the policy never rejects.".to_owned());
        }
        let unused = self
            .validators
            .iter()
            .enumerate()
            .filter(|(i, _)| !self.checkpoints.iter().any(|c| c.validators.contains(i)));
        lines.extend(
            unused.map(|(_, v)| format!("Note: no checkpoint consults validator {}.", v.name)),
        );
        lines.extend(self.never_seen());
        lines.push(self.by_state_in_words("Final filter accepts", &self.accepts));
        lines.push(self.by_state_in_words("Utility", &self.utility));
        lines.extend(self.probes.iter().map(|probe| self.probe_in_words(probe)));
        lines
    }

    fn checkpoint_in_words(&self, checkpoint: &Checkpoint<usize>) -> String {
        let validators = checkpoint.validators.iter().map(|&v| &self.validators[v]);
        let names: Vec<&str> = validators.clone().map(|v| v.name.as_str()).collect();
        let scored = validators
            .clone()
            .any(|v| matches!(v.response, Response::Score(_)));
        let rejects = if scored {
            let product = names.join(" × ");
            format!("when {product} is at most {}", checkpoint.threshold)
        } else {
            format!("on an alarm of {}", names.join(" or "))
        };
        let cost = if checkpoint.cost_tokens > 0.0 {
            format!("; costs {} tokens each time", checkpoint.cost_tokens)
        } else {
            String::new()
        };
        format!(
            "Checkpoint after {}: rejects {rejects}{cost}.",
            self.stage_name(checkpoint.at)
        )
    }

    /// Kinds that a validator never sees although it alarms at clean text: rarely what is meant.
    fn never_seen(&self) -> impl Iterator<Item = String> {
        self.validators.iter().flat_map(|v| {
            let (detects, false_alarm) = match &v.response {
                Response::Alarm {
                    detects,
                    false_alarm,
                    ..
                } => (detects.as_slice(), *false_alarm),
                Response::Score(_) => (&[][..], 0.0),
            };
            let never = detects.iter().zip(&self.states[1..]);
            let never = never.filter(move |&(&d, _)| d <= 0.0 && false_alarm > 0.0);
            never.map(|(_, kind)| {
                format!(
                    "Note: validator {} never alarms at {kind}, not even at its false-alarm \
                     rate; if it is merely blind to {kind}, name it with that rate.",
                    v.name
                )
            })
        })
    }

    fn stages_in_words(&self) -> String {
        let total: f64 = self.stages.iter().map(super::TokenLaw::mean).sum();
        let each: Vec<String> = (0..self.stages.len())
            .map(|k| {
                let law = &self.stages[k];
                format!(
                    "{} {:.4} ({})",
                    self.stage_name(k),
                    law.mean(),
                    law.in_words()
                )
            })
            .collect();
        format!(
            "{} stages with mean tokens {}: {total:.4} in all for a clean generation of an \
             average prompt.",
            self.stages.len(),
            each.join(", ")
        )
    }

    fn difficulty_in_words(&self) -> String {
        match self.spec.difficulty {
            None => "All prompts are equally difficult.".to_owned(),
            Some(d) => format!(
                "Prompts differ in difficulty δ with standard deviation {}; lengths change by \
                 the factor {:.4} per unit of δ.",
                d.sd,
                d.length_effect.exp()
            ),
        }
    }

    fn fault_in_words(&self, state: usize) -> String {
        let fault = &self.spec.faults[state - 1];
        let mut clean = 1.0;
        for hazards in &self.hazard {
            clean *= 1.0 - hazards[state - 1];
        }
        let hazards: Vec<String> = fault.hazard.iter().map(f64::to_string).collect();
        let longer = if (fault.length_factor - 1.0).abs() > 0.0 {
            format!("; its stages have {} × the tokens", fault.length_factor)
        } else {
            String::new()
        };
        let recovers = self.recovery.iter().any(|r| r[state - 1] > 0.0);
        format!(
            "Fault {}: starts in the stages with probability {} (in {:.2} % of generations if it \
             were alone, δ = 0){}{}.",
            fault.kind,
            hazards.join(", "),
            100.0 * (1.0 - clean),
            if recovers {
                "; may recover"
            } else {
                "; lasts to the end"
            },
            longer
        )
    }

    fn validator_in_words(&self, validator: &super::Validator) -> String {
        match &validator.response {
            Response::Alarm {
                detects,
                false_alarm,
                sticky,
                difficulty_effect,
            } => {
                let found: Vec<String> = detects
                    .iter()
                    .enumerate()
                    .map(|(j, p)| format!("{} {p}", self.states[j + 1]))
                    .collect();
                format!(
                    "Validator {}: alarms at {}; at clean {false_alarm}{}; {}.",
                    validator.name,
                    if found.is_empty() {
                        "no fault".to_owned()
                    } else {
                        found.join(", ")
                    },
                    if *difficulty_effect == 0.0 {
                        String::new()
                    } else {
                        format!(" (log-odds {difficulty_effect:+} per unit of δ)")
                    },
                    if *sticky {
                        "sticky: one verdict per fault"
                    } else {
                        "fresh at every checkpoint"
                    }
                )
            }
            Response::Score(laws) => {
                let mean = |state: usize| laws[state].a / (laws[state].a + laws[state].b);
                let means: Vec<String> = (CLEAN..laws.len())
                    .map(|s| format!("{} {:.4}", self.states[s], mean(s)))
                    .collect();
                format!(
                    "Validator {}: gives a score with mean {}; fresh at every checkpoint.",
                    validator.name,
                    means.join(", ")
                )
            }
        }
    }

    fn by_state_in_words(&self, what: &str, values: &[f64]) -> String {
        let each: Vec<String> = self
            .states
            .iter()
            .zip(values)
            .map(|(state, value)| format!("{state} {value}"))
            .collect();
        format!("{what}: {}.", each.join(", "))
    }
}
