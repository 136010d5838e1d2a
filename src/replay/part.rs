//! The rows of consecutive records, read while other threads read others.

use serde_json::{Map, Value};

use super::alarms::Alarms;
use super::auditor::{Detectors, first_alarm};
use super::excerpt::Chosen;
use super::table::Ids;
use super::{Auditor, Caveats, Group, Rare, Tokens, early_exit, steps, tokens};
use crate::log::{Fingerprint, Gather, View};

/// What a table needs to know of some records.
pub struct Part<'a> {
    pub(super) detectors: Detectors,
    pub(super) rows: Vec<PartRow>,
    pub(super) ids: Ids,
    pub(super) alarms: Alarms,
    /// In the order of their first appearance.
    pub(super) groups: Vec<Group>,
    /// Of the rows that have any, with the number of the row.
    pub(super) attributes: Vec<(usize, Map<String, Value>)>,
    pub(super) chosen: Chosen,
    auditor: std::marker::PhantomData<&'a Auditor>,
}

/// One record.
pub(super) struct PartRow {
    /// Of benchmark and prompt.
    pub(super) prompt: Fingerprint,
    /// Among the groups of the part.
    pub(super) group: usize,
    pub(super) tokens: u64,
    pub(super) problem_tokens: u64,
    pub(super) accepted: Option<bool>,
    pub(super) utility: Option<f64>,
    pub(super) rare: Option<Box<Rare>>,
    /// Each 0 or 1.
    pub(super) caveats: Caveats<u8>,
}

impl<'a> Part<'a> {
    /// No records yet.
    pub fn new(auditor: &'a Auditor) -> Self {
        Self {
            detectors: auditor.borrow_detectors(),
            rows: Vec::new(),
            ids: Ids::default(),
            alarms: Alarms::new(auditor.definitions().len()),
            groups: Vec::new(),
            attributes: Vec::new(),
            chosen: Chosen::new(auditor.shown),
            auditor: std::marker::PhantomData,
        }
    }

    /// The number of a group among those of the part, which are few.
    fn group(&mut self, model: Option<&str>, benchmark: Option<&str>) -> usize {
        let is = |group: &Group| {
            group.model.as_deref() == model && group.benchmark.as_deref() == benchmark
        };
        self.groups.iter().rposition(is).unwrap_or_else(|| {
            self.groups.push(Group {
                model: model.map(ToOwned::to_owned),
                benchmark: benchmark.map(ToOwned::to_owned),
            });
            self.groups.len() - 1
        })
    }
}

impl Gather for Part<'_> {
    fn gather(&mut self, record: View<'_>) {
        let tokens = Tokens::of(&record);
        let problem = record.problem;
        let detectors = self.detectors.iter_mut();
        self.alarms.push(
            detectors
                .map(|detector| first_alarm(&mut **detector, problem, record.solution, tokens)),
        );
        let number = self.rows.len();
        self.chosen.offer(number, &record, self.alarms.row(number));
        self.ids.push(record.id);
        let live = record.live_rejection(tokens.count());
        // What is said of a cut text is not said of its generation.
        let is_whole = live.is_none_or(|live| live.completed);
        let estimated = || problem.map_or(0, tokens::estimate);
        let row = PartRow {
            prompt: Fingerprint::of(&[record.benchmark, Some(record.prompt())]),
            group: self.group(record.model, record.benchmark),
            tokens: tokens.count(),
            problem_tokens: record.problem_tokens.unwrap_or_else(estimated),
            accepted: record.verdict().filter(|_| is_whole),
            utility: record.value().filter(|_| is_whole),
            rare: Rare {
                live,
                first_error: steps::first_error(&record, tokens),
                exit: early_exit::logged(record.attributes.as_deref()),
            }
            .boxed(),
            caveats: Caveats {
                counts_estimated: tokens.count_is_estimated().into(),
                ends_estimated: tokens.ends_are_estimated().into(),
                problems_estimated: record.problem_tokens.is_none().into(),
                without_problem: problem.is_none().into(),
                without_prompt: record.prompt_id.is_none().into(),
                cut: record.is_cut().into(),
                already_rejected: record.rejected_at.is_some().into(),
                interrupted: record.is_interrupted().into(),
                at_stop_text: record.ended_at_stop_text().into(),
            },
        };
        if let Some(attributes) = record.attributes {
            let attributes = attributes.into_owned();
            self.attributes.push((number, attributes));
        }
        self.rows.push(row);
    }
}
