//! The best policy at a price, and the price at which the best policy just breaks even.
//!
//! At price c per unit of what is retained the best policy on a tree is found backwards,
//! `W(c)` being its value. The least cost c* = sup{c : W(c) ≤ 0} is the limit of c ← E[T]/E[U 1_R]
//! of the best policy at c, from the cost of never rejecting (Dinkelbach 1967, Management
//! Science 13, 492–498): it falls superlinearly, and on a finite tree it arrives.

use super::tree::{Branch, Next, Tree};

/// Expectations per attempt under a policy.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Account {
    /// `E[T]`: tokens paid, checks included.
    pub tokens: f64,
    /// `E[U 1_R]`, or P(R) where samples are counted.
    pub worth: f64,
    /// P(R).
    pub retained: f64,
    /// P(S).
    pub surviving: f64,
}

impl Account {
    /// Tokens per unit of what is retained.
    pub fn cost(&self) -> f64 {
        self.tokens / self.worth
    }

    pub(super) fn gain(&self, price: f64) -> f64 {
        price * self.worth - self.tokens
    }

    pub(super) fn add(&mut self, weight: f64, other: &Self) {
        self.tokens += weight * other.tokens;
        self.worth += weight * other.worth;
        self.retained += weight * other.retained;
        self.surviving += weight * other.surviving;
    }
}

/// What to do everywhere in a tree.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Policy {
    /// `[layer][place]`: whether the checkpoint is consulted.
    pub(super) looks: Vec<Vec<bool>>,
    /// `[layer][post]`: whether the generation is rejected.
    pub(super) rejects: Vec<Vec<bool>>,
}

/// The least cost per unit of what is retained.
#[derive(Debug, Clone)]
pub(super) struct Least {
    pub(super) policy: Policy,
    pub(super) account: Account,
    /// Costs from "never reject" to the least one, each below the one before.
    pub(super) steps: Vec<f64>,
}

/// More steps than any price that doubles can tell apart takes.
const MOST_STEPS: usize = 200;

/// Lowers the cost from that of `first`; `best` gives the best policy at a price.
pub(super) fn descend<P>(
    (mut policy, mut account): (P, Account),
    mut best: impl FnMut(f64) -> (P, Account),
) -> (P, Account, Vec<f64>) {
    let mut steps = vec![account.cost()];
    for _ in 0..MOST_STEPS {
        let price = account.cost();
        let (next, better) = best(price);
        // Without progress the gain is 0 up to rounding; at no gain nothing might be retained.
        let lower = better.worth > 0.0 && better.cost() < price * (1.0 - 4.0 * f64::EPSILON);
        if !lower {
            break;
        }
        (policy, account) = (next, better);
        steps.push(account.cost());
    }
    (policy, account, steps)
}

impl Tree {
    /// What never rejecting and never consulting comes to.
    pub(super) fn never(&self) -> Account {
        self.follow(&mut Follow(&self.idle()))
    }

    /// Neither consults nor rejects.
    fn idle(&self) -> Policy {
        let layers = self.layers.iter();
        Policy {
            looks: layers
                .clone()
                .map(|l| vec![false; l.places.len()])
                .collect(),
            rejects: layers.map(|l| vec![false; l.posts.len()]).collect(),
        }
    }

    /// The least cost.
    pub(super) fn least(&self) -> Least {
        let (never, account) = (self.idle(), self.never());
        let tie = 1e-13 * account.tokens;
        let (policy, account, steps) = descend((never, account), |price| self.best(price, tie));
        Least {
            policy,
            account,
            steps,
        }
    }

    /// The best policy at `price`. It rejects and consults only for a gain of more than `tie`
    /// tokens, so that rounding decides nothing.
    pub(super) fn best(&self, price: f64, tie: f64) -> (Policy, Account) {
        let mut choose = Choose {
            price,
            tie,
            policy: Policy::default(),
        };
        let account = self.follow(&mut choose);
        let mut policy = choose.policy;
        policy.looks.reverse();
        policy.rejects.reverse();
        (policy, account)
    }

    /// Accounts backwards, from the last layer to the root, under the decisions of `decide`.
    fn follow(&self, decide: &mut impl Decide) -> Account {
        let mut after: Vec<Account> = Vec::new();
        for (k, layer) in self.layers.iter().enumerate().rev() {
            decide.begin(layer.places.len(), layer.posts.len());
            let posts: Vec<Account> = layer
                .posts
                .iter()
                .enumerate()
                .map(|(i, post)| {
                    let on = going_on(post.tokens, &post.next, &after);
                    if decide.rejects(k, i, &on) {
                        Account::default()
                    } else {
                        on
                    }
                })
                .collect();
            after = layer
                .places
                .iter()
                .enumerate()
                .map(|(i, place)| {
                    let unlooked = posts[place.unlooked as usize];
                    if place.looked.is_empty() {
                        decide.looks(k, i, &unlooked, None);
                        return unlooked;
                    }
                    let mut looked = over(&place.looked, &posts);
                    looked.tokens += self.charges[k];
                    if decide.looks(k, i, &unlooked, Some(&looked)) {
                        looked
                    } else {
                        unlooked
                    }
                })
                .collect();
        }
        going_on(self.root.tokens, &self.root.next, &after)
    }
}

fn over(branches: &[Branch], to: &[Account]) -> Account {
    let mut sum = Account::default();
    for branch in branches {
        sum.add(branch.probability, &to[branch.to as usize]);
    }
    sum
}

fn going_on(tokens: f64, next: &Next, after: &[Account]) -> Account {
    match next {
        Next::Places(branches) => {
            let mut sum = over(branches, after);
            sum.tokens += tokens;
            sum
        }
        Next::End(end) => Account {
            tokens,
            worth: end.worth,
            retained: end.accepted,
            surviving: 1.0,
        },
    }
}

/// Decisions, asked for layer by layer from the last one.
trait Decide {
    fn begin(&mut self, places: usize, posts: usize);
    fn rejects(&mut self, layer: usize, post: usize, on: &Account) -> bool;
    /// `looked` is `None` where there is no checkpoint.
    fn looks(
        &mut self,
        layer: usize,
        place: usize,
        unlooked: &Account,
        looked: Option<&Account>,
    ) -> bool;
}

/// What a policy says.
struct Follow<'p>(&'p Policy);

impl Decide for Follow<'_> {
    fn begin(&mut self, _: usize, _: usize) {}

    fn rejects(&mut self, layer: usize, post: usize, _: &Account) -> bool {
        self.0.rejects[layer][post]
    }

    fn looks(&mut self, layer: usize, place: usize, _: &Account, _: Option<&Account>) -> bool {
        self.0.looks[layer][place]
    }
}

/// What is best at a price; the layers of the policy come last first.
struct Choose {
    price: f64,
    tie: f64,
    policy: Policy,
}

impl Decide for Choose {
    fn begin(&mut self, places: usize, posts: usize) {
        self.policy.looks.push(Vec::with_capacity(places));
        self.policy.rejects.push(Vec::with_capacity(posts));
    }

    fn rejects(&mut self, _: usize, _: usize, on: &Account) -> bool {
        let rejects = on.gain(self.price) < -self.tie;
        self.policy.rejects.last_mut().expect("begun").push(rejects);
        rejects
    }

    fn looks(&mut self, _: usize, _: usize, unlooked: &Account, looked: Option<&Account>) -> bool {
        let gain = |looked: &Account| looked.gain(self.price) - unlooked.gain(self.price);
        let looks = looked.is_some_and(|looked| gain(looked) > self.tie);
        self.policy.looks.last_mut().expect("begun").push(looks);
        looks
    }
}
