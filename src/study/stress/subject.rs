//! A scenario whose validators are put under stress: which alarm probabilities move, and the scenario
//! in which they have moved.
//!
//! Only validators with alarms that some checkpoint consults move. A log-odds shift leaves
//! probabilities of 0 and 1 where they are.

use std::collections::BTreeMap;

use super::mode::Mode;
use super::worst::worst_case;
use crate::input::{key_part, nearest, quoted_list};
use crate::scenario::spec::{CorrelatedSpec, ResponseSpec, ScenarioSpec, ValidatorSpec};
use crate::scenario::{CLEAN, Scenario, shift_log_odds};

/// A scenario and those of its validators that are moved.
#[derive(Debug)]
pub struct Subject<'s> {
    scenario: &'s Scenario,
    /// By index, all with alarms and consulted.
    validators: Vec<usize>,
}

/// The parts of an operating characteristic that can move.
struct Characteristic<'a> {
    detects: &'a mut BTreeMap<String, f64>,
    false_alarm: &'a mut f64,
    difficulty_effect: &'a mut f64,
}

impl<'s> Subject<'s> {
    /// All consulted validators with alarms, or those called `names`.
    pub fn new(scenario: &'s Scenario, names: &[String]) -> Result<Self, String> {
        let consulted: Vec<usize> = (0..scenario.validators().len())
            .filter(|v| {
                scenario
                    .checkpoints()
                    .iter()
                    .any(|c| c.validators.contains(v))
            })
            .filter(|&v| alarms(&scenario.spec().validators[v]))
            .collect();
        if names.is_empty() {
            return Ok(Self {
                scenario,
                validators: consulted,
            });
        }
        let name_of = |v: &usize| scenario.validators()[*v].name.as_str();
        let mut validators = Vec::new();
        for name in names {
            let Some(&v) = consulted.iter().find(|v| name_of(v) == name) else {
                let known = || consulted.iter().map(name_of);
                let hint = nearest(name, known()).map_or_else(
                    || ".".to_owned(),
                    |near| format!("; did you mean `{near}`?"),
                );
                return Err(format!(
                    "is \"{name}\", which is no validator with alarms that a checkpoint \
                     consults{hint} Known: {}",
                    quoted_list(known())
                ));
            };
            validators.push(v);
        }
        validators.sort_unstable();
        validators.dedup();
        Ok(Self {
            scenario,
            validators,
        })
    }

    /// The scenario as it is.
    pub fn scenario(&self) -> &'s Scenario {
        self.scenario
    }

    /// Names of the validators that move.
    pub fn names(&self) -> Vec<String> {
        let name = |&v: &usize| self.scenario.validators()[v].name.clone();
        self.validators.iter().map(name).collect()
    }

    /// Consulted validators that give scores, which no mode moves.
    pub(super) fn scored(&self) -> Vec<String> {
        let of = self.scenario.validators().iter().enumerate();
        of.filter(|(v, _)| {
            self.scenario
                .checkpoints()
                .iter()
                .any(|c| c.validators.contains(v))
                && !alarms(&self.scenario.spec().validators[*v])
        })
        .map(|(_, validator)| validator.name.clone())
        .collect()
    }

    /// Why a scenario cannot say what the mode would be; nothing where it can.
    pub(super) fn inexpressible(&self, mode: &Mode) -> Option<String> {
        match mode {
            Mode::Drift => self.cannot_drift(),
            Mode::Correlation => self.cannot_be_correlated(),
            _ => None,
        }
    }

    fn cannot_drift(&self) -> Option<String> {
        let looks = |v: usize| {
            let checkpoints = self.scenario.checkpoints().iter();
            checkpoints.filter(|c| c.validators.contains(&v)).count()
        };
        let sticky = self.validators.iter().find(|&&v| {
            let spec = &self.scenario.spec().validators[v];
            matches!(spec.response, ResponseSpec::Alarm { sticky: true, .. }) && looks(v) > 1
        })?;
        Some(format!(
            "the sticky validator {} is consulted at several checkpoints: it has one verdict per fault, \
             which cannot drift from one checkpoint to the next",
            self.scenario.validators()[*sticky].name
        ))
    }

    fn cannot_be_correlated(&self) -> Option<String> {
        if let Some(group) = self.scenario.correlated().first() {
            let first = &self.scenario.validators()[group.validators[0]].name;
            return Some(format!(
                "validators are correlated already, and one belongs to one group at most; vary \
                 `correlated.{}.common` with `foldem sweep`",
                key_part(first)
            ));
        }
        let fresh = self.fresh();
        let together = self.scenario.checkpoints().iter().any(|c| {
            let here = c.validators.iter().filter(|v| fresh.contains(v));
            here.count() > 1
        });
        let why = "no checkpoint consults two of the moved validators that draw afresh (a sticky one has \
                   its verdict on a fault before any checkpoint)";
        (!together).then(|| why.to_owned())
    }

    /// Those of the validators that are not sticky.
    fn fresh(&self) -> Vec<usize> {
        let is_fresh = |v: &usize| {
            let response = &self.scenario.spec().validators[*v].response;
            matches!(response, ResponseSpec::Alarm { sticky: false, .. })
        };
        self.validators.iter().copied().filter(is_fresh).collect()
    }

    /// The scenario under `mode` at `strength`; at strength 0 the scenario itself. Otherwise why the
    /// scenario cannot express it, or what is out of its ranges.
    pub fn under(&self, mode: &Mode, strength: f64) -> Result<Scenario, String> {
        if strength.abs() <= 0.0 {
            return Ok(self.scenario.clone());
        }
        if *mode == Mode::WorstCase {
            return worst_case(self, strength).map(|(scenario, _)| scenario);
        }
        if let Some(reason) = self.inexpressible(mode) {
            return Err(reason);
        }
        let mut spec = self.scenario.spec().clone();
        self.perturb(&mut spec, mode, strength);
        made(spec)
    }

    fn perturb(&self, spec: &mut ScenarioSpec, mode: &Mode, strength: f64) {
        let sd = self.scenario.difficulty_sd();
        match mode {
            Mode::SensitivityShift => self.each(spec, |alarm| {
                for p in alarm.detects.values_mut() {
                    *p = shifted(*p, strength);
                }
            }),
            Mode::FalseAlarmShift => self.each(spec, |alarm| {
                *alarm.false_alarm = shifted(*alarm.false_alarm, strength);
            }),
            Mode::Temperature => self.each(spec, |alarm| heat(alarm, libm::exp(-strength))),
            Mode::Drift => self.drift(spec, strength),
            Mode::Blindness(kind) => self.each(spec, |alarm| {
                let seen = alarm.detects.get(kind).copied().unwrap_or(0.0);
                let blind = (1.0 - strength) * seen + strength * *alarm.false_alarm;
                alarm.detects.insert(kind.clone(), blind);
            }),
            Mode::DifficultyEffect => self.each(spec, |alarm| {
                if sd > 0.0 && moves(*alarm.false_alarm) {
                    *alarm.difficulty_effect += strength / sd;
                }
            }),
            Mode::Correlation => {
                let name = |v: usize| self.scenario.validators()[v].name.clone();
                // What may stand there already never reads a common number.
                spec.correlated = vec![CorrelatedSpec {
                    validators: self.fresh().into_iter().map(name).collect(),
                    common: strength,
                }];
            }
            Mode::LabelNoise => {
                let states = self.scenario.states().iter().zip(self.scenario.accepts());
                let noisy = |a: f64| (1.0 - strength) * a + strength * (1.0 - a);
                spec.accepts = states
                    .map(|(state, &a)| (state.clone(), noisy(a)))
                    .collect();
            }
            // Its corners are told apart by their costs, see `under`.
            Mode::WorstCase => {}
        }
    }

    fn each(&self, spec: &mut ScenarioSpec, mut change: impl FnMut(&mut Characteristic<'_>)) {
        for &v in &self.validators {
            change_alarm(&mut spec.validators[v], &mut change);
        }
    }

    /// At every checkpoint after the first a validator of its own, which is the old one shifted. It
    /// draws afresh there, as the old one did.
    fn drift(&self, spec: &mut ScenarioSpec, strength: f64) {
        let Some(first) = self.scenario.checkpoints().first().map(|c| c.at) else {
            return;
        };
        for k in first + 1..self.scenario.stages().len() {
            let at = self.scenario.stage_name(k);
            let shift = strength * (k - first) as f64;
            for &v in &self.validators {
                let mut later = spec.validators[v].clone();
                let checkpoint = spec.checkpoints.iter_mut().find(|c| c.at == at);
                let Some(name) = checkpoint
                    .and_then(|c| c.validators.iter_mut().find(|name| **name == later.name))
                else {
                    continue;
                };
                later.name = format!("{} after {at}", later.name);
                while spec.validators.iter().any(|other| other.name == later.name) {
                    later.name.push('\'');
                }
                for group in &mut spec.correlated {
                    if group.validators.contains(name) {
                        group.validators.push(later.name.clone());
                    }
                }
                name.clone_from(&later.name);
                change_alarm(&mut later, &mut |alarm: &mut Characteristic<'_>| {
                    *alarm.false_alarm = shifted(*alarm.false_alarm, shift);
                    for p in alarm.detects.values_mut() {
                        *p = shifted(*p, shift);
                    }
                });
                spec.validators.push(later);
            }
        }
    }

    /// The alarm probabilities that a shift can move, as (validator, state).
    pub(super) fn movable(&self) -> Vec<(usize, usize)> {
        let states = || CLEAN..self.scenario.states().len();
        let pairs = self
            .validators
            .iter()
            .flat_map(|&v| states().map(move |x| (v, x)));
        pairs.filter(|&(v, x)| moves(self.alarm(v, x))).collect()
    }

    /// P(alarm | state) at δ = 0.
    fn alarm(&self, validator: usize, state: usize) -> f64 {
        match &self.scenario.spec().validators[validator].response {
            ResponseSpec::Alarm { false_alarm, .. } if state == CLEAN => *false_alarm,
            ResponseSpec::Alarm { detects, .. } => {
                let kind = &self.scenario.states()[state];
                detects.get(kind).copied().unwrap_or(0.0)
            }
            ResponseSpec::Score { .. } => 0.0,
        }
    }

    /// The scenario in which the log-odds of each P(alarm | state), by (validator, state), are shifted
    /// by their own amount, the same at every difficulty.
    pub fn shifted(&self, shifts: &[((usize, usize), f64)]) -> Result<Scenario, String> {
        let mut spec = self.scenario.spec().clone();
        for &((v, x), shift) in shifts {
            let kind = &self.scenario.states()[x];
            change_alarm(
                &mut spec.validators[v],
                &mut |alarm: &mut Characteristic<'_>| {
                    if x == CLEAN {
                        *alarm.false_alarm = shifted(*alarm.false_alarm, shift);
                    } else if let Some(p) = alarm.detects.get_mut(kind) {
                        *p = shifted(*p, shift);
                    }
                },
            );
        }
        made(spec)
    }

    /// Sum over the moved validators and `states` of P(alarm | state) as it is and with shifted log-odds.
    pub(super) fn totals(&self, states: std::ops::Range<usize>, shift: f64) -> (f64, f64) {
        let each = self.validators.iter();
        let each = each.flat_map(|&v| states.clone().map(move |x| self.alarm(v, x)));
        each.fold((0.0, 0.0), |(now, then), p| {
            (now + p, then + shifted(p, shift))
        })
    }
}

fn made(spec: ScenarioSpec) -> Result<Scenario, String> {
    Scenario::new(spec).map_err(|mistakes| {
        let text = mistakes
            .iter()
            .map(|(key, message)| format!("{key} {message}"));
        text.collect::<Vec<_>>().join("; ")
    })
}

fn alarms(validator: &ValidatorSpec) -> bool {
    matches!(validator.response, ResponseSpec::Alarm { .. })
}

fn change_alarm(validator: &mut ValidatorSpec, change: &mut impl FnMut(&mut Characteristic<'_>)) {
    if let ResponseSpec::Alarm {
        detects,
        false_alarm,
        difficulty_effect,
        ..
    } = &mut validator.response
    {
        change(&mut Characteristic {
            detects,
            false_alarm,
            difficulty_effect,
        });
    }
}

/// Whether a shift of log-odds moves a probability.
fn moves(p: f64) -> bool {
    0.0 < p && p < 1.0
}

fn shifted(p: f64, shift: f64) -> f64 {
    shift_log_odds(p, shift).0
}

/// Multiplies all log-odds by `factor`, the inverse of a temperature.
fn heat(alarm: &mut Characteristic<'_>, factor: f64) {
    let heated = |p: f64| {
        if moves(p) {
            shifted(p, (factor - 1.0) * (libm::log(p) - libm::log1p(-p)))
        } else {
            p
        }
    };
    *alarm.false_alarm = heated(*alarm.false_alarm);
    *alarm.difficulty_effect *= factor;
    for p in alarm.detects.values_mut() {
        *p = heated(*p);
    }
}
