//! How good can a policy be on the validators of a scenario, and how much of that does the scenario's
//! own policy reach? Typed findings; the theory does the work.

mod findings;
mod fixed;
mod words;

use crate::engine::Interrupt;
use crate::scenario::Scenario;
use crate::theory::Exact;
use crate::theory::optimal::{Account, FullInformation, Solution, solve};
pub use crate::theory::optimal::{OptimalError, Per};
pub use findings::{
    FixedCheckpoint, FixedFindings, Line, OptimalFindings, OptimumFindings, Role, SCHEMA,
    StageOfOptimum,
};
pub use words::{ChoiceInWords, RuleInWords};

/// Most rules of a policy that are told.
const MOST_RULES: usize = 60;
/// An optimum this close to "never reject", relatively, saves nothing that could be shared.
const NOTHING: f64 = 1e-12;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// What a retained generation counts for.
    pub per: Per,
    /// Whether to find the optimum of policies that see token counts, too.
    pub tokens_seen: bool,
}

/// Why there are no findings.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The optimum is not computed.
    #[error(transparent)]
    Theory(#[from] OptimalError),
    /// Ended before it was done.
    #[error("interrupted")]
    Interrupted,
}

/// How costs are counted.
#[derive(Debug, Clone, Copy)]
struct Cost(Per);

impl Cost {
    /// Tokens per unit of what is retained under the scenario's policy.
    fn of(self, exact: &Exact) -> Option<f64> {
        let retained = match self.0 {
            Per::Sample => exact.retained_rate(),
            Per::Utility => exact.retained_rate() * exact.utility_retained()?,
        };
        (retained > 0.0).then(|| exact.tokens_paid() / retained)
    }
}

/// Costs that others are held against.
struct Scale {
    never: f64,
    tokens: f64,
    accepted: f64,
    optimum: f64,
    full: f64,
}

impl Scale {
    fn share(&self, cost: f64, best: f64) -> Option<f64> {
        let saved = self.never - best;
        (saved > NOTHING * self.never).then(|| (self.never - cost) / saved)
    }

    fn line(&self, name: &'static str, role: Role, cost: Option<f64>, account: &Account) -> Line {
        let ratio = |a: f64, b: f64| (b > 0.0).then(|| a / b);
        let bad = 1.0 - self.accepted;
        let bad_surviving = account.surviving - account.retained;
        Line {
            name,
            role,
            cost,
            cost_ratio: cost.map(|cost| cost / self.never),
            savings: ratio(self.tokens - account.tokens, self.tokens),
            rejection_rate: (1.0 - account.surviving).max(0.0),
            false_rejection_rate: ratio(self.accepted - account.retained, self.accepted)
                .map(|f| f.max(0.0)),
            detection_rate: ratio(bad - bad_surviving, bad).map(|d| d.max(0.0)),
            retained_rate: account.retained,
            efficiency: cost.and_then(|cost| self.share(cost, self.optimum)),
            efficiency_full_information: cost.and_then(|cost| self.share(cost, self.full)),
        }
    }

    /// A policy that the exact theory evaluates, with its own figures.
    fn exact(&self, name: &'static str, exact: &Exact, cost: Cost) -> Line {
        let account = Account {
            tokens: exact.tokens_paid(),
            worth: 0.0,
            retained: exact.retained_rate(),
            surviving: 1.0 - exact.rejection_rate(),
        };
        Line {
            savings: exact.savings(),
            rejection_rate: exact.rejection_rate(),
            false_rejection_rate: exact.false_rejection_rate(),
            detection_rate: exact.detection_rate(),
            ..self.line(name, Role::Policy, cost.of(exact), &account)
        }
    }
}

/// The optimum of `scenario` beside its own policy, the best fixed one, and what nobody can beat.
pub fn optimal(
    scenario: &Scenario,
    request: Request,
    interrupt: &Interrupt,
) -> Result<OptimalFindings, Failure> {
    let going_on = || {
        if interrupt.raised() {
            Err(Failure::Interrupted)
        } else {
            Ok(())
        }
    };
    let cost = Cost(request.per);
    let full = FullInformation::new(scenario, request.per).ok_or(OptimalError::Worthless)?;
    let solution = solve(scenario, request.per, false)?;
    going_on()?;
    let with_tokens = if request.tokens_seen {
        Some(solve(scenario, request.per, true)?)
    } else {
        None
    };
    going_on()?;
    let fixed = fixed::best(scenario, cost, interrupt);
    going_on()?;
    let own = Exact::new(scenario);

    let scale = Scale {
        never: full.never.cost(),
        tokens: full.never.tokens,
        accepted: full.accepted,
        optimum: solution.optimum.cost,
        full: full.best.cost(),
    };
    let account = |name, role, account: &Account| {
        let cost = (account.worth > 0.0).then(|| account.cost());
        scale.line(name, role, cost, account)
    };
    let mut policies = vec![
        account("never-reject", Role::Policy, &full.never),
        scale.exact("own", &own, cost),
    ];
    policies.extend(
        fixed
            .as_ref()
            .map(|f| scale.exact("best-fixed", &f.exact, cost)),
    );
    policies.push(account(OPTIMAL, Role::Policy, &solution.optimum.account));
    if let Some(solution) = &with_tokens {
        policies.push(account(
            WITH_TOKENS,
            Role::Policy,
            &solution.optimum.account,
        ));
    }
    policies.push(account("full-information", Role::Bound, &full.best));
    policies.push(account("kill-at-onset", Role::Reference, &full.at_onset));

    let mut optima = vec![found(scenario, OPTIMAL, &solution)];
    optima.extend(
        with_tokens
            .as_ref()
            .map(|s| found(scenario, WITH_TOKENS, s)),
    );
    let mut warnings = warnings(&optima, &full, fixed.as_ref());
    if with_tokens.is_some() && !lengths_tell(scenario) {
        warnings.push(
            "token counts tell nothing here: no fault changes the length of its stages".to_owned(),
        );
    }
    if !own_is_defined(&own, cost) {
        warnings.push("the scenario's own policy retains nothing: it has no cost".to_owned());
    }
    Ok(OptimalFindings {
        schema: SCHEMA,
        scenario: scenario.name().to_owned(),
        per: match request.per {
            Per::Utility => "utility",
            Per::Sample => "sample",
        },
        policies,
        optima,
        best_fixed: fixed.map(|fixed| FixedFindings {
            exhaustive: fixed.exhaustive,
            examined: fixed.examined,
            checkpoints: fixed
                .checkpoints
                .iter()
                .map(|c| FixedCheckpoint {
                    at: scenario.stage_name(c.at).to_owned(),
                    validators: c
                        .validators
                        .iter()
                        .map(|&v| scenario.validators()[v].name.clone())
                        .collect(),
                    threshold: c.threshold,
                })
                .collect(),
        }),
        warnings,
    })
}

const OPTIMAL: &str = "optimal";
const WITH_TOKENS: &str = "optimal-tokens-seen";

fn own_is_defined(own: &Exact, cost: Cost) -> bool {
    cost.of(own).is_some()
}

fn lengths_tell(scenario: &Scenario) -> bool {
    let states = 0..scenario.states().len();
    let mut factors = states.map(|x| scenario.length_factor(x));
    factors.any(|f| (f - 1.0).abs() > 0.0)
}

fn found(scenario: &Scenario, name: &'static str, solution: &Solution<'_>) -> OptimumFindings {
    let optimum = &solution.optimum;
    let (rules, rules_complete) = solution.program.rules(optimum, MOST_RULES);
    let last = scenario.stages().len() - 1;
    OptimumFindings {
        name,
        cost: optimum.cost,
        lower_bound: solution.lower,
        steps: optimum.steps.clone(),
        beliefs: solution.program.beliefs(),
        difficulty_nodes: solution.nodes,
        quadrature_error: solution.quadrature_error,
        cells: solution.cells,
        stages: (0..last)
            .map(|k| StageOfOptimum {
                stage: scenario.stage_name(k).to_owned(),
                consulted: scenario
                    .checkpoints()
                    .iter()
                    .any(|c| c.at == k)
                    .then_some(optimum.consulted[k]),
                rejected: optimum.rejected[k],
            })
            .collect(),
        rules: rules
            .iter()
            .map(|rule| RuleInWords::new(scenario, rule))
            .collect(),
        rules_complete,
    }
}

fn warnings(
    optima: &[OptimumFindings],
    full: &FullInformation,
    fixed: Option<&fixed::Fixed>,
) -> Vec<String> {
    let mut warnings = Vec::new();
    for optimum in optima {
        if optimum.quadrature_error >= 1e-8 {
            warnings.push(format!(
                "{}: doubling the nodes of difficulty still moved the cost by {:.1e} of it, not by \
                 less than 1e-8",
                optimum.name, optimum.quadrature_error
            ));
        }
        let Some(cells) = optimum.cells else { continue };
        match optimum.lower_bound {
            None => warnings.push(format!(
                "{}: with scores or lengths in {cells} cells; how much the true optimum lies below \
                 is not known, as the bound does not fit",
                optimum.name
            )),
            Some(lower) if optimum.cost - lower > 1e-4 * optimum.cost => warnings.push(format!(
                "{}: scores or lengths were cut into {cells} cells; the true optimum lies up to \
                 {:.1e} of its cost lower",
                optimum.name,
                (optimum.cost - lower) / optimum.cost
            )),
            Some(_) => {}
        }
    }
    if full.error > 1e-10 {
        warnings.push(format!(
            "full information: the integral over difficulty is known to {:.1e} only",
            full.error
        ));
    }
    match fixed {
        None => warnings.push(
            "the best fixed thresholds were not searched: a checkpoint has more than 8 validators"
                .to_owned(),
        ),
        Some(fixed) if !fixed.exhaustive => warnings.push(format!(
            "the best fixed thresholds are a local best of {} policies, found checkpoint by \
             checkpoint",
            fixed.examined
        )),
        Some(_) => {}
    }
    warnings
}
