//! Where findings go: stdout, and the file of `--report`. Files appear whole or not at all.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use super::error::CliError;
use super::{FormatArg, Global};
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
            Some(path) => Some((path.clone(), format_of(path)?.into())),
        };
        Ok(Self {
            format: global.format.into(),
            report,
            quiet: global.quiet,
            progress: !global.quiet && !global.no_progress && std::io::stderr().is_terminal(),
        })
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

    /// Tells the user something that is not a result.
    pub(super) fn tell(&self, message: &str) {
        if !self.quiet {
            // A lost remark is no reason to fail.
            let _ = writeln!(std::io::stderr().lock(), "{message}");
        }
    }
}

fn format_of(path: &Path) -> Result<FormatArg, CliError> {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
    Ok(match extension {
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
        self.permissions(std::fs::Permissions::from_mode(0o644))
    }

    #[cfg(not(unix))]
    fn permissions_like_new_files(&mut self) -> &mut Self {
        self
    }
}
