//! Which published numbers cannot hold together: the smallest sets of them that no law satisfies, and what
//! the others of a set would make of each.

use serde::{Deserialize, Serialize};

use super::joint::{Given, Laws, Quantity};
use super::range::Range;

/// A condition that fails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// Which condition.
    pub condition: Condition,
    /// Keys of the numbers that cannot hold together.
    pub quantities: Vec<String>,
    /// In words, with what would have to hold instead.
    pub message: String,
}

impl Failure {
    /// `condition` fails for the quantities of these keys.
    pub(super) fn new(condition: Condition, keys: &[&str], message: String) -> Self {
        Self {
            condition,
            quantities: keys.iter().map(|&key| key.to_owned()).collect(),
            message,
        }
    }
}

/// What must hold for a row to be possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// q ≥ 0: accuracies and false rejections leave a share of rejections.
    RejectedShare,
    /// d ≥ 0: no fewer than none of the bad are rejected.
    Detection,
    /// The shares belong to one population and one meaning of "good".
    OnePopulation,
    /// What is saved was saved by rejections.
    SavingsNeedRejections,
    /// s + φ < 1: what the rejected paid leaves something to save.
    PaidShare,
    /// The published length ratio is among those implied.
    LengthRatio,
    /// Savings and token counts agree.
    SavingsAndTokens,
    /// Early exit does not cost more than it saves.
    EarlyExit,
}

/// A value of a share as people read it.
pub(super) fn shown(range: Option<Range>) -> String {
    let text = |x: f64| {
        let text = format!("{x:.4}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        text.strip_prefix('-')
            .filter(|x| *x == "0")
            .unwrap_or(text)
            .to_owned()
    };
    match range {
        None => "nothing possible".to_owned(),
        Some(range) if range.is_point() => text(range.lo),
        Some(range) if range.hi.is_infinite() => format!("at least {}", text(range.lo)),
        Some(range) => format!("[{}, {}]", text(range.lo), text(range.hi)),
    }
}

/// All smallest sets of `given` that no law satisfies.
pub(super) fn conflicts(given: &[Given]) -> Vec<Failure> {
    let mut sets: Vec<u32> = (1..1 << given.len()).collect();
    sets.sort_by_key(|set| set.count_ones());
    let mut found: Vec<u32> = Vec::new();
    for set in sets {
        let is_larger = found.iter().any(|smaller| smaller & set == *smaller);
        if !is_larger && Laws::new(&members(given, set), &[]).is_empty() {
            found.push(set);
        }
    }
    found
        .iter()
        .map(|&set| failure(&members(given, set)))
        .collect()
}

fn members(given: &[Given], set: u32) -> Vec<Given> {
    let numbered = given.iter().enumerate();
    numbered
        .filter(|(i, _)| set >> i & 1 == 1)
        .map(|(_, given)| *given)
        .collect()
}

fn failure(set: &[Given]) -> Failure {
    let keys: Vec<&str> = set.iter().map(|(quantity, _)| quantity.key()).collect();
    let published: Vec<String> = set
        .iter()
        .map(|(q, range)| format!("{} = {}", q.key(), shown(Some(*range))))
        .collect();
    let instead: Vec<String> = set
        .iter()
        .map(|(quantity, _)| {
            let others: Vec<Given> = set.iter().filter(|(q, _)| q != quantity).copied().collect();
            let implied = Laws::new(&others, &[]).range(*quantity);
            format!(
                "without {} the others imply {}",
                quantity.key(),
                shown(implied)
            )
        })
        .collect();
    let (condition, why) = reason(set);
    let message = format!(
        "{} cannot all hold for one population and one meaning of \"good\"{why}: {}",
        published.join(", "),
        instead.join("; ")
    );
    Failure::new(condition, &keys, message)
}

/// Accuracies and false rejections fix the other two shares, which may turn out below 0.
fn reason(set: &[Given]) -> (Condition, String) {
    let get = |wanted| {
        set.iter()
            .find(|(quantity, _)| *quantity == wanted)
            .map(|(_, range)| *range)
    };
    let f = get(Quantity::FalseRejection);
    let (Some(a), Some(after), true) = (
        get(Quantity::AccuracyBefore),
        get(Quantity::AccuracyAfter),
        set.len() == 2 + usize::from(f.is_some()),
    ) else {
        return (Condition::OnePopulation, String::new());
    };
    let f = f.unwrap_or(Range { lo: 0.0, hi: 1.0 });
    let rejected = Range {
        lo: 1.0 - a.hi * (1.0 - f.lo) / after.lo,
        hi: 1.0 - a.lo * (1.0 - f.hi) / after.hi,
    };
    if rejected.hi < 0.0 {
        let why = format!(", as the rejected share would be {}", shown(Some(rejected)));
        return (Condition::RejectedShare, why);
    }
    let detection =
        |a: f64, f: f64, after: f64| 1.0 - a * (1.0 - f) * (1.0 - after) / ((1.0 - a) * after);
    let detection = Range {
        lo: detection(a.hi, f.lo, after.lo),
        hi: detection(a.lo, f.hi, after.hi),
    };
    let why = if detection.lo.is_finite() {
        format!(", as detection would be {}", shown(Some(detection)))
    } else {
        ", as nothing bad is left to detect".to_owned()
    };
    (Condition::Detection, why)
}
