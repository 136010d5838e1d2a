//! TODO

use super::{Detector, Kind, Rule, Settings, optional, required, SCOPE, MARKERS};

pub(super) const RULE: Rule = Rule {
    name: "literal",
    meaning: "any of the given texts",
    parameters: &[
        required("patterns", "texts to look for", Kind::Texts),
        SCOPE,
    ],
    build,
};

fn build(_: &Settings) -> Result<Box<dyn Detector>, String> {
    Err("not built yet".to_owned())
}
