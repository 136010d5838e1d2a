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
use crate::theory::joint::Look;

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

    /// Whether the `i`-th of a group alarms in its verdict.
    pub(super) fn alarms(verdict: usize, i: usize) -> bool {
        verdict >> i & 1 == 0
    }
}

/// Verdicts of larger groups are too many to enumerate, which is found from their number.
const MOST_TOGETHER: usize = 40;

/// Something to see.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Experiment {
    /// An alarm or silence; what it tells depends on difficulty and on what was heard before.
    Alarm { validator: usize },
    /// Alarms of validators that may read a common number; bit i of the verdict is set where the
    /// i-th is silent.
    Together(Look),
    /// Fresh draws that depend on the latent state alone.
    Table(Vec<Verdict>),
}

impl Experiment {
    /// How many verdicts there are.
    pub(super) fn verdicts(&self) -> usize {
        match self {
            Self::Alarm { .. } => 2,
            Self::Together(look) => 1 << look.validators().len().min(MOST_TOGETHER),
            Self::Table(verdicts) => verdicts.len(),
        }
    }

    /// Whether something continuous was cut into cells.
    pub(super) fn is_cut(&self) -> bool {
        let exact = |v: &Verdict| v.range.is_some_and(|(lo, hi)| lo >= hi);
        match self {
            Self::Alarm { .. } | Self::Together(_) => false,
            Self::Table(verdicts) => verdicts.len() > 1 && !verdicts.iter().all(exact),
        }
    }

    /// The experiment of a law that is `laws[of_state[x]]` in state x, in `cells` cells or, where
    /// the support has no upper end, one more.
    pub(super) fn continuous(
        laws: &dyn Laws,
        of_state: &[usize],
        cells: usize,
        detail: Detail,
    ) -> Self {
        let by_state = |by_law: &[f64]| of_state.iter().map(|&j| by_law[j]).collect();
        let mut verdicts = Vec::new();
        for cell in cut(laws, cells) {
            match detail {
                Detail::Attainable => verdicts.push(Verdict {
                    range: Some((cell.lo, cell.hi)),
                    by_state: by_state(&cell.mass),
                }),
                Detail::Bound => {
                    let corners = spread(&cell);
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

/// A part of the support.
#[derive(Debug, Clone)]
struct Cell {
    lo: f64,
    hi: f64,
    /// P(value in it), by law.
    mass: Vec<f64>,
    /// Least `f_j/Σf` in it, by law.
    least: Vec<f64>,
}

impl Cell {
    fn new(laws: &dyn Laws, (lo, hi): (f64, f64)) -> Self {
        let (lowest, highest) = laws.support();
        let below = |j: usize, x: f64| {
            if x <= lowest {
                0.0
            } else if x >= highest {
                1.0
            } else {
                laws.below(j, x)
            }
        };
        let each = 0..laws.len();
        Self {
            lo,
            hi,
            mass: each
                .clone()
                .map(|j| (below(j, hi) - below(j, lo)).max(0.0))
                .collect(),
            // 1/g_j = Σ_i f_i/f_j.
            least: each
                .clone()
                .map(|j| {
                    let ratios = each.clone().map(|i| {
                        let greatest = laws.greatest_log_ratio(i, j, (lo, hi));
                        libm::exp(greatest)
                    });
                    1.0 / ratios.sum::<f64>()
                })
                .collect(),
        }
    }

    fn total(&self) -> f64 {
        self.mass.iter().sum()
    }

    /// How far apart the points of the cell are in what they tell, in [0, 1].
    fn width(&self) -> f64 {
        (1.0 - self.least.iter().sum::<f64>()).max(0.0)
    }

    /// About what is lost by knowing the cell alone: a decision changes inside of it with a
    /// probability that grows with its width, and is then wrong by as much for its mass.
    fn loss(&self) -> f64 {
        self.total() * self.width() * self.width()
    }
}

/// Cells in order: whichever loses most is halved, until there are `cells`. So the cells of a finer
/// cut lie in those of a coarser one.
fn cut(laws: &dyn Laws, cells: usize) -> Vec<Cell> {
    let (lowest, highest) = laws.support();
    let end = laws.nearly_all();
    let mut cut = vec![Cell::new(laws, (lowest, end))];
    for _ in 1..cells {
        let losses = cut.iter().map(Cell::loss).enumerate();
        let worst = losses.fold(
            (0, 0.0),
            |worst, (i, loss)| {
                if loss > worst.1 { (i, loss) } else { worst }
            },
        );
        let Cell { lo, hi, .. } = cut[worst.0];
        let middle = 0.5 * (lo + hi);
        if worst.1 <= 0.0 || middle <= lo || middle >= hi {
            break;
        }
        let halves = [(lo, middle), (middle, hi)].map(|half| Cell::new(laws, half));
        cut.splice(worst.0..=worst.0, halves);
    }
    if end < highest {
        cut.push(Cell::new(laws, (end, highest)));
    }
    cut
}

/// The masses of a cell by law, put onto the corners of a simplex that holds all that it can tell.
fn spread(cell: &Cell) -> Vec<Vec<f64>> {
    let Cell { mass, least, .. } = cell;
    let (total, width) = (cell.total(), cell.width());
    if total <= 0.0 {
        return Vec::new();
    }
    // Rounding may leave a mean outside of its own range; it then stands for the whole cell.
    let weight = |i: usize| (mass[i] / total - least[i]).max(0.0) / width;
    if width < 1e-12 || (0..mass.len()).any(|i| !weight(i).is_finite()) {
        return vec![mass.clone()];
    }
    let corners = (0..mass.len()).filter(|&i| weight(i) > 0.0);
    corners
        .map(|i| {
            let at = |j: usize| least[j] + if i == j { width } else { 0.0 };
            let all = total * weight(i);
            (0..mass.len()).map(|j| all * at(j)).collect()
        })
        .collect()
}
