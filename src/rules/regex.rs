//! TODO

use super::{Detector, Kind, Rule, Settings, optional, required, SCOPE, MARKERS};

pub(super) const RULE: Rule = Rule {
    name: "regex",
    meaning: "a match of any of the given regular expressions",
    parameters: &[
        required("patterns", "regular expressions to look for", Kind::Regexes),
        SCOPE,
    ],
    build,
};

fn build(_: &Settings) -> Result<Box<dyn Detector>, String> {
    Err("not built yet".to_owned())
}
