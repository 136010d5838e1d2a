//! Brute force over every policy of small scenarios, as a map from what was seen to what is done, over
//! particles with explicit sticky bits: the second route to the optimum (theory §7).

use std::path::Path;

use approx::assert_relative_eq;
use foldem::policy::Checkpoint;
use foldem::scenario::{Conditions, Response, Scenario};
use foldem::theory::optimal::{FullInformation, Per, Program, Sight};

use super::correlated::probability;
use super::enumeration::all_bits;

/// Two kinds of prompts: (weight, δ).
pub(crate) const TWO: [(f64, f64); 2] = [(0.3, -1.1), (0.7, 0.6)];
pub(crate) const ALIKE: [(f64, f64); 1] = [(1.0, 0.0)];

pub(crate) fn parse(text: &str) -> Scenario {
    Scenario::parse("test", text, Path::new(".")).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// Mass of one hidden situation, joint with everything seen so far.
#[derive(Debug, Clone)]
struct Particle {
    p: f64,
    prompt: usize,
    state: usize,
    /// What each sticky validator says of the present fault, drawn when it began.
    bits: Vec<bool>,
}

/// A scenario at a few difficulties, walked by particles.
struct Walk<'s> {
    scenario: &'s Scenario,
    conditions: Vec<Conditions>,
    per: Per,
}

/// (`E[T]`, `E[worth retained]`) of a policy, times the probability of what was seen.
type Pair = (f64, f64);

impl<'s> Walk<'s> {
    fn new(scenario: &'s Scenario, prompts: &[(f64, f64)], per: Per) -> (Self, Vec<Particle>) {
        let start = prompts
            .iter()
            .enumerate()
            .map(|(prompt, &(p, _))| Particle {
                p,
                prompt,
                state: 0,
                bits: Vec::new(),
            });
        let walk = Self {
            scenario,
            conditions: prompts.iter().map(|x| scenario.conditions(x.1)).collect(),
            per,
        };
        (walk, start.collect())
    }

    fn last(&self) -> usize {
        self.scenario.stages().len() - 1
    }

    /// Tokens of stage `k`, and the particles after it.
    fn stage(&self, k: usize, particles: &[Particle]) -> (f64, Vec<Particle>) {
        let mut after = Vec::new();
        for particle in particles {
            let conditions = &self.conditions[particle.prompt];
            let mut to = |p: f64, state, bits| {
                after.push(Particle {
                    p: particle.p * p,
                    state,
                    bits,
                    ..*particle
                });
            };
            if particle.state == 0 {
                let onset: f64 = conditions.hazard[k].iter().sum();
                to(1.0 - onset, 0, Vec::new());
                for (fault, hazard) in conditions.hazard[k].iter().enumerate() {
                    for (p, bits) in all_bits(self.scenario, fault) {
                        to(hazard * p, fault + 1, bits);
                    }
                }
            } else {
                let recovery = self.scenario.recovery(k, particle.state - 1);
                to(recovery, 0, Vec::new());
                to(1.0 - recovery, particle.state, particle.bits.clone());
            }
        }
        after.retain(|p| p.p > 0.0);
        let tokens = after.iter().map(|p| {
            p.p * self.scenario.stages()[k].mean()
                * self.conditions[p.prompt].length
                * self.scenario.length_factor(p.state)
        });
        (tokens.sum(), after)
    }

    fn alarm(&self, v: usize, particle: &Particle) -> f64 {
        match &self.scenario.validators()[v].response {
            Response::Alarm { .. } if particle.state == 0 => {
                self.conditions[particle.prompt].false_alarm[v]
            }
            Response::Alarm { sticky: true, .. } => f64::from(u8::from(particle.bits[v])),
            Response::Alarm { detects, .. } => detects[particle.state - 1],
            Response::Score(_) => unreachable!("brute force is for alarms"),
        }
    }

    fn checkpoint(&self, k: usize) -> Option<&Checkpoint<usize>> {
        self.scenario.checkpoints().iter().find(|c| c.at == k)
    }

    /// The particles after each combination of verdicts.
    fn look(&self, checkpoint: &Checkpoint<usize>, particles: &[Particle]) -> Vec<Vec<Particle>> {
        let combinations = 0..1_u32 << checkpoint.validators.len();
        combinations
            .map(|verdicts| {
                let seen = particles.iter().map(|particle| {
                    let mut particle = particle.clone();
                    let alarm = |v| self.alarm(v, &particle);
                    let says = probability(self.scenario, &checkpoint.validators, &alarm, verdicts);
                    particle.p *= says;
                    particle
                });
                seen.filter(|p| p.p > 0.0).collect()
            })
            .collect()
    }

    fn worth(&self, particles: &[Particle]) -> f64 {
        let worth = particles.iter().map(|p| {
            let accepted = self.scenario.accepts()[p.state];
            p.p * match self.per {
                Per::Sample => accepted,
                Per::Utility => accepted * self.scenario.utility()[p.state],
            }
        });
        worth.sum()
    }

    /// Every policy from before stage `k`, which is run.
    fn going_on(&self, k: usize, particles: &[Particle]) -> Vec<Pair> {
        let (tokens, after) = self.stage(k, particles);
        if k == self.last() {
            return vec![(tokens, self.worth(&after))];
        }
        let mut all = self.deciding(k, &after);
        if let Some(checkpoint) = self.checkpoint(k) {
            let reached: f64 = after.iter().map(|p| p.p).sum();
            let mut looked = vec![(checkpoint.cost_tokens * reached, 0.0)];
            for seen in self.look(checkpoint, &after) {
                let each = self.deciding(k, &seen);
                looked = looked
                    .iter()
                    .flat_map(|a| each.iter().map(move |b| (a.0 + b.0, a.1 + b.1)))
                    .collect();
            }
            all.extend(looked);
        }
        for pair in &mut all {
            pair.0 += tokens;
        }
        all
    }

    /// Every policy after stage `k` and its checkpoint: reject, or go on in every way.
    fn deciding(&self, k: usize, particles: &[Particle]) -> Vec<Pair> {
        if particles.is_empty() {
            return vec![(0.0, 0.0)];
        }
        let mut all = vec![(0.0, 0.0)];
        all.extend(self.going_on(k + 1, particles));
        all
    }
}

fn every_policy(scenario: &Scenario, prompts: &[(f64, f64)], per: Per) -> Vec<Pair> {
    let (walk, start) = Walk::new(scenario, prompts, per);
    walk.going_on(0, &start)
}

fn cheapest(policies: &[Pair]) -> f64 {
    let costs = policies.iter().filter(|p| p.1 > 0.0).map(|p| p.0 / p.1);
    costs.fold(f64::INFINITY, f64::min)
}

pub(crate) fn program<'s>(scenario: &'s Scenario, prompts: &[(f64, f64)], per: Per) -> Program<'s> {
    Program::new(scenario, prompts, per, Sight::default()).unwrap()
}

/// Uniform numbers of a congruential generator.
pub(crate) fn uniform(seed: u64) -> impl FnMut() -> f64 {
    let mut word = seed;
    move || {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (word >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// `looks[k]` validators are consulted after stage k; one more stage follows. Validator 0 is consulted
/// everywhere.
fn random(next: &mut dyn FnMut() -> f64, looks: &[usize]) -> Scenario {
    let stages = looks.len() + 1;
    let list = |values: &[f64]| format!("{values:?}");
    let mut text =
        String::from("schema = 'foldem.scenario/1'\nname = 'random'\n[difficulty]\nsd = 1\n");
    text += &format!("length_effect = {:?}\n", 0.3 * next());
    for kind in ["x", "y"] {
        let hazard: Vec<f64> = (0..stages).map(|_| next() * 0.4).collect();
        let recovery: Vec<f64> = (0..stages).map(|_| (next() - 0.4).max(0.0)).collect();
        text += &format!(
            "[[fault]]\nkind = '{kind}'\nhazard = {}\nrecovery = {}\nlength_factor = {:?}\n\
             difficulty_effect = {:?}\n",
            list(&hazard),
            list(&recovery),
            0.3 + 2.0 * next(),
            2.0 * next() - 0.5
        );
    }
    for k in 0..stages {
        text += &format!(
            "[[stage]]\nname = 's{k}'\ntokens = {{ dist = 'fixed', value = {:?} }}\n",
            5.0 + 90.0 * next()
        );
    }
    for v in 0..2 {
        text += &format!(
            "[[validator]]\nname = 'v{v}'\ndetects = {{ x = {:?}, y = {:?} }}\n\
             false_alarm = {:?}\nsticky = {}\ndifficulty_effect = {:?}\n",
            next(),
            next(),
            next() * 0.3,
            next() < 0.7,
            next()
        );
    }
    text += &format!(
        "[final_filter]\naccepts = {{ clean = {:?}, x = {:?}, y = {:?} }}\n\
         [utility]\nclean = {:?}\nx = {:?}\n",
        0.5 + 0.5 * next(),
        next() * 0.4,
        next() * 0.4,
        0.4 + 0.6 * next(),
        next()
    );
    for (k, &n) in looks.iter().enumerate() {
        let validators = if n == 2 { "'v0', 'v1'" } else { "'v0'" };
        text += &format!(
            "[[policy.checkpoint]]\nat = 's{k}'\nvalidators = [{validators}]\ncost_tokens = {:?}\n",
            next() * 3.0
        );
    }
    parse(&text)
}

/// The optimum and `W(c)` are those of brute force, full information lies below and each policy above;
/// the iteration only ever falls, and W is convex and non-decreasing.
pub(crate) fn compare(scenario: &Scenario, prompts: &[(f64, f64)], per: Per) {
    let policies = every_policy(scenario, prompts, per);
    let program = program(scenario, prompts, per);
    let optimum = program.optimum();
    let least = cheapest(&policies);
    assert_relative_eq!(optimum.cost, least, max_relative = 1e-10);
    let never = optimum.steps[0];
    let prices: Vec<f64> = (0..=12).map(|i| never * f64::from(i) / 8.0).collect();
    let gains: Vec<f64> = prices.iter().map(|&c| program.gain(c)).collect();
    for (&price, &gain) in prices.iter().zip(&gains) {
        let each = policies.iter().map(|p| price * p.1 - p.0);
        let best = each.fold(f64::NEG_INFINITY, f64::max);
        assert_relative_eq!(gain, best, max_relative = 1e-9, epsilon = 1e-9);
    }
    for three in gains.windows(3) {
        assert!(three[0] <= three[1] + 1e-9, "W falls: {gains:?}");
        let bend = three[2] - 2.0 * three[1] + three[0];
        assert!(bend >= -1e-9, "W is not convex: {gains:?}");
    }
    assert!(program.gain(optimum.cost).abs() < 1e-9 * never);
    assert!(
        optimum.steps.windows(2).all(|s| s[1] < s[0]),
        "{:?}",
        optimum.steps
    );
    assert!(
        optimum.steps.len() <= 12,
        "not superlinear: {:?}",
        optimum.steps
    );
    assert_relative_eq!(
        optimum.rejected.iter().sum::<f64>(),
        1.0 - optimum.account.surviving,
        epsilon = 1e-12
    );
    let full = FullInformation::over(scenario, prompts, per).unwrap();
    assert_relative_eq!(full.never.cost(), never, max_relative = 1e-12);
    assert!(full.best.cost() <= optimum.cost * (1.0 + 1e-12));
    assert!(full.best.cost() <= full.at_onset.cost() * (1.0 + 1e-12));
}

#[test]
fn the_optimum_is_the_cheapest_of_all_policies() {
    let mut next = uniform(20_261_128);
    for round in 0..30 {
        let per = if round % 3 == 0 {
            Per::Sample
        } else {
            Per::Utility
        };
        let prompts: &[(f64, f64)] = if round % 2 == 0 { &TWO } else { &ALIKE };
        compare(&random(&mut next, &[1, 1]), prompts, per);
        compare(&random(&mut next, &[1, 1, 1]), prompts, per);
    }
    for prompts in [&TWO[..], &ALIKE] {
        for _ in 0..3 {
            compare(&random(&mut next, &[2, 2]), prompts, Per::Utility);
            compare(&random(&mut next, &[1, 1, 2]), prompts, Per::Utility);
        }
    }
}

/// Something clean, or wrong from the first stage on; `sticky`, check cost, and which looks there are.
pub(crate) fn suspicious(sticky: bool, cost: f64) -> Scenario {
    parse(&format!(
        "schema = 'foldem.scenario/1'\nname = 's'\n\
         [[fault]]\nkind = 'wrong'\nhazard = [0.4, 0, 0]\n\
         [[stage]]\nname = 'a'\ntokens = {{ dist = 'fixed', value = 10 }}\n\
         [[stage]]\nname = 'b'\ntokens = {{ dist = 'fixed', value = 50 }}\n\
         [[stage]]\nname = 'c'\ntokens = {{ dist = 'fixed', value = 100 }}\n\
         [[validator]]\nname = 'v'\ndetects = {{ wrong = 0.5 }}\nfalse_alarm = 0.05\n\
         sticky = {sticky}\n\
         [[policy.checkpoint]]\nat = 'a'\nvalidators = ['v']\ncost_tokens = {cost}\n\
         [[policy.checkpoint]]\nat = 'b'\nvalidators = ['v']\ncost_tokens = {cost}\n"
    ))
}

/// Decides by what `believed` makes of the verdicts, in the world of `truth`: the believed gain, and
/// the true tokens and worth.
fn deceived(
    truth: (&Walk<'_>, &[Particle]),
    believed: (&Walk<'_>, &[Particle]),
    k: usize,
    price: f64,
) -> (f64, Pair) {
    let (tokens, after) = truth.0.stage(k, truth.1);
    let (expected, belief) = believed.0.stage(k, believed.1);
    let (mut gain, mut pair);
    if k == truth.0.last() {
        gain = price * believed.0.worth(&belief);
        pair = (0.0, truth.0.worth(&after));
    } else {
        let decide = |after: &[Particle], belief: &[Particle]| {
            let on = deceived((truth.0, after), (believed.0, belief), k + 1, price);
            if on.0 > 0.0 { on } else { (0.0, (0.0, 0.0)) }
        };
        (gain, pair) = decide(&after, &belief);
        let checkpoint = truth.0.checkpoint(k).unwrap();
        let mass = |particles: &[Particle]| particles.iter().map(|p| p.p).sum::<f64>();
        let mut looked = (
            -checkpoint.cost_tokens * mass(&belief),
            (checkpoint.cost_tokens * mass(&after), 0.0),
        );
        let seen = truth.0.look(checkpoint, &after);
        for (after, belief) in seen.iter().zip(believed.0.look(checkpoint, &belief)) {
            let each = decide(after, &belief);
            looked.0 += each.0;
            looked.1.0 += each.1.0;
            looked.1.1 += each.1.1;
        }
        if looked.0 > gain {
            (gain, pair) = looked;
        }
    }
    (gain - expected, (pair.0 + tokens, pair.1))
}

/// Trap: a posterior over the latent state alone takes the second verdict of a sticky validator for
/// news. It looks again, in vain.
#[test]
fn the_posterior_over_the_state_alone_is_not_enough_for_sticky_validators() {
    let (sticky, fresh) = (suspicious(true, 1.0), suspicious(false, 1.0));
    let optimum = program(&sticky, &ALIKE, Per::Utility).optimum();
    assert_relative_eq!(
        optimum.cost,
        cheapest(&every_policy(&sticky, &ALIKE, Per::Utility)),
        max_relative = 1e-12
    );
    let naive = program(&fresh, &ALIKE, Per::Utility).optimum();
    assert!(naive.cost < 0.98 * optimum.cost, "what it believes it pays");
    let (truth, start) = Walk::new(&sticky, &ALIKE, Per::Utility);
    let (believed, _) = Walk::new(&fresh, &ALIKE, Per::Utility);
    let pair = deceived((&truth, &start), (&believed, &start), 0, naive.cost).1;
    assert!(
        pair.0 / pair.1 > 1.01 * optimum.cost,
        "{} against {}",
        pair.0 / pair.1,
        optimum.cost
    );
    // The control: who believes the truth pays the optimum.
    let pair = deceived(
        (&truth, &start),
        (&truth, &start),
        0,
        optimum.cost * (1.0 + 1e-9),
    )
    .1;
    assert_relative_eq!(pair.0 / pair.1, optimum.cost, max_relative = 1e-9);
}
