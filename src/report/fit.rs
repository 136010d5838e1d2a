//! A fit as people read it: whether the scenario tells what replay tells, its stages, and each parameter
//! with its interval and how it came about.

use super::number::{exactly, number, optional};
use super::{Section, Sheet};
use crate::study::fit::{FitFindings, Onsets, Parameter, RoundTrip, Status};

/// Where a value is shown without a standard error to go by.
const RESOLUTION: f64 = 1e-4;

/// The sheet of a fit.
pub fn sheet(findings: &FitFindings) -> Sheet {
    let mut sections = vec![agreement(findings)];
    sections.extend(findings.round_trip.as_ref().and_then(round_trip));
    sections.push(stages(findings));
    sections.push(parameters(findings, Status::Estimated, "Estimated", "from"));
    sections.push(parameters(
        findings,
        Status::Assumed,
        "Assumed, not estimated",
        "why",
    ));
    Sheet {
        title: format!("Scenario fitted under policy {}", findings.policy),
        summary: summary(findings),
        sections,
        data: data(findings),
        warnings: findings.warnings.clone(),
        ..Sheet::default()
    }
}

/// What stands above the scenario in its file.
pub fn comment(findings: &FitFindings, sources: &[(String, String)]) -> String {
    let mut lines = vec![format!(
        "Fitted by foldem fit to {} generations of {} prompts; seed {}, {} resamples.",
        findings.records, findings.prompts, findings.seed, findings.resamples
    )];
    lines.extend(
        sources
            .iter()
            .map(|(name, value)| format!("{name}: {value}")),
    );
    lines.extend(summary(findings).into_iter().skip(1));
    lines.push("Estimated, with 95 % intervals over prompts:".to_owned());
    let of = |status| {
        findings
            .parameters
            .iter()
            .filter(move |p| p.status == status)
    };
    lines.extend(of(Status::Estimated).map(|p| format!("  {} {}", p.name, interval(p))));
    lines.push("Assumed, because the log does not tell:".to_owned());
    lines.extend(of(Status::Assumed).map(|p| format!("  {} = {}: {}", p.name, p.value, p.reason)));
    lines.extend(findings.warnings.iter().map(|w| format!("Note: {w}")));
    lines.join("\n")
}

fn summary(findings: &FitFindings) -> Vec<String> {
    let onsets = match findings.onsets {
        Onsets::Steps => {
            "Where faults start is known from labels of steps; what is accepted without them counts as right throughout."
        }
        Onsets::Alarms => {
            "Steps are not labelled: what the final filter refuses has gone wrong, and where it did is taken from first \
             alarms."
        }
    };
    let mut summary = vec![format!(
        "{} generations of {} prompts, {} stages, fault kinds: {}. {onsets} Intervals are 95 %, from {} resamples of \
         prompts (seed {}).",
        findings.records,
        findings.prompts,
        findings.stages.len(),
        findings.kinds.join(", "),
        findings.resamples,
        findings.seed,
    )];
    if findings.unlabelled > 0 {
        summary.push(format!(
            "{} records without {} are left out.",
            findings.unlabelled,
            match findings.onsets {
                Onsets::Steps => "a verdict, or refused and without labels of steps,",
                Onsets::Alarms => "a verdict",
            }
        ));
    }
    let outside: Vec<&str> = findings
        .figures
        .iter()
        .filter(|f| !f.within)
        .map(|f| f.name)
        .collect();
    summary.push(if outside.is_empty() {
        "On the log itself the scenario's savings, false rejection rate and cost ratio lie within replay's intervals."
            .to_owned()
    } else {
        format!(
            "On the log itself the scenario does NOT reproduce {}: it lies outside replay's interval.",
            outside.join(", ")
        )
    });
    if let Some(trip) = &findings.round_trip {
        let halves = format!(
            "Round trip, fitted on {} prompts and held against the {} others",
            trip.fitted_on, trip.held_against
        );
        summary.push(match (trip.agrees, &trip.reason) {
            (Some(true), _) => {
                format!("{halves}: the figures agree within their joint 95 % interval.")
            }
            (Some(false), _) => {
                let apart = trip.figures.iter().filter(|f| !f.within).map(|f| f.name);
                let apart: Vec<&str> = apart.collect();
                format!(
                    "{halves}: the figures do NOT agree within their joint 95 % interval ({}).",
                    apart.join(", ")
                )
            }
            (None, reason) => {
                let reason = reason.as_deref().unwrap_or("not known why");
                format!("{halves}: nothing to compare, since {reason}.")
            }
        });
    }
    summary
}

fn agreement(findings: &FitFindings) -> Section {
    let header = [
        "",
        "scenario",
        "95 % interval",
        "replay",
        "95 % interval",
        "difference",
        "95 % interval",
        "within replay's",
    ];
    let mut section = Section::new(
        "The scenario beside replay, on the same generations",
        &header,
    );
    section.rows = findings
        .figures
        .iter()
        .map(|f| {
            vec![
                f.name.to_owned(),
                number(f.fitted, RESOLUTION),
                ends(f.ci),
                optional(f.replayed.mean, RESOLUTION),
                ends(f.replayed.ci),
                number(f.difference, RESOLUTION),
                ends(f.difference_ci),
                yes(f.within),
            ]
        })
        .collect();
    section
}

fn round_trip(trip: &RoundTrip) -> Option<Section> {
    let header = [
        "",
        "scenario",
        "standard error",
        "replay",
        "standard error",
        "difference",
        "joint 95 % interval",
        "agrees",
    ];
    let mut section = Section::new(
        "Round trip: fitted on half of the prompts, held against the other half",
        &header,
    );
    section.rows = trip
        .figures
        .iter()
        .map(|f| {
            vec![
                f.name.to_owned(),
                number(f.fitted, RESOLUTION),
                number(f.fitted_stderr, RESOLUTION),
                number(f.replayed, RESOLUTION),
                number(f.replayed_stderr, RESOLUTION),
                number(f.difference, RESOLUTION),
                ends(Some(f.ci)),
                yes(f.within),
            ]
        })
        .collect();
    (!section.rows.is_empty()).then_some(section)
}

fn stages(findings: &FitFindings) -> Section {
    let mut section = Section::new("Stages", &["stage", "ends", "validators consulted there"]);
    section.rows = findings
        .stages
        .iter()
        .map(|stage| {
            let validators = if stage.validators.is_empty() {
                "–".to_owned()
            } else {
                stage.validators.join(", ")
            };
            vec![stage.name.clone(), stage.ends.clone(), validators]
        })
        .collect();
    section
}

fn parameters(findings: &FitFindings, status: Status, title: &str, reason: &str) -> Section {
    let estimated = status == Status::Estimated;
    let header: &[&str] = if estimated {
        &["parameter", "value", "95 % interval", reason]
    } else {
        &["parameter", "value", reason]
    };
    let mut section = Section::new(title, header);
    let of_status = findings.parameters.iter().filter(|p| p.status == status);
    section.rows = of_status
        .map(|p| {
            let mut row = vec![p.name.clone()];
            if estimated {
                row.push(number(p.value, resolution(p)));
                row.push(interval(p));
            } else {
                row.push(p.value.to_string());
            }
            row.push(p.reason.clone());
            row
        })
        .collect();
    section
}

/// What the interval of a parameter allows to be told apart.
fn resolution(parameter: &Parameter) -> f64 {
    parameter.ci.map_or(RESOLUTION, |[lo, hi]| (hi - lo) / 4.0)
}

fn interval(parameter: &Parameter) -> String {
    let resolution = resolution(parameter);
    parameter.ci.map_or_else(
        || "–".to_owned(),
        |[lo, hi]| format!("[{}, {}]", number(lo, resolution), number(hi, resolution)),
    )
}

fn ends(ci: Option<[f64; 2]>) -> String {
    ci.map_or_else(
        || "–".to_owned(),
        |[lo, hi]| format!("[{}, {}]", number(lo, RESOLUTION), number(hi, RESOLUTION)),
    )
}

fn yes(agrees: bool) -> String {
    if agrees { "yes" } else { "NO" }.to_owned()
}

/// One line per parameter at full precision.
fn data(findings: &FitFindings) -> Section {
    let header = ["parameter", "value", "ci_lo", "ci_hi", "status", "reason"];
    let mut section = Section::new("", &header);
    section.rows = findings
        .parameters
        .iter()
        .map(|p| {
            vec![
                p.name.clone(),
                exactly(Some(p.value)),
                exactly(p.ci.map(|ci| ci[0])),
                exactly(p.ci.map(|ci| ci[1])),
                match p.status {
                    Status::Estimated => "estimated",
                    Status::Assumed => "assumed",
                }
                .to_owned(),
                p.reason.clone(),
            ]
        })
        .collect();
    section
}
