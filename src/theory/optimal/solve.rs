//! The optimum of a scenario: difficulty in ever more nodes, scores and lengths in ever more cells,
//! until nothing moves or no more fits, with what was then reached.

use super::experiment::Detail;
use super::program::{Optimum, Program, Sight};
use super::{OptimalError, Per};
use crate::scenario::Scenario;
use crate::theory::filter::steepness;

/// Relative change of the cost at which nodes of difficulty are dense enough.
const TOLERANCE: f64 = 1e-8;
/// Relative distance of the bounds at which cells are fine enough.
const CLOSE: f64 = 1e-4;
/// Cells to begin with, and while nodes of difficulty are chosen.
const FIRST_CELLS: usize = 8;
/// Most cells.
const MOST_CELLS: usize = 4096;
/// Largest step of the trapezoid rule over difficulty, in standard deviations.
const STEP: f64 = 0.5;
/// Steps are not halved below this.
const FINEST: f64 = 1e-3;
/// Where the normal law is cut, in standard deviations.
const SIDE: f64 = 8.0;

/// The optimum and how well it is known.
#[derive(Debug)]
pub struct Solution<'s> {
    /// What was searched.
    pub program: Program<'s>,
    /// The best policy that may be followed.
    pub optimum: Optimum,
    /// No policy of the class costs less; equal to the cost of the optimum but for scores and lengths,
    /// which are cut into cells. Nothing where the bound did not fit.
    pub lower: Option<f64>,
    /// Cells of a score or a length.
    pub cells: Option<usize>,
    /// Nodes of difficulty.
    pub nodes: usize,
    /// Last relative change of the cost as nodes were doubled; 0 without difficulty.
    pub quadrature_error: f64,
}

impl Solution<'_> {
    /// Whether doubling the nodes of difficulty moved the cost by less than 1e-8 of it.
    pub fn has_converged(&self) -> bool {
        self.quadrature_error < TOLERANCE
    }

    /// Whether the bounds are within 1e-4 of each other.
    pub fn is_close(&self) -> bool {
        self.lower
            .is_some_and(|lower| self.optimum.cost - lower <= CLOSE * self.optimum.cost)
    }
}

/// The best policy of `scenario` on its own checkpoints; with `tokens` it may use the lengths of
/// stages.
pub fn solve(scenario: &Scenario, per: Per, tokens: bool) -> Result<Solution<'_>, OptimalError> {
    let sight = |cells, detail| Sight {
        tokens,
        cells,
        detail,
    };
    let first = sight(FIRST_CELLS, Detail::Attainable);
    let mut step = STEP.min(1.3 / steepness(scenario)).max(FINEST);
    let mut prompts = difficulties(scenario, step);
    let mut program = Program::new(scenario, &prompts, per, first)?;
    let mut optimum = program.optimum();
    let mut quadrature_error = 0.0;
    if scenario.difficulty_sd() > 0.0 {
        loop {
            step *= 0.5;
            let finer = difficulties(scenario, step);
            let next = match Program::new(scenario, &finer, per, first) {
                // One level alone does not tell how far off it is.
                Err(error) if quadrature_error <= 0.0 => return Err(error),
                Err(_) => break,
                Ok(next) => next,
            };
            let better = next.optimum();
            quadrature_error = ((better.cost - optimum.cost) / better.cost)
                .abs()
                .max(f64::MIN_POSITIVE);
            (prompts, program, optimum) = (finer, next, better);
            if quadrature_error < TOLERANCE || step < FINEST {
                break;
            }
        }
    }
    let mut solution = Solution {
        lower: (!program.is_continuous()).then_some(optimum.cost),
        cells: program.is_continuous().then_some(FIRST_CELLS),
        nodes: prompts.len(),
        program,
        optimum,
        quadrature_error,
    };
    let mut cells = FIRST_CELLS;
    while solution.program.is_continuous() && cells <= MOST_CELLS {
        // Whichever of the two does not fit ends the search; what was reached stays.
        if cells > FIRST_CELLS {
            let attainable = sight(cells, Detail::Attainable);
            let Ok(program) = Program::new(scenario, &prompts, per, attainable) else {
                break;
            };
            let optimum = program.optimum();
            if optimum.cost <= solution.optimum.cost {
                (solution.program, solution.optimum) = (program, optimum);
                solution.cells = Some(cells);
            }
        }
        let bound = sight(cells, Detail::Bound);
        if let Ok(program) = Program::new(scenario, &prompts, per, bound) {
            let cost = program.optimum().cost;
            let best = solution.lower.map_or(cost, |lower| lower.max(cost));
            solution.lower = Some(best.min(solution.optimum.cost));
        }
        if solution.is_close() {
            break;
        }
        cells *= 2;
    }
    Ok(solution)
}

/// Nodes (weight, δ) of the trapezoid rule for the scenario's prompts; one without difficulty.
///
/// Lengths that grow as exp(a z) move the mass of tokens by a standard deviations.
fn difficulties(scenario: &Scenario, step: f64) -> Vec<(f64, f64)> {
    let sd = scenario.difficulty_sd();
    if sd <= 0.0 {
        return vec![(1.0, 0.0)];
    }
    let shift = scenario.length_effect() * sd;
    let (from, to) = (-SIDE + shift.min(0.0), SIDE + shift.max(0.0));
    let points: Vec<f64> = std::iter::successors(Some(from), |z| Some(z + step))
        .take_while(|z| *z <= to)
        .collect();
    let density = |z: f64| libm::exp(-0.5 * z * z);
    let total: f64 = points.iter().map(|&z| density(z)).sum();
    let nodes = points.iter().map(|&z| (density(z) / total, sd * z));
    nodes.collect()
}
