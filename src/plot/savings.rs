//! What policies save, and what a retained sample then costs: one row per evaluation.
//!
//! The two panels stand side by side because savings alone say nothing about validators: a coin
//! that rejects as often saves tokens, too. Only the right panel tells who knows something. Where the
//! first wrong steps of a row are known, the ceiling stands between the two.

use super::axis::{Axis, number};
use super::paired_panels::PairedPanels;
use super::policy_and_coin::Panel;
use super::row::{Row, ceiling_of};
use super::scene::Scene;
use super::value::{FREE, Value, points, range, read};
use super::{Figure, PlotError, draw};

const NAME: &str = "savings-and-cost";
const TICKS: usize = 6;
/// Share of the cost panel that is kept free on each side of break-even, for its labels.
const BESIDE_BREAK_EVEN: f64 = 0.23;
/// Costs further apart than this factor are drawn on a logarithmic scale.
const LOGARITHMIC_FROM: f64 = 4.0;

/// Draws savings per attempt and cost per retained sample, one row per simulation or replay, each
/// policy beside the coin that rejects at the same rates.
pub fn savings_and_cost(rows: &[Row]) -> Result<Figure, PlotError> {
    draw::figure(NAME, &scene(rows)?, &alt(rows))
}

fn scene(rows: &[Row]) -> Result<Scene, PlotError> {
    PairedPanels {
        title: "What a policy saves, and what a retained sample then costs",
        hint: "A blind coin saves tokens, too. Validators that know something make a retained sample \
               cheaper than it does.",
        panels: [savings_panel(rows), cost_panel(rows)],
    }
    .scene(rows)
}

fn savings_panel(rows: &[Row]) -> Panel {
    let values = read(rows, ["savings", "null_savings"], 100.0);
    let ceilings = ceilings(rows, "savings", 100.0);
    let (lo, hi) = range(&with_ceilings(&values, &ceilings), 0.0, 1.0);
    Panel {
        heading: "Savings per attempt",
        label: "share of the tokens saved (%)".to_owned(),
        axis: Axis::linear(lo, hi, TICKS),
        values,
        ceilings,
        reference: 0.0,
        sides: None,
    }
}

fn cost_panel(rows: &[Row]) -> Panel {
    let values = read(rows, ["cost_ratio", "null_cost_ratio"], 1.0);
    let ceilings = ceilings(rows, "cost_ratio", 1.0);
    let shown = with_ceilings(&values, &ceilings);
    let (lo, hi) = range(&shown, 1.0, 0.02);
    let (least, _) = points(&shown, 1.0);
    let room = BESIDE_BREAK_EVEN / (1.0 - BESIDE_BREAK_EVEN);
    let logarithmic = least > 0.0 && hi > LOGARITHMIC_FROM * least;
    let axis = if logarithmic {
        let lo = lo.clamp(0.5 * least, least / (1.0 + FREE));
        Axis::logarithmic(lo.min(libm::pow(hi, -room)), hi.max(libm::pow(lo, -room)))
    } else {
        // No cost is below 0, whatever an interval says.
        let lo = lo.max(least.min(0.0));
        Axis::linear(
            lo.min(1.0 - room * (hi - 1.0)),
            hi.max(1.0 + room * (1.0 - lo)),
            TICKS,
        )
    };
    let scale = if logarithmic { ", logarithmic" } else { "" };
    Panel {
        heading: "Cost per retained sample",
        label: format!("relative to full generation (1 = same cost{scale})"),
        axis,
        values,
        ceilings,
        reference: 1.0,
        sides: Some(["← cheaper", "dearer →"]),
    }
}

/// The ceiling of each row for the figure called `name`.
fn ceilings(rows: &[Row], name: &str, unit: f64) -> Vec<Value> {
    let name = ceiling_of(name);
    rows.iter().map(|row| row.value(&name, unit)).collect()
}

/// All that a panel has to have room for.
fn with_ceilings(values: &[[Value; 2]], ceilings: &[Value]) -> Vec<[Value; 2]> {
    let ceilings = ceilings.iter().map(|&ceiling| [ceiling, ceiling]);
    values.iter().copied().chain(ceilings).collect()
}

fn alt(rows: &[Row]) -> String {
    let rows = rows.iter().map(|row| {
        let shown = |name: &str, unit: f64, decimals: usize, suffix: &str| {
            row.value(name, unit)
                .mean
                .map_or_else(|| "undefined".to_owned(), |x| number(x, decimals) + suffix)
        };
        let ceiling = row.value(&ceiling_of("savings"), 100.0).mean;
        let ceiling = ceiling.map_or_else(String::new, |savings| {
            let cost = shown(&ceiling_of("cost_ratio"), 1.0, 4, "");
            format!(
                " Stopping exactly the refused at their first wrong step saves {} %, cost ratio {cost}.",
                number(savings, 2)
            )
        });
        format!(
            " {}, {}: saves {} ({}), cost ratio {} ({}).{ceiling}",
            row.name,
            row.note,
            shown("savings", 100.0, 2, " %"),
            shown("null_savings", 100.0, 2, " %"),
            shown("cost_ratio", 1.0, 4, ""),
            shown("null_cost_ratio", 1.0, 4, ""),
        )
    });
    let what = "Savings per attempt and cost per retained sample relative to full generation; in \
                brackets a coin that rejects at the same rates.";
    what.to_owned() + &rows.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::made_up::{Shown, replay, simulation};

    fn row(scenario: &str, values: &[Shown]) -> Row {
        Row::simulated(&simulation(scenario, values))
    }

    fn values(savings: f64, cost: f64) -> [Shown; 4] {
        [
            ("savings", Some(savings), Some(0.01)),
            ("null_savings", Some(0.05), Some(0.01)),
            ("cost_ratio", Some(cost), Some(0.02)),
            ("null_cost_ratio", Some(1.04), Some(0.02)),
        ]
    }

    fn usual(scenario: &str, savings: f64, cost: f64) -> Row {
        row(scenario, &values(savings, cost))
    }

    fn replayed(name: &str, savings: f64, cost: f64) -> Row {
        Row::replayed(name, &replay("paper", &values(savings, cost)))
    }

    #[test]
    fn names_axes_and_marks_are_text() {
        let figure = savings_and_cost(&[usual("easy", 0.2, 0.9), usual("a<b", 0.1, 1.2)]).unwrap();
        for text in [
            "easy",
            "a&lt;b",
            "1,000,000 attempts",
            "share of the tokens saved (%)",
            "relative to full generation (1 = same cost)",
            "← cheaper",
            "dearer →",
        ] {
            assert!(
                figure.svg.contains(&format!(">\n{text}\n</text>")),
                "{text}"
            );
        }
        assert!(figure.alt.contains(
            "easy, 1,000,000 attempts: saves 20.00 % (5.00 %), cost ratio 0.9000 (1.0400)."
        ));
    }

    #[test]
    fn the_same_findings_give_the_same_bytes() {
        let rows = [usual("easy", 0.2, 0.9), replayed("log", 0.1, 1.0)];
        let again = savings_and_cost(&rows).unwrap();
        assert_eq!(savings_and_cost(&rows).unwrap(), again);
    }

    #[test]
    fn nothing_is_cut_off_or_hidden() {
        let nth = |i: i32| {
            let name = format!(
                "scenario {} {i}",
                "long ".repeat(usize::try_from(i).unwrap())
            );
            usual(&name, 0.4 - 0.1 * f64::from(i), 0.7 + 0.1 * f64::from(i))
        };
        let wide = row(
            "few attempts",
            &[
                ("savings", Some(0.02), Some(3.0)),
                ("cost_ratio", Some(1.1), Some(9.0)),
                ("null_cost_ratio", Some(1.0), Some(0.0)),
            ],
        );
        scene(&[usual("one", 0.2, 0.9)]).unwrap().assert_tidy();
        scene(&(0..12).map(nth).collect::<Vec<_>>())
            .unwrap()
            .assert_tidy();
        scene(std::slice::from_ref(&wide)).unwrap().assert_tidy();
        for tenths in -60..120 {
            let cost = libm::pow(10.0, 0.1 * f64::from(tenths));
            let rows = [usual("far", -cost, cost), wide.clone()];
            scene(&rows).unwrap().assert_tidy();
            scene(&rows[..1]).unwrap().assert_tidy();
        }
    }

    #[test]
    fn a_replay_has_no_exact_value() {
        let texts = |rows: &[Row]| {
            scene(rows).unwrap().assert_tidy();
            savings_and_cost(rows).unwrap().svg
        };
        let replay = texts(&[replayed("my log", 0.2, 0.9)]);
        assert!(replay.contains("my log") && replay.contains("replay of 1,000 records"));
        assert!(!replay.contains("exact value"));
        let both = texts(&[usual("easy", 0.2, 0.9), replayed("my log", 0.2, 0.9)]);
        assert!(both.contains("exact value"));
    }

    #[test]
    fn a_ceiling_stands_beside_its_row() {
        let with = |savings: f64, cost: f64| {
            let ceiling = [
                ("ceiling of savings", Some(savings), Some(0.02)),
                ("ceiling of cost_ratio", Some(cost), Some(0.02)),
            ];
            let all: Vec<Shown> = values(0.1, 0.9).into_iter().chain(ceiling).collect();
            Row::replayed("steps", &replay("paper", &all))
        };
        for tenths in 0..=9 {
            let savings = 0.1 * f64::from(tenths);
            let rows = [with(savings, 1.0 - savings), usual("easy", 0.2, 0.9)];
            scene(&rows).unwrap().assert_tidy();
            scene(&rows[..1]).unwrap().assert_tidy();
        }
        let alt = savings_and_cost(&[with(0.4, 0.6)]).unwrap().alt;
        assert!(
            alt.contains("at their first wrong step saves 40.00 %, cost ratio 0.6000."),
            "{alt}"
        );
    }

    #[test]
    fn what_is_undefined_is_said() {
        let not_finite = [
            ("savings", Some(f64::NAN), Some(0.1)),
            ("cost_ratio", Some(f64::INFINITY), Some(0.1)),
            ("null_cost_ratio", Some(1.0), Some(f64::NAN)),
        ];
        let nothing = [("cost_ratio", None, None), ("null_cost_ratio", None, None)];
        let mut untold = simulation("untold", &values(0.1, 0.9));
        for named in &mut untold.estimates {
            named.value.estimate.mean = None;
        }
        let rows = [
            row("odd", &not_finite),
            row("none", &nothing),
            Row::simulated(&untold),
        ];
        scene(&rows).unwrap().assert_tidy();
        let svg = savings_and_cost(&rows).unwrap().svg;
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
        assert_eq!(svg.matches("policy undefined").count(), 4);
        assert_eq!(svg.matches("coin undefined").count(), 3);
        assert_eq!(svg.matches("policy: no estimate").count(), 2);
    }

    #[test]
    fn no_rows_and_too_many_are_refused() {
        let none = savings_and_cost(&[]).unwrap_err();
        assert_eq!(
            none.to_string(),
            "there is nothing to draw: nothing was simulated or replayed"
        );
        let many = vec![usual("again", 0.1, 1.0); 101];
        let text = savings_and_cost(&many).unwrap_err().to_string();
        assert_eq!(
            text,
            "a figure shows at most 100 rows, not 101: give it fewer"
        );
    }
}
