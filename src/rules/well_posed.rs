//! TODO

use super::{Detector, Kind, Rule, Settings, optional, required, SCOPE, MARKERS};

pub(super) const RULE: Rule = Rule {
    name: "well-posed",
    meaning: "the problem has no question mark, too few or too many words, or is not English",
    parameters: &[
        optional(
            "min_words",
            "fewest words of a problem; default 8",
            Kind::Count,
        ),
        optional(
            "max_words",
            "most words of a problem; default 100",
            Kind::Count,
        ),
    ],
    build,
};

fn build(_: &Settings) -> Result<Box<dyn Detector>, String> {
    Err("not built yet".to_owned())
}
