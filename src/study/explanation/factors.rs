//! The parts of a scenario that may differ from another's, and scenarios put together from parts of two.
//!
//! What goes wrong is split in two: how often a first fault of each kind starts at all, and in which stage
//! given that it does, both at δ = 0. Hazards follow from the two: h_kj is the probability of the first
//! onset of j in stage k over that of none before. Any rates go with any timing, so every mixture is a
//! process.

use serde::{Deserialize, Serialize};

use crate::scenario::Onsets;
use crate::scenario::spec::{
    DifficultySpec, FaultSpec, ResponseSpec, ScenarioSpec, StageSpec, ValidatorSpec,
};

/// A part of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// P(a first fault of each kind starts in some stage).
    HowOften,
    /// P(stage of the first fault | its kind).
    HowEarly,
    /// Verdicts on faults: detection, stickiness, score laws in faults.
    Detection,
    /// Verdicts on clean text: false alarms and their difficulty effect, score laws in the clean state.
    FalseAlarms,
    /// Validators whose verdicts go together.
    Correlation,
    /// Token laws of the stages and the length effect of difficulty.
    LengthShape,
    /// Length factors of faults.
    LengthFaultCovariance,
    /// Checkpoints: places, validators, thresholds, costs.
    Policy,
    /// Difficulty, its effect on faults, recovery, final filter, utility.
    Population,
}

/// All parts.
pub const FACTORS: [Factor; 9] = [
    Factor::HowOften,
    Factor::HowEarly,
    Factor::Detection,
    Factor::FalseAlarms,
    Factor::Correlation,
    Factor::LengthShape,
    Factor::LengthFaultCovariance,
    Factor::Policy,
    Factor::Population,
];

impl Factor {
    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::HowOften => "how often things go wrong",
            Self::HowEarly => "how early they do",
            Self::Detection => "how well it is detected",
            Self::FalseAlarms => "false alarms",
            Self::Correlation => "correlated validators",
            Self::LengthShape => "lengths of the stages",
            Self::LengthFaultCovariance => "lengths of faulty stages",
            Self::Policy => "checkpoints",
            Self::Population => "difficulty, recovery, filter, utility",
        }
    }

    /// Its name in JSON and CSV.
    pub fn key(self) -> &'static str {
        match self {
            Self::HowOften => "how_often",
            Self::HowEarly => "how_early",
            Self::Detection => "detection",
            Self::FalseAlarms => "false_alarms",
            Self::Correlation => "correlation",
            Self::LengthShape => "length_shape",
            Self::LengthFaultCovariance => "length_fault_covariance",
            Self::Policy => "policy",
            Self::Population => "population",
        }
    }

    pub(super) fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// Hazards by kind and stage with the rates of one and the timing of another process; a kind that never
/// starts there keeps its own timing.
fn hazards(rates: &Onsets, timing: &Onsets) -> Vec<Vec<f64>> {
    let rows = (0..rates.0.len()).map(|fault| {
        let shape = timing.timing(fault).or_else(|| rates.timing(fault));
        let rate = rates.rate(fault);
        let never = || vec![0.0; rates.0[fault].len()];
        shape.map_or_else(never, |shape| shape.iter().map(|x| x * rate).collect())
    });
    Onsets(rows.collect()).hazards()
}

/// `b` with its validators named as those of `a`, in their order.
pub(super) fn renamed(a: &ScenarioSpec, b: &ScenarioSpec) -> ScenarioSpec {
    let mut renamed = b.clone();
    for (validator, as_in_a) in renamed.validators.iter_mut().zip(&a.validators) {
        validator.name.clone_from(&as_in_a.name);
    }
    let groups = renamed.correlated.iter_mut().map(|g| &mut g.validators);
    let checkpoints = renamed.checkpoints.iter_mut().map(|c| &mut c.validators);
    for name in groups.chain(checkpoints).flatten() {
        let at = b.validators.iter().position(|v| v.name == *name);
        if let Some(as_in_a) = at.and_then(|at| a.validators.get(at)) {
            name.clone_from(&as_in_a.name);
        }
    }
    renamed
}

/// Why two scenarios have no parts in common to exchange.
pub(super) fn mismatch(a: &ScenarioSpec, b: &ScenarioSpec) -> Option<String> {
    if a.early_exit.is_some() || b.early_exit.is_some() {
        let message = "early exit is not among the parts that are exchanged; explain scenarios without \
                       [early_exit]";
        return Some(message.to_owned());
    }
    let names = |spec: &ScenarioSpec| -> [Vec<String>; 2] {
        let stages = spec.stages.iter().map(|s| s.name.clone());
        [
            stages.collect(),
            spec.faults.iter().map(|f| f.kind.clone()).collect(),
        ]
    };
    let kinds = [
        ("stages", ""),
        ("fault kinds", "; give what never happens the hazard 0"),
    ];
    for ((kind, hint), (of_a, of_b)) in kinds.into_iter().zip(names(a).into_iter().zip(names(b))) {
        if of_a != of_b {
            return Some(format!(
                "the two scenarios must have the same {kind} in the same order, not {} and {}{hint}",
                listed(&of_a),
                listed(&of_b)
            ));
        }
    }
    let [n, m] = [a, b].map(|spec| spec.validators.len());
    if n != m {
        return Some(format!(
            "the two scenarios must have as many validators, not {n} and {m}; list one that no checkpoint \
             consults"
        ));
    }
    let differ =
        a.validators.iter().zip(&b.validators).find(|(x, y)| {
            std::mem::discriminant(&x.response) != std::mem::discriminant(&y.response)
        });
    differ.map(|(x, _)| {
        format!(
            "validator `{}` raises alarms in one scenario and gives scores in the other",
            x.name
        )
    })
}

fn listed(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

/// The parts that are told: correlation only where there is any.
pub(super) fn shown(a: &ScenarioSpec, b: &ScenarioSpec) -> Vec<Factor> {
    let correlated = [a, b].iter().any(|spec| !spec.correlated.is_empty());
    let told = |factor: &Factor| correlated || *factor != Factor::Correlation;
    FACTORS.into_iter().filter(told).collect()
}

/// The scenario with the parts of `b` that are in `set`, and the others of `a`.
pub(super) fn mixed(a: &ScenarioSpec, b: &ScenarioSpec, set: u32) -> ScenarioSpec {
    let from = |factor: Factor| if set & factor.bit() == 0 { a } else { b };
    let population = from(Factor::Population);
    let lengths = from(Factor::LengthShape);
    let hazards = hazards(
        &Onsets::of(from(Factor::HowOften)),
        &Onsets::of(from(Factor::HowEarly)),
    );
    let effect = lengths.difficulty.map_or(0.0, |d| d.length_effect);
    let faults = population
        .faults
        .iter()
        .zip(&from(Factor::LengthFaultCovariance).faults);
    let faults = faults
        .zip(hazards)
        .map(|((fault, long), hazard)| FaultSpec {
            hazard,
            length_factor: long.length_factor,
            ..fault.clone()
        });
    let stages = a
        .stages
        .iter()
        .zip(&lengths.stages)
        .map(|(stage, long)| StageSpec {
            name: stage.name.clone(),
            tokens: long.tokens.clone(),
        });
    let validators = from(Factor::Detection)
        .validators
        .iter()
        .zip(&from(Factor::FalseAlarms).validators);
    ScenarioSpec {
        name: format!("{} / {}", a.name, b.name),
        description: String::new(),
        difficulty: population.difficulty.map(|d| DifficultySpec {
            length_effect: effect,
            ..d
        }),
        faults: faults.collect(),
        stages: stages.collect(),
        validators: validators
            .map(|(on_faults, on_clean)| validator(on_faults, on_clean))
            .collect(),
        correlated: from(Factor::Correlation).correlated.clone(),
        accepts: population.accepts.clone(),
        utility: population.utility.clone(),
        checkpoints: from(Factor::Policy).checkpoints.clone(),
        // Refused by `mismatch`.
        early_exit: None,
    }
}

/// A validator with the verdicts on faults of one and those on clean text of another.
fn validator(on_faults: &ValidatorSpec, on_clean: &ValidatorSpec) -> ValidatorSpec {
    let mut response = on_faults.response.clone();
    match (&mut response, &on_clean.response) {
        (
            ResponseSpec::Alarm {
                false_alarm,
                difficulty_effect,
                ..
            },
            ResponseSpec::Alarm {
                false_alarm: other,
                difficulty_effect: effect,
                ..
            },
        ) => {
            *false_alarm = *other;
            *difficulty_effect = *effect;
        }
        (ResponseSpec::Score { clean, .. }, ResponseSpec::Score { clean: other, .. }) => {
            *clean = *other;
        }
        // `mismatch` has refused such a pair.
        _ => {}
    }
    ValidatorSpec {
        name: on_faults.name.clone(),
        response,
    }
}

/// Whether the two differ in a part: hazards but for rounding.
pub(super) fn differs(a: &ScenarioSpec, b: &ScenarioSpec, factor: Factor) -> bool {
    match factor {
        Factor::HowOften | Factor::HowEarly => {
            let [x, y] = [mixed(a, b, 0), mixed(a, b, factor.bit())];
            let rows = x.faults.iter().zip(&y.faults);
            let mut pairs = rows.flat_map(|(x, y)| x.hazard.iter().zip(&y.hazard));
            pairs.any(|(x, y)| (x - y).abs() > 1e-12)
        }
        _ => mixed(a, b, 0) != mixed(a, b, factor.bit()),
    }
}
