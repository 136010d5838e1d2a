//! The numbers of a scenario by their keys, for studies that vary them.
//!
//! A key is the path in the scenario file with names in place of indices, such as
//! `validator.trace.false_alarm`; a name with dots in it is quoted. Setting a number checks
//! nothing: [`Scenario::new`](super::Scenario::new) does, on the changed specification.

use super::spec::{DifficultySpec, PerStage, ResponseSpec, ScenarioSpec, TokenSpec};
use super::{Onsets, correlated};
use crate::input::{key_part, nearest, quoted_list};

/// Mean, coefficient of variation, or value of a token law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OfTokens {
    Mean,
    Cv,
    Value,
}

/// Where a number stands in a specification; faults, stages and validators by index.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    DifficultySd,
    DifficultyLengthEffect,
    Hazard { fault: usize, stage: usize },
    HazardFactor(usize),
    Onset(usize),
    OnsetRate(usize),
    OnsetDelay(usize),
    Recovery(usize),
    FaultDifficultyEffect(usize),
    LengthFactor(usize),
    Tokens(usize, OfTokens),
    Detects { validator: usize, kind: String },
    FalseAlarm(usize),
    AlarmDifficultyEffect(usize),
    Common(usize),
    Accepts(String),
    Utility(String),
    Threshold { at: String },
    CostTokens { at: String },
}

/// A number of a scenario that can be varied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    key: String,
    place: Place,
}

impl Parameter {
    /// The parameter called `key` in `spec`, or what is wrong with the key, with the nearest one
    /// that exists.
    pub fn find(key: &str, spec: &ScenarioSpec) -> Result<Self, String> {
        let mut all = Self::all(spec);
        if let Some(found) = all.iter().position(|p| p.key == key) {
            return Ok(all.swap_remove(found));
        }
        let keys = || all.iter().map(|p| p.key.as_str());
        let hint = nearest(key, keys()).map_or_else(
            || ".".to_owned(),
            |near| format!("; did you mean `{near}`?"),
        );
        // What may follow where the key leaves the known ones.
        let known = parts(key);
        let matching = |other: &str| {
            let other = parts(other);
            other.iter().zip(&known).take_while(|(a, b)| a == b).count()
        };
        let depth = keys().map(matching).max().unwrap_or(0);
        let mut next: Vec<String> = keys()
            .filter(|other| matching(other) == depth)
            .filter_map(|other| parts(other).get(depth).map(|&part| part.to_owned()))
            .collect();
        next.dedup();
        let after = match depth {
            0 => String::new(),
            _ => format!(" after `{}.`", known[..depth].join(".")),
        };
        Err(format!(
            "is \"{key}\", which the scenario does not have{hint} Known{after}: {}",
            quoted_list(next.iter().map(String::as_str))
        ))
    }

    /// Every number that can be varied, in the order of the scenario file.
    pub fn all(spec: &ScenarioSpec) -> Vec<Self> {
        let mut all = Vec::new();
        let mut add = |key: String, place: Place| all.push(Self { key, place });
        add("difficulty.sd".to_owned(), Place::DifficultySd);
        if spec.difficulty.is_some() {
            let key = "difficulty.length_effect".to_owned();
            add(key, Place::DifficultyLengthEffect);
        }
        for (i, fault) in spec.faults.iter().enumerate() {
            let key = |last: &str| format!("fault.{}.{last}", key_part(&fault.kind));
            for (stage, of) in spec.stages.iter().enumerate() {
                let key = key(&format!("hazard.{}", key_part(&of.name)));
                add(key, Place::Hazard { fault: i, stage });
            }
            add(key("hazard_factor"), Place::HazardFactor(i));
            add(key("onset"), Place::Onset(i));
            add(key("onset_rate"), Place::OnsetRate(i));
            add(key("onset_delay"), Place::OnsetDelay(i));
            add(key("recovery"), Place::Recovery(i));
            add(key("difficulty_effect"), Place::FaultDifficultyEffect(i));
            add(key("length_factor"), Place::LengthFactor(i));
        }
        for (i, stage) in spec.stages.iter().enumerate() {
            let known: &[(&str, OfTokens)] = match stage.tokens {
                TokenSpec::Fixed(_) => &[("value", OfTokens::Value)],
                TokenSpec::Empirical(_) => &[],
                _ => &[("mean", OfTokens::Mean), ("cv", OfTokens::Cv)],
            };
            for &(last, of) in known {
                let key = format!("stage.{}.tokens.{last}", key_part(&stage.name));
                add(key, Place::Tokens(i, of));
            }
        }
        let kinds = || spec.faults.iter().map(|f| f.kind.as_str());
        for (i, validator) in spec.validators.iter().enumerate() {
            let ResponseSpec::Alarm { .. } = validator.response else {
                continue;
            };
            let key = |last: &str| format!("validator.{}.{last}", key_part(&validator.name));
            for kind in kinds() {
                let place = Place::Detects {
                    validator: i,
                    kind: kind.to_owned(),
                };
                add(key(&format!("detects.{}", key_part(kind))), place);
            }
            add(key("false_alarm"), Place::FalseAlarm(i));
            add(key("difficulty_effect"), Place::AlarmDifficultyEffect(i));
        }
        for (i, group) in spec.correlated.iter().enumerate() {
            if let Some(key) = correlated::key(group) {
                add(key, Place::Common(i));
            }
        }
        for state in std::iter::once("clean").chain(kinds()) {
            let part = key_part(state);
            let (accepts, utility) = (Place::Accepts(state.into()), Place::Utility(state.into()));
            add(format!("final_filter.{part}"), accepts);
            add(format!("utility.{part}"), utility);
        }
        for checkpoint in &spec.checkpoints {
            let key = |last: &str| format!("policy.checkpoint.{}.{last}", key_part(&checkpoint.at));
            let at = || checkpoint.at.clone();
            add(key("threshold"), Place::Threshold { at: at() });
            add(key("cost_tokens"), Place::CostTokens { at: at() });
        }
        // Keys of one table stand together, so that lists of what is known have no repeats.
        all.sort_by(|a, b| a.key.cmp(&b.key));
        all
    }

    /// Its key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Puts `value` in its place. A checkpoint that `spec` does not have is left alone.
    pub fn set(&self, spec: &mut ScenarioSpec, value: f64) {
        match &self.place {
            Place::DifficultySd => match &mut spec.difficulty {
                Some(difficulty) => difficulty.sd = value,
                None => {
                    spec.difficulty = Some(DifficultySpec {
                        sd: value,
                        length_effect: 0.0,
                    });
                }
            },
            Place::DifficultyLengthEffect => {
                if let Some(difficulty) = &mut spec.difficulty {
                    difficulty.length_effect = value;
                }
            }
            &Place::Hazard { fault, stage } => spec.faults[fault].hazard[stage] = value,
            &Place::HazardFactor(fault) => {
                for hazard in &mut spec.faults[fault].hazard {
                    *hazard *= value;
                }
            }
            &Place::Onset(fault) => set_onsets(spec, fault, |onsets| onsets.gather(fault, value)),
            &Place::OnsetRate(fault) => set_onsets(spec, fault, |onsets| {
                if let Some(timing) = onsets.timing(fault) {
                    onsets.0[fault] = timing.iter().map(|share| share * value).collect();
                }
            }),
            &Place::OnsetDelay(fault) => set_onsets(spec, fault, |onsets| {
                let rate = onsets.rate(fault);
                let mut factor = 1.0;
                for share in &mut onsets.0[fault] {
                    *share *= factor;
                    factor *= value;
                }
                if let Some(timing) = onsets.timing(fault) {
                    onsets.0[fault] = timing.iter().map(|share| share * rate).collect();
                }
            }),
            &Place::Recovery(fault) => spec.faults[fault].recovery = PerStage::Same(value),
            &Place::FaultDifficultyEffect(fault) => spec.faults[fault].difficulty_effect = value,
            &Place::LengthFactor(fault) => spec.faults[fault].length_factor = value,
            &Place::Tokens(stage, of) => set_tokens(&mut spec.stages[stage].tokens, of, value),
            Place::Detects { validator, .. }
            | Place::FalseAlarm(validator)
            | Place::AlarmDifficultyEffect(validator) => {
                self.set_alarm(&mut spec.validators[*validator].response, value);
            }
            &Place::Common(group) => spec.correlated[group].common = value,
            Place::Accepts(state) => {
                spec.accepts.insert(state.clone(), value);
            }
            Place::Utility(state) => {
                spec.utility.insert(state.clone(), value);
            }
            Place::Threshold { at } => {
                for checkpoint in spec.checkpoints.iter_mut().filter(|c| c.at == *at) {
                    checkpoint.threshold = Some(value);
                }
            }
            Place::CostTokens { at } => {
                for checkpoint in spec.checkpoints.iter_mut().filter(|c| c.at == *at) {
                    checkpoint.cost_tokens = value;
                }
            }
        }
    }

    fn set_alarm(&self, response: &mut ResponseSpec, value: f64) {
        let ResponseSpec::Alarm {
            detects,
            false_alarm,
            difficulty_effect,
            ..
        } = response
        else {
            return;
        };
        match &self.place {
            Place::Detects { kind, .. } => {
                detects.insert(kind.clone(), value);
            }
            Place::FalseAlarm(_) => *false_alarm = value,
            _ => *difficulty_effect = value,
        }
    }
}

/// Changes first onsets; those of the other kinds than `fault` stay, and so all hazards may change. A kind that
/// never starts has no timing and goes on so.
fn set_onsets(spec: &mut ScenarioSpec, fault: usize, change: impl FnOnce(&mut Onsets)) {
    let mut onsets = Onsets::of(spec);
    if onsets.timing(fault).is_none() {
        return;
    }
    change(&mut onsets);
    for (fault, hazards) in spec.faults.iter_mut().zip(onsets.hazards()) {
        fault.hazard = hazards;
    }
}

fn set_tokens(law: &mut TokenSpec, of: OfTokens, to: f64) {
    match law {
        TokenSpec::Fixed(value) => *value = to,
        TokenSpec::LogNormal { mean, cv }
        | TokenSpec::Gamma { mean, cv }
        | TokenSpec::NegativeBinomial { mean, cv } => match of {
            OfTokens::Cv => *cv = to,
            _ => *mean = to,
        },
        TokenSpec::Empirical(_) => {}
    }
}

/// The parts of a key between dots outside of quotes.
fn parts(key: &str) -> Vec<&str> {
    let mut quoted = false;
    key.split(|c| {
        quoted ^= c == '"';
        c == '.' && !quoted
    })
    .collect()
}
