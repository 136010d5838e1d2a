//! `foldem audit`: what published numbers imply.

use std::path::PathBuf;

use clap::Args;

use super::error::{CliError, exit};
use super::{Context, output};
use crate::plot;
use crate::report;
use crate::study::audit::{Spec, audit};

/// Say what must be true if published savings, accuracies and error rates are
///
/// The file holds rows of numbers or intervals [lo, hi]: accuracy before and after, false rejection,
/// detection, rejected share, savings or token counts, lengths, early exit. For each row: the detection
/// rate, the rejected share and the lengths that it implies, and whether its numbers can hold together –
/// for one population, under either account of savings. A row whose numbers cannot is explained; it is
/// no error (exit code 0), and no statement that a number is wrong.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    foldem audit experiments/audits/paper.toml\n  \
    foldem audit experiments/audits/paper.toml --figure region.svg --report audit.html\n  \
    foldem audit my-audit.toml --format json\n\n\
    A file:\n  \
    schema = \"foldem.audit/1\"\n  \
    name = \"claims\"\n  \
    [[row]]\n  \
    name = \"a row\"\n  \
    accuracy_before = 0.552\n  \
    accuracy_after = 0.638\n  \
    false_rejection = [0.0, 0.05]\n  \
    savings = 0.434")]
pub(super) struct AuditArgs {
    /// Published numbers (foldem.audit/1); - is stdin
    file: PathBuf,
    /// Also draw the feasible region: length ratio against false rejections (.svg .png)
    #[arg(long, value_name = "FILE")]
    figure: Option<PathBuf>,
}

pub(super) fn run(args: &AuditArgs, context: &Context) -> Result<u8, CliError> {
    let spec = Spec::load(&args.file)?;
    let mut others = vec![args.file.as_path()];
    let figure = output::picture(args.figure.as_deref(), &others)?;
    others.extend(figure.iter().map(|(path, _)| *path));
    context.output.keeps(&others)?;
    let findings = audit(&spec, &context.interrupt).ok_or(CliError::Interrupted)?;
    let drawn = match figure {
        Some(_) => Some(plot::feasible_region(&findings)?),
        // A page does without a figure where no row has a region.
        None if context.output.has_page() => plot::feasible_region(&findings).ok(),
        None => None,
    };
    let mut sheet = report::audit::sheet(&findings);
    if context.output.has_page() {
        sheet.figures.extend(drawn.clone());
    }
    let shown = context.output.emit(&findings, &sheet);
    if let (Some((path, form)), Some(drawn)) = (figure, &drawn) {
        output::write_file(path, form.bytes(drawn))?;
    }
    shown?;
    Ok(exit::FINE)
}
