//! The first-alarm table: one row per generation, with the first alarm of every validator.
//!
//! Texts are read once and forgotten; the table is what a policy needs to know of them.

use std::collections::BTreeMap;
use std::fmt;

use rayon::prelude::*;
use serde::Serialize;

use super::attributes::{Attributes, MISSING, MOST_LEVELS};
use super::auditor::first_alarm;
use super::excerpt::Chosen;
use super::{Auditor, Excerpt, FirstAlarm, Tokens, tokens};
use crate::log::Record;
use crate::outcome::Covariate;

/// Bytes of text that are read in parallel before the next ones are fetched.
const AT_ONCE: usize = 8 << 20;

/// Model and benchmark; `None` where records name none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Group {
    /// The model that generated.
    pub model: Option<String>,
    /// The collection that the prompts are from.
    pub benchmark: Option<String>,
}

/// As shown to people.
impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [model, benchmark] = [&self.model, &self.benchmark].map(|n| n.as_deref());
        let (model, benchmark) = (model.unwrap_or(MISSING), benchmark.unwrap_or(MISSING));
        write!(f, "{model} · {benchmark}")
    }
}

/// What a table keeps of a generation.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Id of the record.
    pub id: String,
    /// Number of its pair of benchmark and prompt.
    pub prompt: usize,
    /// Number of its model and benchmark, see [`Table::groups`].
    pub group: usize,
    /// n, tokens of the solution.
    pub tokens: u64,
    /// Tokens of the problem; estimated from its text where the log does not tell.
    pub problem_tokens: u64,
    /// Whether the final filter accepts it, where that is known.
    pub accepted: Option<bool>,
    /// Its value in [0, 1], where that is known.
    pub utility: Option<f64>,
}

/// How much of a log was estimated, or stands in the way of replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Caveats {
    /// Records whose number of tokens was estimated.
    pub counts_estimated: u64,
    /// Records whose token ends were estimated.
    pub ends_estimated: u64,
    /// Records whose problem tokens were estimated.
    pub problems_estimated: u64,
    /// Records without a problem text.
    pub without_problem: u64,
    /// Records that were cut at the limit of tokens (`finish_reason` is `length`).
    pub cut: u64,
    /// Records that a live policy had rejected.
    pub already_rejected: u64,
}

/// First alarms of all validators on all generations of a log.
#[derive(Debug)]
pub struct Table {
    rows: Vec<Row>,
    /// One value per validator and row.
    alarms: Vec<FirstAlarm>,
    validators: usize,
    groups: Vec<Group>,
    prompts: usize,
    covariates: Vec<Covariate>,
    /// Level of each row, by covariate.
    levels: Vec<Vec<u32>>,
    caveats: Caveats,
    excerpts: Vec<Excerpt>,
}

impl Table {
    /// The generations, in the order of the log.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// First alarms on generation number `row`, by validator.
    pub fn alarms(&self, row: usize) -> &[FirstAlarm] {
        &self.alarms[row * self.validators..(row + 1) * self.validators]
    }

    /// Models with their benchmarks, in alphabetical order.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Number of pairs of benchmark and prompt.
    pub fn prompts(&self) -> usize {
        self.prompts
    }

    /// Model, benchmark and attributes by which generations can be told apart.
    pub fn covariates(&self) -> &[Covariate] {
        &self.covariates
    }

    /// Level of generation number `row` in covariate number `covariate`.
    pub fn level(&self, covariate: usize, row: usize) -> u32 {
        self.levels[covariate][row]
    }

    /// Alarms to be shown, by validator; none unless [`TableBuilder::excerpts`] asked for them.
    pub fn excerpts(&self) -> &[Excerpt] {
        &self.excerpts
    }

    /// What was estimated or stands in the way.
    pub fn caveats(&self) -> Caveats {
        self.caveats
    }
}

/// A table that is being filled.
pub struct TableBuilder<'a> {
    auditor: &'a Auditor,
    waiting: Vec<Record>,
    waiting_bytes: usize,
    rows: Vec<Row>,
    alarms: Vec<FirstAlarm>,
    groups: BTreeMap<Group, usize>,
    prompts: BTreeMap<(Option<String>, String), usize>,
    attributes: Attributes,
    caveats: Caveats,
    chosen: Chosen,
}

impl<'a> TableBuilder<'a> {
    /// An empty table for the validators of `auditor`.
    pub fn new(auditor: &'a Auditor) -> Self {
        Self {
            auditor,
            waiting: Vec::new(),
            waiting_bytes: 0,
            rows: Vec::new(),
            alarms: Vec::new(),
            groups: BTreeMap::new(),
            prompts: BTreeMap::new(),
            attributes: Attributes::default(),
            caveats: Caveats::default(),
            chosen: Chosen::default(),
        }
    }

    /// Keeps at most `each` alarms of every validator and verdict of the final filter to be shown.
    pub fn excerpts(mut self, each: usize) -> Self {
        self.chosen = Chosen::new(each);
        self
    }

    /// Adds a record.
    pub fn push(&mut self, record: Record) {
        self.waiting_bytes += record.solution.len();
        self.waiting.push(record);
        if self.waiting_bytes >= AT_ONCE {
            self.read_waiting();
        }
    }

    fn read_waiting(&mut self) {
        let records = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        let auditor = self.auditor;
        let read: Vec<Vec<FirstAlarm>> = records
            .par_iter()
            .map_init(
                || auditor.detectors(),
                |detectors, record| {
                    let tokens = Tokens::of(record);
                    let problem = record.problem.as_deref();
                    detectors
                        .iter_mut()
                        .map(|d| first_alarm(&mut **d, problem, &record.solution, tokens))
                        .collect()
                },
            )
            .collect();
        for (record, alarms) in records.into_iter().zip(read) {
            self.chosen.offer(&record, &alarms);
            self.alarms.extend(alarms);
            self.add(record);
        }
    }

    fn add(&mut self, record: Record) {
        let tokens = Tokens::of(&record);
        let problem = record.problem.as_deref();
        let caveats = &mut self.caveats;
        caveats.counts_estimated += u64::from(tokens.count_is_estimated());
        caveats.ends_estimated += u64::from(tokens.ends_are_estimated());
        caveats.problems_estimated += u64::from(record.problem_tokens.is_none());
        caveats.without_problem += u64::from(problem.is_none());
        caveats.cut += u64::from(record.finish_reason.as_deref() == Some("length"));
        caveats.already_rejected += u64::from(record.rejected_at.is_some());
        self.attributes.push(record.attributes.as_ref());
        let estimated = || problem.map_or(0, tokens::estimate);
        let problem_tokens = record.problem_tokens.unwrap_or_else(estimated);
        let tokens = tokens.count();
        let group = Group {
            model: record.model.clone(),
            benchmark: record.benchmark.clone(),
        };
        let next = self.groups.len();
        let group = *self.groups.entry(group).or_insert(next);
        let next = self.prompts.len();
        let prompt = (record.benchmark.clone(), record.prompt().to_owned());
        let prompt = *self.prompts.entry(prompt).or_insert(next);
        self.rows.push(Row {
            prompt,
            group,
            tokens,
            problem_tokens,
            accepted: record.verdict(),
            utility: record.value(),
            id: record.id,
        });
    }

    /// The table of all records added.
    pub fn finish(mut self) -> Table {
        self.read_waiting();
        // Groups were numbered as they came and are shown in the alphabet's order.
        let mut rank = vec![0; self.groups.len()];
        for (place, &group) in self.groups.values().enumerate() {
            rank[group] = place;
        }
        for row in &mut self.rows {
            row.group = rank[row.group];
        }
        let groups: Vec<Group> = self.groups.into_keys().collect();
        let (mut covariates, mut levels) = (Vec::new(), Vec::new());
        for (name, of) in [
            (
                "model",
                (|g| g.model.as_deref()) as fn(&Group) -> Option<&str>,
            ),
            ("benchmark", |g| g.benchmark.as_deref()),
        ] {
            let mut named: Vec<&str> = groups.iter().map(|g| of(g).unwrap_or(MISSING)).collect();
            named.sort_unstable();
            named.dedup();
            if (2..=MOST_LEVELS).contains(&named.len()) {
                let level = |row: &Row| {
                    let name = of(&groups[row.group]).unwrap_or(MISSING);
                    let place = named.iter().position(|n| *n == name);
                    place
                        .and_then(|place| u32::try_from(place).ok())
                        .unwrap_or(0)
                };
                levels.push(self.rows.iter().map(level).collect());
                covariates.push(Covariate {
                    name: name.to_owned(),
                    levels: named.into_iter().map(ToOwned::to_owned).collect(),
                });
            }
        }
        let (attributes, by_attribute) = self.attributes.finish();
        covariates.extend(attributes.into_iter().map(|mut attribute| {
            if ["model", "benchmark"].contains(&attribute.name.as_str()) {
                attribute.name = format!("attributes.{}", attribute.name);
            }
            attribute
        }));
        levels.extend(by_attribute);
        Table {
            rows: self.rows,
            alarms: self.alarms,
            validators: self.auditor.validators(),
            groups,
            prompts: self.prompts.len(),
            covariates,
            levels,
            caveats: self.caveats,
            excerpts: self.chosen.finish(self.auditor),
        }
    }
}
