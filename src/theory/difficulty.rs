//! Figures of a population of prompts: numerators and denominators integrated over difficulty,
//! apart, and divided afterwards. Averaging ratios instead would be wrong.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::chain::Chain;
use super::conditional::{self, ByState, Numerators, Recursion};
use super::joint;
use super::quadrature::{FURTHEST, GaussLegendre};
use crate::scenario::{DIFFICULTY_DECILES, Scenario};

/// Relative error up to which the retry account is given at all.
const RETRY_ERROR: f64 = 1e-9;

/// Integrals over difficulty.
#[derive(Debug)]
pub(super) struct Population {
    pub(super) figures: Numerators,
    /// Cost of retrying until a prompt yields, (policy, full); `None` where it is infinite or
    /// beyond what doubles can integrate.
    pub(super) retry: Option<(f64, f64)>,
    /// (P(A), P(R)) within each decile of difficulty, in order; empty without difficulty.
    pub(super) deciles: Vec<(f64, f64)>,
    /// TV of difficulty between the retained and the accepted.
    pub(super) difficulty_tv: Option<f64>,
    /// Largest relative disagreement that the quadrature left.
    pub(super) error: f64,
}

/// What the integrals after the first need of prompts of one difficulty.
#[derive(Debug, Clone, Copy)]
struct Brief {
    /// P(A) and P(R).
    masses: (f64, f64),
    /// The retry accounts (policy, full).
    retry: [f64; 2],
}

impl Brief {
    fn of(chain: &Chain<'_>, figures: &Numerators) -> Self {
        Self {
            masses: masses(chain, figures),
            retry: conditional::retry_accounts(chain, figures),
        }
    }
}

/// Difficulties that were evaluated already. The rules for all integrals begin with the same
/// nodes, and each node costs a run of the recursion.
#[derive(Debug, Default)]
struct Seen(RefCell<BTreeMap<u64, (f64, Brief)>>);

impl Seen {
    fn note(&self, z: f64, brief: Brief) {
        self.0.borrow_mut().insert(ordered(z), (z, brief));
    }

    fn get_or(&self, z: f64, evaluate: impl FnOnce() -> Brief) -> Brief {
        if let Some((_, brief)) = self.0.borrow().get(&ordered(z)) {
            return *brief;
        }
        let brief = evaluate();
        self.note(z, brief);
        brief
    }

    /// (z, P(A|z), P(R|z)) in order of z.
    fn masses(&self) -> Vec<(f64, f64, f64)> {
        let seen = self.0.borrow();
        seen.values()
            .map(|(z, brief)| (*z, brief.masses.0, brief.masses.1))
            .collect()
    }
}

/// The bits of `z` in an order that is that of numbers.
fn ordered(z: f64) -> u64 {
    let bits = z.to_bits();
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}

/// P(A) and P(R) of some prompts.
fn masses(chain: &Chain<'_>, figures: &Numerators) -> (f64, f64) {
    let accepts = |x: usize| chain.scenario.accepts()[x];
    (
        figures.weighted(ByState::All, accepts),
        figures.weighted(ByState::Surviving, accepts),
    )
}

/// TV between two laws given as masses (accepted, retained); `total` are their sums.
pub(super) fn distance(total: (f64, f64), masses: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    (total.0 > 0.0 && total.1 > 0.0).then(|| {
        let gaps = masses.map(|(a, r)| (r / total.1 - a / total.0).abs());
        0.5 * gaps.sum::<f64>()
    })
}

impl Population {
    /// Integrates over the difficulty of the scenario's prompts.
    pub(super) fn new(chain: &Chain<'_>) -> Self {
        let sd = chain.scenario.difficulty_sd();
        let recursion = RefCell::new(Recursion::new(chain));
        let at = |z: f64| recursion.borrow_mut().at(chain, sd * z).clone();
        if sd <= 0.0 {
            let figures = at(0.0);
            let retry = conditional::retry_accounts(chain, &figures);
            return Self {
                figures,
                retry: retry.iter().all(|r| r.is_finite()).then_some(retry.into()),
                deciles: Vec::new(),
                difficulty_tv: None,
                error: 0.0,
            };
        }
        let rule = GaussLegendre::new();
        let edges = edges(chain.scenario);
        let seen = Seen::default();
        let (panels, error) = rule.integrate(&edges, &mut |z| {
            let figures = at(z);
            seen.note(z, Brief::of(chain, &figures));
            figures.values
        });
        let brief = |z: f64| seen.get_or(z, || Brief::of(chain, &at(z)));
        let mut figures = Numerators::zero(chain);
        let mut deciles = vec![(0.0, 0.0); DIFFICULTY_DECILES.len() + 1];
        for (panel, edge) in panels.into_iter().zip(edges.windows(2)) {
            for (total, part) in figures.values.iter_mut().zip(&panel) {
                *total += part;
            }
            let middle = 0.5 * (edge[0] + edge[1]);
            let decile = DIFFICULTY_DECILES.iter().filter(|&&d| middle > d).count();
            let (a, r) = masses(chain, &Numerators::from_values(chain, panel));
            deciles[decile].0 += a;
            deciles[decile].1 += r;
        }
        let total = masses(chain, &figures);
        let points = seen.masses();
        let (difficulty_tv, tv_error) =
            total_variation(&rule, &edges, total, &points, &|z| brief(z).masses);
        Self {
            retry: retry(&rule, &edges, &|z| brief(z).retry),
            figures,
            deciles,
            difficulty_tv,
            error: error.max(tv_error),
        }
    }
}

/// TV of difficulty: the integral is cut where the two densities cross, found between the points
/// already `seen` as (z, P(A|z), P(R|z)), in order of z.
fn total_variation(
    rule: &GaussLegendre,
    edges: &[f64],
    total: (f64, f64),
    seen: &[(f64, f64, f64)],
    masses: &dyn Fn(f64) -> (f64, f64),
) -> (Option<f64>, f64) {
    if !(total.0 > 0.0 && total.1 > 0.0) {
        return (None, 0.0);
    }
    let more_retained = |a: f64, r: f64| r / total.1 > a / total.0;
    let mut cuts = edges.to_vec();
    for pair in seen.windows(2) {
        let (mut lo, mut hi) = (pair[0].0, pair[1].0);
        let before = more_retained(pair[0].1, pair[0].2);
        if before == more_retained(pair[1].1, pair[1].2) {
            continue;
        }
        for _ in 0..60 {
            let middle = 0.5 * (lo + hi);
            let (a, r) = masses(middle);
            if more_retained(a, r) == before {
                lo = middle;
            } else {
                hi = middle;
            }
        }
        cuts.push(0.5 * (lo + hi));
    }
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    let (pieces, error) = rule.integrate(&cuts, &mut |z| {
        let (a, r) = masses(z);
        vec![a, r]
    });
    (distance(total, pieces.iter().map(|p| (p[0], p[1]))), error)
}

/// The retry accounts (policy, full), apart from the rest because their integrand may grow far
/// into the tail.
fn retry(
    rule: &GaussLegendre,
    edges: &[f64],
    accounts: &dyn Fn(f64) -> [f64; 2],
) -> Option<(f64, f64)> {
    let mut density: Vec<(f64, f64)> = Vec::new();
    let (panels, error) = rule.integrate(edges, &mut |z| {
        let [policy, full] = accounts(z);
        if (policy + full).is_finite() {
            density.push((z, (policy + full) * libm::exp(-0.5 * z * z)));
            vec![policy, full]
        } else {
            vec![0.0, 0.0]
        }
    });
    let sum = |j: usize| panels.iter().map(|p| p[j]).sum::<f64>();
    (error <= RETRY_ERROR && has_died_out(density)).then(|| (sum(0), sum(1)))
}

/// Whether a density given at scattered points is negligible at the outermost two: if not, its
/// integral goes on where doubles end.
fn has_died_out(mut points: Vec<(f64, f64)>) -> bool {
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let highest = points.iter().fold(0.0, |top: f64, p| top.max(p.1));
    let negligible = |end: Option<&(f64, f64)>| end.is_some_and(|p| p.1 <= 1e-14 * highest);
    highest.is_finite() && negligible(points.first()) && negligible(points.last())
}

/// Panels of the normal law, cut where figures of correlated validators have a kink.
fn edges(scenario: &Scenario) -> Vec<f64> {
    let mut edges = panel_edges();
    let kinks = joint::kinks(scenario).into_iter();
    let kinks = kinks.map(|delta| delta / scenario.difficulty_sd());
    edges.extend(kinks.filter(|z| z.abs() < FURTHEST));
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    edges
}

/// Panels of the normal law: the deciles, then ever wider ones into the tails.
pub(super) fn panel_edges() -> Vec<f64> {
    const TAIL: [f64; 6] = [2.5, 4.5, 7.0, 11.0, 18.0, FURTHEST];
    let left = TAIL.iter().rev().map(|x| -x);
    left.chain(DIFFICULTY_DECILES).chain(TAIL).collect()
}
