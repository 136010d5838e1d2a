//! What a mode does, in one line, and what a strength means for the validators.

use super::findings::{Crossing, Figures, Point, Quantity};
use super::mode::Mode;
use super::subject::Subject;
use crate::scenario::CLEAN;

/// `x` with three digits that count.
pub(in crate::study) fn short(x: f64) -> String {
    if x.abs() < 1e-9 {
        return "0".to_owned();
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=9 on the line itself"
    )]
    let decimals = (2.0 - libm::log10(x.abs()).floor()).clamp(0.0, 9.0) as usize;
    format!("{x:.decimals$}")
}

/// What `strength` is, in words that go after "at".
pub(super) fn meaning(subject: &Subject<'_>, mode: &Mode, strength: f64) -> String {
    let signed = || {
        let sign = if strength > 0.0 { "+" } else { "" };
        format!("{sign}{}", short(strength))
    };
    let times = |states: std::ops::Range<usize>, what: &str| {
        let (now, then) = subject.totals(states, strength);
        format!("{}x today's {what}", short(then / now))
    };
    match mode {
        Mode::SensitivityShift => {
            let faults = CLEAN + 1..subject.scenario().states().len();
            times(faults, "detection rate")
        }
        Mode::FalseAlarmShift => times(CLEAN..CLEAN + 1, "false-alarm rate"),
        Mode::Temperature => format!("temperature {}", short(libm::exp(strength))),
        Mode::Drift => format!("{} log-odds per stage", signed()),
        Mode::Blindness(kind) => format!("{} % of {kind} looking clean", short(100.0 * strength)),
        Mode::DifficultyEffect => format!("{} log-odds per sd of difficulty", signed()),
        Mode::Correlation => format!("{} % of looks in common", short(100.0 * strength)),
        Mode::LabelNoise => format!("{} % of verdicts turned round", short(100.0 * strength)),
        Mode::WorstCase => format!(
            "odds off by a factor of {} ({} log-odds)",
            short(libm::exp(strength)),
            short(strength)
        ),
    }
}

/// The verdict on a mode with these `points`, in order of strength.
pub(super) fn verdict(
    today: &Figures,
    points: &[Point],
    crossings: &[Crossing],
    moves: bool,
    tolerance: f64,
) -> String {
    if !moves {
        return "changes nothing: no figure moves".to_owned();
    }
    let mut parts = vec![cost(today, points, crossings)];
    let of_tolerance = |c: &&Crossing| c.quantity != Quantity::CostRatio;
    let already: Vec<&str> = Quantity::ALL[1..]
        .iter()
        .filter(|q| q.value(today).is_some_and(|value| value > tolerance))
        .map(|q| q.in_words())
        .collect();
    if !already.is_empty() {
        parts.push(format!(
            "beyond {tolerance} already: {}",
            already.join(", ")
        ));
    }
    let first = |quantity: Quantity| {
        let of = crossings.iter().filter(of_tolerance);
        let of = of.filter(|c| c.quantity == quantity);
        of.min_by(|a, b| a.strength.abs().total_cmp(&b.strength.abs()))
    };
    let within = Quantity::ALL[1..]
        .iter()
        .filter(|q| !already.contains(&q.in_words()));
    let nearest = within
        .filter_map(|&q| first(q))
        .min_by(|a, b| a.strength.abs().total_cmp(&b.strength.abs()));
    if let Some(crossing) = nearest {
        parts.push(format!(
            "{} beyond {tolerance} from {}",
            crossing.quantity.in_words(),
            crossing.meaning
        ));
    }
    parts.join("; ")
}

fn cost(today: &Figures, points: &[Point], crossings: &[Crossing]) -> String {
    let of_cost = crossings
        .iter()
        .filter(|c| c.quantity == Quantity::CostRatio);
    let at = of_cost.map(|c| (c.strength, c.meaning.clone())).collect();
    let ratios = points.iter().filter_map(|p| p.figures.cost_ratio);
    cost_in_words(today.cost_ratio, at, ratios)
}

/// Whether it pays today and where it breaks even – strengths with their meanings – or, if nowhere, between
/// which of the `ratios` its cost lies.
pub(in crate::study) fn cost_in_words(
    today: Option<f64>,
    mut at: Vec<(f64, String)>,
    ratios: impl Iterator<Item = f64>,
) -> String {
    at.sort_by(|a, b| a.0.abs().total_cmp(&b.0.abs()));
    let state = match today {
        Some(ratio) if ratio < 1.0 => format!("pays today ({ratio:.4})"),
        Some(ratio) => format!("does not pay today ({ratio:.4})"),
        None => "has no cost ratio today".to_owned(),
    };
    if !at.is_empty() {
        let meanings: Vec<String> = at.into_iter().map(|(_, meaning)| meaning).collect();
        return format!("{state}, breaks even at {}", meanings.join(" and at "));
    }
    let ends = (f64::INFINITY, f64::NEG_INFINITY);
    let (lo, hi) = ratios.fold(ends, |(lo, hi), x| (lo.min(x), hi.max(x)));
    if lo > hi {
        return format!("{state}; its cost ratio is undefined throughout");
    }
    let throughout = if hi < 1.0 {
        "pays throughout"
    } else if lo < 1.0 {
        "nowhere costs more than full generation"
    } else {
        "pays at none of these strengths"
    };
    format!("{state}, {throughout}: cost ratio {lo:.4} to {hi:.4}")
}
