//! The tree of everything that a policy can come to believe, stage by stage. It does not depend on
//! the price of a retained sample, so it is built once and evaluated at every price.
//!
//! Beliefs at the same place that are equal are one: what was seen on the way to them no longer
//! matters. The last decision needs no beliefs at all, only what is to be expected of going on.

use std::collections::BTreeMap;

use super::belief::{Belief, Cell, World};
use super::experiment::Experiment;
use super::{OptimalError, Per};

/// Most beliefs of a tree.
pub(super) const MOST_BELIEFS: usize = 2_000_000;
/// Most numbers in all its beliefs together, which is what takes the time.
const MOST_NUMBERS: usize = 300_000_000;
/// Most numbers that are kept at once, which is what takes the memory.
const MOST_KEPT: usize = 20_000_000;

/// What may be seen after each stage but the last.
#[derive(Debug)]
pub(super) struct Sights {
    /// The length of the stage, where it may be used and tells anything.
    pub(super) length: Vec<Option<Experiment>>,
    /// `[stage][validator of its checkpoint, or group of them]`; empty without a checkpoint.
    pub(super) checkpoint: Vec<Vec<Experiment>>,
    /// What the checkpoint charges.
    pub(super) cost: Vec<f64>,
}

impl Sights {
    /// Verdicts of the checkpoint after stage `k`, all its validators together.
    pub(super) fn verdicts(&self, k: usize) -> f64 {
        let each = self.checkpoint[k].iter();
        each.map(|e| e.verdicts() as f64).product()
    }

    /// Whether scores or lengths are seen, in cells.
    pub(super) fn is_continuous(&self) -> bool {
        let looks = self.checkpoint.iter().flatten();
        let mut all = looks.chain(self.length.iter().flatten());
        all.any(Experiment::is_cut)
    }

    /// Beliefs after the last checkpoint if none are equal.
    pub(super) fn histories(&self) -> f64 {
        (0..self.cost.len())
            .map(|k| {
                let lengths = self.length[k].as_ref().map_or(1, Experiment::verdicts) as f64;
                let looks = if self.checkpoint[k].is_empty() {
                    0.0
                } else {
                    self.verdicts(k)
                };
                lengths * (1.0 + looks)
            })
            .product()
    }
}

/// A way on, with its probability.
#[derive(Debug, Clone, Copy)]
pub(super) struct Branch {
    pub(super) probability: f64,
    /// Which verdict leads there: see [`verdicts_of`].
    pub(super) verdict: u32,
    pub(super) to: u32,
}

/// After a stage and before its checkpoint.
#[derive(Debug)]
pub(super) struct Place {
    /// The post without consulting the checkpoint.
    pub(super) unlooked: u32,
    /// The posts after each verdict; empty without a checkpoint.
    pub(super) looked: Vec<Branch>,
}

/// After the checkpoint, where a generation is rejected or goes on.
#[derive(Debug)]
pub(super) struct Post {
    /// Mean tokens of the next stage.
    pub(super) tokens: f64,
    pub(super) next: Next,
}

/// What follows the next stage.
#[derive(Debug)]
pub(super) enum Next {
    /// Places of the next layer, by the length of the stage.
    Places(Vec<Branch>),
    /// The final filter.
    End(End),
}

/// What to expect of the full generation.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    /// `E[U 1_A]`, or P(A) where samples are counted.
    pub(super) worth: f64,
    /// P(A).
    pub(super) accepted: f64,
}

/// Places and posts after one stage.
#[derive(Debug, Default)]
pub(super) struct Layer {
    pub(super) places: Vec<Place>,
    pub(super) posts: Vec<Post>,
}

/// The tree, from the start: the root can only go on.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) root: Post,
    /// One for each stage but the last.
    pub(super) layers: Vec<Layer>,
    /// What the checkpoint after each of these stages charges.
    pub(super) charges: Vec<f64>,
}

/// Numbers of the verdicts of each experiment, given that of all together.
pub(super) fn verdicts_of(experiments: &[Experiment], verdict: u32) -> Vec<usize> {
    let mut rest = verdict as usize;
    let mut numbers: Vec<usize> = experiments
        .iter()
        .rev()
        .map(|experiment| {
            let number = rest % experiment.verdicts();
            rest /= experiment.verdicts();
            number
        })
        .collect();
    numbers.reverse();
    numbers
}

/// Builds a tree and counts what it takes.
struct Builder<'w, 's> {
    world: &'w World<'s>,
    sights: &'w Sights,
    /// `[node · states + state]` before the last stage: `E[worth]` and P(A) after it.
    worth: Vec<f64>,
    accepted: Vec<f64>,
    beliefs: usize,
    numbers: usize,
}

impl Tree {
    pub(super) fn new(world: &World<'_>, sights: &Sights, per: Per) -> Result<Self, OptimalError> {
        let scenario = world.scenario;
        let last = scenario.stages().len() - 1;
        let accepts = scenario.accepts();
        let mut builder = Builder {
            world,
            sights,
            worth: world.ahead(last, |_, x| per.worth(scenario, x)),
            accepted: world.ahead(last, |_, x| accepts[x]),
            beliefs: 0,
            numbers: 0,
        };
        // Beliefs after different scores are different, so that these trees are known to be too
        // large before they are built.
        if sights.is_continuous() && sights.histories() > MOST_BELIEFS as f64 {
            return Err(builder.too_large(0));
        }
        let mut frontier = Vec::new();
        let root = builder.post(&world.start(), 0, &mut frontier);
        let mut layers = Vec::new();
        for k in 0..last {
            let layer = builder.layer(k, &mut frontier)?;
            layers.push(layer);
        }
        Ok(Self {
            root,
            layers,
            charges: sights.cost.clone(),
        })
    }

    /// Beliefs in it.
    pub(super) fn len(&self) -> usize {
        self.layers.iter().map(|layer| layer.posts.len()).sum()
    }
}

impl Builder<'_, '_> {
    fn is_last(&self, k: usize) -> bool {
        k + 1 == self.world.scenario.stages().len()
    }

    /// The post of `belief`, which goes on to stage `k`; the places after it join `frontier`.
    fn post(&self, belief: &Belief, k: usize, frontier: &mut Vec<Belief>) -> Post {
        let tokens = self.world.tokens(belief, k);
        let next = if self.is_last(k) {
            Next::End(End {
                worth: self.world.mean(belief, &self.worth),
                accepted: self.world.mean(belief, &self.accepted),
            })
        } else {
            let after = self.world.advance(belief, k);
            let lengths = self.sights.length[k].as_ref();
            let seen = split(self.world, after, lengths);
            let branches = seen.into_iter().map(|(probability, verdict, belief)| {
                frontier.push(belief);
                Branch {
                    probability,
                    verdict,
                    to: index(frontier.len() - 1),
                }
            });
            Next::Places(branches.collect())
        };
        Post { tokens, next }
    }

    /// The layer after stage `k`, whose places have the beliefs of `frontier`, which becomes that
    /// of the next layer.
    fn layer(&mut self, k: usize, frontier: &mut Vec<Belief>) -> Result<Layer, OptimalError> {
        let experiments = &self.sights.checkpoint[k];
        let mut growing = Growing {
            kept: frontier.iter().map(Belief::len).sum(),
            ..Growing::default()
        };
        for belief in std::mem::take(frontier) {
            let mut looked = Vec::new();
            if !experiments.is_empty() {
                if self.sights.verdicts(k) * belief.len() as f64 > MOST_KEPT as f64 {
                    return Err(self.too_large(k));
                }
                for (probability, verdict, after) in split(self.world, belief.clone(), experiments)
                {
                    looked.push(Branch {
                        probability,
                        verdict,
                        to: self.intern(&after, k, &mut growing)?,
                    });
                }
            }
            let place = Place {
                unlooked: self.intern(&belief, k, &mut growing)?,
                looked,
            };
            growing.layer.places.push(place);
        }
        *frontier = growing.next;
        Ok(growing.layer)
    }

    /// The post after stage `k` that has this belief, a new one if there is none.
    fn intern(
        &mut self,
        belief: &Belief,
        k: usize,
        growing: &mut Growing,
    ) -> Result<u32, OptimalError> {
        self.numbers += belief.len();
        // What follows the last decision is an expectation: nothing to share.
        let key = (!self.is_last(k + 1)).then(|| belief.key());
        if let Some(&found) = key.as_ref().and_then(|key| growing.known.get(key)) {
            return Ok(found);
        }
        self.beliefs += 1;
        let number = index(growing.layer.posts.len());
        let before = growing.next.len();
        let post = self.post(belief, k + 1, &mut growing.next);
        growing.layer.posts.push(post);
        let new = growing.next[before..].iter().map(Belief::len);
        growing.kept += new.sum::<usize>();
        if let Some(key) = key {
            growing.kept += belief.len();
            growing.known.insert(key, number);
        }
        let small = self.beliefs <= MOST_BELIEFS
            && self.numbers <= MOST_NUMBERS
            && growing.kept <= MOST_KEPT;
        if small {
            Ok(number)
        } else {
            Err(self.too_large(k))
        }
    }

    fn too_large(&self, k: usize) -> OptimalError {
        OptimalError::TooLarge {
            beliefs: self.beliefs,
            stage: self.world.scenario.stage_name(k).to_owned(),
            histories: self.sights.histories(),
        }
    }
}

/// A layer while it is built.
#[derive(Default)]
struct Growing {
    layer: Layer,
    /// Beliefs of the places of the next layer.
    next: Vec<Belief>,
    /// Posts by what is believed there.
    known: BTreeMap<(Vec<Cell>, Vec<u64>), u32>,
    /// Numbers that are kept.
    kept: usize,
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "trees are limited to far fewer than 2^32 beliefs and verdicts"
)]
fn index(number: usize) -> u32 {
    number as u32
}

/// Every verdict that is possible, with its probability and what is believed after it.
fn split<'e>(
    world: &World<'_>,
    belief: Belief,
    experiments: impl IntoIterator<Item = &'e Experiment>,
) -> Vec<(f64, u32, Belief)> {
    let mut seen = vec![(0, belief)];
    for experiment in experiments {
        let verdicts = experiment.verdicts();
        let branches = seen.iter().flat_map(|(number, belief)| {
            (0..verdicts).map(move |v| {
                let after = world.see(belief, experiment, v);
                (number * index(verdicts) + index(v), after)
            })
        });
        let possible = branches.filter(|(_, belief)| belief.len() > 0);
        seen = possible.collect();
    }
    let normalised = seen.into_iter().map(|(verdict, mut belief)| {
        let probability = belief.normalise();
        (probability, verdict, belief)
    });
    normalised.collect()
}
