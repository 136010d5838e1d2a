//! What people read of findings: a title, figures, sections with tables, examples, and remarks.

use crate::plot::Figure;

/// A report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sheet {
    /// What it is about.
    pub title: String,
    /// What to know first, in plain words; one paragraph each.
    pub summary: Vec<String>,
    /// Pictures; a page shows them, other forms leave them out.
    pub figures: Vec<Figure>,
    /// Tables.
    pub sections: Vec<Section>,
    /// Texts that the findings are about; a page shows them, other forms leave them out.
    pub examples: Vec<Example>,
    /// Where the findings come from, as name and value; a page shows it.
    pub provenance: Vec<(String, String)>,
    /// The findings as one table at full precision, for programs; CSV is written from it. Empty
    /// where the sections say it all.
    pub data: Section,
    /// What to know before trusting the numbers.
    pub warnings: Vec<String>,
}

/// A piece of a text with a mark in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Example {
    /// The heading that it stands under; examples of one heading follow each other.
    pub heading: String,
    /// Which text it is, in words.
    pub about: String,
    /// The task that the text is an answer to, where it is known.
    pub task: Option<String>,
    /// The text before the mark, the marked text, and the text after it.
    pub text: [String; 3],
}

/// A table with a heading; the first column names the row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    /// Heading.
    pub title: String,
    /// Names of the columns.
    pub header: Vec<String>,
    /// Cells, each row as long as the header.
    pub rows: Vec<Vec<String>>,
}

impl Section {
    /// A table without rows.
    pub fn new(title: &str, header: &[&str]) -> Self {
        Self {
            title: title.to_owned(),
            header: header.iter().map(|&h| h.to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Whether the cells of a column are numbers, which read better aligned to the right.
    pub(super) fn is_numeric(&self, column: usize) -> bool {
        let numeric = |cell: &str| {
            cell == "–" || cell.starts_with(|c: char| c.is_ascii_digit() || "+-[".contains(c))
        };
        column > 0 && self.rows.iter().all(|row| numeric(&row[column]))
    }
}
