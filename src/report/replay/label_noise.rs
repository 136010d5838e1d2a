//! What people read of figures corrected for label noise.

use super::super::Section;
use super::super::number::{optional, with_interval};
use crate::estimate::Estimate;
use crate::study::replay::{Bounds, ReplayFindings};

/// What the corrected figures say, and what is impossible about them.
pub(super) fn verdict(findings: &ReplayFindings) -> Vec<String> {
    let Some(noise) = &findings.label_noise else {
        return Vec::new();
    };
    let cost = noise.figures.iter().find(|f| f.name == "cost_ratio");
    let cost = cost.filter(|f| f.value.corrected.mean.is_some()).map(|f| {
        format!(
            ", a retained sample would have cost {} times as much as by full generation",
            with_interval(f.value.corrected)
        )
    });
    let mut paragraphs = vec![format!(
        "With labels of sensitivity {} and specificity {}{}; errors that depend on what the policy \
         rejects are allowed for by the bounds alone.",
        noise.sensitivity,
        noise.specificity,
        cost.unwrap_or_default()
    )];
    paragraphs.extend(noise.infeasible.iter().cloned());
    paragraphs
}

/// Reported, corrected and bounded figures.
pub(in crate::report) fn section(findings: &ReplayFindings) -> Section {
    let header = [
        "",
        "with these labels",
        "corrected",
        "bounds",
        "95 % interval of the bounds",
    ];
    let mut section = Section::new("With right labels (judge's quality as given)", &header);
    let noise = findings.label_noise.iter();
    section.rows = noise
        .flat_map(|noise| &noise.figures)
        .map(|figure| {
            let [reported, corrected] = [figure.value.reported, figure.value.corrected];
            let Bounds { lo, hi, ci } = figure.value.bounds;
            let resolution = corrected.stderr.unwrap_or(0.0);
            let range = |[lo, hi]: [Option<f64>; 2]| {
                format!(
                    "[{}, {}]",
                    optional(lo, resolution),
                    optional(hi, resolution)
                )
            };
            vec![
                figure.name.clone(),
                with_interval(reported),
                with_interval(corrected),
                range([lo, hi]),
                range(ci),
            ]
        })
        .collect();
    section
}

/// Everything at full precision; bounds as two rows, each with its side of the interval.
pub(super) fn data(findings: &ReplayFindings, add: &mut dyn FnMut(&str, &str, &Estimate)) {
    for figure in findings.label_noise.iter().flat_map(|noise| &noise.figures) {
        let Bounds { lo, hi, ci } = figure.value.bounds;
        add(
            "label_noise corrected",
            &figure.name,
            &figure.value.corrected,
        );
        let bounds = Estimate {
            mean: None,
            stderr: None,
            ci: lo.zip(hi).map(|(lo, hi)| [lo, hi]),
        };
        add("label_noise bounds", &figure.name, &bounds);
        let interval = Estimate {
            ci: ci[0].zip(ci[1]).map(|(lo, hi)| [lo, hi]),
            ..bounds
        };
        add("label_noise bounds with sampling", &figure.name, &interval);
    }
}
