//! The first-alarm table: one row per generation, with the first alarm of every validator.
//!
//! Texts are read once and forgotten; the table is what a policy needs to know of them.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::alarms::{Alarms, RowAlarms, Set};
use super::attributes::{Attributes, MISSING, MOST_LEVELS};
use super::excerpt::Chosen;
use super::part::Part;
use super::{
    Auditor, Caveats, Definition, Excerpt, Group, MissingValidator, Row, definition, strata,
};
use crate::log::{Fingerprint, Gather as _, Gathered, Numbers, Record};
use crate::outcome::Covariate;
use crate::policy::{Checkpoint, PolicyFile, Position};

/// Bytes of text that are read in parallel before the next ones are fetched.
const AT_ONCE: usize = 8 << 20;
/// Records that one thread reads at a time.
const CHUNK: usize = 64;

/// First alarms of all validators on all generations of a log.
#[derive(Debug)]
pub struct Table {
    pub(super) rows: Vec<Row>,
    pub(super) ids: Ids,
    pub(super) alarms: Alarms,
    pub(super) validators: Vec<Definition>,
    pub(super) groups: Vec<Group>,
    pub(super) prompts: usize,
    pub(super) covariates: Vec<Covariate>,
    /// Level of each row, by covariate.
    pub(super) levels: Vec<Vec<u32>>,
    pub(super) caveats: Caveats,
    pub(super) excerpts: Vec<Excerpt>,
}

impl Table {
    /// The generations, in the order of the log.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The generations number `rows` with those of one prompt next to each other, as they are in most
    /// logs.
    pub fn by_prompt(&self, mut rows: Vec<usize>) -> Vec<usize> {
        let prompt = |i: &usize| self.rows[*i].prompt;
        if !rows.is_sorted_by_key(prompt) {
            rows.sort_by_key(prompt);
        }
        rows
    }

    /// Id of generation number `row`.
    pub fn id(&self, row: usize) -> &str {
        self.ids.get(row)
    }

    /// First alarms on generation number `row`.
    pub fn alarms(&self, row: usize) -> RowAlarms<'_> {
        self.alarms.row(row)
    }

    /// Whether none of these validators alarms on generation number `row`.
    pub(super) fn are_silent(&self, row: usize, validators: &Set) -> bool {
        self.alarms.are_silent(row, validators)
    }

    /// The rules of the columns, with their parameters.
    pub fn validators(&self) -> &[Definition] {
        &self.validators
    }

    /// The same table with the validators of `policy` as its columns, in their order. They are
    /// found by rule and parameters, whatever their names.
    pub fn for_policy(mut self, policy: &PolicyFile) -> Result<Self, MissingValidator> {
        let columns = definition::columns(&self.validators, policy)?;
        let mut alarms = Alarms::new(columns.len());
        for row in 0..self.rows.len() {
            let all = self.alarms(row);
            alarms.push(columns.iter().map(|&column| all.of(column)));
        }
        self.alarms = alarms;
        self.validators = policy.validators().iter().map(Definition::of).collect();
        Ok(self)
    }

    /// The checkpoints of `policy` with columns of this table in place of its validators: so several
    /// policies can be replayed on one table. Columns are found as for [`Table::for_policy`].
    pub fn checkpoints_of(
        &self,
        policy: &PolicyFile,
    ) -> Result<Vec<Checkpoint<Position>>, MissingValidator> {
        let columns = definition::columns(&self.validators, policy)?;
        let mut checkpoints = policy.checkpoints().to_vec();
        for checkpoint in &mut checkpoints {
            for validator in &mut checkpoint.validators {
                *validator = columns[*validator];
            }
            checkpoint.validators.sort_unstable();
            // Two validators may be one rule under two names.
            checkpoint.validators.dedup();
        }
        Ok(checkpoints)
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

    /// Alarms to be shown, by validator; none unless [`Auditor::showing`] asked for them, nor in a
    /// table that was saved.
    pub fn excerpts(&self) -> &[Excerpt] {
        &self.excerpts
    }

    /// What was estimated or stands in the way.
    pub fn caveats(&self) -> Caveats {
        self.caveats
    }
}

/// Ids of records, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Ids {
    text: String,
    ends: Vec<usize>,
}

impl Ids {
    pub(super) fn push(&mut self, id: &str) {
        self.text.push_str(id);
        self.ends.push(self.text.len());
    }

    pub(super) fn get(&self, row: usize) -> &str {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[row]]
    }
}

/// A table that is being filled.
pub struct TableBuilder<'a> {
    auditor: &'a Auditor,
    waiting: Vec<Record>,
    waiting_bytes: usize,
    rows: Vec<Row>,
    ids: Ids,
    alarms: Alarms,
    groups: BTreeMap<Group, usize>,
    prompts: Numbers,
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
            ids: Ids::default(),
            alarms: Alarms::new(auditor.definitions().len()),
            groups: BTreeMap::new(),
            prompts: Numbers::default(),
            attributes: Attributes::default(),
            caveats: Caveats::default(),
            chosen: Chosen::new(auditor.shown),
        }
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
        let parts: Vec<Part<'a>> = records
            .par_chunks(CHUNK)
            .map(|records| {
                let mut part = Part::new(auditor);
                for record in records {
                    part.gather(record.view());
                }
                part
            })
            .collect();
        for part in parts {
            self.absorb(part, &[]);
        }
    }

    /// Adds the records of a part, which are behind all those before; those that are repeated are
    /// left out.
    pub fn add(&mut self, gathered: Gathered<Part<'a>>) {
        self.read_waiting();
        self.absorb(gathered.part, &gathered.repeated);
    }

    fn absorb(&mut self, part: Part<'a>, left_out: &[usize]) {
        self.auditor.return_detectors(part.detectors);
        let groups: Vec<usize> = part
            .groups
            .into_iter()
            .map(|group| {
                let next = self.groups.len();
                *self.groups.entry(group).or_insert(next)
            })
            .collect();
        self.chosen.merge(part.chosen, left_out);
        let mut left_out = left_out.iter().copied().peekable();
        let mut attributes = part.attributes.into_iter().peekable();
        // Generations of one prompt mostly follow each other.
        let mut last: Option<(Fingerprint, u64)> = None;
        for (i, row) in part.rows.into_iter().enumerate() {
            let attributes = attributes.next_if(|(of, _)| *of == i);
            if left_out.next_if_eq(&i).is_some() {
                continue;
            }
            let known = last.filter(|(prompt, _)| *prompt == row.prompt);
            let (_, prompt) = known.unwrap_or_else(|| {
                let next = self.prompts.len() as u64;
                (row.prompt, self.prompts.get_or_insert(row.prompt, next).0)
            });
            last = Some((row.prompt, prompt));
            self.ids.push(part.ids.get(i));
            self.alarms.push_row(part.alarms.row(i));
            self.attributes
                .push(attributes.as_ref().map(|(_, map)| map));
            self.caveats.add(row.caveats);
            self.rows.push(Row {
                prompt: usize::try_from(prompt).unwrap_or(usize::MAX),
                group: groups[row.group],
                tokens: row.tokens,
                problem_tokens: row.problem_tokens,
                accepted: row.accepted,
                utility: row.utility,
                rare: row.rare,
            });
        }
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
            let taken = ["model", "benchmark", strata::LENGTH, strata::PASS_RATE];
            if taken.contains(&attribute.name.as_str()) {
                attribute.name = format!("attributes.{}", attribute.name);
            }
            attribute
        }));
        levels.extend(by_attribute);
        for (covariate, of_rows) in strata::covariates(&self.rows, self.prompts.len()) {
            covariates.push(covariate);
            levels.push(of_rows);
        }
        Table {
            rows: self.rows,
            ids: self.ids,
            alarms: self.alarms,
            validators: self.auditor.definitions().to_vec(),
            groups,
            prompts: self.prompts.len(),
            covariates,
            levels,
            caveats: self.caveats,
            excerpts: self.chosen.finish(self.auditor),
        }
    }
}
