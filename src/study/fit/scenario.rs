//! A solution of the equations as a scenario, its parameters by name, and its three figures.

use std::collections::BTreeMap;

use super::difficulty::Nodes;
use super::form::Form;
use super::solve::Solution;
use crate::scenario::Scenario;
use crate::scenario::spec::{
    CheckpointSpec, DifficultySpec, FaultSpec, PerStage, ResponseSpec, ScenarioSpec, StageSpec,
    TokenSpec, ValidatorSpec,
};
use crate::theory::Exact;

/// The figures that a fitted scenario must reproduce, by the names of an evaluation.
pub const FIGURES: [&str; 3] = ["savings", "false_rejection_rate", "cost_ratio"];

/// The scenario of a solution.
pub(super) fn spec(form: &Form, solution: &Solution, nodes: &Nodes, name: &str) -> ScenarioSpec {
    let all: Vec<f64> = solution.onset.iter().map(|o| o.iter().sum()).collect();
    let sd = nodes.sd(&all, solution.covariance);
    let (hazards, _) = nodes.hazards(&all, sd);
    let mut spec = plain(form, solution, &all, &hazards);
    name.clone_into(&mut spec.name);
    if form.clustered {
        spec.difficulty = Some(DifficultySpec {
            sd,
            length_effect: 0.0,
        });
    }
    spec
}

/// Savings, f and cost ratio of a solution. They do not depend on difficulty (`solve.rs`), so a scenario of
/// prompts that are all alike gives them without an integral.
pub(super) fn figures(form: &Form, solution: &Solution) -> Option<[f64; 3]> {
    let all: Vec<f64> = solution.onset.iter().map(|o| o.iter().sum()).collect();
    let mut clean = 1.0;
    let hazards = all.iter().map(|onset| {
        let hazard = if clean > 0.0 {
            (onset / clean).min(1.0)
        } else {
            0.0
        };
        clean -= onset;
        hazard
    });
    let hazards: Vec<f64> = hazards.collect();
    exact(plain(form, solution, &all, &hazards))
}

/// The exact figures of a scenario.
pub(super) fn exact(spec: ScenarioSpec) -> Option<[f64; 3]> {
    let exact = Exact::new(&Scenario::new(spec).ok()?);
    Some([
        exact.savings()?,
        exact.false_rejection_rate()?,
        exact.cost_ratio()?,
    ])
}

/// The scenario with these hazards of all kinds together, without difficulty and without a name.
fn plain(form: &Form, solution: &Solution, all: &[f64], hazards: &[f64]) -> ScenarioSpec {
    let layout = &form.layout;
    let hazard = |kind: usize| {
        let stages = solution.onset.iter().zip(all).zip(hazards);
        let of_kind = stages.map(|((onset, all), hazard)| {
            if *all > 0.0 {
                hazard * onset[kind] / all
            } else {
                0.0
            }
        });
        of_kind.collect()
    };
    let faults = form.kinds.iter().enumerate().map(|(kind, name)| FaultSpec {
        kind: name.clone(),
        hazard: hazard(kind),
        recovery: PerStage::Same(0.0),
        difficulty_effect: if form.clustered { 1.0 } else { 0.0 },
        length_factor: solution.length_factor[kind],
    });
    let stages = layout.names.iter().zip(&solution.tokens);
    let stages = stages.map(|(name, &(mean, cv))| StageSpec {
        name: name.clone(),
        tokens: if mean > 0.0 {
            TokenSpec::LogNormal { mean, cv }
        } else {
            TokenSpec::Fixed(0.0)
        },
    });
    let consulted = |v: usize| layout.consulted.iter().any(|asked| asked.contains(&v));
    let validators = (0..layout.validators.len()).filter(|&v| consulted(v));
    let validators = validators.map(|v| {
        let detects = (form.kinds[form.kind_of[v]].clone(), solution.sensitivity[v]);
        ValidatorSpec {
            name: layout.validators[v].clone(),
            response: ResponseSpec::Alarm {
                detects: BTreeMap::from([detects]),
                false_alarm: solution.false_alarm[v],
                sticky: form.sticky,
                difficulty_effect: 0.0,
            },
        }
    });
    let checkpoints = layout.consulted.iter().zip(&solution.charge).enumerate();
    let checkpoints = checkpoints.map(|(s, (asked, charge))| CheckpointSpec {
        at: layout.names[s].clone(),
        validators: asked
            .iter()
            .map(|&v| layout.validators[v].clone())
            .collect(),
        threshold: None,
        cost_tokens: *charge,
    });
    let state = |probabilities: [f64; 2]| -> BTreeMap<String, f64> {
        let faults = form
            .kinds
            .iter()
            .map(|kind| (kind.clone(), probabilities[1]));
        std::iter::once(("clean".to_owned(), probabilities[0]))
            .chain(faults)
            .collect()
    };
    ScenarioSpec {
        name: "fitted".to_owned(),
        description: String::new(),
        difficulty: None,
        faults: faults.collect(),
        stages: stages.collect(),
        validators: validators.collect(),
        correlated: Vec::new(),
        accepts: state(solution.accepts),
        utility: BTreeMap::new(),
        checkpoints: checkpoints.collect(),
        early_exit: None,
    }
}

/// What a parameter of a fitted scenario is, by numbers of its kind, stage or validator in the scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Spread,
    LengthEffect,
    Hazard { kind: usize, stage: usize },
    Recovery,
    DifficultyEffect,
    LengthFactor { kind: usize },
    MeanTokens,
    Variation { stage: usize },
    Detects { validator: usize },
    FalseAlarm { validator: usize },
    Sticky,
    FalseAlarmEffect,
    AcceptsClean,
    AcceptsWrong,
}

/// The parameters of a scenario by their keys in its file, list items by stage; which there are, and
/// in what order, depends on its form alone.
pub(super) fn parameters(spec: &ScenarioSpec) -> Vec<(String, Role, f64)> {
    let mut found = Vec::new();
    if let Some(difficulty) = spec.difficulty {
        found.push(("difficulty.sd".to_owned(), Role::Spread, difficulty.sd));
        let effect = difficulty.length_effect;
        found.push((
            "difficulty.length_effect".to_owned(),
            Role::LengthEffect,
            effect,
        ));
    }
    for (kind, fault) in spec.faults.iter().enumerate() {
        let key = |name: &str| format!("fault.{}.{name}", fault.kind);
        for (stage, hazard) in fault.hazard.iter().enumerate() {
            let name = key(&format!("hazard.{}", spec.stages[stage].name));
            found.push((name, Role::Hazard { kind, stage }, *hazard));
        }
        if let PerStage::Same(recovery) = fault.recovery {
            found.push((key("recovery"), Role::Recovery, recovery));
        }
        let effect = fault.difficulty_effect;
        found.push((key("difficulty_effect"), Role::DifficultyEffect, effect));
        let factor = fault.length_factor;
        found.push((key("length_factor"), Role::LengthFactor { kind }, factor));
    }
    for (number, stage) in spec.stages.iter().enumerate() {
        let key = |name: &str| format!("stage.{}.tokens.{name}", stage.name);
        let (mean, cv) = match stage.tokens {
            TokenSpec::LogNormal { mean, cv } => (mean, cv),
            TokenSpec::Fixed(mean) => (mean, 0.0),
            _ => continue,
        };
        found.push((key("mean"), Role::MeanTokens, mean));
        let role = Role::Variation { stage: number };
        found.push((key("cv"), role, cv));
    }
    for (number, validator) in spec.validators.iter().enumerate() {
        let key = |name: &str| format!("validator.{}.{name}", validator.name);
        if let ResponseSpec::Alarm {
            detects,
            false_alarm,
            sticky,
            difficulty_effect,
        } = &validator.response
        {
            let validator = number;
            for (kind, p) in detects {
                let role = Role::Detects { validator };
                found.push((key(&format!("detects.{kind}")), role, *p));
            }
            let role = Role::FalseAlarm { validator };
            found.push((key("false_alarm"), role, *false_alarm));
            let sticky = f64::from(u8::from(*sticky));
            found.push((key("sticky"), Role::Sticky, sticky));
            found.push((
                key("difficulty_effect"),
                Role::FalseAlarmEffect,
                *difficulty_effect,
            ));
        }
    }
    let accepts = |state: &str, default: f64| {
        let p = spec.accepts.get(state).copied().unwrap_or(default);
        (format!("final_filter.accepts.{state}"), p)
    };
    let (key, p) = accepts("clean", 1.0);
    found.push((key, Role::AcceptsClean, p));
    for fault in &spec.faults {
        let (key, p) = accepts(&fault.kind, 0.0);
        found.push((key, Role::AcceptsWrong, p));
    }
    found
}
