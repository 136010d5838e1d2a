//! TODO

use super::{Detector, Kind, MARKERS, Rule, SCOPE, Settings, optional, required};

pub(super) const RULE: Rule = Rule {
    name: "unexpected-negative",
    meaning: "a negative result where nothing in the problem is negative",
    parameters: &[SCOPE],
    build,
};

fn build(_: &Settings) -> Result<Box<dyn Detector>, String> {
    Err("not built yet".to_owned())
}
