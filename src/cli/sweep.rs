//! `foldem sweep`: the figures of a scenario over a grid of its numbers and of policies.

use std::path::{Path, PathBuf};

use clap::Args;

use super::error::{CliError, exit};
use super::{Context, output, progress};
use crate::plot;
use crate::report::{self, Format};
use crate::study::sweep::{Sweep, evaluate};

/// Evaluate a scenario over a grid of its parameters and policies
///
/// The sweep file names the scenario, the numbers to vary and their values, and other policies, if
/// any. Every point is evaluated exactly and, where the file asks for attempts, by Monte Carlo, all
/// points with the same seed.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    foldem sweep experiments/sweeps/five-stage-alarms.toml\n  \
    foldem sweep experiments/sweeps/five-stage-alarms.toml -o sweep.csv --figure sweep.svg")]
pub(super) struct SweepArgs {
    /// Sweep file (foldem.sweep/1); - is stdin
    sweep: PathBuf,
    /// Also write all points to FILE; its ending decides the form (.csv .json .parquet)
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    output: Option<PathBuf>,
    /// Also draw savings, false rejections and cost over the first axis (.svg .png)
    #[arg(long, value_name = "FILE")]
    figure: Option<PathBuf>,
}

pub(super) fn run(args: &SweepArgs, context: &Context) -> Result<u8, CliError> {
    let sweep = Sweep::load(&args.sweep)?;
    // What cannot be written is told before the work, not after.
    let mut others = vec![args.sweep.as_path()];
    let product = args.output.as_deref();
    let product = product
        .map(|path| product_form(path, &others))
        .transpose()?;
    others.extend(product.iter().map(|(path, _)| *path));
    let figure = output::picture(args.figure.as_deref(), &others)?;
    others.extend(figure.iter().map(|(path, _)| *path));
    context.output.keeps(&others)?;
    if figure.is_some() && sweep.axes() == 0 && sweep.points() < 2 {
        let message = "--figure: the sweep has no [[axis]] and no policies to draw anything over";
        return Err(CliError::Usage(message.to_owned()));
    }

    let bar = progress::points(context, sweep.points() as u64, "sweep");
    let findings = evaluate(&sweep, &|done| bar.set_position(done), &context.interrupt);
    bar.finish_and_clear();
    let sheet = report::sweep::sheet(&findings);
    // The files are written even where nobody reads stdout to its end.
    let shown = context.output.emit(&findings, &sheet);
    if let Some((path, form)) = product {
        let bytes = match form {
            Product::Text(form) => report::render(form, &findings, &sheet)?.into_bytes(),
            Product::Parquet => report::sweep_parquet(&findings)?,
        };
        output::write_file(path, &bytes)?;
    }
    if let Some((path, form)) = figure {
        // An interrupted sweep may have nothing to draw.
        if findings.points.is_empty() {
            context.output.tell("interrupted: no figure was drawn");
        } else {
            let figure = plot::sweep_curves(&findings)?;
            output::write_file(path, form.bytes(&figure))?;
        }
    }
    shown?;
    Ok(if findings.partial {
        exit::INTERRUPTED
    } else {
        exit::FINE
    })
}

/// A form of all points.
#[derive(Debug, Clone, Copy)]
enum Product {
    Text(Format),
    Parquet,
}

/// A file for all points, and its form by its ending.
fn product_form<'p>(path: &'p Path, others: &[&Path]) -> Result<(&'p Path, Product), CliError> {
    output::product("--output", path, others)?;
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    let form = match ending.to_str().unwrap_or_default() {
        "csv" => Product::Text(Format::Csv),
        "json" => Product::Text(Format::Json),
        "parquet" => Product::Parquet,
        _ => {
            return Err(CliError::Usage(format!(
                "--output {}: the ending decides the form; use .csv, .json or .parquet",
                path.display()
            )));
        }
    };
    Ok((path, form))
}
