//! `paper-figures/`: what stands there, held against what results give, and replaced by it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::drawing::Drawing;
use super::stored::{entries, named};
use crate::cli::error::CliError;
use crate::cli::output::write_file;
use crate::plot::Figure;
use crate::study::figures::{FigureFindings, FileState};

/// The folder, relative to the project.
const NAME: &str = "paper-figures";
/// The page beside the figures.
const PAGE: &str = "README.md";

/// The folder of a project's figures, which need not be there yet.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn of(project: &Path) -> Self {
        Self(project.join(NAME))
    }

    /// How its figures stand to what was drawn, by name.
    pub(super) fn held_against(
        &self,
        drawings: &[Drawing],
    ) -> Result<Vec<FigureFindings>, CliError> {
        let mut orphans = self.figures()?;
        let mut held = Vec::new();
        for drawing in drawings {
            let [svg, png] =
                files(&drawing.name, &drawing.figure).map(|(file, bytes)| self.state(&file, bytes));
            orphans.remove(&drawing.name);
            held.push(FigureFindings {
                name: drawing.name.clone(),
                // With one of the two files the figure is there, and is another one.
                state: if svg == png { svg } else { FileState::Changed },
                results: drawing.results.clone(),
                alt: drawing.figure.alt.clone(),
            });
        }
        held.extend(orphans.into_iter().map(|name| FigureFindings {
            name,
            state: FileState::Orphaned,
            results: Vec::new(),
            alt: String::new(),
        }));
        held.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(held)
    }

    /// How its page stands to what it is to be.
    pub(super) fn page(&self, text: &str) -> FileState {
        self.state(PAGE, text.as_bytes())
    }

    /// Writes what was drawn, and the page if there is one. The files, relative to the project.
    pub(super) fn write(
        &self,
        drawings: &[Drawing],
        page: Option<&str>,
    ) -> Result<Vec<String>, CliError> {
        fs::create_dir_all(&self.0).map_err(CliError::write(&self.0))?;
        let mut written = Vec::new();
        let mut write = |file: &str, bytes: &[u8]| {
            written.push(format!("{NAME}/{file}"));
            write_file(&self.0.join(file), bytes)
        };
        for drawing in drawings {
            for (file, bytes) in files(&drawing.name, &drawing.figure) {
                write(&file, bytes)?;
            }
        }
        if let Some(page) = page {
            write(PAGE, page.as_bytes())?;
        }
        Ok(written)
    }

    fn state(&self, file: &str, bytes: &[u8]) -> FileState {
        match fs::read(self.0.join(file)) {
            Ok(there) if there == bytes => FileState::Same,
            Ok(_) => FileState::Changed,
            Err(_) => FileState::New,
        }
    }

    /// Names of the figures that stand there.
    fn figures(&self) -> Result<BTreeSet<String>, CliError> {
        let is_figure = |path: &&PathBuf| {
            let ending = path.extension().and_then(OsStr::to_str);
            ending.is_some_and(|ending| ["svg", "png"].contains(&ending))
        };
        let paths = entries(&self.0)?;
        let figures = paths.iter().filter(is_figure);
        Ok(figures.map(|path| named(path.file_stem())).collect())
    }
}

/// The files of a figure.
fn files<'f>(name: &str, figure: &'f Figure) -> [(String, &'f [u8]); 2] {
    [
        (format!("{name}.svg"), figure.svg.as_bytes()),
        (format!("{name}.png"), &figure.png),
    ]
}
