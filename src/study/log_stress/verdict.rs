//! What a mode does to a log, in one line, and what a strength means.

use super::findings::{Crossing, LogFigures, Point, Quantity};
use super::mode::Mode;
use super::subject::Subject;
use crate::scenario::shift_log_odds;
use crate::study::stress::{cost_in_words, short};

/// What `strength` is, in words that go after "at".
pub(super) fn meaning(subject: &Subject<'_>, mode: Mode, strength: f64) -> String {
    let table = subject.looks().replay().table();
    let times = |accepted: usize, what: &str| {
        let rate = subject.rates()[accepted].unwrap_or(f64::NAN);
        let ratio = shift_log_odds(rate, strength).0 / rate;
        format!("{}x today's {what}", short(ratio))
    };
    let percent = short(100.0 * strength);
    match mode {
        Mode::FalseAlarmShift => times(1, "false-alarm rate"),
        Mode::SensitivityShift => times(0, "detection rate"),
        Mode::Attribute { covariate, level } => {
            let covariate = &table.covariates()[covariate];
            let level = &covariate.levels[level as usize];
            let times = times(1, "false-alarm rate");
            format!("{times} at {}={level}", covariate.name)
        }
        Mode::AddedAlarms => format!("{percent} % of looks alarming out of nothing"),
        Mode::Drop(None) => format!("{percent} % of alarms lost"),
        Mode::Drop(Some(v)) => format!(
            "{percent} % of {}'s alarms lost",
            table.validators()[v].name
        ),
        Mode::Delay => format!("a delay of {} tokens", short(strength)),
        Mode::LateLooks => format!("alarms heard {} places later", short(strength)),
        Mode::LabelNoise => format!("{percent} % of labels turned round"),
        Mode::WorstCase(_) => format!("{percent} % of the accepted rejected besides"),
    }
}

/// The verdict on a mode with these `points`, in order of strength.
pub(super) fn verdict(
    today: &LogFigures,
    points: &[Point],
    crossings: &[Crossing],
    moves: bool,
    tolerance: f64,
) -> String {
    if !moves {
        return "changes nothing: no figure moves".to_owned();
    }
    let mut parts = vec![cost(today, points, crossings)];
    let others = || Quantity::all(today.shifts.len()).skip(1);
    let is_beyond = |q: &Quantity| q.of(today).mean.is_some_and(|value| value > tolerance);
    let already: Vec<String> = others()
        .filter(is_beyond)
        .map(|q| q.in_words(today))
        .collect();
    if !already.is_empty() {
        parts.push(format!(
            "beyond {tolerance} already: {}",
            already.join(", ")
        ));
    }
    let nearest = crossings
        .iter()
        .filter(|c| c.quantity != "cost_ratio" && !already.contains(&c.in_words))
        .min_by(|a, b| a.strength.abs().total_cmp(&b.strength.abs()));
    if let Some(crossing) = nearest {
        parts.push(format!(
            "{} beyond {tolerance} from {}",
            crossing.in_words,
            with_interval(crossing)
        ));
    }
    parts.join("; ")
}

/// Where it crosses, with the interval as far as it is known.
fn with_interval(crossing: &Crossing) -> String {
    let meaning = &crossing.meaning;
    let [lo, hi] = &crossing.meaning_ci;
    let [lo, hi] = [lo, hi].map(|end| end.as_ref().map(|end| number_in(end, meaning)));
    match (lo, hi) {
        (Some(lo), Some(hi)) => format!("{meaning} (95 %: {lo} to {hi})"),
        (Some(lo), None) => format!("{meaning} (95 %: not before {lo})"),
        (None, Some(hi)) => format!("{meaning} (95 %: at the latest {hi})"),
        (None, None) => meaning.clone(),
    }
}

/// The words of `text` that are not those of `other`, which differs from it in its number.
fn number_in<'t>(text: &'t str, other: &str) -> &'t str {
    let pairs = text.split(' ').zip(other.split(' '));
    let differing = pairs.filter(|(a, b)| a != b).map(|(a, _)| a).next();
    differing.unwrap_or(text)
}

fn cost(today: &LogFigures, points: &[Point], crossings: &[Crossing]) -> String {
    let of_cost = crossings.iter().filter(|c| c.quantity == "cost_ratio");
    let at = of_cost.map(|c| (c.strength, with_interval(c))).collect();
    let ratios = points.iter().filter_map(|p| p.figures.cost_ratio.mean);
    cost_in_words(today.cost_ratio.mean, at, ratios)
}
