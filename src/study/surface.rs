//! What would I get? Savings, errors and costs of policies by model and benchmark, and of scenarios
//! beside them.
//!
//! Each model on each benchmark is a row for each policy: its generations are replayed as a log of
//! their own, so every figure is that of a replay of a log with this group alone. Scenarios are rows
//! of their own, under their own policies, with exact values in place of estimates: what a model of the
//! process says, not what was measured. Intervals are those of each row alone; whoever picks the best
//! of many rows finds it better than it is.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Named;
use super::comparison::names;
use super::named::as_map;
use super::replay::{Baseline, FIGURES, Figures, Intake, brief, of_log};
use super::simulation::{Compared, exact_value, not_as_promised};
use crate::estimate::Estimate;
use crate::policy::PolicyFile;
use crate::replay::{FirstError, Group, Replay, Row, ScheduleError, Table};
use crate::scenario::Scenario;
use crate::theory::Exact;

/// Version of the JSON form.
pub const SCHEMA: &str = "foldem.surface/1";

/// Name of the difference between the cost ratios of a policy and its coin.
const BEYOND_COIN: &str = "cost_beyond_coin";

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Generations that were logged.
    Log,
    /// A model of the process.
    Scenario,
}

/// How many generations a row of a log rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All of them.
    pub records: u64,
    /// Pairs of benchmark and prompt.
    pub prompts: u64,
    /// Those with a verdict.
    pub labelled: u64,
    /// Those whose steps are labelled.
    pub steps_labelled: u64,
}

/// What somebody would get who knew verdicts and first wrong steps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ceiling {
    /// Generations that it rests on: those with a verdict and labelled steps.
    pub records: u64,
    /// Savings per attempt, as a share of the tokens.
    pub savings: Estimate,
    /// Cost per retained sample, relative to full generation.
    pub cost_ratio: Estimate,
    /// Savings of the policy on the same generations.
    pub policy_savings: Estimate,
    /// Cost ratio of the policy on the same generations.
    pub policy_cost_ratio: Estimate,
}

impl Ceiling {
    fn of((oracle, policy): &(Baseline, Figures)) -> Self {
        Self {
            records: oracle.records,
            savings: oracle.figures.get("savings"),
            cost_ratio: oracle.figures.get("cost_ratio"),
            policy_savings: policy.get("savings"),
            policy_cost_ratio: policy.get("cost_ratio"),
        }
    }
}

/// One model on one benchmark under one policy, or one scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SurfaceRow {
    /// Where its figures are from.
    pub source: Source,
    /// The model that generated; `None` of a scenario, and where records name none.
    pub model: Option<String>,
    /// The collection that the prompts are from; likewise.
    pub benchmark: Option<String>,
    /// Name of the scenario; `None` of a log.
    pub scenario: Option<String>,
    /// Name of the policy; `None` of a scenario, which has one of its own.
    pub policy: Option<String>,
    /// What it rests on; `None` of a scenario.
    #[serde(flatten)]
    pub counts: Option<Counts>,
    /// By name: those of [`FIGURES`] and `cost_beyond_coin`. A log has estimates, a scenario has exact values;
    /// what cannot be known is undefined.
    #[serde(with = "as_map")]
    pub estimates: Vec<Named<Compared>>,
    /// `None` where no steps are labelled, and of a scenario.
    pub ceiling: Option<Ceiling>,
    /// What a reader has to know before trusting the row, as of a log of its own.
    pub warnings: Vec<String>,
}

impl SurfaceRow {
    /// The figure called `name`.
    pub fn get(&self, name: &str) -> Compared {
        let found = self.estimates.iter().find(|e| e.name == name);
        found.map_or_else(Compared::default, |e| e.value)
    }

    /// What tells the row from others, the policy aside.
    pub fn name(&self) -> String {
        match &self.scenario {
            Some(scenario) => scenario.clone(),
            None => Group {
                model: self.model.clone(),
                benchmark: self.benchmark.clone(),
            }
            .to_string(),
        }
    }
}

/// The surface.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SurfaceFindings {
    /// [`SCHEMA`].
    pub schema: String,
    /// The policies; a number behind a name that an earlier one has.
    pub policies: Vec<String>,
    /// Generations of the log.
    pub records: u64,
    /// Pairs of benchmark and prompt.
    pub prompts: u64,
    /// Malformed lines that were left out.
    pub skipped: u64,
    /// Whether the problems count as generated.
    pub problem_generated: bool,
    /// Models on benchmarks.
    pub groups: u64,
    /// Rows of logs: of so many the best looks better than it is.
    pub rows_of_logs: u64,
    /// Those of logs by model and benchmark, within these by policy; then the scenarios.
    pub rows: Vec<SurfaceRow>,
    /// What a reader has to know of the log and the policies.
    pub warnings: Vec<String>,
}

/// A policy that no row can be made with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UnusablePolicy {
    /// Number of the policy, from 0.
    pub policy: usize,
    /// Why.
    pub message: String,
}

/// The surface of `table`, which has columns for the validators of all `policies`, with `scenarios`
/// below.
pub fn surface(
    policies: &[PolicyFile],
    table: &Table,
    problem_generated: bool,
    intake: &Intake,
    scenarios: &[Scenario],
) -> Result<SurfaceFindings, UnusablePolicy> {
    let unusable = |policy: usize, message: String| UnusablePolicy { policy, message };
    for (n, policy) in policies.iter().enumerate() {
        let columns = table.checkpoints_of(policy);
        columns.map_err(|missing| unusable(n, missing.to_string()))?;
    }
    let mut of_groups = vec![Vec::new(); table.groups().len()];
    for (i, row) in table.rows().iter().enumerate() {
        of_groups[row.group].push(i);
    }
    let names = names(policies);
    let groups: Vec<Table> = of_groups.iter().map(|rows| table.select(rows)).collect();
    let pairs = (0..groups.len() * policies.len()).into_par_iter();
    let rows = pairs.map(|pair| {
        let (group, n) = (pair / policies.len(), pair % policies.len());
        of_group(&policies[n], &names[n], &groups[group], problem_generated)
    });
    let (mut rows, no_places): (Vec<SurfaceRow>, Vec<Option<ScheduleError>>) = rows.unzip();
    for n in 0..policies.len() {
        let mut of_policy = no_places.iter().skip(n).step_by(policies.len());
        if let Some(Some(first)) = of_policy.next()
            && of_policy.all(Option::is_some)
        {
            return Err(unusable(n, first.to_string()));
        }
    }
    let warnings = of_log(table, intake);
    for row in &mut rows {
        row.warnings.retain(|warning| !warnings.contains(warning));
    }
    let rows_of_logs = rows.len() as u64;
    rows.extend(scenarios.iter().map(of_scenario));
    Ok(SurfaceFindings {
        schema: SCHEMA.to_owned(),
        policies: names,
        records: table.rows().len() as u64,
        prompts: table.prompts() as u64,
        skipped: intake.skipped,
        problem_generated,
        groups: groups.len() as u64,
        rows_of_logs,
        rows,
        warnings,
    })
}

/// The row of a policy on the generations of one group, and why it has no place in them, if it has none:
/// nothing is then known of the row but its counts.
fn of_group(
    policy: &PolicyFile,
    name: &str,
    group: &Table,
    problem_generated: bool,
) -> (SurfaceRow, Option<ScheduleError>) {
    let count =
        |which: &dyn Fn(&Row) -> bool| group.rows().iter().filter(|row| which(row)).count() as u64;
    let Group { model, benchmark } = group.groups()[0].clone();
    let mut row = SurfaceRow {
        source: Source::Log,
        model,
        benchmark,
        scenario: None,
        policy: Some(name.to_owned()),
        counts: Some(Counts {
            records: group.rows().len() as u64,
            prompts: group.prompts() as u64,
            labelled: count(&|row| row.accepted.is_some()),
            steps_labelled: count(&|row| row.first_error() != FirstError::Unlabelled),
        }),
        estimates: estimates(|_| Compared::default()),
        ceiling: None,
        warnings: Vec::new(),
    };
    // The columns are known to be there, see the caller.
    let checkpoints = group.checkpoints_of(policy).unwrap_or_default();
    let replay = Replay::new(group, policy, &checkpoints, problem_generated);
    let brief = match replay.and_then(|replay| brief(policy, group, &replay)) {
        Ok(brief) => brief,
        Err(no_place) => {
            row.warnings.push(no_place.to_string());
            return (row, Some(no_place));
        }
    };
    row.estimates = estimates(|name| Compared {
        estimate: match name {
            BEYOND_COIN => brief.figures.cost_beyond_coin,
            name => brief.figures.get(name),
        },
        exact: None,
    });
    row.ceiling = brief.ceiling.as_ref().map(Ceiling::of);
    row.warnings = brief.warnings;
    (row, None)
}

fn of_scenario(scenario: &Scenario) -> SurfaceRow {
    let exact = Exact::new(scenario);
    let beyond = exact.cost_ratio().zip(exact.null_cost_ratio());
    SurfaceRow {
        source: Source::Scenario,
        model: None,
        benchmark: None,
        scenario: Some(scenario.name().to_owned()),
        policy: None,
        counts: None,
        estimates: estimates(|name| Compared {
            estimate: Estimate::default(),
            exact: match name {
                BEYOND_COIN => beyond.map(|(policy, coin)| policy - coin),
                name => exact_value(&exact, name),
            },
        }),
        ceiling: None,
        warnings: not_as_promised(&exact).into_iter().collect(),
    }
}

fn estimates(of: impl Fn(&str) -> Compared) -> Vec<Named<Compared>> {
    let named = |name: &str| Named {
        name: name.to_owned(),
        value: of(name),
    };
    FIGURES
        .into_iter()
        .chain([BEYOND_COIN])
        .map(named)
        .collect()
}
