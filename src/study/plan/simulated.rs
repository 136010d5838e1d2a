//! The power of the tests by prompt, by drawing logs.
//!
//! A log is drawn prompt by prompt and looked at as it grows. Betting certifies once its wealth has
//! reached 1/delta and does not take that back, so one log gives the number of prompts from which on it is
//! certified. Hoeffding–Bentkus looks at the average, at the sizes of a grid whose steps are 4.4 %. All
//! designs are drawn from the same uniform numbers; each log has a stream of its own.

use rayon::prelude::*;

use super::{Point, PromptLaw, Question, Test};
use crate::estimate::FrrHypothesis;
use crate::rng::{Purpose, Stream, stream};
use crate::stats::{Stakes, Wealth, hoeffding_bentkus};
use crate::study::Interrupt;

/// Steps of the grid for each doubling of the number of prompts.
const PER_DOUBLING: i32 = 16;
/// Both of the tests by prompt.
pub(super) const BOTH: [Test; 2] = [Test::Betting, Test::HoeffdingBentkus];
/// The smallest log that is looked at.
const FIRST: f64 = 8.0;

/// The numbers of prompts that are looked at, growing, the last one `most`.
pub(super) fn sizes(most: u64) -> Vec<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most `most`, and at least 8"
    )]
    let size = |k: i32| (FIRST * libm::exp2(f64::from(k) / f64::from(PER_DOUBLING))).round() as u64;
    let mut sizes: Vec<u64> = (0..i32::MAX).map(size).take_while(|&n| n < most).collect();
    sizes.dedup();
    sizes.push(most);
    sizes
}

/// What a simulation of one design says of a test.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Power {
    pub(super) test: Test,
    pub(super) curve: Vec<Point>,
    /// Prompts that reach the power asked for, if the largest log drawn does.
    pub(super) prompts: Option<u64>,
}

/// A log as it grows.
struct Log {
    rng: Stream,
    wealth: Wealth,
    prompts: u64,
    sum: f64,
    /// The number of prompts with which betting first certified.
    certified: Option<u64>,
}

/// The power of `tests`, which are betting and Hoeffding–Bentkus or one of them, as far as all of them
/// reach what is asked for; `done` is told of each doubling that has been drawn.
pub(super) fn power(
    law: &PromptLaw,
    hypothesis: &FrrHypothesis,
    question: &Question,
    tests: &[Test],
    done: &dyn Fn(),
    interrupt: &Interrupt,
) -> Vec<Power> {
    let mu0 = hypothesis.mu0();
    let z = law.cells().iter().map(|cell| hypothesis.z(cell));
    let world = World {
        law,
        // A prompt of more generations than the cap says nothing.
        z: z.map(|z| z.unwrap_or(mu0)).collect(),
        mu0,
        delta: question.delta,
        by_mean: tests.contains(&Test::HoeffdingBentkus),
    };
    let mut logs: Vec<Log> = (0..question.replications)
        .map(|number| Log {
            rng: stream(question.seed, Purpose::Planning, number),
            wealth: Wealth::new(Stakes::Large),
            prompts: 0,
            sum: 0.0,
            certified: None,
        })
        .collect();
    let total = question.replications as f64;
    let point = |prompts, certified: usize| {
        let power = certified as f64 / total;
        Point {
            prompts,
            power,
            stderr: (power * (1.0 - power) / total).sqrt(),
        }
    };
    let sizes = sizes(question.most_prompts);
    let mut curves = vec![Vec::new(); tests.len()];
    for chunk in sizes.chunks(PER_DOUBLING.unsigned_abs() as usize) {
        if interrupt.raised() {
            break;
        }
        let small = world.small_means(chunk, &mut logs);
        for (curve, test) in curves.iter_mut().zip(tests) {
            curve.extend(chunk.iter().zip(&small).map(|(&n, &small)| {
                let certified = |log: &&Log| log.certified.is_some_and(|first| first <= n);
                match test {
                    Test::HoeffdingBentkus => point(n, small),
                    _ => point(n, logs.iter().filter(certified).count()),
                }
            }));
        }
        done();
        let mut drawn = curves.iter().zip(tests);
        if drawn.all(|(curve, &test)| enough(curve, test, question, false).is_some()) {
            break;
        }
    }
    let mut times: Vec<u64> = logs.iter().filter_map(|log| log.certified).collect();
    times.sort_unstable();
    let powers = tests.iter().zip(curves).map(|(&test, curve)| Power {
        test,
        prompts: match test {
            Test::HoeffdingBentkus => enough(&curve, test, question, curve.len() == sizes.len()),
            _ => times.get(rank(question)).copied(),
        },
        curve,
    });
    powers.collect()
}

/// The first size at which the power asked for is reached; of Hoeffding–Bentkus, whose power is not
/// quite monotone, at which it stays reached for a doubling, or to the end where nothing larger is
/// considered.
fn enough(curve: &[Point], test: Test, question: &Question, ended: bool) -> Option<u64> {
    let lasts = match test {
        Test::HoeffdingBentkus => PER_DOUBLING.unsigned_abs() as usize,
        _ => 0,
    };
    let mut from = None;
    for (i, point) in curve.iter().enumerate() {
        if point.power < question.power {
            from = None;
            continue;
        }
        let first = *from.get_or_insert(i);
        if i - first >= lasts {
            return Some(curve[first].prompts);
        }
    }
    from.filter(|_| ended).map(|first| curve[first].prompts)
}

/// The place, from 0, of the log whose certificate makes up the power asked for.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of the replications"
)]
fn rank(question: &Question) -> usize {
    let count = (question.power * question.replications as f64 - 1e-9).ceil();
    (count as usize).saturating_sub(1)
}

/// What logs are drawn from, and tested for.
struct World<'a> {
    law: &'a PromptLaw,
    /// Z of each cell of the law.
    z: Vec<f64>,
    mu0: f64,
    delta: f64,
    /// Whether sums are wanted of logs that betting has certified, too.
    by_mean: bool,
}

impl World<'_> {
    /// Draws all logs up to each of `sizes`; of how many the average then is small enough for
    /// Hoeffding–Bentkus.
    fn small_means(&self, sizes: &[u64], logs: &mut [Log]) -> Vec<usize> {
        let critical = sizes.iter().map(|&n| {
            if self.by_mean {
                critical_sum(n, self.mu0, self.delta)
            } else {
                -1.0
            }
        });
        let critical: Vec<f64> = critical.collect();
        let add = |a: Vec<usize>, b: Vec<usize>| a.iter().zip(b).map(|(a, b)| a + b).collect();
        logs.par_iter_mut()
            .map(|log| {
                let small = sizes.iter().zip(&critical).map(|(&n, &critical)| {
                    self.grow(log, n);
                    usize::from(log.sum <= critical)
                });
                small.collect::<Vec<usize>>()
            })
            .reduce(|| vec![0; sizes.len()], add)
    }

    /// Draws prompts until there are `prompts`, or nothing more is to be learnt.
    fn grow(&self, log: &mut Log, prompts: u64) {
        while log.prompts < prompts && (self.by_mean || log.certified.is_none()) {
            let z = self.z[self.law.draw(&mut log.rng)];
            log.prompts += 1;
            log.sum += z;
            if log.certified.is_none() {
                log.wealth.bet((self.mu0 - z) / (1.0 - self.mu0));
                if log.wealth.p_value() <= self.delta {
                    log.certified = Some(log.prompts);
                }
            }
        }
    }
}

/// The largest sum of `n` values with which Hoeffding–Bentkus certifies; below 0 if none does.
fn critical_sum(n: u64, mu0: f64, delta: f64) -> f64 {
    let certifies = |mean: f64| hoeffding_bentkus(mean, n, mu0) <= delta;
    if !certifies(0.0) {
        return -1.0;
    }
    let (mut low, mut high) = (0.0, mu0);
    for _ in 0..50 {
        let middle = 0.5 * (low + high);
        if certifies(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    // Sums are rounded; so is their quotient by n in the test.
    low * n as f64 * (1.0 + 1e-13)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::betting;

    fn question(power: f64, most_prompts: u64) -> Question {
        Question {
            max_frr: 0.5,
            delta: 0.2,
            power,
            replications: 4000,
            most_prompts,
            seed: 3,
        }
    }

    fn both(law: &PromptLaw, cap: u32, question: &Question) -> Vec<Power> {
        let hypothesis = FrrHypothesis::new(question.max_frr, cap, None).expect("valid");
        let interrupt = Interrupt::default();
        power(law, &hypothesis, question, &BOTH, &|| {}, &interrupt)
    }

    /// All sequences of twelve prompts with two generations each, against 4,000 draws: four standard
    /// errors, wrong 6 times in 100,000 for each of the two.
    #[test]
    fn power_agrees_with_enumeration() {
        let law = PromptLaw::beta_binomial(2, 0.2, 1.0, 0.5);
        let question = question(1.0, 12);
        // N = 2 always; P(X = 0, 1, 2) by the urn: .8 · (.4 + .5), 2 · .8 · .1, .2 · .6.
        let values = [(0.0, 0.72), (0.5, 0.16), (1.0, 0.12)];
        let mut expected = [0.0; 2];
        for sequence in 0..3_usize.pow(12) {
            let (mut rest, mut probability) = (sequence, 1.0);
            let mut z = [0.0; 12];
            for z in &mut z {
                *z = values[rest % 3].0;
                probability *= values[rest % 3].1;
                rest /= 3;
            }
            let mean = z.iter().sum::<f64>() / 12.0;
            let p = [betting(&z, 0.5), hoeffding_bentkus(mean, 12, 0.5)];
            for (expected, p) in expected.iter_mut().zip(p) {
                *expected += if p <= 0.2 { probability } else { 0.0 };
            }
        }
        let found = both(&law, 2, &question);
        for (found, expected) in found.iter().zip(expected) {
            let last = found.curve.last().expect("drawn");
            assert_eq!(last.prompts, 12);
            assert!((0.05..0.95).contains(&expected), "{expected}");
            let apart = (last.power - expected).abs();
            assert!(apart < 4.0 * last.stderr, "{}, not {expected}", last.power);
        }
    }

    #[test]
    fn what_suffices_reaches_the_power_and_one_fewer_does_not() {
        let law = PromptLaw::beta_binomial(1, 0.1, 0.8, 0.0);
        let found = |most| both(&law, 1, &question(0.8, most));
        for found in found(5000) {
            let prompts = found.prompts.expect("plenty");
            let reached = |n: u64| {
                let point = found.curve.iter().rfind(|p| p.prompts <= n);
                point.map_or(0.0, |p| p.power)
            };
            assert!(reached(prompts - 1) < 0.8, "{found:?}");
            let next = found.curve.iter().find(|p| p.prompts >= prompts);
            assert!(next.is_some_and(|p| p.power >= 0.8), "{found:?}");
        }
        assert!(found(8).iter().all(|power| power.prompts.is_none()));
    }

    #[test]
    fn sizes_grow_by_a_twentieth_and_end_where_told() {
        let all = sizes(1000);
        assert_eq!((all[0], all[all.len() - 1]), (8, 1000));
        assert!(all.windows(2).all(|w| w[0] < w[1]));
        assert!(
            all[60..]
                .windows(2)
                .all(|w| (w[1] as f64) < 1.06 * w[0] as f64)
        );
        assert_eq!(sizes(3), [3]);
    }
}
