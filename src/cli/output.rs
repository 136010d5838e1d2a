//! Where findings go: stdout, and the file of `--report`. Files appear whole or not at all.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use super::error::CliError;
use super::{FormatArg, Global};
use crate::plot::Figure;
use crate::report::{self, Format, Sheet};

/// The destinations that the user chose.
#[derive(Debug)]
pub(super) struct Output {
    format: Format,
    report: Option<(PathBuf, Format)>,
    pub(super) quiet: bool,
    pub(super) progress: bool,
}

impl Output {
    pub(super) fn new(global: &Global) -> Result<Self, CliError> {
        let report = match &global.report {
            None => None,
            Some(path) => {
                writable("--report", path)?;
                Some((path.clone(), format_of(path)?.into()))
            }
        };
        Ok(Self {
            format: global.format.into(),
            report,
            quiet: global.quiet,
            progress: !global.quiet && !global.no_progress && std::io::stderr().is_terminal(),
        })
    }

    /// Whether some destination shows figures and examples.
    pub(super) fn has_page(&self) -> bool {
        let report = self.report.as_ref().map(|(_, format)| *format);
        [Some(self.format), report].contains(&Some(Format::Html))
    }

    /// Writes findings to all destinations.
    pub(super) fn emit(
        &self,
        findings: &impl serde::Serialize,
        sheet: &Sheet,
    ) -> Result<(), CliError> {
        // What was computed is shown even where the file cannot be written.
        print(&report::render(self.format, findings, sheet)?)?;
        if let Some((path, format)) = &self.report {
            write_file(path, report::render(*format, findings, sheet)?.as_bytes())?;
        }
        Ok(())
    }

    /// The report must replace neither an input nor another output.
    pub(super) fn keeps(&self, others: &[&Path]) -> Result<(), CliError> {
        match &self.report {
            Some((path, _)) if others.iter().any(|other| same_file(path, other)) => {
                Err(CliError::Usage(format!(
                    "--report {}: the file is an input or another output; name another",
                    path.display()
                )))
            }
            _ => Ok(()),
        }
    }

    /// Tells the user something that is not a result.
    pub(super) fn tell(&self, message: &str) {
        if !self.quiet {
            // A lost remark is no reason to fail.
            let _ = writeln!(std::io::stderr().lock(), "{message}");
        }
    }
}

/// Tells before the work what could not be written after it.
pub(super) fn writable(option: &str, path: &Path) -> Result<(), CliError> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    let problem = if path == Path::new("-") {
        "would be a file called -; stdout is for results, name a file"
    } else if path.is_dir() {
        "is a folder; name a file"
    } else if path.exists() && !path.is_file() {
        "is no regular file and would be replaced by one; name another"
    } else if folder.is_some_and(|f| !f.is_dir()) {
        "its folder does not exist; create it first"
    } else {
        return Ok(());
    };
    Err(CliError::Usage(format!(
        "{option} {}: {problem}",
        path.display()
    )))
}

/// A file to write can be written, and replaces none of `others`.
pub(super) fn product(option: &str, path: &Path, others: &[&Path]) -> Result<(), CliError> {
    writable(option, path)?;
    if others.iter().any(|other| same_file(path, other)) {
        return Err(CliError::Usage(format!(
            "{option} {}: the file is an input or another output; name another",
            path.display()
        )));
    }
    Ok(())
}

/// A form of a figure.
#[derive(Debug, Clone, Copy)]
pub(super) enum Picture {
    Svg,
    Png,
}

impl Picture {
    pub(super) fn bytes(self, figure: &Figure) -> &[u8] {
        match self {
            Self::Svg => figure.svg.as_bytes(),
            Self::Png => &figure.png,
        }
    }
}

/// The file of `--figure`, if there is one, and its form by its ending.
pub(super) fn picture<'p>(
    path: Option<&'p Path>,
    others: &[&Path],
) -> Result<Option<(&'p Path, Picture)>, CliError> {
    picture_of("--figure", path, others)
}

/// The file of `option`, which draws a figure, if it is given, and its form by its ending.
pub(super) fn picture_of<'p>(
    option: &str,
    path: Option<&'p Path>,
    others: &[&Path],
) -> Result<Option<(&'p Path, Picture)>, CliError> {
    let Some(path) = path else { return Ok(None) };
    product(option, path, others)?;
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    match ending.to_str().unwrap_or_default() {
        "svg" => Ok(Some((path, Picture::Svg))),
        "png" => Ok(Some((path, Picture::Png))),
        _ => Err(CliError::Usage(format!(
            "{option} {}: the ending decides the form; use .svg or .png",
            path.display()
        ))),
    }
}

/// Whether two paths name the same existing file, or are spelt alike.
pub(super) fn same_file(a: &Path, b: &Path) -> bool {
    a == b
        || match (a.canonicalize(), b.canonicalize()) {
            (Ok(a), Ok(b)) => a == b,
            _ => false,
        }
}

fn format_of(path: &Path) -> Result<FormatArg, CliError> {
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    Ok(match extension.to_str().unwrap_or_default() {
        "json" => FormatArg::Json,
        "csv" => FormatArg::Csv,
        "md" => FormatArg::Markdown,
        "html" => FormatArg::Html,
        "txt" => FormatArg::Table,
        _ => {
            return Err(CliError::Usage(format!(
                "--report {}: the ending decides the form; use .json, .csv, .md, .html or .txt",
                path.display()
            )));
        }
    })
}

/// The policy of the paper, as `new policy` prints it and `--policy paper` means it.
pub(super) const PAPER_POLICY: &str = include_str!("../../experiments/policies/paper.toml");

/// The candidates that ship, as `new candidates` prints them and `tune` takes them.
pub(super) const CANDIDATES: &str = include_str!("templates/candidates.toml");

/// Prints to stdout.
pub(super) fn print(text: &str) -> Result<(), CliError> {
    let mut stdout = std::io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    written.map_err(CliError::write(Path::new("stdout")))
}

/// Writes a file under a temporary name and renames it, so that it is never half there.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let directory = path.parent().filter(|p| !p.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .permissions_like_new_files()
        .tempfile_in(directory)
        .map_err(CliError::write(path))?;
    file.write_all(bytes).map_err(CliError::write(path))?;
    file.persist(path)
        .map_err(|e| CliError::write(path)(e.error))?;
    Ok(())
}

/// Temporary files are private by default; a result is a file like any other.
trait PermissionsLikeNewFiles {
    fn permissions_like_new_files(&mut self) -> &mut Self;
}

impl PermissionsLikeNewFiles for tempfile::Builder<'_, '_> {
    #[cfg(unix)]
    fn permissions_like_new_files(&mut self) -> &mut Self {
        use std::os::unix::fs::PermissionsExt as _;
        // The process's umask takes away what the user does not want to give.
        self.permissions(std::fs::Permissions::from_mode(0o666))
    }

    #[cfg(not(unix))]
    fn permissions_like_new_files(&mut self) -> &mut Self {
        self
    }
}
