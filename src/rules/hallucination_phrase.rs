//! TODO

use super::{Detector, Kind, Rule, Settings, optional, required, SCOPE, MARKERS};

pub(super) const RULE: Rule = Rule {
    name: "hallucination-phrase",
    meaning: "a phrase that gives away a lost or invented train of thought",
    parameters: &[
        optional(
            "phrases",
            "phrases to look for; default: our own list",
            Kind::Texts,
        ),
        SCOPE,
    ],
    build,
};

fn build(_: &Settings) -> Result<Box<dyn Detector>, String> {
    Err("not built yet".to_owned())
}
