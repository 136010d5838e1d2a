//! The quantities that are drawn over the first axis of a sweep: a panel each.

use super::PlotError;
use super::curve_panel::{Curve, Kind};
use super::sweep_lines::Lines;
use super::theme::LABEL;

/// Room to the right of each panel for the names of its curves.
pub(super) const NAMES: f64 = 118.0;

/// A panel: its heading, estimate, unit, and what it is held against.
pub(super) struct Quantity {
    pub(super) heading: &'static str,
    pub(super) estimate: &'static str,
    /// What the coin does, where it is shown.
    pub(super) coin: Option<&'static str>,
    pub(super) unit: f64,
    pub(super) reference: (f64, Option<&'static str>),
}

/// Savings, false rejections and cost.
pub(super) const QUANTITIES: [Quantity; 3] = [
    Quantity {
        heading: "Saved per attempt (% of the tokens)",
        estimate: "savings",
        coin: Some("null_savings"),
        unit: 100.0,
        reference: (0.0, None),
    },
    Quantity {
        heading: "Rejected of the accepted (%)",
        estimate: "false_rejection_rate",
        coin: None,
        unit: 100.0,
        reference: (0.0, None),
    },
    Quantity {
        heading: "Cost per retained sample (full = 1)",
        estimate: "cost_ratio",
        coin: None,
        unit: 1.0,
        reference: (1.0, Some("break-even")),
    },
];

impl Quantity {
    /// Its curves, those of the coin below the others.
    pub(super) fn curves(&self, lines: &Lines<'_>) -> Result<Vec<Curve>, PlotError> {
        let mut curves = Vec::new();
        for i in 0..lines.count() {
            let (kind, beside, name, coin) = match lines.name(i) {
                None => (Kind::Policy, Kind::Coin, "policy".to_owned(), "coin"),
                Some(name) => (Kind::Line(i), Kind::Beside(i), name, ""),
            };
            if let Some(estimate) = self.coin {
                curves.push(Curve {
                    kind: beside,
                    name: coin.to_owned(),
                    values: lines.values(i, estimate, self.unit),
                });
            }
            curves.push(Curve {
                kind,
                name: LABEL.shortened(&name, NAMES - 24.0)?,
                values: lines.values(i, self.estimate, self.unit),
            });
        }
        Ok(curves)
    }
}
