//! Adaptive integration of vectors over the standard normal law.
//!
//! Composite Gauss–Legendre on panels that end at the deciles, each panel halved until both
//! halves agree with the whole for every component. Unlike Gauss–Hermite it stays fast for steep
//! effects and large standard deviations, and it gives the deciles of difficulty for nothing.

use std::f64::consts::PI;

/// Points per panel.
const POINTS: usize = 14;
/// Relative disagreement, per component, at which a panel is accepted.
const TOLERANCE: f64 = 1e-12;
/// A panel whose share of every component is below this is not refined.
const NEGLIGIBLE: f64 = 1e-16;
/// Most panels in all: what then still disagrees is reported, not refined.
const MOST_PANELS: usize = 4000;
/// Beyond this the normal density underflows.
pub(super) const FURTHEST: f64 = 38.0;

/// Nodes and weights of the Gauss–Legendre rule on [−1, 1].
#[derive(Debug)]
pub(super) struct GaussLegendre {
    nodes: Vec<(f64, f64)>,
}

impl GaussLegendre {
    /// Newton's method on the Legendre polynomial from Tricomi's approximation.
    pub(super) fn new() -> Self {
        let n = POINTS as f64;
        let nodes = (0..POINTS)
            .map(|i| {
                let mut x = libm::cos(PI * (i as f64 + 0.75) / (n + 0.5));
                let mut derivative = 0.0;
                for _ in 0..8 {
                    let (mut p, mut before) = (x, 1.0);
                    for j in 2..=POINTS {
                        let j = j as f64;
                        (p, before) = (((2.0 * j - 1.0) * x * p - (j - 1.0) * before) / j, p);
                    }
                    derivative = n * (x * p - before) / (x * x - 1.0);
                    x -= p / derivative;
                }
                (x, 2.0 / ((1.0 - x * x) * derivative * derivative))
            })
            .collect();
        Self { nodes }
    }

    fn panel(&self, lo: f64, hi: f64, f: &mut dyn FnMut(f64) -> Vec<f64>) -> Vec<f64> {
        let (centre, half) = (0.5 * (lo + hi), 0.5 * (hi - lo));
        let mut total = Vec::new();
        for &(x, weight) in &self.nodes {
            let z = centre + half * x;
            let density = libm::exp(-0.5 * z * z) / (2.0 * PI).sqrt();
            let values = f(z);
            total.resize(values.len(), 0.0);
            for (t, v) in total.iter_mut().zip(values) {
                *t += v * weight * half * density;
            }
        }
        total
    }

    /// ∫ f(z) φ(z) dz over each panel between consecutive `edges`, and the largest relative
    /// disagreement that was left.
    pub(super) fn integrate(
        &self,
        edges: &[f64],
        f: &mut dyn FnMut(f64) -> Vec<f64>,
    ) -> (Vec<Vec<f64>>, f64) {
        let panels: Vec<(f64, f64)> = edges.windows(2).map(|e| (e[0], e[1])).collect();
        let coarse: Vec<Vec<f64>> = panels
            .iter()
            .map(|&(lo, hi)| self.panel(lo, hi, f))
            .collect();
        let mut scale = vec![0.0; coarse[0].len()];
        for panel in &coarse {
            for (s, v) in scale.iter_mut().zip(panel) {
                *s += v.abs();
            }
        }
        let share = |value: f64, scale: f64| {
            if scale > 0.0 {
                value.abs() / scale
            } else {
                0.0
            }
        };
        let mut left = 0.0_f64;
        let mut panels_used = panels.len();
        let mut totals = Vec::with_capacity(panels.len());
        for (&(lo, hi), whole) in panels.iter().zip(coarse) {
            let mut total = vec![0.0; whole.len()];
            let mut open = vec![(lo, hi, whole)];
            while let Some((lo, hi, whole)) = open.pop() {
                let largest = whole.iter().zip(&scale).map(|(&w, &s)| share(w, s));
                if largest.fold(0.0, f64::max) < NEGLIGIBLE {
                    add(&mut total, &whole);
                    continue;
                }
                let middle = 0.5 * (lo + hi);
                let first = self.panel(lo, middle, f);
                let second = self.panel(middle, hi, f);
                let disagreement = (0..whole.len())
                    .map(|j| share(first[j] + second[j] - whole[j], scale[j]))
                    .fold(0.0, f64::max);
                panels_used += 2;
                if disagreement <= TOLERANCE || panels_used > MOST_PANELS {
                    left = left.max(disagreement);
                    add(&mut total, &first);
                    add(&mut total, &second);
                } else {
                    open.push((lo, middle, first));
                    open.push((middle, hi, second));
                }
            }
            totals.push(total);
        }
        (totals, left)
    }
}

fn add(total: &mut [f64], part: &[f64]) {
    for (t, p) in total.iter_mut().zip(part) {
        *t += p;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn whole_line(f: &mut dyn FnMut(f64) -> Vec<f64>) -> Vec<f64> {
        let edges = [-FURTHEST, -12.0, -6.0, -3.0, 0.0, 3.0, 6.0, 12.0, FURTHEST];
        let (panels, left) = GaussLegendre::new().integrate(&edges, f);
        assert!(left <= TOLERANCE, "{left}");
        (0..panels[0].len())
            .map(|j| panels.iter().map(|p| p[j]).sum())
            .collect()
    }

    #[test]
    fn moments_and_the_moment_generating_function() {
        let got =
            whole_line(&mut |z| vec![1.0, z * z, z.powi(8), (2.5 * z).exp(), (9.0 * z).exp()]);
        for (value, exact) in got
            .iter()
            .zip([1.0, 1.0, 105.0, 3.125f64.exp(), 40.5f64.exp()])
        {
            assert_relative_eq!(*value, exact, max_relative = 1e-12);
        }
    }

    /// A steep logistic is nearly a step; the trapezoid with tiny steps is the second route.
    #[test]
    fn a_steep_effect_agrees_with_the_trapezoid() {
        let f = |z: f64| 1.0 / (1.0 + (-40.0 * (z - 0.7)).exp());
        let h = 1e-3;
        let trapezoid: f64 = (-12_000..=12_000)
            .map(|i| f64::from(i) * h)
            .map(|z| f(z) * (-0.5 * z * z).exp() * h / (2.0 * PI).sqrt())
            .sum();
        assert_relative_eq!(
            whole_line(&mut |z| vec![f(z)])[0],
            trapezoid,
            max_relative = 1e-12
        );
    }
}
