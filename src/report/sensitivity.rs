//! Sobol indices as people read them: what figures do over the box, and a table of ranges for each.

use super::number::{exactly, number, optional, with_interval};
use super::{Section, Sheet};
use crate::study::Estimate;
use crate::study::sensitivity::{
    Extreme, FigureFindings, IndexFindings, Law, RangeFindings, SensitivityFindings,
};

/// Figures are exact at a point; this many digits are read.
const RESOLUTION: f64 = 1e-3;
/// A total index above this is worth a word.
const TELLING: f64 = 0.005;

/// The sheet of the indices of a box.
pub fn sheet(findings: &SensitivityFindings) -> Sheet {
    let mut sections = vec![ranges(findings)];
    sections.extend(findings.figures.iter().map(|f| extremes(f, findings)));
    sections.extend(findings.figures.iter().map(|f| indices(f, findings)));
    Sheet {
        title: format!("What decides: {}", findings.name),
        summary: findings
            .figures
            .iter()
            .flat_map(|figure| answer(figure, findings))
            .collect(),
        sections,
        data: data(findings),
        warnings: warnings(findings),
        ..Sheet::default()
    }
}

/// The table of the first figure among other findings.
pub(super) fn titled(findings: &SensitivityFindings) -> Option<Section> {
    let figure = findings.figures.first()?;
    let section = indices(figure, findings);
    Some(Section {
        title: format!("{}: {}", findings.name, section.title),
        ..section
    })
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// Where the figure runs over the box, and which ranges decide it.
fn answer(figure: &FigureFindings, findings: &SensitivityFindings) -> Vec<String> {
    let name = words(&figure.name);
    let shown = |x: f64| number(x, RESOLUTION);
    let (Some(least), Some(greatest), Some([lo, hi])) =
        (&figure.least, &figure.greatest, figure.central_90)
    else {
        return vec![format!(
            "{name}: undefined at {} points of the box, so it has no indices there.",
            figure.undefined
        )];
    };
    let mut told = vec![format!(
        "{name}: from {} to {} over the box, nine of ten points between {} and {}, mean {}.",
        shown(least.value),
        shown(greatest.value),
        shown(lo),
        shown(hi),
        with_interval(readable(figure.mean, 1.0))
    )];
    let total = |index: &IndexFindings| index.total.mean;
    let pairs = findings.ranges.iter().zip(&figure.indices);
    let mut order: Vec<(&RangeFindings, &IndexFindings)> =
        pairs.filter(|(_, index)| total(index).is_some()).collect();
    order.sort_by(|a, b| {
        let [a, b] = [a, b].map(|(_, index)| total(index).unwrap_or(0.0));
        b.total_cmp(&a)
    });
    if order.is_empty() {
        told.push(format!("{name} do not move with anything in these ranges."));
        return told;
    }
    let telling = order
        .iter()
        .filter(|(_, index)| total(index) > Some(TELLING));
    let parts = telling.take(3).map(|(range, index)| {
        format!(
            "`{}` takes part in {} of the variance ({} alone; {} in its lowest quarter, {} in its highest)",
            range.name,
            share(index.total.mean),
            share(index.first.mean),
            optional(index.lowest_quarter.mean, RESOLUTION),
            optional(index.highest_quarter.mean, RESOLUTION),
        )
    });
    told.push(format!("{name}: {}.", parts.collect::<Vec<_>>().join("; ")));
    let alone: f64 = order.iter().filter_map(|(_, i)| i.first.mean).sum();
    told.push(format!(
        "{name}: together the ranges explain {} of the variance each by itself; the rest is interaction.",
        share(Some(alone))
    ));
    told
}

/// A share in whole per cent.
fn share(x: Option<f64>) -> String {
    x.map_or_else(
        || "–".to_owned(),
        |x| format!("{} %", number(100.0 * x, 10.0)),
    )
}

/// An estimate in another unit, with no more digits than anybody reads.
fn readable(estimate: Estimate, unit: f64) -> Estimate {
    Estimate {
        mean: estimate.mean.map(|x| unit * x),
        stderr: estimate.stderr.map(|x| unit * x.max(RESOLUTION)),
        ci: estimate.ci.map(|ci| ci.map(|x| unit * x)),
    }
}

fn ranges(findings: &SensitivityFindings) -> Section {
    let mut section = Section::new("Ranges", &["range", "from", "to", "law", "numbers"]);
    section.rows = findings
        .ranges
        .iter()
        .map(|range| {
            let law = match range.law {
                Law::Uniform => "uniform",
                Law::LogUniform => "log-uniform",
            };
            vec![
                range.name.clone(),
                range.from.to_string(),
                range.to.to_string(),
                law.to_owned(),
                range.keys.join(", "),
            ]
        })
        .collect();
    section
}

/// Where the figure is least and greatest.
fn extremes(figure: &FigureFindings, findings: &SensitivityFindings) -> Section {
    let names = findings.ranges.iter().map(|range| range.name.as_str());
    let header: Vec<&str> = ["", "value"].into_iter().chain(names).collect();
    let title = format!("{}: extremes", words(&figure.name));
    let mut section = Section::new(&title, &header);
    let row = |name: &str, extreme: &Option<Extreme>| {
        let extreme = extreme.as_ref()?;
        let values = std::iter::once(extreme.value).chain(extreme.at.iter().copied());
        let values = values.map(|x| number(x, RESOLUTION));
        Some(std::iter::once(name.to_owned()).chain(values).collect())
    };
    section.rows = [("least", &figure.least), ("greatest", &figure.greatest)]
        .into_iter()
        .filter_map(|(name, extreme)| row(name, extreme))
        .collect();
    section
}

fn indices(figure: &FigureFindings, findings: &SensitivityFindings) -> Section {
    let header = [
        "range",
        "alone %",
        "with interactions %",
        "mean in its lowest quarter",
        "mean in its highest quarter",
    ];
    let title = format!("{}: share of the variance", words(&figure.name));
    let mut section = Section::new(&title, &header);
    section.rows = findings
        .ranges
        .iter()
        .zip(&figure.indices)
        .map(|(range, index)| {
            vec![
                range.name.clone(),
                with_interval(readable(index.first, 100.0)),
                with_interval(readable(index.total, 100.0)),
                with_interval(readable(index.lowest_quarter, 1.0)),
                with_interval(readable(index.highest_quarter, 1.0)),
            ]
        })
        .collect();
    section
}

fn warnings(findings: &SensitivityFindings) -> Vec<String> {
    let mut warnings = vec![
        "indices hold for these ranges and laws: a wider range makes its number more important".to_owned(),
        "ranges are drawn independently of each other; where numbers go together in life, move them \
         together by one range"
            .to_owned(),
    ];
    for figure in findings.figures.iter().filter(|f| f.undefined > 0) {
        let at = figure.undefined_at.iter().flatten().zip(&findings.ranges);
        let at: Vec<String> = at
            .map(|(x, range)| format!("{} = {x}", range.name))
            .collect();
        warnings.push(format!(
            "{} is undefined at {} points, first with {}: make the ranges narrower",
            words(&figure.name),
            figure.undefined,
            at.join(", ")
        ));
    }
    warnings
}

fn data(findings: &SensitivityFindings) -> Section {
    let mut header = vec!["figure".to_owned(), "range".to_owned()];
    for name in ["first", "total", "lowest_quarter", "highest_quarter"] {
        header.extend(["", "_stderr", "_ci_lo", "_ci_hi"].map(|end| format!("{name}{end}")));
    }
    let columns: Vec<&str> = header.iter().map(String::as_str).collect();
    let mut section = Section::new("", &columns);
    let cells =
        |e: &Estimate| [e.mean, e.stderr, e.ci.map(|ci| ci[0]), e.ci.map(|ci| ci[1])].map(exactly);
    for figure in &findings.figures {
        section.rows.extend(
            findings
                .ranges
                .iter()
                .zip(&figure.indices)
                .map(|(range, index)| {
                    let estimates = [
                        &index.first,
                        &index.total,
                        &index.lowest_quarter,
                        &index.highest_quarter,
                    ];
                    let names = [figure.name.clone(), range.name.clone()];
                    names
                        .into_iter()
                        .chain(estimates.into_iter().flat_map(cells))
                        .collect()
                }),
        );
    }
    section
}
