//! What of the paper can be had, as people read it, and as the page that stands beside the figures.

use std::fmt::Write as _;

use super::{Section, Sheet};
use crate::plot::capitalised;
use crate::study::figures::{EntryFindings, FiguresFindings, ResultState, Status};

/// The sheet of the entries.
pub fn sheet(findings: &FiguresFindings) -> Sheet {
    let mut section = Section::new("Entries", &["", "status", "figures", "results", "current"]);
    section.rows.extend(findings.entries.iter().map(|entry| {
        vec![
            entry.name.clone(),
            in_words(entry.status).to_owned(),
            entry.figures.len().to_string(),
            entry.results.len().to_string(),
            if entry.ok { "yes" } else { "NO" }.to_owned(),
        ]
    }));
    let count = |status| {
        let entries = findings.entries.iter();
        entries.filter(|entry| entry.status == status).count()
    };
    let counts = Status::ALL.map(|status| format!("{} {}", count(status), in_words(status)));
    let mut summary = vec![format!(
        "{} entries: {}.",
        findings.entries.len(),
        counts.join(", ")
    )];
    summary.extend(findings.entries.iter().flat_map(problems));
    Sheet {
        title: findings.name.clone(),
        summary,
        sections: vec![section],
        ..Sheet::default()
    }
}

fn in_words(status: Status) -> &'static str {
    match status {
        Status::ReproducedByModel => "reproduced by a model",
        Status::Predicted => "predicted",
        Status::InfeasibleAsStated => "infeasible as stated",
        Status::NotObtainable => "not obtainable",
    }
}

fn problems(entry: &EntryFindings) -> Vec<String> {
    let results = entry
        .results
        .iter()
        .filter_map(|result| match result.state {
            ResultState::Current => None,
            ResultState::Changed => Some(format!(
                "{}: what results/{} was computed from has changed; run `foldem reproduce`",
                entry.name, result.name
            )),
            ResultState::Missing => Some(format!(
                "{}: there is no results/{}; run `foldem reproduce`",
                entry.name, result.name
            )),
        });
    let figures = entry.figures.iter().filter(|figure| !figure.drawn);
    let figures = figures.map(|figure| {
        format!(
            "{}: there is no paper-figures/{}.svg; run `foldem reproduce`",
            entry.name, figure.name
        )
    });
    results.chain(figures).collect()
}

/// The page that stands beside the figures, in Markdown.
pub fn page(findings: &FiguresFindings) -> String {
    let mut page = format!(
        "# {}\n\nWritten by `foldem reproduce`; `foldem figures` checks it. *Published* is what summaries of \
         the paper report. *Fitted* is what was chosen so that published numbers come out. *Predicted* is what \
         follows from a model, *measured* what comes out of logs, real or drawn, that have nothing to do with the \
         paper's.\n",
        findings.name
    );
    for entry in &findings.entries {
        let _ = write!(page, "\n## {}\n\n", entry.name);
        let _ = write!(page, "**{}.**", capitalised(in_words(entry.status)));
        let _ = write!(page, " Published: {}\n\n", entry.published);
        if !entry.fitted.is_empty() {
            let _ = write!(page, "Fitted: {}\n\n", entry.fitted);
        }
        let _ = writeln!(page, "{}", entry.found);
        for (figure, caption) in entry.figures.iter().zip(&entry.captions) {
            let _ = write!(
                page,
                "\n![{}]({}.svg)\n\n*{}* {}\n",
                bracketless(&figure.alt),
                figure.name,
                figure.name,
                caption.text()
            );
        }
        let results: Vec<String> = entry
            .results
            .iter()
            .map(|result| format!("[{}](../results/{})", result.name, result.name))
            .collect();
        if !results.is_empty() {
            let _ = write!(page, "\nResults: {}.\n", results.join(", "));
        }
    }
    page
}

/// `text` as it may stand in the brackets of a picture in Markdown.
fn bracketless(text: &str) -> String {
    text.replace('[', "(").replace(']', ")")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::figures::{Caption, FigureFindings, ResultFindings};

    fn findings(state: ResultState, drawn: bool) -> FiguresFindings {
        let entry = EntryFindings {
            name: "a table".to_owned(),
            published: "42 %.".to_owned(),
            status: Status::Predicted,
            fitted: String::new(),
            found: "7 %.".to_owned(),
            figures: vec![FigureFindings {
                name: "f".to_owned(),
                drawn,
                alt: "a [line]".to_owned(),
            }],
            captions: vec![Caption {
                figure: "f".to_owned(),
                fitted: String::new(),
                drawn: "It is measured.".to_owned(),
            }],
            results: vec![ResultFindings {
                name: "r".to_owned(),
                state,
            }],
            ok: drawn && state == ResultState::Current,
        };
        FiguresFindings {
            schema: "test",
            name: "all".to_owned(),
            ok: entry.ok,
            entries: vec![entry],
        }
    }

    #[test]
    fn what_is_stale_is_said_and_the_page_tells_published_from_found() {
        let fine = sheet(&findings(ResultState::Current, true));
        assert_eq!(fine.summary.len(), 1, "{:?}", fine.summary);
        let stale = sheet(&findings(ResultState::Changed, false));
        assert_eq!(stale.summary.len(), 3, "{:?}", stale.summary);
        assert!(stale.summary[1].contains("results/r was computed from has changed"));
        let page = page(&findings(ResultState::Current, true));
        assert!(page.contains("**Predicted.** Published: 42 %."), "{page}");
        assert!(page.contains("![a (line)](f.svg)") && !page.contains("Fitted: "));
        assert!(
            page.contains("*f* Nothing is fitted. It is measured."),
            "{page}"
        );
        let mut fitted = findings(ResultState::Current, true);
        fitted.entries[0].captions[0].fitted = "the rate.".to_owned();
        let page = super::page(&fitted);
        assert!(
            page.contains("*f* Fitted: the rate. It is measured."),
            "{page}"
        );
    }
}
