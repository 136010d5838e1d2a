//! What policies stop wrongly, and what they miss: one row per evaluation, the error analysis of the
//! paper.
//!
//! Either kind of error is cheap alone: who stops nothing has no false positives, who stops everything
//! no false negatives. So each stands beside a coin that rejects as often, which stops the same share of
//! the good as of the bad; the two errors of a policy lie on the same side of its coin's.

use super::axis::{Axis, number};
use super::paired_panels::PairedPanels;
use super::policy_and_coin::Panel;
use super::row::Row;
use super::scene::Scene;
use super::value::{Value, range};
use super::{Figure, PlotError, draw};

const NAME: &str = "errors-by-group";
const TICKS: usize = 6;

/// Draws false rejections and missed bad generations, one row per evaluation, each policy beside the
/// coin that rejects at the same rates.
pub fn errors_by_group(rows: &[Row]) -> Result<Figure, PlotError> {
    draw::figure(NAME, &scene(rows)?, &alt(rows))
}

fn scene(rows: &[Row]) -> Result<Scene, PlotError> {
    let (wrong, missed) = (values(rows, FALSE_POSITIVES), values(rows, FALSE_NEGATIVES));
    let known = wrong.iter().chain(&missed);
    if !rows.is_empty() && known.flatten().all(|value| value.points().next().is_none()) {
        return Err(PlotError::Nothing("no generation has a verdict"));
    }
    let panel = |heading, label: &str, reference, values: Vec<[Value; 2]>| {
        let (lo, hi) = range(&values, reference, 1.0);
        // A share lies between nothing and all, whatever an interval says.
        let lo = lo.clamp(0.0, 99.0);
        let hi = hi.clamp(lo + 1.0, 100.0);
        Panel {
            heading,
            label: label.to_owned(),
            axis: Axis::linear(lo, hi, TICKS),
            values,
            // Who knows verdicts errs in nothing.
            ceilings: Vec::new(),
            reference,
            sides: None,
        }
    };
    PairedPanels {
        title: "What a policy stops wrongly, and what it misses",
        hint: "A blind coin stops as much of the good as of the bad. Validators that know something lie \
               left of it.",
        panels: [
            panel(
                "False positives",
                "share of the accepted that is rejected (%)",
                0.0,
                wrong,
            ),
            panel(
                "False negatives",
                "share of the refused that is not rejected (%)",
                100.0,
                missed,
            ),
        ],
    }
    .scene(rows)
}

/// A share of which a coin rejects as much as of anything.
#[derive(Debug, Clone, Copy)]
struct Share {
    /// The figure of the policy.
    name: &'static str,
    /// Whether the share is what is not rejected.
    rest: bool,
}

const FALSE_POSITIVES: Share = Share {
    name: "false_rejection_rate",
    rest: false,
};
const FALSE_NEGATIVES: Share = Share {
    name: "detection_rate",
    rest: true,
};

/// The share in per cent, of the policy and its coin; both undefined where the policy's is.
fn values(rows: &[Row], share: Share) -> Vec<[Value; 2]> {
    let of = |row: &Row, name: &str| {
        let value = row.value(name, 100.0);
        if share.rest { rest(value) } else { value }
    };
    let pair = |row: &Row| {
        let policy = of(row, share.name);
        let known = policy.points().next().is_some();
        let coin = if known {
            of(row, "rejection_rate")
        } else {
            Value::default()
        };
        [policy, coin]
    };
    rows.iter().map(pair).collect()
}

/// 100 % less a value.
fn rest(value: Value) -> Value {
    let rest = |x: f64| 100.0 - x;
    Value {
        mean: value.mean.map(rest),
        ci: value.ci.map(|(lo, hi)| (rest(hi), rest(lo))),
        exact: value.exact.map(rest),
    }
}

fn alt(rows: &[Row]) -> String {
    let (wrong, missed) = (values(rows, FALSE_POSITIVES), values(rows, FALSE_NEGATIVES));
    let shown = |value: &Value| {
        let mean = value.points().next();
        mean.map_or_else(|| "undefined".to_owned(), |x| number(x, 2) + " %")
    };
    let rows = rows.iter().zip(wrong.iter().zip(&missed));
    let rows = rows.map(|(row, ([wrong, wrong_coin], [missed, missed_coin]))| {
        format!(
            " {}, {}: rejects {} of the accepted ({}), misses {} of the refused ({}).",
            row.name,
            row.note,
            shown(wrong),
            shown(wrong_coin),
            shown(missed),
            shown(missed_coin),
        )
    });
    let what = "Share of the accepted that is rejected, and share of the refused that is not; in brackets \
                a coin that rejects at the same rates.";
    what.to_owned() + &rows.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::made_up::{Shown, replay, simulation};

    fn row(name: &str, values: &[Shown]) -> Row {
        Row::replayed(name, &replay("paper", values))
    }

    fn usual(name: &str, f: f64, d: f64) -> Row {
        row(
            name,
            &[
                ("rejection_rate", Some(0.1), Some(0.01)),
                ("false_rejection_rate", Some(f), Some(0.01)),
                ("detection_rate", Some(d), Some(0.02)),
            ],
        )
    }

    #[test]
    fn what_is_missed_is_the_rest_of_what_is_detected() {
        let figure = errors_by_group(&[usual("a", 0.05, 0.3)]).unwrap();
        let alt = "a, replay of 1,000 records: rejects 5.00 % of the accepted (10.00 %), misses 70.00 % of \
                   the refused (90.00 %).";
        assert!(figure.alt.contains(alt), "{}", figure.alt);
        let interval = values(&[usual("a", 0.05, 0.3)], FALSE_NEGATIVES)[0][0].ci;
        let (lo, hi) = interval.unwrap();
        assert!(
            (lo - 68.0).abs() < 1e-9 && (hi - 72.0).abs() < 1e-9,
            "{lo} {hi}"
        );
    }

    #[test]
    fn nothing_is_cut_off_or_hidden() {
        for step in 0..=20 {
            let share = 0.05 * f64::from(step);
            let rows = [usual("one", share, 1.0 - share), usual("other", 0.0, share)];
            scene(&rows).unwrap().assert_tidy();
            scene(&rows[..1]).unwrap().assert_tidy();
        }
        scene(&[row(
            "nothing",
            &[
                ("rejection_rate", Some(0.0), Some(0.0)),
                ("false_rejection_rate", Some(0.0), Some(0.001)),
                ("detection_rate", Some(0.0), Some(0.001)),
            ],
        )])
        .unwrap()
        .assert_tidy();
        let model = simulation("model", &[("false_rejection_rate", Some(0.1), None)]);
        scene(&[usual("log", 0.1, 0.2), Row::simulated(&model)])
            .unwrap()
            .assert_tidy();
    }

    #[test]
    fn without_verdicts_there_is_nothing_to_draw_and_a_row_says_so() {
        let unlabelled = row("unlabelled", &[("rejection_rate", Some(0.1), Some(0.01))]);
        let nothing = errors_by_group(std::slice::from_ref(&unlabelled)).unwrap_err();
        assert!(nothing.to_string().contains("no generation has a verdict"));
        let svg = errors_by_group(&[usual("a", 0.05, 0.3), unlabelled])
            .unwrap()
            .svg;
        assert_eq!(svg.matches("policy undefined").count(), 2);
        assert_eq!(svg.matches("coin undefined").count(), 2);
        assert!(errors_by_group(&[]).is_err());
    }
}
