//! `foldem check`: every mistake of a file, or what it says in words.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::error::{CliError, exit};
use super::foreign::{ForeignArgs, FormatName};
use super::replay::auditor;
use super::{Context, catalogue};
use crate::input::{Document, InputError, Mistake};
use crate::log::import::{Format, Import, Options};
use crate::log::{self, LONGEST_LINE};
use crate::policy::PolicyFile;
use crate::replay::SavedTable;
use crate::report::{Section, Sheet};
use crate::scenario::Scenario;
use crate::study::audit;
use crate::study::money::Prices;
use crate::study::sensitivity::Ranges;
use crate::study::sweep::Sweep;

/// Validate input files and explain them in words
///
/// Reports all mistakes of each file, with line, key, value, valid range and the nearest valid
/// name. Exit code 3 when any file has a mistake.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    foldem check experiments/five-stage.toml experiments/sweeps/five-stage-alarms.toml\n  \
    foldem check log.jsonl my-policy.toml --format json\n  \
    foldem check samples_gsm8k.jsonl --input-format lm-eval")]
pub(super) struct CheckArgs {
    /// Scenarios, sweeps, ranges, policies, audits, prices, logs and first-alarm tables; - is stdin
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Take the files for logs of another tool, as `foldem import` does
    #[arg(long, value_enum, value_name = "FORMAT")]
    input_format: Option<FormatName>,
    #[command(flatten)]
    foreign: ForeignArgs,
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
    let format = args.input_format.map(|name| name.0);
    let options = args.foreign.options(format, LONGEST_LINE)?;
    let one = |path: &PathBuf| match format {
        Some(format) => (format.name(), import(format, path, options.clone())),
        None => explain(path),
    };
    let files = args.files.iter();
    let findings = CheckFindings {
        files: files.map(|path| file_findings(path, one(path))).collect(),
    };
    context.output.emit(&findings, &sheet(&findings))?;
    let fine = findings.files.iter().all(|f| f.ok);
    Ok(if fine { exit::FINE } else { exit::BAD_INPUT })
}

/// What a log of another tool says in words.
fn import(format: Format, path: &Path, options: Options) -> Result<Vec<String>, InputError> {
    let files = [path.to_owned()];
    let mut import = Import::new(format, &files, options)?;
    let summary = log::summarize(&path.display().to_string(), &mut import)
        .map_err(|error| with_remarks(error, &import.remarks()))?;
    let remarks = import.remarks().into_iter();
    let remarks = remarks.map(|remark| format!("Note: {remark}."));
    Ok(summary.describe().into_iter().chain(remarks).collect())
}

/// Where nothing was read, the remarks say why.
fn with_remarks(mut error: InputError, remarks: &[String]) -> InputError {
    let whole = |message: &String| Mistake {
        line: None,
        key: String::new(),
        message: message.clone(),
    };
    error.mistakes.extend(remarks.iter().map(whole));
    error
}

fn file_findings(
    path: &Path,
    (kind, explained): (&'static str, Result<Vec<String>, InputError>),
) -> FileFindings {
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
    } else if is_ranges(&text) {
        let directory = path.parent().unwrap_or(Path::new("."));
        let ranges = Ranges::parse(&shown, &text, directory);
        ("ranges", ranges.map(|r| r.describe()))
    } else if is_audit(&text) {
        let audit = audit::Spec::parse(&shown, &text);
        ("audit", audit.map(|a| a.describe()))
    } else if line(&text, "schema").is_some_and(|l| l.contains("foldem.prices")) {
        let prices = Prices::parse(&shown, &text);
        ("prices", prices.map(|p| p.describe()))
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

/// Whether a text means to be ranges: it says so, or has some and no stages.
fn is_ranges(text: &str) -> bool {
    line(text, "schema").is_some_and(|l| l.contains("foldem.ranges"))
        || (line(text, "[[range]]").is_some() && line(text, "[[stage]]").is_none())
}

/// Whether a text means to be an audit: it says so, or has the rows of one and no stages.
fn is_audit(text: &str) -> bool {
    line(text, "schema").is_some_and(|l| l.contains("foldem.audit"))
        || (line(text, "[[row]]").is_some() && line(text, "[[stage]]").is_none())
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
