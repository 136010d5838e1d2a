//! How do the figures of a scenario move with its numbers and its policy? A grid of scenarios, each
//! evaluated exactly and, if asked, by Monte Carlo.
//!
//! All points are drawn with the same seed: where two points draw the same quantities they draw
//! the same random numbers, so that differences between points are far more certain than the
//! points themselves. An interval of a point says nothing of such a difference.

mod check;
mod form;
mod grid;
mod read;

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::Estimate;
use super::simulation::{self, Compared, Request, exact_value, simulate};
use crate::engine::Interrupt;
use crate::estimate::NAMES;
use crate::theory::Exact;
pub use grid::Sweep;
pub use read::SCHEMA;
pub(super) use read::rounded;

/// Version of the JSON form of what a sweep found.
pub const RESULT_SCHEMA: &str = "foldem.sweep-result/1";

/// A number of the scenario and the values that it took.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Axis {
    /// Its key in the scenario.
    pub key: String,
    /// Its values.
    pub values: Vec<f64>,
}

/// One point of the grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Number of the policy; `None` under the scenario's own.
    pub policy: Option<usize>,
    /// Number of the value on each axis.
    pub at: Vec<usize>,
    /// By theory, in the order of [`NAMES`]; `None` where undefined.
    pub exact: Vec<Option<f64>>,
    /// By Monte Carlo, in the same order; empty where nothing was drawn.
    pub simulated: Vec<Estimate>,
    /// What a reader has to know before trusting the numbers.
    pub warnings: Vec<String>,
}

impl Point {
    /// The estimate called `name`; nothing where there is none of that name.
    pub fn get(&self, name: &str) -> Compared {
        let found = NAMES.iter().position(|&other| other == name);
        found.map_or_else(Compared::default, |i| self.compared(i))
    }

    fn compared(&self, i: usize) -> Compared {
        Compared {
            estimate: self.simulated.get(i).copied().unwrap_or_default(),
            exact: self.exact.get(i).copied().flatten(),
        }
    }

    /// All estimates by name.
    pub fn estimates(&self) -> impl Iterator<Item = (&'static str, Compared)> {
        NAMES
            .iter()
            .enumerate()
            .map(|(i, &name)| (name, self.compared(i)))
    }
}

/// The result of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepFindings {
    /// Name of the sweep.
    pub name: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Root seed, the same at all points.
    pub seed: u64,
    /// Attempts at each point; 0 for exact values alone.
    pub attempts: u64,
    /// Whether the run was interrupted: points are then missing.
    pub partial: bool,
    /// What was varied.
    pub axes: Vec<Axis>,
    /// Names of the policies; empty under the scenario's own.
    pub policies: Vec<String>,
    /// The grid: policies go round slowest, the last axis fastest.
    pub points: Vec<Point>,
}

impl SweepFindings {
    /// Name of the policy of `point`.
    pub fn policy(&self, point: &Point) -> Option<&str> {
        point.policy.map(|i| self.policies[i].as_str())
    }

    /// The value of each axis at `point`.
    pub fn values(&self, point: &Point) -> impl Iterator<Item = (&str, f64)> {
        let at = self.axes.iter().zip(&point.at);
        at.map(|(axis, &i)| (axis.key.as_str(), axis.values[i]))
    }
}

/// Evaluates all points, in parallel. `progress` hears of finished ones, in any order.
pub fn evaluate(
    sweep: &Sweep,
    progress: &(dyn Fn(u64) + Sync),
    interrupt: &Interrupt,
) -> SweepFindings {
    let done = AtomicU64::new(0);
    let points: Vec<Option<Point>> = (0..sweep.points())
        .into_par_iter()
        .with_max_len(16)
        .map(|n| {
            let point = (!interrupt.raised()).then(|| point(sweep, n, interrupt));
            progress(1 + done.fetch_add(1, Ordering::Relaxed));
            point.flatten()
        })
        .collect();
    SweepFindings {
        name: sweep.name.clone(),
        scenario: sweep.scenario.clone(),
        seed: sweep.seed,
        attempts: sweep.attempts,
        partial: points.iter().any(Option::is_none),
        axes: sweep
            .axes
            .iter()
            .map(|axis| Axis {
                key: axis.parameter.key().to_owned(),
                values: axis.values.clone(),
            })
            .collect(),
        policies: sweep.policies.iter().map(|p| p.name.clone()).collect(),
        points: points.into_iter().flatten().collect(),
    }
}

/// Point number `n`; `None` when interrupted before it was done.
fn point(sweep: &Sweep, n: usize, interrupt: &Interrupt) -> Option<Point> {
    let place = sweep.at(n);
    let scenario = sweep.scenario(n).expect("every point was checked before");
    let point = Point {
        policy: (!sweep.policies.is_empty()).then_some(place.policy),
        at: place.values,
        exact: Vec::new(),
        simulated: Vec::new(),
        warnings: Vec::new(),
    };
    if sweep.attempts == 0 {
        let exact = Exact::new(&scenario);
        return Some(Point {
            exact: NAMES.iter().map(|name| exact_value(&exact, name)).collect(),
            warnings: simulation::warnings_of_exact(&scenario, &exact),
            ..point
        });
    }
    let request = Request {
        attempts: sweep.attempts,
        seed: sweep.seed,
        per_prompt: 1,
    };
    let findings = simulate(&scenario, request, &|_| (), interrupt);
    (!findings.partial).then(|| Point {
        exact: findings.estimates.iter().map(|e| e.value.exact).collect(),
        simulated: findings
            .estimates
            .iter()
            .map(|e| e.value.estimate)
            .collect(),
        warnings: findings.warnings,
        ..point
    })
}
