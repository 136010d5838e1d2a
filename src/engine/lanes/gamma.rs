//! Gamma variates for whole columns, and beta variates as ratios of two.
//!
//! Marsaglia & Tsang (2000), ACM Trans. Math. Softw. 26, 363: with d = a − 1/3, w = 1 + z/√(9d)
//! and z normal, d·w³ is proposed and kept if ln u < z²/2 + d − d·w³ + d·ln w³, which 95 % or more
//! are for a shape a of 1 or more. The rows that are refused are drawn once more one at a time, so the law is
//! that of the method, to single precision. Smaller shapes are left to whoever draws one at a time.

use rand_distr::{Distribution, Gamma};

use super::alias::single;
use super::chance::ByState;
use super::column::Column;
use super::law::Source;
use super::normal::{minus_two_ln, squared_radius};

/// Smallest shape for which columns are drawn.
pub(super) const SMALLEST: f64 = 1.0;

/// What a proposal takes.
#[derive(Debug, Clone, Copy)]
struct Shape {
    /// a − 1/3.
    d: f32,
    /// 1/√(9d).
    c: f32,
}

/// Gamma laws of scale 1, one for each state.
#[derive(Debug)]
pub(super) struct Gammas {
    proposals: ByState<Shape>,
    /// For what was refused.
    exact: Vec<Gamma<f64>>,
}

impl Gammas {
    /// One law for each of these shapes, the last for all further states; none if some shape is
    /// too small.
    pub(super) fn new(shapes: &[f64]) -> Option<Self> {
        if shapes.iter().any(|&a| a < SMALLEST) {
            return None;
        }
        let proposals: Vec<Shape> = shapes
            .iter()
            .map(|a| {
                let d = a - 1.0 / 3.0;
                Shape {
                    d: single(d),
                    c: single(1.0 / (9.0 * d).sqrt()),
                }
            })
            .collect();
        let exact = shapes.iter().map(|&a| Gamma::new(a, 1.0).ok());
        Some(Self {
            proposals: ByState::new(&proposals),
            exact: exact.collect::<Option<_>>()?,
        })
    }

    /// Draws a column; of the rows that are refused, only the first `rows` are drawn again.
    #[inline(always)]
    pub(super) fn fill(
        &self,
        source: &mut Source<'_>,
        state: &Column<i32>,
        rows: usize,
        out: &mut Column<f32>,
    ) {
        source.normals.fill(source.lanes, source.normal);
        let [words, kept] = &mut *source.words;
        source.lanes.fill(&mut **words);
        let z = &*source.normal;
        self.proposals.for_each(state, |l, Shape { d, c }| {
            let w = 1.0 + c * z[l];
            let v = w * w * w;
            // Both sides of the condition, times −2.
            let bound = d * (3.0 * minus_two_ln(w) + 2.0 * (v - 1.0)) - z[l] * z[l];
            kept[l] = u32::from((w > 0.0) & (squared_radius(words[l]) > bound));
            out[l] = d * v;
        });
        let again = out.iter_mut().zip(kept.iter()).zip(state.iter()).take(rows);
        for ((x, &kept), &state) in again {
            if kept == 0 {
                let state = (state.cast_unsigned() as usize).min(self.exact.len() - 1);
                *x = single(self.exact[state].sample(source.single));
            }
        }
    }
}

/// Beta laws, one for each state: X/(X + Y) of two gamma variates.
#[derive(Debug)]
pub(super) struct Betas([Gammas; 2]);

impl Betas {
    /// One law for each pair of shapes; none if some shape is too small.
    pub(super) fn new(shapes: &[(f64, f64)]) -> Option<Self> {
        let first: Vec<f64> = shapes.iter().map(|s| s.0).collect();
        let second: Vec<f64> = shapes.iter().map(|s| s.1).collect();
        Some(Self([Gammas::new(&first)?, Gammas::new(&second)?]))
    }

    /// Draws a column, in room for two more.
    #[inline(always)]
    pub(super) fn fill(
        &self,
        source: &mut Source<'_>,
        state: &Column<i32>,
        rows: usize,
        [x, y]: &mut [Column<f32>; 2],
        out: &mut Column<f64>,
    ) {
        self.0[0].fill(source, state, rows, x);
        self.0[1].fill(source, state, rows, y);
        for (out, (&x, &y)) in out.iter_mut().zip(x.iter().zip(y.iter())) {
            let (x, y) = (f64::from(x), f64::from(y));
            *out = x / (x + y);
        }
    }
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{Beta, ContinuousCDF, Gamma};

    use super::super::column::ROWS;
    use super::super::normal::Normals;
    use super::*;
    use crate::rng::{LaneStream, Purpose, stream};

    const BLOCKS: usize = 2000;

    /// Calls `fill` for many blocks whose rows alternate between two states, and sorts what it
    /// gives by state.
    fn by_state(
        mut fill: impl FnMut(&mut Source<'_>, &Column<i32>, &mut Vec<f64>),
    ) -> [Vec<f64>; 2] {
        let mut one = stream(11, Purpose::Control, 0);
        let mut lanes = LaneStream::new(&mut one);
        let mut normals = Normals::new();
        let mut normal = Column::new(0.0);
        let mut words = [Column::new(0), Column::new(0)];
        let mut state = Column::new(0);
        for (s, l) in state.iter_mut().zip(0..) {
            *s = l % 2;
        }
        let mut drawn = Vec::new();
        for _ in 0..BLOCKS {
            let mut source = Source {
                lanes: &mut lanes,
                single: &mut one,
                normals: &mut normals,
                normal: &mut normal,
                words: &mut words,
            };
            fill(&mut source, &state, &mut drawn);
        }
        let of = |s: usize| {
            let mut values: Vec<f64> = drawn.iter().copied().skip(s).step_by(2).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        [of(0), of(1)]
    }

    /// Kolmogorov's distance from `law`, times √n: above 2.7 with a chance of 1e-6.
    fn distance(sorted: &[f64], law: &impl ContinuousCDF<f64, f64>) -> f64 {
        let n = sorted.len() as f64;
        let furthest = sorted.iter().zip(0_u32..).map(|(&x, i)| {
            let p = law.cdf(x);
            (p - f64::from(i) / n).max(f64::from(i + 1) / n - p)
        });
        furthest.fold(0.0, f64::max) * n.sqrt()
    }

    fn gammas(shapes: [f64; 2]) -> [Vec<f64>; 2] {
        let laws = Gammas::new(&shapes).unwrap();
        let mut column = Column::new(0.0);
        by_state(|source, state, drawn| {
            laws.fill(source, state, ROWS, &mut column);
            drawn.extend(column.iter().map(|&x| f64::from(x)));
        })
    }

    /// Half a million draws of each law; 1 false alarm in 10^5 over all of them.
    #[test]
    fn columns_have_the_laws_of_gamma_and_beta() {
        for shapes in [[1.0, 1.3], [4.0, 16.0], [100.0, 10_000.0]] {
            for (sorted, a) in gammas(shapes).iter().zip(shapes) {
                let found = distance(sorted, &Gamma::new(a, 1.0).unwrap());
                assert!(found < 2.7, "gamma {a}: {found}");
            }
        }
        for shapes in [[(10.0, 2.0), (2.0, 4.0)], [(1.0, 1.0), (300.0, 1.0)]] {
            let laws = Betas::new(&shapes).unwrap();
            let mut column = Column::new(0.0);
            let mut room = [Column::new(0.0), Column::new(0.0)];
            let drawn = by_state(|source, state, drawn| {
                laws.fill(source, state, ROWS, &mut room, &mut column);
                drawn.extend(column.iter());
            });
            for (sorted, (a, b)) in drawn.iter().zip(shapes) {
                let found = distance(sorted, &Beta::new(a, b).unwrap());
                assert!(found < 2.7, "beta {a} {b}: {found}");
            }
        }
    }

    /// The control: a shape that is 1 % off is seen.
    #[test]
    fn a_slightly_different_law_is_told_apart() {
        let [sorted, _] = gammas([4.0, 16.0]);
        assert!(distance(&sorted, &Gamma::new(4.04, 1.0).unwrap()) > 2.7);
    }

    #[test]
    fn small_shapes_are_refused() {
        assert!(Gammas::new(&[2.0, 0.9]).is_none());
        assert!(Betas::new(&[(2.0, 2.0), (2.0, 0.5)]).is_none());
    }
}
