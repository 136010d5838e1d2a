//! TODO

use super::{Detector, Kind, MARKERS, Rule, SCOPE, Settings, optional, required};

pub(super) const RULE: Rule = Rule {
    name: "false-equation",
    meaning: "an equation in numbers whose two sides differ",
    parameters: &[
        optional(
            "tolerance",
            "largest difference of the two sides that passes for rounding",
            Kind::NotNegative,
        ),
        SCOPE,
    ],
    build,
};

fn build(_: &Settings) -> Result<Box<dyn Detector>, String> {
    Err("not built yet".to_owned())
}
