//! `samples_*.jsonl` of lm-evaluation-harness: one row per document and filter.
//!
//! Every filter repeats the responses of a document, and a run may append to the file of an
//! earlier one; both are told by document and responses. The verdict is the metric's, as the first
//! filter has it unless another is asked for. Where a document has several responses, the metric
//! is of the document and no response has a verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::node::Label;
use super::prompt::{Prompt, identity};
use super::{Importer, Node, Out};
use crate::input::{Mistakes, nearest, quoted_list};
use crate::log::Record;

/// Members of a document that are its question.
const QUESTION: [&str; 6] = [
    "question",
    "problem",
    "query",
    "instruction",
    "input",
    "prompt",
];
/// Keys that are no metrics, for files of versions that do not list them.
const NO_METRIC: [&str; 11] = [
    "doc_id",
    "doc",
    "target",
    "arguments",
    "resps",
    "filtered_resps",
    "filter",
    "metrics",
    "doc_hash",
    "prompt_hash",
    "target_hash",
];
/// What stands for the filter in files of versions without filters.
const NO_FILTER: &str = "none";

/// Reads samples.
pub(super) struct LmEval {
    label: Option<String>,
    filter: Option<String>,
    task: Option<String>,
    model: Option<String>,
    /// Filters under which a document of this file had certain responses.
    seen: BTreeMap<(String, String), BTreeSet<String>>,
    filters: BTreeSet<String>,
    metrics: BTreeSet<String>,
    /// Whether a row had the metric that is asked for.
    label_found: bool,
    without_label: u64,
    several: u64,
    scores: u64,
}

impl LmEval {
    pub(super) fn new(label: Option<String>, filter: Option<String>) -> Self {
        Self {
            label,
            filter,
            task: None,
            model: None,
            seen: BTreeMap::new(),
            filters: BTreeSet::new(),
            metrics: BTreeSet::new(),
            label_found: false,
            without_label: 0,
            several: 0,
            scores: 0,
        }
    }

    /// The metric that is the verdict.
    fn verdict<'v>(&mut self, row: &Node<'v>) -> Option<Node<'v>> {
        let names = metrics(row);
        self.metrics
            .extend(names.iter().map(|&name| name.to_owned()));
        if let Some(label) = &self.label {
            let found = row.get(label);
            self.without_label += u64::from(found.is_none());
            return found;
        }
        let first = row.get(names.first()?)?;
        // A metric over several documents keeps a list of its parts.
        (first.value().is_number() || first.value().is_boolean()).then_some(first)
    }

    /// Why a row is left out, where its document had these responses before.
    fn repeated(
        &mut self,
        document: String,
        responses: String,
        filter: &str,
    ) -> Option<&'static str> {
        let filters = self.seen.entry((document, responses)).or_default();
        let first = filters.is_empty();
        let new = filters.insert(filter.to_owned());
        match (first, new) {
            (true, _) => None,
            (false, true) => Some("a row of another filter, with responses that are read already"),
            (false, false) => Some("a row that stood before in its file"),
        }
    }
}

/// Names of the metrics of a row.
fn metrics<'v>(row: &Node<'v>) -> Vec<&'v str> {
    let value = row.value();
    if let Some(listed) = value.get("metrics").and_then(Value::as_array) {
        return listed.iter().filter_map(Value::as_str).collect();
    }
    let keys = value.as_object().into_iter().flatten();
    let metric =
        |(key, value): &(&String, &Value)| !NO_METRIC.contains(&key.as_str()) && !value.is_string();
    keys.filter(metric).map(|(key, _)| key.as_str()).collect()
}

/// Task of a file called `samples_TASK_2024-01-31T12-00-00.123.jsonl`.
fn task(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.strip_prefix("samples_")?;
    let name = name.split(".json").next()?;
    let date =
        |text: &str| text.len() >= 10 && text.as_bytes()[4] == b'-' && text.starts_with("20");
    let task = match name.rsplit_once('_') {
        Some((task, last)) if date(last) => task,
        _ => name,
    };
    (!task.is_empty()).then(|| task.to_owned())
}

/// Model of a file in a folder called `ORGANISATION__MODEL`.
fn model(path: &Path) -> Option<String> {
    let folder = path.parent()?.file_name()?.to_str()?;
    let (organisation, model) = folder.split_once("__")?;
    Some(format!("{organisation}/{model}"))
}

/// Argument number `k` of the first request of a document.
fn argument<'v>(row: &Node<'v>, k: usize) -> Option<Node<'v>> {
    let arguments = row.get("arguments")?;
    let first = match arguments.items() {
        Some(items) => items.into_iter().next()?,
        None => arguments.get("gen_args_0")?,
    };
    match first.items() {
        Some(items) => items.into_iter().nth(k),
        None => first.get(&format!("arg_{k}")),
    }
}

/// All texts in lists within lists.
fn texts<'v>(value: &'v Value, into: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => into.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        _ => {}
    }
}

/// A prompt; one wrapped into a list of its own is taken out.
fn prompt(argument: &Node<'_>) -> Option<Prompt> {
    match argument.value().as_array().map(Vec::as_slice) {
        Some([text @ Value::String(_)]) => Prompt::of(text),
        _ => Prompt::of(argument.value()),
    }
}

impl Importer for LmEval {
    fn start(&mut self, file: &Path) {
        self.task = task(file);
        self.model = model(file);
        self.seen.clear();
    }

    fn read(&mut self, row: &Node<'_>, out: &mut Out, m: &mut Mistakes) {
        // Rows that are left out show what metrics there are, too.
        self.label_found |= self
            .label
            .as_ref()
            .is_some_and(|label| row.get(label).is_some());
        let Some(document) = row.get("doc_id").and_then(|node| node.identifier(m)) else {
            if m.is_empty() {
                m.push("doc_id", "is null; every row needs one");
            }
            return;
        };
        // What is scored rather than generated has a continuation where settings should be.
        let scored = argument(row, 0).is_some()
            && argument(row, 1).is_none_or(|argument| argument.value().is_string());
        let mut responses = Vec::new();
        if let Some(resps) = row.get("resps") {
            texts(resps.value(), &mut responses);
        }
        if scored {
            return out.leave_out("a row of a log-likelihood task, in which nothing is generated");
        }
        if responses.is_empty() {
            return out.leave_out("a row without responses");
        }
        let filter = match row.get("filter") {
            Some(node) => node.word(m).unwrap_or_default(),
            None => NO_FILTER.to_owned(),
        };
        self.filters.insert(filter.clone());
        if self.filter.as_ref().is_some_and(|wanted| *wanted != filter) {
            return out.leave_out("a row of another filter than --filter names");
        }
        let hash = row.get("doc_hash").and_then(|node| node.word(m));
        let key = format!("{document} {}", hash.as_deref().unwrap_or_default());
        let fingerprint = identity(&row.value()["resps"]);
        if let Some(why) = self.repeated(key, fingerprint, &filter) {
            return out.leave_out(why);
        }
        let verdict = self.verdict(row).and_then(|node| node.label(m));
        let several = responses.len() > 1;
        self.several += u64::from(several);
        let label = if several { None } else { verdict };
        self.scores += u64::from(matches!(label, Some(Label::Score(_))));
        let (correct, utility) = Label::told(label);
        let doc = row.get("doc");
        let question = QUESTION
            .iter()
            .find_map(|key| doc.as_ref()?.get(key)?.value().as_str());
        let problem = question.map(str::to_owned);
        let problem = problem.or_else(|| prompt(&argument(row, 0)?)?.problem);
        let target = row.get("target").filter(|node| !node.value().is_array());
        let gold = target
            .filter(|node| !node.value().is_object())
            .and_then(|node| node.word(m));
        for (k, response) in responses.iter().enumerate() {
            let id = match &self.task {
                Some(task) => format!("{task}:{document}"),
                None => document.clone(),
            };
            out.records.push(Record {
                id: if several { format!("{id}#{k}") } else { id },
                prompt_id: Some(match &hash {
                    Some(hash) => hash.chars().take(16).collect(),
                    None => document.clone(),
                }),
                model: self.model.clone(),
                benchmark: self.task.clone(),
                problem: problem.clone(),
                solution: (*response).to_owned(),
                correct,
                utility,
                gold: gold.clone(),
                ..Record::default()
            });
        }
    }

    fn complaint(&self) -> Option<String> {
        let label = self.label.as_ref().filter(|_| !self.label_found)?;
        let metrics = || self.metrics.iter().map(String::as_str);
        let listed = (!self.metrics.is_empty()).then(|| quoted_list(metrics()));
        let meant = nearest(label, metrics()).map(|name| format!(" (did you mean {name}?)"));
        Some(format!(
            "no row has the metric `{label}` that --label names{}; there are {}",
            meant.unwrap_or_default(),
            listed?
        ))
    }

    fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        let list = |names: &BTreeSet<String>| quoted_list(names.iter().map(String::as_str));
        if self.filters.len() > 1 && self.filter.is_none() {
            remarks.push(format!(
                "the rows are of {} filters ({}): verdicts are those of the first row of each \
                 document; --filter NAME takes those of another",
                self.filters.len(),
                list(&self.filters)
            ));
        }
        if let Some(wanted) = self.filter.as_ref().filter(|f| !self.filters.contains(*f)) {
            remarks.push(format!(
                "no row has the filter `{wanted}`; there are {}",
                list(&self.filters)
            ));
        }
        if self.metrics.len() > 1 && self.label.is_none() {
            remarks.push(format!(
                "there are several metrics ({}): verdicts are of the one that the file names \
                 first; --label NAME takes another",
                list(&self.metrics)
            ));
        }
        if self.without_label > 0 {
            remarks.push(format!(
                "{} rows do not have the metric `{}` that --label names",
                self.without_label,
                self.label.as_deref().unwrap_or_default()
            ));
        }
        if self.several > 0 {
            remarks.push(format!(
                "{} documents have several responses and one metric: `correct` of each response \
                 is left unknown (--grade numeric may tell it)",
                self.several
            ));
        }
        if self.scores > 0 {
            remarks.push(format!(
                "{} rows have a metric that is neither 0 nor 1: `correct` is left unknown, and \
                 the metric is the utility where it lies in [0, 1]",
                self.scores
            ));
        }
        remarks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_by_its_name() {
        for (path, expected) in [
            (
                "out/a__b/samples_gsm8k_2024-05-01T10-00-00.1.jsonl",
                (Some("gsm8k"), Some("a/b")),
            ),
            ("samples_gsm8k_cot.jsonl.gz", (Some("gsm8k_cot"), None)),
            ("logs/other.jsonl", (None, None)),
            ("-", (None, None)),
        ] {
            let path = Path::new(path);
            let found = (task(path), model(path));
            assert_eq!(
                (found.0.as_deref(), found.1.as_deref()),
                expected,
                "{path:?}"
            );
        }
    }
}
