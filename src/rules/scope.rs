//! The part of a solution that a rule reads.

use super::{Detector, Settings};

/// Restricts a detector to the part of the solution that `scope` names.
pub(super) fn scoped(_settings: &Settings, detector: Box<dyn Detector>) -> Box<dyn Detector> {
    detector
}
