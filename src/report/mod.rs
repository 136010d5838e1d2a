//! From findings to text: one exporter per file.
//!
//! Every command's findings become one [`Sheet`], which each exporter renders; JSON renders the
//! findings themselves.

pub mod audit;
pub mod calibration;
pub mod comparison;
mod csv;
mod early_exit;
pub mod explanation;
pub mod figures;
pub mod fit;
pub mod guarantee;
mod html;
pub mod log_explanation;
pub mod log_stress;
mod markdown;
mod money;
pub mod monitor;
mod number;
pub mod optimal;
pub mod paths;
pub mod plan;
pub mod positions;
mod provenance;
pub mod recovery;
mod remarks;
pub mod replay;
pub mod reproduction;
pub mod sensitivity;
mod sheet;
pub mod simulation;
pub mod stress;
pub mod surface;
pub mod sweep;
mod sweep_columns;
mod terminal;
pub mod tuning;
pub mod verification;

pub use money::add_money;
pub use number::{exactly, interval, number, optional};
pub use provenance::{Drawn, LogFile, Provenance};
pub use sheet::{Example, Section, Sheet};
pub use sweep_columns::parquet as sweep_parquet;

use crate::columnar::FileError;

/// The form in which findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns for a terminal.
    Table,
    /// The findings as they are, see the format documentation.
    Json,
    /// Sections below each other, each with its header.
    Csv,
    /// Headings and pipe tables.
    Markdown,
    /// One self-contained page.
    Html,
}

/// Writes findings in `format`; `sheet` is what people read of them.
pub fn render(
    format: Format,
    findings: &impl serde::Serialize,
    sheet: &Sheet,
) -> Result<String, RenderError> {
    Ok(match format {
        Format::Table => terminal::render(sheet),
        Format::Json => serde_json::to_string_pretty(findings)? + "\n",
        Format::Csv => csv::render(sheet)?,
        Format::Markdown => markdown::render(sheet),
        Format::Html => html::render(sheet),
    })
}

/// Findings that could not be written down.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// As JSON.
    #[error("the findings cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// As CSV.
    #[error("the findings cannot be written as CSV: {0}")]
    Csv(#[from] ::csv::Error),
    /// As Parquet.
    #[error("the findings cannot be written as Parquet: {0}")]
    Parquet(#[from] FileError),
}
