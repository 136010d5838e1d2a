//! The grid of a sweep: which scenario each of its points is.

use crate::scenario::spec::{CheckpointSpec, ScenarioSpec};
use crate::scenario::{Parameter, Scenario};

/// A number of the scenario and the values that it takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    pub(super) parameter: Parameter,
    pub(super) values: Vec<f64>,
}

/// A named policy in place of the scenario's own.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Policy {
    pub(super) name: String,
    pub(super) checkpoints: Vec<CheckpointSpec>,
}

/// What to evaluate: the cartesian product of axes and policies, every point of it known to be a
/// valid scenario.
#[derive(Debug, Clone)]
pub struct Sweep {
    pub(super) name: String,
    pub(super) scenario: String,
    /// The file of the scenario as the sweep names it, and its text.
    pub(super) source: (String, String),
    pub(super) attempts: u64,
    pub(super) seed: u64,
    pub(super) axes: Vec<Axis>,
    pub(super) policies: Vec<Policy>,
    /// The scenario before any axis moves it, under each policy; under its own if none is named.
    pub(super) specs: Vec<ScenarioSpec>,
}

/// Where a point lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Number of the policy.
    pub(super) policy: usize,
    /// Number of the value on each axis.
    pub(super) values: Vec<usize>,
}

impl Sweep {
    /// Number of points.
    pub fn points(&self) -> usize {
        let values = self.axes.iter().map(|a| a.values.len());
        values.product::<usize>() * self.specs.len()
    }

    /// Number of attempts at each point; 0 for exact values alone.
    pub fn attempts(&self) -> u64 {
        self.attempts
    }

    /// The file of the scenario, as the sweep names it: relative to the sweep.
    pub fn scenario_file(&self) -> &str {
        &self.source.0
    }

    /// The text of that file.
    pub fn scenario_text(&self) -> &str {
        &self.source.1
    }

    /// Number of axes.
    pub fn axes(&self) -> usize {
        self.axes.len()
    }

    /// Where point number `n` lies: policies go round slowest, the last axis fastest.
    pub(super) fn at(&self, n: usize) -> Place {
        let mut rest = n;
        let mut values = vec![0; self.axes.len()];
        for (value, axis) in values.iter_mut().zip(&self.axes).rev() {
            *value = rest % axis.values.len();
            rest /= axis.values.len();
        }
        Place {
            policy: rest,
            values,
        }
    }

    /// The scenario of point number `n`: the axes are set in their order.
    pub(super) fn scenario(&self, n: usize) -> Result<Scenario, Vec<(String, String)>> {
        let place = self.at(n);
        let mut spec = self.specs[place.policy].clone();
        for (axis, &i) in self.axes.iter().zip(&place.values) {
            axis.parameter.set(&mut spec, axis.values[i]);
        }
        Scenario::new(spec)
    }

    /// The sweep in words.
    pub fn describe(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "Sweep `{}`: the scenario `{}` at {} points.",
            self.name,
            self.scenario,
            self.points()
        )];
        lines.extend(self.axes.iter().map(|axis| {
            let (first, last) = (axis.values[0], axis.values[axis.values.len() - 1]);
            format!(
                "Axis `{}`: {} values from {first} to {last}.",
                axis.parameter.key(),
                axis.values.len()
            )
        }));
        lines.extend(self.policies.iter().map(|policy| {
            let at: Vec<&str> = policy.checkpoints.iter().map(|c| c.at.as_str()).collect();
            match at.as_slice() {
                [] => format!("Policy `{}`: rejects nothing.", policy.name),
                at => format!(
                    "Policy `{}`: checkpoints after {}.",
                    policy.name,
                    at.join(", ")
                ),
            }
        }));
        lines.push(match self.attempts {
            0 => "Exact values alone; nothing is drawn.".to_owned(),
            n => format!(
                "Exact values beside {n} attempts at each point, all with seed {}.",
                self.seed
            ),
        });
        lines
    }
}
