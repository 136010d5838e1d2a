//! The quantities that are drawn over the place of a checkpoint: a column of panels each.

use super::axis::Axis;
use super::curve_panel::{Curve, HEIGHT, Kind, Panel, WIDTH};
use super::value::{Value, points, range};
use crate::study::Estimate;
use crate::study::replay::positions::{PositionCurve, PositionPoint};

/// Ticks of a vertical axis.
const LEVELS: usize = 5;
/// Costs further apart than this factor are drawn on a logarithmic scale.
const LOGARITHMIC_FROM: f64 = 4.0;

/// What a curve shows of a point.
type Of = fn(&PositionPoint) -> Estimate;

/// One column of panels: two curves of the same unit.
pub(super) struct Column {
    heading: &'static str,
    curves: [(Kind, &'static str, Of); 2],
    /// 100 for shares in per cent, 1 for ratios.
    unit: f64,
    /// What values are held against, and its name.
    reference: (f64, Option<&'static str>),
    /// Whether panels below each other have the same scale.
    shared: bool,
}

/// Savings, rejections, purity and cost.
pub(super) const COLUMNS: [Column; 4] = [
    Column {
        heading: "Saved per attempt (% of the tokens)",
        curves: [
            (Kind::Coin, "coin", |p| p.null_savings),
            (Kind::Policy, "policy", |p| p.savings),
        ],
        unit: 100.0,
        reference: (0.0, None),
        shared: true,
    },
    Column {
        heading: "Rejected (%)",
        curves: [
            (Kind::Error, "of the accepted", |p| p.false_rejection_rate),
            (Kind::Policy, "of the refused", |p| p.detection_rate),
        ],
        unit: 100.0,
        reference: (0.0, None),
        shared: true,
    },
    Column {
        heading: "Accepted of the survivors (%)",
        curves: [
            (Kind::Coin, "coin", |p| p.purity_before),
            (Kind::Policy, "policy", |p| p.purity_after),
        ],
        unit: 100.0,
        reference: (0.0, None),
        shared: false,
    },
    Column {
        heading: "Cost per retained sample (full = 1)",
        curves: [
            (Kind::Coin, "coin", |p| p.null_cost_ratio),
            (Kind::Policy, "policy", |p| p.cost_ratio),
        ],
        unit: 1.0,
        reference: (1.0, Some("break-even")),
        shared: true,
    },
];

impl Column {
    /// What the column shows, on `axis`.
    pub(super) fn heading(&self, axis: &Axis) -> String {
        heading(self.heading, axis)
    }

    fn values(&self, curve: &PositionCurve) -> Vec<[Value; 2]> {
        let value = |point, of: Of| Value::of(&of(point)).scaled(self.unit);
        let points = curve.points.iter();
        points
            .map(|point| self.curves.map(|(_, _, of)| value(point, of)))
            .collect()
    }

    /// The axis of each of `curves`: all of them fit on it, or that one where scales are not shared.
    pub(super) fn axes(&self, curves: &[&PositionCurve]) -> Vec<Axis> {
        let values: Vec<_> = curves.iter().map(|c| self.values(c)).collect();
        if self.shared {
            let axis = levels(&values.concat(), self.reference.0, self.unit);
            return vec![axis; curves.len()];
        }
        let axis = |values: &Vec<[Value; 2]>| {
            let first = values.iter().flatten().find_map(|value| value.mean);
            levels(values, first.unwrap_or(self.reference.0), self.unit)
        };
        values.iter().map(axis).collect()
    }

    /// The panel of `curve` over `places`.
    pub(super) fn panel<'a>(
        &self,
        curve: &PositionCurve,
        places: &'a Axis,
        axis: Axis,
    ) -> Panel<'a> {
        let values = self.values(curve);
        let places_of = |which: usize| {
            let place = curve.points.iter().map(|p| 100.0 * p.fraction);
            place.zip(values.iter().map(|v| v[which])).collect()
        };
        let [first, second] = self.curves;
        let of = |which: usize, (kind, name, _): (Kind, &'static str, _)| Curve {
            kind,
            name: name.to_owned(),
            values: places_of(which),
        };
        Panel {
            curves: vec![of(0, first), of(1, second)],
            places,
            axis,
            size: (WIDTH, HEIGHT),
            reference: self.reference,
        }
    }
}

/// A heading that ends in a unit in brackets, which says where the scale is logarithmic.
pub(super) fn heading(text: &str, axis: &Axis) -> String {
    if axis.is_logarithmic() {
        text.replace(')', ", log)")
    } else {
        text.to_owned()
    }
}

/// A vertical axis on which all `values` fit: shares in per cent (unit 100), or costs (unit 1).
pub(super) fn levels(values: &[[Value; 2]], reference: f64, unit: f64) -> Axis {
    if unit > 1.0 {
        let (lo, hi) = range(values, reference, 1.0);
        return Axis::linear(lo, hi, LEVELS);
    }
    let (lo, hi) = range(values, reference, 0.02);
    let (least, _) = points(values, reference);
    if least > 0.0 && hi > LOGARITHMIC_FROM * least {
        Axis::logarithmic(lo.clamp(0.5 * least, 0.97 * least), hi)
    } else {
        // No cost is below 0, whatever an interval says.
        Axis::linear(lo.max(least.min(0.0)), hi, LEVELS)
    }
}
