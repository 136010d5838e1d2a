//! What of the paper can be had, as people read it, and as the page that stands beside the figures.

use std::fmt::Write as _;

use super::{Section, Sheet};
use crate::plot::capitalised;
use crate::study::figures::{FigureFindings, FiguresFindings, FileState, ResultState, Status};

/// The sheet of entries and figures.
pub fn sheet(findings: &FiguresFindings) -> Sheet {
    let mut entries = Section::new("Entries", &["", "status", "figures", "results", "current"]);
    entries.rows.extend(findings.entries.iter().map(|entry| {
        vec![
            entry.name.clone(),
            in_words(entry.status).to_owned(),
            entry.figures.len().to_string(),
            entry.results.len().to_string(),
            if entry.ok { "yes" } else { "NO" }.to_owned(),
        ]
    }));
    let mut figures = Section::new("Figures", &["", "state", "drawn from"]);
    figures.rows.extend(findings.figures.iter().map(|figure| {
        let state = match figure.state {
            FileState::Same => "same",
            FileState::Changed => "changed",
            FileState::New => "new",
            FileState::Orphaned => "ORPHANED",
        };
        let from = files(figure).unwrap_or_else(|| "–".to_owned());
        vec![figure.name.clone(), state.to_owned(), from]
    }));
    let count = |status| {
        let entries = findings.entries.iter();
        entries.filter(|entry| entry.status == status).count()
    };
    let counts = Status::ALL.map(|status| format!("{} {}", count(status), in_words(status)));
    let mut summary = Vec::new();
    if findings.name.is_some() {
        let all = findings.entries.len();
        summary.push(format!("{all} entries: {}.", counts.join(", ")));
    }
    summary.push(stands(findings));
    summary.extend(problems(findings));
    let sections = [entries, figures].into_iter();
    Sheet {
        title: findings
            .name
            .clone()
            .unwrap_or_else(|| "Figures".to_owned()),
        summary,
        sections: sections.filter(|s| !s.rows.is_empty()).collect(),
        ..Sheet::default()
    }
}

/// How many figures there are and how they stand.
fn stands(findings: &FiguresFindings) -> String {
    let count = |state| {
        let figures = findings.figures.iter();
        figures.filter(|figure| figure.state == state).count()
    };
    let [same, changed, new, orphaned] = [
        FileState::Same,
        FileState::Changed,
        FileState::New,
        FileState::Orphaned,
    ]
    .map(count);
    format!(
        "{} figures drawn from results/{}: {same} the same, {changed} changed, {new} new; {orphaned} of no result.",
        same + changed + new,
        if findings.written {
            ""
        } else {
            " and not written"
        }
    )
}

/// What a figure is drawn from: its file, or of how many results which one.
fn files(figure: &FigureFindings) -> Option<String> {
    if let [file] = figure.results.as_slice() {
        return Some(format!("results/{file}"));
    }
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for file in &figure.results {
        let kind = file.rsplit('/').next().unwrap_or_default();
        match kinds.iter_mut().find(|(other, _)| *other == kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((kind, 1)),
        }
    }
    let told: Vec<String> = kinds
        .iter()
        .map(|(kind, count)| format!("{kind} of {count} results"))
        .collect();
    (!told.is_empty()).then(|| told.join(" and "))
}

fn in_words(status: Status) -> &'static str {
    match status {
        Status::ReproducedByModel => "reproduced by a model",
        Status::Predicted => "predicted",
        Status::InfeasibleAsStated => "infeasible as stated",
        Status::NotObtainable => "not obtainable",
    }
}

/// What is not as it should be, a sentence each, and how to mend it.
pub fn problems(findings: &FiguresFindings) -> Vec<String> {
    let mut problems = Vec::new();
    for result in &findings.results {
        let name = &result.name;
        match result.state {
            ResultState::Current => {}
            ResultState::Changed => problems.push(format!(
                "what results/{name} was computed from has changed; run `foldem reproduce`"
            )),
            ResultState::Orphaned => problems.push(format!(
                "what results/{name} was computed from is not there any more; bring it back, or delete \
                 results/{name} and run `foldem figures`"
            )),
            ResultState::Missing => problems.push(format!(
                "results/{name} does not say what it was computed from; run `foldem reproduce`, or delete it"
            )),
        }
    }
    for entry in &findings.entries {
        let missing = entry.results.iter().filter(|result| {
            let mut stored = findings.results.iter();
            stored.all(|other| other.name != result.name)
        });
        problems.extend(missing.map(|result| {
            format!(
                "{}: there is no results/{}; run `foldem reproduce`",
                entry.name, result.name
            )
        }));
        let figures = entry.figures.iter().filter(|figure| !figure.drawn);
        problems.extend(figures.map(|figure| {
            format!(
                "{}: no result gives the figure {}; run `foldem reproduce`",
                entry.name, figure.name
            )
        }));
    }
    let named = |name: &str| {
        let mut entries = findings.entries.iter().flat_map(|entry| &entry.figures);
        entries.any(|figure| figure.name == name)
    };
    for figure in &findings.figures {
        let name = &figure.name;
        match figure.state {
            // Of what the list names it was said above.
            FileState::Orphaned if named(name) => {}
            FileState::Orphaned => problems.push(format!(
                "no result gives paper-figures/{name} any more; delete its files"
            )),
            FileState::Changed if !findings.written => problems.push(format!(
                "paper-figures/{name} is not what results/ gives; run `foldem figures`, or `foldem reproduce` where a \
                 result was edited"
            )),
            FileState::New if !findings.written => problems.push(format!(
                "paper-figures/{name} is missing; run `foldem figures`"
            )),
            FileState::Same | FileState::Changed | FileState::New => {}
        }
    }
    if !findings.written && findings.page.is_some_and(|page| page != FileState::Same) {
        problems.push(
            "paper-figures/README.md is not what the list and results/ give; run `foldem figures`"
                .to_owned(),
        );
    }
    let left_out = findings.left_out.iter();
    problems.extend(left_out.map(|left| {
        format!(
            "results/{}: not drawn: {}",
            left.results.join(", results/"),
            left.why
        )
    }));
    problems
}

/// The page that stands beside the figures, in Markdown.
pub fn page(findings: &FiguresFindings) -> String {
    let mut page = format!(
        "# {}\n\nWritten by `foldem reproduce`; `foldem figures` draws it again from [results/](../results), and with \
         `--check` says whether it is current. *Published* is what summaries of \
         the paper report. *Fitted* is what was chosen so that published numbers come out. *Predicted* is what \
         follows from a model, *measured* what comes out of logs, real or drawn, that have nothing to do with the \
         paper's.\n",
        findings.name.as_deref().unwrap_or_default()
    );
    for entry in &findings.entries {
        let _ = write!(page, "\n## {}\n\n", entry.name);
        let _ = write!(page, "**{}.**", capitalised(in_words(entry.status)));
        let _ = write!(page, " Published: {}\n\n", entry.published);
        if !entry.fitted.is_empty() {
            let _ = write!(page, "Fitted: {}\n\n", entry.fitted);
        }
        let _ = writeln!(page, "{}", entry.found);
        for (named, caption) in entry.figures.iter().zip(&entry.captions) {
            let _ = match findings.figure(&named.name).filter(|_| named.drawn) {
                None => write!(
                    page,
                    "\n*{}* cannot be drawn: its result is missing.\n",
                    named.name
                ),
                Some(figure) => write!(
                    page,
                    "\n![{}]({}.svg)\n\n*{}* {} Drawn from {}.\n",
                    bracketless(&figure.alt),
                    figure.name,
                    figure.name,
                    caption.text(),
                    link(figure)
                ),
            };
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

/// What a figure is drawn from, as a link where that is one file.
fn link(figure: &FigureFindings) -> String {
    let files = files(figure).unwrap_or_default();
    match figure.results.as_slice() {
        [file] => format!("[{files}](../results/{file})"),
        _ => files,
    }
}

/// `text` as it may stand in the brackets of a picture in Markdown.
fn bracketless(text: &str) -> String {
    text.replace('[', "(").replace(']', ")")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::figures::{Caption, EntryFindings, LeftOut, NamedFigure, ResultFindings};

    /// An entry with a figure `f` of a result `r`, which stand so.
    fn findings(state: ResultState, figure: FileState) -> FiguresFindings {
        let drawn = figure != FileState::Orphaned;
        let result = ResultFindings {
            name: "r".to_owned(),
            state,
        };
        let results = if drawn {
            vec!["r/kind.json".to_owned()]
        } else {
            Vec::new()
        };
        let entry = EntryFindings {
            name: "a table".to_owned(),
            published: "42 %.".to_owned(),
            status: Status::Predicted,
            fitted: String::new(),
            found: "7 %.".to_owned(),
            figures: vec![NamedFigure {
                name: "f".to_owned(),
                drawn,
            }],
            captions: vec![Caption {
                figure: "f".to_owned(),
                fitted: String::new(),
                drawn: "It is measured.".to_owned(),
            }],
            results: vec![result.clone()],
            ok: drawn && state == ResultState::Current,
        };
        FiguresFindings {
            schema: "test",
            name: Some("all".to_owned()),
            written: false,
            ok: entry.ok && figure == FileState::Same,
            entries: vec![entry],
            figures: vec![FigureFindings {
                name: "f".to_owned(),
                state: figure,
                results,
                alt: "a [line]".to_owned(),
            }],
            left_out: Vec::new(),
            page: Some(FileState::Same),
            results: vec![result],
        }
    }

    #[test]
    fn what_is_not_as_it_should_be_is_said() {
        let fine = findings(ResultState::Current, FileState::Same);
        assert_eq!(problems(&fine), [""; 0]);
        assert_eq!(sheet(&fine).summary.len(), 2);
        let told = |state, figure, what: &[&str]| {
            let problems = problems(&findings(state, figure));
            assert_eq!(problems.len(), what.len(), "{problems:?}");
            for (problem, what) in problems.iter().zip(what) {
                assert!(problem.contains(what), "{problem}");
            }
        };
        let (current, same) = (ResultState::Current, FileState::Same);
        told(
            ResultState::Changed,
            same,
            &["results/r was computed from has changed"],
        );
        told(
            ResultState::Orphaned,
            same,
            &["results/r was computed from is not there any more"],
        );
        told(ResultState::Missing, same, &["results/r does not say"]);
        told(
            current,
            FileState::Changed,
            &["f is not what results/ gives"],
        );
        told(current, FileState::New, &["f is missing"]);
        told(
            current,
            FileState::Orphaned,
            &["a table: no result gives the figure f"],
        );
        // What is written is mended.
        for figure in [FileState::Changed, FileState::New] {
            let written = FiguresFindings {
                written: true,
                ..findings(ResultState::Current, figure)
            };
            assert_eq!(problems(&written), [""; 0]);
        }
        let mut others = fine;
        others.page = Some(FileState::New);
        others.results.clear();
        others.left_out.push(LeftOut {
            results: vec!["a/x.json".to_owned(), "b/x.json".to_owned()],
            why: "too much".to_owned(),
        });
        let told = problems(&others);
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].contains("there is no results/r"), "{told:?}");
        assert!(told[1].contains("README.md is not"), "{told:?}");
        assert_eq!(
            told[2],
            "results/a/x.json, results/b/x.json: not drawn: too much"
        );
    }

    #[test]
    fn the_page_tells_published_from_found_and_what_a_figure_is_drawn_from() {
        let mut findings = findings(ResultState::Current, FileState::Same);
        let text = page(&findings);
        assert!(text.contains("**Predicted.** Published: 42 %."), "{text}");
        assert!(text.contains("![a (line)](f.svg)") && !text.contains("Fitted: "));
        let from = "*f* Nothing is fitted. It is measured. Drawn from [results/r/kind.json](../results/r/kind.json).";
        assert!(text.contains(from), "{text}");
        let files = ["a/x.json", "b/x.json", "b/y.json"].map(str::to_owned);
        findings.figures[0].results = files.to_vec();
        findings.entries[0].captions[0].fitted = "the rate.".to_owned();
        let text = page(&findings);
        assert!(
            text.contains("Drawn from x.json of 2 results and y.json of 1 results."),
            "{text}"
        );
        assert!(text.contains("Fitted: the rate. It is measured."), "{text}");
        findings.entries[0].figures[0].drawn = false;
        let text = page(&findings);
        assert!(
            text.contains("*f* cannot be drawn") && !text.contains("f.svg"),
            "{text}"
        );
    }
}
