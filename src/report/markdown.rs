//! Headings and pipe tables.

use std::fmt::Write as _;

use super::Sheet;

pub(super) fn render(sheet: &Sheet) -> String {
    let mut text = format!("# {}\n", sheet.title);
    for paragraph in &sheet.summary {
        let _ = write!(text, "\n{paragraph}\n");
    }
    for section in &sheet.sections {
        let _ = write!(text, "\n## {}\n\n", section.title);
        text.push_str(&row(&section.header));
        let rule: Vec<String> = (0..section.header.len())
            .map(|i| if section.is_numeric(i) { "---:" } else { "---" }.to_owned())
            .collect();
        text.push_str(&row(&rule));
        for cells in &section.rows {
            text.push_str(&row(cells));
        }
    }
    for warning in &sheet.warnings {
        let _ = write!(text, "\n> {warning}.\n");
    }
    text
}

fn row(cells: &[String]) -> String {
    let escaped: Vec<String> = cells.iter().map(|c| c.replace('|', "\\|")).collect();
    format!("| {} |\n", escaped.join(" | "))
}
