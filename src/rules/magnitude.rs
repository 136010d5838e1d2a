//! TODO

use super::{Detector, Kind, MARKERS, Rule, SCOPE, Settings, optional, required};

pub(super) const RULE: Rule = Rule {
    name: "magnitude",
    meaning: "a number far larger than the numbers of the problem",
    parameters: &[
        optional(
            "factor",
            "largest multiple of the problem's largest number; default 100",
            Kind::Positive,
        ),
        optional(
            "cap",
            "largest number, whatever the problem; default 1e7",
            Kind::Positive,
        ),
        SCOPE,
    ],
    build,
};

fn build(_: &Settings) -> Result<Box<dyn Detector>, String> {
    Err("not built yet".to_owned())
}
