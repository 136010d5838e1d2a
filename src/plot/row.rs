//! A row of a figure: one policy beside the coin that rejects at the same rates, by simulation or
//! by replay.

use super::axis::grouped;
use super::value::Value;
use crate::study::replay::{COIN_ON_RUNNING, ReplayFindings, ValidatorAttribution};
use crate::study::simulation::{Compared, SimulationFindings};
use crate::study::surface::{Source, SurfaceRow};

/// What a figure needs of one evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What was evaluated.
    pub(super) name: String,
    /// On how much.
    pub(super) note: String,
    /// Whether theory tells exact values, too.
    pub(super) exact: bool,
    values: Vec<(String, Value)>,
}

impl Row {
    /// The row of a simulation, under the name of its scenario.
    pub fn simulated(findings: &SimulationFindings) -> Self {
        let attempts = grouped(findings.attempts);
        let values = findings.estimates.iter();
        Self {
            name: findings.scenario.clone(),
            note: if findings.partial {
                format!("interrupted at {attempts}")
            } else {
                format!("{attempts} attempts")
            },
            exact: true,
            values: values
                .map(|e| {
                    let value = Value {
                        exact: e.value.exact,
                        ..Value::of(&e.value.estimate)
                    };
                    (e.name.clone(), value)
                })
                .collect(),
        }
    }

    /// The row of a replay; findings do not know which log they are about, so `name` tells.
    pub fn replayed(name: &str, findings: &ReplayFindings) -> Self {
        let records = grouped(findings.records);
        let values = findings.estimates.iter();
        let mut baselines = findings.baselines.iter();
        let coin = baselines.find(|b| b.name == COIN_ON_RUNNING);
        let of_coin = |name: &&str| {
            let value = coin.map(|coin| Value::of(&coin.figures.get(name)));
            (
                format!("{name} of {COIN_ON_RUNNING}"),
                value.unwrap_or_default(),
            )
        };
        Self {
            name: name.to_owned(),
            note: if findings.partial {
                format!("replay, interrupted at {records}")
            } else {
                format!("replay of {records} records")
            },
            exact: false,
            values: values
                .map(|e| (e.name.clone(), Value::of(&e.value)))
                .chain(["savings", "false_rejection_rate"].iter().map(of_coin))
                .collect(),
        }
    }

    /// The row of a replay, and one of each validator that it consults alone.
    pub fn with_validators(name: &str, findings: &ReplayFindings) -> Vec<Self> {
        let validators = findings.attribution.validators.iter();
        std::iter::once(Self::replayed(name, findings))
            .chain(validators.filter(|v| v.consulted).map(Self::alone))
            .collect()
    }

    /// A row of a surface: an estimate where there is a log, an exact value where there is a scenario.
    pub fn of_surface(row: &SurfaceRow) -> Self {
        let value = |compared: &Compared| Value {
            mean: compared.estimate.mean.or(compared.exact),
            exact: compared.exact,
            ..Value::of(&compared.estimate)
        };
        let note = match (&row.policy, &row.counts) {
            (Some(policy), Some(counts)) => {
                format!("{policy}, {} records", grouped(counts.records))
            }
            _ => "scenario, exact".to_owned(),
        };
        Self {
            name: row.name(),
            note,
            exact: row.source == Source::Scenario,
            values: row
                .estimates
                .iter()
                .map(|e| (e.name.clone(), value(&e.value)))
                .collect(),
        }
    }

    /// The row of one validator alone, at the checkpoints of a policy.
    fn alone(validator: &ValidatorAttribution) -> Self {
        let values = validator.alone.estimates.iter();
        Self {
            name: validator.name.clone(),
            note: "alone".to_owned(),
            exact: false,
            values: values
                .map(|e| (e.name.clone(), Value::of(&e.value)))
                .collect(),
        }
    }

    /// The estimate called `name`, in units of 1/`unit`.
    pub(super) fn value(&self, name: &str, unit: f64) -> Value {
        let found = self.values.iter().find(|(other, _)| other == name);
        found.map_or_else(Value::default, |(_, value)| value.scaled(unit))
    }
}
