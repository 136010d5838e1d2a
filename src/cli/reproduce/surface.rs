//! The surface: the shipped logs by model and benchmark under two of the shipped policies, beside two of the
//! scenarios. Projects without these files go without what is missing.

use super::writer::Writer;
use super::{replays, scenarios};
use crate::cli::Context;
use crate::cli::error::CliError;
use crate::cli::filling::table;
use crate::cli::replay::{IntakeArgs, auditor};
use crate::input::InputError;
use crate::replay::Auditor;
use crate::report;
use crate::study::surface::surface;

/// Where its results go.
const NAME: &str = "surface";
/// The policies: the paper's, and one that looks often. Files of `experiments/policies` without their ending.
const POLICIES: [&str; 2] = ["paper", "every-8-tokens"];
/// The scenarios: made to look like the paper's pipeline, and fitted to a published row. Files of
/// `experiments` without their ending.
const SCENARIOS: [&str; 2] = ["gsm8k-like", "llama-gsm8k-row"];

/// Evaluates the surface and writes what was found.
pub(super) fn evaluate(
    replays: &replays::Inputs,
    scenarios: &scenarios::Inputs,
    writer: &mut Writer<'_>,
    context: &Context,
) -> Result<(), CliError> {
    let chosen: Vec<_> = POLICIES
        .iter()
        .filter_map(|&stem| replays.policy(stem))
        .collect();
    let Some(((first, _, first_text, _), others)) = chosen.split_first() else {
        return Ok(());
    };
    if replays.logs().is_empty() {
        return Ok(());
    }
    let auditors = chosen
        .iter()
        .map(|(_, path, _, policy)| auditor(policy, path));
    let auditor = Auditor::joined(auditors.collect::<Result<Vec<_>, _>>()?);
    let (table, intake) = table(replays.logs(), &auditor, IntakeArgs::default(), context)?;
    if intake.partial {
        return Err(CliError::Interrupted);
    }
    let modelled: Vec<_> = SCENARIOS
        .iter()
        .filter_map(|&stem| scenarios.scenario(stem))
        .collect();
    let policies: Vec<_> = chosen
        .iter()
        .map(|(.., policy)| (*policy).clone())
        .collect();
    let models: Vec<_> = modelled
        .iter()
        .map(|(.., scenario)| (*scenario).clone())
        .collect();
    let findings = surface(&policies, &table, false, &intake, &models).map_err(|e| {
        let path = chosen[e.policy].1.display().to_string();
        InputError::whole_file(&path, e.message)
    })?;
    let others = others
        .iter()
        .map(|(stem, _, text, _)| (format!("experiments/policies/{stem}.toml"), text.as_bytes()));
    let of_models = modelled
        .iter()
        .map(|(stem, text, _)| (format!("experiments/{stem}.toml"), text.as_bytes()));
    let provenance = replays.provenance(first, first_text);
    writer.provenance(NAME, &provenance.with_inputs(others.chain(of_models)))?;
    let sheet = report::surface::sheet(&findings);
    writer.findings(NAME, NAME, &findings, &sheet)
}
