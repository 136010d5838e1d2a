//! A scenario prepared for the search: prompts of finitely many difficulties, everything that can be
//! seen as finitely many verdicts, and the tree of what can be believed.

use super::belief::{MOST_STICKY, World};
use super::experiment::{Detail, Experiment, Verdict};
use super::laws::{Laws as _, Lengths, Scores};
use super::price::{Account, Policy};
use super::rules::{self, Rule};
use super::tree::{Next, Sights, Tree};
use super::{OptimalError, Per};
use crate::scenario::{Beta, Response, Scenario, TokenLaw};
use crate::theory::joint::{self, Look};

/// How what a policy sees is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// Whether the policy may use the lengths of the stages.
    pub tokens: bool,
    /// Cells that a score or a length is cut into, at least 1; alarms need none.
    pub cells: usize,
    /// Whether a cell tells less or more than what lies in it.
    pub detail: Detail,
}

impl Default for Sight {
    /// Scores alone, in 16 cells, as attainable policies.
    fn default() -> Self {
        Self {
            tokens: false,
            cells: 16,
            detail: Detail::Attainable,
        }
    }
}

/// The program of the best policy for prompts of finitely many difficulties.
#[derive(Debug)]
pub struct Program<'s> {
    scenario: &'s Scenario,
    sights: Sights,
    tree: Tree,
}

/// The least cost and the policy that has it.
#[derive(Debug, Clone)]
pub struct Optimum {
    /// Tokens per unit of what is retained.
    pub cost: f64,
    /// What is expected per attempt.
    pub account: Account,
    /// P(τ = k) by stage; 0 after the last one.
    pub rejected: Vec<f64>,
    /// P(the checkpoint after the stage is consulted), by stage.
    pub consulted: Vec<f64>,
    /// Costs from "never reject" to the least one, each below the one before.
    pub steps: Vec<f64>,
    pub(super) policy: Policy,
}

impl<'s> Program<'s> {
    /// Prepares `scenario` for `prompts`, given as (weight, δ) with weights that sum to 1.
    ///
    /// Fails where nothing is worth anything, where too much can be seen, and where lengths may be
    /// used that are not computed: those of a law with atoms, and those that difficulty moves.
    pub fn new(
        scenario: &'s Scenario,
        prompts: &[(f64, f64)],
        per: Per,
        sight: Sight,
    ) -> Result<Self, OptimalError> {
        let world = World::new(scenario, prompts);
        if world.sticky() > MOST_STICKY {
            return Err(OptimalError::TooSticky(world.sticky()));
        }
        let sights = sights(scenario, sight)?;
        let tree = Tree::new(&world, &sights, per)?;
        let program = Self {
            scenario,
            sights,
            tree,
        };
        if program.tree.never().worth > 0.0 {
            Ok(program)
        } else {
            Err(OptimalError::Worthless)
        }
    }

    /// `W(c)`: what the best policy gains per attempt, in tokens, if a unit of what is retained
    /// fetches `price`. Convex and non-decreasing in it.
    pub fn gain(&self, price: f64) -> f64 {
        self.tree.best(price, 0.0).1.gain(price)
    }

    /// The least cost.
    pub fn optimum(&self) -> Optimum {
        let least = self.tree.least();
        let (rejected, consulted) = self.rates(&least.policy);
        Optimum {
            cost: least.account.cost(),
            account: least.account,
            rejected,
            consulted,
            steps: least.steps,
            policy: least.policy,
        }
    }

    /// Beliefs that can be reached, equal ones counted once.
    pub fn beliefs(&self) -> usize {
        self.tree.len()
    }

    /// Whether scores or lengths were cut into cells.
    pub fn is_continuous(&self) -> bool {
        self.sights.is_continuous()
    }

    /// What `optimum` does after which verdicts, stage by stage, as far as at most `most` rules
    /// tell; and whether they tell everything.
    pub fn rules(&self, optimum: &Optimum, most: usize) -> (Vec<Rule>, bool) {
        rules::rules(
            self.scenario,
            &self.sights,
            &self.tree,
            &optimum.policy,
            most,
        )
    }

    /// P(rejected after) and P(checkpoint consulted after), by stage, forwards.
    fn rates(&self, policy: &Policy) -> (Vec<f64>, Vec<f64>) {
        let stages = self.scenario.stages().len();
        let (mut rejected, mut consulted) = (vec![0.0; stages], vec![0.0; stages]);
        let mut reach = places_after(1.0, &self.tree.root.next);
        for (k, layer) in self.tree.layers.iter().enumerate() {
            let mut posts = vec![0.0; layer.posts.len()];
            for (i, p) in &reach {
                let place = &layer.places[*i];
                if policy.looks[k][*i] {
                    consulted[k] += *p;
                    for branch in &place.looked {
                        posts[branch.to as usize] += *p * branch.probability;
                    }
                } else {
                    posts[place.unlooked as usize] += *p;
                }
            }
            reach = Vec::new();
            for (i, (&p, post)) in posts.iter().zip(&layer.posts).enumerate() {
                if policy.rejects[k][i] {
                    rejected[k] += p;
                } else if p > 0.0 {
                    reach.extend(places_after(p, &post.next));
                }
            }
        }
        (rejected, consulted)
    }
}

/// (place, probability) after a post that is reached with `probability` and goes on.
fn places_after(probability: f64, next: &Next) -> Vec<(usize, f64)> {
    match next {
        Next::End(_) => Vec::new(),
        Next::Places(branches) => branches
            .iter()
            .map(|b| (b.to as usize, probability * b.probability))
            .collect(),
    }
}

/// What can be seen after each stage but the last.
fn sights(scenario: &Scenario, sight: Sight) -> Result<Sights, OptimalError> {
    let places = scenario.stages().len() - 1;
    let mut sights = Sights {
        length: (0..places).map(|_| None).collect(),
        checkpoint: (0..places).map(|_| Vec::new()).collect(),
        cost: vec![0.0; places],
    };
    let experiments: Vec<Experiment> = scenario
        .validators()
        .iter()
        .enumerate()
        .map(|(validator, v)| match &v.response {
            Response::Alarm { .. } => Experiment::Alarm { validator },
            Response::Score(laws) => of_scores(laws, sight),
        })
        .collect();
    for checkpoint in scenario.checkpoints() {
        let looks = joint::looks(scenario, &checkpoint.validators).into_iter();
        let seen = looks.map(|look| match look {
            Look::Alone(v) => experiments[v].clone(),
            Look::Together { .. } => Experiment::Together(look),
        });
        sights.cost[checkpoint.at] = checkpoint.cost_tokens;
        sights.checkpoint[checkpoint.at] = seen.collect();
    }
    if sight.tokens {
        for k in 0..places {
            sights.length[k] = of_lengths(scenario, k, sight)?;
        }
    }
    Ok(sights)
}

fn of_scores(by_state: &[Beta], sight: Sight) -> Experiment {
    let mut laws: Vec<Beta> = Vec::new();
    let of_state: Vec<usize> = by_state
        .iter()
        .map(|law| {
            laws.iter().position(|l| l == law).unwrap_or_else(|| {
                laws.push(*law);
                laws.len() - 1
            })
        })
        .collect();
    if laws.len() == 1 {
        return nothing(by_state.len());
    }
    Experiment::continuous(&Scores(laws), &of_state, sight.cells, sight.detail)
}

/// The experiment that always says the same.
fn nothing(states: usize) -> Experiment {
    Experiment::Table(vec![Verdict {
        range: None,
        by_state: vec![1.0; states],
    }])
}

/// What the length of stage `k` tells; nothing where it is the same in all states.
fn of_lengths(
    scenario: &Scenario,
    k: usize,
    sight: Sight,
) -> Result<Option<Experiment>, OptimalError> {
    let effect = scenario.length_effect() * scenario.difficulty_sd();
    let law = &scenario.stages()[k];
    if law.mean() <= 0.0 {
        return Ok(None);
    }
    if effect.abs() > 0.0 {
        let why = "difficulty moves lengths (`length_effect`), which then tell of difficulty, too; \
                   set `length_effect` to 0 or leave token counts out";
        return Err(OptimalError::Lengths(why.to_owned()));
    }
    let mut factors: Vec<f64> = Vec::new();
    let of_state: Vec<usize> = (0..scenario.states().len())
        .map(|x| {
            let factor = scenario.length_factor(x);
            let same = |f: &f64| f.to_bits() == factor.to_bits();
            factors.iter().position(same).unwrap_or_else(|| {
                factors.push(factor);
                factors.len() - 1
            })
        })
        .collect();
    if factors.len() == 1 {
        return Ok(None);
    }
    if let TokenLaw::Fixed(value) = law {
        // A fixed length times a factor gives the factor away.
        let verdicts = factors.iter().enumerate().map(|(j, factor)| Verdict {
            range: Some((value * factor, value * factor)),
            by_state: of_state
                .iter()
                .map(|&of| f64::from(u8::from(of == j)))
                .collect(),
        });
        return Ok(Some(Experiment::Table(verdicts.collect())));
    }
    let Some(lengths) = Lengths::new(law, &factors) else {
        return Err(OptimalError::Lengths(format!(
            "the lengths of stage `{}` lie on a lattice (or are all but fixed), times a \
             `length_factor`; use a log-normal or gamma law, or leave token counts out",
            scenario.stage_name(k)
        )));
    };
    debug_assert_eq!(lengths.len(), factors.len());
    let experiment = Experiment::continuous(&lengths, &of_state, sight.cells, sight.detail);
    Ok(Some(experiment))
}
