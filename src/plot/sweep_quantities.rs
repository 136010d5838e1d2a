//! The quantities that are drawn over the first axis of a sweep: a panel each.

use super::PlotError;
use super::curve_panel::{Curve, Kind};
use super::sweep_lines::Lines;
use super::theme::LABEL;

/// A name of a curve is at most this wide.
const NAMES: f64 = 125.0;

/// What is drawn beside an estimate: another one, and its name.
struct Beside {
    estimate: &'static str,
    name: &'static str,
    kind: Kind,
    /// Whether each of several lines has one.
    always: bool,
}

/// A panel: its heading, estimate, unit, and what it is held against.
pub(super) struct Quantity {
    heading: &'static str,
    estimate: &'static str,
    /// What a single line is called.
    name: &'static str,
    beside: Beside,
    pub(super) unit: f64,
    pub(super) reference: (f64, Option<&'static str>),
}

/// Savings, rejections, purity and cost.
pub(super) const QUANTITIES: [Quantity; 4] = [
    Quantity {
        heading: "Saved per attempt (% of the tokens)",
        estimate: "savings",
        name: "policy",
        beside: Beside {
            estimate: "null_savings",
            name: "coin",
            kind: Kind::Coin,
            always: true,
        },
        unit: 100.0,
        reference: (0.0, None),
    },
    Quantity {
        heading: "Rejected of the accepted (%)",
        estimate: "false_rejection_rate",
        name: "of the accepted",
        beside: Beside {
            estimate: "detection_rate",
            name: "of the refused",
            kind: Kind::Policy,
            always: false,
        },
        unit: 100.0,
        reference: (0.0, None),
    },
    Quantity {
        heading: "Accepted of the survivors (%)",
        estimate: "purity_after",
        name: "policy",
        beside: Beside {
            estimate: "purity_before",
            name: "coin",
            kind: Kind::Coin,
            always: false,
        },
        unit: 100.0,
        reference: (0.0, None),
    },
    Quantity {
        heading: "Cost per retained sample (full = 1)",
        estimate: "cost_ratio",
        name: "policy",
        beside: Beside {
            estimate: "null_cost_ratio",
            name: "coin",
            kind: Kind::Coin,
            always: false,
        },
        unit: 1.0,
        reference: (1.0, Some("break-even")),
    },
];

impl Quantity {
    /// Its curves, what stands beside below the others.
    pub(super) fn curves(&self, lines: &Lines<'_>) -> Result<Vec<Curve>, PlotError> {
        let mut curves = Vec::new();
        for i in 0..lines.count() {
            let name = lines.name(i);
            let alone = name.is_none();
            if alone || self.beside.always {
                curves.push(Curve {
                    kind: if alone {
                        self.beside.kind
                    } else {
                        Kind::Beside(i)
                    },
                    name: if alone { self.beside.name } else { "" }.to_owned(),
                    values: lines.values(i, self.beside.estimate, self.unit),
                });
            }
            // What should not be rejected is drawn as such beside what should.
            let kind = match (alone, self.beside.kind) {
                (false, _) => Kind::Line(i),
                (true, Kind::Policy) => Kind::Error,
                (true, _) => Kind::Policy,
            };
            let name = name.unwrap_or_else(|| self.name.to_owned());
            curves.push(Curve {
                kind,
                name: LABEL.shortened(&name, NAMES)?,
                values: lines.values(i, self.estimate, self.unit),
            });
        }
        Ok(curves)
    }

    /// What the panel shows of so many lines.
    pub(super) fn heading(&self, lines: &Lines<'_>) -> &'static str {
        match (self.beside.kind, lines.count()) {
            (Kind::Policy, 1) => "Rejected (%)",
            _ => self.heading,
        }
    }
}
