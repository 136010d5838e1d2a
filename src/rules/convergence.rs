//! TODO

use super::{Detector, Kind, MARKERS, Rule, SCOPE, Settings, optional, required};

pub(super) const RULE: Rule = Rule {
    name: "convergence",
    meaning: "a complete solution without exactly one final answer, or one that its last \
              steps do not arrive at",
    parameters: &[MARKERS],
    build,
};

fn build(_: &Settings) -> Result<Box<dyn Detector>, String> {
    Err("not built yet".to_owned())
}
