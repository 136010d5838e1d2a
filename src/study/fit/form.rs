//! The form of the scenario that is fitted: which fault kinds it has, and what is assumed.
//!
//! It is chosen once, on all of the evidence, and kept by every resample: intervals are about the
//! parameters of this form, not about its choice.
//!
//! - **Fault kinds.** Where steps are not labelled, a fault is known by the validator that alarms on it first.
//!   Validators that do so in [`ENOUGH`] prompts or more have a kind of their own, if there are two of them;
//!   what others find counts to the most frequent kind. Else there is one kind, `wrong`.
//! - **Missed faults** are of the same kinds, unless their lengths are others: where one length factor for found and
//!   missed faults would have to lie outside [`PLAUSIBLE`] to explain the tokens saved, and factors of their own need
//!   not be as extreme, what nobody finds is a kind of its own, `missed`, and what is found is found for certain.
//! - **Stickiness** can be told where steps are labelled: a fault that the first look misses is found by a
//!   later look as often as by a first one (fresh draws) or never (one draw per fault). The nearer one is
//!   taken. Without labels, an alarm in a text stands, and every alarm is taken for the onset of its fault.
//! - **Variation of lengths.** Where every generation has tokens in a stage and the spread of their logarithms tells a
//!   coefficient of variation within [`SAME_VARIATION`] of the second moment's, or no farther from it than [`TELLING`]
//!   standard errors of the difference, a log-normal law is believed, and the spread is taken: a second moment rests
//!   on a few long texts, and its intervals are too narrow. (Were the errors not asked, it would be taken just where it is
//!   furthest off.) Else the second moment is: a stage that ends at a token position holds cut lengths, whose logarithms say little of their variance.

use super::evidence::{Evidence, FIRST_LOOKS, FIRST_SEEN, LATER_LOOKS, LATER_SEEN};
use super::stages::Layout;

/// Prompts whose generations a validator must be the first to alarm on, to have a fault kind of its own; also
/// the events below which an interval is widened by the exact one.
pub(super) const ENOUGH: u64 = 10;
/// The kind of all faults where they are not told apart.
pub(super) const ONE_KIND: &str = "wrong";

/// The kind of faults that nobody finds, where they have one of their own.
pub(super) const MISSED_KIND: &str = "missed";
/// Length factors that are believed of found and missed faults alike.
pub(super) const PLAUSIBLE: [f64; 2] = [0.125, 8.0];

/// Relative difference of two coefficients of variation up to which a log-normal law is believed.
pub(super) const SAME_VARIATION: f64 = 0.25;
/// Standard errors from which on a difference of the two is not chance.
pub(super) const TELLING: f64 = 3.0;

/// What does not vary over resamples.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an answer of its own to what the log can tell"
)]
pub(super) struct Form {
    pub(super) layout: Layout,
    /// Names of the fault kinds; [`MISSED_KIND`] last.
    pub(super) kinds: Vec<String>,
    /// Whether what nobody finds is a kind of its own.
    pub(super) missed: bool,
    /// The kind that each validator finds.
    pub(super) kind_of: Vec<usize>,
    pub(super) by_steps: bool,
    pub(super) sticky: bool,
    /// Whether some prompt has several generations.
    pub(super) clustered: bool,
    /// Whether some fault starts behind the last checkpoint, as far as the log shows.
    pub(super) last_stage_seen: bool,
    /// By stage: whether the variation of its tokens is told by the spread of their logarithms.
    pub(super) log_normal: Vec<bool>,
}

impl Form {
    pub(super) fn new(layout: &Layout, evidence: &Evidence) -> Self {
        let columns = evidence.columns;
        let total = evidence.total();
        let led = |v: usize| total[columns.alarms(v)].iter().sum::<f64>();
        let seen_until = |v: usize| {
            let asked = layout.consulted.iter();
            asked
                .enumerate()
                .filter(|(_, asked)| asked.contains(&v))
                .map(|(s, _)| s + 1)
                .max()
        };
        // What is alarmed on behind the last look is not found.
        let prompts = |v: usize| {
            let each = columns.alarms(v).take(seen_until(v).unwrap_or(0));
            each.map(|column| evidence.prompts_with(column))
                .sum::<u64>()
        };
        let all = 0..layout.validators.len();
        let mut own: Vec<usize> = all.clone().filter(|&v| prompts(v) >= ENOUGH).collect();
        if evidence.by_steps || own.len() < 2 {
            own.clear();
        }
        let most = |&a: &usize, &b: &usize| led(own[a]).total_cmp(&led(own[b])).then(b.cmp(&a));
        let most = (0..own.len()).max_by(most).unwrap_or(0);
        let kind_of = all.map(|v| own.iter().position(|&o| o == v).unwrap_or(most));
        let kinds = if own.is_empty() {
            vec![ONE_KIND.to_owned()]
        } else {
            own.iter()
                .map(|&v| kind_name(&layout.validators[v]))
                .collect()
        };
        let share = |part: usize, whole: usize| {
            if total[whole] > 0.0 {
                total[part] / total[whole]
            } else {
                0.0
            }
        };
        let last = layout.stages() - 1;
        let behind = if evidence.by_steps {
            total[columns.onsets().start + last]
        } else {
            let alarms =
                (0..layout.validators.len()).map(|v| total[columns.alarms(v).start + last]);
            alarms.sum()
        };
        Self {
            kinds,
            missed: false,
            kind_of: kind_of.collect(),
            by_steps: evidence.by_steps,
            sticky: !evidence.by_steps
                || share(LATER_SEEN, LATER_LOOKS) <= 0.5 * share(FIRST_SEEN, FIRST_LOOKS),
            clustered: total[super::evidence::PAIR_M] > 0.0,
            last_stage_seen: behind > 0.0,
            log_normal: vec![false; layout.stages()],
            layout: layout.clone(),
        }
    }
}

impl Form {
    /// The same with a kind of its own for what nobody finds.
    pub(super) fn with_missed(mut self) -> Self {
        self.kinds.push(MISSED_KIND.to_owned());
        self.missed = true;
        self
    }

    /// The same with the spread of logarithms in these stages.
    pub(super) fn with_log_normal(mut self, stages: Vec<bool>) -> Self {
        self.log_normal = stages;
        self
    }

    /// Number of kinds that are found.
    pub(super) fn found(&self) -> usize {
        self.kinds.len() - usize::from(self.missed)
    }

    /// The validator that finds most of each kind's faults, given how many each finds.
    pub(super) fn leads(&self, validator: usize, led: &[f64]) -> bool {
        let kind = self.kind_of[validator];
        let others = (0..led.len()).filter(|&v| self.kind_of[v] == kind);
        let most = |&a: &usize, &b: &usize| led[a].total_cmp(&led[b]).then(b.cmp(&a));
        others.max_by(most) == Some(validator)
    }
}

/// A validator's name as that of a fault kind; two names are reserved.
fn kind_name(validator: &str) -> String {
    match validator {
        "clean" | "faulty" | MISSED_KIND => format!("{validator}-kind"),
        name => name.to_owned(),
    }
}
