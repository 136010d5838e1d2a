//! `foldem check`: every mistake of a file, or what it says in words.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::error::{CliError, exit};
use super::{Context, catalogue};
use crate::input::{Document, InputError, Mistake};
use crate::log;
use crate::policy::PolicyFile;
use crate::report::{Section, Sheet};
use crate::scenario::Scenario;

/// Validate input files and explain them in words
///
/// Reports all mistakes of each file, with line, key, value, valid range and the nearest valid
/// name. Exit code 3 when any file has a mistake.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Files of any kind that foldem reads
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
    let kind = kind(path);
    let explained: Result<Vec<String>, InputError> = match kind {
        "log" => log::check(path).map(|summary| summary.describe()),
        "policy" => PolicyFile::load(path, &catalogue::rules()).map(|p| p.describe()),
        _ => Scenario::load(path).map(|scenario| scenario.describe()),
    };
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

/// What a file is meant to be: a log by its ending, else a policy if it says so, else a scenario.
fn kind(path: &Path) -> &'static str {
    let endings = [".jsonl", ".ndjson", ".json", ".gz", ".zst"];
    let name = path.to_string_lossy().to_lowercase();
    if endings.iter().any(|ending| name.ends_with(ending)) {
        return "log";
    }
    let Ok(text) = Document::read(path) else {
        return "scenario";
    };
    let schema = text
        .lines()
        .find(|line| line.trim_start().starts_with("schema"));
    // A policy whose schema is wrong is still told by its rules.
    let has = |key: &str| text.lines().any(|line| line.trim_start().starts_with(key));
    if text.trim_start().starts_with('{') {
        "log"
    } else if schema.is_some_and(|line| line.contains("foldem.policy"))
        || (has("[[checkpoint]]") && !has("[[stage]]"))
    {
        "policy"
    } else {
        "scenario"
    }
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
            1 => "1 file checked".to_owned(),
            n => format!("{n} files checked, {wrong} with mistakes"),
        },
        sections: sections.collect(),
        ..Sheet::default()
    }
}
