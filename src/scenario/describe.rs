//! A scenario explained in words, as `foldem check` prints it.

use super::{CLEAN, Response, Scenario};

impl Scenario {
    /// What the scenario says, one statement a line.
    pub fn describe(&self) -> Vec<String> {
        let mut lines = vec![self.stages_in_words()];
        lines.push(self.difficulty_in_words());
        lines.extend((1..self.states.len()).map(|state| self.fault_in_words(state)));
        if self.states.len() == 1 {
            lines.push("Nothing goes wrong: there is no fault kind.".to_owned());
        }
        lines.extend(self.validators.iter().map(|v| self.validator_in_words(v)));
        lines.extend(self.checkpoints.iter().map(|c| {
            let names: Vec<&str> = c
                .validators
                .iter()
                .map(|&v| self.validators[v].name.as_str())
                .collect();
            format!(
                "Checkpoint after {}: rejects when the product of {} is at most {}; costs {} \
                 tokens each time.",
                self.stage_name(c.at),
                names.join(" × "),
                c.threshold,
                c.cost_tokens
            )
        }));
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
        lines.push(self.by_state_in_words("Final filter accepts", &self.accepts));
        lines.push(self.by_state_in_words("Utility", &self.utility));
        lines
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
        let recovers = self.recovery.iter().any(|r| r[state - 1] > 0.0);
        format!(
            "Fault {}: starts in the stages with probability {} (in {:.2} % of generations if it \
             were alone, δ = 0){}; its stages have {} × the tokens.",
            fault.kind,
            hazards.join(", "),
            100.0 * (1.0 - clean),
            if recovers {
                "; may recover"
            } else {
                "; lasts to the end"
            },
            fault.length_factor
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
