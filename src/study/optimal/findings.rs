//! What is found about the best policy, as it is written to JSON. Costs are tokens per unit of what is
//! retained; shares lie in [0, 1]; `None` is undefined.

use serde::Serialize;

use super::words::RuleInWords;

/// Version of the JSON form of the findings.
pub const SCHEMA: &str = "foldem.optimal/1";

/// What a row of the comparison is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A policy that can be followed.
    Policy,
    /// What no policy on any validators can beat.
    Bound,
    /// Something to compare with that is neither.
    Reference,
}

/// One policy. Shares are in [0, 1]; `None` is undefined.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// Which.
    pub name: &'static str,
    /// What it is.
    pub role: Role,
    /// Tokens per unit of what is retained.
    pub cost: Option<f64>,
    /// The same relative to never rejecting.
    pub cost_ratio: Option<f64>,
    /// 1 − `E[T]`/`E[C_K]`, net of checkpoint cost.
    pub savings: Option<f64>,
    /// q.
    pub rejection_rate: f64,
    /// f, by count of samples.
    pub false_rejection_rate: Option<f64>,
    /// d.
    pub detection_rate: Option<f64>,
    /// P(R).
    pub retained_rate: f64,
    /// Cost saved, relative to what the optimum saves.
    pub efficiency: Option<f64>,
    /// Cost saved, relative to what full information saves.
    pub efficiency_full_information: Option<f64>,
}

/// How an optimum was found, and what it does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OptimumFindings {
    /// Its line's name.
    pub name: &'static str,
    /// Its cost: that of a policy that can be followed.
    pub cost: f64,
    /// No policy that sees as much costs less; `None` where scores or lengths could not be bounded.
    pub lower_bound: Option<f64>,
    /// Costs of Dinkelbach's iteration, from never rejecting to the optimum.
    pub steps: Vec<f64>,
    /// Different beliefs that can be reached.
    pub beliefs: usize,
    /// Nodes of difficulty.
    pub difficulty_nodes: usize,
    /// Last relative change of the cost as the nodes were doubled.
    pub quadrature_error: f64,
    /// Cells of a score or a length; `None` where there is neither.
    pub cells: Option<usize>,
    /// P(checkpoint consulted) and P(rejected) by stage, the last one left out.
    pub stages: Vec<StageOfOptimum>,
    /// What it does after which verdicts.
    pub rules: Vec<RuleInWords>,
    /// Whether the rules tell everything it does.
    pub rules_complete: bool,
}

/// What an optimum does after a stage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StageOfOptimum {
    /// Name.
    pub stage: String,
    /// P(its checkpoint is consulted); `None` without a checkpoint.
    pub consulted: Option<f64>,
    /// P(rejected after it).
    pub rejected: f64,
}

/// A checkpoint of a fixed policy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FixedCheckpoint {
    /// Name of the stage.
    pub at: String,
    /// Names of the validators.
    pub validators: Vec<String>,
    /// Reject when the composite is at most this.
    pub threshold: f64,
}

/// How the best fixed policy was found, and what it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FixedFindings {
    /// Whether every subset was tried; else it is a local best.
    pub exhaustive: bool,
    /// Policies that were evaluated.
    pub examined: usize,
    /// Where it looks; empty: never rejecting is best.
    pub checkpoints: Vec<FixedCheckpoint>,
}

/// All findings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OptimalFindings {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Name of the scenario.
    pub scenario: String,
    /// `utility` or `sample`: what the cost is per.
    pub per: &'static str,
    /// From never rejecting to full information, and the reference.
    pub policies: Vec<Line>,
    /// The optimum on scores, then that on scores and token counts if it was asked for.
    pub optima: Vec<OptimumFindings>,
    /// `None` where there are too many subsets to search.
    pub best_fixed: Option<FixedFindings>,
    /// What a reader has to know before trusting the numbers.
    pub warnings: Vec<String>,
}

impl OptimalFindings {
    /// The line called `name`.
    pub fn get(&self, name: &str) -> Option<&Line> {
        self.policies.iter().find(|line| line.name == name)
    }
}
