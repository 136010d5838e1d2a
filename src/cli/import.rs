//! `foldem import`: a log of another tool as a log of generations.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::error::{CliError, exit};
use super::filling::malformed;
use super::foreign::{ForeignArgs, FormatName};
use super::preparation::{Preparation, PreparationArgs};
use super::replay::{IntakeArgs, once_stdin};
use super::{Context, output, progress};
use crate::input::InputError;
use crate::log::import::Import;
use crate::log::{ReadError, Shape, Writer};
use crate::report::{Section, Sheet};

/// Turn logs of other tools into a log of generations
///
/// Reads one row after the other, makes a record of every generation in it, and tells what was
/// left out, what could not be known and what follows from that. `replay --input-format` reads the
/// same formats without writing anything.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    foldem import openai-batch output.jsonl --prompts input.jsonl -o log.jsonl.zst\n  \
    foldem import lm-eval samples_gsm8k.jsonl --filter flexible-extract -o log.jsonl\n  \
    foldem import parquet-generations data.parquet --columns openr1-math -o log.jsonl\n  \
    foldem import map runs.jsonl --map solution=text,prompt_id=q,gold=answer --grade numeric -o graded.jsonl")]
pub(super) struct ImportArgs {
    /// Whose log it is
    #[arg(value_enum, value_name = "FORMAT")]
    source: FormatName,
    /// Files, read as one (.gz and .zst are decompressed); - is stdin
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The log to write; .gz and .zst compress
    #[arg(short, value_name = "LOG")]
    output: PathBuf,
    #[command(flatten)]
    foreign: ForeignArgs,
    #[command(flatten)]
    preparation: PreparationArgs,
    #[command(flatten)]
    intake: IntakeArgs,
}

/// What was read and written.
#[derive(Debug, Serialize)]
struct ImportFindings {
    /// Rows.
    read: u64,
    /// Records.
    written: u64,
    /// Rows that gave no record.
    skipped: u64,
    warnings: Vec<String>,
}

pub(super) fn run(args: &ImportArgs, context: &Context) -> Result<u8, CliError> {
    let files = args.files.iter().chain(args.foreign.files());
    let inputs: Vec<&Path> = files.map(PathBuf::as_path).collect();
    once_stdin(&inputs)?;
    output::writable("-o", &args.output)?;
    if inputs
        .iter()
        .any(|input| output::same_file(&args.output, input))
    {
        return Err(CliError::Usage(format!(
            "-o {}: the file is an input; name another",
            args.output.display()
        )));
    }
    let others = [&inputs[..], &[&args.output]].concat();
    context.output.keeps(&others)?;
    let format = args.source.0;
    let options = args.foreign.options(Some(format), args.intake.max_line())?;
    let mut preparation = Preparation::new(&args.preparation)?;
    let mut import = Import::new(format, &args.files, options)?;
    let mut writer = Writer::create(&args.output)?;
    let mut shape = Shape::default();
    let mut prompts = BTreeSet::new();
    let mut malformed_rows = 0;
    let mut first_skipped: Option<ReadError> = None;
    let bar = progress::records(context, "import");
    while let Some(record) = import.next() {
        if context.interrupt.raised() {
            return Err(CliError::Interrupted);
        }
        match record {
            Ok(mut record) => {
                preparation.prepare(&mut record);
                shape.add(&record.view());
                prompts.insert((record.benchmark.clone(), record.prompt().to_owned()));
                writer.write(&record)?;
                bar.inc(1);
            }
            Err(error) if args.intake.skips_malformed() => {
                malformed_rows += 1;
                first_skipped.get_or_insert(error);
            }
            Err(error) => return Err(malformed(import.file(), error, Some(format)).into()),
        }
    }
    bar.finish_and_clear();
    if let Some(error) = import.complaint() {
        return Err(error.into());
    }
    shape.prompts = prompts.len() as u64;
    let mut warnings = import.remarks();
    warnings.extend(preparation.remarks());
    if malformed_rows > 0 {
        warnings.insert(0, format!("{malformed_rows} malformed rows were left out"));
    }
    if shape.records == 0 {
        return Err(no_record(&args.files, &warnings, first_skipped).into());
    }
    warnings.extend(shape.warnings());
    writer.finish()?;
    let findings = ImportFindings {
        read: import.read(),
        written: shape.records,
        skipped: malformed_rows + import.left_out(),
        warnings,
    };
    context.output.emit(&findings, &sheet(&findings, args))?;
    Ok(exit::FINE)
}

/// Why files gave nothing.
pub(super) fn no_record(
    files: &[PathBuf],
    remarks: &[String],
    first_skipped: Option<ReadError>,
) -> InputError {
    let names: Vec<String> = files
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let mut message = "holds no generation".to_owned();
    for remark in remarks {
        message.push_str("; ");
        message.push_str(remark);
    }
    let mut error = InputError::whole_file(&names.join(", "), message);
    let mistakes = first_skipped.into_iter().flat_map(ReadError::into_mistakes);
    error.mistakes.extend(mistakes);
    error
}

fn sheet(findings: &ImportFindings, args: &ImportArgs) -> Sheet {
    let mut section = Section::new("", &["rows read", "records written", "rows skipped"]);
    let counts = [findings.read, findings.written, findings.skipped];
    section.rows = vec![counts.map(|n| n.to_string()).to_vec()];
    let mut data = Section::new("", &["read", "written", "skipped"]);
    data.rows.clone_from(&section.rows);
    Sheet {
        title: format!("Import of {} to {}", args.source.0, args.output.display()),
        summary: Vec::new(),
        sections: vec![section],
        data,
        warnings: findings.warnings.clone(),
        ..Sheet::default()
    }
}
