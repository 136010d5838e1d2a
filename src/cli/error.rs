//! Everything that can end a command, and the exit code each stands for.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::input::InputError;
use crate::log::WriteError;
use crate::plot::PlotError;
use crate::report::RenderError;

/// Exit codes.
pub mod exit {
    /// Fine; also undecided and uncertified.
    pub const FINE: u8 = 0;
    /// A fault of foldem or of the machine.
    pub const INTERNAL: u8 = 1;
    /// The command line is wrong.
    pub const USAGE: u8 = 2;
    /// An input file is wrong.
    pub const BAD_INPUT: u8 = 3;
    /// A checked claim fails.
    pub const CLAIM_FAILS: u8 = 4;
    /// A watched bound is exceeded.
    pub const ALARM: u8 = 5;
    /// Ended by Ctrl-C.
    pub const INTERRUPTED: u8 = 130;
}

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// Mistakes in an input file.
    #[error("{0}")]
    Input(#[from] InputError),
    /// Arguments that do not go together.
    #[error("{0}")]
    Usage(String),
    /// A file could not be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Write {
        path: PathBuf,
        source: std::io::Error,
    },
    /// A log could not be written.
    #[error("{0}")]
    Log(#[from] WriteError),
    /// A figure could not be drawn.
    #[error("{0}")]
    Plot(#[from] PlotError),
    /// The findings could not be put into the form asked for.
    #[error("{0}")]
    Render(#[from] RenderError),
    /// Ended by Ctrl-C before there was anything to tell.
    #[error("interrupted")]
    Interrupted,
    /// Ended by Ctrl-C while what was read was evaluated.
    #[error("interrupted while evaluating: nothing more was printed or written")]
    InterruptedWork,
    /// Anything else.
    #[error("{0}")]
    Internal(String),
}

impl CliError {
    pub(super) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }

    fn code(&self) -> u8 {
        match self {
            Self::Input(_) => exit::BAD_INPUT,
            Self::Usage(_) => exit::USAGE,
            Self::Interrupted | Self::InterruptedWork => exit::INTERRUPTED,
            // Nobody reads on: that is success.
            Self::Write { source, .. } if source.kind() == std::io::ErrorKind::BrokenPipe => {
                exit::FINE
            }
            Self::Write { .. }
            | Self::Log(_)
            | Self::Plot(_)
            | Self::Render(_)
            | Self::Internal(_) => exit::INTERNAL,
        }
    }

    /// Prints the error to stderr and gives its exit code.
    pub(super) fn report(&self) -> ExitCode {
        let code = self.code();
        if code != exit::FINE {
            let text = self.to_string();
            let mut stderr = std::io::stderr().lock();
            for line in text.lines() {
                // Nothing is left to tell when stderr is gone.
                let _ = writeln!(stderr, "error: {line}");
            }
        }
        ExitCode::from(code)
    }
}
