//! What of the paper can be had: for each figure, table and claim whether it is reproduced by a model,
//! predicted, infeasible or not obtainable, which figures and results stand for it, and whether these
//! are still the results of what they name and the figures of what they were drawn from.
//!
//! The paper's outputs and code are not public, so nothing of it can be run again; an entry says what
//! stands in its place and what was fitted for it. How results and figures stand is asked of the files
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
    /// What it was computed from is not there any more: nothing computes it again.
    Orphaned,
    /// There is no such result, or it does not say what it was computed from.
    Missing,
}

/// How a file beside the figures stands to what the results give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileState {
    /// It is what they give.
    Same,
    /// It was something else.
    Changed,
    /// It was not there.
    New,
    /// No result gives it any more.
    Orphaned,
}

/// A stored result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResultFindings {
    /// Its folder below `results/`.
    pub name: String,
    /// How it stands.
    pub state: ResultState,
}

/// A figure that results give, or that stands there without one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FigureFindings {
    /// Its file below `paper-figures/`, without ending.
    pub name: String,
    /// How its files stand, SVG and PNG.
    pub state: FileState,
    /// The files below `results/` that it is drawn from, and nothing else.
    pub results: Vec<String>,
    /// What it shows, in words; empty where it is orphaned.
    pub alt: String,
}

/// Results of which a figure was not drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Files below `results/`.
    pub results: Vec<String>,
    /// Why: they hold nothing to draw, or too much.
    pub why: String,
}

/// A figure that an entry names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedFigure {
    /// Its file below `paper-figures/`, without ending.
    pub name: String,
    /// Whether results give it.
    pub drawn: bool,
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
    pub figures: Vec<NamedFigure>,
    /// Their captions, in the same order.
    pub captions: Vec<Caption>,
    /// The results behind them.
    pub results: Vec<ResultFindings>,
    /// Whether the figures can be drawn, and their results and those named are current.
    pub ok: bool,
}

/// What became of all entries, and of all figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FiguresFindings {
    /// Identifies the format.
    pub schema: &'static str,
    /// Name of the list's subject; `None` where a project has no list.
    pub name: Option<String>,
    /// Whether figures that were new or changed have been written.
    pub written: bool,
    /// In the order of the list.
    pub entries: Vec<EntryFindings>,
    /// All figures, by name.
    pub figures: Vec<FigureFindings>,
    /// What was not drawn.
    pub left_out: Vec<LeftOut>,
    /// The page beside the figures; `None` without a list.
    pub page: Option<FileState>,
    /// All stored results.
    pub results: Vec<ResultFindings>,
    /// Whether all entries are fine, all results current, and, unless they were written, all figures the same.
    pub ok: bool,
}

/// What stands in the folders of a project.
#[derive(Debug, Clone)]
pub struct Standing {
    /// All figures that results give or that stand there, by name.
    pub figures: Vec<FigureFindings>,
    /// What was not drawn.
    pub left_out: Vec<LeftOut>,
    /// All results.
    pub results: Vec<ResultFindings>,
}

impl Standing {
    fn state(&self, result: &str) -> ResultState {
        let found = self.results.iter().find(|r| r.name == result);
        found.map_or(ResultState::Missing, |r| r.state)
    }

    /// The figure called `name`, if results give it.
    fn drawn(&self, name: &str) -> Option<&FigureFindings> {
        let mut figures = self.figures.iter();
        figures.find(|f| f.name == name && f.state != FileState::Orphaned)
    }

    /// Whether all results behind a figure are current.
    fn is_current(&self, figure: &FigureFindings) -> bool {
        let mut folders = figure
            .results
            .iter()
            .filter_map(|file| file.split('/').next());
        folders.all(|folder| self.state(folder) == ResultState::Current)
    }

    fn entry(&self, entry: &EntrySpec) -> EntryFindings {
        let results = entry.results.iter().map(|name| ResultFindings {
            name: name.clone(),
            state: self.state(name),
        });
        let results: Vec<ResultFindings> = results.collect();
        let figures = entry.figures.iter().map(|name| NamedFigure {
            name: name.clone(),
            drawn: self.drawn(name).is_some(),
        });
        let mut behind = entry.figures.iter().map(|name| self.drawn(name));
        EntryFindings {
            ok: results.iter().all(|r| r.state == ResultState::Current)
                && behind.all(|figure| figure.is_some_and(|figure| self.is_current(figure))),
            name: entry.name.clone(),
            published: entry.published.clone(),
            status: entry.status,
            fitted: entry.fitted.clone(),
            found: entry.found.clone(),
            figures: figures.collect(),
            captions: entry.captions.clone(),
            results,
        }
    }
}

/// Holds the entries of a list, if there is one, against what is `standing` there. `written`: figures that are
/// new or changed are being written.
pub fn figures(spec: Option<&Spec>, standing: Standing, written: bool) -> FiguresFindings {
    let entries = spec.map(|spec| spec.entries.as_slice()).unwrap_or_default();
    let entries: Vec<EntryFindings> = entries.iter().map(|entry| standing.entry(entry)).collect();
    let current = |result: &ResultFindings| result.state == ResultState::Current;
    let same = |figure: &FigureFindings| figure.state == FileState::Same;
    FiguresFindings {
        schema: SCHEMA,
        name: spec.map(|spec| spec.name.clone()),
        written,
        ok: entries.iter().all(|entry| entry.ok)
            && standing.results.iter().all(current)
            && (written || standing.figures.iter().all(same)),
        entries,
        figures: standing.figures,
        left_out: standing.left_out,
        page: None,
        results: standing.results,
    }
}

impl FiguresFindings {
    /// The same, with the page beside the figures as it stands.
    pub fn with_page(self, page: FileState) -> Self {
        Self {
            ok: self.ok && (self.written || page == FileState::Same),
            page: Some(page),
            ..self
        }
    }

    /// The figure called `name`, if there is one.
    pub fn figure(&self, name: &str) -> Option<&FigureFindings> {
        self.figures.iter().find(|figure| figure.name == name)
    }
}
