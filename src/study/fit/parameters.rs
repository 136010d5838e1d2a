//! Each parameter of a fitted scenario: its value, its interval, and whether it is estimated or
//! assumed, with the reason.

use serde::Serialize;

use super::bootstrap::{Fitted, Resample, percentiles};
use super::difficulty::MOST_SD;
use super::evidence::{ACCEPTED, Evidence, WRONG};
use super::form::ENOUGH;
use super::scenario::{Role, parameters};
use crate::stats::clopper_pearson;

/// 1 − confidence of an interval.
pub(super) const ALPHA: f64 = 0.05;

/// How a value came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// From the log.
    Estimated,
    /// Not from the log: it does not tell.
    Assumed,
}

/// A parameter of the fitted scenario.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parameter {
    /// Its key in the scenario's file, list items by stage.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// 95 % interval over prompts; `None` where nothing is estimated.
    pub ci: Option<[f64; 2]>,
    /// Estimated or assumed.
    pub status: Status,
    /// From what it is estimated, or why it is assumed.
    pub reason: String,
}

/// All parameters of a fit.
pub(super) fn describe(
    fitted: &Fitted,
    evidence: &Evidence,
    resamples: &[Resample],
) -> Vec<Parameter> {
    let all = parameters(&fitted.spec).into_iter().enumerate();
    let described = all.map(|(i, (name, role, value))| {
        let (status, reason) = reason(fitted, role, value);
        let ci = match status {
            Status::Assumed => None,
            Status::Estimated => {
                let values = resamples.iter().map(|r| r.values[i]);
                let drawn = percentiles(values, ALPHA);
                let exact = few_events(fitted, evidence, role, value);
                match (drawn, exact) {
                    (Some([lo, hi]), Some([least, most])) => Some([lo.min(least), hi.max(most)]),
                    (drawn, _) => drawn,
                }
            }
        };
        Parameter {
            name,
            value,
            ci,
            status,
            reason,
        }
    });
    described.collect()
}

/// The interval of a rate that rests on fewer than [`ENOUGH`] prompts: the bootstrap is blind to events that
/// happen not to be in the log. The exact interval of the share of prompts with such an event, in proportion.
fn few_events(fitted: &Fitted, evidence: &Evidence, role: Role, value: f64) -> Option<[f64; 2]> {
    let (form, columns) = (&fitted.form, evidence.columns);
    let sum =
        |columns: &[usize]| -> u64 { columns.iter().map(|&c| evidence.prompts_with(c)).sum() };
    let number = |validator: usize| {
        let name = &fitted.spec.validators[validator].name;
        form.layout.validators.iter().position(|v| v == name)
    };
    // Prompts with events, those that could have had one, and the rate if each of these had.
    let (events, of, most) = match role {
        Role::FalseAlarm { validator } => {
            let v = number(validator)?;
            let looks = form.layout.consulted.iter().filter(|a| a.contains(&v));
            let events = sum(&[columns.false_alarms().start + v]);
            (
                events,
                evidence.prompts_with(ACCEPTED),
                1.0 / looks.count() as f64,
            )
        }
        Role::Hazard { kind, stage } => {
            if kind == form.found() || stage + 1 == form.layout.stages() && !form.last_stage_seen {
                return None;
            }
            let events = if form.by_steps {
                sum(&[columns.onsets().start + stage])
            } else {
                let of_kind = (0..form.kind_of.len()).filter(|&v| form.kind_of[v] == kind);
                let of_kind: Vec<usize> =
                    of_kind.map(|v| columns.alarms(v).start + stage).collect();
                sum(&of_kind)
            };
            (events, evidence.prompts() as u64, 1.0)
        }
        Role::Detects { .. } if form.missed => return None,
        Role::Detects { validator } => {
            let v = number(validator)?;
            let of_stage: Vec<usize> = columns.alarms(v).collect();
            let wrong = evidence.prompts_with(WRONG);
            (sum(&of_stage).min(wrong), wrong, 1.0)
        }
        _ => return None,
    };
    if events >= ENOUGH {
        return None;
    }
    let (lo, hi) = clopper_pearson(events.min(of), of, ALPHA)?;
    Some(if events == 0 {
        [0.0, (hi * most).min(1.0)]
    } else {
        let share = events as f64 / of as f64;
        [value * lo / share, (value * hi / share).min(1.0)]
    })
}

#[expect(
    clippy::too_many_lines,
    reason = "a table: one sentence for each role and what is known of it"
)]
fn reason(fitted: &Fitted, role: Role, value: f64) -> (Status, String) {
    use Status::{Assumed, Estimated};
    let form = &fitted.form;
    let last = form.layout.stages() - 1;
    let (status, reason) = match role {
        Role::Spread if value >= MOST_SD => (
            Estimated,
            "generations of a prompt are as alike as can be: at least this",
        ),
        Role::Spread if value <= 0.0 => (
            Estimated,
            "generations of a prompt are no more alike than those of two prompts",
        ),
        Role::Spread => (
            Estimated,
            "how much more alike generations of a prompt are than those of two (covariance of going wrong)",
        ),
        Role::LengthEffect => (
            Assumed,
            "that difficulty lengthens texts is not told from faults that do; length_factor takes both",
        ),
        Role::Hazard { stage, .. } if stage == last && !form.last_stage_seen => (
            Assumed,
            "nothing in the log shows faults that start behind the last checkpoint; they count as missed ones",
        ),
        Role::Hazard { kind, .. } if kind == form.found() => (
            Estimated,
            "what goes wrong without an alarm; assumed to start when what is found does",
        ),
        Role::Hazard { .. } if form.missed => {
            (Estimated, "first alarms on what goes wrong, by stage")
        }
        Role::Hazard { .. } if form.by_steps => {
            (Estimated, "first wrong steps as labelled, by stage")
        }
        Role::Hazard { .. } => (
            Estimated,
            "first alarms on what goes wrong, by stage, divided by the sensitivity",
        ),
        Role::Recovery => (Assumed, "a log does not show recovery: a fault lasts"),
        Role::DifficultyEffect if form.clustered => (
            Assumed,
            "1 fixes the unit of difficulty; the same for all kinds",
        ),
        Role::DifficultyEffect => (
            Assumed,
            "one generation per prompt tells nothing of difficulty",
        ),
        Role::LengthFactor { kind } if !fitted.solution.length_known[kind] => (
            Assumed,
            "rejections for this kind save no tokens, so its lengths are not told from others",
        ),
        Role::LengthFactor { kind } if kind == form.found() => {
            (Estimated, "mean tokens of what goes wrong without an alarm")
        }
        Role::LengthFactor { .. } => (Estimated, "tokens saved by rejections, against mean tokens"),
        Role::MeanTokens => (Estimated, "mean tokens of the stage"),
        Role::Variation { stage } if form.log_normal[stage] => (
            Estimated,
            "spread of the logarithms of the stage's tokens; stages are independent in a scenario",
        ),
        Role::Variation { .. } => (
            Estimated,
            "second moment of the stage's tokens; stages are independent in a scenario",
        ),
        Role::Detects { .. } if form.missed && value >= 1.0 => (
            Assumed,
            "what it finds is its kind; what nobody finds is the kind `missed`, since its lengths are others",
        ),
        Role::Detects { .. } if form.missed => (Estimated, "share of the kind's first alarms"),
        Role::Detects { .. } if form.by_steps && form.sticky => (
            Estimated,
            "share of labelled faults, started before the last checkpoint, that are alarmed on",
        ),
        Role::Detects { .. } if form.by_steps => (
            Estimated,
            "alarms per look at labelled faults that were not yet alarmed on",
        ),
        Role::Detects { .. } if form.kinds.len() > 1 => (
            Estimated,
            "share of what goes wrong that is alarmed on; assumed the same for all kinds and stages",
        ),
        Role::Detects { .. } => (
            Estimated,
            "share of what goes wrong that is alarmed on; assumed the same for all stages",
        ),
        Role::FalseAlarm { .. } if form.by_steps => {
            (Estimated, "alarms per look at what goes never wrong")
        }
        Role::FalseAlarm { .. } => (
            Estimated,
            "rejections of accepted generations; assumed the same at all checkpoints",
        ),
        Role::Sticky if form.by_steps => (
            Estimated,
            "whether later looks find faults that the first look missed",
        ),
        Role::Sticky => (
            Assumed,
            "an alarm in a text stands; its place is taken for the onset of the fault",
        ),
        Role::FalseAlarmEffect => (
            Assumed,
            "accepted generations of hard prompts are too few to tell",
        ),
        Role::AcceptsClean | Role::AcceptsWrong if form.by_steps => (
            Estimated,
            "verdicts of generations with and without a wrong step",
        ),
        Role::AcceptsClean | Role::AcceptsWrong => (
            Assumed,
            "steps are not labelled: what the final filter refuses has gone wrong, nothing else has",
        ),
    };
    (status, reason.to_owned())
}
