//! Probes in words, as `foldem check` prints them.

use super::{ExitLaw, Probe};
use crate::scenario::Scenario;

impl Scenario {
    pub(in crate::scenario) fn probe_in_words(&self, probe: &Probe) -> String {
        let each = |values: &[f64]| {
            let named = self.states().iter().zip(values);
            let shown: Vec<String> = named.map(|(s, p)| format!("{s} {p}")).collect();
            shown.join(", ")
        };
        let exits = match &probe.law {
            ExitLaw::Probability {
                by_state,
                difficulty_effect,
            } => {
                let effect = if *difficulty_effect == 0.0 {
                    String::new()
                } else {
                    format!(" (log-odds {difficulty_effect:+} per unit of δ)")
                };
                format!("with probability {}{effect}", each(by_state))
            }
            ExitLaw::Confidence { laws, threshold } => {
                let means: Vec<f64> = laws.iter().map(|law| law.a / (law.a + law.b)).collect();
                format!(
                    "when its confidence, with mean {}, is at least {threshold}",
                    each(&means)
                )
            }
        };
        format!(
            "Early exit after {}: exits {exits}; then {} answer tokens, accepted: {}; value: {}; \
             a look costs {} tokens.",
            self.stage_name(probe.at),
            probe.answer_tokens,
            each(&probe.accepts),
            each(&probe.utility),
            probe.cost_tokens
        )
    }
}
