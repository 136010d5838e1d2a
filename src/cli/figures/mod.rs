//! `foldem figures`: draws `paper-figures/` from `results/`, and says what of the paper can be had and whether
//! what stands for it is current.

mod drawing;
mod folder;
mod stored;

use std::path::{Path, PathBuf};

use clap::Args;

use super::Context;
use super::error::{CliError, exit};
use crate::report;
use crate::study::figures::{FiguresFindings, Spec, Standing, figures};
use folder::Folder;

/// The list of a project, relative to its folder.
const LIST: &str = "experiments/paper/figures.toml";

/// Draw the figures of paper-figures/ from results/, and say what of the paper can be had
///
/// Reads DIR/results/*/*.json, which `foldem reproduce` computes, draws every figure from them and from nothing
/// else, and writes DIR/paper-figures/ (SVG, PNG, and the page README.md). Says of each figure which results it
/// is drawn from, and whether it was new, has changed or is the same; and which figures no result gives any
/// more, which are left for you to delete. The same results give the same bytes, those of `reproduce`.
///
/// Of each entry of DIR/experiments/paper/figures.toml, the list of the paper's figures, tables and claims, it
/// says the status (reproduced by a model, predicted, infeasible as stated, not obtainable), and whether the
/// files that its results were computed from are still the same, by their hashes. A project may have no list.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    foldem reproduce                     compute the results, and draw them\n  \
    foldem figures                       draw them again\n  \
    foldem figures . --check             write nothing: is paper-figures/ what results/ gives?\n  \
    foldem figures . --format markdown\n\n\
    Exit codes: 0 fine; 2 usage; 3 a file of results/ is not what this version of foldem writes; 4 a result is \
    missing or what it was computed from has changed, or a figure of the list cannot be drawn; with --check \
    also: a figure or the page differs, is missing, or is of no result; 130 interrupted.")]
pub(super) struct FiguresArgs {
    /// Project folder: the one that holds results/ and experiments/
    #[arg(default_value = ".", value_name = "DIR")]
    directory: PathBuf,
    /// Write nothing; a figure that differs from what results/ gives is a failure
    #[arg(long)]
    check: bool,
}

pub(super) fn run(args: &FiguresArgs, context: &Context) -> Result<u8, CliError> {
    let path = args.directory.join(LIST);
    let list = list(&args.directory)?;
    if list.is_none() && !args.directory.join("results").is_dir() {
        return Err(CliError::Usage(format!(
            "{}: there is neither results/ nor {LIST}; give the project folder, the one that holds experiments/, \
             and run `foldem reproduce` first",
            args.directory.display()
        )));
    }
    context.output.keeps(&[&path])?;
    let drawn = drawn(&args.directory, list.as_ref(), args.check, context)?;
    let sheet = report::figures::sheet(&drawn.findings);
    context.output.emit(&drawn.findings, &sheet)?;
    Ok(if drawn.findings.ok {
        exit::FINE
    } else {
        exit::CLAIM_FAILS
    })
}

/// The list of a project, if it has one.
pub(super) fn list(directory: &Path) -> Result<Option<Spec>, CliError> {
    let path = directory.join(LIST);
    if path.exists() {
        Ok(Some(Spec::load(&path)?))
    } else {
        Ok(None)
    }
}

/// What was drawn.
pub(super) struct Drawn {
    pub(super) findings: FiguresFindings,
    /// Files that were written, relative to the project.
    pub(super) written: Vec<String>,
}

/// Draws all figures of a project from its results, and writes them unless `check`.
pub(super) fn drawn(
    directory: &Path,
    list: Option<&Spec>,
    check: bool,
    context: &Context,
) -> Result<Drawn, CliError> {
    let results = stored::results(directory)?;
    if results.is_empty() && list.is_none() {
        return Err(CliError::Usage(format!(
            "{}: results/ holds no results; run `foldem reproduce` first",
            directory.display()
        )));
    }
    // All are drawn before the first is written.
    let (drawings, left_out) = drawing::draw(&results, &context.interrupt)?;
    let folder = Folder::of(directory);
    let standing = Standing {
        figures: folder.held_against(&drawings)?,
        left_out,
        results: results.iter().map(stored::Stored::findings).collect(),
    };
    let mut findings = figures(list, standing, !check);
    let page = list.map(|_| report::figures::page(&findings));
    if let Some(page) = &page {
        findings = findings.with_page(folder.page(page));
    }
    let written = if check {
        Vec::new()
    } else {
        folder.write(&drawings, page.as_deref())?
    };
    Ok(Drawn { findings, written })
}
