//! One self-contained page: no network, light and dark, readable on a phone; tables sort by a few
//! lines of script and stand as they are without it.

use std::fmt::Write as _;

use super::{Example, Section, Sheet};

const STYLE: &str = include_str!("style.css");
const SORT: &str = include_str!("sort.js");

pub(super) fn render(sheet: &Sheet) -> String {
    let title = escape(&sheet.title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    page.push_str("<div class=\"lead\">\n");
    for paragraph in &sheet.summary {
        let _ = writeln!(page, "<p>{}</p>", escape(paragraph));
    }
    page.push_str("</div>\n");
    for warning in &sheet.warnings {
        let _ = writeln!(page, "<aside><p>{}.</p></aside>", escape(warning));
    }
    for figure in &sheet.figures {
        let _ = writeln!(page, "<figure>\n{}</figure>", figure.svg);
    }
    for section in &sheet.sections {
        table(&mut page, section);
    }
    examples(&mut page, &sheet.examples);
    if !sheet.provenance.is_empty() {
        page.push_str("<footer>\n<h2>Where this comes from</h2>\n<dl>\n");
        for (name, value) in &sheet.provenance {
            let (name, value) = (escape(name), escape(value));
            let _ = writeln!(page, "<dt>{name}</dt><dd>{value}</dd>");
        }
        page.push_str("</dl>\n</footer>\n");
    }
    if !sheet.sections.is_empty() {
        let _ = write!(page, "<script>\n{SORT}</script>\n");
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn table(page: &mut String, section: &Section) {
    let _ = writeln!(
        page,
        "<h2>{}</h2>\n<div class=\"wide\" tabindex=\"0\"><table>\n<thead><tr>",
        escape(&section.title)
    );
    let class = |column: usize| {
        if section.is_numeric(column) {
            " class=\"n\""
        } else {
            ""
        }
    };
    for (i, name) in section.header.iter().enumerate() {
        // A column without a name is that of the rows' names.
        let name = if name.is_empty() { "name" } else { name };
        let (class, name) = (class(i), escape(name));
        let _ = write!(
            page,
            "<th scope=\"col\"{class}><button type=\"button\">{name}</button></th>"
        );
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for row in &section.rows {
        page.push_str("<tr>");
        for (i, cell) in row.iter().enumerate() {
            let _ = write!(page, "<td{}>{}</td>", class(i), escape(cell));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table></div>\n");
}

fn examples(page: &mut String, examples: &[Example]) {
    if examples.is_empty() {
        return;
    }
    page.push_str("<h2>Examples of alarms</h2>\n");
    let mut heading = None;
    for example in examples {
        if heading != Some(&example.heading) {
            let _ = writeln!(page, "<h3>{}</h3>", escape(&example.heading));
            heading = Some(&example.heading);
        }
        let _ = writeln!(
            page,
            "<details><summary>{}</summary>",
            escape(&example.about)
        );
        if let Some(task) = &example.task {
            let _ = writeln!(page, "<pre class=\"task\">{}</pre>", escape(task));
        }
        let [before, marked, after] = example.text.each_ref().map(|text| escape(text));
        let _ = writeln!(
            page,
            "<pre>{before}<mark>{marked}</mark>{after}</pre>\n</details>"
        );
    }
}

/// Text as it may stand in a page; what a page cannot hold is shown as such.
fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() => escaped.push(char::REPLACEMENT_CHARACTER),
            c => escaped.push(c),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_text_and_never_markup() {
        let mean = "<script>alert(1)</script>&\"\u{0}".to_owned();
        let sheet = Sheet {
            title: mean.clone(),
            summary: vec![mean.clone()],
            sections: vec![Section {
                title: mean.clone(),
                header: vec![mean.clone()],
                rows: vec![vec![mean.clone()]],
            }],
            examples: vec![Example {
                heading: mean.clone(),
                about: mean.clone(),
                task: Some(mean.clone()),
                text: [mean.clone(), mean.clone(), mean.clone()],
            }],
            provenance: vec![(mean.clone(), mean.clone())],
            warnings: vec![mean],
            ..Sheet::default()
        };
        let page = render(&sheet);
        assert!(!page.contains("<script>alert") && !page.contains('\u{0}'));
        // Twice as the title, and once wherever else it was put.
        assert_eq!(page.matches("&lt;script&gt;alert(1)").count(), 15);
    }

    #[test]
    fn a_page_needs_nothing_else() {
        let page = render(&Sheet::default());
        assert!(!page.contains("http"));
        assert!(!page.contains("<script"), "nothing to sort");
    }
}
