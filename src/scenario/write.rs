//! A scenario as the text of a `foldem.scenario/1` file, for programs that make scenarios.
//!
//! What is written reads back as the same specification, to the last bit of every number.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::SCHEMA;
use super::early_exit::{ExitSpec, ProbeSpec};
use super::spec::{BetaSpec, PerStage, ResponseSpec, ScenarioSpec, TokenSpec, ValidatorSpec};
use crate::input::written::{self, string};

impl ScenarioSpec {
    /// The scenario as TOML, below `comment`, of which each line becomes a comment.
    pub fn to_toml(&self, comment: &str) -> String {
        let mut text = written::comment(comment);
        let _ = writeln!(text, "schema = {}", string(SCHEMA));
        let _ = writeln!(text, "name = {}", string(&self.name));
        if !self.description.is_empty() {
            let _ = writeln!(text, "description = {}", string(&self.description));
        }
        if let Some(difficulty) = &self.difficulty {
            let _ = write!(
                text,
                "\n[difficulty]\nsd = {:?}\nlength_effect = {:?}\n",
                difficulty.sd, difficulty.length_effect
            );
        }
        for fault in &self.faults {
            let recovery = match &fault.recovery {
                PerStage::Same(p) => format!("{p:?}"),
                PerStage::Each(list) => numbers(list),
            };
            let _ = write!(
                text,
                "\n[[fault]]\nkind = {}\nhazard = {}\nrecovery = {recovery}\ndifficulty_effect = {:?}\n\
                 length_factor = {:?}\n",
                string(&fault.kind),
                numbers(&fault.hazard),
                fault.difficulty_effect,
                fault.length_factor
            );
        }
        for stage in &self.stages {
            let _ = write!(
                text,
                "\n[[stage]]\nname = {}\ntokens = {}\n",
                string(&stage.name),
                tokens(&stage.tokens)
            );
        }
        for validator in &self.validators {
            write_validator(&mut text, validator);
        }
        for group in &self.correlated {
            let _ = write!(
                text,
                "\n[[correlated]]\nvalidators = {}\ncommon = {:?}\n",
                strings(&group.validators),
                group.common
            );
        }
        for probe in self.early_exit.iter().flat_map(|exit| &exit.probes) {
            write_probe(&mut text, probe);
        }
        if !self.accepts.is_empty() {
            let _ = write!(
                text,
                "\n[final_filter]\naccepts = {}\n",
                table(&self.accepts)
            );
        }
        if !self.utility.is_empty() {
            let _ = writeln!(text, "\n[utility]");
            for (state, value) in &self.utility {
                let _ = writeln!(text, "{} = {value:?}", string(state));
            }
        }
        for checkpoint in &self.checkpoints {
            let _ = write!(
                text,
                "\n[[policy.checkpoint]]\nat = {}\nvalidators = {}\n",
                string(&checkpoint.at),
                strings(&checkpoint.validators)
            );
            if let Some(threshold) = checkpoint.threshold {
                let _ = writeln!(text, "threshold = {threshold:?}");
            }
            let _ = writeln!(text, "cost_tokens = {:?}", checkpoint.cost_tokens);
        }
        text
    }
}

fn write_validator(text: &mut String, validator: &ValidatorSpec) {
    let _ = writeln!(text, "\n[[validator]]\nname = {}", string(&validator.name));
    match &validator.response {
        ResponseSpec::Alarm {
            detects,
            false_alarm,
            sticky,
            difficulty_effect,
        } => {
            let _ = write!(
                text,
                "detects = {}\nfalse_alarm = {false_alarm:?}\nsticky = {sticky}\n\
                 difficulty_effect = {difficulty_effect:?}\n",
                table(detects)
            );
        }
        ResponseSpec::Score {
            clean,
            faulty,
            kinds,
        } => {
            let laws = score_laws(clean, faulty.as_ref(), kinds);
            let _ = writeln!(text, "score = {laws}");
        }
    }
}

fn write_probe(text: &mut String, probe: &ProbeSpec) {
    let _ = writeln!(text, "\n[[early_exit.probe]]\nat = {}", string(&probe.at));
    let _ = match &probe.exits {
        ExitSpec::Probability {
            exits,
            difficulty_effect,
        } => writeln!(
            text,
            "exits = {}\ndifficulty_effect = {difficulty_effect:?}",
            table(exits)
        ),
        ExitSpec::Confidence {
            clean,
            faulty,
            kinds,
            threshold,
        } => writeln!(
            text,
            "confidence = {}\nthreshold = {threshold:?}",
            score_laws(clean, faulty.as_ref(), kinds)
        ),
    };
    let _ = write!(
        text,
        "cost_tokens = {:?}\nanswer_tokens = {:?}\naccepts = {}\nutility = {}\n",
        probe.cost_tokens,
        probe.answer_tokens,
        table(&probe.accepts),
        table(&probe.utility)
    );
}

/// Laws of a score by state.
fn score_laws(
    clean: &BetaSpec,
    faulty: Option<&BetaSpec>,
    kinds: &BTreeMap<String, BetaSpec>,
) -> String {
    let faulty = faulty.map(|law| ("faulty".to_owned(), law));
    let kinds = kinds.iter().map(|(kind, law)| (string(kind), law));
    let laws = std::iter::once(("clean".to_owned(), clean))
        .chain(faulty)
        .chain(kinds);
    let laws: Vec<String> = laws
        .map(|(state, law)| format!("{state} = {}", beta(law)))
        .collect();
    format!("{{ {} }}", laws.join(", "))
}

fn strings(values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|text| string(text)).collect();
    format!("[{}]", values.join(", "))
}

fn numbers(values: &[f64]) -> String {
    let values: Vec<String> = values.iter().map(|x| format!("{x:?}")).collect();
    format!("[{}]", values.join(", "))
}

fn table(values: &BTreeMap<String, f64>) -> String {
    let entries: Vec<String> = values
        .iter()
        .map(|(name, x)| format!("{} = {x:?}", string(name)))
        .collect();
    if entries.is_empty() {
        return "{}".to_owned();
    }
    format!("{{ {} }}", entries.join(", "))
}

fn beta(law: &BetaSpec) -> String {
    format!("{{ dist = \"beta\", a = {:?}, b = {:?} }}", law.a, law.b)
}

fn tokens(law: &TokenSpec) -> String {
    let spread = |dist: &str, mean: f64, cv: f64| {
        format!("{{ dist = \"{dist}\", mean = {mean:?}, cv = {cv:?} }}")
    };
    match law {
        TokenSpec::Fixed(value) => format!("{{ dist = \"fixed\", value = {value:?} }}"),
        TokenSpec::LogNormal { mean, cv } => spread("lognormal", *mean, *cv),
        TokenSpec::Gamma { mean, cv } => spread("gamma", *mean, *cv),
        TokenSpec::NegativeBinomial { mean, cv } => spread("neg-binomial", *mean, *cv),
        TokenSpec::Empirical(values) => {
            format!("{{ dist = \"empirical\", values = {} }}", numbers(values))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::scenario::Scenario;

    /// Everything that a scenario can hold, with what TOML finds hard.
    const HARD: &str = r#"
schema = "foldem.scenario/1"
name = "quotes \" and \\ and \n lines"
description = "tab\tand unicode ü 数"
[difficulty]
sd = 0.30000000000000004
length_effect = -0.1
[[fault]]
kind = "a \"b\".c"
hazard = [0.0, 1e-300, 0.1, 0.2, 0.05]
recovery = [0.0, 0.1, 0.2, 0.0, 0.0]
difficulty_effect = 0.8
length_factor = 2.5
[[fault]]
kind = "slip"
hazard = [0.1, 0.1, 0.1, 0.1, 0.1]
recovery = 0.05
[[stage]]
name = "one"
tokens = { dist = "fixed", value = 0.0 }
[[stage]]
name = "two"
tokens = { dist = "lognormal", mean = 60.1, cv = 0.4 }
[[stage]]
name = "three"
tokens = { dist = "gamma", mean = 60.0, cv = 0.4 }
[[stage]]
name = "four"
tokens = { dist = "neg-binomial", mean = 60.0, cv = 0.4 }
[[stage]]
name = "five"
tokens = { dist = "empirical", values = [1.0, 2.5] }
[[validator]]
name = "alarms"
detects = { "a \"b\".c" = 0.62 }
false_alarm = 0.012
sticky = true
difficulty_effect = 1.1
[[validator]]
name = "silent"
detects = {}
false_alarm = 0.0
[[validator]]
name = "scores"
score = { clean = { dist = "beta", a = 9, b = 1 }, faulty = { dist = "beta", a = 2, b = 3 }, slip = { dist = "beta", a = 1, b = 0.1 } }
[[validator]]
name = "third"
detects = { slip = 0.5 }
false_alarm = 0.01
[[correlated]]
validators = ["silent", "third"]
common = 0.7000000000000001
[[early_exit.probe]]
at = "two"
exits = { clean = 0.3, "a \"b\".c" = 1e-3 }
difficulty_effect = -0.5
answer_tokens = 12.5
accepts = { clean = 0.9 }
[[early_exit.probe]]
at = "four"
confidence = { clean = { dist = "beta", a = 9, b = 1 }, faulty = { dist = "beta", a = 2, b = 3 } }
threshold = 0.9
cost_tokens = 3.5
utility = { clean = 0.8 }
[final_filter]
accepts = { clean = 0.96, slip = 0.07 }
[utility]
clean = 0.9
"a \"b\".c" = 0.1
[[policy.checkpoint]]
at = "one"
validators = ["alarms"]
[[policy.checkpoint]]
at = "three"
validators = ["scores", "silent"]
threshold = 0.25
cost_tokens = 1e2
"#;

    #[test]
    fn what_is_written_reads_back_as_the_same_scenario() {
        let read = |text: &str| {
            let scenario = Scenario::parse("s.toml", text, Path::new("."));
            scenario.unwrap_or_else(|e| panic!("{e}\n{text}"))
        };
        let spec = read(HARD).spec().clone();
        let written = spec.to_toml("fitted\nby \u{7} nobody");
        assert!(written.starts_with("# fitted\n# by  nobody\nschema"));
        assert_eq!(*read(&written).spec(), spec);
    }
}
