//! Variants of scenarios: why `NAME-VARIANT.toml` saves otherwise than `NAME.toml`.

use super::scenarios;
use super::writer::Writer;
use crate::cli::Context;
use crate::cli::error::CliError;
use crate::report::{self, Provenance};
use crate::study::explanation::{ExplanationError, explain};

/// Explains each variant by the scenario that it is one of and writes what was found.
pub(super) fn evaluate(
    scenarios: &scenarios::Inputs,
    writer: &mut Writer<'_>,
    context: &Context,
) -> Result<(), CliError> {
    let all: Vec<_> = scenarios.by_stem().collect();
    for (variant, text, second) in &all {
        let is_variant = |stem: &str| {
            let rest = variant.strip_prefix(stem);
            rest.is_some_and(|rest| rest.starts_with('-'))
        };
        // Of a variant of a variant the nearest.
        let origins = all.iter().filter(|(stem, ..)| is_variant(stem));
        let Some((stem, of_first, first)) = origins.max_by_key(|(stem, ..)| stem.len()) else {
            continue;
        };
        let findings = match explain(first, second, &context.interrupt) {
            Ok(findings) => findings,
            Err(ExplanationError::Interrupted) => return Err(CliError::Interrupted),
            // They share a name and not a shape.
            Err(ExplanationError::Mismatch(_) | ExplanationError::Mixture(_)) => continue,
        };
        let name = format!("explain-{stem}-and-{variant}");
        let [first, second] = [stem, variant].map(|stem| format!("experiments/{stem}.toml"));
        let input = (first.as_str(), of_first.as_bytes());
        let provenance = Provenance::of_spec(&second, text.as_bytes(), Some(input));
        writer.provenance(&name, &provenance)?;
        let sheet = report::explanation::sheet(&findings);
        writer.findings(&name, "explanation", &findings, &sheet)?;
    }
    Ok(())
}
