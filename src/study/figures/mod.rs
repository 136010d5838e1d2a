//! What of the paper can be had: for each figure, table and claim whether it is reproduced by a model,
//! predicted, infeasible or not obtainable, which figures and results stand for it, and whether these
//! are still the results of what they name.
//!
//! The paper's outputs and code are not public, so nothing of it can be run again; an entry says what
//! stands in its place and what was fitted for it. Whether a result is current is asked of the files
//! by whoever calls: this file decides what follows.

mod caption;
mod read;

use serde::Serialize;

pub use caption::Caption;
pub use read::SPEC_SCHEMA;

/// Schema identifier of the findings.
pub const SCHEMA: &str = "foldem.figures-result/1";

/// What can be had of a figure, table or claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// A model has the published numbers; what was fitted for that is said.
    ReproducedByModel,
    /// A model or real logs say what to expect; nothing was fitted to the published numbers.
    Predicted,
    /// Published numbers that cannot hold together under the accounting that is stated.
    InfeasibleAsStated,
    /// It takes outputs that are not public.
    NotObtainable,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::ReproducedByModel,
        Self::Predicted,
        Self::InfeasibleAsStated,
        Self::NotObtainable,
    ];

    /// Its name in files.
    pub fn key(self) -> &'static str {
        match self {
            Self::ReproducedByModel => "reproduced-by-model",
            Self::Predicted => "predicted",
            Self::InfeasibleAsStated => "infeasible-as-stated",
            Self::NotObtainable => "not-obtainable",
        }
    }
}

/// A figure, table or claim of the paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntrySpec {
    pub(crate) name: String,
    pub(crate) published: String,
    pub(crate) status: Status,
    pub(crate) fitted: String,
    pub(crate) found: String,
    pub(crate) figures: Vec<String>,
    /// Of each of the figures, in their order.
    pub(crate) captions: Vec<Caption>,
    pub(crate) results: Vec<String>,
}

/// The entries of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    pub(crate) name: String,
    pub(crate) entries: Vec<EntrySpec>,
}

/// How a stored result stands to what it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResultState {
    /// All files that it was computed from are as they were.
    Current,
    /// A file that it was computed from has changed since.
    Changed,
    /// There is no such result.
    Missing,
}

/// A result that an entry names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResultFindings {
    /// Its folder below `results/`.
    pub name: String,
    /// How it stands.
    pub state: ResultState,
}

/// A figure that an entry names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FigureFindings {
    /// Its file below `paper-figures/`, without ending.
    pub name: String,
    /// Whether it is there.
    pub drawn: bool,
    /// What it shows, in words; empty where it is not there.
    pub alt: String,
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntryFindings {
    /// What it is called here.
    pub name: String,
    /// What the paper shows or claims, as published.
    pub published: String,
    /// What can be had of it.
    pub status: Status,
    /// What was fitted to published numbers; empty if nothing was.
    pub fitted: String,
    /// What is found in its place.
    pub found: String,
    /// The figures that stand for it.
    pub figures: Vec<FigureFindings>,
    /// Their captions, in the same order.
    pub captions: Vec<Caption>,
    /// The results behind them.
    pub results: Vec<ResultFindings>,
    /// Whether all of these are there and current.
    pub ok: bool,
}

/// What became of all entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FiguresFindings {
    /// Identifies the format.
    pub schema: &'static str,
    /// Name of the file's subject.
    pub name: String,
    /// In the order of the file.
    pub entries: Vec<EntryFindings>,
    /// Whether all entries are.
    pub ok: bool,
}

/// Holds the entries against what is stored: `state` of a result and `alt` of a figure that is there, by name.
pub fn figures(
    spec: &Spec,
    state: impl Fn(&str) -> ResultState,
    alt: impl Fn(&str) -> Option<String>,
) -> FiguresFindings {
    let entries: Vec<EntryFindings> = spec
        .entries
        .iter()
        .map(|entry| {
            let results: Vec<ResultFindings> = entry
                .results
                .iter()
                .map(|name| ResultFindings {
                    name: name.clone(),
                    state: state(name),
                })
                .collect();
            let figures: Vec<FigureFindings> = entry
                .figures
                .iter()
                .map(|name| {
                    let alt = alt(name);
                    FigureFindings {
                        name: name.clone(),
                        drawn: alt.is_some(),
                        alt: alt.unwrap_or_default(),
                    }
                })
                .collect();
            let ok = results.iter().all(|r| r.state == ResultState::Current)
                && figures.iter().all(|f| f.drawn);
            EntryFindings {
                name: entry.name.clone(),
                published: entry.published.clone(),
                status: entry.status,
                fitted: entry.fitted.clone(),
                found: entry.found.clone(),
                figures,
                captions: entry.captions.clone(),
                results,
                ok,
            }
        })
        .collect();
    FiguresFindings {
        schema: SCHEMA,
        name: spec.name.clone(),
        ok: entries.iter().all(|entry| entry.ok),
        entries,
    }
}
