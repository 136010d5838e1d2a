//! What can be seen, as finitely many verdicts with their probabilities by latent state.
//!
//! Alarms are finite. Scores and token counts are continuous and are cut into cells of equal mass.
//! Who is told the cell alone knows less, so the best policy on cells is one that may be followed:
//! its cost is at least the optimum's. For the other side each cell with probabilities P_j by law
//! is replaced by one verdict per law that knows more: with g_j = f_j/Σf in the cell never below
//! m_j, the point (P_j/ΣP)_j lies in the simplex with corners m + (1 − Σm) e_i, and so does
//! everything in the cell; splitting it onto the corners is a mean-preserving spread of what the
//! cell can tell, hence a more informative experiment (Blackwell 1953, Ann. Math. Stat. 24,
//! 265–272), and the best policy on it costs at most the optimum.

use super::laws::Laws;

/// Whether cells tell less or more than the score that lies in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Less: policies that may be followed.
    Attainable,
    /// More: a bound on all policies.
    Bound,
}

/// One verdict.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    /// From and to which score or number of tokens; none where it tells more than a cell.
    pub(super) range: Option<(f64, f64)>,
    /// P(verdict | state).
    pub(super) by_state: Vec<f64>,
}

impl Verdict {
    /// Number of the alarm among the verdicts of a validator that alarms; the other is silence.
    pub(super) const ALARM: usize = 0;
}

/// Something to see.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Experiment {
    /// An alarm or silence; what it tells depends on difficulty and on what was heard before.
    Alarm { validator: usize },
    /// Fresh draws that depend on the latent state alone.
    Table(Vec<Verdict>),
}

impl Experiment {
    /// How many verdicts there are.
    pub(super) fn verdicts(&self) -> usize {
        match self {
            Self::Alarm { .. } => 2,
            Self::Table(verdicts) => verdicts.len(),
        }
    }

    /// Whether something continuous was cut into cells.
    pub(super) fn is_cut(&self) -> bool {
        let exact = |v: &Verdict| v.range.is_some_and(|(lo, hi)| lo >= hi);
        match self {
            Self::Alarm { .. } => false,
            Self::Table(verdicts) => verdicts.len() > 1 && !verdicts.iter().all(exact),
        }
    }

    /// The experiment of a law that is `laws[of_state[x]]` in state x, in `cells` cells.
    pub(super) fn continuous(
        laws: &dyn Laws,
        of_state: &[usize],
        cells: usize,
        detail: Detail,
    ) -> Self {
        let edges = edges(laws, cells);
        let mut verdicts = Vec::new();
        let mut below = vec![0.0; laws.len()];
        for (c, pair) in edges.windows(2).enumerate() {
            let (lo, hi) = (pair[0], pair[1]);
            let last = c + 2 == edges.len();
            let up_to: Vec<f64> = (0..laws.len())
                .map(|j| if last { 1.0 } else { laws.below(j, hi) })
                .collect();
            let pairs = up_to.iter().zip(&below);
            let mass: Vec<f64> = pairs.map(|(u, b)| (u - b).max(0.0)).collect();
            below = up_to;
            let by_state = |by_law: &[f64]| of_state.iter().map(|&j| by_law[j]).collect();
            match detail {
                Detail::Attainable => verdicts.push(Verdict {
                    range: Some((lo, hi)),
                    by_state: by_state(&mass),
                }),
                Detail::Bound => {
                    let corners = spread(laws, (lo, hi), &mass);
                    verdicts.extend(corners.iter().map(|mass| Verdict {
                        range: None,
                        by_state: by_state(mass),
                    }));
                }
            }
        }
        Self::Table(verdicts)
    }
}

/// From the least to the greatest value, with about equal mass of the average law between.
fn edges(laws: &dyn Laws, cells: usize) -> Vec<f64> {
    let (lowest, highest) = laws.support();
    let average = |x: f64| {
        let below = (0..laws.len()).map(|j| laws.below(j, x));
        below.sum::<f64>() / laws.len() as f64
    };
    let mut edges = vec![lowest];
    for c in 1..cells {
        let target = c as f64 / cells as f64;
        let (mut lo, mut hi) = (lowest, laws.nearly_all());
        // Where the edges lie exactly does not matter; the masses between them do.
        for _ in 0..30 {
            let middle = 0.5 * (lo + hi);
            if average(middle) < target {
                lo = middle;
            } else {
                hi = middle;
            }
        }
        edges.push(0.5 * (lo + hi));
    }
    edges.push(highest);
    edges.dedup();
    edges
}

/// The masses of a cell by law, put onto the corners of a simplex that holds all that it can tell.
fn spread(laws: &dyn Laws, cell: (f64, f64), mass: &[f64]) -> Vec<Vec<f64>> {
    let total: f64 = mass.iter().sum();
    if total <= 0.0 {
        return Vec::new();
    }
    // Least g_j in the cell: 1/g_j = Σ_i f_i/f_j.
    let least: Vec<f64> = (0..mass.len())
        .map(|j| {
            let ratios = (0..mass.len()).map(|i| libm::exp(laws.greatest_log_ratio(i, j, cell)));
            1.0 / ratios.sum::<f64>()
        })
        .collect();
    let left = (1.0 - least.iter().sum::<f64>()).max(0.0);
    // Rounding may leave a mean outside of its own range; it then stands for the whole cell.
    let weight = |i: usize| (mass[i] / total - least[i]).max(0.0) / left;
    if left < 1e-12 || (0..mass.len()).any(|i| !weight(i).is_finite()) {
        return vec![mass.to_vec()];
    }
    let corners = (0..mass.len()).filter(|&i| weight(i) > 0.0);
    corners
        .map(|i| {
            let at = |j: usize| least[j] + if i == j { left } else { 0.0 };
            let all = total * weight(i);
            (0..mass.len()).map(|j| all * at(j)).collect()
        })
        .collect()
}
