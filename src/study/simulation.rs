//! What does a policy save, cost and do to the data? Exact values beside Monte Carlo.

use super::early_exit::{EarlyExitFindings, compared};
use super::part::{Part, Progress};
use super::{Named, RESULT_SCHEMA, named::as_map};
use crate::engine::Interrupt;
use crate::estimate::{
    ArmsTally, Column, DOMINANT, Estimate, Estimates, Group, NAMES, RetryTally, Tally,
};
use crate::scenario::Scenario;
use crate::theory::Exact;

/// What to simulate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// Generations.
    pub attempts: u64,
    /// Root seed.
    pub seed: u64,
    /// Generations per prompt.
    pub per_prompt: u64,
}

/// What is drawn at random; the rest is expected, given that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Drawn {
    /// Generations with all that happens to them.
    Generations,
    /// Difficulties of prompts; what happens to a generation is expected, see
    /// [`conditional`](super::conditional).
    Prompts,
}

/// What estimates rest on.
pub(super) struct Sample<'a> {
    pub(super) drawn: Drawn,
    /// Generations, or prompts where these are drawn.
    pub(super) attempts: u64,
    pub(super) per_prompt: u64,
    pub(super) seed: u64,
    /// Whether drawing was interrupted.
    pub(super) partial: bool,
    pub(super) tally: &'a Tally,
    /// The same in four arms, where the scenario knows early exit.
    pub(super) arms: Option<&'a ArmsTally>,
    /// Costs of retrying, where they are known and finite.
    pub(super) retried: Option<&'a RetryTally>,
}

/// An estimate beside its exact value.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Compared {
    /// By Monte Carlo.
    #[serde(flatten)]
    pub estimate: Estimate,
    /// By theory; `None` where undefined.
    pub exact: Option<f64>,
}

/// Rejections after one stage.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct StageRejections {
    /// Name of the stage.
    pub stage: String,
    /// `q_k`
    #[serde(flatten)]
    pub rate: Compared,
}

/// One group of generations.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct GroupFindings {
    /// What tells the groups apart.
    pub covariate: String,
    /// Which group.
    pub level: String,
    /// f within the group.
    pub false_rejection_rate: Compared,
    /// (1 − `f_x`)/(1 − f): by how much the group's share of the data changes.
    pub factor: Compared,
}

/// The result of a simulation.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct SimulationFindings {
    /// [`RESULT_SCHEMA`].
    pub schema: String,
    /// Name of the scenario.
    pub scenario: String,
    /// What the scenario says of itself; may be empty.
    pub description: String,
    /// What was drawn.
    pub drawn: Drawn,
    /// Attempts that the estimates rest on; prompts, where these were drawn.
    pub attempts: u64,
    /// Generations per prompt.
    pub per_prompt: u64,
    /// Root seed.
    pub seed: u64,
    /// Whether the run was interrupted.
    pub partial: bool,
    /// All estimates in the order of [`NAMES`].
    #[serde(with = "as_map")]
    pub estimates: Vec<Named<Compared>>,
    /// Gross savings less the coin's, as a share of `E[C_K]`: Σ Cov(1{τ < i}, `L_i`) / `E[C_K]`.
    /// Where it is negative `savings_bound` is not a bound.
    pub covariance_slack: Compared,
    /// One per stage; the last is 0.
    pub rejections_by_stage: Vec<StageRejections>,
    /// TV between what is retained and what would have been accepted.
    #[serde(with = "as_map")]
    pub shifts: Vec<Named<Compared>>,
    /// f and factor by group.
    pub groups: Vec<GroupFindings>,
    /// Rejection and early exit in four arms; not written where the scenario knows no early exit. All
    /// other figures are of rejection alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_exit: Option<EarlyExitFindings<Compared>>,
    /// What a reader has to know before trusting the numbers.
    pub warnings: Vec<String>,
}

impl SimulationFindings {
    /// The estimate called `name`.
    pub fn get(&self, name: &str) -> Option<Compared> {
        let found = self.estimates.iter().find(|e| e.name == name);
        found.map(|e| e.value)
    }
}

/// Simulates `scenario` and evaluates it exactly. `progress` hears of what is finished.
pub fn simulate(
    scenario: &Scenario,
    request: Request,
    progress: &(dyn Fn(Progress) + Sync),
    interrupt: &Interrupt,
) -> SimulationFindings {
    let mut part = Part::planned(scenario, request, [0, 1]);
    part.draw(scenario, progress, interrupt);
    evaluate(scenario, &part)
}

/// What a part of a run of `scenario`, or the whole of it, tells, beside the exact values.
pub fn evaluate(scenario: &Scenario, part: &Part) -> SimulationFindings {
    let sample = Sample {
        drawn: Drawn::Generations,
        attempts: part.attempts,
        per_prompt: part.request.per_prompt,
        seed: part.request.seed,
        partial: !part.is_done(),
        tally: &part.tally,
        arms: part.arms.as_ref(),
        retried: part.retry_account(),
    };
    evaluate_sample(scenario, &sample)
}

/// What `sample` tells of `scenario`, beside the exact values.
pub(super) fn evaluate_sample(scenario: &Scenario, sample: &Sample<'_>) -> SimulationFindings {
    let exact = Exact::new(scenario);
    let mut estimates = Estimates::new(sample.tally);
    let mut warnings = warnings(scenario, sample, &exact);
    let retry = if scenario.difficulty_sd() > 0.0 {
        sample.retried.map(|tally| {
            if tally.dominance() > DOMINANT {
                warnings.push(format!(
                    "one prompt brings {:.0} % of the spread of retry costs: the interval of \
                     cost_ratio_retry is too narrow",
                    100.0 * tally.dominance()
                ));
            }
            let (ratio, stderr) = tally.cost_ratio();
            Estimate::around(ratio, stderr, tally.prompts())
        })
    } else {
        // All prompts are alike: retrying one is trying another.
        estimates.by_name.get("cost_ratio").copied()
    };
    match retry {
        Some(estimate) => {
            estimates.by_name.insert("cost_ratio_retry", estimate);
        }
        None => warnings.push(
            "cost_ratio_retry was not estimated: nothing was retained, some prompts hardly ever \
             yield, or the run was interrupted"
                .to_owned(),
        ),
    }
    let early_exit = sample.arms.and_then(|arms| compared(scenario, arms));
    let (early_exit, more) = early_exit.unzip();
    warnings.extend(more.unwrap_or_default());
    SimulationFindings {
        early_exit,
        ..findings(scenario, sample, &exact, &estimates, warnings)
    }
}

fn warnings(scenario: &Scenario, sample: &Sample<'_>, exact: &Exact) -> Vec<String> {
    let mut warnings: Vec<String> = not_as_promised(exact).into_iter().collect();
    let tally = sample.tally;
    if tally.cut() > 0 {
        let what = match sample.drawn {
            Drawn::Generations => "generations",
            Drawn::Prompts => "prompts",
        };
        warnings.push(format!(
            "{} {what} were thousands of times longer than a long one and were cut: the \
             simulated token figures are too low",
            tally.cut()
        ));
    }
    if tally.dominance(Column::Full) > DOMINANT {
        warnings.push(format!(
            "one prompt brings {:.0} % of the spread of lengths: the intervals of token figures \
             are too narrow; ask for more --attempts",
            100.0 * tally.dominance(Column::Full)
        ));
    }
    match sample.drawn {
        Drawn::Generations => {
            let rejected = tally.count(Column::Count) - tally.count(Column::Surviving);
            if !scenario.checkpoints().is_empty() && rejected < 10 {
                warnings.push(format!(
                    "only {rejected} of {} attempts were rejected: the intervals of savings and \
                     cost ratios are not reliable; ask for more --attempts",
                    tally.count(Column::Count)
                ));
            }
            let retained = tally.count(Column::Retained);
            if (1..10).contains(&retained) {
                warnings.push(format!(
                    "only {retained} of {} attempts were retained: the intervals of cost ratios, of \
                     utility_retained and of retained_bias are not reliable; ask for more --attempts",
                    tally.count(Column::Count)
                ));
            }
        }
        Drawn::Prompts => {
            if tally.dominance(Column::Surviving) > DOMINANT {
                warnings.push(format!(
                    "one prompt brings {:.0} % of the spread of rejections: the intervals of \
                     savings and cost ratios are not reliable; ask for more --attempts",
                    100.0 * tally.dominance(Column::Surviving)
                ));
            }
        }
    }
    warnings.extend(not_informative(scenario, exact));
    warnings
}

/// What to know before trusting the exact values.
pub(super) fn warnings_of_exact(scenario: &Scenario, exact: &Exact) -> Vec<String> {
    let promise = not_as_promised(exact).into_iter();
    promise.chain(not_informative(scenario, exact)).collect()
}

/// How far exact values are less exact than promised, if they are.
pub(super) fn not_as_promised(exact: &Exact) -> Option<String> {
    (!exact.keeps_promise()).then(|| {
        format!(
            "the exact values are good to a relative {:.1e} only: the integral over difficulty \
             converges slowly",
            exact.quadrature_error()
        )
    })
}

/// Figures that do not say what their names promise.
fn not_informative(scenario: &Scenario, exact: &Exact) -> Vec<String> {
    let mut warnings = Vec::new();
    let slack = exact.covariance_slack() / exact.tokens_full();
    if slack < -1e-12 {
        warnings.push(format!(
            "savings_bound is not a bound here: rejected generations would have run shorter than \
             others (slack {slack:.4} of the tokens)"
        ));
    }
    let same = |(u, a): (&f64, &f64)| (u - a).abs() < 1e-12 && u * (1.0 - u) < 1e-12;
    if scenario.utility().iter().zip(scenario.accepts()).all(same) {
        warnings.push(
            "utility equals acceptance, so retained_bias is 0 whatever the policy does: not \
             informative; look at shifts and groups"
                .to_owned(),
        );
    }
    warnings
}

fn findings(
    scenario: &Scenario,
    sample: &Sample<'_>,
    exact: &Exact,
    estimates: &Estimates,
    warnings: Vec<String>,
) -> SimulationFindings {
    let named = |&name: &&str| Named {
        name: name.to_owned(),
        value: Compared {
            estimate: estimates.by_name.get(name).copied().unwrap_or_default(),
            exact: exact_value(exact, name),
        },
    };
    let certain_zero = Estimate::around(0.0, 0.0, 2);
    let rejections_by_stage = (0..scenario.stages().len())
        .map(|k| {
            let checkpoint = scenario.checkpoints().iter().position(|c| c.at == k);
            StageRejections {
                stage: scenario.stage_name(k).to_owned(),
                rate: Compared {
                    estimate: checkpoint.map_or(certain_zero, |c| estimates.rejections[c]),
                    exact: Some(exact.rejections_by_stage()[k]),
                },
            }
        })
        .collect();
    SimulationFindings {
        schema: RESULT_SCHEMA.to_owned(),
        scenario: scenario.name().to_owned(),
        description: scenario.spec().description.clone(),
        drawn: sample.drawn,
        attempts: sample.attempts,
        per_prompt: sample.per_prompt,
        seed: sample.seed,
        partial: sample.partial,
        estimates: NAMES.iter().map(named).collect(),
        covariance_slack: Compared {
            estimate: estimates.covariance_slack,
            exact: Some(exact.covariance_slack() / exact.tokens_full()),
        },
        rejections_by_stage,
        shifts: shifts(scenario, exact, estimates),
        groups: groups(exact, &estimates.groups),
        early_exit: None,
        warnings,
    }
}

fn shifts(scenario: &Scenario, exact: &Exact, estimates: &Estimates) -> Vec<Named<Compared>> {
    let by_theory = exact.shifts();
    let mut shifts: Vec<Named<Compared>> = estimates
        .shifts
        .iter()
        .map(|(name, estimate)| Named {
            name: name.clone(),
            value: Compared {
                estimate: *estimate,
                exact: match name.as_str() {
                    "final_state" => by_theory.final_state,
                    _ => by_theory.difficulty_decile,
                },
            },
        })
        .collect();
    if scenario.difficulty_sd() > 0.0 {
        // A sample shows the deciles; the distance between the densities is for theory alone.
        shifts.push(Named {
            name: "difficulty".to_owned(),
            value: Compared {
                estimate: Estimate::default(),
                exact: by_theory.difficulty,
            },
        });
    }
    shifts
}

fn groups(exact: &Exact, groups: &[Group]) -> Vec<GroupFindings> {
    let by_theory = exact
        .false_rejection_by_state()
        .into_iter()
        .chain(exact.false_rejection_by_decile());
    let overall = exact.false_rejection_rate();
    groups
        .iter()
        .zip(by_theory)
        .map(|(group, f)| GroupFindings {
            covariate: group.covariate.clone(),
            level: group.level.clone(),
            false_rejection_rate: Compared {
                estimate: group.false_rejection_rate,
                exact: f,
            },
            factor: Compared {
                estimate: group.factor,
                exact: f.zip(overall).and_then(|(f, overall)| {
                    (overall < 1.0).then_some((1.0 - f) / (1.0 - overall))
                }),
            },
        })
        .collect()
}

/// The exact value of the estimate called `name`.
pub fn exact_value(exact: &Exact, name: &str) -> Option<f64> {
    match name {
        "tokens_full" => Some(exact.tokens_full()),
        "tokens_paid" => Some(exact.tokens_paid()),
        "savings" => exact.savings(),
        "savings_bound" => exact.savings_bound(),
        "rejection_rate" => Some(exact.rejection_rate()),
        "false_rejection_rate" => exact.false_rejection_rate(),
        "detection_rate" => exact.detection_rate(),
        "accepted_rate" => Some(exact.accepted_rate()),
        "retained_rate" => Some(exact.retained_rate()),
        "cost_ratio" => exact.cost_ratio(),
        "cost_ratio_retry" => exact.cost_ratio_retry(),
        "utility_mean" => Some(exact.utility_mean()),
        "utility_surviving" => exact.utility_surviving(),
        "utility_accepted" => exact.utility_accepted(),
        "utility_retained" => exact.utility_retained(),
        "retained_bias" => exact.retained_bias(),
        "purity_before" => Some(exact.purity_before()),
        "purity_after" => exact.purity_after(),
        "null_savings" => exact.null_savings(),
        "null_cost_ratio" => exact.null_cost_ratio(),
        _ => None,
    }
}
