//! Are the expectations right? Tables are drawn with their alarms and labels changed by chance and
//! replayed as any log is; what they come to is held against the sums.
//!
//! Tokens paid, survivors and retained generations, each summed over the log, are compared at three
//! strengths of each mode. Generations are independent of each other and their variances are known, so
//! Bernstein's inequality says how far totals may lie from their expectation, for any number of draws:
//! P(|X − E| > √(2VL) + bL/3) ≤ 2e^−L. The negative control is a planted wrong curve, that of a strength a
//! tenth of the range away: it must be found wherever it differs enough for these draws to tell.

use rand_xoshiro::rand_core::Rng as _;
use rayon::prelude::*;

use super::curve::Curve;
use super::subject::{Perturbation, Subject};
use crate::policy::PolicyFile;
use crate::replay::Replay;
use crate::rng::{Purpose, stream};
use crate::study::stress::{Confirmation, Control, beside, chosen};

/// Probability that any comparison fails although all expectations are right.
pub(super) const FALSE_ALARM: f64 = 1e-4;
/// Totals that are compared.
const TOTALS: [&str; 3] = ["tokens paid", "survivors", "retained generations"];
/// What rounding leaves of totals, relative to them.
const ROUNDING: f64 = 1e-9;

/// Totals over the log, with the sums of variances and the widest range of a term.
#[derive(Debug, Clone, Copy, Default)]
struct Total {
    mean: f64,
    variance: f64,
    range: f64,
}

impl Total {
    /// Adds a generation with E[x], E[x²] and the range of x.
    fn add(&mut self, mean: f64, square: f64, range: f64) {
        let variance = (square - mean * mean).max(0.0);
        self.mean += mean;
        if variance > ROUNDING * square {
            self.variance += variance;
            self.range = self.range.max(range);
        }
    }
}

fn expected(subject: &Subject<'_>, perturbation: &Perturbation) -> [Total; 3] {
    let looks = subject.looks();
    let replay = looks.replay();
    let mut scratch = Vec::new();
    let mut totals = [Total::default(); 3];
    for &i in &subject.selection().rows {
        let of = subject.expected(perturbation, i);
        let full = replay.tokens_full(i) as f64;
        let problem = full - replay.table().rows()[i].tokens as f64;
        let (mut paid, mut square) = (0.0, 0.0);
        let stopped = &mut |look: crate::replay::Look, p: f64, charged: f64| {
            let x = problem + look.tokens as f64 + charged;
            paid += p * x;
            square += p * x * x;
        };
        let (survives, charged) = looks.stops(i, &of.change, &mut scratch, stopped);
        let x = full + charged;
        totals[0].add(paid + survives * x, square + survives * x * x, x);
        totals[1].add(survives, survives, 1.0);
        let retained = survives * of.accepted;
        totals[2].add(retained, retained, 1.0);
    }
    totals
}

/// Totals of one drawn table.
fn drawn(
    subject: &Subject<'_>,
    policy: &PolicyFile,
    perturbation: &Perturbation,
    uniform: &mut impl FnMut() -> f64,
) -> [f64; 3] {
    let of = |row| subject.expected(perturbation, row);
    let drawn = subject.looks().draw(of, uniform);
    let generated = subject.looks().replay().problem_generated();
    let replay = Replay::new(&drawn.table, policy, &drawn.checkpoints, generated)
        .expect("places are those of the log, where all have been found");
    let mut totals = [0.0; 3];
    for &i in &subject.selection().rows {
        let survives = replay.judgement(i).stop.is_none();
        totals[0] += replay.tokens_generated(i) as f64 + replay.judgement(i).cost;
        totals[1] += f64::from(survives);
        let accepted = drawn.table.rows()[i].accepted == Some(true);
        totals[2] += f64::from(survives && accepted);
    }
    totals
}

/// Draws `draws` tables at three of the `strengths` of each of `curves`; nothing once interrupted.
pub(super) fn confirm(
    curves: &[(Curve<'_, '_>, Vec<f64>)],
    policy: &PolicyFile,
    (draws, seed): (u32, u64),
) -> Option<Confirmation> {
    let mut points = Vec::new();
    for (curve, strengths) in curves {
        points.extend(
            chosen(strengths)
                .into_iter()
                .map(|strength| (curve, strength)),
        );
    }
    let comparisons = points.len() * TOTALS.len();
    let log = (2.0 * comparisons as f64 / FALSE_ALARM).ln();
    let found: Option<Vec<(Vec<String>, Option<bool>)>> = points
        .par_iter()
        .enumerate()
        .map(|(number, (curve, strength))| {
            let subject = curve.subject;
            let perturbation = subject.under(curve.mode, *strength);
            let right = expected(subject, &perturbation);
            let beside = beside(*strength, curve.range);
            let planted = expected(subject, &subject.under(curve.mode, beside));
            let mut stream = stream(seed, Purpose::Stress, number as u64);
            let mut uniform = || (stream.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
            let mut sums = [0.0; 3];
            for _ in 0..draws {
                if curve.interrupt.raised() {
                    return None;
                }
                let totals = drawn(subject, policy, &perturbation, &mut uniform);
                sums.iter_mut().zip(totals).for_each(|(sum, x)| *sum += x);
            }
            let n = f64::from(draws);
            let bound = |t: &Total| {
                (2.0 * n * t.variance * log).sqrt() + t.range * log / 3.0 + ROUNDING * n * t.mean
            };
            let off = |sum: f64, t: &Total| (sum - n * t.mean).abs() > bound(t);
            let name = curve.mode.name(subject.looks().replay().table());
            let told = |(what, (sum, t)): (&&str, (&f64, &Total))| {
                off(*sum, t).then(|| {
                    let mean = sum / n;
                    format!(
                        "{name} at {strength}: {what} are {mean} on average, expected {}",
                        t.mean
                    )
                })
            };
            let disagree = TOTALS.iter().zip(sums.iter().zip(&right)).filter_map(told);
            let telling =
                |(r, p): &(&Total, &Total)| n * (r.mean - p.mean).abs() > bound(r) + bound(p);
            let control = right.iter().zip(&planted).any(|pair| telling(&pair));
            let seen = sums.iter().zip(&planted).any(|(sum, t)| off(*sum, t));
            Some((disagree.collect(), control.then_some(seen)))
        })
        .collect();
    let found = found?;
    let planted: Vec<bool> = found.iter().filter_map(|(_, control)| *control).collect();
    Some(Confirmation {
        draws_per_strength: u64::from(draws),
        seed,
        comparisons: comparisons as u64,
        false_alarm_rate: FALSE_ALARM,
        disagreements: found.into_iter().flat_map(|(told, _)| told).collect(),
        control: Control {
            planted: planted.len() as u64,
            found: planted.iter().filter(|found| **found).count() as u64,
        },
    })
}
