//! `foldem check`: every mistake of a file, or what it says in words.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::error::{CliError, exit};
use super::replay::auditor;
use super::{Context, catalogue};
use crate::input::{Document, InputError, Mistake};
use crate::log;
use crate::policy::PolicyFile;
use crate::replay::SavedTable;
use crate::report::{Section, Sheet};
use crate::scenario::Scenario;
use crate::study::sweep::Sweep;

/// Validate input files and explain them in words
///
/// Reports all mistakes of each file, with line, key, value, valid range and the nearest valid
/// name. Exit code 3 when any file has a mistake.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Scenarios, sweeps, policies, logs and first-alarm tables; - is stdin
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// What was found in all files.
#[derive(Debug, Serialize)]
struct CheckFindings {
    files: Vec<FileFindings>,
}

/// What was found in one file.
#[derive(Debug, Serialize)]
struct FileFindings {
    path: String,
    kind: &'static str,
    ok: bool,
    errors: Vec<Mistake>,
    /// What the file says, when it is valid.
    explanation: Vec<String>,
}

pub(super) fn run(args: &CheckArgs, context: &Context) -> Result<u8, CliError> {
    let findings = CheckFindings {
        files: args.files.iter().map(|path| check(path)).collect(),
    };
    context.output.emit(&findings, &sheet(&findings))?;
    let fine = findings.files.iter().all(|f| f.ok);
    Ok(if fine { exit::FINE } else { exit::BAD_INPUT })
}

fn check(path: &Path) -> FileFindings {
    let (kind, explained) = explain(path);
    let (errors, explanation) = match explained {
        Ok(explanation) => (Vec::new(), explanation),
        Err(error) => (error.mistakes, Vec::new()),
    };
    FileFindings {
        path: path.display().to_string(),
        kind,
        ok: errors.is_empty(),
        errors,
        explanation,
    }
}

/// What a file is, and what it says in words or what is wrong with it.
fn explain(path: &Path) -> (&'static str, Result<Vec<String>, InputError>) {
    let as_log = || ("log", log::check(path).map(|summary| summary.describe()));
    if SavedTable::is_one(path) {
        return (
            "table",
            SavedTable::load(path).map(|table| table.describe()),
        );
    }
    let name = path.to_string_lossy().to_lowercase();
    let log_endings = [".jsonl", ".ndjson", ".json", ".gz", ".zst", ".parquet"];
    if log_endings.iter().any(|ending| name.ends_with(ending)) {
        return as_log();
    }
    let text = match Document::read(path) {
        Ok(text) => text,
        Err(error) => return ("unknown", Err(error)),
    };
    let shown = path.display().to_string();
    if is_policy(&text) {
        let policy = PolicyFile::parse(&shown, &text, &catalogue::rules());
        // A rule may refuse parameters that are each in their range.
        let works = policy.and_then(|policy| auditor(&policy, path).map(|_| policy));
        ("policy", works.map(|p| p.describe()))
    } else if is_sweep(&text) {
        let directory = path.parent().unwrap_or(Path::new("."));
        let sweep = Sweep::parse(&shown, &text, directory);
        ("sweep", sweep.map(|s| s.describe()))
    } else if text.trim_start().starts_with('{') && name != "-" {
        as_log()
    } else {
        let directory = path.parent().unwrap_or(Path::new("."));
        let scenario = Scenario::parse(&shown, &text, directory);
        ("scenario", scenario.map(|s| s.describe()))
    }
}

/// The first line of a text that begins with `start`.
fn line<'t>(text: &'t str, start: &str) -> Option<&'t str> {
    text.lines().find(|l| l.trim_start().starts_with(start))
}

/// Whether a text means to be a policy: it says so, or, where its schema is wrong or missing, has
/// the checkpoints of one and no stages.
fn is_policy(text: &str) -> bool {
    line(text, "schema").is_some_and(|l| l.contains("foldem.policy"))
        || (line(text, "[[checkpoint]]").is_some() && line(text, "[[stage]]").is_none())
}

/// Whether a text means to be a sweep: it says so, or has the axes of one and no stages.
fn is_sweep(text: &str) -> bool {
    line(text, "schema").is_some_and(|l| l.contains("foldem.sweep"))
        || (line(text, "[[axis]]").is_some() && line(text, "[[stage]]").is_none())
}

fn sheet(findings: &CheckFindings) -> Sheet {
    let wrong = findings.files.iter().filter(|f| !f.ok).count();
    let sections = findings.files.iter().map(|file| {
        let verdict = if file.ok { "valid" } else { "has mistakes" };
        let mut section = if file.ok {
            Section::new("", &["what it says"])
        } else {
            Section::new("", &["line", "key", "mistake"])
        };
        section.title = format!("{}: {} {verdict}", file.path, file.kind);
        section.rows = if file.ok {
            file.explanation
                .iter()
                .map(|line| vec![line.clone()])
                .collect()
        } else {
            let line = |m: &Mistake| m.line.map_or_else(|| "–".to_owned(), |l| l.to_string());
            let row = |m: &Mistake| vec![line(m), m.key.clone(), m.message.clone()];
            file.errors.iter().map(row).collect()
        };
        section
    });
    Sheet {
        title: match findings.files.len() {
            1 if wrong == 1 => "1 file checked, with mistakes".to_owned(),
            1 => "1 file checked, valid".to_owned(),
            n => format!("{n} files checked, {wrong} with mistakes"),
        },
        sections: sections.collect(),
        ..Sheet::default()
    }
}
