//! The feasible region of a row: the least m_R/m_S over the false rejection rate. What lies above the
//! curve is possible for some share that the rejected pay; what lies below is not.

use serde::{Deserialize, Serialize};

use super::joint::{Given, Laws, Quantity};
use super::lengths::Lengths;
use super::range::Range;
use super::spec::{Accounting, RowSpec};

/// Rates at which it is evaluated: 0, 1/STEPS, … below 1.
const STEPS: u32 = 100;

/// A place of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// False rejection rate.
    pub false_rejection: f64,
    /// The least length ratio, over the intervals of accuracies and savings.
    pub length_ratio_min: Range,
}

/// The curve of a row by its accuracies and savings; empty where one of them is not published.
/// Published detection and rejected shares are not used, nor is the false rejection rate.
pub(super) fn region(row: &RowSpec, accounting: Accounting) -> Vec<Place> {
    let is_accuracy =
        |(q, _): &&Given| [Quantity::AccuracyBefore, Quantity::AccuracyAfter].contains(q);
    let accuracies: Vec<Given> = row.shares.iter().filter(is_accuracy).copied().collect();
    let Ok(Some(savings)) = row.common_savings() else {
        return Vec::new();
    };
    if accuracies.len() < 2 {
        return Vec::new();
    }
    let lengths = Lengths {
        accounting,
        savings,
        paid_share: None,
    };
    let place = |i: u32| {
        let rate = f64::from(i) / f64::from(STEPS);
        let given = [
            &accuracies[..],
            &[(Quantity::FalseRejection, Range::point(rate))],
        ]
        .concat();
        let laws = Laws::new(&given, &lengths.conditions());
        let least = lengths
            .least_ratio(&laws)
            .filter(|range| range.lo.is_finite())?;
        Some(Place {
            false_rejection: rate,
            length_ratio_min: least,
        })
    };
    (0..STEPS).filter_map(place).collect()
}
