//! One self-contained page: no network, light and dark.

use std::fmt::Write as _;

use super::Sheet;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
div{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}\
th,td{padding:.2rem .8rem .2rem 0;text-align:left;border-bottom:1px solid #8884}\
.n{text-align:right}aside{border-left:3px solid #c80;padding-left:.8rem}";

pub(super) fn render(sheet: &Sheet) -> String {
    let title = escape(&sheet.title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    for paragraph in &sheet.summary {
        let _ = writeln!(page, "<p>{}</p>", escape(paragraph));
    }
    for section in &sheet.sections {
        let _ = writeln!(page, "<h2>{}</h2>\n<div><table>", escape(&section.title));
        let line = |cells: &[String], tag: &str| {
            let cells = cells.iter().enumerate().map(|(i, cell)| {
                let class = if section.is_numeric(i) {
                    " class=\"n\""
                } else {
                    ""
                };
                format!("<{tag}{class}>{}</{tag}>", escape(cell))
            });
            format!("<tr>{}</tr>\n", cells.collect::<String>())
        };
        let _ = write!(
            page,
            "<thead>{}</thead>\n<tbody>\n",
            line(&section.header, "th")
        );
        for row in &section.rows {
            page.push_str(&line(row, "td"));
        }
        page.push_str("</tbody>\n</table></div>\n");
    }
    for warning in &sheet.warnings {
        let _ = writeln!(page, "<aside><p>{}.</p></aside>", escape(warning));
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
