//! Sums of the evidence → parameters: moment equations that the scenario meets exactly.
//!
//! Two things make this simpler than a likelihood over all of the process, and no less exact for the model:
//! 1. The three figures – savings, f, cost ratio – depend on lengths through `E[L_i 1{τ < i}]` alone and on
//!    difficulty through the population's shares alone (false alarms do not depend on δ here). So the
//!    population's shares are estimated first, and difficulty afterwards (`difficulty.rs`).
//! 2. A generation's first alarm is all that happens to it: given the false alarms, each share has a closed
//!    form, up to one root for the sensitivity.
//!
//! With C = P(goes never wrong), `c_k` = P(not wrong by the end of stage k), `o_k` = P(first wrong in stage k),
//! `a_k` the false alarm at checkpoint k, `u_k` = Π_{i ≤ k}(1 − `a_i`), d the sensitivity:
//! - **False alarms.** P(not rejected | accepted) = `u_{K−1}`: each validator's rate is constant over
//!   checkpoints and takes the share of ln `u_{K−1}` that its rejections have. So f is that of the log.
//!   (With labels of steps: false alarms per look at what goes never wrong.)
//! - **Onsets** without labels of steps: P(wrong in the end, first alarm in stage k) =
//!   `u_{k−1}` (d `o_k` + `a_k` (`c_k` − C)), the second term being false alarms on what goes wrong later. Given d,
//!   `o_k` follows stage by stage; d is the root of Σ `o_k` = 1 − C. Assumed: every fault is detected with the same
//!   probability, whatever its stage and kind, and it shows in the stage in which it starts. The maximum of
//!   the likelihood of first alarms is here the solution of these equations.
//! - **Lengths.** `E[L_k]` = `μ_k` (`c_k` + Σ_j `φ_j` P(kind j by stage k)) and the tokens saved by what finds kind j
//!   determine `μ_k` and the length factors `φ_j` (a contraction). So full tokens and gross savings are those of the
//!   log. The variation within is that of second moments, or, of log-normal laws, of the variance of ln L
//!   = σ² + Var(ln φ) over states, cv² = exp(σ²) − 1 (`form.rs` says when). Where missed faults are a kind of their own, the mean tokens of
//!   what goes wrong without an alarm give its factor.

use super::evidence::{
    ACCEPTED, CLEAN_ACCEPTED, COUNT, Columns, FIRST_LOOKS, FIRST_SEEN, LATER_LOOKS, LATER_SEEN,
    MISSED_TOKENS, PAIR_BOTH, PAIR_M, PAIR_MM, PAIR_X, PAIR_XX, SAVED, WRONG,
};
use super::form::Form;

/// Length factors beyond these are cut: the savings cannot be explained by lengths.
pub(super) const FACTORS: [f64; 2] = [1e-3, 1e3];
/// Rounds of the contraction; it takes a few dozen.
const ROUNDS: usize = 500;

/// The population's shares and laws, before difficulty.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Solution {
    /// `[stage][kind]`: share of all generations that first go wrong there.
    pub(super) onset: Vec<Vec<f64>>,
    /// By validator: P(alarm | its kind), if it alone looks.
    pub(super) sensitivity: Vec<f64>,
    /// By validator, at each checkpoint.
    pub(super) false_alarm: Vec<f64>,
    /// P(accepted | never wrong), P(accepted | wrong).
    pub(super) accepts: [f64; 2],
    /// By stage, where nothing is wrong: mean and coefficient of variation.
    pub(super) tokens: Vec<(f64, f64)>,
    /// By kind; 1 where [`Solution::length_known`] is not.
    pub(super) length_factor: Vec<f64>,
    /// By kind: whether rejections for it save tokens.
    pub(super) length_known: Vec<bool>,
    /// By stage but the last, tokens per generation that is alive.
    pub(super) charge: Vec<f64>,
    /// Covariance of going wrong between two generations of a prompt.
    pub(super) covariance: f64,
}

/// The sums, with what the equations share.
struct Equations<'f> {
    form: &'f Form,
    columns: Columns,
    x: &'f [f64],
    /// By validator: ln(1 − false alarm).
    keep: Vec<f64>,
    /// By stage but the last: a_k, and ln u_{k−1}.
    looks: Vec<(f64, f64)>,
}

/// What the sums `x` say; `None` where they do not determine the parameters: one class alone, no alarm on what
/// goes wrong, nobody accepted retained.
pub(super) fn solve(form: &Form, columns: Columns, x: &[f64]) -> Option<Solution> {
    let n = x[COUNT];
    let wrong = x[WRONG] / n;
    if !(n > 0.0 && wrong > 0.0 && wrong < 1.0 && x[ACCEPTED] > 0.0) {
        return None;
    }
    let equations = Equations::new(form, columns, x)?;
    let (mut onset, mut union) = if form.by_steps {
        equations.by_steps()?
    } else {
        equations.by_alarms()?
    };
    if form.missed {
        for onset in &mut onset {
            let all: f64 = onset.iter().sum();
            for o in onset.iter_mut() {
                *o *= union;
            }
            onset.push((1.0 - union) * all);
        }
        union = 1.0;
    }
    let sensitivity = equations.sensitivity(union);
    let (tokens, length_factor, length_known) = equations.lengths(&onset, union);
    let (alive, charges) = (columns.alive(), columns.charges());
    let charge = alive.zip(charges).take(form.layout.stages() - 1);
    let charge = charge.map(|(alive, charged)| {
        if x[alive] > 0.0 {
            x[charged] / x[alive]
        } else {
            0.0
        }
    });
    let accepts = if form.by_steps {
        let wrong_accepted = x[ACCEPTED] - x[CLEAN_ACCEPTED];
        [
            x[CLEAN_ACCEPTED] / (n - x[WRONG]),
            wrong_accepted / x[WRONG],
        ]
    } else {
        [1.0, 0.0]
    };
    Some(Solution {
        sensitivity,
        false_alarm: equations.keep.iter().map(|&ln| -libm::expm1(ln)).collect(),
        accepts,
        tokens,
        length_factor,
        length_known,
        charge: charge.collect(),
        covariance: covariance(x),
        onset,
    })
}

/// From the share of pairs of a prompt that both go wrong, less that of pairs of two prompts.
fn covariance(x: &[f64]) -> f64 {
    let pairs = x[PAIR_M] * x[PAIR_M] - x[PAIR_MM];
    if x[PAIR_M] > 0.0 && pairs > 0.0 {
        x[PAIR_BOTH] / x[PAIR_M] - (x[PAIR_X] * x[PAIR_X] - x[PAIR_XX]) / pairs
    } else {
        0.0
    }
}

impl<'f> Equations<'f> {
    fn new(form: &'f Form, columns: Columns, x: &'f [f64]) -> Option<Self> {
        let rejections = &x[columns.false_alarms()];
        let consulted = &form.layout.consulted;
        let keep: Vec<f64> = if form.by_steps {
            let looks = rejections.iter().zip(&x[columns.clean_looks()]);
            let rate = looks.map(|(r, looks)| if *looks > 0.0 { r / looks } else { 0.0 });
            rate.map(|rate| libm::log1p(-rate)).collect()
        } else {
            let all: f64 = rejections.iter().sum();
            let kept = libm::log1p(-all / x[ACCEPTED]);
            let looks = |v: usize| consulted.iter().filter(|asked| asked.contains(&v)).count();
            let of = |(v, r): (usize, &f64)| {
                if *r > 0.0 {
                    kept * r / all / looks(v) as f64
                } else {
                    0.0
                }
            };
            rejections.iter().enumerate().map(of).collect()
        };
        if !keep.iter().all(|ln| ln.is_finite()) {
            return None;
        }
        let mut before = 0.0;
        let looks = consulted.iter().map(|asked| {
            let here: f64 = asked.iter().map(|&v| keep[v]).sum();
            let look = (-libm::expm1(here), before);
            before += here;
            look
        });
        Some(Self {
            looks: looks.collect(),
            form,
            columns,
            x,
            keep,
        })
    }

    /// a_k and u_{k−1} of stage k; there is no checkpoint after the last.
    fn look(&self, k: usize) -> (f64, f64) {
        if let Some(&(a, before)) = self.looks.get(k) {
            return (a, libm::exp(before));
        }
        let all = self.looks.last();
        let all = all.map_or(0.0, |&(a, before)| before + libm::log1p(-a));
        (0.0, libm::exp(all))
    }

    /// The part of a false alarm after stage k that is validator v's.
    fn part(&self, k: usize, v: usize) -> f64 {
        let asked = self.form.layout.consulted.get(k);
        let asked = asked.map_or(&[][..], Vec::as_slice);
        let all: f64 = asked.iter().map(|&v| self.keep[v]).sum();
        if all < 0.0 && asked.contains(&v) {
            self.keep[v] / all
        } else {
            0.0
        }
    }

    /// `[stage][kind]` of alarms on what goes wrong, as shares of all generations.
    fn alarms(&self) -> Vec<Vec<f64>> {
        let n = self.x[COUNT];
        let mut alarms = vec![vec![0.0; self.form.found()]; self.form.layout.stages()];
        for (v, &kind) in self.form.kind_of.iter().enumerate() {
            for (k, column) in self.columns.alarms(v).enumerate() {
                alarms[k][kind] += self.x[column] / n;
            }
        }
        alarms
    }

    /// Onsets, and d, from first alarms.
    fn by_alarms(&self) -> Option<(Vec<Vec<f64>>, f64)> {
        let alarms = self.alarms();
        let wrong = self.x[WRONG] / self.x[COUNT];
        let found: f64 = alarms.iter().flatten().sum();
        if found <= 0.0 {
            return None;
        }
        let never = 1.0 - wrong;
        let stages = alarms.len();
        // By stage and kind: o_kj for this d, and their sum.
        let onsets = |d: f64| {
            let mut clean = 1.0;
            let mut onsets = Vec::with_capacity(stages);
            for (k, alarms) in alarms.iter().enumerate() {
                let (a, u) = self.look(k);
                let seen = alarms.iter().sum::<f64>() / u;
                let onset = ((seen - a * (clean - never)) / (d - a)).max(0.0);
                clean -= onset;
                let false_ones = |kind: usize| {
                    let of_kind = self.form.kind_of.iter().enumerate();
                    let of_kind = of_kind.filter(|(_, j)| **j == kind);
                    a * of_kind.map(|(v, _)| self.part(k, v)).sum::<f64>()
                };
                let true_ones = |(kind, x): (usize, &f64)| {
                    (x / u - false_ones(kind) * (clean - never)).max(0.0)
                };
                let parts: Vec<f64> = alarms.iter().enumerate().map(true_ones).collect();
                let all: f64 = parts.iter().sum();
                let share = |part: &f64| if all > 0.0 { onset * part / all } else { 0.0 };
                onsets.push(parts.iter().map(share).collect::<Vec<f64>>());
            }
            let sum: f64 = onsets.iter().flatten().sum();
            (onsets, sum)
        };
        let most = (0..stages).map(|k| self.look(k).0).fold(0.0, f64::max);
        let (mut lo, mut hi) = (most, 1.0);
        for _ in 0..80 {
            let d = 0.5 * (lo + hi);
            if onsets(d).1 > wrong {
                lo = d;
            } else {
                hi = d;
            }
        }
        let (mut onset, sum) = onsets(hi);
        if sum <= 0.0 || hi - most < 1e-9 {
            // False alarms would explain all: take alarms on what goes wrong as they are.
            onset = alarms;
            hi = found / wrong;
        }
        let sum: f64 = onset.iter().flatten().sum();
        let scale = |o: &mut f64| *o *= wrong / sum;
        onset.iter_mut().flatten().for_each(scale);
        Some((onset, hi))
    }

    /// Onsets, and d, from labels of steps.
    fn by_steps(&self) -> Option<(Vec<Vec<f64>>, f64)> {
        let x = self.x;
        let onsets = x[self.columns.onsets()].iter();
        let onset = onsets.map(|o| vec![o / x[COUNT]]).collect();
        let looks = if self.form.sticky {
            x[FIRST_LOOKS]
        } else {
            x[FIRST_LOOKS] + x[LATER_LOOKS]
        };
        let seen = x[FIRST_SEEN] + x[LATER_SEEN];
        (looks > 0.0 && seen > 0.0).then(|| (onset, seen / looks))
    }

    /// By validator: those of a kind find it together with probability `union`, and share it as they do
    /// alarms. Where it is found for certain the one that finds most does so.
    fn sensitivity(&self, union: f64) -> Vec<f64> {
        let led: Vec<f64> = (0..self.keep.len())
            .map(|v| self.x[self.columns.alarms(v)].iter().sum())
            .collect();
        let of_kind = |kind: usize| {
            let each = self.form.kind_of.iter().zip(&led);
            each.filter(|(j, _)| **j == kind)
                .map(|(_, led)| led)
                .sum::<f64>()
        };
        let each = self.form.kind_of.iter().zip(&led).map(|(&kind, &led)| {
            if self.form.missed && led > 0.0 {
                led / of_kind(kind)
            } else if led > 0.0 {
                1.0 - libm::pow(1.0 - union, led / of_kind(kind))
            } else {
                0.0
            }
        });
        let mut each: Vec<f64> = each.collect();
        if self.form.missed {
            for (v, p) in each.iter_mut().enumerate() {
                if self.form.leads(v, &led) {
                    *p = 1.0;
                }
            }
        }
        each
    }

    /// Laws of tokens by stage, and length factors by kind.
    fn lengths(&self, onset: &[Vec<f64>], union: f64) -> (Vec<(f64, f64)>, Vec<f64>, Vec<bool>) {
        let (x, n, kinds) = (self.x, self.x[COUNT], self.form.kinds.len());
        let mean: Vec<f64> = x[self.columns.tokens()].iter().map(|t| t / n).collect();
        // By stage: P(not wrong), and P(kind j), at its end.
        let mut by_now = vec![0.0; kinds];
        let states: Vec<(f64, Vec<f64>)> = onset
            .iter()
            .map(|onset| {
                by_now.iter_mut().zip(onset).for_each(|(f, o)| *f += o);
                (1.0 - by_now.iter().sum::<f64>(), by_now.clone())
            })
            .collect();
        let weight = |k: usize, factors: &[f64], power: i32| {
            let (clean, faults) = &states[k];
            let faults = faults.iter().zip(factors);
            clean + faults.map(|(f, phi)| f * phi.powi(power)).sum::<f64>()
        };
        let laws = |factors: &[f64]| -> Vec<f64> {
            let each = mean.iter().enumerate();
            each.map(|(k, mean)| mean / weight(k, factors, 1).max(f64::MIN_POSITIVE))
                .collect()
        };
        let saved: Vec<f64> = if self.form.found() == 1 {
            vec![x[SAVED] / n; kinds]
        } else {
            let mut saved = vec![0.0; kinds];
            for (v, column) in self.columns.saved().enumerate() {
                saved[self.form.kind_of[v]] += x[column] / n;
            }
            saved
        };
        let detected: Vec<Vec<f64>> = (0..kinds)
            .map(|kind| self.detected(onset, kind, union))
            .collect();
        let mut factors = vec![1.0; kinds];
        for _ in 0..ROUNDS {
            let mu = laws(&factors);
            // Tokens after each stage, of what has gone wrong, by factor 1.
            let after = |s: usize| mu[s + 1..].iter().sum::<f64>();
            let next = |kind: usize| {
                if kind == self.form.found() {
                    return self.missed_factor(&states, &mu);
                }
                let by_fault: f64 = detected[kind]
                    .iter()
                    .enumerate()
                    .map(|(s, p)| p * after(s))
                    .sum();
                if by_fault <= 0.0 {
                    return 1.0;
                }
                let left = saved[kind] - self.saved_falsely(kind, &states, &mu, &factors);
                (left / by_fault).clamp(FACTORS[0], FACTORS[1])
            };
            let found: Vec<f64> = (0..kinds).map(next).collect();
            let moved = found.iter().zip(&factors).map(|(a, b)| (a / b - 1.0).abs());
            let moved = moved.fold(0.0, f64::max);
            factors = found;
            if moved < 1e-13 {
                break;
            }
        }
        let mu = laws(&factors);
        let tokens = mu.iter().enumerate().map(|(k, &mu)| {
            let relative = if self.form.log_normal[k] {
                libm::expm1(self.log_variance(k, &states[k], &factors))
            } else {
                let square = x[self.columns.squares().start + k] / n;
                square / (mu * mu * weight(k, &factors, 2)) - 1.0
            };
            let cv = if relative > 1e-12 {
                relative.sqrt()
            } else {
                0.0
            };
            (mu, cv)
        });
        let saves = |detected: &Vec<f64>| {
            let tokens = detected.iter().enumerate();
            let tokens = tokens.map(|(s, p)| p * mean[s + 1..].iter().sum::<f64>());
            tokens.sum::<f64>() > 0.0
        };
        let mut known: Vec<bool> = detected.iter().map(saves).collect();
        if self.form.missed {
            known[kinds - 1] = states.iter().any(|(_, faults)| faults[kinds - 1] > 0.0);
        }
        (tokens.collect(), factors, known)
    }

    /// Variance of the logarithm of stage k's tokens within a state, all generations having some there.
    fn log_variance(&self, k: usize, (clean, faults): &(f64, Vec<f64>), factors: &[f64]) -> f64 {
        let variance = |n: f64, sum: f64, squares: f64| squares / n - (sum / n).powi(2);
        let at = |columns: std::ops::Range<usize>| self.x[columns.start + k];
        let columns = self.columns;
        let all = variance(self.x[COUNT], at(columns.logs()), at(columns.log_squares()));
        // Between states: ln φ, which is 0 where nothing is wrong.
        let (mut n, mut sum, mut squares) = (*clean, 0.0, 0.0);
        for (share, phi) in faults.iter().zip(factors) {
            let log = libm::log(*phi);
            n += share;
            sum += share * log;
            squares += share * log * log;
        }
        all - variance(n, sum, squares)
    }

    /// The length factor of what nobody finds, from its tokens.
    fn missed_factor(&self, states: &[(f64, Vec<f64>)], mu: &[f64]) -> f64 {
        let kind = self.form.found();
        let all = states.last().map_or(0.0, |(_, faults)| faults[kind]);
        let (mut before, mut since) = (0.0, 0.0);
        for ((_, faults), mu) in states.iter().zip(mu) {
            before += mu * (all - faults[kind]);
            since += mu * faults[kind];
        }
        if since <= 0.0 {
            return 1.0;
        }
        let tokens = self.x[MISSED_TOKENS] / self.x[COUNT];
        ((tokens - before) / since).clamp(FACTORS[0], FACTORS[1])
    }

    /// By stage but the last: P(rejected there for being of this kind).
    fn detected(&self, onset: &[Vec<f64>], kind: usize, union: f64) -> Vec<f64> {
        let asked = |s: usize| {
            let mut validators = self.form.layout.consulted[s].iter();
            validators.any(|&v| self.form.kind_of[v] == kind)
        };
        let last = self.looks.len();
        let mut detected = vec![0.0; last];
        if kind >= self.form.found() {
            return detected;
        }
        for (k, onset) in onset.iter().enumerate().take(last) {
            let mut alive = self.look(k).1 * onset[kind];
            for s in (k..last).filter(|&s| asked(s)) {
                detected[s] += alive * union;
                alive *= 1.0 - union;
                if self.form.sticky {
                    break;
                }
            }
        }
        detected
    }

    /// Tokens per generation that false alarms of this kind's validators save.
    fn saved_falsely(
        &self,
        kind: usize,
        states: &[(f64, Vec<f64>)],
        mu: &[f64],
        factors: &[f64],
    ) -> f64 {
        let mut saved = 0.0;
        for s in 0..self.looks.len() {
            let (a, u) = self.look(s);
            let validators = self.form.kind_of.iter().enumerate();
            let parts = validators
                .filter(|(_, j)| **j == kind)
                .map(|(v, _)| self.part(s, v));
            let here = a * u * parts.sum::<f64>();
            if here <= 0.0 {
                continue;
            }
            for i in s + 1..mu.len() {
                // Of those not wrong at s: not wrong at i either, or wrong since.
                let since = states[i].1.iter().zip(&states[s].1).zip(factors);
                let since: f64 = since.map(|((now, then), phi)| (now - then) * phi).sum();
                saved += here * mu[i] * (states[i].0 + since);
            }
        }
        saved
    }
}
