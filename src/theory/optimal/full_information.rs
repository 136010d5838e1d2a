//! What nobody can beat: the same program for who sees the latent state and the difficulty of the
//! prompt after every stage and pays no check. Beside it "kill at fault onset", which equals it only
//! where faults last, are worthless and difficulty plays no part.

use std::cell::RefCell;

use super::Per;
use super::price::{Account, descend};
use crate::scenario::{CLEAN, Conditions, Scenario};
use crate::theory::difficulty::panel_edges;
use crate::theory::quadrature::GaussLegendre;

/// Policies that see the latent state.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Rule {
    /// Never rejects.
    Never,
    /// Rejects after the first stage that ends in a fault.
    AtOnset,
    /// The best at this price.
    Best(f64),
}

/// Accounts of policies that see the latent state and difficulty, for nothing.
#[derive(Debug, Clone)]
pub struct FullInformation {
    /// Never rejecting.
    pub never: Account,
    /// Rejecting after the first stage that ends in a fault.
    pub at_onset: Account,
    /// The best: no policy costs less.
    pub best: Account,
    /// P(A).
    pub accepted: f64,
    /// Largest relative disagreement that the quadrature left.
    pub error: f64,
}

impl FullInformation {
    /// Integrates over the difficulty of the scenario's prompts.
    ///
    /// Nothing where full generations are worth nothing.
    pub fn new(scenario: &Scenario, per: Per) -> Option<Self> {
        Self::with(&|rule| integrated(scenario, per, rule))
    }

    /// The same for prompts of finitely many difficulties, as (weight, δ).
    pub fn over(scenario: &Scenario, prompts: &[(f64, f64)], per: Per) -> Option<Self> {
        Self::with(&|rule| {
            let mut sum = Account::default();
            for &(weight, delta) in prompts {
                let conditions = scenario.conditions(delta);
                sum.add(weight, &given(scenario, &conditions, per, rule));
            }
            (sum, 0.0)
        })
    }

    fn with(account: &dyn Fn(Rule) -> (Account, f64)) -> Option<Self> {
        let (never, error) = account(Rule::Never);
        if never.worth <= 0.0 {
            return None;
        }
        let largest = RefCell::new(error);
        let noted = |rule| {
            let (account, error) = account(rule);
            let mut largest = largest.borrow_mut();
            *largest = largest.max(error);
            account
        };
        let ((), best, _) = descend(((), never), |price| ((), noted(Rule::Best(price))));
        let at_onset = noted(Rule::AtOnset);
        Some(Self {
            never,
            at_onset,
            best,
            accepted: never.retained,
            error: largest.into_inner(),
        })
    }
}

fn integrated(scenario: &Scenario, per: Per, rule: Rule) -> (Account, f64) {
    let sd = scenario.difficulty_sd();
    if sd <= 0.0 {
        let conditions = scenario.conditions(0.0);
        return (given(scenario, &conditions, per, rule), 0.0);
    }
    let mut conditions = Conditions::default();
    let (panels, error) = GaussLegendre::new().integrate(&panel_edges(), &mut |z| {
        scenario.set_conditions(sd * z, &mut conditions);
        let account = given(scenario, &conditions, per, rule);
        vec![
            account.tokens,
            account.worth,
            account.retained,
            account.surviving,
        ]
    });
    let sum = |j: usize| panels.iter().map(|panel| panel[j]).sum::<f64>();
    let account = Account {
        tokens: sum(0),
        worth: sum(1),
        retained: sum(2),
        surviving: sum(3),
    };
    (account, error)
}

/// Expectations for prompts under `conditions`.
fn given(scenario: &Scenario, conditions: &Conditions, per: Per, rule: Rule) -> Account {
    let states = scenario.states().len();
    let mut after: Vec<Account> = (0..states)
        .map(|x| Account {
            tokens: 0.0,
            worth: per.worth(scenario, x),
            retained: scenario.accepts()[x],
            surviving: 1.0,
        })
        .collect();
    for k in (0..scenario.stages().len()).rev() {
        let mean = scenario.stages()[k].mean() * conditions.length;
        for (x, account) in after.iter_mut().enumerate() {
            account.tokens += mean * scenario.length_factor(x);
        }
        let mut before = vec![Account::default(); states];
        before[CLEAN].add(conditions.stays_clean[k], &after[CLEAN]);
        for fault in 0..states - 1 {
            let recovery = scenario.recovery(k, fault);
            before[CLEAN].add(conditions.hazard[k][fault], &after[fault + 1]);
            before[fault + 1].add(recovery, &after[CLEAN]);
            before[fault + 1].add(1.0 - recovery, &after[fault + 1]);
        }
        // Nobody can reject before the first stage.
        if k > 0 {
            for (x, account) in before.iter_mut().enumerate() {
                let rejects = match rule {
                    Rule::Never => false,
                    Rule::AtOnset => x != CLEAN,
                    Rule::Best(price) => account.gain(price) < 0.0,
                };
                if rejects {
                    *account = Account::default();
                }
            }
        }
        after = before;
    }
    after[CLEAN]
}
