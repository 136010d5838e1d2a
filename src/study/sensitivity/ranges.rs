//! The box of scenarios: which numbers of a scenario lie in which ranges, and the scenario at a point.

use crate::scenario::spec::ScenarioSpec;
use crate::scenario::{Parameter, Scenario};

/// How a range is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Law {
    /// Every value alike.
    Uniform,
    /// Every ratio alike; both ends are above 0.
    LogUniform,
}

/// A range of one number, or of several that always have the same value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Range {
    pub(super) name: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) law: Law,
    pub(super) from: f64,
    pub(super) to: f64,
}

impl Range {
    /// The value at a share of the range, in [0, 1].
    pub(super) fn at(&self, share: f64) -> f64 {
        if share <= 0.0 {
            return self.from;
        }
        if share >= 1.0 {
            return self.to;
        }
        match self.law {
            Law::Uniform => self.from + share * (self.to - self.from),
            Law::LogUniform => self.from * libm::exp(share * libm::log(self.to / self.from)),
        }
    }
}

/// A scenario with ranges for some of its numbers, independent of each other.
#[derive(Debug, Clone)]
pub struct Ranges {
    pub(super) name: String,
    pub(super) scenario_file: String,
    pub(super) scenario_text: String,
    pub(super) spec: ScenarioSpec,
    /// The sides of the box.
    pub(super) sides: Vec<Range>,
    pub(super) rows: usize,
    pub(super) seed: u64,
}

impl Ranges {
    /// The scenario's file, relative to that of the ranges.
    pub fn scenario_file(&self) -> &str {
        &self.scenario_file
    }

    /// What it holds.
    pub fn scenario_text(&self) -> &str {
        &self.scenario_text
    }

    /// Points at which figures are evaluated: all corners of the box, and those of the design.
    pub fn points(&self) -> u64 {
        let inputs = self.sides.len();
        (self.corners() + self.rows * (inputs + 2)) as u64
    }

    /// Number of corners of the box.
    pub(super) fn corners(&self) -> usize {
        1 << self.sides.len()
    }

    /// Corner number `n`: range i at its end where bit i is set, else at its beginning.
    pub(super) fn corner(&self, n: usize) -> Vec<f64> {
        let inputs = 0..self.sides.len();
        inputs.map(|i| (n >> i & 1) as f64).collect()
    }

    /// The value of each range at a point of the unit cube.
    pub(super) fn values(&self, point: &[f64]) -> Vec<f64> {
        let pairs = self.sides.iter().zip(point);
        pairs.map(|(range, &share)| range.at(share)).collect()
    }

    /// The scenario at a point of the unit cube, or the combination of values that makes none.
    pub(super) fn scenario(&self, point: &[f64]) -> Result<Scenario, String> {
        let mut spec = self.spec.clone();
        let values = self.values(point);
        for (range, &value) in self.sides.iter().zip(&values) {
            for parameter in &range.parameters {
                parameter.set(&mut spec, value);
            }
        }
        Scenario::new(spec).map_err(|wrong| {
            let wrong: Vec<String> = wrong.iter().map(|(k, m)| format!("{k} {m}")).collect();
            format!("{}: {}", self.combination(&values), wrong.join("; "))
        })
    }

    /// Values with the names of their ranges.
    pub(super) fn combination(&self, values: &[f64]) -> String {
        let pairs = self.sides.iter().zip(values);
        let pairs = pairs.map(|(range, value)| format!("{} = {value}", range.name));
        pairs.collect::<Vec<_>>().join(", ")
    }

    /// The ranges in words.
    pub fn describe(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "Ranges `{}`: the scenario `{}` at {} points of a box.",
            self.name,
            self.spec.name,
            self.points()
        )];
        lines.extend(self.sides.iter().map(|range| {
            let keys: Vec<String> = range
                .parameters
                .iter()
                .map(|p| format!("`{}`", p.key()))
                .collect();
            let law = match range.law {
                Law::Uniform => "uniform",
                Law::LogUniform => "log-uniform",
            };
            format!(
                "`{}`: {} from {} to {}, {law}.",
                range.name,
                keys.join(" and "),
                range.from,
                range.to
            )
        }));
        lines
    }
}
