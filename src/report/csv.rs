//! One table for programs: the findings at full precision, or the sections below each other with
//! the section's name in the first column.

use super::{RenderError, Sheet};

pub(super) fn render(sheet: &Sheet) -> Result<String, RenderError> {
    let mut writer = csv::WriterBuilder::new()
        .flexible(true)
        .from_writer(Vec::new());
    if sheet.data.header.is_empty() {
        for section in &sheet.sections {
            let named = |cells: &[String], first: &str| {
                std::iter::once(first.to_owned())
                    .chain(cells.iter().cloned())
                    .collect::<Vec<String>>()
            };
            writer.write_record(named(&section.header, "section"))?;
            for row in &section.rows {
                writer.write_record(named(row, &section.title))?;
            }
        }
    } else {
        writer.write_record(&sheet.data.header)?;
        for row in &sheet.data.rows {
            writer.write_record(row)?;
        }
    }
    let bytes = writer
        .into_inner()
        .map_err(|e| csv::Error::from(e.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
