//! TODO

use super::{Detector, Kind, Rule, Settings, optional, required, SCOPE, MARKERS};

pub(super) const RULE: Rule = Rule {
    name: "answer-marker",
    meaning: "an answer marker that comes too early or a second time",
    parameters: &[MARKERS],
    build,
};

fn build(_: &Settings) -> Result<Box<dyn Detector>, String> {
    Err("not built yet".to_owned())
}
