//! Aligned columns for a terminal.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets};

use super::Sheet;

pub(super) fn render(sheet: &Sheet) -> String {
    let mut text = format!("{}\n", sheet.title);
    for paragraph in &sheet.summary {
        let _ = writeln!(text, "{paragraph}");
    }
    for section in &sheet.sections {
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_header(&section.header);
        for row in &section.rows {
            table.add_row(row);
        }
        for (i, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, 2));
            if section.is_numeric(i) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let _ = writeln!(text, "\n{}", section.title);
        for line in table.lines() {
            let _ = writeln!(text, "  {}", line.trim_end());
        }
    }
    if !sheet.warnings.is_empty() {
        text.push('\n');
    }
    for warning in &sheet.warnings {
        let _ = writeln!(text, "Note: {warning}.");
    }
    text
}
