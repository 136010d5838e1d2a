//! The fast kernel: the same sums by columns as outcome by outcome.

use std::path::Path;

use foldem::engine::Simulation;
use foldem::estimate::Tally;
use foldem::outcome::Fold;
use foldem::scenario::Scenario;
use foldem::study::Interrupt;

use super::agreement::{everything, shipped};

/// Gathered by columns, and one generation after the other.
fn tallies(scenario: &Scenario, attempts: u64) -> Option<(Tally, Tally)> {
    let simulation = Simulation::new(scenario, attempts, 9);
    let frame = simulation.frame(0);
    let gathered = simulation.gather(&|_| (), &Interrupt::default())?.fold;
    let mut one_by_one = Tally::new(&frame);
    for number in 0..simulation.batches() {
        Fold::<[_]>::fold(&mut one_by_one, &simulation.draw(number));
    }
    Some((Tally::of(&frame, &gathered), one_by_one))
}

#[test]
fn sums_by_cell_are_those_of_the_outcomes() {
    let mut scenarios = shipped();
    scenarios.push(everything());
    for scenario in &scenarios {
        // Whole blocks, and a rest.
        let found = tallies(scenario, 20_123);
        let (gathered, one_by_one) =
            found.unwrap_or_else(|| panic!("{} is not drawn fast", scenario.name()));
        assert!(gathered == one_by_one, "{}", scenario.name());
    }
    let _ = Path::new(".");
}
